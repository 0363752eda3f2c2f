"""Dropout as layers."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

LAYERS = [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout]
SHAPES = {"Dropout1d": (3, 4, 5), "Dropout2d": (3, 4, 5, 2), "Dropout3d": (3, 4, 5, 2, 2)}


def sample(layer):
    return np.random.default_rng(1).normal(size=SHAPES.get(layer.__name__, (3, 4))).astype(np.float32)


@pytest.mark.parametrize("layer", LAYERS)
def test_evaluation_is_the_identity_and_training_drops(layer):
    x = mg.tensor(sample(layer))
    dropout = layer(0.5)
    mg.manual_seed(1)
    assert dropout(x).tolist() != x.tolist()
    assert dropout.eval()(x).tolist() == x.tolist()
    assert layer(0.0)(x).tolist() == x.tolist()
    assert not layer(1.0)(x).numpy().any()


@pytest.mark.parametrize("layer", LAYERS)
def test_in_place_writes_over_the_input(layer):
    x = mg.tensor(sample(layer))
    mg.manual_seed(1)
    y = layer(0.5)(x)
    mg.manual_seed(1)
    assert layer(0.5, inplace=True)(x) is x
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_probability_is_in_0_to_1(layer):
    for p in (-0.1, 2):
        with pytest.raises(ValueError, match=layer.__name__):
            layer(p)


@pytest.mark.oracle
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_prints_and_drops_as_pytorchs(layer):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    theirs = getattr(torch.nn, layer.__name__)
    assert repr(layer()) == repr(theirs())
    assert repr(layer(0.2, True)) == repr(theirs(0.2, True))
    mg.manual_seed(7)
    torch.manual_seed(7)
    y, expected = layer(0.3)(mg.tensor(sample(layer))), theirs(0.3)(torch.tensor(sample(layer)))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-6, atol=1e-6)


def test_a_network_with_dropout_trains():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Dropout(0.2), nn.Linear(16, 1))
    model(mg.randn(8, 4)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
