"""Functions of one tensor, element by element: roots, logarithms, angles, rounding.

Each class is one operation, as in arithmetic. What has a kernel uses it; the rest is NumPy's work, which
for float32 computes in float64 and rounds once, so that it is within 1 ulp of the exact result.
"""
from minigrad.ops.arithmetic cimport Unary, floating, kernels, unary, unary_kernel
from minigrad.tensor cimport (
    BOOL, FLOAT32, FLOAT64, INT64, Tensor, cast, dense, describe, filled, is_floating, lend, new_like, wrap,
)

import numpy as np

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
        return dy / x.hypot(1.0)


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
        with np.errstate(all="ignore"):
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


cdef Tensor steps(str title, object ufunc, Tensor x, dict keywords=None):
    cdef Steps op = Steps.__new__(Steps)
    op.title, op.ufunc, op.keywords = title, ufunc, keywords or {}
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
    return steps("Round", np.round, input, {"decimals": decimals} if decimals else None)


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
        input = floating(input).clamp(eps, 1 - eps)
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


for _name, _same in (
    ("sgn", "sign"), ("fix", "trunc"),
    ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"),
    ("arcsinh", "asinh"), ("arccosh", "acosh"), ("arctanh", "atanh"),
):
    also(globals(), _name, _same)
