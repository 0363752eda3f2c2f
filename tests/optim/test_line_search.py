"""The strong Wolfe conditions hold where the search says so."""

import math

import pytest

from minigrad.optim.line_search import Point, lowest, strong_wolfe

# losses along a line, their slopes, and where they begin
LINES = {
    "a parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "a steep wall": (lambda t: math.exp(t) - 5 * t, lambda t: math.exp(t) - 5),
    "a long slope": (lambda t: -math.log(1 + t), lambda t: -1 / (1 + t)),
    "waves": (lambda t: 0.1 * t * t - math.sin(3 * t), lambda t: 0.2 * t - 3 * math.cos(3 * t)),
    "a quartic": (lambda t: (t - 2) ** 4, lambda t: 4 * (t - 2) ** 3),
    "an edge": (lambda t: abs(t - 1) - 0.5, lambda t: math.copysign(1, t - 1)),
}


def search(line, t, **settings):
    f, slope = LINES[line] if isinstance(line, str) else line
    calls = []

    def measure(t):
        calls.append(t)
        return Point(t, f(t), None, slope(t))

    start = Point(0.0, f(0.0), None, slope(0.0))
    point, count = strong_wolfe(measure, start, t, 1.0, 1e-9, **settings)
    assert count == len(calls) and point.t in (0.0, *calls)
    return start, point, calls


@pytest.mark.parametrize("t", [1e-4, 0.1, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("line", [line for line in LINES if line not in ("an edge", "a long slope")])
def test_both_conditions_hold(line, t):
    start, point, _ = search(line, t)
    assert point.loss <= start.loss + 1e-4 * point.t * start.slope
    assert abs(point.slope) <= 0.9 * abs(start.slope)


def test_an_endless_slope_ends_the_search_further_down():
    start, point, calls = search("a long slope", 1e-3)
    assert point.loss < start.loss and abs(point.slope) <= 0.9 * abs(start.slope) and len(calls) < 25


def test_an_edge_without_a_flat_point_is_closed_in_upon():
    _, point, calls = search("an edge", 5.0)
    assert point.t == pytest.approx(1.0, abs=1e-6) and len(calls) <= 26


def test_a_loss_that_is_nan_beyond_a_point_is_turned_back_from():
    def f(t):
        return (t - 1) ** 2 if t < 2 else math.nan

    _, point, calls = search((f, lambda t: 2 * (t - 1) if t < 2 else math.nan), 50.0)
    assert 0 < point.t < 2 and point.loss < 1 and math.isnan(f(calls[0]))


def test_the_search_gives_up_after_so_many_points():
    _, _, calls = search((lambda t: -t, lambda t: -1.0), 1.0, most=7)
    assert len(calls) == 8


@pytest.mark.parametrize("f, slope, wanted", [
    (lambda t: (t - 1) ** 2, lambda t: 2 * (t - 1), 1.0),
    (lambda t: t**3 - 3 * t, lambda t: 3 * t * t - 3, 1.0),
], ids=["parabola", "cubic"])  # fmt: skip
def test_the_lowest_point_of_a_cubic_is_exact(f, slope, wanted):
    a, b = (Point(t, f(t), None, slope(t)) for t in (0.0, 3.0))
    assert lowest(a, b, 0.0, 3.0) == pytest.approx(wanted) and lowest(b, a, 0.0, 3.0) == pytest.approx(wanted)
    assert lowest(a, b, 2.0, 3.0) == 2.0 and lowest(a, b, 0.0, 0.5) == 0.5


@pytest.mark.parametrize("a, b", [
    (Point(0.0, 0.0, None, -1.0), Point(1.0, math.inf, None, math.inf)),
    (Point(0.0, 0.0, None, -1.0), Point(1.0, math.nan, None, 1.0)),
    (Point(1.0, 0.0, None, -1.0), Point(1.0, 0.0, None, -1.0)),
    (Point(0.0, 0.0, None, 1.0), Point(1.0, 1.0, None, 1.0)),
], ids=["infinite", "nan", "one point", "no minimum"])  # fmt: skip
def test_where_there_is_no_lowest_point_the_middle_is_taken(a, b):
    assert lowest(a, b, 0.0, 4.0) == 2.0
