"""The engine: the walk, its rules, its freedom from recursion and from cycles."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import autograd
from minigrad import kernels as memory
from minigrad.nn import functional as F


def scalar(value=1.0):
    return mg.tensor(value, requires_grad=True, dtype=mg.float64)


# ---- gradients arrive where and when they should ---------------------------------------


def test_the_example_of_the_first_page():
    x = mg.tensor(3.0, requires_grad=True)
    y = x * x
    z = y + x
    z.backward()
    assert x.grad.item() == 7


def test_a_leaf_accumulates_until_it_is_cleared():
    x = scalar(2.0)
    (x * x).backward()
    (x * x).backward()
    assert x.grad.item() == 8
    x.grad = None
    (x * x).backward()
    assert x.grad.item() == 4


def test_an_op_waits_for_all_uses_of_its_result():
    x = scalar(2.0)
    y = x * x
    long_way = y
    for _ in range(5):
        long_way = long_way + 1
    (long_way * y).backward()
    # (y + 5) y = y^2 + 5 y, y = x^2: (2 y + 5) 2 x
    assert x.grad.item() == (2 * 4 + 5) * 2 * 2


def test_gradients_of_gradients():
    x = scalar(3.0)
    (first,) = autograd.grad(x**4, x, create_graph=True)
    (second,) = autograd.grad(first, x, create_graph=True)
    (third,) = autograd.grad(second, x)
    assert (first.item(), second.item(), third.item()) == (108, 108, 72)


def test_backward_through_several_results_at_once():
    x = scalar(3.0)
    autograd.backward([x * 2, x * x], [mg.tensor(1.0), mg.tensor(10.0)])
    assert x.grad.item() == 2 + 60


def test_backward_can_be_limited_to_some_inputs():
    x, y = scalar(2.0), scalar(5.0)
    (x * y).backward(inputs=[x])
    assert x.grad.item() == 5
    assert y.grad is None


def test_grad_gives_gradients_and_touches_none():
    x, y = scalar(2.0), scalar(5.0)
    dx, dy = autograd.grad(x * y, (x, y))
    assert (dx.item(), dy.item()) == (5, 2)
    assert x.grad is None and y.grad is None


def test_grad_of_something_in_the_middle():
    x = scalar(2.0)
    y = x * 3
    (dy,) = autograd.grad(y * y, y)
    assert dy.item() == 12


def test_grad_names_an_input_that_was_not_used():
    x, y = scalar(), scalar()
    with pytest.raises(RuntimeError, match=r"input 1 .* was not used .*allow_unused=True"):
        autograd.grad(x * 2, (x, y))
    x2 = x * 2
    assert autograd.grad(x2, (x, y), allow_unused=True)[1] is None
    assert autograd.grad(x * 2, (x, y), materialize_grads=True)[1].item() == 0


def test_two_threads_may_each_differentiate():
    results = {}

    def work(k):
        x = scalar(float(k))
        y = x
        for _ in range(200):
            y = y + x * 0.5
        y.backward()
        results[k] = x.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results.values()) == {101.0}


def test_a_thread_that_wants_some_gradients_takes_none_from_another():
    x, w, p = (mg.ones(3, requires_grad=True) for _ in range(3))
    waiting, passed = threading.Event(), threading.Event()

    def wait(gradient):
        waiting.set()
        assert passed.wait(10)

    def everything():       # begins, waits in its middle for the other, goes on while that one is in its own
        y = x * w
        y.register_hook(wait)
        y.sum().backward()

    def some():
        assert waiting.wait(10)
        y = p * 2

        def let_the_other_go_on(gradient):
            passed.set()
            thread.join()

        y.register_hook(let_the_other_go_on)
        mg.autograd.grad(y.sum(), p)

    thread = threading.Thread(target=everything)
    thread.start()
    some()
    assert x.grad.tolist() == w.grad.tolist() == [1, 1, 1]


def test_a_stolen_gradient_is_not_shared():
    """Add hands one gradient to both operands; each must end with memory of its own."""
    a = mg.ones(3, requires_grad=True)
    b = mg.ones(3, requires_grad=True)
    seed = mg.ones(3)
    (a + b).backward(seed)
    a.grad.add_(5)
    assert b.grad.tolist() == [1, 1, 1]
    assert seed.tolist() == [1, 1, 1]


def test_gradients_keep_the_leafs_dtype():
    x = mg.ones(2, requires_grad=True)
    y = mg.ones(2, dtype=mg.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype == mg.float32 and y.grad.dtype == mg.float64


# ---- what is refused --------------------------------------------------------------------


def test_backward_twice_is_refused_with_the_way_to_do_it():
    y = scalar() * scalar()
    y.backward()
    with pytest.raises(RuntimeError, match="MulBackward0 was already gone through.*retain_graph=True"):
        y.backward()


def test_backward_twice_with_retain_graph():
    x = scalar(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12


def test_backward_of_many_numbers_needs_a_gradient():
    x = mg.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"float32 \(3,\).*y.sum\(\).backward\(\)"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"shape \(3,\), got float32 \(2,\)"):
        (x * 2).backward(mg.ones(2))


def test_backward_without_a_graph_is_refused():
    with pytest.raises(RuntimeError, match="does not require grad"):
        mg.ones(1).backward()


def test_a_saved_tensor_changed_in_place_is_named():
    x = mg.ones(2, 3, requires_grad=True)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"MulBackward0 needs a tensor \(float32 \(2, 3\)\) that was changed"):
        z.sum().backward()


def test_a_leaf_changed_in_place_while_recording_is_refused():
    x = mg.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf .*no_grad"):
        x += 1
    with pytest.raises(RuntimeError, match="leaf .*no_grad"):
        x[0] = 1
    with pytest.raises(RuntimeError, match="leaf .*no_grad"):
        x[0].add_(1)
    with mg.no_grad():
        x += 1
    assert x.tolist() == [2, 2, 2]


def test_integers_have_no_gradient():
    with pytest.raises(RuntimeError, match=r"int64 \(2,\).*x.float\(\)"):
        mg.tensor([1, 2], requires_grad=True)


# ---- views ---------------------------------------------------------------------------------


def test_a_change_of_a_view_reaches_its_base_and_its_other_views():
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    base = x * 1
    row, column = base[0], base[:, 1]
    row.mul_(10)
    (column * column).sum().backward()
    assert x.grad.tolist() == [[0, 2 * 20 * 10], [0, 8]]


def test_a_change_of_the_base_reaches_its_views():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    base = x * 1
    view = base.view(2, 1)
    base.mul_(3)
    view.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_view_makes_its_base_require_grad():
    w = mg.tensor(5.0, requires_grad=True)
    z = mg.zeros(3)
    z[1:].add_(w)
    assert z.requires_grad
    (z * z).sum().backward()
    assert w.grad.item() == 20


# ---- recording or not --------------------------------------------------------------------------


def test_no_grad_is_a_context_and_a_decorator():
    x = scalar()

    @mg.no_grad()
    def double(t):
        return t * 2

    with mg.no_grad():
        assert not (x * 2).requires_grad
        with mg.enable_grad():
            assert (x * 2).requires_grad
    assert not double(x).requires_grad
    assert (x * 2).requires_grad
    mg.set_grad_enabled(False)
    assert not mg.is_grad_enabled()
    mg.set_grad_enabled(True)
    with mg.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert mg.is_grad_enabled()


@pytest.mark.parametrize("switch, on", [
    (mg.no_grad, False), (mg.no_grad(), False), (mg.enable_grad, True), (mg.enable_grad(), True),
    (mg.inference_mode, False), (mg.inference_mode(), False), (mg.inference_mode(False), True),
])
def test_every_switch_decorates_with_and_without_brackets(switch, on):
    @switch
    def doubled(t):
        "Twice."
        return t * 2

    @switch
    def steps(t):
        got = yield t * 2
        yield got * 3
        return "done"

    x = scalar()
    for outside in (True, False):
        with mg.enable_grad() if outside else mg.no_grad():
            assert doubled(x).requires_grad == on and doubled.__doc__ == "Twice."
            walk = steps(x)
            assert next(walk).requires_grad == on and mg.is_grad_enabled() == outside
            assert walk.send(x).requires_grad == on and mg.is_grad_enabled() == outside
            with pytest.raises(StopIteration, match="done"):
                next(walk)


def test_set_grad_enabled_decorates_and_switches_nothing_outside():
    @mg.set_grad_enabled(False)
    def doubled(t):
        return t * 2

    x = scalar()
    assert mg.is_grad_enabled() and not doubled(x).requires_grad and mg.is_grad_enabled()
    with mg.inference_mode():
        assert not (x * 2).requires_grad
        with mg.inference_mode(False):
            assert (x * 2).requires_grad


def test_each_thread_records_for_itself():
    seen = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_recording_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), mg.no_grad():
        raise ZeroDivisionError
    assert mg.is_grad_enabled()


def test_detach_cuts():
    x = scalar(2.0)
    (x * x.detach()).backward()
    assert x.grad.item() == 2


# ---- hooks --------------------------------------------------------------------------------------


def test_a_hook_sees_a_leafs_whole_gradient_once():
    x = scalar(2.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * x + x).backward()
    assert seen == [5]


def test_a_hook_may_replace_a_gradient_and_be_removed():
    x = scalar(2.0)
    y = x * 3
    handle = y.register_hook(lambda g: g * 10)
    (y * 1).backward()
    assert x.grad.item() == 30
    handle.remove()
    handle.remove()
    (x * 3).backward()
    assert x.grad.item() == 33


def test_removing_one_of_two_equal_hooks_twice_leaves_the_other():
    x = scalar()
    seen = []

    def hook(gradient):
        seen.append(1)

    first = x.register_hook(hook)
    x.register_hook(hook)
    first.remove()
    first.remove()
    (x * 2).backward()
    assert seen == [1]


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = scalar(2.0)
    y = x * 3
    y.retain_grad()
    (y * y).backward()
    assert y.grad.item() == 12


def test_a_hook_that_returns_nonsense_is_named():
    x = scalar()
    x.register_hook(lambda g: "nonsense")
    with pytest.raises(RuntimeError, match="hook: expected None or a gradient of float64 .*got str"):
        (x * 2).backward()


# ---- a million deep -----------------------------------------------------------------------------


def chain(n, step, backward):
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(n):
        y = step(y, x)
    if backward:
        y.backward()
        assert x.grad is not None
    del y


@pytest.mark.parametrize("backward", [True, False], ids=["walked", "only freed"])
@pytest.mark.parametrize("step", [lambda y, x: y + 1.0, lambda y, x: y * x], ids=["adds", "muls"])
def test_a_million_ops(step, backward):
    chain(1_000_000, step, backward)


@pytest.mark.parametrize("backward", [True, False], ids=["walked", "only freed"])
@pytest.mark.parametrize("step", [lambda y, x: y + 1.0, lambda y, x: y * x], ids=["adds", "muls"])
def test_a_million_ops_on_a_small_stack(step, backward):
    before = threading.stack_size(256 * 1024)
    errors = []

    def work():
        try:
            chain(1_000_000, step, backward)
        except BaseException as error:
            errors.append(error)

    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert not errors


# ---- no cycles, nothing kept --------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [mg.exp, mg.relu, mg.tanh, lambda x: x.softmax(0), lambda x: x.amax(), lambda x: x.sqrt().sum(), lambda x: x[0]],
)
def test_a_graph_is_freed_by_counting_alone(function):
    gc.collect()
    gc.disable()
    try:
        x = mg.ones(3, requires_grad=True)
        y = function(x)
        watch = weakref.ref(y)
        y.sum().backward()
        del y
        assert watch() is None
    finally:
        gc.enable()


def test_backward_frees_activations_as_it_goes():
    x = mg.ones(1000, requires_grad=True)
    y = x
    for _ in range(100):
        y = y.exp().log()
    total = y.sum()
    del y
    live = mg.kernels.memory_stats()["live"]
    total.backward()
    assert mg.kernels.memory_stats()["live"] < live - 100 * 4000


def test_a_tensor_costs_its_elements_and_little_more():
    before = mg.kernels.memory_stats()["live"]
    kept = [mg.zeros(1000) for _ in range(100)]
    assert mg.kernels.memory_stats()["live"] - before < 100 * 4000 * 1.1
    assert sys.getsizeof(kept[0]) < 400


def test_an_error_in_a_walk_leaves_the_engine_usable():
    x = scalar(2.0)
    y = x * x
    y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (y + 1).backward()
    assert mg.is_grad_enabled()
    (x * x).backward()
    assert x.grad.item() == 4


def test_ops_print_their_names_and_show_their_edges():
    x = scalar()
    y = (x * 2) ** 2
    assert repr(y.grad_fn) == "<PowBackward0>"
    assert repr(y.grad_fn.next_functions[0][0]) == "<MulBackward0>"
    assert y.grad_fn.next_functions[0][0].next_functions[0][0] is x


class TestWhereGradientsLie:
    """A leaf takes what backward made, without a copy, unless somebody else has it too."""

    def backward_of(self, *leaves, keep=None):
        made = []

        class Both(mg.autograd.engine.Op):
            def forward(self, *inputs):
                return mg.zeros(3, dtype=mg.float64)

            def backward(self, dy):
                gradients = tuple(dy * (i + 2.0) for i in range(len(leaves)))
                made.extend(g.data_ptr() for g in gradients)
                if keep is not None:
                    keep.extend(gradients)
                return gradients if len(gradients) > 1 else gradients[0]

        op = Both()
        op.record_all(op.forward(*leaves), leaves).backward(mg.ones(3, dtype=mg.float64))
        return made

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_taken_as_they_are(self, count):
        leaves = [mg.zeros(3, dtype=mg.float64, requires_grad=True) for _ in range(count)]
        made = self.backward_of(*leaves)
        assert [leaf.grad.data_ptr() for leaf in leaves] == made

    @pytest.mark.parametrize("count", [1, 2])
    def test_copied_where_somebody_keeps_them(self, count):
        leaves = [mg.zeros(3, dtype=mg.float64, requires_grad=True) for _ in range(count)]
        kept = []
        self.backward_of(*leaves, keep=kept)
        for leaf, gradient in zip(leaves, kept, strict=True):
            leaf.grad.zero_()
            assert gradient.tolist() != [0.0] * 3

    def test_copied_where_the_caller_gave_them(self):
        x = mg.zeros(3, requires_grad=True)
        given = mg.ones(3)
        x.backward(given)
        (x + 0).backward(given)
        x.view(3).backward(given)
        x.clone().backward(given)
        x.grad.zero_()
        assert given.tolist() == [1.0] * 3

    def test_two_leaves_of_one_gradient(self):
        a, b = mg.zeros(3, requires_grad=True), mg.zeros(3, requires_grad=True)
        (a + b).sum().backward()
        a.grad.zero_()
        assert b.grad.tolist() == [1.0] * 3

    def test_a_layers_gradient_is_the_only_memory_its_backward_keeps(self):
        layer, x = mg.nn.Linear(300, 200), mg.zeros(4, 300)
        y = layer(x).sum()
        memory.reset_peak_memory()
        before = memory.memory_stats()["live"]
        y.backward()
        assert memory.memory_stats()["peak"] - before < 1.5 * 4 * 300 * 200


class TestProductsAddedInPlace:
    """Linear's gradients are added to what is there by the product itself, wherever that changes nothing else."""

    x = np.linspace(-1.0, 1.0, 5 * 700, dtype=np.float32).reshape(5, 700)
    w = np.linspace(1.0, -1.0, 3 * 700, dtype=np.float32).reshape(3, 700) ** 3

    def leaves(self):
        return mg.tensor(self.x, requires_grad=True), mg.tensor(self.w, requires_grad=True)

    def once(self):
        x, w = self.leaves()
        F.linear(x, w).square().sum().backward()
        return x.grad.numpy(), w.grad.numpy()

    def test_the_second_backward_doubles(self):
        x, w = self.leaves()
        dx, dw = self.once()
        for _ in range(2):
            F.linear(x, w).square().sum().backward()
        assert x.grad.numpy().tobytes() == (dx + dx).tobytes()
        assert w.grad.numpy().tobytes() == (dw + dw).tobytes()

    def test_without_memory_of_its_own(self):
        layer, x = mg.nn.Linear(300, 200, bias=False), mg.zeros(4, 300)
        layer(x).sum().backward()
        grad = layer.weight.grad
        y = layer(x).sum()
        memory.reset_peak_memory()
        before = memory.memory_stats()["live"]
        y.backward()
        assert memory.memory_stats()["peak"] - before < 0.1 * 4 * 300 * 200
        assert layer.weight.grad is grad

    def test_the_change_is_counted(self):
        x, w = self.leaves()
        F.linear(x, w).sum().backward()
        square = (mg.ones(3, 700, requires_grad=True) * w.grad).sum()       # saves w.grad
        F.linear(x, w).sum().backward()
        with pytest.raises(RuntimeError, match="changed in place"):
            square.backward()

    def test_rows_of_a_longer_shape(self):
        x, w = self.leaves()
        F.linear(x.reshape(5, 1, 700), w).square().sum().backward()
        F.linear(x.reshape(1, 5, 700), w).square().sum().backward()
        dx, dw = self.once()
        np.testing.assert_allclose(x.grad.numpy(), 2 * dx, rtol=1e-5)
        np.testing.assert_allclose(w.grad.numpy(), 2 * dw, rtol=1e-5, atol=1e-5)

    def test_into_a_result_used_twice(self):
        """y + linear(y): what arrives at y by the sum is dy itself, which is not to be written over."""
        w = mg.tensor(np.eye(4, dtype=np.float32) * 3, requires_grad=True)
        x = mg.ones(2, 4, requires_grad=True)
        seed = mg.ones(2, 4)
        y = x * 2
        z = y + F.linear(y, w) + F.linear(y, w)
        z.backward(seed)
        assert x.grad.tolist() == [[14.0] * 4] * 2
        assert w.grad.tolist() == [[8.0] * 4] * 4
        assert seed.tolist() == [[1.0] * 4] * 2

    def test_input_and_weight_are_one(self):
        x = mg.tensor(np.arange(9, dtype=np.float32).reshape(3, 3), requires_grad=True)
        expected = 3.0 * (np.ones((3, 3)) @ x.detach().numpy() * 2)
        for _ in range(3):
            F.linear(x, x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), expected)

    def test_a_gradient_that_is_read_at_the_same_time(self):
        """The gradient's memory is the input's, or that of dy."""
        w = mg.tensor(np.full((2, 2), 2.0, np.float32), requires_grad=True)
        w.grad = mg.ones(2, 2)
        F.linear(w.grad, w).sum().backward()
        assert w.grad.tolist() == [[3.0] * 2] * 2
        w.grad = mg.ones(2, 2)
        F.linear(mg.ones(2, 2), w).backward(w.grad)
        assert w.grad.tolist() == [[3.0] * 2] * 2

    def test_hooks_see_the_new_gradient_alone(self):
        x, w = self.leaves()
        seen = []
        F.linear(x, w).square().sum().backward()
        w.register_hook(lambda gradient: seen.append(gradient.numpy()))
        F.linear(x, w).square().sum().backward()
        assert seen[0].tobytes() == self.once()[1].tobytes()
        np.testing.assert_allclose(w.grad.numpy(), 2 * seen[0])

    def test_whoever_watches_sees_the_new_gradient_alone(self):
        x, w = self.leaves()
        with mg.autograd.detect_anomaly():
            for _ in range(2):
                F.linear(x, w).square().sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), 2 * self.once()[1])

    def test_gradients_asked_for_leave_grad_alone(self):
        x, w = self.leaves()
        w.grad = mg.ones(3, 700)
        dw, = mg.autograd.grad(F.linear(x, w).square().sum(), w)
        assert dw.numpy().tobytes() == self.once()[1].tobytes()
        assert (w.grad == 1).all()

    def test_of_a_graph_that_is_kept(self):
        x, w = self.leaves()
        for _ in range(2):
            F.linear(x, w).square().sum().backward(create_graph=True)
        assert w.grad.requires_grad
        np.testing.assert_array_equal(w.grad.detach().numpy(), 2 * self.once()[1])

    def test_another_kind_or_a_view_or_readonly(self):
        for grad in (mg.ones(700, 3).t(), mg.from_numpy(np.broadcast_to(np.float32(1), (3, 700)))):
            x, w = self.leaves()
            w.grad = grad
            F.linear(x, w).square().sum().backward()
            np.testing.assert_array_equal(w.grad.numpy(), self.once()[1] + 1)
            assert (grad == 1).all()
