"""Every optimizer that PyTorch has steps as PyTorch's does, and state moves both ways between them.

LBFGS, which asks for the gradient itself, has test_lbfgs.py.
"""

import numpy as np
import pytest

import minigrad
from minigrad import optim

torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
pytestmark = pytest.mark.oracle

SHAPES = [(4, 3), (5,), (), (1, 7), (33,)]
MATRICES = [(4, 3), (5, 1), (1, 1), (1, 7), (3, 11)]

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
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "centered": True, "eps": 1e-2}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "alpha": 0.4, "weight_decay": 0.1, "eps": 1e-2}),
    ("RMSprop", {"lr": 0.01, "maximize": True, "weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adadelta", {"rho": 1.0, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "betas": (0.3, 0.6), "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.5), "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 2.0), "step_sizes": (0.04, 0.5)}),
    ("Rprop", {"lr": 0.1, "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 3, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.1, "t0": 0, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.5, "beta2_decay": -0.3, "eps": (1e-2, 0.5), "d": 2.0, "weight_decay": 0.1}),
    ("Adafactor", {"lr": 0.5, "maximize": True}),
    ("Muon", {}),
    ("Muon", {"lr": 0.1, "weight_decay": 0.5, "momentum": 0.3, "nesterov": False, "ns_steps": 3}),
    ("Muon", {"lr": 0.1, "adjust_lr_fn": "match_rms_adamw", "ns_coefficients": (2, -1.5, 0.5), "eps": 1.0}),
]
NAMES = list(dict.fromkeys(name for name, _ in SETTINGS))
# the order of bfloat16's sums is the processor's where it has instructions for them
ROUGH = {"Muon": 0.05} if torch.backends.cpu.get_cpu_capability() != "AVX2" else {}


class Pair:
    """The same parameters here and in PyTorch, and an optimizer over each."""

    def __init__(self, name, settings, groups=None, seed=0):
        self.rng = np.random.default_rng(seed)
        self.tolerance = ROUGH.get(name, 1e-12)
        values = [self.rng.standard_normal(shape) for shape in (MATRICES if name == "Muon" else SHAPES)]
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
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=self.tolerance, atol=self.tolerance)


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
            np.testing.assert_allclose(got.numpy(), value.numpy(), rtol=1e-12, atol=1e-12, err_msg=f"{i} {key}")


@pytest.mark.parametrize("name", NAMES)
def test_groups_with_other_settings_and_a_learning_rate_changed_in_between(name):
    decay = {} if name == "Rprop" else {"weight_decay": 0.5}
    uphill = {} if name == "Muon" else {"maximize": True}
    pair = Pair(name, {"lr": 0.1}, groups=lambda p: [
        {"params": p[:2]}, {"params": p[2:4], "lr": 0.01, **decay}, {"params": p[4], **uphill},
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


@pytest.mark.parametrize("name", NAMES)
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
    ours, theirs = (optimizer.state_dict() for optimizer in pair.optimizers)
    if way == "from PyTorch":
        ours = theirs
    else:
        theirs = mapped(ours, lambda t: torch.tensor(t.numpy()))
    fresh = Pair(name, {"lr": 0.7})
    for p, q in zip(fresh.ours + fresh.theirs, pair.ours + pair.theirs, strict=True):
        p.data = q.detach().clone()
    # both load: PyTorch, too, goes on with what it saved in a parameter's dtype (NAdam's mu_product)
    for optimizer, saved in zip(fresh.optimizers, (ours, theirs), strict=True):
        optimizer.load_state_dict(saved)
    for _ in range(5):
        fresh.step()
        fresh.check()


@pytest.mark.parametrize("name, settings", [s for s in SETTINGS if s[0] != "Muon"], ids=str)
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
    np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=2e-5, atol=2e-6)
