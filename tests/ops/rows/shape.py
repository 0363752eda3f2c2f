"""The table's rows for minigrad/ops/shape.pyx."""

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row


def set_row(x, v):
    y = x * 2
    y[..., :1] = v
    return y


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
    Row("index", lambda a: a[1:, ::2], lambda a: a[1:, ::2], [((3, 4),), ((1, 0),), ((2, 3, 2),)], second=False),
    Row("index(int, None, ...)", lambda a: a[0, None, ..., -1], lambda a: a[0, None, ..., -1], [((3, 4),)],
        second=False),
    Row("index(list)", lambda a: a[[0, 0, 2], [1, 1, 2]] ** 2, lambda a: a[[0, 0, 2], [1, 1, 2]] ** 2, [((3, 4),)]),
    Row("index(mask)", lambda a: a[a > 0] ** 2, lambda a: a[a > 0] ** 2, [((3, 4),)]),
    Row("set index", set_row, lambda x, v: np.concatenate([v + 0 * x[..., :1], 2 * x[..., 1:]], -1),
        [((3, 4), (3, 1)), ((3, 4), ()), ((0, 2), (1,))], second=False),
    Row("narrow", lambda a: a.narrow(0, 1, 2), lambda a: a[1:3], [((3, 4),)], second=False),
    Row("split", lambda a: a.split(2, 1)[1] * a.chunk(2, 1)[0], lambda a: a[:, 2:] * a[:, :2], [((3, 4),)]),
    Row("unbind", lambda a: a.unbind(1)[0] * a.unbind(1)[1], lambda a: a[:, 0] * a[:, 1], [((3, 4),)]),
    Row("cat", lambda a, b: mg.cat([a, b * b], 1), lambda a, b: np.concatenate([a, b * b], 1),
        [((2, 3), (2, 4)), ((2, 0), (2, 1)), ((0, 2), (0, 1))]),
    Row("stack", lambda a, b: mg.stack([a, b * a], 1), lambda a, b: np.stack([a, b * a], 1), [((2, 3), (2, 3))]),
]
