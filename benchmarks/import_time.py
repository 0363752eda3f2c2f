"""What `import minigrad` costs over `import numpy`, and how large minigrad is when installed.

    python benchmarks/import_time.py [runs]

Each import happens in a fresh interpreter, numpy's first, with compiled bytecode (as pip
leaves it) and files that are already in memory. The best of many is printed, since what
else the machine does only adds to it. The aim is 15 ms.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import minigrad

AIM = 15.0      # ms
CODE = """
import time, numpy
wall, cpu = time.perf_counter(), time.process_time()
import minigrad
print((time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3)
"""


def measured(runs):
    """(wall, cpu) in ms for each run."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = cache
        environment["PYTHONPATH"] = str(Path(minigrad.__file__).parents[1])
        times = []
        for _ in range(runs + 1):       # the first writes the bytecode
            done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True,
                                  check=True)
            times.append(tuple(map(float, done.stdout.split())))
    return times[1:]


def sizes():
    """{kind of file: bytes} of the installed package, without bytecode."""
    found = {}
    for path in Path(minigrad.__file__).parent.rglob("*"):
        if path.is_file() and path.suffix not in (".pyc", ".pyx", ".c"):
            kind = {".so": "compiled modules", ".py": "Python", ".npz": "digits"}.get(path.suffix, "stubs and others")
            found[kind] = found.get(kind, 0) + path.stat().st_size
    return found


def main():
    times = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    wall, cpu = zip(*times, strict=True)
    print(f"import minigrad over import numpy, {len(times)} runs: best {min(wall):.1f} ms, "
          f"median {statistics.median(wall):.1f} ms (processor {min(cpu):.1f} ms); the aim is {AIM:.0f} ms")
    found = sizes()
    print(f"installed: {sum(found.values()) / 1e6:.2f} MB: "
          + ", ".join(f"{kind} {size / 1e6:.2f}" for kind, size in sorted(found.items(), key=lambda item: -item[1])))


if __name__ == "__main__":
    main()
