"""Running sums, products and extremes along an axis; products as a whole; differences of neighbours."""
from minigrad.autograd.engine cimport Op
from minigrad.ops.arithmetic cimport convert, floating
from minigrad.ops.extremes cimport pick
from minigrad.ops.reduction cimport axes_of, axes_tuple, count_over, either, where
from minigrad.tensor cimport (
    BOOL, FLOAT64, INT64, Kind, Tensor, axis_of, cast, is_floating, kind_of, lend, wrap,
)

import numpy as np

from minigrad import return_types
from minigrad.ops.inplace import inplace
from minigrad.tensor import method


cdef object _wide(Tensor x):
    """x's elements in a wider type, so that rounding along a scan stays below what is shown."""
    return np.asarray(lend(x), np.longdouble if x.kind == FLOAT64 else np.float64)


cdef Tensor _rounded(object array, Kind kind):
    """The wide array in a tensor's dtype."""
    from minigrad.tensor import float16, float32, float64

    with np.errstate(all="ignore"):
        return wrap(np.ascontiguousarray(array, (float32, float64, float16)[kind].numpy).reshape(np.shape(array)))


cdef Tensor _summable(Tensor x, object dtype):
    """x in the dtype asked for; without one, integers and bools as int64."""
    if dtype is not None:
        return convert(x, kind_of(dtype))
    return x if is_floating(x.kind) else cast(x, INT64)


cdef object _along(int axis, object item):
    """The index that takes item of one axis and all of those before it."""
    return (slice(None),) * axis + (item,)


# ---- cumsum ----------------------------------------------------------------------------------------------

cdef class CumSum(Op):
    """y_i = x_0 + ... + x_i along an axis; or (reverse) x_i + ... + x_last
    dx = the same of dy, the other way round
    """
    cdef int axis
    cdef bint reverse

    cdef Tensor forward(self, Tensor x, int axis, bint reverse):
        self.axis, self.reverse = axis, reverse
        array = _wide(x)
        if x.rank == 0:
            return _rounded(array, x.kind)
        with np.errstate(all="ignore"):
            if reverse:
                return _rounded(np.flip(np.cumsum(np.flip(array, axis), axis), axis), x.kind)
            return _rounded(np.cumsum(array, axis), x.kind)

    cdef backward(self, Tensor dy):
        return _cumsum(dy, self.axis, not self.reverse)


cdef Tensor _cumsum(Tensor x, int axis, bint reverse):
    cdef CumSum op = CumSum.__new__(CumSum)
    return op.record(op.forward(x, axis, reverse), x)


@inplace
@method
def cumsum(input, dim=None, *, dtype=None, axis=None):
    """y_i = x_0 + ... + x_i along dim, at most 1 ulp off; integers and bools are summed as int64."""
    cdef Tensor x = _summable(input, dtype)
    cdef int at = axis_of(either(dim, axis), x.rank)
    if is_floating(x.kind):
        return _cumsum(x, at, False)
    return wrap(np.asarray(np.cumsum(lend(x), at, dtype=lend(x).dtype) if x.rank else lend(x).copy()))


# ---- recurrences -----------------------------------------------------------------------------------------

cdef class Recurrence(Op):
    """h_i = a_i h_(i-1) + b_i along an axis, h before the first being 0; or (reverse) h_i = a_i h_(i+1) + b_i
    db_i = dh_i + a_(i+1) db_(i+1), the recurrence the other way round;  da_i = db_i h_(i-1)
    """
    cdef int axis
    cdef bint reverse

    cdef Tensor forward(self, Tensor a, Tensor b, int axis, bint reverse):
        cdef Tensor factors, result, y
        cdef double *factor
        cdef double *h
        cdef Py_ssize_t i, width
        self.axis, self.reverse = axis, reverse
        self.saved = (a,)
        # (n, width): the axis in front, all others in one behind
        factors = wrap(np.ascontiguousarray(self.straight(a), np.float64))
        result = wrap(np.array(self.straight(b), np.float64, order="C"))
        factor, h = <double *>factors.ptr, <double *>result.ptr
        width = result.length[1]
        with nogil:
            for i in range(width, result.n):
                h[i] = h[i] + factor[i] * h[i - width]
        array = lend(result)[::-1] if reverse else lend(result)
        shape = list(b.shape)
        length = shape.pop(axis)
        y = _rounded(np.moveaxis(array.reshape(length, *shape), 0, axis), b.kind)
        self.keep(y)
        return y

    cdef object straight(self, Tensor x):
        array = np.moveaxis(lend(x), self.axis, 0)
        array = array.reshape(array.shape[0], x.n // array.shape[0] if array.shape[0] else 0)
        return array[::-1] if self.reverse else array

    cdef backward(self, Tensor dh):
        cdef Tensor a = self.saved[0], db
        db = _recurrence(_shifted(a, self.axis, not self.reverse, 0.0), dh, self.axis, not self.reverse)
        return db * _shifted(self.output(), self.axis, self.reverse, 0.0) if self.needs(0) else None, db


cdef Tensor _recurrence(Tensor a, Tensor b, int axis, bint reverse):
    cdef Recurrence op = Recurrence.__new__(Recurrence)
    return op.record(op.forward(a, b, axis, reverse), a, b)


cdef Tensor _shifted(Tensor x, int axis, bint forwards, double first):
    """y_i = x_(i-1), y_0 = first; or (forwards) y_i = x_(i+1), y_last = first."""
    from minigrad.ops.joining import cat
    cdef Py_ssize_t n = x.length[axis]
    if n == 0:
        return x
    edge = x.detach()[_along(axis, slice(0, 1))] * 0 + first
    edge = wrap(np.full(tuple(edge.shape), first, lend(x).dtype))
    if forwards:
        return cat([x[_along(axis, slice(1, n))], edge], axis)
    return cat([edge, x[_along(axis, slice(0, n - 1))]], axis)


# ---- products --------------------------------------------------------------------------------------------

cdef class CumProd(Op):
    """y_i = x_0 ... x_i along an axis
    dx_i = g_i y_(i-1),  g_i = dy_i + x_(i+1) g_(i+1)          (so zeros need no division)
    """
    cdef int axis

    cdef Tensor forward(self, Tensor x, int axis):
        self.axis = axis
        with np.errstate(all="ignore"):
            y = _rounded(np.cumprod(_wide(x), axis), x.kind)
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        g = _recurrence(_shifted(x, self.axis, True, 0.0), dy, self.axis, True)
        return g * _shifted(self.output(), self.axis, False, 1.0)


cdef Tensor _cumprod(Tensor x, int axis):
    cdef CumProd op = CumProd.__new__(CumProd)
    return op.record(op.forward(x, axis), x)


@inplace
@method
def cumprod(input, dim=None, *, dtype=None, axis=None):
    """y_i = x_0 x_1 ... x_i along dim; integers and bools are multiplied as int64.

    The gradient is right where x has zeros, too.
    """
    cdef Tensor x = _summable(input, dtype)
    cdef int at = axis_of(either(dim, axis), x.rank)
    if not is_floating(x.kind):
        return wrap(np.asarray(np.cumprod(lend(x), at, dtype=lend(x).dtype) if x.rank else lend(x).copy()))
    return _cumprod(x, at) if x.rank else x.clone()


cdef class Prod(Op):
    """y = product of x over an axis
    dx_i = dy (x_0 ... x_(i-1)) (x_(i+1) ... x_last)           (so zeros need no division)
    """
    cdef int axis

    cdef Tensor forward(self, Tensor x, int axis):
        self.axis = axis
        self.saved = (x,)
        with np.errstate(all="ignore"):
            return _rounded(np.asarray(np.prod(_wide(x), axis)), x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        backwards = _along(self.axis, slice(None, None, -1))
        before = _shifted(_cumprod(x, self.axis), self.axis, False, 1.0)
        behind = _shifted(_cumprod(x[backwards], self.axis), self.axis, False, 1.0)[backwards]
        return dy.unsqueeze(self.axis) * before * behind


@method
def prod(input, dim=None, bint keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The product over dim (all axes where None); integers and bools are multiplied as int64.

    1 over no elements. The gradient is right where x has zeros, too.
    """
    cdef Tensor x = _summable(input, dtype), y
    cdef Prod op
    cdef unsigned int axes
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    axes = axes_of(dim, x.rank)
    over = axes_tuple(axes, x.rank)
    if not is_floating(x.kind):
        return wrap(np.asarray(np.prod(lend(x), over, keepdims=keepdim, dtype=lend(x).dtype)))
    if x.rank == 0:
        return x.clone()
    shape = [1 if axes >> i & 1 else x.length[i] for i in range(x.rank)]
    if len(over) > 1:
        kept = [i for i in range(x.rank) if i not in over]
        x = x.permute(kept + list(over)).reshape([x.length[i] for i in kept] + [count_over(x, axes)])
        over = (len(kept),)
    op = Prod.__new__(Prod)
    y = op.record(op.forward(x, over[0]), x)
    return y.reshape(shape) if keepdim else y


# ---- logcumsumexp ----------------------------------------------------------------------------------------

cdef class LogCumSumExp(Op):
    """y_i = log(exp x_0 + ... + exp x_i) along an axis
    dx_i = g_i exp(x_i - y_i),  g_i = dy_i + exp(y_i - y_(i+1)) g_(i+1);  0 while all is -inf
    """
    cdef int axis

    cdef Tensor forward(self, Tensor x, int axis):
        self.axis = axis
        with np.errstate(all="ignore"):
            y = _rounded(np.logaddexp.accumulate(_wide(x), axis), x.kind)
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        y = self.output()
        behind = _shifted(y, self.axis, True, 0.0)
        g = _recurrence(_exp_difference(y, behind), dy, self.axis, True)
        return g * _exp_difference(x, y)


cdef Tensor _exp_difference(Tensor a, Tensor b):
    """exp(a - b), and 0 where a is -inf, whatever b is."""
    gone = wrap(np.asarray(np.isneginf(lend(a))))
    return where(gone, 0.0, (where(gone, 0.0, a) - where(gone, 0.0, b)).exp())


@method
def logcumsumexp(input, dim=None, *, axis=None):
    """y_i = log(exp(x_0) + ... + exp(x_i)) along dim, without overflow."""
    cdef Tensor x = floating(input)
    cdef int at = axis_of(either(dim, axis), x.rank)
    cdef LogCumSumExp op = LogCumSumExp.__new__(LogCumSumExp)
    return op.record(op.forward(x, at), x) if x.rank else x.clone()


# ---- running extremes ------------------------------------------------------------------------------------

cdef tuple _running(Tensor x, int axis, bint largest):
    """(values, indices) of the extreme so far; NaN wins, the latest of equals."""
    if x.rank == 0:
        return x.clone(), wrap(np.zeros((), np.int64))
    array = lend(x)
    best = (np.maximum if largest else np.minimum).accumulate(array, axis)
    if x.kind == BOOL:
        best = best.astype(bool)
    here = (array == best) | (np.isnan(array) if is_floating(x.kind) else False)
    counter = np.arange(x.length[axis]).reshape([-1 if i == axis else 1 for i in range(x.rank)])
    index = np.maximum.accumulate(np.where(here, counter, 0), axis)
    return pick(x, index, axis, False), wrap(index)


@method
def cummax(input, dim=None, *, axis=None):
    """(values, indices) of the largest element so far along dim; NaN wins, the latest of equals."""
    cdef Tensor x = input
    return return_types.cummax(_running(x, axis_of(either(dim, axis), x.rank), True))


@method
def cummin(input, dim=None, *, axis=None):
    """(values, indices) of the smallest element so far along dim; NaN wins, the latest of equals."""
    cdef Tensor x = input
    return return_types.cummin(_running(x, axis_of(either(dim, axis), x.rank), False))


# ---- differences -----------------------------------------------------------------------------------------

@method
def diff(input, n=1, dim=-1, prepend=None, append=None, *, axis=None):
    """y_i = x_(i+1) - x_i along dim, n times over; bools differ by xor.

    prepend, append: tensors joined to input along dim first.
    """
    from minigrad.ops.joining import cat
    cdef Tensor x = input
    cdef int at
    if x.rank == 0:
        raise ValueError("diff: a tensor of no axes has no neighbours to subtract")
    if n < 0:
        raise ValueError(f"diff: n is how often to take differences and at least 0, got {n}")
    at = axis_of(dim if axis is None else axis, x.rank)
    if n == 0:
        return x.clone()
    if prepend is not None or append is not None:
        x = cat([part for part in (prepend, x, append) if part is not None], at)
    for _ in range(n):
        if x.length[at] == 0:
            break
        later, earlier = x[_along(at, slice(1, None))], x[_along(at, slice(0, x.length[at] - 1))]
        x = later ^ earlier if x.kind == BOOL else later - earlier
    return x
