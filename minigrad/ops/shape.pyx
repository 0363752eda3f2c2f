"""Shapes: other looks at the same elements.

A view shares its tensor's memory; a gradient is carried back by the opposite rearrangement. What is made of
these views (ravel, movedim, atleast_2d, squeeze_, ...) stands in axes.py.
"""
from minigrad.autograd.engine cimport Op, recording
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.assignment cimport mark_view
from minigrad.ops.broadcast cimport shape_only
from minigrad.tensor cimport (
    MAX_RANK, Tensor, axis_of, copy_of, dense, describe, dtype_of, kind_of, lend, view_as, wrap,
)

from minigrad.tensor import _become, add_method, check_device, method


# ---- copies -------------------------------------------------------------------------------------------

cdef class Clone(Op):
    """y = a copy of x
    dx = dy
    """
    cdef Tensor forward(self, Tensor x):
        return copy_of(x)

    cdef backward(self, Tensor dy):
        return dy


@method
def clone(Tensor input not None, *, memory_format=None):
    """A copy with its own memory; gradients flow through it."""
    cdef Clone op = Clone.__new__(Clone)
    return op.record(op.forward(input), input)


@method
def contiguous(Tensor input not None, memory_format=None):
    """The tensor itself where its elements lie row-major without gaps, else such a copy."""
    return input if input.dense else clone(input)


@method
def to(Tensor self not None, *args, dtype=None, device=None, non_blocking=False, copy=False,
       memory_format=None):
    """The tensor in another dtype: to(dtype), to(device), to(device, dtype), to(other tensor).

    Itself where nothing changes. The only device is "cpu".
    """
    cdef Tensor x
    for argument in args:
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, str) and argument.partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta"):
            device = argument
        elif isinstance(argument, bool):
            continue
        elif argument is not None and type(argument).__name__ == "device":
            device = argument
        elif argument is not None:
            dtype = argument
    check_device(device)
    x = self if dtype is None else convert(self, kind_of(dtype))
    return clone(x) if copy and x is self else x


# ---- reshaping -----------------------------------------------------------------------------------------

cdef class Reshape(Op):
    """y = x's elements in row-major order, in another shape; a view where x is contiguous
    dx = dy in x's shape
    """
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, int rank, const Py_ssize_t *length):
        cdef Py_ssize_t step[MAX_RANK]
        cdef Py_ssize_t n = 1
        cdef int i
        self.shape_of_x = shape_only(x)
        for i in range(rank - 1, -1, -1):
            step[i] = n
            n *= length[i] if length[i] > 1 else 1
        return view_as(dense(x), rank, length, step, 0)

    cdef backward(self, Tensor dy):
        return _reshape(dy, self.shape_of_x.rank, self.shape_of_x.length)

    def name(self):
        return "ViewBackward0"


cdef Tensor _reshape(Tensor x, int rank, const Py_ssize_t *length):
    cdef Reshape op = Reshape.__new__(Reshape)
    return mark_view(op.record(op.forward(x, rank, length), x), x)


cdef int _infer(Tensor x, object shape, Py_ssize_t *length) except -1:
    """Reads a shape in which one length may be -1 (whatever is left); gives its rank."""
    cdef int rank, i, unknown = -1
    cdef Py_ssize_t n = 1
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else tuple(shape)
    rank = len(shape)
    if rank > MAX_RANK:
        raise ValueError(f"a tensor has at most {MAX_RANK} axes, got the shape {shape}")
    for i in range(rank):
        length[i] = shape[i]
        if length[i] == -1 and unknown < 0:
            unknown = i
        elif length[i] < 0:
            raise ValueError(f"reshape: lengths are >= 0, and one may be -1; got {shape}")
        else:
            n *= length[i]
    if unknown >= 0 and n > 0 and x.n % n == 0:
        length[unknown] = x.n // n
        n *= length[unknown]
    if n != x.n or (unknown >= 0 and length[unknown] < 0):
        raise ValueError(f"reshape: {tuple(x.shape)} holds {x.n} elements and cannot be seen as {shape}")
    return rank


@method
def reshape(Tensor input not None, *lengths, shape=None):
    """The same elements in another shape; one length may be -1, for what is left.

    A view where the tensor is contiguous, else a copy. Errors: ValueError where the numbers
    of elements differ.
    """
    cdef Py_ssize_t length[MAX_RANK]
    shape = lengths if shape is None else (shape,)
    if len(shape) == 0:
        raise TypeError("reshape: give the shape, for example x.reshape(-1, 28 * 28)")
    return _reshape(input, _infer(input, shape, length), length)


@method
def view(Tensor self not None, *shape):
    """reshape(), but never a copy: an error where the memory's order does not allow it.
    With a dtype: the tensor's bits read as that dtype."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int rank
    cdef Reshape op
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list)):
        return wrap(lend(self).view(dtype_of(kind_of(shape[0])).numpy))
    rank = _infer(self, shape, length)
    if self.dense:
        return _reshape(self, rank, length)
    if not _regroup(self, rank, length, step):
        raise ValueError(
            f"view: a tensor of shape {tuple(self.shape)} and strides {self.stride()} cannot be seen as "
            f"{tuple([length[i] for i in range(rank)])} without a copy; use reshape()"
        )
    op = Reshape.__new__(Reshape)
    op.shape_of_x = shape_only(self)
    return mark_view(op.record(view_as(self, rank, length, step, 0), self), self)


cdef bint _regroup(Tensor x, int rank, const Py_ssize_t *length, Py_ssize_t *step) noexcept:
    """The strides of x in another shape, if there are any: axes may be cut, and merged only
    where the outer one's stride is the inner one's times its length."""
    cdef int i = x.rank - 1, j = rank - 1
    cdef Py_ssize_t have, want, stride
    while i >= 0 or j >= 0:
        while i >= 0 and x.length[i] == 1:
            i -= 1
        if i < 0:
            while j >= 0:
                step[j] = 1
                j -= 1
            return True
        stride = x.step[i]
        have = x.length[i]
        while i > 0 and (x.length[i - 1] == 1 or x.step[i - 1] == stride * have):
            i -= 1
            have *= x.length[i]
        i -= 1
        want = 1
        while j >= 0 and want < have:
            step[j] = stride * want
            want *= length[j]
            j -= 1
        if want != have:
            return False
    return True


@method
def flatten(Tensor input not None, start_dim=0, end_dim=-1):
    """The axes from start_dim to end_dim as one."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int start = axis_of(start_dim, input.rank), end = axis_of(end_dim, input.rank), rank = 0, i
    if start > end:
        raise ValueError(f"flatten: start_dim {start_dim} is behind end_dim {end_dim}")
    if input.rank == 0:
        return reshape(input, 1)
    for i in range(input.rank):
        if i <= start or i > end:
            length[rank] = input.length[i]
            rank += 1
        else:
            length[rank - 1] *= input.length[i]
    return _reshape(input, rank, length)


# ---- axes -----------------------------------------------------------------------------------------------

cdef class Permute(Op):
    """y = x with its axes in another order; a view
    dx = dy with them put back
    """
    cdef int order[MAX_RANK]

    cdef Tensor forward(self, Tensor x, const int *order):
        cdef Py_ssize_t length[MAX_RANK]
        cdef Py_ssize_t step[MAX_RANK]
        cdef int i
        for i in range(x.rank):
            self.order[i] = order[i]
            length[i] = x.length[order[i]]
            step[i] = x.step[order[i]]
        return view_as(x, x.rank, length, step, 0)

    cdef backward(self, Tensor dy):
        cdef int back[MAX_RANK]
        cdef int i
        for i in range(dy.rank):
            back[self.order[i]] = i
        return _permute(dy, back)


cdef Tensor _permute(Tensor x, const int *order):
    cdef Permute op = Permute.__new__(Permute)
    return mark_view(op.record(op.forward(x, order), x), x)


@method
def permute(Tensor input not None, *order_of_axes, dims=None):
    """The axes in the order dims names them."""
    cdef int order[MAX_RANK]
    cdef int i
    dims = order_of_axes if dims is None else (dims,)
    dims = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    if len(dims) != input.rank or {axis_of(d, input.rank) for d in dims} != set(range(input.rank)):
        raise ValueError(f"permute: expected each of the {input.rank} axes of {describe(input)} once, got {dims}")
    for i in range(input.rank):
        order[i] = axis_of(dims[i], input.rank)
    return _permute(input, order)


@method
def transpose(Tensor input not None, dim0, dim1):
    """Two axes exchanged."""
    cdef int order[MAX_RANK]
    cdef int i, a = axis_of(dim0, input.rank), b = axis_of(dim1, input.rank)
    for i in range(input.rank):
        order[i] = b if i == a else a if i == b else i
    return _permute(input, order)


@method
def t(Tensor input not None):
    """A matrix with its axes exchanged; vectors stay as they are."""
    if input.rank > 2:
        raise ValueError(f"t: expected at most 2 axes, got {describe(input)}; use x.mT or x.transpose(a, b)")
    return input if input.rank < 2 else transpose(input, 0, 1)


def _reversed_axes(Tensor self not None):
    """The axes in reverse order."""
    cdef int order[MAX_RANK]
    cdef int i
    for i in range(self.rank):
        order[i] = self.rank - 1 - i
    return _permute(self, order)


def _matrix_transpose(Tensor self not None):
    """The last two axes exchanged."""
    if self.rank < 2:
        raise ValueError(f"mT: expected at least 2 axes, got {describe(self)}")
    return transpose(self, -2, -1)


add_method("T", property(_reversed_axes))
add_method("mT", property(_matrix_transpose))


@method
def unsqueeze(Tensor input not None, dim):
    """A new axis of length 1 at place dim."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int axis, i
    cdef Reshape op
    if input.rank == MAX_RANK:
        raise ValueError(f"unsqueeze: a tensor has at most {MAX_RANK} axes")
    axis = axis_of(dim, input.rank + 1)
    for i in range(input.rank + 1):
        length[i] = 1 if i == axis else input.length[i - (i > axis)]
        step[i] = 1 if i == axis else input.step[i - (i > axis)]
    if axis < input.rank:
        step[axis] = input.step[axis] * input.length[axis]
    op = Reshape.__new__(Reshape)
    op.shape_of_x = shape_only(input)
    return mark_view(op.record(view_as(input, input.rank + 1, length, step, 0), input), input)


@method
def squeeze(Tensor input not None, dim=None):
    """Without the axes of length 1: all of them, or those among dim."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int rank = 0, i
    cdef Reshape op
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    chosen = None if dim is None else {axis_of(d, input.rank) for d in dims}
    for i in range(input.rank):
        if input.length[i] != 1 or (chosen is not None and i not in chosen):
            length[rank] = input.length[i]
            step[rank] = input.step[i]
            rank += 1
    op = Reshape.__new__(Reshape)
    op.shape_of_x = shape_only(input)
    return mark_view(op.record(view_as(input, rank, length, step, 0), input), input)


# ---- the shape itself changed -----------------------------------------------------------------------------------

cpdef Tensor take_shape_of(Tensor self, Tensor y):
    """self becomes y, a view of self: its shape and strides, and what is recorded of it."""
    if recording() and self.requires and self.maker is None:
        raise RuntimeError(
            "the shape of a leaf that requires grad was changed in place while recording; wrap it in "
            "`with minigrad.no_grad():`, or use the function without the underscore"
        )
    maker, requires = y.maker, y.requires
    if y is not self:
        _become(self, y)
        if requires:
            self.maker, self.requires = maker, requires
    return self
