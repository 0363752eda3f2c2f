"""The table's rows for minigrad/ops/decomposition.py."""

import numpy as np

import minigrad as mg
from rows import Row

SQUARE = [((3, 3),), ((2, 3, 3),), ((1, 1),)]
LA = mg.linalg


def shifted(a):
    """Far from singular: a + 3."""
    eye = np.eye(a.shape[-1])
    return a + 3 * (mg.from_numpy(eye).to(a.dtype) if isinstance(a, mg.Tensor) else eye)


def positive(a):
    """Symmetric and positive definite."""
    turned = a.mT if isinstance(a, mg.Tensor) else a.swapaxes(-1, -2)
    return shifted(a @ turned)


def svd_sum(u, s, vh):
    """Depends on all three, and not on the columns' signs."""
    return (u * u * s[..., None, :]).sum(-1) + ((vh * vh) * s[..., :, None]).sum((-1, -2))[..., None]


TABLE = [
    Row("inv", lambda a: LA.inv(shifted(a)), lambda a: np.linalg.inv(shifted(a)), [*SQUARE, ((0, 2, 2),)]),
    Row("inverse", lambda a: shifted(a).inverse(), lambda a: np.linalg.inv(shifted(a)), SQUARE),
    Row("solve", lambda a, b: LA.solve(shifted(a), b), lambda a, b: np.linalg.solve(shifted(a), b),
        [((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1))]),
    Row("solve a vector", lambda a, b: LA.solve(shifted(a), b), lambda a, b: np.linalg.inv(shifted(a)) @ b,
        [((3, 3), (3,))]),
    Row("solve from the right", lambda a, b: LA.solve(shifted(a), b, left=False),
        lambda a, b: b @ np.linalg.inv(shifted(a)),
        [((3, 3), (2, 3))]),
    Row("det", mg.det, np.linalg.det, [*SQUARE, ((2, 2),)]),
    Row("slogdet", lambda a: mg.slogdet(a).logabsdet, lambda a: np.linalg.slogdet(a)[1], SQUARE),
    Row("logdet", lambda a: mg.logdet(positive(a)), lambda a: np.linalg.slogdet(positive(a))[1], SQUARE),
    Row("svd", lambda a: svd_sum(*LA.svd(a, full_matrices=False)),
        lambda a: svd_sum(*np.linalg.svd(a, full_matrices=False)),
        [((3, 3),), ((4, 2),), ((2, 4),), ((2, 3, 2),)]),
    Row("svdvals", LA.svdvals, lambda a: np.linalg.svd(a, compute_uv=False), [((3, 3),), ((2, 4, 3),)]),
    Row("qr", lambda a: LA.qr(a).R ** 2 + LA.qr(a)[0][..., :3, :] ** 2,
        lambda a: np.linalg.qr(a)[1] ** 2 + np.linalg.qr(a)[0][..., :3, :] ** 2, [((3, 3),), ((5, 3),), ((2, 4, 3),)]),
    Row("qr of wide matrices", lambda a: LA.qr(a)[0] @ LA.qr(a).R ** 2,
        lambda a: np.linalg.qr(a)[0] @ np.linalg.qr(a)[1] ** 2,
        [((3, 4),), ((2, 2, 3),)]),
    Row("cholesky", lambda a: LA.cholesky(positive(a)), lambda a: np.linalg.cholesky(positive(a)), SQUARE),
    Row("eigh", lambda a: (lambda w, v: v * v * w.unsqueeze(-2))(*LA.eigh(positive(a))),
        lambda a: (lambda w, v: v * v * w[..., None, :])(*np.linalg.eigh(positive(a))), SQUARE),
    Row("eigvalsh", lambda a: LA.eigvalsh(positive(a)), lambda a: np.linalg.eigvalsh(positive(a)), SQUARE),
    Row("pinv", LA.pinv, np.linalg.pinv, [((3, 2),), ((2, 3),), ((2, 3, 3),)]),
    Row("matrix_power", lambda a: mg.matrix_power(a, 5), lambda a: np.linalg.matrix_power(a, 5), SQUARE),
    Row("matrix_power(-2)", lambda a: mg.matrix_power(shifted(a), -2),
        lambda a: np.linalg.matrix_power(shifted(a), -2), SQUARE),
    Row("multi_dot", lambda a, b, c: LA.multi_dot([a, b, c]), lambda a, b, c: a @ b @ c, [((3,), (3, 4), (4,))]),
]
