"""Gains: PyTorch's table, and what is measured of any function."""

from math import e, erf, exp, inf, pi, sqrt

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.nn import init


@pytest.mark.parametrize(
    ("name", "param", "gain"),
    [
        ("linear", None, 1),
        ("conv2d", None, 1),
        ("conv_transpose3d", None, 1),
        ("sigmoid", None, 1),
        ("tanh", None, 5 / 3),
        ("relu", None, sqrt(2)),
        ("leaky_relu", None, sqrt(2 / 1.0001)),
        ("leaky_relu", 1, 1),
        ("selu", None, 0.75),
    ],
)
def test_the_table(name, param, gain):
    assert init.calculate_gain(name, param) == pytest.approx(gain)


@pytest.mark.parametrize("name", ["gelu", "swish", F.relu, None, ["relu"]])
def test_what_is_not_in_the_table_is_refused_and_pointed_to_gain(name):
    with pytest.raises(ValueError, match=r"expected one of linear, .*leaky_relu, got .*nn\.init\.gain\("):
        init.calculate_gain(name)


@pytest.mark.parametrize("slope", [True, "0.1"])
def test_a_slope_is_a_number(slope):
    with pytest.raises(ValueError, match="slope of leaky_relu is a number, got"):
        init.calculate_gain("leaky_relu", slope)


@pytest.mark.oracle
def test_the_table_is_torchs_to_the_bit():
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    names = [f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)] + "linear sigmoid tanh relu selu".split()
    for name, param in [(n, None) for n in names] + [("leaky_relu", p) for p in (None, 0, 0.2, -1, sqrt(5))]:
        assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)
    for name in ("elu", "gelu", "silu", "mish"):
        with pytest.raises(ValueError, match=name):
            torch.nn.init.calculate_gain(name)


def normal_density(z):
    return exp(-z * z / 2) / sqrt(2 * pi)


def normal_cdf(z):
    return (1 + erf(z / sqrt(2))) / 2


def middle(k):
    """E[z^2 where |z| < k]."""
    return 2 * normal_cdf(k) - 1 - 2 * k * normal_density(k)


@pytest.mark.parametrize(
    ("fn", "forward", "backward"),
    [
        # (f, E[f^2], E[f'^2]), derived by hand
        (lambda z: z, 1, 1),
        (lambda z: 3 * z, 9, 9),
        (lambda z: z * z, 3, 4),
        (lambda z: z**3, 15, 27),
        (mg.exp, e**2, e**2),
        (mg.sin, (1 - e**-2) / 2, (1 + e**-2) / 2),
        (mg.abs, 1, 1),
        (F.relu, 1 / 2, 1 / 2),
        (lambda z: F.leaky_relu(z, 0.2), 1.04 / 2, 1.04 / 2),
        (F.hardtanh, middle(1) + 2 * (1 - normal_cdf(1)), 2 * normal_cdf(1) - 1),
        (lambda z: F.hardshrink(z, 0.5), 1 - middle(0.5), 2 * (1 - normal_cdf(0.5))),
        (lambda z: F.hardshrink(z, 2.0), 1 - middle(2), 2 * (1 - normal_cdf(2))),
        # E[Phi(z)^2 z^2] = 1/3 + 1/(2 pi sqrt(3)), by parts
        (F.gelu, 1 / 3 + 1 / (2 * pi * sqrt(3)), None),
        # the fixed point that SELU was made for
        (F.selu, 1, None),
    ],
)
def test_gains_are_those_derived_by_hand(fn, forward, backward):
    got = init.gain(fn)
    assert got.forward == pytest.approx(1 / sqrt(forward), rel=1e-9)
    if backward is not None:
        assert got.backward == pytest.approx(1 / sqrt(backward), rel=1e-9)


@pytest.mark.parametrize(
    ("fn", "forward", "backward"),
    [
        (mg.tanh, 1.592537419722831, 1.467413591630795),
        (F.sigmoid, 1.846228545338605, 4.722646085937974),
        (F.selu, 1.0, 0.966025776973901),
        (F.elu, 1.245198300700707, 1.223428557552621),
        (F.gelu, 1.533530441195536, 1.481114412708348),
        (F.silu, 1.676532470331091, 1.623320257952497),
        (F.mish, 1.486847581273208, 1.444755232547319),
        (F.softplus, 1.041866835534618, 1.846228545338605),
    ],
)
def test_gains_are_those_of_mpmath(fn, forward, backward):
    mp = pytest.importorskip("mpmath", reason="the integrals are mpmath's")
    f = {
        "tanh": mp.tanh,
        "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
        "selu": lambda z: 1.0507009873554804934 * (z if z > 0 else 1.6732632423543772848 * mp.expm1(z)),
        "elu": lambda z: z if z > 0 else mp.expm1(z),
        "gelu": lambda z: z * mp.ncdf(z),
        "silu": lambda z: z / (1 + mp.exp(-z)),
        "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
        "softplus": lambda z: mp.log1p(mp.exp(z)),
    }[fn.__name__]
    square = mp.quad(lambda z: f(z) ** 2 * mp.npdf(z), [-12, -4, 0, 4, 12])
    assert forward == pytest.approx(float(1 / mp.sqrt(square)), rel=1e-12)
    slope = mp.quad(lambda z: mp.diff(f, z) ** 2 * mp.npdf(z), [-12, 0, 12], maxdegree=4)
    assert backward == pytest.approx(float(1 / mp.sqrt(slope)), rel=1e-8)
    assert init.gain(fn) == pytest.approx((forward, backward), rel=1e-12)


def test_gain_gives_names_and_the_same_bits_each_time_and_draws_nothing():
    mg.manual_seed(0)
    state = mg.get_rng_state().tolist()
    first = init.gain(F.gelu)
    forward, backward = first
    assert isinstance(first, init.Gain)
    assert (first.forward, first.backward) == (forward, backward) == tuple(init.gain(F.gelu))
    assert repr(first) == f"Gain(forward={forward}, backward={backward})"
    assert mg.get_rng_state().tolist() == state


def test_gain_passes_arguments_on():
    assert init.gain(F.leaky_relu, 0.2) == init.gain(lambda z: F.leaky_relu(z, 0.2))
    assert init.gain(F.elu, alpha=0.5) == init.gain(nn.ELU(0.5))


def test_gain_takes_modules_in_place_ones_and_those_with_parameters_and_leaves_them_alone():
    assert init.gain(nn.ReLU(inplace=True)) == pytest.approx((sqrt(2), sqrt(2)))
    prelu = nn.PReLU()
    assert init.gain(prelu) == pytest.approx(init.gain(F.leaky_relu, 0.25), rel=1e-9)
    assert prelu.weight.dtype is mg.float32
    assert prelu.weight.grad is None
    slopes = nn.RReLU().eval()
    assert init.gain(slopes) == pytest.approx(init.gain(F.leaky_relu, 11 / 48), rel=1e-9)
    assert init.gain(nn.Sequential(nn.Tanh(), nn.ReLU())).forward > sqrt(2)
    assert init.gain(nn.Dropout().eval()) == pytest.approx((1, 1))


@pytest.mark.parametrize("mode", [mg.no_grad, mg.inference_mode])
def test_gain_measures_where_nothing_is_recorded(mode):
    with mode():
        got = init.gain(F.silu)
    assert got == init.gain(F.silu)


def test_a_jump_anywhere_costs_no_more_than_the_docstring_says():
    """threshold(0.1, 2): E[f^2] = 4 Phi(0.1) + E[z^2 where z > 0.1]."""
    square = 4 * normal_cdf(0.1) + (1 - middle(0.1)) / 2
    assert init.gain(F.threshold, 0.1, 2.0).forward == pytest.approx(1 / sqrt(square), rel=1e-4)


@pytest.mark.parametrize("fn", [mg.sign, mg.ones_like, lambda z: z.detach()])
def test_without_a_gradient_the_gain_backward_is_infinite(fn):
    assert init.gain(fn) == (pytest.approx(1.0, rel=1e-12), inf)


@pytest.mark.parametrize(
    ("fn", "text"),
    [
        (lambda z: F.softmax(z, -1), "mixes elements"),
        (lambda z: F.log_softmax(z, 0), "mixes elements"),
        (lambda z: F.layer_norm(z, tuple(z.shape)), "mixes elements"),
        (lambda z: F.normalize(z, dim=0), "mixes elements"),
        (lambda z: z / z.std(), "mixes elements"),
        (lambda z: z - z.mean(), "mixes elements"),
        (lambda z: z.cumsum(0), "mixes elements"),
        (lambda z: z.sort()[0], "mixes elements"),
        (lambda z: z.flip(0), "mixes elements"),
        (nn.Dropout(0.1), r"Dropout .*draws random ones .*evaluation mode"),
        (nn.RReLU(), r"RReLU .*draws random ones"),
        (F.glu, r"glu makes \(24576,\) of \(49152,\)"),
        (mg.sum, r"sum makes \(\) of"),
        (nn.Softmax(1), "Softmax does not take a vector"),
        (nn.LayerNorm(3), r"LayerNorm does not take a vector of 49152 numbers.*expected an input \(\.\.\., 3\)"),
        (nn.BatchNorm1d(3), "BatchNorm1d does not take a vector"),
        (nn.Linear(3, 3), "Linear does not take a vector"),
        (nn.PReLU(3), "PReLU does not take a vector"),
        (mg.zeros_like, "zeros_like is 0 all over"),
        (mg.log, r"f of log is nan at -7\.\d+e-05"),
        (lambda z: mg.exp(z * z), "grows faster than the normal density falls"),
        (lambda z: mg.exp(z * z * z), "f of <lambda> is inf at"),
    ],
)
def test_what_has_no_gain_is_refused(fn, text):
    with pytest.raises(ValueError, match=rf"gain: .*{text}"):
        init.gain(fn)


@pytest.mark.parametrize(
    ("fn", "text"),
    [
        ("relu", r"expected a function such as nn\.functional\.gelu, got 'relu'"),
        (mg.ones(2), "expected a function"),
        (nn.ReLU, r"a class; call it: ReLU\(\)"),
        (lambda z: z > 0, "gives a tensor of minigrad.bool; expected a floating tensor"),
        (lambda z: 3.0, "gives float; expected a floating tensor"),
    ],
)
def test_what_is_no_function_of_tensors_is_a_type_error(fn, text):
    with pytest.raises(TypeError, match=f"gain: .*{text}"):
        init.gain(fn)
