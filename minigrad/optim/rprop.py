"""Rprop: a step length for each parameter, and the gradient's sign."""

from minigrad.autograd import no_grad
from minigrad.ops import update
from minigrad.ops.creation import full_like
from minigrad.optim.optimizer import Optimizer, begun, check_number

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Lengthen a parameter's step while its gradient keeps its sign, shorten it when the sign
    changes, and never look at the gradient's size. For whole batches: noise changes signs, too.

        s <- sign(g) sign(g_before)
        l <- l eta_plus if s > 0, l eta_minus if s < 0, within step_sizes
        g <- 0 where s < 0
        p <- p - l sign(g)

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the length l of the first step, a number or a tensor of one element.
    etas: (eta_minus, eta_plus), with 0 < eta_minus < 1 < eta_plus.
    step_sizes: the shortest and the longest step.
    maximize: climbs instead, with -g for g.
    capturable, foreach: accepted and ignored. differentiable: True is refused.
    clip_norm, clip_value: see Optimizer; above 0 they change no sign, and so no step.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Riedmiller and Braun, A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm (1993); without taking back a step: iRprop-, Igel and Hüsken (2000).
    """

    state_of_param_shape = ("prev", "step_size")

    def __init__(
        self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *,
        capturable=False, foreach=None, maximize=False, differentiable=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        who, etas, sizes = self._name, group["etas"], group["step_sizes"]
        for name, pair in (("etas", etas), ("step_sizes", sizes)):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(f"{who}: {name} must be a pair of numbers, got {pair!r}")
            for i, value in enumerate(pair):
                check_number(who, f"{name}[{i}]", value)
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"{who}: etas must be 0 < eta_minus < 1 < eta_plus, got {etas[0]} and {etas[1]}")
        if not sizes[0] <= sizes[1]:
            raise ValueError(f"{who}: step_sizes must be the shortest and the longest step, got {sizes}")

    @no_grad()
    def update(self, group):
        (lr,) = self.numbers(group, "lr")
        eta_minus, eta_plus = group["etas"]
        shortest, longest = group["step_sizes"]
        for p, g in update.gradients(self._name, group):
            own = begun(self.state[p], p, "step", "prev")
            if "step_size" not in own:
                own["step_size"] = full_like(p, lr, requires_grad=False)
            before, length = own["prev"], own["step_size"]
            s = g.sign() * before.sign()
            length[s > 0] *= eta_plus
            length[s < 0] *= eta_minus
            length.clamp_(shortest, longest)
            g = g.masked_fill(s < 0, 0)
            p.sub_(length * g.sign())
            before.copy_(g)
            own["step"] += 1
