"""What is done to all parameters of a network at once: clipping their gradients, joining
them into one vector."""

from minigrad.nn.utils import parametrizations, parametrize, rnn
from minigrad.nn.utils.clip_grad import (
    clip_grad_agc_,
    clip_grad_norm_,
    clip_grad_norm_per_layer_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from minigrad.ops.creation import zeros
from minigrad.ops.joining import cat
from minigrad.tensor import Tensor

__all__ = [
    "clip_grad_agc_",
    "clip_grad_norm_",
    "clip_grad_norm_per_layer_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "rnn",
    "vector_to_parameters",
]


# ---- all parameters as one vector --------------------------------------------------------------


def parameters_to_vector(parameters):
    """All parameters' elements one after the other in one vector; recorded, so that it can be
    differentiated."""
    parts = [parameter.reshape(-1) for parameter in parameters]
    return cat(parts) if parts else zeros(0)


def vector_to_parameters(vec, parameters):
    """Copies the elements of a vector into the parameters, in the order of parameters_to_vector.

    Errors: ValueError where the vector is not exactly as long as all parameters together; none
    is changed then.
    """
    if not isinstance(vec, Tensor) or vec.ndim != 1:
        got = f"shape {tuple(vec.shape)}" if isinstance(vec, Tensor) else type(vec).__name__
        raise TypeError(f"vector_to_parameters: expected a Tensor of one axis, got {got}")
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = sum(parameter.numel() for parameter in parameters)
    if total != vec.numel():
        raise ValueError(f"vector_to_parameters: the parameters hold {total} elements, the vector {vec.numel()}")
    start = 0
    for parameter in parameters:
        stop = start + parameter.numel()
        parameter.data.copy_(vec.detach()[start:stop].reshape(tuple(parameter.shape)))
        start = stop
