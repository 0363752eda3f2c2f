"""Losses between numbers: squared, absolute and something between; and of a Gaussian's or a
Poisson's parameters."""
from libc.math cimport log as c_log

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.loss cimport check_same_shape, floats, in_double, reduced_by, reduction_of, rounded, weighed
from minigrad.tensor cimport FLOAT64, Tensor, dense, new_like, new_tensor, same_shape, to_tensor

import numpy as np

from minigrad.ops.arithmetic import where

cdef double PI = np.pi


# ---- mean squared error -----------------------------------------------------------------------------------

cdef class MSE(Op):
    """y = sum (x - t)^2 / n                x, t: (n), in any shape; n = 1 for the plain sum
    dx = dy 2 (x - t) / n;  dt = -dx
    """
    cdef double divisor

    cdef Tensor forward(self, Tensor x, Tensor t, double divisor):
        cdef Tensor y = new_tensor(x.kind, 0, NULL)
        self.divisor = divisor
        self.saved = (x, t)
        x, t = dense(x), dense(t)
        K[x.kind].mse_forward(y.ptr, x.ptr, t.ptr, x.n, divisor)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, t, dx
        x, t = self.saved
        if recording():
            dx = (x - t) * (dy * (2 / self.divisor))
        else:
            dx = new_like(x)
            x, t = dense(x), dense(t)
            K[x.kind].mse_backward(dx.ptr, dy.ptr, x.ptr, t.ptr, 2 / self.divisor, x.n)
        return dx if self.needs(0) else None, -dx if self.needs(1) else None

    def name(self):
        return "MseLossBackward0"


def mse_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
             Tensor weight=None):
    """(input - target)^2, element by element; their mean (default), sum, or ("none") all of them.

    weight: of the input's shape, multiplies the losses; their mean is then over the weights' sum.
    Errors: ValueError where the shapes differ, even if they would broadcast.
    """
    cdef MSE op
    cdef str how = reduction_of("mse_loss", reduction, size_average, reduce)
    check_same_shape("mse_loss", input, target)
    if weight is not None or how == "none" or input.kind != target.kind or input.kind > FLOAT64:
        difference = input - target
        return weighed("mse_loss", difference * difference, weight, how)
    op = MSE.__new__(MSE)
    return op.record(op.forward(input, target, <double>input.n if how == "mean" else 1.0), input, target)


# ---- absolute error, and Huber's ------------------------------------------------------------------------------

def l1_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
            Tensor weight=None):
    """|input - target|, element by element; their mean (default), sum, or ("none") all of them.

    weight and errors: as mse_loss. The gradient is 0 where the two are equal.
    """
    cdef str how = reduction_of("l1_loss", reduction, size_average, reduce)
    check_same_shape("l1_loss", input, target)
    return weighed("l1_loss", (input - target).abs(), weight, how)


cdef class Huber(Op):
    """y = d^2 / (2 s) where |d| <= delta, else delta (|d| - delta / 2) / s,      d = x - t
    dx = dy d / s                          dy delta sign(d) / s;                  dt = -dx

    Huber's loss has s = 1, the smooth absolute one s = delta. Huber, Ann. Math. Stat. 35 (1964).
    """
    cdef double delta, scale

    cdef Tensor forward(self, Tensor x, Tensor t, double delta, double scale):
        self.delta, self.scale, self.saved = delta, scale, (x, t)
        with np.errstate(all="ignore"):
            d = np.abs(in_double(x) - in_double(t))
            return rounded(np.where(d <= delta, d * d / (2 * scale), delta * (d - delta / 2) / scale), x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t
        x, t = self.saved
        d = x - t
        dx = dy * where(d.abs() <= self.delta, d, d.sign() * self.delta)
        if self.scale != 1:
            dx = dx / self.scale
        return dx if self.needs(0) else None, -dx if self.needs(1) else None

    def name(self):
        return "HuberLossBackward0" if self.scale == 1 else "SmoothL1LossBackward0"


cdef Tensor _huber(str who, Tensor input, Tensor target, double delta, double scale):
    cdef Tensor x, t
    cdef Huber op = Huber.__new__(Huber)
    x, t = floats(who, input, target)
    return op.record(op.forward(x, t, delta, scale), x, t)


def huber_loss(Tensor input not None, Tensor target not None, reduction="mean", double delta=1.0, Tensor weight=None):
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = input - target: a
    parabola that goes on as straight lines, so that an outlier pulls no harder than delta.

    reduction, weight: as mse_loss, but the mean is over the elements also with weights, as
    PyTorch has it. Errors: ValueError where the shapes differ or delta <= 0.
    Huber, Ann. Math. Stat. 35 (1964).
    """
    cdef str how = reduction_of("huber_loss", reduction, None, None)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta, where the lines begin, is above 0; got {delta}")
    losses = _huber("huber_loss", input, target, delta, 1.0)
    return reduced_by(losses if weight is None else weighed("huber_loss", losses, weight, "none"), how)


def smooth_l1_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
                   double beta=1.0):
    """huber_loss with delta = beta, divided by beta: slope 1 away from 0; beta 0 is l1_loss.

    Errors: ValueError where the shapes differ or beta < 0. Girshick, ICCV 2015.
    """
    cdef str how = reduction_of("smooth_l1_loss", reduction, size_average, reduce)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta, where the lines begin, is not below 0; got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=how)
    return reduced_by(_huber("smooth_l1_loss", input, target, beta, beta), how)


# ---- the likelihoods of distributions ---------------------------------------------------------------------------

cdef class GaussianNLL(Op):
    """y = (ln v + d^2 / v + c) / 2,     d = x - t, v >= eps
    dx = dy d / v;  dt = -dx;  dv = dy (1 - d^2 / v) / (2 v)
    """
    cdef double constant

    cdef Tensor forward(self, Tensor x, Tensor t, Tensor v, double constant):
        self.saved = (x, t, v)
        with np.errstate(all="ignore"):
            d, variance = in_double(x) - in_double(t), in_double(v)
            return rounded((np.log(variance) + d * d / variance + constant) / 2, x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t, v
        x, t, v = self.saved
        d = x - t
        slope = d / v
        dx = dy * slope if self.needs(0) or self.needs(1) else None
        return (dx if self.needs(0) else None, -dx if self.needs(1) else None,
                dy * (1 - d * slope) / (2 * v) if self.needs(2) else None)


def gaussian_nll_loss(Tensor input not None, Tensor target not None, var, bint full=False, double eps=1e-6,
                      reduction="mean"):
    """-ln of a Gaussian's density at target, with mean input and variance var:
    (ln v + (input - target)^2 / v) / 2, and + ln(2 pi) / 2 with full; v = max(var, eps).

    var: a number, or of input's shape, or that with one axis 1 or the last one missing (one
    variance for all of it). Where eps stands in for var, the gradient is still var's.
    Errors: ValueError where shapes differ, for a negative var and for eps <= 0.
    Nix and Weigend, ICNN 1994.
    """
    cdef str how = reduction_of("gaussian_nll_loss", reduction, None, None)
    cdef Tensor x, t, v
    cdef GaussianNLL op = GaussianNLL.__new__(GaussianNLL)
    x, t = floats("gaussian_nll_loss", input, target)
    if not eps > 0:
        raise ValueError(f"gaussian_nll_loss: eps, the smallest variance, is above 0; got {eps}")
    v = var.to(x.dtype) if isinstance(var, Tensor) else to_tensor(var, x.kind).expand_as(x)
    if not same_shape(v, x):
        shape = tuple(x.shape)
        if tuple(v.shape) == shape[:-1] and shape:
            v = v.unsqueeze(-1)
        if v.rank != x.rank or [m for m, n in zip(v.shape, shape) if m != n] != [1]:
            raise ValueError(f"gaussian_nll_loss: expected var of the input's shape {shape}, or with one axis 1 or the "
                             f"last one missing, got {tuple(var.shape)}")
        v = v.expand_as(x)
    values = in_double(v)
    if (values < 0).any():
        raise ValueError(f"gaussian_nll_loss: a variance is not negative, got {values[values < 0][0]:g}; "
                         "let the network give its logarithm (var = out.exp())")
    if (values < eps).any():        # moved up to eps by a constant, through which the gradient passes
        v = v + rounded(np.maximum(eps - values, 0), v.kind)
    y = op.record(op.forward(x, t, v, c_log(2 * PI) if full else 0.0), x, t, v)
    return reduced_by(y, how)


cdef class PoissonNLL(Op):
    """y = e^x - t x,  or with x itself as the rate  y = x - t ln(x + eps);
                       with full + t ln t - t + ln(2 pi t) / 2 where t > 1 (Stirling)
    dx = dy (e^x - t)                   dx = dy (1 - t / (x + eps))
    dt = -dy x                          dt = -dy ln(x + eps);     with full + dy (ln t + 1 / (2 t))
    """
    cdef bint log_input, full
    cdef double eps

    cdef Tensor forward(self, Tensor x, Tensor t, bint log_input, bint full, double eps):
        self.log_input, self.full, self.eps, self.saved = log_input, full, eps, (x, t)
        with np.errstate(all="ignore"):
            rate, count = in_double(x), in_double(t)
            log_rate = rate if log_input else np.log(rate + eps)
            y = (np.exp(rate) if log_input else rate) - np.where(count == 0, 0.0, count * log_rate)
            if full:
                y = y + np.where(count > 1, count * np.log(count) - count + np.log(2 * PI * count) / 2, 0.0)
            return rounded(y, x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t
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


def poisson_nll_loss(Tensor input not None, Tensor target not None, bint log_input=True, bint full=False,
                     size_average=None, double eps=1e-8, reduce=None, reduction="mean"):
    """-ln of a Poisson's probability of the count target, without the term that only target is in:
    e^input - target input, or input - target ln(input + eps) where log_input is False.

    full: adds Stirling's approximation of that term, ln target!, for targets above 1.
    Errors: ValueError where the shapes differ.
    """
    cdef str how = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    cdef Tensor x, t
    cdef PoissonNLL op = PoissonNLL.__new__(PoissonNLL)
    x, t = floats("poisson_nll_loss", input, target)
    return reduced_by(op.record(op.forward(x, t, log_input, full, eps), x, t), how)
