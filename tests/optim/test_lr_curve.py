"""LRCurve: what it reads off a curve of a known shape, as text and as a picture."""

import subprocess
import sys

import numpy as np
import pytest

from minigrad.optim.lr_curve import LRCurve

LRS = np.logspace(-6, 1, 71)


def curve(values, stopped=None):
    values = np.array(values, dtype=np.float64)
    return LRCurve(LRS[: len(values)], values, values, stopped)


# falls from 2 to 1 around 1e-3, lowest at 1, up after it
VALLEY = 1.5 - 0.5 * np.tanh(2 * (np.log10(LRS) + 3)) + 10 * np.maximum(0, np.log10(LRS)) ** 2 - 1e-3 * np.log10(LRS)


def test_the_suggestion_is_where_the_curve_falls_steepest_and_a_tenth_of_the_lowest_is_told_beside_it():
    found = curve(VALLEY, "the loss diverged")
    assert found.suggestion == pytest.approx(1e-3)
    assert found.lowest == pytest.approx(1.0)
    assert found.tenth_of_lowest == pytest.approx(0.1)


def test_the_noise_of_the_first_steps_suggests_nothing():
    values = VALLEY.copy()
    values[:5] = [9, 3, 8, 2, 5]
    assert curve(values).suggestion == pytest.approx(1e-3)


@pytest.mark.parametrize("values", [[2.0], [2.0, 3.0], np.linspace(1, 3, 50), np.ones(30)], ids=len)
def test_a_curve_that_never_falls_suggests_nothing_and_says_so(values):
    found = curve(values)
    assert found.suggestion is None
    assert "suggestion  none: the loss never fell" in repr(found)


def test_the_text_names_the_reading_and_draws_the_curve():
    text = repr(curve(VALLEY, "the loss diverged"))
    lines = text.splitlines()
    assert lines[0] == "LRCurve of 71 steps, lr 1e-06 to 10: the loss diverged"
    assert lines[1].split() == "suggestion 0.001 the smoothed loss falls steepest here".split()
    assert lines[2].startswith("  tenth_of_lowest       0.1   a tenth of 1, where it is lowest (1")
    chart = lines[3:]
    assert len(chart) == 13 and max(map(len, chart)) <= 80
    assert chart[0].count("^") == 7 and chart[2].count("*") > 20  # through the ceiling at the end; flat at first
    marks = chart[11]
    assert marks.index("S") - 12 == 30 * 64 // 71 and marks.index("L") - 12 == 60 * 64 // 71
    assert chart[12].split() == ["1e-06", "lr", "1e+01"]


def test_a_curve_that_still_falls_at_the_end_says_so():
    found = curve(2 - LRS / 20)
    assert found.lowest == 10
    assert "still falling at the end: a higher end_lr may show more" in repr(found)


def test_the_picture_has_both_losses_and_both_suggestions(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    found = curve(VALLEY)
    ax = Figure().subplots()
    assert found.plot(ax) is ax
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "learning rate"
    assert np.array_equal(ax.lines[0].get_ydata(), VALLEY)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "loss", "smoothed", "suggestion 0.001: steepest", "0.1: a tenth of the lowest",
    ]  # fmt: skip
    assert ax.get_ylim()[1] < 2.5 < VALLEY.max()
    found.save(tmp_path / "lr.png")
    assert (tmp_path / "lr.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = found.plot()
    assert drawn.figure.number in pyplot.get_fignums()
    pyplot.close(drawn.figure)


def test_matplotlib_is_imported_only_to_draw_and_its_absence_says_what_to_install(tmp_path, monkeypatch):
    code = "import sys, minigrad; minigrad.optim.lr_finder; assert 'matplotlib' not in sys.modules"
    # -P: the minigrad that is installed, not the unbuilt one that may lie in the current folder
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))})
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (curve(VALLEY).plot, lambda: curve(VALLEY).save(tmp_path / "lr.png")):
        with pytest.raises(ImportError, match=r"pip install '\.\[plot\]'"):
            draw()
