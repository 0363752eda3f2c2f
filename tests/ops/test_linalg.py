"""Products, einsum, norms and factors: dtypes, limits, errors; norms against mpmath."""

import math

import mpmath
import numpy as np
import pytest

import minigrad as mg
from minigrad import linalg

INF, NAN = math.inf, math.nan


# ---- products ---------------------------------------------------------------------------------------------------


def test_integers_multiply_as_integers():
    a = mg.arange(6).reshape(2, 3)
    assert mg.mm(a, a.t()).tolist() == [[5, 14], [14, 50]] and mg.mm(a, a.t()).dtype == mg.int64
    assert mg.addmm(mg.ones(2, dtype=mg.int64), a, a.t(), beta=2).tolist() == [[7, 16], [16, 52]]
    assert mg.dot(mg.tensor([1, 2]), mg.tensor([3, 4])).item() == 11
    assert mg.einsum("ij->j", a).tolist() == [3, 5, 7]
    assert mg.trace(a).item() == 4


def test_float16_products_are_summed_in_double():
    x = mg.full((1, 4096), 0.1, dtype=mg.float16)
    y = mg.mm(x, x.t())
    assert y.dtype == mg.float16
    assert y.item() == np.float16(4096 * float(np.float16(0.1)) ** 2)


def test_beta_0_ignores_what_it_multiplies():
    c, a = mg.full((2, 2), NAN), mg.ones(2, 2)
    for got in (mg.addmm(c, a, a, beta=0), mg.addmv(c[0], a, a[0], beta=0), mg.addr(c, a[0], a[0], beta=0) * 2,
                mg.baddbmm(c, a[None], a[None], beta=0), mg.addbmm(c, a[None], a[None], beta=0)):
        assert (got == 2).all()


def test_in_place_products():
    c, a = mg.ones(2, 2), mg.ones(2, 2)
    assert c.addmm_(a, a) is c and c.tolist() == [[3, 3], [3, 3]]
    assert c.addr_(a[0], a[0], beta=0).tolist() == [[1, 1], [1, 1]]
    assert mg.ones(2).addmv_(a, a[0], alpha=2).tolist() == [5, 5]
    assert mg.ones(1, 2, 2).baddbmm_(a[None], a[None]).tolist() == [[[3, 3], [3, 3]]]
    assert mg.ones(2, 2).addbmm_(a[None], a[None]).tolist() == [[3, 3], [3, 3]]
    with pytest.raises(ValueError, match="does not broadcast"):
        mg.ones(2).addmm_(mg.ones(3, 3), mg.ones(3, 3))


def test_a_linear_layer_without_bias_has_gradients():
    x, w = mg.ones(2, 3, requires_grad=True), mg.ones(4, 3, requires_grad=True)
    mg.nn.functional.linear(x, w).sum().backward()
    assert x.grad.tolist() == [[4] * 3] * 2 and w.grad.tolist() == [[2] * 3] * 4


def test_chain_matmul_takes_the_cheap_order():
    a, b, c = mg.ones(1, 1000), mg.ones(1000, 1), mg.ones(1, 1000)
    assert tuple(mg.chain_matmul(a, b, c).shape) == (1, 1000)
    assert tuple(linalg.multi_dot([a[0], b, c]).shape) == (1000,)


@pytest.mark.parametrize("error, message, call", [
    (ValueError, "mm: expected tensors of 2 and 2 axes", lambda: mg.mm(mg.ones(3), mg.ones(3, 3))),
    (ValueError, "mv", lambda: mg.mv(mg.ones(3), mg.ones(3))),
    (ValueError, "dot", lambda: mg.dot(mg.ones(3, 1), mg.ones(3))),
    (ValueError, "inner lengths 3 and 2", lambda: mg.dot(mg.ones(3), mg.ones(2))),
    (ValueError, "bmm: stacks of 2 and 3", lambda: mg.bmm(mg.ones(2, 1, 1), mg.ones(3, 1, 1))),
    (ValueError, "outer", lambda: mg.outer(mg.ones(3, 1), mg.ones(3))),
    (ValueError, "inner: the last axes", lambda: mg.inner(mg.ones(3), mg.ones(2))),
    (ValueError, "addmm: input of shape", lambda: mg.addmm(mg.ones(3), mg.ones(2, 2), mg.ones(2, 2))),
    (ValueError, "inner lengths", lambda: mg.addmm(mg.ones(2), mg.ones(2, 2), mg.ones(3, 2))),
    (TypeError, "one dtype", lambda: mg.mm(mg.ones(2, 2), mg.ones(2, 2, dtype=mg.float64))),
    (TypeError, "bool", lambda: mg.ones(2, 2, dtype=mg.bool) @ mg.ones(2, 2, dtype=mg.bool)),
    (TypeError, "integers", lambda: mg.addmm(mg.arange(2), mg.arange(4).reshape(2, 2), mg.arange(4).reshape(2, 2),
        beta=0.5)),
    (ValueError, "trace", lambda: mg.trace(mg.ones(3))),
    (ValueError, "cross", lambda: mg.cross(mg.ones(2), mg.ones(2))),
    (ValueError, "equally many", lambda: linalg.cross(mg.ones(2, 3), mg.ones(3))),
    (ValueError, "names 1 operands, got 2", lambda: mg.einsum("ij", mg.ones(2, 2), mg.ones(2, 2))),
    (ValueError, "names 3 axes", lambda: mg.einsum("ijk->", mg.ones(2, 2))),
    (ValueError, "lengths 2 and 3", lambda: mg.einsum("i,i->", mg.ones(2), mg.ones(3))),
    (ValueError, "named twice", lambda: mg.einsum("ii->i", mg.ones(2, 3))),
    (ValueError, "names an axis twice", lambda: mg.einsum("i->ii", mg.ones(2))),
    (ValueError, "in no operand", lambda: mg.einsum("i->j", mg.ones(2))),
    (ValueError, "letters", lambda: mg.einsum("i1->i", mg.ones(2, 2))),
    (TypeError, "einsum", lambda: mg.einsum()),
    (ValueError, "tensordot", lambda: mg.tensordot(mg.ones(2), mg.ones(2), 2)),
    (ValueError, "differ", lambda: mg.tensordot(mg.ones(2), mg.ones(3), 1)),
])
def test_errors_say_what_was_seen(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- norms ---------------------------------------------------------------------------------------------------


def exact_norm(x, p):
    with mpmath.workdps(60):
        return (mpmath.fsum(mpmath.fabs(mpmath.mpf(float(v))) ** p for v in x)) ** (mpmath.mpf(1) / p)


@pytest.mark.parametrize("dtype, scales", [
    (np.float32, [1e-45, 1e-38, 1e-20, 1.0, 1e20, 1e38]), (np.float64, [5e-324, 1e-300, 1e-160, 1.0, 1e160, 1e307]),
])
@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, 7.25, -1, -2.5])
def test_norms_of_any_magnitude_are_within_an_ulp(dtype, scales, p):
    for scale in scales:
        x = (np.random.default_rng(2).uniform(1, 3, 7) * scale).astype(dtype)
        exact = exact_norm(x, p)
        if exact > np.finfo(dtype).max:
            continue
        for got in (linalg.vector_norm(mg.tensor(x), p).item(),
            linalg.vector_norm(mg.tensor(x[:, None]), p, 0)[0].item()):
            step = float(np.spacing(dtype(float(exact))))
            ulps = 1 if dtype == np.float32 else 4
            assert abs(mpmath.mpf(got) - exact) <= ulps * step, (scale, got, exact)


def test_norms_of_every_order():
    x = mg.tensor([3.0, 0.0, -4.0])
    assert [linalg.vector_norm(x, p).item() for p in (0, 1, 2, INF, -INF, -1)] == [2, 7, 5, 4, 0, 0]
    assert math.isnan(mg.tensor([1.0, NAN]).norm().item()) and mg.tensor([1.0, INF]).norm().item() == INF
    assert mg.zeros(0).norm().item() == 0 and mg.zeros(0, 2).norm(2, 0).tolist() == [0, 0]
    assert linalg.norm(mg.ones(2, 3), INF).item() == 3 and linalg.norm(mg.ones(3), INF).item() == 1
    assert mg.ones(2, 2).norm("nuc").item() == pytest.approx(2)
    assert mg.ones(4, dtype=mg.float16).norm().dtype == mg.float16
    assert mg.ones(4).norm(dtype=mg.float64).dtype == mg.float64


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1])
def test_the_gradient_at_0_is_0(p):
    x = mg.zeros(3, requires_grad=True)
    linalg.vector_norm(x, p).backward()
    assert x.grad.tolist() == [0] * 3


@pytest.mark.parametrize("p", [0.5, 1.5, 2, 3])
@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1e20, 1e37])
def test_the_gradient_of_a_norm_knows_no_magnitude(p, scale):
    values = np.array([1.0, 2.0, 0.0, -3.0])
    x = mg.tensor((values * scale).astype(np.float32), requires_grad=True)
    linalg.vector_norm(x, p).backward()
    plain = mg.tensor(values, requires_grad=True)
    linalg.vector_norm(plain, p).backward()
    np.testing.assert_allclose(x.grad.numpy(), plain.grad.numpy(), rtol=1e-4)


def test_distances():
    a, b = mg.tensor([[0.0, 0.0], [3.0, 4.0]]), mg.tensor([[0.0, 0.0]])
    assert mg.cdist(a, b).tolist() == [[0], [5]]
    assert mg.dist(a[1], b[0], 1).item() == 7
    close = mg.tensor([[1e4, 1e4 + 1 / 512]])
    assert mg.cdist(close, mg.tensor([[1e4, 1e4]]), compute_mode="use_mm_for_euclid_dist").item() == 1 / 512 * 1.0
    assert mg.renorm(a, 2, 0, 1.0).norm(dim=1).tolist() == pytest.approx([0, 1])


@pytest.mark.parametrize("error, call", [
    (TypeError, lambda: mg.arange(3).norm()),
    (ValueError, lambda: mg.ones(3).norm("frob")),
    (ValueError, lambda: linalg.vector_norm(mg.zeros(0), INF)),
    (ValueError, lambda: linalg.vector_norm(mg.zeros(0), -1)),
    (ValueError, lambda: linalg.matrix_norm(mg.ones(2, 2), 3)),
    (ValueError, lambda: linalg.matrix_norm(mg.ones(2))),
    (ValueError, lambda: linalg.matrix_norm(mg.ones(2, 2), dim=(0, 0))),
    (ValueError, lambda: mg.cdist(mg.ones(2, 3), mg.ones(2, 2))),
])
def test_norms_refuse(error, call):
    with pytest.raises(error):
        call()


# ---- factors -------------------------------------------------------------------------------------------------


def test_factors_multiply_to_what_they_are_of():
    a = mg.tensor(np.random.default_rng(4).standard_normal((2, 4, 3)))
    for full in (True, False):
        u, s, vh = linalg.svd(a, full_matrices=full)
        np.testing.assert_allclose((u[..., :3] * s.unsqueeze(-2) @ vh).numpy(), a.numpy(), atol=1e-13)
    for x in (a, a.mT):
        q, r = linalg.qr(x)
        np.testing.assert_allclose((q @ r).numpy(), x.numpy(), atol=1e-13)
    square = a.mT @ a
    w, v = linalg.eigh(square)
    np.testing.assert_allclose((v * w.unsqueeze(-2) @ v.mT).numpy(), square.numpy(), atol=1e-13)
    lower = linalg.cholesky(square)
    np.testing.assert_allclose((lower @ lower.mT).numpy(), square.numpy(), atol=1e-13)
    np.testing.assert_allclose((linalg.inv(square) @ square).numpy(), np.stack([np.eye(3)] * 2), atol=1e-12)
    np.testing.assert_allclose((a @ linalg.pinv(a) @ a).numpy(), a.numpy(), atol=1e-13)
    assert linalg.matrix_rank(a).tolist() == [3, 3]
    assert linalg.matrix_power(mg.tensor([[1, 1], [1, 0]]), 10).tolist() == [[89, 55], [55, 34]]


def test_the_gradient_of_a_determinant_is_right_for_singular_matrices():
    a = mg.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=mg.float64, requires_grad=True)
    mg.det(a).backward()
    np.testing.assert_allclose(a.grad.numpy(), [[4, -2], [-2, 1]], atol=1e-14)


def test_slogdet_neither_overflows_nor_vanishes():
    sign, logs = mg.slogdet(mg.eye(200) * -1e30)
    assert sign.item() == 1 and logs.item() == np.float32(200 * math.log(float(np.float32(1e30))))
    assert mg.slogdet(mg.zeros(2, 2)).logabsdet.item() == -INF
    assert math.isnan(mg.logdet(mg.tensor([[-1.0]])).item())


@pytest.mark.parametrize("error, message, call", [
    (ValueError, "singular", lambda: linalg.inv(mg.zeros(2, 2))),
    (ValueError, "singular", lambda: linalg.solve(mg.zeros(2, 2), mg.ones(2))),
    (ValueError, "positive definite", lambda: linalg.cholesky(mg.zeros(2, 2))),
    (ValueError, "square matrices", lambda: mg.det(mg.ones(2, 3))),
    (ValueError, "expected matrices", lambda: linalg.svd(mg.ones(2))),
    (TypeError, "convert it first", lambda: linalg.inv(mg.eye(2, dtype=mg.int64))),
    (ValueError, "no X", lambda: linalg.solve(mg.eye(2), mg.ones(3, 1))),
    (ValueError, "mode", lambda: linalg.qr(mg.eye(2), "full")),
    (ValueError, "UPLO", lambda: linalg.eigh(mg.eye(2), "x")),
])
def test_factors_refuse(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- against torch -------------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1, -2])
@pytest.mark.parametrize("zeros", [False, True])
def test_norms_and_their_gradients_are_torchs(p, zeros):
    torch = pytest.importorskip("torch", reason="torch, which this compares with, is not installed")
    values = np.round(np.random.default_rng(6).standard_normal((3, 4)), 1)
    if zeros:
        values[0, 1:3] = values[2] = 0
    ours, theirs = mg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    y, expected = linalg.vector_norm(ours, p, 1), torch.linalg.vector_norm(theirs, p, 1)
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), 1e-12)
    if p != 0:
        (y * y).sum().backward()
        (expected * expected).sum().backward()
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), 1e-12, 1e-12)
