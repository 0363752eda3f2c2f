"""The table's rows for minigrad/ops/arithmetic.pyx."""

import numpy as np

import minigrad as mg
from rows import ONE, TWO, Row


def change(x):
    y = x * 2
    y += x
    y *= y
    return y.exp_()


def change_a_part(x):
    base = x * 3
    other = base[0]
    part = base[:1]
    part.mul_(part)
    return base + 0 * other


TABLE = [
    Row("add", lambda a, b: a + b, np.add, TWO, second=False),
    Row("add(alpha)", lambda a, b: mg.add(a, b, alpha=3), lambda a, b: a + 3 * b, TWO, second=False),
    Row("sub", lambda a, b: a - b, np.subtract, TWO, second=False),
    Row("mul", lambda a, b: a * b, np.multiply, TWO),
    Row("div", lambda a, b: a / b, np.divide, TWO, (0.5, 2)),
    Row("div(floor)", lambda a, b: mg.div(a, b, rounding_mode="floor"), np.floor_divide, TWO, (1.1, 2), second=False),
    Row("true_divide", mg.true_divide, np.true_divide, TWO, (0.5, 2)),
    Row("rsub", lambda a, b: mg.rsub(a, b, alpha=2), lambda a, b: b - 2 * a, TWO, second=False),
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
    Row("overwritten", lambda x: (x * 2).copy_(x * x), lambda a: a * a, ONE),
    Row("to", lambda a: (a.to(mg.float32 if a.dtype == mg.float64 else mg.float64) * 1).to(a.dtype) * 0 + a * a,
        lambda a: a * a, ONE),
    Row("in place through a view", change_a_part, lambda a: np.concatenate([9 * a[:1] ** 2, 3 * a[1:]]),
        [((3, 4),), ((1,),)]),
]
