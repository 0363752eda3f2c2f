"""CIFAR-10 and CIFAR-100."""

import os

import numpy as np

from minigrad.datasets import pickles
from minigrad.datasets.files import fetch, places, sha256
from minigrad.datasets.images import ImageSet

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(ImageSet):
    """60 000 photographs of 32 x 32 pixels in colour, in ten classes: 50 000 to train on, 10 000 to test.

    Args:
        root: a folder to look in first (and to download to).
        train: the training set; False gives the test set.
        transform: a function of the image, a uint8 array (32, 32, 3).
        target_transform: a function of the label, an int.
        download: fetch the archive if neither it nor its files are in any of the places. It goes
            to the first given of root, $MINIGRAD_DATA and the cache folder, whole or not at all.

    Looks in root, $MINIGRAD_DATA and the user's cache folder ($XDG_CACHE_HOME or ~/.cache, then
    /minigrad) for torchvision's folder of pickles (cifar-10-batches-py) or for the archive that
    holds it (cifar-10-python.tar.gz), which is read where it is and not unpacked.

    Attributes:
        data: (N, 32, 32, 3) uint8, an array. targets: a list of N ints.
        classes, class_to_idx: the names of the classes, and their numbers.

    Raises:
        FileNotFoundError: found nowhere; the message lists the places and the ways out.
        ValueError: a file is damaged, or is no pickle of plain data: no code that a pickle names
            is run.
        ConnectionError: the download did not succeed.

    A download is checked against the archive's SHA-256. Files found are checked for their shapes and
    labels, and against their MD5 (those are what is on record) where they have as many images as
    the set's own; with another number they are somebody's set in the same format.

    Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """

    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    base_folder = "cifar-10-batches-py"
    filename = "cifar-10-python.tar.gz"
    mirrors = [f"https://www.cs.toronto.edu/~kriz/{filename}"]
    archive_sha256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    parts = {
        True: {
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        False: {"test_batch": "40351d587109b95175f43aff81a1287e"},
    }
    _label_key = b"labels"
    _counts = {True: 10000, False: 10000}  # images in a file

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False):
        self.root = None if root is None else os.path.expanduser(os.fspath(root))
        train = bool(train)
        if download and self._find(train) is None:
            self._download()
        found = self._find(train)
        if found is None:
            raise FileNotFoundError(self._not_found(train))
        images, labels = [], []
        for name, (content, path) in found().items():
            some, their = self._read(content, path, self.parts[train][name], self._counts[train])
            images.append(some)
            labels += their
        data = np.concatenate(images).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        super().__init__(np.ascontiguousarray(data), labels, train, transform, target_transform)

    # -- finding

    def _find(self, train):
        """A function that gives {name: (bytes, path)} of a part, from the first place that has it, or None."""
        for place in places(self.root):
            folder, archive = os.path.join(place, self.base_folder), os.path.join(place, self.filename)
            files = {name: os.path.join(folder, name) for name in self.parts[train]}
            if all(map(os.path.isfile, files.values())):
                return lambda files=files: {name: (_content(path), path) for name, path in files.items()}
            if os.path.isfile(archive):
                return lambda archive=archive: self._members(archive, train)
        return None

    def _not_found(self, train):
        who = type(self).__name__
        return "\n".join(
            [
                f"{who}: neither {self.base_folder}/ (with {', '.join(self.parts[train])}) nor {self.filename} "
                "is in any of",
                *(f"    {place}" for place in places(self.root)),
                "To mend it, one of",
                f"    {who}(..., download=True)    fetches the archive into {places(self.root)[0]}",
                "    MINIGRAD_DATA=<folder>    if you have it in a folder",
                "minigrad.datasets.Digits needs no files.",
            ]
        )

    def _members(self, archive, train):
        import tarfile
        import zlib

        found = {}
        try:
            with tarfile.open(archive, "r|gz") as tar:
                for member in tar:
                    folder, _, name = member.name.rpartition("/")
                    if member.isfile() and folder == self.base_folder and name in self.parts[train]:
                        found[name] = (tar.extractfile(member).read(), f"{archive}: {member.name}")
        except (tarfile.TarError, OSError, EOFError, zlib.error) as e:
            raise ValueError(f"{archive} is damaged ({e}); delete it and get it anew (download=True)") from e
        lacks = [name for name in self.parts[train] if name not in found]
        if lacks:
            raise ValueError(
                f"{archive} has no {self.base_folder}/{lacks[0]}; delete it and get it anew (download=True)"
            )
        return {name: found[name] for name in self.parts[train]}

    # -- reading

    def _read(self, content, path, md5, count):
        """Rows (N, 3072) and labels, a list, of one file."""
        batch = pickles.load(content, path)

        def refuse(what):
            raise ValueError(f"{path}: {what}; delete the file and get it anew (download=True)")

        if not isinstance(batch, dict):
            refuse(f"holds a {type(batch).__name__}, where a dict with images and labels belongs")
        batch = {key.encode() if isinstance(key, str) else key: value for key, value in batch.items()}
        rows, labels = batch.get(b"data"), batch.get(self._label_key)
        if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (3072,):
            seen = f"{rows.dtype} {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
            refuse(f"has {seen} as its data, where uint8 (N, 3072) belongs")
        if not isinstance(labels, list) or not all(type(label) is int for label in labels):
            refuse(f"has no list of ints as its {self._label_key.decode()}")
        if len(labels) != len(rows):
            refuse(f"has {len(rows)} images, but {len(labels)} labels")
        if labels and not 0 <= min(labels) <= max(labels) < len(self.classes):
            refuse(f"has labels from {min(labels)} to {max(labels)}, where 0 to {len(self.classes) - 1} belong")
        if len(rows) == count and _md5(content) != md5:
            refuse(f"is damaged: the MD5 of its {len(content)} bytes is {_md5(content)}, expected {md5}")
        return rows, labels

    # -- fetching

    def _download(self):
        def check(content, url):
            seen = sha256(content)
            if seen != self.archive_sha256:
                raise ValueError(f"the SHA-256 of its {len(content)} bytes is {seen}, expected {self.archive_sha256}")

        fetch(type(self).__name__, self.mirrors, os.path.join(places(self.root)[0], self.filename), check)


class CIFAR100(CIFAR10):
    """60 000 photographs of 32 x 32 pixels in colour, in a hundred classes: 50 000 to train on, 10 000 to test.

    The arguments, the places looked in, attributes and errors are those of ``CIFAR10``; the folder is
    cifar-100-python, the archive cifar-100-python.tar.gz. Labels are the fine ones.

    Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """

    classes = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel
        can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
        man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
        pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
        tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()
    base_folder = "cifar-100-python"
    filename = "cifar-100-python.tar.gz"
    mirrors = [f"https://www.cs.toronto.edu/~kriz/{filename}"]
    archive_sha256 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
    parts = {
        True: {"train": "16019d7e3df5f24257cddd939b257f8d"},
        False: {"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    }
    _label_key = b"fine_labels"
    _counts = {True: 50000, False: 10000}


def _content(path):
    with open(path, "rb") as file:
        return file.read()


def _md5(content):
    import hashlib

    return hashlib.md5(content, usedforsecurity=False).hexdigest()
