"""Sums and means of a hundred million float32, along both axes: at most 1 ulp off. Needs 1 GB; no part of the suite.

    PYTHONPATH=. python tests/nightly/long_reductions.py
"""

from fractions import Fraction

import numpy as np

import minigrad as mg


def ulps(got, exact):
    return abs(Fraction(float(got)) - exact) / Fraction(float(np.spacing(np.float32(float(exact)))))


def main():
    n = 100_000_000
    tenth = Fraction(float(np.float32(0.1)))
    for shape, dim in (((n, 1), 0), ((1, n), 1), ((n // 10, 10), 0), ((10, n // 10), 1), ((n // 10, 10), (0, 1))):
        x = mg.full(shape, 0.1)
        count = n if dim == (0, 1) else shape[dim]
        for name, exact in (("sum", tenth * count), ("mean", tenth)):
            worst = max(ulps(value, exact) for value in np.ravel(getattr(x, name)(dim).tolist()))
            print(f"{name}{dim} of {shape}: {float(worst):.3f} ulp")
            assert worst <= 1


if __name__ == "__main__":
    main()
