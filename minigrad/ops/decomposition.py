"""Inverses, determinants and factors of matrices: NumPy's (LAPACK's) work, with gradients.

All take stacks of matrices (..., M, N), compute in double and round once. A result of several
parts is one Op whose output holds the parts side by side (see Packed): each part is a view of it,
and what reaches them comes back to the Op as one gradient.
"""
from math import prod

import numpy as np

from minigrad import return_types
from minigrad.autograd.engine import Op, recording
from minigrad.ops.arithmetic import operands, where
from minigrad.tensor import Tensor, check_tensors, describe, float32, float64, lend, method, wrap

__all__ = ["inverse", "pinverse", "det", "logdet", "slogdet", "cholesky", "svd", "qr", "matrix_power"]


def _matrices(who, a, square=False):
    """Checks an argument."""
    check_tensors(who, a)
    if a.dtype not in (float32, float64):
        raise TypeError(f"{who}: expected float32 or float64, got {describe(a)}; convert it first (x.float())")
    if a.ndim < 2 or (square and a.shape[-1] != a.shape[-2]):
        wanted = "square matrices (..., N, N)" if square else "matrices (..., M, N)"
        raise ValueError(f"{who}: expected {wanted}, got {tuple(a.shape)}")
    return a


def _wide(x):
    return np.asarray(lend(x), np.float64)


def _rounded(array, like):
    return wrap(np.asarray(array, like.dtype.numpy, order="C"))


def _solved(who, function, *arrays):
    try:
        return function(*arrays)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{who}: {str(error).lower()}; its rows (or columns) do not stand for themselves, or hold NaN"
                         if "ingular" in str(error) else f"{who}: {str(error).lower()}") from None


# ---- inverse and solve ----------------------------------------------------------------------------------

class Inverse(Op):
    """y = a^-1                     (..., N, N)
    da = -y.mT @ dy @ y.mT
    """
    def forward(self, a):
        y = _rounded(_solved("inv", np.linalg.inv, _wide(a)), a)
        self.keep(y)
        return y

    def backward(self, dy):
        back = self.output().mT
        return -(back @ dy @ back)


def inv(A):
    """The inverse of each matrix: (..., N, N). Errors: ValueError for a singular one."""
    a = _matrices("inv", A, True)
    op = Inverse()
    return op.record(op.forward(a), a)


@method
def inverse(input):
    """minigrad.linalg.inv()."""
    return inv(input)


class Solve(Op):
    """x with a @ x = b             (..., N, N) (..., N, K) -> (..., N, K)
    db = the solution of a.mT @ db = dx
    da = -db @ x.mT
    """
    def forward(self, a, b):
        x = _rounded(_solved("solve", np.linalg.solve, _wide(a), _wide(b)), b)
        self.saved = (a,)
        self.keep(x)
        return x

    def backward(self, dx):
        a = self.saved[0]
        db = _solve(a.mT, dx)
        return -(db @ self.output().mT), db


def _solve(a, b):
    op = Solve()
    return op.record(op.forward(a, b), a, b)


def solve(A, B, *, left=True):
    """The X with A @ X = B (left=False: X @ A = B): (..., N, N) and (..., N, K), or vectors (..., N).

    Errors: ValueError for a singular A.
    """
    _matrices("solve", A, True)
    a, b = operands("solve", A, B)
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if vector:
        b = b.unsqueeze(-1)
    if not left:
        if vector:
            raise ValueError("solve: left=False goes with matrices B, not with vectors")
        return solve(a.mT, b.mT).mT
    if b.ndim < 2 or b.shape[-2] != a.shape[-1]:
        raise ValueError(f"solve: {tuple(a.shape)} @ X = {tuple(b.shape)} has no X of any shape")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = _solve(a.expand(batch + a.shape[-2:]), b.expand(batch + b.shape[-2:]))
    return x.squeeze(-1) if vector else x


# ---- determinants ---------------------------------------------------------------------------------------

class Det(Op):
    """y = det a                    (..., N, N) -> (...)
    da = dy (the cofactors of a) = dy y a^-T;  of a singular a by its singular values
    """
    def forward(self, a):
        with np.errstate(all="ignore"):       # a NaN in it is a NaN in the result, and no news
            y = _rounded(np.linalg.det(_wide(a)), a)
        self.saved = (a,)
        self.keep(y)
        return y

    def backward(self, dy):
        a = self.saved[0]
        dy = dy.unsqueeze(-1).unsqueeze(-1)
        if recording() and lend(self.saved[1]).all():
            return dy * self.output().unsqueeze(-1).unsqueeze(-1) * inv(a).mT
        return dy * _rounded(_cofactors(_wide(a)), a)

    def name(self):
        return "LinalgDetBackward0"


def _cofactors(a):
    """det(U) det(V) U diag(products of the other singular values) V.T: right for singular matrices, too."""
    if a.shape[-1] == 0:
        return a
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (u * others[..., None, :] @ vh)


@method
def det(input):
    """The determinant of each matrix: (..., N, N) -> (...)."""
    a = _matrices("det", input, True)
    op = Det()
    return op.record(op.forward(a), a)


class LogDet(Op):
    """y = log |det a|              (..., N, N) -> (...)
    da = dy a^-T
    """
    def forward(self, a, logs):
        self.saved = (a,)
        return _rounded(logs, a)

    def backward(self, dy):
        return dy.unsqueeze(-1).unsqueeze(-1) * inv(self.saved[0]).mT

    def name(self):
        return "LinalgSlogdetBackward0"


def _slogdet(who, x):
    a = _matrices(who, x, True)
    op = LogDet()
    with np.errstate(all="ignore"):
        sign, logs = np.linalg.slogdet(_wide(a))
    return _rounded(sign, a), op.record(op.forward(a, logs), a)


@method
def slogdet(input):
    """(the sign of the determinant, log of its absolute value): no overflow; -inf for a singular matrix."""
    return return_types.slogdet(_slogdet("slogdet", input))


@method
def logdet(input):
    """The logarithm of the determinant of each matrix; NaN where that is negative."""
    sign, logs = _slogdet("logdet", input)
    return where(sign < 0, np.nan, logs)


# ---- factors --------------------------------------------------------------------------------------------

class Packed(Op):
    """Several results side by side: y (..., n) holds each part's elements in a row."""

    def pack(self, parts, like):
        batch = like.shape[:-2]
        self.shapes = [part.shape[len(batch):] for part in parts]       # without the leading axes
        rows = [part.reshape(*batch, prod(shape)) for part, shape in zip(parts, self.shapes, strict=True)]
        return _rounded(np.concatenate(rows, -1), like)

    def parts(self, y):
        batch = y.shape[:-1]
        found, at = [], 0
        for shape in self.shapes:
            n = prod(shape)
            found.append(y[..., at:at + n].reshape(batch + shape))
            at += n
        return found


def _difference(s):
    """F_ij = 1 / (s_j - s_i), 0 on the diagonal."""
    n = s.shape[-1]
    eye = wrap(np.eye(n, dtype=bool))
    return where(eye, 0.0, 1 / where(eye, 1.0, s.unsqueeze(-2) - s.unsqueeze(-1)))


class SVD(Packed):
    """u, s, vh with a = u diag(s) vh               (..., M, N) -> (..., M, K), (..., K), (..., K, N), K = min(M, N)
    da = u ((F o (u.T du - du.T u)) s + s (F o (v.T dv - dv.T v)) + diag(ds)) vh
         + (1 - u u.T) du s^-1 vh + u s^-1 dv.T (1 - v v.T),        F_ij = 1 / (s_j^2 - s_i^2)
    """
    def forward(self, a):
        y = self.pack(_solved("svd", np.linalg.svd, _wide(a), False), a)
        self.keep(y)
        return y

    def backward(self, dy):
        u, s, vh = self.parts(self.output())
        du, ds, dvh = self.parts(dy)
        rows, columns, k = u.shape[-2], vh.shape[-1], s.shape[-1]
        f = _difference(s * s)
        ut, v, dv = u.mT, vh.mT, dvh.mT
        scale = s.unsqueeze(-2)
        left, right = ut @ du, vh @ dv
        middle = f * (left - left.mT) * scale + s.unsqueeze(-1) * (f * (right - right.mT))
        middle = middle + _rounded(np.eye(k), s) * ds.unsqueeze(-1)
        da = u @ middle @ vh
        if rows > k:
            da = da + (du - u @ left) / scale @ vh
        if columns > k:
            da = da + u @ ((dv - v @ right) / scale).mT
        return da


class SingularValues(Op):
    """s, the singular values of a                  (..., M, N) -> (..., min(M, N))
    da = u diag(ds) vh
    """
    def forward(self, a):
        self.saved = (a,)
        return _rounded(_solved("svdvals", np.linalg.svd, _wide(a), False, False), a)

    def backward(self, ds):
        u, _, vh = _svd(self.saved[0])
        return u * ds.unsqueeze(-2) @ vh


def _svd(a):
    op = SVD()
    return op.parts(op.record(op.forward(a), a))


def linalg_svd(A, full_matrices=True):
    """(U, S, Vh) with A = U @ diag(S) @ Vh, S in descending order: (..., M, N).

    full_matrices: U is (..., M, M) and Vh (..., N, N), else (..., M, K) and (..., K, N), K = min(M, N).
    The columns' signs are arbitrary, and where singular values are equal the columns are: gradients
    make sense for what does not depend on these. The columns beyond K are constants to them.
    """
    a = _matrices("svd", A)
    u, s, vh = _svd(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        from minigrad.ops.joining import cat

        all_u, _, all_vh = np.linalg.svd(_wide(a))
        u = cat([u, _rounded(all_u[..., s.shape[-1]:], a)], -1)
        vh = cat([vh, _rounded(all_vh[..., s.shape[-1]:, :], a)], -2)
    return return_types.linalg_svd((u, s, vh))


linalg_svd.__name__ = linalg_svd.__qualname__ = "svd"


@method
def svd(input, some=True, compute_uv=True):
    """(U, S, V) with input = U @ diag(S) @ V.mT; minigrad.linalg.svd() gives Vh instead of V."""
    u, s, vh = linalg_svd(input, not some)
    return return_types.svd((u, s, vh.mT))


def svdvals(A):
    """The singular values of each matrix in descending order: (..., M, N) -> (..., min(M, N))."""
    a = _matrices("svdvals", A)
    op = SingularValues()
    return op.record(op.forward(a), a)


class QR(Packed):
    """q, r with a = q @ r                          (..., M, N) -> (..., M, N), (..., N, N), M >= N
    da = (dq + q C(m)) r^-T,  m = r dr.T - dq.T q,  C(m) = its lower triangle, mirrored
    """
    def forward(self, a):
        y = self.pack(np.linalg.qr(_wide(a)), a)
        self.keep(y)
        return y

    def backward(self, dy):
        q, r = self.parts(self.output())
        dq, dr = self.parts(dy)
        m = r @ dr.mT - dq.mT @ q
        below = m * _rounded(np.tri(m.shape[-1], k=-1), m)
        mirrored = below + below.mT + m * _rounded(np.eye(m.shape[-1]), m)
        return _solve(r, (dq + q @ mirrored).mT).mT


def linalg_qr(A, mode="reduced"):
    """(Q, R) with A = Q @ R, Q's columns orthonormal and R upper triangular: (..., M, N).

    mode: "reduced" gives Q (..., M, K) and R (..., K, N), K = min(M, N); "complete" Q (..., M, M) and
    R (..., M, N), without gradient; "r" R alone, and an empty Q.
    """
    a = _matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode is 'reduced', 'complete' or 'r', got {mode!r}")
    if mode == "complete":
        return return_types.linalg_qr([_rounded(part, a) for part in np.linalg.qr(_wide(a), "complete")])
    op = QR()
    rows, columns = a.shape[-2:]
    if rows < columns:              # the square part in front has the same q
        from minigrad.ops.joining import cat

        front = a[..., :rows]
        q, r = op.parts(op.record(op.forward(front), front))
        r = cat([r, q.mT @ a[..., rows:]], -1)
    else:
        q, r = op.parts(op.record(op.forward(a), a))
    return return_types.linalg_qr((_rounded(np.empty(0), a) if mode == "r" else q, r))


linalg_qr.__name__ = linalg_qr.__qualname__ = "qr"


@method
def qr(input, some=True):
    """(Q, R): minigrad.linalg.qr()."""
    return return_types.qr(linalg_qr(input, "reduced" if some else "complete"))


class Cholesky(Op):
    """y lower triangular with a = y @ y.T          (..., N, N), a symmetric
    da = y^-T P(y.T dy) y^-1, made symmetric,  P = the lower triangle with half the diagonal
    """
    def forward(self, a):
        y = _rounded(_solved("cholesky", np.linalg.cholesky, _wide(a)), a)
        self.keep(y)
        return y

    def backward(self, dy):
        y = self.output()
        n = y.shape[-1]
        p = y.mT @ dy * _rounded(np.tri(n) - np.eye(n) / 2, y)
        back = inv(y)
        da = back.mT @ p @ back
        return (da + da.mT) / 2

    def name(self):
        return "LinalgCholeskyExBackward0"


@method
def cholesky(input, upper=False):
    """The lower triangular L with input = L @ L.mT (upper: U with U.mT @ U) of symmetric positive definite matrices.

    Errors: ValueError where a matrix is not positive definite.
    """
    a = _matrices("cholesky", input, True)
    op = Cholesky()
    y = op.record(op.forward(a), a)
    return y.mT if upper else y


class Eigh(Packed):
    """w, v with a = v diag(w) v.T                  (..., N, N) -> (..., N), (..., N, N), a symmetric
    da = v (diag(dw) + F o (v.T dv)) v.T,  F_ij = 1 / (w_j - w_i), made symmetric
    """
    def forward(self, a, uplo):
        y = self.pack(_solved("eigh", np.linalg.eigh, _wide(a), uplo), a)
        self.keep(y)
        return y

    def backward(self, dy):
        w, v = self.parts(self.output())
        dw, dv = self.parts(dy)
        middle = _rounded(np.eye(w.shape[-1]), w) * dw.unsqueeze(-1)
        if lend(dv).any() or recording():
            middle = middle + _difference(w) * (v.mT @ dv)
        da = v @ middle @ v.mT
        return (da + da.mT) / 2

    def name(self):
        return "LinalgEighBackward0"


def eigh(A, UPLO="L"):
    """(the eigenvalues in ascending order, the eigenvectors as columns) of symmetric matrices: (..., N, N).

    Only one triangle (UPLO: "L" or "U") is looked at.
    """
    a = _matrices("eigh", A, True)
    op = Eigh()
    if UPLO not in ("L", "U"):
        raise ValueError(f"eigh: UPLO is 'L' or 'U', got {UPLO!r}")
    return return_types.linalg_eigh(op.parts(op.record(op.forward(a, UPLO), a)))


def eigvalsh(A, UPLO="L"):
    """The eigenvalues of eigh()."""
    return eigh(A, UPLO)[0]


# ---- made of these --------------------------------------------------------------------------------------

def _from_triangle(a):
    """The symmetric matrices that the lower triangles stand for."""
    n = a.shape[-1]
    return a * _rounded(np.tri(n), a) + (a * _rounded(np.tri(n, k=-1), a)).mT


def _above(a, s, atol, rtol):
    """Which singular values (an array) count: those above max(atol, rtol times the largest)."""
    if rtol is None:
        rtol = 0.0 if atol is not None else max(a.shape[-2:]) * np.finfo(a.dtype.numpy).eps
    rtol, atol = [np.asarray(lend(t) if isinstance(t, Tensor) else t or 0.0)[..., None] for t in (rtol, atol)]
    return s > np.maximum(s.max(-1, keepdims=True, initial=0) * rtol, atol)


def pinv(A, *, atol=None, rtol=None, hermitian=False):
    """The pseudo-inverse of each matrix: (..., M, N) -> (..., N, M).

    Singular values up to max(atol, rtol times the largest) count as 0; rtol: max(M, N) times the
    dtype's rounding unless given (0 beside an atol). hermitian: A is symmetric, and only its lower
    triangle is looked at.
    """
    a = _matrices("pinv", A, hermitian)
    if hermitian:
        a = _from_triangle(a)
    u, s, vh = _svd(a)
    there = wrap(_above(a, lend(s), atol, rtol))
    return vh.mT @ (where(there, 1 / where(there, s, 1.0), 0.0).unsqueeze(-1) * u.mT)


@method
def pinverse(input, rcond=1e-15):
    """minigrad.linalg.pinv(input, rtol=rcond)."""
    return pinv(input, rtol=rcond)


@method
def matrix_power(input, n):
    """A matrix times itself, n times over; n < 0 the inverse's power, n = 0 the identity: (..., N, N)."""
    if isinstance(input, Tensor) and not input.is_floating_point() and n >= 0:
        return wrap(np.linalg.matrix_power(lend(input), n))
    a = _matrices("matrix_power", input, True)
    if n == 0:
        return a * 0 + _rounded(np.eye(a.shape[-1]), a)
    base = inv(a) if n < 0 else a
    power, n = None, n if n > 0 else -n
    while n:                        # by squaring: n's binary digits, the last first
        if n & 1:
            power = base if power is None else power @ base
        n >>= 1
        if n:
            base = base @ base
    return power


def matrix_rank(A, *, atol=None, rtol=None, hermitian=False):
    """How many singular values of each matrix are above max(atol, rtol times the largest)."""
    a = _matrices("matrix_rank", A, hermitian).detach()
    if hermitian:
        a = _from_triangle(a)
    return wrap(np.asarray(_above(a, np.linalg.svd(_wide(a), compute_uv=False), atol, rtol).sum(-1)))
