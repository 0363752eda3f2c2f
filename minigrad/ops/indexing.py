"""x[index] and x[index] = v for every form of index, and what else goes by indices or masks along axes.

rows.pyx says what all of it comes down to.
"""
import warnings
from operator import index as as_index

import numpy as np

from minigrad.autograd.engine import Op, is_grad_enabled
from minigrad.ops.arithmetic import where
from minigrad.ops.assignment import assign, check_assignable
from minigrad.ops.inplace import inplace
from minigrad.ops.rows import (
    add_rows,
    elements,
    fitted,
    indices,
    part,
    pick_rows,
    read_other_indices,
    set_part,
    take_rows,
    write_at,
)
from minigrad.ops.shape import permute, reshape
from minigrad.tensor import (
    Tensor,
    alias,
    axis_of,
    bool_,
    check_tensors,
    copy_of,
    describe,
    int64,
    lend,
    method,
    tensor,
    uint8,
    wrap,
)

# ---- an index taken apart -----------------------------------------------------------------------------------


def _as_tuple(index):
    if isinstance(index, tuple):
        return index
    if isinstance(index, list):     # PyTorch takes [[0, 1], [1, 2]] as two indices, [0, 1] as one
        for item in index:
            if item is None or item is Ellipsis or isinstance(item, (slice, list, tuple, np.ndarray, Tensor)):
                return tuple(index)
    return (index,)


def _one(item):
    """An index for one place: an int, a slice, None, ..., a bool; or an array of integers or bools."""
    if isinstance(item, Tensor):
        if item.is_floating_point():
            raise IndexError(f"index: expected integers or a mask, got {describe(item)}; x.long() makes integers")
        if item.dtype is uint8:
            warnings.warn("index: a uint8 tensor is taken as a mask, as in PyTorch; use x.bool() for a mask, "
                          "x.long() for indices", stacklevel=4)
            item = item.bool()
        return item.item() if item.ndim == 0 else item
    if isinstance(item, slice):
        return slice(*[b if b is None else as_index(b) for b in (item.start, item.stop, item.step)])
    if item is None or item is Ellipsis or isinstance(item, int):
        return item
    if isinstance(item, (np.integer, np.bool_)):
        return item.item()
    if isinstance(item, range):
        return np.arange(item.start, item.stop, item.step)
    if isinstance(item, (list, tuple)):
        item = np.asarray([lend(i) if isinstance(i, Tensor) else i for i in item]) if item else np.zeros(0, np.int64)
    if isinstance(item, np.ndarray) and item.dtype.kind in "iub":
        return item.item() if item.ndim == 0 else item
    if hasattr(item, "__index__"):
        return as_index(item)
    raise IndexError(
        "index: expected integers, slices, ..., None, masks, or lists and tensors of integers, got "
        f"{item.dtype if isinstance(item, np.ndarray) else type(item).__name__}"
    )


def _is_mask(item):
    return item.dtype is bool_ if isinstance(item, Tensor) else item.dtype.kind == "b"


def _apart(x, index):
    """The items that make a view, and pairs of an axis of this view and what picks from it."""
    parts, items, picks = list(map(_one, _as_tuple(index))), [], []
    given = axis = at = 0       # how many axes are named; where we are in x, and in the view
    for item in parts:
        if isinstance(item, (Tensor, np.ndarray)):
            given += item.ndim if _is_mask(item) else 1
        elif item is not None and item is not Ellipsis and not isinstance(item, bool):
            given += 1
    if given > x.ndim:
        raise IndexError(f"index: {given} indices for a tensor of {x.ndim} axes ({describe(x)})")
    for item in parts:
        if item is None:
            items.append(None)
            at += 1
        elif item is Ellipsis:
            if Ellipsis not in items:       # a second ... stands for nothing
                items.append(Ellipsis)
                axis += x.ndim - given
                at += x.ndim - given
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
            for places in np.nonzero(lend(item) if isinstance(item, Tensor) else item):
                items.append(slice(None))
                picks.append((at, places))
                at += 1
            axis += k
        else:
            items.append(slice(None))
            picks.append((at, item))
            axis += 1
            at += 1
    return tuple(items), picks


def _only_view(x, items):
    """x[items]; x itself where they are all `:`."""
    whole = all(item is Ellipsis or (isinstance(item, slice) and item == slice(None)) for item in items)
    return x if whole else part(x, items)


def _front(x, picks):
    """x with the axes that are picked from in front, where they are not neighbours; and the picks there."""
    axes = [axis for axis, _ in picks]
    if axes[-1] - axes[0] == len(axes) - 1:
        return x, picks
    order = axes + [axis for axis in range(x.ndim) if axis not in axes]
    return permute(x, *order), [(i, places) for i, (_, places) in enumerate(picks)]


def _picked(x, picks):
    """From neighbouring axes of x, the one place that the picks name together."""
    start, end = picks[0][0], picks[-1][0] + 1
    each = [indices("index", places, x.shape[axis], axis, True) for axis, places in picks]
    if len(each) == 1:
        return pick_rows(x, start, end, each[0])
    try:
        each = np.broadcast_arrays(*map(lend, each))
    except ValueError:
        raise IndexError(
            f"index: the indices' shapes {', '.join(str(tuple(p.shape)) for p in each)} do not broadcast"
        ) from None
    place = each[0]
    for n, more in zip(x.shape[start + 1:end], each[1:], strict=True):
        place = place * n + more
    return pick_rows(x, start, end, wrap(np.asarray(place, order="C")))


def _get(x, index):
    """x[index]"""
    items, picks = _apart(x, index)
    if not picks:
        return part(x, items)
    x, picks = _front(_only_view(x, items), picks)
    return take_rows(x, _picked(x, picks), "Index")


# ---- rows put in place ------------------------------------------------------------------------------------------

class PutRows(Op):
    """y = x with v at [:, index, :]; where a row is named twice, its last v
    dx = dy with 0 at [:, index, :];  dv = dy[:, index, :], 0 for each v that was written over
    """
    def __init__(self, pick, title):
        self.pick, self.title, self.saved = pick, title, (pick.index,)

    def forward(self, x, v):
        pick, y = self.pick, copy_of(x)
        places = lend(pick.index).ravel()
        lend(y).reshape(pick.outer, pick.rows, pick.inner)[:, places] = lend(v).reshape(
            pick.outer, places.size, pick.inner)
        return y

    def backward(self, dy):
        pick, dx, dv = self.pick, None, None
        if self.needs(0):
            dx = put_rows(dy, dy.new_zeros(tuple(pick.shape_of_y.shape)), pick, self.title)
        if self.needs(1):
            dv = take_rows(dy, pick, self.title)
            named, turn = lend(pick.index).ravel(), np.arange(pick.index.numel())
            last = np.empty(pick.rows, np.int64)
            last[named] = turn
            stayed = last[named] == turn
            if not stayed.all():
                rows = dv.reshape(pick.outer, stayed.size, pick.inner)
                dv = where(wrap(stayed[:, None]), rows, 0.0).reshape(dv.shape)
        return dx, dv

    def name(self):
        return f"{self.title}Backward0"


def put_rows(x, v, pick, title):
    """A copy of x with v, of pick's shape, at the rows that pick names; recorded."""
    op = PutRows(pick, title)
    return op.record(op.forward(x, v), x, v)


def _put_here(x, key, v, pick):
    """x[key] = v in x's own memory; recorded as the rows that pick names."""
    check_assignable(x)
    v = fitted(v, pick.shape_of_y)
    write_at(x, key, v)
    assign(x, PutRows(pick, "IndexPut").record(alias(x), x, v))


def _set(x, index, v):
    """x[index] = v, v being of x's dtype"""
    items, picks = _apart(x, index)
    if not picks:
        if not set_part(x, items, v):
            places = part(wrap(np.arange(x.numel()).reshape(x.shape)), items)
            _put_here(x, items, v, elements(x, lend(places)))
        return
    recorded = is_grad_enabled() and (x.requires_grad or v.requires_grad or (x._base is not None
                                                                             and x._base.requires_grad))
    x = _only_view(x if recorded else alias(x), items)
    if recorded:
        x, picks = _front(x, picks)
    key = [slice(None)] * x.ndim
    for axis, places in picks:      # row-major, lest NumPy go through them, and write twice, in another order
        key[axis] = np.asarray(lend(places) if isinstance(places, Tensor) else places, order="C")
    if recorded:
        _put_here(x, tuple(key), v, _picked(x, picks))
    else:
        write_at(x, tuple(key), v)


read_other_indices(_get, _set)


# ---- parts along an axis ---------------------------------------------------------------------------------------

@method
def narrow(input, dim, start, length):
    """The part [start, start + length) of an axis; a view."""
    check_tensors("narrow", input)
    axis = axis_of(dim, input.ndim)
    if isinstance(start, Tensor) and start.dtype is bool_:
        raise TypeError(f"narrow: start is an integer, got {describe(start)}")
    first, length = as_index(start), as_index(length)
    if input.ndim == 0:
        raise IndexError("narrow: a tensor of no axes has no part")
    if first < 0:
        first += input.shape[axis]
    if length < 0 or first < 0 or first + length > input.shape[axis]:
        raise IndexError(
            f"narrow: [{first}, {first + length}) is not inside axis {axis} of length {input.shape[axis]}"
        )
    return part(input, (slice(None),) * axis + (slice(first, first + length),))


@method
def narrow_copy(input, dim, start, length):
    """narrow(), as a copy."""
    return narrow(input, dim, start, length).clone()


@method
def select(input, dim, index):
    """One index of an axis, which goes; a view."""
    check_tensors("select", input)
    if input.ndim == 0:
        raise IndexError("select: a tensor of no axes has nothing to select from")
    return part(input, (slice(None),) * axis_of(dim, input.ndim) + (as_index(index),))


def _vector(who, index):
    t = index if isinstance(index, Tensor) else tensor(index, dtype=int64)
    if t.ndim > 1:
        raise IndexError(f"{who}: expected an index of one axis, got {describe(t)}")
    return reshape(t, 1) if t.ndim == 0 else t


@method
def index_select(input, dim, index):
    """The parts of an axis that index, of one axis, names: y[:, i, :] = x[:, index[i], :]; a copy."""
    check_tensors("index_select", input)
    axis = axis_of(dim, input.ndim)
    places = _vector("index_select", index)
    if input.ndim == 0:
        if places.numel() != 1:
            raise IndexError(f"index_select: a tensor of no axes has one part, got {places.numel()} indices")
        return take_rows(input, elements(input, indices("index_select", places.reshape(()), 1, 0, False)),
                         "IndexSelect")
    places = indices("index_select", places, input.shape[axis], axis, False)
    return take_rows(input, pick_rows(input, axis, axis + 1, places), "IndexSelect")


def parts_named(who, x, dim, index):
    """The parts of an axis that index, of one axis, names."""
    check_tensors(who, x, index)
    axis = axis_of(dim, x.ndim)
    places = _vector(who, index)
    if x.ndim == 0:
        return pick_rows(x, 0, 0, indices(who, places, 1, 0, True).reshape(()))
    return pick_rows(x, axis, axis + 1, indices(who, places, x.shape[axis], axis, True))


def check_same_dtype(who, x, source):
    if x.dtype is not source.dtype:
        raise TypeError(f"{who}: expected one dtype for both, got {describe(x)} and {describe(source)}; "
                        "convert one (src.to(x.dtype))")


def check_parts(who, x, source, pick):
    check_tensors(who, source)
    check_same_dtype(who, x, source)
    if source.shape != pick.shape_of_y.shape:
        raise ValueError(f"{who}: expected a source of shape {tuple(pick.shape_of_y.shape)} for {pick.index.numel()} "
                         f"indices into {describe(x)}, got {describe(source)}")


@inplace
@method
def index_add(input, dim, index, source, *, alpha=1):
    """A copy of x with y[:, index[i], :] += alpha source[:, i, :]; an index named twice gets both."""
    pick = parts_named("index_add", input, dim, index)
    check_parts("index_add", input, source, pick)
    return input + add_rows(source if alpha == 1 else source * alpha, pick, "IndexAdd")


@inplace
@method
def index_copy(input, dim, index, source):
    """A copy of x with y[:, index[i], :] = source[:, i, :]."""
    pick = parts_named("index_copy", input, dim, index)
    check_parts("index_copy", input, source, pick)
    return put_rows(input, source, pick, "IndexCopy")


@inplace
@method
def index_fill(input, dim, index, value):
    """A copy of x with y[:, index[i], :] = value, a number or a tensor of no axes."""
    pick = parts_named("index_fill", input, dim, index)
    v = _single("index_fill", input, value)
    return put_rows(input, v.expand(pick.shape_of_y.shape), pick, "IndexFill")


def _single(who, x, value):
    """A number, or a tensor of no axes, in x's dtype."""
    if not isinstance(value, (Tensor, int, float, np.number, np.bool_)):
        raise TypeError(f"{who}: expected a number or a tensor of no axes as the value, got {type(value).__name__}")
    if not isinstance(value, Tensor):
        value = tensor(value, dtype=x.dtype if x.is_floating_point() else None)
    if value.ndim:
        raise ValueError(f"{who}: expected a number or a tensor of no axes as the value, got {describe(value)}")
    if value.is_floating_point() and not x.is_floating_point():
        raise TypeError(f"{who}: a value of {describe(value)} does not fit into {describe(x)}; convert one of them")
    return value.to(x.dtype)


@inplace
@method
def index_put(input, indices, values, accumulate=False):
    """A copy of x with y[indices] = values, which broadcast; accumulate: y[indices] += values.

    indices: a tuple of integer tensors and masks; None stands for a whole axis. With accumulate an
    element named twice gets both.
    """
    check_tensors("index_put", input)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put: expected a tuple of tensors as indices, got {type(indices).__name__}")
    items, picks = _apart(input, tuple(slice(None) if index is None else index for index in indices))
    if not picks:
        raise IndexError("index_put: expected at least one index tensor")
    v = values if isinstance(values, Tensor) else tensor(values, dtype=input.dtype)
    check_same_dtype("index_put", input, v)
    before = [axis for axis, _ in picks]
    x, picks = _front(_only_view(input, items), picks)
    pick = _picked(x, picks)
    v = fitted(v, pick.shape_of_y)
    y = x + add_rows(v, pick, "IndexPut") if accumulate else put_rows(x, v, pick, "IndexPut")
    if before[-1] - before[0] == len(before) - 1:
        return reshape(y, input.shape)
    order = before + [axis for axis in range(x.ndim) if axis not in before]
    return permute(y, *np.argsort(order).tolist())


# ---- masks -----------------------------------------------------------------------------------------------------

def _check_mask(who, input, mask):
    check_tensors(who, input, mask)
    if mask.dtype is not bool_:
        raise TypeError(f"{who}: expected a bool tensor as the mask, got {describe(mask)}; mask.bool() makes one")


def _masked(who, input, mask):
    """Both broadcast: the tensor, and the places where the mask is True."""
    try:
        shape = np.broadcast_shapes(input.shape, mask.shape)
    except ValueError:
        raise ValueError(f"{who}: {describe(input)} and a mask of shape {tuple(mask.shape)} do not broadcast") from None
    return input.expand(shape), np.flatnonzero(np.broadcast_to(lend(mask), shape))


@inplace
@method
def masked_fill(input, mask, value):
    """value, a number or a tensor of no axes, where mask is True, else x; mask broadcasts."""
    _check_mask("masked_fill", input, mask)
    return where(mask, _single("masked_fill", input, value), input)


@method
def masked_select(input, mask):
    """The elements where mask is True, in one axis; both broadcast."""
    _check_mask("masked_select", input, mask)
    x, places = _masked("masked_select", input, mask)
    return take_rows(x, elements(x, places), "MaskedSelect")


@inplace
@method
def masked_scatter(input, mask, source):
    """x with source's elements, in their order, where mask is True; mask broadcasts."""
    _check_mask("masked_scatter", input, mask)
    check_tensors("masked_scatter", source)
    check_same_dtype("masked_scatter", input, source)
    x, places = _masked("masked_scatter", input, mask)
    if source.numel() < len(places):
        raise ValueError(
            f"masked_scatter: the mask has {len(places)} places, source only {source.numel()} elements")
    first = part(reshape(source, -1), (slice(0, len(places)),))
    return put_rows(x, first, elements(x, places), "MaskedScatter")


@method
def nonzero(input, *, as_tuple=False):
    """The indices of the elements that are not 0: (count, axes), or one tensor an axis with as_tuple."""
    check_tensors("nonzero", input)
    if input.ndim == 0:
        found = np.flatnonzero(lend(input))
        return (wrap(found),) if as_tuple else wrap(np.zeros((len(found), 0), np.int64))
    places = np.nonzero(lend(input))
    if as_tuple:
        return tuple(wrap(np.ascontiguousarray(place)) for place in places)
    return wrap(np.stack(places, 1))


@method
def argwhere(input):
    """The indices of the elements that are not 0, one row each."""
    return nonzero(input)


def one_hot(tensor, num_classes=-1):
    """Rows of zeros with a 1 at the class that each element names: (...) -> (..., num_classes), int64.

    num_classes -1: the largest class and one more. Errors: ValueError for a class outside.
    """
    check_tensors("one_hot", tensor)
    if tensor.dtype is not int64:
        raise TypeError(f"one_hot: expected int64 classes, got {describe(tensor)}; use x.long()")
    named = lend(tensor)
    if named.size == 0 and num_classes <= 0:
        raise ValueError("one_hot: of no elements the number of classes is unknown; give num_classes")
    if named.size and named.min() < 0:
        raise ValueError(f"one_hot: classes are not negative, got {named.min()}")
    classes = int(named.max()) + 1 if num_classes == -1 else num_classes
    if named.size and (classes < 1 or named.max() >= classes):
        raise ValueError(f"one_hot: class {named.max()} is not below num_classes, {classes}")
    return wrap((named[..., None] == np.arange(classes)).astype(np.int64))
