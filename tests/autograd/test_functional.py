"""Jacobians, Hessians and their products, against formulas written out."""

import pytest

import minigrad as mg
from minigrad.autograd import functional as AF
from minigrad.testing import assert_close

A = mg.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], dtype=mg.float64)
X = mg.tensor([0.3, -0.7, 1.1], dtype=mg.float64)


def linear(x):
    return A @ x


def cubes(x):
    return (x**3).sum()


def test_jacobian_of_a_linear_map_is_its_matrix():
    assert_close(AF.jacobian(linear, X), A)


def test_jacobian_of_several_inputs_and_results():
    blocks = AF.jacobian(lambda x, y: (x * y, y.sum()), (X, X * 2))
    assert_close(blocks[0][0], mg.eye(3, dtype=mg.float64) * (X * 2))
    assert_close(blocks[0][1], mg.eye(3, dtype=mg.float64) * X)
    assert_close(blocks[1][0], mg.zeros(3, dtype=mg.float64))
    assert_close(blocks[1][1], mg.ones(3, dtype=mg.float64))


def test_hessian():
    assert_close(AF.hessian(cubes, X), mg.eye(3, dtype=mg.float64) * (6 * X))


def test_products():
    u = mg.tensor([2.0, -1.0], dtype=mg.float64)
    v = mg.tensor([1.0, 0.5, -2.0], dtype=mg.float64)
    y, product = AF.vjp(linear, X, u)
    assert_close(y, A @ X)
    assert_close(product, u @ A)
    assert_close(AF.jvp(lambda x: (A @ x) ** 2, X, v)[1], 2 * (A @ X) * (A @ v))
    assert_close(AF.hvp(cubes, X, v)[1], 6 * X * v)
    assert_close(AF.vhp(cubes, X, v)[1], 6 * X * v)


def test_a_jacobian_can_be_differentiated():
    x = X.detach().requires_grad_()
    j = AF.jacobian(lambda x: x**3, x, create_graph=True)
    j.sum().backward()
    assert_close(x.grad, 6 * X)


def test_strict_names_what_is_not_used():
    with pytest.raises(RuntimeError, match="do not depend on input 1"):
        AF.jacobian(lambda x, y: x * 2, (X, X), strict=True)
    with pytest.raises(ValueError, match="one element"):
        AF.hessian(lambda x: x, X)
    with pytest.raises(ValueError, match=r"expected v of shape \[\(2,\)\]"):
        AF.vjp(linear, X, X)
