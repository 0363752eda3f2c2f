"""Ranges: numbers in equal steps, rounded as PyTorch rounds them, to the last bit.

PyTorch counts with fused multiply-adds: start + step i is rounded once. NumPy has none, but two
sums whose rounding errors are themselves computed do the same.
"""
from math import floor, frexp, isfinite, ldexp
from operator import index

import numpy as np

from minigrad.ops.creation import given
from minigrad.tensor import Tensor, as_dtype, describe, float32, float64, get_default_dtype, int64

# ---- a fused multiply-add -----------------------------------------------------------------------------------

def _two_sum(a, b):
    """a + b rounded, and the rounding error, exactly (Knuth)."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _to_odd(total, error):
    """The neighbour of a sum whose last bit is 1, where the sum is not exact: so rounded it may be rounded again,
    and comes out as if it had been rounded once."""
    even = total.view(np.int64) & 1 == 0
    return np.where((np.abs(error) > 0) & even, np.nextafter(total, np.copysign(np.inf, error)), total)


def _fma(step, i, start):
    """start + step i, rounded once to double, for counts i below 2^26 (Boldo and Melquiond, 2008)."""
    plain = start + step * i
    if not isfinite(step):
        return plain
    fraction, exponent = frexp(step)
    head = ldexp(floor(ldexp(fraction, 26)), exponent - 26)     # 26 bits: this times i is exact, and so is the rest
    product, rest = _two_sum(head * i, (step - head) * i)
    small, smallest = _two_sum(start, rest)
    total, error = _two_sum(product, small)
    total = total + _to_odd(*_two_sum(smallest, error))
    return np.where(np.isfinite(total), total, plain)


# ---- from a start in steps ----------------------------------------------------------------------------------

def _counted(start, step, n, dtype):
    """start + step i in groups as wide as AVX2's vectors: the first number of a group is rounded to the dtype,
    and the others are counted on from there. What does not fill two groups is counted from the start."""
    lanes = 8 if dtype is float32 else 4
    i = np.arange(n)
    first = np.where(i < n - n % (2 * lanes), i - i % lanes, i)
    y = _fma(step, first.astype(np.float64), start)
    i = (i - first).astype(np.float64)
    if dtype is float32:
        return (y.astype(np.float32) + step * i).astype(np.float32)
    return _fma(step, i, y)


def _number(value):
    if isinstance(value, Tensor):
        if value.ndim:
            raise ValueError(f"expected a number or a tensor of no axes as a bound, got {describe(value)}")
        return value.item()
    return value


def _ranged(who, start, end, step, closed, dtype):
    """The numbers from start in steps, below end, or up to it where closed."""
    start, end, step = _number(start), _number(end), _number(step)
    if dtype is not None and not as_dtype(dtype).is_floating_point:
        start, end, step = int(start), int(end), int(step)
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"{who}: from {start} to {end} in steps of {step} never arrives")
    whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    dtype = int64 if dtype is None and whole and not closed else as_dtype(dtype)
    if not whole and not (np.isfinite(start) and np.isfinite(end)):
        raise ValueError(f"{who}: expected finite bounds, got {start} and {end}")
    if closed:
        n = int((end - start) / step + 1)
    elif whole:
        n = -((start - end) // step)
    else:
        n = int(np.ceil((end - start) / step))
    if not dtype.is_floating_point:
        return int(start) + np.arange(n) * int(step)
    start, step = float(start), float(step)
    with np.errstate(all="ignore"):
        if dtype in (float32, float64) and not closed:
            return _counted(start, step, n, dtype)
        if dtype is float32:
            return _fma(step, np.arange(n, dtype=np.float64), start).astype(np.float32)
        return start + step * np.arange(n)


def arange(start, end=None, step=1, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
           out=None):
    """start, start + step, ... below end; integers give int64. arange(n) starts at 0."""
    if end is None:
        start, end = 0, start
    values = _ranged("arange", start, end, step, False, dtype)
    return given(values, values.dtype if dtype is None and out is None else dtype, device, requires_grad, out)


def range(start=0, end=None, step=1, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    """start, start + step, ... up to end, which is included where it is reached; arange() is the usual one."""
    if end is None:
        raise TypeError("range: give the end, which is included: range(start, end); arange(n) counts below n")
    return given(_ranged("range", start, end, step, True, dtype), dtype, device, requires_grad, out)


# ---- so many numbers between two ----------------------------------------------------------------------------

def _spaced(who, start, end, steps, dtype):
    """From start to end in equal steps: each half is counted from its own end, so it is symmetrical."""
    start, end, n = _number(start), _number(end), index(steps)
    if n < 0:
        raise ValueError(f"{who}: steps is at least 0, got {steps}")
    if not dtype.is_floating_point:     # exact, then cut off towards 0
        start, end, last = int(start), int(end), max(n - 1, 1)
        whole = [start * last + (end - start) * i for i in np.arange(n).tolist()]
        return np.array([w // last if w >= 0 else -(-w // last) for w in whole], np.int64)
    kind = np.float64 if dtype is float64 else np.float32
    start, end = kind(start), kind(end)
    half = n // 2 if n > 1 else n
    i = np.arange(max(half, n - half), dtype=kind).astype(np.float64)
    with np.errstate(all="ignore"):
        step = (end - start) / kind(n - 1) if n > 1 else kind(0)
        parts = []
        for of, begin, count in ((step, start, half), (-step, end, n - half)):
            if kind is np.float32:      # the product is exact in double
                part = _to_odd(*_two_sum(np.float64(of) * i[:count], np.float64(begin))).astype(np.float32)
            else:
                part = _fma(float(of), i[:count], float(begin))
            parts.append(part)
    return np.concatenate([parts[0], parts[1][::-1]])


def linspace(start, end, steps, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    """`steps` numbers from start to end, both included, evenly spaced."""
    return given(_spaced("linspace", start, end, steps, as_dtype(dtype)), dtype, device, requires_grad, out)


def logspace(start, end, steps, base=10.0, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    """base to the powers linspace(start, end, steps)."""
    kind = as_dtype(dtype)
    if not kind.is_floating_point:
        start, end = int(_number(start)), int(_number(end))
    powers = _spaced("logspace", start, end, steps, float64 if kind is float64 else get_default_dtype())
    with np.errstate(all="ignore"):
        return given(np.power(np.float64(base), powers.astype(np.float64)), dtype, device, requires_grad, out)
