"""Kuzushiji-MNIST."""

from minigrad.datasets.mnist import MNIST

__all__ = ["KMNIST"]


class KMNIST(MNIST):
    """70 000 characters of cursive Japanese of 28 x 28 pixels, in ten classes: 60 000 to train on, 10 000 to test.

    The arguments, the places looked in, attributes and errors are those of ``MNIST``. No SHA-256
    of these files is on record here: magic numbers, shapes, lengths and labels are checked (and a
    .gz file's own checksum), and that they are not one of the sets with the same names.

    Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto and Ha, Deep learning for classical Japanese
    literature, arXiv:1812.01718 (2018), CC BY-SA 4.0.
    """

    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    sha256 = {}
