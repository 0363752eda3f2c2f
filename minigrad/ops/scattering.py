"""Single elements by their indices: gather and take, scatter and put, and what reduces those that meet in one place."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import where
from minigrad.ops.indexing import check_parts, check_same_dtype, parts_named, put_rows
from minigrad.ops.inplace import inplace
from minigrad.ops.rows import add_rows, elements, indices, part, take_rows
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor, axis_of, bool_, check_tensors, describe, int64, lend, method, same_shape, wrap


def _along(who, x, dim, index):
    """The places in x that index names along an axis, the other axes' indices being its own."""
    axis = axis_of(dim, x.ndim)
    if index.numel() == 0:
        indices(who, index, 0, axis, False)     # its dtype
        return elements(x, np.zeros(index.shape, np.int64))
    if max(x.ndim, 1) != max(index.ndim, 1):
        raise ValueError(f"{who}: expected an index of as many axes as the tensor has, got {describe(index)} for "
                         f"{describe(x)}")
    for i, (n, most) in enumerate(zip(index.shape, x.shape)):       # noqa: B905, one may have no axes
        if i != axis and n > most:
            raise ValueError(f"{who}: the index {tuple(index.shape)} is longer than the tensor {tuple(x.shape)} along "
                             f"axis {i}; along all axes but {axis} it may be at most as long")
    places = lend(indices(who, index, x.shape[axis] if x.ndim else 1, axis, False))
    if x.ndim == 0 or index.ndim == 0:
        return elements(x, places)
    at = list(np.ogrid[tuple(map(slice, index.shape))])
    at[axis] = places
    place = at[0]
    for n, more in zip(x.shape[1:], at[1:], strict=True):
        place = place * n + more
    return elements(x, place)


def _cut(who, src, index):
    """The part of src that has index's shape."""
    if index.numel() == 0:
        return src.new_zeros(index.shape)
    if max(src.ndim, 1) != max(index.ndim, 1):
        raise ValueError(f"{who}: expected src of as many axes as index has, got {describe(src)} and {describe(index)}")
    if any(n > most for n, most in zip(index.shape, src.shape)):        # noqa: B905, one may have no axes
        raise ValueError(f"{who}: the index {tuple(index.shape)} is longer than src {tuple(src.shape)}")
    if same_shape(src, index):
        return src
    if src.ndim != index.ndim:
        return src.reshape(index.shape)
    return part(src, tuple(map(slice, index.shape)))


@method
def gather(input, dim, index, *, sparse_grad=False):
    """y[i][j][k] = x[i][index[i][j][k]][k] for dim 1, likewise for others; the shape is index's."""
    check_tensors("gather", input, index)
    return take_rows(input, _along("gather", input, dim, index), "Gather")


@method
def take_along_dim(input, indices, dim=None):
    """gather() with an index that broadcasts against x; dim None: both as one axis."""
    check_tensors("take_along_dim", input, indices)
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1))
    axis = axis_of(dim, input.ndim)
    if input.ndim != indices.ndim:
        raise ValueError(f"take_along_dim: expected as many axes in both, got {describe(input)} and "
                         f"{describe(indices)}")
    shape, index_shape = list(input.shape), list(indices.shape)
    for i, (n, m) in enumerate(zip(input.shape, indices.shape, strict=True)):
        if i != axis:
            shape[i] = index_shape[i] = m if n == 1 else n
    places = lend(indices)
    if not indices.is_floating_point() and places.size:
        places = np.where(places < 0, places + input.shape[axis], places)
    return gather(input.expand(shape), axis, wrap(places).expand(index_shape))


@method
def take(input, index):
    """The elements at places of x taken as one axis; the shape is index's."""
    check_tensors("take", input, index)
    return take_rows(input, elements(input, indices("take", index, input.numel(), 0, True)), "Take")


@inplace
@method
def put(input, index, source, accumulate=False):
    """A copy of x with source at the places index of x taken as one axis; accumulate: added there."""
    check_tensors("put", input, index, source)
    pick = elements(input, indices("put", index, input.numel(), 0, True))
    check_same_dtype("put", input, source)
    if index.numel() != source.numel():
        raise ValueError(f"put: expected as many elements in both, got {describe(index)} and {describe(source)}")
    source = reshape(source, index.shape)
    return input + add_rows(source, pick, "Put") if accumulate else put_rows(input, source, pick, "Put")


# ---- scatter ---------------------------------------------------------------------------------------------------

@inplace
@method
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy of x with y[i][index[i][j][k]][k] = src[i][j][k] for dim 1, likewise for others.

    src: at least as long as index along every axis, or a number. Where a place is named twice,
    the last src stays. reduce: "add" or "multiply" instead of replacing.
    """
    check_tensors("scatter", input, index)
    pick = _along("scatter", input, dim, index)
    src = value if src is None else src
    if src is None:
        raise TypeError("scatter: give src, a tensor or a number")
    if reduce not in (None, "add", "multiply"):
        raise ValueError(f"scatter: reduce is 'add' or 'multiply', got {reduce!r}")
    if isinstance(src, Tensor):
        check_same_dtype("scatter", input, src)
        v = _cut("scatter", src, index)
    else:
        v = input.new_tensor(src).expand(index.shape)
    if reduce is None:
        return put_rows(input, v, pick, "Scatter")
    return _reduced("scatter", input, v, pick, "sum" if reduce == "add" else "prod", True)


@inplace
@method
def scatter_add(input, dim, index, src):
    """A copy of x with y[i][index[i][j][k]][k] += src[i][j][k] for dim 1, likewise for others."""
    check_tensors("scatter_add", input, index, src)
    pick = _along("scatter_add", input, dim, index)
    check_same_dtype("scatter_add", input, src)
    return input + add_rows(_cut("scatter_add", src, index), pick, "ScatterAdd")


@inplace
@method
def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """A copy of x in which each place is reduced together with all src that go to it.

    Where src[i][j][k] goes is said by scatter(). reduce: "sum", "prod", "mean", "amax" or "amin";
    include_self: whether x's own number takes part where something goes. Gradients of amax and
    amin are shared equally among ties.
    """
    check_tensors("scatter_reduce", input, index, src)
    pick = _along("scatter_reduce", input, dim, index)
    check_same_dtype("scatter_reduce", input, src)
    return _reduced("scatter_reduce", input, _cut("scatter_reduce", src, index), pick, reduce, include_self)


@inplace
@method
def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """A copy of x in which each part y[:, index[i], :] is reduced together with source[:, i, :].

    reduce: "prod", "mean", "amax" or "amin"; include_self: whether x's own part takes part.
    """
    pick = parts_named("index_reduce", input, dim, index)
    check_parts("index_reduce", input, source, pick)
    if reduce == "sum":
        raise ValueError("index_reduce: reduce is 'prod', 'mean', 'amax' or 'amin'; for sums use index_add")
    places = np.arange(input.numel()).reshape(pick.outer, pick.rows, pick.inner)[:, lend(pick.index).ravel()]
    return _reduced("index_reduce", input, source, elements(input, places.reshape(source.shape)), reduce, include_self)


# ---- several into one place ------------------------------------------------------------------------------------

class ScatterExtreme(Op):
    """y = x, or the largest (smallest) of it and the v scattered to its place
    dx = dy wx;  dv = dy[index] wv: every element that is the largest gets an equal share
    """
    def forward(self, x, v, pick, largest, include_self):
        place, values = lend(pick.index).ravel(), lend(v).ravel()
        flat = np.array(lend(x)).ravel()
        ours = np.ones(flat.shape, bool)
        if not include_self:
            ours[place] = False
            flat[place] = self.least(x, largest)
        before = flat.copy()
        with np.errstate(invalid="ignore"):
            (np.maximum if largest else np.minimum).at(flat, place, values)
        if x.is_floating_point():
            theirs = (values == flat[place]) | (np.isnan(values) & np.isnan(flat[place]))
            ours &= (before == flat) | (np.isnan(before) & np.isnan(flat))
            shares = np.maximum(ours + np.bincount(place, theirs, flat.size), 1)
            self.wx = wrap(np.asarray(ours / shares, flat.dtype).reshape(x.shape))
            self.wv = wrap(np.asarray(theirs / shares[place], flat.dtype).reshape(v.shape))
        self.pick, self.saved = pick, (pick.index,)
        return wrap(flat.reshape(x.shape))

    @staticmethod
    def least(x, largest):
        """What any number is at least as large (small) as."""
        if x.is_floating_point():
            return -np.inf if largest else np.inf
        if x.dtype is bool_:
            return not largest
        limits = np.iinfo(x.dtype.numpy)
        return limits.min if largest else limits.max

    def backward(self, dy):
        return (dy * self.wx if self.needs(0) else None,
                take_rows(dy, self.pick, "ScatterReduce") * self.wv if self.needs(1) else None)

    def name(self):
        return "ScatterReduceBackward0"


def _reduced(who, x, v, pick, reduce, include_self):
    """x with each v taken together with what else goes to its place; pick is of single elements."""
    if reduce in ("amax", "amin"):
        op = ScatterExtreme()
        return op.record(op.forward(x, v, pick, reduce == "amax", include_self), x, v)
    if reduce not in ("sum", "prod", "mean"):
        raise ValueError(f"{who}: reduce is 'sum', 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    if x.dtype is bool_:
        return _reduced(who, x.to(int64), v.to(int64), pick, reduce, include_self).to(bool_)
    place = lend(pick.index).ravel()
    counts = np.bincount(place, minlength=x.numel()).reshape(x.shape)
    if not include_self:
        x = where(wrap(counts > 0), x.new_tensor(reduce == "prod"), x)
    if reduce == "prod":
        return _multiplied(x, v, place)
    total = x + add_rows(v, pick, "ScatterReduce")
    if reduce == "sum":
        return total
    counts = np.maximum(counts + bool(include_self), 1)
    if not x.is_floating_point():
        return wrap(np.asarray(lend(total) // counts, x.dtype.numpy))
    return total / wrap(np.asarray(counts, x.dtype.numpy))


def _multiplied(x, v, place):
    """x times all v that go to its places: of every place the first v, then the second, the third ..."""
    order = np.argsort(place, kind="stable")
    in_order = place[order]
    turn = np.arange(len(order)) - np.searchsorted(in_order, in_order)
    flat = reshape(v, -1)
    for k in range(int(turn.max(initial=-1)) + 1):
        these = order[turn == k]
        factor = put_rows(x.new_ones(x.shape), take_rows(flat, elements(flat, these), "ScatterReduce"),
                          elements(x, place[these]), "ScatterReduce")
        x = x * factor
    return x
