"""Variance kept from layer to layer: fans, xavier, kaiming, VarianceScaling."""

import copy
from math import inf, nan, sqrt

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.nn import init

FANS = {"fan_in": 200, "fan_out": 300, "fan_avg": 250}
CUT = 2 / 0.87962566103423978  # where a normal distribution of (corrected) deviation 1 is cut off


@pytest.mark.parametrize("mode", FANS)
@pytest.mark.parametrize(
    ("distribution", "bound"),
    [("truncated_normal", CUT), ("normal", CUT), ("untruncated_normal", inf), ("uniform", sqrt(3))],
)
def test_variance_scaling_has_the_variance_and_bound_it_says(mode, distribution, bound):
    mg.manual_seed(2)
    law = init.VarianceScaling(3.0, mode, distribution)
    x = law(mg.empty(300, 200)).numpy().astype(np.float64)
    std = sqrt(3 / FANS[mode])
    assert x.mean() == pytest.approx(0, abs=4 * std / sqrt(x.size))
    assert x.std() == pytest.approx(std, rel=0.01)
    if bound < inf:
        assert np.abs(x).max() == pytest.approx(bound * std, rel=1e-3)
        assert np.abs(x).max() <= bound * std * (1 + 1e-6)
    else:
        assert np.abs(x).max() > 3 * std


@pytest.mark.parametrize(
    ("name", "scale", "mode", "distribution"),
    [
        ("glorot_uniform", 1, "fan_avg", "uniform"),
        ("glorot_normal", 1, "fan_avg", "truncated_normal"),
        ("he_uniform", 2, "fan_in", "uniform"),
        ("he_normal", 2, "fan_in", "truncated_normal"),
        ("lecun_uniform", 1, "fan_in", "uniform"),
        ("lecun_normal", 1, "fan_in", "truncated_normal"),
    ],
)
def test_the_names_of_the_literature_are_variance_scalings(name, scale, mode, distribution):
    law = init.get(name)
    assert (law.scale, law.mode, law.distribution, law.seed) == (scale, mode, distribution, None)
    mg.manual_seed(3)
    assert law(mg.empty(300, 200)).numpy().std() == pytest.approx(sqrt(scale / FANS[mode]), rel=0.01)


def test_truncation_without_the_correction_would_be_too_narrow():
    """0.774 of the variance is left of a normal distribution cut off at two deviations: 0.8796... of the deviation."""
    mg.manual_seed(4)
    x = init.trunc_normal_(mg.empty(300, 200)).numpy()
    assert x.var() == pytest.approx(0.7737, rel=0.02)


def test_variance_scaling_of_a_fan_below_1_takes_1():
    assert init.VarianceScaling(3.0, distribution="uniform")(mg.empty(4, 0)).tolist() == [[]] * 4
    x = init.VarianceScaling(3.0, "fan_out", "uniform", seed=0)(mg.empty(1, 1000)).numpy()
    assert np.abs(x).max() == pytest.approx(3.0, rel=0.01)


def test_variance_scaling_with_a_seed_repeats_itself():
    law = init.VarianceScaling(2.0, "fan_in", "uniform", seed=3)
    assert law(mg.empty(2, 3)).tolist() == law(mg.empty(2, 3)).tolist()
    assert init.VarianceScaling(2.0, "fan_in", "uniform", np.int64(3))(mg.empty(2, 3)).tolist() == law(
        mg.empty(2, 3)
    ).tolist()
    assert repr(law) == "VarianceScaling(scale=2.0, mode='fan_in', distribution='uniform', seed=3)"
    assert copy.deepcopy(nn.Linear(2, 2, init=law)).init.seed == 3


def test_variance_scaling_with_a_generator_goes_on_with_it():
    law = init.VarianceScaling(seed=mg.Generator().manual_seed(3))
    mg.manual_seed(0)
    state = mg.get_rng_state().tolist()
    first = law(mg.empty(2, 3)).tolist()
    assert law(mg.empty(2, 3)).tolist() != first
    assert init.VarianceScaling(seed=3)(mg.empty(2, 3)).tolist() == first
    assert mg.get_rng_state().tolist() == state


def test_fans_count_kernels():
    assert init._calculate_fan_in_and_fan_out(mg.empty(50, 4, 5, 5)) == (100, 1250)
    assert init._calculate_correct_fan(mg.empty(50, 4, 5, 5), "Fan_Out") == 1250
    x = init.kaiming_uniform_(mg.empty(50, 4, 5, 5), nonlinearity="linear")
    assert x.abs().max().item() == pytest.approx(sqrt(3 / 100), rel=0.01)


@pytest.mark.parametrize("nonlinearity", "linear conv2d sigmoid tanh relu leaky_relu selu".split())
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_kaiming_takes_the_gain_of_its_nonlinearity(nonlinearity, mode):
    mg.manual_seed(5)
    gain = init.calculate_gain(nonlinearity, 0.3 if nonlinearity == "leaky_relu" else None)
    for fill in (init.kaiming_normal_, init.kaiming_uniform_):
        x = fill(mg.empty(300, 200), 0.3, mode, nonlinearity).numpy()
        assert x.std() * sqrt(FANS[mode]) == pytest.approx(gain, rel=0.01)


def test_kaiming_measures_the_gain_of_a_function():
    gains = init.gain(F.gelu)
    for mode, gain in (("fan_in", gains.forward), ("FAN_OUT", gains.backward)):
        x = init.kaiming_uniform_(mg.empty(300, 200), mode=mode, nonlinearity=F.gelu).numpy()
        assert np.abs(x).max() == pytest.approx(gain * sqrt(3 / FANS[mode.lower()]), rel=1e-3)
    mg.manual_seed(6)
    a = init.kaiming_normal_(mg.empty(4, 4), nonlinearity=F.relu)
    mg.manual_seed(6)
    b = init.kaiming_normal_(mg.empty(4, 4), nonlinearity="relu")
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    with pytest.raises(ValueError, match=r"kaiming_normal_: no gradient comes back through .*sign.*fan_in"):
        init.kaiming_normal_(mg.empty(2, 2), mode="fan_out", nonlinearity=mg.sign)


@pytest.mark.parametrize(
    "fill",
    [init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_, init.VarianceScaling()],
)
def test_a_vector_has_no_fans(fill):
    with pytest.raises(ValueError, match=r"weight \(out, in\) of 2 axes or more, got shape \(3,\); for a bias use"):
        fill(mg.empty(3))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_weight_is_left_alone(shape):
    for name in ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"):
        assert getattr(init, name)(mg.empty(shape)).numel() == 0


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda t: init.kaiming_uniform_(t, mode="fan_avg"), ValueError, r"or 'fan_out', got 'fan_avg'.*Variance"),
        (lambda t: init.kaiming_normal_(t, mode=1), ValueError, "got 1"),
        (lambda t: init.kaiming_normal_(t, nonlinearity="gelu"), ValueError, r"got 'gelu'.*nn\.init\.gain"),
        (lambda t: init.kaiming_normal_(t, a="x"), ValueError, "slope of leaky_relu is a number, got 'x'"),
        (lambda t: init.xavier_normal_(t, gain=-1), ValueError, "xavier_normal_: expected a finite gain >= 0, got -1"),
        (lambda t: init.xavier_uniform_(t, gain=nan), ValueError, "xavier_uniform_: .*got nan"),
        (lambda t: init.VarianceScaling(0.0), ValueError, "scale > 0, got 0.0"),
        (lambda t: init.VarianceScaling(inf), ValueError, "finite scale.*got inf"),
        (lambda t: init.VarianceScaling(mode="fan"), ValueError, "'fan_avg', got 'fan'"),
        (lambda t: init.VarianceScaling(distribution="cauchy"), ValueError, "'uniform', got 'cauchy'"),
        (lambda t: init.VarianceScaling(seed="3"), TypeError, "seed is an integer, a Generator or None, got str"),
    ],
)
def test_errors_say_what_was_seen(call, error, text):
    with pytest.raises(error, match=text):
        call(mg.empty(2, 2))


@pytest.mark.oracle
def test_fans_are_torchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    for shape in [(3, 4), (3, 4, 5), (6, 2, 3, 3), (0, 4)]:
        want = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
        assert init._calculate_fan_in_and_fan_out(mg.empty(shape)) == want
