"""Muon's orthogonal matrices and its rounding; test_steps.py compares the steps with PyTorch's."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import Muon
from minigrad.optim.muon import bfloat16, orthogonal

COEFFICIENTS = (3.4445, -4.775, 2.0315)


@pytest.mark.parametrize("shape", [(20, 20), (10, 40), (40, 10), (1, 5), (3, 1)])
def test_singular_values_come_near_1(shape):
    u = np.random.default_rng(0).standard_normal(shape)
    got = orthogonal(mg.tensor(u), COEFFICIENTS, 5, 1e-7)
    assert got.dtype == mg.float64 and tuple(got.shape) == shape
    values = np.linalg.svd(got.numpy(), compute_uv=False)
    assert (values > 0.3).all() and (values < 1.4).all()
    # and the directions are those of u
    left, _, right = np.linalg.svd(u, full_matrices=False)
    assert np.abs(np.diag(left.T @ got.numpy() @ right.T)).min() > 0.3


def test_a_gradient_of_0_is_no_step():
    p = mg.ones(3, 2, requires_grad=True)
    p.grad = mg.zeros(3, 2)
    Muon([p], weight_decay=0.0).step()
    assert p.tolist() == [[1.0, 1.0]] * 3


def test_what_is_no_matrix_is_refused_and_sent_elsewhere():
    with pytest.raises(ValueError, match=r"parameter 1 of group 0 must be a matrix, got shape \(3,\); .* AdamW"):
        Muon([mg.ones(2, 2), mg.ones(3)])


def test_bfloat16_rounds_to_the_nearest_and_to_even_from_the_middle():
    one, ulp = 1.0, 2.0**-7
    x = np.array([one + ulp / 4, one + ulp / 2, one + 1.5 * ulp, one + 0.51 * ulp, -one - 0.51 * ulp, 0.0, -0.0,
                  np.inf, -np.inf, 3.4e38, np.nan], np.float32)  # fmt: skip
    wanted = [one, one, one + 2 * ulp, one + ulp, -one - ulp, 0.0, -0.0, np.inf, -np.inf, np.inf, np.nan]
    got = bfloat16(x)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.array(wanted, np.float32))
    assert np.signbit(got[6])


@pytest.mark.oracle
def test_bfloat16_is_pytorchs():
    torch = pytest.importorskip("torch")
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    x = bits.view(np.float32)
    np.testing.assert_array_equal(bfloat16(x), torch.tensor(x).bfloat16().float().numpy())
