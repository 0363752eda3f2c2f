"""Fashion-MNIST."""

from minigrad.datasets.mnist import MNIST

__all__ = ["FashionMNIST"]


class FashionMNIST(MNIST):
    """70 000 pieces of clothing of 28 x 28 pixels: 60 000 to train on, 10 000 to test.

    The arguments, the places looked in, attributes and errors are those of ``MNIST``. The
    system's folder is that of Debian's package dataset-fashion-mnist. Every file is checked
    against its SHA-256.

    Xiao, Rasul and Vollgraf, arXiv:1708.07747 (2017).
    """

    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
               "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]  # fmt: skip
    mirrors = [
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ]
    sha256 = {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
    package = ("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist")
    takes_others = False
