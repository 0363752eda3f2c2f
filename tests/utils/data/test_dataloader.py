"""The loader: torch's own is the oracle where torch is installed."""

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


class ItemByItem(D.Dataset):
    """Another dataset without its shortcut."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, index):
        return self.dataset[index]

    def __len__(self):
        return len(self.dataset)


def numbers(n=10):
    return D.TensorDataset(tensor(np.arange(n)))


def visited(loader):
    return [array(batch[0]).tolist() for batch in loader]


def test_a_shuffled_loader_visits_the_samples_in_torchs_order():
    minigrad.manual_seed(0)         # the numbers are torch 2.13's
    loader = D.DataLoader(numbers(), batch_size=4, shuffle=True)
    assert visited(loader) == [[6, 7, 1, 4], [2, 0, 9, 8], [3, 5]]
    assert visited(loader) == [[2, 4, 7, 0], [8, 9, 5, 3], [6, 1]]


def test_a_loader_with_a_generator_visits_the_samples_in_torchs_order():
    loader = D.DataLoader(numbers(), batch_size=4, shuffle=True, generator=seeded(minigrad, 3))
    assert visited(loader) == [[7, 4, 2, 9], [1, 5, 0, 8], [6, 3]]
    assert visited(loader) == [[1, 2, 0, 5], [9, 4, 8, 3], [6, 7]]


LOADERS = {
    "plain": dict(batch_size=4),
    "shuffle": dict(batch_size=4, shuffle=True),
    "drop_last": dict(batch_size=4, shuffle=True, drop_last=True),
    "whole": dict(batch_size=5, shuffle=True),
    "whole_drop_last": dict(batch_size=5, shuffle=True, drop_last=True),
    "one": dict(shuffle=True),
    "large": dict(batch_size=64, shuffle=True),
    "unbatched": dict(batch_size=None, shuffle=True),
}


@needs_torch
@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("options", LOADERS.values(), ids=LOADERS)
def test_loaders_draw_what_torch_draws_step_by_step(options, own_generator):
    for seed in (0, 1, 12345):
        minigrad.manual_seed(seed)
        ours = D.DataLoader(numbers(), **options,
                            **({"generator": seeded(minigrad, seed)} if own_generator else {}))
        seen = []
        for _ in range(2):
            for batch in ours:
                seen.append((array(batch[0]).tolist(), array(minigrad.rand(1)).item()))
        torch.manual_seed(seed)
        theirs = T.DataLoader(T.TensorDataset(torch.arange(10)), **options,
                              **({"generator": seeded(torch, seed)} if own_generator else {}))
        expected = []
        for _ in range(2):
            for batch in theirs:
                expected.append((batch[0].tolist(), torch.rand(1).item()))
        assert seen == expected


def pairs(n=23):
    rng = np.random.default_rng(0)
    columns = (rng.normal(size=(n, 3, 2)).astype(np.float32), rng.integers(0, 5, n), rng.normal(size=n),
               rng.random((n, 2)) < 0.5)
    return D.TensorDataset(*map(tensor, columns))


@pytest.mark.parametrize("options", [
    dict(), dict(shuffle=True), dict(drop_last=True, shuffle=True), dict(sampler=[3, -1, 0, 3, 7, 9, 9]),
    dict(sampler=D.RandomSampler(range(23), True, 50)),
], ids=["plain", "shuffle", "drop_last", "list", "replacement"])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: D.Subset(d, list(range(22, -1, -1))),
                                  lambda d: D.Subset(D.Subset(d, range(23)), np.arange(23)[::-1])])
def test_whole_batches_equal_batches_made_sample_by_sample(options, wrap):
    whole = wrap(pairs())
    assert D._batch_reader(whole) is not None
    assert D._batch_reader(ItemByItem(whole)) is None
    minigrad.manual_seed(4)
    a = list(D.DataLoader(whole, batch_size=5, **options))
    minigrad.manual_seed(4)
    b = list(D.DataLoader(ItemByItem(whole), batch_size=5, **options))
    assert len(a) > 1
    assert same(a, b)


def test_whole_batches_come_from_a_users_batch_sampler_too():
    order = [[4, 1], [0], [22, -2, 3]]
    assert same(list(D.DataLoader(pairs(), batch_sampler=order)),
                list(D.DataLoader(ItemByItem(pairs()), batch_sampler=order)))


def test_a_batch_is_a_copy_and_writing_to_it_leaves_the_dataset_alone():
    data = np.arange(6.0)
    for loader in (D.DataLoader(D.TensorDataset(minigrad.from_numpy(data)), batch_size=3),
                   D.DataLoader(D.TensorDataset(minigrad.from_numpy(data)), batch_size=3, shuffle=True)):
        for (x,) in loader:
            array(x)[:] = -1
    assert data.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_subclass_that_overrides_getitem_is_asked_for_its_items():
    class Negative(D.TensorDataset):
        def __getitem__(self, index):
            return -self.tensors[0][index]

    (batch,) = D.DataLoader(Negative(tensor([1, 2, 3])), batch_size=3)
    assert array(batch).tolist() == [-1, -2, -3]


def test_a_subclass_that_overrides_a_samplers_iter_is_asked_for_its_indices():
    class Backwards(D.SequentialSampler):
        def __iter__(self):
            return reversed(range(len(self.data_source)))

    class Evens(D.BatchSampler):
        def __iter__(self):
            return iter([[0, 2], [4]])

    assert visited(D.DataLoader(numbers(3), batch_size=2, sampler=Backwards(range(3)))) == [[2, 1], [0]]
    assert visited(D.DataLoader(numbers(5), batch_sampler=Evens(range(5), 2, False))) == [[0, 2], [4]]


def test_getitems_is_asked_for_a_batch():
    asked = []

    class Many(D.TensorDataset):
        def __getitems__(self, indices):
            asked.append(indices)
            return [self[i] for i in indices]

    assert visited(D.DataLoader(Many(tensor([5, 6, 7])), batch_size=2)) == [[5, 6], [7]]
    assert asked == [[0, 1], [2]]


def test_a_collate_fn_gets_the_samples():
    got = list(D.DataLoader(numbers(3), batch_size=2, collate_fn=lambda samples: samples))
    assert [len(batch) for batch in got] == [2, 1]
    assert isinstance(got[0][0], tuple)


class Stream(D.IterableDataset):
    def __iter__(self):
        return iter(range(5))


class Counted(Stream):
    def __len__(self):
        return 5


def test_a_stream_is_cut_into_batches():
    def batches(**options):
        return [array(b).tolist() if hasattr(b, "numpy") else b for b in D.DataLoader(Stream(), **options)]

    assert batches(batch_size=2) == [[0, 1], [2, 3], [4]]
    assert batches(batch_size=2, drop_last=True) == [[0, 1], [2, 3]]
    assert batches(batch_size=None) == [0, 1, 2, 3, 4]
    assert len(D.DataLoader(Counted(), batch_size=2)) == 3
    assert len(D.DataLoader(Counted(), batch_size=2, drop_last=True)) == 2
    with pytest.raises(TypeError, match="no len"):
        len(D.DataLoader(Stream()))


def test_lengths():
    for size, drop, n in ((3, False, 4), (3, True, 3), (5, True, 2), (20, False, 1), (20, True, 0)):
        loader = D.DataLoader(numbers(), batch_size=size, drop_last=drop)
        assert len(loader) == n == len(list(loader))
    assert len(D.DataLoader(numbers(), batch_size=None)) == 10
    assert len(D.DataLoader(numbers(), batch_sampler=[[1], [2]])) == 2


def test_an_empty_dataset_has_no_batches():
    assert list(D.DataLoader(D.TensorDataset(tensor(np.zeros((0, 2)))))) == []


def test_a_list_is_a_dataset_and_what_workers_need_is_ignored():
    loader = D.DataLoader([(1.0, 2), (3.0, 4)], batch_size=2, num_workers=3, pin_memory=True, timeout=5,
                          prefetch_factor=2, persistent_workers=True, worker_init_fn=lambda worker: None)
    assert same(list(loader), [[tensor([1.0, 3.0]), tensor([2, 4])]])
    assert D.get_worker_info() is None


@pytest.mark.parametrize("call, error, says", [
    (lambda: D.DataLoader(numbers(), batch_size=0), ValueError, "batch_size is 0.*positive"),
    (lambda: D.DataLoader(numbers(), batch_size=-2), ValueError, "batch_size is -2"),
    (lambda: D.DataLoader(numbers(), batch_size=2.5), ValueError, "batch_size is 2.5"),
    (lambda: D.DataLoader(numbers(), batch_size=True), ValueError, "batch_size is True"),
    (lambda: D.DataLoader(numbers(), shuffle=True, sampler=[1]), ValueError, "sampler and shuffle"),
    (lambda: D.DataLoader(numbers(), batch_sampler=[[1]], batch_size=2), ValueError, "also batch_size"),
    (lambda: D.DataLoader(numbers(), batch_sampler=[[1]], drop_last=True), ValueError, "also drop_last"),
    (lambda: D.DataLoader(numbers(), batch_size=None, drop_last=True), ValueError, "drop_last"),
    (lambda: D.DataLoader(numbers(0), shuffle=True), ValueError, r"empty \(0 samples\)"),
    (lambda: D.DataLoader(numbers(), num_workers=-1), ValueError, "num_workers is -1"),
    (lambda: D.DataLoader(numbers(), timeout=-1), ValueError, "timeout is -1"),
    (lambda: D.DataLoader(numbers(), prefetch_factor=2), ValueError, "prefetch_factor"),
    (lambda: D.DataLoader(numbers(), persistent_workers=True), ValueError, "persistent_workers"),
    (lambda: D.DataLoader(iter([1])), TypeError, "IterableDataset"),
    (lambda: D.DataLoader(Stream(), shuffle=True), ValueError, "shuffle=True with an IterableDataset"),
    (lambda: D.DataLoader(Stream(), sampler=[1]), ValueError, "sampler"),
    (lambda: setattr(D.DataLoader(numbers()), "batch_size", 3), ValueError, "make a new DataLoader"),
    (lambda: list(D.DataLoader(numbers(3), sampler=[5])), IndexError, "5"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()
