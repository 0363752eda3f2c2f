"""Linear and Identity."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_linear_is_a_matrix_product_and_a_bias():
    layer = nn.Linear(3, 2)
    x = mg.tensor([[1.0, 2.0, 3.0]])
    want = x.numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), want, rtol=1e-6)
    assert tuple(layer(mg.ones(4, 5, 3)).shape) == (4, 5, 2)


def test_linear_without_bias():
    layer = nn.Linear(3, 2, bias=False)
    assert layer.bias is None
    assert list(layer.state_dict()) == ["weight"]
    assert layer(mg.zeros(1, 3)).tolist() == [[0.0, 0.0]]
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=False)"


def test_linear_takes_dtype_and_device():
    layer = nn.Linear(3, 2, device="cpu", dtype=mg.float64)
    assert layer.weight.dtype is layer.bias.dtype is mg.float64


def test_linear_names_itself_and_the_mend_where_the_input_does_not_fit():
    with pytest.raises(ValueError, match=r"Linear\(3, 2\): expected input \(\.\.\., 3\), got \(1, 4\)"):
        nn.Linear(3, 2)(mg.ones(1, 4))
    with pytest.raises(ValueError, match=r"nn\.Flatten"):
        nn.Linear(6, 2)(mg.ones(5, 2, 3))
    with pytest.raises(TypeError, match="float64"):
        nn.Linear(3, 2)(mg.ones(1, 3, dtype=mg.float64))


def test_the_default_init_lies_within_its_bound():
    layer = nn.Linear(16, 300)
    for p in layer.parameters():
        assert p.abs().max().item() <= 0.25
        assert p.abs().max().item() > 0.24


def test_the_same_seed_makes_the_same_layer():
    mg.manual_seed(3)
    a = nn.Linear(4, 4)
    mg.manual_seed(3)
    b = nn.Linear(4, 4)
    c = nn.Linear(4, 4)
    assert a.weight.tolist() == b.weight.tolist()
    assert b.weight.tolist() != c.weight.tolist()
    mg.manual_seed(3)
    c.reset_parameters()
    assert c.bias.tolist() == a.bias.tolist()


@pytest.mark.parametrize("name", ["he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal",
                                  "lecun_uniform", "orthogonal", "xavier_uniform_", "kaiming_normal"])  # fmt: skip
def test_linear_takes_an_initializer_by_name_and_begins_with_bias_0(name):
    layer = nn.Linear(5, 4, init=name)
    assert layer.bias.tolist() == [0.0] * 4
    assert layer.weight.requires_grad
    assert layer.weight.abs().max().item() > 0


def test_linear_takes_any_callable():
    layer = nn.Linear(2, 2, init=nn.init.eye_)
    assert layer.weight.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert nn.Linear(2, 2, bias=False, init=lambda t: nn.init.constant_(t, 3)).weight.tolist() == [[3.0] * 2] * 2


def test_linear_refuses_an_unknown_initializer():
    with pytest.raises(ValueError, match=r"'hee_normal'; the nearest is 'he_normal' .*expected one of glorot_uniform"):
        nn.Linear(2, 2, init="hee_normal")
    with pytest.raises(TypeError, match="callable"):
        nn.Linear(2, 2, init=3)


def test_linear_of_no_inputs_gives_its_bias():
    layer = nn.Linear(0, 2)
    assert layer(mg.ones(3, 0)).tolist() == [[0.0, 0.0]] * 3


def test_a_weight_that_is_computed_takes_the_place_of_the_parameter():
    layer = nn.Linear(2, 2, bias=False)
    v = layer.weight
    del layer.weight
    layer.weight = v * 0
    assert layer(mg.ones(1, 2)).tolist() == [[0.0, 0.0]]


def test_identity_passes_on_and_takes_any_arguments():
    x = mg.ones(2)
    assert nn.Identity(3, a=4)(x) is x


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (2, 3), (64, 100), (7, 1)])
def test_linear_begins_with_torchs_numbers(dtype, n_in, n_out):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    for seed in (0, 1, 2147483647):
        mg.manual_seed(seed)
        torch.manual_seed(seed)
        ours = nn.Linear(n_in, n_out, dtype=getattr(mg, dtype))
        theirs = torch.nn.Linear(n_in, n_out, dtype=getattr(torch, dtype))
        assert np.array_equal(ours.weight.detach().numpy(), theirs.weight.detach().numpy())
        assert np.array_equal(ours.bias.detach().numpy(), theirs.bias.detach().numpy())


def test_a_lazy_linear_becomes_a_linear_with_its_first_input():
    layer = nn.LazyLinear(3)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    assert layer.has_uninitialized_params()
    optimizer = mg.optim.SGD(layer.parameters(), lr=0.1)
    weight = layer.weight
    mg.manual_seed(1)
    y = layer(mg.ones(2, 5))
    mg.manual_seed(1)
    wanted = nn.Linear(5, 3)
    assert type(layer) is nn.Linear and type(weight) is nn.Parameter
    assert layer.weight is weight
    assert repr(layer) == repr(wanted)
    assert y.tolist() == wanted(mg.ones(2, 5)).tolist()
    y.sum().backward()
    optimizer.step()
    assert weight.tolist() != wanted.weight.tolist()


def test_a_lazy_linear_takes_its_shape_from_a_state_dict():
    saved = nn.Linear(5, 3)
    layer = nn.LazyLinear(3)
    layer.load_state_dict(saved.state_dict())
    assert repr(layer) == repr(saved)
    assert layer(mg.ones(5)).tolist() == saved(mg.ones(5)).tolist()
    layer = nn.Sequential(nn.LazyLinear(3))
    layer.load_state_dict(nn.Sequential(nn.LazyLinear(3)).state_dict())
    assert layer[0].has_uninitialized_params()
    with pytest.raises(RuntimeError, match=r'"0\.weight": the state_dict has \(4, 5\), this model \(3, \.\.\.\)'):
        layer.load_state_dict(nn.Sequential(nn.Linear(5, 4)).state_dict())
    assert layer[0].has_uninitialized_params()
    with pytest.raises(RuntimeError, match=r'"0\.bias": the state_dict has \(3, 1\), this model \(3,\)'):
        layer.load_state_dict({"0.weight": saved.weight, "0.bias": mg.ones(3, 1)})
    assert layer[0].has_uninitialized_params()
    with pytest.raises(RuntimeError, match='Missing key.* "0.bias"'):
        layer.load_state_dict({"0.weight": saved.weight})
    assert layer[0].has_uninitialized_params()
    with pytest.raises(RuntimeError, match="never saw an input"):
        nn.Linear(5, 3).load_state_dict(nn.LazyLinear(3).state_dict())


def test_lazy_linears_in_a_row_convert_and_initialize_as_linears_do():
    net = nn.Sequential(nn.LazyLinear(4, bias=False, init="he_normal"), nn.ReLU(), nn.LazyLinear(2, init="zeros"))
    net[0].reset_parameters()  # nothing yet
    net.double()
    assert net(mg.ones(3, 6, dtype=mg.float64)).tolist() == [[0.0, 0.0]] * 3
    assert net[0].weight.dtype is mg.float64 and net[0].bias is None
    assert net[2].in_features == 4
    with pytest.raises(ValueError, match="no axes"):
        nn.LazyLinear(2)(mg.tensor(1.0))
    with pytest.raises(ValueError, match="first input"):
        sum(p.numel() for p in nn.LazyLinear(2).parameters())
