"""The table's rows for minigrad/ops/linalg.pyx."""

import numpy as np

import minigrad as mg
from minigrad.ops import functions as F
from rows import MATRICES, Row

TABLE = [
    Row("matmul", mg.matmul, np.matmul, MATRICES),
    Row(
        "linear",
        F["linear"],
        lambda x, w, b: x @ w.T + b,
        [((5, 4), (3, 4), (3,)), ((2, 5, 4), (3, 4), (3,)), ((4,), (3, 4), (3,)), ((0, 4), (3, 4), (3,))],
    ),
    Row("linear without bias", F["linear"], lambda x, w: x @ w.T, [((5, 4), (3, 4)), ((2, 3, 4), (1, 4))]),
    Row("mm", mg.mm, np.matmul, [((3, 4), (4, 2)), ((3, 0), (0, 2))]),
]
