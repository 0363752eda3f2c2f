"""Shapes: other looks at the same elements, parts of a tensor, tensors put together.

A view shares its tensor's memory; a gradient is carried back by the opposite rearrangement.
"""
from minigrad.autograd.engine cimport Op, recording, wants
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.broadcast cimport shape_only, sum_to
from minigrad.ops.inplace cimport assign, mark_view
from minigrad.tensor cimport (
    BOOL, INT64, KINDS, MAX_RANK, Kind, Tensor, alias, axis_of, cast, check_writable, copy_into, copy_of, dense,
    describe, dtype_of, is_floating, kind_of, lend, new_tensor, operators, parse_shape, promote_kinds, same_shape, to_tensor,
    view_as, wrap,
)

import numpy as np

from minigrad.tensor import add_method, check_device, device, method


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
def to(Tensor self not None, *args, dtype=None, device=None, non_blocking=False, copy=False):
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


def _caster(str name, Kind kind, str dtype):
    def convert_to(Tensor self not None, memory_format=None):
        return convert(self, kind)

    convert_to.__name__ = name
    convert_to.__doc__ = f"The tensor as {dtype}; itself where it is."
    add_method(name, convert_to)


for _name, _dtype in (("float", "float32"), ("double", "float64"), ("half", "float16"), ("long", "int64"),
                      ("int", "int32"), ("short", "int16"), ("char", "int8"), ("byte", "uint8"), ("bool", "bool")):
    _caster(_name, kind_of(_dtype), _dtype)


@method
def type_as(Tensor self not None, Tensor other not None):
    """The tensor in other's dtype."""
    return convert(self, other.kind)


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
def reshape(Tensor input not None, *shape):
    """The same elements in another shape; one length may be -1, for what is left.

    A view where the tensor is contiguous, else a copy. Errors: ValueError where the numbers
    of elements differ.
    """
    cdef Py_ssize_t length[MAX_RANK]
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


def _view_as_method(Tensor self not None, Tensor other not None):
    """self.view(other.shape)."""
    return view(self, *other.shape)


add_method("view_as", _view_as_method)


@method
def reshape_as(Tensor self not None, Tensor other not None):
    """self.reshape(other.shape)."""
    return reshape(self, *other.shape)


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


@method
def unflatten(Tensor input not None, dim, sizes):
    """Axis dim as several axes of the given sizes; one may be -1."""
    cdef int axis = axis_of(dim, input.rank)
    shape = tuple(input.shape)
    sizes = list(sizes)
    if -1 in sizes:
        known = 1
        for s in sizes:
            known *= s if s != -1 else 1
        sizes[sizes.index(-1)] = shape[axis] // known if known else 0
    return reshape(input, *shape[:axis], *sizes, *shape[axis + 1:])


@method
def ravel(Tensor input not None):
    """All elements in one axis."""
    return reshape(input, -1)


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
def permute(Tensor input not None, *dims):
    """The axes in the order dims names them."""
    cdef int order[MAX_RANK]
    cdef int i
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


add_method("swapaxes", transpose)


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
def movedim(Tensor input not None, source, destination):
    """Axis source moved to the place destination; the others keep their order."""
    sources = [axis_of(s, input.rank) for s in (source if isinstance(source, (tuple, list)) else (source,))]
    targets = [axis_of(d, input.rank) for d in
               (destination if isinstance(destination, (tuple, list)) else (destination,))]
    order = [i for i in range(input.rank) if i not in sources]
    for to_place, axis in sorted(zip(targets, sources)):
        order.insert(to_place, axis)
    return permute(input, *order)


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
    chosen = None if dim is None else {axis_of(d, input.rank) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))}
    for i in range(input.rank):
        if input.length[i] != 1 or (chosen is not None and i not in chosen):
            length[rank] = input.length[i]
            step[rank] = input.step[i]
            rank += 1
    op = Reshape.__new__(Reshape)
    op.shape_of_x = shape_only(input)
    return mark_view(op.record(view_as(input, rank, length, step, 0), input), input)


# ---- parts -----------------------------------------------------------------------------------------------

cdef class Index(Op):
    """y = x[index]; a view for integers, slices, ... and None, a copy for lists and masks
    dx = 0 everywhere, with dy added in at [index] (an element taken twice gets both)
    """
    cdef object index
    cdef bint once              # no element is taken twice
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, object index):
        self.index, self.shape_of_x = index, shape_only(x)
        self.once = True
        cdef Tensor y = _view(x, index)
        if y is not None:
            return y
        self.once = False
        try:
            taken = lend(x)[index]
        except IndexError as error:
            raise IndexError(f"index: {error}; the tensor is {describe(x)}") from None
        if not isinstance(taken, np.ndarray):       # NumPy gives a bare number for a single element
            taken = np.asarray(taken)
        return copy_of(wrap(taken)) if np.may_share_memory(taken, lend(x)) else wrap(taken)

    cdef backward(self, Tensor dy):
        cdef IndexAdd op = IndexAdd.__new__(IndexAdd)
        return op.record(op.forward(dy, self), dy)

    def name(self):
        return "SelectBackward0" if isinstance(self.index, int) else \
            "SliceBackward0" if self.once else "IndexBackward0"


cdef class IndexAdd(Op):
    """y = zeros of the shape of x, with dy added in at [index]: the gradient of Index
    d(dy) = y's gradient at [index]
    """
    cdef object index

    cdef Tensor forward(self, Tensor dy, Index of):
        cdef Tensor dx = new_tensor(dy.kind, of.shape_of_x.rank, of.shape_of_x.length)
        array = lend(dx)
        array[...] = 0
        self.index = of.index
        if of.once:
            array[of.index] = lend(dy)
        else:
            np.add.at(array, of.index, lend(dy))
        return dx

    cdef backward(self, Tensor ddy):
        return _index(ddy, self.index)


cdef Tensor _view(Tensor x, object index):
    """x[index] as a view, or None where the index needs a copy (a list or a mask in it)."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef Py_ssize_t offset = 0, start, stop, stride, at
    cdef int rank = 0, axis = 0, given = 0, i
    cdef tuple items = index if isinstance(index, tuple) else (index,)
    for item in items:
        if isinstance(item, bool):
            return None
        if isinstance(item, (int, slice)):
            given += 1
        elif item is not None and item is not Ellipsis:
            return None
    if given > x.rank:
        raise IndexError(f"index: {given} indices for a tensor of {x.rank} axes ({describe(x)})")
    for item in items:
        if rank == MAX_RANK:
            raise IndexError(f"index: the result would have more than {MAX_RANK} axes")
        if item is None:
            length[rank], step[rank] = 1, 1
            rank += 1
        elif item is Ellipsis:
            for i in range(x.rank - given):
                length[rank], step[rank] = x.length[axis], x.step[axis]
                axis += 1
                rank += 1
            given = x.rank      # a second ... stands for nothing
        elif isinstance(item, slice):
            start, stop, stride = item.indices(x.length[axis])
            at = (stop - start + (stride - 1 if stride > 0 else stride + 1)) // stride if \
                (stop > start) == (stride > 0) and stop != start else 0
            length[rank], step[rank] = at, x.step[axis] * stride
            if at > 0:
                offset += start * x.step[axis]
            axis += 1
            rank += 1
        else:
            at = item
            if not -x.length[axis] <= at < x.length[axis]:
                raise IndexError(
                    f"index: {at} is out of bounds for axis {axis} of length {x.length[axis]} ({describe(x)})"
                )
            offset += (at + x.length[axis] if at < 0 else at) * x.step[axis]
            axis += 1
    while axis < x.rank:
        if rank == MAX_RANK:
            raise IndexError(f"index: the result would have more than {MAX_RANK} axes")
        length[rank], step[rank] = x.length[axis], x.step[axis]
        axis += 1
        rank += 1
    return view_as(x, rank, length, step, offset)


cdef object _plain(object index):
    """An index with its tensors as arrays (or as ints, where they hold one number)."""
    cdef Tensor x
    if isinstance(index, tuple):
        return tuple([_plain(item) for item in index])
    if isinstance(index, Tensor):
        x = <Tensor>index
        if is_floating(x.kind):
            raise IndexError(f"index: expected integers or a mask, got {describe(x)}; x.long() makes integers")
        return lend(x).item() if x.rank == 0 and x.kind != BOOL else lend(x)
    if isinstance(index, list):
        return np.asarray([_plain(item) for item in index], dtype=None if index else np.int64)
    if isinstance(index, range):
        return np.arange(index.start, index.stop, index.step)
    if isinstance(index, np.integer):
        return int(index)
    return index


cdef Tensor _index(Tensor x, object index):
    cdef Index op = Index.__new__(Index)
    return mark_view(op.record(op.forward(x, index), x), x)


cdef object _getitem(object x, object index):
    return _index(<Tensor>x, index if isinstance(index, int) else _plain(index))


cdef class SetIndex(Op):
    """y = x with v at [index]
    dx = dy with 0 at [index];  dv = dy[index]
    """
    cdef object index
    cdef Tensor shape_of_v

    cdef Tensor forward(self, Tensor x, object index, Tensor v):
        cdef Tensor y = copy_of(x)
        self.index, self.shape_of_v = index, shape_only(v)
        _write(y, index, v)
        return y

    cdef backward(self, Tensor dy):
        dx = dv = None
        if self.needs(0):
            dx = clone(dy)
            dx[self.index] = 0
        if self.needs(1):
            dv = sum_to(_index(dy, self.index), self.shape_of_v)
        return dx, dv


cdef int _write(Tensor x, object index, Tensor v) except -1:
    try:
        lend(x)[index] = lend(v)
    except (IndexError, ValueError) as error:
        raise type(error)(f"setting an index: {error}; the tensor is {describe(x)}, the value {describe(v)}") from None
    return 0


cdef object _setitem(Tensor x, object index, object value):
    cdef SetIndex op
    cdef Tensor v = value if isinstance(value, Tensor) else to_tensor(value, x.kind)
    check_writable(x)
    index = _plain(index)
    v = convert(v, x.kind)
    if recording() and (wants(x) or wants(v)):
        op = SetIndex.__new__(SetIndex)
        assign(x, op.record(op.forward(x, index, v), x, v))
    else:
        _write(x, index, copy_of(v) if v.storage == x.storage else v)
        x.storage.version += 1


operators.getitem = _getitem
operators.setitem = _setitem


@method
def narrow(Tensor input not None, dim, Py_ssize_t start, Py_ssize_t length):
    """The part [start, start + length) of an axis; a view."""
    cdef int axis = axis_of(dim, input.rank)
    if start < 0:
        start += input.length[axis]
    if length < 0 or start < 0 or start + length > input.length[axis]:
        raise IndexError(
            f"narrow: [{start}, {start + length}) is not inside axis {axis} of length {input.length[axis]}"
        )
    return _index(input, (slice(None),) * axis + (slice(start, start + length),))


@method
def select(Tensor input not None, dim, index):
    """One index of an axis, which goes; a view."""
    return _index(input, (slice(None),) * axis_of(dim, input.rank) + (index,))


@method
def unbind(Tensor input not None, dim=0):
    """The parts along an axis, which goes, as a tuple."""
    cdef int axis = axis_of(dim, input.rank)
    return tuple([_index(input, (slice(None),) * axis + (i,)) for i in range(input.length[axis])])


@method
def split(Tensor tensor not None, split_size_or_sections, dim=0):
    """Parts along an axis, of one size each (the last may be smaller) or of the sizes listed."""
    cdef int axis = axis_of(dim, tensor.rank)
    cdef Py_ssize_t n = tensor.length[axis], start = 0
    if isinstance(split_size_or_sections, int):
        if split_size_or_sections <= 0:
            raise ValueError(f"split: the size of a part must be at least 1, got {split_size_or_sections}")
        sizes = [min(split_size_or_sections, n - at) for at in range(0, n, split_size_or_sections)] or [0]
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != n:
            raise ValueError(f"split: the sizes {sizes} sum to {sum(sizes)}, axis {axis} is {n} long")
    parts = []
    for size in sizes:
        parts.append(narrow(tensor, axis, start, size))
        start += size
    return tuple(parts)


@method
def chunk(Tensor input not None, Py_ssize_t chunks, dim=0):
    """The axis in (at most) `chunks` parts of equal size, the last smaller."""
    cdef Py_ssize_t n = input.length[axis_of(dim, input.rank)]
    if chunks <= 0:
        raise ValueError(f"chunk: expected at least 1 chunk, got {chunks}")
    return split(input, max(1, -(-n // chunks)), dim)


# ---- tensors put together ---------------------------------------------------------------------------------

cdef class Cat(Op):
    """y = the tensors one after the other along an axis
    dx_i = the part of dy that x_i became
    """
    cdef int axis
    cdef list sizes

    cdef Tensor forward(self, list tensors, int axis):
        cdef Tensor x, first = tensors[0]
        cdef Py_ssize_t length[MAX_RANK]
        cdef int i
        for i in range(first.rank):
            length[i] = first.length[i]
        self.axis = axis
        self.sizes = [(<Tensor>x).length[axis] for x in tensors]
        length[axis] = sum(self.sizes)
        cdef Tensor y = new_tensor(first.kind, first.rank, length), part
        cdef Py_ssize_t at = 0
        for x in tensors:
            length[axis] = x.length[axis]
            part = view_as(y, y.rank, length, y.step, at * y.step[axis])
            copy_into(part, x)
            at += x.length[axis]
        return y

    cdef backward(self, Tensor dy):
        return split(dy, self.sizes, self.axis)


def cat(tensors, dim=0):
    """The tensors one after the other along axis dim; their other lengths agree."""
    cdef list xs = list(tensors)
    cdef Tensor x, first
    cdef Cat op
    cdef Kind kind
    cdef int axis, i
    if not xs:
        raise ValueError("cat: expected at least one tensor")
    for i, item in enumerate(xs):
        if not isinstance(item, Tensor):
            raise TypeError(f"cat: expected tensors, got {type(item).__name__} at place {i}")
    filled = [x for x in xs if not (x.rank == 1 and x.n == 0)]     # PyTorch skips these
    if len(filled) == 0:
        return clone(xs[0])
    xs = filled
    first = xs[0]
    if first.rank == 0:
        raise ValueError("cat: tensors of no axes have none to join along; use stack()")
    kind = first.kind
    axis = axis_of(dim, first.rank)
    for x in xs:
        if x.rank != first.rank or any([x.length[i] != first.length[i] for i in range(x.rank) if i != axis]):
            raise ValueError(
                f"cat: shapes {tuple(first.shape)} and {tuple(x.shape)} differ outside axis {axis}"
            )
        kind = promote_kinds(kind, x.kind)
    xs = [convert(x, kind) for x in xs]
    op = Cat.__new__(Cat)
    return op.record_all(op.forward(xs, axis), xs)


def stack(tensors, dim=0):
    """Tensors of one shape along a new axis dim."""
    xs = list(tensors)
    if not xs:
        raise ValueError("stack: expected at least one tensor")
    for x in xs:
        if tuple(x.shape) != tuple(xs[0].shape):
            raise ValueError(f"stack: expected one shape for all, got {tuple(xs[0].shape)} and {tuple(x.shape)}")
    return cat([unsqueeze(x, axis_of(dim, (<Tensor>x).rank + 1)) for x in xs], axis_of(dim, (<Tensor>xs[0]).rank + 1))
