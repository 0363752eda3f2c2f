"""Image sets from files of every state of repair, and the formulas of the point sets."""

import gzip
import http.server
import os
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest

import minigrad
from minigrad import datasets, transforms
from minigrad.datasets import MNIST, Digits, FashionMNIST
from minigrad.utils.data import DataLoader, Subset, _batch_reader

PACKAGE = FashionMNIST.package[1]
has_package = pytest.mark.skipif(not os.path.isdir(PACKAGE), reason="dataset-fashion-mnist is not installed")


def idx(a, code=8):
    return bytes([0, 0, code, a.ndim]) + struct.pack(f">{a.ndim}I", *a.shape) + a.tobytes()


def small_set(folder, n=12, zipped=True, train=True):
    """Files of n images in `folder`; the images and the labels."""
    rng = np.random.default_rng(n)
    images = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
    labels = (np.arange(n) % 10).astype(np.uint8)
    os.makedirs(folder, exist_ok=True)
    for name, a in zip(MNIST._names(train), (images, labels), strict=True):
        if zipped:
            with gzip.open(os.path.join(folder, name + ".gz"), "wb", 1) as file:
                file.write(idx(a))
        else:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(idx(a))
    return images, labels


@pytest.fixture(autouse=True)
def no_other_places(monkeypatch, tmp_path):
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])


# ---------------------------------------------------------------- finding and reading

@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("place", ["MNIST/raw", ""])
@pytest.mark.parametrize("how", ["root", "variable", "cache"])
def test_files_are_found_in_every_place(monkeypatch, tmp_path, how, place, zipped):
    base = tmp_path / "cache" / "minigrad" if how == "cache" else tmp_path / "data"
    images, labels = small_set(base / place, zipped=zipped)
    if how == "variable":
        monkeypatch.setenv("MINIGRAD_DATA", str(base))
    d = MNIST(base if how == "root" else None)
    assert np.array_equal(d.data.numpy(), images)
    assert np.array_equal(d.targets.numpy(), labels)
    assert (d.data.dtype, d.targets.dtype) == (minigrad.uint8, minigrad.int64)
    with pytest.raises(FileNotFoundError):
        MNIST(base if how == "root" else None, train=False)


def test_root_comes_before_the_others(monkeypatch, tmp_path):
    small_set(tmp_path / "a", 3)
    small_set(tmp_path / "b", 4)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "b"))
    assert len(MNIST(tmp_path / "a")) == 3
    assert len(MNIST()) == 4


def test_a_set_found_nowhere_names_every_place_and_the_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr(FashionMNIST, "package", ("dataset-fashion-mnist", str(tmp_path / "none")))
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "var"))
    small_set(tmp_path / "var")
    os.remove(tmp_path / "var" / "train-labels-idx1-ubyte.gz")
    with pytest.raises(FileNotFoundError) as e:
        FashionMNIST(tmp_path / "root")
    said = str(e.value)
    for place in ("root/FashionMNIST/raw", "root", "var/FashionMNIST/raw", "var", "cache/minigrad", "none"):
        assert any(str(tmp_path / place) + end in said for end in ("\n", "    (has only train-images"))
    for way in ("download=True", "apt-get install dataset-fashion-mnist", "MINIGRAD_DATA", "Digits",
                "(has only train-images-idx3-ubyte)"):
        assert way in said


IMAGES = np.zeros((2, 28, 28), np.uint8)


@pytest.mark.parametrize("payload, says", [
    (b"", "of nothing"),
    (b"\x89PNG", "89 50 4e 47"),
    (idx(IMAGES.astype(">f4"), 13), "holds float32, where uint8 belongs"),
    (idx(IMAGES, 99), "unknown type 99"),
    (idx(IMAGES[0]), "2 dimensions, where 3"),
    (idx(IMAGES)[:10], "inside its header, after 10 bytes"),
    (idx(IMAGES)[:-1], r"1583 bytes.*\(2, 28, 28\), means 1584"),
    (idx(IMAGES) + b"x", "1585 bytes"),
    (idx(np.zeros((2, 28, 27), np.uint8)), r"\(2, 28, 27\), where \(N, 28, 28\)"),
    (idx(np.zeros((3, 28, 28), np.uint8)), "3 images, but .* 12 labels"),
])
def test_a_file_that_is_not_the_sets_is_refused(tmp_path, payload, says):
    small_set(tmp_path, zipped=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(payload)
    with pytest.raises(ValueError, match=says) as e:
        MNIST(tmp_path)
    assert str(path) in str(e.value)


def test_a_label_out_of_range_is_refused(tmp_path):
    small_set(tmp_path, zipped=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.full(12, 10, np.uint8)))
    with pytest.raises(ValueError, match="the label 10, where 0 to 9"):
        MNIST(tmp_path)


@pytest.mark.parametrize("harm", [lambda b: b[:-20], lambda b: b[:200] + bytes([b[200] ^ 8]) + b[201:],
                                  lambda b: b"<html>"], ids=["cut", "flipped", "page"])
def test_a_damaged_gz_file_names_itself_and_the_way_out(tmp_path, harm):
    small_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(ValueError, match=r"(?s)is damaged.*SHA-256.*download=True") as e:
        MNIST(tmp_path)
    assert str(path) in str(e.value)


def test_a_wrong_hash_names_the_path_and_both_hashes(tmp_path):
    small_set(tmp_path)
    with pytest.raises(ValueError) as e:
        FashionMNIST(tmp_path)
    said = str(e.value)
    assert str(tmp_path / "train-images-idx3-ubyte.gz") in said
    assert FashionMNIST.sha256["train-images-idx3-ubyte"] in said
    import hashlib
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz") as file:
        assert hashlib.sha256(file.read()).hexdigest() in said
    assert "download=True" in said


@has_package
def test_mnist_refuses_the_files_of_fashionmnist():
    with pytest.raises(ValueError, match="is FashionMNIST's, not MNIST's"):
        MNIST(PACKAGE, train=False)


@has_package
def test_fashion_mnist_from_the_package():
    d = FashionMNIST(train=False)
    assert (len(d), tuple(d.data.shape), tuple(d.targets.shape)) == (10000, (10000, 28, 28), (10000,))
    assert np.bincount(d.targets.numpy()).tolist() == [1000] * 10
    image, label = d[0]
    assert (tuple(image.shape), image.dtype, label, type(label)) == ((28, 28), minigrad.uint8, 9, int)
    assert d.classes[label] == "Ankle boot"
    assert d.class_to_idx["Ankle boot"] == 9
    assert abs(d.data.numpy().mean() / 255 - 0.2868) < 1e-3


@has_package
def test_the_recorded_hashes_are_those_of_the_packages_files():
    for train in (False, True):
        d = FashionMNIST(train=train)
        assert len(d) == (60000 if train else 10000)


# ---------------------------------------------------------------- fetching

@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server of a small MNIST; the folder it serves and the paths it was asked for."""
    folder = tmp_path / "served"
    small_set(folder, train=True)
    small_set(folder, 5, train=False)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    url = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(MNIST, "mirrors", [url + "nothing/", url])
    yield folder, asked
    server.shutdown()
    server.server_close()


def test_download_fetches_once_and_leaves_only_whole_files(mirror, tmp_path):
    _, asked = mirror
    d = MNIST(tmp_path / "root", download=True)
    assert len(d) == 12
    raw = tmp_path / "root" / "MNIST" / "raw"
    assert sorted(os.listdir(raw)) == sorted(n + ".gz" for n in MNIST._names(True) + MNIST._names(False))
    before = len(asked)
    assert len(MNIST(tmp_path / "root", train=False, download=True)) == 5
    assert len(asked) == before


def test_download_goes_to_the_cache_without_a_root(mirror, tmp_path):
    MNIST(download=True)
    assert (tmp_path / "cache" / "minigrad" / "MNIST" / "raw" / "train-images-idx3-ubyte.gz").is_file()


@pytest.mark.parametrize("harm", [lambda b: b[:-20], lambda b: b"<html>", lambda b: gzip.compress(b"\0\0")])
def test_a_damaged_download_leaves_nothing_behind(mirror, tmp_path, harm):
    path = mirror[0] / "train-images-idx3-ubyte.gz"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(ConnectionError, match=r"could not download train-images-idx3-ubyte\.gz"):
        MNIST(tmp_path / "root", download=True)
    assert os.listdir(tmp_path / "root" / "MNIST" / "raw") == []


def test_a_download_of_the_wrong_hash_is_refused(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "sha256", {"train-images-idx3-ubyte": "0" * 64})
    with pytest.raises(ConnectionError, match="0000"):
        MNIST(tmp_path / "root", download=True)
    assert os.listdir(tmp_path / "root" / "MNIST" / "raw") == []


def test_offline_says_which_addresses_failed_and_what_else_helps(tmp_path, monkeypatch):
    monkeypatch.setattr(FashionMNIST, "package", ("dataset-fashion-mnist", str(tmp_path / "none")))
    with pytest.raises(ConnectionError) as e:
        FashionMNIST(tmp_path, download=True)
    for part in ("http://127.0.0.1:9/train-images-idx3-ubyte.gz", "network",
                 "apt-get install dataset-fashion-mnist"):
        assert part in str(e.value)


def test_a_server_that_falls_silent_is_given_up(tmp_path, monkeypatch):
    import socket
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setattr(datasets, "TIMEOUT", 0.2)
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{listener.getsockname()[1]}/"])
        with pytest.raises(ConnectionError, match="timed out"):
            MNIST(tmp_path, download=True)


# ---------------------------------------------------------------- digits

def test_digits_have_the_attributes_of_an_image_set():
    train, test = Digits(), Digits(train=False)
    assert (len(train), len(test)) == (1437, 360)
    assert tuple(train.data.shape) == (1437, 8, 8)
    assert (train.data.dtype, train.targets.dtype) == (minigrad.uint8, minigrad.int64)
    assert (train.data.numpy().min(), train.data.numpy().max()) == (0, 255)
    for d in (train, test):
        counts = np.bincount(d.targets.numpy())
        assert len(counts) == 10
        assert counts.min() >= 0.9 * len(d) / 10
    assert train.classes == list("0123456789")
    assert type(train[0][1]) is int


def test_digits_are_scikit_learns():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    source = load_digits()
    images = np.concatenate([Digits().data.numpy(), Digits(train=False).data.numpy()])
    labels = np.concatenate([Digits().targets.numpy(), Digits(train=False).targets.numpy()])
    assert np.array_equal(np.rint(images * (16 / 255)), source.images)
    assert np.array_equal(labels, source.target)


def test_the_digits_come_with_their_licence_and_are_small():
    folder = os.path.join(os.path.dirname(datasets.__file__), "data")
    assert os.path.getsize(os.path.join(folder, "digits.npz")) < 100_000
    with open(os.path.join(folder, "digits.txt")) as file:
        assert "CC BY 4.0" in file.read()


# ---------------------------------------------------------------- items and batches

def in_place(image):
    image.numpy()[:] = 0
    return image


def test_a_transform_that_writes_leaves_the_data_alone():
    d = Digits(transform=in_place)
    before = d.data.numpy().copy()
    image, _ = d[0]
    assert not image.numpy().any()
    assert np.array_equal(d.data.numpy(), before)


def test_transforms_are_applied_to_image_and_label():
    d = Digits(transform=transforms.ToTensor(), target_transform=lambda y: y + 100)
    image, label = d[3]
    assert (tuple(image.shape), label) == ((1, 8, 8), 103)


TRANSFORMS = [
    None,
    transforms.ToTensor(),
    transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.3,), (0.6,))]),
    transforms.Compose([transforms.ToImage(), transforms.ToDtype(minigrad.float32, scale=True)]),
    transforms.Compose([]),
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
@pytest.mark.parametrize("subset", [False, True])
def test_whole_batches_equal_batches_made_item_by_item(transform, subset):
    def batches(transform):
        d = Digits(train=False, transform=transform)
        d = Subset(d, list(range(50, 0, -1))) if subset else d
        minigrad.manual_seed(1)
        return d, list(DataLoader(d, batch_size=32, shuffle=True))

    whole, a = batches(transform)
    single, b = batches(lambda image: image if transform is None else transform(image))
    assert _batch_reader(whole) is not None
    assert _batch_reader(single) is None
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        for s, t in zip(one, other, strict=True):
            assert s.dtype == t.dtype
            assert s.shape == t.shape
            assert np.array_equal(s.numpy(), t.numpy())


def test_a_users_transform_is_asked_for_every_image():
    class Inverted(transforms.ToTensor):
        def __call__(self, image):
            return 1 - super().__call__(image)

    assert _batch_reader(Digits(transform=Inverted())) is None
    assert _batch_reader(Digits(transform=transforms.Compose([transforms.ToTensor(), Inverted()]))) is None
    assert _batch_reader(Digits(transform=transforms.Resize(4))) is None
    assert _batch_reader(Digits(target_transform=float)) is None


def test_data_and_targets_may_be_replaced():
    d = Digits()
    keep = np.flatnonzero(d.targets.numpy() < 2)
    d.data, d.targets = d.data[keep], d.targets[keep]
    assert len(d) == len(keep)
    _, y = next(iter(DataLoader(d, batch_size=len(keep))))
    assert set(y.numpy().tolist()) == {0, 1}
    d.targets = d.targets.numpy().tolist()
    _, z = next(iter(DataLoader(d, batch_size=len(keep))))
    assert np.array_equal(y.numpy(), z.numpy())


def test_a_transform_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="transform is a int"):
        Digits(transform=3)


# ---------------------------------------------------------------- points

MAKERS = {
    "moons": lambda n=100, noise=0.0, **o: datasets.make_moons(n, noise, **o),
    "circles": lambda n=100, noise=0.0, **o: datasets.make_circles(n, noise, **o),
    "spirals": lambda n=100, noise=0.0, **o: datasets.make_spirals(n, noise, **o),
    "blobs": lambda n=100, noise=0.0, **o: datasets.make_blobs(n, [[0, 1], [2, 3]], noise, **o),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_points_have_their_shapes_and_obey_their_seed(make):
    x, y = make(101, 0.1, seed=3)
    assert (tuple(x.shape), tuple(y.shape)) == ((101, 2), (101,))
    assert (x.dtype, y.dtype) == (minigrad.float32, minigrad.int64)
    assert np.bincount(y.numpy()).tolist() == [51, 50]
    g = minigrad.Generator()
    g.manual_seed(3)
    again = make(101, 0.1, generator=g)
    assert np.array_equal(x.numpy(), again[0].numpy())
    assert np.array_equal(y.numpy(), again[1].numpy())
    minigrad.manual_seed(3)
    assert np.array_equal(x.numpy(), make(101, 0.1)[0].numpy())
    assert not np.array_equal(x.numpy(), make(101, 0.1, seed=4)[0].numpy())
    assert (np.diff(make(101, shuffle=False)[1].numpy()) >= 0).all()
    assert np.isfinite(make(2)[0].numpy()).all()


def test_points_without_noise_lie_on_their_formulas():
    x, y = (t.numpy() for t in datasets.make_moons(50, 0, seed=0))
    assert np.allclose(np.hypot(*x[y == 0].T), 1, atol=1e-6)
    assert x[y == 0][:, 1].min() > -1e-6
    assert np.allclose(np.hypot(x[y == 1][:, 0] - 1, x[y == 1][:, 1] - 0.5), 1, atol=1e-6)
    assert x[y == 1][:, 1].max() < 0.5 + 1e-6

    x, y = (t.numpy() for t in datasets.make_circles(50, 0, factor=0.3, seed=0))
    assert np.allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), atol=1e-6)

    x, y = (t.numpy() for t in datasets.make_spirals(90, 0, arms=3, turns=0.7, shuffle=False))
    r = np.hypot(*x.T)
    assert np.allclose(r, np.tile(np.arange(1, 31) / 30, 3), atol=1e-6)
    off = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 0.7 * r - y / 3
    assert np.allclose(off, np.rint(off), atol=1e-5)

    x, y = (t.numpy() for t in datasets.make_blobs(9, [[1, 2], [3, 4]], 0, seed=0))
    assert np.array_equal(x, np.array([[1, 2], [3, 4]])[y])


def test_moons_are_scikit_learns():
    make = pytest.importorskip("sklearn.datasets").make_moons
    x, y = make(31, shuffle=False)
    ours = datasets.make_moons(31, 0, shuffle=False)
    first, second = np.flatnonzero(ours[1].numpy() == 0), np.flatnonzero(ours[1].numpy() == 1)
    assert abs(len(first) - (y == 0).sum()) <= 1
    x, y = make(30, shuffle=False)
    ours = datasets.make_moons(30, 0, shuffle=False)
    assert np.allclose(ours[0].numpy(), x, atol=1e-6)
    assert np.array_equal(ours[1].numpy(), y)
    assert len(second) == 15


def test_noise_and_clouds_have_their_standard_deviation():
    x = datasets.make_moons(20000, 0.2, shuffle=False, seed=1)[0].numpy()
    clean = datasets.make_moons(20000, 0, shuffle=False)[0].numpy()
    assert np.abs((x - clean).std(axis=0) - 0.2).max() < 0.01
    x, y = (t.numpy() for t in datasets.make_blobs(9000, 3, 0.5, seed=1))
    assert len(set(y)) == 3
    for k in range(3):
        assert np.abs(x[y == k].std(axis=0) - 0.5).max() < 0.03
        assert np.abs(x[y == k].mean(axis=0)).max() < 10.1


@pytest.mark.parametrize("call, says", [
    (lambda: datasets.make_moons(1), "n is 1"),
    (lambda: datasets.make_moons(2.5), "n is 2.5"),
    (lambda: datasets.make_moons(10, -1), "noise is -1"),
    (lambda: datasets.make_moons(10, seed=1, generator=minigrad.Generator()), "both seed=1"),
    (lambda: datasets.make_circles(10, factor=1.5), "factor is 1.5"),
    (lambda: datasets.make_spirals(10, arms=0), "classes is 0"),
    (lambda: datasets.make_blobs(10, [1, 2]), r"\(2,\)"),
    (lambda: datasets.make_blobs(2, 3), "n is 2"),
])
def test_points_refuse_what_cannot_be(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---------------------------------------------------------------- import

@pytest.mark.parametrize("module", ["minigrad.datasets", "minigrad.transforms", "minigrad.utils.data"])
def test_importing_brings_in_nothing_heavy(module):
    code = (f"import sys, minigrad; before = set(sys.modules); import {module}\n"
            "new = set(sys.modules) - before\n"
            "heavy = {'urllib.request', 'gzip', 'hashlib', 'http.client', 'dataclasses'}\n"
            "print(sorted(heavy & new))")
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
