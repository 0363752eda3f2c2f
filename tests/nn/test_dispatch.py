"""Sequential's way through its layers; test_container.py has what it gives, fused or not."""

from collections import OrderedDict

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.autograd.engine import _watch


@pytest.mark.parametrize("layer, x, message", [
    (nn.Linear(3, 4), mg.ones(2, 5), r"Linear\(3, 4\): expected input \(\.\.\., 3\), got \(2, 5\)"),
    (nn.BatchNorm1d(3), mg.ones(1, 3), r"BatchNorm1d\(3\): a training batch of shape \(1, 3\) has one value"),
    (nn.BatchNorm1d(3), mg.ones(2, 4), r"BatchNorm1d\(3\): expected input .*, got \(2, 4\)"),
    (nn.BatchNorm1d(3), mg.ones(2, 3, 4, 5), r"BatchNorm1d\(3\): expected input .*, got \(2, 3, 4, 5\)"),
])  # fmt: skip
@pytest.mark.parametrize("relu", [False, True])
def test_errors_are_the_layers_own(layer, x, message, relu):
    net = nn.Sequential(layer, *[nn.ReLU()] * relu)
    before = {name: value.tolist() for name, value in layer.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        net(x)
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == before


def test_what_is_no_tensor_is_given_to_the_layer_as_it_is():
    class First(nn.Module):
        def forward(self, pair):
            return pair[0]

    assert nn.Sequential(First(), nn.ReLU())((mg.tensor([-1.0, 2.0]), None)).tolist() == [0.0, 2.0]
    assert nn.Sequential()("anything") == "anything"
    with pytest.raises(TypeError, match="Tensor"):
        nn.Sequential(nn.Linear(2, 2), nn.ReLU())([[1.0, 2.0]])


def test_a_layer_may_change_the_sequence_it_is_in():
    class Grows(nn.Module):
        def forward(self, x):
            net.append(nn.Identity())
            return x

    net = nn.Sequential(Grows(), nn.ReLU())
    assert net(mg.tensor([-1.0])).tolist() == [0.0] and len(net) == 3


@pytest.mark.parametrize("training", [True, False])
def test_running_statistics_of_any_memory_are_used_and_moved(training):
    x = mg.randn(5, 3)
    plain, odd = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    odd.running_mean = mg.zeros(3, 2, dtype=mg.float64)[:, 0]
    odd.running_var = mg.ones(6, dtype=mg.float64)[::2]
    for layer in (plain, odd):
        layer.train(training)
    for _ in range(2):
        assert nn.Sequential(odd, nn.ReLU())(x).tolist() == nn.Sequential(plain, nn.ReLU())(x).tolist()
    for name in ("running_mean", "running_var"):
        assert getattr(odd, name).float().tolist() == pytest.approx(getattr(plain, name).tolist(), rel=1e-6)
        assert (getattr(odd, name)[0].item() == (name == "running_var")) != training


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_modules_are_called_in_their_order(kind):
    net = nn.Sequential(nn.ReLU(), nn.Identity(), nn.Linear(1, 1))
    net._modules = kind(reversed(net._modules.items()))
    assert (net(mg.tensor([-1.0])) >= 0).all()


def test_a_forward_put_into_a_class_is_used(monkeypatch):
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.LayerNorm(2), nn.ReLU())
    for kind in (nn.Linear, nn.ReLU, nn.LayerNorm, nn.BatchNorm1d):
        with monkeypatch.context() as patch:
            patch.setattr(kind, "forward", lambda self, x: x + 100)
            y = net(mg.ones(1, 2))
        assert (y.max() >= 100) == (kind is nn.ReLU or kind is nn.LayerNorm)
        assert (net(mg.ones(1, 2)) < 100).all()


@pytest.mark.parametrize("layer", [nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LayerNorm(2), nn.ReLU()])
def test_a_layer_called_alone_is_watched_hooked_and_patched_as_any_module(layer, monkeypatch):
    x, seen = mg.randn(3, 2, requires_grad=True), []
    expected = layer(x).tolist()
    before = _watch(lambda op, y: seen.append(y))
    try:
        y = layer(x)
    finally:
        _watch(before)
    assert seen.pop() is y and not seen and y.tolist() == expected
    assert layer(input=x).tolist() == expected
    handle = layer.register_forward_hook(lambda module, args, y: seen.append(args[0]) or y + 100)
    assert layer(x).min() > 50 and seen[0] is x
    handle.remove()
    with monkeypatch.context() as patch:
        patch.setattr(type(layer), "forward", lambda self, x: x + 100)
        assert layer(x).min() > 50
    with monkeypatch.context() as patch:
        patch.setitem(layer.__dict__, "forward", lambda x: x + 100)
        assert layer(x).min() > 50
    assert layer(x).tolist() == expected
    with pytest.raises((TypeError, AttributeError)):
        layer([[1.0, 2.0]])
    with pytest.raises(TypeError):
        layer(x, x)
    with pytest.raises(TypeError):
        layer()


def test_relu_called_alone_writes_over_its_input_where_it_is_to():
    x = mg.tensor([-1.0, 2.0])
    assert nn.ReLU()(x).tolist() == [0.0, 2.0] and x.tolist() == [-1.0, 2.0]
    assert nn.ReLU(inplace=True)(x) is x and x.tolist() == [0.0, 2.0]


def test_a_forward_put_into_a_class_while_the_others_run_is_used(monkeypatch):
    class Patches(nn.Module):
        def forward(self, x):
            monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: x + 100)
            return x

    assert nn.Sequential(Patches(), nn.Linear(2, 2), nn.ReLU())(mg.zeros(1, 2)).min() > 90


@pytest.mark.parametrize("x", [mg.float32, mg.float64, mg.float16])
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_and_relu_are_one_operation_with_the_same_result(x, affine):
    x = mg.randn(3, 5, 37).to(x)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    layer = nn.LayerNorm(37, elementwise_affine=affine).to(x.dtype)
    for p in layer.parameters():
        nn.init.uniform_(p, -1, 1)
    y, z = nn.Sequential(layer, nn.ReLU())(ours), layer(theirs).relu()
    assert y.tolist() == z.tolist()
    grads = []
    for root, leaf in ((y, ours), (z, theirs)):
        layer.zero_grad()
        (root * mg.arange(37).to(x.dtype)).sum().backward()
        grads.append([leaf.grad, *(p.grad for p in layer.parameters())])
    for mine, other in zip(*grads, strict=True):
        assert mine.tolist() == other.tolist()
    if x.dtype != mg.float16:
        assert type(y.grad_fn).__name__ == "LayerNorm"
        again = [mg.autograd.grad(f(leaf).square().sum(), leaf, create_graph=True)[0].square().sum()
                 for f, leaf in ((nn.Sequential(layer, nn.ReLU()), ours), (lambda v: layer(v).relu(), theirs))]
        twice = [mg.autograd.grad(root, leaf)[0] for root, leaf in zip(again, (ours, theirs), strict=True)]
        assert mg.allclose(*twice, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [nn.Linear(3, 3), nn.BatchNorm1d(3), nn.LayerNorm(3)])
def test_a_layer_and_relu_are_one_operation(layer):
    y = nn.Sequential(layer, nn.ReLU())(mg.randn(4, 3, requires_grad=True))
    assert type(y.grad_fn).__name__ == type(layer).__name__.removesuffix("1d")


@pytest.mark.parametrize("layer", [nn.Linear(3, 3), nn.BatchNorm1d(3), nn.LayerNorm(3)])
def test_tables_may_be_other_dicts_but_nothing_else(layer):
    net, x = nn.Sequential(layer, nn.ReLU()), mg.randn(4, 3)
    expected = net(x).tolist()
    layer._parameters = OrderedDict(layer._parameters)
    assert net(x).tolist() == expected and layer.weight is layer._parameters["weight"]
    layer._parameters = [1, 2]
    for use in (lambda: net(x), lambda: layer.weight):
        with pytest.raises((SystemError, TypeError)):
            use()


class Tells(nn.Module):
    """What its forward was given."""

    def forward(self, *args, **kwargs):
        return ("class", self, args, kwargs)


@pytest.mark.parametrize("count", [0, 1, 2, 6, 7, 8, 20])
def test_a_call_hands_on_all_arguments(count):
    module = Tells()
    assert module(*range(count)) == ("class", module, tuple(range(count)), {})
    assert module(*range(count), key=1, other=None) == ("class", module, tuple(range(count)), {"key": 1, "other": None})


def test_a_call_finds_forward_as_python_would():
    module = Tells()
    module.forward = lambda *args: ("instance", args)
    assert module(1) == ("instance", (1,))
    del module.forward
    assert module(1)[0] == "class"

    class Static(nn.Module):
        forward = staticmethod(lambda *args: ("static", args))

    class Callable(nn.Module):
        forward = Tells()       # an object that is called, and no method

    class Intercepts(Tells):
        def __getattribute__(self, name):
            return (lambda *args: ("intercepted", args)) if name == "forward" else super().__getattribute__(name)

    class HasNone(nn.Module):
        pass

    assert Static()(1, 2) == ("static", (1, 2))
    assert Callable()(1)[0] == "class"
    assert Intercepts()(3) == ("intercepted", (3,))
    with pytest.raises(NotImplementedError, match="forward"):
        HasNone()(1)


def test_a_call_is_a_call_of_python():
    class Deep(nn.Module):
        def forward(self, x):
            return self(x)

    with pytest.raises(RecursionError):
        Deep()(1)
    with pytest.raises(TypeError, match=r"forward\(\) missing 1 required positional argument: 'x'"):
        Deep()()
