"""Reductions: exactness of long ones, dtypes, edges, errors; against torch where that is installed."""

import math
from fractions import Fraction

import numpy as np
import pytest

import minigrad as mg

INF, NAN = math.inf, math.nan


def ulps(got, exact):
    """How many float32 steps lie between a result and the exact number."""
    nearest = np.float32(exact)
    return abs(float(got) - float(exact)) / float(np.spacing(np.abs(nearest)))


# ---- exactness ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1])
def test_ten_million_tenths_sum_to_within_an_ulp_along_any_axis(dim):
    n = 10_000_000
    shape = (n, 2) if dim == 0 else (2, n)
    x = mg.full(shape, 0.1)
    exact = Fraction(float(np.float32(0.1))) * n
    assert max(ulps(value, exact) for value in x.sum(dim).tolist()) <= 1
    assert max(ulps(value, exact) for value in x.t().sum(1 - dim).tolist()) <= 1
    assert ulps(x.sum().item(), 2 * exact) <= 1
    assert max(ulps(value, exact / n) for value in x.mean(dim).tolist()) <= 1


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
@pytest.mark.parametrize("dim", [0, 1, (0, 2)])
def test_sums_that_cancel_keep_their_digits(dtype, dim):
    x = np.random.default_rng(0).standard_normal((300, 40, 50)) * 1e6
    x = x.astype(dtype.numpy)
    exact = np.asarray(x.astype(np.longdouble).sum(dim))
    got = mg.tensor(x).sum(dim).numpy()
    size = np.abs(x.astype(np.longdouble)).sum(dim)
    # half a unit of the result, and what the sum of magnitudes makes unavoidable
    allowed = np.spacing(np.abs(got)) + size * (2.0**-44 if dtype == mg.float32 else 2.0**-90)
    assert (np.abs(got - exact) <= allowed).all()


def test_float16_is_summed_in_double():
    x = mg.full((4000,), 0.1, dtype=mg.float16)
    assert x.sum().dtype == mg.float16
    assert x.sum().item() == np.float16(4000 * float(np.float16(0.1)))
    assert x.mean().item() == np.float16(0.1)


@pytest.mark.parametrize("dim", [None, 0, 1, (0, 1)])
def test_variance_far_from_zero_keeps_its_digits(dim):
    x = (1e6 + np.random.default_rng(1).standard_normal((500, 30))).astype(np.float32)
    exact = x.astype(np.longdouble).var(dim, ddof=1)
    np.testing.assert_allclose(mg.tensor(x).var(dim).numpy(), exact.astype(np.float32), rtol=1.3e-7)
    np.testing.assert_allclose(mg.tensor(x).std(dim).numpy(), np.sqrt(exact).astype(np.float32), rtol=1.3e-7)


def test_the_gradient_of_a_variance_far_from_zero_keeps_its_digits():
    x = (1e6 + np.random.default_rng(1).standard_normal((50, 3))).astype(np.float32)
    leaf = mg.tensor(x, requires_grad=True)
    leaf.var(0).sum().backward()
    wide = x.astype(np.longdouble)
    exact = 2 * (wide - wide.mean(0)) / 49
    np.testing.assert_allclose(leaf.grad.numpy(), exact.astype(np.float32), rtol=2e-7, atol=1e-12)


def test_logsumexp_near_one_term_keeps_what_the_others_add():
    x = mg.tensor([0.0, -40.0], dtype=mg.float64)
    assert x.logsumexp(0).item() == math.log1p(math.exp(-40))
    assert mg.tensor([1e4, 1e4]).logsumexp(0).item() == np.float32(1e4 + math.log(2))
    assert mg.tensor([-1e4, -1e4]).logsumexp(0).item() == np.float32(-1e4 + math.log(2))


# ---- limits ------------------------------------------------------------------------------------------------


def test_logsumexp_of_infinite_rows():
    x = mg.tensor([[-INF, -INF], [INF, 1.0], [INF, INF], [NAN, 1.0], [-INF, 2.0]], requires_grad=True)
    y = x.logsumexp(1)
    np.testing.assert_array_equal(y.detach().numpy(), [-INF, INF, INF, NAN, 2])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0, 0], [1, 0], [0.5, 0.5], [NAN, NAN], [0, 1]])


def test_logsumexp_over_nothing_is_the_logarithm_of_0():
    assert mg.zeros(0, 3).logsumexp(0).tolist() == [-INF] * 3


def test_nan_wins_in_extremes_and_is_passed_over_on_request():
    x = mg.tensor([1.0, NAN, 3.0])
    assert math.isnan(x.max().item()) and math.isnan(x.amin(0).item())
    assert x.max(0).indices.item() == x.argmin().item() == 1
    assert x.nansum().item() == 4 and x.nanmean().item() == 2
    assert mg.tensor([NAN]).nansum().item() == 0 and math.isnan(mg.tensor([NAN]).nanmean().item())
    assert x.count_nonzero().item() == 3


def test_nansum_sends_no_gradient_to_a_nan():
    x = mg.tensor([1.0, NAN, 3.0], requires_grad=True)
    x.nanmean().backward()
    assert x.grad.tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("n, correction", [(1, 1), (2, 2), (3, 5), (0, 0)])
def test_variance_of_too_few_is_nan(n, correction):
    for x in (mg.ones(n), mg.ones(n, dtype=mg.float64)):
        assert math.isnan(x.var(correction=correction).item())


def test_std_of_equals_is_0_and_so_is_its_gradient():
    x = mg.full((4,), 3.0, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0] * 4


def test_reducing_no_elements():
    x = mg.zeros(0, 3)
    assert x.sum(0).tolist() == [0] * 3 and x.prod(0).tolist() == [1] * 3
    assert all(math.isnan(value) for value in x.mean(0).tolist() + x.var(0).tolist())
    assert x.any(0).tolist() == [False] * 3 and x.all(0).tolist() == [True] * 3
    assert tuple(x.amax(1).shape) == (0,)


# ---- arguments -----------------------------------------------------------------------------------------------


def test_numpys_words_are_understood():
    x = mg.arange(6.0).reshape(2, 3)
    for name in ("sum", "mean", "nansum", "nanmean", "prod", "var", "std", "amax", "amin", "logsumexp", "any", "all",
                 "argmax", "argmin", "norm"):
        np.testing.assert_array_equal(getattr(x, name)(axis=1, keepdims=True).numpy(),
                                      getattr(x, name)(dim=1, keepdim=True).numpy(), name)
        assert tuple(getattr(mg, name)(x, axis=0).shape) == (3,)
    assert x.max(axis=1).indices.tolist() == [2, 2]


def test_integers_and_bools_sum_to_int64():
    for dtype in (mg.bool, mg.uint8, mg.int8, mg.int32, mg.int64):
        x = mg.ones(300, dtype=dtype)
        assert (x.sum().dtype, x.sum().item()) == (mg.int64, 300)
        assert x.prod().dtype == x.cumsum(0).dtype == mg.int64
    assert mg.ones(3, dtype=mg.int64).sum(dtype=mg.float32).dtype == mg.float32
    assert mg.ones(3, dtype=mg.int32).mean(dtype=mg.float64).dtype == mg.float64
    assert mg.ones(3).sum(dtype=mg.float64).dtype == mg.float64


def test_any_and_all_of_uint8_are_uint8():
    assert mg.ones(3, dtype=mg.uint8).any().dtype == mg.uint8
    assert mg.ones(3).all().dtype == mg.bool


def test_var_mean_and_std_mean_are_pairs():
    x = mg.tensor([[1.0, 2.0], [3.0, 6.0]])
    variance, mean = mg.var_mean(x, 0)
    assert variance.tolist() == [2, 8] and mean.tolist() == [2, 4]
    assert mg.std_mean(x, False)[0].item() == np.float32(np.std([1, 2, 3, 6]))
    assert tuple(mg.var_mean(x, (0, 1), keepdim=True)[1].shape) == (1, 1)


def test_results_of_two_parts_have_names():
    x = mg.tensor([[1.0, 2.0], [4.0, 3.0]])
    found = x.max(1)
    values, indices = found
    assert type(found) is mg.return_types.max
    assert found.values is values and found[1] is indices
    assert repr(found) == ("minigrad.return_types.max(\nvalues=tensor([2., 4.]),\nindices=tensor([1, 0]))")
    assert x.aminmax().min.item() == 1
    with pytest.raises(TypeError, match="expected 2 items"):
        mg.return_types.max([values])


def test_equals_share_the_gradient_of_amax_and_the_first_has_that_of_max():
    x = mg.tensor([2.0, 5.0, 5.0], requires_grad=True)
    x.amax().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5]
    x.grad = None
    x.max(0).values.backward()
    assert x.grad.tolist() == [0, 1, 0]


# ---- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error, message, call", [
    (TypeError, "mean: expected a floating", lambda: mg.arange(3).mean()),
    (TypeError, "std: expected a floating", lambda: mg.arange(3).std()),
    (TypeError, "nanmean: expected a floating", lambda: mg.arange(3).nanmean()),
    (ValueError, "not both", lambda: mg.ones(3).var(unbiased=True, correction=1)),
    (IndexError, "dim", lambda: mg.ones(3).sum(1)),
    (IndexError, "dim", lambda: mg.ones(3).logsumexp(-2)),
    (ValueError, "twice", lambda: mg.ones(2, 2).sum((0, -2))),
    (TypeError, "dim", lambda: mg.ones(3).sum(0.5)),
    (IndexError, "no largest", lambda: mg.zeros(0).amax()),
    (IndexError, "amin", lambda: mg.zeros(0, 2).amin(0)),
    (IndexError, "argmax", lambda: mg.zeros(0).argmax()),
    (IndexError, "empty", lambda: mg.zeros(2, 0).max(1)),
])
def test_errors_say_what_was_seen(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- against torch -------------------------------------------------------------------------------------------------

CALLS = {
    "sum": lambda x: x.sum((0, 2), keepdim=True),
    "mean": lambda x: x.mean(1),
    "nansum": lambda x: x.nansum(1),
    "prod": lambda x: x.prod(0),
    "var": lambda x: x.var((0, 1), correction=2),
    "std": lambda x: x.std(2, unbiased=False),
    "amax": lambda x: x.amax((0, 1)),
    "max": lambda x: x.max(1, keepdim=True).values,
    "min": lambda x: x.min(-1)[0],
    "aminmax": lambda x: x.aminmax(dim=1, keepdim=True).max,
    "logsumexp": lambda x: x.logsumexp((0, 1), keepdim=True),
    "full max": lambda x: x.max(),
}


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_torchs(name, dtype):
    torch = pytest.importorskip("torch", reason="torch, which this compares with, is not installed")
    values = np.round(np.random.default_rng(5).standard_normal((3, 4, 5)), 1).astype(dtype)     # with equals
    ours, theirs = mg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    y, expected = CALLS[name](ours), CALLS[name](theirs)
    tolerance = 1e-12 if dtype == np.float64 else 3e-6
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), tolerance, tolerance)
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), tolerance, tolerance)
