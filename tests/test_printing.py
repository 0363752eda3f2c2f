"""repr(tensor), character for character as PyTorch's."""

import math

import numpy as np
import pytest

import minigrad
from minigrad._printing import get_printoptions, printoptions, set_printoptions


@pytest.mark.parametrize("data, text", [
    (1.0, "tensor(1.)"),
    ([1.0, 20.0], "tensor([ 1., 20.])"),
    ([0.5, -1.25], "tensor([ 0.5000, -1.2500])"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([1.0, 1001.0], "tensor([1.0000e+00, 1.0010e+03])"),
    ([1.0, 1000.0], "tensor([   1., 1000.])"),
    ([2e8, 1e8], "tensor([2.0000e+08, 1.0000e+08])"),
    ([9e-5, 9.5e-5], "tensor([9.0000e-05, 9.5000e-05])"),
    ([math.nan, math.inf, -math.inf, 1.0], "tensor([nan, inf, -inf, 1.])"),
    ([0.0, 0.0], "tensor([0., 0.])"),
    ([[1, 2], [3, 40]], "tensor([[ 1,  2],\n        [ 3, 40]])"),
    ([True, False], "tensor([ True, False])"),
    ([], "tensor([])"),
])  # fmt: skip
def test_elements_share_notation_and_width(data, text):
    assert repr(minigrad.tensor(data)) == str(minigrad.tensor(data)) == text


def test_what_is_not_as_usual_stands_behind_the_elements():
    x = minigrad.tensor([1.0], requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2.], grad_fn=<MulBackward0>)"
    assert repr(minigrad.tensor([1.0], dtype=minigrad.float64)) == "tensor([1.], dtype=minigrad.float64)"
    assert repr(minigrad.tensor([1], dtype=minigrad.int32)) == "tensor([1], dtype=minigrad.int32)"
    assert repr(minigrad.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(minigrad.zeros(0, dtype=minigrad.int64)) == "tensor([], dtype=minigrad.int64)"


def test_the_default_dtype_is_not_named():
    minigrad.set_default_dtype(minigrad.float64)
    try:
        assert repr(minigrad.tensor([1.0])) == "tensor([1.])"
        assert repr(minigrad.tensor([1.0], dtype=minigrad.float32)) == "tensor([1.], dtype=minigrad.float32)"
    finally:
        minigrad.set_default_dtype(minigrad.float32)


def test_a_parameter_says_so():
    from minigrad.nn import Parameter

    assert repr(Parameter(minigrad.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


def test_a_subclass_prints_its_name():
    class Celsius(minigrad.Tensor):
        pass

    assert repr(Celsius([1.0, 2.0])) == "Celsius([1., 2.])"


def test_large_tensors_show_their_corners():
    text = repr(minigrad.arange(1001))
    assert text == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert "..." not in repr(minigrad.arange(1000))


def test_only_what_is_shown_decides_the_notation():
    values = np.ones(2000, np.float32)
    values[1000] = 1e9
    assert repr(minigrad.tensor(values)) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_options_hold_within_a_with_block_also_after_an_error():
    x = minigrad.tensor([1 / 3])
    before = get_printoptions()
    with pytest.raises(KeyError), printoptions(precision=2):
        assert repr(x) == "tensor([0.33])"
        raise KeyError
    assert get_printoptions() == before and repr(x) == "tensor([0.3333])"


@pytest.mark.parametrize("options, says", [
    ({"profile": "long"}, "profile is one of 'default', 'short', 'full', got 'long'"),
    ({"precision": -1}, "precision must be an integer of at least 0, got -1"),
    ({"linewidth": 0}, "linewidth must be an integer of at least 1, got 0"),
    ({"edgeitems": 1.5}, "edgeitems must be an integer of at least 0, got 1.5"),
    ({"sci_mode": "yes"}, "sci_mode must be True, False or None, got 'yes'"),
])  # fmt: skip
def test_options_out_of_range_are_refused_and_nothing_is_set(options, says):
    before = get_printoptions()
    with pytest.raises(ValueError, match=says):
        set_printoptions(**{"threshold": 7, **options})
    assert get_printoptions() == before


OPTIONS = [
    {}, {"precision": 2}, {"precision": 0}, {"threshold": 5}, {"threshold": 5, "edgeitems": 1},
    {"threshold": 3, "edgeitems": 0}, {"linewidth": 40}, {"linewidth": 1}, {"profile": "short"},
    {"profile": "full"}, {"sci_mode": True}, {"sci_mode": False},
]  # fmt: skip
SHAPES = [(), (1,), (5,), (0,), (0, 3), (30,), (3, 4), (2, 3, 4), (1001,), (40, 40), (2, 600), (11, 11, 11), (1, 1, 3)]


def arrays(dtype, shape, rng):
    """Arrays of every habit: plain, whole, of many magnitudes, with zeros, infinities, NaNs."""
    if np.dtype(dtype).kind != "f":
        yield rng.integers(0 if dtype in ("uint8", "bool") else -100, 100, shape).astype(dtype)
        return
    for _ in range(2):
        plain = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 10)
        wide = plain * 10.0 ** rng.integers(-3, 3, shape)
        spoilt = np.where(rng.random(shape) < 0.3, rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0]), wide)
        for values in (plain, np.round(plain), wide, np.round(wide), spoilt, np.round(spoilt), wide * 0):
            with np.errstate(over="ignore"):
                yield np.asarray(values).astype(dtype)


@pytest.mark.oracle
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_random_tensors_print_as_in_pytorch(options):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    rng = np.random.default_rng(0)
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    try:
        with printoptions(**options):
            for shape in SHAPES:
                if options == {"profile": "full"} and math.prod(shape) > 50:
                    continue
                for dtype in ("float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool"):
                    for values in arrays(dtype, shape, rng):
                        wants = dtype == "float32" and rng.random() < 0.3
                        theirs = torch.tensor(values, requires_grad=wants)
                        ours = minigrad.tensor(values, requires_grad=wants)
                        assert repr(ours) == repr(theirs).replace("torch.", "minigrad.")
    finally:
        torch.set_printoptions(profile="default")
