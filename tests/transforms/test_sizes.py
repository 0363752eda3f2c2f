"""Another size, against the formulas and torch's own resampling where torch is installed."""

import numpy as np
import pytest
from alike import tensor
from pictures import floats, uint8

from minigrad import transforms as M

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


@needs_torch
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(14, 14), (13, 31), (40, 9), (20, 27)])
def test_resize_as_torch_interpolates(mode, antialias, size):
    a = floats(3, 20, 27)
    ours = M.Resize(size, mode, antialias=antialias)(tensor(a)).numpy()
    linear = dict(antialias=antialias, align_corners=False) if mode == "bilinear" else {}
    theirs = F.interpolate(torch.from_numpy(a)[None], size=size, mode=mode, **linear)[0].numpy()
    assert np.abs(ours - theirs).max() < 5e-6


@pytest.mark.parametrize("size, shape", [(7, (7, 10)), ([13], (13, 20)), ((5, 6), (5, 6)), (20, (20, 31))])
def test_resize_keeps_the_proportion_for_one_number(size, shape):
    assert M.Resize(size)(tensor(floats(3, 20, 31))).shape == (3, *shape)
    assert M.Resize(size)(tensor(floats(20, 31))).shape == shape
    assert M.Resize(size)(uint8(20, 31, 3)).shape == (*shape, 3)
    if not isinstance(size, tuple):
        assert M.Resize(size)(tensor(floats(31, 20))).shape == shape[::-1]


def test_resize_limits_the_longer_side():
    assert M.Resize(14, max_size=15)(tensor(floats(1, 28, 40))).shape == (1, 10, 15)


def test_resize_averages_and_rounds_integers():
    a = np.array([[0, 255], [255, 255]], dtype=np.uint8)
    assert M.Resize((1, 1))(a).tolist() == [[191]]
    flat = np.full((9, 7), 200, dtype=np.uint8)
    assert (M.Resize((4, 30))(flat) == 200).all()


@pytest.mark.parametrize("kind", [np.array, tensor])
def test_center_crop_takes_the_middle_and_pads_with_zeros(kind):
    a = uint8(7, 9)
    assert np.array_equal(M.CenterCrop((3, 5))(kind(a)), a[2:5, 2:7])
    assert np.array_equal(M.CenterCrop(11)(kind(a)), np.pad(a, ((2, 2), (1, 1))))


@pytest.mark.parametrize("kind", [np.array, tensor])
def test_pad(kind):
    a = uint8(3, 4)
    assert np.array_equal(M.Pad(2)(kind(a)), np.pad(a, 2))
    assert np.array_equal(M.Pad((1, 2), fill=9)(kind(a)), np.pad(a, ((2, 2), (1, 1)), constant_values=9))
    for mode in ("edge", "reflect", "symmetric"):
        assert np.array_equal(M.Pad((1, 2, 0, 1), padding_mode=mode)(kind(a)), np.pad(a, ((2, 1), (1, 0)), mode))


def test_a_border_has_a_value_for_each_channel():
    a = uint8(3, 2, 2)
    padded = M.Pad(1, fill=(1, 2, 3))(tensor(a)).numpy()
    assert padded[:, 0, 0].tolist() == [1, 2, 3]
    assert np.array_equal(padded[:, 1:-1, 1:-1], a)
    assert np.array_equal(M.Pad(1, fill=(1, 2, 3))(a.transpose(1, 2, 0)), padded.transpose(1, 2, 0))
