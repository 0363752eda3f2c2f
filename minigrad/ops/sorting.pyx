"""Order: sorting, the k-th of a row, medians and quantiles; what is there, and how often."""
from minigrad.ops.extremes cimport pick
from minigrad.ops.reduction cimport either, where
from minigrad.tensor cimport BOOL, FLOAT64, KINDS, Tensor, axis_of, describe, is_floating, lend, to_tensor, wrap

import numpy as np

from minigrad import return_types
from minigrad.tensor import method


# ---- sorting -----------------------------------------------------------------------------------------------

cdef object _order(Tensor x, int axis, bint descending):
    """The indices that sort x along an axis; equals keep their order, NaN is the largest."""
    array = lend(x)
    if x.rank == 0:
        return np.zeros((), np.int64)
    if not descending:
        return array.argsort(axis, kind="stable")
    back = (slice(None),) * axis + (slice(None, None, -1),)
    return x.length[axis] - 1 - array[back].argsort(axis, kind="stable")[back]


@method
def sort(input, dim=-1, descending=False, stable=False, *, axis=None):
    """(values, indices) of the elements in order along dim; NaN counts as the largest.

    Equals keep their order, with stable=False, too.
    """
    cdef Tensor x = input
    cdef int at = axis_of(dim if axis is None else axis, x.rank)
    order = _order(x, at, descending)
    return return_types.sort((pick(x, order, at, True), wrap(order)))


@method
def argsort(input, dim=-1, descending=False, stable=False, *, axis=None):
    """The indices that sort() gives."""
    cdef Tensor x = input
    return wrap(_order(x, axis_of(dim if axis is None else axis, x.rank), descending))


@method
def msort(input):
    """The values of sort() along the first axis."""
    return sort(input, 0)[0]


cdef object _part(object array, int axis, Py_ssize_t start, Py_ssize_t stop):
    return array[(slice(None),) * axis + (slice(start, stop),)]


@method
def topk(input, k, dim=-1, largest=True, sorted=True, *, axis=None):
    """(values, indices) of the k largest (or smallest) elements along dim, the most extreme first.

    NaN counts as the largest; of equals, the first come first. Errors: ValueError where dim is shorter than k.
    """
    cdef Tensor x = input
    cdef int at = axis_of(dim if axis is None else axis, x.rank)
    cdef Py_ssize_t count = k
    if not 0 <= count <= (x.length[at] if x.rank else 1):
        raise ValueError(f"topk: k is at least 0 and at most the axis's length, got k = {k} for axis {at} of "
                         f"{describe(x)}")
    order = _order(x, at, largest)
    order = np.ascontiguousarray(_part(order, at, 0, count)) if x.rank else order
    return return_types.topk((pick(x, order, at, True), wrap(order)))


cdef tuple _kth(Tensor x, object index, int axis, bint keepdim):
    """(values, indices) for an array of indices whose axis has length 1."""
    if x.rank == 0:
        return x.clone(), wrap(np.zeros((), np.int64))
    if keepdim:
        return pick(x, index, axis, True), wrap(np.ascontiguousarray(index))
    index = np.asarray(index.squeeze(axis))
    return pick(x, index, axis, True, False), wrap(index)


@method
def kthvalue(input, k, dim=-1, bint keepdim=False, *, axis=None, keepdims=None):
    """(values, indices) of the k-th smallest element along dim, k from 1; NaN counts as the largest."""
    cdef Tensor x = input
    cdef int at = axis_of(dim if axis is None else axis, x.rank)
    if not 1 <= k <= (x.length[at] if x.rank else 1):
        raise ValueError(f"kthvalue: k counts from 1 to the axis's length, got k = {k} for axis {at} of {describe(x)}")
    order = _order(x, at, False)
    place = _part(order, at, k - 1, k) if x.rank else order
    return return_types.kthvalue(_kth(x, place, at, either(keepdim, keepdims)))


# ---- medians and quantiles -----------------------------------------------------------------------------------

cdef tuple _median(str who, Tensor x, object dim, bint keepdim, bint ignore):
    """(values, indices) of the lower median along one axis; NaN where there is one, unless ignored."""
    cdef int axis = axis_of(dim, x.rank)
    if x.rank and x.length[axis] == 0:
        raise IndexError(f"{who}: axis {axis} of {describe(x)} is empty and has no median")
    if x.rank == 0:
        return _kth(x, None, 0, keepdim)
    order = _order(x, axis, False)
    place = np.full([1 if i == axis else x.length[i] for i in range(x.rank)], (x.length[axis] - 1) // 2)
    if is_floating(x.kind):
        good = (~np.isnan(lend(x))).sum(axis, keepdims=True)
        if ignore:
            place = np.maximum(good - 1, 0) // 2
        else:                       # the first NaN, which comes after all numbers
            place = np.where(good < x.length[axis], good, place)
    return _kth(x, np.take_along_axis(order, place, axis), axis, keepdim)


cdef object _median_of(str who, object input, object dim, bint keepdim, bint ignore):
    cdef Tensor x = input
    if dim is not None:
        return getattr(return_types, who)(_median(who, x, dim, keepdim, ignore))
    if x.n == 0:
        return to_tensor(np.nan, x.kind)
    return _median(who, x.reshape(-1), 0, False, ignore)[0]


@method
def median(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """median(x): the middle element, the lower of two; NaN if any is.
    median(x, dim): (values, indices) along an axis."""
    return _median_of("median", input, either(dim, axis), either(keepdim, keepdims), False)


@method
def nanmedian(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """median() of what is not NaN; NaN where all is."""
    return _median_of("nanmedian", input, either(dim, axis), either(keepdim, keepdims), True)


@method
def mode(input, dim=-1, bint keepdim=False, *, axis=None, keepdims=None):
    """(values, indices) of the most frequent element along dim: the smallest of those, and its last index."""
    cdef Tensor x = input
    cdef int at = axis_of(dim if axis is None else axis, x.rank)
    if x.rank == 0:
        return return_types.mode(_kth(x, None, 0, keepdim))
    if x.length[at] == 0:
        raise IndexError(f"mode: axis {at} of {describe(x)} is empty and has no most frequent element")
    order = _order(x, at, False)
    inner = np.take_along_axis(lend(x), order, at)
    fresh = np.ones(inner.shape, bool)          # where a run of equals begins
    last = x.length[at] - 1
    fresh[(slice(None),) * at + (slice(1, None),)] = _part(inner, at, 1, last + 1) != _part(inner, at, 0, last)
    counter = np.arange(x.length[at]).reshape([-1 if i == at else 1 for i in range(x.rank)])
    run = counter - np.maximum.accumulate(np.where(fresh, counter, 0), at)      # how many equals came before
    place = np.expand_dims(run.argmax(at), at)
    return return_types.mode(_kth(x, np.take_along_axis(order, place, at), at, either(keepdim, keepdims)))


cdef object _quantile(str who, object input, object q, object dim, bint keepdim, str interpolation, bint ignore):
    cdef Tensor x = input, fractions
    cdef int axis, i
    if not isinstance(x, Tensor) or x.kind > FLOAT64:
        raise TypeError(f"{who}: expected a float32 or float64 tensor, got {describe(x)}; convert it first (x.float())")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(f"{who}: interpolation is 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got "
                         f"{interpolation!r}")
    if isinstance(q, Tensor) and (<Tensor>q).kind != x.kind:
        raise TypeError(f"{who}: q must have the input's dtype, {x.dtype}, got {q.dtype}")
    fractions = q if isinstance(q, Tensor) else to_tensor(q, x.kind)
    if fractions.rank > 1:
        raise ValueError(f"{who}: q is a number or a tensor of one axis, got {describe(fractions)}")
    values = np.asarray(lend(fractions), np.float64).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{who}: q lies between 0 and 1, got {values.tolist()}")
    if x.n == 0:
        raise ValueError(f"{who}: {describe(x)} has no elements")
    rank = x.rank
    if dim is None:
        x, axis = x.reshape(-1), 0
    else:
        axis = axis_of(dim, rank)
        x = x if rank else x.reshape(1)
    # (..., n) in order; the place of q among the n - 1 steps from the first to the last
    order = _order(x, axis, False)
    bad = np.isnan(lend(x)).sum(axis, keepdims=True)
    counts = x.length[axis] - bad if ignore else np.full(bad.shape, x.length[axis])
    places = values.reshape([-1 if i == axis else 1 for i in range(x.rank)]) * np.maximum(counts - 1, 0)
    if not ignore:
        places = np.where(bad > 0, x.length[axis] - 1, places)       # NaN is at the end
    if interpolation == "nearest":
        places = np.rint(places)
    low, high = np.floor(places).astype(np.int64), np.ceil(places).astype(np.int64)
    if interpolation == "higher":
        low = high
    below = pick(x, np.take_along_axis(order, low, axis), axis, False)
    if interpolation in ("linear", "midpoint"):
        above = pick(x, np.take_along_axis(order, high, axis), axis, False)
        weight = wrap(np.asarray(np.where(low == high, 0.0, 0.5) if interpolation == "midpoint" else places - low,
                                 lend(x).dtype))
        if fractions.requires and interpolation == "linear":        # q's own gradient: the slope between the two
            slope = fractions.reshape([-1 if i == axis else 1 for i in range(x.rank)]) * wrap(np.asarray(
                np.maximum(counts - 1, 0), lend(x).dtype))
            weight = weight + (slope - slope.detach())
        # at an element exactly, its neighbour has no say, an infinite one neither
        below = where(weight == 0, below, below * (1 - weight) + where(weight == 0, 0.0, above) * weight)
    result = below.movedim(axis, 0)
    if keepdim:
        if dim is None:
            result = result.reshape(-1, *[1] * rank)
        elif rank:
            result = result.unsqueeze(axis + 1)
    return result.squeeze(0) if fractions.rank == 0 else result


@method
def quantile(input, q, dim=None, bint keepdim=False, *, interpolation="linear", axis=None, keepdims=None):
    """The value below which a share q (0 to 1) of the elements along dim lies; NaN if any is.

    q: a number, or a tensor (Q): the result then has a first axis of that length.
    interpolation: between two elements, "linear", or "lower", "higher", "midpoint", "nearest".
    """
    return _quantile("quantile", input, q, either(dim, axis), either(keepdim, keepdims), interpolation, False)


@method
def nanquantile(input, q, dim=None, bint keepdim=False, *, interpolation="linear", axis=None, keepdims=None):
    """quantile() of what is not NaN; NaN where all is."""
    return _quantile("nanquantile", input, q, either(dim, axis), either(keepdim, keepdims), interpolation, True)


# ---- what is there -------------------------------------------------------------------------------------------

@method
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The elements without repetition, in ascending order (along dim: its slices); NaN is never a repetition.

    return_inverse: also where each element is among them. return_counts: also how often each occurs.
    """
    cdef Tensor x = input
    axis = None if dim is None else axis_of(dim, x.rank)
    found = np.unique(lend(x), return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    values, inverse, counts = [np.ascontiguousarray(part) for part in found]
    inverse = inverse.reshape(-1 if dim is not None else lend(x).shape)
    return _chosen(values, inverse, counts, return_inverse, return_counts)


cdef object _chosen(object values, object inverse, object counts, bint with_inverse, bint with_counts):
    result = (wrap(values),)
    if with_inverse:
        result += (wrap(np.asarray(inverse, np.int64)),)
    if with_counts:
        result += (wrap(np.asarray(counts, np.int64)),)
    return result[0] if len(result) == 1 else result


@method
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements without those equal to the one before (along dim: its slices)."""
    cdef Tensor x = input
    array = lend(x).reshape(-1) if dim is None else np.moveaxis(lend(x), axis_of(dim, x.rank), 0)
    n = array.shape[0]
    fresh = np.ones(n, bool)
    if n > 1:
        fresh[1:] = (array[1:] != array[:-1]).reshape(n - 1, -1).any(1)
    values = array[fresh]
    inverse = np.cumsum(fresh) - 1
    counts = np.diff(np.append(np.flatnonzero(fresh), n))
    if dim is None:
        inverse = inverse.reshape(lend(x).shape)
    else:
        values = np.moveaxis(values, 0, axis_of(dim, x.rank))
    return _chosen(np.ascontiguousarray(values), inverse, counts, return_inverse, return_counts)


# ---- how often -----------------------------------------------------------------------------------------------

@method
def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs in a vector of integers; with weights, the sum of theirs.

    The result is as long as the largest element asks for, and at least minlength.
    """
    cdef Tensor x = input, w = weights
    if is_floating(x.kind) or x.kind == BOOL or x.rank != 1:
        raise (TypeError if x.rank == 1 else ValueError)(
            f"bincount: expected a vector of integers that are not negative, got {describe(x)}")
    if minlength < 0:
        raise ValueError(f"bincount: minlength is at least 0, got {minlength}")
    if x.n and lend(x).min() < 0:
        raise ValueError(f"bincount: the elements are counts' places and not negative, got {lend(x).min()}")
    if w is not None and (w.rank != 1 or w.n != x.n):
        raise ValueError(f"bincount: one weight an element, got {describe(w)} for {describe(x)}")
    index = lend(x).astype(np.int64)
    if w is None:
        return wrap(np.bincount(index, minlength=minlength))
    counts = np.bincount(index, np.asarray(lend(w), np.float64), minlength).astype(np.float64)
    return wrap(counts.astype(np.float32) if w.kind == 0 else counts)


cdef tuple _range_of(str who, object array, object low, object high, double margin):
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
    cdef Tensor x = input
    if not is_floating(x.kind):
        raise TypeError(f"histc: expected a floating tensor, got {describe(x)}; convert it first (x.float())")
    if bins <= 0:
        raise ValueError(f"histc: bins is at least 1, got {bins}")
    array = np.asarray(lend(x), np.float64).reshape(-1)
    low, high = _range_of("histc", array, min, max, 1)
    array = array[(array >= low) & (array <= high)]
    place = np.minimum(((array - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return wrap(np.bincount(place, minlength=bins).astype(lend(x).dtype))


@method
def histogram(input, bins, *, range=None, weight=None, bint density=False):
    """(hist, bin_edges): the weight of the elements in each bin, the last bin with its upper edge.

    bins: a number of equal bins over range (the elements' own where None), or the edges in ascending order.
    density: as a probability density, so that sum(hist * widths) = 1.
    """
    cdef Tensor x = input, w = weight
    if x.kind > FLOAT64:
        raise TypeError(f"histogram: expected a float32 or float64 tensor, got {describe(x)}; convert it first "
                        "(x.float())")
    if w is not None and tuple(w.shape) != tuple(x.shape):
        raise ValueError(f"histogram: one weight an element, got {describe(w)} for {describe(x)}")
    array = lend(x).reshape(-1)
    if isinstance(bins, Tensor):
        edges = np.ascontiguousarray(lend(bins).astype(array.dtype))
        if range is not None:
            raise ValueError("histogram: range goes with a number of bins, not with their edges")
    else:
        if bins <= 0:
            raise ValueError(f"histogram: bins is at least 1, got {bins}")
        low, high = range or ((0, 0) if array.size else (0, 1))
        low, high = _range_of("histogram", array, low, high, 0.5)
        edges = np.linspace(low, high, bins + 1).astype(array.dtype)
    place = np.searchsorted(edges, array, "right") - 1
    place[array == edges[-1]] = len(edges) - 2
    inside = (place >= 0) & (place < len(edges) - 1) & ~np.isnan(array)
    weights = None if w is None else np.asarray(lend(w), np.float64).reshape(-1)[inside]
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
    cdef Tensor rows = sorted_sequence, x
    if side is not None and side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    if side == "left" and right:
        raise ValueError("searchsorted: right=True and side='left' contradict each other")
    x = input if isinstance(input, Tensor) else to_tensor(input, <int>KINDS)
    if rows.rank == 0 or (rows.rank > 1 and tuple(rows.shape)[:-1] != tuple(x.shape)[:-1]):
        raise ValueError("searchsorted: expected a sequence (n), or one with input's leading axes; got "
                         f"{describe(rows)} and input {describe(x)}")
    if sorter is not None and tuple(sorter.shape) != tuple(rows.shape):
        raise ValueError(f"searchsorted: sorter has the sequence's shape, got {describe(sorter)} for {describe(rows)}")
    array = lend(rows) if sorter is None else np.take_along_axis(lend(rows), lend(sorter), -1)
    where_to = "right" if right or side == "right" else "left"
    values = lend(x)
    if rows.rank == 1:
        found = np.searchsorted(array, values, where_to)
    else:
        found = np.zeros(values.shape, np.int64)
        for at in np.ndindex(values.shape[:-1]):
            found[at] = np.searchsorted(array[at], values[at], where_to)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Which of the buckets between ascending boundaries each element falls into: searchsorted() the other way round.

    Bucket i is (boundary_(i-1), boundary_i]; with right, [boundary_(i-1), boundary_i).
    """
    if not isinstance(boundaries, Tensor) or (<Tensor>boundaries).rank != 1:
        raise ValueError("bucketize: boundaries is a tensor of one axis, in ascending order")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
