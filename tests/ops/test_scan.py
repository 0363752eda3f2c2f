"""Running sums, products and extremes: exactness, gradients through zeros, edges, errors."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cumsum_is_within_an_ulp_of_the_exact_sums(dtype):
    x = np.random.default_rng(0).uniform(0, 1, 100_000).astype(dtype)
    exact = np.array([math.fsum(x[:n].tolist()) for n in (1, 10, 1000, 50_000, 100_000)])
    got = mg.tensor(x).cumsum(0).numpy()[[0, 9, 999, 49_999, 99_999]]
    assert (np.abs(got - exact) <= np.spacing(exact.astype(dtype))).all()


def test_a_million_tenths():
    got = mg.full((1_000_000,), 0.1).cumsum(0)[-1].item()
    assert got == np.float32(float(np.float32(0.1)) * 1_000_000)


@pytest.mark.parametrize("zeros", [[], [1], [0, 2], [0, 1, 2, 3]])
def test_products_have_the_right_gradient_wherever_zeros_are(zeros):
    x = np.random.default_rng(3).uniform(0.5, 2, 4)
    x[zeros] = 0
    leaf = mg.tensor(x, requires_grad=True)
    leaf.prod().backward()
    expected = [np.prod(np.delete(x, i)) for i in range(4)]
    np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-14)
    for function in (lambda a: a.prod(0), lambda a: a.cumprod(0)):
        assert gradcheck(function, [mg.tensor(x, requires_grad=True)])
        assert gradgradcheck(function, [mg.tensor(x, requires_grad=True)])


def test_the_gradients_of_scans_do_not_depend_on_how_many_columns_there_are():
    values = np.random.default_rng(8).uniform(-2, 2, (6, 40))
    values[2, ::3] = 0
    for scan in (lambda x: x.cumprod(0), lambda x: x.logcumsumexp(0)):
        wide = mg.tensor(values, requires_grad=True)
        (scan(wide) ** 2).sum().backward()
        for column in (0, 7):
            narrow = mg.tensor(values[:, column], requires_grad=True)
            (scan(narrow) ** 2).sum().backward()
            assert narrow.grad.tolist() == wide.grad[:, column].tolist()


def test_the_gradient_of_a_product_that_vanishes_does_not():
    x = mg.tensor([1e-30, 1e-30], requires_grad=True)
    y = x.prod()
    y.backward()
    assert y.item() == 0 and x.grad.tolist() == [np.float32(1e-30)] * 2


def test_logcumsumexp_of_large_numbers_has_exact_gradients_of_both_orders():
    values = (900 + np.random.default_rng(9).uniform(-2, 2, 6)).astype(np.float32)
    dy = np.array([1, -2, 0.5, 3, 1, -1], np.float32)
    steps = np.tril(np.exp(values[None, :].astype(np.longdouble) - values[:, None]))
    expected = dy @ (steps / steps.sum(1, keepdims=True))
    for dtype, rtol in ((mg.float32, 3e-7), (mg.float64, 1e-11)):
        x = mg.tensor(values, dtype=dtype, requires_grad=True)
        dx, = mg.autograd.grad(x.logcumsumexp(0), x, mg.tensor(dy, dtype=dtype), create_graph=True)
        assert dx.dtype is dtype
        np.testing.assert_allclose(dx.detach().numpy(), expected.astype(np.float64), rtol=rtol)
        assert mg.autograd.grad(dx.sum(), x)[0].isfinite().all()
    assert gradgradcheck(lambda x: x.logcumsumexp(0), [mg.tensor(values.astype(float), requires_grad=True)])


def test_logcumsumexp_starts_from_nothing():
    x = mg.tensor([-INF, -INF, 2.0, 3.0, -INF], requires_grad=True)
    y = x.logcumsumexp(0)
    assert y.tolist()[:3] == [-INF, -INF, 2]
    y[-1].backward()
    share = 1 / (1 + math.e)
    np.testing.assert_allclose(x.grad.numpy(), [0, 0, share, 1 - share, 0], rtol=1e-6)
    assert mg.tensor([1e4, 1e4]).logcumsumexp(0)[1].item() == np.float32(1e4 + math.log(2))


def test_running_extremes_take_the_latest_of_equals_and_stay_at_nan():
    found = mg.tensor([1.0, 3.0, 3.0, 2.0, NAN, 5.0]).cummax(0)
    assert found.indices.tolist() == [0, 1, 2, 2, 4, 4]
    np.testing.assert_array_equal(found.values.numpy(), [1, 3, 3, 3, NAN, NAN])
    assert mg.tensor([3, 1, 2]).cummin(0).values.tolist() == [3, 1, 1]
    x = mg.tensor([1.0, 3.0, 2.0], requires_grad=True)
    x.cummax(0).values.sum().backward()
    assert x.grad.tolist() == [1, 2, 0]


def test_dtypes():
    assert mg.tensor([True, True]).cumsum(0).tolist() == [1, 2]
    assert mg.tensor([1, 2], dtype=mg.int8).cumprod(0).dtype == mg.int64
    assert mg.tensor([1, 2]).cumprod(0, dtype=mg.float64).dtype == mg.float64
    assert mg.ones(3, dtype=mg.float16).cumsum(0).dtype == mg.float16
    assert mg.tensor([True, False, False]).diff().tolist() == [True, False]
    assert mg.tensor(3.0).cumsum(0).item() == mg.tensor(3.0).cumprod(-1).item() == 3


def test_in_place():
    x = mg.tensor([1.0, 2.0, 3.0])
    assert x.cumsum_(0) is x and x.tolist() == [1, 3, 6]
    assert x.cumprod_(0).tolist() == [1, 3, 18]


@pytest.mark.parametrize("error, call", [
    (IndexError, lambda: mg.ones(3).cumsum(1)),
    (TypeError, lambda: mg.ones(3).cumsum()),
    (IndexError, lambda: mg.ones(3).logcumsumexp(-2)),
    (ValueError, lambda: mg.tensor(1.0).diff()),
    (ValueError, lambda: mg.ones(3).diff(-1)),
])
def test_errors(error, call):
    with pytest.raises(error):
        call()


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "prod", "diff"])
@pytest.mark.parametrize("dim", [0, -1])
def test_values_and_gradients_are_torchs(name, dim):
    torch = pytest.importorskip("torch", reason="torch, which this compares with, is not installed")
    values = np.round(np.random.default_rng(5).standard_normal((3, 4, 5)))
    ours, theirs = mg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    y, expected = getattr(ours, name)(dim=dim), getattr(theirs, name)(dim=dim)
    if name.startswith("cumm"):
        assert y.indices.tolist() == expected.indices.tolist()
        y, expected = y.values, expected.values
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), 1e-12, 1e-12)
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), 1e-12, 1e-12)
