"""Wrapper: an optimizer around another one, whose parameters, settings and state are its own."""

from minigrad.optim.optimizer import Optimizer


class Wrapper(Optimizer):
    """What Lookahead and SAM share. Schedulers, hooks, zero_grad() and state_dict() work on a wrapper
    as on any optimizer; settings are those of the inner one, which `optimizer` is.

    Errors: TypeError for what is no optimizer.
    """

    def __init__(self, optimizer):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{self._name}: goes around an optimizer, such as SGD(...), got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self._reset_hooks()
        self._complete()

    def _complete(self):
        """Gives every group the wrapper's own settings where it has none."""

    defaults = property(lambda self: self.optimizer.defaults)
    param_groups = property(lambda self: self.optimizer.param_groups)
    state = property(lambda self: self.optimizer.state)

    def check(self, group):
        self.optimizer.check(group)

    def add_param_group(self, param_group):
        self.optimizer.add_param_group(param_group)
        self._complete()

    def load_state_dict(self, state_dict):
        self.optimizer.load_state_dict(state_dict)
        self._complete()

    def __repr__(self):
        return f"{self._name} around {self.optimizer!r}"
