"""Losses between numbers: squared, absolute and something between; and of a Gaussian's or a
Poisson's parameters."""
from math import log, pi

import numpy as np

from minigrad.ops.arithmetic import where
from minigrad.ops.loss_tools import (
    ElementLoss,
    as_doubles,
    check_shapes,
    floats,
    reduced_by,
    reduction_of,
    rounded,
    weighed,
)
from minigrad.tensor import Tensor, as_number, same_shape, tensor

# ---- squared error, absolute error, and Huber's -----------------------------------------------------------

def squared_error(input, target, how, weight):
    """mse_loss where loss.pyx has no kernel for it."""
    how = reduction_of("mse_loss", how)
    check_shapes("mse_loss", input, target)
    difference = input - target
    return weighed("mse_loss", difference * difference, weight, how)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|, element by element; their mean (default), sum, or ("none") all of them.

    weight and errors: as mse_loss. The gradient is 0 where the two are equal.
    """
    how = reduction_of("l1_loss", reduction, size_average, reduce)
    check_shapes("l1_loss", input, target)
    return weighed("l1_loss", (input - target).abs(), weight, how)


class Huber(ElementLoss):
    """y = d^2 / (2 s) where |d| <= delta, else delta (|d| - delta / 2) / s,      d = x - t
    dx = dy d / s                          dy delta sign(d) / s;                  dt = -dx

    Huber's loss has s = 1, the smooth absolute one s = delta. Huber, Ann. Math. Stat. 35 (1964).
    """
    def __init__(self, delta, scale):
        self.delta, self.scale = delta, scale

    def compute(self, x, t):
        d, delta = np.abs(x - t), self.delta
        return np.where(d <= delta, d * d / (2 * self.scale), delta * (d - delta / 2) / self.scale)

    def backward(self, dy):
        x, t = self.saved
        d = x - t
        dx = dy * where(d.abs() <= self.delta, d, d.sign() * self.delta)
        if self.scale != 1:
            dx = dx / self.scale
        return dx if self.needs(0) else None, -dx if self.needs(1) else None

    def name(self):
        return "HuberLossBackward0" if self.scale == 1 else "SmoothL1LossBackward0"


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = input - target: a
    parabola that goes on as straight lines, so that an outlier pulls no harder than delta.

    reduction, weight: as mse_loss, but the mean is over the elements also with weights, as
    PyTorch has it. Errors: ValueError where the shapes differ or delta <= 0.
    Huber, Ann. Math. Stat. 35 (1964).
    """
    how, delta = reduction_of("huber_loss", reduction), as_number("huber_loss", "delta", delta)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta, where the lines begin, is above 0; got {delta}")
    losses = Huber(delta, 1.0).of(*floats("huber_loss", input, target))
    return reduced_by(weighed("huber_loss", losses, weight, "none"), how)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """huber_loss with delta = beta, divided by beta: slope 1 away from 0; beta 0 is l1_loss.

    Errors: ValueError where the shapes differ or beta < 0. Girshick, ICCV 2015.
    """
    how = reduction_of("smooth_l1_loss", reduction, size_average, reduce)
    beta = as_number("smooth_l1_loss", "beta", beta)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta, where the lines begin, is not below 0; got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=how)
    return reduced_by(Huber(beta, beta).of(*floats("smooth_l1_loss", input, target)), how)


# ---- the likelihoods of distributions ---------------------------------------------------------------------

class GaussianNLL(ElementLoss):
    """y = (ln v + d^2 / v + c) / 2,     d = x - t, v >= eps
    dx = dy d / v;  dt = -dx;  dv = dy (1 - d^2 / v) / (2 v)
    """
    def __init__(self, constant):
        self.constant = constant

    def compute(self, x, t, v):
        d = x - t
        return (np.log(v) + d * d / v + self.constant) / 2

    def backward(self, dy):
        x, t, v = self.saved
        d = x - t
        slope = d / v
        dx = dy * slope if self.needs(0) or self.needs(1) else None
        return (dx if self.needs(0) else None, -dx if self.needs(1) else None,
                dy * (1 - d * slope) / (2 * v) if self.needs(2) else None)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """-ln of a Gaussian's density at target, with mean input and variance var:
    (ln v + (input - target)^2 / v) / 2, and + ln(2 pi) / 2 with full; v = max(var, eps).

    var: a number, or of input's shape, or that with one axis 1 or the last one missing (one
    variance for all of it). Where eps stands in for var, the gradient is still var's.
    Errors: ValueError where shapes differ, for a negative var and for eps <= 0.
    Nix and Weigend, ICNN 1994.
    """
    how, eps = reduction_of("gaussian_nll_loss", reduction), as_number("gaussian_nll_loss", "eps", eps)
    x, t = floats("gaussian_nll_loss", input, target)
    if not eps > 0:
        raise ValueError(f"gaussian_nll_loss: eps, the smallest variance, is above 0; got {eps}")
    v = _variance_of(x, var)
    values = as_doubles(v)
    if (values < 0).any():
        raise ValueError(f"gaussian_nll_loss: a variance is not negative, got {values[values < 0][0]:g}; "
                         "let the network give its logarithm (var = out.exp())")
    if (values < eps).any():        # moved up to eps by a constant, through which the gradient passes
        v = v + rounded(np.maximum(eps - values, 0), v.dtype)
    return reduced_by(GaussianNLL(log(2 * pi) if full else 0.0).of(x, t, v), how)


def _variance_of(x, var):
    """A variance for each element of x."""
    v = var.to(x.dtype) if isinstance(var, Tensor) else tensor(var, dtype=x.dtype).expand_as(x)
    if same_shape(v, x):
        return v
    shape = tuple(x.shape)
    if tuple(v.shape) == shape[:-1] and shape:
        v = v.unsqueeze(-1)
    if v.ndim != x.ndim or [m for m, n in zip(v.shape, shape, strict=True) if m != n] != [1]:
        raise ValueError(f"gaussian_nll_loss: expected var of the input's shape {shape}, or with one axis 1 or the "
                         f"last one missing, got {tuple(var.shape)}")
    return v.expand_as(x)


class PoissonNLL(ElementLoss):
    """y = e^x - t x,  or with x itself as the rate  y = x - t ln(x + eps);
                       with full + t ln t - t + ln(2 pi t) / 2 where t > 1 (Stirling)
    dx = dy (e^x - t)                   dx = dy (1 - t / (x + eps))
    dt = -dy x                          dt = -dy ln(x + eps);     with full + dy (ln t + 1 / (2 t))
    """
    def __init__(self, log_input, full, eps):
        self.log_input, self.full, self.eps = log_input, full, eps

    def compute(self, x, t):
        log_rate = x if self.log_input else np.log(x + self.eps)
        y = (np.exp(x) if self.log_input else x) - np.where(t == 0, 0.0, t * log_rate)
        if self.full:
            y = y + np.where(t > 1, t * np.log(t) - t + np.log(2 * pi * t) / 2, 0.0)
        return y

    def backward(self, dy):
        dx = dt = None
        x, t = self.saved
        if self.needs(0):
            dx = dy * (x.exp() - t if self.log_input else 1 - t / (x + self.eps))
        if self.needs(1):
            dt = -(x if self.log_input else (x + self.eps).log())
            if self.full:
                large = where(t > 1, t, 2.0)
                dt = dt + where(t > 1, large.log() + 0.5 / large, 0.0)
            dt = dy * dt
        return dx, dt


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None,
                     reduction="mean"):
    """-ln of a Poisson's probability of the count target, without the term that only target is in:
    e^input - target input, or input - target ln(input + eps) where log_input is False.

    full: adds Stirling's approximation of that term, ln target!, for targets above 1.
    Errors: ValueError where the shapes differ.
    """
    how = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    op = PoissonNLL(log_input, full, as_number("poisson_nll_loss", "eps", eps))
    return reduced_by(op.of(*floats("poisson_nll_loss", input, target)), how)
