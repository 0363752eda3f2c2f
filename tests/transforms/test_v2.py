"""The names of torchvision's second edition, and what draws otherwise there."""

import numpy as np
import pytest

import minigrad
from minigrad import transforms
from minigrad.transforms import v2

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def test_the_first_editions_names_are_here_too():
    assert set(transforms.__all__) <= set(v2.__all__)
    assert all(hasattr(v2, name) for name in v2.__all__)
    assert transforms.v2 is v2
    assert v2.Normalize is transforms.Normalize


def test_the_usual_three():
    a = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype(np.uint8)
    f = v2.Compose([v2.ToImage(), v2.ToDtype(minigrad.float32, scale=True), v2.ToPureTensor(), v2.Identity()])
    assert np.allclose(f(a).numpy(), a.transpose(2, 0, 1) / 255, atol=1e-6)
    assert transforms.container.batch_form(f) is not None


def test_a_function_for_some_kinds():
    assert v2.Lambda(lambda x: x + 1, int, float)(2) == 3
    assert v2.Lambda(lambda x: x + 1, float)(2) == 2
    assert v2.Lambda(lambda x: x + 1)(2) == 3


@needs_torch
def test_a_crop_draws_only_where_there_is_a_choice():
    a = np.arange(99).reshape(9, 11)
    for seed in range(10):
        torch.manual_seed(seed)
        left = torch.randint(0, 5, (1,)).item()
        minigrad.manual_seed(seed)
        assert v2.RandomCrop((9, 7))(a)[0, 0] == a[0, left]
        assert minigrad.rand(1).item() == torch.rand(1).item()


@needs_torch
def test_choice_and_order_are_torchs():
    names = [v2.Lambda(lambda x, name=name: x + name) for name in "abc"]
    for seed in range(10):
        torch.manual_seed(seed)
        minigrad.manual_seed(seed)
        assert v2.RandomChoice(names, p=[1, 2, 3])("") == "abc"[int(torch.multinomial(torch.tensor([1, 2, 3]) / 6, 1))]
        assert v2.RandomOrder(names)("") == "".join("abc"[k] for k in torch.randperm(3))


def test_noise_has_its_mean_and_deviation_and_is_clipped():
    minigrad.manual_seed(0)
    x = minigrad.full((1, 200, 200), 0.5)
    noise = v2.GaussianNoise(0.1, 0.3, clip=False)(x).numpy() - 0.5
    assert abs(noise.mean() - 0.1) < 0.01
    assert abs(noise.std() - 0.3) < 0.01
    clipped = v2.GaussianNoise(0, 2)(x).numpy()
    assert (clipped.min(), clipped.max()) == (0, 1)
    assert x.min() == x.max() == 0.5


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: v2.GaussianNoise(sigma=-1), ValueError, "sigma is -1"),
    (lambda: v2.GaussianNoise()(np.zeros((2, 2))), TypeError, "ndarray"),
    (lambda: v2.GaussianNoise()(minigrad.zeros(1, 2, 2).long()), TypeError, "int64"),
    (lambda: v2.RandomChoice([v2.Identity()], p=[1, 2]), ValueError, "1 transforms"),
    (lambda: v2.RandomChoice([]), ValueError, "0 transforms"),
    (lambda: v2.RandomOrder(3), TypeError, "int"),
])  # fmt: skip
def test_what_cannot_be_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
