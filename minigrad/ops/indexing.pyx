"""Parts of a tensor: x[index] in every form, x[index] = v, gather and scatter and their kin.

An index is gone through in two steps, as PyTorch does:

    x[0, None, 1:, mask, [2, 1]]    integers, slices, ... and None give a view of x      Slice
                                    lists, tensors and masks then pick from that view    Rows

Whatever picks is brought to one form: x is laid out as (outer, rows, inner), and each row of the
result, `inner` neighbours in memory, has its number among the rows. For x[i] the rows are x's own;
x[i, j] counts those of its first two axes as one axis; for gather every element is a row.

    Rows       y = x[:, index, :]                        AddRows and Rows are each other's gradient;
    AddRows    y = 0, then y[:, index, :] += x           a row taken twice gets both gradients
    PutRows    y = x, then y[:, index, :] = v            of a row written twice the last one counts
"""
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from minigrad.autograd.engine cimport Op, recording, wants
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.broadcast cimport shape_only
from minigrad.ops.inplace cimport assign, mark_view
from minigrad.tensor cimport (
    BOOL, FLOAT32, FLOAT64, INT64, KINDS, MAX_RANK, UINT8, Kind, Tensor, axis_of, cast, check_writable, copy_into,
    copy_of, dense, describe, dtype_of, filled, is_floating, is_scalar, lend, new_scalar, new_tensor, operators,
    same_shape, to_tensor, view_as, wrap,
)

import warnings

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import inplace
from minigrad.ops.shape import permute, reshape
from minigrad.tensor import method


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


cdef Tensor part(Tensor x, tuple items):
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


cdef Tensor indices(str who, object index, Py_ssize_t n, int axis, bint negative):
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


cdef Pick _pick(Tensor x, int start, int end, Tensor index):
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


cdef Pick elements(Tensor x, object positions):
    cdef Tensor index = positions if isinstance(positions, Tensor) else wrap(np.ascontiguousarray(positions, np.int64))
    if not isinstance(positions, Tensor) and np.ndim(positions) == 0:       # ascontiguousarray makes an axis of it
        index = view_as(index, 0, NULL, NULL, 0)
    return _pick(x, 0, x.rank, index)


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


cdef class PutRows(Op):
    """y = x with v at [:, index, :]; where a row is named twice, its last v
    dx = dy with 0 at [:, index, :];  dv = dy[:, index, :], 0 for each v that was written over
    """
    cdef Pick pick
    cdef str label

    cdef Tensor forward(self, Tensor x, Tensor v, Pick pick):
        cdef Tensor y = copy_of(x)
        cdef Py_ssize_t width = pick.inner * dtype_of(x.kind).itemsize, count = pick.index.n, o, i
        cdef const int64_t *index = <const int64_t *>pick.index.ptr
        self.pick, self.saved = pick, (pick.index,)
        v = dense(v)
        for o in range(pick.outer):
            for i in range(count):
                memcpy(y.ptr + (o * pick.rows + index[i]) * width, v.ptr + (o * count + i) * width, width)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor dx = None, dv = None
        cdef Pick pick = self.pick
        if self.needs(0):
            dx = put_rows(dy, _zeros(dy, pick.shape_of_y), pick, self.label)
        if self.needs(1):
            dv = take_rows(dy, pick, self.label)
            counted, places = lend(pick.index).ravel(), np.arange(pick.index.n)
            last = np.empty(pick.rows, np.int64)
            last[counted] = places
            stayed = last[counted] == places
            if not stayed.all():
                shape = (pick.outer, pick.index.n, pick.inner)
                dv = where(wrap(stayed[:, None]), dv.reshape(*shape), 0.0).reshape(*pick.shape_of_y.shape)
        return dx, dv

    def name(self):
        return f"{self.label}Backward0"


cdef Tensor take_rows(Tensor x, Pick pick, str name):
    cdef Rows op = Rows.__new__(Rows)
    op.label = name
    return op.record(op.forward(x, pick), x)


cdef Tensor add_rows(Tensor x, Pick pick, str name):
    cdef AddRows op = AddRows.__new__(AddRows)
    op.label = name
    return op.record(op.forward(x, pick), x)


cdef Tensor put_rows(Tensor x, Tensor v, Pick pick, str name):
    cdef PutRows op = PutRows.__new__(PutRows)
    op.label = name
    return op.record(op.forward(x, v, pick), x, v)


# ---- an index taken apart -----------------------------------------------------------------------------------

cdef tuple _as_tuple(object index):
    if isinstance(index, tuple):
        return index
    if isinstance(index, list):     # PyTorch takes [[0, 1], [1, 2]] as two indices, [0, 1] as one
        for item in index:
            if item is None or item is Ellipsis or isinstance(item, (slice, list, tuple, np.ndarray, Tensor)):
                return tuple(index)
    return (index,)


cdef object _one(object item):
    """An index for one place: an int, a slice, None, ..., a bool; or a tensor or an array."""
    cdef Tensor t
    if isinstance(item, Tensor):
        t = <Tensor>item
        if is_floating(t.kind):
            raise IndexError(f"index: expected integers or a mask, got {describe(t)}; x.long() makes integers")
        if t.kind == UINT8:
            warnings.warn("index: a uint8 tensor is taken as a mask, as in PyTorch; use x.bool() for a mask, "
                          "x.long() for indices", stacklevel=2)
            t = cast(t, BOOL)
        return t.item() if t.rank == 0 else t
    if isinstance(item, slice):
        for bound in (item.start, item.stop, item.step):
            if bound is not None and not isinstance(bound, int):
                return slice(*[b if b is None else b.__index__() for b in (item.start, item.stop, item.step)])
        return item
    if item is None or item is Ellipsis or isinstance(item, int):
        return item
    if isinstance(item, (np.integer, np.bool_)):
        return item.item()
    if isinstance(item, range):
        return np.arange(item.start, item.stop, item.step)
    if isinstance(item, (list, tuple)):
        item = lend(to_tensor(item, INT64)) if len(item) == 0 else np.asarray(
            [lend(<Tensor>i) if isinstance(i, Tensor) else i for i in item])
    if isinstance(item, np.ndarray) and item.dtype.kind in "iub":
        return item.item() if item.ndim == 0 else item
    if hasattr(item, "__index__"):
        return item.__index__()
    raise IndexError(
        "index: expected integers, slices, ..., None, masks, or lists and tensors of integers, got "
        f"{item.dtype if isinstance(item, np.ndarray) else type(item).__name__}"
    )


cdef tuple _apart(Tensor x, object index, list picks):
    """The items that make a view; picks gets pairs of an axis of this view and what picks from it."""
    cdef list parts = [_one(item) for item in _as_tuple(index)], items = []
    cdef int given = 0, axis = 0, at = 0, k
    for item in parts:
        if isinstance(item, (Tensor, np.ndarray)):
            given += item.ndim if _is_mask(item) else 1
        elif item is not None and item is not Ellipsis and not isinstance(item, bool):
            given += 1
    if given > x.rank:
        raise IndexError(f"index: {given} indices for a tensor of {x.rank} axes ({describe(x)})")
    for item in parts:
        if item is None:
            items.append(None)
            at += 1
        elif item is Ellipsis:
            if Ellipsis not in items:       # a second ... stands for nothing
                items.append(Ellipsis)
                axis += x.rank - given
                at += x.rank - given
        elif isinstance(item, bool):
            items.append(None)
            picks.append((at, np.zeros(1 if item else 0, np.int64)))
            at += 1
        elif isinstance(item, int):
            items.append(item)
            axis += 1
        elif isinstance(item, slice):
            items.append(item)
            axis += 1
            at += 1
        elif _is_mask(item):
            k = item.ndim
            if tuple(item.shape) != tuple(x.shape)[axis:axis + k]:
                raise IndexError(
                    f"index: a mask of shape {tuple(item.shape)} does not fit the axes {axis} to {axis + k - 1} of a "
                    f"tensor of {describe(x)}"
                )
            for places in np.nonzero(lend(<Tensor>item) if isinstance(item, Tensor) else item):
                items.append(slice(None))
                picks.append((at, places))
                at += 1
            axis += k
        else:
            items.append(slice(None))
            picks.append((at, item))
            axis += 1
            at += 1
    return tuple(items)


cdef bint _is_mask(object item):
    return (<Tensor>item).kind == BOOL if isinstance(item, Tensor) else item.dtype.kind == "b"


cdef Tensor _front(Tensor x, list picks):
    """x with the axes that are picked from in front, where they are not neighbours."""
    cdef list axes = [axis for axis, _ in picks]
    if axes[-1] - axes[0] == len(axes) - 1:
        return x
    order = axes + [axis for axis in range(x.rank) if axis not in axes]
    picks[:] = [(i, places) for i, (_, places) in enumerate(picks)]
    return permute(x, *order)


cdef Pick _picked(Tensor x, list picks):
    """From neighbouring axes of x, the one place that the picks name together."""
    cdef int start = picks[0][0], end = picks[len(picks) - 1][0] + 1
    if len(picks) == 1:
        return _pick(x, start, end, indices("index", picks[0][1], x.length[start], start, True))
    each = [lend(indices("index", places, x.length[axis], axis, True)) for axis, places in picks]
    try:
        each = np.broadcast_arrays(*each)
    except ValueError:
        raise IndexError(
            f"index: the indices' shapes {', '.join([str(p.shape) for p in each])} do not broadcast"
        ) from None
    place = each[0]
    for (axis, _), more in zip(picks[1:], each[1:]):
        place = place * <Py_ssize_t>x.length[<int>axis] + more
    return _pick(x, start, end, wrap(np.ascontiguousarray(place).reshape(place.shape)))


cdef object _getitem(object self, object index):
    cdef Tensor x = <Tensor>self
    cdef list picks
    if isinstance(index, Tensor) and (<Tensor>index).kind == INT64 and (<Tensor>index).rank and x.rank:
        return take_rows(x, _pick(x, 0, 1, indices("index", index, x.length[0], 0, True)), "Index")
    if type(index) is int:
        return part(x, (index,))
    picks = []
    items = _apart(x, index, picks)
    if not picks:
        return part(x, items)
    x = _only_view(x, items)
    x = _front(x, picks)
    return take_rows(x, _picked(x, picks), "Index")


cdef Tensor _only_view(Tensor x, tuple items):
    """x[items]; x itself where they are all `:`."""
    for item in items:
        if item is not Ellipsis and not (isinstance(item, slice) and item == slice(None)):
            return part(x, items)
    return x


# ---- assignment -------------------------------------------------------------------------------------------------

cdef Tensor _fitted(Tensor v, Tensor shape_of):
    """v stretched to a shape; axes of length 1 that it has too many in front go."""
    cdef int extra = v.rank - shape_of.rank
    if extra > 0 and all([v.length[i] == 1 for i in range(extra)]):
        v = reshape(v, tuple(v.shape)[extra:])
    try:
        return v.expand(tuple(shape_of.shape))
    except ValueError:
        raise ValueError(
            f"setting an index: a value of {describe(v)} does not fit into a part of shape {tuple(shape_of.shape)}"
        ) from None


cdef object _setitem(Tensor x, object index, object value):
    cdef Tensor v = value if isinstance(value, Tensor) else to_tensor(value, x.kind)
    cdef Tensor base = x if x._base is None else x._base
    cdef Tensor target
    cdef list picks = []
    cdef bint recorded
    check_writable(x)
    v = convert(v, x.kind)
    items = _apart(x, index, picks)
    recorded = recording() and (wants(x) or wants(v) or base.requires)
    target = _view(x, items)
    if not picks:
        if v.storage == x.storage and v.ptr == target.ptr and same_shape(v, target) and _same_steps(v, target) \
                and (not recorded or (v._base is base and wants(v))):
            return      # x[i] += 1 has changed x[i] in x's memory, and ends by putting it there
        if not recorded:
            copy_into(target, _fitted(v, target))
        elif base.dense:
            assign(part(x, items), _fitted(v, target))
        else:
            places = lend(_view(wrap(np.arange(x.n).reshape(tuple(x.shape))), items))
            assign(x, put_rows(x, _fitted(v, target), elements(x, places), "IndexPut"))
        return
    if not recorded:
        _write(target, picks, v)
        return
    target = _only_view(x, items)
    target = _front(target, picks)
    pick = _picked(target, picks)
    assign(target, put_rows(target, _fitted(v, (<Pick>pick).shape_of_y), <Pick>pick, "IndexPut"))


cdef bint _same_steps(Tensor a, Tensor b) noexcept:
    cdef int i
    for i in range(a.rank):
        if a.length[i] > 1 and a.step[i] != b.step[i]:
            return False
    return True


cdef int _write(Tensor x, list picks, Tensor v) except -1:
    """x[picks] = v, not recorded."""
    key = [slice(None)] * x.rank
    for axis, places in picks:
        key[axis] = lend(<Tensor>places) if isinstance(places, Tensor) else places
    try:
        lend(x)[tuple(key)] = lend(copy_of(v) if v.storage == x.storage else v)
    except (IndexError, ValueError) as error:
        raise type(error)(f"setting an index: {error}; the tensor is {describe(x)}, the value {describe(v)}") from None
    x.storage.version += 1
    return 0


operators.getitem = _getitem
operators.setitem = _setitem


# ---- parts along an axis ---------------------------------------------------------------------------------------

@method
def narrow(Tensor input not None, dim, start, Py_ssize_t length):
    """The part [start, start + length) of an axis; a view."""
    cdef int axis = axis_of(dim, input.rank)
    cdef Py_ssize_t first = start.__index__()
    if input.rank == 0:
        raise IndexError("narrow: a tensor of no axes has no part")
    if first < 0:
        first += input.length[axis]
    if length < 0 or first < 0 or first + length > input.length[axis]:
        raise IndexError(
            f"narrow: [{first}, {first + length}) is not inside axis {axis} of length {input.length[axis]}"
        )
    return part(input, (slice(None),) * axis + (slice(first, first + length),))


@method
def narrow_copy(Tensor input not None, dim, start, Py_ssize_t length):
    """narrow(), as a copy."""
    return narrow(input, dim, start, length).clone()


@method
def select(Tensor input not None, dim, index):
    """One index of an axis, which goes; a view."""
    if input.rank == 0:
        raise IndexError("select: a tensor of no axes has nothing to select from")
    return part(input, (slice(None),) * axis_of(dim, input.rank) + (index.__index__(),))


@method
def index_select(Tensor input not None, dim, index):
    """The parts of an axis that index, of one axis, names: y[:, i, :] = x[:, index[i], :]; a copy."""
    cdef int axis = axis_of(dim, input.rank)
    cdef Tensor places = _vector("index_select", index)
    if input.rank == 0:
        if places.n != 1:
            raise IndexError(f"index_select: a tensor of no axes has one part, got {places.n} indices")
        return take_rows(input, elements(input, places.reshape(())), "IndexSelect")
    places = indices("index_select", places, input.length[axis], axis, False)
    return take_rows(input, _pick(input, axis, axis + 1, places), "IndexSelect")


cdef Tensor _vector(str who, object index):
    cdef Tensor t = index if isinstance(index, Tensor) else to_tensor(index, INT64)
    if t.rank > 1:
        raise IndexError(f"{who}: expected an index of one axis, got {describe(t)}")
    return reshape(t, 1) if t.rank == 0 else t


# ---- single elements along an axis: gather and scatter --------------------------------------------------------------

cdef Pick _along(str who, Tensor x, int axis, Tensor index):
    """The places in x that index names along an axis, the other axes' indices being its own."""
    cdef Py_ssize_t stride = 1
    cdef int i
    if index.n == 0:
        indices(who, index, 0, axis, False)     # its dtype
        return elements(x, np.zeros(tuple(index.shape), np.int64))
    if (x.rank or 1) != (index.rank or 1):
        raise ValueError(f"{who}: expected an index of as many axes as the tensor has, got {describe(index)} for "
                         f"{describe(x)}")
    for i in range(x.rank):
        if i != axis and i < index.rank and index.length[i] > x.length[i]:
            raise ValueError(f"{who}: the index {tuple(index.shape)} is longer than the tensor {tuple(x.shape)} along "
                             f"axis {i}; along all axes but {axis} it may be at most as long")
    places = lend(indices(who, index, x.length[axis] if x.rank else 1, axis, False))
    if x.rank == 0:
        return elements(x, places)
    place = np.zeros((), np.int64)
    for i in range(x.rank - 1, -1, -1):
        if index.rank == 0:
            place = places
        elif i == axis:
            place = place + places * stride
        else:
            place = place + np.arange(0, index.length[i] * stride, stride or 1)[:index.length[i]].reshape(
                (-1,) + (1,) * (index.rank - 1 - i))
        stride *= x.length[i]
    return elements(x, np.broadcast_to(place, tuple(index.shape)))


cdef Tensor _cut(str who, Tensor src, Tensor index):
    """The part of src that has index's shape."""
    cdef int i
    if index.n == 0:
        return _zeros(src, index)
    if (src.rank or 1) != (index.rank or 1):
        raise ValueError(f"{who}: expected src of as many axes as index has, got {describe(src)} and {describe(index)}")
    if any([index.length[i] > src.length[i] for i in range(index.rank if src.rank else 0)]):
        raise ValueError(f"{who}: the index {tuple(index.shape)} is longer than src {tuple(src.shape)}")
    if same_shape(src, index):
        return src
    if src.rank != index.rank:
        return src.reshape(tuple(index.shape))
    return part(src, tuple([slice(0, index.length[i]) for i in range(index.rank)]))


cdef int _check_kind(str who, Tensor x, Tensor src) except -1:
    if x.kind != src.kind:
        raise TypeError(f"{who}: expected one dtype for both, got {describe(x)} and {describe(src)}; "
                        "convert one (src.to(x.dtype))")
    return 0


@method
def gather(Tensor input not None, dim, Tensor index not None, *, sparse_grad=False):
    """y[i][j][k] = x[i][index[i][j][k]][k] for dim 1, likewise for others; the shape is index's."""
    return take_rows(input, _along("gather", input, axis_of(dim, input.rank), index), "Gather")


@inplace
@method
def scatter(Tensor input not None, dim, Tensor index not None, src=None, *, value=None, reduce=None):
    """A copy of x with y[i][index[i][j][k]][k] = src[i][j][k] for dim 1, likewise for others.

    src: at least as long as index along every axis, or a number. Where a place is named twice,
    the last src stays. reduce: "add" or "multiply" instead of replacing.
    """
    cdef Pick pick = _along("scatter", input, axis_of(dim, input.rank), index)
    cdef Tensor v
    src = value if src is None else src
    if src is None:
        raise TypeError("scatter: give src, a tensor or a number")
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise ValueError(f"scatter: reduce is 'add' or 'multiply', got {reduce!r}")
        v = src if isinstance(src, Tensor) else filled(_zeros(input, index), src)
        return scatter_reduce(input, dim, index, v, "sum" if reduce == "add" else "prod")
    if not isinstance(src, Tensor):
        v = to_tensor(src, input.kind).expand(tuple(index.shape))
    else:
        _check_kind("scatter", input, <Tensor>src)
        v = _cut("scatter", <Tensor>src, index)
    return put_rows(input, v, pick, "Scatter")


@inplace
@method
def scatter_add(Tensor input not None, dim, Tensor index not None, Tensor src not None):
    """A copy of x with y[i][index[i][j][k]][k] += src[i][j][k] for dim 1, likewise for others."""
    cdef Pick pick = _along("scatter_add", input, axis_of(dim, input.rank), index)
    _check_kind("scatter_add", input, src)
    return input + add_rows(_cut("scatter_add", src, index), pick, "ScatterAdd")


cdef class ScatterExtreme(Op):
    """y = x, or the largest (smallest) of it and the v scattered to its place
    dx = dy wx;  dv = dy[index] wv: every element that is the largest gets an equal share
    """
    cdef Pick pick
    cdef Tensor wx, wv

    cdef Tensor forward(self, Tensor x, Tensor v, Pick pick, bint largest, include_self):
        place = lend(pick.index).ravel()
        values = np.ascontiguousarray(lend(v)).ravel()
        flat = np.array(lend(x)).ravel()
        ours = np.ones(flat.shape, bool)
        if not include_self:
            ours[place] = False
            lowest = (-np.inf if largest else np.inf) if is_floating(x.kind) else 0 if x.kind == BOOL else \
                getattr(np.iinfo(flat.dtype), "min" if largest else "max")
            flat[place] = lowest if x.kind != BOOL else not largest
        before = flat.copy()
        with np.errstate(invalid="ignore"):
            (np.maximum if largest else np.minimum).at(flat, place, values)
        if is_floating(x.kind):
            theirs = (values == flat[place]) | (np.isnan(values) & np.isnan(flat[place]))
            ours &= (before == flat) | (np.isnan(before) & np.isnan(flat))
            shares = np.maximum(ours + np.bincount(place, theirs, flat.size), 1)
            self.wx = wrap(np.asarray(ours / shares, flat.dtype).reshape(tuple(x.shape)))
            self.wv = wrap(np.asarray(theirs / shares[place], flat.dtype).reshape(tuple(v.shape)))
        self.pick, self.saved = pick, (pick.index,)
        return wrap(flat.reshape(tuple(x.shape)))

    cdef backward(self, Tensor dy):
        return (dy * self.wx if self.needs(0) else None,
                take_rows(dy, self.pick, "ScatterReduce") * self.wv if self.needs(1) else None)

    def name(self):
        return "ScatterReduceBackward0"


cdef object _scatter_reduce(str who, Tensor x, Tensor v, Pick pick, str reduce, bint include_self):
    """x with each v taken together with what else goes to its place; pick is of single elements."""
    cdef Tensor touched
    place = lend(pick.index).ravel()
    if reduce == "amax" or reduce == "amin":
        extreme = ScatterExtreme.__new__(ScatterExtreme)
        y = (<ScatterExtreme>extreme).forward(x, v, pick, reduce == "amax", include_self)
        return (<ScatterExtreme>extreme).record(y, x, v)
    if x.kind == BOOL:
        whole = _scatter_reduce(who, cast(x, INT64), cast(v, INT64), pick, reduce, include_self)
        return cast(<Tensor>whole, BOOL)
    if reduce not in ("sum", "prod", "mean"):
        raise ValueError(f"{who}: reduce is 'sum', 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    counts = np.bincount(place, minlength=x.n).reshape(tuple(x.shape))
    touched = wrap(counts > 0)
    if not include_self:
        x = where(touched, to_tensor(1 if reduce == "prod" else 0, x.kind), x)
    if reduce == "prod":        # place by place the first, second, third ... v that go there
        order = np.argsort(place, kind="stable")
        sorted_places = place[order]
        first = np.searchsorted(sorted_places, sorted_places)
        turn = np.arange(len(order)) - first
        flat = reshape(v, -1)
        for k in range(int(turn.max()) + 1 if len(turn) else 0):
            these = order[turn == k]
            factor = filled(x, 1.0) if x.kind <= FLOAT64 else wrap(np.ones(tuple(x.shape), dtype_of(x.kind).numpy))
            x = x * put_rows(factor, take_rows(flat, elements(flat, these), "ScatterReduce"),
                             elements(x, place[these]), "ScatterReduce")
        return x
    total = x + add_rows(v, pick, "ScatterReduce")
    if reduce == "sum":
        return total
    counts = np.maximum(counts + include_self, 1)
    if not is_floating(x.kind):
        return wrap(np.asarray(lend(total) // counts, dtype_of(x.kind).numpy))
    return total / wrap(np.asarray(counts, dtype_of(x.kind).numpy))


@inplace
@method
def scatter_reduce(Tensor input not None, dim, Tensor index not None, Tensor src not None, str reduce not None, *,
                   include_self=True):
    """A copy of x in which each place is reduced together with all src that go to it.

    Where src[i][j][k] goes is said by scatter(). reduce: "sum", "prod", "mean", "amax" or "amin";
    include_self: whether x's own number takes part where something goes. Gradients of amax and
    amin are shared equally among ties.
    """
    cdef Pick pick = _along("scatter_reduce", input, axis_of(dim, input.rank), index)
    _check_kind("scatter_reduce", input, src)
    return _scatter_reduce("scatter_reduce", input, _cut("scatter_reduce", src, index), pick, reduce, include_self)


@method
def take_along_dim(Tensor input not None, Tensor indices not None, dim=None):
    """gather() with an index that broadcasts against x; dim None: both as one axis."""
    cdef int axis, i
    cdef Py_ssize_t n
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1))
    axis = axis_of(dim, input.rank)
    if input.rank != indices.rank:
        raise ValueError(f"take_along_dim: expected as many axes in both, got {describe(input)} and "
                         f"{describe(indices)}")
    shape, index_shape = list(input.shape), list(indices.shape)
    for i in range(input.rank):
        if i != axis:
            n = index_shape[i] if shape[i] == 1 else shape[i]
            shape[i] = index_shape[i] = n
    places = lend(indices)
    if not is_floating(indices.kind) and indices.n:
        n = input.length[axis]
        places = np.where(places < 0, places + n, places)
    return gather(input.expand(shape), axis, wrap(places).expand(index_shape))


@method
def take(Tensor input not None, Tensor index not None):
    """The elements at places of x taken as one axis; the shape is index's."""
    return take_rows(input, elements(input, indices("take", index, input.n, 0, True)), "Take")


@inplace
@method
def put(Tensor input not None, Tensor index not None, Tensor source not None, accumulate=False):
    """A copy of x with source at the places index of x taken as one axis; accumulate: added there."""
    cdef Pick pick = elements(input, indices("put", index, input.n, 0, True))
    _check_kind("put", input, source)
    if index.n != source.n:
        raise ValueError(f"put: expected as many elements in both, got {describe(index)} and {describe(source)}")
    source = reshape(source, tuple(index.shape))
    return input + add_rows(source, pick, "Put") if accumulate else put_rows(input, source, pick, "Put")


# ---- whole parts along an axis -----------------------------------------------------------------------------------

cdef Pick _parts(str who, Tensor x, object dim, Tensor index):
    cdef int axis = axis_of(dim, x.rank)
    cdef Tensor places = _vector(who, index)
    if x.rank == 0:
        return _pick(x, 0, 0, view_as(indices(who, places, 1, 0, True), 0, NULL, NULL, 0))
    return _pick(x, axis, axis + 1, indices(who, places, x.length[axis], axis, True))


cdef int _check_parts(str who, Tensor x, Tensor source, Pick pick) except -1:
    _check_kind(who, x, source)
    if tuple(source.shape) != tuple(pick.shape_of_y.shape):
        raise ValueError(f"{who}: expected a source of shape {tuple(pick.shape_of_y.shape)} for {pick.index.n} indices "
                         f"into {describe(x)}, got {describe(source)}")
    return 0


@inplace
@method
def index_add(Tensor input not None, dim, Tensor index not None, Tensor source not None, *, alpha=1):
    """A copy of x with y[:, index[i], :] += alpha source[:, i, :]; an index named twice gets both."""
    cdef Pick pick = _parts("index_add", input, dim, index)
    _check_parts("index_add", input, source, pick)
    return input + add_rows(source if alpha == 1 else source * alpha, pick, "IndexAdd")


@inplace
@method
def index_copy(Tensor input not None, dim, Tensor index not None, Tensor source not None):
    """A copy of x with y[:, index[i], :] = source[:, i, :]."""
    cdef Pick pick = _parts("index_copy", input, dim, index)
    _check_parts("index_copy", input, source, pick)
    return put_rows(input, source, pick, "IndexCopy")


@inplace
@method
def index_fill(Tensor input not None, dim, Tensor index not None, value):
    """A copy of x with y[:, index[i], :] = value, a number or a tensor of no axes."""
    cdef Pick pick = _parts("index_fill", input, dim, index)
    cdef Tensor v = _single("index_fill", input, value)
    return put_rows(input, v.expand(tuple(pick.shape_of_y.shape)), pick, "IndexFill")


cdef Tensor _single(str who, Tensor x, object value):
    """A number, or a tensor of no axes, in x's dtype."""
    cdef Tensor v
    if not isinstance(value, Tensor) and not is_scalar(value):
        raise TypeError(f"{who}: expected a number or a tensor of no axes as the value, got {type(value).__name__}")
    v = value if isinstance(value, Tensor) else to_tensor(value, x.kind if is_floating(x.kind) else <Kind>KINDS)
    if v.rank:
        raise ValueError(f"{who}: expected a number or a tensor of no axes as the value, got {describe(v)}")
    if is_floating(v.kind) and not is_floating(x.kind):
        raise TypeError(f"{who}: a value of {describe(v)} does not fit into {describe(x)}; convert one of them")
    return convert(v, x.kind)


@inplace
@method
def index_reduce(Tensor input not None, dim, Tensor index not None, Tensor source not None, str reduce not None, *,
                 include_self=True):
    """A copy of x in which each part y[:, index[i], :] is reduced together with source[:, i, :].

    reduce: "prod", "mean", "amax" or "amin"; include_self: whether x's own part takes part.
    """
    cdef Pick pick = _parts("index_reduce", input, dim, index)
    _check_parts("index_reduce", input, source, pick)
    if reduce == "sum":
        raise ValueError("index_reduce: reduce is 'prod', 'mean', 'amax' or 'amin'; for sums use index_add")
    places = np.arange(input.n).reshape(pick.outer, pick.rows, pick.inner)[:, lend(pick.index).ravel()]
    places = places.reshape(tuple(source.shape))
    return _scatter_reduce("index_reduce", input, source, elements(input, places), reduce, include_self)


@inplace
@method
def index_put(Tensor input not None, indices, values, accumulate=False):
    """A copy of x with y[indices] = values, which broadcast; accumulate: y[indices] += values.

    indices: a tuple of integer tensors and masks; None stands for a whole axis. With accumulate an
    element named twice gets both.
    """
    cdef list picks = []
    cdef Tensor x = input, v
    cdef Pick pick
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put: expected a tuple of tensors as indices, got {type(indices).__name__}")
    items = _apart(x, tuple([slice(None) if index is None else index for index in indices]), picks)
    if not picks:
        raise IndexError("index_put: expected at least one index tensor")
    v = values if isinstance(values, Tensor) else to_tensor(values, x.kind)
    _check_kind("index_put", x, v)
    x = _only_view(x, items)
    before = [axis for axis, _ in picks]
    x = _front(x, picks)
    pick = _picked(x, picks)
    v = _fitted(v, pick.shape_of_y)
    y = x + add_rows(v, pick, "IndexPut") if accumulate else put_rows(x, v, pick, "IndexPut")
    if before[-1] - before[0] == len(before) - 1:
        return reshape(y, tuple(input.shape))
    order = before + [axis for axis in range(x.rank) if axis not in before]
    back = [order.index(axis) for axis in range(x.rank)]
    return permute(y, *back)


# ---- masks -----------------------------------------------------------------------------------------------------

cdef Tensor _mask(str who, Tensor mask):
    if mask.kind != BOOL:
        raise TypeError(f"{who}: expected a bool tensor as the mask, got {describe(mask)}; mask.bool() makes one")
    return mask


@inplace
@method
def masked_fill(Tensor input not None, Tensor mask not None, value):
    """value, a number or a tensor of no axes, where mask is True, else x; mask broadcasts."""
    _mask("masked_fill", mask)
    return where(mask, _single("masked_fill", input, value), input)


@method
def masked_select(Tensor input not None, Tensor mask not None):
    """The elements where mask is True, in one axis; both broadcast."""
    _mask("masked_select", mask)
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    cdef Tensor x = input.expand(shape)
    places = np.flatnonzero(np.broadcast_to(lend(mask), shape))
    return take_rows(x, elements(x, places), "MaskedSelect")


@inplace
@method
def masked_scatter(Tensor input not None, Tensor mask not None, Tensor source not None):
    """x with source's elements, in their order, where mask is True; mask broadcasts."""
    _mask("masked_scatter", mask)
    _check_kind("masked_scatter", input, source)
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    cdef Tensor x = input.expand(shape)
    places = np.flatnonzero(np.broadcast_to(lend(mask), shape))
    if source.n < len(places):
        raise ValueError(f"masked_scatter: the mask has {len(places)} places, source only {source.n} elements")
    return put_rows(x, part(reshape(source, -1), (slice(0, len(places)),)), elements(x, places), "MaskedScatter")


@method
def nonzero(Tensor input not None, *, as_tuple=False):
    """The indices of the elements that are not 0: (count, axes), or one tensor an axis with as_tuple."""
    if input.rank == 0:
        found = np.flatnonzero(lend(input))
        return (wrap(found),) if as_tuple else wrap(np.zeros((len(found), 0), np.int64))
    places = np.nonzero(lend(input))
    if as_tuple:
        return tuple([wrap(np.ascontiguousarray(place)) for place in places])
    return wrap(np.ascontiguousarray(np.stack(places, 1)))


@method
def argwhere(Tensor input not None):
    """The indices of the elements that are not 0, one row each."""
    return nonzero(input)


def one_hot(Tensor tensor not None, num_classes=-1):
    """Rows of zeros with a 1 at the class that each element names: (...) -> (..., num_classes), int64.

    num_classes -1: the largest class and one more. Errors: ValueError for a class outside.
    """
    if tensor.kind != INT64:
        raise TypeError(f"one_hot: expected int64 classes, got {describe(tensor)}; use x.long()")
    if tensor.n == 0 and num_classes <= 0:
        raise ValueError("one_hot: of no elements the number of classes is unknown; give num_classes")
    if tensor.n and (<object>lend(tensor)).min() < 0:
        raise ValueError(f"one_hot: classes are not negative, got {lend(tensor).min()}")
    classes = int(lend(tensor).max()) + 1 if num_classes == -1 else num_classes
    if tensor.n and (classes < 1 or lend(tensor).max() >= classes):
        raise ValueError(f"one_hot: class {lend(tensor).max()} is not below num_classes, {classes}")
    rows = np.zeros((tensor.n, classes), np.int64)
    rows[np.arange(tensor.n), lend(tensor).ravel()] = 1
    return wrap(rows.reshape(tuple(tensor.shape) + (classes,)))
