"""Pieces at random places, of torchvision's draws."""

import numpy as np
import pytest
from alike import tensor
from pictures import floats, uint8

import minigrad
from minigrad import transforms as M

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def test_random_crop_takes_every_place():
    a = np.arange(20).reshape(4, 5)
    minigrad.manual_seed(0)
    seen = {int(M.RandomCrop(3)(a)[0, 0]) for _ in range(200)}
    assert seen == {int(a[i, j]) for i in range(2) for j in range(3)}
    crop = M.RandomCrop((2, 3))(a)
    i, j = divmod(int(crop[0, 0]), 5)
    assert np.array_equal(crop, a[i:i + 2, j:j + 3])


@pytest.mark.parametrize("padding, shape", [(2, (8, 9)), ((1, 2), (8, 7)), ((1, 2, 3, 4), (10, 9)),
                                            ([0], (4, 5))])
def test_random_crop_pads_first(padding, shape):
    assert np.array_equal(M.RandomCrop(shape, padding=padding)(np.ones((4, 5))).sum(), 20)


def test_random_crop_pads_if_needed():
    assert M.RandomCrop((6, 3), pad_if_needed=True)(uint8(4, 5)).shape == (6, 3)


@pytest.mark.parametrize(("shape", "scale", "ratio", "piece"), [
    ((10, 40), (2, 2), (0.5, 2), (0, 10, 10, 20)), ((40, 10), (2, 2), (0.5, 2), (10, 0, 20, 10)),
    ((8, 8), (4, 4), (0.5, 2), (0, 0, 8, 8)), ((8, 6), (1, 1), (0.75, 0.75), (0, 0, 8, 6)),
])  # fmt: skip
def test_where_no_piece_fits_it_is_the_largest_in_the_middle(shape, scale, ratio, piece):
    assert M.RandomResizedCrop(4, scale, ratio)._piece(*shape) == piece


def test_random_resized_crops_have_their_size_and_are_pieces():
    a = np.arange(64 * 48.0).reshape(64, 48)
    minigrad.manual_seed(0)
    crop = M.RandomResizedCrop((5, 7))
    assert {crop(a).shape for _ in range(20)} == {(5, 7)}
    pieces = np.array([crop._piece(64, 48) for _ in range(2000)])
    share = pieces[:, 2] * pieces[:, 3] / a.size
    assert 0.07 < share.min() < share.max() <= 1
    assert (pieces[:, 0] + pieces[:, 2] <= 64).all()
    assert (pieces[:, 1] + pieces[:, 3] <= 48).all()
    assert 0.7 < (pieces[:, 3] / pieces[:, 2]).min() < (pieces[:, 3] / pieces[:, 2]).max() < 1.4


@pytest.mark.parametrize("value", [0, 0.25, (1, 2, 3), "random"])
def test_erasing_overwrites_a_rectangle(value):
    minigrad.manual_seed(1)
    image = tensor(floats(3, 20, 30) + 5)
    erased = M.RandomErasing(1, value=value)(image)
    differs = (erased.numpy() != image.numpy()).all(axis=0)
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    box = differs[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert box.all()
    assert differs.sum() == box.size
    assert 0.02 * 600 * 0.7 < box.size < 0.33 * 600 * 1.3
    inside = erased.numpy()[:, rows[0], columns[0]]
    if value != "random":
        assert np.array_equal(inside, np.broadcast_to(np.float32(value), 3))
    assert M.RandomErasing(1, inplace=True)(image) is image
    assert M.RandomErasing(0)(image) is image


@needs_torch
def test_draws_are_torchs():
    for seed in range(20):
        torch.manual_seed(seed)
        top, left = torch.randint(0, 7, (1,)).item(), torch.randint(0, 5, (1,)).item()
        area = 30 * torch.empty(1).uniform_(0.08, 0.9).item()
        low, high = torch.log(torch.tensor([0.75, 1.25]))
        ratio = torch.exp(torch.empty(1).uniform_(low, high)).item()
        w, h = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        a = np.arange(99).reshape(9, 11)
        minigrad.manual_seed(seed)
        assert M.RandomCrop((3, 7))(a)[0, 0] == a[top, left]
        piece = M.RandomResizedCrop(2, (0.08, 0.9), (0.75, 1.25))._piece(5, 6)
        if w <= 6 and h <= 5:
            assert piece == (torch.randint(0, 6 - h, (1,)).item(), torch.randint(0, 7 - w, (1,)).item(), h, w)


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: M.RandomResizedCrop(4, scale=(1, 0.5)), ValueError, "scale is"),
    (lambda: M.RandomResizedCrop(4, ratio=2), ValueError, "ratio is 2"),
    (lambda: M.RandomErasing(value="zeros"), ValueError, "'zeros'"),
    (lambda: M.RandomErasing(scale=(0, 2)), ValueError, r"\(0, 2\)"),
    (lambda: M.RandomErasing(1)(floats(3, 4, 4)), TypeError, "ToTensor"),
    (lambda: M.RandomErasing(1)(tensor(floats(4, 4))), ValueError, r"\(4, 4\)"),
    (lambda: M.RandomErasing(1, value=(1, 2))(tensor(floats(3, 4, 4))), ValueError, "3 channels"),
])  # fmt: skip
def test_what_cannot_be_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
