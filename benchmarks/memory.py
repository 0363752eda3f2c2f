"""The memory that training takes, beside PyTorch's: the largest resident set over that before the network.

    python benchmarks/memory.py [--json FILE]

Each in a process of its own; the kernel's own count (VmHWM), so caches of both count, too.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from networks import NETWORKS


def resident(line):
    for text in Path("/proc/self/status").read_text().splitlines():
        if text.startswith(line):
            return int(text.split()[1]) * 1024
    raise OSError("no /proc/self/status here")


def one(framework, name):
    """Bytes that ten steps of the network added at their peak."""
    module = __import__(framework)
    from peers import eager

    network = NETWORKS[name]
    eager.make(module, NETWORKS["moons"], 1)[0]()      # what the framework needs in any case
    before = resident("VmRSS")
    step, value = eager.make(module, network, 1)
    for _ in range(10 if name != "wide" else 3):
        value(step())
    return resident("VmHWM") - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(one(*options.one))
        return
    frameworks = ["minigrad"] + ["torch"] * bool(importlib.util.find_spec("torch"))
    found = {}
    for name in ("deep20", "mnist", "wide"):
        found[name] = {
            framework: int(subprocess.run([sys.executable, __file__, "--one", framework, name], check=True,
                                          capture_output=True, text=True).stdout)
            for framework in frameworks
        }
        print(f"{name:8} " + "   ".join(f"{f} {b / 1e6:8.1f} MB" for f, b in found[name].items()), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
