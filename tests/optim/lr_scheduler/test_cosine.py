"""Schedules along a cosine: formulas, restarts at fractions of an epoch, and what they refuse."""

import math

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import CosineAnnealingLR, CosineAnnealingWarmRestarts, WarmupCosine


def optimizer(lr=0.2):
    return SGD([minigrad.zeros(1, requires_grad=True)], lr=lr)


def half_cosine(x, low=0.0):
    return low + (0.2 - low) * (1 + math.cos(math.pi * x)) / 2


def walked(scheduler, steps):
    rates = scheduler.get_last_lr()
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        rates += scheduler.get_last_lr()
    return rates


@pytest.mark.parametrize("end, low", [(1, 0.0), (2, 0.01), (7, 0.0), (10, 0.05)])
def test_annealing_follows_the_cosine_down_and_up_again(end, low):
    rates = walked(CosineAnnealingLR(optimizer(), end, low), 5 * end)
    assert rates == pytest.approx([half_cosine(t / end, low) for t in range(5 * end + 1)], rel=1e-10, abs=1e-15)


def test_restarts_come_after_T_0_and_then_T_mult_times_as_many_epochs():
    rates = walked(CosineAnnealingWarmRestarts(optimizer(), 2, 3, 0.01), 25)
    expected = [half_cosine(t / n, 0.01) for n in (2, 6, 18) for t in range(n)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("T_0, T_mult", [(1, 1), (4, 1), (3, 2), (1, 3), (2, 5)])
def test_a_step_to_an_epoch_finds_the_cycle_that_counting_finds(T_0, T_mult):
    counting = CosineAnnealingWarmRestarts(optimizer(), T_0, T_mult)
    finding = CosineAnnealingWarmRestarts(optimizer(), T_0, T_mult)
    for t in range(1, 260):
        counting.step()
        finding.step(t)
        assert (finding.T_cur, finding.T_i, finding.last_epoch) == (counting.T_cur, counting.T_i, t)
        assert finding.get_last_lr() == counting.get_last_lr()
        resumed = optimizer()
        resumed.param_groups[0]["initial_lr"] = 0.2
        resumed = CosineAnnealingWarmRestarts(resumed, T_0, T_mult, last_epoch=t - 1)
        assert (resumed.T_cur, resumed.T_i, resumed.last_epoch) == (counting.T_cur, counting.T_i, t)


@pytest.mark.oracle
@pytest.mark.parametrize("T_0, T_mult", [(1, 1), (4, 1), (3, 2), (10, 2)])
def test_fractions_of_an_epoch_give_pytorchs_rates_to_the_last_bit(T_0, T_mult):
    torch = pytest.importorskip("torch")
    ours = CosineAnnealingWarmRestarts(optimizer(), T_0, T_mult, 1e-3)
    parameter = torch.zeros(1, requires_grad=True)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
        torch.optim.SGD([parameter], lr=0.2), T_0, T_mult, 1e-3
    )
    for epoch in range(40):
        for i in range(7):
            ours.step(epoch + i / 7)
            theirs.step(epoch + i / 7)
            assert ours.get_last_lr() == theirs.get_last_lr()
    assert ours.last_epoch == theirs.last_epoch == 39
    for _ in range(30):
        ours.step()
        theirs.step()
        assert ours.get_last_lr() == theirs.get_last_lr()


def test_warmup_rises_in_a_line_and_falls_along_a_cosine_to_the_floor():
    rates = walked(WarmupCosine(optimizer(), 4, 14, eta_min=0.02), 20)
    rise = [0.2 * (t + 1) / 5 for t in range(4)]
    fall = [half_cosine(t / 10, 0.02) for t in range(10)]
    assert rates == pytest.approx(rise + fall + [0.02] * 7)
    assert walked(WarmupCosine(optimizer(), 0, 10), 10) == pytest.approx([half_cosine(t / 10) for t in range(11)])


@pytest.mark.parametrize("make, says", [
    (lambda o: CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max must be above 0, got 0"),
    (lambda o: CosineAnnealingLR(o, 5, math.nan), "CosineAnnealingLR: eta_min must be finite and at least 0, got nan"),
    (lambda o: CosineAnnealingWarmRestarts(o, 1.5), "T_0 must be a whole number of at least 1, got 1.5"),
    (lambda o: CosineAnnealingWarmRestarts(o, 0), "T_0 must be at least 1, got 0"),
    (lambda o: CosineAnnealingWarmRestarts(o, 2, 0), "T_mult must be at least 1, got 0"),
    (lambda o: CosineAnnealingWarmRestarts(o, 2).step(-1), "epoch must be finite and at least 0, got -1"),
    (lambda o: CosineAnnealingWarmRestarts(o, 2).step(math.inf), "epoch must be finite and at least 0, got inf"),
    (lambda o: WarmupCosine(o, -1, 10), "warmup_steps must be at least 0, got -1"),
    (lambda o: WarmupCosine(o, 10, 10), "total_steps must be more than warmup_steps, which it includes, got 10 and 10"),
    (lambda o: WarmupCosine(o, 1, 10, 0.3), "eta_min must be at most the learning rate, got 0.3 and lr 0.2 of group 0"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make(optimizer())
