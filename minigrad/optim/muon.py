"""Muon: a momentum made orthogonal, for the weight matrices of hidden layers."""

import math

import numpy as np

from minigrad.autograd import no_grad
from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, begun, check_number
from minigrad.tensor import from_numpy

__all__ = ["Muon"]


class Muon(Optimizer):
    """Replace a matrix's momentum by the nearest matrix whose singular values are all alike: seldom
    used directions move as far as the others.

        b <- b + (1 - momentum) (g - b)
        u <- g + momentum (b - g) if nesterov, else b
        u <- orthogonal(u)
        p <- p - lr weight_decay p
        p <- p - lr adjusted u

    adjusted = sqrt(max(1, rows / columns)) ("original", the default), or 0.2 sqrt(max(rows,
    columns)) ("match_rms_adamw", with which AdamW's lr and weight_decay fit).
    orthogonal() is some steps of a Newton-Schulz iteration, in bfloat16 as in PyTorch: products
    are summed in float32, and every result is rounded to 8 significant bits.

        X <- u / max(|u|, eps)
        X <- a X + (b A + c A A) X,  A = X X.T              ns_steps times

    params: matrices, those of hidden layers: biases, embeddings and the last layer are left to
    another optimizer, such as AdamW. Tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    weight_decay: pulls every parameter towards 0, apart from the gradient.
    momentum: how much of b stays from step to step.
    nesterov: looks ahead along b.
    ns_coefficients: (a, b, c). eps: keeps a gradient of 0 at 0. ns_steps: fewer than 100.
    adjust_lr_fn: "original" or "match_rms_adamw".
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a parameter that is no matrix, and for a setting that is out of range,
    NaN or infinite, naming the value.

    Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024); "match_rms_adamw":
    Liu et al., Muon is scalable for LLM training (2025), arXiv:2502.16982.
    """

    state_of_param_shape = ("momentum_buffer",)

    def __init__(
        self, params, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True,
        ns_coefficients=(3.4445, -4.775, 2.0315), eps=1e-7, ns_steps=5, adjust_lr_fn=None, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        who, coefficients, steps = self._name, group["ns_coefficients"], group["ns_steps"]
        for name in ("weight_decay", "momentum", "eps"):
            check_number(who, name, group[name])
        if not isinstance(coefficients, (tuple, list)) or len(coefficients) != 3:
            raise ValueError(f"{who}: ns_coefficients must be three numbers, got {coefficients!r}")
        for i, value in enumerate(coefficients):
            check_number(who, f"ns_coefficients[{i}]", value, low=-math.inf)
        if not isinstance(steps, int) or not 0 <= steps < 100:
            raise ValueError(f"{who}: ns_steps must be a whole number in [0, 100), got {steps!r}")
        if group["adjust_lr_fn"] not in (None, *_ADJUSTED):
            raise ValueError(f"{who}: adjust_lr_fn must be {' or '.join(_ADJUSTED)}, got {group['adjust_lr_fn']!r}")

    def _check_params(self, group):
        super()._check_params(group)
        for i, p in enumerate(group["params"]):
            if p.ndim != 2:
                raise ValueError(
                    f"{self._name}: parameter {i} of group {len(self.param_groups)} must be a matrix, got shape "
                    f"{tuple(p.shape)}; give what is none to another optimizer, such as AdamW"
                )

    @no_grad()
    def update(self, group):
        self.numbers(group, "lr")
        weight_decay, momentum, eps = self.numbers(group, "weight_decay", "momentum", "eps")
        lr = group["lr"]  # PyTorch computes with a tensor's dtype
        adjusted = _ADJUSTED[group["adjust_lr_fn"] or "original"]
        for p, g in update.gradients(self._name, group):
            b = begun(self.state[p], p, "momentum_buffer")["momentum_buffer"]
            b.lerp_(g, 1 - momentum)
            u = g.lerp(b, momentum) if group["nesterov"] else b
            u = orthogonal(u, group["ns_coefficients"], group["ns_steps"], eps)
            p.mul_(float(1 - lr * weight_decay))
            p.sub_(u, alpha=float(lr * adjusted(*p.shape)))


_ADJUSTED = {
    "original": lambda rows, columns: math.sqrt(max(1, rows / max(1, columns))),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


def orthogonal(u, coefficients, steps, eps):
    """Singular values near 1 for those of u, by Newton-Schulz steps in bfloat16."""
    a, b, c = (np.float32(x) for x in coefficients)
    X = bfloat16(u.detach().numpy())
    wide = X.shape[0] <= X.shape[1]
    X = X if wide else X.T
    norm = bfloat16(np.float32(update.norm2([from_numpy(X)])))
    X = bfloat16(X / np.maximum(norm, bfloat16(np.float32(eps))))
    for _ in range(steps):
        A = bfloat16(_product(X, X.T))
        B = bfloat16(_fused(b, A, c * _product(A, A)))
        X = bfloat16(_fused(a, X, _product(B, X)))
    return from_numpy(X if wide else X.T).to(u.dtype)


def _product(x, y):
    return (from_numpy(x) @ from_numpy(y)).numpy()


def _fused(a, x, y):
    """a x + y with one rounding to float32."""
    return (np.float64(a) * x + y).astype(np.float32)


def bfloat16(x):
    """x as float32 whose last 16 bits are 0: rounded to the nearest bfloat16, to even from the middle."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    up = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    rounded = ((bits + up) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isnan(x), np.float32("nan"), rounded)
