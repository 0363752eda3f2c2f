"""Products of vectors, matrices and stacks of these: of given ranks, added to something, of several at once.

All are made of the matrix product (linalg.pyx) and of products of elements, whose gradients they have.
"""
import numpy as np

from minigrad.ops.arithmetic import operands
from minigrad.ops.inplace import inplace
from minigrad.ops.linalg import matmul, mm
from minigrad.tensor import axis_of, bool_, check_tensors, describe, method


def _check_ranks(who, tensors, ranks):
    check_tensors(who, *tensors)
    if any(x.ndim != rank for x, rank in zip(tensors, ranks, strict=True)):
        raise ValueError(f"{who}: expected tensors of {' and '.join(map(str, ranks))} axes, got "
                         f"{' and '.join(str(tuple(x.shape)) for x in tensors)}; matmul() takes any")


# ---- products of given ranks ------------------------------------------------------------------------------

@method
def bmm(input, mat2):
    """A product for each pair of matrices of two stacks: (B, M, K) (B, K, N) -> (B, M, N)."""
    _check_ranks("bmm", (input, mat2), (3, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ValueError(f"bmm: stacks of {input.shape[0]} and {mat2.shape[0]} matrices; matmul() broadcasts")
    return matmul(input, mat2)


@method
def mv(input, vec):
    """A matrix times a vector: (M, K) (K) -> (M)."""
    _check_ranks("mv", (input, vec), (2, 1))
    return matmul(input, vec)


@method
def dot(input, tensor):
    """sum of input_i tensor_i, for two vectors of one length: (N) (N) -> ()."""
    _check_ranks("dot", (input, tensor), (1, 1))
    return matmul(input, tensor)


@method
def vdot(input, other):
    """dot(), as there are no complex tensors."""
    _check_ranks("vdot", (input, other), (1, 1))
    return matmul(input, other)


@method
def inner(input, other):
    """Sums of products over the last axes: (..., N) (---, N) -> (..., ---); a tensor of no axes multiplies."""
    check_tensors("inner", input, other)
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ValueError(f"inner: the last axes of {tuple(input.shape)} and {tuple(other.shape)} differ")
    rows, columns = [x.reshape(x.shape[:-1].numel(), x.shape[-1]) for x in (input, other)]
    return matmul(rows, columns.t()).reshape(input.shape[:-1] + other.shape[:-1])


@method
def outer(input, vec2):
    """y_ij = input_i vec2_j: (M) (N) -> (M, N)."""
    _check_ranks("outer", (input, vec2), (1, 1))
    return input.unsqueeze(1) * vec2


@method
def ger(input, vec2):
    """PyTorch's older word for outer()."""
    return outer(input, vec2)


# ---- products added to something -----------------------------------------------------------------------------

def _blend(who, c, product, beta, alpha):
    """beta c + alpha product, where c broadcasts to the product's shape; c counts for nothing where beta = 0."""
    check_tensors(who, c)
    if not product.is_floating_point() and (isinstance(beta, float) or isinstance(alpha, float)):
        raise TypeError(f"{who}: beta and alpha are integers for tensors of integers, got {beta!r} and {alpha!r}")
    if product.dtype is bool_:
        beta, alpha = bool(beta), bool(alpha)
    shape = (1,) * (product.ndim - c.ndim) + tuple(c.shape)
    if c.ndim > product.ndim or any(m not in (1, n) for m, n in zip(shape, product.shape, strict=True)):
        raise ValueError(f"{who}: input of shape {tuple(c.shape)} does not broadcast to the product's "
                         f"{tuple(product.shape)}")
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    return (c if beta == 1 else c * beta) + product


@inplace
@method
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta input + alpha mat1 @ mat2: (M, N), or what broadcasts to it, (M, K) (K, N) -> (M, N).

    beta = 0 ignores input, NaN in it too.
    """
    _check_ranks("addmm", (mat1, mat2), (2, 2))
    return _blend("addmm", input, mm(mat1, mat2), beta, alpha)


@inplace
@method
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta input + alpha mat @ vec: (M), (M, K) (K) -> (M)."""
    return _blend("addmv", input, mv(mat, vec), beta, alpha)


@inplace
@method
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta input + alpha outer(vec1, vec2): (M, N), (M) (N) -> (M, N)."""
    return _blend("addr", input, outer(vec1, vec2), beta, alpha)


@inplace
@method
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta input + alpha bmm(batch1, batch2): (B, M, N), (B, M, K) (B, K, N) -> (B, M, N)."""
    return _blend("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@inplace
@method
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta input + alpha times the sum of all products of a stack: (M, N), (B, M, K) (B, K, N) -> (M, N)."""
    _check_ranks("addbmm", (batch1, batch2), (3, 3))
    if batch1.shape[0] != batch2.shape[0]:
        raise ValueError(f"addbmm: stacks of {batch1.shape[0]} and {batch2.shape[0]} matrices")
    # side by side and one above the other they are one product
    return _blend("addbmm", input, matmul(batch1.transpose(0, 1).flatten(1), batch2.flatten(0, 1)), beta, alpha)


# ---- products of several ----------------------------------------------------------------------------------------

def chain_matmul(*matrices):
    """The product of several matrices, in the order that takes the fewest multiplications."""
    n = len(matrices)
    if n == 0:
        raise ValueError("chain_matmul: expected at least one matrix")
    _check_ranks("chain_matmul", matrices, [2] * n)
    sides = [x.shape[0] for x in matrices] + [matrices[-1].shape[1]]
    # cost[i, j]: of the product of matrices i to j, cut[i, j]: where to cut it best
    cost = {(i, i): 0 for i in range(n)}
    cut = {}
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i, j], cut[i, j] = min((cost[i, k] + cost[k + 1, j] + sides[i] * sides[k + 1] * sides[j + 1], k)
                                        for k in range(i, j))

    def product(i, j):
        return matrices[i] if i == j else matmul(product(i, cut[i, j]), product(cut[i, j] + 1, j))

    return product(0, n - 1)


# ---- small things ---------------------------------------------------------------------------------------------------

@method
def trace(input):
    """The sum of a matrix's diagonal: (M, N) -> ()."""
    check_tensors("trace", input)
    if input.ndim != 2:
        raise ValueError(f"trace: expected a matrix, got {describe(input)}")
    index = np.arange(min(input.shape))
    return input[index, index].sum()


@method
def cross(input, other, dim=None):
    """The cross product along an axis of length 3 (dim; None: the first such axis); other axes broadcast."""
    a, b = operands("cross", input, other)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(f"cross: {tuple(a.shape)} and {tuple(b.shape)} do not broadcast") from None
    if dim is not None:
        axis = axis_of(dim, len(shape))
    elif 3 in shape:
        axis = shape.index(3)
    else:
        raise ValueError(f"cross: no axis of length 3 in {tuple(a.shape)} and {tuple(b.shape)}")
    if a.ndim != b.ndim:
        raise ValueError(f"cross: expected equally many axes, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ValueError(f"cross: axis {axis} must be 3 long, got {tuple(a.shape)} and {tuple(b.shape)}")
    behind = (slice(None),) * (len(shape) - 1 - axis)
    after, before = (..., [1, 2, 0], *behind), (..., [2, 0, 1], *behind)
    return a[after] * b[before] - a[before] * b[after]
