"""Every float32, through every function: prints the largest error of each in ulp, fails above 1.

    PYTHONPATH=. python tests/nightly_ulp.py [name ...]

All of it takes some hours on one core; names pick functions. See tests/ops/ulp.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "ops"))

import ulp

CHUNK = 1 << 23


def main(names):
    failed = False
    for name in names or ulp.REFERENCES:
        worst, where = max(ulp.error(name, ulp.floats(start, start + CHUNK)) for start in range(0, 1 << 32, CHUNK))
        failed |= not worst <= 1
        print(f"{name:12} {worst:.6f} ulp at {where!r}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
