"""Group and instance normalisation: norm.pyx's operation by rows; and vectors brought to length 1."""
from math import prod

import numpy as np

from minigrad.ops.arithmetic import floating, where
from minigrad.ops.norm import batch_norm, fitting, norm_rows
from minigrad.ops.vectornorm import vector_norm
from minigrad.tensor import as_number, check_tensors, check_writable, copy_into, describe, lend, wrap


def _channels(who, wanted, x, *others):
    """The number of x's channels, and of elements that each has in a sample."""
    check_tensors(who, x, *[other for other in others if other is not None])
    if not x.is_floating_point() or x.ndim < 2:
        raise ValueError(f"{who}: expected a floating input {wanted}, got {describe(x)}")
    return x.shape[1], prod(x.shape[2:])


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """(input - mean) / sqrt(var + eps) * weight + bias, for each group of channels of each sample.

    Shapes: input (N, C, ...) with C a multiple of num_groups; weight and bias (C) or None.
    Errors: ValueError for shapes, and where there is one value in all. Wu and He, ECCV 2018.
    """
    channels, inner = _channels("group_norm", "(N, C, ...)", input, weight, bias)
    if num_groups <= 0 or channels % num_groups:
        raise ValueError(f"group_norm: {channels} channels do not fall into {num_groups} groups of one size")
    if input.numel() == num_groups and input.shape[0] == 1:
        raise ValueError(f"group_norm: an input of shape {tuple(input.shape)} has one value for each of "
                         f"{num_groups} groups, so no variance")
    return norm_rows("group_norm", input, weight, bias, (channels,), num_groups, channels // num_groups, inner, True,
                     as_number("group_norm", "eps", eps))


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True,
                  momentum=0.1, eps=1e-5):
    """(input - mean) / sqrt(var + eps) * weight + bias, for each channel of each sample.

    Shapes: input (N, C, L, ...); the others (C) or None.
    use_input_stats: mean and var are the input's own, and the running ones, where given, move
    by momentum towards the average of these (of the unbiased variance); otherwise the running
    ones are used, as in batch_norm.
    Errors: ValueError for shapes, and for one value a channel, which has no variance.
    Ulyanov, Vedaldi and Lempitsky, 2016.
    """
    channels, inner = _channels("instance_norm", "(N, C, L)", input, running_mean, running_var, weight, bias)
    momentum, eps = as_number("instance_norm", "momentum", momentum), as_number("instance_norm", "eps", eps)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ValueError("instance_norm: without use_input_stats running_mean and running_var are needed")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if inner == 1:
        raise ValueError(f"instance_norm: an input of shape {tuple(input.shape)} has one value for each channel of a "
                         "sample, so no variance")
    if (running_mean is None) != (running_var is None):
        raise ValueError("instance_norm: give both running_mean and running_var, or neither")
    if running_mean is not None:
        for what, running in (("running_mean", running_mean), ("running_var", running_var)):
            fitting("instance_norm", what, input, running, (channels,))
            check_writable(running)
    y = norm_rows("instance_norm", input, weight, bias, (channels,), channels, 1, inner, True, eps)
    if running_mean is not None and input.numel():
        samples = np.asarray(lend(input), np.float64).reshape(-1, channels, inner)
        _move(running_mean, samples.mean(2).mean(0), momentum)
        _move(running_var, samples.var(2, ddof=1).mean(0), momentum)
    return y


def _move(running, value, momentum):
    """running <- (1 - momentum) running + momentum value, rounded once"""
    copy_into(running, wrap((1 - momentum) * lend(running).astype(np.float64) + momentum * value))


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input / max(|input|_p, eps): every vector along dim (an axis or several) brought to length 1.

    eps: the least divisor, so that a vector of zeros stays one.
    """
    check_tensors("normalize", input)
    x, eps = floating(input), as_number("normalize", "eps", eps)
    length = vector_norm(x, as_number("normalize", "p", p), dim, True)
    y = x / where(length < eps, eps, length)
    return y if out is None else out.copy_(y)
