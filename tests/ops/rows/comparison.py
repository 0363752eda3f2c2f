"""The table's rows for minigrad/ops/comparison.py: masks, which have no gradient but let one through."""

import numpy as np

import minigrad as mg
from rows import TWO, Row

TABLE = [
    Row("a (a > b)", lambda a, b: a * (a > b), lambda a, b: a * (a > b), TWO, second=False),
    Row("b (a <= b)", lambda a, b: b * mg.le(a, b), lambda a, b: b * (a <= b), TWO, second=False),
    Row("a isfinite(b)", lambda a, b: a * mg.isfinite(b), lambda a, b: a * np.isfinite(b), TWO, second=False),
    Row("a not(a < b)", lambda a, b: a * ~(a < b), lambda a, b: a * ~(a < b), TWO, second=False),
]
