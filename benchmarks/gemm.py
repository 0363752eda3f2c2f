"""Matrix products beside NumPy's OpenBLAS and PyTorch's MKL, over the shapes that networks have.

    python benchmarks/gemm.py                       the table of ratios
    python benchmarks/gemm.py --png FILE            and a heat map
    python benchmarks/gemm.py --threads 2

Each in a process of its own and on as many threads, taking turns (turns.py); the median of each. NN is
a forward pass over weights stored (in, out), NT over PyTorch's (out, in), TN the weight's gradient.
"""

import argparse
import importlib.util
import json
import math
import statistics
from pathlib import Path

from turns import Turn, answers, medians, time_each

SHAPES = [  # rows (the batch), columns, inner
    (1, 100, 784), (1, 512, 512), (32, 100, 64), (32, 100, 100), (32, 10, 100), (100, 16, 2), (100, 16, 16),
    (100, 1, 16), (128, 10, 100), (128, 10, 512), (128, 100, 100), (128, 100, 784), (128, 512, 512), (128, 512, 784),
    (256, 256, 256), (512, 1024, 1024), (512, 4096, 1024), (512, 1024, 4096),
]
LAYOUTS = ("NN", "NT", "TN")


def _products(who, threads):
    """[(function, how often to call it at a time)] for every shape in every layout"""
    import numpy as np

    tensor = np.asarray         # OpenBLAS's threads are set by the environment
    if who != "numpy":
        framework = importlib.import_module(who)
        framework.set_num_threads(threads)
        tensor = framework.from_numpy
    rng = np.random.default_rng(0)
    found = []
    for m, n, k in SHAPES:
        for layout in LAYOUTS:
            a = rng.standard_normal((k, m) if layout[0] == "T" else (m, k), np.float32)
            b = rng.standard_normal((n, k) if layout[1] == "T" else (k, n), np.float32)
            a, b = tensor(a.T if layout[0] == "T" else a), tensor(b.T if layout[1] == "T" else b)
            found.append((lambda a=a, b=b: a @ b, max(1, int(1e-3 * 4e10 / (2 * m * n * k + 20000)))))
    return found


def ratios(threads, rounds):
    """{(m, n, k, layout): (seconds of minigrad, OpenBLAS's ratio, MKL's ratio or None)}"""
    times = medians(answers({who: Turn(__file__, "--work", who, "--threads", threads, threads=threads)
                             for who in ("minigrad", "numpy", "torch") if importlib.util.find_spec(who)}, rounds))
    found = {}
    for i, (shape, layout) in enumerate((shape, layout) for shape in SHAPES for layout in LAYOUTS):
        ours = times["minigrad"][i]
        found[*shape, layout] = (ours, *(times[who][i] / ours if who in times else None
                                         for who in ("numpy", "torch")))
    return found


def draw(found, path):
    """The better of both peers' ratios as a heat map: above 1 minigrad is faster."""
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.colors import TwoSlopeNorm

    worst = np.array([[min(r for r in found[*shape, layout][1:] if r) for layout in LAYOUTS] for shape in SHAPES])
    figure, axes = pyplot.subplots(figsize=(5, 7), layout="constrained")
    image = axes.imshow(worst, cmap="RdBu", norm=TwoSlopeNorm(1.0, 0.5, 2.0), aspect="auto")
    axes.set_xticks(range(3), LAYOUTS)
    axes.set_yticks(range(len(SHAPES)), [f"{m} x {n} x {k}" for m, n, k in SHAPES])
    for (i, j), value in np.ndenumerate(worst):
        axes.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if not 0.7 < value < 1.6 else "black")
    axes.set_title("Time of the better of OpenBLAS and MKL\nover minigrad's (blue: minigrad is faster)", fontsize=10)
    figure.colorbar(image, ax=axes, shrink=0.6)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--png", help="draw a heat map into this file")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return time_each(_products(options.work, options.threads))
    found = ratios(options.threads, options.rounds)
    print(f"{'m x n x k':>18}  layout   GF/s   OpenBLAS      MKL   (their time over ours, {options.threads} thread(s))")
    worst = []
    for (m, n, k, layout), (seconds, openblas, mkl) in found.items():
        print(f"{m:>6} x {n:4} x {k:4}  {layout}   {2 * m * n * k / seconds / 1e9:7.1f} {openblas:10.2f} "
              + (f"{mkl:8.2f}" if mkl else "       -"))
        worst.append(min(r for r in (openblas, mkl) if r))
    mean = math.exp(statistics.fmean(map(math.log, worst)))
    print(f"against the better of both: geometric mean {mean:.2f}, least {min(worst):.2f}")
    if options.json:
        figures = {" ".join(map(str, key)): value for key, value in found.items()}
        Path(options.json).write_text(json.dumps({"mean": mean, "least": min(worst), "shapes": figures}, indent=1))
    if options.png:
        draw(found, options.png)


if __name__ == "__main__":
    main()
