"""From PyTorch's samples to minigrad's: tensors in five layouts, dtypes, lists, slices, scalars.

`Ours` translates one call. It remembers every array it lends, so that afterwards it can say
whether one was written to, and every tensor that wants a gradient beside its counterpart.
"""

import numpy as np
import torch

import minigrad as mg

DTYPES = {
    getattr(torch, name): getattr(mg, "bool" if name == "bool" else name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
}


class Declined(Exception):
    """A sample that minigrad is not asked to understand; the text is the reason."""


# ---- the five layouts ---------------------------------------------------------------------------

def contiguous(array):
    """Row after row."""
    whole = array.copy(order="C")
    return whole, whole


def gaps(array):
    """Every second element along every axis of a larger array; between them, other numbers."""
    whole = np.full([2 * n for n in array.shape], 77, array.dtype)
    view = whole[tuple(slice(None, None, 2) for _ in array.shape)] if array.ndim else whole
    view[...] = array
    return view, whole


def backwards(array):
    """Negative strides along every axis."""
    if array.ndim == 0:
        return contiguous(array)
    turn = tuple(slice(None, None, -1) for _ in array.shape)
    whole = array[turn].copy(order="C")
    return whole[turn], whole


def fortran(array):
    """Column after column."""
    whole = array.copy(order="F")
    return whole, whole


def read_only(array):
    """A read-only array that starts one element past a 64-byte line.

    Elements that are themselves unaligned are refused by from_numpy: a test of its own.
    """
    line = 64 // array.itemsize
    whole = np.zeros(array.size + 2 * line, array.dtype)
    start = -(whole.ctypes.data // array.itemsize) % line + 1
    view = whole[start:start + array.size].reshape(array.shape)
    view[...] = array
    view.flags.writeable = False
    return view, whole


LAYOUTS = (contiguous, gaps, backwards, fortran, read_only)


# ---- values -------------------------------------------------------------------------------------

def array_of(tensor):
    """The numbers of one of PyTorch's tensors."""
    if tensor.layout is not torch.strided:
        raise Declined("sparse tensors")
    if tensor.device.type != "cpu":
        raise Declined("devices other than the CPU")
    if tensor.dtype.is_complex:
        raise Declined("complex numbers")
    if tensor.dtype not in DTYPES:
        raise Declined(f"dtype {str(tensor.dtype).removeprefix('torch.')}")
    if tensor.ndim > 8:
        raise Declined("more than eight axes")
    return tensor.detach().resolve_neg().numpy()


def numbers(result):
    """One of minigrad's results as an array."""
    return result.detach().numpy() if isinstance(result, mg.Tensor) else np.asarray(result)


def is_idle(value):
    """Whether an argument asks for what there is anyhow: dense tensors without further formats."""
    return any(value is one for one in (torch.strided, torch.contiguous_format, torch.preserve_format))


def picked(places, args, kwargs):
    """The tensors at some places of a call: positions and names."""
    found = [args[place] if place < len(args) else None for place in places if isinstance(place, int)]
    found += [kwargs.get(place) for place in places if isinstance(place, str)]
    return [value for value in found if isinstance(value, (torch.Tensor, mg.Tensor))]


class Translator:
    """Walks arguments; a tensor met twice is the same tensor afterwards."""

    def __init__(self):
        self.seen = {}
        self.written = set()

    def __call__(self, value):
        if isinstance(value, torch.Tensor):
            if id(value) not in self.seen:
                self.seen[id(value)] = (value, self.tensor(value))
            return self.seen[id(value)][1]
        if type(value) in (list, tuple):
            return type(value)(self(item) for item in value)
        if isinstance(value, tuple):        # torch.Size and named tuples
            return tuple(self(item) for item in value)
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        return self.other(value)

    def call(self, function, sample, writes=()):
        """The results, and behind them the arguments that were written to."""
        args = [sample.input, *[value for value in sample.args if not is_idle(value)]]
        kwargs = {key: value for key, value in sample.kwargs.items() if not is_idle(value)}
        self.written = {id(value) for value in picked(writes, args, kwargs)}
        args, kwargs = self(args), self(kwargs)
        result = function(*args, **kwargs)
        return [*flat(result), *picked(writes, args, kwargs)]

    def leaves(self):
        """Those that want a gradient, in the order they were met."""
        return [copy for original, copy in self.seen.values() if original.requires_grad]


class Theirs(Translator):
    """Fresh contiguous leaves for PyTorch; double: floating tensors widened to float64."""

    def __init__(self, double=False):
        super().__init__()
        self.double = double

    def tensor(self, value):
        copy = value.detach().clone(memory_format=torch.contiguous_format)
        if self.double and copy.is_floating_point():
            copy = copy.double()
        return copy.requires_grad_(value.requires_grad)

    def other(self, value):
        return value


class Ours(Translator):
    """minigrad's tensors, by from_numpy on arrays of one layout."""

    def __init__(self, layout=contiguous):
        super().__init__()
        self.layout = layout
        self.lent = []

    def tensor(self, value):
        if id(value) in self.written:
            view, _ = contiguous(array_of(value))
        else:
            view, whole = self.layout(array_of(value))
            self.lent.append((whole, whole.tobytes()))
        return mg.from_numpy(view).requires_grad_(value.requires_grad)

    def other(self, value):
        if isinstance(value, torch.dtype):
            if value not in DTYPES:
                raise Declined(f"dtype {str(value).removeprefix('torch.')}")
            return DTYPES[value]
        if isinstance(value, torch.device):
            value = value.type
        if isinstance(value, str) and value.split(":")[0] in ("cuda", "meta", "mps", "xpu"):
            raise Declined("devices other than the CPU")
        if isinstance(value, complex):
            raise Declined("complex numbers")
        if isinstance(value, (torch.layout, torch.memory_format)):
            raise Declined("sparse layouts and channels-last memory")
        if isinstance(value, (int, float, str, bytes, np.generic, type(None), type(...))):
            return value
        if isinstance(value, np.ndarray):
            return value.copy()
        raise Declined(f"arguments of type {type(value).__name__}")

    def call(self, function, sample, writes=()):
        if "out" in sample.kwargs:
            raise Declined("out=")
        return super().call(function, sample, writes)

    def changed(self):
        """Whether an array it lent is not what it was."""
        return any(whole.tobytes() != before for whole, before in self.lent)


def flat(result):
    """A result as a list of tensors and scalars."""
    if isinstance(result, (list, tuple)) and not isinstance(result, (torch.Size, mg.Size)):
        return [part for item in result for part in flat(item)]
    return [result]


def dtype_name(result):
    if isinstance(result, (torch.Tensor, mg.Tensor)):
        return str(result.dtype).rpartition(".")[2]
    return type(result).__name__
