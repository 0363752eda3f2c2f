"""Times a training step beside PyTorch, JAX, tinygrad and scikit-learn, and prints ratios.

    python benchmarks/step.py                     the five networks, all peers that are installed
    python benchmarks/step.py moons deep20@1      these networks (networks.py has them; @1 is a batch of 1)
    python benchmarks/step.py --json FILE         the figures as JSON, too

A step is forward, loss, backward, clipping and update on one batch that lies in memory. Each
peer runs in a process of its own, once with one thread and once with all; they take turns (turns.py),
0.1 to 0.2 seconds each, round after round, so that a busy moment of the machine meets all of
them. A turn begins with steps that do not count, until the caches know the peer again. In turn with them
runs a loop of nothing but multiplications and additions, as the machine's peak differs from moment to
moment, too. Quoted is the median over the blocks, and for each peer its better number of threads.
"""

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import time
from pathlib import Path

from networks import FIVE, NETWORKS
from turns import Turn, asked

OURS = "minigrad_eager"
PEERS = {       # module -> package
    OURS: "minigrad",
    "torch_eager": "torch",
    "torch_compile": "torch",
    "jax_jit": "jax",
    "tinygrad_jit": "tinygrad",
    "sklearn_mlp": "sklearn",
}
PEAK = "machine_peak"       # no peer, but what the machine multiplies and adds meanwhile
BLOCK = 0.1         # seconds at least
WARM = 0.03         # seconds at least of steps before them
SLOW = 2.0          # seconds; a peer whose step takes longer runs in five rounds only


def work(peer, network, threads):
    """In a peer's process: a block of steps for every line read, its mean time printed."""
    module = importlib.import_module(f"peers.{peer}")
    try:
        step, value = module.make(network, threads)
    except NotImplementedError:
        return      # it has no such network
    each = getattr(step, "each", 1)     # of the network's steps in one of these
    for _ in range(3):
        loss = value(step())
    print(f"{module.version()} {loss}", flush=True)

    def block(steps):
        start = time.perf_counter()
        for _ in range(steps):
            loss = step()
        value(loss)         # waits for what runs in the background
        return (time.perf_counter() - start) / steps / each

    steps = 1
    while steps * each * block(steps) < BLOCK:
        steps *= 2
    warm = int(WARM / (each * block(1)))        # none before long steps, whose first moments do not show
    for _ in asked():
        if warm:
            block(warm)
        print(block(steps), flush=True)


class Peer(Turn):
    """A process that runs blocks of steps when asked."""

    def __init__(self, peer, network, threads):
        super().__init__(__file__, "--work", peer, network.name, threads, threads=threads)
        self.name, self.threads, self.times = peer, threads, []
        words = self.read().split()
        self.version, self.loss = words or (None, None)

    def block(self):
        self.times.append(float(self.ask()))


def compare(network, peers, threads, rounds):
    """{peer: its quicker Peer} for a network, and the peak on as many threads as minigrad is quicker with."""
    running = [Peer(peer, network, n) for peer in [*peers, PEAK] for n in threads]
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
    for peer in sorted(running, key=lambda peer: statistics.median(peer.times)):
        best.setdefault(peer.name, peer)
    if OURS in best:
        best[PEAK] = next(peer for peer in running if (peer.name, peer.threads) == (PEAK, best[OURS].threads))
    return {name: best[name] for name in [*peers, PEAK] if name in best}


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
        ours = statistics.median(best[OURS].times) if OURS in best else None
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
