"""Data to learn on: image sets, and points in the plane.

    Digits           1797 handwritten digits, 8 x 8; comes with minigrad
    MNIST            70 000 handwritten digits, 28 x 28; read from files, or downloaded
    FashionMNIST     70 000 pieces of clothing, 28 x 28; likewise
    KMNIST           70 000 characters of cursive Japanese, 28 x 28; likewise
    CIFAR10, CIFAR100     60 000 small photographs in colour, 32 x 32; likewise
    make_moons, make_circles, make_spirals, make_blobs     points with noise, in classes

The image sets are used as torchvision's:

    train = FashionMNIST(train=True, transform=ToTensor())
    for x, y in DataLoader(train, batch_size=128, shuffle=True): ...

An item is (image, label): the label an int, the image a uint8 Tensor (H, W) or, in colour, an
array (H, W, C), where torchvision hands out a PIL image. Without a transform, or with one that
can work on a batch (see ``minigrad.transforms``), the loader reads whole batches at once.

images     what all image sets share
files      where files are looked for, how they are checked and downloaded
idx        the format of MNIST's files
pickles    pickles of plain data, read without running what they name: the format of CIFAR's
"""

from minigrad.datasets.cifar import CIFAR10, CIFAR100
from minigrad.datasets.digits import Digits
from minigrad.datasets.fashion import FashionMNIST
from minigrad.datasets.kmnist import KMNIST
from minigrad.datasets.mnist import MNIST
from minigrad.datasets.points import make_blobs, make_circles, make_moons, make_spirals

__all__ = [
    "CIFAR10", "CIFAR100", "Digits", "FashionMNIST", "KMNIST", "MNIST",
    "make_moons", "make_circles", "make_spirals", "make_blobs",
]  # fmt: skip
