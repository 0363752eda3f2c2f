"""Schedules that a function of the epoch says."""

import types

from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]


class LambdaLR(LRScheduler):
    """The learning rate is a function's part of what it was at first.

        lr = base f(t)

    optimizer, last_epoch, verbose: see LRScheduler.
    lr_lambda: f, or a list with one for each parameter group.

    state_dict() has what a callable object remembers in its attributes; functions and lambdas
    are not saved.

    Errors: TypeError for what cannot be called; ValueError for another number of functions
    than groups.
    """

    def __init__(self, optimizer, lr_lambda, last_epoch=-1, verbose=None):
        check_optimizer(self._name, optimizer)
        groups = len(optimizer.param_groups)
        given = isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas = list(lr_lambda) if given else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(
                f"{self._name}: got {len(self.lr_lambdas)} functions in lr_lambda for {groups} parameter groups"
            )
        for i, f in enumerate(self.lr_lambdas):
            if not callable(f):
                called = f"lr_lambda[{i}]" if given else "lr_lambda"
                raise TypeError(f"{self._name}: {called} must be a function of the epoch, got {f!r}")
        super().__init__(optimizer, last_epoch)

    def rates(self):
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self._functions(), strict=True)]

    def _functions(self):
        groups = len(self.optimizer.param_groups)
        if len(self.lr_lambdas) != groups:
            raise ValueError(
                f"{self._name}: has {len(self.lr_lambdas)} functions, but the optimizer {groups} parameter groups by "
                f"now; append one to {self._name}.lr_lambdas for each group you add"
            )
        return self.lr_lambdas

    def state_dict(self):
        """Everything but the optimizer and the functions; of a callable object its attributes."""
        state = super().state_dict()
        state["lr_lambdas"] = [
            None if isinstance(f, types.FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave; the functions stay those given here."""
        self._check_state(state_dict)
        state = dict(state_dict)
        for f, remembered in zip(self.lr_lambdas, state.pop("lr_lambdas", [None] * len(self.lr_lambdas)), strict=True):
            if remembered:
                vars(f).update(remembered)
        vars(self).update(state)


class MultiplicativeLR(LambdaLR):
    """Multiplies the learning rate every epoch by what a function says.

        lr <- lr f(t)        lr = base f(1) f(2) ... f(t)

    The arguments, state and errors are LambdaLR's.
    """

    def rates(self):
        lrs = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return lrs
        return [lr * f(self.last_epoch) for lr, f in zip(lrs, self._functions(), strict=True)]
