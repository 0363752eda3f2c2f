"""SAM: the gradient of a point uphill, so that flat minima are found."""

from math import isfinite

from minigrad.autograd import enable_grad, no_grad
from minigrad.nn.utils.clip_grad import complaint
from minigrad.ops import update
from minigrad.optim.clipping import named_gradients
from minigrad.optim.optimizer import check_number
from minigrad.optim.wrapper import Wrapper

__all__ = ["SAM"]


class SAM(Wrapper):
    """Sharpness-aware minimization: climb to the worst point at distance rho, take the gradient there,
    and let another optimizer make its step with it from where p was.

        e <- rho g / |g|                        adaptive: rho p^2 g / |p g|
        g <- gradient at p + e
        p <- a step of the inner optimizer with this g

    |g| is the norm of all gradients as one vector, through all groups.

    optimizer: any optimizer but LBFGS. rho: how far to climb. adaptive: in units of each parameter's
    size (ASAM), for which rho is about ten times as large.

        optimizer = SAM(SGD(model.parameters(), lr=0.1, momentum=0.9), rho=0.05)
        optimizer.step(closure)

    closure computes the loss, calls backward() and returns the loss; it is called twice, and batch
    norm's running statistics see both. Without a closure: backward(), first_step(), backward() of
    the loss there, second_step(). rho and adaptive are settings in the groups.
    Errors: ValueError for a rho that is negative, NaN or infinite; RuntimeError where a gradient is
    not finite, naming its parameter: nothing is changed then.

    Foret, Kleiner, Mobahi and Neyshabur (2021), arXiv:2010.01412; adaptive: Kwon, Kim, Park and
    Choi, ASAM (2021), arXiv:2102.11600.
    """

    def __init__(self, optimizer, rho=0.05, adaptive=False):
        check_number("SAM", "rho", rho)
        self.rho, self.adaptive = rho, adaptive
        self._here = []  # (p, where it was) between first_step() and second_step()
        super().__init__(optimizer)

    def _complete(self):
        for group in self.param_groups:
            group.setdefault("rho", self.rho)
            group.setdefault("adaptive", self.adaptive)

    @no_grad()
    def step(self, closure=None):
        """Climbs, computes the gradient there, comes back and steps; gives the loss before all that."""
        if closure is None:
            raise TypeError("SAM.step: needs a closure for the gradient uphill; or call first_step() and second_step()")
        with enable_grad():
            loss = closure()
        self.first_step(zero_grad=True)
        try:
            with enable_grad():
                closure()
        except BaseException:
            self._return()
            raise
        self.second_step()
        return loss

    @no_grad()
    def first_step(self, zero_grad=False):
        """Climbs, from the gradients at p. zero_grad: then forgets these."""
        if self._here:
            raise RuntimeError("SAM.first_step: it has climbed already; call second_step() first")
        climbs = []  # (p, e but for its length, rho, |p| or 1)
        for group in self.param_groups:
            rho = update.number("SAM", group, "rho")
            for p, g in update.gradients("SAM", group):
                unit = p.abs() if group["adaptive"] else 1
                climbs.append((p, g * unit, rho, unit))
        norm = update.norm2([direction for _, direction, _, _ in climbs])
        if not isfinite(norm):
            named = named_gradients(self.param_groups, range(len(self.param_groups)))
            raise complaint("SAM", named, norm, kept="no parameter")
        for p, direction, rho, unit in climbs:
            self._here.append((p, p.detach().clone()))
            if norm > 0:
                p.add_((direction.double() / norm * rho).to(p.dtype) * unit)
        if zero_grad:
            self.zero_grad()

    @no_grad()
    def second_step(self, zero_grad=False):
        """Comes back, and lets the inner optimizer step with the gradients from uphill."""
        self._return()
        self.optimizer.step()
        if zero_grad:
            self.zero_grad()

    def _return(self):
        for p, before in self._here:
            p.copy_(before)
        self._here = []
