"""Measures everything and writes the page of README's section on speed: tables and pictures.

    python benchmarks/page.py [--quick]         docs/performance.md and its pictures, about 45 minutes

Run it on a machine that does nothing else. --quick takes fewer rounds, to try it out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import machine
from networks import FIVE, NETWORKS

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
BATCHES = [name for name in NETWORKS if "@" in name]
SHOWN = {"minigrad_eager": "minigrad", "torch_eager": "torch", "torch_compile": "torch.compile", "jax_jit": "jax.jit",
         "tinygrad_jit": "tinygrad", "sklearn_mlp": "scikit-learn"}


def run(folder, script, *arguments):
    """A benchmark's figures, from the JSON that it writes."""
    print(f"== {script} {' '.join(arguments)}", flush=True)
    target = Path(folder, "figures.json")
    subprocess.run([sys.executable, HERE / script, *arguments, "--json", target], check=True)
    return json.loads(target.read_text())


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def steps(figures):
    """A row for each network: microseconds of every peer, and the best peer's ratio."""
    peers = [peer for peer in SHOWN if any(peer in row for row in figures.values())]
    rows = []
    for name, row in figures.items():
        network = NETWORKS[name]
        others = [row[peer]["us"] for peer in peers if peer in row and peer != "minigrad_eager"]
        ratio = f"{min(others) / row['minigrad_eager']['us']:.2f}" if others else "-"
        what = f"{name} (batch {network.batch}{', prediction' if network.predict else ''})"
        rows.append([what, *(f"{row[peer]['us']:,.1f}" if peer in row else "-" for peer in peers), ratio])
    return table(["microseconds", *(SHOWN[peer] for peer in peers), "best peer / minigrad"], rows)


def arithmetic(figures):
    """A table: the rate at which each network's products are computed in a whole step, beside the peak."""
    rows = []
    for name, peers in figures.items():
        operations, ours, peak = NETWORKS[name].operations(), peers["minigrad_eager"], peers["machine_peak"]
        rows.append([name, str(ours["threads"]), f"{operations / 1e6:,.1f}", f"{operations / ours['us'] / 1e3:.0f}",
                     f"{operations / peak['us'] / 1e3:.0f}", f"{100 * peak['us'] / ours['us']:.0f} %"])
    return table(["", "threads", "million operations", "GF/s", "peak, GF/s", "part of the peak"], rows)


def passes(figures):
    """A row for each pass over memory: GB/s, and the share of what the machine reads or updates at most."""
    whats = next(iter(figures.values()))
    names = [name for name in next(iter(whats.values())) if name != "limit"]
    head = [f"{name}, {n} thread{'s' * (n != '1')}" for n in figures for name in names]
    rows = []
    for what in whats:
        of = [(figures[n][what][name], figures[n][what]["limit"]) for n in figures for name in names]
        rows.append([what, *(f"{speed / 1e9:.1f} ({100 * speed / limit:.0f} %)" for speed, limit in of)])
    return table(["", *head], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    DOCS.mkdir(exist_ok=True)
    rounds = ["--rounds", "3"] if options.quick else []
    with tempfile.TemporaryDirectory() as folder:
        limits = {threads: machine.limits(threads) for threads in sorted({1, machine.describe()["cores"]})}
        five = run(folder, "step.py", *FIVE, *rounds)
        batches = run(folder, "step.py", *BATCHES, *rounds, "--peers", "minigrad_eager", "torch_eager", "jax_jit")
        products = {n: run(folder, "gemm.py", "--threads", str(n), "--png", str(DOCS / f"gemm-{n}.png"), *rounds)
                    for n in limits}
        overhead = run(folder, "overhead.py")
        scaling = run(folder, "scaling.py", "--png", str(DOCS / "scaling.png"), *rounds)
        bandwidth = run(folder, "bandwidth.py", *rounds)
        memory = run(folder, "memory.py")
        busy = run(folder, "busy.py", *rounds)
    imported = subprocess.run([sys.executable, HERE / "import_time.py"], check=True, capture_output=True, text=True)

    depth = {point["at"][0]: point for point in scaling["depth"]}
    text = [
        "# Performance\n",
        f"Written by `python benchmarks/page.py` on {date.today()}. Figures are medians of blocks of steps for which "
        "the peers took turns, each in its own process with the number of threads (1 or all) that serves it best. "
        "Figures that fall short are shown like the others.\n",
        table(["machine", ""], [[what, str(value)] for what, value in machine.describe().items()]
              + [[f"limits, {n} thread{'s' * (n > 1)}", str(most)] for n, most in limits.items()]),
        "## A training step\n",
        "Forward, loss, backward, clipping and update on one batch; `benchmarks/networks.py` has the networks.\n",
        steps(five),
        "What of that is multiplying and adding, and how fast the machine did nothing else in its turns between "
        "the peers' (on as many threads as serve minigrad best):\n",
        arithmetic(five),
        "## Other batches\n",
        steps(batches),
        "## Matrix products\n",
        *(f"On {n} thread{'s' * (n > 1)}, against the better of OpenBLAS and MKL: geometric mean of the ratios "
          f"{found['mean']:.2f}, least {found['least']:.2f}.\n\n![ratios](gemm-{n}.png)\n"
          for n, found in products.items()),
        "## What an operation costs beyond its arithmetic\n",
        table(["nanoseconds", *overhead], [[what, *(f"{overhead[f][what]:,.0f}" for f in overhead)]
                                           for what in overhead["minigrad"]]),
        "## As a network grows\n",
        "![scaling](scaling.png)\n",
        f"From 100 to 10,000 layers: {depth[10_000]['us'] / depth[100]['us']:.1f} times the time, "
        f"{depth[10_000]['peak'] / depth[100]['peak']:.1f} times the memory.\n",
        "## Large tensors\n",
        "Gigabytes a second of passes over tensors of 64 MB, and the part of the machine's limit that this is.\n",
        passes(bandwidth),
        "## Memory\n",
        table(["peak in MB", *next(iter(memory.values()))],
              [[name, *(f"{b / 1e6:.1f}" for b in row.values())] for name, row in memory.items()]),
        "## Beside another program\n",
        table(["deep20", "microseconds"], [[what, f"{us:,.0f}"] for what, us in busy.items()]),
        "## Import and size\n",
        "    " + imported.stdout.strip().replace("\n", "\n    ") + "\n",
    ]
    (DOCS / "performance.md").write_text("\n".join(text))
    print(f"wrote {DOCS / 'performance.md'}")


if __name__ == "__main__":
    main()
