"""Arrays to tensors, and one dtype to another."""

import numpy as np
import pytest
from alike import tensor
from pictures import uint8

import minigrad
from minigrad import transforms as M


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


def test_piltotensor_takes_arrays_only():
    a = uint8(4, 5, 3)
    assert np.array_equal(M.PILToTensor()(a).numpy(), a.transpose(2, 0, 1))
    with pytest.raises(TypeError, match="leave it out"):
        M.PILToTensor()(tensor(a))


@pytest.mark.parametrize(("dtype", "to"), [
    ("uint8", minigrad.float32), ("uint8", minigrad.float64), ("float32", minigrad.uint8), ("uint8", minigrad.int32),
    ("int16", minigrad.float32), ("float32", minigrad.float64),
])  # fmt: skip
def test_convertimagedtype_scales_and_divides(dtype, to):
    a = uint8(3, 4, 5).astype(dtype)
    if dtype == "float32":
        a = a / np.float32(255)
    ours = M.ConvertImageDtype(to)(tensor(a))
    assert ours.dtype is to
    if a.dtype.kind in "iu" and to.is_floating_point:
        kind = ours.numpy().dtype.type
        assert np.array_equal(ours.numpy(), a.astype(kind) / kind(np.iinfo(dtype).max))
        return
    assert np.array_equal(ours.numpy(), M.ToDtype(to, scale=True)(tensor(a)).numpy())
