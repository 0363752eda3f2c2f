"""Elements in other places: repeated, flipped, rolled; diagonals, triangles, windows; and padding around them."""
from minigrad.autograd.engine cimport Op
from minigrad.ops.broadcast cimport shape_only
from minigrad.ops.indexing cimport add_rows, elements, part
from minigrad.ops.inplace cimport mark_view
from minigrad.tensor cimport (
    INT64, MAX_RANK, Tensor, axis_of, describe, dtype_of, kind_of, lend, new_tensor, to_tensor, view_as,
    wrap as over,
)

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.indexing import index_select
from minigrad.ops.inplace import inplace
from minigrad.ops.shape import clone, flatten, reshape, transpose, unsqueeze
from minigrad.tensor import add_method, check_device, method


# ---- repeated --------------------------------------------------------------------------------------------------

cdef tuple _counts(str who, tuple counts):
    if len(counts) == 1 and isinstance(counts[0], (tuple, list)):
        counts = tuple(counts[0])
    counts = tuple([int(c) for c in counts])
    if any([c < 0 for c in counts]):
        raise ValueError(f"{who}: expected counts that are not negative, got {counts}")
    return counts


cdef object _repeated(object x, tuple counts):
    cdef int i
    x = reshape(x, (1,) * (len(counts) - x.ndim) + tuple(x.shape)) if len(counts) > x.ndim else x
    y = x
    for i, count in enumerate(counts):
        if count != 1:
            n = y.shape[i]
            y = index_select(y, i, over(np.tile(np.arange(n), count))) if y.ndim == MAX_RANK else flatten(
                unsqueeze(y, i).expand((-1,) * i + (count,) + (-1,) * (y.ndim - i)), i, i + 1)
    return clone(y) if y is x or (<Tensor>y).storage == (<Tensor>x).storage else y


@method
def repeat(Tensor input not None, *counts, repeats=None):
    """The tensor beside itself as often as repeats says for each axis; new axes come in front; a copy."""
    counts = _counts("repeat", counts if repeats is None else (repeats,))
    if len(counts) < input.rank:
        raise ValueError(f"repeat: expected at least one count an axis for {describe(input)}, got {counts}")
    return _repeated(input, counts)


@method
def tile(Tensor input not None, *counts, dims=None):
    """repeat(), with the counts for the last axes; the others are repeated once."""
    counts = _counts("tile", counts if dims is None else (dims,))
    return _repeated(input, (1,) * (input.rank - len(counts)) + counts)


@method
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each part of an axis repeated in place: [a, b] twice is [a, a, b, b]; dim None: x as one axis.

    repeats: a number, or one number a part. repeat_interleave(repeats) alone gives the indices.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"repeat_interleave: expected a tensor, got {type(input).__name__}")
    if repeats is None:
        counts = lend(<Tensor>input)
        return over(np.repeat(np.arange(len(counts)), counts))
    if dim is None:
        input, dim = reshape(input, -1), 0
    cdef int axis = axis_of(dim, (<Tensor>input).rank)
    n = input.shape[axis]
    counts = lend(<Tensor>repeats) if isinstance(repeats, Tensor) else np.asarray(repeats)
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
def flip(Tensor input not None, *axes, dims=None):
    """The order along each axis of dims turned around; a copy."""
    dims = axes if dims is None else (dims,)
    dims = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    axes = [axis_of(d, input.rank) for d in dims]
    if len(set(axes)) < len(axes):
        raise ValueError(f"flip: an axis is named twice in {dims}")
    if input.rank == 0:
        return clone(input)
    return clone(part(input, tuple([slice(None, None, -1) if i in axes else slice(None) for i in range(input.rank)])))


@method
def fliplr(Tensor input not None):
    """flip() along axis 1."""
    if input.rank < 2:
        raise ValueError(f"fliplr: expected at least 2 axes, got {describe(input)}")
    return flip(input, 1)


@method
def flipud(Tensor input not None):
    """flip() along axis 0."""
    if input.rank < 1:
        raise ValueError("flipud: expected at least 1 axis, got a tensor of none")
    return flip(input, 0)


@method
def roll(Tensor input not None, shifts, dims=None):
    """Elements moved on by shifts along dims; what leaves at the end comes in at the front. dims None:
    the tensor as one axis."""
    if dims is None or dims == () or dims == []:
        if isinstance(shifts, (tuple, list)):
            if len(shifts) != 1:
                raise ValueError(f"roll: {len(shifts)} shifts need as many dims, got none")
            shifts = shifts[0]
        return reshape(roll(reshape(input, -1), shifts, 0), tuple(input.shape))
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if len(shifts) != len(dims):
        raise ValueError(f"roll: expected as many shifts as dims, got {shifts} and {dims}")
    if input.rank == 0:
        raise IndexError("roll: a tensor of no axes has none to roll along")
    y = input
    for shift, d in zip(shifts, dims):
        axis = axis_of(d, input.rank)
        if input.n:
            n = input.length[<int>axis]
            y = index_select(y, axis, over((np.arange(n) - int(shift) % n) % n))
    return clone(y) if y is input else y


@method
def rot90(Tensor input not None, k=1, dims=(0, 1)):
    """Turned by k quarters in the plane of two axes, from the first towards the second; a copy."""
    if len(dims) != 2 or input.rank < 2 or axis_of(dims[0], input.rank) == axis_of(dims[1], input.rank):
        raise ValueError(f"rot90: expected two different axes, got {dims} for {describe(input)}")
    a, b = axis_of(dims[0], input.rank), axis_of(dims[1], input.rank)
    quarters = k % 4
    if quarters == 1:
        return transpose(flip(input, b), a, b).contiguous()
    if quarters == 2:
        return flip(input, a, b)
    if quarters == 3:
        return flip(transpose(input, a, b), b)
    return clone(input)


# ---- triangles ----------------------------------------------------------------------------------------------------

cdef object _triangle(str who, Tensor x, object diagonal, bint lower):
    if x.rank < 2:
        raise ValueError(f"{who}: expected at least 2 axes, got {describe(x)}")
    keep = np.tri(x.length[x.rank - 2], x.length[x.rank - 1], int(diagonal) if lower else int(diagonal) - 1, dtype=bool)
    return where(over(keep if lower else ~keep), x, False if x.kind == kind_of("bool") else 0)


@inplace
@method
def tril(Tensor input not None, diagonal=0):
    """The last two axes' lower triangle, up to a diagonal (0 the main one, 1 the one above it); else 0."""
    return _triangle("tril", input, diagonal, True)


@inplace
@method
def triu(Tensor input not None, diagonal=0):
    """The last two axes' upper triangle, from a diagonal (0 the main one, 1 the one above it) on; else 0."""
    return _triangle("triu", input, diagonal, False)


cdef object _triangle_indices(object keep, object dtype, object device):
    check_device(device)
    return over(np.ascontiguousarray(np.stack(np.nonzero(keep))).astype(dtype_of(
        INT64 if dtype is None else kind_of(dtype)).numpy))


def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None):
    """The rows and columns, (2, count), of the elements that tril() keeps of a (row, col) matrix."""
    return _triangle_indices(np.tri(row, col, offset, dtype=bool), dtype, device)


def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None):
    """The rows and columns, (2, count), of the elements that triu() keeps of a (row, col) matrix."""
    return _triangle_indices(~np.tri(row, col, offset - 1, dtype=bool), dtype, device)


# ---- views that no index makes: diagonals, windows, strides ---------------------------------------------------------

cdef class Window(Op):
    """y = some of x's elements, some maybe several times; a view
    dx = 0, with dy added in at their places
    """
    cdef Tensor shape_of_x
    cdef object places          # gives the elements' row-major places in x
    cdef str label

    cdef backward(self, Tensor dy):
        return add_rows(dy, elements(self.shape_of_x, self.places()), self.label)

    def name(self):
        return f"{self.label}Backward0"


cdef Tensor _window(Tensor x, int rank, const Py_ssize_t *length, const Py_ssize_t *step, Py_ssize_t offset,
                    str label, object places):
    cdef Window op = Window.__new__(Window)
    op.shape_of_x, op.places, op.label = shape_only(x), places, label
    return mark_view(op.record(view_as(x, rank, length, step, offset), x), x)


cdef object _numbered(object shape):
    return np.arange(int(np.prod(shape))).reshape(shape)


@method
def diagonal(Tensor input not None, offset=0, dim1=0, dim2=1):
    """The elements whose indices along dim2 and dim1 differ by offset, as a new last axis; a view."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int a = axis_of(dim1, input.rank), b = axis_of(dim2, input.rank), rank = 0, i
    cdef Py_ssize_t k = offset, n, start
    if a == b:
        raise ValueError(f"diagonal: dim1 and dim2 are both axis {a}")
    for i in range(input.rank):
        if i != a and i != b:
            length[rank], step[rank] = input.length[i], input.step[i]
            rank += 1
    n = min(input.length[a], input.length[b] - k) if k >= 0 else min(input.length[a] + k, input.length[b])
    length[rank], step[rank] = max(n, 0), input.step[a] + input.step[b]
    start = (k * input.step[b] if k >= 0 else -k * input.step[a]) if n > 0 else 0
    shape = tuple(input.shape)
    return _window(input, rank + 1, length, step, start, "Diagonal",
                   lambda: np.diagonal(_numbered(shape), k, a, b))


@method
def diag(Tensor input not None, diagonal=0):
    """Of a vector the matrix with it on a diagonal; of a matrix that diagonal, as a copy."""
    if input.rank == 1:
        return diag_embed(input, diagonal)
    if input.rank == 2:
        return clone(_diagonal(input, diagonal))
    raise ValueError(f"diag: expected a vector or a matrix, got {describe(input)}; use diagonal() or diag_embed()")


_diagonal = diagonal


@method
def diag_embed(Tensor input not None, offset=0, dim1=-2, dim2=-1):
    """Matrices, over the axes dim1 and dim2 of the result, with x's last axis on their diagonals; else 0."""
    cdef int rank = input.rank + 1
    if input.rank == 0:
        raise ValueError("diag_embed: expected at least 1 axis, got a tensor of none")
    a, b = axis_of(dim1, rank), axis_of(dim2, rank)
    if a == b:
        raise ValueError(f"diag_embed: dim1 and dim2 are both axis {a}")
    cdef Py_ssize_t n = input.length[input.rank - 1] + (offset if offset >= 0 else -offset)
    shape = list(input.shape)[:-1]
    for axis in sorted((a, b)):
        shape.insert(axis, n)
    frame = over(np.broadcast_to(np.zeros((), np.float32), shape))
    return add_rows(input, elements(frame, np.diagonal(_numbered(shape), offset, a, b)), "DiagEmbed")


@method
def diagflat(Tensor input not None, offset=0):
    """The matrix with x's elements, as one axis, on a diagonal; else 0."""
    return diag_embed(reshape(input, -1), offset)


@method
def fill_diagonal_(Tensor self not None, fill_value, wrap=False):
    """The elements whose indices are all equal <- fill_value; wrap: in tall matrices again below."""
    if self.rank < 2 or (self.rank > 2 and len(set(tuple(self.shape))) > 1):
        raise ValueError(f"fill_diagonal_: expected a matrix, or equal lengths along all axes, got {describe(self)}")
    marked = np.zeros(tuple(self.shape), bool)
    np.fill_diagonal(marked, True, wrap=wrap)
    return self.masked_fill_(to_tensor(marked, kind_of("bool")), fill_value)


def _unfold(Tensor self not None, dimension, Py_ssize_t size, Py_ssize_t step):
    """Windows of a size along an axis, each beginning step after the one before, as a new last axis; a view."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t stride[MAX_RANK]
    cdef int axis = axis_of(dimension, self.rank), i
    cdef Py_ssize_t n = self.length[axis] if self.rank else 1
    if size < 0 or size > n or step <= 0:
        raise ValueError(f"unfold: expected 0 <= size <= {n} and step > 0, got size {size} and step {step}")
    if self.rank == MAX_RANK:
        raise ValueError(f"unfold: a tensor has at most {MAX_RANK} axes")
    for i in range(self.rank):
        length[i], stride[i] = self.length[i], self.step[i]
    if self.rank:
        length[axis], stride[axis] = (n - size) // step + 1, self.step[axis] * step
    length[self.rank], stride[self.rank] = size, self.step[axis] if self.rank else 1
    shape, rank = tuple(self.shape), self.rank

    def places():
        numbered = _numbered(shape)
        if rank == 0:
            return numbered.reshape(1)[:size]
        starts = np.arange((n - size) // step + 1)[:, None] * step + np.arange(size)
        return np.moveaxis(np.take(numbered, starts, axis), axis + 1, -1)

    return _window(self, self.rank + 1, length, stride, 0, "Unfold", places)


add_method("unfold", _unfold)


@method
def as_strided(Tensor input not None, size, stride, storage_offset=None):
    """Another look at the tensor's memory: a shape, a step in elements an axis, and where it begins.

    Errors: ValueError where that leaves the memory; RuntimeError for a tensor that requires grad and
    is not contiguous.
    """
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef Py_ssize_t begin, first, last, room
    cdef int rank = len(size), i
    if len(stride) != rank or rank > MAX_RANK:
        raise ValueError(f"as_strided: expected one stride an axis (at most {MAX_RANK}), got {size} and {stride}")
    begin = input.storage_offset() if storage_offset is None else storage_offset
    first = last = begin
    room = input.storage.nbytes // dtype_of(input.kind).itemsize
    empty = False
    for i in range(rank):
        length[i], step[i] = size[i], stride[i]
        if length[i] < 0:
            raise ValueError(f"as_strided: lengths are not negative, got {size}")
        empty = empty or length[i] == 0
        first += min(0, step[i] * (length[i] - 1))
        last += max(0, step[i] * (length[i] - 1))
    if not empty and (first < 0 or last >= room):
        raise ValueError(f"as_strided: {tuple(size)} with strides {tuple(stride)} from {begin} on reaches from {first} "
                         f"to {last}; the memory holds {room} elements")
    if input.requires and not input.dense:
        raise RuntimeError("as_strided: this tensor requires grad and is not contiguous; use x.contiguous() first")
    begin -= input.storage_offset()
    if input.requires and not empty and (first < input.storage_offset() or last >= input.storage_offset() + input.n):
        raise RuntimeError("as_strided: this tensor requires grad, and the strides leave it for other parts of its "
                           "memory")
    places_shape, places_step, start = tuple(size), tuple(stride), begin

    def places():
        place = np.zeros((), np.int64)
        for n, by in zip(places_shape, places_step):
            place = place[..., None] + np.arange(n) * by
        return place + start

    return _window(input, rank, length, step, begin, "AsStrided", places)


# ---- padding ---------------------------------------------------------------------------------------------------------

cdef class Pad(Op):
    """y = x with a value around it
    dx = the part of dy that x became
    """
    cdef tuple inside

    cdef Tensor forward(self, Tensor x, list before, list after, object value):
        cdef Py_ssize_t length[MAX_RANK]
        cdef int i
        for i in range(x.rank):
            length[i] = x.length[i] + before[i] + after[i]
        cdef Tensor y = new_tensor(x.kind, x.rank, length)
        lend(y)[...] = value
        self.inside = tuple([slice(before[i], before[i] + x.length[i]) for i in range(x.rank)])
        lend(y)[self.inside] = lend(x)
        y.storage.version = 0
        return y

    cdef backward(self, Tensor dy):
        return part(dy, self.inside)

    def name(self):
        return "ConstantPadNdBackward0"


def pad(Tensor input not None, pad, mode="constant", value=None):
    """The tensor with more elements before and behind, along its last axes.

    pad: (before, behind) of the last axis, then of the one before it, and so on; negative numbers
    cut off. mode: "constant" (value, 0 where None), or, for the last 1, 2 or 3 axes behind one or two
    others, "reflect" (mirrored, without the edge), "replicate" (the edge) or "circular" (from the
    other end).
    """
    cdef Pad op
    cdef int axis, i
    pad = tuple([int(n) for n in pad])
    if len(pad) % 2 or len(pad) > 2 * input.rank:
        raise ValueError(f"pad: expected two numbers an axis, for at most {input.rank} axes, got {pad}")
    before, after = [0] * input.rank, [0] * input.rank
    for i in range(len(pad) // 2):
        before[input.rank - 1 - i], after[input.rank - 1 - i] = pad[2 * i], pad[2 * i + 1]
    if mode == "constant":
        cut = tuple([slice(max(-before[i], 0), input.length[i] + min(after[i], 0)) for i in range(input.rank)])
        for i in range(input.rank):
            if input.length[i] + before[i] + after[i] < 0 or cut[i].start > cut[i].stop:
                raise ValueError(f"pad: axis {i} of {describe(input)} would be "
                                 f"{input.length[i] + before[i] + after[i]} long with {pad}")
        x = part(input, cut) if any([n < 0 for n in pad]) else input
        op = Pad.__new__(Pad)
        return op.record(op.forward(x, [max(n, 0) for n in before], [max(n, 0) for n in after],
                                    0 if value is None else value), x)
    modes = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in modes:
        raise ValueError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if value is not None and value != 0:
        raise ValueError(f"pad: mode {mode!r} takes no value, got {value}")
    if len(pad) // 2 not in (input.rank - 1, input.rank - 2) or not 2 <= len(pad) <= 6:
        raise ValueError(f"pad: mode {mode!r} pads all axes but the first one or two (at most 3), got {pad} for "
                         f"{describe(input)}")
    y = input
    for axis in range(input.rank):
        if before[axis] or after[axis]:
            n = input.length[axis]
            most = n - 1 if mode == "reflect" else n
            if mode != "replicate" and (before[axis] > most or after[axis] > most):
                raise ValueError(f"pad: mode {mode!r} can add at most {most} to axis {axis} of {describe(input)}, got "
                                 f"({before[axis]}, {after[axis]})")
            if n + before[axis] + after[axis] <= 0 or n == 0:
                raise ValueError(f"pad: nothing would be left of axis {axis} of {describe(input)} with {pad}")
            places = np.arange(n)
            cut = slice(max(-before[axis], 0), n + min(after[axis], 0))
            if mode == "circular":      # what was cut off does not come round
                places = places[cut]
            places = np.pad(places, (max(before[axis], 0), max(after[axis], 0)), modes[mode])
            if mode != "circular":
                places = places[cut.start:len(places) + min(after[axis], 0)]
            y = index_select(y, axis, over(np.ascontiguousarray(places)))
    return clone(y) if y is input else y
