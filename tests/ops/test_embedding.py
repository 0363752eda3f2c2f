"""Embedding and bilinear: errors, options, and what torch gives."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.embedding(mg.tensor([0, 4]), mg.ones(4, 2)), IndexError, "index 4 is outside a table of 4 rows"),
        (lambda: F.embedding(mg.tensor([-1]), mg.ones(4, 2)), IndexError, "index -1"),
        (lambda: F.embedding(mg.tensor([0.0]), mg.ones(4, 2)), TypeError, r"input\.long\(\)"),
        (lambda: F.embedding(mg.tensor([0]), mg.ones(4)), ValueError, r"table \(V, D\)"),
        (lambda: F.embedding(mg.tensor([0]), mg.ones(4, 2), 4), ValueError, "padding_idx 4"),
        (lambda: F.embedding(mg.tensor([0]), mg.ones(4, 2), sparse=True), NotImplementedError, "sparse=False"),
        (
            lambda: F.bilinear(mg.ones(2, 3), mg.ones(2, 4), mg.ones(5, 3, 3)),
            ValueError,
            r"\(\.\.\., 3\) and \(\.\.\., 3\)",
        ),
        (lambda: F.bilinear(mg.ones(2, 3), mg.ones(2, 4), mg.ones(5, 3)), ValueError, r"weight \(O, I, J\)"),
        (lambda: F.bilinear(mg.ones(2, 3), mg.ones(1, 4), mg.ones(5, 3, 4)), ValueError, "got"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_indices_of_any_shape():
    w = mg.arange(8.0).reshape(4, 2)
    assert F.embedding(mg.tensor(3), w).tolist() == [6.0, 7.0]
    assert tuple(F.embedding(mg.zeros(2, 0, dtype=mg.int64), w).shape) == (2, 0, 2)
    assert F.embedding(mg.tensor([[1], [0]], dtype=mg.int32), w).tolist() == [[[2.0, 3.0]], [[0.0, 1.0]]]


def test_a_row_taken_often_gets_its_gradient_with_one_rounding():
    w = mg.zeros(2, 1, requires_grad=True)
    n = 100_000
    F.embedding(mg.zeros(n, dtype=mg.int64), w).backward(mg.full((n, 1), 0.1))
    assert w.grad[0, 0].item() == np.float32(np.float64(np.float32(0.1)) * n)


def test_rows_that_are_too_long_are_shortened_in_place():
    w = mg.tensor([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]])
    y = F.embedding(mg.tensor([0, 1, 0]), w, max_norm=1.0)
    np.testing.assert_allclose(w.numpy(), [[0.6, 0.8], [0.3, 0.4], [30.0, 40.0]], rtol=1e-6)
    np.testing.assert_allclose(y.numpy(), w.numpy()[[0, 1, 0]])


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"padding_idx": -1}, {"scale_grad_by_freq": True},
                                     {"max_norm": 1.0}, {"max_norm": 0.7, "norm_type": 1.0},
                                     {"padding_idx": 2, "scale_grad_by_freq": True}], ids=str)  # fmt: skip
def test_embedding_agrees_with_torch(options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    table, index, dy = RNG.normal(size=(6, 3)), RNG.integers(0, 6, (4, 5)), RNG.normal(size=(4, 5, 3))
    w, tw = mg.tensor(table, requires_grad=True), torch.tensor(table, requires_grad=True)
    y = F.embedding(mg.tensor(index), w, **options)
    ty = torch.nn.functional.embedding(torch.tensor(index), tw, **options)
    np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-12)
    y.backward(mg.tensor(dy))
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(w.detach().numpy(), tw.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(w.grad.numpy(), tw.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_second_gradient_of_a_scaled_and_padded_embedding():
    w = mg.tensor(RNG.normal(size=(4, 2)), requires_grad=True)
    index = mg.tensor([0, 2, 2, 3])
    y = F.embedding(index, w, padding_idx=3, scale_grad_by_freq=True)
    (dw,) = mg.autograd.grad((y**3).sum(), w, create_graph=True)
    want = 3 * w.detach().numpy() ** 2 * np.array([1, 0, 1, 0])[:, None]
    np.testing.assert_allclose(dw.detach().numpy(), want, rtol=1e-12)
    (ddw,) = mg.autograd.grad(dw.sum(), w)
    # y moves with w through the embedding, whose gradient is halved for row 2 and stopped for row 3 once more
    want = 6 * w.detach().numpy() * np.array([1, 0, 0.5, 0])[:, None]
    np.testing.assert_allclose(ddw.numpy(), want, rtol=1e-12)
