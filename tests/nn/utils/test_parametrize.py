"""Parameters that are computed from others."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.utils import parametrize
from minigrad.nn.utils.parametrize import (
    cached,
    is_parametrized,
    register_parametrization,
    remove_parametrizations,
    type_before_parametrizations,
)


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT


class Exp(nn.Module):
    def forward(self, x):
        return x.exp()

    def right_inverse(self, x):
        return x.log()


class Halves(nn.Module):
    def forward(self, a, b):
        return a + b

    def right_inverse(self, x):
        return x / 2, x / 2


class Counted(nn.Module):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * 2


def linear(n=3):
    layer = nn.Linear(n, n)
    layer.weight.data.abs_()
    return layer


def test_a_weight_is_computed_from_its_original():
    layer = linear()
    before = layer.weight
    assert register_parametrization(layer, "weight", Symmetric()) is layer
    assert layer.weight.tolist() == layer.weight.T.tolist()
    assert layer.parametrizations.weight.original is before
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert repr(layer) == (
        "ParametrizedLinear(\n  in_features=3, out_features=3, bias=True\n  (parametrizations): ModuleDict(\n"
        "    (weight): ParametrizationList(\n      (0): Symmetric()\n    )\n  )\n)"
    )
    assert isinstance(layer, nn.Linear) and type_before_parametrizations(layer) is nn.Linear
    assert type_before_parametrizations(before) is nn.Parameter
    assert "weight" in dir(layer)


def test_gradients_arrive_at_the_original_and_training_keeps_the_form():
    layer = register_parametrization(linear(), "weight", Symmetric())
    optimizer = mg.optim.SGD(layer.parameters(), lr=0.1)
    before = layer.weight.tolist()
    layer(mg.randn(5, 3)).square().sum().backward()
    original = layer.parametrizations.weight.original
    assert original.grad is not None and original.grad.tril(-1).abs().sum().item() == 0
    optimizer.step()
    assert layer.weight.tolist() != before
    assert layer.weight.tolist() == layer.weight.T.tolist()


def test_right_inverse_keeps_the_value_and_takes_new_ones():
    layer = linear()
    value = layer.weight.detach().clone()
    register_parametrization(layer, "weight", Exp())
    np.testing.assert_allclose(layer.weight.detach().numpy(), value.numpy(), rtol=1e-5)
    layer.weight = mg.ones(3, 3) * 2
    np.testing.assert_allclose(layer.parametrizations.weight.original.detach().numpy(), np.log(2), rtol=1e-6)
    for wrong, error in ((nn.Parameter(mg.ones(3, 3)), KeyError), (3, KeyError), (mg.ones(2, 3), ValueError)):
        with pytest.raises(error):
            layer.weight = wrong
    np.testing.assert_allclose(layer.weight.detach().numpy(), 2, rtol=1e-6)


def test_several_originals():
    layer = register_parametrization(linear(), "weight", Halves())
    assert list(layer.state_dict()) == [
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
    ]  # fmt: skip
    layer.weight = mg.ones(3, 3)
    assert layer.parametrizations.weight.original1.tolist() == [[0.5] * 3] * 3
    with pytest.raises(ValueError, match="2 tensors"):
        remove_parametrizations(layer, "weight", leave_parametrized=False)
    remove_parametrizations(layer, "weight")
    assert layer.weight.tolist() == [[1.0] * 3] * 3 and layer.weight.requires_grad


def test_parametrizations_are_applied_one_after_the_other():
    layer = register_parametrization(register_parametrization(linear(), "weight", Symmetric()), "weight", Exp())
    original = layer.parametrizations.weight.original.detach()
    wanted = (original.triu() + original.triu(1).T).exp()
    assert layer.weight.tolist() == wanted.tolist()
    assert len(layer.parametrizations.weight) == 2
    with pytest.raises(RuntimeError, match="Symmetric has no right_inverse"):
        layer.weight = mg.ones(3, 3)


def test_buffers_and_several_tensors_of_a_layer():
    layer = nn.BatchNorm1d(2)
    layer.register_buffer("scale", mg.ones(2))
    register_parametrization(register_parametrization(layer, "scale", Counted()), "weight", Exp())
    assert [name for name, _ in layer.named_buffers()][-1] == "parametrizations.scale.original"
    assert layer.scale.tolist() == [2.0, 2.0]
    layer.weight = mg.ones(2) * 3
    y = layer(mg.randn(8, 2))
    np.testing.assert_allclose(y.detach().numpy().std(0), 3, rtol=1e-3)
    assert is_parametrized(layer) and is_parametrized(layer, "weight") and not is_parametrized(layer, "bias")
    assert not is_parametrized(nn.ReLU())
    remove_parametrizations(layer, "scale")
    assert "scale" in layer._buffers


def test_removing_leaves_an_ordinary_layer():
    layer = linear()
    before = layer.weight
    register_parametrization(layer, "weight", Symmetric())
    register_parametrization(layer, "bias", Counted())
    value = layer.weight.tolist()
    assert remove_parametrizations(layer, "weight") is layer
    assert layer.weight is before and before.tolist() == value
    assert type(layer).__name__ == "ParametrizedLinear"
    bias = layer.parametrizations.bias.original.tolist()
    remove_parametrizations(layer, "bias", leave_parametrized=False)
    assert layer.bias.tolist() == bias
    assert type(layer) is nn.Linear and not layer._modules
    with pytest.raises(ValueError, match="no parametrization of 'weight'"):
        remove_parametrizations(layer, "weight")


def test_cached_computes_once():
    layer = register_parametrization(linear(), "weight", Counted())
    counted = layer.parametrizations.weight[0]
    counted.calls = 0
    with cached():
        first = layer.weight
        with cached():
            assert layer.weight is first
        assert layer.weight is first
    assert counted.calls == 1
    assert layer.weight is not first and counted.calls == 2
    assert parametrize._cache_enabled == 0


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copy_is_whole_and_apart(twin):
    layer = register_parametrization(linear(), "weight", Exp())
    other = twin(layer)
    assert other.weight.tolist() == layer.weight.tolist()
    assert other.parametrizations.weight is not layer.parametrizations.weight
    remove_parametrizations(other, "weight")
    assert type(other) is nn.Linear
    assert type(layer).__name__ == "ParametrizedLinear"
    layer(mg.ones(1, 3))


def test_a_state_dict_moves():
    a, b = (register_parametrization(linear(), "weight", Exp()) for _ in range(2))
    b.load_state_dict(a.state_dict())
    assert b.weight.tolist() == a.weight.tolist()


class FirstRow(nn.Module):
    def forward(self, x):
        return x[:1]


class Double(nn.Module):
    def forward(self, x):
        return x.double()


class Inverse(Exp):
    def __init__(self, gives):
        super().__init__()
        self.gives = gives

    def right_inverse(self, x):
        return self.gives(x)


@pytest.mark.parametrize(
    ("name", "how", "error", "text"),
    [
        ("weight", FirstRow(), ValueError, r"\(3, 3\) of .*float32 became \(1, 3\).*unsafe=True"),
        ("weight", Double(), ValueError, "became .*float64"),
        ("weight", Inverse(lambda x: 3), TypeError, "a Tensor or several, got int"),
        ("weight", Inverse(lambda x: x.double()), ValueError, "float64 for a tensor of"),
        ("none", Exp(), ValueError, "Linear has no parameter or buffer 'none'"),
        ("plain", Exp(), ValueError, "'plain'"),
        ("weight", 3, TypeError, "an nn.Module, got int"),
    ],
)
def test_errors_leave_the_layer_as_it_was(name, how, error, text):
    layer = linear()
    layer.plain = mg.ones(2)
    before = layer.weight.tolist()
    with pytest.raises(error, match=text):
        register_parametrization(layer, name, how)
    assert type(layer) is nn.Linear and layer.weight.tolist() == before
    register_parametrization(layer, "weight", Exp())
    with pytest.raises((error, ValueError)):
        register_parametrization(layer, name, how)
    assert len(layer.parametrizations.weight) == 1


def test_unsafe_may_change_the_shape():
    assert tuple(register_parametrization(linear(), "weight", FirstRow(), unsafe=True).weight.shape) == (1, 3)


def test_an_inverse_that_is_not_implemented_is_none():
    def no(x):
        raise NotImplementedError

    layer = register_parametrization(linear(), "weight", Inverse(no))
    assert layer.weight.tolist() == layer.parametrizations.weight.original.exp().tolist()


@pytest.mark.oracle
def test_a_chain_is_torchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")

    def make(lib):
        class Symmetric(lib.nn.Module):
            def forward(self, x):
                return x.triu() + x.triu(1).mT

        class Exp(lib.nn.Module):
            def forward(self, x):
                return x.exp()

            def right_inverse(self, x):
                return x.log()

        lib.manual_seed(0)
        layer = lib.nn.Linear(3, 3, dtype=lib.float64)
        layer.weight.data.abs_()
        there = lib.nn.utils.parametrize
        there.register_parametrization(layer, "weight", Exp())
        there.register_parametrization(layer, "weight", Symmetric())
        layer(lib.ones(1, 3, dtype=lib.float64)).sum().backward()
        return layer

    ours, theirs = make(mg), make(torch)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12)
