"""PyTorch's answers where minigrad refuses because they are known to hide a mistake.

    a target of another shape     broadcast, with a warning
    clipping what is not finite   the gradients become NaN or 0
"""

import sys
import warnings
from functools import wraps
from math import isfinite

import minigrad
from minigrad.as_torch.names import HOUSE
from minigrad.nn import functional, utils
from minigrad.tensor import Tensor, _call_house

BROADCAST = "mse_loss l1_loss smooth_l1_loss huber_loss kl_div poisson_nll_loss hinge_embedding_loss".split()


def install():
    """Puts these answers in place, for this process."""
    for name in BROADCAST:
        setattr(functional, name, broadcasting(getattr(functional, name)))
    utils.clip_grad_norm_ = clip_grad_norm_
    utils.clip_grad_value_ = clip_grad_value_
    _call_house("torch")  # in front of a dtype or a Size that prints


def depth():
    """The stacklevel of the nearest caller outside minigrad, for warnings.warn."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HOUSE):
        frame, level = frame.f_back, level + 1
    return level


def broadcasting(loss):
    """A loss that stretches input and target to one shape, and warns."""

    @wraps(loss)
    def broadcast(input, target, *args, **kwargs):
        if isinstance(input, Tensor) and isinstance(target, Tensor) and input.shape != target.shape:
            warnings.warn(
                f"{loss.__name__}: the target's shape {tuple(target.shape)} is not the input's {tuple(input.shape)}; "
                "both are stretched to one shape, as PyTorch does, and each prediction meets the targets of others. "
                "As a rule target.view_as(input) is what is meant",
                UserWarning,
                stacklevel=depth(),
            )
            input, target = minigrad.broadcast_tensors(input, target)
        return loss(input, target, *args, **kwargs)

    return broadcast


_clip_grad_norm = utils.clip_grad_norm_


@wraps(_clip_grad_norm)
def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = _clip_grad_norm(parameters, max_norm, norm_type, error_if_nonfinite)
    if not isfinite(total.item()):
        factor = min(1.0, float(max_norm) / total.item()) if total.item() == total.item() else total.item()
        for gradient in _gradients(parameters):
            gradient.mul_(factor)
    return total


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limits every element of every gradient to [-clip_value, clip_value]; a NaN stays."""
    for gradient in _gradients([parameters] if isinstance(parameters, Tensor) else parameters):
        gradient.clamp_(-float(clip_value), float(clip_value))


def _gradients(parameters):
    parameters = [p[1] if isinstance(p, tuple) else p for p in parameters]
    return [p.grad.detach() for p in parameters if p.grad is not None]
