"""Functions of one tensor, element by element: roots, logarithms, angles, rounding.

Each class is one operation, as in arithmetic. What has a kernel uses it; the rest is NumPy's work, which
for float32 computes in float64 and rounds once, so that it is within 1 ulp of the exact result.
"""
from math import log, pi, sqrt

import numpy as np

from minigrad.ops.arithmetic import Unary, by_kernel, floating, in_double, unary
from minigrad.ops.inplace import also, elementwise
from minigrad.tensor import bool_, check_tensors, describe, int64, lend, new, wrap

LN2 = log(2)
LN10 = log(10)
TWO_OVER_ROOT_PI = 2 / sqrt(pi)

quiet = np.errstate(all="ignore")


class OfInput(Unary):
    """y = f(x), dx = gradient(dy, x); f is the name of a kernel, or NumPy's function."""

    def forward(self, x):
        self.saved = (x,)
        return by_kernel(self.f, x) if isinstance(self.f, str) else in_double(self.f, x)

    def backward(self, dy):
        return self.gradient(dy, *self.saved)


class OfOutput(Unary):
    """y = f(x), dx = gradient(dy, y); f is the name of a kernel, or NumPy's function."""

    def forward(self, x):
        y = by_kernel(self.f, x) if isinstance(self.f, str) else in_double(self.f, x)
        self.keep(y)
        return y

    def backward(self, dy):
        return self.gradient(dy, self.output())


def _recorded(op, x):
    """unary(), for integers that stay integers."""
    return op.record(op.forward(x), x)


# ---- squares, roots, reciprocals ---------------------------------------------------------------------

class Square(OfInput):
    """y = x^2
    dx = 2 x dy
    """
    f = "square"

    def forward(self, x):
        return super().forward(x) if x.is_floating_point() else wrap(np.square(lend(x)))

    def gradient(self, dy, x):
        return dy * x * 2


@elementwise
def square(input):
    """input * input; integers stay integers."""
    check_tensors("square", input)
    return _recorded(Square(), input.to(int64) if input.dtype is bool_ else input)


class Reciprocal(OfOutput):
    """y = 1 / x
    dx = -dy y^2
    """
    f = "reciprocal"

    def gradient(self, dy, y):
        return -dy * y * y


@elementwise
def reciprocal(input):
    """1 / input, element by element; inf at 0."""
    return unary(Reciprocal(), input)


class Rsqrt(OfOutput):
    """y = 1 / sqrt(x)
    dx = -dy y^3 / 2
    """
    f = "rsqrt"

    def gradient(self, dy, y):
        return dy * y * y * y * -0.5


@elementwise
def rsqrt(input):
    """1 / sqrt(input), element by element; inf at 0, NaN below."""
    return unary(Rsqrt(), input)


# ---- exponentials and logarithms ---------------------------------------------------------------------

class Exp2(OfOutput):
    """y = 2^x
    dx = dy y ln 2
    """
    f = "exp2"

    def gradient(self, dy, y):
        return dy * y * LN2


@elementwise
def exp2(input):
    """2 to the power input, element by element."""
    return unary(Exp2(), input)


class Expm1(OfInput):
    """y = e^x - 1
    dx = dy e^x
    """
    f = "expm1"

    def gradient(self, dy, x):
        return dy * x.exp()


@elementwise
def expm1(input):
    """e^input - 1, element by element, exact also near 0."""
    return unary(Expm1(), input)


class Log1p(OfInput):
    """y = ln(1 + x)
    dx = dy / (1 + x)
    """
    f = "log1p"

    def gradient(self, dy, x):
        return dy / (x + 1)


@elementwise
def log1p(input):
    """ln(1 + input), element by element, exact also near 0; -inf at -1, NaN below."""
    return unary(Log1p(), input)


class Log2(OfInput):
    """y = ln x / ln 2
    dx = dy / (x ln 2)
    """
    f = "log2"

    def gradient(self, dy, x):
        return dy / (x * LN2)


@elementwise
def log2(input):
    """The logarithm to base 2, element by element; -inf at 0, NaN below."""
    return unary(Log2(), input)


class Log10(OfInput):
    """y = ln x / ln 10
    dx = dy / (x ln 10)
    """
    f = "log10"

    def gradient(self, dy, x):
        return dy / (x * LN10)


@elementwise
def log10(input):
    """The logarithm to base 10, element by element; -inf at 0, NaN below."""
    return unary(Log10(), input)


# ---- angles ------------------------------------------------------------------------------------------

class Sin(OfInput):
    """y = sin x
    dx = dy cos x
    """
    f = np.sin

    def gradient(self, dy, x):
        return dy * x.cos()


@elementwise
def sin(input):
    """The sine of input, in radians."""
    return unary(Sin(), input)


class Cos(OfInput):
    """y = cos x
    dx = -dy sin x
    """
    f = np.cos

    def gradient(self, dy, x):
        return -dy * x.sin()


@elementwise
def cos(input):
    """The cosine of input, in radians."""
    return unary(Cos(), input)


class Tan(OfOutput):
    """y = sin x / cos x
    dx = dy (1 + y^2)
    """
    f = np.tan

    def gradient(self, dy, y):
        return dy * (y * y + 1)


@elementwise
def tan(input):
    """The tangent of input, in radians."""
    return unary(Tan(), input)


class Asin(OfInput):
    """y = the angle in [-pi/2, pi/2] whose sine is x
    dx = dy / sqrt((1 - x) (1 + x))
    """
    f = np.arcsin

    def gradient(self, dy, x):
        return dy * (1 - x).rsqrt() * (1 + x).rsqrt()


@elementwise
def asin(input):
    """The angle in [-pi/2, pi/2] whose sine input is; NaN beyond -1 and 1."""
    return unary(Asin(), input)


class Acos(OfInput):
    """y = the angle in [0, pi] whose cosine is x
    dx = -dy / sqrt((1 - x) (1 + x))
    """
    f = np.arccos

    def gradient(self, dy, x):
        return -dy * (1 - x).rsqrt() * (1 + x).rsqrt()


@elementwise
def acos(input):
    """The angle in [0, pi] whose cosine input is; NaN beyond -1 and 1."""
    return unary(Acos(), input)


class Atan(OfInput):
    """y = the angle in (-pi/2, pi/2) whose tangent is x
    dx = dy / (1 + x^2)
    """
    f = np.arctan

    def gradient(self, dy, x):
        return dy / (x * x + 1)


@elementwise
def atan(input):
    """The angle in (-pi/2, pi/2) whose tangent input is."""
    return unary(Atan(), input)


class Deg2Rad(Unary):
    """y = x pi / 180
    dx = dy pi / 180
    """
    def forward(self, x):
        return in_double(np.deg2rad, x)

    def backward(self, dy):
        return dy.deg2rad()


@elementwise
def deg2rad(input):
    """Degrees as radians: input pi / 180."""
    return unary(Deg2Rad(), input)


class Rad2Deg(Unary):
    """y = x 180 / pi
    dx = dy 180 / pi
    """
    def forward(self, x):
        return in_double(np.rad2deg, x)

    def backward(self, dy):
        return dy.rad2deg()


@elementwise
def rad2deg(input):
    """Radians as degrees: input 180 / pi."""
    return unary(Rad2Deg(), input)


# ---- hyperbolic functions ----------------------------------------------------------------------------

class Sinh(OfInput):
    """y = (e^x - e^-x) / 2
    dx = dy cosh x
    """
    f = np.sinh

    def gradient(self, dy, x):
        return dy * x.cosh()


@elementwise
def sinh(input):
    """The hyperbolic sine, element by element."""
    return unary(Sinh(), input)


class Cosh(OfInput):
    """y = (e^x + e^-x) / 2
    dx = dy sinh x
    """
    f = np.cosh

    def gradient(self, dy, x):
        return dy * x.sinh()


@elementwise
def cosh(input):
    """The hyperbolic cosine, element by element."""
    return unary(Cosh(), input)


class Asinh(OfInput):
    """y = ln(x + sqrt(x^2 + 1))
    dx = dy / sqrt(x^2 + 1)
    """
    f = np.arcsinh

    def gradient(self, dy, x):
        return dy / x.hypot(1.0)


@elementwise
def asinh(input):
    """The inverse of sinh, element by element."""
    return unary(Asinh(), input)


class Acosh(OfInput):
    """y = ln(x + sqrt(x^2 - 1))
    dx = dy / sqrt((x - 1) (x + 1))
    """
    f = np.arccosh

    def gradient(self, dy, x):
        return dy * (x - 1).rsqrt() * (x + 1).rsqrt()


@elementwise
def acosh(input):
    """The inverse of cosh, element by element; NaN below 1."""
    return unary(Acosh(), input)


class Atanh(OfInput):
    """y = ln((1 + x) / (1 - x)) / 2
    dx = dy / ((1 - x) (1 + x))
    """
    f = np.arctanh

    def gradient(self, dy, x):
        return dy / ((1 - x) * (1 + x))


@elementwise
def atanh(input):
    """The inverse of tanh, element by element; infinite at -1 and 1, NaN beyond."""
    return unary(Atanh(), input)


# ---- the error function and its kin ------------------------------------------------------------------

class Erf(OfInput):
    """y = 2 / sqrt(pi) (integral of e^-t^2 from 0 to x)
    dx = dy 2 / sqrt(pi) e^-x^2
    """
    f = "erf"

    def gradient(self, dy, x):
        return dy * (-x * x).exp() * TWO_OVER_ROOT_PI


@elementwise
def erf(input):
    """The error function: 2 / sqrt(pi) times the integral of e^-t^2 from 0 to input."""
    return unary(Erf(), input)


class Erfc(OfInput):
    """y = 1 - erf(x)
    dx = -dy 2 / sqrt(pi) e^-x^2
    """
    f = "erfc"

    def gradient(self, dy, x):
        return dy * (-x * x).exp() * -TWO_OVER_ROOT_PI


@elementwise
def erfc(input):
    """1 - erf(input), exact also where erf is nearly 1."""
    return unary(Erfc(), input)


class Erfinv(OfOutput):
    """y = the number whose erf is x
    dx = dy sqrt(pi) / 2 e^y^2
    """
    f = "erfinv"

    def gradient(self, dy, y):
        return dy * (y * y).exp() / TWO_OVER_ROOT_PI


@elementwise
def erfinv(input):
    """The inverse of erf on (-1, 1), element by element; infinite at -1 and 1, NaN beyond."""
    return unary(Erfinv(), input)


# ---- steps: their slope is 0 ------------------------------------------------------------------------------

class Steps(Unary):
    """y = f(x), NumPy's function, which is constant but for jumps
    dx = 0
    """
    @quiet
    def forward(self, x):
        return wrap(self.f(lend(x)))

    def backward(self, dy):
        return new(dy.shape, dy.dtype, value=0)     # not 0 dy, which is NaN at infinity


class Sign(Steps):
    """y = -1 where x < 0, 1 where x > 0, else x"""
    f = np.sign


class Floor(Steps):
    """y = the largest whole number <= x"""
    f = np.floor


class Ceil(Steps):
    """y = the smallest whole number >= x"""
    f = np.ceil


class Trunc(Steps):
    """y = floor(x) where x >= 0, else ceil(x)"""
    f = np.trunc


class Round(Steps):
    """y = the whole number nearest to x 10^decimals, / 10^decimals"""

    def __init__(self, decimals):
        self.decimals = decimals

    def f(self, x):
        return np.round(x, self.decimals)


def _stepped(op, x):
    who = type(op).__name__.lower()
    check_tensors(who, x)
    if x.dtype is bool_:
        raise TypeError(f"{who}: not defined for bool tensors")
    return _recorded(op, x)


@elementwise
def sign(input):
    """-1, 0 or 1, and NaN where input is; its gradient is 0."""
    check_tensors("sign", input)
    return input if input.dtype is bool_ else _stepped(Sign(), input)


@elementwise
def floor(input):
    """The largest whole number not above input; its gradient is 0."""
    return _stepped(Floor(), input)


@elementwise
def ceil(input):
    """The smallest whole number not below input; its gradient is 0."""
    return _stepped(Ceil(), input)


@elementwise
def trunc(input):
    """input without what stands after the point; its gradient is 0."""
    return _stepped(Trunc(), input)


@elementwise
def round(input, *, decimals=0):
    """The nearest multiple of 10^-decimals, halves to the even one; its gradient is 0.

    For decimals other than 0, input 10^decimals is rounded and divided again, each in input's dtype.
    """
    check_tensors("round", input)
    if decimals and not input.is_floating_point():
        raise TypeError(f"round: only floating tensors have decimals, got {describe(input)}")
    return _stepped(Round(decimals), input)


class Frac(Unary):
    """y = x - trunc(x)
    dx = dy
    """
    @quiet
    def forward(self, x):
        return wrap(lend(x) - np.trunc(lend(x)))

    def backward(self, dy):
        return dy


@elementwise
def frac(input):
    """What stands after the point: input - trunc(input)."""
    check_tensors("frac", input)
    if not input.is_floating_point():
        raise TypeError(f"frac: expected a floating tensor, got {describe(input)}")
    return unary(Frac(), input)


# ---- logit, nan_to_num -----------------------------------------------------------------------------------

class Logit(Unary):
    """y = ln(x / (1 - x)), near 1/2 by 2 artanh(2 x - 1)
    dx = dy / (x (1 - x))
    """
    @quiet
    def forward(self, x):
        self.saved = (x,)
        p = lend(x).astype(np.float64)
        y = np.where(np.abs(p - 0.5) < 0.25, 2 * np.arctanh(2 * p - 1), np.log(p / (1 - p)))
        return wrap(y.astype(lend(x).dtype))

    def backward(self, dy):
        x, = self.saved
        return dy / (x * (1 - x))


@elementwise
def logit(input, eps=None):
    """ln(input / (1 - input)), the inverse of sigmoid; NaN outside [0, 1].

    eps: where given, input is first brought into [eps, 1 - eps].
    """
    return unary(Logit(), input if eps is None else floating(input).clamp(eps, 1 - eps))


class NanToNum(Unary):
    """y = x, with other numbers for NaN, inf and -inf
    dx = dy where x is finite, else 0
    """
    def __init__(self, *numbers):
        self.numbers = numbers

    def forward(self, x):
        self.saved = (x,)
        return wrap(np.nan_to_num(lend(x), True, *self.numbers))

    def backward(self, dy):
        x, = self.saved
        return dy * x.isfinite()


@elementwise
def nan_to_num(input, nan=None, posinf=None, neginf=None):
    """input with numbers in place of NaN (0), inf (the dtype's largest) and -inf (its smallest)."""
    check_tensors("nan_to_num", input)
    if not input.is_floating_point():
        return input.clone()
    return unary(NanToNum(0.0 if nan is None else nan, posinf, neginf), input)


for _name, _same in (
    ("sgn", "sign"), ("fix", "trunc"),
    ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"),
    ("arcsinh", "asinh"), ("arccosh", "acosh"), ("arctanh", "atanh"),
):
    also(globals(), _name, _same)
