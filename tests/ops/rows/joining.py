"""The table's rows for minigrad/ops/joining.pyx."""

import numpy as np

import minigrad as mg
from rows import Row

TABLE = [
    Row("split", lambda a: a.split(2, 1)[1] * a.chunk(2, 1)[0], lambda a: a[:, 2:] * a[:, :2], [((3, 4),)]),
    Row("tensor_split", lambda a: a.tensor_split(3)[0] ** 2, lambda a: np.array_split(a, 3)[0] ** 2,
        [((4, 2),), ((7,),)]),
    Row("tensor_split(list)", lambda a: a.tensor_split([1, -1])[1] ** 2, lambda a: a[1:-1] ** 2, [((4, 2),)]),
    Row("hsplit", lambda a: a.hsplit(2)[1] ** 2, lambda a: np.hsplit(a, 2)[1] ** 2, [((3, 4),), ((4,),)]),
    Row("unbind", lambda a: a.unbind(1)[0] * a.unbind(1)[1], lambda a: a[:, 0] * a[:, 1], [((3, 4),)]),
    Row("cat", lambda a, b: mg.cat([a, b * b], 1), lambda a, b: np.concatenate([a, b * b], 1),
        [((2, 3), (2, 4)), ((2, 0), (2, 1)), ((0, 2), (0, 1))]),
    Row("stack", lambda a, b: mg.stack([a, b * a], 1), lambda a, b: np.stack([a, b * a], 1), [((2, 3), (2, 3))]),
    Row("hstack", lambda a, b: mg.hstack([a, b * b]), lambda a, b: np.hstack([a, b * b]),
        [((2, 3), (2, 4)), ((3,), (2,))]),
    Row("vstack", lambda a, b: mg.vstack([a, b * b]), lambda a, b: np.vstack([a, b * b]),
        [((2, 3), (1, 3)), ((3,), (3,))]),
    Row("dstack", lambda a, b: mg.dstack([a, b * b]), lambda a, b: np.dstack([a, b * b]),
        [((2, 3), (2, 3)), ((3,), (3,))]),
    Row("column_stack", lambda a, b: mg.column_stack([a, b * b]), lambda a, b: np.column_stack([a, b * b]),
        [((3,), (3, 2)), ((3,), (3,))]),
    Row("block_diag", lambda a, b: mg.block_diag(a, b * b), lambda a, b: np.block(
        [[a, np.zeros((2, 1))], [np.zeros((3, 3)), b * b]]), [((2, 3), (3, 1))]),
    Row("meshgrid", lambda a, b: mg.meshgrid(a, b, indexing="xy")[0] * mg.meshgrid(a, b, indexing="xy")[1],
        lambda a, b: np.multiply(*np.meshgrid(a, b)), [((3,), (4,))]),
    Row("cartesian_prod", lambda a, b: mg.cartesian_prod(a, b) ** 2, lambda a, b: np.stack(
        [np.repeat(a, len(b)), np.tile(b, len(a))], 1) ** 2, [((3,), (4,))]),
    Row("combinations", lambda a: mg.combinations(a) ** 2, lambda a: a[[[0, 1], [0, 2], [1, 2]]] ** 2, [((3,),)]),
]
