"""Lookahead: a fast optimizer explores, slow weights follow half of the way."""

from minigrad.autograd import no_grad
from minigrad.optim.optimizer import check_number
from minigrad.optim.wrapper import Wrapper

__all__ = ["Lookahead"]


class Lookahead(Wrapper):
    """Let another optimizer take k steps, then go back to a point between where it started, the slow
    weights s, and where it arrived.

        p <- a step of the inner optimizer              k times
        s <- s + alpha (p - s)
        p <- s

    optimizer: any optimizer; its state goes on unchanged.
    k: how many fast steps. alpha: how far to follow them, in (0, 1].

        optimizer = Lookahead(SGD(model.parameters(), lr=0.1), k=5, alpha=0.5)

    k, alpha and the steps since s was moved are in the groups ("lookahead_k", "lookahead_alpha",
    "lookahead_step"), s is in the state ("slow_param"): state_dict() holds them all.
    Errors: ValueError for a k below 1 and an alpha outside (0, 1].

    Zhang, Lucas, Hinton and Ba, Lookahead optimizer: k steps forward, 1 step back (2019),
    arXiv:1907.08610.
    """

    def __init__(self, optimizer, k=5, alpha=0.5):
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"Lookahead: k must be a whole number and at least 1, got {k!r}")
        check_number("Lookahead", "alpha", alpha, high=[1.0])
        if alpha == 0:
            raise ValueError("Lookahead: alpha must be in (0, 1], got 0; the slow weights would never move")
        self.k, self.alpha = k, alpha
        super().__init__(optimizer)
        optimizer.state_of_param_shape = (*optimizer.state_of_param_shape, "slow_param")

    def _complete(self):
        for group in self.param_groups:
            group.setdefault("lookahead_k", self.k)
            group.setdefault("lookahead_alpha", self.alpha)
            group.setdefault("lookahead_step", 0)

    @no_grad()
    def step(self, closure=None):
        """A step of the inner optimizer; after every k-th the slow weights follow."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.requires_grad and "slow_param" not in self.state[p]:
                    self.state[p]["slow_param"] = p.detach().clone()
        loss = self.optimizer.step(closure)
        for group in self.param_groups:
            group["lookahead_step"] = (group["lookahead_step"] + 1) % group["lookahead_k"]
            if group["lookahead_step"] == 0:
                for p in group["params"]:
                    if p.requires_grad:
                        p.copy_(self.state[p]["slow_param"].lerp_(p, group["lookahead_alpha"]))
        return loss
