"""Reductions: many numbers to one, along any axes."""
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert, floating
from minigrad.ops.broadcast cimport fold, reduced, shape_only, sum_over
from minigrad.tensor cimport (
    FLOAT64, INT64, MAX_RANK, Tensor, axis_of, cast, describe, is_floating, kind_of, lend, new_tensor, view_as, wrap,
)

import numpy as np

from minigrad.tensor import method


cdef unsigned int axes_of(object dim, int rank) except? 0xffffffff:
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


cdef Py_ssize_t _count(Tensor x, unsigned int axes) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(x.rank):
        if axes >> i & 1:
            n *= x.length[i]
    return n


cdef object _either(object one, object other):
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


cdef Tensor spread(Tensor x, Tensor shape_of, unsigned int axes):
    cdef Spread op = Spread.__new__(Spread)
    return op.record(op.forward(x, shape_of, axes), x)


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
def sum(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The sum over dim (all axes where None); integers and bools are summed as int64."""
    cdef Tensor x = input
    cdef unsigned int axes = axes_of(_either(dim, axis), x.rank)
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
def mean(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The mean over dim (all axes where None); NaN over no elements."""
    cdef Tensor x = input
    cdef unsigned int axes = axes_of(_either(dim, axis), x.rank)
    if keepdims is not None:
        keepdim = keepdims
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    if not is_floating(x.kind):
        raise TypeError(f"mean: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    return _sum(x, axes, keepdim, <double>_count(x, axes))


# ---- variance ---------------------------------------------------------------------------------------------

@method
def var(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """sum (x - mean x)^2 / (n - correction) over dim (all axes where None).

    correction: 1 gives the unbiased estimate (the default), 0 the mean square. unbiased:
    PyTorch's older word for it. Computed in two passes, never as E[x^2] - E[x]^2.
    """
    cdef Tensor x = input
    if isinstance(dim, bool):       # var(unbiased)
        dim, unbiased = None, dim
    dim = _either(dim, axis)
    cdef double c = (1 if unbiased is None else int(unbiased)) if correction is None else correction
    if keepdims is not None:
        keepdim = keepdims
    if not is_floating(x.kind):
        raise TypeError(f"var: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    cdef unsigned int axes = axes_of(dim, x.rank)
    cdef double n = _count(x, axes) - c
    centred = x - mean(x, dim, True)
    return sum(centred * centred, dim, keepdim) / (n if n > 0 else 0.0)


@method
def std(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """The square root of var(), with the same arguments."""
    return var(input, dim, unbiased, keepdim, correction=correction, axis=axis, keepdims=keepdims).sqrt()


# ---- extremes ----------------------------------------------------------------------------------------------

cdef class Select(Op):
    """y = the element of x at one index along an axis, for each position of the other axes
    dx = dy at those indices, else 0
    """
    cdef int axis
    cdef Tensor index, shape_of_x

    cdef Tensor forward(self, Tensor x, Tensor y, Tensor index, int axis):
        self.axis, self.index, self.shape_of_x = axis, index, shape_only(x)
        return y

    cdef backward(self, Tensor dy):
        return _place(dy, self)

    def name(self):
        return "MaxBackward0"


cdef class Place(Op):
    """y = zeros of x's shape with dy at one index along an axis: the gradient of Select
    d(dy) = the elements at those indices
    """
    cdef Select of

    cdef Tensor forward(self, Tensor dy, Select of):
        self.of = of
        array = np.zeros(tuple(of.shape_of_x.shape), lend(dy).dtype)
        np.put_along_axis(array, np.expand_dims(lend(of.index), of.axis), np.expand_dims(lend(dy), of.axis), of.axis)
        return wrap(array)

    cdef backward(self, Tensor ddy):
        cdef Select of = self.of
        cdef Select op = Select.__new__(Select)
        taken = np.take_along_axis(lend(ddy), np.expand_dims(lend(of.index), of.axis), of.axis).squeeze(of.axis)
        return op.record(op.forward(ddy, wrap(np.asarray(taken)), of.index, of.axis), ddy)


cdef Tensor _place(Tensor dy, Select of):
    cdef Place op = Place.__new__(Place)
    return op.record(op.forward(dy, of), dy)


class Extreme(tuple):
    """What max(dim) and min(dim) give: the pair (values, indices), also by those names."""

    __slots__ = ()

    values = property(lambda self: self[0])
    indices = property(lambda self: self[1])

    def __repr__(self):
        return f"minigrad.return_types.max(\nvalues={self[0]!r},\nindices={self[1]!r})"


cdef tuple _extreme(str who, Tensor x, object dim, bint keepdim, bint largest):
    """(values, indices) along one axis."""
    cdef int axis = axis_of(dim, x.rank)
    cdef unsigned int axes = <unsigned int>1 << axis if x.rank else 0
    cdef size_t outer, n, inner
    cdef Tensor folded, y, index
    cdef Select op
    if x.rank and x.length[axis] == 0:
        raise IndexError(f"{who}: axis {axis} of {describe(x)} is empty and has no largest or smallest element")
    if x.rank == 0:
        return x.clone(), new_tensor(INT64, 0, NULL).zero_()
    if x.kind <= FLOAT64:
        y = reduced(x, axes, False, x.kind)
        index = reduced(x, axes, False, INT64)
        folded = fold(x, axes, &outer, &n, &inner)
        if largest:
            K[x.kind].amax(y.ptr, <int64_t *>index.ptr, folded.ptr, outer, n, inner)
        else:
            K[x.kind].amin(y.ptr, <int64_t *>index.ptr, folded.ptr, outer, n, inner)
    else:
        array = lend(x)
        at = array.argmax(axis) if largest else array.argmin(axis)
        index = wrap(np.asarray(at))
        y = wrap(np.asarray(np.take_along_axis(array, np.expand_dims(at, axis), axis).squeeze(axis)))
    op = Select.__new__(Select)
    y = op.record(op.forward(x, y, index, axis), x)
    if keepdim:
        return y.unsqueeze(axis), index.unsqueeze(axis)
    return y, index


cdef class AMax(Op):
    """y = the largest (smallest) x over some axes
    dx = dy where x is it, shared evenly among equals; else 0
    """
    cdef unsigned int axes

    cdef Tensor forward(self, Tensor x, unsigned int axes, bint keepdim, bint largest):
        cdef size_t outer, n, inner
        cdef Tensor folded, y
        self.axes = axes
        if _count(x, axes) == 0:
            raise IndexError(f"amax: {describe(x)} has no elements along the axes asked for, so no largest or smallest")
        if x.kind <= FLOAT64:
            y = reduced(x, axes, keepdim, x.kind)
            folded = fold(x, axes, &outer, &n, &inner)
            if largest:
                K[x.kind].amax(y.ptr, NULL, folded.ptr, outer, n, inner)
            else:
                K[x.kind].amin(y.ptr, NULL, folded.ptr, outer, n, inner)
        else:
            over = tuple([i for i in range(x.rank) if axes >> i & 1])
            array = lend(x)
            y = wrap(np.asarray(array.max(over, keepdims=keepdim) if largest else array.min(over, keepdims=keepdim)))
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        chosen = (x.detach() == spread(self.saved[1], x, self.axes)).to(dy.dtype)
        share = chosen / chosen.sum([i for i in range(x.rank) if self.axes >> i & 1], keepdim=True)
        return share * spread(dy, x, self.axes)


cdef Tensor _amax(object input, object dim, bint keepdim, bint largest):
    cdef Tensor x = input
    cdef AMax op = AMax.__new__(AMax)
    return op.record(op.forward(x, axes_of(dim, x.rank), keepdim, largest), x)


@method
def amax(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The largest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _amax(input, _either(dim, axis), _either(keepdim, keepdims), True)


@method
def amin(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The smallest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _amax(input, _either(dim, axis), _either(keepdim, keepdims), False)


@method
def max(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """max(x): the largest element. max(x, dim): (values, indices) along an axis. max(x, y): maximum()."""
    if isinstance(dim, Tensor):
        return input.maximum(dim)
    dim = _either(dim, axis)
    if dim is None:
        return _amax(input, None, False, True)
    return Extreme(_extreme("max", input, dim, _either(keepdim, keepdims), True))


@method
def min(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """min(x): the smallest element. min(x, dim): (values, indices) along an axis. min(x, y): minimum()."""
    if isinstance(dim, Tensor):
        return input.minimum(dim)
    dim = _either(dim, axis)
    if dim is None:
        return _amax(input, None, False, False)
    return Extreme(_extreme("min", input, dim, _either(keepdim, keepdims), False))


cdef Tensor _arg(str who, object input, object dim, bint keepdim, bint largest):
    cdef Tensor x = input.detach()
    if dim is None:
        if x.n == 0:
            raise IndexError(f"{who}: an empty tensor has no largest or smallest element")
        return _extreme(who, x.reshape(-1), 0, False, largest)[1]
    return _extreme(who, x, dim, keepdim, largest)[1]


@method
def argmax(input, dim=None, bint keepdim=False, *, axis=None):
    """The index of the largest element along dim (into the flattened tensor where None)."""
    return _arg("argmax", input, _either(dim, axis), keepdim, True)


@method
def argmin(input, dim=None, bint keepdim=False, *, axis=None):
    """The index of the smallest element along dim (into the flattened tensor where None)."""
    return _arg("argmin", input, _either(dim, axis), keepdim, False)


# ---- truth -------------------------------------------------------------------------------------------------

@method
def any(input, dim=None, bint keepdim=False):
    """Whether any element along dim (of all, where None) is not 0."""
    cdef Tensor x = input
    axes = axes_of(dim, x.rank)
    return wrap(np.asarray(np.any(lend(x), tuple([i for i in range(x.rank) if axes >> i & 1]), keepdims=keepdim)))


@method
def all(input, dim=None, bint keepdim=False):
    """Whether all elements along dim (all of them, where None) are not 0."""
    cdef Tensor x = input
    axes = axes_of(dim, x.rank)
    return wrap(np.asarray(np.all(lend(x), tuple([i for i in range(x.rank) if axes >> i & 1]), keepdims=keepdim)))
