"""Schedules made of schedules: one after another, or several at once."""

from bisect import bisect_right

from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_optimizer, check_whole, own, reset

__all__ = ["SequentialLR", "ChainedScheduler"]


def check_schedulers(who, schedulers, optimizer):
    """The schedulers as a list; refuses those of another optimizer, and those that need a metric."""
    if not isinstance(schedulers, (list, tuple)):
        raise TypeError(f"{who}: schedulers are a list, got {type(schedulers).__name__}")
    if not schedulers:
        raise ValueError(f"{who}: got no scheduler; give at least one")
    for i, scheduler in enumerate(schedulers):
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(f"{who}: expected a scheduler, got {type(scheduler).__name__} in place {i}")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{who}: the ReduceLROnPlateau in place {i} needs a metric for each step, which is not passed on; "
                "call its step(metric) beside this scheduler's"
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{who}: the {type(scheduler).__name__} in place {i} belongs to another optimizer "
                f"({type(scheduler.optimizer).__name__}); all must be made for the same one"
            )
    return list(schedulers)


class _Composite(LRScheduler):
    """What both share: the state of their schedules as a list of states."""

    def get_lr(self):
        raise NotImplementedError(f"{self._name}: its schedulers compute the rates; get_last_lr() has those of now")

    def _remember(self):
        self._last_lr = [own(group["lr"]) for group in self.optimizer.param_groups]

    def state_dict(self):
        """Its own state, and under "_schedulers" those of its schedulers."""
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave, for as many schedulers of the same classes.

        Errors: ValueError where they do not fit.
        """
        self._check_state(state_dict)
        state = dict(state_dict)
        for scheduler, own_state in zip(self._schedulers, state.pop("_schedulers"), strict=True):
            scheduler.load_state_dict(own_state)
        vars(self).update(state)

    def _check_state(self, state_dict):
        super()._check_state(state_dict)
        states = state_dict.get("_schedulers")
        count = len(states) if isinstance(states, (list, tuple)) else 0
        if count != len(self._schedulers):
            raise ValueError(
                f"{self._name}.load_state_dict: got the states of {count} schedulers, this one has "
                f"{len(self._schedulers)}"
            )
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler._check_state(state)

    def __repr__(self):
        parts = [f"    {scheduler!r},".replace("\n", "\n    ") + "\n" for scheduler in self._schedulers]
        return f"{self._name}([\n{''.join(parts)}]{self._rest()})"

    def _rest(self):
        return ""


class SequentialLR(_Composite):
    """One schedule until the first milestone, another from there to the second, and so on.

        t < milestones[0]                         schedulers[0] in epoch t
        milestones[i - 1] <= t < milestones[i]    schedulers[i] in epoch t - milestones[i - 1]

    Each begins at its own epoch 0, from the base learning rate if it has a closed form, else
    (MultiplicativeLR, SWALR) from the rate as it stands.

    optimizer: the one that all schedulers were made for.
    schedulers: a list, with one more than there are milestones.
    milestones: epochs in ascending order.
    last_epoch, verbose: see LRScheduler.

    Errors: TypeError and ValueError for schedulers that do not belong together, one that needs
    a metric, and milestones that are no ascending epochs, or too many or few.
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1, verbose=None):
        who = "SequentialLR"
        check_optimizer(who, optimizer)
        self._schedulers = check_schedulers(who, schedulers, optimizer)
        self._milestones = list(milestones)
        if len(self._milestones) != len(schedulers) - 1:
            raise ValueError(
                f"{who}: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones between them, "
                f"got {self._milestones}"
            )
        for milestone in self._milestones:
            check_whole(who, "a milestone", milestone, low=0)
        if self._milestones != sorted(self._milestones):
            raise ValueError(f"{who}: milestones must ascend, got {self._milestones}")
        check_whole(who, "last_epoch", last_epoch, low=-1)
        self.optimizer = optimizer
        self.last_epoch = last_epoch
        if last_epoch == -1:
            reset(optimizer)
        for scheduler in self._schedulers:
            scheduler._rewind()
        self._initial_step()

    def _active(self):
        return self._schedulers[bisect_right(self._milestones, max(self.last_epoch, 0))]

    def step(self):
        """The next epoch's learning rates, from the schedule whose turn it is."""
        before = bisect_right(self._milestones, self.last_epoch)
        self.last_epoch += 1
        now = bisect_right(self._milestones, self.last_epoch)
        if now != before:
            self._schedulers[now]._restart()
        else:
            self._schedulers[now].step()
        self._remember()

    def _initial_step(self):
        self.last_epoch += 1
        self._active()._initial_step()
        self._remember()

    def _rewind(self):
        self._active()._rewind()
        self.last_epoch -= 1

    def _restart(self):
        reset(self.optimizer)
        self._initial_step()

    def _rest(self):
        return f", milestones={self._milestones}, last_epoch={self.last_epoch}"


class ChainedScheduler(_Composite):
    """Several schedules at once: each step() steps them all, one upon the other.

    With recurrences, which change the rate as they find it, the rate is the product of their
    parts. One that computes the rate from the base alone (LambdaLR, WarmupCosine, OneCycleLR,
    CyclicLR, CosineAnnealingWarmRestarts) undoes what stands before it in the list.

    schedulers: a list.
    optimizer: theirs; None takes that of the first.

    Errors: TypeError and ValueError for schedulers that do not belong together, and for one
    that needs a metric.
    """

    def __init__(self, schedulers, optimizer=None):
        who = "ChainedScheduler"
        if isinstance(schedulers, (list, tuple)) and schedulers and optimizer is None:
            optimizer = getattr(schedulers[0], "optimizer", None)
        self._schedulers = check_schedulers(who, schedulers, optimizer)
        self.optimizer = optimizer
        self._remember()

    def step(self):
        """A step of each."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._remember()

    def _initial_step(self):
        for scheduler in self._schedulers:
            scheduler._initial_step()
        self._remember()

    def _rewind(self):
        for scheduler in self._schedulers:
            scheduler._rewind()

    def _restart(self):
        reset(self.optimizer)
        self._initial_step()
