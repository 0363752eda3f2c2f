"""Tensors cut into parts along an axis, and put together: split and cat, each other's gradient."""
from itertools import combinations as without_repetition
from itertools import combinations_with_replacement, pairwise
from operator import index as as_index

import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.axes import atleast_1d, atleast_2d, atleast_3d, broadcast_tensors
from minigrad.ops.indexing import index_select, narrow
from minigrad.ops.rows import part
from minigrad.ops.shape import clone, reshape, unsqueeze
from minigrad.tensor import Tensor, axis_of, check_tensors, describe, lend, method, promote_types, wrap

# ---- cut ---------------------------------------------------------------------------------------------------


@method
def unbind(input, dim=0):
    """The parts along an axis, which goes, as a tuple."""
    axis = _axis("unbind", input, dim)
    before = (slice(None),) * axis
    return tuple(part(input, (*before, i)) for i in range(input.shape[axis]))


@method
def split(tensor, split_size_or_sections, dim=0):
    """Parts along an axis, of one size each (the last may be smaller) or of the sizes listed."""
    axis = _axis("split", tensor, dim)
    n = tensor.shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise ValueError(f"split: the size of a part must be at least 1, got {size}")
        sizes = [min(size, n - at) for at in range(0, n, size or 1)] or [0]
    else:
        try:
            sizes = [as_index(size) for size in split_size_or_sections]
        except TypeError:
            raise TypeError("split: expected the size of a part or a list of sizes, all integers, got "
                            f"{split_size_or_sections!r}") from None
        if sum(sizes) != n:
            raise ValueError(f"split: the sizes {sizes} sum to {sum(sizes)}, axis {axis} is {n} long")
    parts, start = [], 0
    for size in sizes:
        parts.append(narrow(tensor, axis, start, size))
        start += size
    return tuple(parts)


@method
def chunk(input, chunks, dim=0):
    """The axis in (at most) `chunks` parts of equal size, the last smaller."""
    axis, chunks = _axis("chunk", input, dim), as_index(chunks)
    if chunks <= 0:
        raise ValueError(f"chunk: expected at least 1 chunk, got {chunks}")
    return split(input, max(1, -(-input.shape[axis] // chunks)), axis)


@method
def split_with_sizes(input, split_sizes, dim=0):
    """split() into parts of the sizes listed."""
    return split(input, list(split_sizes), dim)


@method
def unsafe_split(tensor, split_size_or_sections, dim=0):
    """split()."""
    return split(tensor, split_size_or_sections, dim)


@method
def unsafe_chunk(input, chunks, dim=0):
    """chunk()."""
    return chunk(input, chunks, dim)


@method
def tensor_split(input, indices_or_sections, dim=0):
    """The axis in so many parts (the first ones longer by one where they do not come out even), or
    cut before each of the indices."""
    axis = _axis("tensor_split", input, dim)
    n = input.shape[axis]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count <= 0:
            raise ValueError(f"tensor_split: expected at least 1 section, got {count}")
        bounds = [i * (n // count) + min(i, n % count) for i in range(count + 1)]
    else:
        bounds = [0, *(slice(cut).indices(n)[1] for cut in indices_or_sections), n]
    before = (slice(None),) * axis
    return tuple(part(input, (*before, slice(start, max(start, end)))) for start, end in pairwise(bounds))


def _axis(who, x, dim):
    check_tensors(who, x)
    if x.ndim == 0:
        raise ValueError(f"{who}: a tensor of no axes cannot be cut")
    return axis_of(dim, x.ndim)


def _split_evenly(who, x, parts, axis):
    if isinstance(parts, int) and (parts <= 0 or x.shape[axis] % parts):
        raise ValueError(f"{who}: axis {axis} of {describe(x)} cannot be cut into {parts} equal parts; "
                         "tensor_split() allows unequal ones")
    return tensor_split(x, parts, axis)


@method
def hsplit(input, indices_or_sections):
    """tensor_split() into equal parts along axis 1, of vectors along axis 0."""
    check_tensors("hsplit", input)
    if input.ndim == 0:
        raise ValueError("hsplit: expected at least 1 axis, got a tensor of none")
    return _split_evenly("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1)


@method
def vsplit(input, indices_or_sections):
    """tensor_split() into equal parts along axis 0 of at least two."""
    check_tensors("vsplit", input)
    if input.ndim < 2:
        raise ValueError(f"vsplit: expected at least 2 axes, got {describe(input)}")
    return _split_evenly("vsplit", input, indices_or_sections, 0)


@method
def dsplit(input, indices_or_sections):
    """tensor_split() into equal parts along axis 2 of at least three."""
    check_tensors("dsplit", input)
    if input.ndim < 3:
        raise ValueError(f"dsplit: expected at least 3 axes, got {describe(input)}")
    return _split_evenly("dsplit", input, indices_or_sections, 2)


# ---- put together ---------------------------------------------------------------------------------------------

class Cat(Op):
    """y = the tensors one after the other along an axis
    dx_i = the part of dy that x_i became
    """
    def forward(self, tensors, axis):
        self.axis, self.sizes = axis, [x.shape[axis] for x in tensors]
        shape = list(tensors[0].shape)
        shape[axis] = sum(self.sizes)
        y = tensors[0].new_empty(shape)
        np.concatenate([lend(x) for x in tensors], axis, lend(y))
        return y

    def backward(self, dy):
        return split(dy, self.sizes, self.axis)


def cat(tensors, dim=0):
    """The tensors one after the other along axis dim; their other lengths agree."""
    xs = list(tensors)
    if not xs:
        raise ValueError("cat: expected at least one tensor")
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(f"cat: expected tensors, got {type(x).__name__} at place {i}")
    filled = [x for x in xs if x.ndim != 1 or x.numel()]        # PyTorch skips the others
    if not filled:
        return clone(xs[0])
    first = filled[0]
    if first.ndim == 0:
        raise ValueError("cat: tensors of no axes have none to join along; use stack()")
    axis, dtype = axis_of(dim, first.ndim), first.dtype
    shape = list(first.shape)
    for x in filled:
        other = list(x.shape)
        if len(other) == len(shape):
            other[axis] = shape[axis]
        if other != shape:
            raise ValueError(f"cat: shapes {tuple(first.shape)} and {tuple(x.shape)} differ outside axis {axis}")
        if x.dtype is not dtype:
            dtype = promote_types(dtype, x.dtype)
    filled = [x if x.dtype is dtype else x.to(dtype) for x in filled]
    op = Cat()
    return op.record_all(op.forward(filled, axis), filled)


def concat(tensors, dim=0):
    """cat()."""
    return cat(tensors, dim)


def concatenate(tensors, dim=0):
    """cat()."""
    return cat(tensors, dim)


def stack(tensors, dim=0):
    """Tensors of one shape along a new axis dim."""
    xs = _listed("stack", tensors)
    for x in xs:
        if x.shape != xs[0].shape:
            raise ValueError(f"stack: expected one shape for all, got {tuple(xs[0].shape)} and {tuple(x.shape)}")
    axis = axis_of(dim, xs[0].ndim + 1)
    return cat([unsqueeze(x, axis) for x in xs], axis)


def _listed(who, tensors):
    xs = list(tensors)
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
    return hstack([reshape(x, -1, 1) if x.ndim < 2 else x for x in _listed("column_stack", tensors)])


def _given(tensors):
    """f(a, b, c) or f([a, b, c])"""
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


def block_diag(*tensors):
    """The matrices along the diagonal of a larger one, zeros elsewhere; vectors are rows."""
    from minigrad.ops.creation import zeros

    xs = [atleast_2d(x) for x in _listed("block_diag", _given(tensors) or [zeros(1, 0)])]
    dtype = xs[0].dtype
    for x in xs:
        if x.ndim != 2:
            raise ValueError(f"block_diag: expected at most 2 axes, got {describe(x)}")
        dtype = promote_types(dtype, x.dtype)
    width, before, rows = sum(x.shape[1] for x in xs), 0, []
    for x in xs:
        height, n = x.shape
        rows.append(cat([zeros(height, before, dtype=dtype), x.to(dtype),
                         zeros(height, width - before - n, dtype=dtype)], 1))
        before += n
    return cat(rows, 0)


# ---- grids and choices ----------------------------------------------------------------------------------------

def meshgrid(*tensors, indexing=None):
    """From vectors of lengths n1, n2, ... as many tensors of shape (n1, n2, ...), each repeating its
    vector along the other axes. indexing "xy" exchanges the first two axes; "ij" is the default."""
    xs = _listed("meshgrid", _given(tensors))
    if indexing not in (None, "ij", "xy"):
        raise ValueError(f"meshgrid: indexing is 'ij' or 'xy', got {indexing!r}")
    for x in xs:
        if x.ndim > 1:
            raise ValueError(f"meshgrid: expected vectors, got {describe(x)}")
        if x.dtype is not xs[0].dtype:
            raise TypeError(f"meshgrid: expected one dtype for all, got {xs[0].dtype} and {x.dtype}")
    swap = indexing == "xy" and len(xs) >= 2
    if swap:
        xs[:2] = xs[1::-1]
    grids = list(broadcast_tensors(*[reshape(x, (-1,) + (1,) * (len(xs) - 1 - i)) for i, x in enumerate(xs)]))
    if swap:
        grids[:2] = grids[1::-1]
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


def combinations(input, r=2, with_replacement=False):
    """Every choice of r elements of a vector, in its order: (count, r)."""
    check_tensors("combinations", input)
    if input.ndim != 1:
        raise ValueError(f"combinations: expected a vector, got {describe(input)}")
    if r < 0:
        raise ValueError(f"combinations: r is not negative, got {r}")
    if r == 0:
        return input[:0]
    choices = combinations_with_replacement if with_replacement else without_repetition
    places = np.array(list(choices(range(len(input)), r)), np.int64).reshape(-1, r)
    return reshape(index_select(input, 0, wrap(places.ravel())), places.shape)
