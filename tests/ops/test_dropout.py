"""Dropout: torch's masks, edge cases, gradients, errors."""

import math

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F

KINDS = {       # name: the function, PyTorch's, shapes
    "dropout": (F.dropout, lambda t: t.nn.functional.dropout, [(5,), (3, 7), (2, 3, 4), ()]),
    "feature_dropout": (mg.feature_dropout, lambda t: t.feature_dropout, [(3, 7), (2, 3, 4)]),
    "dropout1d": (F.dropout1d, lambda t: t.nn.functional.dropout1d, [(6, 7), (4, 3, 4)]),
    "dropout2d": (F.dropout2d, lambda t: t.nn.functional.dropout2d, [(6, 7, 2), (4, 3, 4, 2)]),
    "dropout3d": (F.dropout3d, lambda t: t.nn.functional.dropout3d, [(6, 7, 2, 2), (4, 3, 4, 2, 1)]),
    "alpha_dropout": (F.alpha_dropout, lambda t: t.nn.functional.alpha_dropout, [(5,), (3, 7), (2, 3, 4)]),
    "feature_alpha_dropout": (F.feature_alpha_dropout, lambda t: t.nn.functional.feature_alpha_dropout,
                              [(3, 7), (2, 3, 4)]),
}
CASES = [pytest.param(name, shape, id=f"{name}-{shape}") for name, (_, _, shapes) in KINDS.items() for shape in shapes]


def draw(shape):
    return np.random.default_rng(4).normal(size=shape)


# ---- torch's masks -----------------------------------------------------------------------------------------------

@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")       # torch has doubts about dropout2d of three axes
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("p", [0.5, 0.1, 0.9])
@pytest.mark.parametrize("name, shape", CASES)
def test_the_same_seed_drops_what_torch_drops(name, shape, p, dtype):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    ours, theirs, _ = KINDS[name]
    array = draw(shape).astype(dtype)
    x, other = mg.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    mg.manual_seed(42)
    torch.manual_seed(42)
    for _ in range(2):
        y, expected = ours(x, p, True), theirs(torch)(other, p, True)
        if "alpha" in name:     # a rounding or two apart
            close = {"float32": 1e-6, "float64": 1e-14, "float16": 4e-3}[dtype]
            np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=close, atol=close)
        else:
            np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy())
    if "alpha" not in name:
        y.sum().backward()
        expected.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), other.grad.numpy())
    assert mg.rand(1).item() == torch.rand(1).item()


@pytest.mark.oracle
@pytest.mark.parametrize("change", [
    lambda x: x.T, lambda x: x[:, ::2], lambda x: x.T[1:], lambda x: x[:, :1], lambda x: x[:1].T,
    lambda x: x[1].expand(3, 10), lambda x: x.reshape(2, 3, 10).permute(1, 2, 0),
    lambda x: x.reshape(2, 3, 10).permute(2, 0, 1)[:, :, ::2],
])
def test_the_order_of_draws_is_that_of_the_memory(change):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    array = draw((6, 10)).astype(np.float32)
    mg.manual_seed(3)
    torch.manual_seed(3)
    y, expected = F.dropout(change(mg.tensor(array))), torch.nn.functional.dropout(change(torch.tensor(array)))
    np.testing.assert_array_equal(y.numpy(), expected.numpy())


@pytest.mark.oracle
def test_nothing_is_drawn_where_torch_draws_nothing():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for size, p, training in [(5, 0.0, True), (5, 1.0, True), (0, 0.5, True), (5, 0.5, False)]:
        mg.manual_seed(3)
        torch.manual_seed(3)
        F.dropout(mg.ones(size), p, training)
        torch.nn.functional.dropout(torch.ones(size), p, training)
        assert mg.rand(1).item() == torch.rand(1).item()


# ---- by itself ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", KINDS)
def test_out_of_training_and_with_p_0_the_input_itself_comes_back(name):
    function, _, shapes = KINDS[name]
    x = mg.tensor(draw(shapes[-2 if name == "dropout" else -1]))
    y = function(x, 0.5, False)
    z = function(x, 0.0, True)
    assert y.tolist() == x.tolist() == z.tolist()
    assert np.shares_memory(y.numpy(), x.numpy())
    assert not np.asarray(function(x, 1.0, True).numpy()).any()
    assert function(x[:0], 0.5, True).shape == x[:0].shape


def test_dropout_keeps_the_mean_and_scales_what_stays():
    mg.manual_seed(0)
    y = F.dropout(mg.ones(100_000), 0.2)
    assert set(y.tolist()) == {0.0, 1.25}
    assert y.mean().item() == pytest.approx(1, abs=0.01)


def test_dropout_of_features_drops_them_whole():
    mg.manual_seed(0)
    y = F.dropout2d(mg.ones(50, 20, 3, 4)).numpy()
    assert set(y.ravel().tolist()) == {0.0, 2.0}
    assert (y == y[:, :, :1, :1]).all()


def test_alpha_dropout_keeps_mean_and_variance():
    mg.manual_seed(0)
    y = F.alpha_dropout(mg.randn(200_000), 0.3, True)
    assert y.mean().item() == pytest.approx(0, abs=0.01)
    assert y.std().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name, shape", [case for case in CASES if case.id != "dropout-()"])
def test_in_place_is_the_same_and_has_the_same_gradient(name, shape):
    function, _, _ = KINDS[name]

    def run(inplace):
        leaf = mg.tensor(draw(shape), requires_grad=True)
        x = leaf * 1
        mg.manual_seed(9)
        y = function(x, 0.5, True, inplace=True) if inplace and name != "feature_dropout" else \
            mg.feature_dropout_(x, 0.5, True) if inplace else function(x, 0.5, True)
        assert (y is x) == inplace
        (y * y).sum().backward()
        return y.detach().numpy(), leaf.grad.numpy()

    for plain, changed in zip(run(False), run(True), strict=True):
        np.testing.assert_allclose(changed, plain, rtol=1e-15)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"])
def test_the_functions_whose_name_ends_in_an_underscore(name):
    x = mg.ones(4, 6)
    mg.manual_seed(2)
    y = getattr(mg, name)(mg.ones(4, 6), p=0.5, train=True)
    mg.manual_seed(2)
    assert getattr(mg, name + "_")(x, p=0.5, train=True) is x
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)


def test_gradients_of_gradients_go_through_the_mask():
    x = mg.tensor(draw((4, 5)), requires_grad=True)
    mg.manual_seed(2)
    y = F.dropout(x)
    mask = (y / x).detach()
    dx, = mg.autograd.grad((y ** 3).sum(), x, create_graph=True)
    np.testing.assert_allclose(dx.detach().numpy(), (3 * y ** 2 * mask).detach().numpy())
    ddx, = mg.autograd.grad(dx.sum(), x)
    np.testing.assert_allclose(ddx.numpy(), (6 * y * mask * mask).detach().numpy())


def test_what_cannot_be_dropped_is_refused():
    for p in (-0.1, 1.5, math.nan):
        for function in (F.dropout, F.dropout2d, F.alpha_dropout, F.feature_alpha_dropout):
            with pytest.raises(ValueError, match=r"\[0, 1\]"):
                function(mg.ones(2, 3, 4, 5), p)
    with pytest.raises(TypeError, match="floating"):
        F.dropout(mg.tensor([1, 2]))
    with pytest.raises(ValueError, match="features"):
        mg.feature_dropout(mg.ones(3), 0.5, True)
    with pytest.raises(ValueError, match=r"\(N, C, L\)"):
        F.dropout1d(mg.ones(3))
    with pytest.warns(UserWarning, match="dropout2d"):
        F.dropout2d(mg.ones(2, 2))
    with pytest.warns(UserWarning, match="dropout3d"):
        F.dropout3d(mg.ones(2, 2))
