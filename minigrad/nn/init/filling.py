"""One value, or one distribution, for every element of a tensor."""

from math import erf, isfinite, sqrt

import numpy as np

from minigrad.autograd import no_grad
from minigrad.tensor import Tensor, from_numpy


def check_tensor(who, tensor):
    """TypeError unless there is a Tensor to fill."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{who}: expected a Tensor to fill, got {type(tensor).__name__}")


def put(tensor, array):
    """Copies a NumPy array into a tensor, unrecorded; gives the tensor."""
    with no_grad():
        return tensor.copy_(from_numpy(array))


def _fill(who, tensor, value):
    check_tensor(who, tensor)
    with no_grad():
        return tensor.fill_(value)


def constant_(tensor, val):
    """Every element val."""
    return _fill("constant_", tensor, val)


def ones_(tensor):
    """Every element 1."""
    return _fill("ones_", tensor, 1.0)


def zeros_(tensor):
    """Every element 0."""
    return _fill("zeros_", tensor, 0.0)


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Every element drawn evenly from [a, b). Errors: ValueError unless a <= b, both finite."""
    check_tensor("uniform_", tensor)
    if not a <= b or not isfinite(a) or not isfinite(b):
        raise ValueError(f"uniform_: expected finite bounds a <= b, got a={a}, b={b}")
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Every element drawn from the normal distribution of a mean and a standard deviation.

    Errors: ValueError unless both are finite and std >= 0.
    """
    check_tensor("normal_", tensor)
    if not std >= 0 or not isfinite(std) or not isfinite(mean):
        raise ValueError(f"normal_: expected a finite mean and a finite std >= 0, got mean={mean}, std={std}")
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Every element drawn from the part of normal(mean, std) that lies in [a, b].

    a and b are values, not numbers of deviations; either may be infinite. What is cut off makes
    the deviation smaller than std: 0.8796... of it for mean +- 2 std (VarianceScaling corrects that).

    By rejection. Where [a, b] holds more than 0.3 of the normal's mass, normal numbers are
    drawn until all lie inside; otherwise uniform ones of [a, b], each kept with the
    probability pdf(x) / (the largest pdf in [a, b]).
    Errors: ValueError unless std > 0, a < b, and mean and std are finite.
    """
    check_tensor("trunc_normal_", tensor)
    if not std > 0 or not a < b:
        raise ValueError(f"trunc_normal_: expected std > 0 and a < b, got std={std}, a={a}, b={b}")
    if not isfinite(mean) or not isfinite(std):
        raise ValueError(f"trunc_normal_: expected a finite mean and std, got mean={mean}, std={std}")
    normal = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std) > 0.3
    peak = max(a, min(mean, b))
    # of a tail without end the first 8 deviations: what lies behind is less than 1e-13 of it
    low = a if isfinite(a) else peak - 8 * std
    high = b if isfinite(b) else peak + 8 * std
    with no_grad():
        values = np.empty_like(tensor.detach().numpy())
        real = values.dtype.type
        log_peak = real(-0.5 * ((peak - mean) / std) ** 2)
        pending = np.ones(values.shape, bool)
        target = tensor  # PyTorch draws first in the tensor's own memory, which may have gaps, then in a dense copy's
        while pending.any():
            if normal:
                draw = target.normal_(mean, std, generator=generator).detach().numpy()
                values[pending] = draw[pending]
                pending = (values < real(a)) | (values > real(b))
            else:
                draw = target.uniform_(low, high, generator=generator).detach().numpy()
                values[pending] = draw[pending]
                log_pdf = ((draw - real(mean)) / real(std)) ** 2 * real(-0.5) - log_peak
                draw = target.uniform_(0.0, 1.0, generator=generator).detach().numpy()
                with np.errstate(divide="ignore"):
                    pending &= np.log(draw) > log_pdf
            target = from_numpy(np.empty_like(values))
    return put(tensor, values)


def _normal_cdf(x):
    return (1.0 + erf(x / sqrt(2.0))) / 2.0
