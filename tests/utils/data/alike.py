"""What the tests of datasets, samplers and the loader share."""

import numpy as np

import minigrad


def tensor(a):
    return minigrad.from_numpy(np.array(a))


def array(t):
    return t.numpy()


def same(a, b):
    """Equal to the bit, of the same kinds, at any depth; all Tensors are one kind."""
    if hasattr(a, "numpy") or hasattr(b, "numpy"):
        a, b = a.detach().numpy(), b.detach().numpy()
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    if type(a).__name__ != type(b).__name__:
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def seeded(module, seed):
    g = module.Generator()
    g.manual_seed(seed)
    return g
