"""Activations: the nonlinear functions between layers.

Their gradients have kernels of their own, in one pass over memory. Where the backward walk
is itself being recorded the same formula is composed of operations instead, so that it can
be differentiated again.
"""
from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport Unary, floating, kernels, unary, unary_kernel
from minigrad.tensor cimport FLOAT64, Tensor, axis_of, cast, dense, lend, new_like, wrap

import numpy as np

from minigrad.ops.inplace import inplace
from minigrad.tensor import method

ctypedef void (*gradient_kernel)(void *dx, const void *dy, const void *y, size_t n) noexcept


cdef Tensor _fused(gradient_kernel kernel, Tensor dy, Tensor y):
    """dx from dy and the output, by one kernel."""
    cdef Tensor dx = new_like(y)
    dy = dense(dy)
    kernel(dx.ptr, dy.ptr, y.ptr, y.n)
    return dx


# ---- ReLU ---------------------------------------------------------------------------------------------

cdef class ReLU(Unary):
    """y = max(x, 0)
    dx = dy where y > 0, else 0

    The gradient at 0 is 0. Nair and Hinton, ICML 2010.
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = self.compute(x, <unary_kernel>kernels(x).relu_forward, "relu")
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        if recording() or y.kind > FLOAT64:
            return dy * (y > 0)
        return _fused(<gradient_kernel>K[y.kind].relu_backward, dy, y)

    def name(self):
        return "ReluBackward0"


@inplace
@method
def relu(input):
    """max(input, 0), element by element: the rectifier."""
    return unary(ReLU.__new__(ReLU), input)


# ---- tanh ---------------------------------------------------------------------------------------------

cdef class Tanh(Unary):
    """y = (e^x - e^-x) / (e^x + e^-x)
    dx = dy (1 - y^2)
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = self.compute(x, <unary_kernel>kernels(x).tanh_forward, "tanh")
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        if recording() or y.kind > FLOAT64:
            return dy * (1 - y * y)
        return _fused(<gradient_kernel>K[y.kind].tanh_backward, dy, y)


@inplace
@method
def tanh(input):
    """The hyperbolic tangent, element by element: an S-curve from -1 to 1."""
    return unary(Tanh.__new__(Tanh), input)


# ---- sigmoid -------------------------------------------------------------------------------------------

cdef class Sigmoid(Unary):
    """y = 1 / (1 + e^-x)
    dx = dy y (1 - y)
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y
        if x.kind > FLOAT64:
            y = cast(self.forward(cast(x, FLOAT64)), x.kind)
        else:
            y = self.compute(x, <unary_kernel>kernels(x).sigmoid_forward, "sigmoid")
        self.saved = None
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor y = self.output()
        if recording() or y.kind > FLOAT64:
            return dy * y * (1 - y)
        return _fused(<gradient_kernel>K[y.kind].sigmoid_backward, dy, y)


@inplace
@method
def sigmoid(input):
    """1 / (1 + e^-input), element by element: an S-curve from 0 to 1."""
    return unary(Sigmoid.__new__(Sigmoid), input)


# ---- softmax -------------------------------------------------------------------------------------------

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


cdef tuple _softmax_operand(str who, object input, object dim, object dtype):
    if dim is None:
        raise TypeError(f"{who}: along which axis? give dim, for example dim=-1 for the last")
    cdef Tensor x = floating(input.to(dtype) if dtype is not None else input)
    if x.kind > FLOAT64:
        raise TypeError(f"{who}: expected float32 or float64, got {x.dtype}; convert it first (x.float())")
    return x, axis_of(dim, x.rank)


@method
def softmax(input, dim=None, dtype=None):
    """e^x / sum(e^x) along dim: positive numbers that sum to 1.

    A row that is -inf throughout has no softmax and gives NaN; single -inf give 0.
    """
    cdef Tensor x
    cdef int axis
    x, axis = _softmax_operand("softmax", input, dim, dtype)
    cdef Softmax op = Softmax.__new__(Softmax)
    return op.record(op.forward(x, axis), x)


@method
def log_softmax(input, dim=None, dtype=None):
    """ln softmax(input) along dim, exact also where the softmax underflows."""
    cdef Tensor x
    cdef int axis
    x, axis = _softmax_operand("log_softmax", input, dim, dtype)
    cdef LogSoftmax op = LogSoftmax.__new__(LogSoftmax)
    return op.record(op.forward(x, axis), x)
