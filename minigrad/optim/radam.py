"""RAdam: Adam that waits until its second moment can be trusted."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_betas, check_number

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam with a warm-up that is derived: while too few gradients are in v for its variance to be
    known, it steps by momentum alone, and then ever more by Adam's rule.

        g <- g + weight_decay p
        m <- m + (1 - beta1) (g - m)
        v <- beta2 v + (1 - beta2) g^2
        p <- p - lr / c1 m r sqrt(c2) / (sqrt(v) + eps)         where rho_t > 5
        p <- p - lr / c1 m                                      otherwise

        c1 = 1 - beta1^t, c2 = 1 - beta2^t
        rho = 2 / (1 - beta2) - 1, rho_t = rho - 2 t beta2^t / c2
        r^2 = (rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t)

    t counts a parameter's steps. The kernel adam in csrc/optim.c does these lines for all
    parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    betas: how much of m and of v stays from step to step.
    eps: bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0; as a part of g (which m and v see) or, with
    decoupled_weight_decay, apart from it: the first line becomes p <- p - lr weight_decay p.
    maximize: climbs instead, with -g for g.
    foreach, capturable: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Liu et al., On the variance of the adaptive learning rate and beyond (2020), arXiv:1908.03265.
    """

    folds_clipping = True
    state_of_param_shape = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *,
        foreach=None, maximize=False, capturable=False, differentiable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(self._name, group["betas"])
        check_number(self._name, "eps", group["eps"])
        check_number(self._name, "weight_decay", group["weight_decay"])

    def update(self, group):
        update.radam(group, self.state, *self.clip)
