"""Flatten and Unflatten."""

import pytest

import minigrad as mg
from minigrad import nn


def test_flatten_keeps_the_batch():
    assert tuple(nn.Flatten()(mg.ones(2, 3, 4, 5)).shape) == (2, 60)
    assert tuple(nn.Flatten(0, 1)(mg.ones(2, 3, 4)).shape) == (6, 4)
    assert repr(nn.Flatten()) == "Flatten(start_dim=1, end_dim=-1)"


def test_unflatten_undoes_flatten():
    x = mg.arange(24).reshape(2, 3, 4)
    assert nn.Unflatten(1, (3, 4))(nn.Flatten()(x)).tolist() == x.tolist()
    assert tuple(nn.Unflatten(1, (-1, 4))(mg.ones(2, 12)).shape) == (2, 3, 4)
    assert repr(nn.Unflatten(1, (3, 4))) == "Unflatten(dim=1, unflattened_size=(3, 4))"


def test_unflatten_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="12"):
        nn.Unflatten(1, (5, 2))(mg.ones(1, 12))
    with pytest.raises(TypeError, match="integers"):
        nn.Unflatten("C", (3, 4))
