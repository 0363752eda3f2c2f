"""SWALR: the way to the averaging rate, alone and after another schedule."""

import math

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import SWALR, ExponentialLR


def optimizer():
    return SGD([{"params": [minigrad.zeros(1, requires_grad=True)], "lr": lr} for lr in (1.0, 0.5)])


@pytest.mark.parametrize("strategy, share", [
    ("cos", lambda x: (1 - math.cos(math.pi * x)) / 2), ("linear", lambda x: x),
])  # fmt: skip
def test_the_rate_goes_over_to_swa_lr_and_stays(strategy, share):
    scheduler = SWALR(optimizer(), [0.05, 0.7], 8, strategy)
    for s in range(15):
        a = share(min(1, s / 8))
        assert scheduler.get_last_lr() == pytest.approx([(1 - a) + a * 0.05, (1 - a) * 0.5 + a * 0.7])
        scheduler.optimizer.step()
        scheduler.step()


def test_it_takes_over_from_the_rate_that_another_schedule_left():
    o = optimizer()
    before, averaging = ExponentialLR(o, 0.5), SWALR(o, 0.05, 4, "linear")
    o.step()
    before.step()
    before.step()
    averaging.step()
    assert averaging.get_last_lr() == pytest.approx([0.75 * 0.25 + 0.25 * 0.05, 0.75 * 0.125 + 0.25 * 0.05])


@pytest.mark.parametrize("arguments, says", [
    (dict(swa_lr=0.1, anneal_strategy="x"), "anneal_strategy must be 'cos' or 'linear', got 'x'"),
    (dict(swa_lr=0.1, anneal_epochs=-1), "anneal_epochs must be finite and at least 0, got -1"),
    (dict(swa_lr=[0.1]), "swa_lr has 1 values, but the optimizer 2 parameter groups"),
    (dict(swa_lr=-0.1), "swa_lr must be finite and at least 0, got -0.1"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(arguments, says):
    with pytest.raises(ValueError, match=f"SWALR: {says}"):
        SWALR(optimizer(), **arguments)
