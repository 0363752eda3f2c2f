"""Categorical: one of K classes."""

import numpy as np

import minigrad
from minigrad.distributions.distribution import Distribution, either


class Categorical(Distribution):
    """Class k with probability probs[k] / sum(probs), or softmax(logits)[k].

    probs, logits: (..., K), one of them; batch_shape is all but K. A draw is an int64.
    Errors: ValueError for a negative or infinite number, for probs that are all 0, and for values that
    are no class.
    """

    def __init__(self, probs=None, logits=None, validate_args=None):
        given = either("Categorical", probs, logits)
        super().__init__(given.shape[:-1], (), validate_args)
        self._classes = given.shape[-1]
        if logits is None:
            self._check_parameter("probs", probs, lambda p: np.isfinite(p) & (p >= 0), "finite and not negative")
            total = probs.sum(-1, keepdim=True)
            self._check_parameter("probs", total, lambda s: s > 0, "not all 0 in a row; their sum")
            self.probs = probs / total
            self._logits = None
        else:
            self._check_parameter("logits", logits, lambda x: ~np.isnan(x) & (x < np.inf), "no NaN and not inf")
            self._logits = logits - logits.logsumexp(-1, keepdim=True)
            self.probs = self._logits.softmax(-1)

    @property
    def logits(self):
        """ln probs, kept off -inf by the smallest step of the dtype where probs were given."""
        if self._logits is None:
            eps = float(np.finfo(np.dtype(self.probs.dtype)).eps)
            self._logits = self.probs.clamp(eps, 1 - eps).log()
        return self._logits

    @property
    def param_shape(self):
        """The shape of probs and logits."""
        return self.probs.shape

    @property
    def mode(self):
        """The most probable class."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape=()):
        """Classes, of shape sample_shape + batch_shape."""
        with minigrad.no_grad():
            rows = self.probs.reshape(-1, self._classes)
            draws = minigrad.multinomial(rows, int(np.prod(sample_shape, dtype=np.int64)), True)
            return draws.T.reshape(self._shape(sample_shape))

    def log_prob(self, value):
        """ln of the probability of each class of value, which broadcasts to the batch."""
        last = self._classes - 1
        self._check_value(value, lambda v: (v >= 0) & (v <= last) & (v == np.floor(v)), f"a class, 0 to {last}")
        index, logits = minigrad.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self):
        """-sum p ln p"""
        least = float(np.finfo(np.dtype(self.logits.dtype)).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        """All classes, of shape (K,) + batch_shape, or (K, 1, ...) without expand."""
        classes = minigrad.arange(self._classes).reshape(-1, *[1] * len(self.batch_shape))
        return classes.expand(self._classes, *self.batch_shape) if expand else classes

    def __repr__(self):
        return f"Categorical(probs: {self.probs.shape}, logits: {self.logits.shape})"
