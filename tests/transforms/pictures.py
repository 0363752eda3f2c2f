"""Made-up images for the tests of transforms."""

import numpy as np


def uint8(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def floats(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)
