"""Order: sorting, the k-th of a row, medians and quantiles; what is there, and how often."""
from operator import index as whole

import numpy as np

from minigrad import return_types
from minigrad.ops.arithmetic import where
from minigrad.ops.extremes import pick
from minigrad.ops.reduction import either
from minigrad.tensor import (
    Tensor,
    axis_of,
    bool_,
    check_tensors,
    describe,
    float32,
    float64,
    lend,
    method,
    tensor,
    wrap,
)

# ---- sorting -----------------------------------------------------------------------------------------------

def _operand(who, input, dim):
    """The number of the axis dim of a tensor, its length (1 where it has no axes)."""
    check_tensors(who, input)
    axis = axis_of(dim, input.ndim)
    return axis, input.shape[axis] if input.ndim else 1


def _order(x, axis, descending=False):
    """The indices that sort x along an axis; equals keep their order, NaN is the largest."""
    array = lend(x)
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return array.argsort(axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(np.flip(array, axis).argsort(axis, kind="stable"), axis)


def _part(array, axis, start, stop):
    return array[(slice(None),) * axis + (slice(start, stop),)] if array.ndim else array


def _along(row, axis, rank):
    """A row of numbers with as many axes as a tensor has, all but one of length 1."""
    return row.reshape([-1 if i == axis else 1 for i in range(rank)])


@method
def sort(input, dim=-1, descending=False, stable=False, *, axis=None):
    """(values, indices) of the elements in order along dim; NaN counts as the largest.

    Equals keep their order, with stable=False, too.
    """
    axis, _ = _operand("sort", input, either(dim, axis))
    order = wrap(_order(input, axis, descending))
    return return_types.sort((pick(input, order, axis, True), order))


@method
def argsort(input, dim=-1, descending=False, stable=False, *, axis=None):
    """The indices that sort() gives."""
    axis, _ = _operand("argsort", input, either(dim, axis))
    return wrap(_order(input, axis, descending))


@method
def msort(input):
    """The values of sort() along the first axis."""
    return sort(input, 0)[0]


@method
def topk(input, k, dim=-1, largest=True, sorted=True, *, axis=None):
    """(values, indices) of the k largest (or smallest) elements along dim, the most extreme first.

    NaN counts as the largest; of equals, the first come first. Errors: ValueError where dim is shorter than k.
    """
    axis, n = _operand("topk", input, either(dim, axis))
    if not 0 <= whole(k) <= n:
        raise ValueError(f"topk: k is at least 0 and at most the axis's length, got k = {k} for axis {axis} of "
                         f"{describe(input)}")
    order = wrap(np.asarray(_part(_order(input, axis, largest), axis, 0, whole(k)), order="C"))
    return return_types.topk((pick(input, order, axis, True), order))


def _at(x, index, axis, keepdim):
    """(values, indices) for an array of indices whose axis has length 1."""
    if x.ndim == 0:
        return x.clone(), wrap(np.zeros((), np.int64))
    index = wrap(np.asarray(index if keepdim else index.squeeze(axis), order="C"))
    return pick(x, index, axis, True, keepdim), index


@method
def kthvalue(input, k, dim=-1, keepdim=False, *, axis=None, keepdims=None):
    """(values, indices) of the k-th smallest element along dim, k from 1; NaN counts as the largest."""
    axis, n = _operand("kthvalue", input, either(dim, axis))
    if not 1 <= whole(k) <= n:
        raise ValueError(f"kthvalue: k counts from 1 to the axis's length, got k = {k} for axis {axis} of "
                         f"{describe(input)}")
    place = _part(_order(input, axis), axis, whole(k) - 1, whole(k))
    return return_types.kthvalue(_at(input, place, axis, either(keepdim, keepdims)))


# ---- medians and quantiles -----------------------------------------------------------------------------------

def _median(who, x, dim, keepdim, ignore):
    """(values, indices) of the lower median along one axis; NaN where there is one, unless ignored."""
    axis, n = _operand(who, x, dim)
    if n == 0:
        raise IndexError(f"{who}: axis {axis} of {describe(x)} is empty and has no median")
    if x.ndim == 0:
        return _at(x, None, 0, keepdim)
    order = _order(x, axis)
    if x.is_floating_point():
        good = (~np.isnan(lend(x))).sum(axis, keepdims=True)
        if ignore:
            place = np.maximum(good - 1, 0) // 2
        else:                       # the first NaN, which comes after all numbers
            place = np.where(good < n, good, (n - 1) // 2)
        place = np.take_along_axis(order, place, axis)
    else:
        place = _part(order, axis, (n - 1) // 2, (n - 1) // 2 + 1)
    return _at(x, place, axis, keepdim)


def _median_of(who, x, dim, keepdim, ignore):
    if dim is not None:
        return getattr(return_types, who)(_median(who, x, dim, keepdim, ignore))
    check_tensors(who, x)
    return _median(who, x.reshape(-1), 0, False, ignore)[0] if x.numel() else tensor(np.nan, dtype=x.dtype)


@method
def median(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """median(x): the middle element, the lower of two; NaN if any is.
    median(x, dim): (values, indices) along an axis."""
    return _median_of("median", input, either(dim, axis), either(keepdim, keepdims), False)


@method
def nanmedian(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """median() of what is not NaN; NaN where all is."""
    return _median_of("nanmedian", input, either(dim, axis), either(keepdim, keepdims), True)


@method
def mode(input, dim=-1, keepdim=False, *, axis=None, keepdims=None):
    """(values, indices) of the most frequent element along dim: the smallest of those, and its last index."""
    axis, n = _operand("mode", input, either(dim, axis))
    if input.ndim == 0:
        return return_types.mode(_at(input, None, 0, keepdim))
    if n == 0:
        raise IndexError(f"mode: axis {axis} of {describe(input)} is empty and has no most frequent element")
    order = _order(input, axis)
    inner = np.take_along_axis(lend(input), order, axis)
    fresh = np.ones(inner.shape, bool)          # where a run of equals begins
    _part(fresh, axis, 1, n)[...] = _part(inner, axis, 1, n) != _part(inner, axis, 0, n - 1)
    counter = _along(np.arange(n), axis, input.ndim)
    run = counter - np.maximum.accumulate(np.where(fresh, counter, 0), axis)    # how many equals came before
    place = np.take_along_axis(order, run.argmax(axis, keepdims=True), axis)
    return return_types.mode(_at(input, place, axis, either(keepdim, keepdims)))


def _quantile(who, x, q, dim, keepdim, interpolation, ignore):
    check_tensors(who, x)
    if x.dtype not in (float32, float64):
        raise TypeError(f"{who}: expected a float32 or float64 tensor, got {describe(x)}; convert it first (x.float())")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(f"{who}: interpolation is 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got "
                         f"{interpolation!r}")
    if isinstance(q, Tensor) and q.dtype is not x.dtype:
        raise TypeError(f"{who}: q must have the input's dtype, {x.dtype}, got {q.dtype}")
    fractions = q if isinstance(q, Tensor) else tensor(q, dtype=x.dtype)
    if fractions.ndim > 1:
        raise ValueError(f"{who}: q is a number or a tensor of one axis, got {describe(fractions)}")
    values = np.asarray(lend(fractions), np.float64).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{who}: q lies between 0 and 1, got {values.tolist()}")
    if x.numel() == 0:
        raise ValueError(f"{who}: {describe(x)} has no elements")
    rank = x.ndim
    axis = 0 if dim is None else axis_of(dim, rank)
    if dim is None or rank == 0:
        x = x.reshape(-1)
    # (..., n) in order; the place of q among the n - 1 steps from the first to the last
    n, of = x.shape[axis], x.dtype.numpy
    order = _order(x, axis)
    bad = np.isnan(lend(x)).sum(axis, keepdims=True)
    steps = np.maximum(n - bad - 1, 0) if ignore else np.full(bad.shape, n - 1)
    places = _along(values, axis, x.ndim) * steps
    if not ignore:
        places = np.where(bad > 0, n - 1, places)       # NaN is at the end
    if interpolation == "nearest":
        places = np.rint(places)
    low, high = np.floor(places).astype(np.int64), np.ceil(places).astype(np.int64)
    if interpolation == "higher":
        low = high
    y = pick(x, wrap(np.take_along_axis(order, low, axis)), axis, False)
    if interpolation in ("linear", "midpoint"):
        above = pick(x, wrap(np.take_along_axis(order, high, axis)), axis, False)
        weight = np.where(low == high, 0.0, 0.5) if interpolation == "midpoint" else places - low
        weight = wrap(weight.astype(of))
        if fractions.requires_grad and interpolation == "linear":       # q's own gradient: the slope between the two
            slope = _along(fractions, axis, x.ndim) * wrap(steps.astype(of))
            weight = weight + (slope - slope.detach())
        # at an element exactly, its neighbour has no say, an infinite one neither
        y = where(weight == 0, y, y * (1 - weight) + where(weight == 0, 0.0, above) * weight)
    y = y.movedim(axis, 0)
    if keepdim and dim is None:
        y = y.reshape(-1, *[1] * rank)
    elif keepdim and rank:
        y = y.unsqueeze(axis + 1)
    return y.squeeze(0) if fractions.ndim == 0 else y


@method
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear", axis=None, keepdims=None):
    """The value below which a share q (0 to 1) of the elements along dim lies; NaN if any is.

    q: a number, or a tensor (Q): the result then has a first axis of that length.
    interpolation: between two elements, "linear", or "lower", "higher", "midpoint", "nearest".
    """
    return _quantile("quantile", input, q, either(dim, axis), either(keepdim, keepdims), interpolation, False)


@method
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear", axis=None, keepdims=None):
    """quantile() of what is not NaN; NaN where all is."""
    return _quantile("nanquantile", input, q, either(dim, axis), either(keepdim, keepdims), interpolation, True)


# ---- what is there -------------------------------------------------------------------------------------------

@method
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The elements without repetition, in ascending order (along dim: its slices); NaN is never a repetition.

    return_inverse: also where each element is among them. return_counts: also how often each occurs.
    """
    check_tensors("unique", input)
    axis = None if dim is None else axis_of(dim, input.ndim)
    values, inverse, counts = np.unique(lend(input), return_inverse=True, return_counts=True, axis=axis,
                                        equal_nan=False)
    return _chosen(values, inverse.reshape(input.shape if dim is None else -1), counts, return_inverse, return_counts)


def _chosen(values, inverse, counts, with_inverse, with_counts):
    result = (wrap(np.ascontiguousarray(values)),)
    if with_inverse:
        result += (wrap(np.asarray(inverse, np.int64)),)
    if with_counts:
        result += (wrap(np.asarray(counts, np.int64)),)
    return result[0] if len(result) == 1 else result


@method
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements without those equal to the one before (along dim: its slices)."""
    check_tensors("unique_consecutive", input)
    axis = 0 if dim is None else axis_of(dim, input.ndim)
    array = lend(input).reshape(-1) if dim is None else np.moveaxis(lend(input), axis, 0)
    n = array.shape[0]
    fresh = np.ones(n, bool)
    if n > 1:
        fresh[1:] = (array[1:] != array[:-1]).reshape(n - 1, -1).any(1)
    inverse = np.cumsum(fresh) - 1
    counts = np.diff(np.append(np.flatnonzero(fresh), n))
    return _chosen(np.moveaxis(array[fresh], 0, axis), inverse.reshape(input.shape if dim is None else -1), counts,
                   return_inverse, return_counts)


# ---- how often -----------------------------------------------------------------------------------------------

@method
def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs in a vector of integers; with weights, the sum of theirs.

    The result is as long as the largest element asks for, and at least minlength.
    """
    check_tensors("bincount", input, *() if weights is None else (weights,))
    if input.is_floating_point() or input.dtype is bool_ or input.ndim != 1:
        raise (TypeError if input.ndim == 1 else ValueError)(
            f"bincount: expected a vector of integers that are not negative, got {describe(input)}")
    if minlength < 0:
        raise ValueError(f"bincount: minlength is at least 0, got {minlength}")
    index = lend(input).astype(np.int64)
    if index.size and index.min() < 0:
        raise ValueError(f"bincount: the elements are counts' places and not negative, got {index.min()}")
    if weights is None:
        return wrap(np.bincount(index, minlength=minlength))
    if weights.ndim != 1 or weights.numel() != index.size:
        raise ValueError(f"bincount: one weight an element, got {describe(weights)} for {describe(input)}")
    counts = np.bincount(index, np.asarray(lend(weights), np.float64), minlength)
    return wrap(counts.astype(np.float32 if weights.dtype is float32 else np.float64))


def _range_of(who, array, low, high, margin):
    """The range of a histogram: the elements' own where low equals high, and a margin where that is one point."""
    if low > high:
        raise ValueError(f"{who}: the lower end must not be above the upper, got {low} and {high}")
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = low - margin, high + margin
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{who}: the range must be finite, got [{low}, {high}]; give it explicitly")
    return low, high


@method
def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of `bins` equal parts of [min, max], max included.

    With min = max the elements' own range is taken. What lies outside, or is NaN, is not counted.
    """
    check_tensors("histc", input)
    if not input.is_floating_point():
        raise TypeError(f"histc: expected a floating tensor, got {describe(input)}; convert it first (x.float())")
    if bins <= 0:
        raise ValueError(f"histc: bins is at least 1, got {bins}")
    array = np.asarray(lend(input), np.float64).reshape(-1)
    low, high = _range_of("histc", array, min, max, 1)
    array = array[(array >= low) & (array <= high)]
    place = np.minimum(((array - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return wrap(np.bincount(place, minlength=bins).astype(input.dtype.numpy))


@method
def histogram(input, bins, *, range=None, weight=None, density=False):
    """(hist, bin_edges): the weight of the elements in each bin, the last bin with its upper edge.

    bins: a number of equal bins over range (the elements' own where None), or the edges in ascending order.
    density: as a probability density, so that sum(hist * widths) = 1.
    """
    check_tensors("histogram", input, *() if weight is None else (weight,))
    if input.dtype not in (float32, float64):
        raise TypeError(f"histogram: expected a float32 or float64 tensor, got {describe(input)}; convert it first "
                        "(x.float())")
    if weight is not None and weight.shape != input.shape:
        raise ValueError(f"histogram: one weight an element, got {describe(weight)} for {describe(input)}")
    array = lend(input).reshape(-1)
    if isinstance(bins, Tensor):
        if range is not None:
            raise ValueError("histogram: range goes with a number of bins, not with their edges")
        edges = lend(bins).astype(array.dtype)
    else:
        if bins <= 0:
            raise ValueError(f"histogram: bins is at least 1, got {bins}")
        low, high = range or ((0, 0) if array.size else (0, 1))
        low, high = _range_of("histogram", array, low, high, 0.5)
        edges = np.linspace(low, high, bins + 1).astype(array.dtype)
    place = np.searchsorted(edges, array, "right") - 1
    place[array == edges[-1]] = len(edges) - 2
    inside = (place >= 0) & (place < len(edges) - 1) & ~np.isnan(array)
    weights = None if weight is None else np.asarray(lend(weight), np.float64).reshape(-1)[inside]
    counts = np.bincount(place[inside], weights, len(edges) - 1).astype(np.float64)
    if density:
        counts = counts / counts.sum() / np.diff(edges.astype(np.float64))
    return return_types.histogram((wrap(counts.astype(array.dtype)), wrap(edges)))


# ---- places in an ordered row ---------------------------------------------------------------------------------

def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where each element of input belongs in an ascending sequence: the first i with sequence_i >= input
    (right: > input); the sequence's length where there is none.

    Shapes: sequence (..., n) and input (..., m) with equal leading axes, or a sequence (n) and any input.
    sorter: indices that put an unordered sequence in order, of its shape.
    """
    check_tensors("searchsorted", sorted_sequence)
    rows, x = sorted_sequence, input if isinstance(input, Tensor) else tensor(input)
    if side is not None and side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    if side == "left" and right:
        raise ValueError("searchsorted: right=True and side='left' contradict each other")
    if rows.ndim == 0 or (rows.ndim > 1 and rows.shape[:-1] != x.shape[:-1]):
        raise ValueError("searchsorted: expected a sequence (n), or one with input's leading axes; got "
                         f"{describe(rows)} and input {describe(x)}")
    if sorter is not None and sorter.shape != rows.shape:
        raise ValueError(f"searchsorted: sorter has the sequence's shape, got {describe(sorter)} for {describe(rows)}")
    array = lend(rows) if sorter is None else np.take_along_axis(lend(rows), lend(sorter), -1)
    values, side = lend(x), "right" if right or side == "right" else "left"
    if rows.ndim == 1:
        found = np.searchsorted(array, values, side)
    else:
        found = np.zeros(values.shape, np.int64)
        for at in np.ndindex(values.shape[:-1]):
            found[at] = np.searchsorted(array[at], values[at], side)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Which of the buckets between ascending boundaries each element falls into: searchsorted() the other way round.

    Bucket i is (boundary_(i-1), boundary_i]; with right, [boundary_(i-1), boundary_i).
    """
    if not isinstance(boundaries, Tensor) or boundaries.ndim != 1:
        raise ValueError("bucketize: boundaries is a tensor of one axis, in ascending order")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
