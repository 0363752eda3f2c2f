"""SWALR: the way to the learning rate at which weights are averaged."""

import math

from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_optimizer, one_a_group
from minigrad.optim.optimizer import check_number

__all__ = ["SWALR"]

SHARES = {"cos": lambda x: (1 - math.cos(math.pi * x)) / 2, "linear": lambda x: x}


class SWALR(LRScheduler):
    """Goes from the learning rate as it stands to swa_lr in anneal_epochs steps, and stays there.

        lr = (1 - a(s)) lr_0 + a(s) swa_lr        a(s) = (1 - cos(pi x)) / 2 or x,  x = min(1, s / anneal_epochs)

    s counts the steps of this schedule. lr_0 is found from the rate of the step before,
    (lr - a(s - 1) swa_lr) / (1 - a(s - 1)), so another schedule may still be at work.

    optimizer, last_epoch, verbose: see LRScheduler.
    swa_lr: the rate to go to, or a list with one for each group; kept in the group as "swa_lr".
    anneal_epochs: how many steps it takes; 0 is at once.
    anneal_strategy: "cos" or "linear".

    Errors: ValueError for a setting out of range, naming the value.

    Izmailov et al., Averaging weights leads to wider optima and better generalization (2018),
    arXiv:1803.05407.
    """

    def __init__(
        self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1, verbose=None,
    ):  # fmt: skip
        check_optimizer("SWALR", optimizer)
        rates = one_a_group("SWALR", "swa_lr", swa_lr, optimizer)
        if anneal_strategy not in SHARES:
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        check_number("SWALR", "anneal_epochs", anneal_epochs)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def rates(self):
        steps = self._step_count - 1
        if self.anneal_epochs == 0:
            steps = max(1, steps)
        before, now = self._share(steps - 1), self._share(steps)
        return [self._between(group, before, now) for group in self.optimizer.param_groups]

    def _share(self, steps):
        """How much of swa_lr is in the rate after so many steps."""
        return SHARES[self._anneal_strategy](max(0, min(1, steps / max(1, self.anneal_epochs))))

    def _between(self, group, before, now):
        lr, swa_lr = group["lr"], group.setdefault("swa_lr", self.optimizer.param_groups[0]["swa_lr"])
        first = swa_lr if before == 1 else (lr - before * swa_lr) / (1 - before)
        return swa_lr * now + first * (1 - now)
