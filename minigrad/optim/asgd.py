"""ASGD: plain steps, and beside them the average of where they led."""

from minigrad.autograd import no_grad
from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, begun, check_number
from minigrad.tensor import float32, tensor

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Stochastic gradient descent with a falling step length eta, and the average of p over all
    steps after the first t0: it lies nearer to the minimum than p itself.

        g <- g + weight_decay p
        p <- p - eta lambd p - eta g
        a <- a + mu (p - a)
        eta <- lr / (1 + lambd lr t)^alpha
        mu <- 1 / max(1, t - t0)

    t counts a parameter's steps. The average a is `optimizer.state[p]["ax"]`; p is not touched by
    it. For an average over a whole model see swa_utils.AveragedModel.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: eta of the first step, a number or a tensor of one element.
    lambd: pulls every parameter towards 0, and makes eta fall.
    alpha: the power by which eta falls.
    t0: from when on is averaged.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    maximize: climbs instead, with -g for g.
    foreach, capturable: accepted and ignored. differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is NaN, infinite or (but for lambd, alpha and t0)
    negative, naming the value.

    Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992); as here:
    Bottou, Large-scale machine learning with stochastic gradient descent (2010).
    """

    state_of_param_shape = ("ax",)

    def __init__(
        self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False,
        differentiable=False, capturable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_number(self._name, "weight_decay", group["weight_decay"])
        for name in ("lambd", "alpha", "t0"):
            check_number(self._name, name, group[name], low=float("-inf"))

    @no_grad()
    def update(self, group):
        lr, lambd, alpha, t0, weight_decay = self.numbers(group, "lr", "lambd", "alpha", "t0", "weight_decay")
        for p, g in update.gradients(self._name, group):
            own = begun(self.state[p], p, "step")
            if "ax" not in own:
                own["eta"], own["mu"] = tensor(lr, dtype=float32), tensor(1.0, dtype=float32)
            begun(own, p, "ax")
            own["step"] += 1
            t, eta, mu, a = own["step"].item(), own["eta"].item(), own["mu"].item(), own["ax"]
            if weight_decay != 0:
                g = g + weight_decay * p
            p.mul_(1 - lambd * eta).sub_(g, alpha=eta)
            a.add_(p - a, alpha=mu) if mu != 1 else a.copy_(p)
            own["eta"].copy_(tensor(lr / (1 + lambd * lr * t) ** alpha, dtype=float32))
            own["mu"].copy_(tensor(1 / max(1, t - t0), dtype=float32))
