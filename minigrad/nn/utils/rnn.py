"""Sequences of different lengths in one batch: padded to one length, or packed without padding.

    a = (a0, a1, a2)   padded, (T, N, ...)    a0 b0 c0      packed, (sum of lengths, ...)
    b = (b0, b1)                              a1 b1 0       a0 b0 c0 a1 b1 a2
    c = (c0)                                  a2 0  0       batch_sizes 3, 2, 1

A packed batch has its longest sequence first; sorted_indices remembers where each came from.
RNN, LSTM and GRU take packed batches and step over no padding.
"""

from collections import namedtuple

import numpy as np

from minigrad.ops.creation import full
from minigrad.ops.indexing import index_copy, index_select
from minigrad.ops.joining import cat
from minigrad.tensor import Tensor, as_tensor, from_numpy

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence(namedtuple("_Packed", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])):
    """A batch without padding; pack_padded_sequence() and pack_sequence() make it.

    data: (sum of lengths, ...), all sequences' first elements, then their second ones, ...
    batch_sizes: (longest length), of int64: how many sequences are that long or longer.
    sorted_indices: (N), the sequences' places before they were sorted; unsorted_indices: the
    way back; None where they came sorted.
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:  # of a pair, as pickle and older programs give it
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if int(batch_sizes.sum()) != data.shape[0]:
            raise ValueError(
                f"PackedSequence: batch_sizes sum to {int(batch_sizes.sum())}, data has {data.shape[0]} rows"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """The packed sequence with its data converted: data.to(...)."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def _to(dtype):
        def convert(self):
            return self.to(dtype)

        convert.__doc__ = f"The packed sequence with its data as {dtype}."
        return convert

    double, float, half = _to("float64"), _to("float32"), _to("float16")
    long, int, short, char, byte = _to("int64"), _to("int32"), _to("int16"), _to("int8"), _to("uint8")
    del _to

    def cpu(self):
        """The packed sequence itself: everything is on the CPU."""
        return self

    def cuda(self, *args, **kwargs):
        """An error: minigrad computes on the CPU."""
        return self.to("cuda")

    def pin_memory(self):
        """The packed sequence itself."""
        return self

    @property
    def is_cuda(self):
        """False."""
        return False

    def is_pinned(self):
        """False."""
        return False


def invert_permutation(permutation):
    """The permutation that undoes one: y[permutation[i]] = i; None for None."""
    if permutation is None:
        return None
    return from_numpy(np.argsort(permutation.numpy()))


def _lengths(who, lengths, longest, n):
    """Lengths as an array of int64, checked."""
    array = as_tensor(lengths).detach().numpy()
    if array.ndim != 1 or len(array) != n:
        raise ValueError(f"{who}: expected one length for each of {n} sequences, got lengths of shape {array.shape}")
    if n == 0:
        raise ValueError(f"{who}: there are no sequences")
    if (array != array.astype(np.int64)).any():
        raise TypeError(f"{who}: lengths are whole numbers, got {array.tolist()}")
    if array.min() < 1 or array.max() > longest:
        raise ValueError(f"{who}: lengths are from 1 to {longest}, the input's, got {array.tolist()}")
    return array.astype(np.int64)


def _sizes(lengths):
    """How many sequences are longer than 0, 1, 2, ..."""
    return (lengths[None] > np.arange(lengths.max())[:, None]).sum(1)


def _places(sizes, order, t_step, n_step):
    """Where the rows of a packed batch stand in a padded one whose axes are taken as one."""
    return np.concatenate([t * t_step + order[:size] * n_step for t, size in enumerate(sizes)])


def _padded(who, input, batch_first):
    """(T, N, the steps between times and between sequences) of a padded batch."""
    if not isinstance(input, Tensor) or input.ndim < 2:
        got = f"shape {tuple(input.shape)}" if isinstance(input, Tensor) else type(input).__name__
        axes = "(N, T, ...)" if batch_first else "(T, N, ...)"
        raise ValueError(f"{who}: expected a padded batch {axes}, got {got}")
    a, b = tuple(input.shape)[:2]
    return (b, a, 1, b) if batch_first else (a, b, b, 1)


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """A padded batch as a PackedSequence, which holds only the first lengths[i] elements of each.

    Shapes: input (T, N, ...), or (N, T, ...) with batch_first; lengths: N integers from 1 to T,
    falling from the longest on, unless enforce_sorted is False.
    Errors: ValueError for other lengths.
    """
    who = "pack_padded_sequence"
    longest, n, t_step, n_step = _padded(who, input, batch_first)
    lengths = _lengths(who, lengths, longest, n)
    order = np.argsort(-lengths, kind="stable")
    if enforce_sorted:
        if (lengths[:-1] < lengths[1:]).any():
            raise ValueError(
                f"{who}: lengths must fall from the longest sequence on, got {lengths.tolist()}; "
                "enforce_sorted=False sorts them"
            )
        order = np.arange(n)
    sizes = _sizes(lengths[order])
    rows = input.reshape(longest * n, *tuple(input.shape)[2:])
    data = index_select(rows, 0, from_numpy(_places(sizes, order, t_step, n_step)))
    return PackedSequence(data, from_numpy(sizes), None if enforce_sorted else from_numpy(order))


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """(padded batch, lengths) of a PackedSequence: pack_padded_sequence undone.

    Shapes: (T, N, ...), or (N, T, ...) with batch_first, and (N); T is the longest length, or
    total_length. Errors: ValueError for a total_length below it.
    """
    if not isinstance(sequence, PackedSequence):
        raise TypeError(f"pad_packed_sequence: expected a PackedSequence, got {type(sequence).__name__}")
    data, sizes = sequence.data, sequence.batch_sizes.numpy()
    longest, n = len(sizes), int(sizes[0])
    if total_length is not None and total_length < longest:
        raise ValueError(f"pad_packed_sequence: total_length {total_length} is below {longest}, the longest length")
    total = longest if total_length is None else total_length
    order = np.arange(n) if sequence.sorted_indices is None else sequence.sorted_indices.numpy()
    lengths = np.empty(n, np.int64)
    lengths[order] = (sizes[None] > np.arange(n)[:, None]).sum(1)
    places = _places(sizes, order, *((1, total) if batch_first else (n, 1)))
    rest = tuple(data.shape)[1:]
    rows = index_copy(full((total * n, *rest), padding_value, dtype=data.dtype), 0, from_numpy(places), data)
    return rows.reshape(*((n, total) if batch_first else (total, n)), *rest), from_numpy(lengths)


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Tensors of different lengths in one, the shorter ones filled up with padding_value.

    Shapes: N times (L_i, ...) -> (T, N, ...), or (N, T, ...) with batch_first; T is the longest.
    padding_side: "right", behind the elements, or "left", before them.
    Errors: ValueError for no tensors at all, and where they differ in more than their lengths.
    """
    who = "pad_sequence"
    sequences = list(sequences)
    _check_sequences(who, sequences)
    if padding_side not in ("left", "right"):
        raise ValueError(f"{who}: padding_side is 'left' or 'right', got {padding_side!r}")
    n, rest = len(sequences), tuple(sequences[0].shape)[1:]
    lengths = [s.shape[0] for s in sequences]
    longest = max(lengths)
    t_step, n_step = (1, longest) if batch_first else (n, 1)
    starts = [longest - length if padding_side == "left" else 0 for length in lengths]
    places = [
        (start + np.arange(length)) * t_step + i * n_step
        for i, (start, length) in enumerate(zip(starts, lengths, strict=True))
    ]
    empty = full((longest * n, *rest), padding_value, dtype=sequences[0].dtype)
    rows = index_copy(empty, 0, from_numpy(np.concatenate(places)), cat(sequences))
    return rows.reshape(*((n, longest) if batch_first else (longest, n)), *rest)


def _check_sequences(who, sequences):
    if not sequences:
        raise ValueError(f"{who}: there are no sequences")
    for i, s in enumerate(sequences):
        if not isinstance(s, Tensor) or s.ndim == 0:
            got = "a tensor of no axes" if isinstance(s, Tensor) else type(s).__name__
            raise TypeError(f"{who}: expected tensors (L, ...), got {got} at place {i}")
        if tuple(s.shape)[1:] != tuple(sequences[0].shape)[1:] or s.dtype is not sequences[0].dtype:
            raise ValueError(
                f"{who}: sequences may differ in length only, got {tuple(sequences[0].shape)} of {sequences[0].dtype} "
                f"and {tuple(s.shape)} of {s.dtype} at place {i}"
            )


def pack_sequence(sequences, enforce_sorted=True):
    """Tensors of different lengths as a PackedSequence: N times (L_i, ...).

    enforce_sorted and errors: as for pack_padded_sequence.
    """
    sequences = list(sequences)
    _check_sequences("pack_sequence", sequences)
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """pad_sequence() undone: a list of the first lengths[i] elements of each sequence."""
    longest, n, _, _ = _padded("unpad_sequence", padded_sequences, batch_first)
    lengths = _lengths("unpad_sequence", lengths, longest, n)
    return [
        padded_sequences[i, :length] if batch_first else padded_sequences[:length, i]
        for i, length in enumerate(lengths.tolist())
    ]


def unpack_sequence(packed_sequences):
    """pack_sequence() undone: a list of tensors (L_i, ...)."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences))
