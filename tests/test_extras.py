"""Limits of dtypes and small functions, beside PyTorch's."""

import math

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64"])
def test_limits_are_torchs(name):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    kind = "finfo" if name.startswith("float") else "iinfo"
    ours, theirs = getattr(mg, kind)(getattr(mg, name)), getattr(torch, kind)(getattr(torch, name))
    fields = "bits eps max min tiny smallest_normal dtype" if kind == "finfo" else "bits max min dtype"
    for field in fields.split():
        assert getattr(ours, field) == getattr(theirs, field), field
        assert type(getattr(ours, field)) is type(getattr(theirs, field))
    assert repr(ours).startswith(repr(theirs)[:10])


def test_limits_of_the_default():
    assert mg.finfo().eps == mg.finfo(mg.float32).eps == 2.0**-23
    with pytest.raises(TypeError):
        mg.iinfo()


def test_constants():
    assert (mg.pi, mg.e, mg.inf, mg.newaxis) == (math.pi, math.e, math.inf, None)
    assert math.isnan(mg.nan)
    assert mg.ones(3)[:, mg.newaxis].shape == (3, 1)


@pytest.mark.parametrize("invert", [False, True])
def test_isin(invert):
    x = mg.tensor([[1, 2], [3, 4]])
    assert mg.isin(x, mg.tensor([2, 4, 9]), invert=invert).tolist() == [[invert, not invert]] * 2
    assert mg.isin(x, 3).dtype is mg.bool
    assert mg.isin(mg.tensor(3), x).item()


def test_asarray():
    array = np.ones(3, np.float32)
    assert np.shares_memory(mg.asarray(array).numpy(), array)
    assert not np.shares_memory(mg.asarray(array, copy=True).numpy(), array)
    assert mg.asarray(array, copy=False, requires_grad=True).requires_grad
    assert mg.asarray([1, 2], dtype=mg.float64).tolist() == [1, 2]
    with pytest.raises(ValueError, match="without a copy"):
        mg.asarray([1, 2], copy=False)


@pytest.mark.oracle
@pytest.mark.parametrize("options", [
    {}, {"dx": 0.5}, {"dim": 0}, {"x": [0.0, 1, 3, 4]}, {"x": [0.0, 2, 5], "dim": 0}
], ids=str)  # fmt: skip
def test_areas_and_their_gradients_are_torchs(options):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    results = []
    for m in (mg, torch):
        y = m.tensor(np.random.default_rng(0).normal(size=(3, 4)), requires_grad=True)
        given = {k: m.tensor(v, dtype=m.float64) if k == "x" else v for k, v in options.items()}
        area = m.trapezoid(y, **given)
        (area * m.arange(1.0, len(area) + 1)).sum().backward()
        results.append((area.detach().numpy(), y.grad.numpy()))
        assert m.trapz(y, **given).tolist() == area.tolist()
    np.testing.assert_allclose(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1])


def test_an_area_needs_points_or_their_distance():
    with pytest.raises(TypeError, match="both x and dx"):
        mg.trapezoid(mg.ones(3), mg.ones(3), dx=1)
    assert mg.trapezoid(mg.ones(1)).item() == 0
    assert mg.trapezoid(mg.ones(0)).item() == 0
    y = mg.rand(2, 3)
    assert mg.trapezoid(y, mg.arange(3.0).expand(2, 3)).tolist() == mg.trapezoid(y).tolist()
