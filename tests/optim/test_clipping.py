"""clip_norm and clip_value: a step with clipped gradients, which themselves stay as they are."""

import copy
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.nn.utils import clip_grad_norm_, clip_grad_value_
from minigrad.optim import LBFGS, SGD, Adam, Optimizer

NAMES = "SGD Adagrad RMSprop Adadelta Adam AdamW Adamax NAdam RAdam Lion Rprop ASGD Adafactor Muon".split()
BAD = [math.nan, math.inf, -math.inf]


def pair(dtype=mg.float64, size=3.0, seed=0):
    rng = np.random.default_rng(seed)
    params = [mg.tensor(rng.standard_normal(shape), dtype=dtype, requires_grad=True) for shape in ((4, 3), (2, 5))]
    for p in params:
        p.grad = mg.tensor(rng.standard_normal(p.shape) * size, dtype=dtype)
    return params


class Signless(Optimizer):
    """An optimizer that knows nothing of clipping."""

    def __init__(self, params, lr=1.0, **clip):
        super().__init__(params, {"lr": lr}, **clip)

    @mg.no_grad()
    def update(self, group):
        for p in group["params"]:
            p -= group["lr"] * p.grad


class OwnUpdate(SGD):
    """One whose parent folds clipping into its kernel, and which does not."""

    @mg.no_grad()
    def update(self, group):
        for p in group["params"]:
            p -= group["lr"] * p.grad


ALL = [getattr(optim, name) for name in NAMES] + [Signless, OwnUpdate]


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("clip", [
    {"clip_norm": 1.0}, {"clip_norm": 1e3}, {"clip_norm": 0.0}, {"clip_value": 0.5},
], ids=str)  # fmt: skip
def test_a_step_is_that_of_clipping_first(cls, clip):
    ours, theirs = pair(), pair()
    one, other = cls(ours, lr=0.1, **clip), cls(theirs, lr=0.1)
    for seed in (1, 2, 3):
        for p, q, g in zip(ours, theirs, pair(seed=seed), strict=True):
            p.grad, q.grad = g.grad, g.grad.clone()
        before = [p.grad.tolist() for p in ours]
        one.step()
        if "clip_norm" in clip:
            clip_grad_norm_(theirs, clip["clip_norm"])
        else:
            clip_grad_value_(theirs, clip["clip_value"])
        other.step()
        assert [p.grad.tolist() for p in ours] == before
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("maximize", [False, True])
def test_the_step_is_as_long_as_was_asked(maximize):
    params = pair()
    before = [p.detach().clone() for p in params]
    SGD(params, lr=1.0, maximize=maximize, clip_norm=0.5).step()
    moved = np.concatenate([(p - q).detach().numpy().ravel() for p, q in zip(params, before, strict=True)])
    assert np.sqrt((moved**2).sum()) == pytest.approx(0.5, rel=1e-6)
    assert (np.sign(moved[0]) == np.sign(params[0].grad[0, 0].item())) == maximize


def test_groups_with_the_same_limit_are_one_vector_and_others_another():
    a, b, c, d = (mg.zeros(1, requires_grad=True) for _ in range(4))
    for p, g in ((a, 3.0), (b, 4.0), (c, 100.0), (d, 100.0)):
        p.grad = mg.tensor([g])
    groups = [{"params": [a]}, {"params": [b], "lr": 10.0}, {"params": [c], "clip_norm": 0.1},
              {"params": [d], "clip_norm": None}]
    SGD(groups, lr=1.0, clip_norm=1.0).step()
    assert [p.item() for p in (a, b, c, d)] == pytest.approx([-0.6, -8.0, -0.1, -100.0], rel=1e-5)


def test_a_group_may_clip_by_value_where_the_others_clip_by_norm():
    a, b = (mg.zeros(2, requires_grad=True) for _ in range(2))
    for p in (a, b):
        p.grad = mg.tensor([3.0, -4.0])
    SGD([{"params": [a]}, {"params": [b], "clip_norm": None, "clip_value": 3.5}], lr=1.0, clip_norm=1.0).step()
    assert a.tolist() == pytest.approx([-0.6, 0.8], rel=1e-5) and b.tolist() == [-3.0, 3.5]


@pytest.mark.parametrize("cls", [SGD, Adam, Signless])
@pytest.mark.parametrize("bad", BAD)
def test_a_gradient_that_is_not_finite_is_named_and_nothing_changes(cls, bad):
    params = pair()
    params[1].grad[0, 0] = bad
    optimizer = cls([("first", params[0]), ("second", params[1])], clip_norm=1.0)
    before = [p.tolist() for p in params]
    says = rf"{cls.__name__}: the gradient of 'second' \(2, 5\) holds 1 .* among 10; no parameter was changed"
    with pytest.raises(RuntimeError, match=says):
        optimizer.step()
    assert [p.tolist() for p in params] == before and not optimizer.state.get(params[0])
    optimizer = cls(params, clip_norm=1.0)
    with pytest.raises(RuntimeError, match=r"the gradient of parameter 1 of group 0 \(2, 5\)"):
        optimizer.step()


def test_clipping_by_value_limits_an_infinity_and_refuses_a_nan():
    p = mg.zeros(2, requires_grad=True)
    optimizer = SGD([p], lr=1.0, clip_value=2.0)
    p.grad = mg.tensor([math.inf, -math.inf])
    optimizer.step()
    assert p.tolist() == [-2.0, 2.0]
    p.grad = mg.tensor([1.0, math.nan])
    with pytest.raises(RuntimeError, match=r"SGD: the gradient of parameter 0 of group 0 \(2,\) holds a NaN"):
        optimizer.step()
    assert p.tolist() == [-2.0, 2.0]


@pytest.mark.parametrize("size", [1e-45, 1e-40, 1e-20, 1e-3, 1e19, 1e30, 3e38])
@pytest.mark.parametrize("cls", [SGD, Signless])
def test_the_norm_is_right_from_the_smallest_to_the_largest_float(cls, size):
    p = mg.zeros(4, requires_grad=True)
    p.grad = mg.full((4,), size)
    cls([p], lr=1.0, clip_norm=1.0).step()
    exact = float(p.grad[0].item())
    want = exact if 2 * exact < 1 else 0.5
    assert p.tolist() == pytest.approx([-want] * 4, rel=1e-5, abs=0)


def test_a_limit_so_small_that_the_factor_is_below_float32_is_kept():
    p = mg.zeros(4, requires_grad=True)
    p.grad = mg.full((4,), 3e38)
    SGD([p], lr=1.0, clip_norm=2e-3).step()
    assert p.tolist() == pytest.approx([-1e-3] * 4, rel=1e-6)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("name", ["clip_norm", "clip_value"])
@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_limit_that_is_none_is_refused_and_named(cls, name, bad):
    with pytest.raises(ValueError, match=f"{cls.__name__}: {name} must be finite and at least 0, got {bad}"):
        cls(pair(), **{name: bad})
    with pytest.raises(ValueError, match=f"got {bad}"):
        cls([{"params": pair(), name: bad}])


def test_both_limits_at_once_are_refused():
    with pytest.raises(ValueError, match="SGD: got both clip_norm and clip_value; give one"):
        SGD(pair(), clip_norm=1.0, clip_value=1.0)


@pytest.mark.parametrize("cls", ALL)
def test_a_keyword_that_nobody_knows_is_refused(cls):
    with pytest.raises(TypeError, match=f"{cls.__name__}: unexpected keyword 'clip_nrom'; .* clip_norm and clip_value"):
        cls(pair(), clip_nrom=1.0)


def test_lbfgs_refuses_to_clip_with_the_reason():
    with pytest.raises(ValueError, match="LBFGS: clip_norm is not supported, since differences of clipped gradients"):
        LBFGS(pair(), clip_norm=1.0)
    with pytest.raises(ValueError, match="clip_value is not supported"):
        LBFGS([{"params": pair(), "clip_value": 1.0}])


def test_limits_are_settings_that_are_saved_loaded_and_shown():
    optimizer = SGD([{"params": pair()}, {"params": pair(), "clip_norm": 0.5}], clip_norm=2.0)
    saved = copy.deepcopy(optimizer.state_dict())
    assert [g["clip_norm"] for g in saved["param_groups"]] == [2.0, 0.5]
    assert "    clip_norm: 0.5\n" in repr(optimizer)
    other = SGD([{"params": pair()}, {"params": pair()}])
    assert "clip_norm" not in other.param_groups[0] and "clip_norm" not in other.defaults
    other.load_state_dict(saved)
    assert [g["clip_norm"] for g in other.param_groups] == [2.0, 0.5]


def test_a_state_dict_that_says_nothing_of_limits_leaves_ours():
    plain = SGD(pair()).state_dict()
    for optimizer in (SGD(pair(), clip_norm=2.0), SGD([{"params": pair(), "clip_norm": 2.0}])):
        optimizer.load_state_dict(plain)
        assert optimizer.param_groups[0]["clip_norm"] == 2.0


def test_a_limit_may_change_between_steps():
    p = mg.zeros(1, requires_grad=True)
    p.grad = mg.tensor([5.0])
    optimizer = SGD([p], lr=1.0)
    for limit, wanted in ((1.0, -1.0), (2.0, -3.0), (None, -8.0)):
        optimizer.param_groups[0]["clip_norm"] = limit
        optimizer.step()
        assert p.item() == pytest.approx(wanted, rel=1e-5)
    optimizer.param_groups[0]["clip_norm"] = math.nan
    with pytest.raises(ValueError, match="clip_norm is nan in a parameter group"):
        optimizer.step()
    optimizer.param_groups[0]["clip_norm"] = -1.0
    with pytest.raises(ValueError, match="clip_norm is -1.0 in a parameter group; it must be at least 0"):
        optimizer.step()
    optimizer.param_groups[0].update(clip_norm=4.0, clip_value=3.0)     # both: the norm comes first
    optimizer.step()
    assert p.item() == pytest.approx(-11.0, rel=1e-5)


def test_gradients_come_back_when_a_step_fails():
    class Fails(Signless):
        def update(self, group):
            raise KeyError("no")

    params = pair()
    before = [p.grad for p in params]
    with pytest.raises(KeyError):
        Fails(params, clip_norm=1.0).step()
    assert all(p.grad is g for p, g in zip(params, before, strict=True))


@pytest.mark.oracle
def test_pytorch_loads_a_state_dict_with_limits():
    torch = pytest.importorskip("torch")
    q = torch.ones(2, 2, requires_grad=True)
    theirs = torch.optim.SGD([q], lr=1.0)
    theirs.load_state_dict(SGD([mg.ones(2, 2, requires_grad=True)], lr=0.5, clip_norm=1.0).state_dict())
    q.grad = torch.ones(2, 2)
    theirs.step()
    assert q.tolist() == [[0.5, 0.5], [0.5, 0.5]] and theirs.param_groups[0]["clip_norm"] == 1.0
