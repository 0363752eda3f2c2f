"""Schedules that make the learning rate smaller and smaller."""

from bisect import bisect_right
from collections import Counter

from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_length, check_whole
from minigrad.optim.optimizer import check_number

__all__ = ["StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR"]


class StepLR(LRScheduler):
    """Multiplies the learning rate by gamma every step_size epochs.

        lr <- gamma lr  in epochs step_size, 2 step_size, ...        lr = base gamma^floor(t / step_size)

    optimizer, last_epoch, verbose: see LRScheduler.
    step_size: epochs between two changes, above 0.
    gamma: the factor, at least 0.

    Errors: ValueError for a setting out of range, naming the value.
    """

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1, verbose=None):
        check_length("StepLR", "step_size", step_size, "the rate changes every step_size epochs")
        check_number("StepLR", "gamma", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        return lr if self.last_epoch == 0 or self.last_epoch % self.step_size else lr * self.gamma

    def _get_closed_form_lr(self):
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiplies the learning rate by gamma in the epochs named.

        lr <- gamma lr  in each of milestones        lr = base gamma^(number of milestones <= t)

    optimizer, last_epoch, verbose: see LRScheduler.
    milestones: epochs, in any order; one given twice counts twice.
    gamma: the factor, at least 0.

    Errors: TypeError for milestones that are no list; ValueError for one that is no epoch, and
    for a factor out of range.
    """

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1, verbose=None):
        check_number("MultiStepLR", "gamma", gamma)
        if not hasattr(milestones, "__iter__"):
            raise TypeError(f"MultiStepLR: milestones are a list of epochs such as [30, 80], got {milestones!r}")
        self.milestones = Counter(milestones)
        for milestone in self.milestones:
            check_whole("MultiStepLR", "a milestone", milestone, low=0)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        times = self.milestones[self.last_epoch]
        return lr * self.gamma**times if times else lr

    def _get_closed_form_lr(self):
        times = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**times for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiplies the learning rate by gamma every epoch.

        lr <- gamma lr        lr = base gamma^t

    optimizer, last_epoch, verbose: see LRScheduler.
    gamma: the factor, at least 0.

    Errors: ValueError for a factor out of range, naming the value.
    """

    def __init__(self, optimizer, gamma, last_epoch=-1, verbose=None):
        check_number("ExponentialLR", "gamma", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        return lr if self._is_initial else lr * self.gamma

    def _get_closed_form_lr(self):
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Lets the learning rate fall to 0 over total_iters epochs, as a power of what is left of them.

        lr <- lr ((1 - t / T) / (1 - (t - 1) / T))^power        lr = base (1 - t / T)^power

    with T = total_iters, and 0 from epoch T on. Chen et al., DeepLab, arXiv:1606.00915 (2016).

    optimizer, last_epoch, verbose: see LRScheduler.
    total_iters: T, above 0.
    power: 1 falls in a straight line; more falls early, less falls late.

    Errors: ValueError for a setting out of range, naming the value.
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1, verbose=None):
        check_length("PolynomialLR", "total_iters", total_iters, "it is where the rate reaches 0")
        check_number("PolynomialLR", "power", power)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        t, end = self.last_epoch, self.total_iters
        if self._is_initial or t > end:
            return lr
        return lr * ((1.0 - t / end) / (1.0 - (t - 1) / end)) ** self.power

    def _get_closed_form_lr(self):
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
