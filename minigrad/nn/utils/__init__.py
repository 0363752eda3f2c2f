"""What is done to all parameters of a network at once: clipping their gradients, joining
them into one vector."""

from math import inf, isfinite, isnan

import numpy as np

from minigrad.nn.utils import parametrizations, parametrize, rnn
from minigrad.ops import update
from minigrad.ops.creation import zeros
from minigrad.ops.joining import cat
from minigrad.tensor import Tensor, float32, float64, tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "rnn",
    "vector_to_parameters",
]


# ---- clipping ----------------------------------------------------------------------------------


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=True, foreach=None):
    """Scales all gradients by one factor, so that their norm as one vector is max_norm at most.

        g <- g min(1, max_norm / (norm + 1e-6)),   norm = (sum over all gradients of |g|^p)^(1/p)

    parameters: a Tensor, Tensors, or pairs (name, Tensor) such as model.named_parameters(),
    which lets errors tell names. norm_type: p > 0, inf for the largest magnitude.
    The norm before scaling is returned, as a tensor of no axes of the gradients' dtype
    (float64 where float32 cannot hold it).
    Errors: RuntimeError where a gradient holds an infinity or a NaN, naming its parameter; no
    gradient is touched then. error_if_nonfinite=False: no error, still nothing is touched, and
    the norm returned is inf or nan. ValueError for a max_norm that is negative or NaN.

    Pascanu, Mikolov and Bengio, ICML 2013.
    """
    max_norm = _limit("clip_grad_norm_", "max_norm", max_norm)
    named = _with_gradients("clip_grad_norm_", parameters)
    gradients = [parameter.grad for _, parameter in named]
    total = _norm("clip_grad_norm_", gradients, norm_type)
    if not isfinite(total):
        if error_if_nonfinite:
            raise _complaint("clip_grad_norm_", named, gradients, total)
    else:
        _scale(gradients, total, max_norm)
    return _as_scalar(total, gradients)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limits every element of every gradient to [-clip_value, clip_value].

    parameters: as for clip_grad_norm_. Errors: RuntimeError where a gradient holds a NaN, naming
    its parameter (no gradient is touched); ValueError for a clip_value that is negative or NaN.
    """
    clip_value = _limit("clip_grad_value_", "clip_value", clip_value)
    named = _with_gradients("clip_grad_value_", parameters)
    arrays = [parameter.grad.detach().numpy() for _, parameter in named]
    for place, array in enumerate(arrays):
        if np.isnan(array).any():
            raise RuntimeError(
                f"clip_grad_value_: the gradient of {_name(named, place)} holds a NaN, which has no nearest "
                "value; no gradient was changed. " + _MEND
            )
    for array in arrays:
        np.clip(array, -clip_value, clip_value, out=array)


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors as one vector, as a tensor of no axes: (sum |x|^p)^(1/p).

    norm_type: p > 0, inf for the largest magnitude. Errors: RuntimeError with
    error_if_nonfinite where the norm is inf or nan.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    total = _norm("get_total_norm", tensors, norm_type)
    if error_if_nonfinite and not isfinite(total):
        raise _complaint("get_total_norm", [(None, t) for t in tensors], tensors, total)
    return _as_scalar(total, tensors)


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """The second half of clip_grad_norm_: scales all gradients by min(1, max_norm / (total_norm + 1e-6)).

    Errors: RuntimeError where total_norm is inf or nan (no gradient is touched); ValueError for a
    max_norm that is negative or NaN.
    """
    max_norm = _limit("clip_grads_with_norm_", "max_norm", max_norm)
    named = _with_gradients("clip_grads_with_norm_", parameters)
    gradients = [parameter.grad for _, parameter in named]
    total = float(total_norm)
    if not isfinite(total):
        raise _complaint("clip_grads_with_norm_", named, gradients, total)
    _scale(gradients, total, max_norm)


_MEND = "Lower the learning rate, or look for the layer it comes from; optimizer.zero_grad() drops this step"


def _limit(who, what, value):
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: expected {what} as a number, got {value!r}") from None
    if not value >= 0:
        raise ValueError(f"{who}: expected {what} >= 0, got {value}")
    return value


def _with_gradients(who, parameters):
    """(name or None, parameter) for each parameter that has a gradient, each once."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"{who}: expected Tensors, got {type(parameters).__name__}; give model.parameters()")
    named, seen, count = [], set(), 0
    for count, item in enumerate(parameters, 1):
        name, parameter = item if isinstance(item, tuple) else (None, item)
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{who}: expected Tensors, got {type(parameter).__name__} at place {count - 1}")
        if parameter.grad is not None and id(parameter) not in seen:
            seen.add(id(parameter))
            named.append((name if name is not None else f"parameter {count - 1}", parameter))
    if count == 0:
        import warnings

        warnings.warn(f"{who}: there are no parameters; was a generator used up before?", stacklevel=3)
    return named


def _name(named, place):
    name, parameter = named[place]
    name = repr(name) if name is not None and not name.startswith("parameter ") else name or f"tensor {place}"
    return f"{name} {tuple(parameter.shape)}"


def _norm(who, tensors, norm_type):
    """(sum |x|^p)^(1/p) over all elements, as a float; scaled where the powers could overflow."""
    p = float(norm_type)
    if not p > 0:
        raise ValueError(f"{who}: expected norm_type > 0 (2 as a rule, inf for the largest magnitude), got {p}")
    if not tensors:
        return 0.0
    if p == 2:
        return update.norm2(tensors)
    arrays = [np.abs(t.detach().numpy()).ravel() for t in tensors if t.numel()]
    largest = max((float(a.max()) for a in arrays), default=0.0) if not _any_nan(arrays) else float("nan")
    if p == inf or largest == 0 or not isfinite(largest):
        return largest
    total = sum(float(((a.astype(np.float64) / largest) ** p).sum()) for a in arrays)
    with np.errstate(over="ignore"):
        return float(np.float64(total) ** (1 / p) * largest)


def _any_nan(arrays):
    return any(isnan(a.max()) for a in arrays)


def _complaint(who, named, gradients, total):
    place = update.find_nonfinite(gradients)
    if place is None:
        return RuntimeError(
            f"{who}: the norm of the gradients is {total}, although each of them is finite: it is too large for "
            f"float64; no gradient was changed. {_MEND}"
        )
    array = gradients[place].detach().numpy()
    nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    held = " and ".join(f"{n} {what}" for n, what in ((nans, "NaN"), (infinities, "infinite value(s)")) if n)
    return RuntimeError(
        f"{who}: the gradient of {_name(named, place)} holds {held} among {array.size}; no gradient was "
        f"changed. {_MEND}, and error_if_nonfinite=False skips clipping without an error"
    )


def _scale(gradients, total, max_norm):
    """g <- g max_norm / (total + 1e-6) where that is a factor below 1."""
    factor = max_norm / (total + 1e-6)
    if not factor < 1 or not gradients:
        return
    if 0 < factor < 1e-30:  # below what float32 holds with all its digits: in two steps
        half = factor**0.5
        update.scale(gradients, half)
        factor /= half
    update.scale(gradients, factor)


def _as_scalar(total, tensors):
    dtype = tensors[0].dtype if tensors else float32
    if any(t.dtype is float64 for t in tensors) or (isfinite(total) and total > _FLOAT32_MAX):
        dtype = float64
    return tensor(total, dtype=dtype)


_FLOAT32_MAX = float(np.finfo(np.float32).max)


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
