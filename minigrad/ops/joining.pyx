"""Tensors cut into parts along an axis, and put together: split and cat, each other's gradient."""
from minigrad.autograd.engine cimport Op
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.indexing cimport part
from minigrad.tensor cimport (
    INT64, MAX_RANK, Kind, Tensor, axis_of, copy_into, describe, dtype_of, new_tensor, promote_kinds, to_tensor,
    view_as,
)

import numpy as np

from minigrad.ops.indexing import index_select, narrow
from minigrad.ops.shape import atleast_1d, atleast_2d, atleast_3d, broadcast_tensors, clone, reshape, unsqueeze
from minigrad.tensor import add_method, method


# ---- cut ---------------------------------------------------------------------------------------------------

@method
def unbind(Tensor input not None, dim=0):
    """The parts along an axis, which goes, as a tuple."""
    cdef int axis = _axis("unbind", input, dim)
    return tuple([part(input, (slice(None),) * axis + (i,)) for i in range(input.length[axis])])


@method
def split(Tensor tensor not None, split_size_or_sections, dim=0):
    """Parts along an axis, of one size each (the last may be smaller) or of the sizes listed."""
    cdef int axis = axis_of(dim, tensor.rank)
    cdef Py_ssize_t n = tensor.length[axis], start = 0
    if isinstance(split_size_or_sections, int):
        if split_size_or_sections < 0 or (split_size_or_sections == 0 and n):
            raise ValueError(f"split: the size of a part must be at least 1, got {split_size_or_sections}")
        sizes = [min(split_size_or_sections, n - at) for at in range(0, n, split_size_or_sections or 1)] or [0]
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != n:
            raise ValueError(f"split: the sizes {sizes} sum to {sum(sizes)}, axis {axis} is {n} long")
    parts = []
    for size in sizes:
        parts.append(narrow(tensor, axis, start, size))
        start += size
    return tuple(parts)


@method
def chunk(Tensor input not None, Py_ssize_t chunks, dim=0):
    """The axis in (at most) `chunks` parts of equal size, the last smaller."""
    cdef Py_ssize_t n = input.length[axis_of(dim, input.rank)]
    if chunks <= 0:
        raise ValueError(f"chunk: expected at least 1 chunk, got {chunks}")
    return split(input, max(1, (n + chunks - 1) // chunks), dim)


def _split_with_sizes(Tensor self not None, split_sizes, dim=0):
    """split() into parts of the sizes listed."""
    return split(self, list(split_sizes), dim)


add_method("split_with_sizes", _split_with_sizes)


@method
def unsafe_split(Tensor tensor not None, split_size_or_sections, dim=0):
    """split()."""
    return split(tensor, split_size_or_sections, dim)


@method
def unsafe_chunk(Tensor input not None, chunks, dim=0):
    """chunk()."""
    return chunk(input, chunks, dim)


@method
def tensor_split(Tensor input not None, indices_or_sections, dim=0):
    """The axis in so many parts (the first ones longer by one where they do not come out even), or
    cut before each of the indices."""
    cdef int axis = _axis("tensor_split", input, dim)
    cdef Py_ssize_t n = input.length[axis], count, i
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count <= 0:
            raise ValueError(f"tensor_split: expected at least 1 section, got {count}")
        bounds = [0]
        for i in range(count):
            bounds.append(bounds[-1] + n // count + (i < n % count))
    else:
        cuts = [slice(cut).indices(n)[1] for cut in indices_or_sections]
        bounds = [0, *cuts, n]
    parts = []
    for start, end in zip(bounds, bounds[1:]):
        parts.append(part(input, (slice(None),) * axis + (slice(start, max(start, end)),)))
    return tuple(parts)


cdef int _axis(str who, Tensor x, object dim) except -1:
    if x.rank == 0:
        raise ValueError(f"{who}: a tensor of no axes cannot be cut")
    return axis_of(dim, x.rank)


cdef object _split_evenly(str who, Tensor x, object parts, int axis):
    if isinstance(parts, int) and (parts <= 0 or x.length[axis] % parts):
        raise ValueError(f"{who}: axis {axis} of {describe(x)} cannot be cut into {parts} equal parts; "
                         "tensor_split() allows unequal ones")
    return tensor_split(x, parts, axis)


@method
def hsplit(Tensor input not None, indices_or_sections):
    """tensor_split() into equal parts along axis 1, of vectors along axis 0."""
    if input.rank == 0:
        raise ValueError("hsplit: expected at least 1 axis, got a tensor of none")
    return _split_evenly("hsplit", input, indices_or_sections, 0 if input.rank == 1 else 1)


@method
def vsplit(Tensor input not None, indices_or_sections):
    """tensor_split() into equal parts along axis 0 of at least two."""
    if input.rank < 2:
        raise ValueError(f"vsplit: expected at least 2 axes, got {describe(input)}")
    return _split_evenly("vsplit", input, indices_or_sections, 0)


@method
def dsplit(Tensor input not None, indices_or_sections):
    """tensor_split() into equal parts along axis 2 of at least three."""
    if input.rank < 3:
        raise ValueError(f"dsplit: expected at least 3 axes, got {describe(input)}")
    return _split_evenly("dsplit", input, indices_or_sections, 2)


# ---- put together ---------------------------------------------------------------------------------------------

cdef class Cat(Op):
    """y = the tensors one after the other along an axis
    dx_i = the part of dy that x_i became
    """
    cdef int axis
    cdef list sizes

    cdef Tensor forward(self, list tensors, int axis):
        cdef Tensor x, first = tensors[0]
        cdef Py_ssize_t length[MAX_RANK]
        cdef int i
        for i in range(first.rank):
            length[i] = first.length[i]
        self.axis = axis
        self.sizes = [(<Tensor>x).length[axis] for x in tensors]
        length[axis] = sum(self.sizes)
        cdef Tensor y = new_tensor(first.kind, first.rank, length)
        cdef Py_ssize_t at = 0
        for x in tensors:
            length[axis] = x.length[axis]
            copy_into(view_as(y, y.rank, length, y.step, at * y.step[axis]), x)
            at += x.length[axis]
        return y

    cdef backward(self, Tensor dy):
        return split(dy, self.sizes, self.axis)


def cat(tensors, dim=0):
    """The tensors one after the other along axis dim; their other lengths agree."""
    cdef list xs = list(tensors)
    cdef Tensor x, first
    cdef Cat op
    cdef Kind kind
    cdef int axis, i
    if not xs:
        raise ValueError("cat: expected at least one tensor")
    for i, item in enumerate(xs):
        if not isinstance(item, Tensor):
            raise TypeError(f"cat: expected tensors, got {type(item).__name__} at place {i}")
    filled = [x for x in xs if not (x.rank == 1 and x.n == 0)]     # PyTorch skips these
    if len(filled) == 0:
        return clone(xs[0])
    xs = filled
    first = xs[0]
    if first.rank == 0:
        raise ValueError("cat: tensors of no axes have none to join along; use stack()")
    kind = first.kind
    axis = axis_of(dim, first.rank)
    for x in xs:
        if x.rank != first.rank or any([x.length[i] != first.length[i] for i in range(x.rank) if i != axis]):
            raise ValueError(
                f"cat: shapes {tuple(first.shape)} and {tuple(x.shape)} differ outside axis {axis}"
            )
        kind = promote_kinds(kind, x.kind)
    xs = [convert(x, kind) for x in xs]
    op = Cat.__new__(Cat)
    return op.record_all(op.forward(xs, axis), xs)


def stack(tensors, dim=0):
    """Tensors of one shape along a new axis dim."""
    xs = list(tensors)
    if not xs:
        raise ValueError("stack: expected at least one tensor")
    for x in xs:
        if not isinstance(x, Tensor):
            raise TypeError(f"stack: expected tensors, got {type(x).__name__}")
        if tuple(x.shape) != tuple(xs[0].shape):
            raise ValueError(f"stack: expected one shape for all, got {tuple(xs[0].shape)} and {tuple(x.shape)}")
    return cat([unsqueeze(x, axis_of(dim, (<Tensor>x).rank + 1)) for x in xs], axis_of(dim, (<Tensor>xs[0]).rank + 1))


def concat(tensors, dim=0):
    """cat()."""
    return cat(tensors, dim)


def concatenate(tensors, dim=0):
    """cat()."""
    return cat(tensors, dim)


cdef list _listed(str who, object tensors):
    cdef list xs = [tensors[i] for i in range(len(tensors))] if isinstance(tensors, Tensor) else list(tensors)
    if not xs:
        raise ValueError(f"{who}: expected at least one tensor")
    for x in xs:
        if not isinstance(x, Tensor):
            raise TypeError(f"{who}: expected tensors, got {type(x).__name__}")
    return xs


def hstack(tensors):
    """The tensors beside each other: joined along axis 1, vectors along axis 0."""
    xs = [atleast_1d(x) for x in _listed("hstack", tensors)]
    return cat(xs, 0 if xs[0].ndim == 1 else 1)


def vstack(tensors):
    """The tensors below each other: joined along axis 0, vectors as rows."""
    return cat([atleast_2d(x) for x in _listed("vstack", tensors)], 0)


def row_stack(tensors):
    """vstack()."""
    return vstack(tensors)


def dstack(tensors):
    """The tensors behind each other: joined along axis 2, (N,) as (1, N, 1) and (M, N) as (M, N, 1)."""
    return cat([atleast_3d(x) for x in _listed("dstack", tensors)], 2)


def column_stack(tensors):
    """The tensors beside each other, vectors as columns."""
    return hstack([reshape(x, -1, 1) if (<Tensor>x).rank < 2 else x for x in _listed("column_stack", tensors)])


def block_diag(*tensors):
    """The matrices along the diagonal of a larger one, zeros elsewhere; vectors are rows."""
    from minigrad.ops.creation import zeros

    xs = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else list(tensors)
    xs = [atleast_2d(x) for x in _listed("block_diag", xs or [zeros(1, 0)])]
    kind = (<Tensor>xs[0]).kind
    for x in xs:
        if x.ndim != 2:
            raise ValueError(f"block_diag: expected at most 2 axes, got {describe(x)}")
        kind = promote_kinds(kind, (<Tensor>x).kind)
    width, before, rows = 0, 0, []
    for x in xs:
        width += x.shape[1]
    for x in xs:
        height, n = x.shape
        rows.append(cat([zeros(height, before, dtype=dtype_of(kind)), convert(x, kind),
                         zeros(height, width - before - n, dtype=dtype_of(kind))], 1))
        before += n
    return cat(rows, 0)


# ---- grids and choices ----------------------------------------------------------------------------------------

def meshgrid(*tensors, indexing=None):
    """From vectors of lengths n1, n2, ... as many tensors of shape (n1, n2, ...), each repeating its
    vector along the other axes. indexing "xy" exchanges the first two axes; "ij" is the default."""
    xs = _listed("meshgrid", tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors)
    if indexing not in (None, "ij", "xy"):
        raise ValueError(f"meshgrid: indexing is 'ij' or 'xy', got {indexing!r}")
    for x in xs:
        if x.ndim > 1:
            raise ValueError(f"meshgrid: expected vectors, got {describe(x)}")
        if x.dtype != xs[0].dtype:
            raise TypeError(f"meshgrid: expected one dtype for all, got {xs[0].dtype} and {x.dtype}")
    swap = indexing == "xy" and len(xs) >= 2
    if swap:
        xs[0], xs[1] = xs[1], xs[0]
    grids = list(broadcast_tensors(*[reshape(x, (-1,) + (1,) * (len(xs) - 1 - i)) for i, x in enumerate(xs)]))
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors):
    """Every choice of one element of each vector: (n1, n2, ...) vectors give (n1 n2 ..., count)."""
    xs = _listed("cartesian_prod", tensors)
    for x in xs:
        if x.ndim != 1:
            raise ValueError(f"cartesian_prod: expected vectors, got {describe(x)}")
    if len(xs) == 1:
        return xs[0]
    return stack([reshape(grid, -1) for grid in meshgrid(*xs)], 1)


def combinations(Tensor input not None, r=2, with_replacement=False):
    """Every choice of r elements of a vector, in its order: (count, r)."""
    from itertools import combinations as choices
    from itertools import combinations_with_replacement

    if input.rank != 1:
        raise ValueError(f"combinations: expected a vector, got {describe(input)}")
    if r < 0:
        raise ValueError(f"combinations: r is not negative, got {r}")
    if r == 0:
        return input[:0]
    chosen = (combinations_with_replacement if with_replacement else choices)(range(input.length[0]), r)
    places = np.array(list(chosen), np.int64).reshape(-1, r)
    return reshape(index_select(input, 0, to_tensor(places.ravel(), INT64)), places.shape)
