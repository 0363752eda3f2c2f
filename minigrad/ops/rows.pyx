"""What every index comes down to: views by integers and slices, and rows taken by their numbers.

An index is gone through in two steps, as PyTorch does:

    x[0, None, 1:, mask, [2, 1]]    integers, slices, ... and None give a view of x      Slice
                                    lists, tensors and masks then pick from that view    Rows

Whatever picks is brought to one form: x is laid out as (outer, rows, inner), and each row of the
result, `inner` neighbours in memory, has its number among the rows. For x[i] the rows are x's own;
x[i, j] counts those of its first two axes as one axis; for gather every element is a row.

    Rows       y = x[:, index, :]                        a row taken twice gets both gradients:
    AddRows    y = 0, then y[:, index, :] += x           each is the other's gradient

Here are the indices that a training loop uses: x[i], x[i:j, ...], x[index]; indexing.py reads all others.
"""
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from minigrad.autograd.engine cimport Op, recording, wants
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.assignment cimport assign, mark_view
from minigrad.ops.broadcast cimport shape_only
from minigrad.tensor cimport (
    BOOL, FLOAT32, FLOAT64, INT64, MAX_RANK, Tensor, cast, check_writable, copy_into, copy_of, dense, describe,
    dtype_of, is_floating, lend, new_scalar, new_tensor, operators, same_shape, to_tensor, view_as, wrap,
)

import numpy as np


# ---- views: integers, slices, ... and None -------------------------------------------------------------

cdef class Slice(Op):
    """y = x[items], items being integers, slices, ... and None; a view
    dx = 0, with dy at [items]
    """
    cdef tuple items
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, tuple items):
        self.items, self.shape_of_x = items, shape_only(x)
        return _view(x, items)

    cdef backward(self, Tensor dy):
        cdef SliceBackward op = SliceBackward.__new__(SliceBackward)
        return op.record(op.forward(dy, self), dy)

    def name(self):
        for item in self.items:
            if isinstance(item, int):
                return "SelectBackward0"
        return "SliceBackward0" if any([isinstance(item, slice) for item in self.items]) else \
            "UnsqueezeBackward0" if None in self.items else "AliasBackward0"


cdef class SliceBackward(Op):
    """y = zeros of the shape of x, with dy at [items]
    d(dy) = y's gradient at [items]
    """
    cdef tuple items

    cdef Tensor forward(self, Tensor dy, Slice of):
        cdef Tensor dx = _zeros(dy, of.shape_of_x)
        self.items = of.items
        copy_into(_view(dx, of.items), dy)
        return dx

    cdef backward(self, Tensor ddy):
        return part(ddy, self.items)


cdef Tensor _zeros(Tensor like, Tensor shape_of):
    cdef Tensor x = new_tensor(like.kind, shape_of.rank, shape_of.length)
    memset(x.ptr, 0, x.n * dtype_of(x.kind).itemsize)
    return x


cpdef Tensor part(Tensor x, tuple items):
    cdef Slice op = Slice.__new__(Slice)
    return mark_view(op.record(op.forward(x, items), x), x)


cdef Tensor _view(Tensor x, tuple items):
    """x[items] for integers, slices, at most one ... and None; not recorded."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef Py_ssize_t offset = 0, start, stop, stride, at
    cdef int rank = 0, axis = 0, given = 0, added = 0
    for item in items:
        if item is None:
            added += 1
        elif item is not Ellipsis:
            given += 1
            added -= not isinstance(item, slice)
    if given > x.rank:
        raise IndexError(f"index: {given} indices for a tensor of {x.rank} axes ({describe(x)})")
    if x.rank + added > MAX_RANK:
        raise IndexError(f"index: the result would have more than {MAX_RANK} axes")
    for item in items:
        if item is None:
            length[rank], step[rank] = 1, 1
            rank += 1
        elif item is Ellipsis:
            for _ in range(x.rank - given):
                length[rank], step[rank] = x.length[axis], x.step[axis]
                axis += 1
                rank += 1
        elif isinstance(item, slice):
            start, stop, stride = (<slice>item).indices(x.length[axis])
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
        length[rank], step[rank] = x.length[axis], x.step[axis]
        axis += 1
        rank += 1
    return view_as(x, rank, length, step, offset)


# ---- copies: rows by their numbers ------------------------------------------------------------------------

cdef class Pick:
    pass


cpdef Tensor indices(str who, object index, Py_ssize_t n, int axis, bint negative):
    """Integers as a dense int64 tensor, each in [0, n); from the end where negative is true."""
    cdef Tensor t = <Tensor>index if isinstance(index, Tensor) else to_tensor(index, INT64)
    cdef int64_t *p
    cdef int64_t least = 0, most = -1
    cdef Py_ssize_t i
    if is_floating(t.kind) or t.kind == BOOL:
        raise IndexError(f"{who}: expected integers as the index, got {describe(t)}; x.long() makes integers")
    t = dense(cast(t, INT64))
    p = <int64_t *>t.ptr
    for i in range(t.n):
        least = p[i] if p[i] < least else least
        most = p[i] if p[i] > most else most
    if least < (-n if negative else 0) or most >= n:
        raise IndexError(f"{who}: index {most if most >= n else least} is out of bounds for axis {axis} of length {n}")
    if least < 0:
        t = copy_of(t)
        p = <int64_t *>t.ptr
        for i in range(t.n):
            if p[i] < 0:
                p[i] += n
    return t


cdef Tensor _shaped(Tensor x, int start, int end, Tensor index):
    """A shape: x's, with the axes [start, end) replaced by those of index."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank = x.rank - (end - start) + index.rank, i
    if rank > MAX_RANK:
        raise IndexError(f"index: the result would have more than {MAX_RANK} axes")
    for i in range(rank):
        length[i] = x.length[i] if i < start else index.length[i - start] if i < start + index.rank else \
            x.length[i - index.rank + end - start]
    return view_as(new_scalar(0, x.kind), rank, length, length, 0)


cpdef Pick pick_rows(Tensor x, int start, int end, Tensor index):
    """Rows of x that are counted along its axes [start, end), these taken as one."""
    cdef Pick pick = Pick.__new__(Pick)
    cdef int i
    pick.outer = pick.rows = pick.inner = 1
    for i in range(x.rank):
        if i < start:
            pick.outer *= x.length[i]
        elif i < end:
            pick.rows *= x.length[i]
        else:
            pick.inner *= x.length[i]
    pick.index = index
    pick.shape_of_x, pick.shape_of_y = shape_only(x), _shaped(x, start, end, index)
    return pick


cpdef Pick elements(Tensor x, object positions):
    cdef Tensor index = positions if isinstance(positions, Tensor) else wrap(np.ascontiguousarray(positions, np.int64))
    if not isinstance(positions, Tensor) and np.ndim(positions) == 0:       # ascontiguousarray makes an axis of it
        index = view_as(index, 0, NULL, NULL, 0)
    return pick_rows(x, 0, x.rank, index)


cdef Tensor _rows_of(Tensor x, Pick pick):
    cdef Tensor y = new_tensor(x.kind, pick.shape_of_y.rank, pick.shape_of_y.length)
    cdef Py_ssize_t size = dtype_of(x.kind).itemsize, count = pick.index.n, pitch, width, o, i
    cdef const int64_t *index = <const int64_t *>pick.index.ptr
    cdef const char *source
    cdef char *target = y.ptr
    pitch = width = pick.inner * size
    if not x.dense:
        if pick.outer == 1 and x.rank and pick.rows == x.length[0] and _view(x, (0 if pick.rows else slice(0),)).dense:
            pitch = x.step[0] * size        # gaps between the rows only
        else:
            x = copy_of(x)
    for o in range(pick.outer):
        source = x.ptr + o * pick.rows * pitch
        if width == 4 and pitch == 4:
            for i in range(count):
                (<int *>target)[i] = (<const int *>source)[index[i]]
        elif width == 8 and pitch == 8:
            for i in range(count):
                (<int64_t *>target)[i] = (<const int64_t *>source)[index[i]]
        else:
            for i in range(count):
                memcpy(target + i * width, source + index[i] * pitch, width)
        target += count * width
    return y


cdef int _add_rows_to(Tensor y, Tensor x, Pick pick) except -1:
    """y[:, index, :] += x, for dense y."""
    cdef Py_ssize_t count = pick.index.n, inner = pick.inner, i
    cdef Py_ssize_t size = dtype_of(y.kind).itemsize
    cdef const int64_t *index = <const int64_t *>pick.index.ptr
    cdef char *target = y.ptr
    cdef const char *source
    cdef Tensor wide
    if y.kind > FLOAT64 and is_floating(y.kind) or y.kind == FLOAT32 and count > 4 * pick.rows:
        wide = cast(y, FLOAT64)             # many rows a sum: rounded once, at its end
        _add_rows_to(wide, cast(x, FLOAT64), pick)
        return copy_into(y, wide)
    x = dense(x)
    if y.kind > FLOAT64:
        np.add.at(lend(y).reshape(pick.outer, pick.rows, inner), (slice(None), lend(pick.index).ravel()),
                  lend(x).reshape(pick.outer, count, inner))
        return 0
    source = x.ptr
    for _ in range(pick.outer):
        if inner == 1 and y.kind == FLOAT32:
            for i in range(count):
                (<float *>target)[index[i]] += (<const float *>source)[i]
        elif inner == 1:
            for i in range(count):
                (<double *>target)[index[i]] += (<const double *>source)[i]
        else:
            for i in range(count):
                K[y.kind].axpy(target + index[i] * inner * size, source + i * inner * size, 1.0, inner)
        target += pick.rows * inner * size
        source += count * inner * size
    return 0


cdef class Rows(Op):
    """y = x[:, index, :]
    dx = 0, with dy added in at [:, index, :]
    """
    cdef Pick pick
    cdef str label

    cdef Tensor forward(self, Tensor x, Pick pick):
        self.pick, self.saved = pick, (pick.index,)
        return _rows_of(x, pick)

    cdef backward(self, Tensor dy):
        return add_rows(dy, self.pick, self.label)

    def name(self):
        return f"{self.label}Backward0"


cdef class AddRows(Op):
    """y = zeros, with x added in at [:, index, :]
    dx = dy[:, index, :]
    """
    cdef Pick pick
    cdef str label

    cdef Tensor forward(self, Tensor x, Pick pick):
        cdef Tensor y = _zeros(x, pick.shape_of_x)
        self.pick, self.saved = pick, (pick.index,)
        _add_rows_to(y, x, pick)
        return y

    cdef backward(self, Tensor dy):
        return take_rows(dy, self.pick, self.label)

    def name(self):
        return f"{self.label}Backward0"


cpdef Tensor take_rows(Tensor x, Pick pick, str name):
    cdef Rows op = Rows.__new__(Rows)
    op.label = name
    return op.record(op.forward(x, pick), x)


cpdef Tensor add_rows(Tensor x, Pick pick, str name):
    cdef AddRows op = AddRows.__new__(AddRows)
    op.label = name
    return op.record(op.forward(x, pick), x)


# ---- x[index] and x[index] = v ---------------------------------------------------------------------------------

cdef object _get_by_any = None, _set_by_any = None      # indexing.py's


def read_other_indices(get, set):
    """Says which functions compute x[index], and x[index] = v, for an index that is not plain."""
    global _get_by_any, _set_by_any
    _get_by_any, _set_by_any = get, set


cdef bint _is_plain(object item):
    """Whether it is an integer, a slice by integers, None or ..."""
    if type(item) is slice:
        return (item.start is None or type(item.start) is int) and (item.stop is None or type(item.stop) is int) and (
            item.step is None or type(item.step) is int)
    return type(item) is int or item is None or item is Ellipsis


cdef tuple _plain(object index):
    """The index as items of a view, or None where it needs more thought."""
    cdef int dots = 0
    if type(index) is not tuple:
        return (index,) if _is_plain(index) else None
    for item in <tuple>index:
        if not _is_plain(item):
            return None
        dots += item is Ellipsis
    return None if dots > 1 else <tuple>index


cdef object _getitem(object self, object index):
    cdef Tensor x = <Tensor>self
    cdef tuple items
    if isinstance(index, Tensor) and (<Tensor>index).kind == INT64 and (<Tensor>index).rank and x.rank:
        return take_rows(x, pick_rows(x, 0, 1, indices("index", index, x.length[0], 0, True)), "Index")
    items = _plain(index)
    return _get_by_any(x, index) if items is None else part(x, items)


cdef object _setitem(Tensor x, object index, object value):
    cdef tuple items = _plain(index)
    check_writable(x)
    value = convert(value if isinstance(value, Tensor) else to_tensor(value, x.kind), x.kind)
    if items is None or not set_part(x, items, value):
        _set_by_any(x, index, value)


cpdef int set_part(Tensor x, tuple items, Tensor v) except -1:
    """x[items] = v, v being of x's dtype; items as in part(). Not done, and 0, where it would have to be
    recorded as a change of a view of a tensor with gaps in its memory."""
    cdef Tensor base = x if x._base is None else x._base, target = _view(x, items)
    cdef bint recorded = recording() and (wants(x) or wants(v) or base.requires)
    if v.storage == x.storage and v.ptr == target.ptr and same_shape(v, target) and _same_steps(v, target) \
            and (not recorded or (v._base is base and wants(v))):
        return 1        # x[i] += 1 has changed x[i] in x's memory, and ends by putting it there
    v = fitted(v, target)
    if not recorded:
        copy_into(target, v)
    elif base.dense:
        assign(part(x, items), v)
    else:
        return 0
    return 1


cpdef Tensor fitted(Tensor v, Tensor shape_of):
    """v stretched to a shape; axes of length 1 that it has too many in front go."""
    cdef int extra = v.rank - shape_of.rank
    if extra > 0 and all([v.length[i] == 1 for i in range(extra)]):
        v = v.reshape(tuple(v.shape)[extra:])
    try:
        return v.expand(tuple(shape_of.shape))
    except ValueError:
        raise ValueError(
            f"setting an index: a value of {describe(v)} does not fit into a part of shape {tuple(shape_of.shape)}"
        ) from None


cpdef int write_at(Tensor x, object key, Tensor v) except -1:
    """x[key] = v as NumPy does it; not recorded."""
    try:
        lend(x)[key] = lend(copy_of(v) if v.storage == x.storage else v)
    except (IndexError, ValueError) as error:
        raise type(error)(f"setting an index: {error}; the tensor is {describe(x)}, the value {describe(v)}") from None
    x.storage.version += 1
    return 0


cdef bint _same_steps(Tensor a, Tensor b) noexcept:
    cdef int i
    for i in range(a.rank):
        if a.length[i] > 1 and a.step[i] != b.step[i]:
            return False
    return True


operators.getitem = _getitem
operators.setitem = _setitem
