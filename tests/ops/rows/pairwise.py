"""The table's rows for minigrad/ops/pairwise.py."""

import numpy as np

import minigrad as mg
from rows import ONE, TWO, Row

THREE = [
    ((3, 4), (3, 4), (3, 4)),
    ((3, 4), (4,), ()),
    ((3, 1), (1, 4), (2, 1, 1)),
    ((), (), (3,)),
    ((0, 3), (3,), (1, 3)),
]


def xlogy(a, b):
    return a * np.log(b)


TABLE = [
    Row("maximum", mg.maximum, np.maximum, TWO, second=False),
    Row("minimum", mg.minimum, np.minimum, TWO, second=False),
    Row("fmax", mg.fmax, np.fmax, TWO, second=False),
    Row("fmin", mg.fmin, np.fmin, TWO, second=False),
    Row("clamp", lambda a: mg.clamp(a, -1, 1), lambda a: np.clip(a, -1, 1), ONE, second=False),
    Row("clamp(tensors)", mg.clamp, lambda a, b, c: np.minimum(np.maximum(a, b), c), THREE, second=False),
    Row("clamp_min", lambda a: mg.clamp_min(a, 0.5), lambda a: np.maximum(a, 0.5), ONE, second=False),
    Row("clamp_max", mg.clamp_max, np.minimum, TWO, second=False),
    Row("atan2", mg.atan2, np.arctan2, TWO, (0.4, 2)),
    Row("hypot", mg.hypot, np.hypot, TWO, (0.4, 2)),
    Row("logaddexp", mg.logaddexp, np.logaddexp, TWO),
    Row("logaddexp(equal)", lambda a: mg.logaddexp(a, a * 1), lambda a: a + np.log(2), ONE),
    Row("xlogy", mg.xlogy, xlogy, TWO, (0.4, 2)),
    Row("copysign", mg.copysign, np.copysign, TWO, second=False),
    Row("fmod", mg.fmod, np.fmod, TWO, (0.6, 1.1), second=False),
    Row("lerp", mg.lerp, lambda a, b, c: a + c * (b - a), THREE),
    Row("lerp(number)", lambda a, b: mg.lerp(a, b, 0.7), lambda a, b: a + 0.7 * (b - a), TWO, second=False),
    Row("addcmul", lambda a, b, c: mg.addcmul(a, b, c, value=0.5), lambda a, b, c: a + 0.5 * b * c, THREE),
    Row("addcdiv", lambda a, b, c: mg.addcdiv(a, b, c, value=-2), lambda a, b, c: a - 2 * b / c, THREE, (0.5, 2)),
]
