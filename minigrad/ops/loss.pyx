"""Losses: how far a prediction is from the target, as one number to make smaller.

What all of them share is here; the losses themselves are in regression_loss (numbers),
classification_loss (classes and probabilities) and pair_loss (distances and rankings).

Those that are not hot compute in float64 by NumPy and round once; their gradients are made
of operations.
"""
from minigrad.ops.arithmetic cimport floating, operands
from minigrad.tensor cimport Kind, Tensor, describe, dtype_of, lend, same_shape, wrap

import numpy as np


cdef str reduction_of(str who, object reduction, object size_average, object reduce):
    """The reduction's name; size_average and reduce are PyTorch's older words for it."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{who}: reduction is 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


cdef object reduced_by(object losses, str how):
    return losses if how == "none" else losses.sum() if how == "sum" else losses.mean()


cdef object weighed(str who, object losses, Tensor weight, str how):
    """The losses times their weights, reduced; their mean is over the weights' sum."""
    if weight is None:
        return reduced_by(losses, how)
    if not same_shape(weight, losses):
        raise ValueError(f"{who}: expected a weight for each element, of shape {tuple(losses.shape)}, got "
                         f"{describe(weight)}")
    losses = losses * weight
    return losses.sum() / weight.sum() if how == "mean" else reduced_by(losses, how)


cdef int check_same_shape(str who, Tensor input, Tensor target) except -1:
    """An error unless prediction and target have one shape: (N, 1) against (N) would
    broadcast to (N, N) and train towards nonsense."""
    if same_shape(input, target):
        return 0
    mend = ""
    if input.n == target.n:
        mend = f"; give both one shape (target.reshape({', '.join([str(n) for n in input.shape])}), or input.squeeze())"
    raise ValueError(
        f"{who}: input {tuple(input.shape)} and target {tuple(target.shape)} differ in shape and would be "
        f"broadcast{mend}"
    )


cdef tuple floats(str who, Tensor input, Tensor target):
    """Prediction and target, which have one shape, as floating tensors of one dtype."""
    cdef Tensor x, t
    check_same_shape(who, input, target)
    x, t = operands(who, input, target)
    return floating(x), floating(t)


cdef object in_double(Tensor x):
    return np.asarray(lend(x), np.float64)


cdef Tensor rounded(object array, Kind kind):
    with np.errstate(all="ignore"):
        return wrap(np.asarray(array, dtype_of(kind).numpy))
