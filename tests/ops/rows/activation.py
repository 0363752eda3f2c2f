"""The table's rows for minigrad/ops/activation.pyx."""

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


TABLE = [
    Row("relu", mg.relu, lambda a: np.maximum(a, 0), ONE, (0.1, 2), second=False),
    Row("relu of negatives", mg.relu, lambda a: np.maximum(a, 0), ONE, (-2, -0.1), second=False),
    Row("tanh", mg.tanh, np.tanh, ONE),
    Row("sigmoid", mg.sigmoid, lambda a: 1 / (1 + np.exp(-a)), ONE),
    Row("softmax(-1)", lambda a: mg.softmax(a, -1), lambda a: softmax(a, -1), ROWS),
    Row("softmax(0)", lambda a: mg.softmax(a, 0), lambda a: softmax(a, 0), ROWS),
    Row("log_softmax(-1)", lambda a: mg.log_softmax(a, -1), lambda a: np.log(softmax(a, -1)), ROWS),
    Row("log_softmax(0)", lambda a: mg.log_softmax(a, 0), lambda a: np.log(softmax(a, 0)), ROWS),
]
