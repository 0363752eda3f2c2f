"""Comparisons, kinds of numbers, logic and bits."""

import numpy as np
import pytest

import minigrad as mg

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("name, other, ufunc", [
    ("lt", "less", np.less), ("le", "less_equal", np.less_equal), ("eq", "eq", np.equal),
    ("ne", "not_equal", np.not_equal), ("ge", "greater_equal", np.greater_equal), ("gt", "greater", np.greater),
])
def test_comparisons_are_numpys(name, other, ufunc):
    a, b = np.float32([[1, 2, NAN, INF]]), np.float32([[1], [INF], [NAN]])
    for which in (name, other):
        got = getattr(mg, which)(mg.tensor(a), mg.tensor(b))
        assert got.dtype == mg.bool
        np.testing.assert_array_equal(got.numpy(), ufunc(a, b))
    x = mg.tensor(a)
    getattr(x, name + "_")(1)
    np.testing.assert_array_equal(x.numpy(), ufunc(a, 1).astype(np.float32))


def test_kinds_of_numbers():
    x = mg.tensor([NAN, INF, -INF, -0.0, 1.0])
    assert x.isnan().tolist() == [True, False, False, False, False]
    assert x.isinf().tolist() == [False, True, True, False, False]
    assert x.isfinite().tolist() == [False, False, False, True, True]
    assert mg.isposinf(x).tolist() == [False, True, False, False, False]
    assert mg.isneginf(x).tolist() == [False, False, True, False, False]
    assert mg.signbit(x[1:]).tolist() == [False, True, True, False]
    whole = mg.tensor([-1, 2])
    assert mg.signbit(whole).tolist() == [True, False] and whole.isfinite().all() and not whole.isnan().any()
    assert mg.signbit(mg.tensor([True])).tolist() == [False]


def test_close_is_within_the_tolerances():
    a = mg.tensor([1.0, 1.0, INF, INF, NAN])
    b = mg.tensor([1.0 + 5e-6, 1.1, INF, -INF, NAN])
    assert mg.isclose(a, b).tolist() == [True, False, True, False, False]
    assert a.isclose(b, rtol=0.2, equal_nan=True).tolist() == [True, True, True, False, True]
    assert not mg.allclose(a, b) and mg.allclose(a[:1], b[:1]) is True
    assert mg.isclose(mg.tensor([10]), mg.tensor([11]), rtol=0.1).item()
    with pytest.raises(TypeError, match="one dtype"):
        mg.isclose(a, b.double())
    with pytest.raises(ValueError, match="tolerances"):
        mg.isclose(a, b, rtol=-1)


def test_equal_is_a_bool_and_minds_shapes():
    assert mg.equal(mg.tensor([1.0]), mg.tensor([1])) is True
    assert mg.equal(mg.ones(2), mg.ones(2, 1)) is False
    assert mg.tensor([NAN]).equal(mg.tensor([NAN])) is False
    assert mg.equal(mg.empty(0), mg.empty(0)) is True


def test_logic_takes_any_dtype_and_gives_bools():
    a, b = mg.tensor([0.0, 0.5, NAN]), mg.tensor([1, 0, 0])
    assert mg.logical_and(a, b).tolist() == [False, False, False]
    assert mg.logical_or(a, b).tolist() == [True, True, True]
    assert mg.logical_xor(a, b).tolist() == [True, True, True]
    assert mg.logical_not(a).tolist() == [True, False, False] and mg.logical_not(a).dtype == mg.bool
    assert a.logical_not_().tolist() == [1, 0, 0] and a.dtype == mg.float32


def test_bits():
    a = mg.tensor([0b1100], dtype=mg.int8)
    assert mg.bitwise_and(a, 0b1010).item() == 0b1000 == (a & 0b1010).item()
    assert mg.bitwise_or(a, 0b1010).item() == 0b1110 == (a | 0b1010).item()
    assert mg.bitwise_xor(a, 0b1010).item() == 0b0110 == (a ^ 0b1010).item()
    assert mg.bitwise_not(a).item() == ~0b1100 == (~a).item() and (~mg.tensor([True])).item() is False
    assert mg.bitwise_left_shift(a, 2).item() == 48 and mg.bitwise_right_shift(a, 2).item() == 3
    assert a.bitwise_or_(1).item() == 0b1101
    for wrong in (lambda: mg.bitwise_and(mg.ones(1), 1), lambda: ~mg.ones(1), lambda: mg.ones(1) << 1,
                  lambda: mg.tensor([True]) << True):
        with pytest.raises(TypeError):
            wrong()


def test_operators_are_the_functions_with_numbers_and_arrays_on_either_side():
    a, array = mg.tensor([1, 2, 3]), np.array([3, 2, 1])
    for got, expected in (
        (a < 2, [True, False, False]), (a > 2, [False, False, True]), (a >= array, [False, True, True]),
        (a == 2, [False, True, False]), (a != array.tolist()[0], [True, True, False]),
        (6 & a, [0, 2, 2]), (8 | a, [9, 10, 11]), (1 ^ a, [0, 3, 2]), (a << 1, [2, 4, 6]), (a >> 1, [0, 1, 1]),
    ):
        assert isinstance(got, mg.Tensor) and got.tolist() == expected
    assert a.__lt__("a") is NotImplemented and a.__and__(None) is NotImplemented
    with pytest.raises(TypeError, match="not supported between"):
        assert a < "a"
    with pytest.raises(TypeError, match="unsupported operand"):
        a &= "a"
    memory = a.data_ptr()
    a &= 6
    a |= 1
    a ^= 2
    assert a.tolist() == [3, 1, 1] and a.data_ptr() == memory


def test_kinds_of_integers_and_bools_are_known():
    for dtype in (mg.uint8, mg.int8, mg.int64, mg.bool):
        x = mg.tensor([0, 1]).to(dtype)
        for name in ("isnan", "isinf", "isposinf", "isneginf", "signbit"):
            assert getattr(mg, name)(x).tolist() == [False, False]
        assert mg.isfinite(x).tolist() == [True, True]
    with pytest.raises(TypeError, match="isnan: expected a tensor, got float"):
        mg.isnan(1.0)


@pytest.mark.parametrize("name", ["lt", "ne", "isclose", "logical_or", "bitwise_and", "bitwise_left_shift"])
def test_comparisons_say_what_does_not_broadcast(name):
    with pytest.raises(ValueError, match=rf"{name}: shapes \(2,\) and \(3,\) do not broadcast"):
        getattr(mg, name)(mg.tensor([1, 2]), mg.tensor([1, 2, 3]))
