"""Multinomial: how often each of K classes came in total_count draws."""

from math import lgamma

import numpy as np

import minigrad
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution


class Multinomial(Distribution):
    """Counts of K classes in total_count independent draws of a Categorical.

    probs, logits: (..., K), one of them, as for Categorical; event_shape is (K). A draw is of
    the parameters' dtype.
    Errors: ValueError for a total_count that is no count, and for values that do not sum to it.
    """

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, (int, np.integer)) or total_count < 0:
            raise ValueError(f"Multinomial: expected total_count as a whole number >= 0, got {total_count!r}")
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)
        self.total_count = int(total_count)

    @property
    def probs(self):
        """The probability of each class."""
        return self._categorical.probs

    @property
    def logits(self):
        """ln probs"""
        return self._categorical.logits

    @property
    def param_shape(self):
        """The shape of probs and logits."""
        return self._categorical.param_shape

    @property
    def mean(self):
        """total_count p"""
        return self.probs * self.total_count

    @property
    def variance(self):
        """total_count p (1 - p)"""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """Counts, of shape sample_shape + batch_shape + (K,)."""
        draws = self._categorical.sample((self.total_count, *sample_shape))
        draws = draws.movedim(0, -1)
        counts = minigrad.zeros(self._shape(sample_shape), dtype=self.probs.dtype)
        return counts.scatter_add_(-1, draws, minigrad.ones_like(draws, dtype=self.probs.dtype))

    def log_prob(self, value):
        """ln of (n! / prod x_k!) prod p_k^x_k for counts x of value, which broadcasts to the batch."""
        self._check_value(
            value,
            lambda v: np.broadcast_to((v.sum(-1, keepdims=True) == self.total_count), v.shape) & (v >= 0),
            f"counts that sum to {self.total_count}",
        )
        counts, logits = minigrad.broadcast_tensors(value.to(self.logits.dtype), self.logits)
        ways = np.vectorize(lgamma, otypes=[float])(np.asarray(value.numpy(force=True), np.float64) + 1)
        ways = minigrad.tensor(lgamma(self.total_count + 1) - ways.sum(-1), dtype=self.logits.dtype)
        impossible = (counts == 0) & (logits == -minigrad.inf)  # 0^0 is 1
        return ways + (minigrad.where(impossible, 0.0, logits) * counts).sum(-1)

    def __repr__(self):
        return f"Multinomial(total_count={self.total_count}, probs: {self.probs.shape})"
