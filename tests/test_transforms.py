"""Transforms against their formulas, and against torch's own resampling where torch is installed.

The numbers were compared with torchvision 0.29's as well, transform by transform; it is not needed here.
"""

import numpy as np
import pytest

import minigrad
from minigrad import transforms as M

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def tensor(a):
    return minigrad.from_numpy(np.array(a))


def uint8(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def floats(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


# ---------------------------------------------------------------- kinds and numbers

@pytest.mark.parametrize("kind", [np.array, tensor])
def test_totensor_puts_channels_first_and_scales_uint8(kind):
    a, b = uint8(4, 5), uint8(4, 5, 3)
    for image, expected in ((a, a[None] / np.float32(255)), (b, b.transpose(2, 0, 1) / np.float32(255))):
        t = M.ToTensor()(kind(image))
        assert t.dtype == minigrad.float32
        assert np.array_equal(t.numpy(), expected)
        assert t.numpy().flags.c_contiguous


def test_totensor_leaves_other_dtypes_and_copies():
    a = np.arange(6.0).reshape(2, 3)
    t = M.ToTensor()(a)
    assert t.dtype == minigrad.float64
    t.numpy()[:] = 9
    assert a.max() == 5


def test_toimage_keeps_dtype_and_values():
    a, b = uint8(4, 5), uint8(4, 5, 3)
    assert np.array_equal(M.ToImage()(a).numpy(), a[None])
    assert np.array_equal(M.ToImage()(tensor(a)).numpy(), a[None])
    assert np.array_equal(M.ToImage()(b).numpy(), b.transpose(2, 0, 1))
    t = tensor(b)
    assert M.ToImage()(t) is t


def test_todtype_scales_ranges():
    u = tensor(np.array([0, 1, 128, 255], dtype=np.uint8))
    f = M.ToDtype(minigrad.float32, scale=True)(u)
    assert np.allclose(f.numpy(), [0, 1 / 255, 128 / 255, 1])
    assert M.ToDtype(minigrad.float32)(u).numpy().tolist() == [0, 1, 128, 255]
    assert M.ToDtype(minigrad.uint8, scale=True)(f).numpy().tolist() == [0, 1, 128, 255]
    levels = M.ToDtype(minigrad.uint8, scale=True)(tensor(np.linspace(0, 1, 256001))).numpy()
    assert np.bincount(levels).min() >= 999
    assert M.ToDtype(minigrad.int64, scale=True)(u).numpy().tolist() == [0, 1 << 55, 128 << 55, 255 << 55]
    assert M.ToDtype(minigrad.uint8)(u) is u
    with pytest.raises(ValueError, match="float32 cannot hold the levels of int64"):
        M.ToDtype(minigrad.int64, scale=True)(f)


def test_normalize_is_its_formula_and_writes_only_when_asked():
    a = floats(2, 3, 4, 5)
    mean, std = np.float32([0.1, 0.2, 0.3]), np.float32([0.5, 1, 2])
    t = tensor(a)
    expected = (a - mean[:, None, None]) / std[:, None, None]
    assert np.array_equal(M.Normalize(mean, std)(t).numpy(), expected)
    assert np.array_equal(t.numpy(), a)
    assert M.Normalize(mean, std, inplace=True)(t) is t
    assert np.array_equal(t.numpy(), expected)
    assert np.array_equal(M.Normalize((0.5,), (0.25,))(tensor(a)).numpy(), (a - np.float32(0.5)) * 4)
    assert M.Normalize(0.5, 0.5)(tensor(a.astype(np.float64))).dtype == minigrad.float64


def test_compose_and_lambda():
    f = M.Compose([M.ToTensor(), M.Lambda(lambda t: t.reshape(-1)), M.Lambda(lambda t: t * 2)])
    assert f(uint8(4, 5)).shape == (20,)
    assert "ToTensor()" in repr(f)


# ---------------------------------------------------------------- sizes

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


# ---------------------------------------------------------------- turning

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


@needs_torch
def test_random_transforms_draw_torchs_numbers():
    for seed in range(20):
        torch.manual_seed(seed)
        top, left = torch.randint(0, 7, (1,)).item(), torch.randint(0, 5, (1,)).item()
        flip = torch.rand(1).item() < 0.5
        angle = torch.empty(1).uniform_(-30, 30).item()
        a = np.arange(99).reshape(9, 11)
        minigrad.manual_seed(seed)
        assert M.RandomCrop((3, 7))(a)[0, 0] == a[top, left]
        assert M.RandomHorizontalFlip()(a)[0, 0] == (a[0, -1] if flip else a[0, 0])
        rotation = M.RandomRotation(30)
        rotation._turned = lambda a, drawn: np.full((1, 1), drawn)
        assert rotation(a)[0, 0] == angle


# ---------------------------------------------------------------- manners

EVERY = [M.ToTensor(), M.ToImage(), M.ToDtype(minigrad.float64), M.Resize(5), M.Resize(9), M.CenterCrop(3),
         M.CenterCrop((9, 9)), M.CenterCrop(30), M.RandomCrop(4), M.RandomCrop((9, 9)), M.RandomRotation(20),
         M.RandomRotation((0, 0)), M.RandomHorizontalFlip(1)]


@pytest.mark.parametrize("transform", EVERY, ids=repr)
@pytest.mark.parametrize("kind", [np.array, tensor])
def test_no_transform_writes_into_its_image_or_lends_a_part_of_it(transform, kind):
    a = uint8(9, 9)
    image = kind(a)
    result = transform(image)
    (result if isinstance(result, np.ndarray) else result.numpy())[...] = 1
    assert np.array_equal(image if kind is np.array else image.numpy(), a)


@pytest.mark.parametrize("call, error, says", [
    (lambda: M.ToTensor()(np.zeros(3)), ValueError, r"\(3,\)"),
    (lambda: M.ToTensor()("cat.png"), TypeError, "str"),
    (lambda: M.Normalize(0.5, 0), ValueError, "zero"),
    (lambda: M.Normalize((0.5, 0.5), (1, 0)), ValueError, r"\(1, 0\)"),
    (lambda: M.Normalize(0.5, 0.5)(np.zeros((1, 2, 2))), TypeError, "ToTensor"),
    (lambda: M.Normalize(0.5, 0.5)(tensor(uint8(1, 2, 2))), TypeError, "uint8"),
    (lambda: M.Normalize(0.5, 0.5)(tensor(floats(2, 2))), ValueError, r"\(2, 2\)"),
    (lambda: M.Normalize((1, 2), (1, 1))(tensor(floats(3, 2, 2))), ValueError,
     "2 numbers and the image 3 channels"),
    (lambda: M.Lambda(3), TypeError, "int"),
    (lambda: M.Compose(M.ToTensor()), TypeError, "list"),
    (lambda: M.Compose([3]), TypeError, "transform 0 is a int"),
    (lambda: M.Resize(0), ValueError, "size is 0"),
    (lambda: M.Resize((1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.Resize(3, "cubic"), ValueError, "cubic"),
    (lambda: M.Resize((3, 4), max_size=5), ValueError, "max_size"),
    (lambda: M.Resize(3)(tensor(floats(3))), ValueError, r"\(3,\)"),
    (lambda: M.RandomCrop(9)(floats(4, 5)), ValueError, "4 x 5.*9 x 9.*pad_if_needed"),
    (lambda: M.RandomCrop(3, padding=(1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.RandomCrop(3, padding_mode="wrap"), ValueError, "wrap"),
    (lambda: M.RandomRotation(-3), ValueError, "-3"),
    (lambda: M.RandomRotation((1, 2, 3)), ValueError, r"\(1, 2, 3\)"),
    (lambda: M.RandomHorizontalFlip(2), ValueError, "p is 2"),
    (lambda: M.ToDtype(minigrad.float32, scale=3), TypeError, "scale is 3"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()
