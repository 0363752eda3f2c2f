"""SGD, Adam and AdamW step as PyTorch's do, and state moves both ways between them."""

import numpy as np
import pytest

import minigrad
from minigrad import optim

torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
pytestmark = pytest.mark.oracle

SHAPES = [(4, 3), (5,), (), (1, 7), (33,)]

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": -0.5}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True, "maximize": True}),
    ("SGD", {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.01, "foreach": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.0)}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
]


class Pair:
    """The same parameters here and in PyTorch, and an optimizer over each."""

    def __init__(self, name, settings, groups=None, seed=0):
        self.rng = np.random.default_rng(seed)
        values = [self.rng.standard_normal(shape) for shape in SHAPES]
        self.ours = [minigrad.tensor(v, requires_grad=True) for v in values]
        self.theirs = [torch.tensor(v, requires_grad=True) for v in values]
        self.optimizers = [
            getattr(room, name)(params if groups is None else groups(params), **settings)
            for room, params in ((optim, self.ours), (torch.optim, self.theirs))
        ]

    def step(self, skip=()):
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = self.rng.standard_normal(p.shape)
            p.grad = None if i in skip else minigrad.tensor(g)
            q.grad = None if i in skip else torch.tensor(g)
        for optimizer in self.optimizers:
            optimizer.step()

    def check(self):
        for p, q in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name, settings", SETTINGS, ids=str)
def test_twenty_five_steps_are_pytorchs(name, settings):
    pair = Pair(name, settings)
    for i in range(25):
        pair.step(skip=(i % 3,) if i % 2 else ())
        pair.check()


@pytest.mark.parametrize("name, settings", SETTINGS, ids=str)
def test_state_has_pytorchs_names_order_and_values(name, settings):
    pair = Pair(name, settings)
    for _ in range(4):
        pair.step(skip=(1,))
    ours, theirs = (optimizer.state_dict() for optimizer in pair.optimizers)
    assert ours["param_groups"] == theirs["param_groups"]
    assert {i: list(s) for i, s in ours["state"].items()} == {i: list(s) for i, s in theirs["state"].items()}
    for i, own in theirs["state"].items():
        for key, value in own.items():
            got = ours["state"][i][key]
            assert str(got.dtype).split(".")[1] == str(value.dtype).split(".")[1] and got.shape == tuple(value.shape)
            np.testing.assert_allclose(got.numpy(), value.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_groups_with_other_settings_and_a_learning_rate_changed_in_between(name):
    pair = Pair(name, {"lr": 0.1, "weight_decay": 0.01}, groups=lambda p: [
        {"params": p[:2]}, {"params": p[2:4], "lr": 0.01, "weight_decay": 0.5}, {"params": p[4], "maximize": True},
    ])  # fmt: skip
    for i in range(25):
        if i == 7:
            for optimizer in pair.optimizers:
                optimizer.param_groups[0]["lr"] = 0.02
        if i == 13 and name == "SGD":
            for optimizer in pair.optimizers:
                optimizer.param_groups[1]["momentum"] = 0.9
        pair.step()
        pair.check()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_learning_rate_may_be_a_tensor_that_changes(name):
    pair = Pair(name, {"lr": 0.25})
    # float64: PyTorch computes with a tensor's dtype
    rates = minigrad.tensor(0.25, dtype=minigrad.float64), torch.tensor(0.25, dtype=torch.float64)
    for optimizer, lr in zip(pair.optimizers, rates, strict=True):
        optimizer.param_groups[0]["lr"] = lr
    for i in range(25):
        if i == 10:
            for lr in rates:
                lr.fill_(0.125)
        pair.step()
        pair.check()


def mapped(value, function):
    """A state_dict with every tensor turned into another library's."""
    if isinstance(value, dict):
        return {k: mapped(v, function) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(v, function) for v in value)
    return function(value) if hasattr(value, "numpy") else value


@pytest.mark.parametrize("name, settings", SETTINGS, ids=str)
@pytest.mark.parametrize("way", ["from PyTorch", "to PyTorch"])
def test_state_moves_both_ways_in_the_middle_of_training(name, settings, way):
    pair = Pair(name, settings)
    for _ in range(5):
        pair.step(skip=(2,))
    ours, theirs = pair.optimizers
    fresh = Pair(name, {"lr": 0.7})
    if way == "from PyTorch":
        fresh.optimizers[0].load_state_dict(theirs.state_dict())
        pair.optimizers[0] = swap(fresh.optimizers[0], fresh.ours, pair.ours)
        pair.ours = fresh.ours
    else:
        saved = mapped(ours.state_dict(), lambda t: torch.tensor(t.numpy()))
        fresh.optimizers[1].load_state_dict(saved)
        pair.optimizers[1] = swap(fresh.optimizers[1], fresh.theirs, pair.theirs)
        pair.theirs = fresh.theirs
    for _ in range(5):
        pair.step()
        pair.check()


def swap(optimizer, params, values):
    for p, value in zip(params, values, strict=True):
        p.data = value.detach().clone()
    return optimizer


@pytest.mark.parametrize("name, settings", [s for s in SETTINGS if s[1].get("betas") != (0.0, 0.0)], ids=str)
def test_float32_steps_stay_near_pytorchs(name, settings):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((50, 40)).astype(np.float32)
    p, q = minigrad.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    both = getattr(optim, name)([p], **settings), getattr(torch.optim, name)([q], **settings)
    for _ in range(10):
        g = rng.standard_normal(values.shape).astype(np.float32)
        p.grad, q.grad = minigrad.tensor(g), torch.tensor(g)
        for optimizer in both:
            optimizer.step()
    # not at betas of 0: m / sqrt(v) is then the sign of g, with the rounding of both magnified
    np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=2e-5, atol=2e-6)
