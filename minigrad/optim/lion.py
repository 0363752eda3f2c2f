"""Lion: the sign of a momentum, and nothing else, decides a step."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_betas, check_number

__all__ = ["Lion"]


class Lion(Optimizer):
    """Move every parameter by exactly lr, in the direction that a momentum and this gradient agree
    on: half of Adam's memory, found by a search through programs.

        p <- p - lr weight_decay p
        u <- beta1 m + (1 - beta1) g
        p <- p - lr sign(u)
        m <- beta2 m + (1 - beta2) g

    The kernel lion in csrc/optim.c does these lines for all parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element; a third to a tenth of Adam's.
    betas: how much of m counts in this step, and how much of it stays for the next.
    weight_decay: pulls every parameter towards 0, apart from the gradient; three to ten times
    AdamW's, since lr is smaller.
    maximize: climbs instead, with -g for g.
    foreach, capturable, fused: PyTorch's ways to go faster, accepted and ignored: a step is
    fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Chen et al., Symbolic discovery of optimization algorithms (2023), arXiv:2302.06675.
    """

    folds_clipping = True
    state_of_param_shape = ("exp_avg",)

    def __init__(
        self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0, *,
        maximize=False, foreach=None, capturable=False, differentiable=False, fused=None, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(self._name, group["betas"])
        check_number(self._name, "weight_decay", group["weight_decay"])

    def update(self, group):
        update.lion(group, self.state, *self.clip)
