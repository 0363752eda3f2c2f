"""Extremes: the largest and smallest elements, and where they are; elements picked along an axis."""
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport K
from minigrad.ops.broadcast cimport fold, reduced, shape_only
from minigrad.ops.reduction cimport axes_of, axes_tuple, count_over, either, spread
from minigrad.tensor cimport FLOAT64, INT64, Tensor, axis_of, describe, lend, new_tensor, wrap

import numpy as np

from minigrad import return_types
from minigrad.tensor import method


cdef class Select(Op):
    """y = the elements of x at given indices along an axis, which is kept or, having one index only, goes
    dx = dy added in at those indices, else 0
    """
    cdef int axis
    cdef bint kept, distinct        # distinct: no element is taken twice
    cdef Tensor index, shape_of_x
    cdef str title

    cdef Tensor forward(self, Tensor x, Tensor y, Tensor index, int axis, bint kept, bint distinct, str title):
        """y: the elements, where they are known already."""
        self.axis, self.index, self.kept, self.distinct, self.title = axis, index, kept, distinct, title
        self.shape_of_x = shape_only(x)
        if y is not None:
            return y
        taken = np.take_along_axis(lend(x), self.places(), axis)
        return wrap(np.asarray(taken if kept else taken.squeeze(axis)))

    cdef object places(self):
        return lend(self.index) if self.kept else np.expand_dims(lend(self.index), self.axis)

    cdef backward(self, Tensor dy):
        return _place(dy, self)

    def name(self):
        return self.title


cdef class Place(Op):
    """y = zeros of x's shape with dy added in at indices along an axis: the gradient of Select
    d(dy) = the elements at those indices
    """
    cdef Select of

    cdef Tensor forward(self, Tensor dy, Select of):
        self.of = of
        array = np.zeros(tuple(of.shape_of_x.shape), lend(dy).dtype)
        values, places = lend(dy) if of.kept else np.expand_dims(lend(dy), of.axis), of.places()
        if of.distinct:
            np.put_along_axis(array, places, values, of.axis)
        else:
            index = list(np.ogrid[tuple([slice(n) for n in places.shape])])
            index[of.axis] = places
            np.add.at(array, tuple(index), values)
        return wrap(array)

    cdef backward(self, Tensor ddy):
        return _select(ddy, None, self.of.index, self.of.axis, self.of.kept, self.of.distinct, self.of.title)


cdef Tensor _select(Tensor x, Tensor y, Tensor index, int axis, bint kept, bint distinct, str title):
    cdef Select op = Select.__new__(Select)
    return op.record(op.forward(x, y, index, axis, kept, distinct, title), x)


cdef Tensor pick(Tensor x, object index, int axis, bint distinct, bint kept=True):
    """The elements at index (an array) along an axis, for other rooms."""
    if x.rank == 0:
        return x.clone()
    return _select(x, None, wrap(np.asarray(index, np.int64)), axis, kept, distinct, "GatherBackward0")


cdef Tensor _place(Tensor dy, Select of):
    cdef Place op = Place.__new__(Place)
    return op.record(op.forward(dy, of), dy)


cdef tuple _extreme(str who, Tensor x, object dim, bint keepdim, bint largest):
    """(values, indices) along one axis."""
    cdef int axis = axis_of(dim, x.rank)
    cdef unsigned int axes = <unsigned int>1 << axis if x.rank else 0
    cdef size_t outer, n, inner
    cdef Tensor folded, y, index
    if x.rank and x.length[axis] == 0:
        raise IndexError(f"{who}: axis {axis} of {describe(x)} is empty and has no largest or smallest element")
    if x.rank == 0:
        return x.clone(), new_tensor(INT64, 0, NULL).zero_()
    if x.kind <= FLOAT64:
        y = reduced(x, axes, False, x.kind)
        index = reduced(x, axes, False, INT64)
        folded = fold(x, axes, &outer, &n, &inner)
        if largest:
            K[x.kind].amax(y.ptr, <int64_t *>index.ptr, folded.ptr, outer, n, inner)
        else:
            K[x.kind].amin(y.ptr, <int64_t *>index.ptr, folded.ptr, outer, n, inner)
    else:
        array = lend(x)
        at = array.argmax(axis) if largest else array.argmin(axis)
        index = wrap(np.asarray(at))
        y = wrap(np.asarray(np.take_along_axis(array, np.expand_dims(at, axis), axis).squeeze(axis)))
    y = _select(x, y, index, axis, False, True, "MaxBackward0" if largest else "MinBackward0")
    if keepdim:
        return y.unsqueeze(axis), index.unsqueeze(axis)
    return y, index


cdef class AMax(Op):
    """y = the largest (smallest) x over some axes
    dx = dy where x is it, shared evenly among equals; else 0
    """
    cdef unsigned int axes

    cdef Tensor forward(self, Tensor x, unsigned int axes, bint keepdim, bint largest):
        cdef size_t outer, n, inner
        cdef Tensor folded, y
        self.axes = axes
        if count_over(x, axes) == 0:
            raise IndexError(f"{'amax' if largest else 'amin'}: {describe(x)} has no elements along the axes asked "
                             "for, so no largest or smallest")
        if x.kind <= FLOAT64:
            y = reduced(x, axes, keepdim, x.kind)
            folded = fold(x, axes, &outer, &n, &inner)
            if largest:
                K[x.kind].amax(y.ptr, NULL, folded.ptr, outer, n, inner)
            else:
                K[x.kind].amin(y.ptr, NULL, folded.ptr, outer, n, inner)
        else:
            over = axes_tuple(axes, x.rank)
            array = lend(x)
            y = wrap(np.asarray(array.max(over, keepdims=keepdim) if largest else array.min(over, keepdims=keepdim)))
        self.saved = (x,)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0]
        chosen = (x.detach() == spread(self.saved[1], x, self.axes)).to(dy.dtype)
        share = chosen / chosen.sum(axes_tuple(self.axes, x.rank), keepdim=True)
        return share * spread(dy, x, self.axes)


cdef Tensor _amax(object input, object dim, bint keepdim, bint largest):
    cdef Tensor x = input
    cdef AMax op = AMax.__new__(AMax)
    return op.record(op.forward(x, axes_of(dim, x.rank), keepdim, largest), x)


@method
def amax(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The largest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _amax(input, either(dim, axis), either(keepdim, keepdims), True)


@method
def amin(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The smallest element over dim (all axes where None); NaN wins. Equals share the gradient."""
    return _amax(input, either(dim, axis), either(keepdim, keepdims), False)


@method
def max(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """max(x): the largest element. max(x, dim): (values, indices) along an axis. max(x, y): maximum()."""
    cdef Tensor x = input
    if isinstance(dim, Tensor):
        return x.maximum(dim)
    dim = either(dim, axis)
    if dim is None:
        return _amax(input, None, False, True)
    return return_types.max(_extreme("max", input, dim, either(keepdim, keepdims), True))


@method
def min(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """min(x): the smallest element. min(x, dim): (values, indices) along an axis. min(x, y): minimum()."""
    cdef Tensor x = input
    if isinstance(dim, Tensor):
        return x.minimum(dim)
    dim = either(dim, axis)
    if dim is None:
        return _amax(input, None, False, False)
    return return_types.min(_extreme("min", input, dim, either(keepdim, keepdims), False))


@method
def aminmax(input, *, dim=None, bint keepdim=False, axis=None, keepdims=None):
    """(amin(), amax()) over one axis (all where None), also as .min and .max."""
    dim, keepdim = either(dim, axis), either(keepdim, keepdims)
    return return_types.aminmax((_amax(input, dim, keepdim, False), _amax(input, dim, keepdim, True)))


cdef Tensor _arg(str who, object input, object dim, bint keepdim, bint largest):
    cdef Tensor x = input.detach()
    if dim is None:
        if x.n == 0:
            raise IndexError(f"{who}: an empty tensor has no largest or smallest element")
        index = _extreme(who, x.reshape(-1), 0, False, largest)[1]
        return index.reshape([1] * x.rank) if keepdim else index
    return _extreme(who, x, dim, keepdim, largest)[1]


@method
def argmax(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The index of the largest element along dim (into the flattened tensor where None)."""
    return _arg("argmax", input, either(dim, axis), either(keepdim, keepdims), True)


@method
def argmin(input, dim=None, bint keepdim=False, *, axis=None, keepdims=None):
    """The index of the smallest element along dim (into the flattened tensor where None)."""
    return _arg("argmin", input, either(dim, axis), either(keepdim, keepdims), False)
