"""How far to go along a direction: a step that satisfies the strong Wolfe conditions.

With the loss f(t) and its slope f'(t) at distance t along a direction of descent,

    f(t) <= f(0) + c1 t f'(0)       the loss has fallen enough for so long a step
    |f'(t)| <= c2 |f'(0)|           and would not fall much more by going on

Nocedal and Wright, Numerical optimization (2006), algorithms 3.5 and 3.6, with the safeguards of
Schmidt's minFunc (2005): how far to look beyond the last point, and a tenth of the bracket's
width that a new point keeps from its ends.
"""

import math
from typing import Any, NamedTuple


class Point(NamedTuple):
    """Where the line has been measured."""

    t: float
    loss: float
    gradient: Any
    slope: float  # gradient . direction


def strong_wolfe(measure, start, t, length, tolerance, c1=1e-4, c2=0.9, most=25):
    """The best point found, and how often `measure` was called for it.

    measure: t -> Point. start: the Point at 0. t: the first guess. length: of the direction, as the
    largest magnitude. tolerance: the search ends in a bracket so narrow. most: points after the first.
    """

    def too_far(point):  # also where the loss is NaN
        return not point.loss <= start.loss + c1 * point.t * start.slope

    def is_flat(point):
        return abs(point.slope) <= -c2 * start.slope

    # Go on until a minimum is surely behind: then it lies between the last two points.
    before, point, calls = start, measure(t), 1
    while calls <= most and not (too_far(point) or (calls > 2 and point.loss >= before.loss)):
        if is_flat(point):
            return point, calls
        if point.slope >= 0:
            break
        nearest, farthest = point.t + 0.01 * (point.t - before.t), 10 * point.t
        before, point = point, measure(lowest(before, point, nearest, farthest))
        calls += 1
    else:
        if calls > most:
            before = start

    # Narrow the bracket, in which ends[low] has the smaller loss.
    ends = [before, point]
    low = int(point.loss < before.loss)
    crowded = False
    while calls <= most and abs(ends[1].t - ends[0].t) * length >= tolerance:
        left, right = sorted(end.t for end in ends)
        t = lowest(*ends, left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if crowded or t >= right or t <= left:  # for the second time, or at an end
                t = right - margin if right - t < t - left else left + margin
                crowded = False
            else:
                crowded = True
        else:
            crowded = False
        point = measure(t)
        calls += 1
        if too_far(point) or point.loss >= ends[low].loss:
            ends[1 - low] = point
            low = int(ends[1].loss < ends[0].loss)
        else:
            if is_flat(point):
                return point, calls
            if point.slope * (ends[1 - low].t - ends[low].t) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = point
    return ends[low], calls


def lowest(a, b, nearest, farthest):
    """Where the cubic with the losses and slopes of two points has its minimum, within bounds; their
    middle where it has none."""
    if a.t > b.t:
        a, b = b, a
    middle = (nearest + farthest) / 2
    if a.t == b.t:
        return middle
    u = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = u * u - a.slope * b.slope
    if not square >= 0 or math.isinf(square):
        return middle
    root = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * root
    if divisor == 0:
        return middle
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - u) / divisor), nearest), farthest)
