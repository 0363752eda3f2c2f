"""MLP: networks in one line."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.init import VarianceScaling
from minigrad.nn.mlp import Apply, initializer_for


def kinds(model):
    return [type(layer).__name__ for layer in model]


def widths(model):
    return [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]


def test_layers_follow_the_sizes():
    model = nn.MLP([4, 8, 6, 3])
    assert kinds(model) == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert widths(model) == [(4, 8), (8, 6), (6, 3)]
    assert tuple(model(mg.ones(5, 4)).shape) == (5, 3)
    assert kinds(nn.MLP((4, 3))) == ["Linear"]
    assert list(nn.MLP([4, 2, 3], bias=False).state_dict()) == ["0.weight", "2.weight"]
    assert nn.MLP([4, 2, 3], dtype=mg.float64)[0].weight.dtype is mg.float64
    assert type(model[:-1]) is nn.Sequential and kinds(model[:-1]) == kinds(model)[:-1]


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [("relu", "ReLU()"), ("Leaky_ReLU", "LeakyReLU(negative_slope=0.01)"), ("swish", "SiLU()"), (nn.Tanh, "Tanh()"),
     (nn.LeakyReLU(0.2), "LeakyReLU(negative_slope=0.2)"), (mg.sin, "Apply(sin)"), (None, "Identity()"),
     ("softmax", "Softmax(dim=-1)"), (nn.functional.relu, "Apply(relu)")],
)  # fmt: skip
def test_an_activation_is_a_name_a_class_a_layer_or_a_function(activation, wanted):
    model = nn.MLP([4, 8, 3], activation)
    assert repr(model[1]) == wanted
    model(mg.ones(2, 4)).sum().backward()


def test_one_activation_and_one_dropout_for_each_layer():
    model = nn.MLP([4, 8, 8, 8, 3], ["relu", "selu", mg.tanh], dropout=[0.1, 0.2, 0.0])
    assert kinds(model) == [
        "Linear", "ReLU", "Dropout", "Linear", "SELU", "AlphaDropout", "Linear", "Apply", "Linear",
    ]  # fmt: skip
    assert (model[2].p, model[5].p) == (0.1, 0.2)


def test_a_layer_given_once_is_not_shared():
    model = nn.MLP([4, 8, 8, 3], nn.PReLU())
    assert model[1] is not model[3]
    assert model[1].weight is not model[3].weight


@pytest.mark.parametrize(("norm", "kind"), [("batch", "BatchNorm1d"), ("layer", "LayerNorm"), ("rms", "RMSNorm"),
                                            (lambda width: nn.GroupNorm(2, width), "GroupNorm")])  # fmt: skip
def test_a_norm_stands_before_the_activation(norm, kind):
    model = nn.MLP([4, 8, 3], norm=norm, dropout=0.5)
    assert kinds(model) == ["Linear", kind, "ReLU", "Dropout", "Linear"]
    assert tuple(model(mg.randn(6, 4)).shape) == (6, 3)


def test_the_output_may_have_an_activation():
    model = nn.MLP([4, 8, 3], output_activation="sigmoid")
    assert kinds(model)[-1] == "Sigmoid"
    assert model(mg.randn(5, 4)).min().item() > 0


def test_residual_layers_take_norm_and_activation_inside():
    model = nn.MLP([4, 8, 8, 6, 3], norm="layer", residual=True)
    assert kinds(model) == ["Linear", "Residual", "Residual", "LayerNorm", "ReLU", "Linear"]
    assert kinds(model[1].block) == ["LayerNorm", "ReLU", "Linear"]
    assert model[1].shortcut is None and model[2].shortcut.weight.shape == (6, 8)
    assert model[1].scale == pytest.approx(1 / math.sqrt(2))
    assert nn.MLP([4, 8, 8, 3], residual=0.1)[1].scale == 0.1
    assert kinds(nn.MLP([4, 8, 3], residual=True)) == ["Linear", "ReLU", "Linear"]


@pytest.mark.parametrize(
    ("activation", "scale", "mode", "distribution"),
    [(nn.Identity(), 1.0, "fan_avg", "uniform"), (nn.Tanh(), 1.0, "fan_avg", "uniform"),
     (nn.Sigmoid(), 1.0, "fan_avg", "uniform"), (nn.Softmax(-1), 1.0, "fan_avg", "uniform"),
     (Apply(mg.tanh), 1.0, "fan_avg", "uniform"), (nn.ReLU(), 2.0, "fan_in", "truncated_normal"),
     (Apply(nn.functional.relu), 2.0, "fan_in", "truncated_normal"),
     (nn.LeakyReLU(0.5), 1.6, "fan_in", "truncated_normal"), (nn.PReLU(), 1.88235, "fan_in", "truncated_normal"),
     (nn.SELU(), 1.0, "fan_in", "truncated_normal"), (nn.GELU(), 2.35172, "fan_in", "truncated_normal"),
     (nn.ELU(), 1.55052, "fan_in", "truncated_normal"), (Apply(lambda x: x * 2), 0.25, "fan_in", "truncated_normal")],
)  # fmt: skip
def test_auto_picks_the_initializer_by_the_activation(activation, scale, mode, distribution):
    init = initializer_for(activation)
    assert init.scale == pytest.approx(scale, rel=1e-5)
    assert (init.mode, init.distribution) == (mode, distribution)


def test_the_gain_is_measured_without_drawing_numbers():
    state = mg.random.get_rng_state().tolist()
    measured = initializer_for(nn.RReLU())  # draws its slopes in training
    assert mg.random.get_rng_state().tolist() == state
    assert measured.scale == pytest.approx(2 / (1 + (11 / 48) ** 2), rel=1e-5)
    with pytest.raises(ValueError, match="finds no gain for the activation .*give init by name"):
        initializer_for(Apply(lambda x: x + mg.randn_like(x)))
    assert mg.random.get_rng_state().tolist() == state


def test_init_is_drawn_by_auto_by_name_or_as_pytorch_does():
    mg.manual_seed(1)
    model = nn.MLP([4, 8, 3])
    mg.manual_seed(1)
    hidden, out = nn.Linear(4, 8, init="he_normal"), nn.Linear(8, 3, init="glorot_uniform")
    assert model[0].weight.tolist() == hidden.weight.tolist() and model[0].bias.tolist() == [0.0] * 8
    assert model[2].weight.tolist() == out.weight.tolist()
    assert nn.MLP([4, 8, 3], init="zeros")[0].weight.tolist() == [[0.0] * 4] * 8
    assert repr(nn.MLP([4, 8, 3], init=VarianceScaling(3.0))[2].init) == repr(VarianceScaling(3.0))
    mg.manual_seed(1)
    model = nn.MLP([4, 8, 3], init=None)
    mg.manual_seed(1)
    assert model[0].weight.tolist() == nn.Linear(4, 8).weight.tolist()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "selu", "gelu", "elu", "mish", "softplus", mg.sin])
def test_the_variance_lasts_through_twenty_layers(activation):
    mg.manual_seed(0)
    model = nn.MLP([100] * 22, activation)
    with mg.no_grad():
        assert 0.3 < model(mg.randn(100, 100)).std().item() < 3
        assert 0.3 < nn.MLP([100] * 22, activation, residual=True)(mg.randn(100, 100)).std().item() < 3


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.MLP([4]), ValueError, r"two widths or more.*got \[4\]"),
        (lambda: nn.MLP([4, 0]), ValueError, "two widths"),
        (lambda: nn.MLP([4, 3.0]), ValueError, "two widths"),
        (lambda: nn.MLP([4, 8, 3], "rellu"), ValueError, "'rellu'; expected one of celu, elu, gelu"),
        (lambda: nn.MLP([4, 8, 3], 3), TypeError, "got int"),
        (lambda: nn.MLP([4, 8, 3], ["relu", "relu"]), ValueError, "one activation for each of 1 hidden layers, got 2"),
        (lambda: nn.MLP([4, 8, 3], dropout=[0.1, 0.2]), ValueError, "one dropout"),
        (lambda: nn.MLP([4, 8, 3], dropout=2), ValueError, "probability"),
        (lambda: nn.MLP([4, 8, 3], norm="group"), ValueError, "'batch', 'layer', 'rms' or a callable"),
        (lambda: nn.MLP([4, 8, 3], init="hee"), ValueError, "'hee'"),
        (lambda: nn.MLP([4, 8, 3], lambda x: x * 0), ValueError, "no gain"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_a_deep_residual_network_learns():
    mg.manual_seed(0)
    model = nn.MLP([2, *[16] * 30, 1], activation="tanh", residual=True)
    optimizer = mg.optim.Adam(model.parameters(), lr=0.01)
    x = mg.randn(64, 2)
    y = (x[:, :1] * x[:, 1:]).sign()
    losses = []
    for _ in range(60):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert np.isfinite(losses).all()
