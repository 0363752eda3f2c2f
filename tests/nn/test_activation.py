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


SHOWN = [
    "ReLU(True)", "ReLU6()", "ReLU6(True)", "LeakyReLU(0.2)", "LeakyReLU(0.2, True)", "PReLU()", "PReLU(3)",
    "RReLU()", "RReLU(.1, .2, True)", "ELU()", "ELU(2., True)", "CELU()", "CELU(inplace=True)", "SELU()",
    "SELU(True)", "GELU()", "GELU('tanh')", "SiLU()", "SiLU(True)", "Mish(True)", "Sigmoid()", "LogSigmoid()",
    "Tanh()", "Hardtanh()", "Hardtanh(-2, 2, True)", "Hardsigmoid(True)", "Hardswish(True)", "Softplus()",
    "Softplus(2)", "Softplus(2, 5)", "Softsign()", "Softshrink()", "Softshrink(0.2)", "Hardshrink()", "Tanhshrink()",
    "Threshold(1, 2)", "Threshold(1, 2, True)", "GLU()", "GLU(1)", "Softmin(1)", "Softmax(1)", "LogSoftmax(1)",
    "Softmax2d()",
]


@pytest.mark.oracle
@pytest.mark.parametrize("text", SHOWN)
def test_a_layer_prints_and_computes_as_pytorchs(text):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    ours, theirs = eval("nn." + text), eval("torch.nn." + text)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    array = np.random.default_rng(1).normal(0, 3, (2, 3, 4, 4)).astype(np.float32)
    if text != "GLU(1)":
        for mode in (False, True):
            mg.manual_seed(3)
            torch.manual_seed(3)
            y, expected = ours.train(mode)(mg.tensor(array)), theirs.train(mode)(torch.tensor(array))
            np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-6, atol=1e-6)


def test_prelu_learns_its_weight():
    layer = nn.PReLU(2, init=0.5)
    y = layer(mg.tensor([[-1.0, -2.0], [3.0, -4.0]]))
    assert y.tolist() == [[-0.5, -1.0], [3.0, -2.0]]
    y.sum().backward()
    assert layer.weight.grad.tolist() == [-1.0, -6.0]
    assert nn.PReLU(dtype=mg.float64).weight.dtype is mg.float64


@pytest.mark.parametrize("make", [lambda: nn.GELU("erf"), lambda: nn.Hardtanh(2.0, 1.0),
                                  lambda: nn.Softmax2d()(mg.ones(2, 3))])
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(ValueError, match="got"):
        make()


def test_an_activation_in_place_keeps_the_gradient():
    for layer in (nn.ReLU6(True), nn.ELU(inplace=True), nn.SiLU(True), nn.Hardswish(True), nn.Threshold(1, 2, True)):
        x = mg.tensor(X, requires_grad=True)
        y = x * 1
        z = layer(y)
        assert z is y
        z.sum().backward()
        layer.inplace = False
        other = mg.tensor(X, requires_grad=True)
        layer(other).sum().backward()
        assert x.grad.tolist() == other.grad.tolist()


def test_hardtanh_knows_the_older_names_of_its_bounds():
    layer = nn.Hardtanh(min_value=-2.0, max_value=3.0)
    assert layer(mg.tensor([-5.0, 5.0])).tolist() == [-2.0, 3.0]
