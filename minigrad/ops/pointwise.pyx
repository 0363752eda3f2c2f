"""Functions on elements: roots, logarithms, angles, rounding, bounds, and what joins two tensors or three.

Each class is one operation, as in arithmetic. What has a kernel uses it; the rest is NumPy's work, which
for float32 computes in float64 and rounds once, so that it is within 1 ulp of the exact result.
"""
from minigrad.autograd cimport Op
from minigrad.kernels cimport K, mg_binary
from minigrad.ops.arithmetic cimport (
    Binary, Unary, binary, convert, floating, kernels, operands, unary, unary_kernel,
)
from minigrad.ops.broadcast cimport broadcast_shape, combine, shape_only, sum_to
from minigrad.tensor cimport (
    BOOL, FLOAT16, FLOAT32, FLOAT64, INT64, KINDS, MAX_RANK, Kind, Tensor, cast, dense, describe, dtype_of, filled,
    is_floating, lend, new_like, new_tensor, operand, promote, same_shape, to_tensor, wrap,
)

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import also, inplace, with_out
from minigrad.tensor import method

cdef double LN2 = 0.6931471805599453
cdef double LN10 = 2.302585092994046
cdef double TWO_OVER_ROOT_PI = 1.1283791670955126


cdef Tensor by_kernel(Tensor x, unary_kernel kernel):
    """By a kernel; float16 by the one for float32."""
    cdef Tensor y
    if x.kind > FLOAT64:
        return cast(by_kernel(cast(x, FLOAT32), kernel), x.kind)
    x = dense(x)
    y = new_like(x)
    kernel(y.ptr, x.ptr, x.n)
    return y


cdef Tensor by_numpy(object ufunc, Tensor x):
    """By NumPy, in float64, rounded once to x's dtype."""
    cdef Tensor y = new_like(x)
    with np.errstate(all="ignore"):
        ufunc(lend(x), out=lend(y), dtype=np.float64, casting="same_kind")
    return y


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


# ---- squares, roots, reciprocals ---------------------------------------------------------------------

cdef class Square(Unary):
    """y = x^2
    dx = 2 x dy
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return self.compute(x, <unary_kernel>kernels(x).square, "square")

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x * 2


@with_out
@inplace
@method
def square(Tensor input not None):
    """input * input; integers stay integers."""
    cdef Square op = Square.__new__(Square)
    if input.kind == BOOL:
        input = cast(input, INT64)
    return op.record(op.forward(input), input)


cdef class Reciprocal(Unary):
    """y = 1 / x
    dx = -dy y^2
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = by_kernel(x, <unary_kernel>kernels(x).reciprocal)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        return -dy * y * y


@with_out
@inplace
@method
def reciprocal(input):
    """1 / input, element by element; inf at 0."""
    return unary(Reciprocal.__new__(Reciprocal), input)


cdef class Rsqrt(Unary):
    """y = 1 / sqrt(x)
    dx = -dy y^3 / 2
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = by_kernel(x, <unary_kernel>kernels(x).rsqrt)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        return dy * y * y * y * -0.5


@with_out
@inplace
@method
def rsqrt(input):
    """1 / sqrt(input), element by element; inf at 0, NaN below."""
    return unary(Rsqrt.__new__(Rsqrt), input)


# ---- exponentials and logarithms ---------------------------------------------------------------------

cdef class Exp2(Unary):
    """y = 2^x
    dx = dy y ln 2
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = by_kernel(x, <unary_kernel>kernels(x).exp2)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        return dy * y * LN2


@with_out
@inplace
@method
def exp2(input):
    """2 to the power input, element by element."""
    return unary(Exp2.__new__(Exp2), input)


cdef class Expm1(Unary):
    """y = e^x - 1
    dx = dy e^x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).expm1)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.exp()


@with_out
@inplace
@method
def expm1(input):
    """e^input - 1, element by element, exact also near 0."""
    return unary(Expm1.__new__(Expm1), input)


cdef class Log1p(Unary):
    """y = ln(1 + x)
    dx = dy / (1 + x)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).log1p)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (x + 1)


@with_out
@inplace
@method
def log1p(input):
    """ln(1 + input), element by element, exact also near 0; -inf at -1, NaN below."""
    return unary(Log1p.__new__(Log1p), input)


cdef class Log2(Unary):
    """y = ln x / ln 2
    dx = dy / (x ln 2)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).log2)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (x * LN2)


@with_out
@inplace
@method
def log2(input):
    """The logarithm to base 2, element by element; -inf at 0, NaN below."""
    return unary(Log2.__new__(Log2), input)


cdef class Log10(Unary):
    """y = ln x / ln 10
    dx = dy / (x ln 10)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).log10)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (x * LN10)


@with_out
@inplace
@method
def log10(input):
    """The logarithm to base 10, element by element; -inf at 0, NaN below."""
    return unary(Log10.__new__(Log10), input)


# ---- angles ------------------------------------------------------------------------------------------

cdef class Sin(Unary):
    """y = sin x
    dx = dy cos x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.sin, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.cos()


@with_out
@inplace
@method
def sin(input):
    """The sine of input, in radians."""
    return unary(Sin.__new__(Sin), input)


cdef class Cos(Unary):
    """y = cos x
    dx = -dy sin x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.cos, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return -dy * x.sin()


@with_out
@inplace
@method
def cos(input):
    """The cosine of input, in radians."""
    return unary(Cos.__new__(Cos), input)


cdef class Tan(Unary):
    """y = sin x / cos x
    dx = dy (1 + y^2)
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = by_numpy(np.tan, x)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        return dy * (y * y + 1)


@with_out
@inplace
@method
def tan(input):
    """The tangent of input, in radians."""
    return unary(Tan.__new__(Tan), input)


cdef class Asin(Unary):
    """y = the angle in [-pi/2, pi/2] whose sine is x
    dx = dy / sqrt((1 - x) (1 + x))
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arcsin, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * (1 - x).rsqrt() * (1 + x).rsqrt()


@with_out
@inplace
@method
def asin(input):
    """The angle in [-pi/2, pi/2] whose sine input is; NaN beyond -1 and 1."""
    return unary(Asin.__new__(Asin), input)


cdef class Acos(Unary):
    """y = the angle in [0, pi] whose cosine is x
    dx = -dy / sqrt((1 - x) (1 + x))
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arccos, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return -dy * (1 - x).rsqrt() * (1 + x).rsqrt()


@with_out
@inplace
@method
def acos(input):
    """The angle in [0, pi] whose cosine input is; NaN beyond -1 and 1."""
    return unary(Acos.__new__(Acos), input)


cdef class Atan(Unary):
    """y = the angle in (-pi/2, pi/2) whose tangent is x
    dx = dy / (1 + x^2)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arctan, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (x * x + 1)


@with_out
@inplace
@method
def atan(input):
    """The angle in (-pi/2, pi/2) whose tangent input is."""
    return unary(Atan.__new__(Atan), input)


# ---- hyperbolic functions ----------------------------------------------------------------------------

cdef class Sinh(Unary):
    """y = (e^x - e^-x) / 2
    dx = dy cosh x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.sinh, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.cosh()


@with_out
@inplace
@method
def sinh(input):
    """The hyperbolic sine, element by element."""
    return unary(Sinh.__new__(Sinh), input)


cdef class Cosh(Unary):
    """y = (e^x + e^-x) / 2
    dx = dy sinh x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.cosh, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.sinh()


@with_out
@inplace
@method
def cosh(input):
    """The hyperbolic cosine, element by element."""
    return unary(Cosh.__new__(Cosh), input)


cdef class Asinh(Unary):
    """y = ln(x + sqrt(x^2 + 1))
    dx = dy / sqrt(x^2 + 1)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arcsinh, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / hypot(x, 1.0)


@with_out
@inplace
@method
def asinh(input):
    """The inverse of sinh, element by element."""
    return unary(Asinh.__new__(Asinh), input)


cdef class Acosh(Unary):
    """y = ln(x + sqrt(x^2 - 1))
    dx = dy / sqrt((x - 1) (x + 1))
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arccosh, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * (x - 1).rsqrt() * (x + 1).rsqrt()


@with_out
@inplace
@method
def acosh(input):
    """The inverse of cosh, element by element; NaN below 1."""
    return unary(Acosh.__new__(Acosh), input)


cdef class Atanh(Unary):
    """y = ln((1 + x) / (1 - x)) / 2
    dx = dy / ((1 - x) (1 + x))
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_numpy(np.arctanh, x)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / ((1 - x) * (1 + x))


@with_out
@inplace
@method
def atanh(input):
    """The inverse of tanh, element by element; infinite at -1 and 1, NaN beyond."""
    return unary(Atanh.__new__(Atanh), input)


# ---- the error function and its kin ------------------------------------------------------------------

cdef class Erf(Unary):
    """y = 2 / sqrt(pi) (integral of e^-t^2 from 0 to x)
    dx = dy 2 / sqrt(pi) e^-x^2
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).erf)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * (-x * x).exp() * TWO_OVER_ROOT_PI


@with_out
@inplace
@method
def erf(input):
    """The error function: 2 / sqrt(pi) times the integral of e^-t^2 from 0 to input."""
    return unary(Erf.__new__(Erf), input)


cdef class Erfc(Unary):
    """y = 1 - erf(x)
    dx = -dy 2 / sqrt(pi) e^-x^2
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return by_kernel(x, <unary_kernel>kernels(x).erfc)

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * (-x * x).exp() * -TWO_OVER_ROOT_PI


@with_out
@inplace
@method
def erfc(input):
    """1 - erf(input), exact also where erf is nearly 1."""
    return unary(Erfc.__new__(Erfc), input)


cdef class Erfinv(Unary):
    """y = the number whose erf is x
    dx = dy sqrt(pi) / 2 e^y^2
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = by_kernel(x, <unary_kernel>kernels(x).erfinv)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        return dy * (y * y).exp() / TWO_OVER_ROOT_PI


@with_out
@inplace
@method
def erfinv(input):
    """The inverse of erf on (-1, 1), element by element; infinite at -1 and 1, NaN beyond."""
    return unary(Erfinv.__new__(Erfinv), input)

# ---- a factor ------------------------------------------------------------------------------------------

cdef class Scaled(Unary):
    """y = factor x, rounded once
    dx = factor dy
    """
    cdef double factor
    cdef str title

    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = new_like(x)
        np.multiply(lend(x), self.factor, out=lend(y), dtype=np.float64, casting="same_kind")
        return y

    cdef backward(self, Tensor dy):
        return scaled(dy, self.factor, self.title)

    def name(self):
        return f"{self.title}Backward0"


cdef Tensor scaled(object x, double factor, str title):
    cdef Scaled op = Scaled.__new__(Scaled)
    op.factor, op.title = factor, title
    return unary(op, x)


@with_out
@inplace
@method
def deg2rad(input):
    """Degrees as radians: input pi / 180."""
    return scaled(input, 0.017453292519943295, "Deg2Rad")


@with_out
@inplace
@method
def rad2deg(input):
    """Radians as degrees: input 180 / pi."""
    return scaled(input, 57.29577951308232, "Rad2Deg")


# ---- steps: their slope is 0 ------------------------------------------------------------------------------

cdef class Steps(Unary):
    """y = a function of x that is constant but for jumps
    dx = 0
    """
    cdef str title
    cdef object ufunc
    cdef object keywords

    cdef Tensor forward(self, Tensor x):
        with np.errstate(all="ignore"):
            return wrap(np.asarray(self.ufunc(lend(x), **self.keywords)))

    cdef backward(self, Tensor dy):
        return filled(dy, 0)

    def name(self):
        return f"{self.title}Backward0"


cdef Tensor steps(str title, object ufunc, Tensor x, dict keywords={}):
    cdef Steps op = Steps.__new__(Steps)
    op.title, op.ufunc, op.keywords = title, ufunc, keywords
    if x.kind == BOOL:
        raise TypeError(f"{title.lower()}: not defined for bool tensors")
    return op.record(op.forward(x), x)


@with_out
@inplace
@method
def sign(Tensor input not None):
    """-1, 0 or 1, and NaN where input is; its gradient is 0."""
    return cast(input, BOOL) if input.kind == BOOL else steps("Sign", np.sign, input)


@with_out
@inplace
@method
def floor(Tensor input not None):
    """The largest whole number not above input; its gradient is 0."""
    return steps("Floor", np.floor, input)


@with_out
@inplace
@method
def ceil(Tensor input not None):
    """The smallest whole number not below input; its gradient is 0."""
    return steps("Ceil", np.ceil, input)


@with_out
@inplace
@method
def trunc(Tensor input not None):
    """input without what stands after the point; its gradient is 0."""
    return steps("Trunc", np.trunc, input)


@with_out
@inplace
@method
def round(Tensor input not None, *, int decimals=0):
    """The nearest multiple of 10^-decimals, halves to the even one; its gradient is 0.

    For decimals other than 0, input 10^decimals is rounded and divided again, each in input's dtype.
    """
    if decimals and not is_floating(input.kind):
        raise TypeError(f"round: only floating tensors have decimals, got {describe(input)}")
    return steps("Round", np.round, input, {"decimals": decimals} if decimals else {})


cdef class Frac(Unary):
    """y = x - trunc(x)
    dx = dy
    """
    cdef Tensor forward(self, Tensor x):
        with np.errstate(all="ignore"):
            return wrap(np.asarray(lend(x) - np.trunc(lend(x))))

    cdef backward(self, Tensor dy):
        return dy


@with_out
@inplace
@method
def frac(Tensor input not None):
    """What stands after the point: input - trunc(input)."""
    if not is_floating(input.kind):
        raise TypeError(f"frac: expected a floating tensor, got {describe(input)}")
    return unary(Frac.__new__(Frac), input)


# ---- logit, nan_to_num -----------------------------------------------------------------------------------

cdef class Logit(Unary):
    """y = ln(x / (1 - x)), near 1/2 by 2 artanh(2 x - 1)
    dx = dy / (x (1 - x))
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        with np.errstate(all="ignore"):
            p = lend(x).astype(np.float64)
            y = np.where(np.abs(p - 0.5) < 0.25, 2 * np.arctanh(2 * p - 1), np.log(p / (1 - p)))
        return wrap(np.asarray(y.astype(lend(x).dtype)))

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (x * (1 - x))


@with_out
@inplace
@method
def logit(input, eps=None):
    """ln(input / (1 - input)), the inverse of sigmoid; NaN outside [0, 1].

    eps: where given, input is first brought into [eps, 1 - eps].
    """
    if eps is not None:
        input = clamp(floating(input), eps, 1 - eps)
    return unary(Logit.__new__(Logit), input)


cdef class NanToNum(Unary):
    """y = x, with other numbers for NaN, inf and -inf
    dx = dy where x is finite, else 0
    """
    cdef object numbers

    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        nan, posinf, neginf = self.numbers
        return wrap(np.asarray(np.nan_to_num(lend(x), True, nan, posinf, neginf)))

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.isfinite()


@with_out
@inplace
@method
def nan_to_num(Tensor input not None, nan=None, posinf=None, neginf=None):
    """input with numbers in place of NaN (0), inf (the dtype's largest) and -inf (its smallest)."""
    cdef NanToNum op = NanToNum.__new__(NanToNum)
    if not is_floating(input.kind):
        return input.clone()
    op.numbers = (0.0 if nan is None else nan, posinf, neginf)
    return op.record(op.forward(input), input)


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
    return binary(Hypot.__new__(Hypot), floating(input), other)


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


for _name, _same in (
    ("sgn", "sign"), ("clip", "clamp"), ("fix", "trunc"), ("arctan2", "atan2"),
    ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"),
    ("arcsinh", "asinh"), ("arccosh", "acosh"), ("arctanh", "atanh"),
):
    also(globals(), _name, _same)
