"""The table's rows for minigrad/ops/norm.pyx."""

import numpy as np

import minigrad as mg
from minigrad.ops import functions as F
from rows import Row


def batch_norm_by_hand(x, w, b):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    xhat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return xhat * w.reshape(shape) + b.reshape(shape)


def rows_by_hand(x, w, b, axes, shape, eps=1e-5):
    xhat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)
    return xhat * w.reshape(shape) + b.reshape(shape)


def group_norm_by_hand(x, w, b):
    grouped = x.reshape(x.shape[0], 2, -1)
    xhat = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return xhat.reshape(x.shape) * w.reshape(shape) + b.reshape(shape)


def length(x, p, axis):
    return (np.abs(x) ** p).sum(axis, keepdims=True) ** (1 / p)


TABLE = [
    Row("batch_norm", lambda x, w, b: F["batch_norm"](x, None, None, w, b, True), batch_norm_by_hand,
        [((4, 3), (3,), (3,)), ((3, 2, 2), (2,), (2,)), ((2, 3, 1, 2), (3,), (3,))]),
    Row("batch_norm(eval)",
        lambda x, w, b: F["batch_norm"](x, mg.zeros(3, dtype=mg.float64), mg.ones(3, dtype=mg.float64), w, b),
        lambda x, w, b: x / np.sqrt(1 + 1e-5) * w + b, [((4, 3), (3,), (3,)), ((0, 3), (3,), (3,))]),
    Row("layer_norm", lambda x, w, b: F["layer_norm"](x, tuple(w.shape), w, b),
        lambda x, w, b: rows_by_hand(x, w, b, tuple(range(x.ndim - w.ndim, x.ndim)), w.shape),
        [((4, 3), (3,), (3,)), ((2, 3, 4), (3, 4), (3, 4)), ((3, 20), (20,), (20,)), ((0, 3), (3,), (3,)),
         ((5,), (5,), (5,))]),
    Row("layer_norm(plain)", lambda x: F["layer_norm"](x, (4,)),
        lambda x: rows_by_hand(x, np.ones(4), np.zeros(4), -1, 4), [((3, 4),)]),
    Row("rms_norm", lambda x, w: F["rms_norm"](x, (4,), w, 1e-3),
        lambda x, w: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-3) * w, [((3, 4), (4,)), ((2, 3, 4), (4,))]),
    Row("group_norm", lambda x, w, b: F["group_norm"](x, 2, w, b), group_norm_by_hand,
        [((3, 4), (4,), (4,)), ((3, 4, 5), (4,), (4,)), ((2, 6, 2, 3), (6,), (6,))]),
    Row("instance_norm", lambda x, w, b: F["instance_norm"](x, weight=w, bias=b),
        lambda x, w, b: rows_by_hand(x, w, b, -1, (1, -1, 1)), [((2, 3, 4), (3,), (3,)), ((2, 1, 20), (1,), (1,))]),
    Row("normalize", F["normalize"], lambda x: x / length(x, 2, 1), [((3, 4),), ((2, 3, 2),)]),
    Row("normalize(3)", lambda x: F["normalize"](x, 3.0, 0), lambda x: x / length(x, 3, 0), [((3, 4),)]),
    Row("normalize(inf)", lambda x: F["normalize"](x, float("inf"), -1), lambda x: x / abs(x).max(-1, keepdims=True),
        [((3, 4),)]),
    Row("normalize(1)", lambda x: F["normalize"](x, 1.0, -1), lambda x: x / length(x, 1, -1), [((3, 4),)]),
]
