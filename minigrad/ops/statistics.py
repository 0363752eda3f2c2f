"""Reductions besides the sum and the mean: variance, logsumexp, counts, truth, and sums that skip NaN."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import floating, where
from minigrad.ops.broadcast import sum_over
from minigrad.ops.reduction import axes_of, axes_tuple, count_over, either, mean, spread, sum
from minigrad.tensor import as_number, check_tensors, describe, float64, lend, method, uint8, wrap


def _floats(who, input, dtype=None):
    check_tensors(who, input)
    x = input if dtype is None else input.to(dtype)
    if not x.is_floating_point():
        raise TypeError(f"{who}: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    return x


# ---- without NaN ------------------------------------------------------------------------------------------

@method
def nansum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The sum over dim of what is not NaN; 0 where all is."""
    check_tensors("nansum", input)
    x = input if dtype is None else input.to(dtype)
    if x.is_floating_point():
        x = where(wrap(np.isnan(lend(x))), 0.0, x)
    return sum(x, either(dim, axis), either(keepdim, keepdims))


@method
def nanmean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """The mean over dim of what is not NaN; NaN where all is."""
    x = _floats("nanmean", input, dtype)
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    there = wrap(~np.isnan(lend(x)))
    return nansum(x, dim, keepdim) / sum(there, dim, keepdim).to(x.dtype)


# ---- variance ---------------------------------------------------------------------------------------------

def _deviations(x, axes):
    """x - mean of x over some axes, in double, as an array."""
    wide = x.detach().to(float64)
    return lend(wide) - lend(sum_over(wide, axes, True, count_over(x, axes)))


class Centre(Op):
    """y = x - mean of x over some axes; subtracted in double
    dx = dy - mean of dy
    """
    def forward(self, x, axes):
        self.axes = axes
        return wrap(_deviations(x, axes).astype(x.dtype.numpy))

    def backward(self, dy):
        return _centre(dy, self.axes)


def _centre(x, axes):
    op = Centre()
    return op.record(op.forward(x, axes), x)


class Var(Op):
    """v = sum (x - mean x)^2 / (n - correction) over some axes; y = v, or sqrt(v)
    dx = dy 2 (x - mean x) / (n - correction), or dy (x - mean x) / (y (n - correction)); 0 where y = sqrt(v) = 0
    """
    def forward(self, x, axes, keepdim, correction, root):
        self.axes, self.root = axes, root
        self.divisor = max(count_over(x, axes) - correction, 0)
        with np.errstate(all="ignore"):
            deviations = _deviations(x, axes)       # in two passes, never E[x^2] - E[x]^2
            v = lend(sum_over(wrap(deviations * deviations), axes, keepdim, self.divisor))
            y = wrap((np.sqrt(v) if root else v).astype(x.dtype.numpy))
        self.saved = (x,)
        if root:
            self.keep(y)
        return y

    def backward(self, dy):
        x = self.saved[0]
        if self.root:
            y = self.output()
            dy = where(y == 0, 0.0, dy / where(y == 0, 1.0, y))
            return spread(dy / self.divisor, x, self.axes) * _centre(x, self.axes)
        return spread(dy / (self.divisor / 2), x, self.axes) * _centre(x, self.axes)

    def name(self):
        return "StdBackward0" if self.root else "VarBackward0"


def _var(who, input, dim, unbiased, keepdim, correction, root):
    x = _floats(who, input)
    if isinstance(dim, bool):       # var(unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise ValueError(f"{who}: give correction or unbiased (correction=1 or 0), not both")
    if correction is None:
        correction = 1 if unbiased is None else unbiased
    op = Var()
    return op.record(op.forward(x, axes_of(dim, x.ndim), keepdim, as_number(who, "correction", correction), root), x)


@method
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=None):
    """sum (x - mean x)^2 / (n - correction) over dim (all axes where None); NaN where n is not above correction.

    correction: 1 gives the unbiased estimate (the default), 0 the mean square. unbiased:
    PyTorch's older word for it. Computed in double and in two passes, never as E[x^2] - E[x]^2.
    """
    return _var("var", input, either(dim, axis), unbiased, either(keepdim, keepdims), correction, False)


@method
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=None):
    """The square root of var(), with the same arguments; its gradient is 0 where it is 0."""
    return _var("std", input, either(dim, axis), unbiased, either(keepdim, keepdims), correction, True)


def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=None):
    """(var(), mean()) over the same axes."""
    dim, unbiased = (None, dim) if isinstance(dim, bool) else (either(dim, axis), unbiased)
    keepdim = either(keepdim, keepdims)
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=None):
    """(std(), mean()) over the same axes."""
    dim, unbiased = (None, dim) if isinstance(dim, bool) else (either(dim, axis), unbiased)
    keepdim = either(keepdim, keepdims)
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


# ---- logsumexp --------------------------------------------------------------------------------------------

class LogSumExp(Op):
    """y = log sum exp(x) = m + log1p(sum over the others of exp(x - m)), m = max x, over some axes
    dx = dy exp(x - y); 0 in a row of nothing but -inf, shared evenly among elements of +inf
    """
    def forward(self, x, axes, keepdim):
        self.axes = axes
        kept, over = [i for i in range(x.ndim) if not axes >> i & 1], axes_tuple(axes, x.ndim)
        shape = [1 if i in over else n for i, n in enumerate(x.shape) if keepdim or i not in over]
        rows = np.asarray(lend(x), np.float64).transpose(*kept, *over)
        rows = rows.reshape(*[x.shape[i] for i in kept], count_over(x, axes))
        with np.errstate(all="ignore"):
            if rows.shape[-1] == 0:
                y = np.full(shape, -np.inf)
            else:
                at = rows.argmax(-1)[..., None]
                m = np.take_along_axis(rows, at, -1)
                others = np.exp(rows - m)
                np.put_along_axis(others, at, 0.0, -1)
                others = lend(sum_over(wrap(others), 1 << len(kept), False, 1))
                m = m[..., 0]
                y = np.where(np.isfinite(m), m + np.log1p(others), m).reshape(shape)
            y = wrap(y.astype(x.dtype.numpy))
        self.saved = (x,)
        self.keep(y)
        return y

    def backward(self, dy):
        x = self.saved[0]
        y = spread(self.output(), x, self.axes)
        infinite = np.isinf(lend(y))
        if not infinite.any():
            return spread(dy, x, self.axes) * (x - y).exp()
        largest = lend(x) == np.inf
        share = largest / np.maximum(largest.sum(axes_tuple(self.axes, x.ndim), keepdims=True), 1)
        plain = wrap(np.asarray(~infinite))
        share = where(plain, (where(plain, x, 0.0) - where(plain, y, 0.0)).exp(), wrap(np.asarray(share)).to(x.dtype))
        return spread(dy, x, self.axes) * share

    def name(self):
        return "LogsumexpBackward0"


@method
def logsumexp(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """log(sum(exp(input))) over dim (all axes where None), without overflow; -inf over no elements.

    The gradient of a row of nothing but -inf is 0, where torch gives NaN.
    """
    check_tensors("logsumexp", input)
    x = floating(input)
    op = LogSumExp()
    return op.record(op.forward(x, axes_of(either(dim, axis), x.ndim), either(keepdim, keepdims)), x)


# ---- counts and truth -------------------------------------------------------------------------------------

def _not_zero(who, input, dim):
    """Which elements are not 0 (NaN is not), and the axes to reduce."""
    check_tensors(who, input)
    return np.not_equal(lend(input), 0), axes_tuple(axes_of(dim, input.ndim), input.ndim)


@method
def count_nonzero(input, dim=None, *, axis=None):
    """How many elements over dim (all axes where None) are not 0; NaN is not 0."""
    found, over = _not_zero("count_nonzero", input, either(dim, axis))
    return wrap(np.asarray(found.sum(over, dtype=np.int64)))


def _truth(who, reduce, input, dim, keepdim):
    """any() or all(); of uint8 they give uint8, as in PyTorch."""
    found, over = _not_zero(who, input, dim)
    return wrap(np.asarray(reduce(found, over, keepdims=bool(keepdim)), np.uint8 if input.dtype is uint8 else bool))


@method
def any(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Whether any element along dim (of all, where None) is not 0."""
    return _truth("any", np.any, input, either(dim, axis), either(keepdim, keepdims))


@method
def all(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Whether all elements along dim (all of them, where None) are not 0."""
    return _truth("all", np.all, input, either(dim, axis), either(keepdim, keepdims))
