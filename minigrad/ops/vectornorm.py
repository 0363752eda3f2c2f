"""Lengths and distances: the p-norm of vectors for every p, norms of matrices, distances between rows.

    ||x||_p = (sum |x_i|^p)^(1/p)        p = 0: how many are not 0;  inf: the largest |x_i|;  -inf: the smallest

Squares of large numbers overflow and those of small ones vanish, though the norm itself would be
an ordinary number. So all is computed in double, and divided by a power of two near the largest
|x_i| (p < 0: the smallest) first, which is exact.
"""
from math import inf

import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import inplace
from minigrad.ops.reduction import axes_of, axes_tuple, count_over, either, spread
from minigrad.ops.update import norm2
from minigrad.tensor import as_dtype, axis_of, check_tensors, describe, float32, lend, method, wrap

__all__ = ["norm", "dist", "cdist", "renorm"]       # minigrad's own; the rest is minigrad.linalg's


def _operand(who, x, dtype):
    """A floating tensor, in the dtype asked for."""
    check_tensors(who, x)
    x = x if dtype is None else x.to(as_dtype(dtype))
    if not x.is_floating_point():
        raise TypeError(f"{who}: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    return x


# ---- the norm of a vector --------------------------------------------------------------------------------------

class VectorNorm(Op):
    """y = (sum |x|^p)^(1/p) over some axes
    dx = dy sign(x) (|x| / y)^(p - 1);  0 where y = 0
    p = 0: dx = 0;  p = inf, -inf: dx = dy sign(x) where |x| = y, shared evenly among equals, else 0
    """
    def forward(self, x, p, axes, keepdim):
        self.p, self.axes = p, axes
        with np.errstate(all="ignore"):
            if p == 2 and x.dtype is float32 and x.numel() and count_over(x, axes) == x.numel():
                shape = [1 for i in range(x.ndim) if keepdim or not axes >> i & 1]
                y = np.full(shape, norm2([x]))
            else:
                y = _norms(x, p, axes, keepdim)
            y = wrap(np.asarray(y, x.dtype.numpy))
        self.saved = (x,)
        self.keep(y)
        return y

    def backward(self, dy):
        x, p = self.saved[0], self.p
        if p == 0:
            return wrap(np.zeros_like(lend(x), order="C"))
        dy = spread(dy, x, self.axes)
        if p == 1:
            return dy * x.sign()
        y = spread(self.output(), x, self.axes)
        if abs(p) == inf:
            here = (x.detach().abs() == y.detach()).to(x.dtype)
            return dy * (x.sign() * here / here.sum(axes_tuple(self.axes, x.ndim), keepdim=True))
        zero = y == 0
        if p == 2:
            return dy * (x / where(zero, 1.0, y))
        zero = zero | (x == 0)
        return dy * x.sign() * where(zero, 0.0, (where(zero, 1.0, x).abs() / where(zero, 1.0, y)) ** (p - 1))

    def name(self):
        return "LinalgVectorNormBackward0"


def _norms(x, p, axes, keepdim):
    """The norms as an array of double."""
    over = axes_tuple(axes, x.ndim)
    a = np.abs(np.asarray(lend(x), np.float64))
    if p == 0:
        return (a != 0).sum(over, keepdims=keepdim)
    if p == inf:
        return a.max(over, keepdims=keepdim)
    if p == -inf:
        return a.min(over, keepdims=keepdim)
    if p == 1:
        return lend(wrap(a).sum(over, keepdim))
    if count_over(x, axes) == 0:
        return a.sum(over, keepdims=keepdim)
    extreme = a.max(over, keepdims=True) if p > 0 else a.min(over, keepdims=True)
    exponent = np.where((extreme > 0) & np.isfinite(extreme), np.frexp(extreme)[1], 0)
    a = np.ldexp(a, -exponent)
    total = lend(wrap(a * a if p == 2 else a**p).sum(over, keepdim=True))
    root = np.ldexp(np.sqrt(total) if p == 2 else total ** (1 / p), exponent)
    return root if keepdim else root.squeeze(over)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x_i|^ord)^(1/ord) over dim (all axes where None), without overflow, for every ord:

    0 counts what is not 0, inf and -inf are the largest and the smallest |x_i|. The gradient
    where the norm is 0 is 0.
    """
    x = _operand("vector_norm", x, dtype)
    if not isinstance(ord, (int, float)):
        raise TypeError(f"vector_norm: ord is a number, got {ord!r}")
    axes = axes_of(dim, x.ndim)
    if count_over(x, axes) == 0 and (ord < 0 or ord == inf):
        raise ValueError(f"vector_norm: {describe(x)} has no elements along the axes asked for, so no norm of order "
                         f"{ord}")
    op = VectorNorm()
    return op.record(op.forward(x, float(ord), axes, keepdim), x)


# ---- the norm of a matrix --------------------------------------------------------------------------------------

def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """A norm of the matrices that two axes of A make.

    ord: "fro" sqrt(sum of squares), "nuc" sum of the singular values; inf, -inf the largest, smallest
    sum of |a| over a row, 1, -1 over a column; 2, -2 the largest, smallest singular value.
    """
    x = _operand("matrix_norm", A, dtype)
    if x.ndim < 2 or len(dim) != 2:
        raise ValueError(f"matrix_norm: expected two axes of a tensor that has them, got dim={dim} for {describe(x)}")
    rows, columns = axis_of(dim[0], x.ndim), axis_of(dim[1], x.ndim)
    if rows == columns:
        raise ValueError(f"matrix_norm: dim names axis {rows} twice")
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if x.numel() == 0 and ord in ("nuc", 1, 2, inf):
        return x.sum((rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        from minigrad.ops.decomposition import svdvals

        s = svdvals(x.movedim((rows, columns), (-2, -1)))
        y = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
        first, last = sorted((rows, columns))
        return y.unsqueeze(first).unsqueeze(last) if keepdim else y
    if ord not in (1, -1, inf, -inf):
        raise ValueError(f"matrix_norm: ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}")
    along, across = (columns, rows) if ord in (inf, -inf) else (rows, columns)
    sums = vector_norm(x, 1, along, True)
    y = sums.amax(across, keepdim=True) if ord > 0 else sums.amin(across, keepdim=True)
    return y if keepdim else y.squeeze((rows, columns))


def linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """vector_norm() of all elements or along one dim; matrix_norm() with an ord and a matrix, or with two dims."""
    check_tensors("norm", A)
    if isinstance(dim, (tuple, list)) and len(dim) == 1:
        dim = dim[0]
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if isinstance(dim, (tuple, list)) or (dim is None and (A.ndim == 2 or isinstance(ord, str))):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and A.ndim > 2:
        raise ValueError(f"norm: with ord={ord!r} and no dim, expected a vector or a matrix, got {describe(A)}")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


linalg_norm.__name__ = linalg_norm.__qualname__ = "norm"


@method
def norm(input, p="fro", dim=None, keepdim=False, dtype=None, *, axis=None, keepdims=None):
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
    check_tensors("cdist", x1, x2)
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"cdist: expected (..., M, K) and (..., N, K), got {tuple(x1.shape)} and {tuple(x2.shape)}")
    if p < 0:
        raise ValueError(f"cdist: p is at least 0, got {p}")
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return vector_norm(difference, p, -1) if x1.shape[-1] else difference.sum(-1)


@inplace
@method
def renorm(input, p, dim, maxnorm):
    """Each slice along dim scaled down to a p-norm of maxnorm, where its own is larger."""
    check_tensors("renorm", input)
    axis = axis_of(dim, input.ndim)
    if input.ndim < 2 or not input.is_floating_point():
        raise ValueError(f"renorm: expected a floating tensor of at least 2 axes, got {describe(input)}")
    if p <= 0 or maxnorm < 0:
        raise ValueError(f"renorm: p is above 0 and maxnorm at least 0, got {p} and {maxnorm}")
    norms = vector_norm(input, p, [i for i in range(input.ndim) if i != axis], True)
    return input * where(norms.detach() > maxnorm, maxnorm / (norms + 1e-7), 1.0)
