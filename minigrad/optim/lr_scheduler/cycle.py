"""Schedules that go up and down, and momentum the other way: many steps along a valley want a
high rate with little momentum, settling into its floor a low rate with much."""

import math

from minigrad.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_length,
    check_optimizer,
    check_whole,
    one_a_group,
    put,
)  # fmt: skip
from minigrad.optim.optimizer import check_number

__all__ = ["CyclicLR", "OneCycleLR"]


def uses_beta1(who, optimizer):
    """Whether an optimizer's momentum is the first of its betas; refuses one that has none."""
    if "betas" not in optimizer.defaults and "momentum" not in optimizer.defaults:
        raise ValueError(
            f"{who}: {type(optimizer).__name__} has neither momentum nor betas to cycle; pass cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def momenta(who, name, value, optimizer):
    """base_momentum or max_momentum, one for each group."""
    values = one_a_group(who, name, value, optimizer)
    for number in values:
        check_number(who, name, number, high=1.0)
    return values


def name_momenta(optimizer, bases, tops):
    """The ends between which momentum goes, into the groups; PyTorch keeps them there."""
    for group, base, top in zip(optimizer.param_groups, bases, tops, strict=True):
        group["base_momentum"] = base
        group["max_momentum"] = top


class _Cycle(LRScheduler):
    """What both share: momentum, under the optimizer's name for it."""

    def _set(self, rates):
        super()._set(rates)
        if self.cycle_momentum:
            for group, value in zip(self.optimizer.param_groups, self._momenta(), strict=True):
                self._set_momentum(group, value)

    def _set_momentum(self, group, value):
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_Cycle):
    """The learning rate goes in straight lines from base_lr to max_lr and back, again and again.

        c = floor(1 + t / (up + down))        the cycle, counted from 1
        x = 1 + t / (up + down) - c           how much of it is over
        h = x / r  if x <= r = up / (up + down),  else (x - 1) / (r - 1)
        lr = base_lr + (max_lr - base_lr) h s
        momentum = max_momentum - (max_momentum - base_momentum) h s

        mode "triangular"     s = 1
             "triangular2"    s = 1 / 2^(c - 1)
             "exp_range"      s = gamma^t
        scale_fn              s = scale_fn(c), or scale_fn(t) with scale_mode "iterations"

    Call step() after every batch.

    optimizer, last_epoch, verbose: see LRScheduler.
    base_lr, max_lr: numbers, or lists with one for each parameter group.
    step_size_up, step_size_down: up and down, in batches; down is as long as up if not given.
    cycle_momentum: whether momentum (of Adam and its kin, the first of betas) cycles, too.
    base_momentum, max_momentum: numbers in [0, 1), or lists.

    Errors: ValueError for a setting out of range, for lists of another length, and for an
    optimizer without momentum.

    Smith, Cyclical learning rates for training neural networks (2017), arXiv:1506.01186.
    """

    def __init__(
        self, optimizer, base_lr, max_lr, step_size_up=2000, step_size_down=None, mode="triangular", gamma=1.0,
        scale_fn=None, scale_mode="cycle", cycle_momentum=True, base_momentum=0.8, max_momentum=0.9, last_epoch=-1,
        verbose=None,
    ):  # fmt: skip
        who = "CyclicLR"
        check_optimizer(who, optimizer)
        check_length(who, "step_size_up", step_size_up, "it is how many steps the rate rises")
        if step_size_down is not None:
            check_length(who, "step_size_down", step_size_down, "it is how many steps the rate falls")
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"{who}: mode must be 'triangular', 'triangular2' or 'exp_range', got {mode!r}")
        if scale_fn is not None and not callable(scale_fn):
            raise TypeError(f"{who}: scale_fn must be a function, got {scale_fn!r}")
        if scale_mode not in ("cycle", "iterations"):
            raise ValueError(f"{who}: scale_mode must be 'cycle' or 'iterations', got {scale_mode!r}")
        check_number(who, "gamma", gamma)
        base_lrs = one_a_group(who, "base_lr", base_lr, optimizer)
        self.max_lrs = one_a_group(who, "max_lr", max_lr, optimizer)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(who, optimizer)
            self.base_momentums = momenta(who, "base_momentum", base_momentum, optimizer)
            self.max_momentums = momenta(who, "max_momentum", max_momentum, optimizer)
            name_momenta(optimizer, self.base_momentums, self.max_momentums)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                put(group, "lr", lr)
        self.base_lrs = base_lrs
        super().__init__(optimizer, last_epoch)

    def scale_fn(self, x):
        """s at x, the cycle or the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 1 / (2.0 ** (x - 1))
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def _height(self):
        """h, and what s is a function of."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        return height, cycle if self.scale_mode == "cycle" else self.last_epoch

    def rates(self):
        height, at = self._height()
        if len(self.max_lrs) != len(self.base_lrs):
            raise ValueError(
                f"CyclicLR: has {len(self.max_lrs)} max_lr, but the optimizer {len(self.base_lrs)} parameter groups "
                "by now; a group added later needs a new scheduler"
            )
        return [
            base + (top - base) * height * self.scale_fn(at)
            for base, top in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def _momenta(self):
        height, at = self._height()
        return [
            top - (top - base) * height * self.scale_fn(at)
            for base, top in zip(self.base_momentums, self.max_momentums, strict=True)
        ]

    def state_dict(self):
        """Everything but the optimizer and a scale_fn; of a callable object its attributes."""
        state = super().state_dict()
        state["_scale_fn_custom"] = dict(vars(self._scale_fn_custom)) if self._remembers() else None
        return state

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave; scale_fn stays the one given here."""
        self._check_state(state_dict)
        state = dict(state_dict)
        remembered = state.pop("_scale_fn_custom", None)
        if remembered and self._remembers():
            vars(self._scale_fn_custom).update(remembered)
        vars(self).update(state)

    def _remembers(self):
        """Whether scale_fn is an object with attributes rather than a function."""
        return hasattr(self._scale_fn_custom, "__dict__") and not hasattr(self._scale_fn_custom, "__code__")


class OneCycleLR(_Cycle):
    """One rise of the learning rate to max_lr and one fall to nearly nothing, over a whole training.

        two phases     initial -> max_lr    until step pct_start T - 1
                       max_lr -> least      until step T - 1
        three_phase    initial -> max_lr    until step pct_start T - 1
                       max_lr -> initial    until step 2 pct_start T - 2
                       initial -> least     until step T - 1

        initial = max_lr / div_factor        least = initial / final_div_factor

    From a to b, with x the share of the phase that is over,

        anneal_strategy "cos"       b + (a - b) (1 + cos(pi x)) / 2
                        "linear"    a + (b - a) x

    Momentum goes from max_momentum to base_momentum and back meanwhile, and stays there in a
    third phase. Call step() after every batch.

    optimizer, last_epoch, verbose: see LRScheduler.
    max_lr: the top, or a list with one for each parameter group.
    total_steps: T, the number of batches in the whole training; or
    epochs, steps_per_epoch: T = epochs steps_per_epoch.
    pct_start: the share of T in which the rate rises, in [0, 1], with three phases in [0, 1/2].
    cycle_momentum: whether momentum (of Adam and its kin, the first of betas) cycles, too.
    base_momentum, max_momentum: numbers in [0, 1), or lists.

    The groups get "initial_lr", "max_lr" and "min_lr", and with cycle_momentum "base_momentum"
    and "max_momentum".

    Errors: ValueError for a setting out of range, for lists of another length, for an optimizer
    without momentum, and for more than T steps.

    Smith and Topin, Super-convergence: very fast training of neural networks using large
    learning rates (2018), arXiv:1708.07120.
    """

    def __init__(
        self, optimizer, max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3,
        anneal_strategy="cos", cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0,
        final_div_factor=1e4, three_phase=False, last_epoch=-1, verbose=None,
    ):  # fmt: skip
        who = "OneCycleLR"
        check_optimizer(who, optimizer)
        if total_steps is not None:
            check_whole(who, "total_steps", total_steps)
        elif epochs is not None and steps_per_epoch is not None:
            check_whole(who, "epochs", epochs)
            check_whole(who, "steps_per_epoch", steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        else:
            raise ValueError(
                f"{who}: needs total_steps, or both epochs and steps_per_epoch, got epochs={epochs} and "
                f"steps_per_epoch={steps_per_epoch}"
            )
        check_number(who, "pct_start", pct_start)
        most = 0.5 if three_phase else 1
        if pct_start > most:
            raise ValueError(
                f"{who}: pct_start must be a share of total_steps, in [0, {most}]"
                f"{' with three phases' if three_phase else ''}, got {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"{who}: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        for name, value in (("div_factor", div_factor), ("final_div_factor", final_div_factor)):
            check_length(who, name, value, "the rate is divided by it")
        self.total_steps = total_steps
        self._schedule_phases = _phases(total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        tops = one_a_group(who, "max_lr", max_lr, optimizer)
        if cycle_momentum:
            self.use_beta1 = uses_beta1(who, optimizer)
            base_momentums = momenta(who, "base_momentum", base_momentum, optimizer)
            max_momentums = momenta(who, "max_momentum", max_momentum, optimizer)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, tops, strict=True):
                put(group, "initial_lr", top / div_factor)
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                name_momenta(optimizer, base_momentums, max_momentums)
        super().__init__(optimizer, last_epoch)

    def rates(self):
        return self._between("start_lr", "end_lr")

    def _momenta(self):
        return self._between("start_momentum", "end_momentum")

    def _between(self, start, end):
        """What the groups have under the two names in this phase, mixed by the share that is over."""
        t = self.last_epoch
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {t} of {self.total_steps}; step() is to be called once a batch, "
                "and total_steps is the number of batches in all epochs"
            )
        begin = 0.0
        for phase in self._schedule_phases:
            if t <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begin = phase["end_step"]
        length = phase["end_step"] - begin
        share = (t - begin) / length if length else 1.0
        return [self._mix(i, group, phase[start], phase[end], share) for i, group in
                enumerate(self.optimizer.param_groups)]  # fmt: skip

    def _mix(self, i, group, start, end, share):
        if start not in group or end not in group:
            raise KeyError(
                f"OneCycleLR: group {i} has no {start if start not in group else end!r}, which this schedule writes "
                "when it begins; a group added later needs a new one, and last_epoch the optimizer's saved state"
            )
        a, b = group[start], group[end]
        if self._anneal_func_type == "cos":
            return b + (a - b) / 2.0 * (math.cos(math.pi * share) + 1)
        return (b - a) * share + a


def _phases(total, pct_start, three):
    """What goes from which of a group's settings to which, and the step at its end; PyTorch's
    layout, which is saved."""
    rise = {"end_step": float(pct_start * total) - 1, "start_lr": "initial_lr", "end_lr": "max_lr",
            "start_momentum": "max_momentum", "end_momentum": "base_momentum"}  # fmt: skip
    fall = {"end_step": total - 1, "start_lr": "max_lr", "end_lr": "min_lr",
            "start_momentum": "base_momentum", "end_momentum": "max_momentum"}  # fmt: skip
    if not three:
        return [rise, fall]
    down = {"end_step": float(2 * pct_start * total) - 2, "start_lr": "max_lr", "end_lr": "initial_lr",
            "start_momentum": "base_momentum", "end_momentum": "max_momentum"}  # fmt: skip
    out = {"end_step": total - 1, "start_lr": "initial_lr", "end_lr": "min_lr",
           "start_momentum": "max_momentum", "end_momentum": "max_momentum"}  # fmt: skip
    return [rise, down, out]
