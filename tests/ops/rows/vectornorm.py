"""The table's rows for minigrad/ops/vectornorm.py and the norms of minigrad.linalg."""

import numpy as np

import minigrad as mg
from rows import ROWS, Row


def by_hand(a, p, axis=None):
    return (np.abs(a) ** p).sum(axis) ** (1 / p)


TABLE = [
    Row("norm", mg.norm, lambda a: by_hand(a, 2), [((3, 4),), ((2, 3, 2),), ((),), ((1,),)]),
    Row("norm(1)", lambda a: a.norm(1), lambda a: np.abs(a).sum(), [((3, 4),)], second=False),
    Row("norm(inf)", lambda a: a.norm(float("inf"), 1), lambda a: np.abs(a).max(1), [((3, 4),)], second=False),
    Row("norm(-inf)", lambda a: a.norm(-float("inf"), 0), lambda a: np.abs(a).min(0), [((3, 4),)], second=False),
    Row("norm(2, -1)", lambda a: a.norm(2, -1, True), lambda a: by_hand(a, 2, -1)[..., None], ROWS),
    *[Row(f"vector_norm({p})", lambda a, p=p: mg.linalg.vector_norm(a, p, 0), lambda a, p=p: by_hand(a, p, 0),
          [((3, 4),), ((2, 3, 2),)]) for p in (0.5, 1.5, 3, 7.25, -1, -2.5)],
    Row("vector_norm((0, 2))", lambda a: mg.linalg.vector_norm(a, 3, (0, 2)), lambda a: by_hand(a, 3, (0, 2)),
        [((2, 3, 4),)]),
    Row("linalg.norm", mg.linalg.norm, lambda a: by_hand(a, 2), [((3, 4),), ((3,),)]),
    *[Row(f"matrix_norm({p})", lambda a, p=p: mg.linalg.matrix_norm(a, p),
        lambda a, p=p: np.linalg.norm(a, p, (-2, -1)),
          [((3, 4),), ((2, 4, 3),)], second=p == "fro") for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    Row("dist", lambda a, b: mg.dist(a, b, 3), lambda a, b: by_hand(a - b, 3), [((3, 4), (3, 4)), ((3, 4), (4,))]),
    Row("cdist", mg.cdist, lambda a, b: by_hand(a[..., :, None, :] - b[..., None, :, :], 2, -1),
        [((3, 4), (2, 4)), ((2, 3, 4), (2, 5, 4)), ((0, 2), (3, 2))]),
    Row("cdist(1)", lambda a, b: mg.cdist(a, b, 1), lambda a, b: np.abs(a[:, None] - b).sum(-1), [((3, 4), (2, 4))],
        second=False),
    Row("renorm", lambda a: a.renorm(2, 0, 1.5), lambda a: a * np.where((n := by_hand(a, 2, 1)[:, None]) > 1.5,
        1.5 / (n + 1e-7), 1),
        [((3, 4),)]),
]
