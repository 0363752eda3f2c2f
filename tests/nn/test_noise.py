"""GaussianNoise."""

import pytest

import minigrad as mg
from minigrad import nn


def test_noise_is_added_in_training_only():
    layer, x = nn.GaussianNoise(0.5), mg.ones(200, 200)
    mg.manual_seed(0)
    noise = layer(x) - x
    assert abs(noise.mean().item()) < 0.01
    assert abs(noise.std().item() - 0.5) < 0.01
    assert layer.eval()(x) is x
    assert nn.GaussianNoise(0)(x) is x
    assert repr(layer) == "GaussianNoise(std=0.5)"


def test_it_is_randn_like_of_the_same_seed_and_passes_gradients_on():
    x = mg.randn(3, 4, dtype=mg.float64, requires_grad=True)
    mg.manual_seed(7)
    y = nn.GaussianNoise(2.0)(x)
    mg.manual_seed(7)
    assert y.tolist() == (x + 2.0 * mg.randn_like(x)).tolist()
    (y * 3).sum().backward()
    assert x.grad.tolist() == [[3.0] * 4] * 3


def test_errors():
    for std in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="std is finite"):
            nn.GaussianNoise(std)
    with pytest.raises(TypeError, match="int64"):
        nn.GaussianNoise(1.0)(mg.tensor([1, 2]))


@pytest.mark.oracle
def test_the_numbers_are_torchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    mg.manual_seed(3)
    torch.manual_seed(3)
    x = torch.ones(5, 7)
    wanted = x + 0.3 * torch.randn_like(x)
    got = nn.GaussianNoise(0.3)(mg.ones(5, 7))
    assert abs(got.numpy() - wanted.numpy()).max() < 1e-6
