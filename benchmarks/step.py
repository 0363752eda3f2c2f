"""Times a training step beside PyTorch, JAX, tinygrad and scikit-learn, and prints ratios.

    python benchmarks/step.py                     the five networks, all peers that are installed
    python benchmarks/step.py moons deep20@1      these networks (networks.py has them; @1 is a batch of 1)
    python benchmarks/step.py --json FILE         the figures as JSON, too

A step is forward, loss, backward, clipping and update on one batch that lies in memory. Each
peer runs in a process of its own, once with one thread and once with all; they take turns,
0.1 to 0.2 seconds each, round after round, so that a busy moment of the machine meets all of
them. Quoted is the median over the blocks, and for each peer its better number of threads.
"""

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from networks import NETWORKS

HERE = Path(__file__).parent
PEERS = {       # module -> package
    "minigrad_eager": "minigrad",
    "torch_eager": "torch",
    "torch_compile": "torch",
    "jax_jit": "jax",
    "tinygrad_jit": "tinygrad",
    "sklearn_mlp": "sklearn",
}
BLOCK = 0.1         # seconds at least; the first of them are cold, and the peer before may have threads that still spin
SLOW = 2.0          # seconds; a peer whose step takes longer runs in five rounds only
FIVE = ["moons", "digits", "deep20", "mnist", "wide"]


def work(peer, network, threads):
    """In a peer's process: a block of steps for every line read, its mean time printed."""
    module = importlib.import_module(f"peers.{peer}")
    try:
        step, value = module.make(network, threads)
    except NotImplementedError:
        return      # it has no such network
    for _ in range(3):
        loss = value(step())
    print(f"{module.version()} {loss}", flush=True)

    def block(steps):
        start = time.perf_counter()
        for _ in range(steps):
            loss = step()
        value(loss)         # waits for what runs in the background
        return (time.perf_counter() - start) / steps

    steps = 1
    while steps * block(steps) < BLOCK:
        steps *= 2
    for _ in sys.stdin:
        print(block(steps), flush=True)


class Peer:
    """A process that runs blocks of steps when asked."""

    def __init__(self, peer, network, threads):
        self.name, self.threads, self.times = peer, threads, []
        variables = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", peer, network.name, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables},
        )
        words = self.process.stdout.readline().split()
        self.version, self.loss = words or (None, None)

    def block(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(network, peers, threads, rounds):
    """{peer: its quicker Peer} for a network."""
    running = [Peer(peer, network, n) for peer in peers for n in threads]
    for peer in running:
        if peer.version is None:
            peer.close()
    running = [peer for peer in running if peer.version is not None]
    for turn in range(rounds):
        for peer in running if turn % 2 == 0 else reversed(running):
            if turn < 5 or peer.times[0] < SLOW:
                peer.block()
    for peer in running:
        peer.close()
    best = {}
    for peer in running:
        if peer.name not in best or statistics.median(peer.times) < statistics.median(best[peer.name].times):
            best[peer.name] = peer
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help=f"among {', '.join(NETWORKS)} (default: {' '.join(FIVE)})")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", nargs="*", default=[p for p, package in PEERS.items()
                                                        if importlib.util.find_spec(package)])
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        peer, network, threads = options.work
        return work(peer, NETWORKS[network], int(threads))
    unknown = [name for name in options.networks if name not in NETWORKS]
    if unknown:
        parser.error(f"no network named {', '.join(unknown)}; there are {', '.join(NETWORKS)}")
    threads = sorted({1, len(os.sched_getaffinity(0))})
    figures = {}
    for name in options.networks or FIVE:
        network = NETWORKS[name]
        best = compare(network, options.peers, threads, options.rounds)
        depth = len(network.sizes) - 2
        sizes = "-".join(map(str, network.sizes)) if depth < 4 else f"{depth} hidden layers"
        print(f"\n{name}: {sizes}, batch {network.batch}, {network.optimizer}, {network.loss}")
        ours = statistics.median(best["minigrad_eager"].times) if "minigrad_eager" in best else None
        figures[name] = {
            peer.name: {"us": statistics.median(peer.times) * 1e6, "threads": peer.threads, "version": peer.version,
                        "quartiles": [t * 1e6 for t in statistics.quantiles(peer.times, n=4)[::2]]}
            for peer in best.values()
        }
        for peer in best.values():
            times = sorted(t * 1e6 for t in peer.times)
            ratio = f"{statistics.median(peer.times) / ours:7.2f} x" if ours else ""
            print(f"  {peer.name:15} {peer.version:10} {peer.threads} thread{'s' * (peer.threads > 1):1} "
                  f"{statistics.median(times):12.1f} us   ({times[len(times) // 4]:.1f} to "
                  f"{times[3 * len(times) // 4]:.1f}) {ratio}   loss {float(peer.loss):.5f}", flush=True)
        if options.json:        # after each network, as the wide one takes long
            Path(options.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
