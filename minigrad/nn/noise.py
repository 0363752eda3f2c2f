"""Noise as a layer."""

from math import inf

from minigrad.nn.module import Module
from minigrad.ops.random import randn_like


class GaussianNoise(Module):
    """In training y = x + std z, z drawn from the standard normal distribution; in evaluation y = x.

    std: at least 0. Errors: ValueError for another std, TypeError for an input that is not floating.

    Sietsma and Dow, Neural Networks 1991; Bishop, Neural Computation 1995 (it acts as weight decay does).
    """

    def __init__(self, std):
        super().__init__()
        if not 0 <= std < inf:
            raise ValueError(f"GaussianNoise: std is finite and at least 0, got {std}")
        self.std = std

    def forward(self, input):
        if not input.is_floating_point():
            raise TypeError(f"GaussianNoise: expected floating numbers, got {input.dtype}; use input.float()")
        if not self.training or self.std == 0:
            return input
        return input + self.std * randn_like(input)

    def extra_repr(self):
        return f"std={self.std}"
