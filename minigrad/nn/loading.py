"""The checks of load_state_dict(): what is missing, unexpected or misshapen, and how to mend it."""

from collections import namedtuple

from minigrad.tensor import Tensor, as_tensor

_Incompatible = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class _IncompatibleKeys(_Incompatible):
    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return _Incompatible.__repr__(self)


class Loading:
    """One load_state_dict(): what was found, and the steps to take if all is well."""

    __slots__ = ("assign", "errors", "expected", "metadata", "missing", "state", "steps", "strict")

    def __init__(self, state_dict, strict, assign):
        self.metadata = getattr(state_dict, "_metadata", None) or {}
        self.state = {key: state_dict[key] for key in state_dict.keys()}  # noqa: SIM118 (a mapping by duck)
        self.strict = strict
        self.assign = assign
        self.expected = set()
        self.missing = []
        self.errors = []
        self.steps = []

    def take(self, key, tensor):
        """The value for a tensor of the module, or None and a note of what is wrong."""
        self.expected.add(key)
        if key not in self.state:
            if key not in self.missing:
                self.missing.append(key)
            return None
        try:
            value = _as_tensor(self.state[key])
        except (TypeError, ValueError, RuntimeError) as error:
            self.errors.append(f'"{key}" is a {type(self.state[key]).__name__}, and no tensor: {error}')
            return None
        if tuple(value.shape) != tuple(tensor.shape):
            self.errors.append(
                f'size mismatch for "{key}": the state_dict has {tuple(value.shape)}, this model '
                f"{tuple(tensor.shape)}; build the model with the saved one's sizes"
            )
            return None
        if value.is_floating_point() and not tensor.is_floating_point():
            self.errors.append(f'"{key}" is {value.dtype} in the state_dict and {tensor.dtype} in this model')
            return None
        return value

    def result(self):
        return _IncompatibleKeys(list(self.missing), [key for key in self.state if key not in self.expected])

    def complaints(self):
        missing, unexpected = self.result()
        lines = []
        if missing:
            lines.append(f"Missing key(s) in state_dict: {_quoted(missing)}.")
        if unexpected:
            lines.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.")
        if lines:
            lines.append(
                _prefix_mend(missing, unexpected)
                or "To load what fits and leave the rest alone: load_state_dict(state_dict, strict=False)."
            )
        return lines


def _as_tensor(value):
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
