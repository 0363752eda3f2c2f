"""Datasets, samplers and the loader that turns them into batches.

    dataset    what there is:       dataset[i] is one sample
    sampler    in which order:      yields indices
    DataLoader in which portions:   yields collated batches

Names, arguments and the order of iteration are those of ``torch.utils.data``: after
the same ``manual_seed`` a shuffled loader visits the samples in torch's order, and
leaves the generator in the state in which torch leaves it.

Everything runs in this process. The data of small networks lie in memory, where a
worker process costs more than it brings; ``num_workers`` and its company are accepted
and ignored. What makes the loader fast is another thing: a dataset that can index
itself with an array (``TensorDataset``, the image sets, a ``Subset`` of either) hands
out whole batches, and no Python loop runs over samples.
"""

import bisect
import operator
import warnings
from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

import minigrad  # its names are looked up when used: it may still be importing us

__all__ = [
    "Dataset", "IterableDataset", "TensorDataset", "Subset", "ConcatDataset", "random_split",
    "Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler",
    "WeightedRandomSampler", "BatchSampler",
    "default_collate", "default_convert", "DataLoader", "get_worker_info",
]


# ---------------------------------------------------------------- random numbers
# All randomness of this file passes through these four.

def _draw_seed(generator=None):
    """One int64 from `generator` (None: the default one), as torch draws a loader's seeds."""
    return int(minigrad.empty((), dtype=minigrad.int64).random_(generator=generator).item())


def _permutation(n, generator=None):
    return minigrad.randperm(n, generator=generator).numpy()


def _integers(high, count, generator=None):
    return minigrad.randint(0, high, (count,), generator=generator).numpy()


def _uniform(count, generator=None):
    return minigrad.rand(count, dtype=minigrad.float64, generator=generator).numpy()


def _positive_int(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0


# ---------------------------------------------------------------- whole batches

def _own(thing, public, shortcut):
    """thing.shortcut, if the class that defines `public` defines `shortcut` beside it; else None.

    A subclass that overrides `public` without the shortcut has said that the shortcut's
    answer is no longer its own.
    """
    for kind in type(thing).__mro__:
        if public in vars(kind):
            return getattr(thing, shortcut) if shortcut in vars(kind) else None
    return None


def _batch_reader(dataset):
    """A function from an index array to default_collate([dataset[i] for i in array]), or None."""
    if getattr(dataset, "__getitems__", None) is not None:
        return None
    make = _own(dataset, "__getitem__", "_batch_reader")
    return None if make is None else make()


def _index_array(indices):
    """`indices` as an int64 array; None if it is empty or holds something else than integers."""
    if not isinstance(indices, np.ndarray):
        try:
            indices = np.array([operator.index(i) for i in indices], dtype=np.int64)
        except (TypeError, ValueError, OverflowError):
            return None
    return indices if indices.size and indices.ndim == 1 else None


# ---------------------------------------------------------------- datasets

class Dataset:
    """Base of datasets: a subclass defines ``__getitem__(index)`` and ``__len__()``.

    It may also define ``__getitems__(indices)``, which answers a list of samples for a
    list of indices; the loader then asks for a batch at once. ``a + b`` is
    ``ConcatDataset([a, b])``.
    """

    def __class_getitem__(cls, item):
        return cls

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(self, index)")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Base of streams: a subclass defines ``__iter__()``; ``__len__()`` is optional.

    The loader cuts the stream into batches in the order in which it comes.
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")


class TensorDataset(Dataset):
    """Tensors side by side: sample i is ``tuple(t[i] for t in tensors)``.

    Args:
        *tensors: Tensors of one first dimension N.

    Raises:
        TypeError: an argument is not a Tensor.
        ValueError: the first dimensions differ, or a tensor has none.
    """

    def __init__(self, *tensors):
        for k, t in enumerate(tensors):
            if not isinstance(t, minigrad.Tensor):
                raise TypeError(f"TensorDataset: argument {k} is a {type(t).__name__}, not a Tensor; "
                                "wrap an array with minigrad.from_numpy, a list with minigrad.tensor")
        shapes = [tuple(t.shape) for t in tensors]
        if any(len(s) == 0 for s in shapes) or len({s[0] for s in shapes}) > 1:
            raise ValueError("TensorDataset: the tensors need one first dimension, the number of samples; "
                             f"their shapes are {', '.join(map(str, shapes))}")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(t[index] for t in self.tensors)

    def __len__(self):
        if not self.tensors:
            raise ValueError("TensorDataset: holds no tensor, so it has no length; give it at least one")
        return self.tensors[0].shape[0]

    def _batch_reader(self):
        tensors = self.tensors
        return lambda rows: [t[rows] for t in tensors]


class Subset(Dataset):
    """The samples of `dataset` at `indices`: sample i is ``dataset[indices[i]]``.

    Args:
        dataset: a dataset with ``__getitem__``.
        indices: a sequence of indices into it; order and repetition are kept.
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index):
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self):
        return len(self.indices)

    def _batch_reader(self):
        read = _batch_reader(self.dataset)
        indices = None if read is None else _index_array(self.indices)
        return None if indices is None else lambda rows: read(indices[rows])


class ConcatDataset(Dataset):
    """The samples of several datasets, one dataset after the other.

    Args:
        datasets: a non-empty iterable of datasets with ``__len__`` and ``__getitem__``.

    Raises:
        ValueError: there is no dataset.
        TypeError: one of them is an IterableDataset, which has no places to index.
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: got no dataset; give it at least one")
        self.cumulative_sizes = []
        total = 0
        for k, d in enumerate(self.datasets):
            if isinstance(d, IterableDataset):
                raise TypeError(f"ConcatDataset: dataset {k} is an IterableDataset ({type(d).__name__}), "
                                "which "
                                "cannot be indexed; chain streams with itertools.chain in your own __iter__")
            total += len(d)
            self.cumulative_sizes.append(total)

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, index):
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"ConcatDataset: index {index} is out of range for {size} samples")
        index = index % size
        k = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[k][index - (self.cumulative_sizes[k - 1] if k else 0)]


def random_split(dataset, lengths, generator=None):
    """Cut `dataset` at random into parts that do not overlap.

    A random permutation of the indices is drawn, and part k takes the next
    ``lengths[k]`` of them.

    Args:
        dataset: a dataset with ``__len__``.
        lengths: the parts' sizes, with the sum ``len(dataset)``; or fractions with the sum
            1, where part k has ``floor(fraction * len(dataset))`` samples and what is left
            over goes one by one to the parts from the first on.
        generator: where the permutation is drawn; None is the default generator.

    Returns:
        A list of ``Subset``.

    Raises:
        ValueError: a length is negative, a fraction outside [0, 1], or the sum is wrong.
    """
    n = len(dataset)
    given = list(lengths)
    total = sum(given)
    if abs(total - 1) <= 1e-9:
        for k, f in enumerate(given):
            if not 0 <= f <= 1:
                raise ValueError(f"random_split: fraction {k} is {f}, outside [0, 1]")
        sizes = [int(n * f) for f in given]
        for k in range(n - sum(sizes)):
            sizes[k % len(sizes)] += 1
        for k, size in enumerate(sizes):
            if size == 0:
                warnings.warn(f"random_split: part {k} of {given} is empty, "
                              f"the dataset has {n} samples", stacklevel=2)
    else:
        if any(isinstance(x, float) and not x.is_integer() for x in given):
            raise ValueError(f"random_split: the fractions {given} have the sum {total:.6g}; it must be 1")
        sizes = [int(x) for x in given]
        if total != n:
            raise ValueError(f"random_split: the lengths {given} have the sum {total}, but the dataset has "
                             f"{n} "
                             f"samples; make the sum {n}, or give fractions with the sum 1")
        if min(sizes, default=0) < 0:
            raise ValueError(f"random_split: the lengths {given} include a negative one")
    order = _permutation(n, generator).tolist()
    parts, start = [], 0
    for size in sizes:
        parts.append(Subset(dataset, order[start:start + size]))
        start += size
    return parts


# ---------------------------------------------------------------- samplers
# A sampler of this file also has _chunks(): the same indices, as arrays.

class Sampler:
    """Base of samplers: a subclass defines ``__iter__()``, which yields indices, and often ``__len__()``."""

    def __init__(self, data_source=None):
        pass

    def __class_getitem__(cls, item):
        return cls

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")


class SequentialSampler(Sampler):
    """0, 1, ..., len(data_source) - 1."""

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def _chunks(self):
        yield np.arange(len(self.data_source))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """A random permutation of the indices, or indices drawn with replacement.

    Args:
        data_source: anything with a length.
        replacement: draw every index anew instead of permuting.
        num_samples: how many indices an epoch has; None is ``len(data_source)``. Without
            replacement a longer epoch is several permutations.
        generator: where to draw. None draws a seed from the default generator at the start
            of an epoch and the epoch from a generator of its own.

    Raises:
        ValueError: `data_source` is empty, or `num_samples` is not a positive integer.
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement is {replacement!r}; it must be True or False")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if num_samples is not None and not _positive_int(num_samples):
            raise ValueError(f"RandomSampler: num_samples is {num_samples!r}; it must be a positive integer "
                             "or None")
        if len(data_source) == 0:
            raise ValueError("RandomSampler: there is nothing to shuffle, the dataset is empty (0 samples); "
                             "check how it was read or filtered, or load it with shuffle=False")

    @property
    def num_samples(self):
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _chunks(self):
        n, count = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None:
            generator = minigrad.Generator()
            generator.manual_seed(_draw_seed())
        if self.replacement:
            for _ in range(count // 32):        # torch's portion, so that the numbers are torch's
                yield _integers(n, 32, generator)
            if count % 32:
                yield _integers(n, count % 32, generator)
            return
        for _ in range(count // n):
            yield _permutation(n, generator)
        # torch draws a last permutation even when it needs none of it. Only somebody who
        # gave the generator could see the difference.
        if count % n or self.generator is not None:
            yield _permutation(n, generator)[:count % n]

    def __iter__(self):
        for chunk in self._chunks():
            yield from chunk.tolist()

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in random order, each once.

    Args:
        indices: a sequence of indices.
        generator: where to draw; None is the default generator.
    """

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in _permutation(len(self.indices), self.generator).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Index i with probability ``weights[i] / sum(weights)``.

    With replacement, u uniform in [0, 1) gives the first i with
    ``u < cumsum(weights)[i] / sum(weights)``. Without, or for a single sample, the indices
    are those of the largest ``weights[i] / e_i``, with e_i exponentially distributed: the
    first of them is i with the probability above, and so on among the rest.

    Args:
        weights: (N,) nonnegative numbers; their sum need not be 1.
        num_samples: how many indices an epoch has.
        replacement: whether an index may come again.
        generator: where to draw; None is the default generator.

    Raises:
        ValueError: weights that are not one-dimensional, negative, not finite or all zero;
            num_samples that is not a positive integer, or, without replacement, more than
            the weights above zero.
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not _positive_int(num_samples):
            raise ValueError(f"WeightedRandomSampler: num_samples is {num_samples!r}; it must be a positive "
                             "integer")
        if not isinstance(replacement, bool):
            raise TypeError(f"WeightedRandomSampler: replacement is {replacement!r}; it must be True or "
                            "False")
        if isinstance(weights, minigrad.Tensor):
            weights = weights.detach().numpy()
        w = np.array(list(weights) if not isinstance(weights, np.ndarray) else weights, dtype=np.float64)
        if w.ndim != 1:
            raise ValueError(f"WeightedRandomSampler: the weights have the shape {w.shape}; "
                             "it takes one number a sample, shape (N,)")
        wrong = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))
        if wrong.size:
            raise ValueError(f"WeightedRandomSampler: weight {wrong[0]} is {w[wrong[0]]}; "
                             "weights must be finite and not negative")
        some = int(np.count_nonzero(w))
        if some == 0:
            raise ValueError(f"WeightedRandomSampler: all {w.size} weights are zero; at least one must be "
                             "positive")
        if not replacement and num_samples > some:
            raise ValueError(f"WeightedRandomSampler: cannot draw {num_samples} samples without replacement "
                             f"from {some} with a weight above zero; lower num_samples or set "
                             "replacement=True")
        self.weights = minigrad.from_numpy(w)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def _chunks(self):
        w = self.weights.numpy()
        if self.replacement and self.num_samples > 1:
            below = np.cumsum(w)
            below /= below[-1]
            yield np.searchsorted(below, _uniform(self.num_samples, self.generator), side="right")
        else:
            e = -np.log1p(-_uniform(w.size, self.generator))
            with np.errstate(divide="ignore", invalid="ignore"):    # u may be 0, and so e
                key = np.where(w > 0, w / w.sum() / e, -1.0)
            yield np.argsort(-key, kind="stable")[:self.num_samples]

    def __iter__(self):
        for chunk in self._chunks():
            yield from chunk.tolist()

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices of `sampler`; the last may be shorter.

    Args:
        sampler: any iterable of indices.
        batch_size: a positive integer.
        drop_last: leave out a last batch that is shorter.

    Raises:
        ValueError: batch_size is not a positive integer, or drop_last not a bool.
    """

    def __init__(self, sampler, batch_size, drop_last):
        if not _positive_int(batch_size):
            raise ValueError(f"BatchSampler: batch_size is {batch_size!r}; it must be a positive integer")
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last is {drop_last!r}; it must be True or False")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        for rows in self._arrays():
            yield rows.tolist() if isinstance(rows, np.ndarray) else rows

    def _arrays(self):
        """The batches as index arrays where the sampler has chunks, as lists where it has not."""
        size = self.batch_size
        chunks = _own(self.sampler, "__iter__", "_chunks")
        if chunks is None:
            indices = iter(self.sampler)
            while batch := list(islice(indices, size)):
                if len(batch) == size or not self.drop_last:
                    yield batch
            return
        rest = np.empty(0, dtype=np.int64)
        for chunk in chunks():
            rest = np.concatenate((rest, chunk)) if rest.size else chunk
            whole = len(rest) - len(rest) % size
            for i in range(0, whole, size):
                yield rest[i:i + size]
            rest = rest[whole:]
        if rest.size and not self.drop_last:
            yield rest

    def __len__(self):
        n = len(self.sampler)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


# ---------------------------------------------------------------- samples into batches

def default_collate(batch):
    """Put samples together into a batch, with the new dimension first.

        Tensors, arrays of shape (...)   -> Tensor of shape (B, ...)
        Python floats, ints, bools       -> Tensor of shape (B,): float64, int64, bool
        NumPy scalars                    -> Tensor of shape (B,) of their dtype
        strings, bytes                   -> the list of them (inside a sequence, torch's tuple)
        mappings                         -> a mapping of collated values, by the first one's keys
        namedtuples                      -> a namedtuple of collated fields
        tuples, lists, other sequences   -> a list of collated columns (a list subclass is kept)

    Args:
        batch: a non-empty list of samples of one kind.

    Raises:
        ValueError: the samples' shapes or lengths differ.
        TypeError: samples of a kind that has no batch (None, images, ...).
        KeyError: a mapping lacks a key of the first one.
        IndexError: the batch is empty.
    """
    if len(batch) == 0:
        raise IndexError("default_collate: the batch is empty; a batch needs at least one sample")
    first = batch[0]
    kind = type(first)
    if isinstance(first, minigrad.Tensor):
        _same_shape([tuple(t.shape) for t in batch])
        return minigrad.stack(list(batch), 0)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, (np.ndarray, np.generic)):
        if first.dtype.kind not in "biufc":
            raise TypeError(f"default_collate: a NumPy array of dtype {first.dtype} has no Tensor; "
                            "make it numbers in the dataset, or pass your own collate_fn")
        _same_shape([np.shape(a) for a in batch])
        return minigrad.from_numpy(np.stack(batch))
    if isinstance(first, float):
        return minigrad.tensor(batch, dtype=minigrad.float64)
    if isinstance(first, int):
        return minigrad.tensor(batch)
    if isinstance(first, Mapping):
        for i, sample in enumerate(batch):
            for key in first:
                if key not in sample:
                    raise KeyError(f"default_collate: sample {i} of the batch lacks the key {key!r} of "
                                   "sample 0; "
                                   "give every sample the same keys, or pass your own collate_fn")
        return _rebuilt(kind, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        lengths = [len(sample) for sample in batch]
        if min(lengths) != max(lengths):
            i = next(i for i, n in enumerate(lengths) if n != lengths[0])
            raise ValueError(f"default_collate: sample 0 of the batch has {lengths[0]} elements and sample "
                             f"{i} has "
                             f"{lengths[i]}; make them equal (pad them), or pass your own collate_fn")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        if isinstance(first, tuple):
            return kind(*columns) if hasattr(first, "_fields") else columns
        return _rebuilt(kind, columns)
    raise TypeError(f"default_collate: samples of type {kind.__name__} have no batch; it takes Tensors, "
                    "arrays, "
                    "numbers, strings, mappings, tuples and lists. Convert the sample in the dataset "
                    "(transforms.ToTensor() for an image), or pass your own collate_fn")


def _same_shape(shapes):
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"default_collate: sample 0 of the batch has the shape {shapes[0]} and sample "
                             f"{i} has "
                             f"{shape}; make them equal (crop, resize or pad them), or pass your own "
                             "collate_fn")


def _rebuilt(kind, value):
    """`value`, a dict or a list, as a `kind` where that can be made from it."""
    if kind is type(value):
        return value
    try:
        return kind(value)
    except TypeError:
        return value


def default_convert(data):
    """Arrays in `data` as Tensors, at any depth of mappings and sequences; all else as it is.

    What a loader with ``batch_size=None`` applies to a sample.
    """
    if isinstance(data, (minigrad.Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return minigrad.from_numpy(np.asarray(data)) if data.dtype.kind in "biufc" else data
    kind = type(data)
    if isinstance(data, Mapping):
        return _rebuilt(kind, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple):
        columns = [default_convert(value) for value in data]
        return kind(*columns) if hasattr(data, "_fields") else columns
    if isinstance(data, Sequence):
        return _rebuilt(kind, [default_convert(value) for value in data])
    return data


# ---------------------------------------------------------------- the loader

def get_worker_info():
    """None: there are no worker processes."""
    return None


class DataLoader:
    """Iterate over a dataset in batches.

        for x, y in DataLoader(dataset, batch_size=32, shuffle=True): ...

    Args:
        dataset: a dataset with ``__getitem__`` and ``__len__``, or an ``IterableDataset``.
        batch_size: samples a batch; None yields single samples, without a batch dimension.
        shuffle: visit the samples in a new random order every epoch.
        sampler: an iterable of indices, in place of `shuffle`.
        batch_sampler: an iterable of lists of indices, in place of `batch_size`, `shuffle`,
            `sampler` and `drop_last`.
        collate_fn: makes a batch of a list of samples; ``default_collate``, or without
            batches ``default_convert``.
        drop_last: leave out a last batch that is shorter.
        generator: where the epoch's order is drawn; None is the default generator.
        num_workers, pin_memory, timeout, worker_init_fn, multiprocessing_context,
        prefetch_factor, persistent_workers, pin_memory_device, in_order: accepted for
            torch's sake, checked as torch checks them, and ignored: samples are read in
            this process, in order.

    A dataset that can index itself with an array is read a whole batch at a time, with
    the same result as sample by sample, when `collate_fn` is the default.

    Raises:
        ValueError: arguments that exclude each other, a batch_size that is not a positive
            integer, an empty dataset with ``shuffle=True``.
        TypeError: a dataset without ``__getitem__`` that is no ``IterableDataset``.
    """

    _fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
    _ready = False

    def __init__(self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0,
                 collate_fn=None, pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None,
                 multiprocessing_context=None, generator=None, *, prefetch_factor=None,
                 persistent_workers=False, pin_memory_device="", in_order=True):
        _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.generator = generator

        stream = isinstance(dataset, IterableDataset)
        if stream:
            for name, value in (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None and value is not False:
                    raise ValueError(f"DataLoader: {name}={value!r} with an IterableDataset "
                                     f"({type(dataset).__name__}), which sets its own order; shuffle in its "
                                     "__iter__")
        elif not hasattr(dataset, "__getitem__") and not hasattr(dataset, "__getitems__"):
            raise TypeError(f"DataLoader: {type(dataset).__name__} has no __getitem__; a dataset has "
                            "__getitem__ and "
                            "__len__, and a stream derives from IterableDataset")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: got both sampler and shuffle=True; the sampler sets the order, "
                             "so leave shuffle out (or use RandomSampler)")
        if batch_sampler is not None:
            given = {"batch_size": batch_size != 1, "shuffle": shuffle, "sampler": sampler is not None,
                     "drop_last": drop_last}
            others = [name for name in given if given[name]]
            if others:
                raise ValueError(f"DataLoader: got batch_sampler and also {', '.join(others)}; "
                                 "the batch_sampler decides all of that, so leave the rest out")
            batch_size, drop_last = None, False
        elif batch_size is None:
            if drop_last:
                raise ValueError("DataLoader: drop_last=True with batch_size=None, where there are no "
                                 "batches to drop; "
                                 "set a batch_size or leave drop_last out")
        elif not _positive_int(batch_size):
            raise ValueError(f"DataLoader: batch_size is {batch_size!r}; it must be a positive integer, "
                             "or None for single samples")

        if sampler is None and not stream:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        batched = batch_size is not None or batch_sampler is not None
        if batch_size is not None and not stream:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._ready = True

    def __class_getitem__(cls, item):
        return cls

    def __setattr__(self, name, value):
        if self._ready and name in self._fixed:
            raise ValueError(f"DataLoader: {name} cannot be changed once the loader is made, "
                             "its samplers were built from it; make a new DataLoader")
        super().__setattr__(name, value)

    def __iter__(self):
        _draw_seed(self.generator)      # torch's seed for workers: drawn so that what follows agrees
        return self._epoch()

    def _epoch(self):
        dataset, collate = self.dataset, self.collate_fn
        if isinstance(dataset, IterableDataset):
            samples = iter(dataset)
            if self.batch_size is None:
                yield from map(collate, samples)
                return
            while batch := list(islice(samples, self.batch_size)):
                if len(batch) == self.batch_size or not self.drop_last:
                    yield collate(batch)
            return
        if self.batch_sampler is None:
            for index in self.sampler:
                yield collate(dataset[index])
            return

        read = _batch_reader(dataset) if collate is default_collate else None
        fetch = getattr(dataset, "__getitems__", None)
        arrays = _own(self.batch_sampler, "__iter__", "_arrays")
        for batch in (self.batch_sampler if arrays is None else arrays()):
            rows = None if read is None else _index_array(batch)
            if rows is not None:
                yield read(rows)
                continue
            if isinstance(batch, np.ndarray):
                batch = batch.tolist()
            yield collate(fetch(batch) if fetch is not None else [dataset[i] for i in batch])

    def __len__(self):
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers is {num_workers}; it must be 0 or more (and is ignored)")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout is {timeout}; it must be 0 or more (and is ignored)")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(f"DataLoader: prefetch_factor={prefetch_factor} without workers; leave it out")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"DataLoader: prefetch_factor is {prefetch_factor}; it must be 1 or more (and is "
                         "ignored)")
    if num_workers == 0 and persistent_workers:
        raise ValueError("DataLoader: persistent_workers=True without workers; leave it out")
