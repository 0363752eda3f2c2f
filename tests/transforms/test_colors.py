"""Numbers of a pixel."""

import numpy as np
import pytest
from alike import tensor
from pictures import floats, uint8

import minigrad
from minigrad import transforms as M


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


def test_gray_is_the_weighted_sum():
    a = floats(2, 3, 4, 5)
    gray = M.Grayscale()(tensor(a)).numpy()
    assert gray.shape == (2, 1, 4, 5)
    assert np.allclose(gray[:, 0], 0.2989 * a[:, 0] + 0.587 * a[:, 1] + 0.114 * a[:, 2], atol=1e-6)
    assert np.array_equal(M.Grayscale(3)(tensor(a)).numpy(), np.repeat(gray, 3, axis=1))
    one = floats(1, 4, 5)
    assert np.array_equal(M.Grayscale()(tensor(one)).numpy(), one)
    assert np.array_equal(M.Grayscale(3)(tensor(one)).numpy(), np.repeat(one, 3, axis=0))


def test_gray_integers_are_cut_off_in_tensors_and_rounded_in_arrays():
    a = uint8(6, 7, 3)
    exact = a @ np.array([0.299, 0.587, 0.114])
    rounded = M.Grayscale()(a)
    assert (rounded.shape, rounded.dtype) == ((6, 7, 1), np.uint8)
    assert np.abs(rounded[..., 0] - exact).max() <= 0.51
    cut = M.Grayscale()(tensor(a.transpose(2, 0, 1))).numpy()
    assert np.array_equal(cut[0], np.floor(a.astype(np.float32) @ np.float32([0.2989, 0.587, 0.114])))
    assert np.array_equal(M.Grayscale(3)(a[:, :, 0]), np.repeat(a[:, :, :1], 3, axis=2))
    assert np.array_equal(M.Grayscale()(a[:, :, 0]), a[:, :, 0])


@pytest.mark.parametrize("kind", [np.array, tensor])
def test_random_gray_keeps_the_number_of_channels(kind):
    a = uint8(3, 4, 3) if kind is np.array else uint8(3, 4, 3).transpose(2, 0, 1)
    assert M.RandomGrayscale(1)(kind(a)).shape == a.shape
    image = kind(a)
    assert M.RandomGrayscale(0)(image) is image
    assert M.RandomGrayscale(1)(kind(a[:, :, 0])).shape == a[:, :, 0].shape if kind is np.array else True


@pytest.mark.parametrize(("a", "want"), [
    (np.array([[0, 255]], np.uint8), [[255, 0]]), (np.array([[0.25, 1]]), [[0.75, 0]]),
    (np.array([[0, 7]], np.int16), [[32767, 32760]]),
])  # fmt: skip
def test_light_for_dark(a, want):
    assert M.RandomInvert(1)(a).tolist() == want
    assert M.RandomInvert(1)(tensor(a)).tolist() == want
    assert M.RandomInvert(1)(a).dtype == a.dtype
    assert M.RandomInvert(0)(a) is a


@pytest.mark.parametrize(("call", "says"), [
    (lambda: M.Grayscale(2), "is 2"), (lambda: M.Grayscale()(tensor(floats(2, 4, 4))), r"\(2, 4, 4\)"),
    (lambda: M.RandomGrayscale(-1), "p is -1"), (lambda: M.RandomInvert(2), "p is 2"),
])  # fmt: skip
def test_what_cannot_be_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
