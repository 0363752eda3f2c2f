"""The table's rows for minigrad/ops/reduction.pyx and extremes.py."""

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row

TABLE = [
    Row("sum", mg.sum, np.sum, ONE, second=False),
    Row("sum(-1)", lambda a: a.sum(-1), lambda a: a.sum(-1), ROWS, second=False),
    Row("sum(0, 1)", lambda a: a.sum((0, 1), True), lambda a: a.sum((0, 1), keepdims=True), ROWS, second=False),
    Row("sum(0, 2)", lambda a: a.sum((0, 2)), lambda a: a.sum((0, 2)), [((2, 3, 4),), ((2, 0, 3),)], second=False),
    Row("mean", lambda a: a.mean(), np.mean, [((3, 4),), ((),)], second=False),
    Row("mean(0)", lambda a: a.mean(0), lambda a: a.mean(0), [((3, 4),), ((2, 0),)], second=False),
    Row("var(0)", lambda a: a.var(0), lambda a: a.var(0, ddof=1), [((3, 4),), ((2, 0),), ((2, 3, 2),)]),
    Row("var(correction=0)", lambda a: a.var(correction=0), lambda a: a.var(), [((3, 4),)]),
    Row("std(-1)", lambda a: a.std(-1), lambda a: a.std(-1, ddof=1), [((3, 4),)]),
    Row("amax", lambda a: a.amax(), np.max, [((3, 4),), ((),)], second=False),
    Row("amin(0)", lambda a: a.amin(0), lambda a: a.min(0), [((3, 4),), ((2, 0),)], second=False),
    Row("max(1)", lambda a: a.max(1).values, lambda a: a.max(1), [((3, 4),), ((2, 3, 2),), ((0, 2),)], second=False),
    Row("min(0)", lambda a: a.min(0, keepdim=True)[0], lambda a: a.min(0, keepdims=True), [((3, 4),)], second=False),
    Row("var(0, 2)", lambda a: a.var((0, 2), keepdim=True), lambda a: a.var((0, 2), keepdims=True, ddof=1),
        [((2, 3, 2),)]),
    Row("var(1)", lambda a: mg.var(a, 1), lambda a: a.var(1, ddof=1), [((2, 3, 2),)]),
    Row("std", mg.std, lambda a: a.std(ddof=1), [((3, 4),)]),
    Row("std(correction=0)", lambda a: a.std(1, correction=0), lambda a: a.std(1), [((2, 3, 2),), ((0, 3),)]),
    Row("var_mean", lambda a: mg.var_mean(a, 0)[0] * mg.std_mean(a, 0)[1], lambda a: a.var(0, ddof=1) * a.mean(0),
        [((3, 2),)]),
    Row("nansum", lambda a: a.nansum(1), lambda a: a.sum(1), ROWS, second=False),
    Row("nanmean", lambda a: a.nanmean(), np.mean, [((3, 4),), ((),)], second=False),
    Row("logsumexp(1)", lambda a: a.logsumexp(1), lambda a: np.log(np.exp(a).sum(1)), ROWS),
    Row("logsumexp(0, 2)", lambda a: mg.logsumexp(a, (0, 2), True),
        lambda a: np.log(np.exp(a).sum((0, 2), keepdims=True)),
        [((2, 3, 4),), ((2, 0, 3),)]),
    Row("aminmax", lambda a: mg.aminmax(a).max - a.aminmax(dim=0).min, lambda a: a.max() - a.min(0), [((3, 4),)],
        second=False),
]
