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
    largest magnitude. tolerance: the search ends in a bracket so narrow.
    """

    def too_far(point):  # also where the loss is NaN
        return not point.loss <= start.loss + c1 * point.t * start.slope

    def is_flat(point):
        return abs(point.slope) <= -c2 * start.slope

    # Go on until a minimum is surely behind: then it lies between the last two points.
    before, point, tries = start, measure(t), 0
    while True:
        if tries == most:
            low, high = start, point
            break
        if too_far(point) or (tries > 1 and point.loss >= before.loss):
            low, high = before, point
            break
        if is_flat(point):
            return point, tries + 1
        if point.slope >= 0:
            low, high = before, point
            break
        nearest, farthest = point.t + 0.01 * (point.t - before.t), 10 * point.t
        before, point = point, measure(lowest(before, point, nearest, farthest))
        tries += 1

    # Narrow the bracket; low is the end with the smaller loss.
    calls = tries + 1
    if not low.loss <= high.loss:
        low, high = high, low
    crowded = False
    while tries < most and abs(high.t - low.t) * length >= tolerance:
        left, right = sorted((low, high))
        t = lowest(left, right, left.t, right.t)
        margin = 0.1 * (right.t - left.t)
        if min(right.t - t, t - left.t) < margin:
            if crowded or t >= right.t or t <= left.t:  # for the second time, or at an end
                t = right.t - margin if right.t - t < t - left.t else left.t + margin
                crowded = False
            else:
                crowded = True
        else:
            crowded = False
        point = measure(t)
        tries, calls = tries + 1, calls + 1
        if too_far(point) or point.loss >= low.loss:
            high = point
            if not low.loss <= high.loss:
                low, high = high, low
        else:
            if is_flat(point):
                return point, calls
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
    return low, calls


def lowest(a, b, nearest, farthest):
    """Where the cubic with the losses and slopes of two points has its minimum, within bounds; their
    middle where it has none."""
    if a.t > b.t:
        a, b = b, a
    with_middle = (nearest + farthest) / 2
    if a.t == b.t:
        return with_middle
    u = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = u * u - a.slope * b.slope
    if not square >= 0 or math.isinf(square):
        return with_middle
    root = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * root
    if divisor == 0:
        return with_middle
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - u) / divisor), nearest), farthest)
