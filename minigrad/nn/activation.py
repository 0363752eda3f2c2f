"""Activations as layers; the functions themselves are in minigrad.ops.activation."""

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.ops.activation import relu, sigmoid, tanh


class ReLU(Module):
    """y = max(x, 0), element by element; inplace: written over x.

    Nair and Hinton, ICML 2010.
    """

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return input.relu_() if self.inplace else relu(input)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """y = (e^x - e^-x) / (e^x + e^-x), element by element."""

    def forward(self, input):
        return tanh(input)


class Sigmoid(Module):
    """y = 1 / (1 + e^-x), element by element."""

    def forward(self, input):
        return sigmoid(input)


class Softmax(Module):
    """y_i = e^x_i / sum_j e^x_j along the axis dim.

    dim: required for three axes and more; the last axis for one or two, with a warning.
    For a loss give CrossEntropyLoss the scores themselves: it holds its own softmax.
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
