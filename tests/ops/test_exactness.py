"""Elementwise functions are exact: a sample of all floats, the limits, and float64 against mpmath."""

import mpmath
import numpy as np
import pytest
import ulp

import minigrad as mg

INF, NAN = float("inf"), float("nan")


@pytest.fixture(scope="module")
def sample():
    return ulp.floats(517, 1 << 32, ulp.SAMPLE)


def test_the_sample_has_four_million_floats(sample):
    assert len(sample) > 4_000_000


@pytest.mark.parametrize("name", ulp.REFERENCES)
def test_float32_is_within_one_ulp(name, sample):
    worst, where = ulp.error(name, sample)
    assert worst <= 0.51, f"{name}({where!r}) is off by {worst} ulp"


def test_the_measure_sees_a_unit_too_much(monkeypatch):
    x = np.linspace(-2, 2, 20000, dtype=np.float32)
    y = np.exp(x.astype(np.float64)).astype(np.float32)
    y[12345] = np.nextafter(np.nextafter(y[12345], np.float32(np.inf)), np.float32(np.inf))
    monkeypatch.setattr(mg, "exp", lambda x: mg.from_numpy(y))
    worst, where = ulp.error("exp", x)
    assert worst > 1 and where == x[12345]


LIMITS = {
    # at          -inf   -0     0     inf
    "exp":       (0.0,   1.0,   1.0,  INF),
    "exp2":      (0.0,   1.0,   1.0,  INF),
    "expm1":     (-1.0,  -0.0,  0.0,  INF),
    "log":       (NAN,   -INF,  -INF, INF),
    "log2":      (NAN,   -INF,  -INF, INF),
    "log10":     (NAN,   -INF,  -INF, INF),
    "log1p":     (NAN,   -0.0,  0.0,  INF),
    "sqrt":      (NAN,   -0.0,  0.0,  INF),
    "rsqrt":     (NAN,   -INF,  INF,  0.0),
    "square":    (INF,   0.0,   0.0,  INF),
    "reciprocal": (-0.0, -INF,  INF,  0.0),
    "sin":       (NAN,   -0.0,  0.0,  NAN),
    "cos":       (NAN,   1.0,   1.0,  NAN),
    "tan":       (NAN,   -0.0,  0.0,  NAN),
    "asin":      (NAN,   -0.0,  0.0,  NAN),
    "acos":      (NAN,   np.pi / 2, np.pi / 2, NAN),
    "atan":      (-np.pi / 2, -0.0, 0.0, np.pi / 2),
    "sinh":      (-INF,  -0.0,  0.0,  INF),
    "cosh":      (INF,   1.0,   1.0,  INF),
    "tanh":      (-1.0,  -0.0,  0.0,  1.0),
    "asinh":     (-INF,  -0.0,  0.0,  INF),
    "acosh":     (NAN,   NAN,   NAN,  INF),
    "atanh":     (NAN,   -0.0,  0.0,  NAN),
    "erf":       (-1.0,  -0.0,  0.0,  1.0),
    "erfc":      (2.0,   1.0,   1.0,  0.0),
    "erfinv":    (NAN,   -0.0,  0.0,  NAN),
    "sigmoid":   (0.0,   0.5,   0.5,  1.0),
    "logit":     (NAN,   -INF,  -INF, NAN),
    "sign":      (-1.0,  0.0,   0.0,  1.0),
    "floor":     (-INF,  -0.0,  0.0,  INF),
    "ceil":      (-INF,  -0.0,  0.0,  INF),
    "trunc":     (-INF,  -0.0,  0.0,  INF),
    "round":     (-INF,  -0.0,  0.0,  INF),
    "frac":      (NAN,   0.0,   0.0,  NAN),
    "abs":       (INF,   0.0,   0.0,  INF),
    "neg":       (INF,   0.0,   -0.0, -INF),
    "deg2rad":   (-INF,  -0.0,  0.0,  INF),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_the_signs_of_zeros(name, dtype):
    x = np.array([-INF, -0.0, 0.0, INF, NAN], dtype)
    got = getattr(mg, name)(mg.from_numpy(x)).numpy()
    expected = np.array([*LIMITS[name], NAN], dtype)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, expected)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]))


def test_poles_and_ends():
    assert mg.erfinv(mg.tensor([1.0, -1.0, 1.5])).tolist()[:2] == [INF, -INF]
    assert np.isnan(mg.erfinv(mg.tensor(1.5)).item())
    assert mg.atanh(mg.tensor([1.0, -1.0])).tolist() == [INF, -INF]
    assert mg.log1p(mg.tensor([-1.0])).item() == -INF
    assert mg.logit(mg.tensor([0.0, 1.0])).tolist() == [-INF, INF]
    assert mg.acosh(mg.tensor([1.0])).item() == 0
    assert mg.sigmoid(mg.tensor(-88.8)).item() > 0
    assert mg.exp2(mg.arange(-149.0, 128.0)).tolist() == [2.0**k for k in range(-149, 128)]
    assert mg.log2(mg.tensor([2.0**k for k in range(-149, 128)])).tolist() == list(range(-149, 128))


AGAINST_MPMATH = {
    "erf": (mpmath.erf, -6, 6, 2), "erfc": (mpmath.erfc, -6, 26, 2), "erfinv": (mpmath.erfinv, -1, 1, 3),
    "exp2": (lambda x: mpmath.mpf(2) ** x, -1000, 1000, 2), "log2": (lambda x: mpmath.log(x, 2), 0, 10, 2),
    "log10": (mpmath.log10, 0, 10, 2), "sin": (mpmath.sin, -1000, 1000, 2), "expm1": (mpmath.expm1, -2, 2, 2),
    "log1p": (mpmath.log1p, -0.9, 2, 2), "rsqrt": (lambda x: 1 / mpmath.sqrt(x), 0, 10, 2),
    "asinh": (mpmath.asinh, -5, 5, 3), "atanh": (mpmath.atanh, -1, 1, 3),
    "logit": (lambda p: mpmath.log(p / (1 - p)), 0, 1, 4),
}


@pytest.mark.parametrize("name", AGAINST_MPMATH)
def test_float64_agrees_with_mpmath(name):
    function, low, high, allowed = AGAINST_MPMATH[name]
    x = np.random.default_rng(0).uniform(low, high, 400)
    got = getattr(mg, name)(mg.from_numpy(x)).numpy()
    with mpmath.workdps(40):
        exact = [function(mpmath.mpf(float(v))) for v in x]
        off = [
            abs(mpmath.mpf(float(y)) - e) / float(np.spacing(abs(float(e)))) for y, e in zip(got, exact, strict=True)
        ]
    assert max(off) <= allowed


def test_erfinv_in_float32_agrees_with_mpmath():
    x = np.random.default_rng(1).uniform(-1, 1, 400).astype(np.float32)
    x[:4] = 1e-40, -1e-20, 1 - 2**-24, 2**-24 - 1
    got = mg.erfinv(mg.from_numpy(x)).numpy()
    with mpmath.workdps(60):
        for value, y in zip(x, got, strict=True):
            exact = mpmath.erfinv(mpmath.mpf(float(value)))
            assert abs(mpmath.mpf(float(y)) - exact) <= 0.51 * float(np.spacing(np.float32(abs(exact)))), value
