"""SequentialLR and ChainedScheduler: whose turn it is, schedules within schedules, and what is refused."""

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LinearLR,
    MultiplicativeLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


def optimizer():
    return SGD([minigrad.zeros(1, requires_grad=True)], lr=1.0)


def walked(make, steps, o=None):
    scheduler = make(optimizer() if o is None else o)
    rates = scheduler.get_last_lr()
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        rates += scheduler.get_last_lr()
    return rates


def linear(o):
    return LinearLR(o, 0.25, total_iters=3)


def halves(o):
    return StepLR(o, 2, 0.5)


def both(o):
    return ChainedScheduler([ConstantLR(o, 0.5, 2), ExponentialLR(o, 0.9)])


def in_turn(o):
    return SequentialLR(o, [linear(o), ExponentialLR(o, 0.9)], [4])


def test_each_schedule_begins_at_its_own_epoch_0_when_its_turn_comes():
    rates = walked(lambda o: SequentialLR(o, [linear(o), halves(o), ExponentialLR(o, 0.1)], [4, 7]), 9)
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1] + [1, 1, 0.5] + [1, 0.1, 0.01])


def test_one_without_a_closed_form_goes_on_from_the_rate_as_it_stands():
    rates = walked(lambda o: SequentialLR(o, [halves(o), MultiplicativeLR(o, lambda t: 0.1)], [3]), 4)
    assert rates == pytest.approx([1, 1, 0.5, 0.05, 0.005])


def test_a_chain_multiplies_the_parts_of_all():
    assert walked(both, 4) == pytest.approx([0.5, 0.45, 0.81, 0.729, 0.6561])


# A schedule in another: as it is alone, from the epoch on in which its turn comes. (PyTorch 2.13 counts an epoch
# too many at the beginning, and cannot begin a chain at a milestone.)

@pytest.mark.parametrize("inner", [both, in_turn], ids=["chain", "sequence"])
def test_a_schedule_of_schedules_within_another_goes_as_it_goes_alone(inner):
    alone = walked(inner, 8)
    assert walked(lambda o: SequentialLR(o, [inner(o)], []), 8) == alone
    assert walked(lambda o: SequentialLR(o, [inner(o), halves(o)], [6]), 8) == pytest.approx(alone[:6] + [1, 1, 0.5])
    assert walked(lambda o: SequentialLR(o, [halves(o), inner(o)], [3]), 9) == pytest.approx([1, 1, 0.5] + alone[:7])
    assert walked(lambda o: SequentialLR(o, [halves(o), SequentialLR(o, [inner(o)], [])], [3]), 9) == pytest.approx(
        [1, 1, 0.5] + alone[:7]
    )


def test_a_nested_schedule_is_resumed_in_every_part():
    def make(o):
        return SequentialLR(o, [both(o), in_turn(o), CosineAnnealingWarmRestarts(o, 3)], [3, 9])

    whole = walked(make, 20)
    for stop in (2, 5, 8, 12):
        o = optimizer()
        first = make(o)
        for _ in range(stop):
            o.step()
            first.step()
        second = optimizer()
        resumed = make(second)
        second.load_state_dict(o.state_dict())
        resumed.load_state_dict(first.state_dict())
        rates = resumed.get_last_lr()
        for _ in range(20 - stop):
            second.step()
            resumed.step()
            rates += resumed.get_last_lr()
        assert rates == whole[stop:]


def test_the_repr_shows_the_schedules_within():
    o = optimizer()
    assert repr(SequentialLR(o, [linear(o), both(o)], [4])) == """SequentialLR([
    LinearLR(start_factor=0.25, end_factor=1.0, total_iters=3, last_epoch=0),
    ChainedScheduler([
        ConstantLR(factor=0.5, total_iters=2, last_epoch=-1),
        ExponentialLR(gamma=0.9, last_epoch=-1),
    ]),
], milestones=[4], last_epoch=0)"""


def sequence(schedulers, milestones):
    return lambda o: SequentialLR(o, [make(o) for make in schedulers], milestones)


def other(_):
    return StepLR(optimizer(), 2)


@pytest.mark.parametrize("make, error, says", [
    (sequence([], []), ValueError, "SequentialLR: got no scheduler; give at least one"),
    (sequence([halves, linear], []), ValueError, r"2 schedulers need 1 milestones between them, got \[\]"),
    (sequence([halves, linear, both], [5, 3]), ValueError, r"milestones must ascend, got \[5, 3\]"),
    (sequence([halves, linear], [2.5]), ValueError, "a milestone must be a whole number of at least 0, got 2.5"),
    (sequence([halves, other], [3]), ValueError, r"the StepLR in place 1 belongs to another optimizer \(SGD\)"),
    (sequence([halves, lambda o: o], [3]), TypeError, "expected a scheduler, got SGD in place 1"),
    (sequence([halves, ReduceLROnPlateau], [3]), ValueError, "ReduceLROnPlateau in place 1 needs a metric"),
    (lambda o: SequentialLR(o, halves(o), []), TypeError, "schedulers are a list, got StepLR"),
    (lambda o: ChainedScheduler([]), ValueError, "ChainedScheduler: got no scheduler"),
    (lambda o: ChainedScheduler([halves(o), other(o)]), ValueError, "StepLR in place 1 belongs to another optimizer"),
    (lambda o: ChainedScheduler([halves(o)], optimizer()), ValueError, "StepLR in place 0 belongs to another"),
    (lambda o: ChainedScheduler([ReduceLROnPlateau(o)]), ValueError, "ReduceLROnPlateau in place 0 needs a metric"),
    (lambda o: ChainedScheduler(halves(o)), TypeError, "schedulers are a list, got StepLR"),
    (lambda o: both(o).get_lr(), NotImplementedError, "its schedulers compute the rates"),
    (lambda o: both(o).load_state_dict(halves(o).state_dict()), ValueError, "got the states of 0 schedulers, this one"),
])  # fmt: skip
def test_schedules_that_do_not_belong_together_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make(optimizer())


def test_a_state_that_fits_only_in_part_changes_nothing():
    scheduler, wrong = in_turn(optimizer()), ChainedScheduler([linear(o := optimizer()), halves(o)])
    state = {**scheduler.state_dict(), "_schedulers": wrong.state_dict()["_schedulers"], "last_epoch": 5}
    state["_schedulers"][1].pop("gamma")
    with pytest.raises(ValueError, match="ExponentialLR.load_state_dict: 'gamma' is missing"):
        scheduler.load_state_dict(state)
    assert scheduler.last_epoch == 0 and scheduler._schedulers[0].total_iters == 3
