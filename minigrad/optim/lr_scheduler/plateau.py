"""ReduceLROnPlateau: a smaller learning rate when a metric no longer improves."""

import math

from minigrad.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_optimizer,
    check_whole,
    one_a_group,
    own,
    put,
    warn_of_epoch,
)  # fmt: skip
from minigrad.optim.optimizer import check_number

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the learning rate by factor when a metric has not improved for more than patience steps.

        lr <- max(factor lr, min_lr)        where that is a change of more than eps

    A metric m improves on the best so far, b, if

                       threshold_mode "rel"          "abs"
        mode "min"     m < b (1 - threshold)         m < b - threshold
        mode "max"     m > b (1 + threshold)         m > b + threshold

    Call step(metric) after each validation, in place of step(). A NaN is no improvement.

    optimizer: whose groups' "lr" is changed.
    mode: "min" for a loss, "max" for an accuracy.
    factor: below 1.
    patience: how many steps without improvement are borne; the next one reduces.
    threshold, threshold_mode: how much counts as an improvement.
    cooldown: steps after a reduction in which nothing is counted.
    min_lr: how far down, or a list with one for each group.
    eps: the least change worth making.
    verbose: accepted and ignored.

    best, num_bad_epochs, cooldown_counter, in_cooldown: where it stands.

    Errors: TypeError for what is no optimizer and for a metric that is no number; ValueError for
    a setting out of range, naming the value.
    """

    def __init__(
        self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel", cooldown=0,
        min_lr=0, eps=1e-8, verbose=None,
    ):  # fmt: skip
        who = "ReduceLROnPlateau"
        check_optimizer(who, optimizer)
        check_number(who, "factor", factor, high=1.0)
        check_whole(who, "patience", patience, low=0)
        check_number(who, "threshold", threshold)
        check_whole(who, "cooldown", cooldown, low=0)
        check_number(who, "eps", eps)
        if mode not in ("min", "max"):
            raise ValueError(f"{who}: mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"{who}: threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lrs = one_a_group(who, "min_lr", min_lr, optimizer)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = [own(group["lr"]) for group in optimizer.param_groups]
        self._reset()

    def _reset(self):
        """Forgets all metrics."""
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def get_lr(self):
        raise NotImplementedError("ReduceLROnPlateau: the rates depend on the metric; get_last_lr() has those of now")

    def step(self, metrics, epoch=None):
        """Counts a metric, and reduces the learning rate if there have been enough without improvement.

        metrics: a number, or a tensor of one element.
        epoch: sets the number of the epoch; deprecated, it warns.
        """
        try:
            if isinstance(metrics, (str, bytes)):
                raise TypeError
            metric = float(metrics)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                "ReduceLROnPlateau: step(metric) expects the loss or another metric as one number, "
                f"got {type(metrics).__name__}"
            ) from None
        if epoch is None:
            self.last_epoch += 1
        else:
            warn_of_epoch("ReduceLROnPlateau")
            self.last_epoch = epoch
        if self.is_better(metric, self.best):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [own(group["lr"]) for group in self.optimizer.param_groups]

    def _reduce(self):
        groups = self.optimizer.param_groups
        if len(groups) > len(self.min_lrs):
            if self.default_min_lr is None:
                raise ValueError(
                    f"ReduceLROnPlateau: has {len(self.min_lrs)} min_lr, but the optimizer {len(groups)} parameter "
                    "groups by now; append one to min_lrs for each group you add"
                )
            self.min_lrs = self.min_lrs + [self.default_min_lr] * (len(groups) - len(self.min_lrs))
        for group, least in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                put(group, "lr", new)

    @property
    def in_cooldown(self):
        return self.cooldown_counter > 0

    def is_better(self, a, best):
        """Whether a improves on best."""
        if self.mode == "min":
            return a < (best * (1.0 - self.threshold) if self.threshold_mode == "rel" else best - self.threshold)
        return a > (best * (self.threshold + 1.0) if self.threshold_mode == "rel" else best + self.threshold)
