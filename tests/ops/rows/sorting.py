"""The table's rows for minigrad/ops/sorting.py."""

import numpy as np

import minigrad as mg
from rows import Row

SOME = [((3, 4),), ((2, 5, 2),), ((1,),)]
MORE = [*SOME, ((0, 3),), ((),)]

TABLE = [
    Row("sort", lambda a: a.sort().values ** 2, lambda a: np.sort(a, -1) ** 2 if a.ndim else a**2, MORE),
    Row("sort(0, descending)", lambda a: a.sort(0, True)[0] ** 2, lambda a: np.sort(-a, 0) ** 2, [((3, 4),)]),
    Row("msort", mg.msort, lambda a: np.sort(a, 0), SOME, second=False),
    Row("topk", lambda a: a.topk(1).values ** 2, lambda a: a.max(-1, keepdims=True) ** 2, SOME),
    Row("topk(smallest)", lambda a: a.topk(2, 0, largest=False).values, lambda a: np.sort(a, 0)[:2], [((3, 4),)],
        second=False),
    Row("kthvalue", lambda a: a.kthvalue(2, 1, True).values ** 2, lambda a: np.sort(a, 1)[:, 1:2] ** 2,
        [((3, 4),), ((2, 5, 2),)]),
    Row("median", mg.median, lambda a: np.sort(a, None)[(a.size - 1) // 2], SOME, second=False),
    Row("median(-1)", lambda a: a.median(-1).values ** 2,
        lambda a: np.sort(a, -1)[..., (a.shape[-1] - 1) // 2] ** 2, SOME),
    Row("nanmedian", lambda a: a.nanmedian(0, True).values, lambda a: np.sort(a, 0)[(len(a) - 1) // 2][None], SOME,
        second=False),
    Row("mode", lambda a: a.mode(0)[0], lambda a: a.min(0), SOME, second=False),
    Row("quantile", lambda a: a.quantile(0.3), lambda a: np.quantile(a, 0.3), SOME, second=False),
    Row("quantile(q, dim)", lambda a: a.quantile(mg.tensor([0.1, 0.5, 1.0], dtype=a.dtype), -1, True) ** 2,
        lambda a: np.quantile(a, [0.1, 0.5, 1.0], -1, keepdims=True) ** 2, SOME),
    Row("nanquantile", lambda a: a.nanquantile(0.7, 0), lambda a: np.quantile(a, 0.7, 0), SOME, second=False),
]
