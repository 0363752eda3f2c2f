"""Lengths and distances: the p-norm of vectors for every p, norms of matrices, distances between rows.

    ||x||_p = (sum |x_i|^p)^(1/p)        p = 0: how many are not 0;  inf: the largest |x_i|;  -inf: the smallest

Squares of large numbers overflow and those of small ones vanish, though the norm itself would be
an ordinary number. So all is computed in double, and divided by a power of two near the largest
|x_i| (p < 0: the smallest) first, which is exact.
"""
from libc.math cimport INFINITY

from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.reduction cimport axes_of, axes_tuple, count_over, either, spread, where
from minigrad.tensor cimport FLOAT32, Tensor, axis_of, describe, is_floating, kind_of, lend, wrap

import numpy as np

from minigrad.ops.inplace import inplace
from minigrad.tensor import method

__all__ = ["norm", "dist", "cdist", "renorm"]       # minigrad's own; the rest is minigrad.linalg's


# ---- the norm of a vector --------------------------------------------------------------------------------------

cdef class VectorNorm(Op):
    """y = (sum |x|^p)^(1/p) over some axes
    dx = dy sign(x) (|x| / y)^(p - 1);  0 where y = 0
    p = 0: dx = 0;  p = inf, -inf: dx = dy sign(x) where |x| = y, shared evenly among equals, else 0
    """
    cdef unsigned int axes
    cdef double p

    cdef Tensor forward(self, Tensor x, double p, unsigned int axes, bint keepdim):
        cdef Tensor y
        cdef const void *ptr = x.ptr
        cdef size_t n = x.n
        self.p, self.axes = p, axes
        with np.errstate(all="ignore"):
            if p == 2 and x.kind == FLOAT32 and x.dense and count_over(x, axes) == x.n and x.n > 0:
                shape = [1 for i in range(x.rank) if keepdim or not axes >> i & 1]
                y = wrap(np.full(shape, K[x.kind].norm2(1, &ptr, &n)).astype(np.float32))
            else:
                y = wrap(np.asarray(_norms(x, p, axes, keepdim)).astype(lend(x).dtype))
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        cdef double p = self.p
        over = axes_tuple(self.axes, x.rank)
        if p == 0:
            return wrap(np.zeros(tuple(x.shape), lend(x).dtype))
        dy = spread(dy, x, self.axes)
        if p == 1:
            return dy * x.sign()
        y = spread(self.output(), x, self.axes)
        if p == INFINITY or p == -INFINITY:
            here = (x.detach().abs() == y.detach()).to(x.dtype)
            return dy * (x.sign() * here / here.sum(over, keepdim=True))
        zero = y == 0
        if p == 2:
            return dy * (x / where(zero, 1.0, y))
        zero = zero | (x == 0)
        return dy * x.sign() * where(zero, 0.0, (where(zero, 1.0, x).abs() / where(zero, 1.0, y)) ** (p - 1))

    def name(self):
        return "LinalgVectorNormBackward0"


cdef object _norms(Tensor x, double p, unsigned int axes, bint keepdim):
    """The norms as an array of double."""
    over = axes_tuple(axes, x.rank)
    a = np.abs(np.asarray(lend(x), np.float64))
    if p == 0:
        return (a != 0).sum(over, keepdims=keepdim)
    if p == INFINITY:
        return a.max(over, keepdims=keepdim)
    if p == -INFINITY:
        return a.min(over, keepdims=keepdim)
    if p == 1:
        return lend(wrap(np.asarray(a)).sum(over, keepdim))
    if count_over(x, axes) == 0:
        return np.sum(a, over, keepdims=keepdim)
    extreme = a.max(over, keepdims=True) if p > 0 else a.min(over, keepdims=True)
    exponent = np.where((extreme > 0) & np.isfinite(extreme), np.frexp(extreme)[1], 0)
    a = np.ldexp(a, -exponent)
    powers = a * a if p == 2 else a**p
    total = lend(wrap(np.asarray(powers)).sum(over, keepdim=True))
    root = np.ldexp(np.sqrt(total) if p == 2 else total ** (1 / p), exponent)
    return root if keepdim else root.reshape(np.sum(a, over).shape)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x_i|^ord)^(1/ord) over dim (all axes where None), without overflow, for every ord:

    0 counts what is not 0, inf and -inf are the largest and the smallest |x_i|. The gradient
    where the norm is 0 is 0.
    """
    cdef Tensor t = x
    cdef VectorNorm op = VectorNorm.__new__(VectorNorm)
    cdef unsigned int axes
    if dtype is not None:
        t = convert(t, kind_of(dtype))
    if not is_floating(t.kind):
        raise TypeError(f"vector_norm: expected a floating tensor, got {describe(t)}; convert it first (x.float())")
    if not isinstance(ord, (int, float)):
        raise TypeError(f"vector_norm: ord is a number, got {ord!r}")
    axes = axes_of(dim, t.rank)
    if count_over(t, axes) == 0 and (ord < 0 or ord == INFINITY):
        raise ValueError(f"vector_norm: {describe(t)} has no elements along the axes asked for, so no norm of order "
                         f"{ord}")
    return op.record(op.forward(t, ord, axes, keepdim), t)


# ---- the norm of a matrix --------------------------------------------------------------------------------------

def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """A norm of the matrices that two axes of A make.

    ord: "fro" sqrt(sum of squares), "nuc" sum of the singular values; inf, -inf the largest, smallest
    sum of |a| over a row, 1, -1 over a column; 2, -2 the largest, smallest singular value.
    """
    cdef Tensor x = A
    if dtype is not None:
        x = convert(x, kind_of(dtype))
    if not is_floating(x.kind):
        raise TypeError(f"matrix_norm: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    if x.rank < 2 or len(dim) != 2:
        raise ValueError(f"matrix_norm: expected two axes of a tensor that has them, got dim={dim} for {describe(x)}")
    rows, columns = axis_of(dim[0], x.rank), axis_of(dim[1], x.rank)
    if rows == columns:
        raise ValueError(f"matrix_norm: dim names axis {rows} twice")
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if x.n == 0 and ord in ("nuc", 1, 2, INFINITY):
        return x.sum((rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        from minigrad.ops.decomposition import svdvals
        s = svdvals(x.movedim((rows, columns), (-2, -1)))
        y = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
        first, last = sorted((rows, columns))
        return y.unsqueeze(first).unsqueeze(last) if keepdim else y
    if ord not in (1, -1, INFINITY, -INFINITY):
        raise ValueError(f"matrix_norm: ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}")
    along, across = (columns, rows) if ord in (INFINITY, -INFINITY) else (rows, columns)
    sums = vector_norm(x, 1, along, True)
    y = sums.amax(across, keepdim=True) if ord > 0 else sums.amin(across, keepdim=True)
    return y if keepdim else y.squeeze((rows, columns))


def linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """vector_norm() of all elements or along one dim; matrix_norm() with an ord and a matrix, or with two dims."""
    cdef Tensor x = A
    if dim is not None and isinstance(dim, (tuple, list)) and len(dim) == 1:
        dim = dim[0]
    if ord is None:
        return vector_norm(x, 2, dim, keepdim, dtype=dtype)
    if isinstance(dim, (tuple, list)) or (dim is None and (x.rank == 2 or isinstance(ord, str))):
        return matrix_norm(x, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and x.rank > 2:
        raise ValueError(f"norm: with ord={ord!r} and no dim, expected a vector or a matrix, got {describe(x)}")
    return vector_norm(x, ord, dim, keepdim, dtype=dtype)


linalg_norm.__name__ = linalg_norm.__qualname__ = "norm"


@method
def norm(input, p="fro", dim=None, bint keepdim=False, dtype=None, *, axis=None, keepdims=None):
    """(sum |x_i|^p)^(1/p) over dim (all axes where None); "fro" is p = 2, "nuc" a matrix's singular values' sum."""
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    if p == "nuc":
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise ValueError(f"norm: p is a number, 'fro' or 'nuc', got {p!r}")
    return vector_norm(input, 2 if p == "fro" or p is None else p, dim, keepdim, dtype=dtype)


# ---- distances ----------------------------------------------------------------------------------------------------

@method
def dist(input, other, p=2):
    """The p-norm of input - other, whose shapes broadcast."""
    return vector_norm(input - other, p)


def cdist(x1, x2, p=2.0, compute_mode=None):
    """The p-norm of each row of x1 minus each row of x2: (..., M, K) (..., N, K) -> (..., M, N).

    Computed from the differences themselves, whatever compute_mode says, so that close rows keep their digits.
    """
    cdef Tensor a = x1, b = x2
    if a.rank < 2 or b.rank < 2 or a.length[a.rank - 1] != b.length[b.rank - 1]:
        raise ValueError(f"cdist: expected (..., M, K) and (..., N, K), got {tuple(a.shape)} and {tuple(b.shape)}")
    if p < 0:
        raise ValueError(f"cdist: p is at least 0, got {p}")
    difference = a.unsqueeze(-2) - b.unsqueeze(-3)
    if a.length[a.rank - 1] == 0:
        return difference.sum(-1)
    return vector_norm(difference, p, -1)


@inplace
@method
def renorm(input, p, dim, maxnorm):
    """Each slice along dim scaled down to a p-norm of maxnorm, where its own is larger."""
    cdef Tensor x = input
    cdef int axis = axis_of(dim, x.rank)
    if x.rank < 2 or not is_floating(x.kind):
        raise ValueError(f"renorm: expected a floating tensor of at least 2 axes, got {describe(x)}")
    if p <= 0 or maxnorm < 0:
        raise ValueError(f"renorm: p is above 0 and maxnorm at least 0, got {p} and {maxnorm}")
    norms = vector_norm(x, p, [i for i in range(x.rank) if i != axis], True)
    return x * where(norms.detach() > maxnorm, maxnorm / (norms + 1e-7), 1.0)
