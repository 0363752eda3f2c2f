"""How far float32 functions are from the exact results, in units of their last place.

The reference is NumPy's float64 where our own kernel computes (30 bits more than float32 keeps, and other
code than ours), and its longdouble where we let NumPy's float64 compute. tests/ops/test_exactness.py asks
about a sample of all floats, tests/nightly_ulp.py about every one.
"""

import math

import numpy as np

import minigrad as mg

SAMPLE = 1024       # the suite tries every 1024th bit pattern: 4.2 million


def one_by_one(function):
    return lambda x: np.fromiter(map(function, x.tolist()), np.float64, len(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def root(x):
    return np.where(x >= 0, np.sqrt(np.abs(x)), np.nan)


DOUBLE, LONG = np.float64, np.longdouble
# name: the reference, the type it computes in
REFERENCES = {
    "exp": (np.exp, DOUBLE),
    "expm1": (np.expm1, DOUBLE),
    "exp2": (np.exp2, DOUBLE),
    "log": (np.log, DOUBLE),
    "log1p": (np.log1p, DOUBLE),
    "log2": (np.log2, DOUBLE),
    "log10": (np.log10, DOUBLE),
    "sqrt": (np.sqrt, DOUBLE),
    "rsqrt": (lambda x: np.copysign(1 / np.sqrt(x), x), DOUBLE),
    "square": (np.square, DOUBLE),
    "reciprocal": (np.reciprocal, DOUBLE),
    "tanh": (np.tanh, DOUBLE),
    "sigmoid": (sigmoid, DOUBLE),
    "erf": (one_by_one(math.erf), DOUBLE),
    "erfc": (one_by_one(math.erfc), DOUBLE),
    "sin": (np.sin, LONG),
    "cos": (np.cos, LONG),
    "tan": (np.tan, LONG),
    "asin": (np.arcsin, LONG),
    "acos": (np.arccos, LONG),
    "atan": (np.arctan, LONG),
    "sinh": (np.sinh, LONG),
    "cosh": (np.cosh, LONG),
    "asinh": (np.arcsinh, LONG),
    "acosh": (np.arccosh, LONG),
    "atanh": (np.arctanh, LONG),
    "deg2rad": (np.deg2rad, LONG),
    "rad2deg": (np.rad2deg, LONG),
}


def floats(start, stop, step=1):
    """The finite floats among the bit patterns start, start + step, ... below stop."""
    x = np.arange(start, stop, step, np.uint64).astype(np.uint32).view(np.float32)
    return x[np.isfinite(x)]


def error(name, x):
    """The largest error of minigrad's function on the floats x, in ulp, and the float that has it."""
    reference, wide = REFERENCES[name]
    y = getattr(mg, name)(mg.from_numpy(x)).numpy()
    with np.errstate(all="ignore"):
        exact = reference(x.astype(wide))
        rounded = exact.astype(np.float32)
        unit = np.spacing(np.abs(rounded))
        off = np.abs(y - exact).astype(np.float64) / unit
    # NaN and infinities have to be just these; the largest float may stand for what rounds to infinity
    same = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    off = np.where(np.isfinite(rounded), np.where(np.isfinite(y), off, np.inf), np.where(same, 0, np.inf))
    worst = int(np.argmax(off)) if len(off) else 0
    return (float(off[worst]), float(x[worst])) if len(off) else (0.0, 0.0)
