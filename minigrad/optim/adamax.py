"""Adamax: Adam by the largest gradient instead of their root mean square."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_betas, check_number

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam with a fading maximum u of the gradients' magnitudes in place of sqrt(v): the limit of
    the p-th root of a mean of p-th powers as p grows.

        g <- g + weight_decay p
        m <- m + (1 - beta1) (g - m)
        u <- max(beta2 u, |g| + eps)
        p <- p - lr / c1 m / u                      c1 = 1 - beta1^t

    t counts a parameter's steps. The kernel adam in csrc/optim.c does these lines for all
    parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    betas: how much of m and of u stays from step to step.
    eps: bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    maximize: climbs instead, with -g for g.
    foreach, capturable: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Kingma and Ba, Adam: a method for stochastic optimization (2015), arXiv:1412.6980, section 7.1.
    """

    folds_clipping = True
    state_of_param_shape = ("exp_avg", "exp_inf")

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *,
        maximize=False, differentiable=False, capturable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(self._name, group["betas"])
        check_number(self._name, "eps", group["eps"])
        check_number(self._name, "weight_decay", group["weight_decay"])

    def update(self, group):
        update.adamax(group, self.state, *self.clip)
