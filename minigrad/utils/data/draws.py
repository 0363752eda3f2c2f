"""What is drawn at random for an epoch: all randomness of this package passes through here."""

import minigrad  # its names are looked up when used: it may still be importing us


def _draw_seed(generator=None):
    """One int64 from `generator` (None: the default one), as torch draws a loader's seeds."""
    return int(minigrad.empty((), dtype=minigrad.int64).random_(generator=generator).item())


def _permutation(n, generator=None):
    return minigrad.randperm(n, generator=generator).numpy()


def _integers(high, count, generator=None):
    return minigrad.randint(0, high, (count,), generator=generator).numpy()


def _uniform(count, generator=None):
    return minigrad.rand(count, dtype=minigrad.float64, generator=generator).numpy()
