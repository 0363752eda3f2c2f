"""DataLoader: a dataset in batches."""

from contextlib import nullcontext
from itertools import islice

import numpy as np

from minigrad.utils.data.batches import _batch_reader, _index_array, _own
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.draws import _draw_seed
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler, _positive_int
from minigrad.utils.data.workers import Workers, get_worker_info

__all__ = ["DataLoader", "default_collate", "get_worker_info"]


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
        num_workers: samples are read in this process, but with the random numbers that so
            many workers would draw; see ``minigrad.utils.data.workers``.
        worker_init_fn: called with each worker's number, 0 to num_workers - 1, before its
            first batch.
        persistent_workers: the workers of the first epoch go on in the next ones; else each
            epoch has new ones, with a new seed.
        pin_memory, timeout, multiprocessing_context, prefetch_factor, pin_memory_device,
        in_order: accepted for torch's sake, checked as torch checks them, and ignored.

    A dataset that can index itself with an array is read a whole batch at a time, with
    the same result as sample by sample, when `collate_fn` is the default.

    An ``IterableDataset`` has no workers: it is read once, and ``get_worker_info()`` is None
    in it, so that one which shares itself out among workers gives everything, and one which
    does not gives nothing twice.

    Raises:
        ValueError: arguments that exclude each other, a batch_size that is not a positive
            integer, an empty dataset with ``shuffle=True``.
        TypeError: a dataset without ``__getitem__`` that is no ``IterableDataset``.
    """

    _fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
    _ready = False
    _workers = None

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
        if self._workers is None or not self.persistent_workers:
            seed = _draw_seed(self.generator)  # without workers drawn too, so that what follows agrees with torch
            if self.num_workers and not isinstance(self.dataset, IterableDataset):
                self._workers = Workers(self.num_workers, seed, self.dataset, self.worker_init_fn)
        return self._epoch(self._workers)

    def _epoch(self, workers):
        turn = nullcontext if workers is None else workers.turn
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
            for k, index in enumerate(self.sampler):
                with turn(k):
                    batch = collate(dataset[index])
                yield batch
            return

        read = _batch_reader(dataset) if collate is default_collate else None
        fetch = getattr(dataset, "__getitems__", None)
        arrays = _own(self.batch_sampler, "__iter__", "_arrays")
        for k, batch in enumerate(self.batch_sampler if arrays is None else arrays()):
            rows = None if read is None else _index_array(batch)
            if rows is not None:
                yield read(rows)
                continue
            if isinstance(batch, np.ndarray):
                batch = batch.tolist()
            with turn(k):
                batch = collate(fetch(batch) if fetch is not None else [dataset[i] for i in batch])
            yield batch

    def __len__(self):
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers is {num_workers}; it must be 0 or more")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout is {timeout}; it must be 0 or more (and is ignored)")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(f"DataLoader: prefetch_factor={prefetch_factor} without workers; leave it out")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"DataLoader: prefetch_factor is {prefetch_factor}; it must be 1 or more (and is "
                         "ignored)")
    if num_workers == 0 and persistent_workers:
        raise ValueError("DataLoader: persistent_workers=True without workers; leave it out")
