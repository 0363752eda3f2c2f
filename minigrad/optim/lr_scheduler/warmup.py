"""Schedules that hold the learning rate down at first, until the statistics of an optimizer or of
batch norm have settled."""

from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_length
from minigrad.optim.optimizer import check_number

__all__ = ["ConstantLR", "LinearLR"]


def check_share(who, name, value, least):
    """Refuses what is no share of the learning rate: a number in [least, 1] or, with least None, in (0, 1]."""
    check_number(who, name, value)
    if value > 1 or (least is None and value == 0):
        raise ValueError(f"{who}: {name} must be {'above 0' if least is None else 'at least 0'} and at most 1, "
                         f"got {value}")  # fmt: skip


class ConstantLR(LRScheduler):
    """Only a part of the learning rate for the first total_iters epochs, then all of it.

        lr <- factor lr  in epoch 0,  lr / factor  in epoch total_iters
        lr = factor base  for t < total_iters, else base

    optimizer, last_epoch, verbose: see LRScheduler.
    factor: the part, in (0, 1].
    total_iters: how many epochs, above 0.

    Errors: ValueError for a setting out of range, naming the value.
    """

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1, verbose=None):
        check_share("ConstantLR", "factor", factor, least=None)
        check_length("ConstantLR", "total_iters", total_iters, "the rate would keep its factor for ever")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        if self.last_epoch == 0:
            return lr * self.factor
        return lr * (1.0 / self.factor) if self.last_epoch == self.total_iters else lr

    def _get_closed_form_lr(self):
        share = self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)
        return [base * share for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Goes in a straight line from one part of the learning rate to another.

        lr <- lr (1 + (b - a) / (T a + (t - 1) (b - a)))        lr = base (a + (b - a) t / T)

    with a = start_factor, b = end_factor, T = total_iters; from epoch T on it stays.

    optimizer, last_epoch, verbose: see LRScheduler.
    start_factor: a, in (0, 1].
    end_factor: b, in [0, 1].
    total_iters: T, above 0.

    Errors: ValueError for a setting out of range, naming the value.

    Goyal et al., Accurate, large minibatch SGD (2017), arXiv:1706.02677.
    """

    def __init__(
        self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1, verbose=None,
    ):  # fmt: skip
        check_share("LinearLR", "start_factor", start_factor, least=None)
        check_share("LinearLR", "end_factor", end_factor, least=0)
        check_length("LinearLR", "total_iters", total_iters, "the rate would stay at start_factor for ever")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        t, end, a, b = self.last_epoch, self.total_iters, self.start_factor, self.end_factor
        if t == 0:
            return lr * a
        if self._is_initial or t > end:
            return lr
        return lr * (1.0 + (b - a) / (end * a + (t - 1) * (b - a)))

    def _get_closed_form_lr(self):
        a, b = self.start_factor, self.end_factor
        share = a + (b - a) * min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * share for base in self.base_lrs]
