"""LRScheduler: which epoch it is, the learning rates that belong to it, and how both are saved.

To write a schedule, extend LRScheduler with what becomes of one learning rate:

    class InverseTimeLR(LRScheduler):
        "lr = base / (1 + t / scale)"

        def __init__(self, optimizer, scale, last_epoch=-1):
            self.scale = scale
            super().__init__(optimizer, last_epoch)

        def rate(self, lr, base):
            return base / (1 + self.last_epoch / self.scale)

A class that overrides get_lr() itself, as PyTorch's do, works as well.

Most schedules here are recurrences: they change the rate as they find it. So several may work
on one optimizer at once, and a rate that somebody set by hand in between is kept. Where there
is also a closed form, step(epoch) goes by that.
"""

import math
import numbers
import warnings

from minigrad.optim.optimizer import Optimizer, check_number
from minigrad.tensor import Tensor

__all__ = ["LRScheduler"]


# ---- checking settings ---------------------------------------------------------------------

def check_optimizer(who, optimizer):
    if isinstance(optimizer, Optimizer):
        return
    if isinstance(optimizer, type):
        saw = f"the class {optimizer.__name__}; make one of it: {optimizer.__name__}(model.parameters())"
    else:
        saw = f"{type(optimizer).__name__}; make one first: optimizer = optim.SGD(model.parameters(), lr=0.1)"
    raise TypeError(f"{who}: expected an optimizer, got {saw}")


def check_whole(who, name, value, low=1):
    """Refuses what is no whole number of at least `low`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise ValueError(f"{who}: {name} must be a whole number of at least {low}, got {value!r}")
    if value < low:
        raise ValueError(f"{who}: {name} must be at least {low}, got {value}")


def check_length(who, name, value, why):
    """Refuses a number of epochs that is not above 0; it need not be whole."""
    check_number(who, name, value)
    if value <= 0:
        raise ValueError(f"{who}: {name} must be above 0, got {value}: {why}")


def one_a_group(who, name, value, optimizer):
    """A setting given as one number, or as a list of one for each group, as that list."""
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
    if len(values) != groups:
        raise ValueError(f"{who}: {name} has {len(values)} values, but the optimizer {groups} parameter groups")
    for i, number in enumerate(values):
        check_number(who, f"{name}[{i}]" if isinstance(value, (list, tuple)) else name, number)
    return values


# ---- learning rates in groups --------------------------------------------------------------

def own(lr):
    """The number, or a copy of the tensor that may stand for it."""
    return lr.detach().clone() if isinstance(lr, Tensor) else lr


def put(group, name, value):
    """group[name] = value; a tensor there stays the same tensor."""
    if isinstance(group.get(name), Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = float(value) if isinstance(value, Tensor) else value


def reset(optimizer):
    """Every rate as it was before any schedule."""
    for group in optimizer.param_groups:
        put(group, "lr", group["initial_lr"])


# ---- the order of the two steps ------------------------------------------------------------

def _stepped(optimizer, args, kwargs):
    """A hook that waits for an optimizer's first step, and then goes."""
    optimizer._opt_called = True
    optimizer._after_step.remove(_stepped)


def _waits(optimizer):
    return _stepped in optimizer._after_step


class LRScheduler:
    """What all schedules share: t, the number of the epoch, and each group's rate in it.

    optimizer: whose groups' "lr" is set, at once and at every step(). What "lr" was before any
    schedule is kept in the group as "initial_lr".
    last_epoch: -1 begins at t = 0; t resumes after that epoch, with the rates as they stand in
    an optimizer whose state was loaded. load_state_dict() is the better way to resume.
    verbose: accepted and ignored.

    "Epoch" is whatever lies between two calls of step(): it may as well be a batch.
    A group that is added later takes part from the next step on; its lr is its base then.

    Errors: TypeError for what is no optimizer; KeyError where last_epoch is given and a group
    has no "initial_lr"; ValueError for settings that make no sense, and for a rate that is
    negative, NaN or infinite.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1, verbose=None):
        who = self._name
        check_optimizer(who, optimizer)
        check_whole(who, "last_epoch", last_epoch, low=-1)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{who}: last_epoch={last_epoch} resumes, but group {i} has no 'initial_lr'; load the optimizer's "
                    "state_dict first, or leave last_epoch out to begin"
                )
        if not hasattr(self, "base_lrs"):  # a subclass may have set its own
            self.base_lrs = [own(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        if not getattr(optimizer, "_opt_called", False) and not _waits(optimizer):
            optimizer.register_step_post_hook(_stepped)
        self._initial_step()

    @property
    def _name(self):
        return type(self).__name__

    # -- what a schedule says of itself

    def rate(self, lr, base):
        """A group's rate in epoch t = self.last_epoch, from the one it has and the one it began with."""
        raise NotImplementedError(f"{self._name}: define rate(lr, base), or get_lr()")

    def rates(self):
        """All groups' rates in epoch t = self.last_epoch."""
        return [
            self.rate(group["lr"], base)
            for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        ]

    def get_lr(self):
        """What step() asks for: rates(). Called by anybody else it gives the next rates rather
        than the last, and warns; get_last_lr() has those."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                f"{self._name}.get_lr() computes the next learning rates from those of now; "
                "for those of now use get_last_lr()", stacklevel=2,
            )  # fmt: skip
        return self.rates()

    # -- steps

    def step(self, epoch=None):
        """The next epoch's learning rates; call it after the optimizer's steps of this epoch.

        epoch: goes to this one, by the closed form if there is one. It is deprecated in PyTorch
        and warns, here too.
        """
        if self._step_count == 1 and _waits(self.optimizer):
            warnings.warn(
                "`lr_scheduler.step()` was called before `optimizer.step()`, so the first learning rate of the "
                "schedule is never used; call optimizer.step() first, then scheduler.step()", stacklevel=2,
            )  # fmt: skip
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch(self._name)
        self._go_to(epoch)

    def get_last_lr(self):
        """The groups' learning rates as the last step() left them: a list."""
        return list(self._last_lr)

    def _go_to(self, epoch=None):
        """The rates of an epoch into the groups; None is the next epoch."""
        groups = self.optimizer.param_groups
        for group in groups[len(self.base_lrs):]:
            self.base_lrs.append(own(group.setdefault("initial_lr", own(group["lr"]))))
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            rates = self.get_lr() if closed is None else closed()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates):
        groups = self.optimizer.param_groups
        if len(rates) != len(groups):
            raise ValueError(f"{self._name}: gave {len(rates)} learning rates for {len(groups)} parameter groups")
        for i, lr in enumerate(rates):
            if not -1e-9 < float(lr) < math.inf:  # a ramp to 0 may round to a hair below
                raise ValueError(
                    f"{self._name}: the learning rate of group {i} in epoch {self.last_epoch} came out as {float(lr)}; "
                    "it must be finite and not negative"
                )
        for group, lr in zip(groups, rates, strict=True):
            put(group, "lr", lr)
        self._last_lr = [own(group["lr"]) for group in groups]

    # -- beginning; a SequentialLR makes its schedules begin again

    def _initial_step(self):
        """From -1 to t = 0, or to where it resumes: recurrences leave the rate there as it is."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _rewind(self):
        """To before the beginning."""
        self.last_epoch -= 1

    def _restart(self):
        """To t = 0, when another schedule has run until now."""
        self._go_to(0)

    # -- saving

    def state_dict(self):
        """Everything but the optimizer, under PyTorch's names."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave, here or in PyTorch. The rates themselves are in the
        optimizer's state_dict: load that, too.

        Errors: ValueError for another class's state, and for another number of groups;
        nothing is changed then.
        """
        self._check_state(state_dict)
        vars(self).update(state_dict)

    def _check_state(self, state_dict):
        who = f"{self._name}.load_state_dict"
        if not isinstance(state_dict, dict):
            raise TypeError(f"{who}: expected what state_dict() gave, a dict, got {type(state_dict).__name__}")
        ours = self.state_dict()
        needed = [name for name in ("last_epoch", *self._settings()) if name in ours]
        missing = [name for name in needed if name not in state_dict]
        if missing:
            raise ValueError(
                f"{who}: {missing[0]!r} is missing among {sorted(map(str, state_dict))}; "
                "was it the state of another scheduler?"
            )
        for name in ("base_lrs", "min_lrs", "_last_lr", "lr_lambdas"):
            if name in ours and name in state_dict and len(state_dict[name]) != len(ours[name]):
                raise ValueError(
                    f"{who}: {name} is for {len(state_dict[name])} parameter groups, this optimizer has "
                    f"{len(ours[name])}; give it the same groups before loading"
                )

    def _settings(self):
        """The names of the constructor's arguments."""
        import inspect  # of the slow ones to import, and seldom needed

        return list(inspect.signature(type(self).__init__).parameters)

    def __repr__(self):
        shown = [f"{name}={vars(self)[name]!r}" for name in self._settings() if name in vars(self)]
        return f"{self._name}({', '.join(part for part in shown if not part.startswith('optimizer='))})"


def warn_of_epoch(who):
    warnings.warn(
        f"{who}.step(epoch): the epoch parameter is deprecated, as in PyTorch; step() counts by itself, "
        "and load_state_dict() resumes", stacklevel=3,
    )  # fmt: skip
