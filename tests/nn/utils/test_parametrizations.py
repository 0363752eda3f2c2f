"""Weights of a given norm, of a bounded one, and orthogonal ones."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm
from minigrad.nn.utils.parametrize import remove_parametrizations

SHAPES = [(2, 3), (3, 2), (3, 3), (4, 1)]


def linear(shape=(2, 3)):
    return nn.Linear(shape[1], shape[0], dtype=mg.float64)


def numbers(x):
    return x.detach().numpy()


# ---- weight_norm -------------------------------------------------------------------------------


@pytest.mark.parametrize(("dim", "shape", "axes"), [(0, (2, 1), 1), (1, (1, 3), 0), (-2, (2, 1), 1), (None, (), None)])
def test_weight_norm_splits_a_weight_into_length_and_direction(dim, shape, axes):
    layer = linear()
    before = numbers(layer.weight).copy()
    assert weight_norm(layer, dim=dim) is layer
    made = layer.parametrizations.weight
    assert tuple(made.original0.shape) == shape
    np.testing.assert_allclose(numbers(layer.weight), before, rtol=1e-12)
    with mg.no_grad():
        made.original1.mul_(7)  # the direction's length does not count
        made.original0.fill_(5)
    np.testing.assert_allclose(np.linalg.norm(numbers(layer.weight), axis=axes), 5, rtol=1e-12)


def test_weight_norm_loads_older_names():
    layer, saved = weight_norm(linear()), weight_norm(linear())
    old = {"bias": saved.bias, "weight_g": saved.parametrizations.weight.original0,
           "weight_v": saved.parametrizations.weight.original1}  # fmt: skip
    nn.Sequential(layer).load_state_dict({"0." + key: value for key, value in old.items()})
    assert layer.weight.tolist() == saved.weight.tolist()


# ---- spectral_norm -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_spectral_norm_divides_by_the_largest_singular_value(shape):
    mg.manual_seed(0)
    layer = spectral_norm(linear(shape), n_power_iterations=50)
    layer.weight  # noqa: B018 (iterates)
    assert np.linalg.norm(numbers(layer.weight), 2) == pytest.approx(1.0, rel=1e-6)


def test_power_iteration_goes_on_in_training_only():
    layer = spectral_norm(linear((5, 4)))
    u = layer.parametrizations.weight[0]._u
    layer.eval()
    before = u.tolist()
    layer(mg.ones(1, 4, dtype=mg.float64))
    assert u.tolist() == before
    layer.train()
    layer(mg.ones(1, 4, dtype=mg.float64))
    assert u.tolist() != before
    assert np.linalg.norm(numbers(u)) == pytest.approx(1.0)


def test_two_calls_before_backward_do_not_disturb_each_other():
    layer = spectral_norm(linear((3, 3)))
    x = mg.randn(2, 3, dtype=mg.float64)
    layer(layer(x)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_a_vector_has_its_length_as_norm():
    layer = spectral_norm(linear(), "bias")
    assert np.linalg.norm(numbers(layer.bias)) == pytest.approx(1.0)


# ---- orthogonal --------------------------------------------------------------------------------


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("kind", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_orthogonal_weight_stays_so_in_training(shape, kind, trivial):
    mg.manual_seed(0)
    layer = orthogonal(linear(shape), orthogonal_map=kind, use_trivialization=trivial)
    optimizer = mg.optim.SGD(layer.parameters(), lr=0.5)
    first = None
    for _ in range(3):
        w = numbers(layer.weight)
        w = w if shape[0] >= shape[1] else w.T
        np.testing.assert_allclose(w.T @ w, np.eye(w.shape[1]), atol=1e-12)
        first = w.copy() if first is None else first
        optimizer.zero_grad()
        (layer(mg.ones(2, shape[1], dtype=mg.float64)) - 1).square().sum().backward()
        optimizer.step()
    assert abs(w - first).max() > 1e-3 or shape[1] == 1


def test_a_weight_may_be_assigned():
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    for shape, kind in itertools.product([(3, 3), (3, 2), (2, 3)], ["matrix_exp", "cayley", "householder"]):
        layer = orthogonal(linear(shape), orthogonal_map=kind)
        wanted = q[: shape[0], : shape[1]] if shape[0] == 3 else q[:, :2].T
        layer.weight = mg.tensor(wanted)
        np.testing.assert_allclose(numbers(layer.weight), wanted, atol=1e-12)
    layer = orthogonal(linear((3, 2)), use_trivialization=False)
    layer.weight = mg.tensor(q[:, :2])
    np.testing.assert_allclose(numbers(layer.weight), q[:, :2], atol=1e-12)
    layer = orthogonal(linear((3, 3)), use_trivialization=False)
    with pytest.raises(NotImplementedError, match="use_trivialization=False"):
        layer.weight = mg.tensor(q)


def test_large_weights_are_orthogonal_too():
    mg.manual_seed(0)
    for kind in ("matrix_exp", "cayley"):
        layer = orthogonal(nn.Linear(20, 20, dtype=mg.float64, init="normal"), orthogonal_map=kind)
        with mg.no_grad():
            layer.parametrizations.weight.original.mul_(0).add_(100 * mg.randn(20, 20, dtype=mg.float64))
        w = numbers(layer.weight)
        np.testing.assert_allclose(w @ w.T, np.eye(20), atol=1e-9)


# ---- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [weight_norm, spectral_norm, orthogonal])
@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_and_removal(how, twin):
    layer = how(linear((3, 3))).eval()
    other = twin(layer)
    assert other.weight.tolist() == layer.weight.tolist()
    remove_parametrizations(other, "weight")
    assert type(other) is nn.Linear and other.weight.tolist() == layer.weight.tolist()


@pytest.mark.parametrize("how", [weight_norm, spectral_norm])
def test_recurrent_layers_and_batch_norm_take_them(how):
    lstm = how(nn.LSTM(3, 4), "weight_hh_l0")
    lstm(mg.randn(5, 2, 3))[0].sum().backward()
    assert all(p.grad is not None for p in lstm.parameters())
    norm = how(nn.BatchNorm1d(3), "weight")
    norm(mg.randn(5, 3)).sum().backward()
    assert all(p.grad is not None for p in norm.parameters())


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: weight_norm(linear(), "none"), ValueError, "Linear has no parameter or buffer 'none'"),
        (lambda: weight_norm(linear(), dim=2), IndexError, "axis 2 is out of range"),
        (lambda: spectral_norm(linear(), "none"), ValueError, "spectral_norm: Linear has no"),
        (lambda: spectral_norm(linear(), n_power_iterations=0), ValueError, "n_power_iterations >= 1, got 0"),
        (lambda: spectral_norm(linear(), dim=2), IndexError, "axis 2"),
        (lambda: orthogonal(linear(), "bias"), ValueError, r"expected a matrix, got a bias of shape \(2,\)"),
        (lambda: orthogonal(linear(), orthogonal_map="x"), ValueError, "'householder', got 'x'"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


HOW = {
    **{f"orthogonal {kind} {trivial}": ("orthogonal", {"orthogonal_map": kind, "use_trivialization": trivial})
       for kind in (None, "matrix_exp", "cayley", "householder") for trivial in (True, False)},
    **{f"weight_norm {dim}": ("weight_norm", {"dim": dim}) for dim in (0, 1, -1, None)},
    "weight_norm of a bias": ("weight_norm", {"name": "bias"}),
    **{f"spectral_norm {n} {dim}": ("spectral_norm", {"n_power_iterations": n, "dim": dim})
       for n, dim in ((1, None), (3, 1), (1, -1))},
    "spectral_norm of a bias": ("spectral_norm", {"name": "bias"}),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("how", HOW)
def test_they_train_as_torchs(how, shape):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    name, options = HOW[how]
    x = np.random.default_rng(0).standard_normal((4, shape[1]))
    results = []
    for lib in (mg, torch):
        lib.manual_seed(0)
        layer = lib.nn.Linear(shape[1], shape[0], dtype=lib.float64)
        getattr(lib.nn.utils.parametrizations, name)(layer, **options)
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
        values = [layer.weight]
        for _ in range(2):
            optimizer.zero_grad()
            ((layer(lib.tensor(x)) - 1) ** 2).sum().backward()
            values += [p.grad.clone() for p in layer.parameters()]
            optimizer.step()
        values += [layer.eval()(lib.tensor(x)), *layer.state_dict().values(), lib.randn(3)]
        results.append((repr(layer), list(layer.state_dict()), [v.detach().numpy() for v in values]))
    assert results[0][:2] == results[1][:2]
    for a, b in zip(results[0][2], results[1][2], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-10)
