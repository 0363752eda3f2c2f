"""The table's rows for minigrad/ops/rearranging.pyx."""

import numpy as np

from minigrad.ops import functions as F
from rows import ONE, ROWS, Row


def windows(a):
    return np.moveaxis(np.stack([a[i:i + 3] for i in range(0, len(a) - 2, 2)]), 1, -1)


TABLE = [
    Row("repeat", lambda a: a.repeat(2, 1, 3) ** 2, lambda a: np.tile(a, (2, 1, 3)) ** 2,
        [((3, 2),), ((2,),), ((2, 0, 1),)]),
    Row("tile", lambda a: a.tile((2,)) ** 2, lambda a: np.tile(a, 2) ** 2, ONE),
    Row("repeat_interleave", lambda a: a.repeat_interleave(2, 0) ** 2, lambda a: np.repeat(a, 2, 0) ** 2, ROWS),
    Row("repeat_interleave(None)", lambda a: a.repeat_interleave(3) ** 2, lambda a: np.repeat(a, 3) ** 2, ONE),
    Row("flip", lambda a: a.flip(0, -1) ** 2, lambda a: a[::-1, ..., ::-1] ** 2, ROWS),
    Row("roll", lambda a: a.roll((1, -5), (0, 1)) ** 2, lambda a: np.roll(a, (1, -5), (0, 1)) ** 2,
        [((3, 4),), ((2, 3, 2),)]),
    Row("roll(None)", lambda a: a.roll(2) ** 2, lambda a: np.roll(a, 2) ** 2, ONE),
    *[Row(f"rot90({k})", lambda a, k=k: a.rot90(k) ** 2, lambda a, k=k: np.rot90(a, k) ** 2, ROWS) for k in range(4)],
    Row("tril", lambda a: a.tril(-1) ** 2, lambda a: np.tril(a, -1) ** 2, ROWS),
    Row("triu", lambda a: a.triu(1) ** 2, lambda a: np.triu(a, 1) ** 2, ROWS),
    Row("diag", lambda a: a.diag(1) ** 2, lambda a: np.diag(a, 1) ** 2, [((3,),), ((3, 4),), ((2, 0),)]),
    Row("diagonal", lambda a: a.diagonal(-1, 1, 0) ** 2, lambda a: np.diagonal(a, -1, 1, 0) ** 2, ROWS),
    Row("diag_embed", lambda a: a.diag_embed(1, 0) ** 2, lambda a: np.stack(
        [np.diag(row, 1) for row in a], 1) ** 2 if a.ndim == 2 else np.diag(a, 1) ** 2, [((2, 3),), ((2,),)]),
    Row("diagflat", lambda a: a.diagflat() ** 2, lambda a: np.diagflat(a) ** 2, [((2, 2),), ((3,),)]),
    Row("unfold", lambda a: a.unfold(0, 3, 2) ** 2, lambda a: windows(a) ** 2, [((7,),), ((5, 2),)]),
    Row("as_strided", lambda a: a.contiguous().as_strided((2, 3), (1, 2), 1) ** 2,
        lambda a: a.ravel()[[[1, 3, 5], [2, 4, 6]]] ** 2,
        [((3, 4),), ((7,),)]),
    Row("pad", lambda a: F["pad"](a, (1, 2, -1, 0), value=3.0) ** 2, lambda a: np.pad(
        a[..., 1:, :], [(0, 0)] * (a.ndim - 2) + [(0, 0), (1, 2)], constant_values=3) ** 2, [((3, 4),), ((2, 3, 2),)]),
    *[Row(f"pad({mode})", lambda a, mode=mode: F["pad"](a, (2, 1), mode) ** 2, lambda a, name=name: np.pad(
        a, ((0, 0), (2, 1)), name) ** 2, [((2, 4),)]) for mode, name in (("reflect", "reflect"), ("replicate", "edge"),
                                                                        ("circular", "wrap"))],
]
