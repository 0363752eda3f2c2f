"""Ties, NaN, infinities and errors of elementwise functions of several tensors."""

import itertools

import numpy as np
import pytest

import minigrad as mg

INF, NAN = float("inf"), float("nan")


def gradients(function, *values):
    tensors = [mg.tensor(value, dtype=mg.float64, requires_grad=True) for value in values]
    return [g.tolist() for g in mg.autograd.grad(function(*tensors).sum(), tensors)]


def test_equals_share_the_gradient_of_maximum_and_minimum():
    for function, larger in ((mg.maximum, [0, 0.5, 1]), (mg.minimum, [1, 0.5, 0])):
        assert gradients(function, [1, 2, 3], [2, 2, 2]) == [larger, larger[::-1]]


def test_of_equals_the_first_has_the_gradient_of_fmax_and_fmin():
    assert gradients(mg.fmax, [1, 2, 3], [2, 2, 2]) == [[0, 1, 1], [1, 0, 0]]
    assert gradients(mg.fmin, [1, 2, 3], [2, 2, 2]) == [[1, 1, 0], [0, 0, 1]]


def test_nan_wins_in_maximum_and_loses_in_fmax():
    a, b = mg.tensor([NAN, 1.0, NAN]), mg.tensor([1.0, NAN, NAN])
    for function in (mg.maximum, mg.minimum):
        assert np.isnan(function(a, b).numpy()).all()
    for function in (mg.fmax, mg.fmin):
        np.testing.assert_array_equal(function(a, b).numpy(), [1, 1, NAN])
    assert gradients(mg.fmax, [NAN, 1.0], [1.0, NAN]) == [[0, 1], [1, 0]]


def test_clamp_has_its_gradient_inside_and_at_the_bounds():
    assert gradients(lambda x: x.clamp(-1, 1), [-2, -1, 0, 1, 2]) == [[0, 1, 1, 1, 0]]
    assert gradients(lambda x: mg.clamp(x, max=0), [-1, 0, 1]) == [[1, 1, 0]]
    dx, low, high = gradients(mg.clamp, [-2, 0, 2, 0], [-1, -1, -1, 1], [1, 1, 1, -1])
    assert (dx, low, high) == ([0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1])


def test_clamp_takes_numbers_and_tensors_and_lifts_integers_for_a_float():
    x = mg.tensor([1, 5, 9])
    assert mg.clamp(x, 2, 8).tolist() == [2, 5, 8] and mg.clamp(x, 2, 8).dtype == mg.int64
    assert mg.clamp(x, min=2.5).tolist() == [2.5, 5, 9] and mg.clamp(x, min=2.5).dtype == mg.float32
    assert mg.clip(x, max=mg.tensor([[0], [6]])).tolist() == [[0, 0, 0], [1, 5, 6]]
    assert mg.clamp(x, 5, 3).tolist() == [3, 3, 3]
    np.testing.assert_array_equal(mg.tensor([NAN, -INF, INF]).clamp(0, 1).numpy(), np.float32([NAN, 0, 1]))
    assert np.isnan(mg.clamp(mg.tensor([1.0]), min=NAN).item())
    with pytest.raises(ValueError, match="give min, max or both"):
        mg.clamp(x)
    with pytest.raises(TypeError, match="a bound is"):
        mg.clamp(x, min="a")


def test_clamp_in_place_keeps_the_memory():
    x = mg.tensor([1.0, 5.0])
    before = x.data_ptr()
    assert x.clamp_(2, 3) is x and x.tolist() == [2, 3] and x.data_ptr() == before
    assert x.clamp_max_(2).tolist() == [2, 2] and x.clip_(min=4).tolist() == [4, 4]


@pytest.mark.oracle
def test_the_dtype_of_clamp_is_torchs_whichever_bound_comes_first():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    dtypes = "float32 float64 float16 uint8 int8 int64".split()        # torch clamps no bools
    kinds = [(dtype, shape) for dtype in dtypes for shape in ((), (2,))]
    for three in itertools.product(kinds, repeat=3):
        x, low, high = [mg.tensor(np.ones(shape, dtype)) for dtype, shape in three]
        expected = torch.clamp(*[torch.tensor(np.ones(shape, dtype)) for dtype, shape in three]).dtype
        assert str(mg.clamp(x, low, high).dtype).split(".")[1] == str(expected).split(".")[1], three


def test_a_number_on_the_left_is_an_operand():
    x = mg.tensor([1.0, 3.0])
    assert mg.maximum(2, x).tolist() == [2, 3] and mg.minimum(2, x).tolist() == [1, 2]
    assert max(2, mg.tensor(3.0)).item() == 3 and min(2, mg.tensor(3.0)) == 2
    for function, name in ((mg.max, "max"), (mg.min, "min")):
        with pytest.raises(TypeError, match=f"{name}: expected a tensor, got int"):
            function(2, x)


def test_gradients_at_the_origin_and_at_infinity_are_finite():
    assert gradients(mg.hypot, [0.0, 3.0], [0.0, 4.0]) == [[0, 0.6], [0, 0.8]]
    assert gradients(mg.atan2, [0.0], [0.0]) == [[0], [0]]
    assert gradients(mg.logaddexp, [-INF, INF, 0.0], [-INF, INF, 0.0]) == [[0.5] * 3, [0.5] * 3]
    assert gradients(mg.logaddexp, [-INF, 0.0], [1.0, INF]) == [[0, 0], [1, 1]]


def test_functions_near_the_end_of_float32():
    big = mg.tensor(3e38)
    assert mg.hypot(mg.tensor(3e30), mg.tensor(4e30)).item() == pytest.approx(5e30)
    assert mg.logaddexp(big, big).item() == big.item()
    assert mg.logaddexp(mg.tensor(-INF), mg.tensor(-INF)).item() == -INF
    assert mg.atan2(mg.tensor(-0.0), mg.tensor(-1.0)).item() == pytest.approx(-np.pi)


def test_xlogy_is_nothing_where_its_first_operand_is():
    x = mg.xlogy(mg.tensor([0.0, 0.0, 0.0, 2.0]), mg.tensor([0.0, INF, NAN, 0.0])).numpy()
    np.testing.assert_array_equal(x, np.float32([0, 0, NAN, -INF]))
    assert mg.xlogy(0, mg.tensor([0.0])).item() == 0 and mg.xlogy(mg.tensor([2]), 1).item() == 0
    assert gradients(mg.xlogy, [0.0], [0.0])[0] == [0]


def test_xlogy_beyond_float32_is_infinite_without_a_warning():
    assert mg.xlogy(mg.tensor([3e38, -3e38]), 1e30).tolist() == [INF, -INF]


def test_copysign_sees_the_sign_of_zero():
    assert mg.copysign(mg.tensor([1.0, -1.0]), mg.tensor([-0.0, 0.0])).tolist() == [-1, 1]
    assert mg.copysign(mg.tensor([1]), -2).dtype == mg.float32
    assert gradients(mg.copysign, [2.0, -2.0, 0.0], [-1.0, -1.0, -1.0]) == [[-1, 1, 0], [0, 0, 0]]


def test_lerp_meets_its_ends_exactly():
    a, b = mg.tensor([0.1, 1e8]), mg.tensor([0.7, -1.0])
    assert mg.lerp(a, b, 0).tolist() == a.tolist() and mg.lerp(a, b, 1).tolist() == b.tolist()
    assert mg.lerp(a, b, mg.tensor([0.0, 1.0])).tolist() == [a[0].item(), b[1].item()]
    with pytest.raises(TypeError, match="one dtype"):
        mg.lerp(a, b.double(), 0.5)
    with pytest.raises(TypeError, match="floating"):
        mg.lerp(mg.tensor([1]), mg.tensor([2]), 0.5)
    with pytest.raises(TypeError, match="weight"):
        mg.lerp(a, b, mg.tensor([0.5], dtype=mg.float64))


def test_addcdiv_refuses_integers():
    one = mg.tensor([1])
    with pytest.raises(TypeError, match="floating"):
        mg.addcdiv(one, one, one)
    assert mg.addcmul(one, one, one, value=3).tolist() == [4]


def test_heaviside_is_values_at_zero():
    x = mg.heaviside(mg.tensor([-1.0, 0.0, 2.0, NAN]), mg.tensor(0.5)).numpy()
    np.testing.assert_array_equal(x, np.float32([0, 0.5, 1, NAN]))
    assert mg.heaviside(mg.tensor([-1, 0, 1]), mg.tensor([7])).tolist() == [0, 7, 1]
    with pytest.raises(TypeError, match="one dtype"):
        mg.heaviside(mg.tensor([1.0]), mg.tensor([1]))


def test_float_power_computes_in_float64():
    assert mg.float_power(mg.tensor([2], dtype=mg.int32), -1).tolist() == [0.5]
    assert mg.float_power(2, mg.tensor([3])).dtype == mg.float64


@pytest.mark.parametrize("name", ["maximum", "fmin", "atan2", "hypot", "logaddexp", "xlogy", "copysign", "fmod",
                                  "clamp_min", "heaviside"])
def test_shapes_that_do_not_broadcast_are_refused(name):
    for dtype in (mg.float32, mg.float16):
        with pytest.raises(ValueError, match=rf"{name.split('_')[0]}: shapes \(2,\) and \(3,\) do not broadcast"):
            getattr(mg, name)(mg.ones(2, dtype=dtype), mg.ones(3, dtype=dtype))
