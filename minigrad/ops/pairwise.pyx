"""Elementwise functions of several tensors: bounds, angles, and what else joins two numbers or three.

Shapes broadcast and dtypes meet as for + and *. What float32 is not exact enough for is computed in
float64 and rounded once.
"""
from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K, mg_binary
from minigrad.ops.arithmetic cimport Binary, binary, convert, floating, kernels, operands
from minigrad.ops.broadcast cimport broadcast_shape, combine, shape_only, sum_to
from minigrad.tensor cimport (
    BOOL, FLOAT64, MAX_RANK, Kind, Tensor, describe, is_floating, lend, new_tensor, operand, promote, wrap,
)

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import also, inplace, with_out
from minigrad.tensor import method


cdef Tensor both_by_numpy(str who, object ufunc, Tensor a, Tensor b):
    """By NumPy, in float64, rounded once to the operands' dtype; shapes broadcast."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank = broadcast_shape(who, a, b, length)
    cdef Tensor y = new_tensor(a.kind, rank, length)
    with np.errstate(all="ignore"):
        ufunc(lend(a), lend(b), out=lend(y), dtype=np.float64, casting="same_kind")
    return y


cdef Tensor binary_float(Binary op, object x, object y):
    """binary(), on operands that become floating."""
    cdef Tensor a, b
    a, b = operands(op, x, y)
    return binary(op, floating(a), floating(b))


# ---- the larger and the smaller ---------------------------------------------------------------------------

cdef Tensor _larger(str who, Tensor a, Tensor b):
    if a.kind <= FLOAT64:
        return combine(who, <mg_binary>K[a.kind].maximum, a, b)
    return wrap(np.asarray(np.maximum(lend(a), lend(b))))


cdef Tensor _smaller(str who, Tensor a, Tensor b):
    if a.kind <= FLOAT64:
        return combine(who, <mg_binary>K[a.kind].minimum, a, b)
    return wrap(np.asarray(np.minimum(lend(a), lend(b))))


cdef Tensor _only(Tensor mask, object dy):
    """dy where mask is True, else 0: also where dy is infinite."""
    return where(mask, dy, 0.0)


cdef class Maximum(Binary):
    """y = a where a > b, else b; NaN wins
    da = dy where a > b, half of it where a = b;  db = the rest
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        return self.compute(a, b, <mg_binary>kernels(a).maximum, "maximum")

    cdef backward(self, Tensor dy):
        a, b = self.saved
        half = where(a == b, dy * 0.5, dy)
        return self.settle(where(a < b, 0.0, half) if self.needs(0) else None,
                           where(a > b, 0.0, half) if self.needs(1) else None)


cdef class Minimum(Binary):
    """y = a where a < b, else b; NaN wins
    da = dy where a < b, half of it where a = b;  db = the rest
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        return self.compute(a, b, <mg_binary>kernels(a).minimum, "minimum")

    cdef backward(self, Tensor dy):
        a, b = self.saved
        half = where(a == b, dy * 0.5, dy)
        return self.settle(where(a > b, 0.0, half) if self.needs(0) else None,
                           where(a < b, 0.0, half) if self.needs(1) else None)


cdef class FMax(Binary):
    """y = a where a >= b or b is NaN, else b
    da = dy where y is a;  db = dy where y is b
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return _joined("fmax", np.fmax, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        first = (a >= b) | (b != b)
        return self.settle(_only(first, dy) if self.needs(0) else None, _only(~first, dy) if self.needs(1) else None)


cdef class FMin(Binary):
    """y = a where a <= b or b is NaN, else b
    da = dy where y is a;  db = dy where y is b
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return _joined("fmin", np.fmin, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        first = (a <= b) | (b != b)
        return self.settle(_only(first, dy) if self.needs(0) else None, _only(~first, dy) if self.needs(1) else None)


cdef Tensor _joined(str who, object ufunc, Tensor a, Tensor b):
    """By NumPy, in the operands' own dtype."""
    try:
        with np.errstate(all="ignore"):
            return wrap(np.asarray(ufunc(lend(a), lend(b))))
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None


@with_out
@method
def maximum(input, other):
    """The larger of both, element by element; NaN where either is. Equals share the gradient, half each."""
    return binary(Maximum.__new__(Maximum), input, other)


@with_out
@method
def minimum(input, other):
    """The smaller of both, element by element; NaN where either is. Equals share the gradient, half each."""
    return binary(Minimum.__new__(Minimum), input, other)


@with_out
@method
def fmax(input, other):
    """The larger of both, element by element; a number wins over NaN. Of equals, input has the gradient."""
    return binary(FMax.__new__(FMax), input, other)


@with_out
@method
def fmin(input, other):
    """The smaller of both, element by element; a number wins over NaN. Of equals, input has the gradient."""
    return binary(FMin.__new__(FMin), input, other)


cdef class Clamp(Op):
    """y = min(max(x, low), high); NaN wins
    dx = dy where low <= x <= high;  dlow = dy where x < low < high;  dhigh = dy where x > high or high < low
    """
    cdef tuple shapes

    cdef Tensor forward(self, Tensor x, Tensor low, Tensor high):
        cdef Tensor y = x
        self.saved = (x, low, high)
        self.shapes = (shape_only(x), None if low is None else shape_only(low),
                       None if high is None else shape_only(high))
        if low is not None:
            y = _larger("clamp", y, low)
        return y if high is None else _smaller("clamp", y, high)

    cdef backward(self, Tensor dy):
        x, low, high = self.saved
        dx = dlow = dhigh = None
        if self.needs(0):
            inside = x <= high if low is None else x >= low if high is None else (x >= low) & (x <= high)
            dx = sum_to(_only(inside, dy), <Tensor>self.shapes[0])
        if self.needs(1):
            below = x < low if high is None else (x < low) & (low < high)
            dlow = sum_to(_only(below, dy), <Tensor>self.shapes[1])
        if self.needs(2):
            above = x > high if low is None else (x > high) | (high < low)
            dhigh = sum_to(_only(above, dy), <Tensor>self.shapes[2])
        return dx, dlow, dhigh


cdef Tensor _clamp(str who, object input, object low, object high):
    cdef Tensor x, a = None, b = None
    cdef Kind kind
    cdef Clamp op = Clamp.__new__(Clamp)
    if not isinstance(input, Tensor):
        raise TypeError(f"{who}: expected a tensor, got {type(input).__name__}")
    x = input
    kind = x.kind
    if low is not None:
        a = operand(low, x)
        if a is None:
            raise TypeError(f"{who}: a bound is a number or a tensor, got {type(low).__name__}")
        kind = promote(x, a)
    if high is not None:
        b = operand(high, x)
        if b is None:
            raise TypeError(f"{who}: a bound is a number or a tensor, got {type(high).__name__}")
        if b.kind != x.kind and promote(x, b) != x.kind:
            kind = promote(x, b) if a is None or promote(x, a) == x.kind else promote(convert(x, kind), b)
    x = convert(x, kind)
    a = None if a is None else convert(a, kind)
    b = None if b is None else convert(b, kind)
    return op.record_all(op.forward(x, a, b), (x, a, b))


@with_out
@inplace
@method
def clamp(input, min=None, max=None):
    """input, brought into [min, max]: numbers, or tensors that broadcast; max where min > max.

    Errors: ValueError where both are None.
    """
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both")
    return _clamp("clamp", input, min, max)


@with_out
@inplace
@method
def clamp_min(input, min):
    """input, and min where it is below."""
    return _clamp("clamp_min", input, min, None)


@with_out
@inplace
@method
def clamp_max(input, max):
    """input, and max where it is above."""
    return _clamp("clamp_max", input, None, max)


# ---- two tensors ------------------------------------------------------------------------------------------

cdef class Atan2(Binary):
    """y = the angle of the point (b, a), in [-pi, pi]
    da = dy b / (a^2 + b^2), db = -dy a / (a^2 + b^2);  0 at the origin
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return both_by_numpy("atan2", np.arctan2, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        r = hypot(a, b)
        r = where(r == 0, 1.0, r)
        return self.settle(dy * (b / r) / r if self.needs(0) else None, -dy * (a / r) / r if self.needs(1) else None)


@with_out
@inplace
@method
def atan2(input, other):
    """The angle of the point (other, input), in [-pi, pi]: atan(input / other) in the right quadrant."""
    return binary_float(Atan2.__new__(Atan2), input, other)


cdef class Hypot(Binary):
    """y = sqrt(a^2 + b^2)
    da = dy a / y, db = dy b / y;  0 at the origin
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        cdef Tensor y
        self.saved = (a, b)
        self.note_shapes(a, b)
        y = both_by_numpy("hypot", np.hypot, a, b)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        a, b, _ = self.saved
        y = self.output()
        y = where(y == 0, 1.0, y)
        return self.settle(dy * (a / y) if self.needs(0) else None, dy * (b / y) if self.needs(1) else None)


@with_out
@inplace
@method
def hypot(input, other):
    """sqrt(input^2 + other^2), without overflow on the way."""
    return binary_float(Hypot.__new__(Hypot), input, other)


cdef class LogAddExp(Binary):
    """y = ln(e^a + e^b)
    da = dy sigmoid(a - b), db = dy sigmoid(b - a)
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return both_by_numpy("logaddexp", np.logaddexp, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        d = where((a == b) & a.isinf(), 0.0, a - b)      # not inf - inf
        return self.settle(dy * d.sigmoid() if self.needs(0) else None, dy * (-d).sigmoid() if self.needs(1) else None)


@with_out
@method
def logaddexp(input, other):
    """ln(e^input + e^other), exact also where these overflow or vanish."""
    return binary_float(LogAddExp.__new__(LogAddExp), input, other)


cdef class XLogY(Binary):
    """y = a ln b, 0 where a = 0
    da = dy ln b (0 where a = 0 and b <= 0), db = dy a / b
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        x, y = lend(a).astype(np.float64), lend(b).astype(np.float64)
        try:
            with np.errstate(all="ignore"):
                product = np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log(y))
        except ValueError as error:
            raise ValueError(f"xlogy: {error}") from None
        return wrap(np.asarray(product.astype(lend(a).dtype)))

    cdef backward(self, Tensor dy):
        a, b = self.saved
        da = None
        if self.needs(0):
            nothing = (a == 0) & (b <= 0)
            da = where(nothing, 0.0, dy * where(nothing, 1.0, b).log())
        return self.settle(da, dy * (a / b) if self.needs(1) else None)


@with_out
@inplace
@method
def xlogy(input, other):
    """input ln(other), and 0 where input is 0 (unless other is NaN)."""
    return binary_float(XLogY.__new__(XLogY), input, other)


cdef class Copysign(Binary):
    """y = |a| with the sign of b
    da = dy where a and b have one sign, else -dy; 0 where a = 0;  db = 0
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        self.note_shapes(a, b)
        return _joined("copysign", np.copysign, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        return self.settle(dy * copysign(a.detach().sign(), b.detach()) * a.detach().sign() if self.needs(0) else None,
                           dy.detach() * 0 if self.needs(1) else None)


@with_out
@inplace
@method
def copysign(input, other):
    """|input| with the sign of other (also that of -0)."""
    return binary_float(Copysign.__new__(Copysign), input, other)


cdef class Fmod(Binary):
    """y = a - b trunc(a / b), with the sign of a
    da = dy, db = -dy trunc(a / b)
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        if b.kind == BOOL:
            raise TypeError(f"fmod: not defined for {describe(a)} and {describe(b)}")
        if not is_floating(b.kind) and not lend(b).all():
            raise ZeroDivisionError("fmod: an integer tensor was divided by zero")
        self.saved = (a if b.requires else None, b if b.requires else None)
        self.note_shapes(a, b)
        return _joined("fmod", np.fmod, a, b)

    cdef backward(self, Tensor dy):
        a, b = self.saved
        return self.settle(dy if self.needs(0) else None,
                           -dy * a.div(b, rounding_mode="trunc").detach() if self.needs(1) else None)


@with_out
@inplace
@method
def fmod(input, other):
    """What input / other leaves, with input's sign (as in C)."""
    return binary(Fmod.__new__(Fmod), input, other)


@with_out
@inplace
@method
def heaviside(Tensor input not None, Tensor values not None):
    """0 below 0, values at 0, 1 above; it has no gradient."""
    if input.kind != values.kind:
        raise TypeError(
            f"heaviside: expected two tensors of one dtype, got {describe(input)} and {describe(values)}")
    x = lend(input)
    try:
        y = np.where(x == 0, lend(values), x > 0)
    except ValueError as error:
        raise ValueError(f"heaviside: {error}") from None
    if is_floating(input.kind):
        y = np.where(np.isnan(x), x, y)
    return wrap(np.asarray(y.astype(x.dtype)))


@with_out
@inplace
@method
def float_power(input, exponent):
    """input to the power exponent, both in float64."""
    return convert(_as_tensor(input), FLOAT64) ** convert(_as_tensor(exponent), FLOAT64)


cdef Tensor _as_tensor(object x):
    return <Tensor>x if isinstance(x, Tensor) else wrap(np.array(x, np.float64))


# ---- three tensors: composed of the others ------------------------------------------------------------------

@with_out
@inplace
@method
def lerp(Tensor input not None, Tensor end not None, weight):
    """input + weight (end - input): input at 0, end at 1, and exactly so.

    weight: a number or a tensor. Errors: TypeError for two dtypes, or integers.
    """
    cdef Tensor w
    if input.kind != end.kind or not is_floating(input.kind):
        raise TypeError(f"lerp: expected two floating tensors of one dtype, got {describe(input)} and {describe(end)}")
    if not isinstance(weight, Tensor):
        return input + (end - input) * weight if weight < 0.5 else end - (end - input) * (1 - weight)
    w = weight
    if w.kind != input.kind:
        raise TypeError(f"lerp: expected a weight of input's dtype, got {describe(input)} and {describe(w)}")
    return where(w.detach() < 0.5, input + (end - input) * w, end - (end - input) * (1 - w))


@with_out
@inplace
@method
def addcmul(Tensor input not None, Tensor tensor1 not None, Tensor tensor2 not None, *, value=1):
    """input + value tensor1 tensor2, element by element; shapes broadcast."""
    return input + (tensor1 * tensor2 if value == 1 else tensor1 * value * tensor2)


@with_out
@inplace
@method
def addcdiv(Tensor input not None, Tensor tensor1 not None, Tensor tensor2 not None, *, value=1):
    """input + value tensor1 / tensor2, element by element; shapes broadcast.

    Errors: TypeError for two integer tensors to divide; convert one first (x.float()).
    """
    if not is_floating(tensor1.kind) and not is_floating(tensor2.kind):
        raise TypeError(f"addcdiv: expected floating tensors to divide, got {describe(tensor1)} and "
                        f"{describe(tensor2)}; convert one first (x.float())")
    return input + (tensor1 if value == 1 else tensor1 * value) / tensor2


for _name, _same in (("clip", "clamp"), ("arctan2", "atan2")):
    also(globals(), _name, _same)
