"""Along an axis: softmax, its logarithm, and their kin."""
from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.activation cimport floats_only
from minigrad.ops.arithmetic cimport convert
from minigrad.tensor cimport FLOAT16, FLOAT32, Tensor, axis_of, dense, lend, new_like, wrap

import numpy as np

from minigrad.tensor import method

ctypedef void (*softmax_kernel)(void *y, const void *x, size_t outer, size_t n, size_t inner) noexcept
ctypedef void (*softmax_gradient)(void *dx, const void *dy, const void *y,
                                  size_t outer, size_t n, size_t inner) noexcept


cdef void _around(Tensor x, int axis, size_t *outer, size_t *n, size_t *inner) noexcept:
    """x's lengths before, at and after an axis."""
    cdef int i
    outer[0] = n[0] = inner[0] = 1
    for i in range(x.rank):
        if i < axis:
            outer[0] *= x.length[i]
        elif i > axis:
            inner[0] *= x.length[i]
        else:
            n[0] = x.length[i]


cdef class Softmax(Op):
    """y_i = e^x_i / sum_j e^x_j      along one axis; computed with max x subtracted from x
    dx = y (dy - sum(dy y))
    """
    cdef int axis

    cdef Tensor forward(self, Tensor x, int axis):
        cdef size_t outer, n, inner
        cdef Tensor y = new_like(x)
        self.axis = axis
        x = dense(x)
        _around(x, axis, &outer, &n, &inner)
        K[x.kind].softmax_forward(y.ptr, x.ptr, outer, n, inner)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef size_t outer, n, inner
        cdef Tensor y = self.output(), dx
        if recording():
            return y * (dy - (dy * y).sum(self.axis, keepdim=True))
        dx = new_like(y)
        dy = dense(dy)
        _around(y, self.axis, &outer, &n, &inner)
        K[y.kind].softmax_backward(dx.ptr, dy.ptr, y.ptr, outer, n, inner)
        return dx


cdef class LogSoftmax(Op):
    """y_i = x_i - ln sum_j e^x_j      along one axis; computed with max x subtracted from x
    dx = dy - e^y sum(dy)
    """
    cdef int axis

    cdef Tensor forward(self, Tensor x, int axis):
        cdef size_t outer, n, inner
        cdef Tensor y = new_like(x)
        self.axis = axis
        x = dense(x)
        _around(x, axis, &outer, &n, &inner)
        K[x.kind].log_softmax_forward(y.ptr, x.ptr, outer, n, inner)
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef size_t outer, n, inner
        cdef Tensor y = self.output(), dx
        if recording():
            return dy - y.exp() * dy.sum(self.axis, keepdim=True)
        dx = new_like(y)
        dy = dense(dy)
        _around(y, self.axis, &outer, &n, &inner)
        K[y.kind].log_softmax_backward(dx.ptr, dy.ptr, y.ptr, outer, n, inner)
        return dx


cdef tuple _operand(str who, object input, object dim, object dtype):
    """The tensor, converted as dtype asks, and the axis's number."""
    if dim is None:
        raise TypeError(f"{who}: along which axis? give dim, for example dim=-1 for the last")
    cdef Tensor x = floats_only(who, input.to(dtype) if dtype is not None else input)
    return x, axis_of(dim, x.rank)


cdef Tensor _softmax(Tensor x, int axis):
    cdef Softmax op = Softmax.__new__(Softmax)
    if x.kind == FLOAT16:
        return convert(_softmax(convert(x, FLOAT32), axis), FLOAT16)
    return op.record(op.forward(x, axis), x)


cdef Tensor _log_softmax(Tensor x, int axis):
    cdef LogSoftmax op = LogSoftmax.__new__(LogSoftmax)
    if x.kind == FLOAT16:
        return convert(_log_softmax(convert(x, FLOAT32), axis), FLOAT16)
    return op.record(op.forward(x, axis), x)


@method
def softmax(input, dim=None, dtype=None):
    """e^x / sum(e^x) along dim: positive numbers that sum to 1.

    A row that is -inf throughout has no softmax and gives NaN; single -inf give 0.
    """
    x, axis = _operand("softmax", input, dim, dtype)
    return _softmax(x, axis)


@method
def log_softmax(input, dim=None, dtype=None):
    """ln softmax(input) along dim, exact also where the softmax underflows."""
    x, axis = _operand("log_softmax", input, dim, dtype)
    return _log_softmax(x, axis)


def softmin(input, dim=None, dtype=None):
    """e^-x / sum(e^-x) along dim: softmax(-input), large where input is small."""
    x, axis = _operand("softmin", input, dim, dtype)
    return _softmax(-x, axis)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """softmax((logits + g) / tau) along dim, with noise g from Gumbel's distribution: a sample of
    the categories that can be differentiated (Jang et al. and Maddison et al., ICLR 2017).

    hard: the result is one-hot, its gradient that of the soft sample. eps is not used.
    """
    x = floats_only("gumbel_softmax", logits)
    noise = -new_like(x).exponential_().log()
    soft = softmax((x + noise) / tau, dim)
    if not hard:
        return soft
    array = lend(soft.detach())
    one_hot = np.zeros_like(array)
    np.put_along_axis(one_hot, np.expand_dims(array.argmax(dim), dim), 1, dim)
    return wrap(one_hot) - soft.detach() + soft
