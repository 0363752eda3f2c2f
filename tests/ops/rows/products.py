"""The table's rows for minigrad/ops/products.py."""

import numpy as np

import minigrad as mg
from rows import Row

TABLE = [
    Row("bmm", mg.bmm, np.matmul, [((2, 3, 4), (2, 4, 1)), ((0, 3, 4), (0, 4, 1))]),
    Row("mv", mg.mv, np.matmul, [((3, 4), (4,)), ((3, 0), (0,))]),
    Row("dot", mg.dot, np.dot, [((4,), (4,)), ((0,), (0,))]),
    Row("vdot", mg.vdot, np.dot, [((4,), (4,))]),
    Row("inner", mg.inner, np.inner, [((2, 4), (3, 4)), ((4,), (4,)), ((2, 3, 4), (4,)), ((), (3,)), ((2, 0), (3, 0))]),
    Row("outer", mg.outer, np.outer, [((3,), (4,)), ((0,), (2,))]),
    Row("ger", lambda a, b: a.ger(b), np.outer, [((3,), (2,))]),
    Row("addmm", mg.addmm, lambda c, a, b: c + a @ b,
        [((3, 2), (3, 4), (4, 2)), ((2,), (3, 4), (4, 2)), ((3, 1), (3, 0), (0, 2)), ((), (0, 2), (2, 2))]),
    Row("addmm(beta, alpha)", lambda c, a, b: c.addmm(a, b, beta=0.5, alpha=-2), lambda c, a, b: 0.5 * c - 2 * (a @ b),
        [((3, 2), (3, 4), (4, 2)), ((2,), (3, 0), (0, 2))]),
    Row("addmm(beta=0)", lambda c, a, b: mg.addmm(c, a, b, beta=0, alpha=3), lambda c, a, b: 3 * (a @ b),
        [((3, 2), (3, 4), (4, 2))]),
    Row("addmm_", lambda c, a, b: (c * 1).addmm_(a, b), lambda c, a, b: c + a @ b, [((3, 2), (3, 4), (4, 2))]),
    Row("addmv", lambda c, a, b: mg.addmv(c, a, b, alpha=2), lambda c, a, b: c + 2 * (a @ b), [((3,), (3, 4), (4,))]),
    Row("addr", lambda c, a, b: mg.addr(c, a, b, beta=3), lambda c, a, b: 3 * c + np.outer(a, b),
        [((3, 2), (3,), (2,))]),
    Row("baddbmm", mg.baddbmm, lambda c, a, b: c + a @ b,
        [((2, 3, 2), (2, 3, 4), (2, 4, 2)), ((2,), (2, 3, 4), (2, 4, 2))]),
    Row("addbmm", lambda c, a, b: c.addbmm(a, b, beta=2), lambda c, a, b: 2 * c + (a @ b).sum(0),
        [((3, 2), (2, 3, 4), (2, 4, 2)), ((3, 2), (0, 3, 4), (0, 4, 2))]),
    Row("chain_matmul", mg.chain_matmul, lambda a, b, c: a @ b @ c, [((2, 5), (5, 3), (3, 4))]),
    Row("trace", mg.trace, np.trace, [((3, 4),), ((3, 2),), ((0, 2),)], second=False),
    Row("cross", mg.cross, lambda a, b: np.cross(a, b), [((2, 3), (2, 3)), ((3,), (3,)), ((2, 3), (1, 3))]),
    Row("cross(0)", lambda a, b: mg.cross(a, b, 0), lambda a, b: np.cross(a, b, axis=0), [((3, 2), (3, 2))]),
]
