"""Lookahead against its paper's lines, around any optimizer."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import LBFGS, SAM, SGD, Adam, Lookahead

SHAPES = [(4, 3), (5,), ()]


def leaves(seed=0):
    rng = np.random.default_rng(seed)
    return [mg.tensor(rng.standard_normal(shape), requires_grad=True) for shape in SHAPES]


def draw(params, rng):
    for p in params:
        p.grad = mg.tensor(rng.standard_normal(p.shape))


@pytest.mark.parametrize("inner, settings", [(SGD, {"lr": 0.1, "momentum": 0.9}), (Adam, {"lr": 0.1})], ids=str)
@pytest.mark.parametrize("k, alpha", [(5, 0.5), (1, 0.3), (3, 1.0)])
def test_twenty_five_steps_are_the_papers(inner, settings, k, alpha):
    """Zhang et al. (2019), algorithm 1, with the inner optimizer on a copy."""
    ours, fast = leaves(), leaves()
    optimizer, plain = Lookahead(inner(ours, **settings), k=k, alpha=alpha), inner(fast, **settings)
    slow = [p.detach().numpy().copy() for p in fast]
    rng = [np.random.default_rng(1) for _ in range(2)]
    for t in range(1, 26):
        draw(ours, rng[0])
        draw(fast, rng[1])
        optimizer.step()
        plain.step()
        if t % k == 0:
            for s, p in zip(slow, fast, strict=True):
                s += alpha * (p.detach().numpy() - s)
                p.data = mg.tensor(s)
        for p, q in zip(ours, fast, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_it_shares_groups_state_and_settings_with_what_is_inside():
    params = leaves()
    inner = SGD(params[:2], lr=0.1)
    optimizer = Lookahead(inner)
    optimizer.add_param_group({"params": params[2:], "lr": 5.0})
    assert optimizer.param_groups is inner.param_groups and len(inner.param_groups) == 2
    assert optimizer.state is inner.state and optimizer.defaults is inner.defaults
    optimizer.param_groups[0]["lr"] = 0.0
    draw(params, np.random.default_rng(0))
    before = params[0].tolist()
    optimizer.step()
    assert params[0].tolist() == before
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)
    assert repr(optimizer).startswith("Lookahead around SGD (") and "lookahead_k: 5" in repr(optimizer)


@pytest.mark.parametrize("steps", [3, 7])
def test_training_resumed_from_a_state_dict_goes_on_bit_for_bit(steps):
    one, rng = leaves(), np.random.default_rng(2)
    first = Lookahead(Adam(one, lr=0.1), k=5, alpha=0.25)
    for _ in range(steps):
        draw(one, rng)
        first.step()
    saved = pickle.loads(pickle.dumps(first.state_dict()))
    other = [mg.tensor(p.detach().numpy(), requires_grad=True) for p in one]
    second = Lookahead(Adam(other, lr=7.0))
    second.load_state_dict(saved)
    for _ in range(6):
        draw(one, rng)
        for p, q in zip(one, other, strict=True):
            q.grad = p.grad.clone()
        first.step()
        second.step()
    assert [p.tolist() for p in one] == [p.tolist() for p in other]


def test_a_plain_optimizers_state_dict_is_understood():
    params, rng = leaves(), np.random.default_rng(0)
    plain = Adam(params, lr=0.1)
    draw(params, rng)
    plain.step()
    optimizer = Lookahead(Adam(params), k=2)
    optimizer.load_state_dict(copy.deepcopy(plain.state_dict()))
    assert optimizer.param_groups[0]["lr"] == 0.1 and optimizer.param_groups[0]["lookahead_k"] == 2
    optimizer.step()


def test_slow_weights_of_another_shape_are_refused():
    params = leaves()
    optimizer = Lookahead(SGD(params, lr=0.1))
    draw(params, np.random.default_rng(0))
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    saved["state"][1]["slow_param"] = mg.ones(7)
    with pytest.raises(ValueError, match=r"slow_param of parameter 1 must have its shape \(5,\), got \(7,\)"):
        optimizer.load_state_dict(saved)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_a_copy_is_independent(duplicate):
    params = leaves()
    optimizer = Lookahead(SGD(params, lr=0.1), k=1)
    other = duplicate(optimizer)
    draw(params, np.random.default_rng(0))
    optimizer.step()
    assert other.param_groups[0]["params"][0] is not params[0] and not other.state
    assert other.param_groups[0]["lookahead_k"] == 1


def test_hooks_run_and_the_closures_loss_comes_back():
    p = mg.ones(2, requires_grad=True)
    optimizer, seen = Lookahead(LBFGS([p])), []
    optimizer.register_step_post_hook(lambda *_: seen.append(1))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0 and seen == [1]


def test_a_frozen_parameter_is_left_alone():
    a, b = mg.ones(2, requires_grad=True), mg.ones(2)
    optimizer = Lookahead(SGD([a, b], lr=1.0), k=1)
    a.grad = mg.ones(2)
    optimizer.step()
    assert a.tolist() == [0.5, 0.5] and b.tolist() == [1.0, 1.0] and b not in optimizer.state


@pytest.mark.parametrize("make, error, says", [
    (lambda: Lookahead(SGD(leaves()), k=0), ValueError, "k must be a whole number and at least 1, got 0"),
    (lambda: Lookahead(SGD(leaves()), k=1.5), ValueError, "got 1.5"),
    (lambda: Lookahead(SGD(leaves()), alpha=1.5), ValueError, r"alpha must be in \[0, 1\], got 1.5"),
    (lambda: Lookahead(SGD(leaves()), alpha=0), ValueError, r"alpha must be in \(0, 1\], got 0"),
    (lambda: Lookahead(leaves()), TypeError, r"goes around an optimizer, such as SGD\(...\), got list"),
    (lambda: SAM(SGD), TypeError, "got type"),
], ids=str)  # fmt: skip
def test_what_makes_no_sense_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()
