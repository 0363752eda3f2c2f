"""The operations' table: one row each. tests/ops/test_table.py puts every row to the same tests.

    Row(name, function, numpy's version or None, example shapes, domain=, second=)

`function` takes tensors of the example shapes and gives one tensor. `domain` is the interval
the elements are drawn from (away from kinks and poles); `second=False` with a reason where the
second gradient is zero almost everywhere and so says nothing.
"""

from typing import NamedTuple

import numpy as np

import minigrad as mg
from minigrad import ops

F = ops.functions

ONE = [((3, 4),), ((2, 3, 2),), ((),), ((0, 3),), ((1,),)]
TWO = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((2, 3, 2), (3, 1)),
    ((), (3,)),
    ((3,), ()),
    ((0, 4), (4,)),
    ((1, 3), (0, 1)),
]
MATRICES = [
    ((3, 4), (4, 2)),
    ((2, 3, 4), (4, 2)),
    ((3, 1, 2, 4), (2, 4, 3)),
    ((4,), (4, 2)),
    ((3, 4), (4,)),
    ((4,), (4,)),
    ((3, 0), (0, 2)),
    ((0, 3), (3, 2)),
    ((2, 0, 3), (3, 2)),
]
ROWS = [((3, 4),), ((2, 3, 4),), ((5, 1),), ((0, 3),)]


class Row(NamedTuple):
    name: str
    function: object
    reference: object
    shapes: list
    domain: tuple = (-2.0, 2.0)
    second: bool = True

    def __str__(self):
        return self.name


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def set_row(x, v):
    y = x * 2
    y[..., :1] = v
    return y


def change(x):
    y = x * 2
    y += x
    y *= y
    return y.exp_()


LABELS = [1, 0, 2, 1]


def cross_entropy_by_hand(x):
    p = softmax(x, 1)
    return -np.log(p[np.arange(4), LABELS]).mean()


def batch_norm_by_hand(x, w, b):
    axes = tuple(i for i in range(x.ndim) if i != 1)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    xhat = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return xhat * w.reshape(shape) + b.reshape(shape)


OPS = [
    # arithmetic
    Row("add", lambda a, b: a + b, np.add, TWO, second=False),
    Row("add(alpha)", lambda a, b: mg.add(a, b, alpha=3), lambda a, b: a + 3 * b, TWO, second=False),
    Row("sub", lambda a, b: a - b, np.subtract, TWO, second=False),
    Row("mul", lambda a, b: a * b, np.multiply, TWO),
    Row("div", lambda a, b: a / b, np.divide, TWO, (0.5, 2)),
    Row("remainder", lambda a, b: a % b, np.remainder, TWO, (0.6, 1.1), second=False),
    Row("pow", lambda a, b: a**b, np.power, TWO, (0.5, 2)),
    Row("pow(2)", lambda a: a**2, np.square, ONE),
    Row("pow(3)", lambda a: a**3, lambda a: a * a * a, ONE),
    Row("rpow", lambda a: 2.0**a, lambda a: 2.0**a, ONE),
    Row("where", lambda a, b: mg.where(a > b, a * b, b), lambda a, b: np.where(a > b, a * b, b), TWO),
    Row("neg", lambda a: -a, np.negative, ONE, second=False),
    Row("abs", abs, np.abs, ONE, (0.1, 2), second=False),
    Row("exp", mg.exp, np.exp, ONE),
    Row("log", mg.log, np.log, ONE, (0.3, 2)),
    Row("sqrt", mg.sqrt, np.sqrt, ONE, (0.3, 2)),
    Row("in place", change, lambda a: np.exp((3 * a) ** 2), ONE, (-0.5, 0.5)),
    # activations
    Row("relu", mg.relu, lambda a: np.maximum(a, 0), ONE, (0.1, 2), second=False),
    Row("relu of negatives", mg.relu, lambda a: np.maximum(a, 0), ONE, (-2, -0.1), second=False),
    Row("tanh", mg.tanh, np.tanh, ONE),
    Row("sigmoid", mg.sigmoid, lambda a: 1 / (1 + np.exp(-a)), ONE),
    Row("softmax(-1)", lambda a: mg.softmax(a, -1), lambda a: softmax(a, -1), ROWS),
    Row("softmax(0)", lambda a: mg.softmax(a, 0), lambda a: softmax(a, 0), ROWS),
    Row("log_softmax(-1)", lambda a: mg.log_softmax(a, -1), lambda a: np.log(softmax(a, -1)), ROWS),
    Row("log_softmax(0)", lambda a: mg.log_softmax(a, 0), lambda a: np.log(softmax(a, 0)), ROWS),
    # matrices
    Row("matmul", mg.matmul, np.matmul, MATRICES),
    Row(
        "linear",
        F["linear"],
        lambda x, w, b: x @ w.T + b,
        [((5, 4), (3, 4), (3,)), ((2, 5, 4), (3, 4), (3,)), ((4,), (3, 4), (3,)), ((0, 4), (3, 4), (3,))],
    ),
    Row("linear without bias", F["linear"], lambda x, w: x @ w.T, [((5, 4), (3, 4)), ((2, 3, 4), (1, 4))]),
    # reductions
    Row("sum", mg.sum, np.sum, ONE, second=False),
    Row("sum(-1)", lambda a: a.sum(-1), lambda a: a.sum(-1), ROWS, second=False),
    Row("sum(0, 1)", lambda a: a.sum((0, 1), True), lambda a: a.sum((0, 1), keepdims=True), ROWS, second=False),
    Row("sum(0, 2)", lambda a: a.sum((0, 2)), lambda a: a.sum((0, 2)), [((2, 3, 4),), ((2, 0, 3),)], second=False),
    Row("mean", lambda a: a.mean(), np.mean, [((3, 4),), ((),)], second=False),
    Row("mean(0)", lambda a: a.mean(0), lambda a: a.mean(0), [((3, 4),), ((2, 0),)], second=False),
    Row("var(0)", lambda a: a.var(0), lambda a: a.var(0, ddof=1), [((3, 4),), ((2, 0),), ((2, 3, 2),)]),
    Row("var(correction=0)", lambda a: a.var(correction=0), lambda a: a.var(), [((3, 4),)]),
    Row("std(-1)", lambda a: a.std(-1), lambda a: a.std(-1, ddof=1), [((3, 4),)]),
    Row("amax", lambda a: a.amax(), np.max, [((3, 4),), ((),)], second=False),
    Row("amin(0)", lambda a: a.amin(0), lambda a: a.min(0), [((3, 4),), ((2, 0),)], second=False),
    Row("max(1)", lambda a: a.max(1).values, lambda a: a.max(1), [((3, 4),), ((2, 3, 2),), ((0, 2),)], second=False),
    Row("min(0)", lambda a: a.min(0, keepdim=True)[0], lambda a: a.min(0, keepdims=True), [((3, 4),)], second=False),
    # shapes
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
    Row("index(int, None, ...)", lambda a: a[0, None, ..., -1], lambda a: a[0, None, ..., -1], [((3, 4),)], second=False),
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
    # normalisation and losses
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
        lambda x, w: F["cross_entropy"](x, mg.tensor(LABELS), weight=w.detach(), label_smoothing=0.1) * w.sum(), None,
        [((4, 3), (3,))], (0.5, 2)),
    Row("cross_entropy(probabilities)", lambda x, p: F["cross_entropy"](x, p.softmax(1)),
        lambda x, p: -(softmax(p, 1) * np.log(softmax(x, 1))).sum(1).mean(), [((4, 3), (4, 3)), ((2, 3, 2), (2, 3, 2))]),
]
