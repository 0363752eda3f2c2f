"""Where sets are looked for, and what a download leaves behind; test_mnist.py and test_cifar.py have the rest."""

import gzip

import pytest

from minigrad.datasets import files


def test_places_in_order(monkeypatch, tmp_path):
    assert files.places(None) == [str(tmp_path / "cache" / "minigrad")] == [files.cache_folder()]
    monkeypatch.setenv("MINIGRAD_DATA", "/somewhere")
    assert files.places("root") == ["root", "/somewhere", files.cache_folder()]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert files.cache_folder() == "/home/me/.cache/minigrad"


def test_a_download_has_its_name_once_it_is_checked(tmp_path, serve):
    served, target = tmp_path / "served", tmp_path / "new" / "file"
    served.mkdir()
    (served / "file").write_bytes(b"content")
    url, asked = serve(served)
    seen = []

    def check(content, url):
        seen.append((content, [path.name for path in target.parent.iterdir()]))
        if len(seen) == 1:
            raise ValueError("not this one")

    files.fetch("Set", [url + "nothing", url + "file", url + "file"], str(target), check)
    assert asked == ["/nothing", "/file", "/file"]
    assert target.read_bytes() == b"content"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert all(content == b"content" and "file" not in names for content, names in seen)


def test_a_file_is_read_as_its_name_says(tmp_path):
    (tmp_path / "a").write_bytes(b"plain")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"packed"))
    assert (files.read(str(tmp_path / "a")), files.read(str(tmp_path / "a.gz"))) == (b"plain", b"packed")
    with pytest.raises(ValueError, match=f"SHA-256 of its 5 bytes as they are is {files.sha256(b'plain')}"):
        files.unpacked(b"plain", "here")
