"""Schedules by a function: products, what is remembered of callable objects, and what is refused."""

import functools
import math

import pytest

import minigrad
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import LambdaLR, MultiplicativeLR


def optimizer():
    return SGD([{"params": [minigrad.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.2, 3.0)])


class Halving:
    """Halves every `every` epochs, and counts how often it was asked."""

    def __init__(self, every):
        self.every = every
        self.asked = 0

    def __call__(self, t):
        self.asked += 1
        return 0.5 ** (t // self.every)


def test_a_multiplicative_rate_is_the_product_of_all_factors():
    scheduler = MultiplicativeLR(optimizer(), lambda t: 1 / t)
    for t in range(1, 9):
        scheduler.optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == pytest.approx([0.2 / math.factorial(t), 3 / math.factorial(t)])


@pytest.mark.parametrize("f", [math.exp, functools.partial(pow, 0.5), Halving(3)])
def test_anything_callable_will_do_and_its_state_can_be_saved(f):
    scheduler = LambdaLR(optimizer(), f)
    assert scheduler.get_last_lr() == [0.2, 3.0]
    fresh = LambdaLR(optimizer(), f)
    fresh.load_state_dict(scheduler.state_dict())
    assert fresh.lr_lambdas == [f, f]


def test_attributes_of_callable_objects_are_saved_and_functions_are_not():
    scheduler = LambdaLR(optimizer(), [Halving(2), lambda t: 1.0])
    scheduler.optimizer.step()
    scheduler.step()
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [{"every": 2, "asked": 2}, None]
    fresh = LambdaLR(optimizer(), [Halving(7), lambda t: 1.0])
    fresh.load_state_dict(state)
    assert (fresh.lr_lambdas[0].every, fresh.lr_lambdas[0].asked, fresh.last_epoch) == (2, 2, 1)


@pytest.mark.parametrize("cls", [LambdaLR, MultiplicativeLR])
@pytest.mark.parametrize("wrong, error, says", [
    ([abs], ValueError, "got 1 functions in lr_lambda for 2 parameter groups"),
    (0.9, TypeError, "lr_lambda must be a function of the epoch, got 0.9"),
    ([abs, None], TypeError, r"lr_lambda\[1\] must be a function of the epoch, got None"),
])  # fmt: skip
def test_what_is_no_function_for_each_group_is_refused(cls, wrong, error, says):
    with pytest.raises(error, match=f"{cls.__name__}: {says}"):
        cls(optimizer(), wrong)
