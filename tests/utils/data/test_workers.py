"""A loader's workers draw what torch's draw; the streams of random numbers outside stay where they were."""

import random

import numpy as np
import pytest

import minigrad
from minigrad.utils import data as D

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


class Noisy:
    """Samples made of random numbers from three streams, and of who drew them."""

    def __init__(self, module, data):
        self.module, self.data = module, data

    def __len__(self):
        return 11

    def __getitem__(self, index):
        info = self.data.get_worker_info()
        who = (info.id, info.num_workers, info.seed, self.module.initial_seed()) if info else (-1,) * 4
        return index, who, self.module.rand(1).item(), random.random(), np.random.rand()


def epochs(module, data, seed, epochs=2, **options):
    module.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    loader = data.DataLoader(Noisy(module, data), collate_fn=list, **options)
    seen = []
    for _ in range(epochs):
        seen += list(loader)
        seen.append((module.rand(1).item(), random.random(), np.random.rand()))
    return seen


@needs_torch
@pytest.mark.filterwarnings("ignore:This DataLoader will create 3")     # of torch, where there are fewer cores
@pytest.mark.parametrize("options", [
    {"batch_size": 2, "num_workers": 2}, {"batch_size": 3, "num_workers": 3, "shuffle": True},
    {"batch_size": 2, "num_workers": 2, "shuffle": True, "persistent_workers": True}, {"batch_size": 4},
    {"batch_size": None, "num_workers": 2},
], ids=str)  # fmt: skip
def test_workers_draw_torchs_numbers(options):
    assert epochs(minigrad, D, 5, **options) == epochs(torch, torch.utils.data, 5, **options)


def seed_as_the_tutorial_does(worker):
    del worker
    seed = (minigrad if D.get_worker_info() else torch).initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)


@needs_torch
def test_workers_are_seeded_by_worker_init_fn_as_torchs_are():
    options = {"batch_size": 2, "num_workers": 2, "worker_init_fn": seed_as_the_tutorial_does}
    assert epochs(minigrad, D, 7, **options) == epochs(torch, torch.utils.data, 7, **options)


def test_worker_init_fn_is_called_once_for_each_worker_of_an_epoch():
    for persistent, calls in ((False, [0, 1, 2] * 2), (True, [0, 1, 2])):
        called = []
        dataset = D.TensorDataset(minigrad.arange(5))
        loader = D.DataLoader(dataset, num_workers=3, worker_init_fn=called.append, persistent_workers=persistent)
        for _ in range(2):
            list(loader)
        assert called == calls


def test_outside_of_a_worker_there_is_no_worker_even_after_an_error():
    class Broken(Noisy):
        def __getitem__(self, index):
            assert D.get_worker_info().dataset is self
            assert repr(D.get_worker_info()).startswith("WorkerInfo(id=0, num_workers=2, seed=")
            minigrad.rand(1)
            raise KeyError(index)

    minigrad.manual_seed(0)
    iterator = iter(D.DataLoader(Broken(minigrad, D), num_workers=2))
    state = minigrad.default_generator.get_state().numpy().copy()
    with pytest.raises(KeyError):
        next(iterator)
    assert D.get_worker_info() is None
    assert np.array_equal(minigrad.default_generator.get_state().numpy(), state)


def test_a_stream_is_read_once_whether_or_not_it_shares_itself_out():
    class Naive(D.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    class Sharing(Naive):
        def __iter__(self):
            info = D.get_worker_info()
            return iter(range(5) if info is None else range(info.id, 5, info.num_workers))

    for stream in (Naive(), Sharing()):
        assert list(D.DataLoader(stream, batch_size=None, num_workers=2)) == list(range(5))
