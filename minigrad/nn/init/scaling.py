"""Weights drawn so that variance is kept from layer to layer."""

from math import isfinite, prod, sqrt
from numbers import Integral

from minigrad.nn.init.filling import check_tensor, normal_, trunc_normal_, uniform_
from minigrad.nn.init.gains import calculate_gain, gain
from minigrad.ops.generator import Generator


def _calculate_fan_in_and_fan_out(tensor):
    """(fan_in, fan_out) of a weight of shape (out, in, ...)."""
    check_tensor("fan_in and fan_out", tensor)
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(
            f"fan_in and fan_out are those of a weight (out, in) of 2 axes or more, got shape {shape}; "
            "for a bias use zeros_, constant_ or uniform_"
        )
    kernel = prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _calculate_correct_fan(tensor, mode):
    """fan_in or fan_out, whichever mode names."""
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor), strict=True))
    if str(mode).lower() not in fans:
        raise ValueError(
            f"mode: expected 'fan_in' or 'fan_out', got {mode!r}; their mean is VarianceScaling(mode='fan_avg')"
        )
    return fans[mode.lower()]


# ---- Glorot's ------------------------------------------------------------------------------------


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """uniform(-a, a),  a = gain sqrt(6 / (fan_in + fan_out)).

    Glorot and Bengio, AISTATS 2010.
    Errors: ValueError for a tensor of fewer than 2 axes, and unless gain >= 0.
    """
    a = sqrt(3.0) * _xavier_std("xavier_uniform_", tensor, gain)
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """normal(0, std),  std = gain sqrt(2 / (fan_in + fan_out)).

    Glorot and Bengio, AISTATS 2010.
    Errors: ValueError for a tensor of fewer than 2 axes, and unless gain >= 0.
    """
    return normal_(tensor, 0.0, _xavier_std("xavier_normal_", tensor, gain), generator)


def _xavier_std(who, tensor, gain):
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    if not gain >= 0 or not isfinite(gain):
        raise ValueError(f"{who}: expected a finite gain >= 0, got {gain}")
    return gain * sqrt(2.0 / float(fan_in + fan_out)) if fan_in + fan_out else 0.0


# ---- He's ----------------------------------------------------------------------------------------


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """uniform(-bound, bound),  bound = gain sqrt(3 / fan).

    a: the slope where nonlinearity is "leaky_relu".
    mode: "fan_in" keeps the variance of what goes forward, "fan_out" of what comes back.
    nonlinearity: a name, whose gain is calculate_gain(nonlinearity, a); or a function such as
    nn.functional.gelu, whose gain(nonlinearity) is measured (forward for "fan_in", backward
    for "fan_out").
    He, Zhang, Ren and Sun, ICCV 2015.
    Errors: ValueError for fewer than 2 axes, another mode, or a name calculate_gain does not know.
    """
    bound = sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """normal(0, std),  std = gain / sqrt(fan); the arguments and errors are kaiming_uniform_'s.

    He, Zhang, Ren and Sun, ICCV 2015.
    """
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def _kaiming_std(who, tensor, a, mode, nonlinearity):
    fan = _calculate_correct_fan(tensor, mode)
    if callable(nonlinearity):
        measured = gain(nonlinearity)
        factor = measured.forward if mode.lower() == "fan_in" else measured.backward
        if not isfinite(factor):
            raise ValueError(f"{who}: no gradient comes back through {nonlinearity!r}; use mode='fan_in'")
    else:
        factor = calculate_gain(nonlinearity, a)
    return factor / sqrt(fan) if fan else 0.0


# ---- Keras's common form of both -----------------------------------------------------------------


class VarianceScaling:
    """An initializer for weights of variance scale / n, by Keras's name and rules.

        n = fan_in, fan_out, or their mean    mode "fan_in", "fan_out", "fan_avg"
        distribution
            "truncated_normal", "normal"      normal of that variance, cut off at two deviations
                                              (drawn wider by 1 / 0.8796..., which the cut takes back)
            "untruncated_normal"              normal(0, sqrt(scale / n))
            "uniform"                         uniform(-limit, limit), limit = sqrt(3 scale / n)

    scale: the square of a gain: 2 for ReLU, gain(fn).forward ** 2 for any other function.
    seed: an integer, with which every call draws the same numbers; a Generator; or None for
    the default generator. Call it with a tensor, or give it to a layer as init=.
    Errors: ValueError for a scale that is not positive and finite, or an unknown mode or
    distribution; TypeError for another seed.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        if not scale > 0 or not isfinite(scale):
            raise ValueError(f"VarianceScaling: expected a finite scale > 0, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: mode is 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        if distribution == "normal":  # Keras's older name
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: distribution is 'truncated_normal', 'untruncated_normal' or 'uniform', "
                f"got {distribution!r}"
            )
        if seed is not None and not isinstance(seed, (Integral, Generator)):
            raise TypeError(f"VarianceScaling: seed is an integer, a Generator or None, got {type(seed).__name__}")
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, tensor):
        """Fills the tensor and gives it."""
        fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        generator = Generator().manual_seed(int(self.seed)) if isinstance(self.seed, Integral) else self.seed
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
