"""Adagrad: a step for each parameter that shrinks with all the gradients it has seen."""

from minigrad.ops import update
from minigrad.ops.creation import full_like
from minigrad.optim.optimizer import Optimizer, check_number
from minigrad.tensor import float32, tensor

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divide each step by the root of the sum s of all squared gradients so far: parameters whose
    gradient is seldom anything but 0 keep taking long steps.

        g <- g + weight_decay p
        s <- s + g^2
        p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

    t counts a parameter's steps. The kernel rmsprop in csrc/optim.c does these lines for all
    parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the first step's length, a number or a tensor of one element.
    lr_decay: how fast lr falls, beside the fall that s brings.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    initial_accumulator_value: where s begins.
    eps: bounds the step where gradients vanish.
    maximize: climbs instead, with -g for g.
    foreach, fused: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is negative, NaN or infinite, naming the value.

    Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic
    optimization (2011).
    """

    folds_clipping = True
    state_of_param_shape = ("sum",)

    def __init__(
        self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *,
        maximize=False, differentiable=False, fused=None, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        for name in ("lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            check_number(self._name, name, group[name])

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for p in group["params"]:  # PyTorch's state is there before the first step, too
            start = full_like(p, group["initial_accumulator_value"], requires_grad=False)
            self.state[p] = {"step": tensor(0.0, dtype=float32), "sum": start}

    def update(self, group):
        update.adagrad(group, self.state, *self.clip)
