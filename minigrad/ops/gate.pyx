"""Functions that let x through in part: GELU, SiLU and Mish multiply x by an S-curve of x itself,
GLU by one of another half, Hardswish by a straight one."""
from libc.math cimport M_SQRT1_2

from minigrad.autograd.engine cimport recording
from minigrad.kernels cimport mg_activation, mg_activation_backward
from minigrad.ops.activation cimport Activation, activate, bounded, floats_only
from minigrad.ops.arithmetic cimport Unary, kernels, unary_kernel
from minigrad.tensor cimport Tensor, axis_of, describe

from minigrad.ops.activation import sigmoid, softplus, tanh
from minigrad.ops.arithmetic import where
from minigrad.ops.inplace import inplace as in_place

cdef double SQRT_2_PI = 0.7978845608028654      # sqrt(2 / pi)


# ---- SiLU and Mish ----------------------------------------------------------------------------------------

cdef class Silu(Activation):
    """y = x s,  s = sigmoid(x)
    dx = dy s (1 + x (1 - s))

    Elfwing et al., 2017; also called Swish (Ramachandran et al., 2017).
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).silu_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            x = bounded(x, 800)
            s = sigmoid(x)
            return dy * s * (1 + x * sigmoid(-x))
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).silu_backward)


@in_place
def silu(input, bint inplace=False):
    """input sigmoid(input), element by element; 0 at -inf."""
    return input.silu_() if inplace else activate(Silu.__new__(Silu), "silu", input)


cdef class Mish(Activation):
    """y = x t,  t = tanh(softplus(x))
    dx = dy (t + x (1 - t^2) sigmoid(x))

    Misra, BMVC 2020.
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).mish_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            x = bounded(x, 800)
            t = tanh(softplus(x))
            return dy * (t + x * (1 - t * t) * sigmoid(x))
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).mish_backward)


@in_place
def mish(input, bint inplace=False):
    """input tanh(softplus(input)), element by element; 0 at -inf."""
    return input.mish_() if inplace else activate(Mish.__new__(Mish), "mish", input)


# ---- GELU -------------------------------------------------------------------------------------------------

cdef class NormalCdf(Unary):
    """y = P(X < x) = (1 + erf(x / sqrt(2))) / 2 for a normal X
    dx = dy e^(-x^2 / 2) / sqrt(2 pi)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return self.compute(x.detach() * M_SQRT1_2, <unary_kernel>kernels(x).erf, "erf") * 0.5 + 0.5

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * normal_density(x)


cdef object normal_density(Tensor x):
    """e^(-x^2 / 2) / sqrt(2 pi)"""
    return (x * x * -0.5).exp() * (0.5 * SQRT_2_PI)


cdef Tensor normal_cdf(Tensor x):
    cdef NormalCdf op = NormalCdf.__new__(NormalCdf)
    return op.record(op.forward(x), x)


cdef class Gelu(Activation):
    """y = x P(X < x) = x / 2 erfc(-x / sqrt(2))      X normal of mean 0 and variance 1
    dx = dy (P(X < x) + x e^(-x^2 / 2) / sqrt(2 pi))

    Hendrycks and Gimpel, 2016.
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).gelu_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            x = bounded(x, 40)
            return dy * (normal_cdf(x) + x * normal_density(x))
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).gelu_backward)


cdef class GeluTanh(Activation):
    """y = x s,  s = sigmoid(v) = (1 + tanh(v / 2)) / 2,  v = 2 sqrt(2 / pi) (x + 0.044715 x^3)
    dx = dy s (1 + x (1 - s) dv/dx)
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).gelu_tanh_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            x = bounded(x, 40)
            v = 2 * SQRT_2_PI * (x + 0.044715 * x * x * x)
            return dy * sigmoid(v) * (1 + x * sigmoid(-v) * (2 * SQRT_2_PI * (1 + 3 * 0.044715 * x * x)))
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).gelu_tanh_backward)

    def name(self):
        return "GeluBackward0"


@in_place
def gelu(input, *, approximate="none"):
    """input times the probability that a normal number lies below it; 0 at -inf, tails exact.

    approximate: "none", or "tanh" for the formula with tanh that many published weights expect.
    """
    if approximate == "none":
        return activate(Gelu.__new__(Gelu), "gelu", input)
    if approximate == "tanh":
        return activate(GeluTanh.__new__(GeluTanh), "gelu", input)
    raise ValueError(f"gelu: approximate is 'none' or 'tanh', got {approximate!r}")


# ---- Hardswish ----------------------------------------------------------------------------------------------

cdef class Hardswish(Activation):
    """y = x min(max(x + 3, 0), 6) / 6
    dx = dy (2 x + 3) / 6 where -3 < x < 3, 0 below, dy above

    Howard et al., ICCV 2019.
    """
    cdef Tensor forward(self, Tensor x):
        return self.value(x, <mg_activation>kernels(x).hardswish_forward)

    cdef backward(self, Tensor dy):
        cdef Tensor x
        x, = self.saved
        if recording():
            return dy * where(x >= 3, 1.0, where(x <= -3, 0.0, (2 * x + 3) / 6))
        return self.gradient(dy, x, <mg_activation_backward>kernels(x).hardswish_backward)


@in_place
def hardswish(input, bint inplace=False):
    """input times relu6(input + 3) / 6, element by element: SiLU of straight pieces."""
    return input.hardswish_() if inplace else activate(Hardswish.__new__(Hardswish), "hardswish", input)


# ---- GLU ----------------------------------------------------------------------------------------------------

def glu(input, dim=-1):
    """a sigmoid(b), a and b the halves of input along dim: (..., 2 n, ...) -> (..., n, ...).

    Dauphin et al., ICML 2017.
    """
    cdef Tensor x = floats_only("glu", input)
    cdef int axis = axis_of(dim, x.rank)
    if x.rank == 0 or x.length[axis] % 2:
        raise ValueError(f"glu: expected an even length to halve along axis {axis}, got {describe(x)}")
    half = x.length[axis] // 2
    before = (slice(None),) * axis
    return x[before + (slice(None, half),)] * sigmoid(x[before + (slice(half, None),)])
