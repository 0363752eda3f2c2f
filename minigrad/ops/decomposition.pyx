"""Inverses, determinants and factors of matrices: NumPy's (LAPACK's) work, with gradients.

All take stacks of matrices (..., M, N), compute in double and round once. A result of several
parts is one Op whose output holds the parts side by side (see Packed): each part is a view of it,
and what reaches them comes back to the Op as one gradient.
"""
from minigrad.autograd.engine cimport Op, recording
from minigrad.ops.arithmetic cimport operands
from minigrad.ops.reduction cimport where
from minigrad.tensor cimport FLOAT64, Tensor, describe, is_floating, lend, wrap

import numpy as np

from minigrad import return_types
from minigrad.tensor import method

__all__ = ["inverse", "pinverse", "det", "logdet", "slogdet", "cholesky", "svd", "qr", "matrix_power"]


cdef Tensor _matrices(str who, object x, bint square=False):
    """Checks an argument."""
    cdef Tensor a
    if not isinstance(x, Tensor):
        raise TypeError(f"{who}: expected a tensor, got {type(x).__name__}")
    a = x
    if a.kind > FLOAT64:
        raise TypeError(f"{who}: expected float32 or float64, got {describe(a)}; convert it first (x.float())")
    if a.rank < 2 or (square and a.length[a.rank - 1] != a.length[a.rank - 2]):
        wanted = "square matrices (..., N, N)" if square else "matrices (..., M, N)"
        raise ValueError(f"{who}: expected {wanted}, got {tuple(a.shape)}")
    return a


cdef object _wide(Tensor x):
    return np.asarray(lend(x), np.float64)


cdef Tensor _rounded(object array, Tensor like):
    return wrap(np.ascontiguousarray(array, lend(like).dtype).reshape(np.shape(array)))


cdef object _solved(str who, object function, tuple arrays):
    try:
        return function(*arrays)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{who}: {str(error).lower()}; its rows (or columns) do not stand for themselves, or hold NaN"
                         if "ingular" in str(error) else f"{who}: {str(error).lower()}") from None


cdef object _constant(object array, Tensor like):
    return wrap(np.asarray(array, lend(like).dtype))


# ---- inverse and solve ----------------------------------------------------------------------------------

cdef class Inverse(Op):
    """y = a^-1                     (..., N, N)
    da = -y.mT @ dy @ y.mT
    """
    cdef Tensor forward(self, Tensor a):
        cdef Tensor y = _rounded(_solved("inv", np.linalg.inv, (_wide(a),)), a)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        back = self.output().mT
        return -(back @ dy @ back)


def inv(A):
    """The inverse of each matrix: (..., N, N). Errors: ValueError for a singular one."""
    cdef Tensor a = _matrices("inv", A, True)
    cdef Inverse op = Inverse.__new__(Inverse)
    return op.record(op.forward(a), a)


@method
def inverse(input):
    """minigrad.linalg.inv()."""
    return inv(input)


cdef class Solve(Op):
    """x with a @ x = b             (..., N, N) (..., N, K) -> (..., N, K)
    db = the solution of a.mT @ db = dx
    da = -db @ x.mT
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        cdef Tensor x = _rounded(_solved("solve", np.linalg.solve, (_wide(a), _wide(b))), b)
        self.saved = (a,)
        self.keep(x)
        return x

    cdef backward(self, Tensor dx):
        a = self.saved[0]
        db = _solve(a.mT, dx)
        return -(db @ self.output().mT), db


cdef Tensor _solve(Tensor a, Tensor b):
    cdef Solve op = Solve.__new__(Solve)
    return op.record(op.forward(a, b), a, b)


def solve(A, B, *, left=True):
    """The X with A @ X = B (left=False: X @ A = B): (..., N, N) and (..., N, K), or vectors (..., N).

    Errors: ValueError for a singular A.
    """
    cdef Tensor a = _matrices("solve", A, True), b
    cdef bint vector
    a, b = operands("solve", A, B)
    vector = b.rank == 1 or (b.rank == a.rank - 1 and tuple(b.shape) == tuple(a.shape)[:-1])
    if vector:
        b = b.unsqueeze(-1)
    if not left:
        if vector:
            raise ValueError("solve: left=False goes with matrices B, not with vectors")
        return solve(a.mT, b.mT).mT
    if b.rank < 2 or b.length[b.rank - 2] != a.length[a.rank - 1]:
        raise ValueError(f"solve: {tuple(a.shape)} @ X = {tuple(b.shape)} has no X of any shape")
    batch = np.broadcast_shapes(tuple(a.shape)[:-2], tuple(b.shape)[:-2])
    a, b = a.expand(batch + tuple(a.shape)[-2:]), b.expand(batch + tuple(b.shape)[-2:])
    x = _solve(a, b)
    return x.squeeze(-1) if vector else x


# ---- determinants ---------------------------------------------------------------------------------------

cdef class Det(Op):
    """y = det a                    (..., N, N) -> (...)
    da = dy (the cofactors of a) = dy y a^-T;  of a singular a by its singular values
    """
    cdef Tensor forward(self, Tensor a):
        with np.errstate(all="ignore"):       # a NaN in it is a NaN in the result, and no news
            determinant = np.linalg.det(_wide(a))
        cdef Tensor y = _rounded(determinant, a)
        self.saved = (a,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor a = self.saved[0]
        dy = dy.unsqueeze(-1).unsqueeze(-1)
        if recording() and lend(self.saved[1]).all():
            return dy * self.output().unsqueeze(-1).unsqueeze(-1) * inv(a).mT
        return dy * _constant(_cofactors(_wide(a)), a)

    def name(self):
        return "LinalgDetBackward0"


cdef object _cofactors(object a):
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
    cdef Tensor a = _matrices("det", input, True)
    cdef Det op = Det.__new__(Det)
    return op.record(op.forward(a), a)


cdef class LogDet(Op):
    """y = log |det a|              (..., N, N) -> (...)
    da = dy a^-T
    """
    cdef Tensor forward(self, Tensor a, object logs):
        self.saved = (a,)
        return _rounded(logs, a)

    cdef backward(self, Tensor dy):
        return dy.unsqueeze(-1).unsqueeze(-1) * inv(self.saved[0]).mT

    def name(self):
        return "LinalgSlogdetBackward0"


cdef tuple _slogdet(str who, object x):
    cdef Tensor a = _matrices(who, x, True)
    cdef LogDet op = LogDet.__new__(LogDet)
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
    return where(wrap(np.asarray(lend(sign) < 0)), np.nan, logs)


# ---- factors --------------------------------------------------------------------------------------------

cdef class Packed(Op):
    """Several results side by side: y (..., n) holds each part's elements in a row."""
    cdef list shapes            # of the parts, without the leading axes

    cdef Tensor pack(self, tuple parts, Tensor like):
        batch = tuple(like.shape)[:like.rank - 2]
        self.shapes = [part.shape[len(batch):] for part in parts]
        rows = [np.asarray(part).reshape(*batch, int(np.prod(shape))) for part, shape in zip(parts, self.shapes)]
        return _rounded(np.concatenate(rows, -1), like)

    cdef list parts(self, Tensor y):
        batch = tuple(y.shape)[:y.rank - 1]
        found, at = [], 0
        for shape in self.shapes:
            n = int(np.prod(shape))
            found.append(y[..., at:at + n].reshape(batch + tuple(shape)))
            at += n
        return found


cdef object _difference(object s, object like):
    """F_ij = 1 / (s_j - s_i), 0 on the diagonal."""
    n = s.shape[-1]
    eye = wrap(np.eye(n, dtype=bool))
    return where(eye, 0.0, 1 / where(eye, 1.0, s.unsqueeze(-2) - s.unsqueeze(-1)))


cdef class SVD(Packed):
    """u, s, vh with a = u diag(s) vh               (..., M, N) -> (..., M, K), (..., K), (..., K, N), K = min(M, N)
    da = u ((F o (u.T du - du.T u)) s + s (F o (v.T dv - dv.T v)) + diag(ds)) vh
         + (1 - u u.T) du s^-1 vh + u s^-1 dv.T (1 - v v.T),        F_ij = 1 / (s_j^2 - s_i^2)
    """
    cdef Tensor forward(self, Tensor a):
        parts = _solved("svd", lambda x: np.linalg.svd(x, full_matrices=False), (_wide(a),))
        cdef Tensor y = self.pack(tuple(parts), a)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        u, s, vh = self.parts(self.output())
        du, ds, dvh = self.parts(dy)
        rows, columns, k = u.shape[-2], vh.shape[-1], s.shape[-1]
        f = _difference(s * s, s)
        ut, v, dv = u.mT, vh.mT, dvh.mT
        scale = s.unsqueeze(-2)
        left, right = ut @ du, vh @ dv
        middle = f * (left - left.mT) * scale + s.unsqueeze(-1) * (f * (right - right.mT))
        middle = middle + _constant(np.eye(k), s) * ds.unsqueeze(-1)
        da = u @ middle @ vh
        if rows > k:
            da = da + (du - u @ left) / scale @ vh
        if columns > k:
            da = da + u @ ((dv - v @ right) / scale).mT
        return da


cdef class SingularValues(Op):
    """s, the singular values of a                  (..., M, N) -> (..., min(M, N))
    da = u diag(ds) vh
    """
    cdef Tensor forward(self, Tensor a):
        self.saved = (a,)
        return _rounded(_solved("svdvals", lambda x: np.linalg.svd(x, compute_uv=False), (_wide(a),)), a)

    cdef backward(self, Tensor ds):
        u, _, vh = _svd(self.saved[0])
        return u * ds.unsqueeze(-2) @ vh


cdef list _svd(Tensor a):
    cdef SVD op = SVD.__new__(SVD)
    cdef Tensor y = op.forward(a)
    return op.parts(op.record(y, a))


def linalg_svd(A, full_matrices=True):
    """(U, S, Vh) with A = U @ diag(S) @ Vh, S in descending order: (..., M, N).

    full_matrices: U is (..., M, M) and Vh (..., N, N), else (..., M, K) and (..., K, N), K = min(M, N).
    The columns' signs are arbitrary, and where singular values are equal the columns are: gradients
    make sense for what does not depend on these. The columns beyond K are constants to them.
    """
    cdef Tensor a = _matrices("svd", A)
    u, s, vh = _svd(a)
    if full_matrices and a.length[a.rank - 1] != a.length[a.rank - 2]:
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
    cdef Tensor a = _matrices("svdvals", A)
    cdef SingularValues op = SingularValues.__new__(SingularValues)
    return op.record(op.forward(a), a)


cdef class QR(Packed):
    """q, r with a = q @ r                          (..., M, N) -> (..., M, N), (..., N, N), M >= N
    da = (dq + q C(m)) r^-T,  m = r dr.T - dq.T q,  C(m) = its lower triangle, mirrored
    """
    cdef Tensor forward(self, Tensor a):
        cdef Tensor y = self.pack(tuple(np.linalg.qr(_wide(a))), a)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        q, r = self.parts(self.output())
        dq, dr = self.parts(dy)
        m = r @ dr.mT - dq.mT @ q
        below = m * _constant(np.tri(m.shape[-1], k=-1), m)
        mirrored = below + below.mT + m * _constant(np.eye(m.shape[-1]), m)
        return _solve(r, (dq + q @ mirrored).mT).mT


def linalg_qr(A, mode="reduced"):
    """(Q, R) with A = Q @ R, Q's columns orthonormal and R upper triangular: (..., M, N).

    mode: "reduced" gives Q (..., M, K) and R (..., K, N), K = min(M, N); "complete" Q (..., M, M) and
    R (..., M, N), without gradient; "r" R alone, and an empty Q.
    """
    cdef Tensor a = _matrices("qr", A)
    cdef QR op
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode is 'reduced', 'complete' or 'r', got {mode!r}")
    if mode == "complete":
        return return_types.linalg_qr([_rounded(part, a) for part in np.linalg.qr(_wide(a), "complete")])
    op = QR.__new__(QR)
    rows, columns = a.shape[-2:]
    if rows < columns:              # the square part in front has the same q
        from minigrad.ops.joining import cat
        front = a[..., :rows]
        q, r = op.parts(op.record(op.forward(front), front))
        r = cat([r, q.mT @ a[..., rows:]], -1)
    else:
        q, r = op.parts(op.record(op.forward(a), a))
    return return_types.linalg_qr((wrap(np.empty((0,), lend(a).dtype)) if mode == "r" else q, r))


linalg_qr.__name__ = linalg_qr.__qualname__ = "qr"


@method
def qr(input, some=True):
    """(Q, R): minigrad.linalg.qr()."""
    return return_types.qr(linalg_qr(input, "reduced" if some else "complete"))


cdef class Cholesky(Op):
    """y lower triangular with a = y @ y.T          (..., N, N), a symmetric
    da = y^-T P(y.T dy) y^-1, made symmetric,  P = the lower triangle with half the diagonal
    """
    cdef Tensor forward(self, Tensor a):
        cdef Tensor y = _rounded(_solved("cholesky", np.linalg.cholesky, (_wide(a),)), a)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        y = self.output()
        n = y.shape[-1]
        p = y.mT @ dy * _constant(np.tri(n) - np.eye(n) / 2, y)
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
    cdef Tensor a = _matrices("cholesky", input, True)
    cdef Cholesky op = Cholesky.__new__(Cholesky)
    y = op.record(op.forward(a), a)
    return y.mT if upper else y


cdef class Eigh(Packed):
    """w, v with a = v diag(w) v.T                  (..., N, N) -> (..., N), (..., N, N), a symmetric
    da = v (diag(dw) + F o (v.T dv)) v.T,  F_ij = 1 / (w_j - w_i), made symmetric
    """
    cdef Tensor forward(self, Tensor a, str uplo):
        cdef Tensor y = self.pack(tuple(_solved("eigh", np.linalg.eigh, (_wide(a), uplo))), a)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        w, v = self.parts(self.output())
        dw, dv = self.parts(dy)
        middle = _constant(np.eye(w.shape[-1]), w) * dw.unsqueeze(-1)
        if lend(dv).any() or recording():
            middle = middle + _difference(w, w) * (v.mT @ dv)
        da = v @ middle @ v.mT
        return (da + da.mT) / 2

    def name(self):
        return "LinalgEighBackward0"


def eigh(A, UPLO="L"):
    """(the eigenvalues in ascending order, the eigenvectors as columns) of symmetric matrices: (..., N, N).

    Only one triangle (UPLO: "L" or "U") is looked at.
    """
    cdef Tensor a = _matrices("eigh", A, True)
    cdef Eigh op = Eigh.__new__(Eigh)
    if UPLO not in ("L", "U"):
        raise ValueError(f"eigh: UPLO is 'L' or 'U', got {UPLO!r}")
    return return_types.linalg_eigh(op.parts(op.record(op.forward(a, UPLO), a)))


def eigvalsh(A, UPLO="L"):
    """The eigenvalues of eigh()."""
    return eigh(A, UPLO)[0]


# ---- made of these --------------------------------------------------------------------------------------

cdef Tensor _from_triangle(Tensor a):
    """The symmetric matrices that the lower triangles stand for."""
    n = a.shape[-1]
    return a * _constant(np.tri(n), a) + (a * _constant(np.tri(n, k=-1), a)).mT


cdef object _above(Tensor a, object s, object atol, object rtol):
    """Which singular values (an array) count: those above max(atol, rtol times the largest)."""
    if rtol is None:
        rtol = 0.0 if atol is not None else max(a.shape[-2:]) * np.finfo(lend(a).dtype).eps
    rtol, atol = [np.asarray(lend(t) if isinstance(t, Tensor) else t or 0.0)[..., None] for t in (rtol, atol)]
    return s > np.maximum(s.max(-1, keepdims=True, initial=0) * rtol, atol)


def pinv(A, *, atol=None, rtol=None, hermitian=False):
    """The pseudo-inverse of each matrix: (..., M, N) -> (..., N, M).

    Singular values up to max(atol, rtol times the largest) count as 0; rtol: max(M, N) times the
    dtype's rounding unless given (0 beside an atol). hermitian: A is symmetric, and only its lower
    triangle is looked at.
    """
    cdef Tensor a = _matrices("pinv", A, hermitian)
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
    cdef Tensor a
    if isinstance(input, Tensor) and not is_floating((<Tensor>input).kind) and n >= 0:
        return wrap(np.linalg.matrix_power(lend(<Tensor>input), n))
    a = _matrices("matrix_power", input, True)
    if n == 0:
        return a * 0 + _constant(np.eye(a.shape[-1]), a)
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
    cdef Tensor a = _matrices("matrix_rank", A, hermitian).detach()
    if hermitian:
        a = _from_triangle(a)
    return wrap(np.asarray(_above(a, np.linalg.svd(_wide(a), compute_uv=False), atol, rtol).sum(-1)))
