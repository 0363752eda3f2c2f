"""The formulas of the point sets."""

import numpy as np
import pytest

import minigrad
from minigrad import datasets

MAKERS = {
    "moons": lambda n=100, noise=0.0, **o: datasets.make_moons(n, noise, **o),
    "circles": lambda n=100, noise=0.0, **o: datasets.make_circles(n, noise, **o),
    "spirals": lambda n=100, noise=0.0, **o: datasets.make_spirals(n, noise, **o),
    "blobs": lambda n=100, noise=0.0, **o: datasets.make_blobs(n, [[0, 1], [2, 3]], noise, **o),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_points_have_their_shapes_and_obey_their_seed(make):
    x, y = make(101, 0.1, seed=3)
    assert (tuple(x.shape), tuple(y.shape)) == ((101, 2), (101,))
    assert (x.dtype, y.dtype) == (minigrad.float32, minigrad.int64)
    assert np.bincount(y.numpy()).tolist() == [51, 50]
    g = minigrad.Generator()
    g.manual_seed(3)
    again = make(101, 0.1, generator=g)
    assert np.array_equal(x.numpy(), again[0].numpy())
    assert np.array_equal(y.numpy(), again[1].numpy())
    minigrad.manual_seed(3)
    assert np.array_equal(x.numpy(), make(101, 0.1)[0].numpy())
    assert not np.array_equal(x.numpy(), make(101, 0.1, seed=4)[0].numpy())
    assert (np.diff(make(101, shuffle=False)[1].numpy()) >= 0).all()
    assert np.isfinite(make(2)[0].numpy()).all()


def test_points_without_noise_lie_on_their_formulas():
    x, y = (t.numpy() for t in datasets.make_moons(50, 0, seed=0))
    assert np.allclose(np.hypot(*x[y == 0].T), 1, atol=1e-6)
    assert x[y == 0][:, 1].min() > -1e-6
    assert np.allclose(np.hypot(x[y == 1][:, 0] - 1, x[y == 1][:, 1] - 0.5), 1, atol=1e-6)
    assert x[y == 1][:, 1].max() < 0.5 + 1e-6

    x, y = (t.numpy() for t in datasets.make_circles(50, 0, factor=0.3, seed=0))
    assert np.allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), atol=1e-6)

    x, y = (t.numpy() for t in datasets.make_spirals(90, 0, arms=3, turns=0.7, shuffle=False))
    r = np.hypot(*x.T)
    assert np.allclose(r, np.tile(np.arange(1, 31) / 30, 3), atol=1e-6)
    off = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 0.7 * r - y / 3
    assert np.allclose(off, np.rint(off), atol=1e-5)

    x, y = (t.numpy() for t in datasets.make_blobs(9, [[1, 2], [3, 4]], 0, seed=0))
    assert np.array_equal(x, np.array([[1, 2], [3, 4]])[y])


def test_moons_are_scikit_learns():
    make = pytest.importorskip("sklearn.datasets").make_moons
    x, y = make(31, shuffle=False)
    ours = datasets.make_moons(31, 0, shuffle=False)
    first, second = np.flatnonzero(ours[1].numpy() == 0), np.flatnonzero(ours[1].numpy() == 1)
    assert abs(len(first) - (y == 0).sum()) <= 1
    x, y = make(30, shuffle=False)
    ours = datasets.make_moons(30, 0, shuffle=False)
    assert np.allclose(ours[0].numpy(), x, atol=1e-6)
    assert np.array_equal(ours[1].numpy(), y)
    assert len(second) == 15


def test_noise_and_clouds_have_their_standard_deviation():
    x = datasets.make_moons(20000, 0.2, shuffle=False, seed=1)[0].numpy()
    clean = datasets.make_moons(20000, 0, shuffle=False)[0].numpy()
    assert np.abs((x - clean).std(axis=0) - 0.2).max() < 0.01
    x, y = (t.numpy() for t in datasets.make_blobs(9000, 3, 0.5, seed=1))
    assert len(set(y)) == 3
    for k in range(3):
        assert np.abs(x[y == k].std(axis=0) - 0.5).max() < 0.03
        assert np.abs(x[y == k].mean(axis=0)).max() < 10.1


@pytest.mark.parametrize("call, says", [
    (lambda: datasets.make_moons(1), "n is 1"),
    (lambda: datasets.make_moons(2.5), "n is 2.5"),
    (lambda: datasets.make_moons(10, -1), "noise is -1"),
    (lambda: datasets.make_moons(10, seed=1, generator=minigrad.Generator()), "both seed=1"),
    (lambda: datasets.make_circles(10, factor=1.5), "factor is 1.5"),
    (lambda: datasets.make_spirals(10, arms=0), "classes is 0"),
    (lambda: datasets.make_blobs(10, [1, 2]), r"\(2,\)"),
    (lambda: datasets.make_blobs(2, 3), "n is 2"),
])
def test_points_refuse_what_cannot_be(call, says):
    with pytest.raises(ValueError, match=says):
        call()
