"""Datasets: what samples there are. ``dataset[i]`` is one."""

import bisect
import warnings

import minigrad  # its names are looked up when used: it may still be importing us
from minigrad.utils.data.batches import _batch_reader, _index_array
from minigrad.utils.data.draws import _permutation

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset",
    "random_split",
]  # fmt: skip


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

    The loader cuts the stream into batches in the order in which it comes. ``a + b`` is
    ``ChainDataset([a, b])``.
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")

    def __add__(self, other):
        return ChainDataset([self, other])


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
                                "cannot be indexed; chain streams with ChainDataset")
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


class ChainDataset(IterableDataset):
    """The samples of several streams, one stream after the other.

    Args:
        datasets: an iterable of IterableDatasets.

    Raises:
        TypeError: one of them is no IterableDataset; said when its turn comes.
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def _streams(self):
        for k, d in enumerate(self.datasets):
            if not isinstance(d, IterableDataset):
                raise TypeError(f"ChainDataset: dataset {k} is a {type(d).__name__}, which is no IterableDataset; "
                                "put datasets with an index together with ConcatDataset")
            yield d

    def __iter__(self):
        for d in self._streams():
            yield from d

    def __len__(self):
        return sum(len(d) for d in self._streams())


class StackDataset(Dataset):
    """Datasets side by side: sample i is ``(a[i], b[i], ...)``, or ``{name: a[i], ...}`` of datasets by name.

    Args:
        *datasets, **named: datasets of one length, either all by position or all by name.

    Raises:
        ValueError: there is none, both kinds are given, or the lengths differ.
    """

    def __init__(self, *datasets, **named):
        if bool(datasets) == bool(named):
            raise ValueError("StackDataset: takes datasets by position or by name, got "
                             + ("both" if datasets else "none"))
        self.datasets = datasets or named
        lengths = [len(d) for d in (datasets or named.values())]
        if min(lengths) != max(lengths):
            raise ValueError(f"StackDataset: the datasets need one length, they have {lengths}")
        self._length = lengths[0]

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {name: d[index] for name, d in self.datasets.items()}
        return tuple(d[index] for d in self.datasets)

    def __len__(self):
        return self._length

    def _batch_reader(self):
        named = isinstance(self.datasets, dict)
        reads = [_batch_reader(d) for d in (self.datasets.values() if named else self.datasets)]
        if None in reads:
            return None
        if named:
            return lambda rows: {name: read(rows) for name, read in zip(self.datasets, reads, strict=True)}
        return lambda rows: [read(rows) for read in reads]


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
