"""Layers as functions, by PyTorch's names: each takes its parameters as arguments."""

from minigrad.ops import activation
from minigrad.ops.indexing import one_hot
from minigrad.ops.linalg import linear
from minigrad.ops.loss import cross_entropy, mse_loss
from minigrad.ops.norm import batch_norm
from minigrad.ops.rearranging import pad

__all__ = [
    "batch_norm",
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "one_hot",
    "pad",
    "relu",
    "relu_",
    "sigmoid",
    "softmax",
    "tanh",
]

tanh = activation.tanh
sigmoid = activation.sigmoid


def relu(input, inplace=False):
    """max(input, 0), element by element; inplace: written over input."""
    return input.relu_() if inplace else activation.relu(input)


def relu_(input):
    """relu(input, inplace=True)."""
    return input.relu_()


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """e^x / sum(e^x) along dim: positive numbers that sum to 1.

    dim None: the last axis for one or two axes, with a warning; TypeError for more.
    """
    return activation.softmax(input, _axis("softmax", input, dim), dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """ln softmax(input) along dim, exact also where the softmax underflows; dim as there."""
    return activation.log_softmax(input, _axis("log_softmax", input, dim), dtype)


def _axis(who, input, dim):
    if dim is None and input.ndim <= 2:
        import warnings

        warnings.warn(f"{who}: no dim was given and the last axis is taken; write dim=-1", stacklevel=3)
        return -1
    return dim
