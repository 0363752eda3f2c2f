"""The table's rows for minigrad/ops/loss.pyx."""

import numpy as np

import minigrad as mg
from minigrad.ops import functions as F
from rows import Row

LABELS = [1, 0, 2, 1]


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def cross_entropy_by_hand(x):
    p = softmax(x, 1)
    return -np.log(p[np.arange(4), LABELS]).mean()


def batch_norm_by_hand(x, w, b):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    xhat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return xhat * w.reshape(shape) + b.reshape(shape)


TABLE = [
    Row("batch_norm", lambda x, w, b: F["batch_norm"](x, None, None, w, b, True), batch_norm_by_hand,
        [((4, 3), (3,), (3,)), ((3, 2, 2), (2,), (2,)), ((2, 3, 1, 2), (3,), (3,))]),
    Row("batch_norm(eval)",
        lambda x, w, b: F["batch_norm"](x, mg.zeros(3, dtype=mg.float64), mg.ones(3, dtype=mg.float64), w, b),
        lambda x, w, b: x / np.sqrt(1 + 1e-5) * w + b, [((4, 3), (3,), (3,)), ((0, 3), (3,), (3,))]),
    Row("mse_loss", F["mse_loss"], lambda x, t: ((x - t) ** 2).mean(), [((3, 4), (3, 4)), ((), ())]),
    Row("mse_loss(none)", lambda x, t: F["mse_loss"](x, t, reduction="none"), lambda x, t: (x - t) ** 2,
        [((3, 4), (3, 4)), ((0, 2), (0, 2))]),
    Row("cross_entropy", lambda x: F["cross_entropy"](x, mg.tensor(LABELS)), cross_entropy_by_hand, [((4, 3),)]),
    Row("cross_entropy(none)", lambda x: F["cross_entropy"](x, mg.tensor(LABELS), reduction="none"),
        lambda x: -np.log(softmax(x, 1)[np.arange(4), LABELS]), [((4, 3),)]),
    Row("cross_entropy(smoothed)",
        lambda x: F["cross_entropy"](x, mg.tensor(LABELS), mg.tensor([1.0, 2.0, 0.5]).to(x.dtype), label_smoothing=0.1),
        None, [((4, 3),)]),
    Row("cross_entropy(probabilities)", lambda x, p: F["cross_entropy"](x, p.softmax(1)),
        lambda x, p: -(softmax(p, 1) * np.log(softmax(x, 1))).sum(1).mean(), [((4, 3), (4, 3)), ((2, 3, 2), (2, 3, 2))]),
]
