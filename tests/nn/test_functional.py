"""Layers as functions."""

import pytest

import minigrad as mg
import minigrad.nn.functional as F


def test_functions_do_what_the_layers_do():
    x = mg.tensor([[-1.0, 2.0]])
    assert F.relu(x).tolist() == [[0.0, 2.0]]
    assert F.softmax(x, dim=1).sum().item() == pytest.approx(1.0)
    assert F.log_softmax(x, 1).exp().sum().item() == pytest.approx(1.0)
    assert F.softmax(x, dim=1, dtype=mg.float64).dtype is mg.float64
    assert F.linear(x, mg.ones(3, 2), mg.ones(3)).tolist() == [[2.0] * 3]
    assert F.tanh(x).tolist() == x.tanh().tolist()
    assert F.sigmoid(x).tolist() == x.sigmoid().tolist()
    assert F.mse_loss(x, x).item() == 0.0
    assert F.cross_entropy(x, mg.tensor([1])).item() == pytest.approx(0.048587, rel=1e-4)


def test_relu_in_place():
    x = mg.tensor([-1.0, 2.0])
    assert F.relu(x, inplace=True) is x
    y = mg.tensor([-1.0, 2.0])
    assert F.relu_(y) is y
    assert x.tolist() == y.tolist() == [0.0, 2.0]


def test_softmax_without_dim_points_at_the_callers_line():
    with pytest.warns(UserWarning, match="dim=-1") as caught:
        F.softmax(mg.ones(2))
    assert caught[0].filename == __file__


def test_batch_norm_in_evaluation():
    y = F.batch_norm(mg.tensor([[1.0], [3.0]]), mg.tensor([1.0]), mg.tensor([4.0]), eps=0.0)
    assert y.tolist() == [[0.0], [1.0]]
