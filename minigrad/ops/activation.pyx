"""Activations: the nonlinear functions between layers. Here are ReLU, the S-curves and their integrals:
tanh, sigmoid, their logarithm and their softer kin.

rectifier.py has what has grown from ReLU, gate.py the functions that let x through in part (GELU,
SiLU, Mish, GLU), softmax.pyx those along an axis.

Their gradients have kernels of their own, in one pass over memory. Where the backward walk
is itself being recorded the same formula is composed of operations instead, so that it can
be differentiated again.
"""
from minigrad.autograd.engine cimport recording
from minigrad.kernels cimport K, mg_activation, mg_activation_backward
from minigrad.ops.arithmetic cimport Unary, convert, kernels, unary, unary_kernel
from minigrad.tensor cimport (
    BOOL, FLOAT16, FLOAT32, FLOAT64, Tensor, cast, dense, describe, lend, new_like, wrap,
)

import numpy as np

from minigrad.kernels import _addresses as kernel_addresses
from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import inplace, with_out
from minigrad.tensor import method

ctypedef void (*gradient_kernel)(void *dx, const void *dy, const void *y, size_t n) noexcept


cdef Tensor _fused(gradient_kernel kernel, Tensor dy, Tensor y):
    """dx from dy and the output, by one kernel."""
    cdef Tensor dx = new_like(y)
    dy = dense(dy)
    kernel(dx.ptr, dy.ptr, y.ptr, y.n)
    return dx


cdef class Activation(Unary):
    """y = f(x; p), dx = dy f'(x; p): a function with kernels of its own, whose name is the class's `kernel`.

    A class defines composed(dy, x), the gradient made of operations, and is made with the
    parameters p (three numbers at most).
    """

    def __init__(self, *p):
        cdef int i
        for i in range(len(p)):
            self.parameters[i] = p[i]

    @property
    def p(self):
        """The function's parameters."""
        return self.parameters[0], self.parameters[1], self.parameters[2]

    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = new_like(x)
        self.saved = (x,)
        x = dense(x)
        (<mg_activation>_kernel(self, x.kind))(y.ptr, x.ptr, self.parameters, x.n)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x = self.saved[0], dx
        if recording():
            return (<object>self).composed(dy, x)
        dx = new_like(x)
        x, dy = dense(x), dense(dy)
        (<mg_activation_backward>_kernel(self, x.kind + 2))(dx.ptr, dy.ptr, x.ptr, self.parameters, x.n)
        return dx


# class -> the addresses of its kernels: forward for float32 and float64, backward for both
cdef dict _kernels = {}


cdef void *_kernel(Activation op, int which) except NULL:
    cdef tuple found = _kernels.get(type(op))
    if found is None:
        name = (<object>op).kernel
        found = tuple([kernel_addresses(kind)[name + way] for way in ("_forward", "_backward") for kind in (0, 1)])
        _kernels[type(op)] = found
    return <void *><size_t>found[which]


cpdef Tensor floats_only(str who, object input):
    if not isinstance(input, Tensor):
        raise TypeError(f"{who}: expected a tensor, got {type(input).__name__}")
    if (<Tensor>input).kind > FLOAT16:
        raise TypeError(f"{who}: expected a floating tensor, got {describe(<Tensor>input)}; convert it first "
                        "(x.float())")
    return <Tensor>input


cpdef Tensor activate(Unary op, str who, object input):
    cdef Tensor x = floats_only(who, input)
    if x.kind == FLOAT16:
        return convert(activate(op, who, convert(x, FLOAT32)), FLOAT16)
    return op.record(op.forward(x), x)


cpdef object bounded(Tensor x, double bound):
    """For composed gradients, which reach their limits long before x is infinite."""
    return where(x > bound, bound, where(x < -bound, -bound, x))


# ---- ReLU -------------------------------------------------------------------------------------------------

cdef class ReLU(Unary):
    """y = max(x, 0)
    dx = dy where y > 0, else 0

    The gradient at 0 is 0. Nair and Hinton, ICML 2010.
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y
        if x.kind <= FLOAT64:
            y = self.compute(x, <unary_kernel>kernels(x).relu_forward, "relu")
        else:
            y = wrap(np.asarray(np.maximum(lend(x), lend(x).dtype.type(0))))
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        return relu_gradient(dy, self.output(), False)

    def name(self):
        return "ReluBackward0"


cdef Tensor relu_gradient(Tensor dy, Tensor y, bint over):
    """dy where y > 0, else 0; over: written over dy, if its memory is nobody else's."""
    if recording() or y.kind > FLOAT64:
        return dy * (y > 0)
    if over and dy.dense and dy.storage.holders == 1 and dy.storage.owner is NULL and not dy.storage.readonly:
        K[y.kind].relu_backward(dy.ptr, dy.ptr, y.ptr, y.n)
        return dy
    return _fused(<gradient_kernel>K[y.kind].relu_backward, dy, y)


@inplace
@method
def relu(input):
    """max(input, 0), element by element: the rectifier."""
    return numeric(ReLU.__new__(ReLU), "relu", input)


def relu_(input):
    """relu(input), written over input."""
    return input.relu_()


cpdef Tensor numeric(Unary op, str who, object input):
    """Records an op on a tensor of any numbers, integers included."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{who}: expected a tensor, got {type(input).__name__}")
    cdef Tensor x = input
    if x.kind == BOOL:
        raise TypeError(f"{who}: expected numbers, got {describe(x)}; convert it first (x.float())")
    return op.record(op.forward(x), x)


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


@with_out
@inplace
@method
def tanh(input):
    """The hyperbolic tangent, element by element: an S-curve from -1 to 1."""
    return unary(Tanh.__new__(Tanh), input)


def tanh_(input):
    """tanh(input), written over input."""
    return input.tanh_()


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


@with_out
@inplace
@method
def sigmoid(input):
    """1 / (1 + e^-input), element by element: an S-curve from 0 to 1."""
    return unary(Sigmoid.__new__(Sigmoid), input)


def sigmoid_(input):
    """sigmoid(input), written over input."""
    return input.sigmoid_()


class LogSigmoid(Activation):
    """y = ln sigmoid(x) = -ln(1 + e^-x)
    dx = dy sigmoid(-x)
    """
    kernel = "log_sigmoid"

    def composed(self, dy, x):
        return dy * sigmoid(-x)


def logsigmoid(input):
    """ln sigmoid(input), element by element, exact also where the sigmoid underflows."""
    return activate(LogSigmoid(), "logsigmoid", input)


# ---- softplus: the integral of the sigmoid ---------------------------------------------------------------

class Softplus(Activation):
    """y = ln(1 + e^(beta x)) / beta, x where beta x > threshold
    dx = dy sigmoid(beta x), dy there

    Dugas et al., NIPS 2000.
    """
    kernel = "softplus"

    def composed(self, dy, x):
        beta, threshold, _ = self.p
        v = x * beta
        return dy * where(v > threshold, 1.0, sigmoid(v))


def softplus(input, double beta=1.0, double threshold=20.0):
    """ln(1 + e^(beta input)) / beta, element by element: a smooth relu.

    Where beta input exceeds threshold it is input itself.
    """
    return activate(Softplus(beta, threshold), "softplus", input)


# ---- softsign, tanhshrink: computed in float64 by NumPy ---------------------------------------------------

cdef class Softsign(Unary):
    """y = x / (1 + |x|)
    dx = dy / (1 + |x|)^2

    Bergstra et al., 2009.
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        with np.errstate(all="ignore"):
            a = lend(x).astype(np.float64)
            y = np.where(np.isinf(a), np.sign(a), a / (1 + np.abs(a)))
            return wrap(np.asarray(y.astype(lend(x).dtype)))

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / (1 + abs(x)) ** 2


def softsign(input):
    """input / (1 + |input|), element by element: an S-curve from -1 to 1 with heavy tails."""
    return unary(Softsign.__new__(Softsign), input)


cdef class Tanhshrink(Unary):
    """y = x - tanh(x)
    dx = dy tanh(x)^2
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        with np.errstate(all="ignore"):
            a = lend(x).astype(np.float64)
            square = a * a      # near 0 the two are almost equal: by the series of their difference
            series = a * square * np.polynomial.polynomial.polyval(square, _TANHSHRINK)
            y = np.where(np.abs(a) < 0.25, series, a - np.tanh(a))
            return wrap(np.asarray(y.astype(lend(x).dtype)))

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * tanh(x) ** 2


# (x - tanh x) / x^3 in powers of x^2
_TANHSHRINK = (1.0 / 3, -2.0 / 15, 17.0 / 315, -62.0 / 2835, 1382.0 / 155925, -21844.0 / 6081075, 929569.0 / 638512875,
               -6404582.0 / 10854718875, 443861162.0 / 1856156927625, -18888466084.0 / 194896477400625,
               113927491862.0 / 2900518163668125)


def tanhshrink(input):
    """input - tanh(input), element by element, to the last digit also near 0."""
    return unary(Tanhshrink.__new__(Tanhshrink), input)
