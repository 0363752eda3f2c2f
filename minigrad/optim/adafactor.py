"""Adafactor: Adam's second moment of a matrix from its row and column means."""

import math

import numpy as np

from minigrad.autograd import no_grad
from minigrad.ops import update
from minigrad.ops.creation import zeros_like
from minigrad.optim.optimizer import Optimizer, begun, check_number

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Divide each step by a running root mean square of its gradients that, for a matrix (n, m),
    takes n + m numbers instead of n m: the means of its rows and of its columns.

        p <- p - lr weight_decay p
        R <- R + t^beta2_decay (mean over columns of g^2 - R)
        C <- C + t^beta2_decay (mean over rows of g^2 - C)
        v <- R C / mean(R)                                  for tensors of two axes and more
        v <- v + t^beta2_decay (g^2 - v)                    for vectors
        u <- g / max(sqrt(v), eps1)
        p <- p - max(eps2, rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d)

    t counts a parameter's steps; rms(x) = sqrt(mean(x^2)), and rms(p) is taken before the first line.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length as a share of the parameter's, a number or a tensor of one element.
    beta2_decay: negative; the older the more stays of v.
    eps: (eps1, eps2): what bounds the step where gradients vanish (None: the dtype's own eps), and
    the length that a parameter near 0 is taken to have.
    d: a step's rms is at most lr d of the parameter's.
    weight_decay: pulls every parameter towards 0, apart from the gradient.
    maximize: climbs instead, with -g for g.
    foreach: accepted and ignored.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost (2018),
    arXiv:1804.04235.
    """

    state_of_param_shape = ("variance",)

    def __init__(
        self, params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0, *,
        foreach=None, maximize=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        who, eps = self._name, group["eps"]
        check_number(who, "beta2_decay", group["beta2_decay"], low=-math.inf, high=[0.0])
        if not isinstance(eps, (tuple, list)) or len(eps) != 2:
            raise ValueError(f"{who}: eps must be a pair such as (None, 0.001), got {eps!r}")
        if eps[0] is not None:
            check_number(who, "eps[0]", eps[0])
        check_number(who, "eps[1]", eps[1])
        check_number(who, "d", group["d"], low=1.0)
        check_number(who, "weight_decay", group["weight_decay"])

    @no_grad()
    def update(self, group):
        lr, beta2_decay, d, weight_decay = self.numbers(group, "lr", "beta2_decay", "d", "weight_decay")
        for p, g in update.gradients(self._name, group):
            eps1, eps2 = group["eps"]
            if eps1 is None:
                eps1 = float(np.finfo(p.dtype.numpy).eps)
            own = begun(self.state[p], p, "step")
            own["step"] += 1
            t = own["step"].item()
            fresh = t**beta2_decay
            step = max(eps2, _rms(p)) * min(lr, 1 / math.sqrt(t))
            if weight_decay != 0:
                p.mul_(1 - lr * weight_decay)
            if g.ndim > 1:
                rows, columns = (g * g).mean(-1, keepdim=True), (g * g).mean(-2, keepdim=True)
                row_var = own.setdefault("row_var", zeros_like(rows)).lerp_(rows, fresh)
                col_var = own.setdefault("col_var", zeros_like(columns)).lerp_(columns, fresh)
                v = row_var @ col_var / row_var.mean(-2, keepdim=True).clamp_(min=eps1)
            else:
                v = begun(own, p, "variance")["variance"].lerp_(g * g, fresh)
            u = g * v.clamp(min=eps1 * eps1).rsqrt_()
            p.sub_(u, alpha=step / max(1.0, _rms(u) / d))


def _rms(x):
    return update.norm2([x]) / math.sqrt(max(x.numel(), 1))
