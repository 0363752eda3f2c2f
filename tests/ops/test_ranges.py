"""Ranges: torch's own roundings, which are those of fused multiply-adds; ends and errors."""

from fractions import Fraction

import numpy as np
import pytest

import minigrad as mg
from minigrad.ops import ranges

BOUNDS = [(0, 1, 0.001), (-3.3, 7, 0.013), (1, 1000, 0.1), (0, 0.7, 0.1), (5, 1, -0.3), (0, 10, 1), (2, 2, 1)]
SPACES = [(0, 1, 1000), (-3.3, 7, 77), (1e-3, 5e5, 5000), (0, 10, 3), (2, 3, 1), (1, 2, 0), (3, -3, 10), (0, 0, 5)]


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_ranges_have_torchs_bits(dtype):
    torch = pytest.importorskip("torch", reason="torch is the oracle of ranges")
    ours, theirs = {"dtype": getattr(mg, dtype)}, {"dtype": getattr(torch, dtype)}
    for start, end, steps in SPACES:
        np.testing.assert_array_equal(mg.linspace(start, end, steps, **ours).numpy(),
                                      torch.linspace(start, end, steps, **theirs).numpy(), f"{start} {end} {steps}")
    for start, end, step in BOUNDS if dtype != "int64" else [(0, 10, 3), (10, 0, -3), (0.9, 5.9, 2)]:
        np.testing.assert_array_equal(mg.arange(start, end, step, **ours).numpy(),
                                      torch.arange(start, end, step, **theirs).numpy(), f"{start} {end} {step}")


@pytest.mark.oracle
def test_range_and_logspace_agree_with_torch():
    torch = pytest.importorskip("torch", reason="torch is the oracle of ranges")
    import warnings

    for start, end, step in BOUNDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # torch.range is deprecated there
            expected = torch.range(start, end, step).numpy()
        np.testing.assert_array_equal(mg.range(start, end, step).numpy(), expected)
    np.testing.assert_allclose(mg.logspace(-3, 3, 50).numpy(), torch.logspace(-3, 3, 50).numpy(), rtol=1e-6)
    np.testing.assert_array_equal(mg.logspace(0, 5, 6, 2).numpy(), 2.0 ** np.arange(6))


def rounded(exact):
    """The double nearest to a fraction, the even one of two: by Python's division of integers."""
    return exact.numerator / exact.denominator


@pytest.mark.parametrize("step", [0.1, -1 / 3, 1e-3, 2.0**-30 + 2.0**-60, 7.0, 1e300, 3e-290])
@pytest.mark.parametrize("start", [0.0, 0.3, -1e6, 1 + 2.0**-52, 1e-20])
def test_a_fused_multiply_add_rounds_once(step, start):
    counts = np.array([0, 1, 2, 3, 7, 10, 999, 12345, 2**20 + 1, 2**26 - 1], np.float64)
    expected = [rounded(Fraction(step) * int(i) + Fraction(start)) for i in counts]
    assert ranges._fma(step, counts, start).tolist() == expected


def test_a_sum_rounded_to_odd_may_be_rounded_again():
    """1 + 2^-24 + 2^-60 lies just above the middle of two floats, and in double it would lie upon it."""
    total, error = ranges._two_sum(np.array([1 + 2.0**-24]), np.array([2.0**-60]))
    assert total.astype(np.float32) == 1
    assert ranges._to_odd(total, error).astype(np.float32) == np.float32(1 + 2.0**-23)


def test_whole_numbers_are_exact():
    assert mg.arange(5).tolist() == [0, 1, 2, 3, 4] and mg.arange(5).dtype == mg.int64
    assert mg.arange(5, 0, -2, dtype=mg.float32).tolist() == [5, 3, 1]
    assert mg.range(1, 3).tolist() == [1, 2, 3] and mg.range(1, 3).dtype == mg.float32
    assert mg.linspace(0, 10, 4, dtype=mg.int64).tolist() == [0, 3, 6, 10]
    assert mg.linspace(-10, 0, 4, dtype=mg.int8).tolist() == [-10, -6, -3, 0]
    assert mg.arange(mg.tensor(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("wrong, error", [
    (lambda: mg.arange(0, 5, 0), ValueError),
    (lambda: mg.arange(0, 5, -1), ValueError),
    (lambda: mg.arange(0.0, float("inf")), ValueError),
    (lambda: mg.range(5), TypeError),
    (lambda: mg.linspace(0, 1, -1), ValueError),
    (lambda: mg.linspace(0, 1, 2.5), TypeError),
    (lambda: mg.linspace(mg.ones(2), 1, 2), ValueError),
])
def test_impossible_arguments_are_refused(wrong, error):
    with pytest.raises(error, match="."):
        wrong()
