"""Adadelta: steps in the parameters' own unit, without a learning rate to choose."""

from minigrad.autograd import no_grad
from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, begun, check_number

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Scale each gradient by the ratio of two running root mean squares, of the steps d so far and
    of the gradients.

        g <- g + weight_decay p
        v <- rho v + (1 - rho) g^2
        d <- sqrt(u + eps) / sqrt(v + eps) g
        u <- rho u + (1 - rho) d^2
        p <- p - lr d

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: a factor on the steps, 1 in the paper; a number or a tensor of one element.
    rho: how much of v and u stays from step to step.
    eps: sets the length of the first steps, and bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0, as a term weight_decay / 2 p^2 in the loss would.
    maximize: climbs instead, with -g for g.
    foreach, capturable: accepted and ignored. differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Zeiler, ADADELTA: an adaptive learning rate method (2012), arXiv:1212.5701.
    """

    state_of_param_shape = ("square_avg", "acc_delta")

    def __init__(
        self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *,
        capturable=False, maximize=False, differentiable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_number(self._name, "rho", group["rho"], high=[1.0])
        check_number(self._name, "eps", group["eps"])
        check_number(self._name, "weight_decay", group["weight_decay"])

    @no_grad()
    def update(self, group):
        lr, rho, eps, weight_decay = self.numbers(group, "lr", "rho", "eps", "weight_decay")
        for p, g in update.gradients(self._name, group):
            own = begun(self.state[p], p, "step", "square_avg", "acc_delta")
            v, u = own["square_avg"], own["acc_delta"]
            if weight_decay != 0:
                g = g + weight_decay * p
            v.mul_(rho).addcmul_(g, g, value=1 - rho)
            d = (u + eps).sqrt_().div_((v + eps).sqrt_()).mul_(g)
            u.mul_(rho).addcmul_(d, d, value=1 - rho)
            p.sub_(d, alpha=lr)
            own["step"] += 1
