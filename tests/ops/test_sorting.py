"""Order and counts: ties, NaN, dtypes, named results, errors; against torch where that is installed."""

import math

import numpy as np
import pytest

import minigrad as mg

NAN = math.nan


def test_equals_keep_their_order_both_ways():
    x = mg.tensor([2, 1, 2, 1, 3])
    assert x.sort().indices.tolist() == [1, 3, 0, 2, 4]
    assert x.sort(descending=True).indices.tolist() == [4, 0, 2, 1, 3]
    assert x.argsort(descending=True, stable=True).tolist() == [4, 0, 2, 1, 3]
    assert x.topk(3).indices.tolist() == [4, 0, 2]
    assert x.topk(3, largest=False).values.tolist() == [1, 1, 2]


def test_nan_is_the_largest():
    x = mg.tensor([3.0, NAN, 1.0])
    assert x.sort().indices.tolist() == [2, 0, 1]
    assert x.argsort(descending=True).tolist() == [1, 0, 2]
    assert x.topk(2).indices.tolist() == [1, 0]
    assert x.kthvalue(2).values.item() == 3


@pytest.mark.parametrize("pick", [
    lambda x: x.sort(), lambda x: x.topk(2), lambda x: x.kthvalue(2), lambda x: x.median(0), lambda x: x.mode(0),
    lambda x: x.max(0), lambda x: x.min(0), lambda x: x.cummax(0),
], ids="sort topk kthvalue median mode max min cummax".split())
def test_indices_changed_before_the_walk_are_an_error_and_no_wrong_gradient(pick):
    values, indices = pick(mg.tensor([1.0, 3.0, 2.0], requires_grad=True))
    indices.zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        values.sum().backward()


@pytest.mark.parametrize("call", [
    lambda: mg.sort([1.0]), lambda: mg.topk([1.0], 1), lambda: mg.median(1.0), lambda: mg.quantile([1.0], 0.5),
    lambda: mg.unique([1]), lambda: mg.bincount([1]), lambda: mg.histc([1.0]), lambda: mg.searchsorted([1], 1),
], ids="sort topk median quantile unique bincount histc searchsorted".split())
def test_what_is_no_tensor_is_refused_by_name(call):
    with pytest.raises(TypeError, match=r"\w+: expected a tensor, got (list|float)"):
        call()


def test_the_median_is_the_lower_one_and_nan_if_any_is():
    assert mg.tensor([4.0, 1.0, 3.0, 2.0]).median().item() == 2
    assert mg.tensor([4, 1, 3, 2]).median(0).indices.item() == 3
    x = mg.tensor([[4.0, NAN, 1.0], [3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(x.median(1).values.numpy(), [NAN, 2])
    assert x.median(1).indices.tolist() == [1, 2]
    assert x.nanmedian(1).values.tolist() == [1, 2]
    assert math.isnan(x.median().item()) and x.nanmedian().item() == 2
    assert math.isnan(mg.tensor([NAN, NAN]).nanmedian().item()) and math.isnan(mg.zeros(0).median().item())


def test_quantiles():
    x = mg.tensor([0.0, 1.0, 2.0, 3.0])
    assert x.quantile(0.4).item() == np.float32(1.2)
    for interpolation, expected in (("lower", 1), ("higher", 2), ("nearest", 1), ("midpoint", 1.5)):
        assert x.quantile(0.4, interpolation=interpolation).item() == expected
    assert x.quantile(mg.tensor([0.0, 1.0])).tolist() == [0, 3]
    assert tuple(mg.ones(2, 3).quantile(mg.tensor([0.5, 0.6]), 1, True).shape) == (2, 2, 1)
    assert math.isnan(mg.tensor([1.0, NAN]).quantile(0.5).item()) and mg.tensor([1.0, NAN]).nanquantile(0.5).item() == 1
    assert mg.tensor([1.0, math.inf]).quantile(0.0).item() == 1


def test_mode_is_the_smallest_of_the_most_frequent():
    found = mg.tensor([[2, 1, 2, 1, 3], [4, 4, 5, 6, 7]]).mode()
    assert found.values.tolist() == [1, 4] and found.indices.tolist() == [3, 1]


def test_gradients_go_to_where_the_elements_came_from():
    x = mg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    (x.sort().values * mg.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100, 1, 10]
    x.grad = None
    x.median().backward()
    assert x.grad.tolist() == [0, 0, 1]


def test_unique():
    x = mg.tensor([[3, 1], [1, 3]])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 3] and inverse.tolist() == [[1, 0], [0, 1]] and counts.tolist() == [2, 2]
    assert mg.tensor([[1, 2], [0, 1], [1, 2]]).unique(dim=0).tolist() == [[0, 1], [1, 2]]
    assert mg.tensor([NAN, NAN]).unique().shape[0] == 2
    assert mg.unique_consecutive(mg.tensor([1, 1, 2, 1]), return_counts=True)[1].tolist() == [2, 1, 1]
    assert mg.unique_consecutive(mg.zeros(0)).tolist() == []


def test_counting():
    assert mg.bincount(mg.tensor([1, 3, 1]), minlength=5).tolist() == [0, 2, 0, 1, 0]
    assert mg.bincount(mg.tensor([1, 1]), mg.tensor([0.5, 2.0])).tolist() == [0, 2.5]
    assert mg.histc(mg.tensor([1.0, 2.0, 3.0, 9.0, NAN]), 2, min=1, max=3).tolist() == [1, 2]
    hist, edges = mg.histogram(mg.tensor([0.0, 0.5, 1.0]), 2)
    assert hist.tolist() == [1, 2] and edges.tolist() == [0, 0.5, 1]
    found = mg.histogram(mg.tensor([0.0, 0.5, 1.0, 7.0]), mg.tensor([0.0, 0.5, 1.5]), density=True)
    np.testing.assert_allclose(found.hist.numpy(), [1 / 3 / 0.5, 2 / 3], rtol=1e-6)
    assert mg.histogram(mg.ones(2), 1, weight=mg.tensor([0.5, 2.0])).hist.tolist() == [2.5]


def test_places_in_an_ordered_row():
    edges = mg.tensor([1, 3, 5])
    assert mg.bucketize(mg.tensor([0, 1, 2, 5, 9]), edges).tolist() == [0, 0, 1, 2, 3]
    assert mg.bucketize(mg.tensor([1, 5]), edges, right=True, out_int32=True).dtype == mg.int32
    assert mg.searchsorted(edges, 3, side="right").item() == 2
    rows = mg.tensor([[1, 3], [2, 4]])
    assert mg.searchsorted(rows, mg.tensor([[3], [3]])).tolist() == [[1], [1]]
    assert mg.searchsorted(mg.tensor([5, 1, 3]), mg.tensor([4]), sorter=mg.tensor([1, 2, 0])).tolist() == [2]


@pytest.mark.parametrize("error, message, call", [
    (ValueError, "topk: k is", lambda: mg.ones(3).topk(4)),
    (ValueError, "kthvalue: k counts", lambda: mg.ones(3).kthvalue(0)),
    (IndexError, "median", lambda: mg.zeros(0, 2).median(0)),
    (IndexError, "mode", lambda: mg.zeros(0, 2).mode(0)),
    (ValueError, "between 0 and 1", lambda: mg.ones(3).quantile(1.5)),
    (ValueError, "interpolation", lambda: mg.ones(3).quantile(0.5, interpolation="cubic")),
    (TypeError, "dtype", lambda: mg.ones(3).quantile(mg.tensor(0.5, dtype=mg.float64))),
    (TypeError, "float32 or float64", lambda: mg.arange(3).quantile(0.5)),
    (ValueError, "no elements", lambda: mg.zeros(0).quantile(0.5)),
    (TypeError, "bincount", lambda: mg.ones(3).bincount()),
    (ValueError, "not negative", lambda: mg.tensor([-1]).bincount()),
    (ValueError, "one weight", lambda: mg.tensor([1]).bincount(mg.ones(2))),
    (ValueError, "bins", lambda: mg.ones(3).histc(0)),
    (ValueError, "finite", lambda: mg.tensor([1.0, math.inf]).histc(3)),
    (ValueError, "lower end", lambda: mg.ones(3).histc(3, 2, 1)),
    (ValueError, "side", lambda: mg.searchsorted(mg.ones(3), 1.0, side="up")),
    (ValueError, "contradict", lambda: mg.searchsorted(mg.ones(3), 1.0, side="left", right=True)),
    (ValueError, "boundaries", lambda: mg.bucketize(mg.ones(3), mg.ones(1, 2))),
])
def test_errors_say_what_was_seen(error, message, call):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.oracle
@pytest.mark.parametrize("call", [
    lambda x: x.sort(dim=1, stable=True), lambda x: x.sort(0, descending=True), lambda x: x.topk(2, 1, largest=False),
    lambda x: x.kthvalue(3, 1, True), lambda x: x.median(1), lambda x: x.nanmedian(0, True), lambda x: x.mode(1),
], ids=["sort", "descending", "topk", "kthvalue", "median", "nanmedian", "mode"])
def test_named_results_are_torchs(call):
    torch = pytest.importorskip("torch", reason="torch, which this compares with, is not installed")
    values = np.random.default_rng(5).permutation(60).reshape(3, 4, 5).astype(np.float32)
    ours, theirs = call(mg.tensor(values)), call(torch.tensor(values))
    assert ours.values.tolist() == theirs.values.tolist()
    assert ours.indices.tolist() == theirs.indices.tolist()
    assert type(ours).__name__ == type(theirs).__name__
