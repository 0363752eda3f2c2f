"""How a tensor prints, digit for digit as PyTorch prints it.

A tensor's elements share one notation and one width, so that columns stand in line. Which
notation is chosen from the finite elements that are not zero:

    all of them integers      1., 20.           unless one is above 1e8 or 1000 times another
    otherwise                 0.1235            unless, besides, one is below 1e-4
    in these cases            1.2346e-05

More than `threshold` elements are summarized: `edgeitems` from each end of each axis, and
dots between.
"""

import math
from contextlib import contextmanager

import numpy as np

from minigrad.tensor import Tensor, bool_, get_default_dtype, int64

__all__ = ["get_printoptions", "printoptions", "set_printoptions", "tensor_repr"]

_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Sets how tensors print; what is None stays, except sci_mode.

    precision: digits after the point (4).
    threshold: tensors of more elements are summarized (1000).
    edgeitems: how many elements a summary shows at each end of an axis (3).
    linewidth: characters in a line (80).
    profile: "default", "short" or "full"; the others override it.
    sci_mode: True or False for scientific notation always or never; None chooses.

    Errors: ValueError for an unknown profile or a number out of range.
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: profile is one of {', '.join(map(repr, _PROFILES))}, got {profile!r}")
    for name, value in given.items():
        low = 1 if name == "linewidth" else 0
        whole = isinstance(value, (int, np.integer)) or (name == "threshold" and value == math.inf)
        if value is not None and (not whole or value < low):
            raise ValueError(f"set_printoptions: {name} must be an integer of at least {low}, got {value!r}")
    if sci_mode not in (None, True, False):
        raise ValueError(f"set_printoptions: sci_mode must be True, False or None, got {sci_mode!r}")
    if profile is not None:
        _options.update(_PROFILES[profile])
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def get_printoptions():
    """The settings of set_printoptions() by name."""
    return dict(_options)


@contextmanager
def printoptions(**options):
    """set_printoptions(**options) for the duration of a `with` block."""
    before = get_printoptions()
    try:
        set_printoptions(**{"sci_mode": before["sci_mode"], **options})
        yield
    finally:
        _options.update(before)


# ---- one number ------------------------------------------------------------------------------

def _formatter(shown):
    """A function that writes any element of an array in the notation and at the width that
    the array as a whole wants, and this width."""
    if shown.dtype.kind != "f":
        width = max([len(str(value)) for value in shown.ravel().tolist()], default=0)
        return lambda value: str(value).rjust(width), width

    numbers = shown.ravel().astype(np.float64)
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
    digits = _options["precision"]
    if not numbers.size:
        return _writer(True, False, digits), 1
    least, most = np.abs(numbers).min(), np.abs(numbers).max()
    whole = bool(np.all(numbers == np.ceil(numbers)))
    scientific = _options["sci_mode"]
    if scientific is None:
        with np.errstate(over="ignore"):
            scientific = most / least > 1000 or most > 1e8 or (not whole and least < 1e-4)
    write = _writer(whole, scientific, digits)
    width = max(len(write(value)) for value in numbers.tolist())
    return lambda value: write(value).rjust(width), width


def _writer(whole, scientific, digits):
    if scientific:
        return lambda value: f"{value:.{digits}e}"
    if whole:       # the point says that these are floats; inf and nan say so themselves
        return lambda value: f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
    return lambda value: f"{value:.{digits}f}"


# ---- all of them -----------------------------------------------------------------------------

def _ends(length, summarize):
    """The indices that are shown of an axis; None stands for the dots."""
    edge = _options["edgeitems"]
    if not summarize or length <= 2 * edge:
        return list(range(length))
    return [*range(edge), None, *range(length - edge, length)]


def _corners(array):
    """The elements that a summary shows."""
    for axis, length in enumerate(array.shape):
        array = array.take([i for i in _ends(length, True) if i is not None], axis)
    return array


def _nested(array, indent, summarize, write, width):
    """An array in brackets; indent: how far the opening bracket is from the left."""
    if array.ndim == 0:
        return write(array.item())
    ends = _ends(len(array), summarize)
    if array.ndim > 1:
        parts = ["..." if i is None else _nested(array[i], indent + 1, summarize, write, width) for i in ends]
        gap = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
        return "[" + gap.join(parts) + "]"
    if ends == [None]:
        return "[...]"
    words = [" ..." if i is None else write(array[i].item()) for i in ends]
    per_line = max(1, (_options["linewidth"] - indent) // (width + 2))
    lines = [", ".join(words[i:i + per_line]) for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def tensor_repr(x):
    """What repr(x) gives: the elements, and after them whatever is not as usual."""
    name = type(x).__name__
    text = "tensor(" if type(x) is Tensor or name == "Parameter" else f"{name}("
    indent = len(text)
    dtype = str(x.dtype)
    notes, edgeitems = [], _options["edgeitems"]
    if x.numel() == 0:
        text += "[]"
        if x.ndim != 1:
            notes.append(f"size={tuple(x.shape)}")
        if x.dtype != get_default_dtype():
            notes.append(f"dtype={dtype}")
    else:
        array = x.numpy(force=True)
        summarize = array.size > _options["threshold"]
        write, width = _formatter(_corners(array) if summarize else array)
        text += _nested(array, indent, summarize, write, width)
        if not edgeitems:       # which leaves no way to see it
            notes.append(f"size={tuple(x.shape)}")
        if x.dtype != get_default_dtype() and x.dtype not in (int64, bool_):
            notes.append(f"dtype={dtype}")
    if x.grad_fn is not None:
        notes.append(f"grad_fn=<{x.grad_fn.name()}>")
    elif x.requires_grad:
        notes.append("requires_grad=True")

    # Lines break where PyTorch breaks them: "minigrad." counts as "torch." does.
    room = _options["linewidth"] - (len(text) - text.rfind("\n") + 1)
    for note in notes:
        length = len(note.replace("minigrad.", "torch."))
        if length + 2 > room:
            text += ",\n" + " " * indent + note
            room = _options["linewidth"] - indent - length
        else:
            text += ", " + note
            room -= length + 2
    return text + ")"
