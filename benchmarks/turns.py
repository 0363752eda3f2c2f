"""Processes that take turns: each runs a piece of work when it is asked, the others lie still.

A machine's speed changes from second to second; whoever is compared has to meet the same moments.
Each peer has a process of its own, as the threads of one would hold the processors of another: after
a product, OpenBLAS's wait 0.1 seconds for the next one, spinning. So long nobody is asked, either.
"""

import json
import os
import statistics
import subprocess
import sys
import time

PAUSE = 0.15        # seconds


class Turn:
    """A process that does a piece of work for each line it reads, and answers with a line."""

    def __init__(self, script, *arguments, threads):
        # OPENBLAS, MKL and OpenMP read their number of threads when they are loaded
        variables = {f"{who}_NUM_THREADS": str(threads) for who in ("OMP", "MKL", "OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, script, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables},
        )

    def read(self):
        """Its next line; the empty string if it has ended."""
        return self.process.stdout.readline()

    def ask(self):
        """The answer to one question, when its neighbours' threads are asleep."""
        time.sleep(PAUSE)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def answers(turns, rounds):
    """{name: what its Turn answered in each round}, the turns forwards and backwards by turns; then they are closed."""
    for turn in turns.values():
        turn.read()         # it is ready
    found = {name: [] for name in turns}
    for i in range(rounds):
        for name in turns if i % 2 else reversed(turns):
            found[name].append(json.loads(turns[name].ask()))
    for turn in turns.values():
        turn.close()
    return found


def medians(times):
    """{name: the median of each function's seconds} of what answers() found of time_each()"""
    return {name: [statistics.median(of) for of in zip(*rounds, strict=True)] for name, rounds in times.items()}


# ---- in the process


def time_each(functions):
    """Answers, whenever asked, with the seconds of each (function, calls), after one call that does not count."""
    print(flush=True)
    for _ in asked():
        times = []
        for function, calls in functions:
            function()
            start = time.perf_counter()
            for _ in range(calls):
                function()
            times.append((time.perf_counter() - start) / calls)
        print(json.dumps(times), flush=True)


def asked():
    """One item for each piece of work that is wanted."""
    return sys.stdin
