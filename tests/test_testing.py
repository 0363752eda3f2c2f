"""gradcheck and gradgradcheck find wrong gradients and pass right ones; assert_close."""

import math
import re

import numpy as np
import pytest

import minigrad
from minigrad.testing import GradcheckError, assert_close, gradcheck, gradgradcheck


def leaf(*shape, seed=0, dtype=minigrad.float64):
    values = np.random.default_rng([seed, *shape]).uniform(0.5, 1.5, shape)
    return minigrad.tensor(values, dtype=dtype, requires_grad=True)


def half_hidden(x):
    """x^2, whose gradient here is that of x alone: half of the right one"""
    return x * x.detach()


# ---- gradcheck ------------------------------------------------------------------------------------

def test_right_gradients_pass():
    assert gradcheck(lambda x, w: (x @ w).tanh(), (leaf(3, 4), leaf(4, 2)))
    assert gradgradcheck(lambda x, w: (x @ w).tanh(), (leaf(3, 4), leaf(4, 2)))


def test_a_wrong_gradient_is_reported_with_its_place_and_both_numbers():
    x = leaf(2, 3)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda a, x: (a + x, half_hidden(x)), (leaf(2, 3, seed=1), x))
    text = str(caught.value)
    i, j = re.search(r"d\(output 1\[(\d), (\d)\]\) / d\(input 1\[\1, \2\]\)", text).groups()
    backward, difference = map(float, re.search(r"gives ([\d.]+), central differences give ([\d.]+)", text).groups())
    value = x[int(i), int(j)].item()
    assert math.isclose(backward, value) and math.isclose(difference, 2 * value, rel_tol=1e-6)
    assert "6 of 36 derivatives of output 1 (2, 3) by input 1 (2, 3) are wrong" in text


def test_disagreement_may_be_an_answer_instead_of_an_error():
    assert gradcheck(half_hidden, leaf(3), raise_exception=False) is False
    assert gradgradcheck(lambda x: x.exp() + half_hidden(x), leaf(3), raise_exception=False) is False


def test_a_wrong_second_gradient_is_found_where_the_first_is_right():
    def cube(x):
        """x^3 and 0: its first gradient is 0 as well, the second that is recorded is 2"""
        away = x - x.detach()
        return x * x * x + away * away

    assert gradcheck(cube, leaf(3)) and gradgradcheck(lambda x: x * x * x, leaf(3))
    with pytest.raises(GradcheckError, match=r"gradgradcheck: d\(the gradient of input 0\[\d\]\) / d\(input 0\[\d\]\)"):
        gradgradcheck(cube, leaf(3))


def test_an_output_cut_out_of_the_graph_is_found():
    with pytest.raises(GradcheckError, match="does not require grad: is a part of func not recorded"):
        gradcheck(lambda x: x.detach() * 2, leaf(2))


def test_a_function_that_draws_random_numbers_is_refused():
    with pytest.raises(GradcheckError, match=r"output 0 differs between two calls .* set the seed itself"):
        gradcheck(lambda x: x * minigrad.rand(3, dtype=minigrad.float64), leaf(3))


def test_nondet_tol_allows_a_little_noise():
    rng = np.random.default_rng(0)
    noisy = lambda x: x * 2 + 1e-13 * float(rng.uniform())  # noqa: E731
    with pytest.raises(GradcheckError, match="differs between two calls"):
        gradcheck(noisy, leaf(3))
    assert gradcheck(noisy, leaf(3), nondet_tol=1e-12)


def test_float32_inputs_are_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"input 1 is minigrad\.float32, .* mostly rounding; use dtype"):
        gradcheck(lambda a, b: a, (leaf(2), leaf(2, dtype=minigrad.float32)))
    with pytest.raises(ValueError, match=r"output 0 is minigrad\.float32"):
        gradcheck(lambda x: x.float(), leaf(2))


@pytest.mark.parametrize("inputs, says", [
    ((minigrad.ones(2, dtype=minigrad.float64), 3), "none of the 2 inputs is a tensor that requires grad"),
    (minigrad.ones(1, dtype=minigrad.float64).expand(3).requires_grad_(), r"input 0 \(3,\) is expanded"),
], ids=["no grad", "expanded"])  # fmt: skip
def test_inputs_that_cannot_be_checked_are_refused(inputs, says):
    with pytest.raises(ValueError, match=says):
        gradcheck(lambda x, *_: x * 2, inputs)


def test_a_read_only_input_is_refused():
    array = np.ones(2)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        gradcheck(lambda x: x * 2, minigrad.from_numpy(array).requires_grad_())


@pytest.mark.parametrize("keyword", ["check_forward_ad", "check_batched_grad", "check_batched_forward_grad"])
def test_what_does_not_exist_here_is_refused(keyword):
    with pytest.raises(ValueError, match=f"{keyword}=True asks for something that minigrad does not have"):
        gradcheck(lambda x: x * 2, leaf(2), **{keyword: True})


def test_harmless_keywords_are_accepted():
    assert gradcheck(lambda x: x * 2, leaf(2), fast_mode=True, masked=False, check_undefined_grad=False,
                     check_grad_dtypes=True)


def test_results_that_are_no_tensors_are_refused():
    with pytest.raises(ValueError, match="func must give a tensor or a sequence of tensors, got float"):
        gradcheck(lambda x: x.sum().item(), leaf(2))


@pytest.mark.parametrize("layout", [
    lambda x: x.T, lambda x: x[:, ::2], lambda x: x.detach().numpy()[::-1, ::-1],
], ids=["transposed", "gapped", "backwards"])  # fmt: skip
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_inputs_that_are_not_contiguous_are_checked(check, layout):
    x = layout(leaf(3, 4))
    x = minigrad.from_numpy(x).requires_grad_() if isinstance(x, np.ndarray) else x
    assert not x.is_contiguous() and check(lambda x: x.exp(), x)
    with pytest.raises(GradcheckError):
        check(lambda x: x.exp() + half_hidden(x), x)


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_zero_size_inputs_and_outputs_are_checked(check):
    assert check(lambda x: x * x, leaf(0, 3))
    assert check(lambda x, y: (x * 2, y * y), (leaf(0), leaf(2)))
    assert check(lambda x: x.sum() * 2, leaf())


def test_inputs_come_back_as_they_were_also_after_an_error():
    x = leaf(3)
    before, calls = x.tolist(), []

    def fails(x):
        calls.append(1)
        if len(calls) > 4:
            raise KeyError("enough")
        return x * 2

    with pytest.raises(KeyError):
        gradcheck(fails, x)
    assert x.tolist() == before and x.grad is None
    assert gradcheck(lambda x: x * x, x) and x.tolist() == before and x.grad is None


def test_one_tensor_given_twice_is_one_variable():
    x = leaf(3)
    assert gradcheck(lambda a, b: a * b, (x, x))


def test_the_global_generator_is_left_alone():
    minigrad.manual_seed(0)
    first = minigrad.rand(3).tolist()
    minigrad.manual_seed(0)
    gradgradcheck(lambda x: x * x, leaf(3))
    assert minigrad.rand(3).tolist() == first


def test_given_grad_outputs_are_used_and_counted():
    x = leaf(3)
    assert gradgradcheck(lambda x: x * x, x, minigrad.ones(3, dtype=minigrad.float64))
    assert gradgradcheck(lambda x: x * x, x, gen_non_contig_grad_outputs=True)
    with pytest.raises(ValueError, match="got 2 grad_outputs for the 1 outputs"):
        gradgradcheck(lambda x: x * x, x, (x, x))


# ---- assert_close ---------------------------------------------------------------------------------

def test_near_numbers_pass_and_the_dtype_decides_how_near():
    for dtype, near, far in (
        (minigrad.float16, 1e-3, 4e-3), (minigrad.float32, 1e-6, 1e-4), (minigrad.float64, 1e-7, 1e-6),
    ):  # fmt: skip
        one = minigrad.tensor(np.float64(1), dtype=dtype)
        assert_close(minigrad.tensor(np.float64(1 + near), dtype=dtype), one)
        with pytest.raises(AssertionError):
            assert_close(minigrad.tensor(np.float64(1 + far), dtype=dtype), one)


def test_the_error_says_where_the_largest_difference_lies():
    actual, expected = minigrad.tensor([[1.0, 0.01], [3.0, 4.0]]), minigrad.tensor([[1.0, 0.02], [3.5, 4.0]])
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    text = str(caught.value)
    assert "2 of 4 elements (50.0 %) of shape (2, 2) differ" in text
    assert "largest difference is 0.5 at [1, 0]: 3.0, expected 3.5 (atol 1e-05)" in text
    assert "largest relative one is 0.5 at [0, 1]" in text


def test_a_difference_in_nested_values_is_found_with_its_path():
    with pytest.raises(AssertionError, match=r"at \['b'\]\[1\]: 1 of 2 elements"):
        assert_close({"a": 1, "b": [2, minigrad.tensor([0.0, 1.0])]}, {"a": 1, "b": [2, minigrad.tensor([0.0, 2.0])]})


@pytest.mark.parametrize("actual, expected, says", [
    (minigrad.ones(2), minigrad.ones(3), r"shapes differ, \(2,\) and expected \(3,\)"),
    (minigrad.ones(2), minigrad.ones(2, dtype=minigrad.float64), "dtypes differ, float32 and expected float64"),
    (1, 1.0, "dtypes differ"),
    (1.0, 2.0, "got 1.0, expected 2.0: they differ by 1"),
    (math.nan, math.nan, "got nan, expected nan"),
    (math.inf, 1.0, "got inf, expected 1.0"),
    (1.0, math.inf, "got 1.0, expected inf"),
    (minigrad.tensor([2**60]), minigrad.tensor([2**60 + 1]), "1 of 1 elements"),
    ([1, 2], [1], "actual has 2 items, expected 1"),
    ({"a": 1}, {"b": 1}, r"actual lacks \['b'\] and has \['a'\]"),
    (None, 1, "None is not int"),
])  # fmt: skip
def test_what_differs_is_named(actual, expected, says):
    with pytest.raises(AssertionError, match=says):
        assert_close(actual, expected)


def test_options_loosen_the_comparison():
    assert_close(math.inf, math.inf)
    assert_close(math.nan, math.nan, equal_nan=True)
    assert_close(1, 1.0, check_dtype=False)
    assert_close(1.0, 1.5, rtol=0, atol=0.5)
    assert_close(minigrad.ones(2), np.ones(2, np.float32))
    assert_close(None, None)
    assert_close(minigrad.zeros(0), minigrad.zeros(0))
    assert_close(leaf(2), leaf(2))


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="got rtol without atol"):
        assert_close(1.0, 1.0, rtol=1e-3)
    with pytest.raises(ValueError, match="atol must be at least 0, got -1"):
        assert_close(1.0, 1.0, rtol=0, atol=-1)
    with pytest.raises(TypeError, match="got str"):
        assert_close("a", "a")


def test_the_message_may_be_replaced_or_extended():
    with pytest.raises(AssertionError, match=r"^mine$"):
        assert_close(1.0, 2.0, msg="mine")
    with pytest.raises(AssertionError, match=r"^layer 3: assert_close: got"):
        assert_close(1.0, 2.0, msg=lambda text: f"layer 3: {text}")


@pytest.mark.oracle
def test_closeness_is_pytorchs():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    rng = np.random.default_rng(0)

    def passes(check, *arguments, **options):
        try:
            check(*arguments, **options)
        except AssertionError:
            return False
        return True

    answers = []
    for dtype in ("float32", "float64", "int64"):       # for float16 PyTorch rounds the bound itself to float16
        for _ in range(400):
            a = (rng.standard_normal(3) * 10.0 ** rng.integers(-7, 3)).astype(dtype)
            b = (a * (1 + 10.0 ** rng.uniform(-9, -1) * rng.standard_normal(3))).astype(dtype)
            if dtype != "int64" and rng.random() < 0.2:
                a[0], b[0] = rng.choice([np.nan, np.inf, -np.inf, 1], 2)
            options = {"equal_nan": bool(rng.random() < 0.5)}
            if rng.random() < 0.3:
                options.update(rtol=1e-3, atol=0.0)
            ours = passes(assert_close, minigrad.tensor(a), minigrad.tensor(b), **options)
            answers.append(ours)
            theirs = passes(torch.testing.assert_close, torch.tensor(a), torch.tensor(b), **options)
            assert ours == theirs, (a, b, options)
    assert 200 < sum(answers) < 1000
