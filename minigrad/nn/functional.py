"""Layers as functions, by PyTorch's names: each takes its parameters as arguments."""

from minigrad.ops import activation
from minigrad.ops import softmax as _softmax
from minigrad.ops.activation import logsigmoid, softplus, softsign, tanhshrink
from minigrad.ops.classification_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    kl_div,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    soft_margin_loss,
)
from minigrad.ops.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from minigrad.ops.embedding import bilinear, embedding
from minigrad.ops.gate import gelu, glu, hardswish, mish, silu
from minigrad.ops.group_norm import group_norm, instance_norm, normalize
from minigrad.ops.indexing import one_hot
from minigrad.ops.linalg import linear
from minigrad.ops.loss import cross_entropy, mse_loss
from minigrad.ops.norm import batch_norm, layer_norm, rms_norm
from minigrad.ops.pair_loss import (
    cosine_embedding_loss,
    cosine_similarity,
    hinge_embedding_loss,
    margin_ranking_loss,
    pairwise_distance,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
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
from minigrad.ops.regression_loss import (
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from minigrad.ops.softmax import gumbel_softmax

__all__ = [
    "alpha_dropout",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "feature_alpha_dropout",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
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
