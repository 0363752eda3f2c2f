"""SAM against its paper's lines, on a loss whose gradient is known."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import SAM, SGD, Adam

SHAPES = [(4, 3), (5,), ()]


def start(dtype="float64"):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]


def leaves(dtype="float64"):
    return [mg.tensor(x, requires_grad=True) for x in start(dtype)]


def quartic(params):
    return sum(((p - 0.5) ** 4).sum() for p in params)


def closure_of(optimizer, params, calls=None):
    def closure():
        optimizer.zero_grad()
        loss = quartic(params)
        loss.backward()
        if calls is not None:
            calls.append(loss.item())
        return loss

    return closure


@pytest.mark.parametrize("rho, adaptive", [(0.05, False), (0.5, False), (0.5, True), (0.0, False)])
@pytest.mark.parametrize("maximize", [False, True])
def test_twenty_five_steps_are_the_papers(rho, adaptive, maximize):
    """Foret et al. (2021), algorithm 1; Kwon et al. (2021), equation 4."""
    ours, xs = leaves(), start()
    lr = 1e-6 if maximize else 0.005
    optimizer = SAM(SGD(ours, lr=lr, momentum=0.9, maximize=maximize), rho=rho, adaptive=adaptive)
    b, sign = [np.zeros_like(x) for x in xs], -1 if maximize else 1
    for _ in range(25):
        loss = optimizer.step(closure_of(optimizer, ours))
        assert loss.item() == pytest.approx(sum(((x - 0.5) ** 4).sum() for x in xs), rel=1e-11)
        gs = [sign * 4 * (x - 0.5) ** 3 for x in xs]
        units = [np.abs(x) if adaptive else np.ones_like(x) for x in xs]
        norm = math.sqrt(sum(((u * g) ** 2).sum() for u, g in zip(units, gs, strict=True)))
        for i, (x, u, g) in enumerate(zip(xs, units, gs, strict=True)):
            g = sign * 4 * (x + rho * u * u * g / norm - 0.5) ** 3
            b[i] = 0.9 * b[i] + g
            xs[i] = x - lr * b[i]
        for p, x in zip(ours, xs, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), x, rtol=1e-12, atol=1e-12)


def test_two_steps_by_hand_are_one_with_a_closure():
    ours, theirs = leaves(), leaves()
    one, other = SAM(Adam(ours, lr=0.1)), SAM(Adam(theirs, lr=0.1))
    for _ in range(3):
        one.step(closure_of(one, ours))
        quartic(theirs).backward()
        other.first_step(zero_grad=True)
        quartic(theirs).backward()
        other.second_step(zero_grad=True)
    assert [p.tolist() for p in ours] == [p.tolist() for p in theirs] and theirs[0].grad is None


def test_a_closure_that_forgets_to_clear_gradients_does_not_mix_the_two():
    ours, theirs = leaves(), leaves()
    one, other = SAM(SGD(ours, lr=0.1)), SAM(SGD(theirs, lr=0.1))

    def careless():
        loss = quartic(theirs)
        loss.backward()
        return loss

    one.step(closure_of(one, ours))
    other.step(careless)
    assert [p.tolist() for p in ours] == [p.tolist() for p in theirs]


def test_the_way_back_is_exact_and_a_closure_that_fails_uphill_is_no_step():
    params = leaves("float32")
    optimizer, calls = SAM(SGD(params, lr=0.1), rho=1e-3), []
    before = [p.tolist() for p in params]

    def closure():
        calls.append(1)
        if len(calls) == 2:
            assert [p.tolist() for p in params] != before
            raise KeyError("out of data")
        return closure_of(optimizer, params)()

    with pytest.raises(KeyError):
        optimizer.step(closure)
    assert [p.tolist() for p in params] == before
    optimizer.step(closure)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_changes(bad):
    params = leaves()
    optimizer = SAM(SGD([("a", params[0]), ("b", params[1])], lr=0.1))
    for p in params:
        p.grad = mg.ones_like(p).detach()
    params[1].grad[2] = bad
    before = [p.tolist() for p in params]
    with pytest.raises(RuntimeError, match=r"SAM: the gradient of 'b' \(5,\) holds 1"):
        optimizer.first_step()
    assert [p.tolist() for p in params] == before


@pytest.mark.parametrize("size", [1e-45, 1e-20, 1e20, 3e38])
def test_the_climb_is_rho_long_for_gradients_of_any_size(size):
    p = mg.zeros(10_000, requires_grad=True)
    optimizer = SAM(SGD([p], lr=0.1), rho=0.5)
    p.grad = mg.full((10_000,), size)
    optimizer.first_step()
    np.testing.assert_allclose(p.detach().numpy(), 0.005, rtol=1e-6)


def test_a_gradient_of_0_climbs_nowhere():
    p = mg.ones(3, requires_grad=True)
    optimizer = SAM(SGD([p], lr=0.1))
    p.grad = mg.zeros(3)
    optimizer.first_step()
    assert p.tolist() == [1.0] * 3


def test_rho_is_a_setting_of_the_group_and_is_saved():
    params = leaves()
    optimizer = SAM(SGD([{"params": params[:1]}, {"params": params[1:], "rho": 0.0}], lr=0.0), rho=0.5)
    assert [g["rho"] for g in optimizer.state_dict()["param_groups"]] == [0.5, 0.0]
    quartic(params).backward()
    before = [p.tolist() for p in params]
    optimizer.first_step()
    assert params[0].tolist() != before[0] and [p.tolist() for p in params[1:]] == before[1:]
    other = SAM(SGD([{"params": leaves()[:1]}, {"params": leaves()[1:]}], lr=1.0))
    other.load_state_dict(optimizer.state_dict())
    assert [g["rho"] for g in other.param_groups] == [0.5, 0.0]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="SAM: rho must be finite and at least 0, got -0.1"):
        SAM(SGD(leaves()), rho=-0.1)
    optimizer = SAM(SGD(leaves()))
    with pytest.raises(TypeError, match="needs a closure"):
        optimizer.step()
    params = leaves()
    optimizer = SAM(SGD(params))
    quartic(params).backward()
    optimizer.first_step()
    with pytest.raises(RuntimeError, match="climbed already"):
        optimizer.first_step()
