"""What all schedules share: the same rates as PyTorch's to the last bit, warnings, saving, refusing."""

import copy
import functools
import gc
import inspect
import json
import math
import pickle
import weakref

import pytest

import minigrad
from minigrad import nn, optim
from minigrad.optim import SGD, Adam, lr_scheduler
from minigrad.optim.lr_scheduler import LRScheduler, StepLR


def make_optimizer(module=minigrad, name="SGD", rates=(0.3, 0.07), **settings):
    """An optimizer with a parameter group for each rate."""
    groups = [{"params": [module.zeros(2, requires_grad=True)], "lr": lr} for lr in rates]
    if name == "SGD":
        settings = {"momentum": 0.5, **settings}
    return getattr(module.optim, name)(groups, lr=0.1, **settings)


def schedulers_of(module):
    if module is minigrad:
        return lr_scheduler
    names = {name: getattr(module.optim.lr_scheduler, name) for name in module.optim.lr_scheduler.__all__}
    return type("Schedulers", (), {**names, "SWALR": module.optim.swa_utils.SWALR})


class With:
    """The schedulers of a module, made with a further argument."""

    def __init__(self, schedulers, **further):
        self.schedulers, self.further = schedulers, further

    def __getattr__(self, name):
        return functools.partial(getattr(self.schedulers, name), **self.further)


SCHEDULES = {
    "step": lambda s, o: s.StepLR(o, 7),
    "step by half": lambda s, o: s.StepLR(o, step_size=3, gamma=0.5),
    "step up": lambda s, o: s.StepLR(o, 40, 1.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [30, 80]),
    "multistep twice": lambda s, o: s.MultiStepLR(o, [90, 5, 17, 5], gamma=0.3),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.97),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial power": lambda s, o: s.PolynomialLR(o, total_iters=70, power=1.7),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant long": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=33),
    "linear": lambda s, o: s.LinearLR(o),
    "linear down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=77),
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 0.95**t),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda t: 1 / (1 + t), lambda t: 1 + math.sin(t)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda t: (1 + t) / (2 + t)),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 13),
    "cosine floor": lambda s, o: s.CosineAnnealingLR(o, T_max=50, eta_min=1e-3),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5),
    "restarts grow": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=1e-4),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7),
    "cyclic triangular2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 4, 9, mode="triangular2"),
    "cyclic exp_range": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, 5, 2, "exp_range", 0.99, base_momentum=[0.7, 0.6], max_momentum=[0.95, 0.9]
    ),
    "cyclic function": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, 6, scale_fn=lambda x: 0.5 * (1 + math.sin(x)), scale_mode="iterations", cycle_momentum=False
    ),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=210),
    "one cycle linear": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.1], epochs=21, steps_per_epoch=10, anneal_strategy="linear"
    ),
    "one cycle three": lambda s, o: s.OneCycleLR(o, 0.5, 205, three_phase=True, pct_start=0.4, div_factor=10),
    "one cycle three linear": lambda s, o: s.OneCycleLR(
        o, 0.5, 230, three_phase=True, anneal_strategy="linear", base_momentum=[0.7, 0.8], final_div_factor=100.0
    ),
    "swa": lambda s, o: s.SWALR(o, 0.05),
    "swa linear": lambda s, o: s.SWALR(o, [0.05, 0.5], anneal_epochs=30, anneal_strategy="linear"),
    "swa at once": lambda s, o: s.SWALR(o, 0.05, anneal_epochs=0),
    "plateau": lambda s, o: s.ReduceLROnPlateau(o, patience=3),
    "plateau max": lambda s, o: s.ReduceLROnPlateau(
        o, "max", 0.7, 2, 1e-2, "abs", cooldown=4, min_lr=[1e-3, 2e-3], eps=1e-4
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=9), s.CosineAnnealingLR(o, 60), s.ExponentialLR(o, 0.9)], [10, 70]
    ),
    "sequential restarts": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o), s.CosineAnnealingWarmRestarts(o, 4, 2), s.MultiplicativeLR(o, lambda t: 0.9),
            s.SWALR(o, 0.01)], [8, 50, 60],
    ),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.98), s.StepLR(o, 50)]),
    "chained sequential": lambda s, o: s.ChainedScheduler(
        [s.SequentialLR(o, [s.LinearLR(o), s.PolynomialLR(o, 90)], [12]), s.ExponentialLR(o, 0.99)]
    ),
    "polynomial to 0 and held": lambda s, o: s.PolynomialLR(o, 11, 0.5),
}  # fmt: skip
OURS = {**SCHEDULES, "warmup cosine": lambda s, o: s.WarmupCosine(o, 10, 100, 1e-3)}
EPOCHS = 200


def plain(state):
    """A state without what only says that a step is being made, and counts that nobody reads."""
    if isinstance(state, dict):
        hidden = ["_is_initial", "_get_lr_called_within_step"] + ["_step_count"] * ("_schedulers" in state)
        return {key: plain(value) for key, value in state.items() if key not in hidden}
    return [plain(value) for value in state] if isinstance(state, list) else state


def settings(optimizer):
    return [
        {name: group.get(name) for name in ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr", "swa_lr",
                                            "base_momentum", "max_momentum")}
        for group in optimizer.param_groups
    ]  # fmt: skip


def metric(t):
    """A validation loss that falls, stays and is NaN at times."""
    return math.nan if t % 41 == 40 else max(0.2, 1 - t / 30) + 0.1 * math.sin(t)


def advance(scheduler, t):
    scheduler.optimizer.step()
    scheduler.step(*([metric(t)] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else []))


# ---- against PyTorch -------------------------------------------------------------------------------

def both(make, name="SGD"):
    torch = pytest.importorskip("torch")
    return [make(schedulers_of(module), make_optimizer(module, name)) for module in (minigrad, torch)]


def same(ours, theirs):
    assert ours.get_last_lr() == theirs.get_last_lr()
    assert settings(ours.optimizer) == settings(theirs.optimizer)
    assert plain(ours.state_dict()) == plain(theirs.state_dict())


def step_both(ours, theirs, t):
    theirs.optimizer.step()
    theirs.step(*([metric(t)] if type(theirs).__name__ == "ReduceLROnPlateau" else []))
    advance(ours, t)


@pytest.mark.oracle
@pytest.mark.parametrize("name, optimizer", [(name, "SGD") for name in SCHEDULES] + [
    (name, "Adam") for name in SCHEDULES if "cycl" in name
])  # fmt: skip
def test_rates_momenta_and_state_are_pytorchs_to_the_last_bit(name, optimizer):
    ours, theirs = both(SCHEDULES[name], optimizer)
    same(ours, theirs)
    for t in range(EPOCHS):
        step_both(ours, theirs, t)
        same(ours, theirs)


@pytest.mark.oracle
@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_a_run_is_resumed_from_pytorchs_state_and_pytorch_from_ours(make):
    ours, theirs = both(make)
    for begin, end in ((0, 13), (13, 61), (61, 150)):
        for t in range(begin, end):
            step_both(ours, theirs, t)
        mine, yours = both(make)
        mine.optimizer.load_state_dict(theirs.optimizer.state_dict())
        mine.load_state_dict(copy.deepcopy(theirs.state_dict()))
        for group, other in zip(yours.optimizer.param_groups, settings(ours.optimizer), strict=True):
            group.update({name: value for name, value in other.items() if value is not None})
        yours.load_state_dict(copy.deepcopy(ours.state_dict()))
        ours, theirs = mine, yours
        same(ours, theirs)


RESUMED = ["step", "multistep", "exponential", "polynomial power", "constant long", "linear down", "lambda",
           "multiplicative", "cosine", "restarts", "swa"]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("last_epoch", [0, 3, 12, 32, 79])
@pytest.mark.parametrize("name", RESUMED)
def test_last_epoch_resumes_where_pytorch_does(name, last_epoch):
    torch = pytest.importorskip("torch")
    pair = []
    for module in (minigrad, torch):
        optimizer = make_optimizer(module)
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.4
        pair.append(SCHEDULES[name](With(schedulers_of(module), last_epoch=last_epoch), optimizer))
    ours, theirs = pair
    same(ours, theirs)
    for t in range(60):
        step_both(ours, theirs, t)
        same(ours, theirs)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:.*epoch parameter")
@pytest.mark.parametrize("name", [
    "step", "multistep twice", "exponential", "polynomial power", "constant long", "linear down", "lambda",
    "cosine floor", "restarts grow", "cyclic", "one cycle", "swa",
])  # fmt: skip
def test_step_to_an_epoch_goes_where_pytorch_goes(name):
    ours, theirs = both(SCHEDULES[name])
    ours.optimizer.step()
    theirs.optimizer.step()
    for epoch in (3, 4, None, 50, 12, None, 0, None, 77, 5, 199):
        for scheduler in (ours, theirs):
            scheduler.step() if epoch is None else scheduler.step(epoch)
        same(ours, theirs)


@pytest.mark.oracle
def test_signatures_are_pytorchs_with_verbose_behind_them():
    torch = pytest.importorskip("torch")
    theirs = schedulers_of(torch)
    for name in [*torch.optim.lr_scheduler.__all__, "SWALR"]:
        mine, yours = (
            [(p.name, p.kind, p.default) for p in inspect.signature(cls).parameters.values()]
            for cls in (getattr(lr_scheduler, name), getattr(theirs, name))
        )
        if name == "ChainedScheduler":
            assert mine == yours
        else:
            assert mine[:-1] == yours and mine[-1][0] == "verbose"


@pytest.mark.oracle
def test_a_tensor_as_rate_is_filled_with_pytorchs_float32_values():
    torch = pytest.importorskip("torch")
    for name in ("step by half", "exponential", "cosine", "linear down", "polynomial power", "swa linear"):
        pair = []
        for module in (minigrad, torch):
            optimizer = make_optimizer(module, rates=[module.tensor(0.3), module.tensor(0.07)])
            pair.append((SCHEDULES[name](schedulers_of(module), optimizer), optimizer.param_groups[0]["lr"]))
        (ours, lr), (theirs, their_lr) = pair
        for t in range(15):
            step_both(ours, theirs, t)
            assert lr.item() == pytest.approx(their_lr.item(), rel=3e-7)
        assert ours.optimizer.param_groups[0]["lr"] is lr
        assert [rate.item() for rate in ours.get_last_lr()] == [g["lr"].item() for g in ours.optimizer.param_groups]


# ---- the recurrence and the closed form ---------------------------------------------------------------

@pytest.mark.filterwarnings("ignore:.*epoch parameter")
@pytest.mark.parametrize("make", [
    make for name, make in OURS.items() if not name.startswith(("multiplicative", "swa", "plateau", "seq", "chain"))
])  # fmt: skip
def test_a_step_to_each_epoch_gives_what_steps_give_one_by_one(make):
    walking, jumping = (make(lr_scheduler, make_optimizer()) for _ in range(2))
    jumping.optimizer.step()
    for t in range(1, 80):
        advance(walking, t)
        jumping.step(t)
        assert walking.get_last_lr() == pytest.approx(jumping.get_last_lr(), rel=1e-9, abs=1e-15)


# ---- steps ---------------------------------------------------------------------------------------------

def test_a_rate_set_by_hand_is_kept_and_goes_on_from_there():
    optimizer = make_optimizer()
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.param_groups[0]["lr"] = 8.0
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [4.0, 0.035]


def test_a_group_added_later_takes_part_from_the_next_step():
    optimizer = make_optimizer()
    schedulers = [StepLR(optimizer, 1, 0.5), lr_scheduler.LambdaLR(make_optimizer(), lambda t: 1 / (1 + t))]
    for scheduler in schedulers:
        scheduler.optimizer.step()
        scheduler.step()
        scheduler.optimizer.add_param_group({"params": [minigrad.zeros(1, requires_grad=True)], "lr": 0.6})
        if isinstance(scheduler, lr_scheduler.LambdaLR):
            with pytest.raises(ValueError, match="has 2 functions, but the optimizer 3 parameter groups"):
                scheduler.step()
            continue
        scheduler.step()
        assert scheduler.get_last_lr() == pytest.approx([0.075, 0.0175, 0.3])
        assert scheduler.base_lrs == [0.3, 0.07, 0.6]
        assert optimizer.param_groups[2]["initial_lr"] == 0.6


def test_a_step_before_the_optimizers_first_warns_once():
    scheduler = StepLR(make_optimizer(), 1)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` was called before `optimizer.step\(\)`") as seen:
        scheduler.step()
        scheduler.step()
    assert len(seen) == 1 and seen[0].filename == __file__
    assert scheduler.last_epoch == 2


def test_steps_in_the_right_order_do_not_warn_and_leave_no_hook_behind():
    optimizer = make_optimizer()
    first, second = StepLR(optimizer, 1), lr_scheduler.ExponentialLR(optimizer, 0.9)
    optimizer.step()
    assert not optimizer._after_step
    first.step()
    second.step()
    StepLR(optimizer, 1).step()  # the optimizer has stepped under a schedule before


def test_copies_of_a_schedule_go_on_alone_and_do_not_warn():
    scheduler = StepLR(make_optimizer(), 1, 0.5)
    for other in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        other.step()
        assert other.get_last_lr() == [0.15, 0.035]
        assert other.optimizer.param_groups[0]["lr"] == 0.15
    assert scheduler.optimizer.param_groups[0]["lr"] == 0.3 and scheduler.last_epoch == 0


def test_step_with_an_epoch_warns_that_it_is_deprecated():
    scheduler = StepLR(make_optimizer(), 5)
    scheduler.optimizer.step()
    with pytest.warns(UserWarning, match=r"StepLR.step\(epoch\): the epoch parameter is deprecated") as seen:
        scheduler.step(10)
    assert seen[0].filename == __file__
    assert scheduler.get_last_lr() == pytest.approx([0.003, 0.0007])


def test_get_lr_from_outside_warns_and_changes_nothing():
    scheduler = lr_scheduler.ExponentialLR(make_optimizer(), 0.5)
    with pytest.warns(UserWarning, match="for those of now use get_last_lr"):
        assert scheduler.get_lr() == [0.15, 0.035]
    assert scheduler.get_last_lr() == [0.3, 0.07] == [g["lr"] for g in scheduler.optimizer.param_groups]


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
def test_verbose_is_accepted_and_the_repr_names_the_schedule(make):
    scheduler = make(lr_scheduler, make_optimizer())
    cls = type(scheduler)
    assert repr(scheduler).startswith(cls.__name__ + "(")
    if "Chained" not in cls.__name__:
        assert make(With(lr_scheduler, verbose=True), make_optimizer()).get_last_lr() == scheduler.get_last_lr()


def test_the_repr_shows_the_settings_and_the_epoch():
    assert repr(StepLR(make_optimizer(), 30)) == "StepLR(step_size=30, gamma=0.1, last_epoch=0)"


def test_a_schedule_holds_no_cycle_of_references():
    gc.disable()
    try:
        for make in OURS.values():
            scheduler = make(lr_scheduler, make_optimizer())
            advance(scheduler, 0)
            optimizer, schedule = weakref.ref(scheduler.optimizer), weakref.ref(scheduler)
            del scheduler
            assert schedule() is None and optimizer() is None
    finally:
        gc.enable()


# ---- schedules of one's own ----------------------------------------------------------------------------

class InverseTime(LRScheduler):
    """lr = base / (1 + t / scale)"""

    def __init__(self, optimizer, scale, last_epoch=-1):
        self.scale = scale
        super().__init__(optimizer, last_epoch)

    def rate(self, lr, base):
        return base / (1 + self.last_epoch / self.scale)


class TorchStyle(lr_scheduler._LRScheduler):
    """As a class written for PyTorch: it overrides get_lr()."""

    def __init__(self, optimizer, power, last_epoch=-1, verbose=False):
        self.power = power
        super().__init__(optimizer, last_epoch, verbose)

    def get_lr(self):
        assert self._get_lr_called_within_step
        return [base * (1 + self.last_epoch) ** -self.power for base in self.base_lrs]


def test_a_schedule_of_ones_own_defines_rate_or_get_lr():
    for scheduler, expected in ((InverseTime(make_optimizer(), 4), 0.3 / 1.5), (TorchStyle(make_optimizer(), 1), 0.1)):
        scheduler.optimizer.step()
        scheduler.step()
        scheduler.step()
        assert scheduler.get_last_lr()[0] == pytest.approx(expected)
    with pytest.raises(NotImplementedError, match=r"LRScheduler: define rate\(lr, base\), or get_lr\(\)"):
        LRScheduler(make_optimizer())


def test_a_schedule_that_gives_another_number_of_rates_is_refused():
    class One(LRScheduler):
        def get_lr(self):
            return [0.1]

    with pytest.raises(ValueError, match="One: gave 1 learning rates for 2 parameter groups"):
        One(make_optimizer())


@pytest.mark.parametrize("rate", [-0.5, math.nan, math.inf])
def test_a_rate_that_makes_no_sense_is_refused_and_no_group_changed(rate):
    optimizer = make_optimizer()
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda t: 1 / (1 + t), lambda t: 1 if t < 2 else rate])
    optimizer.step()
    scheduler.step()
    with pytest.raises(ValueError, match=f"LambdaLR: .* rate of group 1 in epoch 2 came out as {0.07 * rate}"):
        scheduler.step()
    assert [g["lr"] for g in optimizer.param_groups] == [0.15, 0.07]


def test_a_ramp_that_rounds_to_a_hair_below_0_is_let_through():
    scheduler = lr_scheduler.LambdaLR(make_optimizer(), lambda t: 0.3 - 0.1 * 3 if t else 1)
    scheduler.optimizer.step()
    scheduler.step()
    assert -1e-15 < scheduler.get_last_lr()[0] < 0


# ---- saving --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
def test_a_resumed_run_goes_on_as_if_it_had_not_been_stopped(make):
    whole = make(lr_scheduler, make_optimizer())
    for t in range(37):
        advance(whole, t)
    saved = pickle.loads(pickle.dumps((whole.state_dict(), whole.optimizer.state_dict())))
    resumed = make(lr_scheduler, make_optimizer())
    resumed.optimizer.load_state_dict(saved[1])
    resumed.load_state_dict(saved[0])
    assert resumed.get_last_lr() == whole.get_last_lr()
    for t in range(37, 150):
        advance(whole, t)
        advance(resumed, t)
        assert settings(resumed.optimizer) == settings(whole.optimizer)
    assert resumed.state_dict() == whole.state_dict()


@pytest.mark.parametrize("make", OURS.values(), ids=OURS)
def test_the_state_is_plain_data_and_loading_leaves_it_alone(make):
    scheduler = make(lr_scheduler, make_optimizer())
    state = scheduler.state_dict()
    before = copy.deepcopy(state)
    json.dumps(state)
    make(lr_scheduler, make_optimizer()).load_state_dict(state)
    assert state == before


@pytest.mark.parametrize("state, error, says", [
    (lambda: lr_scheduler.ExponentialLR(make_optimizer(), 0.9).state_dict(), ValueError, "'step_size' is missing"),
    (lambda: StepLR(make_optimizer(rates=[0.1]), 3).state_dict(), ValueError, "base_lrs is for 1 parameter groups"),
    (lambda: make_optimizer().state_dict(), ValueError, r"'last_epoch' is missing among \['param_groups', 'state'\]"),
    (lambda: [1, 2], TypeError, "expected what .* gave, a dict, got list"),
])
def test_another_schedules_state_is_refused_and_nothing_changed(state, error, says):
    scheduler = StepLR(make_optimizer(), 3, 0.7)
    before = copy.deepcopy(scheduler.state_dict())
    with pytest.raises(error, match=rf"StepLR.load_state_dict: {says}"):
        scheduler.load_state_dict(state())
    assert scheduler.state_dict() == before


# ---- refusing ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make", [make for name, make in OURS.items() if not name.startswith("chained")])
@pytest.mark.parametrize("wrong, says", [
    (nn.Linear(2, 2), "expected an optimizer, got Linear; make one first"),
    (Adam, r"expected an optimizer, got the class Adam; make one of it: Adam\(model.parameters\(\)\)"),
    (None, "expected an optimizer, got NoneType"),
], ids=["module", "class", "None"])  # fmt: skip
def test_what_is_no_optimizer_is_refused(make, wrong, says):
    with pytest.raises(TypeError, match=says):
        make(lr_scheduler, wrong)


@pytest.mark.parametrize("make, error, says", [
    (lambda o: StepLR(o, 0), ValueError, "StepLR: step_size must be above 0, got 0"),
    (lambda o: StepLR(o, "3"), TypeError, "StepLR: expected step_size as a number, got '3'"),
    (lambda o: StepLR(o, 3, math.nan), ValueError, "gamma must be finite and at least 0, got nan"),
    (lambda o: StepLR(o, 3, last_epoch=-2), ValueError, "last_epoch must be at least -1, got -2"),
    (lambda o: StepLR(o, 3, last_epoch=4), KeyError, "last_epoch=4 resumes, but group 0 has no 'initial_lr'"),
], ids=str)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_and_named(make, error, says):
    with pytest.raises(error, match=says):
        make(make_optimizer())


def test_the_package_is_an_attribute_of_optim_and_importable():
    assert optim.lr_scheduler is lr_scheduler
    assert all(getattr(lr_scheduler, name).__doc__ for name in lr_scheduler.__all__)
    assert isinstance(SGD([minigrad.zeros(1, requires_grad=True)]), optim.Optimizer)
