"""Functions that let x through in part: GELU, SiLU and Mish multiply x by an S-curve of x itself,
GLU by one of another half, Hardswish by a straight one."""
from math import pi, sqrt

from minigrad.ops.activation import Activation, activate, bounded, floats_only, sigmoid, softplus, tanh
from minigrad.ops.arithmetic import Unary, by_kernel, where
from minigrad.ops.inplace import inplace as in_place
from minigrad.tensor import axis_of, describe

SQRT_1_2 = sqrt(0.5)
SQRT_2_PI = sqrt(2 / pi)


# ---- SiLU and Mish ----------------------------------------------------------------------------------------

class Silu(Activation):
    """y = x s,  s = sigmoid(x)
    dx = dy s (1 + x (1 - s))

    Elfwing et al., 2017; also called Swish (Ramachandran et al., 2017).
    """
    kernel = "silu"

    def composed(self, dy, x):
        x = bounded(x, 800)
        s = sigmoid(x)
        return dy * s * (1 + x * sigmoid(-x))


@in_place
def silu(input, inplace=False):
    """input sigmoid(input), element by element; 0 at -inf."""
    return input.silu_() if inplace else activate(Silu(), "silu", input)


class Mish(Activation):
    """y = x t,  t = tanh(softplus(x))
    dx = dy (t + x (1 - t^2) sigmoid(x))

    Misra, BMVC 2020.
    """
    kernel = "mish"

    def composed(self, dy, x):
        x = bounded(x, 800)
        t = tanh(softplus(x))
        return dy * (t + x * (1 - t * t) * sigmoid(x))


@in_place
def mish(input, inplace=False):
    """input tanh(softplus(input)), element by element; 0 at -inf."""
    return input.mish_() if inplace else activate(Mish(), "mish", input)


# ---- GELU -------------------------------------------------------------------------------------------------

class NormalCdf(Unary):
    """y = P(X < x) = (1 + erf(x / sqrt(2))) / 2 for a normal X
    dx = dy e^(-x^2 / 2) / sqrt(2 pi)
    """
    def forward(self, x):
        self.saved = (x,)
        return by_kernel("erf", x.detach() * SQRT_1_2) * 0.5 + 0.5

    def backward(self, dy):
        x, = self.saved
        return dy * _normal_density(x)


def _normal_density(x):
    """e^(-x^2 / 2) / sqrt(2 pi)"""
    return (x * x * -0.5).exp() * (0.5 * SQRT_2_PI)


def _normal_cdf(x):
    op = NormalCdf()
    return op.record(op.forward(x), x)


class Gelu(Activation):
    """y = x P(X < x) = x / 2 erfc(-x / sqrt(2))      X normal of mean 0 and variance 1
    dx = dy (P(X < x) + x e^(-x^2 / 2) / sqrt(2 pi))

    Hendrycks and Gimpel, 2016.
    """
    kernel = "gelu"

    def composed(self, dy, x):
        x = bounded(x, 40)
        return dy * (_normal_cdf(x) + x * _normal_density(x))


class GeluTanh(Activation):
    """y = x s,  s = sigmoid(v) = (1 + tanh(v / 2)) / 2,  v = 2 sqrt(2 / pi) (x + 0.044715 x^3)
    dx = dy s (1 + x (1 - s) dv/dx)
    """
    kernel = "gelu_tanh"

    def composed(self, dy, x):
        x = bounded(x, 40)
        v = 2 * SQRT_2_PI * (x + 0.044715 * x * x * x)
        return dy * sigmoid(v) * (1 + x * sigmoid(-v) * (2 * SQRT_2_PI * (1 + 3 * 0.044715 * x * x)))

    def name(self):
        return "GeluBackward0"


@in_place
def gelu(input, *, approximate="none"):
    """input times the probability that a normal number lies below it; 0 at -inf, tails exact.

    approximate: "none", or "tanh" for the formula with tanh that many published weights expect.
    """
    if approximate == "none":
        return activate(Gelu(), "gelu", input)
    if approximate == "tanh":
        return activate(GeluTanh(), "gelu", input)
    raise ValueError(f"gelu: approximate is 'none' or 'tanh', got {approximate!r}")


# ---- Hardswish ----------------------------------------------------------------------------------------------

class Hardswish(Activation):
    """y = x min(max(x + 3, 0), 6) / 6
    dx = dy (2 x + 3) / 6 where -3 < x < 3, 0 below, dy above

    Howard et al., ICCV 2019.
    """
    kernel = "hardswish"

    def composed(self, dy, x):
        return dy * where(x >= 3, 1.0, where(x <= -3, 0.0, (2 * x + 3) / 6))


@in_place
def hardswish(input, inplace=False):
    """input times relu6(input + 3) / 6, element by element: SiLU of straight pieces."""
    return input.hardswish_() if inplace else activate(Hardswish(), "hardswish", input)


# ---- GLU ----------------------------------------------------------------------------------------------------

def glu(input, dim=-1):
    """a sigmoid(b), a and b the halves of input along dim: (..., 2 n, ...) -> (..., n, ...).

    Dauphin et al., ICML 2017.
    """
    x = floats_only("glu", input)
    axis = axis_of(dim, x.ndim)
    if x.ndim == 0 or x.shape[axis] % 2:
        raise ValueError(f"glu: expected an even length to halve along axis {axis}, got {describe(x)}")
    half = x.shape[axis] // 2
    before = (slice(None),) * axis
    return x[before + (slice(None, half),)] * sigmoid(x[before + (slice(half, None),)])
