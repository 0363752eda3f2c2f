"""The factor on a weight's standard deviation that makes up for what a nonlinearity does to variance."""

from collections import namedtuple
from copy import deepcopy
from math import inf, pi, sqrt

import numpy as np

from minigrad.autograd import enable_grad, grad
from minigrad.nn.module import Module
from minigrad.tensor import Tensor, from_numpy


def calculate_gain(nonlinearity, param=None):
    """PyTorch's table: the factor on the standard deviation that a nonlinearity asks for.

        linear, conv, sigmoid    1            relu          sqrt(2)
        tanh                     5 / 3        leaky_relu    sqrt(2 / (1 + slope^2))
        selu                     3 / 4

    param: leaky_relu's slope, 0.01 where None. Errors: ValueError for another name.

    These are PyTorch's answers, kept so that weights are the same; gain() measures what they
    should be. Those of relu and leaky_relu are exact. tanh's holds a variance of 1.2, while the
    gradient grows by 1.2 a layer. sigmoid's 1 is no gain of sigmoid. selu's undoes its
    self-normalising: of a variance of 1 there is 0.06 left after 20 layers, where its paper's gain
    of 1 ("lecun_normal") keeps 1. elu, gelu, silu and mish are not in the table at all.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"calculate_gain: the slope of leaky_relu is a number, got {param!r}")
        return sqrt(2.0 / (1 + slope**2))
    if not isinstance(nonlinearity, str) or nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: expected one of {', '.join([*_GAINS, 'leaky_relu'])}, got {nonlinearity!r}; "
            "gain(fn) measures that of any function: nn.init.gain(nn.functional.gelu).forward"
        )
    return _GAINS[nonlinearity]


_GAINS = dict.fromkeys(["linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)), "sigmoid"], 1.0) | {
    "tanh": 5.0 / 3,
    "relu": sqrt(2.0),
    "selu": 0.75,
}


class Gain(namedtuple("Gain", ["forward", "backward"])):
    """What gain() gives: the factor that keeps the variance going forward, and the one coming back."""

    __slots__ = ()


def gain(fn, *args, **kwargs):
    """The gains of any function y = f(x) that works element by element, as Gain(forward, backward).

        forward  = 1 / sqrt(E[f(z)^2])        backward = 1 / sqrt(E[f'(z)^2]),        z ~ normal(0, 1)

    fn: a function of a tensor, or a Module (of which a float64 copy is taken); args and kwargs
    follow the tensor: gain(F.leaky_relu, 0.2), gain(F.elu, alpha=0.5). f' is autograd's.
    Weights of deviation forward / sqrt(fan_in) keep a variance of 1 before each nonlinearity,
    those of deviation backward / sqrt(fan_out) the gradient's. Where the two differ, holding one
    lets the other go by (forward / backward)^2 a layer: for gelu 1.07, which is 30 in 50 layers.
    Both hold with weights of gain backward and biases normal(0, sqrt(1 - (backward / forward)^2)).
    Around another deviation s of z the gains are gain(lambda z: f(s * z) / s) and the biases s times
    as large: those of tanh come together where s is small, those of gelu, silu and mish where it is
    large. (These three want s = 4: around 1 an output too large by chance grows from layer to layer.)

    The integrals are sums over a fixed grid, in float64: the same bits at each call, within 1e-9
    where f is smooth between multiples of 1/256, 1e-4 where it jumps elsewhere. backward is inf
    where f' is 0 all over (sign): no gradient comes through.
    Errors: TypeError where fn is not callable or gives no floating tensor; ValueError where an
    element of f(x) depends on others (softmax, glu, a norm) or on chance (dropout), where f is
    0 all over, gives NaN or infinity, or grows so fast that E[f(z)^2] does not exist.

    He, Zhang, Ren and Sun, ICCV 2015, for relu; Poole et al., NIPS 2016, and Schoenholz et al.,
    ICLR 2017, for the biases.
    """
    if not callable(fn) or isinstance(fn, (Tensor, type)):
        mend = f", a class; call it: {fn.__name__}()" if isinstance(fn, type) else ""
        raise TypeError(f"gain: expected a function such as nn.functional.gelu, got {fn!r}{mend}")
    who = getattr(fn, "__name__", None) or repr(fn)
    if isinstance(fn, Module):
        who, fn = fn._get_name(), deepcopy(fn).double()
    z, weight = _grid()
    y, slope = _value_and_slope(who, lambda x: fn(x, *args, **kwargs), z)
    _check_elementwise(who, lambda x: fn(x, *args, **kwargs), z, y)
    value = _mean_square(who, "f", y, z, weight)
    if value == 0:
        raise ValueError(f"gain: {who} is 0 all over; no factor makes up for that")
    change = _mean_square(who, "f'", slope, z, weight)
    return Gain(1 / sqrt(value), 1 / sqrt(change) if change else inf)


# Gauss and Legendre's rule of 8 points in each of the panels between multiples of 1/256: between
# -12 and 12, where the normal density has fallen to 2e-32. A kink of the usual functions (0, 1/2,
# 1, 3, 6) falls between two panels and costs nothing; Gauss and Hermite's rule, of 200 points, has
# E[hardtanh'^2] wrong by 7 percent.
_REACH = 12
_PANELS = 256


def _grid():
    """The grid's points, and the normal distribution's share of each."""
    point, share = np.polynomial.legendre.leggauss(8)
    start = np.arange(-_REACH * _PANELS, _REACH * _PANELS)[:, None]
    z = ((start + (point + 1) / 2) / _PANELS).ravel()
    return z, np.tile(share / (2 * _PANELS), len(start)) * np.exp(-z * z / 2) / sqrt(2 * pi)


def _apply(who, fn, x):
    try:
        y = fn(x)
    except (ValueError, TypeError, IndexError, RuntimeError) as error:
        raise ValueError(
            f"gain: {who} does not take a vector of {len(x)} numbers (float64), as a function that works element "
            f"by element would: {error}"
        ) from error
    if not isinstance(y, Tensor) or not y.is_floating_point():
        got = f"a tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__
        raise TypeError(f"gain: {who} gives {got}; expected a floating tensor")
    if tuple(y.shape) != tuple(x.shape):
        raise ValueError(
            f"gain: {who} makes {tuple(y.shape)} of {tuple(x.shape)}: it does not work element by element, so it has "
            "no gain"
        )
    return y


def _value_and_slope(who, fn, z):
    with enable_grad():
        leaf = from_numpy(z.copy()).requires_grad_()
        y = _apply(who, fn, leaf.clone())  # a copy, so that fn may work in place
        slope = grad(y.sum(), leaf, allow_unused=True)[0] if y.requires_grad else None
    return y.detach().numpy(), np.zeros_like(z) if slope is None else slope.numpy()


def _check_elementwise(who, fn, z, y):
    """A part of the grid, backwards, must give the same values as it gave within the whole."""
    part = slice(len(z) * 5 // 6, len(z) // 3, -1)
    again = _apply(who, fn, from_numpy(z[part].copy())).detach().numpy()
    if not np.allclose(again, y[part], rtol=1e-6, atol=1e-9, equal_nan=True):
        raise ValueError(
            f"gain: {who} makes other values of the same numbers among others: it mixes elements (softmax, a norm) or "
            "draws random ones (dropout, rrelu; measure it in evaluation mode), so it has no gain"
        )


def _mean_square(who, what, y, z, weight):
    if not np.isfinite(y).all():
        at = int(np.flatnonzero(~np.isfinite(y))[np.abs(z[~np.isfinite(y)]).argmin()])
        raise ValueError(f"gain: {what} of {who} is {y[at]} at {z[at]:.4g}; a gain needs finite values everywhere")
    with np.errstate(over="ignore"):
        part = weight * y * y
    total = float(part.sum())
    if not np.isfinite(total) or part[np.abs(z) > _REACH - 2].sum() > 1e-6 * total:
        raise ValueError(
            f"gain: {what} of {who} grows faster than the normal density falls, so the mean of its square is infinite"
        )
    return total
