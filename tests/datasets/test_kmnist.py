"""KMNIST, which is read as MNIST is."""

import struct

import numpy as np
import pytest

from minigrad.datasets import KMNIST, MNIST


def write(folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    for name, a in zip(MNIST._names(True), (np.ones((count, 28, 28)), np.arange(count) % 10), strict=True):
        header = bytes([0, 0, 8, a.ndim]) + struct.pack(f">{a.ndim}I", *a.shape)
        (folder / name).write_bytes(header + a.astype(np.uint8).tobytes())


def test_files_in_a_folder_of_its_own_name(tmp_path):
    write(tmp_path / "KMNIST" / "raw", 12)
    d = KMNIST(tmp_path)
    assert (len(d), d.classes[d[3][1]]) == (12, "tsu")
    with pytest.raises(FileNotFoundError, match="KMNIST/raw"):
        KMNIST(tmp_path, train=False)


def test_a_set_of_any_content_is_read_since_no_hash_is_on_record(tmp_path):
    write(tmp_path, 60000)
    assert len(KMNIST(tmp_path)) == 60000
    with pytest.raises(ValueError, match="is damaged, or not MNIST's"):
        MNIST(tmp_path)


def test_another_sets_files_are_refused(tmp_path, monkeypatch):
    write(tmp_path, 60000)
    import hashlib

    name = "train-images-idx3-ubyte"
    monkeypatch.setattr(MNIST, "sha256", {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()})
    with pytest.raises(ValueError, match="is MNIST's, not KMNIST's"):
        KMNIST(tmp_path)
