"""What a layer is made of: matrix products, and y = x @ w.T + b in one operation. products.py has the others."""
from cpython.object cimport PyObject

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K, MG_ACCUMULATE, MG_RELU
from minigrad.ops.activation cimport relu_gradient
from minigrad.ops.arithmetic cimport operands
from minigrad.ops.broadcast cimport sum_to
from minigrad.tensor cimport (
    BOOL, FLOAT16, FLOAT64, MAX_RANK, Kind, Tensor, dense, describe, dtype_of, lend, new_tensor, operators, wrap,
)

import numpy as np

from minigrad.tensor import method

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *o)


cdef struct Matrix:
    # what the kernel reads: no tensor is made to look at one transposed, or at its rows
    char *ptr
    Py_ssize_t rows, columns, row_step, column_step


cdef inline Matrix _matrix(Tensor x) noexcept:
    """x of two axes."""
    return Matrix(x.ptr, x.length[0], x.length[1], x.step[0], x.step[1])


cdef inline Matrix _rows(Tensor x) noexcept:
    """A dense x (..., n) as (rows, n)."""
    cdef Py_ssize_t rows = 1
    cdef int i
    for i in range(x.rank - 1):
        rows *= x.length[i]
    return Matrix(x.ptr, rows, x.length[x.rank - 1], x.length[x.rank - 1], 1)


cdef inline Matrix _transposed(Matrix x) noexcept:
    return Matrix(x.ptr, x.columns, x.rows, x.column_step, x.row_step)


cdef inline void _gemm(Tensor c, Matrix a, Matrix b, Tensor bias, int flags) noexcept:
    """c = a @ b (+ bias); c is dense."""
    K[c.kind].gemm(c.ptr, b.columns, a.ptr, a.row_step, a.column_step, b.ptr, b.row_step, b.column_step,
                   a.rows, b.columns, a.columns, NULL if bias is None else bias.ptr, flags)


cdef inline void _add_gemm(Tensor c, Matrix a, Matrix b) noexcept:
    """c += a @ b, as one of the changes in place that c's memory counts."""
    _gemm(c, a, b, None, MG_ACCUMULATE)
    c.storage.version += 1


cdef Tensor _product(Kind kind, Matrix a, Matrix b):
    """a @ b, not recorded."""
    cdef Py_ssize_t length[2]
    length[0], length[1] = a.rows, b.columns
    cdef Tensor c = new_tensor(kind, 2, length)
    _gemm(c, a, b, None, 0)
    return c


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
            return _product(a.kind, _matrix(a), _matrix(b))
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


@method
def mm(Tensor input not None, Tensor mat2 not None):
    """The product of two matrices: (M, K) (K, N) -> (M, N)."""
    if input.rank != 2 or mat2.rank != 2:
        raise ValueError(f"mm: expected tensors of 2 and 2 axes, got {tuple(input.shape)} and {tuple(mat2.shape)}; "
                         "matmul() takes any")
    return _matmul(input, mat2)


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
        cdef Tensor y, own
        cdef int i
        for i in range(x.rank - 1):
            length[i] = x.length[i]
        length[x.rank - 1] = w.length[0]
        y = new_tensor(x.kind, x.rank, length)
        own = x if x.rank == 2 else dense(x)
        _gemm(y, _matrix(own) if x.rank == 2 else _rows(own), _transposed(_matrix(w)),
              None if b is None else dense(b), MG_RELU if self.relu else 0)
        if recording():
            self.saved = (x if w.requires else None, w if x.requires else None)
            if self.relu:
                self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, w, d, own, dx_so_far = None, dw_so_far = None, dx = None, dw = None, db = None
        cdef Py_ssize_t length[MAX_RANK]
        cdef Matrix dys, xs, ws
        cdef int i
        x, w = self.saved[0], self.saved[1]
        if recording():
            return self.recorded_backward(dy, x, w)
        d = dense(dy)
        if self.relu:       # dy's own memory will do where nobody but this walk (and d) knows of it
            d = relu_gradient(d, self.output(), Py_REFCNT(<PyObject *>dy) == 2)
        dys = xs = ws = _rows(d)
        if self.needs(0):
            ws = _matrix(w)
            dx_so_far = self.sum_so_far(0, d, w)
            if dx_so_far is None:
                for i in range(d.rank - 1):
                    length[i] = d.length[i]
                length[d.rank - 1] = w.length[1]
                dx = new_tensor(d.kind, d.rank, length)
        if self.needs(1):
            own = x if x.rank == 2 else dense(x)
            xs = _matrix(own) if x.rank == 2 else _rows(own)
            dw_so_far = self.sum_so_far(1, d, own)
            if dw_so_far is None:
                length[0], length[1] = dys.columns, xs.columns
                dw = new_tensor(d.kind, 2, length)
        if len(self.edges) == 3 and self.needs(2):
            db = new_tensor(d.kind, 1, &dys.columns)
        # as for the second time step, or the second part of a batch: one pass over memory, not three
        if dx_so_far is not None:
            _add_gemm(dx_so_far, dys, ws)
        K[d.kind].linear_backward(
            NULL if dx is None else dx.ptr, NULL if dw is None else dw.ptr, NULL if db is None else db.ptr, d.ptr,
            xs.ptr, xs.row_step, xs.column_step, ws.ptr, ws.row_step, ws.column_step,
            dys.rows, ws.columns if dx is not None else xs.columns, dys.columns)
        if dw_so_far is not None:
            _add_gemm(dw_so_far, _transposed(dys), xs)
        return (dx, dw, db) if len(self.edges) == 3 else (dx, dw)

    cdef recorded_backward(self, Tensor dy, Tensor x, Tensor w):
        """The same of operations, so that it can be differentiated again."""
        dx = dw = db = None
        if self.relu:
            dy = relu_gradient(dy, self.output(), False)
        if self.needs(0):
            dx = dy @ w
        if self.needs(1):
            dw = dy.reshape(-1, dy.shape[-1]).t() @ x.reshape(-1, x.shape[-1])
        if len(self.edges) == 3 and self.needs(2):
            db = dy.reshape(-1, dy.shape[-1]).sum(0)
        return (dx, dw, db)[:len(self.edges)]

    def name(self):
        return "ReluBackward0" if self.relu else "LinearBackward0"


def linear(Tensor input not None, Tensor weight not None, Tensor bias=None):
    """input @ weight.T + bias.

    Shapes: input (..., I), weight (O, I), bias (O) or None; the result is (..., O).
    Errors: ValueError where the input's last axis is not I long.
    """
    return linear_layer(input, weight, bias, False)


cdef Tensor linear_layer(Tensor input, Tensor weight, Tensor bias, bint relu):
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
