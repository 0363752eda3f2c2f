"""Mirrored, turned, moved, stretched and slanted, against the formulas and torch's own sampling of a grid."""

import numpy as np
import pytest
from alike import tensor
from pictures import floats, uint8

import minigrad
from minigrad import transforms as M

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def turn(a, degrees, **options):
    return M.RandomRotation((degrees, degrees), **options)(a)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_quarter_turns_are_counterclockwise_and_exact(mode):
    a = floats(8, 8)
    for k in range(-1, 4):
        assert np.allclose(turn(a, 90 * k, interpolation=mode), np.rot90(a, k), atol=1e-6)
        oblong = turn(a[:5], 90 * k, interpolation=mode, expand=True)
        assert np.allclose(oblong, np.rot90(a[:5], k), atol=1e-6)


@needs_torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("degrees", [0, 10, -17.3, 61, 213])
def test_rotation_as_torch_samples_a_grid(mode, degrees):
    h, w = 9, 14
    a = floats(2, h, w)
    r = np.deg2rad(degrees)
    theta = torch.tensor([[[np.cos(r), -np.sin(r) * h / w, 0], [np.sin(r) * w / h, np.cos(r), 0]]])
    x = torch.from_numpy(a)[None].double()
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    theirs = F.grid_sample(x, grid, mode=mode, align_corners=False)[0].numpy()
    assert np.abs(turn(tensor(a), degrees, interpolation=mode).numpy() - theirs).max() < 1e-6


def test_rotation_fills_and_draws_within_its_degrees():
    minigrad.manual_seed(0)
    assert turn(np.ones((5, 5)), 45, fill=7)[0, 0] == 7
    assert np.allclose(turn(np.full((5, 5), 7.0), 33, fill=7, interpolation="bilinear"), 7)
    a = floats(6, 6)
    assert np.array_equal(turn(a, 180, center=(3, 3)), turn(a, 180))
    assert not np.array_equal(M.RandomRotation(60)(a), M.RandomRotation(60)(a))
    assert np.array_equal(M.RandomRotation(0)(a), a)


def test_flip():
    a = uint8(3, 4)
    assert np.array_equal(M.RandomHorizontalFlip(1)(a), a[:, ::-1])
    assert np.array_equal(M.RandomHorizontalFlip(0)(a), a)
    assert np.array_equal(M.RandomVerticalFlip(1)(a), a[::-1])
    assert np.array_equal(M.RandomVerticalFlip(1)(tensor(a)).numpy(), a[::-1])
    assert np.array_equal(M.RandomVerticalFlip(0)(a), a)


@needs_torch
def test_random_transforms_draw_torchs_numbers():
    for seed in range(20):
        torch.manual_seed(seed)
        flip = torch.rand(1).item() < 0.5
        angle = torch.empty(1).uniform_(-30, 30).item()
        a = np.arange(99).reshape(9, 11)
        minigrad.manual_seed(seed)
        assert M.RandomHorizontalFlip()(a)[0, 0] == (a[0, -1] if flip else a[0, 0])
        rotation = M.RandomRotation(30)
        rotation._turned = lambda a, drawn: np.full((1, 1), drawn)
        assert rotation(a)[0, 0] == angle


def still(angle=0, move=(0, 0), factor=1.0, shear=(0, 0), **options):
    """RandomAffine that draws these numbers."""
    affine = M.RandomAffine(0, **options)
    affine._drawn = lambda height, width: (angle, move, factor, shear)
    return affine


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_an_affine_map_moves_turns_and_stretches(mode):
    a = floats(3, 8, 8)
    assert np.allclose(still(interpolation=mode)(tensor(a)).numpy(), a, atol=1e-6)
    assert np.allclose(still(90, interpolation=mode)(tensor(a)).numpy(), np.rot90(a, -1, (1, 2)), atol=1e-6)
    moved = still(move=(2, -3), fill=7, interpolation=mode)(tensor(a)).numpy()
    assert np.allclose(moved[:, :5, 2:], a[:, 3:, :6], atol=1e-6)
    assert (moved[:, 5:] == 7).all()
    assert (moved[:, :, :2] == 7).all()
    coarse = still(factor=2.0)(np.arange(16).reshape(4, 4))
    assert coarse.tolist() == np.repeat(np.repeat(np.array([[5, 6], [9, 10]]), 2, 0), 2, 1).tolist()
    fills = still(move=(8, 0), fill=(1, 2, 3), interpolation=mode)(tensor(a)).numpy()
    assert (fills == np.float32([1, 2, 3])[:, None, None]).all()


@needs_torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize(("angle", "move", "factor", "shear"), [
    (25, (2, -1), 1.3, (10, -20)), (-70, (0, 3), 0.6, (0, 15)), (0, (0, 0), 1, (30, 0)),
])  # fmt: skip
def test_an_affine_map_as_torch_samples_a_grid(mode, angle, move, factor, shear):
    """R Y X of the docstring, inverted by hand and brought to grid_sample's frame of -1 to 1."""
    h, w = 9, 14
    a = floats(2, h, w)
    t, sx, sy = np.deg2rad([angle, *shear])
    turn, up, across = (np.array(m) for m in (
        [[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]], [[1, 0], [np.tan(sy), 1]], [[1, np.tan(sx)], [0, 1]],
    ))  # fmt: skip
    back = across @ up @ turn / factor
    frame = np.diag([w / 2, h / 2])
    theta = np.linalg.inv(frame) @ np.column_stack([back @ frame, -back @ np.array(move)])
    x = torch.from_numpy(a)[None].double()
    grid = F.affine_grid(torch.from_numpy(theta)[None], x.shape, align_corners=False)
    theirs = F.grid_sample(x, grid, mode=mode, align_corners=False)[0].numpy()
    ours = still(angle, move, factor, shear, interpolation=mode)(tensor(a)).numpy()
    assert np.abs(ours - theirs).max() < 1e-6


@needs_torch
def test_an_affine_map_draws_torchs_numbers():
    for seed in range(10):
        torch.manual_seed(seed)
        draws = [torch.empty(1).uniform_(*limits).item()
                 for limits in ((-30, 30), (-2.2, 2.2), (-1.8, 1.8), (0.5, 2), (-5, 10), (1, 3))]
        minigrad.manual_seed(seed)
        affine = M.RandomAffine(30, translate=(0.2, 0.2), scale=(0.5, 2), shear=(-5, 10, 1, 3))
        angle, move, factor, shear = affine._drawn(9, 11)
        assert [angle, factor, *shear] == [draws[0], *draws[3:]]
        assert move == (round(draws[1]), round(draws[2]))
        torch.manual_seed(seed)
        minigrad.manual_seed(seed)
        assert M.RandomAffine(0)._drawn(9, 11) == (0, (0, 0), 1, [0, 0])
        assert torch.empty(1).uniform_(0, 0).item() == 0
        assert minigrad.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize(("options", "says"), [
    ({"degrees": -1}, "degrees is -1"), ({"degrees": 0, "translate": (0.1, 2)}, r"translate is \(0.1, 2\)"),
    ({"degrees": 0, "scale": (0, 1)}, r"scale is \(0, 1\)"), ({"degrees": 0, "shear": (1, 2, 3)}, r"\(1, 2, 3\)"),
    ({"degrees": 0, "center": (1,)}, r"center is \(1,\)"), ({"degrees": 0, "interpolation": "cubic"}, "cubic"),
])  # fmt: skip
def test_an_affine_map_refuses_what_cannot_be(options, says):
    with pytest.raises(ValueError, match=says):
        M.RandomAffine(**options)
