"""Every float32, through every function: prints the largest error of each in ulp, fails above 1.

    PYTHONPATH=. python tests/nightly_ulp.py [name ...]

All of it takes some hours on one core; names pick functions. See tests/ops/ulp.py, and for activations, whose
slopes are measured, too, tests/ops/test_activation.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "ops"))

import test_activation
import ulp

CHUNK = 1 << 23


def errors(name):
    """What was measured, how far it is off at worst and where, for every chunk of the floats."""
    for start in range(0, 1 << 32, CHUNK):
        x = ulp.floats(start, start + CHUNK)
        if name in ulp.REFERENCES:
            yield name, *ulp.error(name, x)
        elif len(x):
            yield from ((f"{name} ({what})", off, at) for what, off, at in test_activation.errors(name, x))


def main(names):
    failed = False
    for name in names or [*ulp.REFERENCES, *(name for name in test_activation.HOT if name not in ulp.REFERENCES)]:
        worst = {}
        for what, off, at in errors(name):
            worst[what] = max(worst.get(what, (0.0, 0.0)), (float(off), float(at)))
        for what, (off, at) in worst.items():
            failed |= not off <= 1
            print(f"{what:24} {off:.6f} ulp at {at!r}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
