"""Schedules along half a cosine: slow at first, fast in the middle, slow at the end."""

import math

from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_length, check_optimizer, check_whole
from minigrad.optim.optimizer import check_number

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "WarmupCosine"]


class CosineAnnealingLR(LRScheduler):
    """Lets the learning rate fall to eta_min in T_max epochs along half a cosine.

        lr <- eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / (1 + cos(pi (t - 1) / T_max))
        lr = eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2

    After T_max it rises again the same way. The epoch after a minimum, where the fraction has
    a zero below, is lr <- lr + (base - eta_min) (1 - cos(pi / T_max)) / 2.

    optimizer, last_epoch, verbose: see LRScheduler.
    T_max: epochs from the top to the bottom, above 0.
    eta_min: the bottom.

    Errors: ValueError for a setting out of range, naming the value.

    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017),
    arXiv:1608.03983; without the restarts.
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1, verbose=None):
        check_length("CosineAnnealingLR", "T_max", T_max, "it is the epoch in which the rate is least")
        check_number("CosineAnnealingLR", "eta_min", eta_min)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        t, end, low = self.last_epoch, self.T_max, self.eta_min
        if self._is_initial:
            return lr
        if (t - 1 - end) % (2 * end) == 0:
            return lr + (base - low) * (1 - math.cos(math.pi / end)) / 2
        return (1 + math.cos(math.pi * t / end)) / (1 + math.cos(math.pi * (t - 1) / end)) * (lr - low) + low

    def _get_closed_form_lr(self):
        t, end, low = self.last_epoch, self.T_max, self.eta_min
        return [low + (base - low) * (1 + math.cos(math.pi * t / end)) / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lets the learning rate fall along half a cosine, jump back, and fall again, more slowly each time.

        lr = eta_min + (base - eta_min) (1 + cos(pi T_cur / T_i)) / 2

    T_cur counts the epochs since the last restart, T_i is how many there are until the next:
    T_0 at first, then T_mult times as many after each.

    optimizer, last_epoch, verbose: see LRScheduler.
    T_0: epochs until the first restart, a whole number.
    T_mult: the factor by which the times grow, a whole number.
    eta_min: the bottom.

    step(epoch) takes fractions: after batch i of n in an epoch, step(epoch + i / n).

    Errors: ValueError for a setting out of range, naming the value.

    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017),
    arXiv:1608.03983.
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1, verbose=None):
        check_whole("CosineAnnealingWarmRestarts", "T_0", T_0)
        check_whole("CosineAnnealingWarmRestarts", "T_mult", T_mult)
        check_number("CosineAnnealingWarmRestarts", "eta_min", eta_min)
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self._find(last_epoch)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        low = self.eta_min
        return low + (base - low) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def step(self, epoch=None):
        """The next epoch's learning rates, or those of a moment within one.

        epoch: a number of at least 0, with a fraction if you like; None is the next.
        """
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            check_number(self._name, "epoch", epoch)
            self._find(epoch)
        self._go_to(math.floor(epoch))

    def _find(self, epoch):
        """The cycle that an epoch lies in, and how far."""
        self.T_cur, self.T_i = epoch, self.T_0
        if self.T_mult == 1 and epoch >= self.T_0:
            self.T_cur = epoch % self.T_0
            return
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult


class WarmupCosine(LRScheduler):
    """The learning rate rises in a straight line for warmup_steps steps, then falls to eta_min along half a cosine.

        lr = base (t + 1) / (W + 1)                                         t < W
        lr = eta_min + (base - eta_min) (1 + cos(pi (t - W) / (T - W))) / 2     W <= t <= T
        lr = eta_min                                                        t > T

    with W = warmup_steps, T = total_steps. The first step already learns, step W has all of
    base. Call step() after every batch, and count W and T in batches.

    optimizer, last_epoch, verbose: see LRScheduler.
    warmup_steps: W, a whole number; 0 goes without.
    total_steps: T, more than W.
    eta_min: the floor, at most the learning rate of each group.

    Errors: ValueError for a setting out of range, naming the value.

    Goyal et al., Accurate, large minibatch SGD (2017), arXiv:1706.02677, for the rise;
    Loshchilov and Hutter, SGDR (2017), arXiv:1608.03983, for the fall.
    """

    def __init__(self, optimizer, warmup_steps, total_steps, eta_min=0.0, last_epoch=-1, verbose=None):
        who = "WarmupCosine"
        check_optimizer(who, optimizer)
        check_whole(who, "warmup_steps", warmup_steps, low=0)
        check_whole(who, "total_steps", total_steps)
        if total_steps <= warmup_steps:
            raise ValueError(
                f"{who}: total_steps must be more than warmup_steps, which it includes, got {total_steps} "
                f"and {warmup_steps}"
            )
        check_number(who, "eta_min", eta_min)
        for i, group in enumerate(optimizer.param_groups):
            base = float(group.get("initial_lr", group["lr"]))
            if eta_min > base:
                raise ValueError(f"{who}: eta_min must be at most the learning rate, got {eta_min} and lr {base} of "
                                 f"group {i}")  # fmt: skip
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        t, start, end, low = self.last_epoch, self.warmup_steps, self.total_steps, self.eta_min
        if t < start:
            return base * (t + 1) / (start + 1)
        if t >= end:
            return low
        return low + (base - low) * (1 + math.cos(math.pi * (t - start) / (end - start))) / 2
