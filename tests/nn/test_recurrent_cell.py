"""RNNCell, LSTMCell and GRUCell: one step."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.recurrent_cell import parts
from minigrad.testing import gradcheck, gradgradcheck

CELLS = ["RNNCell", "LSTMCell", "GRUCell"]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numbers(cell, x, h):
    """a = W_ih x + b_ih and b = W_hh h + b_hh."""
    w_ih, w_hh, b_ih, b_hh = [p.detach().numpy() for p in cell.parameters()]
    return x @ w_ih.T + b_ih, h @ w_hh.T + b_hh


def test_the_formulas():
    rng = np.random.default_rng(0)
    x, h, c = rng.standard_normal((2, 3)), rng.standard_normal((2, 4)), rng.standard_normal((2, 4))
    X, H, C = mg.tensor(x), mg.tensor(h), mg.tensor(c)
    rnn = nn.RNNCell(3, 4, dtype=mg.float64)
    a, b = numbers(rnn, x, h)
    np.testing.assert_allclose(rnn(X, H).detach().numpy(), np.tanh(a + b), rtol=1e-12)
    rnn = nn.RNNCell(3, 4, nonlinearity="relu", dtype=mg.float64)
    a, b = numbers(rnn, x, h)
    np.testing.assert_allclose(rnn(X, H).detach().numpy(), np.maximum(a + b, 0), rtol=1e-12, atol=1e-12)

    lstm = nn.LSTMCell(3, 4, dtype=mg.float64)
    a, b = numbers(lstm, x, h)
    i, f, g, o = np.split(a + b, 4, -1)
    next_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    got_h, got_c = lstm(X, (H, C))
    np.testing.assert_allclose(got_c.detach().numpy(), next_c, rtol=1e-12)
    np.testing.assert_allclose(got_h.detach().numpy(), sigmoid(o) * np.tanh(next_c), rtol=1e-12)

    gru = nn.GRUCell(3, 4, dtype=mg.float64)
    a, b = numbers(gru, x, h)
    (a_r, a_z, a_n), (b_r, b_z, b_n) = np.split(a, 3, -1), np.split(b, 3, -1)
    r, z = sigmoid(a_r + b_r), sigmoid(a_z + b_z)
    n = np.tanh(a_n + r * b_n)
    np.testing.assert_allclose(gru(X, H).detach().numpy(), (1 - z) * n + z * h, rtol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_no_state_is_zeros_and_a_vector_is_a_batch_of_one(name):
    cell = getattr(nn, name)(3, 4)
    x, zeros = mg.randn(2, 3), mg.zeros(2, 4)
    state = (zeros, zeros) if name == "LSTMCell" else zeros
    got, wanted = cell(x), cell(x, state)
    alone = cell(x[0])
    if name == "LSTMCell":
        assert cell(x, list(state))[0].tolist() == wanted[0].tolist()
        got, wanted, alone = got[0], wanted[0], alone[0]
    assert got.tolist() == wanted.tolist()
    assert tuple(alone.shape) == (4,)
    np.testing.assert_allclose(alone.detach().numpy(), got[0].detach().numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", CELLS)
def test_first_and_second_gradients(name):
    cell = getattr(nn, name)(2, 2, dtype=mg.float64)
    leaves = [mg.randn(2, 2, dtype=mg.float64, requires_grad=True) for _ in range(3 if name == "LSTMCell" else 2)]

    def f(x, *state):
        return cell(x, state if len(state) == 2 else state[0])

    assert gradcheck(f, leaves)
    assert gradgradcheck(f, leaves)


def test_parts_send_their_gradients_back_together():
    x = mg.arange(6.0).reshape(3, 2).requires_grad_()
    a, b = parts(x, (1, 2), 0)
    assert a.tolist() == [[0.0, 1.0]]
    (b * b).sum().backward()  # a's gradient is zeros
    assert x.grad.tolist() == [[0.0, 0.0], [4.0, 6.0], [8.0, 10.0]]
    y = mg.randn(4, 6, dtype=mg.float64, requires_grad=True)
    assert gradgradcheck(lambda y: parts(y, (2, 4), 1)[1] ** 3, (y,))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.RNNCell(3, 4, nonlinearity="x"), ValueError, "'tanh' or 'relu', got 'x'"),
        (lambda: nn.RNNCell(3, 4)(mg.ones(2, 4)), ValueError, r"RNNCell\(3, 4\): expected input \(N, 3\) or"),
        (lambda: nn.GRUCell(3, 4)(mg.ones(2, 2, 3)), ValueError, r"got \(2, 2, 3\)"),
        (lambda: nn.GRUCell(3, 4)(mg.ones(2, 3), mg.ones(3, 4)), ValueError, r"h \(2, 4\), got \(3, 4\)"),
        (lambda: nn.GRUCell(3, 4)(mg.ones(3), mg.ones(1, 4)), ValueError, r"h \(4,\), got \(1, 4\)"),
        (lambda: nn.GRUCell(3, 4)(mg.ones(2, 3), mg.ones(2, 4).double()), TypeError, r"h\.to\(input\.dtype\)"),
        (lambda: nn.LSTMCell(3, 4)(mg.ones(2, 3), mg.ones(2, 4)), TypeError, r"pair \('h', 'c'\), got Tensor"),
        (lambda: nn.LSTMCell(3, 4)(mg.ones(2, 3), (mg.ones(2, 4), mg.ones(2, 5))), ValueError, r"c \(2, 4\), got"),
        (lambda: nn.LSTMCell(3, 4)(mg.ones(2, 3).double()), TypeError, "float64"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_init_by_name():
    cell = nn.GRUCell(3, 4, init=("he_uniform", "orthogonal"))
    assert cell.bias_ih.tolist() == [0.0] * 12
    for gate in cell.weight_hh.detach().split(4):
        np.testing.assert_allclose((gate @ gate.T).numpy(), np.eye(4), atol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("name", "options"), [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}),
                                               ("LSTMCell", {}), ("GRUCell", {})], ids=str)  # fmt: skip
def test_cells_are_torchs(name, options, bias):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    x, h, c = np.random.default_rng(0).standard_normal((3, 2, 4))
    results = []
    for lib in (mg, torch):
        lib.manual_seed(4)
        cell = getattr(lib.nn, name)(4, 4, bias, dtype=lib.float64, **options)
        leaves = [lib.tensor(a, requires_grad=True) for a in ((x, h, c) if name == "LSTMCell" else (x, h))]
        got = cell(leaves[0], tuple(leaves[1:]) if name == "LSTMCell" else leaves[1])
        got = list(got) if isinstance(got, tuple) else [got]
        sum((y**3).sum() for y in got).backward()
        values = [*cell.parameters(), *got, *[leaf.grad for leaf in leaves], *[p.grad for p in cell.parameters()]]
        results.append((repr(cell), list(cell.state_dict()), [v.detach().numpy() for v in values]))
    assert results[0][:2] == results[1][:2]
    for a, b in zip(results[0][2], results[1][2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
