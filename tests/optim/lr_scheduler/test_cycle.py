"""CyclicLR and OneCycleLR: corners of the lines, momentum under either name, and what they refuse."""

import pytest

import minigrad
from minigrad import optim
from minigrad.optim import SGD, Adam
from minigrad.optim.lr_scheduler import CyclicLR, ExponentialLR, OneCycleLR


class NoMomentum(optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})


def optimizer(cls=SGD, groups=1, **settings):
    return cls([{"params": [minigrad.zeros(1, requires_grad=True)]} for _ in range(groups)], lr=0.2, **settings)


def walked(scheduler, steps, name="lr"):
    group = scheduler.optimizer.param_groups[0]
    values = [group[name]]
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        values.append(group[name])
    return values


def test_a_triangle_goes_up_and_down_and_momentum_the_other_way():
    make = lambda: CyclicLR(optimizer(momentum=0.5), 0.0, 1.0, 4, 2, base_momentum=0.5, max_momentum=0.9)  # noqa: E731
    assert walked(make(), 12) == pytest.approx([0, 0.25, 0.5, 0.75, 1, 0.5, 0, 0.25, 0.5, 0.75, 1, 0.5, 0])
    assert walked(make(), 6, "momentum") == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.7, 0.9])


def test_the_modes_scale_the_height_by_cycle_or_by_step():
    at = [2, 6, 10]
    rates = walked(CyclicLR(optimizer(), 0.0, 1.0, 2, mode="triangular2"), 12)
    assert [rates[t] for t in at] == pytest.approx([1, 0.5, 0.25])
    rates = walked(CyclicLR(optimizer(), 0.0, 1.0, 2, mode="exp_range", gamma=0.9), 12)
    assert [rates[t] for t in at] == pytest.approx([0.9**t for t in at])
    rates = walked(CyclicLR(optimizer(), 0.0, 1.0, 2, scale_fn=lambda c: c / 10), 12)
    assert [rates[t] for t in at] == pytest.approx([0.1, 0.2, 0.3])


def test_a_cycle_begins_at_base_lr_though_another_schedule_was_there_before():
    o = optimizer()
    ExponentialLR(o, 0.9)
    assert CyclicLR(o, 0.01, 0.5, 2).get_last_lr() == [0.01]
    assert o.param_groups[0]["initial_lr"] == 0.2


def test_betas_are_cycled_where_an_optimizer_has_them():
    o = optimizer(Adam, betas=(0.8, 0.99))
    walked(CyclicLR(o, 0.0, 1.0, 4, base_momentum=0.5, max_momentum=0.9), 3)
    assert o.param_groups[0]["betas"] == pytest.approx((0.6, 0.99))
    o = optimizer(Adam, betas=(0.8, 0.99))
    assert o.param_groups[0]["betas"] == (0.8, 0.99)
    walked(OneCycleLR(o, 1.0, 11, pct_start=0.5454545454545454, anneal_strategy="linear"), 5)
    assert o.param_groups[0]["betas"] == pytest.approx((0.85, 0.99))


def test_one_cycle_has_its_corners_where_the_docstring_says():
    make = lambda **k: OneCycleLR(optimizer(), 1.0, 21, pct_start=1 / 3, div_factor=10, final_div_factor=100, **k)  # noqa: E731
    two = walked(make(), 20)
    assert (two[0], max(two), two[6], two[20]) == pytest.approx((0.1, 1.0, 1.0, 0.001))
    three = walked(make(three_phase=True, anneal_strategy="linear"), 20)
    assert [three[t] for t in (0, 3, 6, 9, 12, 16, 20)] == pytest.approx([0.1, 0.55, 1.0, 0.55, 0.1, 0.0505, 0.001])
    momentum = walked(make(three_phase=True, anneal_strategy="linear"), 20, "momentum")
    assert [momentum[t] for t in (0, 3, 6, 12, 16, 20)] == pytest.approx([0.95, 0.9, 0.85, 0.95, 0.95, 0.95])


def test_one_cycle_of_a_single_step_and_one_that_only_rises_have_their_ends():
    assert walked(OneCycleLR(optimizer(), 1.0, 1), 0) == [pytest.approx(4e-6)]
    assert walked(OneCycleLR(optimizer(), 1.0, 5, pct_start=1.0), 5)[4] == pytest.approx(1.0)


def test_one_cycle_allows_the_step_after_the_last_batch_and_no_more():
    scheduler = OneCycleLR(optimizer(), 1.0, epochs=2, steps_per_epoch=3)
    walked(scheduler, 6)
    with pytest.raises(ValueError, match="OneCycleLR: step 7 of 6; .*total_steps is the number of batches"):
        scheduler.step()


def test_a_group_added_later_needs_a_new_cycle():
    for scheduler, error, says in ((CyclicLR(optimizer(), 0.1, 0.2), ValueError, "has 1 max_lr, but the optimizer 2"),
                                   (OneCycleLR(optimizer(), 0.1, 9), KeyError, "group 1 has no 'max_lr'")):  # fmt: skip
        scheduler.optimizer.add_param_group({"params": [minigrad.zeros(1, requires_grad=True)]})
        scheduler.optimizer.step()
        with pytest.raises(error, match=says):
            scheduler.step()


class Fading:
    def __init__(self, share):
        self.share = share

    def __call__(self, cycle):
        return self.share**cycle


def test_attributes_of_a_scale_fn_are_saved_and_functions_are_not():
    state = CyclicLR(optimizer(), 0.1, 0.2, scale_fn=Fading(0.5)).state_dict()
    assert state["_scale_fn_custom"] == {"share": 0.5}
    fresh = CyclicLR(optimizer(), 0.1, 0.2, scale_fn=Fading(0.9))
    fresh.load_state_dict(state)
    assert fresh.scale_fn(2) == 0.25
    assert CyclicLR(optimizer(), 0.1, 0.2, scale_fn=lambda c: 1.0).state_dict()["_scale_fn_custom"] is None


@pytest.mark.parametrize("make, error, says", [
    (lambda o: CyclicLR(o, 0.1, [0.2, 0.3]), ValueError, "max_lr has 2 values, but the optimizer 1 parameter groups"),
    (lambda o: CyclicLR(o, [], 0.2), ValueError, "base_lr has 0 values"),
    (lambda o: CyclicLR(o, -0.1, 0.2), ValueError, "base_lr must be finite and at least 0, got -0.1"),
    (lambda o: CyclicLR(o, 0.1, [float("nan")]), ValueError, r"max_lr\[0\] must be finite and at least 0, got nan"),
    (lambda o: CyclicLR(o, 0.1, 0.2, 0), ValueError, "step_size_up must be above 0, got 0"),
    (lambda o: CyclicLR(o, 0.1, 0.2, 1, -1), ValueError, "step_size_down must be finite and at least 0, got -1"),
    (lambda o: CyclicLR(o, 0.1, 0.2, mode="square"), ValueError, "mode must be 'triangular', .*, got 'square'"),
    (lambda o: CyclicLR(o, 0.1, 0.2, scale_fn=3), TypeError, "scale_fn must be a function, got 3"),
    (lambda o: CyclicLR(o, 0.1, 0.2, scale_mode="x"), ValueError, "scale_mode must be 'cycle' or .*, got 'x'"),
    (lambda o: CyclicLR(o, 0.1, 0.2, max_momentum=1.0), ValueError, r"max_momentum must be in \[0, 1\), got 1.0"),
    (lambda o: OneCycleLR(o, 0.1), ValueError, "needs total_steps, or both epochs and steps_per_epoch"),
    (lambda o: OneCycleLR(o, 0.1, epochs=3), ValueError, "got epochs=3 and steps_per_epoch=None"),
    (lambda o: OneCycleLR(o, 0.1, -1), ValueError, "total_steps must be at least 1, got -1"),
    (lambda o: OneCycleLR(o, 0.1, 10.5), ValueError, "total_steps must be a whole number of at least 1, got 10.5"),
    (lambda o: OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=9), ValueError, "epochs must be at least 1, got 0"),
    (lambda o: OneCycleLR(o, 0.1, 10, pct_start=1.5), ValueError, r"pct_start must be .* in \[0, 1\], got 1.5"),
    (lambda o: OneCycleLR(o, 0.1, 10, pct_start=0.7, three_phase=True), ValueError, "with three phases, got 0.7"),
    (lambda o: OneCycleLR(o, 0.1, 10, anneal_strategy="x"), ValueError, "anneal_strategy must be 'cos' or 'linear'"),
    (lambda o: OneCycleLR(o, 0.1, 10, div_factor=0), ValueError, "div_factor must be above 0, got 0"),
    (lambda o: OneCycleLR(o, 0.1, 10, base_momentum=-0.1), ValueError, r"base_momentum must be finite .*, got -0.1"),
    (lambda o: OneCycleLR(o, [0.1, 0.2], 10), ValueError, "max_lr has 2 values"),
    (lambda o: OneCycleLR(optimizer(NoMomentum), 0.1, 10), ValueError, "NoMomentum has neither momentum nor betas"),
    (lambda o: CyclicLR(optimizer(NoMomentum), 0.1, 0.2), ValueError, "pass cycle_momentum=False"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make(optimizer())


def test_a_refused_cycle_leaves_the_optimizer_alone():
    o = optimizer(momentum=0.5)
    before = {name: value for name, value in o.param_groups[0].items() if name != "params"}
    for make in (lambda: CyclicLR(o, 0.1, 0.2, max_momentum=1.0), lambda: OneCycleLR(o, 0.1, 10, max_momentum=1.0),
                 lambda: OneCycleLR(o, -0.1, 10)):  # fmt: skip
        with pytest.raises(ValueError):
            make()
        assert {name: value for name, value in o.param_groups[0].items() if name != "params"} == before
