"""Samples into batches: torch's own collating is the oracle where torch is installed."""

import collections

import numpy as np
import pytest
from alike import same, tensor

import minigrad
from minigrad.utils import data as D

try:
    import torch
    import torch.utils.data as T
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


Point = collections.namedtuple("Point", "x y")

SAMPLES = {
    "tensors": lambda m: [m.tensor([1.0, 2.0]), m.tensor([3.0, 4.0])],
    "scalars": lambda m: [m.tensor(1), m.tensor(2)],
    "arrays": lambda m: [np.arange(3), np.arange(3)],
    "numpy scalars": lambda m: [np.float32(1), np.float32(2)],
    "float64": lambda m: [np.float64(1), np.float64(2)],
    "int32": lambda m: [np.int32(1)],
    "0-d arrays": lambda m: [np.array(1.5), np.array(2.5)],
    "floats": lambda m: [1.5, 2],
    "ints": lambda m: [1, 2],
    "bools": lambda m: [True, False],
    "strings": lambda m: ["a", "bc"],
    "bytes": lambda m: [b"a", b"bc"],
    "pairs": lambda m: [(1, 2.0), (3, 4.0)],
    "lists": lambda m: [[1, "x"], [2, "y"]],
    "ranges": lambda m: [range(2), range(2)],
    "dicts": lambda m: [{"a": 1, "b": [m.tensor([1])]}, {"a": 2, "b": [m.tensor([2])]}],
    "ordered": lambda m: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "namedtuples": lambda m: [Point(1, np.zeros(2)), Point(2, np.ones(2))],
    "nested": lambda m: [((1, (2, "a")), {"k": (3.0,)})] * 2,
}


@needs_torch
@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_collate_as_torch(make):
    assert same(D.default_collate(make(minigrad)), T.default_collate(make(torch)))


@needs_torch
@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_convert_as_torch(make):
    assert same(D.default_convert(make(minigrad)[0]), T.default_convert(make(torch)[0]))


@pytest.mark.parametrize("batch, error, says", [
    ([np.zeros(2), np.zeros(3)], ValueError, r"\(2,\) and sample 1 has \(3,\)"),
    ([[1], [1, 2]], ValueError, "sample 0 of the batch has 1 elements and sample 1 has 2"),
    ([{"a": 1}, {"b": 1}], KeyError, "sample 1 of the batch lacks the key 'a'"),
    ([None, None], TypeError, "NoneType.*collate_fn"),
    ([object()], TypeError, "object.*collate_fn"),
    ([np.array(["a"])], TypeError, "dtype <U1"),
    ([], IndexError, "empty"),
])
def test_collate_says_what_does_not_fit(batch, error, says):
    with pytest.raises(error, match=says):
        D.default_collate(batch)


def test_collate_names_the_shapes_of_tensors_that_differ():
    with pytest.raises(ValueError, match=r"\(2, 1\) and sample 1 has \(2,\)"):
        D.default_collate([tensor(np.zeros((2, 1))), tensor(np.zeros(2))])
