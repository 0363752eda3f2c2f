"""Which modules are weight layers, norms, residual branches."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.init import parts


class ScaleNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mg.ones(3, 3))


class NormalLinear(nn.Linear):
    pass


class Residual(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block


class Gated(Residual):
    pass


@pytest.mark.parametrize(
    "module",
    [nn.BatchNorm1d(3), nn.BatchNorm2d(3), nn.InstanceNorm1d(3), nn.LayerNorm((3, 3)), nn.RMSNorm((3, 3)),
     nn.GroupNorm(1, 3), ScaleNorm()],
)  # fmt: skip
def test_norms_are_told_by_their_names(module):
    assert parts.is_norm(module)
    assert not parts.is_weight_layer(module)


@pytest.mark.parametrize("module", [nn.Linear(2, 3), nn.Bilinear(2, 3, 4), NormalLinear(2, 3)])
def test_a_weight_of_two_axes_makes_a_weight_layer(module):
    assert parts.is_weight_layer(module)
    assert not parts.is_norm(module)


@pytest.mark.parametrize("module", [nn.Embedding(2, 3), nn.PReLU(3), nn.ReLU(), nn.Sequential(nn.Linear(2, 3))])
def test_tables_slopes_and_containers_are_neither(module):
    assert not parts.is_weight_layer(module)
    assert not parts.is_norm(module)


def test_branches_are_the_blocks_of_residuals_and_of_what_comes_from_them():
    model = nn.Sequential(Residual(nn.Linear(2, 2)), nn.Sequential(Gated(nn.Linear(2, 2))), nn.Linear(2, 2))
    assert parts.branches_of("who", model) == [("0.block", model[0].block), ("1.0.block", model[1][0].block)]
    assert parts.branches_of("who", model[0]) == [("block", model[0].block)]
    assert parts.branches_of("who", model, [model[2]]) == [("2", model[2])]
    assert parts.branches_of("who", model, [model[0], model[2]]) == [("0.block", model[0].block), ("2", model[2])]


def test_a_branch_counts_once():
    model = nn.Sequential(Residual(nn.Linear(2, 2)), nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"who: the branches '1' and '1' have a Linear in common"):
        parts.branches_of("who", model, [model[1], model[1]])


def test_one_activation_may_serve_two_branches():
    relu = nn.ReLU()
    model = nn.Sequential(*[Residual(nn.Sequential(relu, nn.Linear(2, 2))) for _ in range(2)])
    assert len(parts.branches_of("who", model)) == 2
