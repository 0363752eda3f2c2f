"""Activations computed again instead of kept."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.utils.checkpoint import checkpoint, checkpoint_sequential


def model():
    mg.manual_seed(0)
    return nn.Sequential(*[layer for _ in range(6) for layer in (nn.Linear(8, 8), nn.Tanh())])


def test_it_is_there_without_an_import_of_its_own():
    assert mg.utils.checkpoint.checkpoint is checkpoint
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mg.utils.nothing  # noqa: B018


@pytest.mark.parametrize("x_requires_grad", [True, False])
def test_gradients_are_the_same(x_requires_grad):
    x = mg.randn(4, 8)
    plain, saving = model(), model()
    xs = [x.clone().requires_grad_(x_requires_grad) for _ in range(2)]
    plain(xs[0]).sum().backward()
    checkpoint_sequential(saving, 3, xs[1]).sum().backward()
    for p, q in zip(plain.parameters(), saving.parameters(), strict=True):
        assert p.grad.tolist() == q.grad.tolist()
    if x_requires_grad:
        assert xs[0].grad.tolist() == xs[1].grad.tolist()


def test_less_is_kept():
    net = nn.Sequential(*[layer for _ in range(50) for layer in (nn.Linear(64, 64), nn.Tanh())])
    x = mg.randn(256, 64)

    def kept(run):
        before = mg.kernels.memory_stats()["live"]
        y = run(x)
        return mg.kernels.memory_stats()["live"] - before, y

    plain, _ = kept(net)
    saving, _ = kept(lambda x: checkpoint_sequential(net, 10, x))
    assert saving < plain / 4


def test_the_same_random_numbers_are_drawn_again():
    x = mg.ones(1000, requires_grad=True)

    def noisy(x):
        return x * mg.rand(1000)

    y = checkpoint(noisy, x)
    after = mg.get_rng_state().tolist()
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    assert mg.get_rng_state().tolist() == after


def test_without_recording_it_is_a_plain_call():
    with mg.no_grad():
        assert not checkpoint(lambda x: x * 2, mg.ones(1)).requires_grad


def test_segments_must_fit():
    with pytest.raises(ValueError, match="1 to 12 segments, got 20"):
        checkpoint_sequential(model(), 20, mg.ones(1, 8))
