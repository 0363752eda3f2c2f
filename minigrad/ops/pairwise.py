"""Elementwise functions of several tensors: bounds, angles, and what else joins two numbers or three.

Shapes broadcast and dtypes meet as for + and *. What float32 is not exact enough for is computed in
float64 and rounded once.
"""
from functools import reduce
from operator import ge, gt, le, lt

import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import (
    Binary,
    binary,
    by_kernel_of_two,
    by_numpy_of_two,
    floating,
    in_double,
    operands,
    where,
)
from minigrad.ops.broadcast import shape_only, sum_to
from minigrad.ops.inplace import also, elementwise, with_out
from minigrad.tensor import Tensor, bool_, check_tensors, describe, float64, lend, method, wrap

quiet = np.errstate(all="ignore")


def _binary_float(op, x, y):
    """binary(), on operands that become floating."""
    a, b = operands(op, x, y)
    return binary(op, floating(a), floating(b))


def _only(mask, dy):
    """dy where mask is True, else 0: also where dy is infinite."""
    return where(mask, dy, 0.0)


# ---- the larger and the smaller ---------------------------------------------------------------------------

class Maximum(Binary):
    """y = a where a > b, else b; NaN wins
    da = dy where a > b, half of it where a = b;  db = the rest
    """
    kernel, loses = "maximum", lt

    def forward(self, a, b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return by_kernel_of_two(self.kernel, a, b)

    def backward(self, dy):
        a, b = self.saved
        half = where(a == b, dy * 0.5, dy)
        return self.settle(where(self.loses(a, b), 0.0, half) if self.needs(0) else None,
                           where(self.loses(b, a), 0.0, half) if self.needs(1) else None)


class Minimum(Maximum):
    """y = a where a < b, else b; NaN wins
    da = dy where a < b, half of it where a = b;  db = the rest
    """
    kernel, loses = "minimum", gt


class FMax(Binary):
    """y = a where a >= b or b is NaN, else b
    da = dy where y is a;  db = dy where y is b
    """
    ufunc, wins = np.fmax, ge

    @quiet
    def forward(self, a, b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return by_numpy_of_two(self.ufunc, a, b, self)

    def backward(self, dy):
        a, b = self.saved
        first = self.wins(a, b) | (b != b)
        return self.settle(_only(first, dy) if self.needs(0) else None, _only(~first, dy) if self.needs(1) else None)


class FMin(FMax):
    """y = a where a <= b or b is NaN, else b
    da = dy where y is a;  db = dy where y is b
    """
    ufunc, wins = np.fmin, le


@with_out
@method
def maximum(input, other):
    """The larger of both, element by element; NaN where either is. Equals share the gradient, half each."""
    return binary(Maximum(), input, other)


@with_out
@method
def minimum(input, other):
    """The smaller of both, element by element; NaN where either is. Equals share the gradient, half each."""
    return binary(Minimum(), input, other)


@with_out
@method
def fmax(input, other):
    """The larger of both, element by element; a number wins over NaN. Of equals, input has the gradient."""
    return binary(FMax(), input, other)


@with_out
@method
def fmin(input, other):
    """The smaller of both, element by element; a number wins over NaN. Of equals, input has the gradient."""
    return binary(FMin(), input, other)


class Clamp(Op):
    """y = min(max(x, low), high); NaN wins
    dx = dy where low <= x <= high;  dlow = dy where x < low < high;  dhigh = dy where x > high or high < low
    """
    def forward(self, x, low, high):
        self.saved = (x, low, high)
        self.shapes = [None if of is None else shape_only(of) for of in self.saved]
        y = x if low is None else by_kernel_of_two("maximum", x, low, "clamp")
        return y if high is None else by_kernel_of_two("minimum", y, high, "clamp")

    def backward(self, dy):
        x, low, high = self.saved
        dx = dlow = dhigh = None
        if self.needs(0):
            inside = x <= high if low is None else x >= low if high is None else (x >= low) & (x <= high)
            dx = sum_to(_only(inside, dy), self.shapes[0])
        if self.needs(1):
            below = x < low if high is None else (x < low) & (low < high)
            dlow = sum_to(_only(below, dy), self.shapes[1])
        if self.needs(2):
            above = x > high if low is None else (x > high) | (high < low)
            dhigh = sum_to(_only(above, dy), self.shapes[2])
        return dx, dlow, dhigh


def _of_one_dtype(who, inputs):
    """operands(), for any number of tensors and Nones; their order has no say in the dtype."""
    tensors = [t for t in inputs if t is not None]
    if all(t.dtype is tensors[0].dtype for t in tensors):
        return inputs

    def lifted(tensors):
        return reduce(lambda a, b: operands(who, a, b)[0], tensors)

    groups = [t for t in tensors if t.ndim], [t for t in tensors if not t.ndim]
    dtype = lifted([lifted(group) for group in groups if group]).dtype
    return [None if t is None else t.to(dtype) for t in inputs]


def _clamp(who, x, low, high):
    check_tensors(who, x)
    inputs = [x]
    for bound in (low, high):
        if bound is not None and not isinstance(bound, Tensor):
            try:
                bound = operands(who, x, bound)[1]
            except TypeError:
                raise TypeError(f"{who}: a bound is a number or a tensor, got {type(bound).__name__}") from None
        inputs.append(bound)
    inputs = _of_one_dtype(who, inputs)
    op = Clamp()
    return op.record_all(op.forward(*inputs), inputs)


@elementwise
def clamp(input, min=None, max=None):
    """input, brought into [min, max]: numbers, or tensors that broadcast; max where min > max.

    Errors: ValueError where both are None.
    """
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both")
    return _clamp("clamp", input, min, max)


@elementwise
def clamp_min(input, min):
    """input, and min where it is below."""
    return _clamp("clamp_min", input, min, None)


@elementwise
def clamp_max(input, max):
    """input, and max where it is above."""
    return _clamp("clamp_max", input, None, max)


# ---- two tensors ------------------------------------------------------------------------------------------

class InDouble(Binary):
    """y = a o b by a class's `ufunc`, in float64 and rounded once."""

    def forward(self, a, b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return in_double(self.ufunc, a, b, self)


class Atan2(InDouble):
    """y = the angle of the point (b, a), in [-pi, pi]
    da = dy b / (a^2 + b^2), db = -dy a / (a^2 + b^2);  0 at the origin
    """
    ufunc = np.arctan2

    def backward(self, dy):
        a, b = self.saved
        r = hypot(a, b)
        r = where(r == 0, 1.0, r)
        return self.settle(dy * (b / r) / r if self.needs(0) else None, -dy * (a / r) / r if self.needs(1) else None)


@elementwise
def atan2(input, other):
    """The angle of the point (other, input), in [-pi, pi]: atan(input / other) in the right quadrant."""
    return _binary_float(Atan2(), input, other)


class Hypot(InDouble):
    """y = sqrt(a^2 + b^2)
    da = dy a / y, db = dy b / y;  0 at the origin
    """
    ufunc = np.hypot

    def forward(self, a, b):
        y = super().forward(a, b)
        self.keep(y)
        return y

    def backward(self, dy):
        a, b, _ = self.saved
        y = self.output()
        y = where(y == 0, 1.0, y)
        return self.settle(dy * (a / y) if self.needs(0) else None, dy * (b / y) if self.needs(1) else None)


@elementwise
def hypot(input, other):
    """sqrt(input^2 + other^2), without overflow on the way."""
    return _binary_float(Hypot(), input, other)


class LogAddExp(InDouble):
    """y = ln(e^a + e^b)
    da = dy sigmoid(a - b), db = dy sigmoid(b - a)
    """
    ufunc = np.logaddexp

    def backward(self, dy):
        a, b = self.saved
        d = where((a == b) & a.isinf(), 0.0, a - b)      # not inf - inf
        return self.settle(dy * d.sigmoid() if self.needs(0) else None, dy * (-d).sigmoid() if self.needs(1) else None)


@with_out
@method
def logaddexp(input, other):
    """ln(e^input + e^other), exact also where these overflow or vanish."""
    return _binary_float(LogAddExp(), input, other)


class XLogY(Binary):
    """y = a ln b, 0 where a = 0
    da = dy ln b (0 where a = 0 and b <= 0), db = dy a / b
    """
    @quiet
    def forward(self, a, b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return by_numpy_of_two(_x_log_y, a, b, self)

    def backward(self, dy):
        a, b = self.saved
        da = None
        if self.needs(0):
            nothing = (a == 0) & (b <= 0)
            da = where(nothing, 0.0, dy * where(nothing, 1.0, b).log())
        return self.settle(da, dy * (a / b) if self.needs(1) else None)


def _x_log_y(a, b):
    x, y = a.astype(np.float64), b.astype(np.float64)
    return np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log(y)).astype(a.dtype)


@elementwise
def xlogy(input, other):
    """input ln(other), and 0 where input is 0 (unless other is NaN)."""
    return _binary_float(XLogY(), input, other)


class Copysign(Binary):
    """y = |a| with the sign of b
    da = dy where a and b have one sign, else -dy; 0 where a = 0;  db = 0
    """
    @quiet
    def forward(self, a, b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return by_numpy_of_two(np.copysign, a, b, self)

    def backward(self, dy):
        a, b = self.saved
        return self.settle(dy * copysign(a.detach().sign(), b.detach()) * a.detach().sign() if self.needs(0) else None,
                           dy.detach() * 0 if self.needs(1) else None)


@elementwise
def copysign(input, other):
    """|input| with the sign of other (also that of -0)."""
    return _binary_float(Copysign(), input, other)


class Fmod(Binary):
    """y = a - b trunc(a / b), with the sign of a
    da = dy, db = -dy trunc(a / b)
    """
    @quiet
    def forward(self, a, b):
        if b.dtype is bool_:
            raise TypeError(f"fmod: not defined for {describe(a)} and {describe(b)}")
        if not b.is_floating_point() and not lend(b).all():
            raise ZeroDivisionError("fmod: an integer tensor was divided by zero")
        self.saved = (a, b) if b.requires_grad else (None, None)
        self.note_shapes(a, b)
        return by_numpy_of_two(np.fmod, a, b, self)

    def backward(self, dy):
        a, b = self.saved
        return self.settle(dy if self.needs(0) else None,
                           -dy * a.div(b, rounding_mode="trunc").detach() if self.needs(1) else None)


@elementwise
def fmod(input, other):
    """What input / other leaves, with input's sign (as in C)."""
    return binary(Fmod(), input, other)


def _step(x, at_zero):
    y = np.where(x == 0, at_zero, x > 0)
    return np.where(np.isnan(x), x, y).astype(x.dtype)


@elementwise
def heaviside(input, values):
    """0 below 0, values at 0, 1 above; it has no gradient."""
    check_tensors("heaviside", input, values)
    if input.dtype is not values.dtype:
        raise TypeError(
            f"heaviside: expected two tensors of one dtype, got {describe(input)} and {describe(values)}")
    return by_numpy_of_two(_step, input, values, "heaviside")


@elementwise
def float_power(input, exponent):
    """input to the power exponent, both in float64."""
    return _double(input) ** _double(exponent)


def _double(x):
    return x.to(float64) if isinstance(x, Tensor) else wrap(np.array(x, np.float64))


# ---- three tensors: composed of the others ------------------------------------------------------------------

@elementwise
def lerp(input, end, weight):
    """input + weight (end - input): input at 0, end at 1, and exactly so.

    weight: a number or a tensor. Errors: TypeError for two dtypes, or integers.
    """
    check_tensors("lerp", input, end)
    if input.dtype is not end.dtype or not input.is_floating_point():
        raise TypeError(f"lerp: expected two floating tensors of one dtype, got {describe(input)} and {describe(end)}")
    if not isinstance(weight, Tensor):
        return input + (end - input) * weight if weight < 0.5 else end - (end - input) * (1 - weight)
    if weight.dtype is not input.dtype:
        raise TypeError(f"lerp: expected a weight of input's dtype, got {describe(input)} and {describe(weight)}")
    return where(weight.detach() < 0.5, input + (end - input) * weight, end - (end - input) * (1 - weight))


@elementwise
def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 tensor2, element by element; shapes broadcast."""
    check_tensors("addcmul", input, tensor1, tensor2)
    return input + (tensor1 * tensor2 if value == 1 else tensor1 * value * tensor2)


@elementwise
def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 / tensor2, element by element; shapes broadcast.

    Errors: TypeError for two integer tensors to divide; convert one first (x.float()).
    """
    check_tensors("addcdiv", input, tensor1, tensor2)
    if not tensor1.is_floating_point() and not tensor2.is_floating_point():
        raise TypeError(f"addcdiv: expected floating tensors to divide, got {describe(tensor1)} and "
                        f"{describe(tensor2)}; convert one first (x.float())")
    return input + (tensor1 if value == 1 else tensor1 * value) / tensor2


for _name, _same in (("clip", "clamp"), ("arctan2", "atan2")):
    also(globals(), _name, _same)
