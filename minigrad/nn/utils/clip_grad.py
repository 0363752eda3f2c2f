"""Clipping gradients: all as one vector, layer by layer, unit by unit, element by element.

A gradient that is not finite has no direction to keep, and scaling by its norm would spread
it over all others. So whatever clips by a norm looks first, names the parameter and changes
nothing; and it measures every finite gradient right, from the smallest number to the largest.

`parameters` is, everywhere, a module, tensors, or pairs (name, tensor) such as
model.named_parameters(). A module and names let errors tell names.
"""

import warnings
from math import inf, isfinite, isnan

import numpy as np

from minigrad.nn.module import Module
from minigrad.ops import update
from minigrad.tensor import Tensor, float32, float64, tensor

__all__ = [
    "clip_grad_agc_",
    "clip_grad_norm_",
    "clip_grad_norm_per_layer_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


# ---- as one vector -----------------------------------------------------------------------------

def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=True, foreach=None):
    """Scales all gradients by one factor, so that their norm as one vector is max_norm at most.

        g <- g min(1, max_norm / (norm + 1e-6)),   norm = (sum over all gradients of |g|^p)^(1/p)

    parameters: a module, tensors, or pairs (name, tensor).
    norm_type: p; inf for the largest magnitude, 0 for the number of elements that are not 0.
    The norm before scaling is returned, as a tensor of no axes of the gradients' dtype
    (float64 where float32 cannot hold it). foreach: PyTorch's way to go faster, ignored.
    Errors: RuntimeError where a gradient holds an infinity or a NaN, naming its parameter; no
    gradient is touched then. error_if_nonfinite=False: no error, still nothing is touched, and
    the norm returned is inf or nan. ValueError for a max_norm that is negative or NaN.

    Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013),
    arXiv:1211.5063.
    """
    who = "clip_grad_norm_"
    max_norm = _limit(who, "max_norm", max_norm)
    parameters, gradients = _gradients(who, parameters)
    total = _norm(who, gradients, norm_type)
    if isfinite(total):
        shrink(gradients, factor_to(max_norm, total))
    elif error_if_nonfinite:
        named = _with_gradients(who, parameters)
        raise complaint(who, named, total, "; error_if_nonfinite=False skips clipping without an error")
    return _as_scalar(total, gradients)


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors as one vector, as a tensor of no axes: (sum |x|^p)^(1/p).

    norm_type: p, as for clip_grad_norm_. Errors: RuntimeError with error_if_nonfinite where the
    norm is inf or nan.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    total = _norm("get_total_norm", tensors, norm_type)
    if error_if_nonfinite and not isfinite(total):
        named = [(f"tensor {i}", t) for i, t in enumerate(tensors)]
        raise complaint("get_total_norm", named, total, gradients=tensors)
    return _as_scalar(total, tensors)


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """The second half of clip_grad_norm_: scales all gradients by min(1, max_norm / (total_norm + 1e-6)).

    parameters: a module, tensors, or pairs (name, tensor).
    Errors: RuntimeError where total_norm is inf or nan (no gradient is touched); ValueError for a
    max_norm or a total_norm that is negative, or a max_norm that is NaN.
    """
    who = "clip_grads_with_norm_"
    max_norm = _limit(who, "max_norm", max_norm)
    named = _with_gradients(who, parameters)
    total = float(total_norm)
    if not isfinite(total):
        raise complaint(who, named, total)
    shrink([p.grad for _, p in named], factor_to(max_norm, _limit(who, "total_norm", total)))


# ---- layer by layer ----------------------------------------------------------------------------

def clip_grad_norm_per_layer_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=True):
    """Scales the gradients of each layer by a factor of its own, so that their norm is max_norm at
    most: a layer whose gradient explodes takes nothing from the others.

        g <- g min(1, max_norm / (norm + 1e-6)),   norm = (sum over the layer of |g|^p)^(1/p)

    parameters: a module, or pairs (name, tensor): those of one module, its weight and its bias, are
    a layer, which names tell ("0.weight", "0.bias"). A tensor without a name is a layer by itself.
    norm_type: as for clip_grad_norm_. Gives {layer: its norm before scaling}.
    Errors: as of clip_grad_norm_, and no gradient of any layer is touched then.
    """
    who = "clip_grad_norm_per_layer_"
    max_norm = _limit(who, "max_norm", max_norm)
    layers = {}
    named = _with_gradients(who, parameters)
    for name, p in named:
        layer = name if name.startswith("parameter ") else name.rpartition(".")[0]
        layers.setdefault(layer, []).append(p.grad)
    norms = {layer: _norm(who, gradients, norm_type) for layer, gradients in layers.items()}
    bad = next((norm for norm in norms.values() if not isfinite(norm)), None)
    if bad is not None and error_if_nonfinite:
        raise complaint(who, named, bad, "; error_if_nonfinite=False skips clipping without an error")
    for layer, gradients in layers.items():
        if bad is None:
            shrink(gradients, factor_to(max_norm, norms[layer]))
    return {layer: _as_scalar(norms[layer], gradients) for layer, gradients in layers.items()}


# ---- unit by unit ------------------------------------------------------------------------------

def clip_grad_agc_(parameters, clip=0.01, eps=1e-3, exclude=()):
    """Adaptive gradient clipping: no unit's gradient is longer than a share of the unit's weights.

        G_i <- G_i clip max(|W_i|, eps) / |G_i|      where |G_i| > clip max(|W_i|, eps)

    parameters: a module, tensors, or pairs (name, tensor).
    W_i is row i of a weight (out, in), the weights into one unit; a bias, and any other tensor of
    one axis or none, counts as one unit. eps keeps units whose weights are 0 from being frozen.
    exclude: what is left alone, one or several of: a name ("6.weight", or "6" for all of that
    module), a module, a parameter. The paper leaves out the last layer.
    Errors: RuntimeError where a gradient holds an infinity or a NaN, naming its parameter; no
    gradient is touched then. ValueError for an exclude that is not there, and for a clip or an eps
    that is negative or NaN.

    Brock, De, Smith and Simonyan, High-performance large-scale image recognition without
    normalization (2021), arXiv:2102.06171.
    """
    who = "clip_grad_agc_"
    clip, eps = _limit(who, "clip", clip), _limit(who, "eps", eps)
    parameters = parameters if isinstance(parameters, (Module, Tensor)) else list(parameters)
    left = parameters_of(who, parameters, exclude)
    named = [(name, p) for name, p in _with_gradients(who, parameters) if id(p) not in left]
    if update.find_nonfinite([p.grad for _, p in named]) is not None:
        raise complaint(who, named, inf)
    for _, p in named:
        most = clip * np.maximum(_unit_norms(p), eps)
        norms = _unit_norms(p.grad)
        long = norms > most
        if long.any():
            factors = np.divide(most, norms, out=np.ones_like(norms), where=long)
            p.grad.detach().copy_(tensor((_units(p.grad) * factors[:, None]).reshape(p.shape)))


def _units(x):
    """The rows of x in float64, or all of x in one row."""
    array = x.detach().numpy()
    return array.reshape(len(array) if array.ndim > 1 else 1, -1).astype(np.float64)


def _unit_norms(x):
    rows = np.abs(_units(x))
    scale = rows.max(axis=1, initial=0.0)
    scale[scale == 0] = 1.0
    return scale * np.sqrt(np.square(rows / scale[:, None]).sum(axis=1))


def parameters_of(who, parameters, which):
    """{id of each parameter} that `which` means: a name, a module, a parameter, or several of these.

    A name is a parameter's, or that of a module, which means all below it. Errors: ValueError
    for what is not among `parameters`.
    """
    which = [which] if isinstance(which, (str, Module, Tensor)) else list(which)
    named = _named(who, parameters) if which else []
    names = [name for name, _ in named]
    here = {id(p) for _, p in named}
    found = set()
    for one in which:
        if isinstance(one, str):
            ids = {id(p) for name, p in named if name == one or name.startswith(one + ".")}
        elif isinstance(one, Module):
            ids = {id(p) for p in one.parameters()} & here
        elif isinstance(one, Tensor):
            ids = {id(one)} & here
        else:
            raise TypeError(f"{who}: exclude takes names, modules and parameters, got {type(one).__name__}")
        if not ids:
            shown = repr(one) if isinstance(one, str) else f"this {type(one).__name__}"
            raise ValueError(
                f"{who}: exclude: {shown} is not among the parameters: {', '.join(names[:8])}"
                f"{', ...' if len(names) > 8 else ''}. Names need a module or model.named_parameters()"
            )
        found |= ids
    return found


# ---- element by element ------------------------------------------------------------------------

def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limits every element of every gradient to [-clip_value, clip_value].

    parameters: a module, tensors, or pairs (name, tensor).
    Errors: RuntimeError where a gradient holds a NaN, naming its parameter (no gradient is
    touched); ValueError for a clip_value that is negative or NaN.
    """
    clip_value = _limit("clip_grad_value_", "clip_value", clip_value)
    named = _with_gradients("clip_grad_value_", parameters)
    refuse_nan("clip_grad_value_", named)
    for _, p in named:
        p.grad.detach().clamp_(-clip_value, clip_value)


def refuse_nan(who, named, kept="no gradient"):
    """RuntimeError where a gradient holds a NaN, which has no nearest value; an infinity has one."""
    gradients = [p.grad for _, p in named]
    if update.find_nonfinite(gradients) is None:
        return
    for (name, p), gradient in zip(named, gradients, strict=True):
        if np.isnan(gradient.detach().numpy()).any():
            raise RuntimeError(
                f"{who}: the gradient of {_quoted(name, p)} holds a NaN, which has no nearest value; "
                f"{kept} was changed. {_MEND}"
            )


# ---- what these share --------------------------------------------------------------------------

_MEND = "Lower the learning rate, or look for the layer it comes from; optimizer.zero_grad() drops this step"
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def _limit(who, what, value):
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: expected {what} as a number, got {value!r}") from None
    if not value >= 0:
        raise ValueError(f"{who}: expected {what} >= 0, got {value}")
    return value


def _named(who, parameters):
    """[(name, parameter)]; without a name it is "parameter 0" and so on."""
    if isinstance(parameters, Module):
        return list(parameters.named_parameters())
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"{who}: expected Tensors, got {type(parameters).__name__}; give model.parameters()")
    named = []
    for i, item in enumerate(parameters):
        name, parameter = item if isinstance(item, tuple) else (f"parameter {i}", item)
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{who}: expected Tensors, got {type(parameter).__name__} at place {i}")
        named.append((name, parameter))
    return named


def _with_gradients(who, parameters, stacklevel=3):
    """(name, parameter) for each parameter that has a gradient, each once."""
    named = _named(who, parameters)
    if not named:
        warnings.warn(f"{who}: there are no parameters; was a generator used up before?", stacklevel=stacklevel)
    seen = {}
    for name, parameter in named:
        if parameter.grad is not None:
            seen.setdefault(id(parameter), (name, parameter))
    return list(seen.values())


def _gradients(who, parameters):
    """parameters, as something that can be gone through again, and the gradients that there are.

    Names are not made: only an error needs them, and for a hundred small parameters they would
    take longer than their norm does.
    """
    if not isinstance(parameters, (Module, Tensor, list)) and hasattr(parameters, "__iter__"):
        parameters = list(parameters)
    tensors = list(parameters.parameters()) if isinstance(parameters, Module) else parameters
    gradients = update.gradients_of(tensors) if isinstance(tensors, list) and tensors else None
    if gradients is None:   # pairs with names, one tensor, none, or what is none
        gradients = [p.grad for _, p in _with_gradients(who, parameters, 4)]
    return parameters, gradients


def _quoted(name, p):
    return f"{name if name.startswith(('parameter ', 'tensor ')) else repr(name)} {tuple(p.shape)}"


def _norm(who, tensors, norm_type):
    """(sum |x|^p)^(1/p) over all elements, as a float; scaled where the powers could overflow."""
    p = float(norm_type)
    if isnan(p):
        raise ValueError(f"{who}: expected norm_type as a number (2 as a rule, inf for the largest magnitude), got nan")
    if p == 2:
        return update.norm2(tensors)
    arrays = [np.abs(t.detach().numpy()).ravel() for t in tensors if t.numel()]
    if not arrays:
        return 0.0
    largest = max(float(a.max()) for a in arrays) if not any(isnan(a.max()) for a in arrays) else float("nan")
    if p == inf or not isfinite(largest):
        return largest
    if p == 0:
        return float(sum(np.count_nonzero(a) for a in arrays))
    smallest = min(float(a.min()) for a in arrays)
    unit = largest if p > 0 else smallest       # whose power is the largest term
    if p == -inf or unit == 0:
        return unit
    total = sum(float(((a.astype(np.float64) / unit) ** p).sum()) for a in arrays)
    with np.errstate(over="ignore"):
        return float(np.float64(total) ** (1 / p) * unit)


def complaint(who, named, total, more="", gradients=None, kept="no gradient"):
    """The error for a norm that is not finite: which parameter it comes from, and what to do."""
    gradients = [p.grad for _, p in named] if gradients is None else gradients
    place = update.find_nonfinite(gradients)
    if place is None:
        return RuntimeError(
            f"{who}: the norm of the gradients is {total}, although each of them is finite: it is too large for "
            f"float64; {kept} was changed. {_MEND}"
        )
    array = gradients[place].detach().numpy()
    nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    held = " and ".join(f"{n} {what}" for n, what in ((nans, "NaN"), (infinities, "infinite value(s)")) if n)
    return RuntimeError(
        f"{who}: the gradient of {_quoted(*named[place])} holds {held} among {array.size}; {kept} was "
        f"changed. {_MEND}{more}"
    )


def factor_to(max_norm, norm):
    """What to multiply gradients by, so that their norm is max_norm at most: 1 where it is."""
    return min(1.0, max_norm / (norm + 1e-6))


def shrink(tensors, factor):
    """Multiplies tensors by a factor in [0, 1], in place; 1 leaves them as they are."""
    if factor == 1 or not tensors:
        return
    if 0 < factor < 1e-30:      # below what float32 holds with all its digits: in two steps
        half = factor**0.5
        update.scale(tensors, half)
        factor /= half
    update.scale(tensors, factor)


def _as_scalar(total, tensors):
    dtype = tensors[0].dtype if tensors else float32
    if update.any_double(tensors) or (isfinite(total) and total > _FLOAT32_MAX):
        dtype = float64
    return tensor(total, dtype=dtype)
