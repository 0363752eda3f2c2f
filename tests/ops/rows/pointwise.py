"""The table's rows for minigrad/ops/pointwise.py."""

import math

import numpy as np

import minigrad as mg
from rows import ONE, Row


def elementwise(function):
    """A function of Python's math module over an array of any shape."""
    return lambda a: np.array([function(x) for x in a.flat], np.float64).reshape(a.shape)


TABLE = [
    Row("square", mg.square, np.square, ONE),
    Row("reciprocal", mg.reciprocal, np.reciprocal, ONE, (0.4, 2)),
    Row("rsqrt", mg.rsqrt, lambda a: 1 / np.sqrt(a), ONE, (0.4, 2)),
    Row("exp2", mg.exp2, np.exp2, ONE),
    Row("expm1", mg.expm1, np.expm1, ONE),
    Row("log1p", mg.log1p, np.log1p, ONE, (-0.6, 2)),
    Row("log2", mg.log2, np.log2, ONE, (0.3, 2)),
    Row("log10", mg.log10, np.log10, ONE, (0.3, 2)),
    Row("sin", mg.sin, np.sin, ONE),
    Row("cos", mg.cos, np.cos, ONE),
    Row("tan", mg.tan, np.tan, ONE, (-1, 1)),
    Row("asin", mg.asin, np.arcsin, ONE, (-0.8, 0.8)),
    Row("acos", mg.acos, np.arccos, ONE, (-0.8, 0.8)),
    Row("atan", mg.atan, np.arctan, ONE),
    Row("sinh", mg.sinh, np.sinh, ONE),
    Row("cosh", mg.cosh, np.cosh, ONE),
    Row("asinh", mg.asinh, np.arcsinh, ONE),
    Row("acosh", mg.acosh, np.arccosh, ONE, (1.4, 3)),
    Row("atanh", mg.atanh, np.arctanh, ONE, (-0.8, 0.8)),
    Row("erf", mg.erf, elementwise(math.erf), ONE),
    Row("erfc", mg.erfc, elementwise(math.erfc), ONE),
    Row("erfinv", lambda a: mg.erfinv(mg.erf(a)), lambda a: a, ONE, (-1, 1)),
    Row("deg2rad", mg.deg2rad, np.deg2rad, ONE),
    Row("rad2deg", mg.rad2deg, np.rad2deg, ONE),
    Row("sign", mg.sign, np.sign, ONE, (0.1, 2), second=False),
    Row("floor", mg.floor, np.floor, ONE, (0.1, 0.9), second=False),
    Row("ceil", mg.ceil, np.ceil, ONE, (0.1, 0.9), second=False),
    Row("trunc", mg.trunc, np.trunc, ONE, (1.1, 1.9), second=False),
    Row("round", mg.round, np.round, ONE, (0.6, 1.4), second=False),
    Row("round(decimals)", lambda a: mg.round(a, decimals=1), lambda a: np.round(a, 1), ONE, (0.16, 0.24),
        second=False),
    Row("frac", mg.frac, lambda a: a - np.trunc(a), ONE, (-1.9, -1.1), second=False),
    Row("logit", mg.logit, lambda a: np.log(a / (1 - a)), ONE, (0.1, 0.9)),
    Row("logit(eps)", lambda a: mg.logit(a, 0.2), lambda a: np.log(a / (1 - a)), ONE, (0.25, 0.75)),
    Row("nan_to_num", mg.nan_to_num, np.nan_to_num, ONE, second=False),
]
