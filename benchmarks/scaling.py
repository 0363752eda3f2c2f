"""How a training step's time and memory grow with depth, width and batch, and with threads.

    python benchmarks/scaling.py [--rounds N] [--json FILE] [--png FILE]

From 100 to 10,000 layers both should grow in proportion. Each point runs in processes of its own, in
turn with the others; quoted is the median. The layers are those of deep20; at 10,000 of them a step
uses some gigabytes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

POINTS = {
    "depth": [(n, 100, 128, 1) for n in (1, 10, 100, 1000, 10_000)],
    "width": [(4, n, 128, 1) for n in (16, 64, 256, 1024)],
    "batch": [(4, 256, n, 1) for n in (1, 16, 128, 1024)],
    "threads": [(4, 1024, 256, n) for n in (1, 2)],
}


def one(depth, width, batch, threads):
    """(seconds a step, peak bytes of tensors in a step)"""
    import minigrad
    from minigrad import kernels, nn, optim

    minigrad.set_num_threads(threads)
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.ReLU()]
    model = nn.Sequential(*layers)
    optimizer = optim.SGD(model.parameters(), lr=1e-3)
    x = minigrad.randn(batch, width)

    def step():
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()

    step()
    optimizer.zero_grad()       # whose memory a step's peak counts
    kernels.reset_peak_memory()
    before = kernels.memory_stats()["live"]
    step()
    peak = kernels.memory_stats()["peak"] - before
    start = time.perf_counter()
    step()
    count = max(1, int(0.1 / (time.perf_counter() - start)))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(count):
            step()
        times.append((time.perf_counter() - start) / count)
    return statistics.median(times), peak


def draw(found, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for axis, name in zip(axes, ("depth", "width", "batch"), strict=True):
        points = found[name]
        place = {"depth": 0, "width": 1, "batch": 2}[name]
        xs = [point["at"][place] for point in points]
        axis.loglog(xs, [point["us"] for point in points], "o-", label="time, us")
        axis.loglog(xs, [point["peak"] / 1e3 for point in points], "s--", label="peak memory, kB")
        axis.set_xlabel({"depth": "layers", "width": "units a layer", "batch": "samples a batch"}[name])
        axis.grid(True, which="both", alpha=0.3)
    axes[0].legend()
    figure.suptitle("A training step as a network grows")
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--png", help="draw the curves into this file")
    parser.add_argument("--one", nargs=4, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(*one(*options.one))
        return
    found = {}
    for name, points in POINTS.items():
        times, peaks = {point: [] for point in points}, {}
        for _ in range(options.rounds):         # in turns: a quick moment of the machine shall meet all of them
            for point in points:
                done = subprocess.run([sys.executable, __file__, "--one", *map(str, point)], check=True,
                                      capture_output=True, text=True)
                seconds, peaks[point] = map(float, done.stdout.split())
                times[point].append(seconds)
        found[name] = []
        for point in points:
            depth, width, batch, threads = point
            seconds, peak = statistics.median(times[point]), peaks[point]
            found[name].append({"at": point, "us": seconds * 1e6, "peak": peak})
            print(f"{name:8} {depth:6} layers x {width:5}, batch {batch:5}, {threads} thread(s): "
                  f"{seconds * 1e6:12.1f} us, peak {peak / 1e6:8.2f} MB", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))
    if options.png:
        draw(found, options.png)


if __name__ == "__main__":
    main()
