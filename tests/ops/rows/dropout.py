"""The table's rows for minigrad/ops/dropout.pyx: seeded anew at each call, so that each is a function."""

import math

import minigrad as mg
from rows import ONE, Row

ALPHA = 1.7580993408473766


def seeded(name, *arguments):
    def run(a):
        mg.manual_seed(1)
        return getattr(mg, name)(a, *arguments)

    return run


def mask(a, keep, features=False):
    mg.manual_seed(1)
    shape = a.shape[:2] + (1,) * (a.ndim - 2) if features else a.shape
    return mg.empty(shape, dtype=mg.float64).bernoulli_(keep).numpy()


def in_memory(reference):
    """Of an array in Fortran order the mask is drawn in that order."""

    def run(a):
        return reference(a) if a.flags.c_contiguous or not a.flags.f_contiguous else reference(a.T).T

    return run


def alpha(a, p, features=False):
    d = mask(a, 1 - p, features)
    return (d * a + (d - 1) * ALPHA + ALPHA * p) / math.sqrt((1 - p) * (1 + p * ALPHA**2))


FEATURES = [((3, 4),), ((2, 3, 2),), ((0, 3),)]

TABLE = [
    Row("dropout", seeded("dropout", 0.25), in_memory(lambda a: a * mask(a, 0.75) / 0.75), ONE, second=False),
    Row("dropout of all", seeded("dropout", 1.0), lambda a: 0 * a, ONE, second=False),
    Row("feature_dropout", seeded("feature_dropout", 0.25), lambda a: a * mask(a, 0.75, True) / 0.75, FEATURES,
        second=False),
    Row("dropout1d", seeded("dropout1d", 0.25), lambda a: a * mask(a, 0.75, True) / 0.75, [((2, 3, 4),)], second=False),
    Row("alpha_dropout", seeded("alpha_dropout", 0.25, True), in_memory(lambda a: alpha(a, 0.25)), ONE, second=False),
    Row("feature_alpha_dropout", seeded("feature_alpha_dropout", 0.25, True), lambda a: alpha(a, 0.25, True), FEATURES,
        second=False),
]
