"""SGD: a step against the gradient, with or without momentum."""

import math

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_number

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient g of a batch, or, with
    momentum, against a running sum b of all gradients so far.

        g <- g + weight_decay p
        b <- momentum b + (1 - dampening) g         at a parameter's first step: b <- g
        g <- g + momentum b if nesterov, else b     momentum 0: g stays, there is no b
        p <- p - lr g

    The kernel sgd in csrc/optim.c does these lines for all parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    momentum: how much of b stays from step to step; 0.9 averages about the last ten.
    dampening: makes b take less of each new gradient.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    nesterov: looks ahead along b; needs momentum, and dampening 0.
    maximize: climbs instead, with -g for g.
    foreach, fused: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is negative, NaN or infinite, naming the value.

    Robbins and Monro, A stochastic approximation method (1951); Polyak (1964) and Nesterov
    (1983) for momentum; Sutskever et al., On the importance of initialization and momentum in
    deep learning (2013).
    """

    folds_clipping = True
    state_of_param_shape = ("momentum_buffer",)

    def __init__(
        self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *,
        maximize=False, foreach=None, differentiable=False, fused=None, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_number("SGD", "momentum", group["momentum"])
        check_number("SGD", "dampening", group["dampening"], low=-math.inf)
        check_number("SGD", "weight_decay", group["weight_decay"])
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                "SGD: nesterov needs momentum above 0 and dampening 0, got "
                f"momentum {group['momentum']} and dampening {group['dampening']}"
            )

    def update(self, group):
        update.sgd(group, self.state, *self.clip)
