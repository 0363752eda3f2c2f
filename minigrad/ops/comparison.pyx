"""Comparisons, logic and bits: what tells elements apart. None of it has a gradient; NumPy does the work."""
from minigrad.ops.arithmetic cimport operands
from minigrad.tensor cimport BOOL, Tensor, describe, is_floating, lend, operators, same_shape, wrap

import numpy as np

from minigrad.ops.inplace import also, inplace, with_out
from minigrad.tensor import method


cdef object _by_numpy(str who, object ufunc, object x, object y):
    cdef Tensor a, b
    a, b = operands(who, x, y)
    try:
        return wrap(np.asarray(ufunc(lend(a), lend(b))))
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None
    except TypeError:
        raise TypeError(f"{who}: not defined for {describe(a)} and {describe(b)}") from None


# ---- order and equality ---------------------------------------------------------------------------------

cdef object _lt(object a, object b): return _by_numpy("lt", np.less, a, b)
cdef object _le(object a, object b): return _by_numpy("le", np.less_equal, a, b)
cdef object _eq(object a, object b): return _by_numpy("eq", np.equal, a, b)
cdef object _ne(object a, object b): return _by_numpy("ne", np.not_equal, a, b)
cdef object _ge(object a, object b): return _by_numpy("ge", np.greater_equal, a, b)
cdef object _gt(object a, object b): return _by_numpy("gt", np.greater, a, b)


@with_out
@inplace
@method
def lt(input, other):
    """Where input < other."""
    return _lt(input, other)


@with_out
@inplace
@method
def le(input, other):
    """Where input <= other."""
    return _le(input, other)


@with_out
@inplace
@method
def eq(input, other):
    """Where input == other."""
    return _eq(input, other)


@with_out
@inplace
@method
def ne(input, other):
    """Where input != other."""
    return _ne(input, other)


@with_out
@inplace
@method
def ge(input, other):
    """Where input >= other."""
    return _ge(input, other)


@with_out
@inplace
@method
def gt(input, other):
    """Where input > other."""
    return _gt(input, other)


@method
def equal(Tensor input not None, Tensor other not None):
    """Whether two tensors have the same shape and the same elements, as a Python bool (NaN equals nothing)."""
    return same_shape(input, other) and bool(lend(_eq(input, other)).all())


@method
def isclose(Tensor input not None, Tensor other not None, double rtol=1e-5, double atol=1e-8, bint equal_nan=False):
    """Where |input - other| <= atol + rtol |other|, or both are the same infinity; shapes broadcast.

    equal_nan: whether two NaN are close, too.
    Errors: TypeError for two dtypes, ValueError for negative tolerances.
    """
    if input.kind != other.kind:
        raise TypeError(f"isclose: expected two tensors of one dtype, got {describe(input)} and {describe(other)}")
    if not (rtol >= 0 and atol >= 0):
        raise ValueError(f"isclose: expected tolerances >= 0, got rtol={rtol} and atol={atol}")
    try:
        if is_floating(input.kind):
            return wrap(np.asarray(np.isclose(
                lend(input).astype(np.float64), lend(other).astype(np.float64), rtol, atol, equal_nan)))
        a, b = lend(input), lend(other)
        return wrap(np.asarray((a == b) | (np.abs(np.subtract(a, b, dtype=np.float64)) <=
                                           atol + rtol * np.abs(b.astype(np.float64)))))
    except ValueError as error:
        raise ValueError(f"isclose: {error}") from None


@method
def allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether isclose() holds for all elements, as a Python bool."""
    return bool(lend(isclose(input, other, rtol, atol, equal_nan)).all())


# ---- kinds of numbers -------------------------------------------------------------------------------------

cdef object _all_false(Tensor x):
    return wrap(np.zeros(tuple(x.shape), np.bool_))


@method
def isnan(Tensor input not None):
    """Where input is NaN."""
    return wrap(np.asarray(np.isnan(lend(input)))) if is_floating(input.kind) else _all_false(input)


@method
def isinf(Tensor input not None):
    """Where input is inf or -inf."""
    return wrap(np.asarray(np.isinf(lend(input)))) if is_floating(input.kind) else _all_false(input)


@method
def isfinite(Tensor input not None):
    """Where input is neither infinite nor NaN."""
    if not is_floating(input.kind):
        return wrap(np.ones(tuple(input.shape), np.bool_))
    return wrap(np.asarray(np.isfinite(lend(input))))


@with_out
@method
def isposinf(Tensor input not None):
    """Where input is inf."""
    return _eq(input, float("inf")) if is_floating(input.kind) else _all_false(input)


@with_out
@method
def isneginf(Tensor input not None):
    """Where input is -inf."""
    return _eq(input, -float("inf")) if is_floating(input.kind) else _all_false(input)


@with_out
@method
def signbit(Tensor input not None):
    """Where input carries a minus sign: negative numbers and -0."""
    if not is_floating(input.kind):
        return _lt(input, 0) if input.kind != BOOL else _all_false(input)
    return wrap(np.asarray(np.signbit(lend(input))))


# ---- logic ------------------------------------------------------------------------------------------------

@with_out
@inplace
@method
def logical_and(Tensor input not None, Tensor other not None):
    """Where both are True (not 0); shapes broadcast."""
    return _by_numpy("logical_and", np.logical_and, input, other)


@with_out
@inplace
@method
def logical_or(Tensor input not None, Tensor other not None):
    """Where either is True (not 0); shapes broadcast."""
    return _by_numpy("logical_or", np.logical_or, input, other)


@with_out
@inplace
@method
def logical_xor(Tensor input not None, Tensor other not None):
    """Where one of both is True (not 0), but not the other; shapes broadcast."""
    return _by_numpy("logical_xor", np.logical_xor, input, other)


@with_out
@inplace
@method
def logical_not(Tensor input not None):
    """Where input is False (0)."""
    return wrap(np.asarray(np.logical_not(lend(input))))


# ---- bits -------------------------------------------------------------------------------------------------

cdef object _and(object a, object b): return _by_numpy("bitwise_and", np.bitwise_and, a, b)
cdef object _or(object a, object b): return _by_numpy("bitwise_or", np.bitwise_or, a, b)
cdef object _xor(object a, object b): return _by_numpy("bitwise_xor", np.bitwise_xor, a, b)


cdef object _shift(str who, object ufunc, object x, object y):
    cdef Tensor a, b
    a, b = operands(who, x, y)
    if a.kind == BOOL:
        raise TypeError(f"{who}: not defined for bool tensors; convert them first (x.int())")
    return _by_numpy(who, ufunc, a, b)


cdef object _lshift(object a, object b): return _shift("bitwise_left_shift", np.left_shift, a, b)
cdef object _rshift(object a, object b): return _shift("bitwise_right_shift", np.right_shift, a, b)


cdef object _invert(Tensor x):
    if is_floating(x.kind):
        raise TypeError(f"~: expected a bool or integer tensor, got {describe(x)}")
    return wrap(np.asarray(np.invert(lend(x))))


@with_out
@inplace
@method
def bitwise_and(input, other):
    """The bits set in both, of integers or bools."""
    return _and(input, other)


@with_out
@inplace
@method
def bitwise_or(input, other):
    """The bits set in either, of integers or bools."""
    return _or(input, other)


@with_out
@inplace
@method
def bitwise_xor(input, other):
    """The bits set in one of both, but not in the other."""
    return _xor(input, other)


@with_out
@inplace
@method
def bitwise_not(Tensor input not None):
    """Every bit turned; of bools, the opposite."""
    return _invert(input)


@with_out
@inplace
@method
def bitwise_left_shift(input, other):
    """input 2^other, without the bits that leave the dtype."""
    return _lshift(input, other)


@with_out
@inplace
@method
def bitwise_right_shift(input, other):
    """input / 2^other, rounded down."""
    return _rshift(input, other)


for _name, _same in (
    ("less", "lt"), ("less_equal", "le"), ("greater", "gt"), ("greater_equal", "ge"), ("not_equal", "ne"),
):
    also(globals(), _name, _same)


operators.lt = _lt
operators.le = _le
operators.eq = _eq
operators.ne = _ne
operators.ge = _ge
operators.gt = _gt
operators.bit_and = _and
operators.bit_or = _or
operators.bit_xor = _xor
operators.lshift = _lshift
operators.rshift = _rshift
operators.invert = _invert
