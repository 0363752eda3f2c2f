"""What has grown from ReLU: other slopes below 0, soft bends, upper bounds, dead zones."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.activation import Activation, activate, floats_only, numeric
from minigrad.ops.arithmetic import Unary, where
from minigrad.ops.broadcast import shape_only, sum_to
from minigrad.ops.inplace import inplace as in_place
from minigrad.tensor import Tensor, describe, float64, lend, method, uint8, wrap

# ---- a slope below 0 --------------------------------------------------------------------------------------

class LeakyRelu(Activation):
    """y = x where x > 0, else slope x
    dx = dy where x > 0, else slope dy

    Maas et al., ICML 2013.
    """
    kernel = "leaky_relu"

    def composed(self, dy, x):
        return where(x > 0, dy, dy * self.p[0])


@in_place
def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, negative_slope input elsewhere."""
    if inplace:
        return input.leaky_relu_(negative_slope)
    x = floats_only("leaky_relu", input)
    slope = negative_slope if x.dtype is float64 else np.float32(negative_slope)
    return activate(LeakyRelu(slope), "leaky_relu", x)


def leaky_relu_(input, negative_slope=0.01):
    """leaky_relu(input), written over input."""
    return input.leaky_relu_(negative_slope)


class Prelu(Op):
    """y = x where x > 0, else w x          x: (N, C, ...); w: (1) or (C), along axis 1
    dx = dy where x > 0, else w dy
    dw = the sum of x dy where x <= 0, over all axes but w's

    He et al., ICCV 2015.
    """
    def forward(self, x, w):
        self.saved = (x, w)
        a = lend(x)
        return wrap(np.asarray(np.where(a > 0, a, lend(w) * a)))

    def backward(self, dy):
        x, w = self.saved
        positive = x > 0
        return (where(positive, dy, w * dy) if self.needs(0) else None,
                sum_to(where(positive, 0.0, x) * where(positive, 0.0, dy), shape_only(w)) if self.needs(1) else None)


@method
def prelu(input, weight):
    """input where it is positive, weight input elsewhere; the weight is learnt.

    input: (N, C, ...), or (N); weight: one number, or one for each of the C channels.
    """
    x = floats_only("prelu", input)
    w = floats_only("prelu", weight)
    channels = x.shape[1] if x.ndim > 1 else 1
    if x.dtype is not w.dtype:
        raise TypeError(f"prelu: input is {x.dtype} and weight {w.dtype}; convert one of them")
    if w.ndim > 1 or w.numel() not in (1, channels):
        raise ValueError(f"prelu: expected a weight for all or one for each of {channels} channels (axis 1 of "
                         f"{describe(x)}), got {describe(w)}")
    shape = () if x.ndim == 0 else (1,) if w.numel() == 1 else (channels,) + (1,) * (x.ndim - 2)
    w = w.reshape(shape)
    op = Prelu()
    return op.record(op.forward(x, w), x, w)


class RRelu(Op):
    """y = x where x > 0, else slope x      slope: drawn for each element
    dx = dy where x > 0, else slope dy
    """
    def forward(self, x, slope):
        self.slope = slope
        return wrap(np.asarray(lend(x) * lend(slope)))

    def backward(self, dy):
        return dy * self.slope

    def name(self):
        return "RreluWithNoiseBackward0"


@in_place
def rrelu(input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False,
          generator=None):
    """input where it is positive, slope input elsewhere (Xu et al., 2015).

    The slope is drawn from [lower, upper) for each element in training, else (lower + upper) / 2.
    """
    if not lower <= upper:
        raise ValueError(f"rrelu: expected lower <= upper, got {lower} and {upper}")
    if inplace:
        return input.rrelu_(lower, upper, training, generator=generator)
    x = floats_only("rrelu", input)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    array = lend(x)
    negative = array <= 0
    low, high = float(array.dtype.type(lower)), float(array.dtype.type(upper))
    u = wrap(np.empty(np.count_nonzero(negative))).uniform_(generator=generator)
    slope = np.ones_like(array, order="C")
    slope[negative] = lend(u) * (high - low) + low
    op = RRelu()
    return op.record(op.forward(x, wrap(slope)), x)


def rrelu_(input, lower=0.125, upper=0.3333333333333333, training=False, generator=None):
    """rrelu(input), written over input."""
    return input.rrelu_(lower, upper, training, generator=generator)


# ---- an exponential below 0 ---------------------------------------------------------------------------------

class Elu(Activation):
    """y = scale x where x > 0, else scale alpha (e^(rate x) - 1)
    dx = scale dy where x > 0, else scale alpha rate e^(rate x) dy
    """
    kernel = "elu"

    def composed(self, dy, x):
        alpha, scale, rate = self.p
        below = where(x > 0, 0.0, x)        # e^x for large x would spoil the other branch's 0
        return dy * where(x > 0, scale, (below * rate).exp() * (alpha * scale * rate))


class Celu(Elu):
    """y = x where x > 0, else alpha (e^(x / alpha) - 1)
    dx = dy where x > 0, else e^(x / alpha) dy
    """


@in_place
def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha (e^input - 1) elsewhere (Clevert et al., ICLR 2016)."""
    if inplace:
        return input.elu_(alpha)
    return activate(Elu(alpha, 1, 1), "elu", input)


def elu_(input, alpha=1.0):
    """elu(input), written over input."""
    return input.elu_(alpha)


@in_place
def celu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha (e^(input / alpha) - 1) elsewhere: smooth for every alpha
    (Barron, 2017)."""
    if alpha == 0:
        raise ValueError("celu: alpha divides, so it cannot be 0")
    if inplace:
        return input.celu_(alpha)
    return activate(Celu(alpha, 1, 1 / alpha), "celu", input)


def celu_(input, alpha=1.0):
    """celu(input), written over input."""
    return input.celu_(alpha)


@in_place
def selu(input, inplace=False):
    """scale input where it is positive, scale alpha (e^input - 1) elsewhere, with the two constants
    that make mean 0 and variance 1 a fixed point (Klambauer et al., NIPS 2017)."""
    if inplace:
        return input.selu_()
    return activate(Elu(1.6732632423543772, 1.0507009873554805, 1), "selu", input)


def selu_(input):
    """selu(input), written over input."""
    return input.selu_()


# ---- straight pieces, by NumPy ------------------------------------------------------------------------------

class Piecewise(Unary):
    """A function of straight pieces, flat on some and of slope 1 on the others."""

    def __init__(self, low=0, high=0):
        self.low, self.high = low, high

    def pieces(self, y, flat):
        """y as a tensor; backward will give 0 where `flat`."""
        self.saved = (wrap(np.asarray(~flat)),)
        return wrap(np.asarray(y))

    def backward(self, dy):
        rising, = self.saved
        return where(rising, dy, 0.0)


class Hardtanh(Piecewise):
    """y = min(max(x, low), high)
    dx = dy where low < x < high, else 0
    """
    def forward(self, x):
        a = lend(x)
        low, high = a.dtype.type(self.low), a.dtype.type(self.high)
        return self.pieces(np.minimum(np.maximum(a, low), high), (a <= low) | (a >= high))


@in_place
def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input kept between min_val and max_val."""
    if not min_val <= max_val:
        raise ValueError(f"hardtanh: expected min_val <= max_val, got {min_val} and {max_val}")
    if inplace:
        return input.hardtanh_(min_val, max_val)
    if isinstance(input, Tensor) and input.dtype is uint8 and (min_val < 0 or max_val < 0):
        raise ValueError(f"hardtanh: {input.dtype} has no negative limits, got {min_val} and {max_val}")
    return numeric(Hardtanh(min_val, max_val), "hardtanh", input)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """hardtanh(input), written over input."""
    return input.hardtanh_(min_val, max_val)


@in_place
def relu6(input, inplace=False):
    """min(max(input, 0), 6), element by element."""
    return input.relu6_() if inplace else hardtanh(input, 0.0, 6.0)


class Hardsigmoid(Piecewise):
    """y = min(max(x + 3, 0), 6) / 6
    dx = dy / 6 where -3 < x < 3, else 0
    """
    def forward(self, x):
        a = lend(x)
        y = np.clip(a.astype(np.float64) + 3, 0, 6) / 6
        return self.pieces(y.astype(a.dtype), (a <= -3) | (a >= 3))

    def backward(self, dy):
        rising, = self.saved
        return where(rising, dy / 6, 0.0)


@in_place
def hardsigmoid(input, inplace=False):
    """relu6(input + 3) / 6, element by element: a sigmoid of straight pieces."""
    return input.hardsigmoid_() if inplace else _floating(Hardsigmoid(), "hardsigmoid", input)


class Softshrink(Piecewise):
    """y = x - lambd where x > lambd, x + lambd where x < -lambd, else 0
    dx = dy where |x| > lambd, else 0
    """
    def forward(self, x):
        a = lend(x)
        width = a.dtype.type(self.high)
        flat = np.abs(a) <= width
        return self.pieces(np.where(flat, a.dtype.type(0), a - np.copysign(width, a)), flat)


def softshrink(input, lambd=0.5):
    """input moved towards 0 by lambd, and 0 where that would pass 0."""
    if not lambd >= 0:
        raise ValueError(f"softshrink: expected lambd >= 0, got {lambd}")
    return _floating(Softshrink(high=lambd), "softshrink", input)


class Hardshrink(Piecewise):
    """y = x where |x| > lambd, else 0
    dx = dy where |x| > lambd, else 0
    """
    def forward(self, x):
        a = lend(x)
        flat = np.abs(a) <= a.dtype.type(self.high)
        return self.pieces(np.where(flat, a.dtype.type(0), a), flat)


@method
def hardshrink(input, lambd=0.5):
    """input, and 0 where |input| <= lambd."""
    return _floating(Hardshrink(high=lambd), "hardshrink", input)


class Threshold(Piecewise):
    """y = x where x > threshold, else value
    dx = dy where x > threshold, else 0
    """
    def forward(self, x):
        a = lend(x)
        flat = a <= a.dtype.type(self.low)
        return self.pieces(np.where(flat, a.dtype.type(self.high), a), flat)


@in_place
def threshold(input, threshold, value, inplace=False):
    """input where it exceeds threshold, value elsewhere."""
    if inplace:
        return input.threshold_(threshold, value)
    return numeric(Threshold(threshold, value), "threshold", input)


def threshold_(input, threshold, value):
    """threshold(input), written over input."""
    return input.threshold_(threshold, value)


def _floating(op, who, input):
    x = floats_only(who, input)
    return op.record(op.forward(x), x)
