"""How much of the memory's speed the passes over large tensors reach, beside PyTorch's.

    python benchmarks/bandwidth.py [--json FILE]

The tensors are far larger than the caches. What counts is what an operation has to read and to write
once; the limits are the best of machine.py's loops that only read, or read and write in place, the
figures medians. A new result costs more than is counted: the processor reads each line before it
writes it. Each framework has a process of its own, and so have those loops; they take turns (turns.py).
"""

import argparse
import importlib.util
import json
from pathlib import Path

import machine
from turns import Turn, answers, medians, time_each

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


def prepared(name, threads):
    """[function] of a framework, in the order of cases(); or of the machine, reading and updating"""
    if name == "machine":
        return machine.memory(threads)
    framework = importlib.import_module(name)
    framework.set_num_threads(threads)
    return [function for function, _, _ in cases(framework).values()]


def measured(threads, rounds):
    """{what: {framework: bytes a second, "limit": the most there can be}}"""
    names = ["machine"] + [name for name in ("minigrad", "torch") if importlib.util.find_spec(name)]
    rows = answers({name: Turn(__file__, "--work", name, "--threads", threads, threads=threads) for name in names},
                   rounds)
    reading, updating = (min(of) for of in zip(*rows.pop("machine"), strict=True))
    seconds = medians(rows)
    limits = machine.MEMORY * threads / reading, 2 * machine.MEMORY * threads / updating
    print(f"{threads} thread{'s' * (threads > 1)}: {limits[0] / 1e9:.1f} GB/s read, "
          f"{limits[1] / 1e9:.1f} GB/s read and written")
    found = {}
    for i, (what, (_, read, written)) in enumerate(cases(importlib.import_module("minigrad")).items()):
        limit = limits[written > 0]
        found[what] = {name: 4 * SIZE * (read + written) / of[i] for name, of in seconds.items()}
        print(f"  {what:16} " + "   ".join(f"{name} {speed / 1e9:6.1f} GB/s ({100 * speed / limit:3.0f} %)"
                                         for name, speed in found[what].items()), flush=True)
        found[what]["limit"] = limit
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return time_each([(function, 1) for function in prepared(options.work, options.threads)])
    cores = machine.describe()["cores"]
    figures = {threads: measured(threads, options.rounds) for threads in sorted({1, cores})}
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
