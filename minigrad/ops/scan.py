"""Running sums, products and extremes along an axis; products as a whole; differences of neighbours."""
import numpy as np

from minigrad import return_types
from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import floating, where
from minigrad.ops.extremes import pick
from minigrad.ops.inplace import inplace
from minigrad.ops.reduction import axes_of, axes_tuple, either
from minigrad.tensor import as_dtype, axis_of, bool_, check_tensors, float64, int64, lend, method, wrap


def _wide(x):
    """x's elements in a wider type, so that rounding along a scan stays below what is shown."""
    return np.asarray(lend(x), np.longdouble if x.dtype is float64 else np.float64)


def _rounded(array, x):
    """The wide array in x's dtype."""
    with np.errstate(all="ignore"):
        return wrap(np.asarray(array, x.dtype.numpy, order="C"))


def _summable(who, x, dtype):
    """x in the dtype asked for; without one, integers and bools as int64."""
    check_tensors(who, x)
    if dtype is None:
        return x if x.is_floating_point() else x.to(int64)
    return x.to(as_dtype(dtype))


def _along(axis, item):
    """The index that takes item of one axis and all of those before it."""
    return (slice(None),) * axis + (item,)


# ---- cumsum ----------------------------------------------------------------------------------------------

class CumSum(Op):
    """y_i = x_0 + ... + x_i along an axis; or (reverse) x_i + ... + x_last
    dx = the same of dy, the other way round
    """
    def forward(self, x, axis, reverse):
        self.axis, self.reverse = axis, reverse
        array = _wide(x)
        if x.ndim == 0:
            return _rounded(array, x)
        with np.errstate(all="ignore"):
            y = np.flip(np.cumsum(np.flip(array, axis), axis), axis) if reverse else np.cumsum(array, axis)
        return _rounded(y, x)

    def backward(self, dy):
        op = CumSum()
        return op.record(op.forward(dy, self.axis, not self.reverse), dy)


@inplace
@method
def cumsum(input, dim=None, *, dtype=None, axis=None):
    """y_i = x_0 + ... + x_i along dim, at most 1 ulp off; integers and bools are summed as int64."""
    x = _summable("cumsum", input, dtype)
    at = axis_of(either(dim, axis), x.ndim)
    if x.is_floating_point():
        op = CumSum()
        return op.record(op.forward(x, at, False), x)
    return wrap(np.cumsum(lend(x), at, dtype=x.dtype.numpy)) if x.ndim else x.clone()


# ---- recurrences -----------------------------------------------------------------------------------------

class Recurrence(Op):
    """h_i = a_i h_(i-1) + b_i along an axis, h before the first being 0; or (reverse) h_i = a_i h_(i+1) + b_i
    db_i = dh_i + a_(i+1) db_(i+1), the recurrence the other way round;  da_i = db_i h_(i-1)
    """
    def forward(self, a, b, axis, reverse):
        self.axis, self.reverse = axis, reverse
        self.saved = (a,)
        h = np.array(lend(b), np.float64)
        if h.size:
            factors = np.asarray(lend(a), np.float64)
            _run(*[np.moveaxis(np.flip(array, axis) if reverse else array, axis, 0) for array in (factors, h)])
        y = _rounded(h, b)
        self.keep(y)
        return y

    def backward(self, dh):
        a = self.saved[0]
        db = _recurrence(_shifted(a, self.axis, not self.reverse, 0.0), dh, self.axis, not self.reverse)
        return db * _shifted(self.output(), self.axis, self.reverse, 0.0) if self.needs(0) else None, db


def _run(a, h):
    """h_i <- a_i h_(i-1) + h_i along the first axis, in place."""
    with np.errstate(all="ignore"):
        if h[0].size > 8:
            for before, factor, now in zip(h, a[1:], h[1:], strict=False):
                now += factor * before
            return
    for at in np.ndindex(h.shape[1:]):      # a call of NumPy's for each step would cost more than Python's numbers
        column = (slice(None), *at)
        total, totals = 0.0, []
        for factor, now in zip(a[column].tolist(), h[column].tolist(), strict=True):
            total = now + factor * total if totals else now
            totals.append(total)
        h[column] = totals


def _recurrence(a, b, axis, reverse):
    op = Recurrence()
    return op.record(op.forward(a, b, axis, reverse), a, b)


def _shifted(x, axis, forwards, first):
    """y_i = x_(i-1), y_0 = first; or (forwards) y_i = x_(i+1), y_last = first."""
    from minigrad.ops.joining import cat

    n = x.shape[axis]
    if n == 0:
        return x
    shape = [1 if i == axis else length for i, length in enumerate(x.shape)]
    edge = wrap(np.full(shape, first, x.dtype.numpy))
    if forwards:
        return cat([x[_along(axis, slice(1, n))], edge], axis)
    return cat([edge, x[_along(axis, slice(0, n - 1))]], axis)


# ---- products --------------------------------------------------------------------------------------------

class CumProd(Op):
    """y_i = x_0 ... x_i along an axis
    dx_i = g_i y_(i-1),  g_i = dy_i + x_(i+1) g_(i+1)          (so zeros need no division)
    """
    def forward(self, x, axis):
        self.axis = axis
        with np.errstate(all="ignore"):
            y = _rounded(np.cumprod(_wide(x), axis), x)
        self.saved = (x,)
        self.keep(y)
        return y

    def backward(self, dy):
        g = _recurrence(_shifted(self.saved[0], self.axis, True, 0.0), dy, self.axis, True)
        return g * _shifted(self.output(), self.axis, False, 1.0)


def _cumprod(x, axis):
    op = CumProd()
    return op.record(op.forward(x, axis), x)


@inplace
@method
def cumprod(input, dim=None, *, dtype=None, axis=None):
    """y_i = x_0 x_1 ... x_i along dim; integers and bools are multiplied as int64.

    The gradient is right where x has zeros, too.
    """
    x = _summable("cumprod", input, dtype)
    at = axis_of(either(dim, axis), x.ndim)
    if x.ndim == 0:
        return x.clone()
    return _cumprod(x, at) if x.is_floating_point() else wrap(np.cumprod(lend(x), at, dtype=x.dtype.numpy))


class Prod(Op):
    """y = product of x over an axis
    dx_i = dy (x_0 ... x_(i-1)) (x_(i+1) ... x_last)           (so zeros need no division)
    """
    def forward(self, x, axis):
        self.axis = axis
        self.saved = (x,)
        with np.errstate(all="ignore"):
            return _rounded(np.prod(_wide(x), axis), x)

    def backward(self, dy):
        x, = self.saved
        backwards = _along(self.axis, slice(None, None, -1))
        before = _shifted(_cumprod(x, self.axis), self.axis, False, 1.0)
        behind = _shifted(_cumprod(x[backwards], self.axis), self.axis, False, 1.0)[backwards]
        return dy.unsqueeze(self.axis) * before * behind


@method
def prod(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The product over dim (all axes where None); integers and bools are multiplied as int64.

    1 over no elements. The gradient is right where x has zeros, too.
    """
    x = _summable("prod", input, dtype)
    keepdim = either(keepdim, keepdims)
    over = axes_tuple(axes_of(either(dim, axis), x.ndim), x.ndim)
    if not x.is_floating_point():
        return wrap(np.asarray(np.prod(lend(x), over, keepdims=keepdim, dtype=x.dtype.numpy)))
    if x.ndim == 0:
        return x.clone()
    shape = [1 if i in over else n for i, n in enumerate(x.shape)]
    if len(over) > 1:       # as one axis, behind the others
        kept = [i for i in range(x.ndim) if i not in over]
        x = x.permute(*kept, *over).flatten(len(kept))
        over = (len(kept),)
    op = Prod()
    y = op.record(op.forward(x, over[0]), x)
    return y.reshape(shape) if keepdim else y


# ---- logcumsumexp ----------------------------------------------------------------------------------------

class LogCumSumExp(Op):
    """y_i = log(exp x_0 + ... + exp x_i) along an axis
    dx_i = g_i exp(x_i - y_i),  g_i = dy_i + exp(y_i - y_(i+1)) g_(i+1);  0 while all is -inf
    """
    def forward(self, x, axis):
        self.axis = axis
        with np.errstate(all="ignore"):
            y = _rounded(np.logaddexp.accumulate(_wide(x), axis), x)
        self.saved = (x,)
        if x.dtype is float64:
            self.keep(y)
        return y

    def backward(self, dy):
        x = self.saved[0]
        if x.dtype is not float64:      # of a large y its own rounding would be most of exp(x - y)
            x = x.to(float64)
            y = _logcumsumexp(x, self.axis)
        else:
            y = self.output()
        # behind the last there is nothing: exp(y - inf) is 0, and so are all its derivatives
        factors = _exp_difference(y, _shifted(y, self.axis, True, np.inf))
        g = _recurrence(factors, dy.to(float64), self.axis, True)
        return (g * _exp_difference(x, y)).to(dy.dtype)


def _logcumsumexp(x, axis):
    op = LogCumSumExp()
    return op.record(op.forward(x, axis), x)


def _exp_difference(a, b):
    """exp(a - b), and 0 where a is -inf, whatever b is."""
    gone = wrap(np.asarray(np.isneginf(lend(a))))
    return where(gone, 0.0, (where(gone, 0.0, a) - where(gone, 0.0, b)).exp())


@method
def logcumsumexp(input, dim=None, *, axis=None):
    """y_i = log(exp(x_0) + ... + exp(x_i)) along dim, without overflow."""
    x = floating(input)
    at = axis_of(either(dim, axis), x.ndim)
    return _logcumsumexp(x, at) if x.ndim else x.clone()


# ---- running extremes ------------------------------------------------------------------------------------

def _running(who, x, dim, function):
    """(values, indices) of the extreme so far; NaN wins, the latest of equals."""
    check_tensors(who, x)
    axis = axis_of(dim, x.ndim)
    if x.ndim == 0:
        return x.clone(), wrap(np.zeros((), np.int64))
    array = lend(x)
    best = function.accumulate(array, axis)
    if x.dtype is bool_:
        best = best.astype(bool)
    here = (array == best) | (np.isnan(array) if x.is_floating_point() else False)
    counter = np.arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    index = wrap(np.maximum.accumulate(np.where(here, counter, 0), axis))
    return pick(x, index, axis, False), index


@method
def cummax(input, dim=None, *, axis=None):
    """(values, indices) of the largest element so far along dim; NaN wins, the latest of equals."""
    return return_types.cummax(_running("cummax", input, either(dim, axis), np.maximum))


@method
def cummin(input, dim=None, *, axis=None):
    """(values, indices) of the smallest element so far along dim; NaN wins, the latest of equals."""
    return return_types.cummin(_running("cummin", input, either(dim, axis), np.minimum))


# ---- differences -----------------------------------------------------------------------------------------

@method
def diff(input, n=1, dim=-1, prepend=None, append=None, *, axis=None):
    """y_i = x_(i+1) - x_i along dim, n times over; bools differ by xor.

    prepend, append: tensors joined to input along dim first.
    """
    from minigrad.ops.joining import cat

    check_tensors("diff", input)
    x = input
    if x.ndim == 0:
        raise ValueError("diff: a tensor of no axes has no neighbours to subtract")
    if n < 0:
        raise ValueError(f"diff: n is how often to take differences and at least 0, got {n}")
    at = axis_of(either(dim, axis), x.ndim)
    if n == 0:
        return x.clone()
    if prepend is not None or append is not None:
        x = cat([part for part in (prepend, x, append) if part is not None], at)
    for _ in range(n):
        if x.shape[at] == 0:
            break
        later, earlier = x[_along(at, slice(1, None))], x[_along(at, slice(0, x.shape[at] - 1))]
        x = later ^ earlier if x.dtype is bool_ else later - earlier
    return x
