"""Adam's moments keep their digits; test_steps.py compares the steps with PyTorch's."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import Adam, Adamax, Lion, NAdam, RAdam, RMSprop


@pytest.mark.parametrize("cls", [Adam, Adamax, NAdam, RAdam])
@pytest.mark.parametrize("beta1", [0.0, 0.1, 0.3, 0.49, 0.5, 0.9])
def test_the_running_mean_is_right_to_the_last_digits_for_every_beta1(cls, beta1):
    """m + (1 - beta1) (g - m) alone would forget a small g after a large one."""
    rng = np.random.default_rng(0)
    p = mg.zeros(1000, requires_grad=True)
    optimizer = cls([p], betas=(beta1, 0.999))
    wanted = np.zeros(1000)
    for size in (1e6, 1e-3, 1.0, 1e3, 1e-6):
        g = (rng.standard_normal(1000) * size).astype(np.float32)
        p.grad = mg.from_numpy(g)
        optimizer.step()
        wanted = beta1 * wanted + (1 - beta1) * g
        m = optimizer.state[p]["exp_avg"].numpy()
        largest = np.maximum(np.abs(g), np.abs(wanted))
        assert (np.abs(m - wanted) <= 4 * 2.0**-24 * largest).all()
        wanted = m.astype(float)


def test_without_momentum_the_running_mean_is_the_gradient_to_the_bit():
    p = mg.zeros(2, requires_grad=True)
    optimizer = Adam([p], lr=0.5, betas=(0.0, 0.0), eps=0.0)
    for g in ([1e6, -1e6], [1e-3, 3e-5]):
        p.grad = mg.tensor(g)
        optimizer.step()
        assert optimizer.state[p]["exp_avg"].tolist() == p.grad.tolist()
    assert p.tolist() == [-1.0, 0.0]        # each step is lr long: m / sqrt(v) is a sign


def test_lions_mean_and_rmsprops_keep_their_digits_too():
    p = mg.zeros(1, requires_grad=True)
    for optimizer, name in ((Lion([p], betas=(0.9, 0.0)), "exp_avg"),
                            (RMSprop([p], alpha=0.0, centered=True), "grad_avg")):
        for g in (1e6, 1e-3):
            p.grad = mg.tensor([g])
            optimizer.step()
        assert optimizer.state[p][name].item() == p.grad.item()


def test_a_constant_gradient_has_no_negative_variance():
    """PyTorch's centered RMSprop takes the root of what rounding leaves, and gives NaN."""
    values = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    p = mg.zeros(1000, requires_grad=True)
    optimizer = RMSprop([p], alpha=0.5, centered=True)
    for _ in range(60):
        p.grad = mg.from_numpy(values)
        optimizer.step()
    v, m = (optimizer.state[p][name].numpy() for name in ("square_avg", "grad_avg"))
    assert (v < m * m).any()        # or else this test would show nothing
    assert np.isfinite(p.detach().numpy()).all()


@pytest.mark.parametrize("cls", [Adam, Adamax, NAdam, RAdam])
def test_nan_in_a_gradient_stays_where_it_is(cls):
    p = mg.zeros(3, requires_grad=True)
    optimizer = cls([p], **({"amsgrad": True} if cls is Adam else {}))
    for _ in range(2):
        p.grad = mg.tensor([1.0, float("nan"), -1.0])
        optimizer.step()
    assert np.isnan(p.detach().numpy()).tolist() == [False, True, False]


def test_radam_before_its_second_moment_counts_is_not_spoilt_by_a_square_that_overflows():
    p = mg.zeros(1, requires_grad=True)
    optimizer = RAdam([p], lr=1e-20, betas=(0.9, 0.9))
    p.grad = mg.tensor([1e20])
    optimizer.step()
    assert np.isinf(optimizer.state[p]["exp_avg_sq"].item()) and p.item() == pytest.approx(-1.0)
