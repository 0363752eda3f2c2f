"""Matrix products, and the linear layer's y = x @ w.T + b in one operation."""
from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K, MG_ACCUMULATE, MG_RELU
from minigrad.ops.activation cimport relu_gradient
from minigrad.ops.arithmetic cimport operands
from minigrad.ops.broadcast cimport broadcast_shape, expand_to, shape_only, sum_over, sum_to
from minigrad.tensor cimport (
    BOOL, FLOAT16, FLOAT64, MAX_RANK, Tensor, axis_of, copy_into, dense, describe, dtype_of, is_floating, lend,
    new_tensor, operators, view_as, wrap,
)

import numpy as np

from minigrad.ops.inplace import inplace
from minigrad.tensor import method


cdef void _gemm(Tensor c, Tensor a, Tensor b, Tensor bias, int flags) noexcept:
    """c = a @ b (+ bias), for matrices; c's rows are dense, a and b have any strides."""
    K[c.kind].gemm(c.ptr, c.step[0], a.ptr, a.step[0], a.step[1], b.ptr, b.step[0], b.step[1],
                   c.length[0], c.length[1], a.length[1], NULL if bias is None else bias.ptr, flags)


cdef Tensor _product(Tensor a, Tensor b):
    """a @ b for matrices, not recorded."""
    cdef Py_ssize_t length[2]
    length[0] = a.length[0]
    length[1] = b.length[1]
    cdef Tensor c = new_tensor(a.kind, 2, length)
    _gemm(c, a, b, None, 0)
    return c


cdef Tensor _transposed(Tensor x):
    """A matrix with its axes exchanged: a view, not recorded."""
    cdef Py_ssize_t length[2]
    cdef Py_ssize_t step[2]
    length[0], length[1] = x.length[1], x.length[0]
    step[0], step[1] = x.step[1], x.step[0]
    return view_as(x, 2, length, step, 0)


cdef Tensor _as_rows(Tensor x):
    """(..., n) as (rows, n): a view where that can be, not recorded."""
    cdef Py_ssize_t length[2]
    cdef Py_ssize_t step[2]
    cdef int i
    if x.rank == 2:
        return x
    x = dense(x)
    length[1] = x.length[x.rank - 1]
    length[0] = 1
    for i in range(x.rank - 1):
        length[0] *= x.length[i]
    step[0], step[1] = length[1], 1
    return view_as(x, 2, length, step, 0)


cdef class MatMul(Op):
    """y = a @ b                    (..., M, K) (..., K, N) -> (..., M, N)
    da = dy @ b.mT                  (..., M, N) (..., N, K) -> (..., M, K)
    db = a.mT @ dy                  (..., K, M) (..., M, N) -> (..., K, N)
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        if a.kind == FLOAT16:
            return wrap(np.matmul(lend(a), lend(b), dtype=np.float64).astype(np.float16))
        if a.kind > FLOAT64:
            return wrap(np.asarray(np.matmul(lend(a), lend(b))))
        if a.rank == 2 and b.rank == 2:
            return _product(a, b)
        return _batched(a, b)

    cdef backward(self, Tensor dy):
        cdef Tensor a, b
        a, b = self.saved
        return (sum_to(dy @ b.mT, a) if self.needs(0) else None,
                sum_to(a.mT @ dy, b) if self.needs(1) else None)

    def name(self):
        return "MmBackward0"


cdef Tensor _batched(Tensor a, Tensor b):
    """A product for each matrix of a stack; the leading axes broadcast."""
    cdef int rank = a.rank if a.rank > b.rank else b.rank
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t a_step[MAX_RANK]
    cdef Py_ssize_t b_step[MAX_RANK]
    cdef Py_ssize_t index[MAX_RANK]
    cdef Py_ssize_t la, lb, size = dtype_of(a.kind).itemsize, m = a.length[a.rank - 2], n = b.length[b.rank - 1]
    cdef Py_ssize_t i, batch = 1
    cdef char *pa = a.ptr
    cdef char *pb = b.ptr
    cdef char *pc
    cdef Tensor c
    cdef int axis
    for axis in range(rank - 2):
        i = axis - (rank - a.rank)
        la = a.length[i] if i >= 0 else 1
        a_step[axis] = a.step[i] * size if i >= 0 and la != 1 else 0
        i = axis - (rank - b.rank)
        lb = b.length[i] if i >= 0 else 1
        b_step[axis] = b.step[i] * size if i >= 0 and lb != 1 else 0
        if la != lb and la != 1 and lb != 1:
            raise ValueError(
                f"matmul: the leading axes of {tuple(a.shape)} and {tuple(b.shape)} do not broadcast"
            )
        length[axis] = lb if la == 1 else la
        batch *= length[axis]
        index[axis] = 0
    length[rank - 2] = m
    length[rank - 1] = n
    c = new_tensor(a.kind, rank, length)
    pc = c.ptr
    for _ in range(batch):
        K[a.kind].gemm(pc, n, pa, a.step[a.rank - 2], a.step[a.rank - 1],
                       pb, b.step[b.rank - 2], b.step[b.rank - 1], m, n, a.length[a.rank - 1], NULL, 0)
        pc += m * n * size
        for axis in range(rank - 3, -1, -1):      # the next matrix of the stack
            index[axis] += 1
            pa += a_step[axis]
            pb += b_step[axis]
            if index[axis] < length[axis]:
                break
            pa -= a_step[axis] * length[axis]
            pb -= b_step[axis] * length[axis]
            index[axis] = 0
    return c


cdef object _matmul(object x, object y):
    cdef Tensor a, b
    cdef MatMul op
    if isinstance(x, Tensor) and isinstance(y, Tensor) and (<Tensor>x).kind != (<Tensor>y).kind:
        raise TypeError(f"matmul: {describe(x)} @ {describe(y)}: both must have one dtype (x.to(y.dtype))")
    a, b = operands("matmul", x, y)
    if a.kind == BOOL:
        raise TypeError("matmul: bool tensors have no matrix product; use x.int() or x.float()")
    if a.rank == 0 or b.rank == 0:
        raise ValueError("matmul: a tensor of no axes has no matrix product; use a * b")
    if a.rank == 1 or b.rank == 1:      # a vector is a matrix of one row (left) or column (right)
        _check_inner(a, b, a.length[a.rank - 1], b.length[0 if b.rank == 1 else b.rank - 2])
        result = _matmul(a.unsqueeze(0) if a.rank == 1 else a, b.unsqueeze(1) if b.rank == 1 else b)
        if a.rank == 1:
            result = result.squeeze(-2)
        return result.squeeze(-1) if b.rank == 1 else result
    _check_inner(a, b, a.length[a.rank - 1], b.length[b.rank - 2])
    op = MatMul.__new__(MatMul)
    return op.record(op.forward(a, b), a, b)


cdef int _check_inner(Tensor a, Tensor b, Py_ssize_t left, Py_ssize_t right) except -1:
    if left != right:
        raise ValueError(
            f"matmul: {tuple(a.shape)} @ {tuple(b.shape)}: the inner lengths {left} and {right} differ; "
            "the last axis of the left must be as long as the last but one of the right (x.T?)"
        )
    return 0


@method
def matmul(input, other):
    """The matrix product, by NumPy's rules: (M, K) @ (K, N) is (M, N); leading axes broadcast;
    a vector counts as a row on the left and as a column on the right."""
    return _matmul(input, other)


operators.matmul = _matmul


# ---- products of given ranks ------------------------------------------------------------------------------

cdef int _check_ranks(str who, object tensors, object ranks) except -1:
    for x, rank in zip(tensors, ranks):
        if not isinstance(x, Tensor):
            raise TypeError(f"{who}: expected tensors, got {type(x).__name__}")
        if (<Tensor>x).rank != rank:
            shapes = " and ".join([str(tuple(y.shape)) for y in tensors])
            raise ValueError(f"{who}: expected tensors of {' and '.join(map(str, ranks))} axes, got {shapes}; "
                             "matmul() takes any")
    return 0


@method
def mm(input, mat2):
    """The product of two matrices: (M, K) (K, N) -> (M, N)."""
    _check_ranks("mm", (input, mat2), (2, 2))
    return _matmul(input, mat2)


@method
def bmm(input, mat2):
    """A product for each pair of matrices of two stacks: (B, M, K) (B, K, N) -> (B, M, N)."""
    _check_ranks("bmm", (input, mat2), (3, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ValueError(f"bmm: stacks of {input.shape[0]} and {mat2.shape[0]} matrices; matmul() broadcasts")
    return _matmul(input, mat2)


@method
def mv(input, vec):
    """A matrix times a vector: (M, K) (K) -> (M)."""
    _check_ranks("mv", (input, vec), (2, 1))
    return _matmul(input, vec)


@method
def dot(input, tensor):
    """sum of input_i tensor_i, for two vectors of one length: (N) (N) -> ()."""
    _check_ranks("dot", (input, tensor), (1, 1))
    return _matmul(input, tensor)


@method
def vdot(input, other):
    """dot(), as there are no complex tensors."""
    _check_ranks("vdot", (input, other), (1, 1))
    return _matmul(input, other)


@method
def inner(input, other):
    """Sums of products over the last axes: (..., N) (---, N) -> (..., ---); a tensor of no axes multiplies."""
    cdef Tensor a = input, b = other
    if a.rank == 0 or b.rank == 0:
        return a * b
    if a.length[a.rank - 1] != b.length[b.rank - 1]:
        raise ValueError(f"inner: the last axes of {tuple(a.shape)} and {tuple(b.shape)} differ")
    n = a.length[a.rank - 1]
    shape = tuple(a.shape)[:-1] + tuple(b.shape)[:-1]
    rows, columns = [x.reshape(x.n // n if n else _rows(x), n) for x in (a, b)]
    return _matmul(rows, columns.t()).reshape(shape)


cdef Py_ssize_t _rows(Tensor x):
    """The product of all lengths but the last."""
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(x.rank - 1):
        n *= x.length[i]
    return n


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

cdef class AddMM(Op):
    """y = beta c + alpha a @ b     (M, N) (M, K) (K, N) -> (M, N); c broadcasts
    dc = beta dy
    da = alpha dy @ b.T             (M, N) (N, K) -> (M, K)
    db = alpha a.T @ dy             (K, M) (M, N) -> (K, N)
    """
    cdef Tensor shape_of_c
    cdef double beta, alpha

    cdef Tensor forward(self, Tensor c, Tensor a, Tensor b, double beta, double alpha):
        cdef Tensor y = new_tensor(a.kind, 2, [a.length[0], b.length[1]]), product
        self.shape_of_c, self.beta, self.alpha = shape_only(c), beta, alpha
        self.saved = (a, b)
        if beta != 0:
            copy_into(y, expand_to(c.detach(), y))
            if beta != 1:
                lend(y)[...] *= beta
        if alpha == 1 or beta == 0:
            _gemm(y, a, b, None, MG_ACCUMULATE if beta != 0 else 0)
            if alpha != 1:
                lend(y)[...] *= alpha
        else:
            product = _product(a, b)
            K[y.kind].axpy(y.ptr, product.ptr, alpha, y.n)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor a, b
        a, b = self.saved
        scaled = dy if self.alpha == 1 else dy * self.alpha
        return (sum_to(dy if self.beta == 1 else dy * self.beta, self.shape_of_c) if self.needs(0) else None,
                _matmul(scaled, b.mT) if self.needs(1) else None,
                _matmul(a.mT, scaled) if self.needs(2) else None)

    def name(self):
        return "AddmmBackward0"


cdef object _blend(str who, Tensor c, Tensor product, object beta, object alpha):
    """beta c + alpha product, where c broadcasts to the product's shape; c counts for nothing where beta = 0."""
    cdef Py_ssize_t length[MAX_RANK]
    if not is_floating(product.kind) and (isinstance(beta, float) or isinstance(alpha, float)):
        raise TypeError(f"{who}: beta and alpha are integers for tensors of integers, got {beta!r} and {alpha!r}")
    if product.kind == BOOL:
        beta, alpha = bool(beta), bool(alpha)
    cdef int rank = broadcast_shape(who, c, product, length), i
    if rank != product.rank or any([length[i] != product.length[i] for i in range(rank)]):
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
    cdef Tensor c = input, a = mat1, b = mat2
    cdef AddMM op
    _check_ranks("addmm", (mat1, mat2), (2, 2))
    if not (a.kind == b.kind == c.kind and a.kind <= FLOAT64):
        return _blend("addmm", c, _matmul(a, b), beta, alpha)
    _check_inner(a, b, a.length[1], b.length[0])
    if c.rank > 2 or any([c.length[c.rank - i] not in (1, (b.length[1], a.length[0])[i - 1])
                          for i in range(1, c.rank + 1)]):
        raise ValueError(f"addmm: input of shape {tuple(c.shape)} does not broadcast to the product's "
                         f"{(a.length[0], b.length[1])}")
    op = AddMM.__new__(AddMM)
    return op.record(op.forward(c, a, b, beta, alpha), c, a, b)


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
    cdef Tensor a = batch1, b = batch2
    _check_ranks("addbmm", (batch1, batch2), (3, 3))
    if a.length[0] != b.length[0]:
        raise ValueError(f"addbmm: stacks of {a.length[0]} and {b.length[0]} matrices")
    # side by side and one above the other they are one product
    rows = a.transpose(0, 1).reshape(a.length[1], a.length[0] * a.length[2])
    columns = b.reshape(b.length[0] * b.length[1], b.length[2])
    return _blend("addbmm", input, _matmul(rows, columns), beta, alpha)


# ---- products of several ----------------------------------------------------------------------------------------

def chain_matmul(*matrices):
    """The product of several matrices, in the order that takes the fewest multiplications."""
    cdef list xs = list(matrices)
    cdef Py_ssize_t n = len(xs), i, j, k, span
    if n == 0:
        raise ValueError("chain_matmul: expected at least one matrix")
    _check_ranks("chain_matmul", xs, [2] * n)
    sides = [x.shape[0] for x in xs] + [xs[n - 1].shape[1]]
    # cost[i, j]: of the product of matrices i to j, cut[i, j]: where to cut it best
    cost = {(i, i): 0 for i in range(n)}
    cut = {}
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i, j], cut[i, j] = min([(cost[i, k] + cost[k + 1, j] + sides[i] * sides[k + 1] * sides[j + 1], k)
                                         for k in range(i, j)])
    return _chain(xs, cut, 0, n - 1)


cdef object _chain(list xs, dict cut, Py_ssize_t i, Py_ssize_t j):
    if i == j:
        return xs[i]
    return _matmul(_chain(xs, cut, i, cut[i, j]), _chain(xs, cut, cut[i, j] + 1, j))


# ---- small things ---------------------------------------------------------------------------------------------------

@method
def trace(input):
    """The sum of a matrix's diagonal: (M, N) -> ()."""
    cdef Tensor x = input
    if x.rank != 2:
        raise ValueError(f"trace: expected a matrix, got {describe(x)}")
    index = np.arange(min(x.length[0], x.length[1]))
    return x[index, index].sum()


@method
def cross(input, other, dim=None):
    """The cross product along an axis of length 3 (dim; None: the first such axis); other axes broadcast."""
    cdef Tensor a, b
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank, axis, i
    a, b = operands("cross", input, other)
    rank = broadcast_shape("cross", a, b, length)
    if dim is None:
        found = [i for i in range(rank) if length[i] == 3]
        if not found:
            raise ValueError(f"cross: no axis of length 3 in {tuple(a.shape)} and {tuple(b.shape)}")
        axis = found[0]
    else:
        axis = axis_of(dim, rank)
    if a.rank != b.rank:
        raise ValueError(f"cross: expected equally many axes, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.length[axis] != 3 or b.length[axis] != 3:
        raise ValueError(f"cross: axis {axis} must be 3 long, got {tuple(a.shape)} and {tuple(b.shape)}")
    behind = (slice(None),) * (rank - 1 - axis)
    after, before = (..., [1, 2, 0], *behind), (..., [2, 0, 1], *behind)
    return a[after] * b[before] - a[before] * b[after]


# ---- linear ---------------------------------------------------------------------------------------------

cdef class Linear(Op):
    """y = x @ w.T + b              (..., I) (O, I) (O) -> (..., O)
    dx = dy @ w                     (..., O) (O, I) -> (..., I)
    dw = dy.T @ x                   (O, rows) (rows, I) -> (O, I)
    db = sum of dy over the rows    (rows, O) -> (O)

    With relu: y = max(x @ w.T + b, 0) in the same pass over memory, and dy counts where y > 0.
    """
    cdef bint relu

    cdef Tensor forward(self, Tensor x, Tensor w, Tensor b):
        cdef Py_ssize_t length[MAX_RANK]
        cdef Tensor y
        cdef int i
        self.saved = (x if w.requires else None, w if x.requires else None)
        for i in range(x.rank - 1):
            length[i] = x.length[i]
        length[x.rank - 1] = w.length[0]
        y = new_tensor(x.kind, x.rank, length)
        _gemm(_as_rows(y), _as_rows(x), _transposed(w), None if b is None else dense(b), MG_RELU if self.relu else 0)
        if self.relu:
            self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, w, rows
        cdef Py_ssize_t length[MAX_RANK]
        cdef int i
        dx = dw = db = None
        x, w = self.saved[0], self.saved[1]
        if self.relu:
            dy = relu_gradient(dy, self.output())
        if recording():
            if self.needs(0):
                dx = dy @ w
            if self.needs(1):
                dw = dy.reshape(-1, dy.shape[-1]).t() @ x.reshape(-1, x.shape[-1])
            if len(self.edges) == 3 and self.needs(2):
                db = dy.reshape(-1, dy.shape[-1]).sum(0)
            return (dx, dw, db)[:len(self.edges)]
        rows = _as_rows(dy)
        if self.needs(0):
            for i in range(dy.rank - 1):
                length[i] = dy.length[i]
            length[dy.rank - 1] = w.length[1]
            dx = new_tensor(dy.kind, dy.rank, length)
            _gemm(_as_rows(dx), rows, w, None, 0)
        if self.needs(1):
            dw = _product(_transposed(rows), _as_rows(x))
        if len(self.edges) == 3 and self.needs(2):
            db = sum_over(rows, 1, False, 1.0)
        return (dx, dw, db)[:len(self.edges)]

    def name(self):
        return "ReluBackward0" if self.relu else "LinearBackward0"


def linear(Tensor input not None, Tensor weight not None, Tensor bias=None):
    """input @ weight.T + bias.

    Shapes: input (..., I), weight (O, I), bias (O) or None; the result is (..., O).
    Errors: ValueError where the input's last axis is not I long.
    """
    return _linear(input, weight, bias, False)


def linear_relu(Tensor input not None, Tensor weight not None, Tensor bias):
    """relu(linear(input, weight, bias)), in one operation."""
    return _linear(input, weight, bias, True)


cdef Tensor _linear(Tensor input, Tensor weight, Tensor bias, bint relu):
    cdef Linear op = Linear.__new__(Linear)
    op.relu = relu
    if weight.rank != 2 or (bias is not None and (bias.rank != 1 or bias.length[0] != weight.length[0])):
        raise ValueError(
            f"linear: expected weight (O, I) and bias (O), got {tuple(weight.shape)} and "
            f"{None if bias is None else tuple(bias.shape)}"
        )
    if input.rank == 0 or input.length[input.rank - 1] != weight.length[1]:
        raise ValueError(
            f"Linear({weight.length[1]}, {weight.length[0]}): expected input (..., {weight.length[1]}), "
            f"got {tuple(input.shape)}" + _mend(input, weight.length[1])
        )
    if input.kind != weight.kind or weight.kind > FLOAT64 or (bias is not None and bias.kind != weight.kind):
        raise TypeError(
            f"Linear({weight.length[1]}, {weight.length[0]}): input is {input.dtype}, weight {weight.dtype}"
            f"{'' if bias is None else f', bias {bias.dtype}'}; they must all be float32 or all float64 "
            f"(x.float(), x.double() or model.double())"
        )
    if bias is None:
        return op.record(op.forward(input, weight, None), input, weight)
    return op.record(op.forward(input, weight, bias), input, weight, bias)


cdef str _mend(Tensor x, Py_ssize_t features):
    cdef Py_ssize_t behind = 1
    cdef int i
    for i in range(1, x.rank):
        behind *= x.length[i]
    return "; flatten it first (nn.Flatten())" if x.rank > 2 and behind == features else ""
