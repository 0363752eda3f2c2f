"""How much of the memory's speed the passes over large tensors reach, beside PyTorch's.

    python benchmarks/bandwidth.py [--json FILE]

The tensors are far larger than the caches. What counts is what an operation has to read and to write
once; the limits are those of machine.py: reading alone, or reading and writing in place. A new result
costs more than is counted: the processor reads each line before it writes it.
"""

import argparse
import importlib.util
import json
import os
import statistics
import time
from pathlib import Path

import machine

SIZE = 1 << 24      # elements, 64 MB each


def cases(framework):
    """{what: (function, arrays read, arrays written)}"""
    nn, optim = framework.nn, framework.optim
    framework.manual_seed(0)
    x, y = framework.randn(SIZE), framework.randn(SIZE)
    rows = x.reshape(-1, 1024)
    parameter = nn.Parameter(framework.randn(SIZE))
    parameter.grad = framework.randn(SIZE)
    optimizers = {
        "SGD": optim.SGD([parameter], lr=1e-3),
        "SGD, momentum": optim.SGD([parameter], lr=1e-3, momentum=0.9),
        "Adam": optim.Adam([parameter], lr=1e-3),
    }
    for optimizer in optimizers.values():
        optimizer.step()        # makes its state
    return {
        "x.sum()": (x.sum, 1, 0),
        "gradient norm": (lambda: nn.utils.clip_grad_norm_([parameter], 1e9), 1, 0),
        "x.mul_(1)": (lambda: x.mul_(1.0), 1, 1),
        "x.add_(y)": (lambda: x.add_(y, alpha=1e-9), 2, 1),
        "x + y": (lambda: x + y, 2, 1),
        "relu": (lambda: framework.relu(x), 1, 1),
        "tanh": (lambda: framework.tanh(x), 1, 1),
        "softmax of 1024": (lambda: framework.softmax(rows, 1), 1, 1),
        "SGD": (optimizers["SGD"].step, 2, 1),
        "SGD, momentum": (optimizers["SGD, momentum"].step, 3, 2),
        "Adam": (optimizers["Adam"].step, 4, 3),
    }


def measured(frameworks, threads, rounds):
    """{what: {framework: bytes a second, "limit": the most there can be}}; the frameworks take turns."""
    found = {}
    prepared = {}
    limits = machine.limits(threads)
    print(f"{threads} thread{'s' * (threads > 1)}: {limits}")
    for framework in frameworks:
        framework.set_num_threads(threads)
        prepared[framework.__name__] = cases(framework)
    for what in next(iter(prepared.values())):
        times = {name: [] for name in prepared}
        for _ in range(rounds):
            for name, functions in prepared.items():
                start = time.perf_counter()
                functions[what][0]()
                times[name].append(time.perf_counter() - start)
        read, written = next(iter(prepared.values()))[what][1:]
        found[what] = {name: 4 * SIZE * (read + written) / statistics.median(t) for name, t in times.items()}
        limit = limits.update if written else limits.read
        print(f"  {what:16} " + "   ".join(f"{name} {speed / 1e9:6.1f} GB/s ({100 * speed / limit:3.0f} %)"
                                         for name, speed in found[what].items()), flush=True)
        found[what]["limit"] = limit
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    # torch's threads would spin on for milliseconds, on the core that the other's second thread needs
    os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0", KMP_BLOCKTIME="0")
    import minigrad

    frameworks = [minigrad]
    if importlib.util.find_spec("torch"):
        import torch

        frameworks.append(torch)
    cores = machine.describe()["cores"]
    figures = {threads: measured(frameworks, threads, options.rounds) for threads in sorted({1, cores})}
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
