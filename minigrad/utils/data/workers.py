"""A loader's workers: streams of random numbers of their own, in this process.

PyTorch's workers are processes. In worker i the default generator and Python's begin with the seed
base_seed + i, NumPy's with numbers made of base_seed and i, and batch k comes from worker k modulo
their number. Here the work is done in this process, but whoever draws at random in a dataset draws
what the worker would have drawn there, and the streams outside stay where they were.
"""

import sys
from contextlib import contextmanager

import minigrad  # its names are looked up when used: it may still be importing us

__all__ = ["WorkerInfo", "get_worker_info"]

_now = None  # the worker whose turn it is


def get_worker_info():
    """What is known of the worker that asks (id, num_workers, seed, dataset); None outside of a worker."""
    return _now


class WorkerInfo:
    """A worker: its number `id` of `num_workers`, the `seed` that it began with, and the `dataset`."""

    def __init__(self, id, num_workers, seed, dataset):
        self.id, self.num_workers, self.seed, self.dataset = id, num_workers, seed, dataset

    def __repr__(self):
        return f"WorkerInfo(id={self.id}, num_workers={self.num_workers}, seed={self.seed})"


class Workers:
    """The workers of a loader, each seeded and passed to worker_init_fn once."""

    def __init__(self, count, base_seed, dataset, worker_init_fn):
        self.infos = [WorkerInfo(i, count, base_seed + i, dataset) for i in range(count)]
        self.states = [None] * count
        for info in self.infos:
            with self.turn(info.id):
                _seed(base_seed, info.id)
                if worker_init_fn is not None:
                    worker_init_fn(info.id)

    @contextmanager
    def turn(self, k):
        """Inside of it, the streams of random numbers are those of the worker of batch k."""
        global _now
        i = k % len(self.infos)
        outside, before = _now, _states()
        _now = self.infos[i]
        _restore(self.states[i] or {})
        try:
            yield
        finally:
            self.states[i] = _states()
            _restore(before)
            _now = outside


# Python's and NumPy's are looked after if anybody has imported them.


def _states():
    states = {"minigrad": minigrad.default_generator.get_state()}
    if python := sys.modules.get("random"):
        states["random"] = python.getstate()
    if numpy := sys.modules.get("numpy.random"):
        states["numpy.random"] = numpy.get_state()
    return states


def _restore(states):
    if "minigrad" in states:
        minigrad.default_generator.set_state(states["minigrad"])
    if "random" in states:
        sys.modules["random"].setstate(states["random"])
    if "numpy.random" in states:
        sys.modules["numpy.random"].set_state(states["numpy.random"])


def _seed(base_seed, i):
    minigrad.default_generator.manual_seed(base_seed + i)
    if python := sys.modules.get("random"):
        python.seed(base_seed + i)
    if numpy := sys.modules.get("numpy.random"):
        entropy = [i, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
        numpy.seed(numpy.SeedSequence(entropy).generate_state(4))
