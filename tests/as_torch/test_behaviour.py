"""PyTorch's answers where minigrad refuses; beside each, that minigrad itself goes on refusing."""

import math
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.as_torch import behaviour
from minigrad.nn import functional as F

BAD = [math.nan, math.inf, -math.inf]


def lenient(name):
    return behaviour.broadcasting(getattr(F, name))


@pytest.mark.parametrize("name", behaviour.BROADCAST)
def test_a_target_of_another_shape_is_stretched_with_a_warning_and_otherwise_refused(name):
    x, t = mg.rand(4, 1), mg.ones(4)
    with pytest.warns(UserWarning, match=rf"{name}: the target's shape \(4,\) is not the input's \(4, 1\)") as caught:
        got = lenient(name)(x, t)
    assert caught[0].filename == __file__
    assert got.item() == pytest.approx(getattr(F, name)(x.expand(4, 4), t.expand(4, 4)).item())
    with pytest.raises(ValueError, match="shape"):
        getattr(F, name)(x, t)


@pytest.mark.parametrize("name", behaviour.BROADCAST)
def test_equal_shapes_are_as_ever(name):
    x, t = mg.rand(4, 1), mg.ones(4, 1)
    assert lenient(name)(x, t).item() == getattr(F, name)(x, t).item()
    assert lenient(name)(x, t, reduction="none").shape == (4, 1)


@pytest.mark.oracle
@pytest.mark.parametrize("name", behaviour.BROADCAST)
def test_stretched_losses_and_their_gradients_are_torchs(name):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    x, t = np.random.default_rng(0).uniform(0.1, 1, (2, 4)).astype(np.float32)
    results = []
    for module, loss in ((mg, lenient(name)), (torch, getattr(torch.nn.functional, name))):
        a = module.tensor(x[:, None], requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = loss(a, module.tensor(t))
        y.backward()
        results.append((y.item(), a.grad.numpy()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-5)


def gradients(module, *values):
    made = []
    for value in values:
        p = module.nn.Parameter(module.zeros(len(value)))
        p.grad = module.tensor(value)
        made.append(p)
    return made


@pytest.mark.oracle
@pytest.mark.parametrize("value", [*BAD, 30.0, 0.01])
def test_clipping_does_what_torch_does_to_every_gradient(value):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    ours, theirs = (gradients(m, [1.0, value], [2.0]) for m in (mg, torch))
    total = behaviour.clip_grad_norm_(iter(ours), 0.5)
    want = torch.nn.utils.clip_grad_norm_(theirs, 0.5)
    np.testing.assert_allclose(total.item(), want.item(), rtol=1e-6)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-5)
    ours, theirs = (gradients(m, [1.0, value], [2.0]) for m in (mg, torch))
    behaviour.clip_grad_value_(ours[0], 0.5)
    torch.nn.utils.clip_grad_value_(theirs[0], 0.5)
    np.testing.assert_array_equal(ours[0].grad.numpy(), theirs[0].grad.numpy())


@pytest.mark.parametrize("value", BAD)
def test_clipping_refuses_when_asked_to_and_in_minigrad_itself(value):
    for clip in (nn.utils.clip_grad_norm_, lambda p, m: behaviour.clip_grad_norm_(p, m, error_if_nonfinite=True)):
        p = gradients(mg, [1.0, value])
        with pytest.raises(RuntimeError, match="no gradient was changed"):
            clip(p, 0.5)
        assert p[0].grad[0].item() == 1
