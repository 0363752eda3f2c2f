"""Reductions: many numbers to one, along any axes."""
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert, floating
from minigrad.ops.broadcast cimport fold, reduced, shape_only, sum_over
from minigrad.tensor cimport (
    FLOAT64, INT64, MAX_RANK, UINT8, Kind, Tensor, axis_of, cast, describe, dtype_of, is_floating, kind_of, lend,
    view_as, wrap,
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
def sum(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
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
def mean(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
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


@method
def nansum(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The sum over dim of what is not NaN; 0 where all is."""
    cdef Tensor x = input
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    if is_floating(x.kind):
        x = where(wrap(np.asarray(np.isnan(lend(x)))), 0.0, x)
    return sum(x, either(dim, axis), either(keepdim, keepdims))


@method
def nanmean(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The mean over dim of what is not NaN; NaN where all is."""
    cdef Tensor x = input
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    if not is_floating(x.kind):
        raise TypeError(f"nanmean: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    there = wrap(np.asarray(~np.isnan(lend(x))))
    return nansum(x, dim, keepdim) / sum(there, dim, keepdim).to(x.dtype)


@method
def count_nonzero(input, dim=None, *, axis=None):
    """How many elements over dim (all axes where None) are not 0; NaN is not 0."""
    cdef Tensor x = input
    over = axes_tuple(axes_of(either(dim, axis), x.rank), x.rank)
    return wrap(np.asarray(np.not_equal(lend(x), 0).sum(over, dtype=np.int64)))


# ---- variance ---------------------------------------------------------------------------------------------

cdef class Centre(Op):
    """y = x - mean of x over some axes; subtracted in double
    dx = dy - mean of dy
    """
    cdef unsigned int axes

    cdef Tensor forward(self, Tensor x, unsigned int axes):
        cdef Tensor mean
        self.axes = axes
        mean = sum_over(cast(x, FLOAT64), axes, True, <double>count_over(x, axes))
        return wrap(np.asarray((lend(x) - lend(mean)).astype(lend(x).dtype)))

    cdef backward(self, Tensor dy):
        return _centre(dy, self.axes)


cdef Tensor _centre(Tensor x, unsigned int axes):
    cdef Centre op = Centre.__new__(Centre)
    return op.record(op.forward(x, axes), x)


cdef Tensor _variances(Tensor x, unsigned int axes, bint keepdim):
    """sum (x - mean x)^2 / n over some axes, in double; two passes, never E[x^2] - E[x]^2."""
    cdef size_t outer, n, inner, o
    cdef Tensor y, mean, folded
    if x.n == 0 or x.kind > FLOAT64:
        with np.errstate(all="ignore"):
            array = np.asarray(lend(x), np.float64)
            over = axes_tuple(axes, x.rank)
            array = array - array.sum(over, keepdims=True) / np.float64(count_over(x, axes))
            return wrap(np.asarray((array * array).sum(over, keepdims=keepdim) / np.float64(count_over(x, axes))))
    y = reduced(x, axes, keepdim, <Kind>FLOAT64)
    mean = reduced(x, axes, keepdim, <Kind>FLOAT64)
    folded = fold(x, axes, &outer, &n, &inner)
    if inner == 1:
        K[x.kind].batch_norm_statistics(<double *>mean.ptr, <double *>y.ptr, folded.ptr, 1, outer, n)
        return y
    for o in range(outer):
        K[x.kind].batch_norm_statistics(<double *>mean.ptr + o * inner, <double *>y.ptr + o * inner,
                                        folded.ptr + o * n * inner * dtype_of(x.kind).itemsize, n, inner, 1)
    return y


cdef class Var(Op):
    """v = sum (x - mean x)^2 / (n - correction) over some axes; y = v, or sqrt(v)
    dx = dy 2 (x - mean x) / (n - correction), or dy (x - mean x) / (y (n - correction)); 0 where y = sqrt(v) = 0
    """
    cdef unsigned int axes
    cdef double divisor
    cdef bint root

    cdef Tensor forward(self, Tensor x, unsigned int axes, bint keepdim, double correction, bint root):
        cdef double n = count_over(x, axes)
        cdef Tensor y
        self.axes, self.root = axes, root
        self.divisor = n - correction if n > correction else 0.0
        with np.errstate(all="ignore"):
            v = lend(_variances(x, axes, keepdim)) * (np.float64(n) / np.float64(self.divisor))
            y = wrap(np.asarray(np.sqrt(v) if root else v).astype(lend(x).dtype))
        self.saved = (x,)
        if root:
            self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        if self.root:
            y = self.output()
            dy = where(y == 0, 0.0, dy / where(y == 0, 1.0, y))
            return spread(dy / self.divisor, x, self.axes) * _centre(x, self.axes)
        return spread(dy * (2 / self.divisor), x, self.axes) * _centre(x, self.axes)

    def name(self):
        return "StdBackward0" if self.root else "VarBackward0"


cdef object _var(str who, object input, object dim, object unbiased, object keepdim, object correction, bint root):
    cdef Tensor x = input
    cdef unsigned int axes
    cdef double c
    cdef Var op = Var.__new__(Var)
    if isinstance(dim, bool):       # var(unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise ValueError(f"{who}: give correction or unbiased (correction=1 or 0), not both")
    if not is_floating(x.kind):
        raise TypeError(f"{who}: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    c = (1 if unbiased is None else int(unbiased)) if correction is None else correction
    axes = axes_of(dim, x.rank)
    return op.record(op.forward(x, axes, keepdim, c, root), x)


@method
def var(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """sum (x - mean x)^2 / (n - correction) over dim (all axes where None); NaN where n is not above correction.

    correction: 1 gives the unbiased estimate (the default), 0 the mean square. unbiased:
    PyTorch's older word for it. Computed in double and in two passes, never as E[x^2] - E[x]^2.
    """
    return _var("var", input, either(dim, axis), unbiased, either(keepdim, keepdims), correction, False)


@method
def std(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """The square root of var(), with the same arguments; its gradient is 0 where it is 0."""
    return _var("std", input, either(dim, axis), unbiased, either(keepdim, keepdims), correction, True)


def var_mean(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """(var(), mean()) over the same axes."""
    dim, unbiased = (None, dim) if isinstance(dim, bool) else (either(dim, axis), unbiased)
    keepdim = either(keepdim, keepdims)
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


def std_mean(input, dim=None, unbiased=None, bint keepdim=False, *, correction=None, axis=None, keepdims=None):
    """(std(), mean()) over the same axes."""
    dim, unbiased = (None, dim) if isinstance(dim, bool) else (either(dim, axis), unbiased)
    keepdim = either(keepdim, keepdims)
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


# ---- logsumexp --------------------------------------------------------------------------------------------

cdef class LogSumExp(Op):
    """y = log sum exp(x) = m + log1p(sum over the others of exp(x - m)), m = max x, over some axes
    dx = dy exp(x - y); 0 in a row of nothing but -inf, shared evenly among elements of +inf
    """
    cdef unsigned int axes

    cdef Tensor forward(self, Tensor x, unsigned int axes, bint keepdim):
        cdef Tensor y = reduced(x, axes, keepdim, x.kind)
        kept = [i for i in range(x.rank) if not axes >> i & 1]
        self.axes = axes
        with np.errstate(all="ignore"):
            rows = np.asarray(lend(x), np.float64).transpose(*kept, *axes_tuple(axes, x.rank))
            rows = rows.reshape(*[x.length[i] for i in kept], count_over(x, axes))
            if rows.shape[-1] == 0:
                lend(y)[...] = -np.inf
            else:
                at = rows.argmax(-1)[..., None]
                m = np.take_along_axis(rows, at, -1)
                others = np.exp(rows - m)
                np.put_along_axis(others, at, 0.0, -1)
                others = sum_over(wrap(others), <unsigned int>1 << len(kept), False, 1.0)
                m = m[..., 0]
                lend(y)[...] = np.where(np.isfinite(m), m + np.log1p(lend(others)), m).reshape(tuple(y.shape))
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0], y = spread(self.output(), x, self.axes)
        infinite = np.isinf(lend(y))
        if not infinite.any():
            return spread(dy, x, self.axes) * (x - y).exp()
        largest = lend(x) == np.inf
        share = largest / np.maximum(largest.sum(axes_tuple(self.axes, x.rank), keepdims=True), 1)
        plain = wrap(np.asarray(~infinite))
        share = where(plain, (where(plain, x, 0.0) - where(plain, y, 0.0)).exp(), wrap(np.asarray(share)).to(x.dtype))
        return spread(dy, x, self.axes) * share

    def name(self):
        return "LogsumexpBackward0"


@method
def logsumexp(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """log(sum(exp(input))) over dim (all axes where None), without overflow; -inf over no elements.

    The gradient of a row of nothing but -inf is 0, where torch gives NaN.
    """
    cdef Tensor x = floating(input)
    cdef LogSumExp op = LogSumExp.__new__(LogSumExp)
    return op.record(op.forward(x, axes_of(either(dim, axis), x.rank), either(keepdim, keepdims)), x)


# ---- truth -------------------------------------------------------------------------------------------------

cdef Tensor _truth(object function, Tensor x, object dim, bint keepdim):
    """any() or all(); of uint8 they give uint8, as in PyTorch."""
    over = axes_tuple(axes_of(dim, x.rank), x.rank)
    found = np.asarray(function(np.not_equal(lend(x), 0), over, keepdims=keepdim))
    return wrap(found.astype(np.uint8) if x.kind == UINT8 else found)


@method
def any(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """Whether any element along dim (of all, where None) is not 0."""
    return _truth(np.any, input, either(dim, axis), either(keepdim, keepdims))


@method
def all(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """Whether all elements along dim (all of them, where None) are not 0."""
    return _truth(np.all, input, either(dim, axis), either(keepdim, keepdims))
