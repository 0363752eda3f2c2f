"""Activations as layers."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

X = [[-2.0, 0.0, 0.5], [3.0, -0.25, 100.0]]


def softmax(x):
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.Tanh(), np.tanh),
        (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (nn.Softmax(dim=1), softmax),
        (nn.LogSoftmax(dim=0), lambda x: x - np.logaddexp.reduce(x, 0, keepdims=True)),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, nn.Module) else "",
)
def test_an_activation_is_its_formula(layer, formula):
    x = mg.tensor(X, dtype=mg.float64)
    np.testing.assert_allclose(layer(x).numpy(), formula(x.numpy()), rtol=1e-13, atol=1e-40)


def test_relu_in_place_changes_its_input_and_keeps_the_gradient():
    x = mg.tensor(X, requires_grad=True)
    y = x * 1
    z = nn.ReLU(inplace=True)(y)
    assert z is y
    assert y.min().item() == 0.0
    z.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]


@pytest.mark.parametrize("layer", [nn.Softmax(), nn.LogSoftmax()], ids=["softmax", "log_softmax"])
def test_softmax_without_dim_warns_or_refuses(layer):
    with pytest.warns(UserWarning, match="dim=-1"):
        y = layer(mg.tensor(X))
    assert y.tolist() == type(layer)(dim=1)(mg.tensor(X)).tolist()
    with pytest.raises(TypeError, match="dim"):
        layer(mg.ones(2, 3, 4))


def test_activations_print_as_pytorchs():
    shown = [repr(m) for m in (nn.ReLU(), nn.ReLU(True), nn.Tanh(), nn.Sigmoid(), nn.Softmax(1), nn.LogSoftmax())]
    assert shown == ["ReLU()", "ReLU(inplace=True)", "Tanh()", "Sigmoid()", "Softmax(dim=1)", "LogSoftmax(dim=None)"]
