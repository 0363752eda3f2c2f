"""LBFGS beside PyTorch's, and what it does where PyTorch goes astray."""

import copy
import math
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import LBFGS

SETTINGS = [
    {},
    {"line_search_fn": "strong_wolfe"},
    {"lr": 0.1, "max_iter": 4},
    {"lr": 0.1, "max_iter": 3, "history_size": 2},
    {"max_iter": 5, "max_eval": 3},
    {"max_iter": 1, "line_search_fn": "strong_wolfe"},
    {"lr": 0.5, "max_iter": 3, "history_size": 1, "line_search_fn": "strong_wolfe"},
    {"lr": 20.0, "max_iter": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 1e-3, "max_iter": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 0.1, "tolerance_grad": 0.5},
    {"lr": 0.1, "tolerance_change": 0.01},
]


def rosenbrock(p):
    """A valley that curves; smooth, and not quadratic."""
    return ((1 - p[:-1]) ** 2 + 5 * (p[1:] - p[:-1] ** 2) ** 2).sum()


class Side:
    """Two parameters, an optimizer over them, here or in PyTorch."""

    def __init__(self, lib, settings, loss=rosenbrock, seed=0):
        rng = np.random.default_rng(seed)
        self.loss, self.losses = loss, []
        self.params = [lib.tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((4,), (3, 2))]
        self.optimizer = lib.optim.LBFGS(self.params, **settings)

    def closure(self):
        self.optimizer.zero_grad()
        loss = sum(self.loss(p.reshape(-1)) for p in self.params)
        loss.backward()
        self.losses.append(loss.item())
        return loss

    def step(self):
        return self.optimizer.step(self.closure)


def check(ours, theirs):
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9, atol=1e-12)
    for p, q in zip(ours.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_twenty_five_steps_call_the_closure_where_pytorch_does_and_give_its_numbers(settings):
    torch = pytest.importorskip("torch")
    ours, theirs = Side(mg, settings), Side(torch, settings)
    for _ in range(25):
        assert ours.step().item() == pytest.approx(theirs.step().item(), rel=1e-9, abs=1e-12)
        check(ours, theirs)


@pytest.mark.oracle
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_one_step_is_pytorchs_to_the_last_digits(settings):
    torch = pytest.importorskip("torch")
    ours, theirs = Side(mg, {**settings, "max_iter": 4}), Side(torch, {**settings, "max_iter": 4})
    ours.step()
    theirs.step()
    for p, q in zip(ours.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_state_has_pytorchs_names_and_values(settings):
    torch = pytest.importorskip("torch")
    ours, theirs = Side(mg, settings), Side(torch, settings)
    for side in (ours, theirs):
        side.step()
        side.step()
    ours, theirs = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert {i: set(own) for i, own in ours["state"].items()} == {i: set(own) for i, own in theirs["state"].items()}

    def same(a, b):
        if isinstance(b, list):
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                same(x, y)
        elif b is None:
            assert a is None
        else:
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6, atol=1e-9)

    for name, value in theirs["state"][0].items():
        if not (name == "al" and settings.get("history_size", 100) == 100):    # scratch, not state
            same(ours["state"][0][name], value)


def mapped(value, function):
    if isinstance(value, dict):
        return {k: mapped(v, function) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(v, function) for v in value)
    return function(value) if hasattr(value, "numpy") else value


@pytest.mark.oracle
@pytest.mark.parametrize("settings", SETTINGS[1:5], ids=str)
@pytest.mark.parametrize("way", ["from PyTorch", "to PyTorch"])
def test_state_moves_both_ways_in_the_middle_of_training(settings, way):
    torch = pytest.importorskip("torch")
    old = Side(torch if way == "from PyTorch" else mg, settings)
    old.step()
    saved = old.optimizer.state_dict()
    ours, theirs = Side(mg, {}), Side(torch, {})
    for side, lib in ((ours, mg), (theirs, torch)):
        side.optimizer.load_state_dict(mapped(saved, lambda t, lib=lib: lib.tensor(t.numpy())))
        for p, q in zip(side.params, old.params, strict=True):
            p.data = lib.tensor(q.detach().numpy())
    for _ in range(5):
        ours.step()
        theirs.step()
        check(ours, theirs)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_training_resumed_from_a_state_dict_goes_on_bit_for_bit(duplicate):
    one, other = Side(mg, SETTINGS[6]), Side(mg, {})
    one.step()
    other.optimizer.load_state_dict(duplicate(one.optimizer.state_dict()))
    for p, q in zip(other.params, one.params, strict=True):
        p.data = q.detach().clone()
    for side in (one, other):
        side.step()
        side.step()
    assert [p.tolist() for p in one.params] == [p.tolist() for p in other.params]


def test_it_finds_the_bottom_of_the_valley():
    side = Side(mg, {"line_search_fn": "strong_wolfe", "max_iter": 200, "tolerance_change": 1e-15})
    side.step()
    assert max(p.grad.abs().max().item() for p in side.params) < 1e-6


def test_a_gradient_of_0_is_the_end_at_once():
    side = Side(mg, {}, loss=lambda p: (p * 0).sum())
    before = [p.tolist() for p in side.params]
    assert side.step().item() == 0.0
    assert [p.tolist() for p in side.params] == before and len(side.losses) == 1


def test_a_loss_that_is_infinite_or_nan_further_on_is_not_stepped_into():
    """log p: from 1 a long step leads below 0, where there is no loss."""
    p = mg.tensor([1.0], dtype=mg.float64, requires_grad=True)
    optimizer = LBFGS([p], lr=100.0, line_search_fn="strong_wolfe")
    seen = []

    def closure():
        optimizer.zero_grad()
        loss = 3 * p.sum() - p.log().sum()
        loss.backward()
        seen.append(loss.item())
        return loss

    optimizer.step(closure)
    assert any(math.isnan(loss) for loss in seen)
    assert p.item() == pytest.approx(1 / 3, rel=1e-6)


def test_parameters_without_gradient_stay_where_they_are():
    a, b = mg.ones(3, dtype=mg.float64, requires_grad=True), mg.ones(2, dtype=mg.float64, requires_grad=True)
    optimizer = LBFGS([b, a], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert b.tolist() == [1.0, 1.0] and a[0].item() < 0.1


def test_gradients_that_are_kept_and_filled_with_zeros_spoil_no_history():
    results = []
    for set_to_none in (True, False):
        p = mg.tensor([1.0, -2.0, 0.5], dtype=mg.float64, requires_grad=True)
        optimizer = LBFGS([p], lr=0.1, max_iter=4)

        def closure(p=p, optimizer=optimizer, set_to_none=set_to_none):
            optimizer.zero_grad(set_to_none)
            loss = rosenbrock(p)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
        results.append(p.tolist())
    assert results[0] == results[1]


def test_several_groups_are_refused_and_a_step_needs_a_closure():
    a, b = mg.ones(2, requires_grad=True), mg.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="all parameters share one curvature and one group"):
        LBFGS([{"params": [a]}, {"params": [b]}])
    optimizer = LBFGS([a])
    with pytest.raises(ValueError, match="one group"):
        optimizer.add_param_group({"params": [b]})
    with pytest.raises(TypeError, match="needs a closure"):
        optimizer.step()


def test_hooks_run_around_a_step():
    side, seen = Side(mg, {}), []
    side.optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    side.optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    side.step()
    assert seen == ["before", "after"]
