"""RMSprop: Adagrad that forgets, so that steps do not shrink for ever."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_number

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divide each step by a running root mean square of its gradients.

        g <- g + weight_decay p
        v <- alpha v + (1 - alpha) g^2
        m <- alpha m + (1 - alpha) g                centered 0: m stays 0
        b <- momentum b + g / (sqrt(v - m^2) + eps)
        p <- p - lr b

    v - m^2 is the gradients' variance; where rounding makes it negative it is 0. The kernel
    rmsprop in csrc/optim.c does these lines for all parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    alpha: how much of v and m stays from step to step.
    eps: bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    momentum: how much of b stays from step to step.
    centered: divides by the standard deviation of the gradients, not by their root mean square.
    maximize: climbs instead, with -g for g.
    capturable, foreach: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Tieleman and Hinton, Coursera lecture 6e (2012); centered: Graves, Generating sequences with
    recurrent neural networks (2013), arXiv:1308.0850.
    """

    folds_clipping = True
    state_of_param_shape = ("square_avg", "momentum_buffer", "grad_avg")

    def __init__(
        self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False,
        foreach=None, maximize=False, differentiable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_number(self._name, "alpha", group["alpha"], high=1.0)
        for name in ("eps", "weight_decay", "momentum"):
            check_number(self._name, name, group[name])

    def update(self, group):
        update.rmsprop(group, self.state, *self.clip)
