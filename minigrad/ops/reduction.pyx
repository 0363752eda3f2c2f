"""Reductions: many numbers to one, along any axes. Those besides sum and mean are in statistics.py."""
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.broadcast cimport fold, reduced, shape_only, sum_over
from minigrad.tensor cimport (
    INT64, MAX_RANK, Tensor, axis_of, cast, describe, is_floating, kind_of, lend, view_as, wrap,
)

import numpy as np

from minigrad.ops.arithmetic import where as _where
from minigrad.tensor import method


cpdef unsigned int axes_of(object dim, int rank) except? 0xffffffff:
    """dim (None for all, an int, or several) as a set of bits."""
    cdef unsigned int axes = 0, bit
    if dim is None or (isinstance(dim, (tuple, list)) and len(dim) == 0):
        return (<unsigned int>1 << rank) - 1
    for d in dim if isinstance(dim, (tuple, list)) else (dim,):
        bit = <unsigned int>1 << axis_of(d, rank)
        if axes & bit:
            raise ValueError(f"dim: axis {d} appears twice in {tuple(dim)}")
        axes |= bit
    return axes if rank > 0 else 0


cpdef tuple axes_tuple(unsigned int axes, int rank):
    """A set of bits as NumPy wants its axes."""
    return tuple([i for i in range(rank) if axes >> i & 1])


cdef Tensor where(object condition, object x, object y):
    return _where(condition, x, y)


cpdef Py_ssize_t count_over(Tensor x, unsigned int axes) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(x.rank):
        if axes >> i & 1:
            n *= x.length[i]
    return n


cpdef object either(object one, object other):
    """dim or axis, keepdim or keepdims: PyTorch's word or NumPy's."""
    return other if other is not None else one


cdef class Spread(Op):
    """y = x, with the axes that a reduction took away back in place, repeated; a view
    dx = dy summed over those axes
    """
    cdef unsigned int axes
    cdef bint keepdim

    cdef Tensor forward(self, Tensor x, Tensor shape_of, unsigned int axes):
        cdef Py_ssize_t step[MAX_RANK]
        cdef int i, at = 0
        self.axes, self.keepdim = axes, x.rank == shape_of.rank
        for i in range(shape_of.rank):
            step[i] = 0 if axes >> i & 1 else x.step[at]
            at += not axes >> i & 1 or self.keepdim
        return view_as(x, shape_of.rank, shape_of.length, step, 0)

    cdef backward(self, Tensor dy):
        return _sum(dy, self.axes, self.keepdim, 1.0)

    def name(self):
        return "ExpandBackward0"


cpdef Tensor spread(Tensor x, Tensor shape_of, unsigned int axes):
    cdef Spread op = Spread.__new__(Spread)
    return op.record(op.forward(x, shape_of, axes), x)


def extreme_over(Tensor x not None, unsigned int axes, bint keepdim, bint largest, bint places):
    """(the largest or smallest elements over axes, where they are or None); float32 or float64. NaN wins."""
    cdef size_t outer, n, inner
    cdef Tensor y = reduced(x, axes, keepdim, x.kind)
    cdef Tensor index = reduced(x, axes, keepdim, INT64) if places else None
    cdef int64_t *at = <int64_t *>index.ptr if places else NULL
    cdef Tensor folded = fold(x, axes, &outer, &n, &inner)
    if largest:
        K[x.kind].amax(y.ptr, at, folded.ptr, outer, n, inner)
    else:
        K[x.kind].amin(y.ptr, at, folded.ptr, outer, n, inner)
    return y, index


# ---- sum and mean ----------------------------------------------------------------------------------------

cdef class Sum(Op):
    """y = sum of x over some axes, divided by n (1, or for the mean their number)
    dx = dy / n, repeated over those axes
    """
    cdef unsigned int axes
    cdef double divisor
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, unsigned int axes, bint keepdim, double divisor):
        self.axes, self.divisor, self.shape_of_x = axes, divisor, shape_only(x)
        return sum_over(x, axes, keepdim, divisor)

    cdef backward(self, Tensor dy):
        return spread(dy if self.divisor == 1 else dy / self.divisor, self.shape_of_x, self.axes)

    def name(self):
        return "SumBackward0" if self.divisor == 1 else "MeanBackward0"


cdef Tensor _sum(Tensor x, unsigned int axes, bint keepdim, double divisor):
    cdef Sum op = Sum.__new__(Sum)
    return op.record(op.forward(x, axes, keepdim, divisor), x)


@method
def sum(Tensor input not None, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The sum over dim (all axes where None); integers and bools are summed as int64."""
    cdef Tensor x = input
    cdef unsigned int axes = axes_of(either(dim, axis), x.rank)
    if keepdims is not None:
        keepdim = keepdims
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    elif not is_floating(x.kind):
        x = cast(x, INT64)
    if not is_floating(x.kind):
        return wrap(np.asarray(lend(x).sum(tuple([i for i in range(x.rank) if axes >> i & 1]), keepdims=keepdim)))
    return _sum(x, axes, keepdim, 1.0)


@method
def mean(Tensor input not None, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The mean over dim (all axes where None); NaN over no elements."""
    cdef Tensor x = input
    cdef unsigned int axes = axes_of(either(dim, axis), x.rank)
    if keepdims is not None:
        keepdim = keepdims
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    if not is_floating(x.kind):
        raise TypeError(f"mean: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    return _sum(x, axes, keepdim, <double>count_over(x, axes))
