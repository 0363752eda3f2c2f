"""Normal: the bell curve."""

import math

import numpy as np

import minigrad
from minigrad.distributions.distribution import Distribution
from minigrad.tensor import Tensor


class Normal(Distribution):
    """Density e^(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi)).

    loc, scale: numbers or tensors, which broadcast to batch_shape.
    Errors: ValueError for a scale that is not above 0, or a NaN.
    """

    def __init__(self, loc, scale, validate_args=None):
        beside = next((x for x in (loc, scale) if isinstance(x, Tensor)), None)
        dtype = None if beside is None else beside.dtype
        loc, scale = (x if isinstance(x, Tensor) else minigrad.tensor(float(x), dtype=dtype) for x in (loc, scale))
        self.loc, self.scale = minigrad.broadcast_tensors(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)
        self._check_parameter("loc", self.loc, np.isfinite, "finite")
        self._check_parameter("scale", self.scale, lambda s: s > 0, "above 0")

    @property
    def mean(self):
        """loc"""
        return self.loc

    mode = mean

    @property
    def stddev(self):
        """scale"""
        return self.scale

    @property
    def variance(self):
        """scale^2"""
        return self.scale.pow(2)

    def sample(self, sample_shape=()):
        """Draws without a gradient, of shape sample_shape + batch_shape."""
        with minigrad.no_grad():
            shape = self._shape(sample_shape)
            return minigrad.normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape=()):
        """loc + scale e with e standard normal: draws with gradients for loc and scale."""
        shape = self._shape(sample_shape)
        noise = minigrad.normal(minigrad.zeros(shape, dtype=self.loc.dtype), minigrad.ones(shape, dtype=self.loc.dtype))
        return self.loc + noise * self.scale

    def log_prob(self, value):
        """ln of the density at each element of value, a tensor or a number."""
        if isinstance(value, Tensor):
            self._check_value(value, np.isfinite, "finite")
        log_scale = self.scale.log()
        return -((value - self.loc) ** 2) / (2 * self.variance) - log_scale - math.log(math.sqrt(2 * math.pi))

    def entropy(self):
        """1/2 + ln(2 pi)/2 + ln scale"""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    def cdf(self, value):
        """The probability of a draw up to value."""
        return 0.5 * (1 + minigrad.erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value):
        """Up to where a draw lies with probability value: the inverse of cdf()."""
        return self.loc + self.scale * minigrad.erfinv(2 * value - 1) * math.sqrt(2)

    def __repr__(self):
        if self.loc.ndim == 0:
            return f"Normal(loc: {self.loc.item()}, scale: {self.scale.item()})"
        return f"Normal(loc: {self.loc.shape}, scale: {self.scale.shape})"
