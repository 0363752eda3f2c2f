"""What a busy neighbour does to a training step: one core taken by another program, deep20 on both.

    python benchmarks/busy.py [--rounds N] [--json FILE]

Compared are, by the median of some processes' medians: alone on one thread; one thread pinned to a
core beside the busy one; two threads while one of the two cores is busy elsewhere. The last should be
at most 1.3 times the pinned one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from networks import NETWORKS


def one(threads, pinned):
    """The median time of a step of deep20."""
    if pinned:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import minigrad
    from peers import eager

    step, value = eager.make(minigrad, NETWORKS["deep20"], threads)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        value(step())
        times.append(time.perf_counter() - start)
    return statistics.median(times[20:])


def measured(threads, pinned, busy):
    first = min(os.sched_getaffinity(0))
    neighbour = subprocess.Popen([sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{first}}})\n"
                                  "while True: pass"]) if busy else None
    try:
        return float(subprocess.run([sys.executable, __file__, "--one", str(threads), str(int(pinned))], check=True,
                                    capture_output=True, text=True).stdout)
    finally:
        if neighbour:
            neighbour.kill()
            neighbour.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(one(*options.one))
        return
    cases = {
        "idle, 1 thread": (1, False, False),
        "idle, 2 threads": (2, False, False),
        "busy, 1 thread pinned": (1, True, True),
        "busy, 2 threads": (2, False, True),
    }
    times = {what: [] for what in cases}
    for _ in range(options.rounds):         # in turns: a quick moment of the machine shall meet all of them
        for what, case in cases.items():
            times[what].append(measured(*case) * 1e6)
    found = {what: statistics.median(of) for what, of in times.items()}
    for what, us in found.items():
        print(f"{what:24} {us:9.1f} us")
    print(f"two threads beside a busy core over one thread pinned: "
          f"{found['busy, 2 threads'] / found['busy, 1 thread pinned']:.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
