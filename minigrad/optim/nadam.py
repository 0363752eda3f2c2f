"""NAdam: Adam with Nesterov's look ahead."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_betas, check_number

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam that steps along the m of the next step, as far as this gradient tells it.

        g <- g + weight_decay p
        m <- m + (1 - beta1) (g - m)
        v <- beta2 v + (1 - beta2) g^2
        mu_t <- beta1 (1 - 0.96^(t momentum_decay) / 2)
        n <- mu_(t+1) m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) g / (1 - mu_1 ... mu_t)
        p <- p - lr n / (sqrt(v) / sqrt(c2) + eps)              c2 = 1 - beta2^t

    t counts a parameter's steps; momentum mu_t rises slowly from beta1 / 2 to beta1. The kernel
    adam in csrc/optim.c does these lines for all parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    betas: how much of m and of v stays from step to step.
    eps: bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0; as a part of g (which m and v see) or, with
    decoupled_weight_decay, apart from it: the first line becomes p <- p - lr weight_decay p.
    momentum_decay: how fast mu_t rises.
    maximize: climbs instead, with -g for g.
    foreach, capturable: PyTorch's ways to go faster, accepted and ignored: a step is fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Dozat, Incorporating Nesterov momentum into Adam (2016).
    """

    folds_clipping = True
    state_of_param_shape = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
        decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False, differentiable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(self._name, group["betas"])
        for name in ("eps", "weight_decay", "momentum_decay"):
            check_number(self._name, name, group[name])

    def update(self, group):
        update.nadam(group, self.state, *self.clip)
