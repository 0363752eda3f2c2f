"""Comparisons, logic and bits: what tells elements apart. None of it has a gradient; NumPy does the work.

The operators < & ~ and their kin are these functions: see _method_of_two in tensor.pyx.
"""
import numpy as np

from minigrad.ops.arithmetic import by_numpy_of_two, operands
from minigrad.ops.inplace import also, elementwise, with_out
from minigrad.tensor import as_number, bool_, check_tensors, describe, lend, method, same_shape, wrap


def _of_two(who, ufunc, x, y):
    a, b = operands(who, x, y)
    return by_numpy_of_two(ufunc, a, b, who)


def _of_one(who, ufunc, x):
    check_tensors(who, x)
    return wrap(ufunc(lend(x)))


# ---- order and equality ---------------------------------------------------------------------------------

@elementwise
def lt(input, other):
    """Where input < other."""
    return _of_two("lt", np.less, input, other)


@elementwise
def le(input, other):
    """Where input <= other."""
    return _of_two("le", np.less_equal, input, other)


@elementwise
def eq(input, other):
    """Where input == other."""
    return _of_two("eq", np.equal, input, other)


@elementwise
def ne(input, other):
    """Where input != other."""
    return _of_two("ne", np.not_equal, input, other)


@elementwise
def ge(input, other):
    """Where input >= other."""
    return _of_two("ge", np.greater_equal, input, other)


@elementwise
def gt(input, other):
    """Where input > other."""
    return _of_two("gt", np.greater, input, other)


@method
def equal(input, other):
    """Whether two tensors have the same shape and the same elements, as a Python bool (NaN equals nothing)."""
    check_tensors("equal", input, other)
    return same_shape(input, other) and bool(lend(eq(input, other)).all())


@method
def isclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Where |input - other| <= atol + rtol |other|, or both are the same infinity; shapes broadcast.

    equal_nan: whether two NaN are close, too.
    Errors: TypeError for two dtypes, ValueError for negative tolerances.
    """
    check_tensors("isclose", input, other)
    rtol, atol = as_number("isclose", "rtol", rtol), as_number("isclose", "atol", atol)
    if input.dtype is not other.dtype:
        raise TypeError(f"isclose: expected two tensors of one dtype, got {describe(input)} and {describe(other)}")
    if not (rtol >= 0 and atol >= 0):
        raise ValueError(f"isclose: expected tolerances >= 0, got rtol={rtol} and atol={atol}")

    def floats(a, b):
        return np.isclose(a.astype(np.float64), b.astype(np.float64), rtol, atol, equal_nan)

    def integers(a, b):
        apart = np.abs(np.subtract(a, b, dtype=np.float64))
        return (a == b) | (apart <= atol + rtol * np.abs(b.astype(np.float64)))

    return by_numpy_of_two(floats if input.is_floating_point() else integers, input, other, "isclose")


@method
def allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether isclose() holds for all elements, as a Python bool."""
    return bool(lend(isclose(input, other, rtol, atol, equal_nan)).all())


# ---- kinds of numbers -------------------------------------------------------------------------------------

@method
def isnan(input):
    """Where input is NaN."""
    return _of_one("isnan", np.isnan, input)


@method
def isinf(input):
    """Where input is inf or -inf."""
    return _of_one("isinf", np.isinf, input)


@method
def isfinite(input):
    """Where input is neither infinite nor NaN."""
    return _of_one("isfinite", np.isfinite, input)


@with_out
@method
def isposinf(input):
    """Where input is inf."""
    return _of_one("isposinf", np.isposinf, input)


@with_out
@method
def isneginf(input):
    """Where input is -inf."""
    return _of_one("isneginf", np.isneginf, input)


@with_out
@method
def signbit(input):
    """Where input carries a minus sign: negative numbers and -0."""
    return _of_one("signbit", np.signbit, input)


# ---- logic ------------------------------------------------------------------------------------------------

@elementwise
def logical_and(input, other):
    """Where both are True (not 0); shapes broadcast."""
    check_tensors("logical_and", input, other)
    return _of_two("logical_and", np.logical_and, input, other)


@elementwise
def logical_or(input, other):
    """Where either is True (not 0); shapes broadcast."""
    check_tensors("logical_or", input, other)
    return _of_two("logical_or", np.logical_or, input, other)


@elementwise
def logical_xor(input, other):
    """Where one of both is True (not 0), but not the other; shapes broadcast."""
    check_tensors("logical_xor", input, other)
    return _of_two("logical_xor", np.logical_xor, input, other)


@elementwise
def logical_not(input):
    """Where input is False (0)."""
    return _of_one("logical_not", np.logical_not, input)


# ---- bits -------------------------------------------------------------------------------------------------

@elementwise
def bitwise_and(input, other):
    """The bits set in both, of integers or bools."""
    return _of_two("bitwise_and", np.bitwise_and, input, other)


@elementwise
def bitwise_or(input, other):
    """The bits set in either, of integers or bools."""
    return _of_two("bitwise_or", np.bitwise_or, input, other)


@elementwise
def bitwise_xor(input, other):
    """The bits set in one of both, but not in the other."""
    return _of_two("bitwise_xor", np.bitwise_xor, input, other)


@elementwise
def bitwise_not(input):
    """Every bit turned; of bools, the opposite."""
    check_tensors("bitwise_not", input)
    if input.is_floating_point():
        raise TypeError(f"~: expected a bool or integer tensor, got {describe(input)}")
    return _of_one("bitwise_not", np.invert, input)


def _shifted(who, ufunc, x, y):
    a, b = operands(who, x, y)
    if a.dtype is bool_:
        raise TypeError(f"{who}: not defined for bool tensors; convert them first (x.int())")
    return by_numpy_of_two(ufunc, a, b, who)


@elementwise
def bitwise_left_shift(input, other):
    """input 2^other, without the bits that leave the dtype."""
    return _shifted("bitwise_left_shift", np.left_shift, input, other)


@elementwise
def bitwise_right_shift(input, other):
    """input / 2^other, rounded down."""
    return _shifted("bitwise_right_shift", np.right_shift, input, other)


for _name, _same in (
    ("less", "lt"), ("less_equal", "le"), ("greater", "gt"), ("greater_equal", "ge"), ("not_equal", "ne"),
):
    also(globals(), _name, _same)
