"""Residual."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.testing import gradcheck


def test_the_input_is_added_to_the_blocks_output():
    x = mg.randn(3, 4)
    block = nn.Linear(4, 4)
    assert nn.Residual(block)(x).tolist() == (x + block(x)).tolist()
    assert nn.Residual(block, scale=0.5)(x).tolist() == (x + 0.5 * block(x)).tolist()
    wide, short = nn.Linear(4, 6), nn.Linear(4, 6, bias=False)
    layer = nn.Residual(wide, short)
    assert layer(x).tolist() == (short(x) + wide(x)).tolist()
    assert list(layer.state_dict()) == ["block.weight", "block.bias", "shortcut.weight"]


def test_a_scale_may_be_trained():
    layer = nn.Residual(nn.Linear(2, 2), scale=nn.Parameter(mg.zeros(1)))
    x = mg.randn(3, 2)
    assert layer(x).tolist() == x.tolist()
    layer(x).sum().backward()
    assert layer.scale.grad.item() == pytest.approx(layer.block(x).sum().item(), rel=1e-5)
    assert "scale" in layer.state_dict()


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"gives \(8, 32\) for an input \(8, 64\).*nn\.Linear\(64, 32, bias=False\)"):
        nn.Residual(nn.Linear(64, 32))(mg.ones(8, 64))
    with pytest.raises(ValueError, match=r"gives \(8, 1\)"):  # it would broadcast
        nn.Residual(nn.Linear(64, 1))(mg.ones(8, 64))
    with pytest.raises(ValueError, match=r"the block gives \(8, 32\) and the shortcut \(8, 16\)"):
        nn.Residual(nn.Linear(64, 32), nn.Linear(64, 16))(mg.ones(8, 64))


def test_a_block_that_writes_over_its_input_is_refused():
    with pytest.raises(RuntimeError, match="inplace=False"):
        nn.Residual(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(2, 2)))(mg.ones(1, 2))
    nn.Residual(nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True)))(mg.ones(1, 2))


def test_gradients_and_printing():
    layer = nn.Residual(nn.Tanh(), scale=0.5)
    assert gradcheck(layer, (mg.randn(3, 2, dtype=mg.float64, requires_grad=True),))
    assert repr(layer) == "Residual(\n  scale=0.5\n  (block): Tanh()\n)"
    assert repr(nn.Residual(nn.Tanh())) == "Residual(\n  (block): Tanh()\n)"


def test_gradients_arrive_at_the_first_of_a_hundred_layers():
    mg.manual_seed(0)
    plain = nn.Sequential(*[nn.Sequential(nn.Linear(16, 16), nn.Tanh()) for _ in range(100)])
    residual = nn.Sequential(*[nn.Residual(block, scale=0.1) for block in plain])
    norms = []
    for model in (plain, residual):
        model.zero_grad()
        model(mg.randn(8, 16)).sum().backward()
        norms.append(plain[0][0].weight.grad.norm().item())
    assert norms[0] < 1e-6 < 1 < norms[1]
