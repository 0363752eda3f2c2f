"""Optimizer: parameters in groups, what is remembered of each, and how both are saved.

    param_groups   [{"params": [p, ...], "lr": 0.1, ...}, ...]    settings, free to be changed
    state          {p: {"momentum_buffer": tensor, ...}, ...}     what a rule remembers of p
    defaults       {"lr": 0.1, ...}                               for what a group leaves out

To write an optimizer, extend Optimizer with the settings and one step of the rule:

    class SignSGD(Optimizer):
        "p <- p - lr sign(g)"

        def __init__(self, params, lr=1e-3, **clip):
            super().__init__(params, {"lr": lr}, **clip)

        @no_grad()
        def update(self, group):
            for p in group["params"]:
                if p.grad is not None:
                    p -= group["lr"] * p.grad.sign()

A class that overrides step() itself, as PyTorch's do, works as well.
"""

import functools
import math
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy

import numpy as np

from minigrad.autograd import RemovableHandle, enable_grad
from minigrad.ops import update
from minigrad.ops.creation import zeros_like
from minigrad.optim import clipping
from minigrad.tensor import Tensor, float32, tensor

__all__ = ["Optimizer", "required"]


class _Required:
    def __repr__(self):
        return "<required parameter>"


required = _Required()  # a default that every group must replace


# ---- checking settings ---------------------------------------------------------------------

def check_number(who, name, value, low=0.0, high=math.inf):
    """Refuses a setting that is no number in [low, high); a high in a list belongs to what is allowed."""
    closed = isinstance(high, list)
    high = high[0] if closed else high
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"{who}: expected {name} as one number, got a tensor of shape {tuple(value.shape)}")
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: expected {name} as a number, got {value!r}") from None
    if not (low <= number < high or (closed and number == high)):  # which no NaN passes
        end = "]" if closed else ")"
        allowed = f"in [{low:g}, {high:g}{end}" if high < math.inf else f"finite and at least {low:g}"
        if low == -math.inf:
            allowed = "finite" if high == math.inf else f"at most {high:g}"
        raise ValueError(f"{who}: {name} must be {allowed}, got {number}")
    if number == -math.inf:
        raise ValueError(f"{who}: {name} must be finite, got {number}")


def check_betas(who, betas):
    """Refuses what is no pair of numbers in [0, 1)."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"{who}: betas must be a pair such as (0.9, 0.999), got {betas!r}")
    for i, beta in enumerate(betas):
        check_number(who, f"betas[{i}]", beta, high=1.0)


def refuse_differentiable(who, differentiable):
    """A step is one kernel that changes the parameters in place and is not recorded."""
    if differentiable:
        raise ValueError(
            f"{who}: differentiable=True is not supported, since a step changes the parameters in place and "
            "is not recorded. To differentiate through a step write it as an expression: "
            "p = p - lr * minigrad.autograd.grad(loss, p, create_graph=True)[0]"
        )


# ---- state ---------------------------------------------------------------------------------

def begun(own, p, *names):
    """A parameter's state `own`, in which what is missing begins at 0: "step" is one number, float32
    as PyTorch saves it, anything else is of p's shape and dtype."""
    for name in names:
        if name not in own:
            own[name] = tensor(0.0, dtype=float32) if name == "step" else zeros_like(p, requires_grad=False)
        elif not isinstance(own[name], Tensor):
            own[name] = tensor(float(own[name]), dtype=float32)
    return own


# ---- steps with hooks ----------------------------------------------------------------------

def _with_hooks(optimizer, step, args, kwargs):
    """step(*args, **kwargs) between the hooks; the inner of two nested steps runs none."""
    before, after = optimizer._before_step, optimizer._after_step
    if optimizer._in_step or not (before or after):
        return step(*args, **kwargs)
    optimizer._in_step = True
    try:
        for hook in list(before):
            changed = hook(optimizer, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        "register_step_pre_hook: a hook gives None or new (args, kwargs) for step(), "
                        f"got {changed!r}"
                    )
                args, kwargs = changed
        result = step(*args, **kwargs)
        for hook in list(after):
            hook(optimizer, args, kwargs)
        return result
    finally:
        optimizer._in_step = False


class Optimizer:
    """What all optimizers share.

    params: tensors, such as `model.parameters()`; pairs of name and tensor, such as
    `model.named_parameters()`; or dicts that each hold "params" and the settings in which
    this group differs: `[{"params": first}, {"params": second, "lr": 0.01}]`.
    defaults: the settings of a group that names no others.
    clip_norm, clip_value: every optimizer takes these two, and a group may have its own. A step is
    then made with clipped gradients, and p.grad stays as it is:

        g <- g min(1, clip_norm / (norm + 1e-6))        norm: of all gradients as one vector
        g <- min(max(g, -clip_value), clip_value)

    The vector goes through all groups with the same clip_norm. A gradient that is not finite is an
    error that names its parameter, and nothing is changed.

    Errors: TypeError for what is no tensor; ValueError for no parameters at all, for one
    given twice, for one that is the result of an operation, and for settings out of range.
    """

    state_of_param_shape = ()  # names of the state tensors that have their parameter's shape
    folds_clipping = False  # whether update() heeds self.clip; otherwise it finds clipped copies in p.grad
    clip = clipping.UNCLIPPED

    def __init__(self, params, defaults, **clip):
        defaults = self.defaults = {**defaults, **clipping.settings(self._name, clip)}
        self.state = defaultdict(dict)
        self.param_groups = []
        self._reset_hooks()
        groups = self._groups(params)
        if not any(value is required for value in defaults.values()):
            self.check(defaults)
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "update" in vars(cls):
            cls.folds_clipping = vars(cls).get("folds_clipping", False)  # of this update(), no parent's
        step = vars(cls).get("step")
        if step is not None:

            @functools.wraps(step)
            def step_with_hooks(self, *args, **kwargs):
                return _with_hooks(self, step, (self, *args), kwargs)

            cls.step = step_with_hooks

    def _reset_hooks(self):
        self._before_step = []
        self._after_step = []
        self._in_step = False

    @property
    def _name(self):
        return type(self).__name__

    # -- what an algorithm says of itself

    def check(self, group):
        """Refuses settings (a group's, or the defaults) that make no sense; extend it."""
        if "lr" in group:
            check_number(self._name, "lr", group["lr"])
        refuse_differentiable(self._name, group.get("differentiable"))
        for name in clipping.SETTINGS:
            if group.get(name) is not None:
                check_number(self._name, name, group[name])
        if all(group.get(name) is not None for name in clipping.SETTINGS):
            raise ValueError(f"{self._name}: got both clip_norm and clip_value; give one (None switches the other off)")

    def numbers(self, group, *names):
        """A group's settings as finite floats; a step with others would spoil every parameter."""
        return [update.number(self._name, group, name) for name in names]

    def update(self, group):
        """One step on every parameter of a group that has a gradient.

        Decorate it with no_grad() where it is made of operations on tensors.
        """
        raise NotImplementedError(f"{self._name}: define update(group), or step()")

    # -- a step

    def step(self, closure=None):
        """One step on every parameter that has a gradient.

        closure: computes the loss anew, calls backward() and returns the loss, which step
        returns too; gradients are recorded in it even under no_grad().
        """
        if (self._before_step or self._after_step) and not self._in_step:
            return _with_hooks(self, Optimizer.step, (self,) if closure is None else (self, closure), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            if "clip_norm" in group or "clip_value" in group:
                self._update_all_clipped()
                return loss
        for group in self.param_groups:
            self.update(group)
        return loss

    def _update_all_clipped(self):
        for group, clip in zip(self.param_groups, clipping.of(self._name, self.param_groups), strict=True):
            if clip == clipping.UNCLIPPED:
                self.update(group)
            else:
                self._update_clipped(group, *clip)

    def _update_clipped(self, group, factor, limit):
        if self.folds_clipping and factor >= 1e-30:  # which float32 still holds with all its digits
            self.clip = factor, limit
            try:
                self.update(group)
            finally:
                del self.clip
        else:
            with clipping.lent(group, factor, limit):
                self.update(group)

    def zero_grad(self, set_to_none=True):
        """Forgets every parameter's gradient; set_to_none=False fills it with zeros instead."""
        for group in self.param_groups:
            update.zero_grad(group["params"], set_to_none)

    def register_step_pre_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) before each step, with the arguments of
        `Optimizer.step(*args, **kwargs)`; it may return others as (args, kwargs). Gives a
        handle with remove()."""
        self._before_step.append(hook)
        return RemovableHandle(self._before_step, hook)

    def register_step_post_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) after each step. Gives a handle with remove()."""
        self._after_step.append(hook)
        return RemovableHandle(self._after_step, hook)

    # -- groups

    def _groups(self, params):
        """The constructor's params as a list of groups."""
        if isinstance(params, (Tensor, dict, str)) or not hasattr(params, "__iter__"):
            mend = "wrap it in a list" if isinstance(params, (Tensor, dict)) else "give model.parameters()"
            raise TypeError(
                f"{self._name}: params must be several tensors, (name, tensor) pairs or dicts of "
                f"'params' and settings, got {type(params).__name__}; {mend}"
            )
        given = _in_order(self._name, params)
        if not given:
            raise ValueError(
                f"{self._name}: got an empty list of parameters; a model without parameters needs no optimizer, "
                "and a generator such as model.parameters() gives its parameters only once"
            )
        if isinstance(given[0], dict):
            return given
        return [{"params": given}]

    def add_param_group(self, param_group):
        """Adds a group, for instance of layers that are trained from now on.

        param_group: a dict of "params" and the settings in which it differs from the
        defaults; it is copied.
        Errors: as the constructor's; nothing is added then.
        """
        who = self._name
        if not isinstance(param_group, dict):
            raise TypeError(
                f"{who}: a parameter group is a dict such as {{'params': tensors, 'lr': 0.1}}, "
                f"got {type(param_group).__name__}"
            )
        if "params" not in param_group:
            raise ValueError(f"{who}: a parameter group needs 'params', got only {sorted(param_group)}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, (Tensor, tuple)) and _is_one(params):
            params = [params]
        elif not hasattr(params, "__iter__"):
            raise TypeError(f"{who}: a group's 'params' must be tensors, got {type(params).__name__}")
        items = _in_order(who, params)
        if not items and isinstance(params, Iterator):
            raise ValueError(
                f"{who}: a parameter group got a generator that gives no parameters, or none any more; "
                "make it a list first if it is used twice: list(model.parameters())"
            )
        named = [isinstance(item, tuple) for item in items]
        if any(named):
            if not all(named):
                raise ValueError(
                    f"{who}: {named.count(False)} of {len(items)} parameters came without a name; name all or none"
                )
            for item in items:
                if len(item) != 2 or not isinstance(item[0], str):
                    raise TypeError(f"{who}: expected a parameter as (name, tensor), got {_brief(item)}")
            group["param_names"] = [name for name, _ in items]
            items = [p for _, p in items]
        group["params"] = items
        for name, default in self.defaults.items():
            if name not in group:
                if default is required:
                    raise ValueError(f"{who}: a parameter group must say its {name}, which has no default")
                group[name] = default
        self._check_params(group)
        self.check(group)
        self.param_groups.append(group)

    def _check_params(self, group):
        who, names = self._name, group.get("param_names")
        seen = {id(p): i for i, other in enumerate(self.param_groups) for p in other["params"]}
        here = len(self.param_groups)
        for i, p in enumerate(group["params"]):
            called = f"parameter {i} of group {here}" + (f" ({names[i]!r})" if names else "")
            if not isinstance(p, Tensor):
                raise TypeError(f"{who}: {called} must be a Tensor, got {_brief(p)}")
            if not p.is_leaf:
                raise ValueError(
                    f"{who}: {called} is no leaf but the result of an operation ({p.grad_fn.name()}), so no gradient "
                    "arrives at it; give the tensor it was made from, or make it one with p.detach().requires_grad_()"
                )
            if id(p) in seen:
                where = "twice in this group" if seen[id(p)] == here else f"in group {seen[id(p)]} already"
                raise ValueError(f"{who}: {called} is {where}; it would be changed twice a step: give it once")
            seen[id(p)] = here
        if self.param_groups and ("param_names" in self.param_groups[0]) != (names is not None):
            raise ValueError(
                f"{who}: group {here} comes {'with' if names else 'without'} names and the groups before it "
                f"{'without' if names else 'with'}; name the parameters of all groups or of none"
            )

    # -- saving

    def state_dict(self):
        """Everything but the parameters, in PyTorch's layout: numbers stand for these, counted
        through the groups.

            {"state": {0: {"momentum_buffer": tensor}, ...},
             "param_groups": [{"lr": 0.1, ..., "params": [0, 1, 2]}, ...]}

        The tensors are the optimizer's own, not copies: copy.deepcopy() keeps a moment.
        """
        number = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number.setdefault(id(p), len(number))
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [number[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {number.get(id(p), p) if isinstance(p, Tensor) else p: own for p, own in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Takes over what state_dict() gave here or in PyTorch: settings and state, copied, for
        as many parameters in the same order.

        State takes its parameter's dtype ("step" stays float32). PyTorch's tensors and
        NumPy's arrays are understood in place of ours.
        Errors: ValueError where groups, their lengths or the shapes do not fit, or a
        setting makes no sense; nothing is changed then.
        """
        who = f"{self._name}.load_state_dict"
        if not {"state", "param_groups"} <= set(state_dict):
            raise ValueError(
                f"{who}: expected what an optimizer's state_dict() gave, with 'state' and 'param_groups', "
                f"got {[str(name) for name in state_dict][:4]}"
            )
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError(f"{who}: got {len(saved)} parameter groups, this optimizer has {len(self.param_groups)}")
        param = {}
        groups = []
        for i, (theirs, ours) in enumerate(zip(saved, self.param_groups, strict=True)):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    f"{who}: got {len(theirs['params'])} parameters in group {i}, this optimizer has "
                    f"{len(ours['params'])} there; were they made from the same model?"
                )
            param.update(zip(theirs["params"], ours["params"], strict=True))
            kept = {*self.defaults, *clipping.SETTINGS, "param_names"}
            group = {name: value for name, value in ours.items() if name in kept}
            group.update((name, _copied(value)) for name, value in theirs.items() if name != "params")
            self.check(group)
            groups.append({"params": ours["params"], **group})
        state = defaultdict(dict)
        for number, own in state_dict["state"].items():
            if number not in param:
                state[number] = _copied(own)
                continue
            p = param[number]
            state[p] = {name: _copied(value, p, name) for name, value in own.items()}
            for name in self.state_of_param_shape:
                got = state[p].get(name)
                if got is not None and (not isinstance(got, Tensor) or got.shape != p.shape):
                    raise ValueError(
                        f"{who}: {name} of parameter {number} must have its shape {tuple(p.shape)}, got "
                        f"{tuple(got.shape) if isinstance(got, Tensor) else _brief(got)}"
                    )
        self.__setstate__({"state": state, "param_groups": groups})

    def __getstate__(self):
        """For copy and pickle: everything but the hooks."""
        return {name: value for name, value in vars(self).items() if name not in _HOOKS}

    def __setstate__(self, state):
        self.__dict__.update(state)
        if "_before_step" not in self.__dict__:
            self._reset_hooks()

    def __repr__(self):
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join(lines) + "\n)"


_HOOKS = ("_before_step", "_after_step", "_in_step")


def _in_order(who, params):
    """list(params), unless their order is left to chance."""
    if isinstance(params, (set, frozenset)):
        raise TypeError(
            f"{who}: parameters must come in an order, which a {type(params).__name__} has not, and saved state "
            "could go to the wrong one; give a list"
        )
    return list(params)


def _is_one(params):
    """Whether a group's "params" is a single parameter: a tensor, or a name and a tensor."""
    return isinstance(params, Tensor) or (len(params) == 2 and isinstance(params[0], str))


def _brief(value):
    text = repr(value)
    return text if len(text) < 60 else type(value).__name__


def _copied(value, p=None, name=None):
    """A copy of anything in a state_dict, with tensors of any make as ours. The state of a
    floating parameter p takes its dtype, except the count of steps."""
    if isinstance(value, dict):
        return {key: _copied(item, p, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item, p, name) for item in value)
    if isinstance(value, Tensor):
        copied = value.detach().clone()
    elif isinstance(value, np.generic):
        return value.item()
    elif hasattr(value, "__array__"):
        copied = tensor(np.asarray(value.detach() if hasattr(value, "detach") else value))
    else:
        return deepcopy(value)
    if p is not None and copied.dtype.is_floating_point:
        copied = copied.to(float32 if name == "step" else p.dtype)
    return copied
