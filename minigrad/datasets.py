"""Data to learn on: image sets, and points in the plane.

    Digits           1797 handwritten digits, 8 x 8; comes with minigrad
    FashionMNIST     70 000 pieces of clothing, 28 x 28; read from files, or downloaded
    MNIST            70 000 handwritten digits, 28 x 28; likewise
    make_moons, make_circles, make_spirals, make_blobs     points with noise, in classes

The image sets are used as torchvision's:

    train = FashionMNIST(train=True, transform=ToTensor())
    for x, y in DataLoader(train, batch_size=128, shuffle=True): ...

An item is (image, label), with the image a uint8 Tensor (H, W), where torchvision hands
out a PIL image, and the label an int. Without a transform, or with one that can work on a
batch (see ``minigrad.transforms``), the loader reads whole batches at once.
"""

import os

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.utils.data import Dataset

__all__ = ["Digits", "FashionMNIST", "MNIST", "make_moons", "make_circles", "make_spirals", "make_blobs"]

TIMEOUT = 30    # seconds that a server may stay silent


class _Images(Dataset):
    """Images (N, H, W) uint8 in `data`, labels (N,) int64 in `targets`; both may be replaced."""

    classes = []

    def __init__(self, images, labels, train, transform, target_transform):
        for name, f in (("transform", transform), ("target_transform", target_transform)):
            if f is not None and not callable(f):
                raise TypeError(f"{type(self).__name__}: {name} is a {type(f).__name__}; it must be callable "
                                "or None")
        self.data = minigrad.from_numpy(images)
        self.targets = minigrad.from_numpy(labels.astype(np.int64))
        self.train = bool(train)
        self.transform = transform
        self.target_transform = target_transform

    @property
    def class_to_idx(self):
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image, label = self.data[index], int(self.targets[index])
        if hasattr(image, "clone"):
            image = image.clone()       # a transform may write into it
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def _batch_reader(self):
        data, targets = self.data, self.targets
        if not isinstance(data, minigrad.Tensor) or not isinstance(targets, minigrad.Tensor):
            return None
        if self.target_transform is not None or targets.dtype != minigrad.int64 or len(data.shape) != 3:
            return None
        if self.transform is None:
            return lambda rows: [data[rows], targets[rows]]
        from minigrad.transforms import _batch_form
        form = _batch_form(self.transform)
        return None if form is None else lambda rows: [form(data[rows]), targets[rows]]

    def __repr__(self):
        return (f"{type(self).__name__}({len(self)} images of {' x '.join(map(str, self.data.shape[1:]))}, "
                f"{'train' if self.train else 'test'}, transform={self.transform})")


class Digits(_Images):
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
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "digits.npz")
        try:
            with np.load(path, allow_pickle=False) as file:
                ink, labels = file["images"], file["labels"]
        except FileNotFoundError:
            raise FileNotFoundError(f"Digits: {path} is missing, though it is part of minigrad; "
                                    "install minigrad anew") from None
        except Exception as e:      # zipfile, zlib and numpy each have errors of their own
            raise ValueError(f"Digits: {path} is damaged ({e}); install minigrad anew") from e
        part = slice(None, self.SPLIT) if train else slice(self.SPLIT, None)
        images = np.rint(ink[part] * (255 / 16)).astype(np.uint8)
        super().__init__(images, labels[part], train, transform, target_transform)


# ---------------------------------------------------------------- sets in IDX files

_IDX_TYPES = {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}


def _parse_idx(payload, path, shape):
    """The uint8 array in the bytes of an IDX file.

        0, 0, type code, number of dimensions d      4 bytes; code 8 is uint8
        d sizes                                      4 bytes each, big-endian
        the numbers, last dimension fastest

    `shape` is what the array must have after its first dimension.
    """
    def refuse(what):
        raise ValueError(f"{path}: {what}; delete the file and get it anew (download=True)")

    if len(payload) < 4 or payload[0] or payload[1]:
        refuse(f"not an IDX file, it begins with the bytes {bytes(payload[:4]).hex(' ') or 'of nothing'} "
               "instead of 00 00")
    code, ndim = payload[2], payload[3]
    if code != 8:
        refuse(f"holds {_IDX_TYPES.get(code, f'numbers of unknown type {code}')}, where uint8 belongs")
    if ndim != 1 + len(shape):
        refuse(f"has {ndim} dimensions, where {1 + len(shape)} belong")
    start = 4 + 4 * ndim
    if len(payload) < start:
        refuse(f"ends inside its header, after {len(payload)} bytes")
    sizes = [int.from_bytes(payload[4 + 4 * k:8 + 4 * k], "big") for k in range(ndim)]
    if tuple(sizes[1:]) != shape:
        refuse(f"has the shape {tuple(sizes)}, where (N, {', '.join(map(str, shape))}) belongs")
    count = 1
    for size in sizes:
        count *= size
    if len(payload) != start + count:
        refuse(f"has {len(payload)} bytes, where its header, of shape {tuple(sizes)}, means {start + count}")
    return np.frombuffer(payload, dtype=np.uint8, offset=start).reshape(sizes).copy()


class MNIST(_Images):
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
        ValueError: a file is damaged, or is another set's (files are checked: sizes, and
            where the set's SHA-256 is on record, that).
        ConnectionError: the download did not succeed.

    LeCun, Cortes and Burges (1998). MNIST's own files have no SHA-256 on record here.
    """

    classes = ["0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
               "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"]
    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/"]
    sha256 = {}             # of the decompressed files
    package = None          # (Debian package, its folder)

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False):
        self.root = None if root is None else os.path.expanduser(os.fspath(root))
        pair = self._find(train)
        if pair is None and download:
            self._download()
            pair = self._find(train)
        if pair is None:
            raise FileNotFoundError(self._not_found(train))
        images = _parse_idx(self._payload(pair[0]), pair[0], (28, 28))
        labels = _parse_idx(self._payload(pair[1]), pair[1], ())
        if len(images) != len(labels):
            raise ValueError(f"{type(self).__name__}: {pair[0]} has {len(images)} images, but {pair[1]} "
                             f"{len(labels)} labels; they belong to different sets, delete the wrong one")
        if labels.size and labels.max() >= len(self.classes):
            raise ValueError(f"{type(self).__name__}: {pair[1]} has the label {labels.max()}, where 0 to "
                             f"{len(self.classes) - 1} belong; delete the file and get it anew "
                             "(download=True)")
        super().__init__(images, labels, train, transform, target_transform)

    @property
    def raw_folder(self):
        """Where a download goes."""
        return os.path.join(self._bases()[0], type(self).__name__, "raw")

    # -- finding

    def _bases(self):
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        bases = [self.root, os.environ.get("MINIGRAD_DATA"), os.path.join(cache, "minigrad")]
        return [b for b in bases if b]

    def _places(self):
        places = []
        for base in self._bases():
            places += [os.path.join(base, type(self).__name__, "raw"), base]
        return places + ([self.package[1]] if self.package else [])

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
        lines = [f"{type(self).__name__}: the files {names[0]} and {names[1]} (plain or .gz) are in none of"]
        for place in self._places():
            have = [name for name in names if self._file(place, name)]
            lines.append(f"    {place}" + (f"    (has only {have[0]})" if have else ""))
        lines += ["To mend it, one of",
                  f"    {type(self).__name__}(..., download=True)    fetches them into {self.raw_folder}"]
        if self.package:
            lines.append(f"    apt-get install {self.package[0]}    on Debian and its kin")
        lines += ["    MINIGRAD_DATA=<folder>    if you have them in a folder",
                  "minigrad.datasets.Digits needs no files."]
        return "\n".join(lines)

    # -- reading

    def _payload(self, path):
        """The file's bytes, decompressed and verified."""
        import gzip
        import zlib
        name = os.path.basename(path).removesuffix(".gz")
        with open(path, "rb") as file:
            payload = file.read()
        if path.endswith(".gz"):
            try:
                payload = gzip.decompress(payload)
            except (OSError, EOFError, zlib.error) as e:
                import hashlib
                raise ValueError(f"{path} is damaged: it does not decompress ({e}); the SHA-256 of the file "
                                 "as it is "
                                 f"{hashlib.sha256(payload).hexdigest()}, expected after decompression "
                                 f"{self.sha256.get(name, '(none on record)')}. "
                                 "Delete it and get it anew (download=True)") from e
        self._verify(payload, path, name)
        return payload

    def _verify(self, payload, path, name):
        import hashlib
        expected = self.sha256.get(name)
        seen = hashlib.sha256(payload).hexdigest()
        if expected is not None and seen != expected:
            raise ValueError(f"{path} is damaged, or not {type(self).__name__}'s (MNIST's files and "
                             "FashionMNIST's "
                             f"have the same names): the SHA-256 of its {len(payload)} decompressed bytes "
                             "is\n"
                             f"    {seen}, expected\n    {expected}\n"
                             "Delete or move it and get it anew (download=True)")
        if expected is None and seen in _FASHION_SHA256.values():
            raise ValueError(f"{path} is FashionMNIST's, not {type(self).__name__}'s: their files have the "
                             "same "
                             f"names (its SHA-256 is {seen}). Move it to FashionMNIST/raw")

    # -- fetching

    def _download(self):
        folder = self.raw_folder
        os.makedirs(folder, exist_ok=True)
        for name in self._names(True) + self._names(False):
            if self._file(folder, name) is None:
                self._fetch(name, os.path.join(folder, name + ".gz"))

    def _fetch(self, name, target):
        """Download name.gz from the first mirror that gives it, verify it, and only then name it `target`."""
        import gzip
        import http.client
        import shutil
        import urllib.request
        import zlib
        part = f"{target}.{os.getpid()}.part"
        failures = []
        try:
            for mirror in self.mirrors:
                url = mirror + name + ".gz"
                try:
                    request = urllib.request.Request(url, headers={"User-Agent": "minigrad"})
                    with urllib.request.urlopen(request, timeout=TIMEOUT) as source, open(part, "wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
                        file.flush()
                        os.fsync(file.fileno())
                    with gzip.open(part) as file:
                        payload = file.read()
                    self._verify(payload, url, name)
                    _parse_idx(payload, url, (28, 28) if "images" in name else ())
                    os.replace(part, target)
                    return
                except (OSError, EOFError, zlib.error, http.client.HTTPException, ValueError) as e:
                    failures.append(f"    {url}: {e}")
        finally:
            if os.path.exists(part):
                os.remove(part)
        lines = [f"{type(self).__name__}: could not download {name}.gz to {os.path.dirname(target)}:",
                 *failures,
                 "Check the network (and a proxy: https_proxy), or put the files there by hand"]
        if self.package:
            lines[-1] += f", or apt-get install {self.package[0]}"
        raise ConnectionError("\n".join(lines))


_FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


class FashionMNIST(MNIST):
    """70 000 pieces of clothing of 28 x 28 pixels: 60 000 to train on, 10 000 to test.

    The arguments, the places looked in, attributes and errors are those of ``MNIST``. The
    system's folder is that of Debian's package dataset-fashion-mnist. Every file is checked
    against its SHA-256.

    Xiao, Rasul and Vollgraf, arXiv:1708.07747 (2017).
    """

    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
               "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    mirrors = ["https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
               "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    sha256 = _FASHION_SHA256
    package = ("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist")


# ---------------------------------------------------------------- points in the plane

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
    clouds = [(np.full(m, x), np.full(m, y))
              for m, (x, y) in zip(_shares("make_blobs", n, len(centers)), centers, strict=True)]
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
        raise ValueError(f"{who}: n is {n!r}; it must be an integer, at least one point for each of "
                         f"the {classes} classes")
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
