"""Pickles of plain data are read, and what they name is never run."""

import builtins
import collections
import copyreg
import io
import os
import pickle
import struct

import numpy as np
import pytest

from minigrad.datasets import pickles

DATA = {
    b"data": np.arange(12, dtype=np.uint8).reshape(3, 4), b"labels": [1, 2, -3], "text": "t", b"n": None,
    b"big": np.arange(3, dtype=">i4"), b"columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    b"tuple": (1.5, True, (b"x", 2**70)), b"none": np.zeros((0, 3), np.float32),
}  # fmt: skip


def same(a, b):
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.dtype == b.dtype.newbyteorder("=") and np.array_equal(a, b)
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_data_comes_back(protocol):
    assert same(pickles.load(pickle.dumps(DATA, protocol), "here"), DATA)


def test_what_python_2_wrote():
    """{'data': array([[7, 8]], uint8), 'labels': [3]}, as Python 2 and NumPy 1 write it."""
    content = (
        b"\x80\x02}q\x01(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x01K\x02\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U\x02\x07\x08tbU\x06labels]K\x03au."
    )
    assert same(pickles.load(content, "here"), {b"data": np.array([[7, 8]], np.uint8), b"labels": [3]})


RAN = []


class Runs:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("value", [
    Runs(os.system, "true"), Runs(builtins.eval, "1"), Runs(RAN.append, 1), Runs(getattr, "a", "b"),
    Runs(np.load, "x"), Runs(np.frombuffer, b"x"), [1, {2: Runs(exec, "1")}], collections.OrderedDict(a=1),
    np.random.default_rng(0), os.system, pickles.load, np.float32(1.5),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_name_beside_arrays_is_refused_before_anything_runs(value, protocol):
    with pytest.raises(ValueError, match="here: (names|holds) .*(can run code|arrays)"):
        pickles.load(pickle.dumps(value, protocol), "here")
    assert RAN == []


@pytest.mark.parametrize("array", [
    np.array([print, {}], object), np.array(["a"]), np.zeros(2, complex), np.zeros(2, "M8[s]"),
    np.zeros(1, [("a", "i4")]),
], ids=str)  # fmt: skip
def test_arrays_hold_numbers_only(array):
    with pytest.raises(ValueError, match="here: "):
        pickles.load(pickle.dumps(array, 2), "here")


def test_names_of_arrays_cannot_be_used_for_anything_else():
    """Each of them called with anything, given attributes, or left as it is."""
    for name in (b"numpy.core.multiarray\n_reconstruct", b"numpy\nndarray", b"numpy\ndtype", b"_codecs\nencode",
                 b"__builtin__\nbytes"):
        for program in (b"c%s\n.", b"c%s\n)R.", b"c%s\n(K\x01tR.", b"c%s\n(NtR.", b"c%s\n)\x81.", b"c%s\n(NtRNb.",
                        b"c%s\nN}U\x08__call__K\x01s\x86b.", b"c%s\n}U\x08__init__K\x01sb."):
            if (name, program) == (b"__builtin__\nbytes", b"c%s\n)R."):
                continue        # what it is there for
            with pytest.raises(ValueError, match="here"):
                pickles.load(b"\x80\x02" + program % name, "here")
    assert same(pickles.load(pickle.dumps(DATA, 2), "here"), DATA)


@pytest.mark.parametrize("content", [
    b"", b".", b"<html>", pickle.dumps(DATA, 2)[:-9], pickle.dumps(DATA, 2)[9:], b"\x80\x63.", b"\x80\x02P1\n.",
    b"\x80\x02" + b"]" * 100 + b"a" * 200 + b".", b"\x80\x04\x8d" + struct.pack("<Q", 2**62),
    b"(" * 100 + b"l" * 100,
])  # fmt: skip
def test_damaged_ones_are_refused(content):
    with pytest.raises(ValueError, match="here is no pickle of plain data"):
        pickles.load(content, "here")


def test_loops_end():
    loop = [1]
    loop.append(loop)
    loaded = pickles.load(pickle.dumps(loop, 2), "here")
    assert loaded[1] is loaded
    deep = []
    for _ in range(300):
        deep = [deep]
    assert pickles.load(pickle.dumps(deep, 2), "here") == deep


def test_registered_extensions_are_refused():
    copyreg.add_extension("os", "getcwd", 0x7ABC)
    try:
        file = io.BytesIO()
        pickle.Pickler(file, 2).dump(os.getcwd)
        with pytest.raises(ValueError, match="os.getcwd|posix.getcwd"):
            pickles.load(b"\x80\x02\x83\xbc\x7a.", "here")
        with pytest.raises(ValueError, match="can run code"):
            pickles.load(file.getvalue(), "here")
    finally:
        copyreg.remove_extension("os", "getcwd", 0x7ABC)
