"""Edges and errors of functions of one tensor; tests/ops/test_exactness.py has their limits."""

import numpy as np
import pytest

import minigrad as mg

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("name", ["sign", "sgn", "floor", "ceil", "trunc", "fix", "round"])
def test_steps_have_gradient_zero(name):
    x = mg.tensor([-1.5, 0.3], requires_grad=True)
    y = getattr(x, name)()
    assert y.grad_fn.name() == f"{ {'sgn': 'Sign', 'fix': 'Trunc'}.get(name, name.title()) }Backward0"
    y.sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_round_goes_to_the_even_number_and_knows_decimals():
    assert mg.round(mg.tensor([0.5, 1.5, -2.5])).tolist() == [0, 2, -2]
    assert mg.round(mg.tensor([1234.0]), decimals=-2).tolist() == [1200]
    assert mg.round(mg.tensor([0.126], dtype=mg.float64), decimals=2).tolist() == [0.13]
    with pytest.raises(TypeError, match="decimals"):
        mg.round(mg.tensor([1]), decimals=1)


def test_integers_stay_where_rounding_would_do_nothing():
    x = mg.tensor([-3, 4], dtype=mg.int16)
    for name in ("floor", "ceil", "trunc", "round", "sign", "square", "neg", "abs", "nan_to_num"):
        assert getattr(mg, name)(x).dtype == mg.int16, name
    assert mg.square(mg.tensor([True])).dtype == mg.int64


def test_bools_and_integers_are_refused_as_in_torch():
    for name in ("floor", "ceil", "trunc", "round", "frac"):
        with pytest.raises(TypeError, match=name):
            getattr(mg, name)(mg.tensor([True]))
    with pytest.raises(TypeError, match="frac"):
        mg.frac(mg.tensor([1]))


def test_nan_to_num_takes_the_dtypes_ends_or_what_is_given():
    x = mg.tensor([NAN, INF, -INF, 1.0], requires_grad=True)
    y = mg.nan_to_num(x)
    largest = float(np.finfo(np.float32).max)
    assert y.tolist() == [0, largest, -largest, 1]
    assert mg.nan_to_num(x, nan=5, posinf=6, neginf=7).tolist() == [5, 6, 7, 1]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 1]


def test_logit_with_eps_stays_finite():
    x = mg.tensor([0.0, 0.5, 1.0], requires_grad=True)
    y = mg.logit(x, 0.1)
    np.testing.assert_allclose(y.detach().numpy(), np.log([1 / 9, 1, 9]), rtol=1e-6)
    y.sum().backward()
    assert x.grad.tolist() == [0, 4, 0]


def test_logit_is_the_inverse_of_sigmoid_also_near_a_half():
    x = mg.tensor([1e-9, -3e-12, 0.2, 5.0], dtype=mg.float64)
    near = mg.logit(mg.tensor([0.5 + 2**-40], dtype=mg.float64)).item()
    assert near == pytest.approx(4 * 2**-40, rel=1e-15)
    np.testing.assert_allclose(mg.logit(x.sigmoid()).numpy(), x.numpy(), rtol=1e-4, atol=1e-15)


def test_gradients_hold_where_squares_would_overflow():
    for name, value, expected in (("asinh", 1e30, 1e-30), ("acosh", 1e30, 1e-30), ("expm1", -100.0, 3.7835e-44)):
        x = mg.tensor(value, requires_grad=True)
        getattr(x, name)().backward()
        assert x.grad.item() == pytest.approx(expected, rel=2e-2 if name == "expm1" else 1e-6)


def test_other_names_are_the_same_functions():
    x = mg.tensor([0.25])
    for name, same in (("arcsin", "asin"), ("arccosh", "acosh"), ("arctan", "atan"), ("fix", "trunc"), ("sgn", "sign"),
                       ("negative", "neg"), ("absolute", "abs")):
        assert getattr(mg, name) is getattr(mg, same)
        np.testing.assert_array_equal(getattr(x, name)().numpy(), getattr(x, same)().numpy())
    assert x.arcsin_() is x


def test_float16_is_computed_wider_and_rounded():
    x = mg.tensor([0.5, 2.0], dtype=mg.float16)
    for name in ("erf", "erfc", "exp2", "log2", "rsqrt", "reciprocal", "sin", "asinh", "expm1"):
        got, expected = getattr(mg, name)(x), getattr(mg, name)(x.double())
        assert got.dtype == mg.float16
        np.testing.assert_array_equal(got.numpy(), expected.numpy().astype(np.float16))


IN_PLACE = """
    square reciprocal rsqrt exp2 expm1 log1p log2 log10 sin cos tan asin acos atan deg2rad rad2deg sinh cosh asinh
    atanh erf erfc erfinv sign floor ceil trunc round frac logit nan_to_num
""".split()


@pytest.mark.parametrize("name, arguments", [
    *[(name, ()) for name in IN_PLACE], ("logit", (0.35,)), ("clamp", (0.3, 0.6)),
])
def test_in_place_the_gradient_is_the_functions(name, arguments):
    def gradient(change):
        x = mg.tensor([[0.2, 0.4], [0.5, 0.7]], dtype=mg.float64, requires_grad=True)
        y = change(x * 1)
        first, = mg.autograd.grad((y * y).sum(), x, create_graph=True)
        second = mg.autograd.grad(first.sum(), x)[0] if first.requires_grad else first
        return y.tolist(), first.tolist(), second.tolist()

    def function(y):
        return getattr(y, name)(*arguments)

    def twin(y):
        assert getattr(y, name + "_")(*arguments) is y
        return y

    def twin_of_a_view(y):
        getattr(y[0], name + "_")(*arguments)
        return y

    assert gradient(twin) == gradient(function)
    assert gradient(twin_of_a_view) == gradient(lambda y: mg.stack([function(y[0]), y[1]]))


def test_what_is_no_tensor_is_named():
    for name in ("square", "sign", "floor", "round", "frac", "nan_to_num"):
        with pytest.raises(TypeError, match=f"{name}: expected a tensor, got int"):
            getattr(mg, name)(3)
    for name in ("floor", "ceil", "trunc", "round"):
        with pytest.raises(TypeError, match=f"{name}: not defined for bool"):
            getattr(mg, name)(mg.tensor([True]))
