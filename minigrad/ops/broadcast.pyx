"""How shapes meet: broadcasting, and its mirror image, summing.

Stretching an axis of length 1 uses one number n times; so its gradient is the sum of n
gradients. Expand and SumTo are each other's backward, and every operator that broadcasts
ends its backward with sum_to().
"""
from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K, broadcast, mg_binary
from minigrad.ops.assignment cimport mark_view
from minigrad.tensor cimport (
    FLOAT64, MAX_RANK, Kind, Tensor, copy_of, dense, describe, dtype_of, lend, new_tensor, same_shape, view_as, wrap,
)

from minigrad.tensor import method


cdef int broadcast_shape(str who, Tensor a, Tensor b, Py_ssize_t *length) except -1:
    """The common shape of a and b by NumPy's rules (aligned at the last axis); gives its rank."""
    cdef int rank = a.rank if a.rank > b.rank else b.rank
    cdef int i
    cdef Py_ssize_t la, lb
    for i in range(1, rank + 1):
        la = a.length[a.rank - i] if i <= a.rank else 1
        lb = b.length[b.rank - i] if i <= b.rank else 1
        if la != lb and la != 1 and lb != 1:
            raise ValueError(
                f"{who}: shapes {tuple(a.shape)} and {tuple(b.shape)} do not broadcast: from the right, axis "
                f"{i} has lengths {la} and {lb}; they must be equal, or one of them 1"
            )
        length[rank - i] = lb if la == 1 else la
    return rank


cdef void _steps(Tensor x, int rank, const Py_ssize_t *length, Py_ssize_t *step) noexcept:
    """x's strides when stretched to a shape: 0 along every axis that is repeated."""
    cdef int i, at
    for i in range(rank):
        at = i - (rank - x.rank)
        step[i] = 0 if at < 0 or (x.length[at] == 1 and length[i] != 1) else x.step[at]


cdef Tensor combine(str who, mg_binary kernel, Tensor a, Tensor b):
    """A binary kernel over broadcast operands of one floating dtype."""
    cdef Tensor y
    cdef int rank
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t a_step[MAX_RANK]
    cdef Py_ssize_t b_step[MAX_RANK]
    if a.dense and b.dense:
        if same_shape(a, b):
            y = new_tensor(a.kind, a.rank, a.length)
            kernel(y.ptr, a.ptr, 1, b.ptr, 1, y.n)
            return y
        if b.n == 1 and b.rank <= a.rank:
            y = new_tensor(a.kind, a.rank, a.length)
            kernel(y.ptr, a.ptr, 1, b.ptr, 0, y.n)
            return y
    rank = broadcast_shape(who, a, b, length)
    y = new_tensor(a.kind, rank, length)
    _steps(a, rank, length, a_step)
    _steps(b, rank, length, b_step)
    broadcast(kernel, y.ptr, a.ptr, a_step, b.ptr, b_step, length, rank, dtype_of(a.kind).itemsize)
    return y


# ---- Expand ---------------------------------------------------------------------------------

cdef class Expand(Op):
    """y = x, seen with axes of length 1 (and new ones in front) repeated; a view
    dx = dy summed over the repeated axes
    """
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, int rank, const Py_ssize_t *length):
        cdef Py_ssize_t step[MAX_RANK]
        self.shape_of_x = shape_only(x)
        _steps(x, rank, length, step)
        return view_as(x, rank, length, step, 0)

    cdef backward(self, Tensor dy):
        return sum_to(dy, self.shape_of_x)


cpdef Tensor shape_only(Tensor x):
    """A tensor of x's shape over one element: remembers a shape without keeping x's memory."""
    cdef Py_ssize_t step[MAX_RANK]
    cdef int i
    for i in range(x.rank):
        step[i] = 0
    return view_as(new_tensor(x.kind, 0, NULL), x.rank, x.length, step, 0)


cdef Tensor _expand(Tensor x, int rank, const Py_ssize_t *length):
    cdef Expand op = Expand.__new__(Expand)
    return mark_view(op.record(op.forward(x, rank, length), x), x)


cpdef Tensor expand_to(Tensor x, Tensor shape_of):
    if same_shape(x, shape_of):
        return x
    return _expand(x, shape_of.rank, shape_of.length)


@method
def expand(Tensor input not None, *sizes):
    """Repeats axes of length 1 to the given sizes, without a copy; -1 leaves an axis as it is.

    New axes may be added in front. Errors: ValueError where an axis is neither 1 nor that size.
    """
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank, i, at
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    rank = len(sizes)
    if rank < input.rank or rank > MAX_RANK:
        raise ValueError(f"expand: expected at least {input.rank} sizes (at most {MAX_RANK}) for a tensor of "
                         f"{describe(input)}, got {sizes}")
    for i in range(rank):
        at = i - (rank - input.rank)
        length[i] = sizes[i]
        if length[i] == -1 and at >= 0:
            length[i] = input.length[at]
        if length[i] < 0 or (at >= 0 and input.length[at] != 1 and input.length[at] != length[i]):
            raise ValueError(f"expand: cannot stretch a tensor of {describe(input)} to {sizes}: only axes of "
                             "length 1 are repeated")
    return _expand(input, rank, length)


@method
def broadcast_to(Tensor input not None, size):
    """x.expand(size)."""
    return expand(input, *size)


@method
def expand_as(Tensor input not None, Tensor other not None):
    """x.expand(other.shape)."""
    return expand(input, *other.shape)


# ---- sums ------------------------------------------------------------------------------------

cdef Tensor reduced(Tensor x, unsigned int axes, bint keepdim, Kind kind):
    """An unfilled tensor of x's shape with the axes (a set of bits) gone, or of length 1."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank = 0, i
    for i in range(x.rank):
        if not axes >> i & 1:
            length[rank] = x.length[i]
            rank += 1
        elif keepdim:
            length[rank] = 1
            rank += 1
    return new_tensor(kind, rank, length)


cdef Tensor fold(Tensor x, unsigned int axes, size_t *outer, size_t *n, size_t *inner):
    """x as a dense (outer, n, inner) whose middle axis holds all the axes (a set of bits).

    Where these are not neighbours the others are moved to the front first, by a copy."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int i, first = -1, last = -1, at = 0
    cdef bint neighbours = True
    for i in range(x.rank):
        if axes >> i & 1 and x.length[i] != 1:
            first = i if first < 0 else first
            last = i
    for i in range(first, last + 1):
        if i >= 0 and not axes >> i & 1 and x.length[i] != 1:
            neighbours = False
    outer[0] = n[0] = inner[0] = 1
    if neighbours:
        for i in range(x.rank):
            if axes >> i & 1 or (first <= i <= last and first >= 0):
                n[0] *= x.length[i]
            elif first >= 0 and i > last:
                inner[0] *= x.length[i]
            else:
                outer[0] *= x.length[i]
        if first < 0:       # only axes of length 1: nothing to sum
            outer[0] = x.n
            n[0] = inner[0] = 1
        return dense(x)
    for i in range(x.rank):
        if not axes >> i & 1:
            length[at] = x.length[i]
            step[at] = x.step[i]
            outer[0] *= x.length[i]
            at += 1
    for i in range(x.rank):
        if axes >> i & 1:
            length[at] = x.length[i]
            step[at] = x.step[i]
            n[0] *= x.length[i]
            at += 1
    return copy_of(view_as(x, x.rank, length, step, 0))


cpdef Tensor sum_over(Tensor x, unsigned int axes, bint keepdim, double divisor):
    """The sum over axes (a set of bits), divided by divisor; floating dtypes."""
    cdef size_t outer, n, inner
    cdef Tensor y, folded
    if x.kind > FLOAT64:        # float16
        import numpy as np
        total = np.asarray(lend(x), np.float64).sum(tuple([i for i in range(x.rank) if axes >> i & 1]),
                                                    keepdims=keepdim)
        return wrap(np.asarray(total / divisor, dtype_of(x.kind).numpy))
    y = reduced(x, axes, keepdim, x.kind)
    folded = fold(x, axes, &outer, &n, &inner)
    K[x.kind].sum(y.ptr, folded.ptr, outer, n, inner, divisor)
    return y


cdef class SumTo(Op):
    """y = x summed over the axes that broadcasting had repeated
    dx = dy, repeated
    """
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, Tensor shape_of):
        cdef unsigned int axes = 0
        cdef int extra = x.rank - shape_of.rank, i
        cdef Tensor y
        self.shape_of_x = shape_only(x)
        for i in range(x.rank):
            if i < extra or (shape_of.length[i - extra] == 1 and x.length[i] != 1):
                axes |= <unsigned int>1 << i
        y = sum_over(x, axes, True, 1.0)
        return view_as(y, shape_of.rank, shape_of.length, y.step + extra, 0)

    cdef backward(self, Tensor dy):
        return expand_to(dy, self.shape_of_x)


cpdef Tensor sum_to(Tensor x, Tensor shape_of):
    cdef SumTo op
    if same_shape(x, shape_of):
        return x
    op = SumTo.__new__(SumTo)
    return op.record(op.forward(x, shape_of), x)
