"""Switches of libraries that are not here can be set and read."""

import minigrad as mg
from minigrad.backends import cudnn


def test_cudnns_switches(monkeypatch):
    for name, value in (("deterministic", True), ("benchmark", True), ("enabled", False), ("allow_tf32", False)):
        monkeypatch.setattr(cudnn, name, value)
        assert getattr(mg.backends.cudnn, name) is value
    assert not cudnn.is_available()
    assert cudnn.version() is None


def test_other_devices():
    assert not mg.backends.mps.is_available()
    assert not mg.backends.mps.is_built()
    assert not mg.backends.cuda.is_built()
    mg.backends.cuda.matmul.allow_tf32 = False
    assert mg.backends.cuda.matmul.allow_tf32 is False
