"""What an operation costs beyond its arithmetic: nanoseconds on tensors of a few elements.

    python benchmarks/overhead.py

minigrad and PyTorch, each on one thread in a process of its own, taking turns (turns.py); medians.
"""

import argparse
import importlib.util
import json
from pathlib import Path

from turns import Turn, answers, medians, time_each

CALLS = 500     # of each function in a turn


def cases(framework):
    """{what: function}; the tensors are so small that arithmetic takes next to nothing."""
    nn = framework.nn
    x = framework.ones(1, 2)
    w = framework.ones(1, 2, requires_grad=True)
    linear = nn.Linear(2, 2)
    one = framework.ones(1, 1)
    seed = framework.ones(1, 2)
    relu = nn.ReLU()
    mlp = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))

    def forward_and_backward(function, dy):
        def run():
            function().backward(dy)

        return run

    def linear_both():
        linear.weight.grad = linear.bias.grad = None
        linear(x).backward(seed)

    return {
        "x + x, no gradient": lambda: x + x,
        "w + x": lambda: w + x,
        "w * x and backward": forward_and_backward(lambda: w * x, seed),
        "one @ w": lambda: one @ w,
        "Linear forward": lambda: linear(x),
        "Linear forward and backward": linear_both,
        "ReLU": lambda: relu(x),
        "Linear, ReLU, Linear": lambda: mlp(x),
        "x.sum()": lambda: x.sum(),
        "x[0]": lambda: x[0],
        "x.reshape(2)": lambda: x.reshape(2),
    }


def prepared(name):
    """{what: function} of a framework, on one thread"""
    framework = importlib.import_module(name)
    framework.set_num_threads(1)
    return cases(framework)


def measured(rounds):
    """{framework: {what: nanoseconds}}"""
    times = medians(answers({name: Turn(__file__, "--work", name, threads=1)
                             for name in ("minigrad", "torch") if importlib.util.find_spec(name)}, rounds))
    return {name: {what: seconds * 1e9 for what, seconds in zip(prepared(name), of, strict=True)}
            for name, of in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return time_each([(function, CALLS) for function in prepared(options.work).values()])
    found = measured(options.rounds)
    for what, ours in found["minigrad"].items():
        theirs = found.get("torch", {}).get(what)
        print(f"{what:30} {ours:8.0f} ns" + (f"   torch {theirs:8.0f} ns   {theirs / ours:5.1f} x" if theirs else ""))
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
