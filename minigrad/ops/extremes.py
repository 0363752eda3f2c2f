"""Extremes: the largest and smallest elements, and where they are; elements picked along an axis."""
import numpy as np

from minigrad import return_types
from minigrad.autograd.engine import Op
from minigrad.ops.reduction import axes_of, axes_tuple, count_over, either, extreme_over, spread
from minigrad.tensor import Tensor, axis_of, check_tensors, describe, float32, float64, lend, method, wrap

# ---- elements at given places ----------------------------------------------------------------------------------

class Select(Op):
    """y = the elements of x at given indices along an axis, which is kept or, having one index only, goes
    dx = dy added in at those indices, else 0
    """
    def __init__(self, shape_of_x, index, axis, kept, distinct, title):
        self.shape_of_x, self.axis, self.kept, self.title = shape_of_x, axis, kept, title
        self.distinct = distinct        # no element is taken twice
        self.saved = (index,)

    def forward(self, x):
        taken = np.take_along_axis(lend(x), self.places(), self.axis)
        return wrap(taken if self.kept else np.asarray(taken.squeeze(self.axis)))

    def places(self):
        index = lend(self.saved[0])
        return index if self.kept else np.expand_dims(index, self.axis)

    def backward(self, dy):
        op = Place(self)
        return op.record(op.forward(dy, self.places()), dy)

    def name(self):
        return self.title


class Place(Op):
    """y = zeros of x's shape with dy added in at indices along an axis: the gradient of Select
    d(dy) = the elements at those indices
    """
    def __init__(self, of):
        self.of, self.saved = of, of.saved

    def forward(self, dy, places):
        of, values = self.of, lend(dy)
        array = np.zeros(of.shape_of_x, values.dtype)
        if not of.kept:
            values = np.expand_dims(values, of.axis)
        if of.distinct:
            np.put_along_axis(array, places, values, of.axis)
        else:
            index = list(np.ogrid[tuple(slice(n) for n in places.shape)])
            index[of.axis] = places
            np.add.at(array, tuple(index), values)
        return wrap(array)

    def backward(self, ddy):
        of, (index,) = self.of, self.saved
        op = Select(of.shape_of_x, index, of.axis, of.kept, of.distinct, of.title)
        return op.record(op.forward(ddy), ddy)


def pick(x, index, axis, distinct, kept=True):
    """The elements at index (an int64 tensor) along an axis, which is kept or, having one index only, goes; recorded.

    distinct: no element is taken twice.
    """
    if x.ndim == 0:
        return x.clone()
    op = Select(tuple(x.shape), index, axis, kept, distinct, "GatherBackward0")
    return op.record(op.forward(x), x)


# ---- along one axis, with their places -----------------------------------------------------------------------------

def _extreme(who, x, dim, keepdim, largest):
    """(values, indices) along one axis."""
    axis = axis_of(dim, x.ndim)
    if x.ndim == 0:
        return x.clone(), wrap(np.zeros((), np.int64))
    if x.shape[axis] == 0:
        raise IndexError(f"{who}: axis {axis} of {describe(x)} is empty and has no largest or smallest element")
    if x.dtype in (float32, float64):
        y, index = extreme_over(x, 1 << axis, False, largest, True)
    else:
        array = lend(x)
        index = wrap(np.asarray(array.argmax(axis) if largest else array.argmin(axis)))
        y = wrap(np.asarray(array.max(axis) if largest else array.min(axis)))
    op = Select(tuple(x.shape), index, axis, False, True, "MaxBackward0" if largest else "MinBackward0")
    y = op.record(y, x)
    return (y.unsqueeze(axis), index.unsqueeze(axis)) if keepdim else (y, index)


@method
def max(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """max(x): the largest element. max(x, dim): (values, indices) along an axis. max(x, y): maximum()."""
    check_tensors("max", input)
    if isinstance(dim, Tensor):
        return input.maximum(dim)
    dim = either(dim, axis)
    if dim is None:
        return amax(input)
    return return_types.max(_extreme("max", input, dim, either(keepdim, keepdims), True))


@method
def min(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """min(x): the smallest element. min(x, dim): (values, indices) along an axis. min(x, y): minimum()."""
    check_tensors("min", input)
    if isinstance(dim, Tensor):
        return input.minimum(dim)
    dim = either(dim, axis)
    if dim is None:
        return amin(input)
    return return_types.min(_extreme("min", input, dim, either(keepdim, keepdims), False))


def _arg(who, input, dim, keepdim, largest):
    check_tensors(who, input)
    x = input.detach()
    if dim is not None:
        return _extreme(who, x, dim, keepdim, largest)[1]
    if x.numel() == 0:
        raise IndexError(f"{who}: an empty tensor has no largest or smallest element")
    index = _extreme(who, x.reshape(-1), 0, False, largest)[1]
    return index.reshape([1] * x.ndim) if keepdim else index


@method
def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """The index of the largest element along dim (into the flattened tensor where None)."""
    return _arg("argmax", input, either(dim, axis), either(keepdim, keepdims), True)


@method
def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """The index of the smallest element along dim (into the flattened tensor where None)."""
    return _arg("argmin", input, either(dim, axis), either(keepdim, keepdims), False)


# ---- over any axes ---------------------------------------------------------------------------------------------------

class AMax(Op):
    """y = the largest (smallest) x over some axes
    dx = dy where x is it, shared evenly among equals; else 0
    """
    def forward(self, x, axes, keepdim, largest):
        self.axes = axes
        if count_over(x, axes) == 0:
            raise IndexError(f"{'amax' if largest else 'amin'}: {describe(x)} has no elements along the axes asked "
                             "for, so no largest or smallest")
        if x.dtype in (float32, float64):
            y, _ = extreme_over(x, axes, keepdim, largest, False)
        else:
            function = np.max if largest else np.min
            y = wrap(np.asarray(function(lend(x), axes_tuple(axes, x.ndim), keepdims=keepdim)))
        self.saved = (x,)
        self.keep(y)
        return y

    def backward(self, dy):
        x, y = self.saved
        chosen = (x.detach() == spread(y, x, self.axes)).to(dy.dtype)
        share = chosen / chosen.sum(axes_tuple(self.axes, x.ndim), keepdim=True)
        return share * spread(dy, x, self.axes)


def _over(who, x, dim, keepdim, largest):
    check_tensors(who, x)
    op = AMax()
    return op.record(op.forward(x, axes_of(dim, x.ndim), keepdim, largest), x)


@method
def amax(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """The largest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _over("amax", input, either(dim, axis), either(keepdim, keepdims), True)


@method
def amin(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """The smallest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _over("amin", input, either(dim, axis), either(keepdim, keepdims), False)


@method
def aminmax(input, *, dim=None, keepdim=False, axis=None, keepdims=None):
    """(amin(), amax()) over one axis (all where None), also as .min and .max."""
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    return return_types.aminmax((_over("aminmax", input, dim, keepdim, False),
                                 _over("aminmax", input, dim, keepdim, True)))
