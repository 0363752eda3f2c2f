"""CIFAR-10 and CIFAR-100 from folders, archives and servers."""

import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest

import minigrad
from minigrad import transforms
from minigrad.datasets import CIFAR10, CIFAR100
from minigrad.utils.data import DataLoader, _batch_reader

BOTH = pytest.mark.parametrize("kind", [CIFAR10, CIFAR100])


def batches(kind, train, count=4):
    """{name: content} of a part with few images, and its images and labels."""
    rng = np.random.default_rng(train)
    contents, images, labels = {}, [], []
    for name in kind.parts[train]:
        rows = rng.integers(0, 256, (count, 3072)).astype(np.uint8)
        some = rng.integers(0, len(kind.classes), count).tolist()
        contents[name] = pickle.dumps({b"data": rows, kind._label_key: some, b"batch_label": b"of a few"}, 2)
        images.append(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels += some
    return contents, np.concatenate(images), labels


def in_folder(kind, base, train, **options):
    contents, images, labels = batches(kind, train, **options)
    folder = base / kind.base_folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return images, labels


def in_archive(kind, base):
    base.mkdir(parents=True, exist_ok=True)
    made = {}
    with tarfile.open(base / kind.filename, "w:gz") as tar:
        for train in (False, True):
            contents, *made[train] = batches(kind, train)
            for name, content in reversed(contents.items()):
                member = tarfile.TarInfo(f"{kind.base_folder}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return made


@BOTH
@pytest.mark.parametrize("how", ["root", "variable", "cache"])
@pytest.mark.parametrize("archive", [False, True])
def test_files_are_found_in_every_place(monkeypatch, tmp_path, kind, how, archive):
    base = tmp_path / "cache" / "minigrad" if how == "cache" else tmp_path / "data"
    made = in_archive(kind, base) if archive else {train: in_folder(kind, base, train) for train in (True, False)}
    if how == "variable":
        monkeypatch.setenv("MINIGRAD_DATA", str(base))
    for train, (images, labels) in made.items():
        d = kind(base if how == "root" else None, train=train)
        assert np.array_equal(d.data, images)
        assert d.targets == labels
        assert len(d) == len(labels) == (4 * len(kind.parts[train]))
        image, label = d[1]
        assert (image.shape, image.dtype, label) == ((32, 32, 3), np.uint8, labels[1])
    assert sorted(os.listdir(base)) == [kind.filename if archive else kind.base_folder]


def test_classes_are_torchvisions():
    assert len(CIFAR10.classes) == 10
    assert (len(CIFAR100.classes), CIFAR100.classes) == (100, sorted(CIFAR100.classes))
    assert CIFAR10.classes[3] == "cat"
    assert CIFAR100.classes[37] == "house"


TRANSFORMS = [
    None,
    transforms.ToTensor(),
    transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.3, 0.2, 0.1), (0.6, 0.5, 0.4))]),
    transforms.Compose([transforms.ToImage(), transforms.ToDtype(minigrad.float32, scale=True)]),
    transforms.ToDtype(minigrad.float64),
    transforms.Compose([]),
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
def test_whole_batches_equal_batches_made_item_by_item(tmp_path, transform):
    in_folder(CIFAR10, tmp_path, True)
    whole = CIFAR10(tmp_path, transform=transform)
    single = CIFAR10(tmp_path, transform=lambda image: image if transform is None else transform(image))
    assert _batch_reader(whole) is not None
    assert _batch_reader(single) is None
    for one, other in zip(DataLoader(whole, batch_size=6), DataLoader(single, batch_size=6), strict=True):
        for s, t in zip(one, other, strict=True):
            assert (s.dtype, s.shape) == (t.dtype, t.shape)
            assert np.array_equal(s.numpy(), t.numpy())


def test_a_transform_that_writes_leaves_the_data_alone(tmp_path):
    in_folder(CIFAR10, tmp_path, True)
    d = CIFAR10(tmp_path)
    before = d.data.copy()
    d[0][0][...] = 0
    next(iter(DataLoader(d, batch_size=2)))[0].numpy()[...] = 0
    assert np.array_equal(d.data, before)


@BOTH
def test_a_set_found_nowhere_names_every_place_and_the_ways_out(monkeypatch, tmp_path, kind):
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "var"))
    in_folder(kind, tmp_path / "root", False)
    with pytest.raises(FileNotFoundError) as e:
        kind(tmp_path / "root")
    for part in (kind.base_folder, kind.filename, "root", "var", "cache/minigrad", "download=True", "MINIGRAD_DATA"):
        assert part in str(e.value)


ROWS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(("content", "says"), [
    (b"nonsense", "no pickle of plain data"),
    (pickle.dumps(os.getcwd, 2), "names posix.getcwd.*can run code"),
    (pickle.dumps([1], 2), "holds a list"),
    (pickle.dumps({b"labels": [1, 2]}, 2), "has NoneType as its data"),
    (pickle.dumps({b"data": ROWS[:, 1:], b"labels": [1, 2]}, 2), r"has uint8 \(2, 3071\) as its data"),
    (pickle.dumps({b"data": ROWS.astype(np.int8), b"labels": [1, 2]}, 2), r"has int8"),
    (pickle.dumps({b"data": ROWS, b"fine_labels": [1, 2]}, 2), "no list of ints as its labels"),
    (pickle.dumps({b"data": ROWS, b"labels": [1, 2.5]}, 2), "no list of ints as its labels"),
    (pickle.dumps({b"data": ROWS, b"labels": [1]}, 2), "2 images, but 1 labels"),
    (pickle.dumps({b"data": ROWS, b"labels": [1, 10]}, 2), "from 1 to 10, where 0 to 9"),
])  # fmt: skip
def test_a_file_that_is_not_the_sets_is_refused(tmp_path, content, says):
    in_folder(CIFAR10, tmp_path, True)
    path = tmp_path / CIFAR10.base_folder / "data_batch_3"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as e:
        CIFAR10(tmp_path)
    assert str(path) in str(e.value)


def test_a_file_of_the_sets_size_must_be_the_sets(tmp_path):
    in_folder(CIFAR10, tmp_path, False, count=10000)
    expected = CIFAR10.parts[False]["test_batch"]
    with pytest.raises(ValueError, match=f"test_batch: is damaged: the MD5 .* expected {expected}"):
        CIFAR10(tmp_path, train=False)


@pytest.mark.parametrize("harm", [
    lambda b: b[:-2000], lambda b: b"<html>", lambda b: b[:200] + bytes([b[200] ^ 8]) + b[201:],
], ids=["cut", "page", "flipped"])  # fmt: skip
def test_a_damaged_archive_names_itself_and_the_way_out(tmp_path, harm):
    in_archive(CIFAR10, tmp_path)
    path = tmp_path / CIFAR10.filename
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(ValueError, match="download=True") as e:
        CIFAR10(tmp_path)
    assert str(path) in str(e.value)


def test_an_archive_of_something_else_is_refused(tmp_path):
    in_archive(CIFAR100, tmp_path)
    os.rename(tmp_path / CIFAR100.filename, tmp_path / CIFAR10.filename)
    with pytest.raises(ValueError, match="has no cifar-10-batches-py/data_batch_1"):
        CIFAR10(tmp_path)


@BOTH
def test_download_fetches_once_and_unpacks_nothing(tmp_path, monkeypatch, serve, kind):
    made = in_archive(kind, tmp_path / "served")
    content = (tmp_path / "served" / kind.filename).read_bytes()
    url, asked = serve(tmp_path / "served")
    monkeypatch.setattr(kind, "mirrors", [f"{url}nothing/{kind.filename}", f"{url}{kind.filename}"])
    with pytest.raises(ConnectionError, match=f"SHA-256 .* expected {kind.archive_sha256}"):
        kind(tmp_path / "root", download=True)
    assert os.listdir(tmp_path / "root") == []
    monkeypatch.setattr(kind, "archive_sha256", hashlib.sha256(content).hexdigest())
    for train in (True, False):
        assert kind(tmp_path / "root", train=train, download=True).targets == made[train][1]
    assert os.listdir(tmp_path / "root") == [kind.filename]
    assert len(asked) == 4


def test_offline_says_which_address_failed(tmp_path):
    with pytest.raises(ConnectionError, match="http://127.0.0.1:9/cifar-10-python.tar.gz"):
        CIFAR10(tmp_path, download=True)
