"""ReLU and what has grown from it: other slopes below 0, soft bends, upper bounds, dead zones."""
from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K, mg_activation, mg_activation_backward
from minigrad.ops.activation cimport Activation, activate, floats_only
from minigrad.ops.arithmetic cimport Unary, kernels, unary_kernel
from minigrad.ops.broadcast cimport shape_only, sum_to
from minigrad.tensor cimport (
    BOOL, FLOAT64, UINT8, Tensor, dense, describe, lend, new_like, new_tensor, wrap,
)

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import inplace as in_place
from minigrad.tensor import method


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
        cdef Tensor y = self.output(), dx
        if recording() or y.kind > FLOAT64:
            return dy * (y > 0)
        dx = new_like(y)
        dy = dense(dy)
        K[y.kind].relu_backward(dx.ptr, dy.ptr, y.ptr, y.n)
        return dx

    def name(self):
        return "ReluBackward0"


@in_place
@method
def relu(input):
    """max(input, 0), element by element: the rectifier."""
    return _numeric(ReLU.__new__(ReLU), "relu", input)


def relu_(input):
    """relu(input), written over input."""
    return input.relu_()


cdef Tensor _numeric(Unary op, str who, object input):
    """Records an op on a tensor of any numbers, integers included."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{who}: expected a tensor, got {type(input).__name__}")
    cdef Tensor x = input
    if x.kind == BOOL:
        raise TypeError(f"{who}: expected numbers, got {describe(x)}; convert it first (x.float())")
    return op.record(op.forward(x), x)


# ---- a slope below 0 --------------------------------------------------------------------------------------

cdef class LeakyRelu(Activation):
    """y = x where x > 0, else slope x
    dx = dy where x > 0, else slope dy

    Maas et al., ICML 2013.
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).leaky_relu_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            return where(x > 0, dy, dy * self.p[0])
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).leaky_relu_backward)


@in_place
def leaky_relu(input, double negative_slope=0.01, bint inplace=False):
    """input where it is positive, negative_slope input elsewhere."""
    if inplace:
        return input.leaky_relu_(negative_slope)
    cdef LeakyRelu op = LeakyRelu.__new__(LeakyRelu)
    cdef Tensor x = floats_only("leaky_relu", input)
    op.p[0] = negative_slope if x.kind == FLOAT64 else <float>negative_slope
    return activate(op, "leaky_relu", x)


def leaky_relu_(input, negative_slope=0.01):
    """leaky_relu(input), written over input."""
    return input.leaky_relu_(negative_slope)


cdef class Prelu(Op):
    """y = x where x > 0, else w x          x: (N, C, ...); w: (1) or (C), along axis 1
    dx = dy where x > 0, else w dy
    dw = the sum of x dy where x <= 0, over all axes but w's

    He et al., ICCV 2015.
    """
    cdef Tensor forward(self, Tensor x, Tensor w):
        self.saved = (x, w)
        a = lend(x)
        return wrap(np.asarray(np.where(a > 0, a, lend(w) * a)))

    cdef backward(self, Tensor dy):
        cdef Tensor x, w
        x, w = self.saved
        positive = x > 0
        return (where(positive, dy, w * dy) if self.needs(0) else None,
                sum_to(where(positive, 0.0, x) * where(positive, 0.0, dy), shape_only(w)) if self.needs(1) else None)


@method
def prelu(input, weight):
    """input where it is positive, weight input elsewhere; the weight is learnt.

    input: (N, C, ...), or (N); weight: one number, or one for each of the C channels.
    """
    cdef Tensor x = floats_only("prelu", input)
    cdef Tensor w = floats_only("prelu", weight)
    cdef Py_ssize_t channels = x.length[1] if x.rank > 1 else 1
    if x.kind != w.kind:
        raise TypeError(f"prelu: input is {x.dtype} and weight {w.dtype}; convert one of them")
    if w.rank > 1 or w.n not in (1, channels):
        raise ValueError(f"prelu: expected a weight for all or one for each of {channels} channels (axis 1 of "
                         f"{describe(x)}), got {describe(w)}")
    cdef Prelu op = Prelu.__new__(Prelu)
    shaped = w.reshape((1,) if w.n == 1 and x.rank else (channels,) + (1,) * (x.rank - 2)) if x.rank else w.reshape(())
    cdef Tensor weights = shaped
    return op.record(op.forward(x, weights), x, weights)


cdef class RRelu(Op):
    """y = x where x > 0, else slope x      slope: drawn for each element
    dx = dy where x > 0, else slope dy
    """
    cdef Tensor slope

    cdef Tensor forward(self, Tensor x, Tensor slope):
        self.slope = slope
        return wrap(np.asarray(lend(x) * lend(slope)))

    cdef backward(self, Tensor dy):
        return dy * self.slope

    def name(self):
        return "RreluWithNoiseBackward0"


@in_place
def rrelu(input, double lower=0.125, double upper=0.3333333333333333, bint training=False, bint inplace=False,
          generator=None):
    """input where it is positive, slope input elsewhere (Xu et al., 2015).

    The slope is drawn from [lower, upper) for each element in training, else (lower + upper) / 2.
    """
    if not lower <= upper:
        raise ValueError(f"rrelu: expected lower <= upper, got {lower} and {upper}")
    if inplace:
        return input.rrelu_(lower, upper, training, generator=generator)
    cdef Tensor x = floats_only("rrelu", input)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    array = lend(x)
    negative = array <= 0
    low, high = float(array.dtype.type(lower)), float(array.dtype.type(upper))
    cdef Py_ssize_t count = np.count_nonzero(negative)
    cdef Tensor u = new_tensor(FLOAT64, 1, &count)
    u.uniform_(generator=generator)
    slope = np.ones_like(array, order="C")
    slope[negative] = lend(u) * (high - low) + low
    cdef RRelu op = RRelu.__new__(RRelu)
    return op.record(op.forward(x, wrap(slope)), x)


def rrelu_(input, lower=0.125, upper=0.3333333333333333, training=False, generator=None):
    """rrelu(input), written over input."""
    return input.rrelu_(lower, upper, training, generator=generator)


# ---- an exponential below 0 ---------------------------------------------------------------------------------

cdef class Elu(Activation):
    """y = scale x where x > 0, else scale alpha (e^(rate x) - 1)
    dx = scale dy where x > 0, else scale alpha rate e^(rate x) dy
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).elu_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            below = where(x > 0, 0.0, x)        # e^x for large x would spoil the other branch's 0
            decay = (below * self.p[2]).exp() * (self.p[0] * self.p[1] * self.p[2])
            return dy * where(x > 0, self.p[1], decay)
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).elu_backward)


cdef class Celu(Elu):
    """y = x where x > 0, else alpha (e^(x / alpha) - 1)
    dx = dy where x > 0, else e^(x / alpha) dy
    """


@in_place
def elu(input, double alpha=1.0, bint inplace=False):
    """input where it is positive, alpha (e^input - 1) elsewhere (Clevert et al., ICLR 2016)."""
    if inplace:
        return input.elu_(alpha)
    cdef Elu op = Elu.__new__(Elu)
    op.p[0], op.p[1], op.p[2] = alpha, 1, 1
    return activate(op, "elu", input)


def elu_(input, alpha=1.0):
    """elu(input), written over input."""
    return input.elu_(alpha)


@in_place
def celu(input, double alpha=1.0, bint inplace=False):
    """input where it is positive, alpha (e^(input / alpha) - 1) elsewhere: smooth for every alpha
    (Barron, 2017)."""
    if alpha == 0:
        raise ValueError("celu: alpha divides, so it cannot be 0")
    if inplace:
        return input.celu_(alpha)
    cdef Celu op = Celu.__new__(Celu)
    op.p[0], op.p[1], op.p[2] = alpha, 1, 1 / alpha
    return activate(op, "celu", input)


def celu_(input, alpha=1.0):
    """celu(input), written over input."""
    return input.celu_(alpha)


@in_place
def selu(input, bint inplace=False):
    """scale input where it is positive, scale alpha (e^input - 1) elsewhere, with the two constants
    that make mean 0 and variance 1 a fixed point (Klambauer et al., NIPS 2017)."""
    if inplace:
        return input.selu_()
    cdef Elu op = Elu.__new__(Elu)
    op.p[0], op.p[1], op.p[2] = 1.6732632423543772, 1.0507009873554805, 1
    return activate(op, "selu", input)


def selu_(input):
    """selu(input), written over input."""
    return input.selu_()


# ---- straight pieces, by NumPy ------------------------------------------------------------------------------

cdef class Piecewise(Unary):
    """A function of straight pieces, flat on some and of slope 1 on the others."""
    cdef double low, high

    cdef Tensor pieces(self, object y, object flat):
        """y as a tensor; backward will give 0 where `flat`."""
        self.saved = (wrap(np.asarray(~flat)),)
        return wrap(np.asarray(y))

    cdef backward(self, Tensor dy):
        rising, = self.saved
        return where(rising, dy, 0.0)


cdef class Hardtanh(Piecewise):
    """y = min(max(x, low), high)
    dx = dy where low < x < high, else 0
    """
    cdef Tensor forward(self, Tensor x):
        a = lend(x)
        low, high = a.dtype.type(self.low), a.dtype.type(self.high)
        return self.pieces(np.minimum(np.maximum(a, low), high), (a <= low) | (a >= high))


@in_place
def hardtanh(input, double min_val=-1.0, double max_val=1.0, bint inplace=False):
    """input kept between min_val and max_val."""
    if not min_val <= max_val:
        raise ValueError(f"hardtanh: expected min_val <= max_val, got {min_val} and {max_val}")
    if inplace:
        return input.hardtanh_(min_val, max_val)
    if isinstance(input, Tensor) and (<Tensor>input).kind == UINT8 \
            and (min_val < 0 or max_val < 0):
        raise ValueError(f"hardtanh: {input.dtype} has no negative limits, got {min_val} and {max_val}")
    cdef Hardtanh op = Hardtanh.__new__(Hardtanh)
    op.low, op.high = min_val, max_val
    return _numeric(op, "hardtanh", input)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """hardtanh(input), written over input."""
    return input.hardtanh_(min_val, max_val)


@in_place
def relu6(input, bint inplace=False):
    """min(max(input, 0), 6), element by element."""
    return input.relu6_() if inplace else hardtanh(input, 0.0, 6.0)


cdef class Hardsigmoid(Piecewise):
    """y = min(max(x + 3, 0), 6) / 6
    dx = dy / 6 where -3 < x < 3, else 0
    """
    cdef Tensor forward(self, Tensor x):
        a = lend(x)
        y = np.clip(a.astype(np.float64) + 3, 0, 6) / 6
        return self.pieces(y.astype(a.dtype), (a <= -3) | (a >= 3))

    cdef backward(self, Tensor dy):
        rising, = self.saved
        return where(rising, dy / 6, 0.0)


@in_place
def hardsigmoid(input, bint inplace=False):
    """relu6(input + 3) / 6, element by element: a sigmoid of straight pieces."""
    return input.hardsigmoid_() if inplace else _floating(Hardsigmoid.__new__(Hardsigmoid), "hardsigmoid", input)


cdef class Softshrink(Piecewise):
    """y = x - lambd where x > lambd, x + lambd where x < -lambd, else 0
    dx = dy where |x| > lambd, else 0
    """
    cdef Tensor forward(self, Tensor x):
        a = lend(x)
        width = a.dtype.type(self.high)
        flat = np.abs(a) <= width
        return self.pieces(np.where(flat, a.dtype.type(0), a - np.copysign(width, a)), flat)


def softshrink(input, double lambd=0.5):
    """input moved towards 0 by lambd, and 0 where that would pass 0."""
    if not lambd >= 0:
        raise ValueError(f"softshrink: expected lambd >= 0, got {lambd}")
    cdef Softshrink op = Softshrink.__new__(Softshrink)
    op.high = lambd
    return _floating(op, "softshrink", input)


cdef class Hardshrink(Piecewise):
    """y = x where |x| > lambd, else 0
    dx = dy where |x| > lambd, else 0
    """
    cdef Tensor forward(self, Tensor x):
        a = lend(x)
        flat = np.abs(a) <= a.dtype.type(self.high)
        return self.pieces(np.where(flat, a.dtype.type(0), a), flat)


@method
def hardshrink(input, double lambd=0.5):
    """input, and 0 where |input| <= lambd."""
    cdef Hardshrink op = Hardshrink.__new__(Hardshrink)
    op.high = lambd
    return _floating(op, "hardshrink", input)


cdef class Threshold(Piecewise):
    """y = x where x > threshold, else value
    dx = dy where x > threshold, else 0
    """
    cdef Tensor forward(self, Tensor x):
        a = lend(x)
        flat = a <= a.dtype.type(self.low)
        return self.pieces(np.where(flat, a.dtype.type(self.high), a), flat)


@in_place
def threshold(input, double threshold, double value, bint inplace=False):
    """input where it exceeds threshold, value elsewhere."""
    if inplace:
        return input.threshold_(threshold, value)
    cdef Threshold op = Threshold.__new__(Threshold)
    op.low, op.high = threshold, value
    return _numeric(op, "threshold", input)


def threshold_(input, threshold, value):
    """threshold(input), written over input."""
    return input.threshold_(threshold, value)


cdef Tensor _floating(Unary op, str who, object input):
    cdef Tensor x = floats_only(who, input)
    return op.record(op.forward(x), x)
