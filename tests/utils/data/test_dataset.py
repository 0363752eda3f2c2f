"""Datasets and what they are put together from."""

import numpy as np
import pytest
from alike import array, same, seeded, tensor

import minigrad
from minigrad.utils import data as D

try:
    import torch
    import torch.utils.data as T
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def numbers(n=10):
    return D.TensorDataset(tensor(np.arange(n)))


def test_tensor_dataset_gives_tuples():
    d = D.TensorDataset(tensor([[1, 2], [3, 4]]), tensor([5, 6]))
    assert len(d) == 2
    assert same(d[1], (tensor([3, 4]), tensor(6)))


def test_subset_and_concat_and_plus():
    d = D.Subset(range(10, 20), [3, 4, 4])
    assert (len(d), d[0], d[-1]) == (3, 13, 14)
    c = D.ConcatDataset([range(3), [], range(4)])
    assert len(c) == 7
    assert [c[i] for i in range(7)] == [0, 1, 2, 0, 1, 2, 3]
    assert (c[-1], c[-7]) == (3, 0)
    both = numbers(2) + numbers(3)
    assert [array(both[i][0]).item() for i in range(5)] == [0, 1, 0, 1, 2]
    for i in (7, -8):
        with pytest.raises(IndexError, match=f"{i} is out of range for 7"):
            c[i]


def test_random_split_cuts_a_permutation():
    parts = D.random_split(range(10), [3, 7], generator=seeded(minigrad, 42))
    assert [p.indices for p in parts] == [[2, 6, 1], [8, 4, 5, 0, 9, 3, 7]]     # torch's


@needs_torch
@pytest.mark.parametrize("n, lengths", [(10, [3, 7]), (11, [0.3, 0.3, 0.4]), (10, [1 / 3] * 3),
                                        (17, [0.25] * 4), (10, [1, 0]), (5, [5]), (0, [0.5, 0.5])])
@pytest.mark.filterwarnings("ignore:.*empty", "ignore:Length of split")
def test_random_split_as_torch(n, lengths):
    ours = D.random_split(range(n), lengths, generator=seeded(minigrad, 1))
    theirs = T.random_split(range(n), lengths, generator=seeded(torch, 1))
    assert [p.indices for p in ours] == [p.indices for p in theirs]


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match=r"part 1 of \[0.9, 0.1\] is empty"):
        D.random_split(range(1), [0.9, 0.1])


class Count(D.IterableDataset):
    def __init__(self, *numbers):
        self.numbers = numbers

    def __iter__(self):
        return iter(self.numbers)

    def __len__(self):
        return len(self.numbers)


def test_streams_one_after_the_other():
    both = Count(1, 2) + Count() + Count(3)
    assert isinstance(both, D.ChainDataset)
    assert list(both) == list(both) == [1, 2, 3]
    assert len(both) == 3
    assert [array(b).tolist() for b in D.DataLoader(both, batch_size=2)] == [[1, 2], [3]]
    wrong = D.ChainDataset([Count(1), range(3)])
    with pytest.raises(TypeError, match="dataset 1 is a range.*ConcatDataset"):
        list(wrong)
    with pytest.raises(TypeError, match="dataset 1 is a range"):
        len(wrong)


def test_datasets_side_by_side():
    d = D.StackDataset(range(3), "abc")
    assert (len(d), d[1], d[-1]) == (3, (1, "b"), (2, "c"))
    named = D.StackDataset(x=range(3), y="abc")
    assert (len(named), named[2]) == (3, {"x": 2, "y": "c"})


@needs_torch
@pytest.mark.parametrize("named", [False, True])
def test_side_by_side_as_torch_and_whole_batches(named):
    def made(module, from_numpy):
        a = module.TensorDataset(from_numpy(np.arange(10.0)), from_numpy(np.arange(20).reshape(10, 2)))
        b = module.Subset(module.TensorDataset(from_numpy(np.arange(30))), range(29, 9, -2))
        return module.StackDataset(a=a, b=b) if named else module.StackDataset(a, b)

    ours, theirs = made(D, minigrad.from_numpy), made(T, torch.from_numpy)
    assert same(ours[3], theirs[3])
    assert D._batch_reader(ours) is not None
    assert same(list(D.DataLoader(ours, batch_size=4)), list(T.DataLoader(theirs, batch_size=4)))
    assert D._batch_reader(D.StackDataset(ours, range(10))) is None


class Stream(D.IterableDataset):
    def __iter__(self):
        return iter(range(5))


class Counted(Stream):
    def __len__(self):
        return 5


@pytest.mark.parametrize("call, error, says", [
    (lambda: D.TensorDataset(tensor(np.zeros((3, 2))), tensor(np.zeros(4))), ValueError, r"\(3, 2\), \(4,\)"),
    (lambda: D.TensorDataset(tensor(1.0)), ValueError, r"\(\)"),
    (lambda: D.TensorDataset(np.zeros(3)), TypeError, "from_numpy"),
    (lambda: len(D.TensorDataset()), ValueError, "at least one"),
    (lambda: D.ConcatDataset([]), ValueError, "at least one"),
    (lambda: D.ConcatDataset([Stream()]), TypeError, "dataset 0 is an IterableDataset"),
    (lambda: D.random_split(range(10), [3, 3]), ValueError, "sum 6, but the dataset has 10"),
    (lambda: D.random_split(range(10), [11, -1]), ValueError, "negative"),
    (lambda: D.random_split(range(10), [0.3, 0.9]), ValueError, "sum 1.2; it must be 1"),
    (lambda: D.random_split(range(10), [1.5, -0.5]), ValueError, "fraction 0 is 1.5"),
    (lambda: D.Dataset()[0], NotImplementedError, "__getitem__"),
    (lambda: iter(D.IterableDataset()), NotImplementedError, "__iter__"),
    (lambda: D.StackDataset(), ValueError, "got none"),
    (lambda: D.StackDataset([1], a=[1]), ValueError, "got both"),
    (lambda: D.StackDataset([1], [1, 2]), ValueError, r"\[1, 2\]"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_datasets_can_be_subscripted_in_annotations():
    class Typed(D.Dataset[tuple]):
        pass

    assert issubclass(Typed, D.Dataset)
