"""The table's rows for minigrad/ops/scan.py."""

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row


def with_zeros(function):
    """The same of x with some elements made 0."""

    def of(a):
        mask = np.ones(tuple(a.shape))
        mask.flat[::3] = 0
        return function(a * (mg.from_numpy(mask).to(a.dtype) if isinstance(a, mg.Tensor) else mask))

    return of


TABLE = [
    Row("cumsum(-1)", lambda a: a.cumsum(-1), lambda a: a.cumsum(-1), ROWS, second=False),
    Row("cumsum(0)", lambda a: mg.cumsum(a, 0), lambda a: a.cumsum(0), ROWS, second=False),
    Row("cumprod(-1)", lambda a: a.cumprod(-1), lambda a: a.cumprod(-1), ROWS),
    Row("cumprod(0)", lambda a: mg.cumprod(a, dim=0), lambda a: a.cumprod(0), ROWS),
    Row("cumprod with zeros", with_zeros(lambda a: a.cumprod(1)), with_zeros(lambda a: a.cumprod(1)), [((3, 4),)]),
    Row("prod", mg.prod, np.prod, ONE),
    Row("prod(1)", lambda a: a.prod(1), lambda a: a.prod(1), ROWS),
    Row("prod(0, 2)", lambda a: a.prod((0, 2), True), lambda a: a.prod((0, 2), keepdims=True),
        [((2, 3, 2),), ((2, 1, 0),)]),
    Row("prod with zeros", with_zeros(lambda a: a.prod(0)), with_zeros(lambda a: a.prod(0)), [((3, 4),), ((4, 1, 2),)]),
    Row("logcumsumexp", lambda a: a.logcumsumexp(-1), lambda a: np.logaddexp.accumulate(a, -1), ROWS),
    Row("logcumsumexp(0)", lambda a: a.logcumsumexp(0), lambda a: np.logaddexp.accumulate(a, 0),
        [((3, 2),), ((0, 2),)]),
    Row("cummax", lambda a: a.cummax(-1).values ** 2, lambda a: np.maximum.accumulate(a, -1) ** 2, ROWS),
    Row("cummin(0)", lambda a: a.cummin(0)[0] ** 2, lambda a: np.minimum.accumulate(a, 0) ** 2, ROWS),
    Row("diff", lambda a: a.diff(), np.diff, ROWS, second=False),
    Row("diff(2)", lambda a, b: a.diff(2, 0, append=b), lambda a, b: np.diff(a, 2, 0, append=b), [((3, 2), (1, 2))],
        second=False),
]
