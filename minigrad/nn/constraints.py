"""Constraints: what weights must fulfil after every step of the optimizer.

    keep = constraints.MaxNorm(3.0)
    keep.after(optimizer, model)            # from now on, after each optimizer.step()
    keep(model)                             # once: all parameters of two axes or more
    keep(layer.weight)                      # once: this one

They change parameters in place, unrecorded. A weight is (out, in): its row holds the incoming
weights of a unit, and a norm is that of a row unless dim says otherwise. What is not finite
stays as it is.
"""

from math import inf

from minigrad.autograd import no_grad
from minigrad.linalg import vector_norm
from minigrad.nn.module import Module
from minigrad.ops.arithmetic import where
from minigrad.ops.creation import ones_like
from minigrad.tensor import Tensor

__all__ = ["Constraint", "MaxNorm", "NonNeg", "UnitNorm"]


class Constraint:
    """The base of constraints; a subclass defines project(tensor), which gives the tensor it becomes."""

    def project(self, tensor):
        """The tensor that fulfils the constraint and is nearest to a given one."""
        raise NotImplementedError(f"{type(self).__name__}: define project(tensor)")

    def __call__(self, target):
        """Changes a tensor, several of them, or a module's parameters of two axes or more; gives target.

        Errors: TypeError for anything else, and for a tensor that is not floating.
        """
        with no_grad():
            for tensor in _tensors(type(self).__name__, target):
                tensor.copy_(self.project(tensor.detach()))
        return target

    def after(self, optimizer, target=None):
        """Calls itself on target after each step of an optimizer; gives a handle with remove().

        target: as above; None is all of the optimizer's parameters of two axes or more.
        """

        def hook(optimizer, args, kwargs):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            self([p for p in parameters if p.ndim >= 2] if target is None else target)

        if target is not None and not isinstance(target, (Tensor, Module)):
            target = list(target)  # a generator gives its tensors only once
        return optimizer.register_step_post_hook(hook)

    def __repr__(self):
        settings = ", ".join([f"{name}={value!r}" for name, value in vars(self).items()])
        return f"{type(self).__name__}({settings})"


def _tensors(who, target):
    if isinstance(target, Tensor):
        target = [target]
    elif isinstance(target, Module):
        target = [p for p in target.parameters() if p.ndim >= 2]
    elif not hasattr(target, "__iter__"):
        raise TypeError(f"{who}: expected a Tensor, several, or an nn.Module, got {type(target).__name__}")
    for tensor in target:
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            got = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
            raise TypeError(f"{who}: expected floating Tensors, got {got}")
        yield tensor


def _norms(tensor, dim):
    """The norms over dim (None: all axes but the first), to be multiplied with the tensor."""
    axes = tuple(range(1, tensor.ndim)) if dim is None else dim
    return tensor.abs() if axes == () else vector_norm(tensor, dim=axes, keepdim=True)


class MaxNorm(Constraint):
    """w <- w min(1, max_value / |w|), for each row w.

    dim: the axis or axes to take the norm over, 1 for the (out, in) of a Linear; None: all but
    the first. Errors: ValueError unless max_value > 0.

    Srebro and Shraibman, COLT 2005; Srivastava et al., JMLR 2014 (beside dropout, 3 to 4).
    """

    def __init__(self, max_value=2.0, dim=None):
        if not 0 < max_value < inf:
            raise ValueError(f"MaxNorm: expected a finite max_value > 0, got {max_value}")
        self.max_value = max_value
        self.dim = dim

    def project(self, tensor):
        norms = _norms(tensor, self.dim)
        return tensor * where((norms > self.max_value) & norms.isfinite(), self.max_value / norms, ones_like(norms))


class UnitNorm(Constraint):
    """w <- w / |w|, for each row w; a row of zeros stays.

    dim: as for MaxNorm.
    """

    def __init__(self, dim=None):
        self.dim = dim

    def project(self, tensor):
        norms = _norms(tensor, self.dim)
        return tensor / where((norms > 0) & norms.isfinite(), norms, ones_like(norms))


class NonNeg(Constraint):
    """w <- max(w, 0), element by element."""

    def project(self, tensor):
        return tensor.clamp_min(0)
