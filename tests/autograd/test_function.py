"""Operations written in Python."""

import gc
import weakref

import pytest

import minigrad as mg
from minigrad.autograd import Function, grad
from minigrad.autograd.function import once_differentiable
from minigrad.testing import gradcheck, gradgradcheck


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * 3 * x * x


class SavesItsOutput(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * y


class SumAndProduct(Function):
    @staticmethod
    def forward(ctx, a, b, scale):
        ctx.save_for_backward(a, b)
        ctx.scale = scale
        return a + b, a * b * scale

    @staticmethod
    def backward(ctx, d_sum, d_product):
        a, b = ctx.saved_tensors
        return d_sum + d_product * b * ctx.scale, d_sum + d_product * a * ctx.scale, None


def double(*shape):
    return mg.randn(*shape, dtype=mg.float64, requires_grad=True)


class SavesItsOutputs(Function):
    @staticmethod
    def forward(ctx, a, b):
        product, root = a * b, (a * a + b * b).sqrt()
        ctx.save_for_backward(a, root, b)
        return product, root

    @staticmethod
    def backward(ctx, d_product, d_root):
        a, root, b = ctx.saved_tensors
        return d_product * b + d_root * a / root, d_product * a + d_root * b / root


@pytest.mark.parametrize("function", [Cube, SavesItsOutput])
def test_first_and_second_gradients(function):
    assert gradcheck(function.apply, [double(3, 2)])
    assert gradgradcheck(function.apply, [double(3, 2)])


def test_several_results_and_arguments_that_are_no_tensors():
    a, b = double(3), double(3)
    s, p = SumAndProduct.apply(a, b, 2.0)
    assert repr(s.grad_fn) == "<SumAndProductBackward>"
    (s * 10 + p).sum().backward()
    assert mg.allclose(a.grad, 10 + 2 * b) if hasattr(mg, "allclose") else True
    assert gradcheck(lambda a, b: SumAndProduct.apply(a, b, 2.0), [double(3), double(3)])
    assert gradgradcheck(lambda a, b: SumAndProduct.apply(a, b, 2.0), [double(3), double(3)])


@pytest.mark.parametrize("which", [0, 1, slice(0, 2)])
def test_gradients_of_gradients_go_through_several_saved_results(which):
    assert gradgradcheck(lambda a, b: SavesItsOutputs.apply(a, b)[which], [double(3), double(3)])


def test_a_walk_that_breaks_off_leaves_nothing_behind():
    a, b = double(3), double(3)
    product, root = SavesItsOutputs.apply(a * 1, b)
    handle = product.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):      # when root's gradient has come back already
        (product + root).sum().backward()
    handle.remove()
    product.sum().backward()
    assert mg.equal(a.grad, b) and mg.equal(b.grad, a)


def test_any_number_of_tensors_can_be_saved_and_is_checked():
    class SavesMany(Function):
        @staticmethod
        def forward(ctx, *xs):
            ctx.save_for_backward(*xs)
            return xs[0] * len(xs)

        @staticmethod
        def backward(ctx, dy):
            return dy * len(ctx.saved_tensors), *[None] * (len(ctx.saved_tensors) - 1)

    xs = [double(2) * 1 for _ in range(40)]
    (g,) = grad(SavesMany.apply(*xs).sum(), xs[0])
    assert g.tolist() == [40, 40]
    y = SavesMany.apply(*xs)
    xs[30].add_(1)
    with pytest.raises(RuntimeError, match="SavesManyBackward needs a tensor"):
        y.sum().backward()


def test_results_without_a_gradient():
    class Rank(Function):
        @staticmethod
        def forward(ctx, x, several):
            order = x.argsort()
            plain = x.round()
            ctx.mark_non_differentiable(plain)
            return (x * 2, order, plain) if several else plain

        @staticmethod
        def backward(ctx, dy, *_):
            return dy * 2, None

    x = double(3)
    doubled, order, plain = Rank.apply(x, True)
    assert doubled.requires_grad and not order.requires_grad and not plain.requires_grad
    assert not Rank.apply(x, False).requires_grad
    with pytest.raises(TypeError, match=r"Wrong\.forward: expected a tensor, got int"):
        type("Wrong", (Function,), {"forward": staticmethod(lambda ctx, x: 3)}).apply(x)


def test_a_result_that_is_not_used_gets_zeros_or_none():
    seen = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x, zeros):
            ctx.set_materialize_grads(zeros)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, d1, d2):
            seen.append(None if d2 is None else d2.tolist())
            return d1, None

    for zeros in (True, False):
        x = mg.ones(2, requires_grad=True)
        Two.apply(x, zeros)[0].sum().backward()
    assert seen == [[0, 0], None]


def test_setup_context_style_and_needs_input_grad():
    needs = []

    class Scale(Function):
        @staticmethod
        def forward(x, k):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx, dy):
            needs.append(ctx.needs_input_grad)
            return dy * ctx.k, None

    x = mg.ones(2, requires_grad=True)
    Scale.apply(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3, 3] and needs == [(True, False)]


def test_an_argument_handed_through_is_a_new_tensor():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, dy):
            return dy * 2

    x = mg.ones(2, requires_grad=True)
    y = Same.apply(x)
    assert y is not x and x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_a_wrong_number_of_gradients_is_named():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, dy):
            return dy

    with pytest.raises(RuntimeError, match="WrongBackward: backward gave 1 gradients for 2 arguments"):
        Wrong.apply(double(2), double(2)).sum().backward()


def test_a_saved_tensor_changed_in_place_is_found():
    x = double(2)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="CubeBackward needs a tensor"):
        z.sum().backward()


def test_once_differentiable_stops_there():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, dy):
            return 2 * ctx.saved_tensors[0] * dy

    x = double(1)
    (g,) = grad(Square.apply(x).sum(), x, create_graph=True)
    assert not g.requires_grad


def test_no_cycle_keeps_a_result_alive():
    gc.collect()
    gc.disable()
    try:
        y = SavesItsOutput.apply(double(3))
        watch = weakref.ref(y)
        del y
        assert watch() is None
    finally:
        gc.enable()
