"""Initializers: the random numbers that training starts from.

A function here fills a tensor in place, unrecorded, and gives it back. Numbers come from
generator, or from the default generator that minigrad.manual_seed() seeds; for one seed they
are PyTorch's. fan_in and fan_out of a weight (out, in, ...) are the numbers of values that
go into an output and come out of an input; further axes (a kernel's) multiply both.

Where a layer takes init=, it may be
    a name      "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal",
                "lecun_uniform", or that of a function here ("orthogonal", "xavier_uniform")
    an object   VarianceScaling(scale, mode, distribution, seed)
    a callable  that fills the tensor it is given
"""

from math import ceil, erf, prod, sqrt

import numpy as np

from minigrad.autograd import no_grad
from minigrad.ops.creation import empty
from minigrad.ops.generator import Generator
from minigrad.ops.random import randperm
from minigrad.tensor import Tensor, from_numpy

__all__ = [
    "VarianceScaling",
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "get",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


# ---- one value, one distribution -------------------------------------------------------------


def constant_(tensor, val):
    """Every element val."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor):
    """Every element 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """Every element 0."""
    return constant_(tensor, 0.0)


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Every element drawn evenly from [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Every element drawn from the normal distribution of a mean and a standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Every element drawn from the part of normal(mean, std) that lies in [a, b].

    By rejection. Where [a, b] holds more than 0.3 of the normal's mass, normal numbers are
    drawn until all lie inside; otherwise uniform ones of [a, b], each kept with the
    probability pdf(x) / (the largest pdf in [a, b]).
    Errors: ValueError unless std > 0 and a < b.
    """
    if not std > 0 or not a < b:
        raise ValueError(f"trunc_normal_: expected std > 0 and a < b, got std={std}, a={a}, b={b}")
    shape = tuple(tensor.shape)
    fresh = empty(shape, dtype=tensor.dtype)
    draw = fresh.numpy()
    real = draw.dtype.type
    values = np.empty(shape, real)
    pending = np.ones(shape, bool)
    normal = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std) > 0.3
    log_peak = real(-0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2)
    while pending.any():
        if normal:
            fresh.normal_(mean, std, generator=generator)
            values[pending] = draw[pending]
            pending = (values < real(a)) | (values > real(b))
        else:
            fresh.uniform_(a, b, generator=generator)
            values[pending] = draw[pending]
            log_pdf = ((draw - real(mean)) / real(std)) ** 2 * real(-0.5) - log_peak
            fresh.uniform_(0.0, 1.0, generator=generator)
            with np.errstate(divide="ignore"):
                pending &= np.log(draw) > log_pdf
    with no_grad():
        return tensor.copy_(from_numpy(values))


def _normal_cdf(x):
    return (1.0 + erf(x / sqrt(2.0))) / 2.0


# ---- variance kept from layer to layer -------------------------------------------------------


def _calculate_fan_in_and_fan_out(tensor):
    """(fan_in, fan_out) of a weight of shape (out, in, ...)."""
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(
            f"fan_in and fan_out are those of a weight (out, in) of 2 axes or more, got shape {shape}; "
            "for a bias use zeros_, constant_ or uniform_"
        )
    kernel = prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _fan(tensor, mode):
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    fans = {"fan_in": fan_in, "fan_out": fan_out}
    if str(mode).lower() not in fans:
        raise ValueError(f"mode: expected 'fan_in' or 'fan_out', got {mode!r}")
    return fans[mode.lower()]


def calculate_gain(nonlinearity, param=None):
    """The factor on the standard deviation that a nonlinearity asks for.

        linear, conv, sigmoid    1            relu          sqrt(2)
        tanh                     5 / 3        leaky_relu    sqrt(2 / (1 + slope^2))
        selu                     3 / 4

    param: leaky_relu's slope, 0.01 where None. Errors: ValueError for another name.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"calculate_gain: the slope of leaky_relu is a number, got {param!r}")
        return sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"calculate_gain: expected one of {', '.join([*_GAINS, 'leaky_relu'])}, got {nonlinearity!r}")
    return _GAINS[nonlinearity]


_GAINS = dict.fromkeys(["linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)), "sigmoid"], 1.0) | {
    "tanh": 5.0 / 3,
    "relu": sqrt(2.0),
    "selu": 0.75,
}


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """uniform(-a, a),  a = gain sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio, AISTATS 2010. Errors: ValueError for a tensor of fewer than 2 axes.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * sqrt(2.0 / float(fan_in + fan_out)) if fan_in + fan_out else 0.0
    a = sqrt(3.0) * std
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """normal(0, std),  std = gain sqrt(2 / (fan_in + fan_out)).

    Glorot and Bengio, AISTATS 2010. Errors: ValueError for a tensor of fewer than 2 axes.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * sqrt(2.0 / float(fan_in + fan_out)) if fan_in + fan_out else 0.0
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    fan = _fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / sqrt(fan) if fan else 0.0


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """uniform(-bound, bound),  bound = gain sqrt(3 / fan).

    a: the slope where nonlinearity is leaky_relu; gain: calculate_gain(nonlinearity, a).
    mode: "fan_in" keeps the variance of what goes forward, "fan_out" of what comes back.
    He, Zhang, Ren and Sun, ICCV 2015. Errors: ValueError for fewer than 2 axes.
    """
    bound = sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """normal(0, std),  std = gain / sqrt(fan); the arguments are kaiming_uniform_'s.

    He, Zhang, Ren and Sun, ICCV 2015. Errors: ValueError for fewer than 2 axes.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# ---- patterns ----------------------------------------------------------------------------------


def _two_axes(who, tensor):
    if tensor.ndim != 2:
        raise ValueError(f"{who}: expected a matrix, got shape {tuple(tensor.shape)}")


def eye_(tensor):
    """The identity matrix: ones on the diagonal, zeros elsewhere. Errors: ValueError unless 2 axes."""
    _two_axes("eye_", tensor)
    with no_grad():
        return tensor.copy_(from_numpy(np.eye(*tensor.shape, dtype=tensor.dtype.numpy)))


def dirac_(tensor, groups=1):
    """Kernels that pass each channel on: 1 at the kernel's centre for output i from input i.

    Shapes: (out, in, ...) with 1, 2 or 3 axes of a kernel; groups: that many blocks of outputs.
    Errors: ValueError for another number of axes, or if groups does not divide out.
    """
    shape = tuple(tensor.shape)
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"dirac_: expected (out, in, ...) of 3, 4 or 5 axes, got shape {shape}")
    if groups < 1 or shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} outputs do not make {groups} groups")
    values = np.zeros(shape, tensor.dtype.numpy)
    centre = tuple(n // 2 for n in shape[2:])
    each = shape[0] // groups
    for group in range(groups):
        for i in range(min(each, shape[1])):
            values[(group * each + i, i, *centre)] = 1
    with no_grad():
        return tensor.copy_(from_numpy(values))


def orthogonal_(tensor, gain=1, generator=None):
    """gain Q, with Q's rows (or columns, where they are fewer) orthonormal.

    Q is that of the QR factorisation of a matrix of normal numbers, each column times the
    sign of R's diagonal element, which makes every Q equally likely. Axes from the second
    on count as one. Saxe, McClelland and Ganguli, ICLR 2014; Mezzadri, Notices of the AMS 2007.
    Errors: ValueError for fewer than 2 axes.
    """
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(f"orthogonal_: expected 2 axes or more, got shape {shape}")
    if 0 in shape:
        return tensor
    rows, columns = shape[0], prod(shape[1:])
    drawn = empty((rows, columns), dtype=tensor.dtype).normal_(0, 1, generator=generator).numpy()
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q *= np.sign(np.diagonal(r))
    q = (q.T if rows < columns else q).reshape(shape)
    with no_grad():
        return tensor.copy_(from_numpy(np.ascontiguousarray(q * q.dtype.type(gain))))


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """normal(0, std), with the share `sparsity` of each column's elements set to 0.

    Martens, ICML 2010. (PyTorch takes the places of the zeros from the default generator
    even if another is given; here that generator draws both.)
    Errors: ValueError unless 2 axes and 0 <= sparsity <= 1.
    """
    _two_axes("sparse_", tensor)
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: the share of zeros is in [0, 1], got {sparsity}")
    rows, columns = tensor.shape
    zeros = ceil(sparsity * rows)
    normal_(tensor, 0.0, std, generator)
    values = tensor.detach().numpy().copy()
    for column in range(columns):
        values[randperm(rows, generator=generator).numpy()[:zeros], column] = 0
    with no_grad():
        return tensor.copy_(from_numpy(values))


# ---- by name -----------------------------------------------------------------------------------


class VarianceScaling:
    """An initializer for weights of variance scale / n, by Keras's name and rules.

        n = fan_in, fan_out, or their mean    mode "fan_in", "fan_out", "fan_avg"
        distribution
            "truncated_normal"                normal of that variance, cut off at two deviations
                                              (drawn wider by 1 / 0.8796..., which the cut takes back)
            "untruncated_normal"              normal(0, sqrt(scale / n))
            "uniform"                         uniform(-limit, limit), limit = sqrt(3 scale / n)

    seed: an integer, with which every call draws the same numbers; a Generator; or None for
    the default generator. Call it with a tensor, or give it to a layer as init=.
    Errors: ValueError for a scale that is not positive, or an unknown mode or distribution.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        if not scale > 0:
            raise ValueError(f"VarianceScaling: expected scale > 0, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: mode is 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        if distribution == "normal":  # Keras's older name
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: distribution is 'truncated_normal', 'untruncated_normal' or 'uniform', "
                f"got {distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, tensor):
        """Fills the tensor and gives it."""
        fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        generator = Generator().manual_seed(self.seed) if isinstance(self.seed, int) else self.seed
        if self.distribution == "uniform":
            limit = sqrt(3.0 * variance)
            return uniform_(tensor, -limit, limit, generator)
        if self.distribution == "untruncated_normal":
            return normal_(tensor, 0.0, sqrt(variance), generator)
        std = sqrt(variance) / 0.87962566103423978  # of the normal cut off at +-2
        return trunc_normal_(tensor, 0.0, std, -2 * std, 2 * std, generator)

    def __repr__(self):
        return (
            f"VarianceScaling(scale={self.scale}, mode={self.mode!r}, distribution={self.distribution!r}, "
            f"seed={self.seed!r})"
        )


_NAMED = {
    f"{name}_{kind}": (scale, mode, distribution)
    for name, scale, mode in (("glorot", 1.0, "fan_avg"), ("he", 2.0, "fan_in"), ("lecun", 1.0, "fan_in"))
    for kind, distribution in (("uniform", "uniform"), ("normal", "truncated_normal"))
}


def get(init):
    """The initializer that a layer's init= means: see the top of this file.

    Errors: ValueError for an unknown name, TypeError for what is neither name nor callable.
    """
    if isinstance(init, str):
        name = init.lower().rstrip("_")
        if name in _NAMED:
            return VarianceScaling(*_NAMED[name])
        if name + "_" in _FUNCTIONS:
            return globals()[name + "_"]
        raise ValueError(
            f"init: unknown name {init!r}; expected one of {', '.join([*_NAMED, *(f[:-1] for f in _FUNCTIONS)])}, "
            "a VarianceScaling, or any callable(tensor)"
        )
    if not callable(init) or isinstance(init, Tensor):
        raise TypeError(f"init: expected a name or a callable(tensor), got {type(init).__name__}")
    return init


_FUNCTIONS = [name for name in __all__ if name.endswith("_") and name not in ("constant_", "sparse_")]
