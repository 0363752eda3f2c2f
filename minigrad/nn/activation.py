"""Activations as layers; the functions themselves are in minigrad/ops: activation, rectifier, gate, softmax."""

from minigrad.nn import functional as F
from minigrad.nn import init as initializers
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.activation import relu, sigmoid, tanh
from minigrad.ops.creation import empty


class _InPlace(Module):
    """What activations have in common that can be written over their input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""

    def _shown(self, text):
        return f"{text}, inplace=True" if self.inplace else text


class ReLU(_InPlace):
    """y = max(x, 0), element by element; inplace: written over x.

    Nair and Hinton, ICML 2010.
    """

    def forward(self, input):
        return input.relu_() if self.inplace else relu(input)


class Tanh(Module):
    """y = (e^x - e^-x) / (e^x + e^-x), element by element.

    LeCun, Bottou, Orr and Müller, Efficient BackProp (1998).
    """

    def forward(self, input):
        return tanh(input)


class Sigmoid(Module):
    """y = 1 / (1 + e^-x), element by element.

    Rumelhart, Hinton and Williams, Nature 323 (1986).
    """

    def forward(self, input):
        return sigmoid(input)


class LogSigmoid(Module):
    """y = ln sigmoid(x), element by element."""

    def forward(self, input):
        return F.logsigmoid(input)


class Softplus(Module):
    """y = ln(1 + e^(beta x)) / beta, element by element; x itself where beta x > threshold.

    Dugas, Bengio, Bélisle, Nadeau and Garcia, NIPS 2000.
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """y = x / (1 + |x|), element by element.

    Turian, Bergstra and Bengio, NAACL HLT 2009.
    """

    def forward(self, input):
        return F.softsign(input)


class Tanhshrink(Module):
    """y = x - tanh(x), element by element."""

    def forward(self, input):
        return F.tanhshrink(input)


class ReLU6(_InPlace):
    """y = min(max(x, 0), 6), element by element.

    Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010).
    """

    def forward(self, input):
        return F.relu6(input, self.inplace)


class LeakyReLU(_InPlace):
    """y = x where x > 0, else negative_slope x.

    Maas et al., ICML 2013.
    """

    def __init__(self, negative_slope=1e-2, inplace=False):
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return self._shown(f"negative_slope={self.negative_slope}")


class PReLU(Module):
    """y = x where x > 0, else weight x; the weight is learnt: one number, or one a channel.

    input: (N, C, ...); weight: (num_parameters), 1 or C of them.
    (Weight decay would pull it towards ReLU.)
    He et al., ICCV 2015.
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Sets every weight to init."""
        initializers.constant_(self.weight, self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class RReLU(_InPlace):
    """y = x where x > 0, else slope x, with a slope drawn from [lower, upper) for each element in
    training, and (lower + upper) / 2 in evaluation.

    Xu et al., 2015.
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        return self._shown(f"lower={self.lower}, upper={self.upper}")


class ELU(_InPlace):
    """y = x where x > 0, else alpha (e^x - 1).

    Clevert et al., ICLR 2016.
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return self._shown(f"alpha={self.alpha}")


class CELU(_InPlace):
    """y = x where x > 0, else alpha (e^(x / alpha) - 1).

    Barron, 2017.
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return self._shown(f"alpha={self.alpha}")


class SELU(_InPlace):
    """y = scale x where x > 0, else scale alpha (e^x - 1): mean 0 and variance 1 are a fixed point
    of layers with lecun_normal weights. With AlphaDropout.

    Klambauer et al., NIPS 2017.
    """

    def forward(self, input):
        return F.selu(input, self.inplace)


class GELU(Module):
    """y = x P(X < x) for a normal X; approximate="tanh" by the formula with tanh.

    Hendrycks and Gimpel, 2016.
    """

    def __init__(self, approximate="none"):
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """y = x sigmoid(x), also called Swish.

    Elfwing et al., 2017.
    """

    def forward(self, input):
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """y = x tanh(ln(1 + e^x)).

    Misra, BMVC 2020.
    """

    def forward(self, input):
        return F.mish(input, self.inplace)


class Hardtanh(_InPlace):
    """y = min(max(x, min_val), max_val). (min_value and max_value are older names of the two.)

    Collobert, Large scale machine learning, thesis (2004).
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__(inplace)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.min_val < self.max_val:
            raise ValueError(f"Hardtanh: expected min_val < max_val, got {self.min_val} and {self.max_val}")

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return self._shown(f"min_val={self.min_val}, max_val={self.max_val}")


class Hardsigmoid(_InPlace):
    """y = min(max(x + 3, 0), 6) / 6.

    Howard et al., Searching for MobileNetV3, ICCV 2019.
    """

    def forward(self, input):
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self):
        return ""


class Hardswish(Hardsigmoid):
    """y = x min(max(x + 3, 0), 6) / 6.

    Howard et al., ICCV 2019.
    """

    def forward(self, input):
        return F.hardswish(input, self.inplace)


class Softshrink(Module):
    """y = x - lambd where x > lambd, x + lambd where x < -lambd, else 0.

    Donoho and Johnstone, Biometrika 81 (1994).
    """

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return F.softshrink(input, self.lambd)

    def extra_repr(self):
        return str(self.lambd)


class Hardshrink(Softshrink):
    """y = x where |x| > lambd, else 0.

    Donoho and Johnstone, Biometrika 81 (1994).
    """

    def forward(self, input):
        return F.hardshrink(input, self.lambd)


class Threshold(_InPlace):
    """y = x where x > threshold, else value."""

    def __init__(self, threshold, value, inplace=False):
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input):
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        return self._shown(f"threshold={self.threshold}, value={self.value}")


class GLU(Module):
    """y = a sigmoid(b), a and b the halves of x along dim: (..., 2 n, ...) -> (..., n, ...).

    Dauphin et al., ICML 2017.
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmax(Module):
    """y_i = e^x_i / sum_j e^x_j along the axis dim.

    dim: required for three axes and more; the last axis for one or two, with a warning.
    For a loss give CrossEntropyLoss the scores themselves: it holds its own softmax.

    Bridle, NIPS 1989.
    """

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """y_i = x_i - ln sum_j e^x_j along the axis dim; dim as for Softmax."""

    def forward(self, input):
        return F.log_softmax(input, self.dim)


class Softmin(Softmax):
    """y_i = e^-x_i / sum_j e^-x_j along the axis dim; dim as for Softmax."""

    def forward(self, input):
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """Softmax over the channels of every place: (N, C, H, W) or (C, H, W), along C."""

    def forward(self, input):
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected (N, C, H, W) or (C, H, W), got a shape of {tuple(input.shape)}")
        return F.softmax(input, -3)
