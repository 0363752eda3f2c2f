"""Sequences of different lengths: padded and packed."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn.utils import rnn
from minigrad.testing import gradcheck


def sequences():
    return [mg.arange(float(n)).reshape(n, 1) + 10.0 * i for i, n in enumerate((2, 4, 1))]


def test_padding_fills_up_behind_or_before():
    a, b = mg.ones(1), mg.ones(3) * 2
    assert rnn.pad_sequence([a, b]).tolist() == [[1.0, 2.0], [0.0, 2.0], [0.0, 2.0]]
    assert rnn.pad_sequence([a, b], batch_first=True, padding_value=-1.0).tolist() == [[1.0, -1.0, -1.0], [2.0] * 3]
    assert rnn.pad_sequence((a, b), True, 0.0, "left").tolist() == [[0.0, 0.0, 1.0], [2.0] * 3]
    assert rnn.pad_sequence([a.long(), b.long()]).dtype is mg.int64


@pytest.mark.parametrize("batch_first", [False, True])
def test_there_and_back(batch_first):
    xs = sequences()
    padded = rnn.pad_sequence(xs, batch_first)
    packed = rnn.pack_padded_sequence(padded, [2, 4, 1], batch_first, enforce_sorted=False)
    assert packed.data.flatten().tolist() == [10.0, 0.0, 20.0, 11.0, 1.0, 12.0, 13.0]
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    again, lengths = rnn.pad_packed_sequence(packed, batch_first)
    assert again.tolist() == padded.tolist()
    assert lengths.tolist() == [2, 4, 1]
    longer, _ = rnn.pad_packed_sequence(packed, batch_first, padding_value=7.0, total_length=5)
    assert longer.shape[1 if batch_first else 0] == 5
    assert (longer == 7.0).sum().item() == 3 * 5 - 7
    for back in (rnn.unpad_sequence(padded, lengths, batch_first), rnn.unpack_sequence(packed)):
        assert [s.tolist() for s in back] == [s.tolist() for s in xs]


def test_sorted_sequences_need_no_order():
    packed = rnn.pack_sequence([mg.ones(3), mg.ones(2), mg.ones(2)])
    assert packed.sorted_indices is packed.unsorted_indices is None
    assert packed.batch_sizes.tolist() == [3, 3, 1]
    assert packed.batch_sizes.dtype is mg.int64


def test_gradients_go_through():
    x = mg.randn(4, 3, 2, dtype=mg.float64, requires_grad=True)

    def f(x):
        return rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False))[0]

    assert gradcheck(f, (x,))
    f(x).sum().backward()
    assert x.grad.sum(2).tolist() == [[2.0, 2.0, 2.0], [2.0, 2.0, 0.0], [0.0, 2.0, 0.0], [0.0, 2.0, 0.0]]
    a, b = mg.randn(2, dtype=mg.float64, requires_grad=True), mg.randn(3, dtype=mg.float64, requires_grad=True)
    assert gradcheck(lambda a, b: rnn.pad_sequence([a, b]), (a, b))


def test_a_packed_sequence_converts_copies_and_pickles():
    packed = rnn.pack_sequence(sequences(), enforce_sorted=False)
    assert packed.double().data.dtype is mg.float64
    assert packed.double().batch_sizes is packed.batch_sizes
    assert packed.to("cpu") is packed.cpu() is packed.pin_memory() is packed
    assert packed.long().data.dtype is mg.int64
    assert not packed.is_cuda and not packed.is_pinned()
    with pytest.raises(RuntimeError, match="CPU only"):
        packed.cuda()
    for twin in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))):
        assert isinstance(twin, rnn.PackedSequence)
        assert [t.tolist() for t in twin] == [t.tolist() for t in packed]
    assert rnn.PackedSequence(packed.data, packed.batch_sizes, packed.sorted_indices).unsorted_indices.tolist() == [
        1, 0, 2,
    ]  # fmt: skip


def test_a_permutation_is_undone():
    p = mg.tensor([2, 0, 3, 1])
    assert p[rnn.invert_permutation(p)].tolist() == [0, 1, 2, 3]
    assert rnn.invert_permutation(None) is None


X = mg.ones(4, 3, 1)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: rnn.pack_padded_sequence(X, [1, 4, 2]), ValueError, r"\[1, 4, 2\]; enforce_sorted=False"),
        (lambda: rnn.pack_padded_sequence(X, [4, 2]), ValueError, r"each of 3 sequences, got lengths of shape \(2,\)"),
        (lambda: rnn.pack_padded_sequence(X, [4, 2, 0]), ValueError, "from 1 to 4"),
        (lambda: rnn.pack_padded_sequence(X, [5, 2, 1]), ValueError, "from 1 to 4"),
        (lambda: rnn.pack_padded_sequence(X, [4, 2.5, 1]), TypeError, "whole numbers"),
        (lambda: rnn.pack_padded_sequence(mg.ones(3), [3]), ValueError, r"\(T, N, \.\.\.\), got shape \(3,\)"),
        (lambda: rnn.pack_padded_sequence(mg.ones(4, 0, 1), []), ValueError, "no sequences"),
        (lambda: rnn.pad_packed_sequence(X), TypeError, "expected a PackedSequence, got Tensor"),
        (lambda: rnn.pad_packed_sequence(rnn.pack_sequence([X]), total_length=3), ValueError, "below 4"),
        (lambda: rnn.pad_sequence([]), ValueError, "no sequences"),
        (lambda: rnn.pad_sequence([mg.ones(2, 3), mg.ones(1, 4)]), ValueError, "at place 1"),
        (lambda: rnn.pad_sequence([mg.ones(2), mg.ones(1).double()]), ValueError, "float64 at place 1"),
        (lambda: rnn.pad_sequence([mg.tensor(1.0)]), TypeError, "no axes"),
        (lambda: rnn.pad_sequence([mg.ones(1)], padding_side="x"), ValueError, "'left' or 'right', got 'x'"),
        (lambda: rnn.PackedSequence(X, mg.tensor([3, 2])), ValueError, "sum to 5, data has 4 rows"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.oracle
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [[5, 4, 4, 1], [1, 5, 2, 5], [3, 3, 3, 3]], ids=str)
def test_packing_is_torchs(lengths, batch_first):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    x = np.random.default_rng(0).standard_normal((4, 5, 2) if batch_first else (5, 4, 2))
    results = []
    for lib in (mg, torch):
        there = lib.nn.utils.rnn
        packed = there.pack_padded_sequence(lib.tensor(x), lib.tensor(lengths), batch_first, enforce_sorted=False)
        padded, n = there.pad_packed_sequence(packed, batch_first, 3.0)
        xs = there.unpack_sequence(packed)
        left = there.pad_sequence(xs, batch_first, 2.0, "left")
        results.append([t.numpy() for t in (*packed, padded, n, *xs, left)])
    for a, b in zip(*results, strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
