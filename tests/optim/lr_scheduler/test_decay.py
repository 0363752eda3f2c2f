"""Schedules that decay: their closed forms, and what they refuse."""

import math

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import ExponentialLR, MultiStepLR, PolynomialLR, StepLR

FORMULAS = [
    (lambda o: StepLR(o, 4, 0.5), lambda t: 0.5 ** (t // 4)),
    (lambda o: StepLR(o, 2.5, 0.5), lambda t: 0.5 ** (t // 5)),
    (lambda o: MultiStepLR(o, (3, 8, 8), 0.1), lambda t: 0.1 ** ((t >= 3) + 2 * (t >= 8))),
    (lambda o: MultiStepLR(o, [], 0.1), lambda t: 1),
    (lambda o: ExponentialLR(o, 0.9), lambda t: 0.9**t),
    (lambda o: PolynomialLR(o, 10, 2.0), lambda t: max(0, 1 - t / 10) ** 2),
]


def optimizer():
    return SGD([minigrad.zeros(1, requires_grad=True)], lr=0.2)


@pytest.mark.parametrize("make, formula", FORMULAS)
def test_the_rate_is_the_formula_of_the_docstring(make, formula):
    scheduler = make(optimizer())
    for t in range(20):
        assert scheduler.last_epoch == t
        assert scheduler.get_last_lr()[0] == pytest.approx(0.2 * formula(t), rel=1e-12, abs=1e-15)
        scheduler.optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("make, error, says", [
    (lambda o: StepLR(o, -3), ValueError, "StepLR: step_size must be finite and at least 0, got -3"),
    (lambda o: StepLR(o, 3, -0.1), ValueError, "StepLR: gamma must be finite and at least 0, got -0.1"),
    (lambda o: MultiStepLR(o, 30), TypeError, r"milestones are a list of epochs such as \[30, 80\], got 30"),
    (lambda o: MultiStepLR(o, [30, 2.5]), ValueError, "a milestone must be a whole number of at least 0, got 2.5"),
    (lambda o: MultiStepLR(o, [-1]), ValueError, "a milestone must be at least 0, got -1"),
    (lambda o: MultiStepLR(o, [1], math.inf), ValueError, "gamma must be finite and at least 0, got inf"),
    (lambda o: ExponentialLR(o, math.nan), ValueError, "ExponentialLR: gamma must be finite and at least 0, got nan"),
    (lambda o: PolynomialLR(o, 0), ValueError, "PolynomialLR: total_iters must be above 0, got 0"),
    (lambda o: PolynomialLR(o, 5, -1.0), ValueError, "PolynomialLR: power must be finite and at least 0, got -1.0"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make(optimizer())
