"""Dtypes, errors and edges of arithmetic, beside the table's rows."""

import itertools
import operator
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import kernels as memory

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
INF, NAN = float("inf"), float("nan")


# ---- dtypes: against torch ---------------------------------------------------------------------------

BINARY = (
    "add sub mul div true_divide floor_divide remainder fmod pow maximum minimum fmax fmin atan2 hypot logaddexp xlogy "
    "copysign float_power lt le eq ne ge gt logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor "
    "bitwise_left_shift bitwise_right_shift clamp_min clamp_max rsub heaviside isclose"
).split()
UNARY = (
    "sign sgn square reciprocal rsqrt exp exp2 expm1 log log1p log2 log10 sqrt sin cos tan asin acos atan sinh cosh "
    "tanh asinh acosh atanh erf erfc erfinv sigmoid logit floor ceil round trunc fix frac isnan isinf isfinite "
    "isposinf isneginf logical_not bitwise_not signbit deg2rad rad2deg positive neg abs nan_to_num"
).split()
OTHERS = {
    "where": lambda lib, a, b: lib.where(lib.tensor([True]), a, b),
    "clamp": lambda lib, a, b: lib.clamp(a, b, b),
    "clamp(number)": lambda lib, a, b: lib.clamp(a, min=b),
    "lerp": lambda lib, a, b: lib.lerp(a, b, 0.5),
    "addcmul": lambda lib, a, b: lib.addcmul(a, b, b),
    "addcdiv": lambda lib, a, b: lib.addcdiv(a, b, b),
    "a ** b": lambda lib, a, b: a**b,
    "a // b": lambda lib, a, b: a // b,
    "a % b": lambda lib, a, b: a % b,
    "a - b": lambda lib, a, b: a - b,
}
DECLINED = {("pow", "True"), ("a ** b", "True")}        # bool ** True: torch gives a bool there


def operands(lib):
    for dtype in DTYPES:
        yield f"{dtype} (2,)", lib.ones(2, dtype=getattr(lib, dtype))
        yield f"{dtype} ()", lib.tensor(1, dtype=getattr(lib, dtype))
    yield from {"True": True, "1": 1, "1.5": 1.5}.items()


def dtype_after(function, *arguments):
    try:
        result = function(*arguments)
        return str(result.dtype).split(".")[1]
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return "error"


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*BINARY, *OTHERS])
def test_promotion_of_every_pair_is_torchs(name):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    function = OTHERS.get(name, lambda lib, a, b: getattr(lib, name)(a, b))
    theirs, ours = dict(operands(torch)), dict(operands(mg))
    wrong = []
    for a, b in itertools.product(theirs, theirs):
        if not ("(" in a or "(" in b) or (name, b) in DECLINED:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = dtype_after(function, torch, theirs[a], theirs[b])
        got = dtype_after(function, mg, ours[a], ours[b])
        if expected not in ("error", got):          # where torch has no answer, ours may be wider
            wrong.append((a, b, expected, got))
    assert not wrong


@pytest.mark.oracle
@pytest.mark.parametrize("name", UNARY)
def test_dtypes_of_functions_of_one_tensor_are_torchs(name):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for dtype in DTYPES:
        expected = dtype_after(getattr(torch, name), torch.ones(2, dtype=getattr(torch, dtype)))
        got = dtype_after(getattr(mg, name), mg.ones(2, dtype=getattr(mg, dtype)))
        if name == "square" and dtype == "bool":
            assert got == "int64"
        assert expected == got, (dtype, expected, got)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod", "div_trunc", "div_floor"])
@pytest.mark.parametrize("dtype", ["int64", "int32", "float32", "float64"])
def test_quotients_and_remainders_are_torchs(name, dtype):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    a, b = (list(x) for x in zip(*itertools.product(range(-7, 8), [-3, -2, -1, 1, 2, 5]), strict=True))
    if dtype.startswith("float"):
        a, b = (list(x) for x in zip(*itertools.product(
            [-INF, -7.5, -1.0, -0.0, 0.0, 0.3, 6.0, INF, NAN], [-INF, -2.0, -0.1, -0.0, 0.0, 0.7, 3.0, INF, NAN]),
            strict=True))
    results = []
    for lib in (torch, mg):
        x, y = (lib.tensor(v, dtype=getattr(lib, dtype)) for v in (a, b))
        result = lib.div(x, y, rounding_mode=name[4:]) if name.startswith("div_") else getattr(lib, name)(x, y)
        results.append(result.numpy())
    np.testing.assert_array_equal(*results)


@pytest.mark.oracle
def test_every_method_and_twin_in_place_that_torch_has_is_here():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    names = [*BINARY, *UNARY, "clamp", "clip", "lerp", "addcmul", "addcdiv", "multiply", "subtract", "divide",
             "negative", "absolute", "arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh", "less",
             "less_equal", "greater", "greater_equal", "not_equal", "where", "equal", "allclose"]
    missing = [name for name in names if not hasattr(mg, name)]
    missing += [f"Tensor.{method}" for name in names for method in (name, name + "_")
                if hasattr(torch.Tensor, method) and not hasattr(mg.Tensor, method)]
    missing += [f"{name}(out=)" for name in names if "out=" in (getattr(torch, name).__doc__ or "").split("->")[0]
                and not hasattr(getattr(mg, name), "__wrapped__")]
    assert not missing


# An integer tensor to a negative power: torch gives 0 in silence, an integer tensor divided by zero whatever comes.
OPERATORS = ("add sub mul truediv floordiv mod pow and_ or_ xor lshift rshift "
             "iadd isub imul itruediv ifloordiv imod ipow iand ior ixor ilshift irshift lt le eq ne gt ge").split()
NUMBERS = [2, 2.5, True, -1, 0, np.float64(1.5), np.int64(2)]


@pytest.mark.oracle
@pytest.mark.parametrize("swapped", [False, True], ids=["number on the right", "number on the left"])
@pytest.mark.parametrize("name", OPERATORS)
def test_a_number_beside_every_dtype_gives_torchs_values(name, swapped):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    function = getattr(operator, name)
    for dtype, number in itertools.product(DTYPES, NUMBERS):
        values = np.array([3, 0, 2, 5] if dtype == "uint8" else [-2.5, 0, 1.5, 3]).astype(dtype)
        answers = []
        for lib in (torch, mg):
            operands = lib.from_numpy(values.copy()), number
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    answers.append(function(*operands[::-1]) if swapped else function(*operands))
            except (TypeError, ValueError, RuntimeError, ZeroDivisionError):
                answers.append(None)
        theirs, ours = answers
        said = f"{dtype} {name} {number!r}: {ours}, torch's {theirs}"
        whole = not dtype.startswith("float")
        if theirs is None:      # bools, which torch does not subtract, may be numbers; nothing else is
            assert ours is None or (name in ("sub", "isub") and number is True), said
        elif ours is None:
            assert whole and name in ("pow", "ipow") and ((swapped and dtype != "uint8") or dtype == "bool"), said
        else:
            assert str(ours.dtype) == str(theirs.dtype).replace("torch", "minigrad"), said
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3 if dtype == "float16" else 1e-6,
                                       err_msg=said)


# ---- out= ---------------------------------------------------------------------------------------------

def test_out_receives_the_result_and_is_returned():
    x, y = mg.tensor([1.0, 4.0]), mg.zeros(2)
    before = y.data_ptr()
    assert mg.sqrt(x, out=y) is y and y.tolist() == [1, 2] and y.data_ptr() == before
    assert mg.add(x, 1, alpha=2, out=y).tolist() == [3, 6]
    wide = mg.zeros(2, dtype=mg.float64)
    assert mg.mul(x, 2, out=wide) is wide and wide.dtype == mg.float64 and wide.tolist() == [2, 8]
    assert mg.exp(x, out=x).tolist() == mg.exp(mg.tensor([1.0, 4.0])).tolist()


def test_out_without_elements_takes_the_results_shape():
    out = mg.empty(0)
    mg.add(mg.ones(2, 3), 1, out=out)
    assert out.tolist() == [[2, 2, 2], [2, 2, 2]]


def test_out_is_written_through_a_view():
    x = mg.zeros(2, 3)
    mg.mul(mg.ones(2), 5, out=x[:, 1])
    assert x.tolist() == [[0, 5, 0], [0, 5, 0]]


def test_out_refuses_what_does_not_fit():
    x = mg.ones(2)
    with pytest.raises(ValueError, match=r"exp: the result has shape \(2,\)"):
        mg.exp(x, out=mg.zeros(3))
    with pytest.raises(TypeError, match="does not fit into out"):
        mg.exp(x, out=mg.zeros(2, dtype=mg.int64))
    with pytest.raises(TypeError, match="does not fit into out"):
        mg.add(mg.ones(2, dtype=mg.int64), 1, out=mg.zeros(2, dtype=mg.bool))
    with pytest.raises(TypeError, match="expected a tensor as out"):
        mg.exp(x, out=np.zeros(2))
    with pytest.raises(RuntimeError, match="requires grad"):
        mg.exp(mg.ones(2, requires_grad=True), out=mg.zeros(2))
    with pytest.raises(RuntimeError, match="requires grad"):
        mg.exp(x, out=mg.zeros(2, requires_grad=True))
    with mg.no_grad():
        assert mg.exp(mg.zeros(2, requires_grad=True), out=mg.zeros(2)).tolist() == [1, 1]


def test_out_counts_as_a_change_in_place():
    w = mg.ones(2, requires_grad=True)
    x = mg.ones(2)
    y = w * x
    mg.exp(mg.ones(2), out=x)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_new_tensors_go_into_out_in_its_dtype():
    out = mg.empty(3, dtype=mg.float64)
    assert mg.linspace(0, 1, 3, out=out) is out
    assert mg.zeros(3, out=out).tolist() == [0, 0, 0]
    assert mg.arange(3, out=out).tolist() == [0, 1, 2] and out.dtype == mg.float64
    assert mg.eye(2, out=mg.empty(0)).tolist() == [[1, 0], [0, 1]]


# ---- errors and edges ---------------------------------------------------------------------------------

def test_bools_do_not_subtract_negate_or_divide():
    t = mg.tensor([True, False])
    for wrong in (lambda: t - t, lambda: t - 1.0, lambda: 1 - t, lambda: -t, lambda: t // t, lambda: t % t,
                  lambda: t**t, lambda: abs(t), lambda: mg.positive(t), lambda: mg.rsub(t, t)):
        with pytest.raises(TypeError):
            wrong()
    assert (t + t).tolist() == [True, False] and (t * t).dtype == mg.bool


def test_integer_division_by_zero_is_an_error():
    t = mg.tensor([1, 2])
    for wrong in (lambda: t // 0, lambda: t % 0, lambda: mg.fmod(t, 0), lambda: mg.div(t, 0, rounding_mode="trunc")):
        with pytest.raises(ZeroDivisionError, match="divided by zero"):
            wrong()
    assert (t / 0).tolist() == [INF, INF]


def test_integers_divide_exactly_beyond_what_floats_hold():
    big = mg.tensor([2**62 + 1, -(2**62) - 1])
    assert mg.div(big, 3, rounding_mode="trunc").tolist() == [(2**62 + 1) // 3, -((2**62 + 1) // 3)]
    assert mg.div(big, 3, rounding_mode="floor").tolist() == [(2**62 + 1) // 3, (-(2**62) - 1) // 3]


def test_alpha_scales_the_second_operand_and_stays_whole_beside_integers():
    a, b = mg.tensor([1, 2]), mg.tensor([3, 4])
    assert mg.add(a, b, alpha=2).tolist() == [7, 10]
    assert a.sub(b, alpha=2).tolist() == [-5, -6]
    assert mg.rsub(a, b, alpha=2).tolist() == [1, 0]
    assert mg.add(a.float(), b, alpha=0.5).tolist() == [2.5, 4]
    with pytest.raises(TypeError, match="whole alpha"):
        mg.add(a, b, alpha=0.5)


def test_a_number_stands_on_either_side():
    x = mg.tensor([1.0, 2.0])
    assert (2 - x).tolist() == [1, 0] and (2 / x).tolist() == [2, 1]
    assert (2**x).tolist() == [2, 4] and mg.pow(2, x).tolist() == [2, 4] and (5 // x).tolist() == [5, 2]
    assert (5 % x).tolist() == [0, 1] and mg.remainder(5, x).tolist() == [0, 1]
    assert (np.float64(2) * x).dtype == mg.float32 and (x * np.float64(2)).dtype == mg.float32
    assert mg.pow(2, mg.tensor([3])).dtype == mg.int64
    assert (1 << mg.tensor([0, 3])).tolist() == [1, 8] and (16 >> mg.tensor([0, 3])).tolist() == [16, 2]


def test_fill_takes_one_value_and_hands_its_gradient_back():
    x, value = mg.ones(2, 3, requires_grad=True), mg.tensor(2.0, requires_grad=True)
    y = mg.fill(x, value)
    assert y.tolist() == [[2, 2, 2]] * 2 and x.tolist() == [[1, 1, 1]] * 2
    (y * mg.arange(6.0).reshape(2, 3)).sum().backward()
    assert value.grad.item() == 15 and x.grad.tolist() == [[0, 0, 0]] * 2
    assert mg.fill(mg.zeros(2, dtype=mg.int64), 2.7).tolist() == [2, 2]
    with pytest.raises(ValueError, match="a tensor of no axes"):
        mg.zeros(2, 3).fill_(mg.ones(3))


def test_a_negative_number_beside_uint8_is_negative():
    x = mg.tensor([3, 2], dtype=mg.uint8)
    assert (x / -1).tolist() == [-3, -2] and (-1 / x).tolist() == [np.float32(-1 / 3), -0.5]
    with pytest.raises(ValueError, match="no negative powers"):
        x ** -1


def test_rounded_quotients_have_gradient_zero():
    x = mg.tensor([3.5], requires_grad=True)
    mg.div(x, 2, rounding_mode="floor").sum().backward()
    assert x.grad.tolist() == [0]
    with pytest.raises(ValueError, match="rounding_mode"):
        mg.div(x, 2, rounding_mode="up")


def test_integer_abs_keeps_its_dtype():
    x = mg.tensor([-3, 4], dtype=mg.int8)
    assert abs(x).tolist() == [3, 4] and abs(x).dtype == mg.int8 and mg.absolute(x).dtype == mg.int8


# ---- += -= *= /= in the tensor's own memory ----------------------------------------------------------

OVER = {
    "add": (lambda x, b: x.add_(b), lambda x, b: x + b),
    "sub": (lambda x, b: x.sub_(b), lambda x, b: x - b),
    "mul": (lambda x, b: x.mul_(b), lambda x, b: x * b),
    "div": (lambda x, b: x.div_(b), lambda x, b: x / b),
    "+=": (operator.iadd, lambda x, b: x + b),
    "-=": (operator.isub, lambda x, b: x - b),
    "*=": (operator.imul, lambda x, b: x * b),
    "/=": (operator.itruediv, lambda x, b: x / b),
    "add, alpha": (lambda x, b: x.add_(b, alpha=0.3), lambda x, b: x.add(b, alpha=0.3)),
    "sub, alpha": (lambda x, b: x.sub_(b, alpha=3), lambda x, b: x.sub(b, alpha=3)),
}


class TestInItsOwnMemory:
    @pytest.mark.parametrize("name", OVER)
    @pytest.mark.parametrize("dtype", [mg.float32, mg.float64, mg.float16])
    def test_the_same_bits_at_the_same_place_and_one_change_counted(self, name, dtype):
        over, plain = OVER[name]
        x = mg.randn(5, 37).to(dtype)
        others = [mg.randn(5, 37).to(dtype), mg.randn(37).to(dtype), mg.randn(1).to(dtype), mg.tensor(3.0, dtype=dtype),
                  mg.randn(37, 5).to(dtype).t(), mg.randn(5, 37).to(mg.float64 if dtype == mg.float16 else dtype)]
        others += [] if "alpha" in name else [2, 0.1, True, np.float64(0.3), np.float32(0.3)]
        for b in others:
            for own in (x.clone(), x.t().clone().t(), mg.zeros(7, 37, dtype=dtype)[1:6].copy_(x)):
                before, place, version = own.clone(), own.data_ptr(), own._version
                assert over(own, b) is own
                assert own.tolist() == plain(before, b).to(dtype).tolist()
                assert own.data_ptr() == place and own._version == version + 1

    @pytest.mark.parametrize("name", OVER)
    def test_beside_parts_of_itself(self, name):
        over, plain = OVER[name]
        for parts in (lambda x: (x, x), lambda x: (x[1:], x[:-1]), lambda x: (x[:-1], x[1:]), lambda x: (x, x[2]),
                      lambda x: (x, x[3:4]), lambda x: (x, x.flip(0)), lambda x: (x[:4], x[4:])):
            x = mg.arange(1.0, 9.0)
            own, b = parts(x)
            expected = plain(own.clone(), b.clone())
            over(own, b)
            assert own.tolist() == expected.tolist()

    def test_needs_no_memory(self):
        x, y = mg.ones(1000, 100), mg.ones(1000, 100)
        memory.reset_peak_memory()
        live = memory.memory_stats()["live"]
        x.add_(y, alpha=0.5).mul_(3).sub_(y).div_(y)
        x += y
        x *= 2.0
        assert memory.memory_stats()["peak"] - live < 1000

    @pytest.mark.parametrize("name", OVER)
    def test_what_is_recorded_is_recorded(self, name):
        over, plain = OVER[name]
        grads = []
        for changed in (over, plain):
            a, b = (mg.tensor([1.0, 2.0, 4.0], requires_grad=True) for _ in range(2))
            (changed(a * 3, b) * mg.tensor([1.0, 10.0, 100.0])).sum().backward()
            grads.append((a.grad.tolist(), b.grad.tolist()))
        assert grads[0] == grads[1]

    def test_what_may_not_be_changed_is_not(self):
        leaf = mg.ones(3, requires_grad=True)
        with pytest.raises(RuntimeError, match="a leaf that requires grad was changed in place"):
            leaf += 1
        with pytest.raises(RuntimeError, match="a leaf that requires grad was changed in place"):
            leaf.view(3).mul_(2)
        array = np.ones(3, np.float32)
        array.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            mg.from_numpy(array).mul_(2)
        with pytest.raises(RuntimeError, match="expanded"):
            mg.ones(1).expand(3).add_(1)
        assert leaf.tolist() == [1.0] * 3 and array.tolist() == [1.0] * 3
        with mg.no_grad():
            leaf += 1
        assert leaf.tolist() == [2.0] * 3 and leaf.requires_grad

    def test_a_change_of_what_was_saved_is_found(self):
        a, x = mg.ones(3, requires_grad=True), mg.ones(3)
        y = (a * x).sum()
        x += 1
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()

    @pytest.mark.parametrize("use, message", [
        (lambda x: x.add_(), "add"), (lambda x: x.mul_(x, alpha=1), "alpha"), (lambda x: x.div_(x, alpha=2), "alpha"),
        (lambda x: x.add_(x, beta=1), "beta"), (lambda x: x.add_("1"), "add"),
    ])  # fmt: skip
    def test_arguments_that_are_not_taken(self, use, message):
        with pytest.raises(TypeError, match=message):
            use(mg.ones(3))
