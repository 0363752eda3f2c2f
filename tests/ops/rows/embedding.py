"""The table's rows for minigrad/ops/embedding.py."""

import numpy as np

import minigrad as mg
from minigrad.ops import functions as F
from rows import Row

INDEX = np.array([[1, 3, 1], [0, 1, 3]])

TABLE = [
    Row("embedding", lambda w: F["embedding"](mg.tensor(INDEX), w), lambda w: w[INDEX], [((4, 3),), ((5, 1),)]),
    Row("bilinear", F["bilinear"], lambda x, y, w, b: np.einsum("...i,oij,...j->...o", x, w, y) + b,
        [((4, 3), (4, 2), (5, 3, 2), (5,)), ((2, 3, 2), (2, 3, 2), (1, 2, 2), (1,)), ((3,), (2,), (4, 3, 2), (4,))]),
]
