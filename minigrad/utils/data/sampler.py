"""Samplers: in which order. They yield indices; those of this file also have _chunks(), the same as arrays."""

from itertools import islice

import numpy as np

import minigrad  # its names are looked up when used: it may still be importing us
from minigrad.utils.data.batches import _own
from minigrad.utils.data.draws import _draw_seed, _integers, _permutation, _uniform

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler",
           "SubsetRandomSampler", "WeightedRandomSampler"]


def _positive_int(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0


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
