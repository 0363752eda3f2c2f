"""The table's rows for the rooms of activations: activation, rectifier, gate and softmax."""

import math

import numpy as np

import minigrad as mg
from rows import ONE, ROWS, Row

POSITIVE, NEGATIVE = (0.1, 2), (-2, -0.1)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normal_cdf(x):
    return np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), [np.float64])(x)


def glu(x, axis):
    a, b = np.split(x, 2, axis)
    return a * sigmoid(b)


SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772

TABLE = [
    Row("relu", mg.relu, lambda a: np.maximum(a, 0), ONE, POSITIVE, second=False),
    Row("relu of negatives", mg.relu, lambda a: np.maximum(a, 0), ONE, NEGATIVE, second=False),
    Row("tanh", mg.tanh, np.tanh, ONE),
    Row("sigmoid", mg.sigmoid, sigmoid, ONE),
    Row("logsigmoid", mg.logsigmoid, lambda a: np.log(sigmoid(a)), ONE),
    Row("softplus", mg.softplus, lambda a: np.log1p(np.exp(a)), ONE),
    Row("softplus(2, 20)", lambda a: mg.softplus(a, 2), lambda a: np.log1p(np.exp(2 * a)) / 2, ONE),
    Row("softplus above its threshold", lambda a: mg.softplus(a, 1, 0.05), lambda a: a, ONE, POSITIVE, second=False),
    Row("softsign", mg.softsign, lambda a: a / (1 + np.abs(a)), ONE, POSITIVE),
    Row("softsign of negatives", mg.softsign, lambda a: a / (1 + np.abs(a)), ONE, NEGATIVE),
    Row("tanhshrink", mg.tanhshrink, lambda a: a - np.tanh(a), ONE),
    Row("gelu", mg.gelu, lambda a: a * normal_cdf(a), ONE),
    Row("gelu tanh", lambda a: mg.gelu(a, approximate="tanh"),
        lambda a: a / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))), ONE),
    Row("silu", mg.silu, lambda a: a * sigmoid(a), ONE),
    Row("mish", mg.mish, lambda a: a * np.tanh(np.log1p(np.exp(a))), ONE),
    Row("hardswish", mg.hardswish, lambda a: a * np.clip(a + 3, 0, 6) / 6, ONE),
    Row("hardswish beyond", mg.hardswish, lambda a: a, ONE, (3.1, 5), second=False),
    Row("glu(-1)", mg.glu, lambda a: glu(a, -1), [((3, 4),), ((4,),), ((2, 3, 2),), ((0, 2),)]),
    Row("glu(0)", lambda a: mg.glu(a, 0), lambda a: glu(a, 0), [((4, 3),), ((4,),)]),
    Row("relu6", mg.relu6, lambda a: np.clip(a, 0, 6), ONE, (0.1, 5.9), second=False),
    Row("relu6 beyond", mg.relu6, lambda a: np.clip(a, 0, 6), ONE, (6.1, 9), second=False),
    Row("leaky_relu", mg.leaky_relu, lambda a: a, ONE, POSITIVE, second=False),
    Row("leaky_relu of negatives", lambda a: mg.leaky_relu(a, 0.3), lambda a: 0.3 * a, ONE, NEGATIVE, second=False),
    Row("prelu", mg.prelu, lambda a, w: w * a, [((3, 4), (1,)), ((2, 3), ()), ((4,), (1,)), ((), ())], NEGATIVE),
    Row("prelu of channels", mg.prelu, lambda a, w: w.reshape((-1,) + (1,) * (a.ndim - 2)) * a,
        [((3, 4), (4,)), ((2, 3, 2), (3,)), ((0, 3), (3,))], NEGATIVE),
    Row("prelu of positives", mg.prelu, lambda a, w: a, [((3, 4), (1,)), ((3, 4), (4,))], POSITIVE, second=False),
    Row("rrelu", mg.rrelu, lambda a: a * (0.125 + 1 / 3) / 2, ONE, NEGATIVE, second=False),
    Row("rrelu in training", lambda a: mg.rrelu(a, 0.25, 0.25, training=True), lambda a: 0.25 * a, ONE, NEGATIVE,
        second=False),
    Row("elu", mg.elu, np.expm1, ONE, NEGATIVE),
    Row("elu(0.5) of both", lambda a: mg.elu(a, 0.5), lambda a: np.where(a > 0, a, 0.5 * np.expm1(a)), ONE),
    Row("celu(2)", lambda a: mg.celu(a, 2), lambda a: 2 * np.expm1(a / 2), ONE, NEGATIVE),
    Row("celu of positives", mg.celu, lambda a: a, ONE, POSITIVE, second=False),
    Row("selu", mg.selu, lambda a: SCALE * ALPHA * np.expm1(a), ONE, NEGATIVE),
    Row("selu of positives", mg.selu, lambda a: SCALE * a, ONE, POSITIVE, second=False),
    Row("hardtanh", mg.hardtanh, lambda a: a, ONE, (-0.9, 0.9), second=False),
    Row("hardtanh(-3, -2.5)", lambda a: mg.hardtanh(a, -3, -2.5), lambda a: np.clip(a, -3, -2.5), ONE, second=False),
    Row("hardsigmoid", mg.hardsigmoid, lambda a: (a + 3) / 6, ONE, second=False),
    Row("softshrink", mg.softshrink, lambda a: a - 0.5, ONE, (0.6, 2), second=False),
    Row("softshrink of negatives", mg.softshrink, lambda a: a + 0.5, ONE, (-2, -0.6), second=False),
    Row("hardshrink", mg.hardshrink, lambda a: a, ONE, (0.6, 2), second=False),
    Row("hardshrink(3)", lambda a: mg.hardshrink(a, 3), lambda a: 0 * a, ONE, second=False),
    Row("threshold", lambda a: mg.threshold(a, 0.05, 7), lambda a: a, ONE, POSITIVE, second=False),
    Row("threshold of negatives", lambda a: mg.threshold(a, 0.05, 7), lambda a: 0 * a + 7, ONE, NEGATIVE, second=False),
    Row("softmax(-1)", lambda a: mg.softmax(a, -1), lambda a: softmax(a, -1), ROWS),
    Row("softmax(0)", lambda a: mg.softmax(a, 0), lambda a: softmax(a, 0), ROWS),
    Row("softmin(-1)", lambda a: mg.softmin(a, -1), lambda a: softmax(-a, -1), ROWS),
    Row("log_softmax(-1)", lambda a: mg.log_softmax(a, -1), lambda a: np.log(softmax(a, -1)), ROWS),
    Row("log_softmax(0)", lambda a: mg.log_softmax(a, 0), lambda a: np.log(softmax(a, 0)), ROWS),
]
