"""Datasets, samplers and the loader that turns them into batches.

    dataset    what there is:       dataset[i] is one sample
    sampler    in which order:      yields indices
    DataLoader in which portions:   yields collated batches

Names, arguments and the order of iteration are those of ``torch.utils.data``: after
the same ``manual_seed`` a shuffled loader visits the samples in torch's order, and
leaves the generator in the state in which torch leaves it.

Everything runs in this process. The data of small networks lie in memory, where a
worker process costs more than it brings; with ``num_workers`` the random numbers drawn
in a dataset are those that torch's workers draw (workers.py), and that is all.
What makes the loader fast is another thing: a dataset that can index
itself with an array (``TensorDataset``, the image sets, a ``Subset`` of either) hands
out whole batches, and no Python loop runs over samples.
"""

from minigrad.utils.data.batches import _batch_reader
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataloader import DataLoader
from minigrad.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from minigrad.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minigrad.utils.data.workers import get_worker_info

__all__ = [
    "Dataset", "IterableDataset", "TensorDataset", "Subset", "ConcatDataset", "StackDataset", "ChainDataset",
    "random_split",
    "Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler",
    "WeightedRandomSampler", "BatchSampler",
    "default_collate", "default_convert", "DataLoader", "get_worker_info",
]
