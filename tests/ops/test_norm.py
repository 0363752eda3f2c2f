"""Normalisation: exactness, limits, dtypes, errors, and what torch gives."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F

RNG = np.random.default_rng(5)


def far_off(*shape):
    """float32 whose mean is a million standard deviations away from 0."""
    return (1e6 + RNG.normal(size=shape)).astype(np.float32)


def normalised(x, axes, eps=1e-5):
    """In longdouble."""
    x = x.astype(np.longdouble)
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + np.longdouble(eps))


@pytest.mark.parametrize("rows", [8, 100, 5000])
@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "group_norm", "instance_norm"])
def test_a_mean_of_a_million_deviations_costs_no_digits(name, rows):
    if name == "batch_norm":
        x = far_off(rows, 3)
        got, want = F.batch_norm(mg.tensor(x), None, None, training=True), normalised(x, 0)
    elif name == "layer_norm":
        x = far_off(3, rows)
        got, want = F.layer_norm(mg.tensor(x), (rows,)), normalised(x, 1)
    else:
        x = far_off(2, 4, rows)
        if name == "group_norm":
            got = F.group_norm(mg.tensor(x), 2)
            want = normalised(x.reshape(2, 2, -1), 2).reshape(x.shape)
        else:
            got, want = F.instance_norm(mg.tensor(x)), normalised(x, 2)
    error = np.abs(got.numpy() - want)
    assert float((error / np.maximum(1, np.abs(want))).max()) < 5e-7


@pytest.mark.parametrize("recorded", [False, True], ids=["fused", "composed"])
def test_gradients_are_exact_there_too(recorded):
    x, dy = far_off(4, 300), RNG.normal(size=(4, 300)).astype(np.float32)
    leaf = mg.tensor(x, requires_grad=True)
    (got,) = mg.autograd.grad(F.layer_norm(leaf, (300,)), leaf, mg.tensor(dy), create_graph=recorded)
    wide, g = x.astype(np.longdouble), dy.astype(np.longdouble)
    centred = wide - wide.mean(1, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + np.longdouble(1e-5))
    xhat = centred * rstd
    want = rstd * (g - g.mean(1, keepdims=True) - xhat * (g * xhat).mean(1, keepdims=True))
    np.testing.assert_allclose(got.detach().numpy(), want.astype(np.float64), atol=2e-6 if recorded else 5e-7)


def test_a_constant_row_is_all_bias():
    x = mg.full((2, 5), 3e7)
    assert F.layer_norm(x, (5,), bias=mg.arange(5.0)).tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0]] * 2
    assert F.group_norm(mg.full((2, 4, 3), 0.1), 2).abs().max().item() == 0.0


def test_a_bad_row_spoils_only_itself():
    for bad in (np.nan, np.inf):
        x = RNG.normal(size=(3, 33)).astype(np.float32)
        x[1, 20] = bad
        y = F.layer_norm(mg.tensor(x), (33,)).numpy()
        assert np.isnan(y[1]).all() and np.isfinite(y[[0, 2]]).all()


def test_the_bits_do_not_depend_on_the_number_of_threads():
    x = mg.tensor(RNG.normal(size=(700, 130)).astype(np.float32), requires_grad=True)
    w = mg.ones(130, requires_grad=True)
    results = []
    before = mg.get_num_threads()
    try:
        for threads in (1, 2, 3, 7):
            mg.set_num_threads(threads)
            y = F.layer_norm(x, (130,), w)
            results.append(
                [y.detach().numpy().copy(), *(g.numpy() for g in mg.autograd.grad((y * y * y).sum(), (x, w)))]
            )
    finally:
        mg.set_num_threads(before)
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(300, 200), (5000, 30), (40, 700)], ids=str)
def test_parameters_gradients_over_many_rows(shape):
    """Rows in pieces, columns in tiles."""
    x, dy = RNG.normal(size=shape), RNG.normal(size=shape)
    w, b = (
        mg.ones(shape[1], dtype=mg.float64, requires_grad=True),
        mg.zeros(shape[1], dtype=mg.float64, requires_grad=True),
    )
    dw, db = mg.autograd.grad(F.layer_norm(mg.tensor(x), (shape[1],), w, b), (w, b), mg.tensor(dy))
    np.testing.assert_allclose(dw.numpy(), (dy * normalised(x, 1).astype(float)).sum(0), rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(db.numpy(), dy.sum(0), rtol=1e-11, atol=1e-12)


def test_rms_norms_own_eps_is_the_dtypes():
    x = mg.zeros(1, 4)
    x[0, 0] = 1e-4
    want = 1e-4 / np.sqrt(1e-8 / 4 + np.finfo(np.float32).eps)
    np.testing.assert_allclose(F.rms_norm(x, (4,))[0, 0].item(), want, rtol=1e-6)


def test_empty_inputs_have_empty_results_and_zero_gradients():
    w = mg.ones(3, requires_grad=True)
    F.layer_norm(mg.zeros(0, 3), (3,), w).sum().backward()
    assert w.grad.tolist() == [0.0] * 3
    running = mg.zeros(3), mg.ones(3)
    assert tuple(F.batch_norm(mg.zeros(0, 3), *running, training=True).shape) == (0, 3)
    assert running[0].tolist() == [0.0] * 3 and running[1].tolist() == [1.0] * 3


def test_float16_is_computed_in_float32():
    x = mg.tensor(RNG.normal(size=(3, 8)), dtype=mg.float16)
    y = F.layer_norm(x, (8,), mg.ones(8, dtype=mg.float16))
    assert y.dtype is mg.float16
    np.testing.assert_allclose(y.numpy(), normalised(x.numpy(), 1).astype(float), atol=1e-3)


def test_inputs_with_gaps_are_not_changed():
    base = RNG.normal(size=(6, 10)).astype(np.float32)
    before = base.copy()
    x = mg.from_numpy(base[::2, ::2])
    np.testing.assert_allclose(F.layer_norm(x, (5,)).numpy(), normalised(base[::2, ::2], 1).astype(float), atol=1e-6)
    np.testing.assert_array_equal(base, before)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.layer_norm(mg.ones(2, 3), (4,)), ValueError, r"input \(\.\.\., 4\).*got \(2, 3\)"),
        (lambda: F.layer_norm(mg.ones(2, 3), ()), ValueError, "at least one axis"),
        (lambda: F.layer_norm(mg.ones(2, 3), (3,), mg.ones(2)), ValueError, r"weight of shape \(3,\), got \(2,\)"),
        (lambda: F.layer_norm(mg.ones(2, 3), (3,), mg.ones(3).double()), TypeError, "float64.*float32"),
        (lambda: F.layer_norm(mg.ones(2, 3).long(), (3,)), TypeError, r"x\.float\(\)"),
        (lambda: F.group_norm(mg.ones(2, 4), 3), ValueError, "4 channels do not fall into 3 groups"),
        (lambda: F.group_norm(mg.ones(1, 2), 2), ValueError, "one value"),
        (lambda: F.group_norm(mg.ones(3), 1), ValueError, r"\(N, C, \.\.\.\)"),
        (lambda: F.instance_norm(mg.ones(2, 3, 1)), ValueError, "one value for each channel"),
        (lambda: F.instance_norm(mg.ones(2, 3, 4), use_input_stats=False), ValueError, "running_mean"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_normalize_limits():
    assert F.normalize(mg.zeros(1, 3)).tolist() == [[0.0] * 3]
    np.testing.assert_allclose(F.normalize(mg.tensor([[3e30, 4e30]])).numpy(), [[0.6, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(
        F.normalize(mg.tensor([[3e300, 4e300]], dtype=mg.float64)).numpy(), [[0.6, 0.8]], rtol=1e-15
    )
    x = mg.zeros(1, 3, requires_grad=True)
    F.normalize(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    out = mg.zeros(1, 2)
    assert F.normalize(mg.tensor([[3.0, 4.0]]), out=out) is out
    np.testing.assert_allclose(out.numpy(), [[0.6, 0.8]], rtol=1e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("dim", [0, 1, -1, (0, 2)], ids=str)
def test_normalize_agrees_with_torch(p, dim):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    a = RNG.normal(size=(3, 4, 2))
    x, tx = mg.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    y, ty = F.normalize(x, p, dim), torch.nn.functional.normalize(tx, p, dim)
    np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-12)
    (y * y * y).sum().backward()
    (ty * ty * ty).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 5), (3, 6, 2, 3), (1, 4, 17)], ids=str)
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "group_norm", "instance_norm"])
@pytest.mark.parametrize("affine", [False, True], ids=["plain", "affine"])
def test_by_rows_agrees_with_torch_to_the_second_gradient(name, shape, affine):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    if name == "instance_norm" and len(shape) == 2:
        pytest.skip("one value a channel")
    own = shape[1:] if name in ("layer_norm", "rms_norm") else shape[1:2]
    arrays = [RNG.normal(size=shape)] + (
        [RNG.normal(size=own) for _ in range(1 if name == "rms_norm" else 2)] if affine else []
    )

    def call(module, x, w=None, b=None):
        function = getattr(module, name)
        if name == "instance_norm":
            return function(x, weight=w, bias=b)
        return function(x, 2 if name == "group_norm" else own, w, *(() if name == "rms_norm" else (b,)))

    ours, theirs = (
        [mg.tensor(a, requires_grad=True) for a in arrays],
        [torch.tensor(a, requires_grad=True) for a in arrays],
    )
    y, ty = call(F, *ours), call(torch.nn.functional, *theirs)
    np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
    for dy, dty in zip(
        mg.autograd.grad((y**3).sum(), ours), torch.autograd.grad((ty**3).sum(), theirs, retain_graph=True), strict=True
    ):
        np.testing.assert_allclose(dy.numpy(), dty.numpy(), rtol=1e-8, atol=1e-9)
    y = call(F, *ours)
    first = mg.autograd.grad((y**3).sum(), ours, create_graph=True)
    tfirst = torch.autograd.grad((ty**3).sum(), theirs, create_graph=True)
    second = mg.autograd.grad(sum((g * g).sum() for g in first), ours)
    tsecond = torch.autograd.grad(sum((g * g).sum() for g in tfirst), theirs)
    for got, want in zip(second, tsecond, strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.oracle
def test_instance_norms_running_statistics_agree_with_torch():
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    a = RNG.normal(2.0, 3.0, size=(4, 3, 7))
    mean, var = mg.zeros(3, dtype=mg.float64), mg.ones(3, dtype=mg.float64)
    tmean, tvar = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for use in (True, True, False):
        y = F.instance_norm(mg.tensor(a), mean, var, use_input_stats=use, momentum=0.3)
        ty = torch.nn.functional.instance_norm(torch.tensor(a), tmean, tvar, use_input_stats=use, momentum=0.3)
        np.testing.assert_allclose(y.numpy(), ty.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mean.numpy(), tmean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), tvar.numpy(), rtol=1e-12)
