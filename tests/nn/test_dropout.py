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


def test_mc_predict_drops_and_leaves_batch_norm_in_evaluation():
    mg.manual_seed(0)
    dropout = nn.Dropout(0.5, inplace=True)
    model = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU(), dropout, nn.Linear(32, 3))
    model(mg.randn(64, 4) * 3 + 1)
    model.eval()
    model[3].train()
    modes = [m.training for m in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    x = mg.randn(5, 4)
    y = nn.mc_predict(model, x, 400)
    assert tuple(y.shape) == (400, 5, 3) and not y.requires_grad
    assert y.std(0).min().item() > 0
    assert [m.training for m in model.modules()] == modes
    for key, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), state[key].numpy()), key
    wanted = model.eval()(x)  # the last layer is linear, so this is the mean
    error = (y.mean(0) - wanted).abs() / (y.std(0) / 20)
    assert error.max().item() < 5


def test_mc_predict_is_n_calls_with_dropout_in_training():
    model = nn.Sequential(nn.Dropout(0.5, inplace=True), nn.Linear(4, 2))
    x = mg.ones(3, 4)
    mg.manual_seed(1)
    y = nn.mc_predict(model, x, 3)
    assert x.tolist() == [[1.0] * 4] * 3
    mg.manual_seed(1)
    assert y.tolist() == [model(x.clone()).tolist() for _ in range(3)]


def test_mc_predict_takes_recurrent_dropout_and_several_inputs():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 4, 2, dropout=0.5)

        def forward(self, x, h):
            return self.rnn(x, h)[0]

    y = nn.mc_predict(Net().eval(), (mg.randn(5, 2, 3), mg.zeros(2, 2, 4)), 4)
    assert tuple(y.shape) == (4, 5, 2, 4)
    assert y.std(0).max().item() > 0


def test_mc_predict_refuses_a_model_without_dropout_and_restores_modes_after_an_error():
    with pytest.raises(ValueError, match="holds no layer with dropout"):
        nn.mc_predict(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0)), mg.ones(1, 2), 3)
    with pytest.raises(ValueError, match="n >= 1"):
        nn.mc_predict(nn.Dropout(), mg.ones(1, 2), 0)
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).eval()
    with pytest.raises(ValueError, match="Linear"):
        nn.mc_predict(model, mg.ones(1, 3), 2)
    assert not any(m.training for m in model.modules())
