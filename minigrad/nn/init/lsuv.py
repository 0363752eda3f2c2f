"""Layer-sequential unit variance: weights corrected by what a batch of data makes of them."""

from math import isfinite, sqrt

import numpy as np

from minigrad.autograd import no_grad
from minigrad.nn.init.parts import check_weight, is_norm, paths_of, shown, weight_layers
from minigrad.nn.init.patterns import orthogonal_
from minigrad.tensor import Tensor


def lsuv_(model, batch, tol=0.01, max_iter=10, layers=None, generator=None):
    """Makes each weight layer's output on a batch have variance 1, from the first to the last.

        W <- an orthonormal matrix                      for all layers
        W <- W / sqrt(Var(y))                           while |Var(y) - 1| > tol, layer by layer

    y: the layer's output, all samples and features together, the first time it is called. One
    pass through the model, in the mode it is in and unrecorded, corrects all layers in the order
    of their calls. Any activation, any depth: nothing is assumed about what lies between.
    batch: what the model takes (a tuple: its arguments), 100 samples or more.
    layers: the modules to correct; None: all that have a parameter `weight` of two axes or more
    that requires grad, but for norms and embeddings. Biases, buffers, gradients, hooks and modes
    stay as they are. Gives the model.
    Errors: ValueError that names the layer, with the model as it was: an output that has no
    variance or is not finite, a variance that max_iter corrections do not bring to 1 (of a bias
    that alone has more), a weight that two layers share, a layer that is not called.

    Mishkin and Matas, ICLR 2016.
    """
    if not tol > 0 or max_iter < 1:
        raise ValueError(f"lsuv_: expected tol > 0 and max_iter >= 1, got {tol} and {max_iter}")
    chosen = _chosen(model, layers)
    weights = [module.weight for _, module in chosen]
    before = [weight.detach().clone() for weight in weights]
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    called = set()
    bare = [module for _, module in chosen if "_hooks" not in vars(module)]
    handles = []
    try:
        for weight in weights:
            orthogonal_(weight, generator=generator)
        for path, module in chosen:
            hook = _corrector(path, called, tol, max_iter)
            handles.append(module.register_forward_hook(hook, prepend=True, with_kwargs=True))
        with no_grad():
            model(*batch) if isinstance(batch, tuple) else model(batch)
        for path, module in chosen:
            if path not in called:
                raise ValueError(
                    f"lsuv_: {shown(path, module)} is never called, so it has no variance to correct; leave it out of "
                    "layers=[...]"
                )
    except BaseException:
        with no_grad():
            for weight, values in zip(weights, before, strict=True):
                weight.copy_(values)
        raise
    finally:
        for handle in handles:
            handle.remove()
        for module in bare:
            if not vars(module).get("_hooks", True):
                del module._hooks
        with no_grad():
            for module, name, buffer, values in buffers:
                module._buffers[name] = buffer.copy_(values)
    return model


def _chosen(model, layers):
    """[(path, module)] of the layers to correct, no two with one weight."""
    if layers is None:
        chosen = [(path, module) for path, module in weight_layers("lsuv_", model) if module.weight.requires_grad]
    else:
        chosen = paths_of("lsuv_", model, layers, "layers")
    if not chosen:
        raise ValueError(f"lsuv_: {model._get_name()} has no weight layer to correct")
    owners = {}
    for path, module in chosen:
        weight = getattr(module, "weight", None)
        if is_norm(module) or not isinstance(weight, Tensor) or weight.ndim < 2:
            raise ValueError(f"lsuv_: {shown(path, module)} has no weight of two axes or more to correct")
        check_weight("lsuv_", path, module)
        if id(weight) in owners:
            raise ValueError(
                f"lsuv_: {shown(path, module)} and {owners[id(weight)]} share a weight, and one scale cannot suit "
                "both; leave one out of layers=[...]"
            )
        owners[id(weight)] = shown(path, module)
    return chosen


def _corrector(path, called, tol, max_iter):
    """The forward hook that scales a layer's weight at its first call and gives the corrected output."""

    def correct(module, args, kwargs, output):
        if path in called:
            return None
        called.add(path)
        variance = _variance(path, module, output)
        for _ in range(max_iter):
            if abs(variance - 1) <= tol:
                break
            module.weight.mul_(1 / sqrt(variance))
            output = module.forward(*args, **kwargs)
            variance = _variance(path, module, output)
        if abs(variance - 1) <= tol:
            return output
        raise ValueError(
            f"lsuv_: the output of {shown(path, module)} has variance {variance:.4g} after {max_iter} corrections; is "
            "its bias too large, or is it not linear in its weight?"
        )

    return correct


def _variance(path, module, output):
    """The output's variance, over all its elements."""
    if not isinstance(output, Tensor):
        raise ValueError(f"lsuv_: {shown(path, module)} gives a {type(output).__name__}, not a Tensor to measure")
    values = output.detach().numpy()
    y = values.astype(np.float64)
    variance, square = (float(y.var()), float(np.mean(y * y))) if y.size else (0.0, 0.0)
    if not isfinite(variance):
        raise ValueError(f"lsuv_: the output of {shown(path, module)} is not finite")
    if variance <= square * (64 * np.finfo(values.dtype).eps) ** 2:
        raise ValueError(
            f"lsuv_: the output of {shown(path, module)}, of shape {tuple(values.shape)}, has no variance, so no scale "
            "makes it 1; do the samples differ, and does anything come through the layers before it?"
        )
    return variance
