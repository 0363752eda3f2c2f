"""Distribution: what they share. A batch of them draws in shape sample_shape + batch_shape + event_shape."""

import numpy as np

import minigrad
from minigrad.tensor import Size, Tensor


class Distribution:
    """batch_shape: of how many distributions this is the batch; event_shape: of one draw from one of them.

    validate_args: False skips the checks of parameters and values.
    """

    def __init__(self, batch_shape, event_shape=(), validate_args=None):
        self.batch_shape = Size(batch_shape)
        self.event_shape = Size(event_shape)
        self._validate = validate_args is not False

    def sample(self, sample_shape=()):
        """Draws without a gradient, of shape sample_shape + batch_shape + event_shape."""
        with minigrad.no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n):
        """sample((n,))"""
        return self.sample((n,))

    def perplexity(self):
        """e^entropy: of how many equally likely values the uncertainty is."""
        return self.entropy().exp()

    @property
    def stddev(self):
        """The square root of the variance."""
        return self.variance.sqrt()

    def _shape(self, sample_shape):
        return (*sample_shape, *self.batch_shape, *self.event_shape)

    def _check_parameter(self, name, tensor, allowed, what):
        if self._validate:
            array = tensor.numpy(force=True)
            self._complain(f"{name} must be {what}", array, allowed(array))

    def _check_value(self, value, allowed, what):
        if not isinstance(value, Tensor):
            raise TypeError(f"{type(self).__name__}: expected the value as a Tensor, got {type(value).__name__}")
        if self._validate:
            array = value.numpy(force=True)
            self._complain(f"a value must be {what}", array, allowed(array))

    def _complain(self, rule, array, fine):
        if not np.all(fine):
            wrong = array[~fine] if np.shape(fine) == array.shape else array
            raise ValueError(f"{type(self).__name__}: {rule}, got {np.ravel(wrong)[:4].tolist()}")


def either(who, probs, logits):
    """Checks that one of the two was given, with at least one axis; gives it."""
    if (probs is None) == (logits is None):
        raise ValueError(f"{who}: give either probs or logits, got {'both' if probs is not None else 'neither'}")
    given = probs if logits is None else logits
    if not isinstance(given, Tensor) or given.ndim < 1:
        got = f"shape {tuple(given.shape)}" if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(f"{who}: expected a tensor (..., K) with a number for each of K classes, got {got}")
    return given
