"""Linear algebra, under PyTorch's names (torch.linalg): norms, inverses, determinants, factors."""

from minigrad import return_types
from minigrad.ops.decomposition import (
    cholesky,
    det,
    eigh,
    eigvalsh,
    inv,
    matrix_power,
    matrix_rank,
    pinv,
    solve,
    svdvals,
)
from minigrad.ops.decomposition import linalg_qr as qr
from minigrad.ops.decomposition import linalg_svd as svd
from minigrad.ops.decomposition import slogdet as _slogdet
from minigrad.ops.linalg import matmul
from minigrad.ops.products import chain_matmul as _chain_matmul
from minigrad.ops.products import cross as _cross
from minigrad.ops.vectornorm import linalg_norm as norm
from minigrad.ops.vectornorm import matrix_norm, vector_norm

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vecdot",
    "vector_norm",
]


def slogdet(A):
    """(the sign of the determinant, log of its absolute value): no overflow; -inf for a singular matrix."""
    return return_types.linalg_slogdet(_slogdet(A))


def cross(input, other, *, dim=-1):
    """The cross product along an axis of length 3; the others broadcast."""
    return _cross(input, other, dim)


def vecdot(x, y, *, dim=-1):
    """Sums of products along one axis; the shapes broadcast."""
    return (x * y).sum(dim)


def multi_dot(tensors):
    """The product of several matrices in the cheapest order; the first and the last may be vectors."""
    xs = list(tensors)
    if len(xs) < 2:
        raise ValueError(f"multi_dot: expected at least two tensors, got {len(xs)}")
    row, column = xs[0].ndim == 1, xs[-1].ndim == 1
    if row:
        xs[0] = xs[0].unsqueeze(0)
    if column:
        xs[-1] = xs[-1].unsqueeze(1)
    y = _chain_matmul(*xs)
    if row:
        y = y.squeeze(0)
    return y.squeeze(-1) if column else y


def cond(A, p=None):
    """How much a matrix may magnify relative errors: norm(A) norm(A^-1); p = 2 unless given."""
    if p in (None, 2, -2):
        s = svdvals(A)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return matrix_norm(A, p) * matrix_norm(inv(A), p)
