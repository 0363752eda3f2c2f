"""ReduceLROnPlateau: what counts as an improvement, patience, cooldown, floors, and what is refused."""

import math

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau


def optimizer(groups=1):
    return SGD([{"params": [minigrad.zeros(1, requires_grad=True)]} for _ in range(groups)], lr=1.0)


def rates(scheduler, metrics):
    seen = []
    for metric in metrics:
        scheduler.step(metric)
        seen.append(scheduler.get_last_lr()[0])
    return seen


def test_patience_is_how_many_steps_without_improvement_are_borne():
    two = rates(ReduceLROnPlateau(optimizer(), patience=2), [1.0] * 8)
    assert two == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])
    assert rates(ReduceLROnPlateau(optimizer(), patience=0), [1.0] * 3) == pytest.approx([1, 0.1, 0.01])


def test_cooldown_counts_nothing_for_so_many_steps():
    scheduler = ReduceLROnPlateau(optimizer(), patience=0, cooldown=2)
    assert rates(scheduler, [1.0] * 6) == pytest.approx([1, 0.1, 0.1, 0.1, 0.01, 0.01])
    assert scheduler.in_cooldown and scheduler.cooldown_counter == 1


@pytest.mark.parametrize("mode, threshold_mode, improves, not_quite", [
    ("min", "rel", 7.9, 8.1), ("min", "abs", 9.7, 9.9), ("max", "rel", 12.1, 11.9), ("max", "abs", 10.3, 10.1),
])  # fmt: skip
def test_the_threshold_says_how_much_counts(mode, threshold_mode, improves, not_quite):
    for metric, bad in ((improves, 0), (not_quite, 1)):
        scheduler = ReduceLROnPlateau(optimizer(), mode, threshold=0.2, threshold_mode=threshold_mode)
        scheduler.step(10.0)
        scheduler.step(metric)
        assert scheduler.num_bad_epochs == bad
        assert scheduler.best == (10.0 if bad else metric)


def test_a_nan_is_no_improvement_even_as_the_first_metric():
    assert rates(ReduceLROnPlateau(optimizer(), patience=1), [math.nan] * 3) == pytest.approx([1, 0.1, 0.1])


def test_floors_of_groups_and_the_least_change_are_kept():
    scheduler = ReduceLROnPlateau(optimizer(2), patience=0, min_lr=[0.05, 0.4], factor=0.5, eps=0.02)
    rates(scheduler, [1.0] * 8)
    assert scheduler.get_last_lr() == pytest.approx([0.0625, 0.4])  # to 0.05 were a change of less than eps


def test_a_group_added_later_has_the_common_floor_or_needs_its_own():
    for floor in (0.2, [0.2]):
        scheduler = ReduceLROnPlateau(optimizer(), patience=0, min_lr=floor)
        scheduler.optimizer.add_param_group({"params": [minigrad.zeros(1, requires_grad=True)]})
        scheduler.step(1.0)
        if floor == 0.2:
            scheduler.step(1.0)
            assert scheduler.get_last_lr() == [0.2, 0.2]
        else:
            with pytest.raises(ValueError, match="has 1 min_lr, but the optimizer 2 parameter groups by now"):
                scheduler.step(1.0)


def test_a_metric_may_be_a_tensor_of_one_element():
    scheduler = ReduceLROnPlateau(optimizer())
    scheduler.step(minigrad.tensor([0.5], requires_grad=True))
    assert scheduler.best == 0.5 and type(scheduler.best) is float
    assert isinstance(scheduler, LRScheduler)


def test_step_with_an_epoch_warns_and_sets_it():
    scheduler = ReduceLROnPlateau(optimizer())
    with pytest.warns(UserWarning, match="the epoch parameter is deprecated") as seen:
        scheduler.step(0.5, 7)
    assert scheduler.last_epoch == 7 and seen[0].filename == __file__


@pytest.mark.parametrize("make, error, says", [
    (lambda o: ReduceLROnPlateau(o, "less"), ValueError, "mode must be 'min' or 'max', got 'less'"),
    (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, r"factor must be in \[0, 1\), got 1.0"),
    (lambda o: ReduceLROnPlateau(o, patience=-1), ValueError, "patience must be at least 0, got -1"),
    (lambda o: ReduceLROnPlateau(o, patience=2.5), ValueError, "patience must be a whole number"),
    (lambda o: ReduceLROnPlateau(o, threshold=-1), ValueError, "threshold must be finite and at least 0, got -1"),
    (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode must be 'rel' or 'abs', got 'x'"),
    (lambda o: ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, "min_lr has 2 values, but the optimizer 1"),
    (lambda o: ReduceLROnPlateau(o, min_lr=-1), ValueError, "min_lr must be finite and at least 0, got -1"),
    (lambda o: ReduceLROnPlateau(o, cooldown=-1), ValueError, "cooldown must be at least 0, got -1"),
    (lambda o: ReduceLROnPlateau(o, eps=math.nan), ValueError, "eps must be finite and at least 0, got nan"),
    (lambda o: ReduceLROnPlateau(o).step("0.5"), TypeError, r"step\(metric\) expects .* as one number, got str"),
    (lambda o: ReduceLROnPlateau(o).step(minigrad.zeros(3)), TypeError, "as one number, got Tensor"),
    (lambda o: ReduceLROnPlateau(o).step(), TypeError, "metrics"),
    (lambda o: ReduceLROnPlateau(o).get_lr(), NotImplementedError, "depend on the metric"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make(optimizer())
