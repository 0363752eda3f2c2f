"""Schedules that begin low: their closed forms, and what they refuse."""

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import ConstantLR, LinearLR


def optimizer():
    return SGD([minigrad.zeros(1, requires_grad=True)], lr=0.2)


@pytest.mark.parametrize("make, formula", [
    (lambda o: ConstantLR(o, 0.25, 6), lambda t: 0.25 if t < 6 else 1),
    (lambda o: ConstantLR(o, 1, 6), lambda t: 1),
    (lambda o: LinearLR(o, 0.1, 1.0, 8), lambda t: min(1, 0.1 + 0.9 * t / 8)),
    (lambda o: LinearLR(o, 1.0, 0.0, 8), lambda t: max(0, 1 - t / 8)),
])  # fmt: skip
def test_the_rate_is_the_formula_of_the_docstring(make, formula):
    scheduler = make(optimizer())
    for t in range(20):
        assert scheduler.get_last_lr()[0] == pytest.approx(0.2 * formula(t), rel=1e-12, abs=1e-15)
        scheduler.optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("make, says", [
    (lambda o: ConstantLR(o, 0), "ConstantLR: factor must be above 0 and at most 1, got 0"),
    (lambda o: ConstantLR(o, 1.5), "ConstantLR: factor must be above 0 and at most 1, got 1.5"),
    (lambda o: ConstantLR(o, 0.5, 0), "total_iters must be above 0, got 0: the rate would keep its factor for ever"),
    (lambda o: LinearLR(o, 0.0), "LinearLR: start_factor must be above 0 and at most 1, got 0.0"),
    (lambda o: LinearLR(o, -0.5), "LinearLR: start_factor must be finite and at least 0, got -0.5"),
    (lambda o: LinearLR(o, 0.5, 1.1), "LinearLR: end_factor must be at least 0 and at most 1, got 1.1"),
    (lambda o: LinearLR(o, total_iters=0), "total_iters must be above 0, got 0: the rate would stay at start_factor"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make(optimizer())
