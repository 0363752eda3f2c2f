"""Layers as functions, by PyTorch's names: each takes its parameters as arguments."""

from minigrad.ops import activation, rectifier
from minigrad.ops import softmax as _softmax
from minigrad.ops.activation import logsigmoid, softplus, softsign, tanhshrink
from minigrad.ops.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from minigrad.ops.gate import gelu, glu, hardswish, mish, silu
from minigrad.ops.indexing import one_hot
from minigrad.ops.linalg import linear
from minigrad.ops.loss import cross_entropy, mse_loss
from minigrad.ops.norm import batch_norm
from minigrad.ops.rearranging import pad
from minigrad.ops.rectifier import (
    celu,
    celu_,
    elu,
    elu_,
    hardshrink,
    hardsigmoid,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    prelu,
    relu6,
    rrelu,
    rrelu_,
    selu,
    selu_,
    softshrink,
    threshold,
    threshold_,
)
from minigrad.ops.softmax import gumbel_softmax

__all__ = [
    "alpha_dropout",
    "batch_norm",
    "celu",
    "celu_",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "feature_alpha_dropout",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "one_hot",
    "pad",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]

tanh = activation.tanh
sigmoid = activation.sigmoid


def relu(input, inplace=False):
    """max(input, 0), element by element; inplace: written over input."""
    return input.relu_() if inplace else rectifier.relu(input)


def relu_(input):
    """relu(input, inplace=True)."""
    return input.relu_()


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """e^x / sum(e^x) along dim: positive numbers that sum to 1.

    dim None: the last axis for one or two axes, with a warning; TypeError for more.
    """
    return _softmax.softmax(input, _axis("softmax", input, dim), dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """ln softmax(input) along dim, exact also where the softmax underflows; dim as there."""
    return _softmax.log_softmax(input, _axis("log_softmax", input, dim), dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """e^-x / sum(e^-x) along dim; dim as for softmax."""
    return _softmax.softmin(input, _axis("softmin", input, dim), dtype)


def _axis(who, input, dim):
    if dim is None and input.ndim <= 2:
        import warnings

        warnings.warn(f"{who}: no dim was given and the last axis is taken; write dim=-1", stacklevel=3)
        return -1
    return dim
