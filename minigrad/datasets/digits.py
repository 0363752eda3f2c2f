"""The handwritten digits that come with minigrad."""

import os

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.datasets.images import ImageSet

__all__ = ["Digits"]

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "digits.npz")


class Digits(ImageSet):
    """1797 handwritten digits of 8 x 8 pixels, which come with minigrad.

    Args:
        train: the first 1437 samples; False gives the last 360. The source's order is kept,
            in which people wrote one after the other, so most of the test set's writers
            are not in the training set.
        transform: a function of the image, a uint8 Tensor (8, 8).
        target_transform: a function of the label, an int.

    Attributes:
        data: (N, 8, 8) uint8. The source counts ink from 0 to 16; here it is
            ``round(ink * 255 / 16)``, so that ``ToTensor`` gives [0, 1] as for any image
            (``round(data * 16 / 255)`` is the count again).
        targets: (N,) int64.
        classes, class_to_idx: the names of the classes, and their numbers.

    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository (1998), doi:10.24432/C50P49, CC BY 4.0; see data/digits.txt.
    """

    classes = [str(i) for i in range(10)]
    SPLIT = 1437

    def __init__(self, train=True, transform=None, target_transform=None):
        try:
            with np.load(PATH, allow_pickle=False) as file:
                ink, labels = file["images"], file["labels"]
        except FileNotFoundError:
            raise FileNotFoundError(
                f"Digits: {PATH} is missing, though it is part of minigrad; install minigrad anew"
            ) from None
        except Exception as e:  # zipfile, zlib and numpy each have errors of their own
            raise ValueError(f"Digits: {PATH} is damaged ({e}); install minigrad anew") from e
        part = slice(None, self.SPLIT) if train else slice(self.SPLIT, None)
        images = minigrad.from_numpy(np.rint(ink[part] * (255 / 16)).astype(np.uint8))
        labels = minigrad.from_numpy(labels[part].astype(np.int64))
        super().__init__(images, labels, train, transform, target_transform)
