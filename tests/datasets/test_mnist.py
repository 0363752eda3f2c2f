"""MNIST and FashionMNIST from files of every state of repair, and from servers."""

import gzip
import hashlib
import os
import socket
import struct

import numpy as np
import pytest

import minigrad
from minigrad.datasets import MNIST, FashionMNIST, files

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
def mirror(tmp_path, monkeypatch, serve):
    """A server of a small MNIST, whose hashes are on record; the folder it serves and the paths it was asked for."""
    folder = tmp_path / "served"
    small_set(folder, train=True)
    small_set(folder, 5, train=False)
    monkeypatch.setattr(MNIST, "sha256", {
        path.stem: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in folder.iterdir()
    })  # fmt: skip
    url, asked = serve(folder)
    monkeypatch.setattr(MNIST, "mirrors", [url + "nothing/", url])
    return folder, asked


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
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setattr(files, "TIMEOUT", 0.2)
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{listener.getsockname()[1]}/"])
        with pytest.raises(ConnectionError, match="timed out"):
            MNIST(tmp_path, download=True)


def test_a_download_of_another_size_is_refused_though_such_a_file_is_read_where_it_is_found(mirror, tmp_path):
    small_set(mirror[0], 3)
    with pytest.raises(ConnectionError, match="SHA-256 of its 2368 decompressed bytes"):
        MNIST(tmp_path / "root", download=True)
    assert len(MNIST(mirror[0])) == 3


def test_a_file_of_mnists_size_must_be_mnists(tmp_path):
    for name, shape in zip(MNIST._names(False), [(10000, 28, 28), (10000,)], strict=True):
        (tmp_path / name).write_bytes(idx(np.zeros(shape, np.uint8)))
    with pytest.raises(ValueError, match=f"(?s)is damaged.*expected.*{MNIST.sha256['t10k-images-idx3-ubyte']}"):
        MNIST(tmp_path, train=False)
