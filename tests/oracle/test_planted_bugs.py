"""Proof that the exam can fail: small bugs, planted one at a time, and each is caught.

Every row plants a wrong function where minigrad keeps the right one, puts some of op_db's questions
to it, and says as what the exam must find it. The right function is asked the same questions.
"""

import numpy as np
import pytest

import minigrad as mg
import needs

needs.torch_and_its_bank()

import torch  # noqa: E402

import exam  # noqa: E402
import shelf  # noqa: E402
from adapter import LAYOUTS, contiguous  # noqa: E402

pytestmark = pytest.mark.oracle


def unary(forward, backward):
    """A function with a gradient of its own: backward(x, y, dy)."""

    class Wrong(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = forward(x)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, dy):
            return backward(*ctx.saved_tensors, dy)

    return lambda x, *args, **kwargs: Wrong.apply(x)


def with_gradient(forward, backward):
    """The same for any arguments: backward(dy, *arguments) gives one gradient for each."""

    class Wrong(mg.autograd.Function):
        @staticmethod
        def forward(ctx, *arguments):
            ctx.arguments = arguments
            return forward(*arguments)

        @staticmethod
        def backward(ctx, dy):
            return backward(dy, *ctx.arguments)

    return Wrong.apply


def summed(gradient, like):
    """A gradient summed over the axes along which its tensor was stretched."""
    if not isinstance(like, mg.Tensor):
        return None
    while gradient.ndim > like.ndim:
        gradient = gradient.sum(0)
    for axis, length in enumerate(like.shape):
        if length == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis, keepdim=True)
    return gradient


# ---- elementwise -----------------------------------------------------------------------------------

def exp_without_its_factor(right):
    return unary(right, lambda x, y, dy: dy)


def log_of_base_two(right):
    return lambda x: right(x) * 1.4426950408889634


def sqrt_gradient_without_the_half(right):
    return unary(right, lambda x, y, dy: dy / y)


def abs_gradient_without_the_sign(right):
    return unary(right, lambda x, y, dy: dy * 1)


def tanh_gradient_without_the_square(right):
    return unary(right, lambda x, y, dy: dy * (1 - y))


def tanh_with_a_gradient_that_is_a_constant(right):
    return unary(right, lambda x, y, dy: dy * (1 - y * y).detach())


def sigmoid_that_overflows(right):
    return lambda x: mg.exp(x) / (1 + mg.exp(x))


def sigmoid_gradient_without_one_minus(right):
    return unary(right, lambda x, y, dy: dy * y)


def relu_that_leaks_backward(right):
    return unary(right, lambda x, y, dy: dy * mg.where(x > 0, 1.0, 0.01))


def relu_that_swallows_nan(right):
    return lambda x, inplace=False: mg.where(x > 0, x, 0.0)


def leaky_relu_with_the_slope_ignored_backward(right):
    return lambda x, negative_slope=0.01, inplace=False: with_gradient(
        lambda x: mg.where(x > 0, x, x * negative_slope), lambda dy, x: dy * (x > 0))(x)


def clamp_whose_gradient_passes_the_bound(right):
    return with_gradient(lambda x, most: mg.where(x > most, most, x), lambda dy, x, most: (summed(dy, x), None))


def exp_in_double(right):
    return lambda x: right(x.double())


def exp_that_reads_memory_in_order(right):
    def wrong(x):
        array = x.detach().numpy()
        return right(mg.tensor(array.ravel(order="K").reshape(array.shape).copy()))

    return wrong


def exp_that_writes_over_its_input(right):
    def wrong(x):
        y = right(x)
        array = x.detach().numpy()
        if array.flags.writeable:
            array[...] = y.detach().numpy()
        return y

    return wrong


# ---- two operands ------------------------------------------------------------------------------------

def add_without_alpha(right):
    return lambda a, b, alpha=1: right(a, b)


def mul_with_one_gradient_for_both(right):
    return with_gradient(right, lambda dy, a, b: (summed(dy * b, a), summed(dy * b, b)))


def div_without_the_minus(right):
    return with_gradient(right, lambda dy, a, b: (summed(dy / b, a), summed(dy * a / (b * b), b)))


def pow_without_the_gradient_of_the_exponent(right):
    return with_gradient(right, lambda dy, a, b: (summed(dy * b * right(a, b - 1), a), None))


def where_with_the_branches_swapped_backward(right):
    return with_gradient(right, lambda dy, c, a, b: (None, summed(dy * (1 - c.to(dy.dtype)), a),
                                                     summed(dy * c.to(dy.dtype), b)))


def maximum_for_minimum(right):
    return lambda a, b: mg.where(a > b, a, b)


# ---- sums -----------------------------------------------------------------------------------------------

def sum_that_forgets_keepdim(right):
    return lambda x, dim=None, keepdim=False, dtype=None: right(x, dim, dtype=dtype)


def mean_over_one_too_few(right):
    return lambda x, *args, **kwargs: right(x, *args, **kwargs) * (x.shape[0] / max(x.shape[0] - 1, 1) if x.ndim else 1)


def var_without_correction(right):
    return lambda x, dim=None, correction=1, keepdim=False, unbiased=None: right(
        x, dim, correction=0, keepdim=keepdim)


def amax_that_pays_every_tie_in_full(right):
    def wrong(x, dim=(), keepdim=False):
        return with_gradient(
            lambda x: right(x, dim, keepdim),
            lambda dy, x: (x == right(x, dim, True)).to(x.dtype) * dy.reshape(right(x, dim, True).shape),
        )(x)

    return wrong


def argmax_that_takes_the_last_tie(right):
    def wrong(x, dim=None, keepdim=False):
        array = x.numpy()
        turned = array.ravel()[::-1] if dim is None else np.flip(array, dim)
        n = array.size if dim is None else array.shape[dim] if array.ndim else 1
        found = n - 1 - np.argmax(turned, axis=dim if array.ndim else None, keepdims=keepdim and array.ndim > 0)
        return mg.tensor(found)

    return wrong


# ---- linear algebra ---------------------------------------------------------------------------------------

def matmul_with_half_a_gradient(right):
    return with_gradient(right, lambda dy, a, b: (None, mg.tensor(np.zeros(b.shape))))


def linear_without_its_bias(right):
    return lambda x, weight, bias=None: right(x, weight)


def linear_whose_weight_is_not_transposed_backward(right):
    def backward(dy, x, weight):
        if weight.ndim == 2 and weight.shape[0] == weight.shape[1]:
            return dy @ weight.mT, None
        return None, None

    return lambda x, weight, bias=None: with_gradient(right, backward)(x, weight)


# ---- shapes ---------------------------------------------------------------------------------------------------

def transpose_of_the_last_two(right):
    return lambda x, a, b: x.mT if x.ndim > 1 else x


def permute_that_goes_back_the_way_it_came(right):
    def wrong(x, *dims):
        dims = dims[0] if len(dims) == 1 else dims

        def backward(dy, x):
            back = right(dy, dims)
            return back if back.shape == x.shape else mg.tensor(np.zeros(x.shape))

        return with_gradient(lambda x: right(x, dims), backward)(x)

    return wrong


def cat_along_the_first_axis(right):
    return lambda tensors, dim=0: right(tensors, 0)


def reshape_that_takes_what_fits(right):
    def wrong(x, shape):
        try:
            return right(x, shape)
        except Exception:
            return x

    return wrong


# ---- softmax, losses, normalisation ------------------------------------------------------------------------------

def softmax_without_the_shift(right):
    def wrong(x, dim, dtype=None):
        powers = mg.exp(x)
        return powers / powers.sum(dim, keepdim=True)

    return wrong


def softmax_along_the_first_axis(right):
    return lambda x, dim, dtype=None: right(x, 0, dtype=dtype)


def log_softmax_gradient_without_its_sum(right):
    return lambda x, dim, dtype=None: with_gradient(lambda x: right(x, dim), lambda dy, x: dy * 1)(x)


def cross_entropy_without_label_smoothing(right):
    return lambda x, target, label_smoothing=0.0, **kwargs: right(x, target, **kwargs)


def cross_entropy_that_counts_ignored_rows(right):
    def wrong(x, target, reduction="mean", **kwargs):
        if reduction == "mean" and not target.is_floating_point():
            return right(x, target, reduction="sum", **kwargs) / max(target.numel(), 1)
        return right(x, target, reduction=reduction, **kwargs)

    return wrong


def mse_gradient_without_the_two(right):
    def wrong(x, target, reduction="mean", **kwargs):
        y = right(x, target, reduction=reduction)
        return (y + y.detach()) / 2

    return wrong


def batch_norm_whose_statistics_are_constants(right):
    def wrong(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        y = right(x.detach(), mean, var, weight, bias, training, momentum, eps)
        if training and x.ndim > 1 and x.numel():
            axes = [i for i in range(x.ndim) if i != 1]
            scale = 1 / mg.sqrt(x.detach().var(axes, correction=0, keepdim=True) + eps)
            if weight is not None:
                scale = scale * weight.detach().reshape([-1 if i == 1 else 1 for i in range(x.ndim)])
            y = y + (x - x.detach()) * scale
        return y

    return wrong


def batch_norm_that_forgets_the_running_mean(right):
    def wrong(x, mean, *args, **kwargs):
        return right(x, None if mean is None else mean.clone(), *args, **kwargs)

    return wrong


PLANTED = [
    (exp_without_its_factor, "exp", "exp", "gradient"),
    (exp_in_double, "exp", "exp", "dtype"),
    (exp_that_reads_memory_in_order, "exp", "exp", "value"),
    (exp_that_writes_over_its_input, "exp", "exp", "changed"),
    (log_of_base_two, "log", "log", "value"),
    (sqrt_gradient_without_the_half, "sqrt", "sqrt", "gradient"),
    (abs_gradient_without_the_sign, "abs", "abs", "gradient"),
    (tanh_gradient_without_the_square, "tanh", "tanh", "gradient"),
    (tanh_with_a_gradient_that_is_a_constant, "tanh", "tanh", "second gradient"),
    (sigmoid_that_overflows, "sigmoid", "sigmoid", "value"),
    (sigmoid_gradient_without_one_minus, "sigmoid", "sigmoid", "gradient"),
    (relu_that_leaks_backward, "nn.functional.relu", "nn.functional.relu", "gradient"),
    (relu_that_swallows_nan, "nn.functional.relu", "nn.functional.relu", "value"),
    (leaky_relu_with_the_slope_ignored_backward, "nn.functional.leaky_relu", "nn.functional.leaky_relu", "gradient"),
    (clamp_whose_gradient_passes_the_bound, "clamp_max", "clamp_max", "gradient"),
    (add_without_alpha, "add", "add", "value"),
    (mul_with_one_gradient_for_both, "mul", "mul", "gradient"),
    (div_without_the_minus, "div/no_rounding_mode", "div", "gradient"),
    (pow_without_the_gradient_of_the_exponent, "pow", "pow", "gradient"),
    (where_with_the_branches_swapped_backward, "where", "where", "gradient"),
    (maximum_for_minimum, "minimum", "minimum", "value"),
    (sum_that_forgets_keepdim, "sum", "sum", "shape"),
    (mean_over_one_too_few, "mean", "mean", "value"),
    (var_without_correction, "var", "var", "value"),
    (amax_that_pays_every_tie_in_full, "amax", "amax", "gradient"),
    (argmax_that_takes_the_last_tie, "argmax", "argmax", "value"),
    (matmul_with_half_a_gradient, "matmul", "matmul", "gradient"),
    (linear_without_its_bias, "nn.functional.linear", "nn.functional.linear", "value"),
    (linear_whose_weight_is_not_transposed_backward, "nn.functional.linear", "nn.functional.linear", "gradient"),
    (transpose_of_the_last_two, "transpose", "transpose", "shape"),
    (permute_that_goes_back_the_way_it_came, "permute", "permute", "gradient"),
    (cat_along_the_first_axis, "cat", "cat", "shape"),
    (reshape_that_takes_what_fits, "reshape", "reshape", "error"),
    (softmax_without_the_shift, "softmax", "softmax", "value"),
    (softmax_along_the_first_axis, "softmax", "softmax", "value"),
    (log_softmax_gradient_without_its_sum, "log_softmax", "log_softmax", "gradient"),
    (cross_entropy_without_label_smoothing, "nn.functional.cross_entropy", "nn.functional.cross_entropy", "value"),
    (cross_entropy_that_counts_ignored_rows, "nn.functional.cross_entropy", "nn.functional.cross_entropy", "value"),
    (mse_gradient_without_the_two, "nn.functional.mse_loss", "nn.functional.mse_loss", "gradient"),
    (batch_norm_whose_statistics_are_constants, "nn.functional.batch_norm", "nn.functional.batch_norm", "gradient"),
    (batch_norm_that_forgets_the_running_mean, "nn.functional.batch_norm", "nn.functional.batch_norm", "value"),
]


def put_to_the_exam(bank, entry, what):
    """The record of some questions about an entry; all that is needed to find what is planted."""
    record = exam.Record(entry)
    function = shelf.ours(mg, entry)
    if what == "error":
        exam.examine_errors(record, bank[entry], function)
    else:
        dtype = torch.float32 if what == "dtype" else torch.float64
        layouts = LAYOUTS if entry == "exp" else [contiguous]
        exam.examine(record, bank[entry], function, dtype, layouts=layouts, most=16)
    return record


@pytest.mark.parametrize("plant, entry, path, what", [pytest.param(*row, id=row[0].__name__) for row in PLANTED])
def test_a_planted_bug_is_caught(bank, monkeypatch, plant, entry, path, what):
    *rooms, name = path.split(".")
    room = mg
    for part in rooms:
        room = getattr(room, part)
    right = getattr(room, name, None)
    clean = [] if right is None else put_to_the_exam(bank, entry, what).failures
    monkeypatch.setattr(room, name, plant(right), raising=False)
    found = [failure for failure in put_to_the_exam(bank, entry, what).failures if failure not in clean]
    kinds = {kind for kind, _ in found}
    assert what in kinds, f"not caught as {what}, but as {kinds or 'nothing'}"


def test_at_least_twenty_are_planted():
    assert len({row[0] for row in PLANTED}) == len(PLANTED) >= 20
