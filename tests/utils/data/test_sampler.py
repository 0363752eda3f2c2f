"""Samplers: torch's own are the oracle where torch is installed."""

import numpy as np
import pytest
from alike import array, seeded

import minigrad
from minigrad.utils import data as D

try:
    import torch
    import torch.utils.data as T
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle is torch")


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


@pytest.mark.parametrize("call, error, says", [
    (lambda: D.BatchSampler([1], 0, False), ValueError, "batch_size is 0"),
    (lambda: D.BatchSampler([1], 1, 1), ValueError, "drop_last is 1"),
    (lambda: D.RandomSampler(range(3), num_samples=0), ValueError, "num_samples is 0"),
    (lambda: D.RandomSampler([]), ValueError, "empty"),
    (lambda: D.RandomSampler([1], replacement=1), TypeError, "replacement is 1"),
    (lambda: D.WeightedRandomSampler([[1.0]], 1), ValueError, r"\(1, 1\)"),
    (lambda: D.WeightedRandomSampler([1.0, -2.0], 1), ValueError, "weight 1 is -2.0"),
    (lambda: D.WeightedRandomSampler([1.0, float("nan")], 1), ValueError, "weight 1 is nan"),
    (lambda: D.WeightedRandomSampler([0.0, 0.0], 1), ValueError, "all 2 weights are zero"),
    (lambda: D.WeightedRandomSampler([0.0, 1.0], 2, False), ValueError, "2 samples without replacement"),
    (lambda: D.WeightedRandomSampler([1.0], 0), ValueError, "num_samples is 0"),
    (lambda: iter(D.Sampler()), NotImplementedError, "__iter__"),
])
def test_errors_say_what_was_seen(call, error, says):
    with pytest.raises(error, match=says):
        call()
