"""MNIST, and the way of reading that the sets made after its pattern share."""

import os

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.datasets.files import fetch, places, read, sha256, unpacked
from minigrad.datasets.idx import parse
from minigrad.datasets.images import ImageSet

__all__ = ["MNIST"]


class MNIST(ImageSet):
    """70 000 handwritten digits of 28 x 28 pixels: 60 000 to train on, 10 000 to test.

    Args:
        root: a folder to look in first (and to download to).
        train: the training set; False gives the test set.
        transform: a function of the image, a uint8 Tensor (28, 28).
        target_transform: a function of the label, an int.
        download: fetch the files if they are in none of the places. Files go to
            ``<place>/<class>/raw``, with <place> the first given of root, $MINIGRAD_DATA and
            the cache folder. They come whole or not at all.

    Looks for IDX files, plain or .gz, in torchvision's layout ``<place>/<class>/raw`` and in
    ``<place>`` itself, for root, $MINIGRAD_DATA and the user's cache folder
    ($XDG_CACHE_HOME or ~/.cache, then /minigrad); after these in the system's folder of the
    set, if there is one.

    Attributes:
        data: (N, 28, 28) uint8.
        targets: (N,) int64.
        classes, class_to_idx: the names of the classes, and their numbers.

    Raises:
        FileNotFoundError: found nowhere; the message lists the places and the ways out.
        ValueError: a file is damaged, or is another set's.
        ConnectionError: the download did not succeed.

    Every file's magic number, shape and length are checked, and what is downloaded against the
    SHA-256 of the decompressed file. A file found is checked so where it has as many items as
    MNIST's own; with another number it is somebody's set in the same format, and is read as it is.

    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition,
    Proc. IEEE 86 (1998).
    """

    classes = ["0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
               "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"]  # fmt: skip
    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/"]
    sha256 = {  # of the decompressed files
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
    package = None  # (Debian package, its folder)
    takes_others = True  # a file with another number of items is read, too

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False):
        self.root = None if root is None else os.path.expanduser(os.fspath(root))
        pair = self._find(train)
        if pair is None and download:
            self._download()
            pair = self._find(train)
        if pair is None:
            raise FileNotFoundError(self._not_found(train))
        images, labels = (self._parsed(read(path), path) for path in pair)
        if len(images) != len(labels):
            raise ValueError(
                f"{type(self).__name__}: {pair[0]} has {len(images)} images, but {pair[1]} {len(labels)} labels; "
                "they belong to different sets, delete the wrong one"
            )
        if labels.size and labels.max() >= len(self.classes):
            raise ValueError(
                f"{type(self).__name__}: {pair[1]} has the label {labels.max()}, where 0 to {len(self.classes) - 1} "
                "belong; delete the file and get it anew (download=True)"
            )
        images, labels = minigrad.from_numpy(images), minigrad.from_numpy(labels.astype(np.int64))
        super().__init__(images, labels, train, transform, target_transform)

    @property
    def raw_folder(self):
        """Where a download goes."""
        return os.path.join(places(self.root)[0], type(self).__name__, "raw")

    # -- finding

    def _places(self):
        found = []
        for base in places(self.root):
            found += [os.path.join(base, type(self).__name__, "raw"), base]
        return found + ([self.package[1]] if self.package else [])

    @staticmethod
    def _names(train):
        part = "train" if train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    @staticmethod
    def _file(folder, name):
        """The path of a file of this name in the folder, plain or .gz, or None."""
        for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
            if os.path.isfile(path):
                return path
        return None

    def _find(self, train):
        """Paths of the images and the labels in the first place that has both, or None."""
        for place in self._places():
            pair = [self._file(place, name) for name in self._names(train)]
            if None not in pair:
                return pair
        return None

    def _not_found(self, train):
        names = self._names(train)
        who = type(self).__name__
        lines = [f"{who}: the files {names[0]} and {names[1]} (plain or .gz) are in none of"]
        for place in self._places():
            have = [name for name in names if self._file(place, name)]
            lines.append(f"    {place}" + (f"    (has only {have[0]})" if have else ""))
        lines += ["To mend it, one of", f"    {who}(..., download=True)    fetches them into {self.raw_folder}"]
        if self.package:
            lines.append(f"    apt-get install {self.package[0]}    on Debian and its kin")
        lines += [
            "    MINIGRAD_DATA=<folder>    if you have them in a folder",
            "minigrad.datasets.Digits needs no files.",
        ]
        return "\n".join(lines)

    # -- checking

    def _parsed(self, payload, path, strict=False):
        """The array in a decompressed file. strict: whatever its size, it must be the set's own."""
        name = os.path.basename(path).removesuffix(".gz")
        count = 60000 if name.startswith("train") else 10000
        if strict or not self.takes_others:
            self._verify(payload, path, name)
        array = parse(payload, path, (28, 28) if "images" in name else ())
        if len(array) == count:
            self._verify(payload, path, name)
        return array

    def _verify(self, payload, path, name):
        seen, expected = sha256(payload), self.sha256.get(name)
        if seen == expected:
            return
        who = type(self).__name__
        sets = [MNIST, *MNIST.__subclasses__()]  # whose files have the same names
        for other in sets:
            if other.sha256 is not self.sha256 and seen in other.sha256.values():
                raise ValueError(
                    f"{path} is {other.__name__}'s, not {who}'s: their files have the same names (its SHA-256 is "
                    f"{seen}). Move it to {other.__name__}/raw"
                )
        if expected is not None:
            raise ValueError(
                f"{path} is damaged, or not {who}'s (the files of {', '.join(each.__name__ for each in sets)} have "
                f"the same names): the SHA-256 of its {len(payload)} decompressed bytes is\n"
                f"    {seen}, expected\n    {expected}\n"
                "Delete or move it and get it anew (download=True)"
            )

    # -- fetching

    def _download(self):
        folder = self.raw_folder
        otherwise = f", or apt-get install {self.package[0]}" if self.package else ""
        for name in self._names(True) + self._names(False):
            if self._file(folder, name) is None:
                fetch(
                    type(self).__name__,
                    [f"{mirror}{name}.gz" for mirror in self.mirrors],
                    os.path.join(folder, name + ".gz"),
                    lambda content, url: self._parsed(unpacked(content, url), url, strict=True),
                    otherwise,
                )
