"""Samples into batches."""

from collections.abc import Mapping, Sequence

import numpy as np

import minigrad  # its names are looked up when used: it may still be importing us

__all__ = ["default_collate", "default_convert"]


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
