"""The table's rows for minigrad/ops/shape.pyx."""

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row

TABLE = [
    Row("expand", lambda a: a.expand(4, 3, 2), lambda a: np.broadcast_to(a, (4, 3, 2)), [((3, 1),), ((1, 2),), ((),)],
        second=False),
    Row("reshape", lambda a: a.reshape(-1, 2) * a.flatten()[0], lambda a: a.reshape(-1, 2) * a.flat[0], [((3, 4),)]),
    Row("flatten(1)", lambda a: a.flatten(1), lambda a: a.reshape(a.shape[0], -1), [((2, 3, 4),)], second=False),
    Row("unflatten", lambda a: a.unflatten(1, (2, -1)), lambda a: a.reshape(3, 2, 2), [((3, 4),)], second=False),
    Row("permute", lambda a: a.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1), [((2, 3, 4),), ((2, 0, 3),)],
        second=False),
    Row("T", lambda a: a.T @ a, lambda a: a.T @ a, [((3, 4),)]),
    Row("movedim", lambda a: a.movedim(0, -1), lambda a: np.moveaxis(a, 0, -1), [((2, 3, 4),)], second=False),
    Row("squeeze", lambda a: a.squeeze(), np.squeeze, [((3, 1, 2, 1),), ((1,),), ((0, 1),)], second=False),
    Row("unsqueeze", lambda a: a.unsqueeze(-2), lambda a: np.expand_dims(a, -2), ROWS, second=False),
    Row("clone", lambda a: a.clone(), np.copy, ONE, second=False),
    Row("swapdims", lambda a: a.swapdims(0, 1) @ a, lambda a: a.T @ a, [((3, 4),)]),
    Row("moveaxis", lambda a: a.moveaxis((0, 1), (2, 0)), lambda a: np.moveaxis(a, (0, 1), (2, 0)), [((2, 3, 4),)],
        second=False),
    Row("atleast_3d", lambda a: mg.atleast_3d(a) ** 2, lambda a: np.atleast_3d(a) ** 2, ONE),
    Row("broadcast_tensors", lambda a, b: mg.broadcast_tensors(a, b)[0] * mg.broadcast_tensors(a, b)[1], np.multiply,
        [((3, 1), (4,)), ((2, 1, 3), (2, 1))]),
    Row("unsqueeze_", lambda a: (a * 2).unsqueeze_(0).mul_(a), lambda a: 2 * a[None] * a, [((3, 4),), ((),)]),
]
