"""What this machine is, and the most it can do: floating operations and bytes a second.

    python benchmarks/machine.py
"""

import ctypes
import os
import platform
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent
MEMORY = 64 << 20       # bytes of each thread, far more than the caches hold


def _flags():
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    return {word for line in text.splitlines() if line.startswith("flags") for word in line.split()}


def _library(folder):
    width = 64 if "avx512f" in _flags() else 32 if "avx2" in _flags() else 16
    built = Path(folder, "machine.so")
    subprocess.run([os.environ.get("CC", "cc"), "-O3", "-march=native", "-ffp-contract=fast", f"-DWIDTH={width}",
                    "-shared", "-fPIC", HERE / "machine.c", "-o", built], check=True)
    library = ctypes.CDLL(str(built))
    library.fused.argtypes, library.fused.restype = [ctypes.c_long], ctypes.c_float
    library.read_all.argtypes, library.read_all.restype = [ctypes.c_void_p, ctypes.c_size_t], ctypes.c_float
    library.update_all.argtypes, library.update_all.restype = [ctypes.c_void_p, ctypes.c_size_t], None
    return library, 2 * 12 * (width // 4)       # floating operations in a step of fused()


def together(work, threads):
    """work(i) on each of the threads at once"""
    running = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def _rate(work, amount, rounds=7):
    """`amount`, of which work() is done with, a second: the best of some rounds."""
    best = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = max(best, amount / (time.perf_counter() - start))
    return best


def fused():
    """(function, n): function(steps) does n floating operations a step, as fast as one core can."""
    with tempfile.TemporaryDirectory() as folder:
        library, operations = _library(folder)
    return library.fused, operations


def memory(threads):
    """(read, update): functions that read, or read and write in place, MEMORY bytes on each of the threads"""
    with tempfile.TemporaryDirectory() as folder:
        library, _ = _library(folder)
    arrays = [np.ones(MEMORY // 4, np.float32) for _ in range(threads)]

    def on_all(function):
        return lambda: together(lambda i: function(arrays[i].ctypes.data, arrays[i].size), threads)

    return on_all(library.read_all), on_all(library.update_all)


class Limits(NamedTuple):
    """What some threads can do at most, a second."""

    flops: float        # floating operations
    read: float         # bytes read
    update: float       # bytes read and bytes written, in place

    def __str__(self):
        return (f"{self.flops / 1e9:.0f} GF/s, {self.read / 1e9:.1f} GB/s read, "
                f"{self.update / 1e9:.1f} GB/s read and written")


def limits(threads):
    """The Limits of so many threads."""
    function, operations = fused()
    read, update = memory(threads)
    steps = 10_000_000
    return Limits(_rate(lambda: together(lambda _: function(steps), threads), operations * steps * threads),
                  _rate(read, MEMORY * threads), _rate(update, 2 * MEMORY * threads))


def describe():
    """{what: value} that figures must be read with."""
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")] if Path("/proc/cpuinfo").exists() else []
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instructions": " ".join(sorted(_flags() & {"avx2", "fma", "avx512f"})),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def main():
    for what, value in describe().items():
        print(f"{what + ':':14} {value}")
    for threads in sorted({1, describe()["cores"]}):
        print(f"{threads} thread{'s' * (threads > 1)}: {limits(threads)}")


if __name__ == "__main__":
    main()
