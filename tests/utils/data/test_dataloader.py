"""Datasets, samplers, collating and the loader; torch's own loader is the oracle where torch is installed."""

import collections

import numpy as np
import pytest

import minigrad
from minigrad.utils import data as D

try:
    import torch
    import torch.utils.data as T
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


def tensor(a):
    return minigrad.from_numpy(np.array(a))


def array(t):
    return t.numpy()


def same(a, b):
    """Equal to the bit, of the same kinds, at any depth; all Tensors are one kind."""
    if hasattr(a, "numpy") or hasattr(b, "numpy"):
        a, b = a.detach().numpy(), b.detach().numpy()
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    if type(a).__name__ != type(b).__name__:
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def seeded(module, seed):
    g = module.Generator()
    g.manual_seed(seed)
    return g


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


# ---------------------------------------------------------------- order

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


SAMPLERS = {
    "sequential": lambda m, g: m.SequentialSampler(range(7)),
    "random": lambda m, g: m.RandomSampler(range(7), generator=g),
    "few": lambda m, g: m.RandomSampler(range(7), num_samples=3, generator=g),
    "many": lambda m, g: m.RandomSampler(range(7), num_samples=17, generator=g),
    "twice": lambda m, g: m.RandomSampler(range(7), num_samples=14, generator=g),
    "replaced": lambda m, g: m.RandomSampler(range(7), replacement=True, generator=g),
    "replaced_32": lambda m, g: m.RandomSampler(range(7), replacement=True, num_samples=32, generator=g),
    "replaced_70": lambda m, g: m.RandomSampler(range(7), replacement=True, num_samples=70, generator=g),
    "subset": lambda m, g: m.SubsetRandomSampler([5, 3, 8, 1], generator=g),
    "weighted": lambda m, g: m.WeightedRandomSampler([0.1, 0, 3, 1, 2], 40, generator=g),
    "weighted_one": lambda m, g: m.WeightedRandomSampler([0.1, 0, 3, 1, 2], 1, generator=g),
    "weighted_once": lambda m, g: m.WeightedRandomSampler([0.1, 0, 3, 1, 2], 4, False, generator=g),
}


@needs_torch
@pytest.mark.parametrize("seed", [0, 7, 2**40 + 1])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_samplers_draw_what_torch_draws_and_leave_the_generator_as_torch_does(make, seed):
    ours, theirs = seeded(minigrad, seed), seeded(torch, seed)
    for _ in range(2):
        a, b = make(D, ours), make(T, theirs)
        assert list(a) == list(b)
        assert len(a) == len(b)
        assert array(minigrad.rand(1, generator=ours)) == torch.rand(1, generator=theirs).numpy()


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_a_samplers_chunks_are_its_indices(make):
    one, other = make(D, seeded(minigrad, 5)), make(D, seeded(minigrad, 5))
    if hasattr(one, "_chunks"):
        assert list(one) == np.concatenate(list(other._chunks())).tolist()
    assert all(type(i) is int for i in make(D, seeded(minigrad, 5)))


def test_weights_choose_as_often_as_they_weigh_and_zero_never():
    sampler = D.WeightedRandomSampler([1, 0, 2, 5], 8000, generator=seeded(minigrad, 1))
    drawn = np.bincount(list(sampler), minlength=4)
    assert drawn[1] == 0
    assert np.abs(drawn / 8000 - np.array([1, 0, 2, 5]) / 8).max() < 0.03
    assert sorted(D.WeightedRandomSampler([1, 0, 2, 5], 3, replacement=False)) == [0, 2, 3]


# ---------------------------------------------------------------- whole batches

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


# ---------------------------------------------------------------- collating

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


# ---------------------------------------------------------------- datasets

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


# ---------------------------------------------------------------- the loader's own manners

def test_lengths():
    for size, drop, n in ((3, False, 4), (3, True, 3), (5, True, 2), (20, False, 1), (20, True, 0)):
        loader = D.DataLoader(numbers(), batch_size=size, drop_last=drop)
        assert len(loader) == n == len(list(loader))
    assert len(D.DataLoader(numbers(), batch_size=None)) == 10
    assert len(D.DataLoader(numbers(), batch_sampler=[[1], [2]])) == 2


def test_an_empty_dataset_has_no_batches():
    assert list(D.DataLoader(D.TensorDataset(tensor(np.zeros((0, 2)))))) == []


def test_a_list_is_a_dataset_and_workers_are_ignored():
    loader = D.DataLoader([(1.0, 2), (3.0, 4)], batch_size=2, num_workers=3, pin_memory=True, timeout=5,
                          prefetch_factor=2, persistent_workers=True, worker_init_fn=print)
    assert same(list(loader), [[tensor([1.0, 3.0]), tensor([2, 4])]])
    assert D.get_worker_info() is None


@pytest.mark.parametrize("call, error, says", [
    (lambda: D.TensorDataset(tensor(np.zeros((3, 2))), tensor(np.zeros(4))), ValueError, r"\(3, 2\), \(4,\)"),
    (lambda: D.TensorDataset(tensor(1.0)), ValueError, r"\(\)"),
    (lambda: D.TensorDataset(np.zeros(3)), TypeError, "from_numpy"),
    (lambda: len(D.TensorDataset()), ValueError, "at least one"),
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
    (lambda: D.BatchSampler([1], 0, False), ValueError, "batch_size is 0"),
    (lambda: D.BatchSampler([1], 1, 1), ValueError, "drop_last is 1"),
    (lambda: D.RandomSampler(range(3), num_samples=0), ValueError, "num_samples is 0"),
    (lambda: D.RandomSampler([]), ValueError, "empty"),
    (lambda: D.RandomSampler([1], replacement=1), TypeError, "replacement is 1"),
    (lambda: D.ConcatDataset([]), ValueError, "at least one"),
    (lambda: D.ConcatDataset([Stream()]), TypeError, "dataset 0 is an IterableDataset"),
    (lambda: D.random_split(range(10), [3, 3]), ValueError, "sum 6, but the dataset has 10"),
    (lambda: D.random_split(range(10), [11, -1]), ValueError, "negative"),
    (lambda: D.random_split(range(10), [0.3, 0.9]), ValueError, "sum 1.2; it must be 1"),
    (lambda: D.random_split(range(10), [1.5, -0.5]), ValueError, "fraction 0 is 1.5"),
    (lambda: D.WeightedRandomSampler([[1.0]], 1), ValueError, r"\(1, 1\)"),
    (lambda: D.WeightedRandomSampler([1.0, -2.0], 1), ValueError, "weight 1 is -2.0"),
    (lambda: D.WeightedRandomSampler([1.0, float("nan")], 1), ValueError, "weight 1 is nan"),
    (lambda: D.WeightedRandomSampler([0.0, 0.0], 1), ValueError, "all 2 weights are zero"),
    (lambda: D.WeightedRandomSampler([0.0, 1.0], 2, False), ValueError, "2 samples without replacement"),
    (lambda: D.WeightedRandomSampler([1.0], 0), ValueError, "num_samples is 0"),
    (lambda: D.Dataset()[0], NotImplementedError, "__getitem__"),
    (lambda: iter(D.IterableDataset()), NotImplementedError, "__iter__"),
    (lambda: iter(D.Sampler()), NotImplementedError, "__iter__"),
    (lambda: list(D.DataLoader(numbers(3), sampler=[5])), IndexError, "5"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_datasets_can_be_subscripted_in_annotations():
    class Typed(D.Dataset[tuple]):
        pass

    assert issubclass(Typed, D.Dataset)
