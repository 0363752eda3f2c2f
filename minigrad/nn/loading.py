"""The two halves of load_state_dict(): all is looked at first, and only then copied.

Every module is asked in turn, parents first: _load_from_state_dict() finds what is missing,
unexpected or misshapen and plans a step for each tensor that fits. The steps are taken if
nothing is wrong.
"""

from collections import namedtuple

from minigrad.autograd import no_grad
from minigrad.nn.parameter import Parameter, UninitializedParameter
from minigrad.tensor import Tensor, as_tensor

_Incompatible = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class _IncompatibleKeys(_Incompatible):
    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return _Incompatible.__repr__(self)


class Metadata(dict):
    """What a state_dict says of one module ({"version": 1}), and the Loading it is looked at for."""

    __slots__ = ("loading",)


class Loading:
    """One load_state_dict(): what was found, and the steps to take if all is well."""

    def __init__(self, state_dict, strict, assign):
        self.metadata = getattr(state_dict, "_metadata", None) or {}
        self.strict = strict
        self.assign = assign
        self.missing = []
        self.unexpected = []
        self.errors = []
        self.steps = []
        self.after = []  # (module, hook) to be called when all steps are taken, children first

    def look_at(self, module, state, prefix):
        """Lets a module, and all below it, look at its part of the state_dict."""
        note = Metadata(self.metadata.get(prefix[:-1], {"version": None}))
        note.loading = self
        for hook in module._hooks_of("load_state_dict_pre"):
            hook(module, state, prefix, note, self.strict, self.missing, self.unexpected, self.errors)
        module._load_from_state_dict(state, prefix, note, self.strict, self.missing, self.unexpected, self.errors)
        children = [(name, child) for name, child in module._modules.items() if child is not None]
        parts = {name: {} for name, _ in children}
        for key, value in state.items():
            name, dot, _ = key[len(prefix) :].partition(".")
            if dot and name in parts:
                parts[name][key] = value
        for name, child in children:
            self.look_at(child, parts[name], f"{prefix}{name}.")
        self.after.extend([(module, hook) for hook in module._hooks_of("load_state_dict_post")])

    def plan(self, module, state, prefix, missing, unexpected, errors):
        """Looks at the tensors of one module, without those below it, and plans their steps."""
        own = dict(module._state_items())
        for name, tensor in own.items():
            value = self._value_of(prefix + name, tensor, state, missing, errors)
            if value is None:
                continue
            if self.assign:
                self.steps.append((_assign, (module, name, tensor, value)))
            else:
                self.steps.append((tensor.copy_, (_as_tensor(value),)))
        for key in state:
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (module._modules if dot else own) and key != prefix + "_extra_state":
                unexpected.append(key)

    def _value_of(self, key, tensor, state, missing, errors):
        """The value for a tensor of the module, or None and a note of what is wrong."""
        if key not in state:
            if key not in missing:
                missing.append(key)
            return None
        given = state[key]
        if isinstance(tensor, UninitializedParameter) and isinstance(given, UninitializedParameter):
            return None
        try:
            value = _as_tensor(given)
        except (TypeError, ValueError, RuntimeError) as error:
            errors.append(f'"{key}" is a {type(given).__name__}, and no tensor: {error}')
            return None
        if not isinstance(tensor, UninitializedParameter) and tuple(value.shape) != tuple(tensor.shape):
            errors.append(
                f'size mismatch for "{key}": the state_dict has {tuple(value.shape)}, this model '
                f"{tuple(tensor.shape)}; build the model with the saved one's sizes"
            )
            return None
        if value.is_floating_point() and not tensor.is_floating_point() and (value != value.trunc()).any():
            errors.append(
                f'"{key}" is {value.dtype} in the state_dict and {tensor.dtype} in this model, which cannot hold '
                "its numbers"
            )
            return None
        return given if isinstance(given, Tensor) else value

    def finish(self, who):
        """Takes the steps unless something is wrong; gives (missing_keys, unexpected_keys).

        Hooks that run afterwards may settle what is missing or unexpected: where there are any,
        these two are complained about last.
        """
        result = _IncompatibleKeys(self.missing, self.unexpected)
        if self.errors or (self.strict and not self.after):
            self._complain(who, result)
        with no_grad():
            for step, arguments in self.steps:
                step(*arguments)
        for module, hook in self.after:
            if hook(module, result) is not None:
                raise TypeError("a hook after load_state_dict() changes the lists it is given and returns None")
        if self.strict:
            self._complain(who, result)
        return result

    def _complain(self, who, result):
        lines = list(self.errors)
        missing, unexpected = result
        if self.strict and missing:
            lines.append(f"Missing key(s) in state_dict: {_quoted(missing)}.")
        if self.strict and unexpected:
            lines.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.")
        if self.strict and (missing or unexpected):
            lines.append(
                _prefix_mend(missing, unexpected)
                or "To load what fits and leave the rest alone: load_state_dict(state_dict, strict=False)."
            )
        if lines:
            raise RuntimeError(f"Error(s) in loading state_dict for {who}:\n\t" + "\n\t".join(lines))


def _assign(module, name, old, value):
    if isinstance(old, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value, requires_grad=old.requires_grad)
    setattr(module, name, value)


def _as_tensor(value):
    if isinstance(value, UninitializedParameter):
        raise TypeError("its layer never saw an input; call the model that it was saved from with a batch first")
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, (str, bytes, dict)) or value is None:
        raise TypeError("expected a Tensor or an array")
    if hasattr(value, "detach"):  # PyTorch's
        value = value.detach().numpy()
    return as_tensor(value)


def _quoted(keys):
    return ", ".join([f'"{key}"' for key in keys])


def _prefix_mend(missing, unexpected):
    """The mend where all names differ by one prefix, such as DataParallel's "module."."""
    for shorter, longer, mend in (
        (missing, unexpected, "{{k[{n}:]: v for k, v in state_dict.items()}}"),
        (unexpected, missing, "{{{p!r} + k: v for k, v in state_dict.items()}}"),
    ):
        if shorter and len(shorter) == len(longer) and longer[0].endswith(shorter[0]):
            prefix = longer[0][: len(longer[0]) - len(shorter[0])]
            if prefix and {prefix + key for key in shorter} == set(longer):
                where = "state_dict" if shorter is missing else "model"
                return f"The {where}'s names begin with {prefix!r}: load " + mend.format(n=len(prefix), p=prefix) + "."
    return None
