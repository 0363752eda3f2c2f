"""Points in the plane, in classes that a straight line does not part: made on the spot, with noise."""

import numpy as np

import minigrad  # its names are looked up when used

__all__ = ["make_blobs", "make_circles", "make_moons", "make_spirals"]


def make_moons(n=100, noise=0.1, *, shuffle=True, seed=None, generator=None):
    """Two half circles that reach into each other.

        class 0    (cos t, sin t)                t from 0 to pi, evenly
        class 1    (1 - cos t, 1/2 - sin t)

    Args:
        n: the number of points; a class has half of them, the first class one more if n is odd.
        noise: standard deviation of the normal noise added to each coordinate.
        shuffle: random order; False gives the classes one after the other.
        seed: draw from a generator with this seed.
        generator: draw from this generator; without either, from the default one.

    Returns:
        points (n, 2) float32, labels (n,) int64

    Raises:
        ValueError: n or noise out of range, or both seed and generator.
    """
    generator = _generator("make_moons", seed, generator)
    counts = _shares("make_moons", n, 2)
    arms = []
    for k, m in enumerate(counts):
        t = np.linspace(0, np.pi, m)
        arms.append((k + (1 - 2 * k) * np.cos(t), k / 2 + (1 - 2 * k) * np.sin(t)))
    return _points("make_moons", arms, noise, shuffle, generator)


def make_circles(n=100, noise=0.05, factor=0.5, *, shuffle=True, seed=None, generator=None):
    """A circle within a circle.

        class 0    (cos t, sin t)                t from 0 to 2 pi, evenly
        class 1    factor (cos t, sin t)

    Args:
        factor: radius of the inner circle, in [0, 1).
        n, noise, shuffle, seed, generator: as for ``make_moons``.

    Returns:
        points (n, 2) float32, labels (n,) int64

    Raises:
        ValueError: n, noise or factor out of range, or both seed and generator.
    """
    generator = _generator("make_circles", seed, generator)
    if not 0 <= factor < 1:
        raise ValueError(f"make_circles: factor is {factor}; the inner radius must be in [0, 1)")
    arms = []
    for m, r in zip(_shares("make_circles", n, 2), (1.0, factor), strict=True):
        t = np.linspace(0, 2 * np.pi, m, endpoint=False)
        arms.append((r * np.cos(t), r * np.sin(t)))
    return _points("make_circles", arms, noise, shuffle, generator)


def make_spirals(n=100, noise=0.05, arms=2, turns=1.0, *, shuffle=True, seed=None, generator=None):
    """Spirals that wind about each other, one a class.

        class k    t (cos a, sin a),  a = 2 pi (turns t + k / arms)        t from 0 to 1, evenly

    t leaves out 0, where the classes would meet.

    Args:
        arms: the number of spirals.
        turns: how often each goes around.
        n, noise, shuffle, seed, generator: as for ``make_moons``.

    Returns:
        points (n, 2) float32, labels (n,) int64

    Raises:
        ValueError: n, noise or arms out of range, or both seed and generator.
    """
    generator = _generator("make_spirals", seed, generator)
    curves = []
    for k, m in enumerate(_shares("make_spirals", n, arms)):
        t = np.arange(1, m + 1) / m
        a = 2 * np.pi * (turns * t + k / arms)
        curves.append((t * np.cos(a), t * np.sin(a)))
    return _points("make_spirals", curves, noise, shuffle, generator)


def make_blobs(n=100, centers=3, std=1.0, box=10.0, *, shuffle=True, seed=None, generator=None):
    """Normal clouds of points, one a class.

        class k    centers[k] + std e,  e normal with mean 0 and variance 1

    Args:
        centers: (K, 2) numbers; or K, for centres drawn uniformly in [-box, box) each way.
        std: standard deviation of a cloud.
        n, shuffle, seed, generator: as for ``make_moons``.

    Returns:
        points (n, 2) float32, labels (n,) int64

    Raises:
        ValueError: n, centers or std out of range, or both seed and generator.
    """
    generator = _generator("make_blobs", seed, generator)
    if isinstance(centers, (int, np.integer)) and not isinstance(centers, bool):
        _shares("make_blobs", n, centers)
        unit = minigrad.rand(int(centers), 2, generator=generator).numpy()
        centers = (2 * unit.astype(np.float64) - 1) * box
    if isinstance(centers, minigrad.Tensor):
        centers = centers.detach().numpy()
    centers = np.asarray(centers, dtype=np.float64)
    if centers.ndim != 2 or centers.shape[1] != 2:
        raise ValueError(f"make_blobs: centers has the shape {centers.shape}; it must be (K, 2), or K")
    clouds = [
        (np.full(m, x), np.full(m, y))
        for m, (x, y) in zip(_shares("make_blobs", n, len(centers)), centers, strict=True)
    ]
    return _points("make_blobs", clouds, std, shuffle, generator)


def _generator(who, seed, generator):
    if seed is None:
        return generator
    if generator is not None:
        raise ValueError(f"{who}: got both seed={seed} and a generator; give one of them")
    generator = minigrad.Generator()
    generator.manual_seed(seed)
    return generator


def _shares(who, n, classes):
    """How many of n points each class has: equal, the first ones one more."""
    if isinstance(classes, bool) or int(classes) != classes or classes < 1:
        raise ValueError(f"{who}: the number of classes is {classes!r}; it must be 1 or more")
    if isinstance(n, bool) or int(n) != n or n < classes:
        raise ValueError(
            f"{who}: n is {n!r}; it must be an integer, at least one point for each of the {classes} classes"
        )
    classes = int(classes)
    return [int(n) // classes + (k < int(n) % classes) for k in range(classes)]


def _points(who, curves, noise, shuffle, generator):
    """Curves (one (x, y) a class) as points and labels, with noise; draws the noise, then the order."""
    if not noise >= 0:
        raise ValueError(f"{who}: the standard deviation of the noise is {noise}; it must be 0 or more")
    points = np.concatenate([np.stack(curve, axis=1) for curve in curves])
    labels = np.repeat(np.arange(len(curves)), [len(curve[0]) for curve in curves])
    if noise > 0:
        points = points + noise * minigrad.randn(len(points), 2, generator=generator).numpy()
    if shuffle:
        order = minigrad.randperm(len(points), generator=generator).numpy()
        points, labels = points[order], labels[order]
    return minigrad.from_numpy(points.astype(np.float32)), minigrad.from_numpy(labels.astype(np.int64))
