"""decay_groups: weights decay, biases and norms do not."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.optim import SGD, AdamW, decay_groups


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.PReLU(), nn.Linear(6, 6, bias=False))
        self.norm = nn.LayerNorm((2, 3))
        self.table = nn.Embedding(5, 3)
        self.pair = nn.Bilinear(2, 2, 3)
        self.scale = nn.Parameter(mg.ones(1))
        self.bias = nn.Parameter(mg.ones(2, 2))


def names(group):
    return [name for name, _ in group["params"]]


def test_biases_norms_and_what_has_fewer_than_two_axes_do_not_decay():
    decayed, undecayed = decay_groups(Net())
    assert names(decayed) == ["layers.0.weight", "layers.3.weight", "table.weight", "pair.weight"]
    assert names(undecayed) == [
        "scale", "bias", "layers.0.bias", "layers.1.weight", "layers.1.bias", "layers.2.weight",
        "norm.weight", "norm.bias", "pair.bias",
    ]  # fmt: skip
    assert "weight_decay" not in decayed and undecayed["weight_decay"] == 0.0


def test_an_optimizer_takes_the_groups_with_names_and_its_own_decay():
    net = Net()
    optimizer = AdamW(decay_groups(net), lr=0.1, weight_decay=0.5)
    assert [g["weight_decay"] for g in optimizer.param_groups] == [0.5, 0.0]
    assert optimizer.param_groups[0]["param_names"][0] == "layers.0.weight"
    assert {id(p) for g in optimizer.param_groups for p in g["params"]} == {id(p) for p in net.parameters()}


def test_only_weights_shrink():
    net = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = mg.zeros_like(p)
    SGD(decay_groups(net), lr=0.5, weight_decay=0.5).step()
    for name, p in net.named_parameters():
        factor = 0.75 if name == "0.weight" else 1.0
        assert p.tolist() == pytest.approx((before[name] * factor).tolist()) if p.ndim == 1 else mg.equal(
            p.detach(), before[name] * factor)


@pytest.mark.parametrize("exclude", [
    lambda net: "table", lambda net: ["table.weight"], lambda net: net.table, lambda net: [net.table.weight],
])  # fmt: skip
def test_more_can_be_left_out_by_name_module_or_parameter(exclude):
    net = Net()
    decayed, undecayed = decay_groups(net, exclude=exclude(net))
    assert "table.weight" not in names(decayed) and "table.weight" in names(undecayed)


def test_a_shared_parameter_comes_once_and_an_empty_group_not_at_all():
    one = nn.Linear(2, 2, bias=False)
    groups = decay_groups(nn.Sequential(one, one))
    assert [names(g) for g in groups] == [["0.weight"]]
    groups = decay_groups(nn.LayerNorm(3))
    assert [names(g) for g in groups] == [["weight", "bias"]] and groups[0]["weight_decay"] == 0.0


def test_what_is_no_module_or_not_in_it_is_refused():
    with pytest.raises(TypeError, match="expected a module, got list"):
        decay_groups([nn.Linear(2, 2)])
    with pytest.raises(ValueError, match="decay_groups: exclude: 'tabel' is not among the parameters: scale, bias"):
        decay_groups(Net(), exclude="tabel")
