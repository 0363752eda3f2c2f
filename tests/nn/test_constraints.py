"""Constraints on weights."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import constraints

W = [[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [-6.0, 8.0]]


def test_max_norm_shortens_the_rows_that_are_too_long():
    w = mg.tensor(W)
    assert constraints.MaxNorm(2.0)(w) is w
    np.testing.assert_allclose(w.numpy(), [[1.2, 1.6], [0.3, 0.4], [0, 0], [-1.2, 1.6]], rtol=1e-6)
    before = w.tolist()
    constraints.MaxNorm(3.0)(w)
    assert w.tolist() == before  # to the bit


def test_the_norm_is_that_of_a_units_incoming_weights():
    layer = nn.Linear(50, 3, init="ones")
    constraints.MaxNorm(1.0)(layer)
    np.testing.assert_allclose((layer.weight.detach().numpy() ** 2).sum(1), 1, rtol=1e-5)
    assert layer.bias.tolist() == [0.0] * 3
    bilinear = nn.Bilinear(3, 4, 2, init="ones")
    constraints.MaxNorm(1.0)(bilinear)
    np.testing.assert_allclose((bilinear.weight.detach().numpy() ** 2).sum((1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize(("dim", "axes"), [(0, 0), (1, 1), (-1, 1), ((0, 1), (0, 1))])
def test_dim_says_which_axes_the_norm_is_over(dim, axes):
    for constraint in (constraints.MaxNorm(0.1, dim=dim), constraints.UnitNorm(dim=dim)):
        norms = np.linalg.norm(constraint(mg.tensor(W, dtype=mg.float64)).numpy(), axis=axes)
        wanted = getattr(constraint, "max_value", 1.0)
        np.testing.assert_allclose(norms[norms > 0] if np.ndim(norms) else norms, wanted, rtol=1e-12)


def test_unit_norm_and_non_neg():
    w = constraints.UnitNorm()(mg.tensor(W))
    np.testing.assert_allclose(w.numpy(), [[0.6, 0.8], [0.6, 0.8], [0, 0], [-0.6, 0.8]], rtol=1e-6)
    assert constraints.NonNeg()(mg.tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]


def test_numbers_at_the_limits_of_float32():
    w = constraints.MaxNorm(1.0)(mg.tensor([[1e30, 1e30], [1e-30, 1e-30]]))
    np.testing.assert_allclose(w.numpy(), [[0.5**0.5] * 2, [1e-30] * 2], rtol=1e-6)
    w = constraints.UnitNorm()(mg.tensor([[1e30, 1e30], [1e-30, 1e-30]]))
    np.testing.assert_allclose(w.numpy(), 0.5**0.5, rtol=1e-6)


@pytest.mark.parametrize("kind", [constraints.MaxNorm, constraints.UnitNorm, constraints.NonNeg])
def test_what_is_not_finite_stays_and_spoils_no_other_row(kind):
    w = kind()(mg.tensor([[float("nan"), 1.0], [float("inf"), 1.0], [3.0, 4.0]])).numpy()
    assert np.isnan(w[0, 0]) and np.isinf(w[1, 0]) and w[1, 1] == 1.0
    assert np.isfinite(w[2]).all()


def test_after_holds_for_every_step():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = mg.optim.SGD(model.parameters(), lr=1.0)
    handle = constraints.MaxNorm(0.5).after(optimizer)
    others = constraints.NonNeg().after(optimizer, (p for p in [model[2].bias]))
    for _ in range(3):
        optimizer.zero_grad()
        (model(mg.randn(16, 4)) + 3).square().sum().backward()
        optimizer.step()
        for layer in (model[0], model[2]):
            assert np.linalg.norm(layer.weight.detach().numpy(), axis=1).max() <= 0.5 * (1 + 1e-6)
        assert model[2].bias.item() >= 0
    assert model[0].weight.requires_grad and model[0].weight.is_leaf
    handle.remove()
    others.remove()
    optimizer.step()
    assert np.linalg.norm(model[0].weight.detach().numpy(), axis=1).max() > 0.5


def test_a_change_is_seen_by_a_graph_that_had_saved_the_weights():
    layer = nn.Linear(2, 2)
    y = layer(mg.ones(1, 2, requires_grad=True)).sum()
    constraints.UnitNorm()(layer)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_printing_and_errors():
    assert repr(constraints.MaxNorm(3.0)) == "MaxNorm(max_value=3.0, dim=None)"
    for value in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="max_value > 0"):
            constraints.MaxNorm(value)
    with pytest.raises(TypeError, match="a Tensor, several, or an nn.Module, got int"):
        constraints.NonNeg()(3)
    with pytest.raises(TypeError, match="floating Tensors, got minigrad.int64"):
        constraints.NonNeg()([mg.tensor([1])])
    with pytest.raises((IndexError, ValueError)):
        constraints.UnitNorm(dim=3)(mg.ones(2, 2))
    with pytest.raises(NotImplementedError, match="define project"):
        constraints.Constraint()(mg.ones(1))
