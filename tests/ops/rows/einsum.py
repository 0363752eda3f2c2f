"""The table's rows for minigrad/ops/einsum.py."""

import numpy as np

import minigrad as mg
from rows import Row


def row(equation, *shapes):
    return Row(f"einsum {equation}", lambda *x: mg.einsum(equation, *x), lambda *x: np.einsum(equation, *x), [shapes])


TABLE = [
    row("ij,jk->ik", (3, 4), (4, 2)),
    row("ij,jk", (3, 4), (4, 2)),
    row("ba,ac", (3, 4), (4, 2)),
    row("bij,bjk->bik", (2, 3, 4), (2, 4, 3)),
    row("bij,bkj->ikb", (2, 3, 4), (2, 5, 4)),
    row("i,i->", (4,), (4,)),
    row("i,j->ij", (3,), (4,)),
    row("ij->ji", (3, 4)),
    row("ij->", (3, 4)),
    row("ij->j", (0, 4)),
    row("ii->i", (3, 3)),
    row("ii", (3, 3)),
    row("iji,j->ij", (3, 2, 3), (2,)),
    row("ij,ij->ij", (3, 4), (3, 4)),
    row("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    row("i...,i...", (3, 2), (3, 2)),
    row("...i->...", (2, 3, 4)),
    row("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 5, 4)),
    row("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    row("ik,jkl,il->ij", (2, 3), (4, 3, 2), (2, 2)),
    row("i,i,i->i", (3,), (3,), (3,)),
    row("i,j,k->", (3,), (2,), (4,)),
    row("ij,jk->ik", (3, 0), (0, 2)),
    row(",ij->ji", (), (3, 2)),
    Row("einsum by numbers", lambda a, b: mg.einsum(a, [0, 1], b, [2, 1], [2, 0]), lambda a, b: b @ a.T,
        [((3, 4), (2, 4))]),
    Row("einsum, a length of 1", lambda a, b: mg.einsum("ij,jk->ik", a, b), lambda a, b: a.sum(1, keepdims=True) @ b,
        [((3, 4), (1, 2))]),
    Row("tensordot", mg.tensordot, np.tensordot, [((2, 3, 4), (3, 4, 5)), ((3, 4), (3, 4))]),
    Row("tensordot(0)", lambda a, b: mg.tensordot(a, b, 0), lambda a, b: np.tensordot(a, b, 0), [((2, 3), (2,))]),
    Row("tensordot(dims)", lambda a, b: mg.tensordot(a, b, dims=([2, 0], [0, 1])),
        lambda a, b: np.tensordot(a, b, ([2, 0], [0, 1])), [((2, 3, 4), (4, 2, 5))]),
    Row("kron", mg.kron, np.kron, [((2, 3), (3, 2)), ((3,), (2, 2)), ((), (2,))]),
]
