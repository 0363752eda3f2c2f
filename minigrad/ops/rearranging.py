"""Elements in other places: repeated, flipped, rolled; diagonals, triangles, windows; and padding around them."""
from operator import index as as_index

import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import where
from minigrad.ops.assignment import mark_view
from minigrad.ops.broadcast import shape_only
from minigrad.ops.indexing import index_select
from minigrad.ops.inplace import inplace
from minigrad.ops.rows import add_rows, elements, part
from minigrad.ops.shape import clone, reshape, transpose
from minigrad.tensor import (
    Tensor,
    add_method,
    as_dtype,
    axis_of,
    bool_,
    check_device,
    check_tensors,
    describe,
    int64,
    lend,
    method,
    strided,
)
from minigrad.tensor import wrap as over

MOST_AXES = 8

# ---- repeated --------------------------------------------------------------------------------------------------


def _counts(who, counts):
    if len(counts) == 1 and isinstance(counts[0], (tuple, list)):
        counts = counts[0]
    counts = tuple(map(int, counts))
    if any(c < 0 for c in counts):
        raise ValueError(f"{who}: expected counts that are not negative, got {counts}")
    return counts


def _repeated(x, counts):
    if len(counts) > x.ndim:
        x = reshape(x, (1,) * (len(counts) - x.ndim) + tuple(x.shape))
    y = x
    for i, count in enumerate(counts):
        if count != 1:
            if y.ndim == MOST_AXES:
                y = index_select(y, i, over(np.tile(np.arange(y.shape[i]), count)))
            else:
                n, before, behind = y.shape[i], tuple(y.shape[:i]), tuple(y.shape[i + 1:])
                y = y.unsqueeze(i).expand(*before, count, n, *behind).reshape(*before, count * n, *behind)
    return clone(y) if y.data_ptr() == x.data_ptr() else y


@method
def repeat(input, *counts, repeats=None):
    """The tensor beside itself as often as repeats says for each axis; new axes come in front; a copy."""
    check_tensors("repeat", input)
    counts = _counts("repeat", counts if repeats is None else (repeats,))
    if len(counts) < input.ndim:
        raise ValueError(f"repeat: expected at least one count an axis for {describe(input)}, got {counts}")
    return _repeated(input, counts)


@method
def tile(input, *counts, dims=None):
    """repeat(), with the counts for the last axes; the others are repeated once."""
    check_tensors("tile", input)
    counts = _counts("tile", counts if dims is None else (dims,))
    return _repeated(input, (1,) * (input.ndim - len(counts)) + counts)


@method
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each part of an axis repeated in place: [a, b] twice is [a, a, b, b]; dim None: x as one axis.

    repeats: a number, or one number a part. repeat_interleave(repeats) alone gives the indices.
    """
    check_tensors("repeat_interleave", input)
    if repeats is None:
        counts = lend(input)
        return over(np.repeat(np.arange(len(counts)), counts))
    if dim is None:
        input, dim = reshape(input, -1), 0
    axis = axis_of(dim, input.ndim)
    n = input.size(axis)
    counts = lend(repeats) if isinstance(repeats, Tensor) else np.asarray(repeats)
    if counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError("repeat_interleave: expected repeats that are integers and not negative, got "
                         f"{describe(repeats) if isinstance(repeats, Tensor) else repeats}")
    if counts.size not in (1, n) or counts.ndim > 1:
        raise ValueError(f"repeat_interleave: expected one number, or one for each of {n} parts; got {counts.size}")
    places = np.repeat(np.arange(n), counts if counts.size == n else counts.reshape(()))
    if output_size is not None and output_size != len(places):
        raise ValueError(f"repeat_interleave: output_size is {output_size}, the repeats sum to {len(places)}")
    return index_select(input, axis, over(places))


# ---- turned around ----------------------------------------------------------------------------------------------

@method
def flip(input, *axes, dims=None):
    """The order along each axis of dims turned around; a copy."""
    check_tensors("flip", input)
    dims = axes if dims is None else (dims,)
    dims = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    axes = [axis_of(d, input.ndim) for d in dims]
    if len(set(axes)) < len(axes):
        raise ValueError(f"flip: an axis is named twice in {dims}")
    if input.ndim == 0:
        return clone(input)
    return clone(part(input, tuple(slice(None, None, -1 if i in axes else None) for i in range(input.ndim))))


@method
def fliplr(input):
    """flip() along axis 1."""
    check_tensors("fliplr", input)
    if input.ndim < 2:
        raise ValueError(f"fliplr: expected at least 2 axes, got {describe(input)}")
    return flip(input, 1)


@method
def flipud(input):
    """flip() along axis 0."""
    check_tensors("flipud", input)
    if input.ndim < 1:
        raise ValueError("flipud: expected at least 1 axis, got a tensor of none")
    return flip(input, 0)


@method
def roll(input, shifts, dims=None):
    """Elements moved on by shifts along dims; what leaves at the end comes in at the front. dims None:
    the tensor as one axis."""
    check_tensors("roll", input)
    if dims is None or dims == () or dims == []:
        if isinstance(shifts, (tuple, list)):
            if len(shifts) != 1:
                raise ValueError(f"roll: {len(shifts)} shifts need as many dims, got none")
            shifts = shifts[0]
        return reshape(roll(reshape(input, -1), shifts, 0), input.shape)
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if len(shifts) != len(dims):
        raise ValueError(f"roll: expected as many shifts as dims, got {shifts} and {dims}")
    if input.ndim == 0:
        raise IndexError("roll: a tensor of no axes has none to roll along")
    y = input
    for shift, d in zip(shifts, dims, strict=True):
        axis = axis_of(d, input.ndim)
        if input.numel():
            y = index_select(y, axis, over(np.roll(np.arange(input.shape[axis]), int(shift))))
    return clone(y) if y is input else y


@method
def rot90(input, k=1, dims=(0, 1)):
    """Turned by k quarters in the plane of two axes, from the first towards the second; a copy."""
    check_tensors("rot90", input)
    if len(dims) != 2 or input.ndim < 2 or axis_of(dims[0], input.ndim) == axis_of(dims[1], input.ndim):
        raise ValueError(f"rot90: expected two different axes, got {dims} for {describe(input)}")
    a, b = axis_of(dims[0], input.ndim), axis_of(dims[1], input.ndim)
    quarters = k % 4
    if quarters == 1:
        return transpose(flip(input, b), a, b).contiguous()
    if quarters == 2:
        return flip(input, a, b)
    if quarters == 3:
        return flip(transpose(input, a, b), b)
    return clone(input)


# ---- triangles ----------------------------------------------------------------------------------------------------

def _triangle(who, x, diagonal, lower):
    check_tensors(who, x)
    if x.ndim < 2:
        raise ValueError(f"{who}: expected at least 2 axes, got {describe(x)}")
    keep = np.tri(*x.shape[-2:], int(diagonal) if lower else int(diagonal) - 1, dtype=bool)
    return where(over(keep if lower else ~keep), x, False if x.dtype is bool_ else 0)


@inplace
@method
def tril(input, diagonal=0):
    """The last two axes' lower triangle, up to a diagonal (0 the main one, 1 the one above it); else 0."""
    return _triangle("tril", input, diagonal, True)


@inplace
@method
def triu(input, diagonal=0):
    """The last two axes' upper triangle, from a diagonal (0 the main one, 1 the one above it) on; else 0."""
    return _triangle("triu", input, diagonal, False)


def _triangle_indices(keep, dtype, device):
    check_device(device)
    return over(np.stack(np.nonzero(keep)).astype(as_dtype(int64 if dtype is None else dtype).numpy))


def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None):
    """The rows and columns, (2, count), of the elements that tril() keeps of a (row, col) matrix."""
    return _triangle_indices(np.tri(row, col, offset, dtype=bool), dtype, device)


def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None):
    """The rows and columns, (2, count), of the elements that triu() keeps of a (row, col) matrix."""
    return _triangle_indices(~np.tri(row, col, offset - 1, dtype=bool), dtype, device)


# ---- views that no index makes: diagonals, windows, strides ---------------------------------------------------------

class Window(Op):
    """y = some of x's elements, some maybe several times; a view
    dx = 0, with dy added in at their places
    """
    def __init__(self, shape_of_x, places, title):
        self.shape_of_x, self.title = shape_of_x, title
        self.places = places        # gives the elements' row-major places in x

    def backward(self, dy):
        return add_rows(dy, elements(self.shape_of_x, self.places()), self.title)

    def name(self):
        return f"{self.title}Backward0"


def _window(x, shape, stride, offset, title, places):
    return mark_view(Window(shape_only(x), places, title).record(strided(x, shape, stride, offset), x), x)


def _numbered(shape):
    return np.arange(int(np.prod(shape))).reshape(shape)


@method
def diagonal(input, offset=0, dim1=0, dim2=1):
    """The elements whose indices along dim2 and dim1 differ by offset, as a new last axis; a view."""
    check_tensors("diagonal", input)
    a, b, k = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim), as_index(offset)
    if a == b:
        raise ValueError(f"diagonal: dim1 and dim2 are both axis {a}")
    shape, stride = tuple(input.shape), input.stride()
    others = [i for i in range(input.ndim) if i not in (a, b)]
    n = max(min(shape[a], shape[b] - k) if k >= 0 else min(shape[a] + k, shape[b]), 0)
    start = (k * stride[b] if k >= 0 else -k * stride[a]) if n else 0
    return _window(input, [shape[i] for i in others] + [n], [stride[i] for i in others] + [stride[a] + stride[b]],
                   start, "Diagonal", lambda: np.diagonal(_numbered(shape), k, a, b))


@method
def diag(input, diagonal=0):
    """Of a vector the matrix with it on a diagonal; of a matrix that diagonal, as a copy."""
    check_tensors("diag", input)
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return clone(input.diagonal(diagonal))
    raise ValueError(f"diag: expected a vector or a matrix, got {describe(input)}; use diagonal() or diag_embed()")


@method
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices, over the axes dim1 and dim2 of the result, with x's last axis on their diagonals; else 0."""
    check_tensors("diag_embed", input)
    if input.ndim == 0:
        raise ValueError("diag_embed: expected at least 1 axis, got a tensor of none")
    a, b = axis_of(dim1, input.ndim + 1), axis_of(dim2, input.ndim + 1)
    if a == b:
        raise ValueError(f"diag_embed: dim1 and dim2 are both axis {a}")
    shape = list(input.shape)
    n = shape.pop() + abs(offset)
    for axis in sorted((a, b)):
        shape.insert(axis, n)
    frame = input.new_empty(()).expand(shape)
    return add_rows(input, elements(frame, np.diagonal(_numbered(shape), offset, a, b)), "DiagEmbed")


@method
def diagflat(input, offset=0):
    """The matrix with x's elements, as one axis, on a diagonal; else 0."""
    return diag_embed(reshape(input, -1), offset)


@method
def fill_diagonal_(self, fill_value, wrap=False):
    """The elements whose indices are all equal <- fill_value; wrap: in tall matrices again below."""
    check_tensors("fill_diagonal_", self)
    if self.ndim < 2 or (self.ndim > 2 and len(set(self.shape)) > 1):
        raise ValueError(f"fill_diagonal_: expected a matrix, or equal lengths along all axes, got {describe(self)}")
    marked = np.zeros(self.shape, bool)
    np.fill_diagonal(marked, True, wrap=wrap)
    return self.masked_fill_(over(marked), fill_value)


def _unfold(self, dimension, size, step):
    """Windows of a size along an axis, each beginning step after the one before, as a new last axis; a view."""
    axis, size, step = axis_of(dimension, self.ndim), as_index(size), as_index(step)
    shape, stride = list(self.shape), list(self.stride())
    n = shape[axis] if shape else 1
    if size < 0 or size > n or step <= 0:
        raise ValueError(f"unfold: expected 0 <= size <= {n} and step > 0, got size {size} and step {step}")
    if len(shape) == MOST_AXES:
        raise ValueError(f"unfold: a tensor has at most {MOST_AXES} axes")
    starts = np.arange(0, n - size + 1, step)

    def places():
        numbered = _numbered(shape)
        if not shape:
            return numbered.reshape(1)[:size]
        return np.moveaxis(np.take(numbered, starts[:, None] + np.arange(size), axis), axis + 1, -1)

    windows, by = [*shape, size], [*stride, stride[axis] if stride else 1]
    if shape:
        windows[axis], by[axis] = len(starts), stride[axis] * step
    return _window(self, windows, by, 0, "Unfold", places)


add_method("unfold", _unfold)


@method
def as_strided(input, size, stride, storage_offset=None):
    """Another look at the tensor's memory: a shape, a step in elements an axis, and where it begins.

    Errors: ValueError where that leaves the memory; RuntimeError for a tensor that requires grad and
    is not contiguous.
    """
    check_tensors("as_strided", input)
    size, stride = tuple(map(as_index, size)), tuple(map(as_index, stride))
    if len(stride) != len(size) or len(size) > MOST_AXES:
        raise ValueError(f"as_strided: expected one stride an axis (at most {MOST_AXES}), got {size} and {stride}")
    if any(n < 0 for n in size):
        raise ValueError(f"as_strided: lengths are not negative, got {size}")
    ours = input.storage_offset()
    begin = ours if storage_offset is None else as_index(storage_offset)
    first = begin + sum(min(0, by * (n - 1)) for n, by in zip(size, stride, strict=True))
    last = begin + sum(max(0, by * (n - 1)) for n, by in zip(size, stride, strict=True))
    room = len(input.storage())
    if 0 not in size and (first < 0 or last >= room):
        raise ValueError(f"as_strided: {size} with strides {stride} from {begin} on reaches from {first} "
                         f"to {last}; the memory holds {room} elements")
    if input.requires_grad and not input.is_contiguous():
        raise RuntimeError("as_strided: this tensor requires grad and is not contiguous; use x.contiguous() first")
    if input.requires_grad and 0 not in size and (first < ours or last >= ours + input.numel()):
        raise RuntimeError("as_strided: this tensor requires grad, and the strides leave it for other parts of its "
                           "memory")

    def places():
        place = np.full((), begin - ours)
        for n, by in zip(size, stride, strict=True):
            place = place[..., None] + np.arange(n) * by
        return place

    return _window(input, size, stride, begin - ours, "AsStrided", places)


# ---- padding ---------------------------------------------------------------------------------------------------------

class Pad(Op):
    """y = x with a value around it
    dx = the part of dy that x became
    """
    def forward(self, x, before, after, value):
        y = x.new_empty([m + n + k for m, n, k in zip(before, x.shape, after, strict=True)])
        self.inside = tuple(slice(m, m + n) for m, n in zip(before, x.shape, strict=True))
        array = lend(y)
        array[...] = value
        array[self.inside] = lend(x)
        return y

    def backward(self, dy):
        return part(dy, self.inside)

    def name(self):
        return "ConstantPadNdBackward0"


def pad(input, pad, mode="constant", value=None):
    """The tensor with more elements before and behind, along its last axes.

    pad: (before, behind) of the last axis, then of the one before it, and so on; negative numbers
    cut off. mode: "constant" (value, 0 where None), or, for the last 1, 2 or 3 axes behind one or two
    others, "reflect" (mirrored, without the edge), "replicate" (the edge) or "circular" (from the
    other end).
    """
    check_tensors("pad", input)
    pad = tuple(map(int, pad))
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(f"pad: expected two numbers an axis, for at most {input.ndim} axes, got {pad}")
    rest = [0] * (input.ndim - len(pad) // 2)
    before, after = rest + list(pad[-2::-2]), rest + list(pad[::-2])
    if mode == "constant":
        return _pad_with_a_number(input, pad, before, after, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if value is not None and value != 0:
        raise ValueError(f"pad: mode {mode!r} takes no value, got {value}")
    if len(pad) // 2 not in (input.ndim - 1, input.ndim - 2) or not 2 <= len(pad) <= 6:
        raise ValueError(f"pad: mode {mode!r} pads all axes but the first one or two (at most 3), got {pad} for "
                         f"{describe(input)}")
    y = input
    for axis, (n, m, k) in enumerate(zip(input.shape, before, after, strict=True)):
        if not m and not k:
            continue
        most = n - 1 if mode == "reflect" else n
        if mode != "replicate" and (m > most or k > most):
            raise ValueError(f"pad: mode {mode!r} can add at most {most} to axis {axis} of {describe(input)}, got "
                             f"({m}, {k})")
        if n + m + k <= 0 or n == 0:
            raise ValueError(f"pad: nothing would be left of axis {axis} of {describe(input)} with {pad}")
        y = index_select(y, axis, over(_places(mode, n, m, k)))
    return clone(y) if y is input else y


def _pad_with_a_number(x, pad, before, after, value):
    cut = tuple(slice(max(-m, 0), n + min(k, 0)) for n, m, k in zip(x.shape, before, after, strict=True))
    for i, kept in enumerate(cut):
        length = x.shape[i] + before[i] + after[i]
        if length < 0 or kept.start > kept.stop:
            raise ValueError(f"pad: axis {i} of {describe(x)} would be {length} long with {pad}")
    if min(pad, default=0) < 0:
        x = part(x, cut)
    op = Pad()
    return op.record(op.forward(x, [max(m, 0) for m in before], [max(k, 0) for k in after], value), x)


def _places(mode, n, before, after):
    """Which element of an axis of length n comes to each place of the padded one."""
    kept = slice(max(-before, 0), n + min(after, 0))
    added = max(before, 0), max(after, 0)
    if mode == "circular":      # what was cut off does not come round
        return np.pad(np.arange(n)[kept], added, "wrap")
    places = np.pad(np.arange(n), added, "reflect" if mode == "reflect" else "edge")
    return places[kept.start:len(places) + min(after, 0)]
