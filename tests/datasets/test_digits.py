"""The digits that come with minigrad."""

import os

import numpy as np
import pytest

import minigrad
from minigrad.datasets import Digits, digits


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
    folder = os.path.dirname(digits.PATH)
    assert os.path.getsize(os.path.join(folder, "digits.npz")) < 100_000
    with open(os.path.join(folder, "digits.txt")) as file:
        assert "CC BY 4.0" in file.read()
