"""Dropout and its kin: elements, or whole features, set to 0 at random while a network learns.

The mask is drawn as PyTorch draws it, so that the same seed drops the same elements: one
double of the default generator's stream an element, in the order of the input's memory. Each
of these functions is then input * mask (+ shift), which Mul and Add know how to differentiate.
"""
import warnings
from math import sqrt

import numpy as np

from minigrad.ops.activation import floats_only
from minigrad.tensor import as_number, describe, float64, lend

ALPHA = 1.7580993408473766      # selu's scale times alpha: minus its value at -infinity


# ---- masks ----------------------------------------------------------------------------------------------

def _mask(x, keep, yes):
    """`yes` with probability `keep`, else 0, in x's shape, drawn in the order of x's memory."""
    order = None if x.is_contiguous() else _memory_order(x)
    mask = x.new_empty(x.shape if order is None else [x.shape[i] for i in order]).bernoulli_(keep)
    if yes != 1:
        array = lend(mask)
        array *= yes
    return mask if order is None else mask.permute(*np.argsort(order).tolist())


def _memory_order(x):
    """x's axes, the widest step first. An axis of step 0 or length 1 has no place of its own and
    stays where it is."""
    order, step = list(range(x.ndim)), [0 if n == 1 else abs(s) for n, s in zip(x.shape, x.stride(), strict=True)]
    for i in range(1, x.ndim):
        j = i
        for k in range(i - 1, -1, -1):
            a, b = step[order[k]], step[order[j]]
            if a == 0 or b == 0:
                continue
            if a >= b:
                break
            order[k], order[j] = order[j], order[k]
            j = k
    return order


def _feature_mask(who, x, keep, yes):
    """The same with one draw for each of (N, C), for all that lies under it."""
    if x.ndim < 2:
        raise ValueError(f"{who}: expected features along axis 1, (N, C, ...), got {describe(x)}")
    return _mask(x.new_empty(*x.shape[:2], *[1] * (x.ndim - 2)), keep, yes)


def _drop(who, input, p, train, features, inplace, alpha=False):
    p = as_number(who, "p", p)
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: a probability is in [0, 1], got {p}")
    if p == 0 or not train:
        return input
    x = floats_only(who, input)
    if x.numel() == 0:
        return x
    if p == 1:
        return x.mul_(0.0) if inplace else x * 0.0
    # 1 - p as torch holds it beside a tensor of that dtype
    yes = 1 if alpha else 1 / (1 - p if x.dtype is float64 else float(np.float32(1 - p)))
    mask = _feature_mask(who, x, 1 - p, yes) if features else _mask(x, 1 - p, yes)
    if not alpha:
        return x.mul_(mask) if inplace else x * mask
    a = 1 / sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = (mask - 1) * (ALPHA * a) + ALPHA * a * p
    return x.mul_(mask * a).add_(shift) if inplace else x * (mask * a) + shift


# ---- what people call -----------------------------------------------------------------------------------

def dropout(input, p=0.5, training=True, inplace=False, *, train=None):
    """input / (1 - p), with each element set to 0 with probability p; input itself out of training.

    An infinite or NaN element that is dropped is NaN. (torch.dropout calls training `train`.)

    Srivastava et al., JMLR 2014.
    """
    return _drop("dropout", input, p, training if train is None else train, False, inplace)


def dropout_(input, p=0.5, train=True):
    """dropout(input, p), written over input."""
    return _drop("dropout_", input, p, train, False, True)


def feature_dropout(input, p=0.5, train=True):
    """dropout of whole features: input (N, C, ...), one draw for each of (N, C)."""
    return _drop("feature_dropout", input, p, train, True, False)


def feature_dropout_(input, p=0.5, train=True):
    """feature_dropout(input, p), written over input."""
    return _drop("feature_dropout_", input, p, train, True, True)


def _dropout_nd(n, input, p, training, inplace):
    """dropout of features with n axes under each; without a batch axis where n says so."""
    who = f"dropout{n}d"
    x = floats_only(who, input)
    if n == 1 and x.ndim not in (2, 3):
        raise ValueError(f"{who}: expected (N, C, L) or (C, L), got {describe(x)}")
    if n > 1 and x.ndim not in (n + 1, n + 2):
        warnings.warn(f"{who}: expected {n + 1} or {n + 2} axes, got {describe(x)}; the first is taken for the "
                      "batch, the second for the features", stacklevel=3)
    if x.ndim == n + 1 and n != 2:      # torch takes dropout2d's three axes for (N, C, L)
        if inplace:
            _drop(who, x.unsqueeze(0), p, training, True, True)
            return input
        return _drop(who, x.unsqueeze(0), p, training, True, False).squeeze(0)
    return _drop(who, x, p, training, True, inplace)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, L) or (C, L)."""
    return _dropout_nd(1, input, p, training, inplace)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, H, W) (Tompson et al., CVPR 2015); three axes are (N, C, L)."""
    return _dropout_nd(2, input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _dropout_nd(3, input, p, training, inplace)


def alpha_dropout(input, p=0.5, training=False, inplace=False, *, train=None):
    """dropout for selu: what is dropped becomes selu(-inf), then all is scaled and shifted so that
    mean 0 and variance 1 stay what they are.

    With d = 1 where kept, else 0, and selu(-inf) = -alpha:  y = a (d input + (d - 1) alpha + alpha p),
    a = ((1 - p) (1 + p alpha^2))^(-1/2).      Klambauer et al., NIPS 2017.
    """
    return _drop("alpha_dropout", input, p, training if train is None else train, False, inplace, alpha=True)


def alpha_dropout_(input, p=0.5, train=True):
    """alpha_dropout(input, p, True), written over input."""
    return _drop("alpha_dropout_", input, p, train, False, True, alpha=True)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False, *, train=None):
    """alpha_dropout of whole features: input (N, C, ...), one draw for each of (N, C)."""
    return _drop("feature_alpha_dropout", input, p, training if train is None else train, True, inplace, alpha=True)


def feature_alpha_dropout_(input, p=0.5, train=True):
    """feature_alpha_dropout(input, p, True), written over input."""
    return _drop("feature_alpha_dropout_", input, p, train, True, True, alpha=True)
