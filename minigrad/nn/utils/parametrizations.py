"""Weights of a given norm, of a bounded one, and orthogonal ones; parametrize.py says how they work."""

from math import ceil, log2

import numpy as np

from minigrad.autograd import no_grad
from minigrad.nn.functional import normalize
from minigrad.nn.module import Module
from minigrad.nn.utils.parametrize import register_parametrization
from minigrad.ops.creation import empty, eye, zeros, zeros_like
from minigrad.ops.decomposition import linalg_qr, solve
from minigrad.ops.joining import cat
from minigrad.ops.products import mv, vdot
from minigrad.tensor import from_numpy

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor_of(who, module, name):
    for table in (module._parameters, module._buffers):
        if table.get(name) is not None:
            return table[name]
    raise ValueError(f"{who}: {type(module).__name__} has no parameter or buffer {name!r}")


# ---- length and direction ----------------------------------------------------------------------


class _WeightNorm(Module):
    """w = g v / |v|, a length and a direction for each index of one axis, or one for all."""

    def __init__(self, dim=0):
        super().__init__()
        self.dim = None if dim == -1 else dim

    def _length(self, v):
        if self.dim is None:
            return v.square().sum().sqrt()
        axes = [axis for axis in range(v.ndim) if axis != self.dim % v.ndim]
        return v.square().sum(axes, keepdim=True).sqrt() if axes else v.abs()

    def forward(self, g, v):
        return v * (g / self._length(v))

    def right_inverse(self, weight):
        return self._length(weight), weight.clone()


class _OlderNames:
    """Understands a state_dict of the time when g and v were called weight_g and weight_v."""

    def __init__(self, name):
        self.name = name

    def __call__(self, module, state_dict, prefix, *rest):
        for old, new in (("_g", "original0"), ("_v", "original1")):
            key = prefix + self.name + old
            if key in state_dict:
                state_dict[f"{prefix}parametrizations.{self.name}.{new}"] = state_dict.pop(key)


def weight_norm(module, name="weight", dim=0):
    """Splits a layer's weight into a length g and a direction v, which are trained apart; gives the layer.

        w = g v / |v|           the norm over all axes but dim; over all of them for dim None

    g is parametrizations.weight.original0, (out, 1) for a Linear; v is original1.

    Salimans and Kingma, NIPS 2016.
    """
    weight = _tensor_of("weight_norm", module, name)
    if dim is not None and not -weight.ndim <= dim < weight.ndim:
        raise IndexError(f"weight_norm: axis {dim} is out of range for a {name} of shape {tuple(weight.shape)}")
    register_parametrization(module, name, _WeightNorm(dim))

    module.register_load_state_dict_pre_hook(_OlderNames(name))
    return module


# ---- a bounded norm ----------------------------------------------------------------------------


class _SpectralNorm(Module):
    """w / sigma, sigma the largest singular value, for which u and v are kept by power iteration."""

    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        self.dim = dim % weight.ndim if weight.ndim > 1 else 0
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        if weight.ndim > 1:
            matrix = self._matrix(weight.detach())
            for name, n in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = empty(n, dtype=weight.dtype).normal_(0, 1)
                self.register_buffer(name, normalize(drawn, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight):
        order = [self.dim, *[axis for axis in range(weight.ndim) if axis != self.dim]]
        return weight.permute(order).flatten(1)

    def _iterate(self, matrix, times):
        """u <- W v / |W v|,  v <- W' u / |W' u|"""
        with no_grad():
            for _ in range(times):
                self._u.copy_(normalize(mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(mv(matrix.T, self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next step changes them
        return weight / vdot(u, mv(matrix, v))

    def right_inverse(self, value):
        return value.clone()


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divides a layer's weight by its largest singular value; gives the layer.

        w = W / sigma,  sigma = u' W v        u, v from power iteration, which goes on in training

    W's axis dim (0 where None) makes the rows and all others the columns of the matrix that is meant.
    Errors: ValueError for n_power_iterations below 1 and a name that the layer has not.

    Miyato, Kataoka, Koyama and Yoshida, ICLR 2018.
    """
    weight = _tensor_of("spectral_norm", module, name)
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: expected n_power_iterations >= 1, got {n_power_iterations}")
    dim = 0 if dim is None else dim
    if not -weight.ndim <= dim < weight.ndim:
        raise IndexError(f"spectral_norm: axis {dim} is out of range for a {name} of shape {tuple(weight.shape)}")
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


# ---- orthogonal --------------------------------------------------------------------------------


def _orthogonalized(matrix):
    """Q of the QR factorisation whose R has a positive diagonal."""
    q, r = linalg_qr(matrix)
    diagonal = r.diagonal()
    return q * (diagonal.sign() + (diagonal == 0))


def _is_orthogonal(matrix):
    n, k = matrix.shape
    error = (matrix.T @ matrix - eye(k, dtype=matrix.dtype)).abs().max().item()
    return error <= 10 * n * np.finfo(matrix.dtype.numpy).eps


def _exponential(a):
    """sum a^k / k!, by scaling and squaring: (exp(a / 2^s))^(2^s)."""
    norm = float(a.detach().abs().sum(0).max()) if a.numel() else 0.0
    squarings = max(0, ceil(log2(2 * norm))) if norm > 0 else 0
    a = a / 2.0**squarings  # of norm 1/2 at most: fifteen terms make float64
    one = eye(a.shape[0], dtype=a.dtype)
    y = one
    for k in range(15, 0, -1):
        y = one + a @ y / k
    for _ in range(squarings):
        y = y @ y
    return y


def _cayley(a):
    """(1 - a / 2)^-1 (1 + a / 2)"""
    one = eye(a.shape[0], dtype=a.dtype)
    return solve(one - a / 2, one + a / 2)


def _reflected(x):
    """The first columns of the product of reflections H_1 H_2 ..., H_i = 1 - 2 v v' / (v' v), v being
    column i of x below its diagonal and 1 on it; each column times the sign on x's diagonal.

    With all v in V: 1 - V S^-1 V', S = V' V above its diagonal and half of it on it.
    Puglisi, SIAM J. Sci. Stat. Comput. 1992.
    """
    n, k = x.shape
    one = eye(n, k, dtype=x.dtype)
    v = x.tril(-1) + one
    products = v.T @ v
    s = products.triu(1) + (products * eye(k, dtype=x.dtype)) / 2
    return (one - v @ solve(s, v[:k].T)) * x.detach().diagonal().trunc()


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows where it is wider than high, from any matrix."""

    def __init__(self, weight, orthogonal_map, use_trivialization):
        super().__init__()
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", zeros((max(weight.shape),) * 2, dtype=weight.dtype))

    def forward(self, x):
        wide = x.shape[0] < x.shape[1]
        x = x.T if wide else x
        n, k = x.shape
        if self.orthogonal_map == "householder":
            q = _reflected(x)
        else:
            a = x.tril()
            a = a if n == k else cat([a, zeros((n, n - k), dtype=x.dtype)], 1)
            a = a - a.T
            q = (_exponential(a) if self.orthogonal_map == "matrix_exp" else _cayley(a))[:, :k]
        if "base" in self._buffers:
            q = self.base @ q
        return q.T if wide else q

    def right_inverse(self, q):
        wide = q.shape[0] < q.shape[1]
        q = q.detach()
        q = q.T if wide else q
        n, k = q.shape
        if "base" in self._buffers:
            q = q if _is_orthogonal(q) else _orthogonalized(q)
            if n > k:
                rest = empty((n, n - k), dtype=q.dtype).normal_(0, 1)
                q = cat([q, _orthogonalized(cat([q, rest], 1))[:, k:]], 1)
            self.base.copy_(q)
            x = zeros_like(q[:, :k]) - eye(n, k, dtype=q.dtype)
        elif self.orthogonal_map == "householder":
            packed, tau = np.linalg.qr(q.numpy(), mode="raw")  # reflections below R
            x = from_numpy(np.ascontiguousarray(packed.T))
            diagonal = np.sign(x.numpy().diagonal())
            diagonal[tau == 0] *= -1  # no reflection there, and forward() makes one
            x[range(k), range(k)] = from_numpy(diagonal)
        else:
            raise NotImplementedError(
                f"orthogonal: a weight cannot be assigned to orthogonal_map={self.orthogonal_map!r} with "
                "use_trivialization=False"
            )
        return x.T if wide else x


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """Keeps a layer's weight orthogonal while it is trained: w' w = 1, or w w' = 1 for a wide w.

        matrix_exp    w = exp(A),  A = X below the diagonal less its transpose
        cayley        w = (1 - A / 2)^-1 (1 + A / 2)
        householder   w = a product of reflections along X's columns

    orthogonal_map: one of these; None is matrix_exp for a square weight and else householder.
    use_trivialization: w is a fixed orthogonal matrix (the buffer base) times that, which begins
    as 1, so that w can be assigned. The first w is the nearest by QR to the weight that was there.
    Errors: ValueError for what is no matrix, another map and a name that the layer has not.

    Lezcano-Casado and Martinez-Rubio, ICML 2019; Lezcano-Casado, NeurIPS 2019 (trivializations);
    Mhammedi et al., ICML 2017 (householder).
    """
    weight = _tensor_of("orthogonal", module, name)
    if weight.ndim != 2:
        raise ValueError(f"orthogonal: expected a matrix, got a {name} of shape {tuple(weight.shape)}")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[0] == weight.shape[1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f"orthogonal: orthogonal_map is 'matrix_exp', 'cayley' or 'householder', got {orthogonal_map!r}"
        )
    return register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)
