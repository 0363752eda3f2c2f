"""Containers of modules and parameters."""

import copy
from collections import OrderedDict

import pytest

import minigrad as mg
from minigrad import nn


def names(module):
    return list(module._modules)


# ---- Sequential ------------------------------------------------------------------------------


def test_sequential_runs_its_layers_in_order():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU())
    x = mg.ones(2, 2, 2)
    assert net(x).tolist() == net[1](x.reshape(2, 4)).relu().tolist()
    assert nn.Sequential()(x) is x


def test_sequential_takes_names():
    net = nn.Sequential(OrderedDict(a=nn.Linear(1, 2), b=nn.ReLU()))
    assert net.b is net[1]
    assert [n for n, _ in net.named_parameters()] == ["a.weight", "a.bias"]
    assert names(net[:1]) == ["a"]


def test_sequential_is_indexed_sliced_and_iterated():
    a, b, c = layers = nn.Linear(1, 1), nn.ReLU(), nn.Tanh()
    net = nn.Sequential(*layers)
    assert len(net) == 3
    assert list(net) == list(layers)
    assert net[0] is a
    assert net[-1] is c
    part = net[1:]
    assert isinstance(part, nn.Sequential)
    assert list(part) == [b, c]
    with pytest.raises(IndexError, match=r"index 3 is out of range, it holds 3"):
        net[3]


def test_sequential_is_changed():
    net = nn.Sequential(nn.ReLU())
    assert net.append(nn.Tanh()) is net
    net.extend([nn.Sigmoid(), nn.Identity()])
    net.insert(0, nn.Flatten())
    net.insert(-1, nn.Linear(1, 1))
    assert [type(m).__name__ for m in net] == ["Flatten", "ReLU", "Tanh", "Sigmoid", "Linear", "Identity"]
    assert names(net) == list("012345")
    net[1] = nn.Linear(2, 2)
    del net[0]
    del net[-2:]
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "Sigmoid"]
    assert isinstance(net.pop(1), nn.Tanh)
    assert names(net) == ["0", "1"]


def test_names_that_were_given_stay():
    net = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh(), c=nn.Sigmoid()))
    del net[0]
    net.append(nn.ReLU())
    net.insert(1, nn.Identity())
    assert names(net) == ["b", "3", "c", "2"]


def test_sequentials_add_and_multiply():
    a, b = nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh())
    assert [type(m).__name__ for m in a + b] == ["ReLU", "Tanh"]
    assert len(a) == 1
    a += b
    assert len(a) == 2
    assert len(a * 2) == len(2 * a) == 4
    a *= 3
    assert len(a) == 6
    with pytest.raises(ValueError, match=">= 1"):
        a * 0
    with pytest.raises(TypeError):
        a + 3


def test_sequential_refuses_what_is_no_module():
    with pytest.raises(TypeError, match="Module"):
        nn.Sequential(3)
    with pytest.raises(TypeError, match=r"call it to make one"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match="append"):
        nn.Sequential().extend(nn.Linear(1, 1))


# ---- ModuleList, ModuleDict --------------------------------------------------------------------


def test_module_list_registers_its_modules():
    net = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
    assert len(list(net.parameters())) == 6
    assert isinstance(net[1:], nn.ModuleList)
    assert len(net[1:]) == 2
    net += [nn.ReLU()]
    assert len(net + nn.ModuleList([nn.Tanh()])) == 5
    net[0] = nn.Identity()
    assert isinstance(net.pop(0), nn.Identity)
    assert names(net) == ["0", "1", "2"]
    with pytest.raises(NotImplementedError, match="forward"):
        net(mg.ones(1))


def test_module_list_prints_equal_neighbours_in_one_line():
    net = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Sequential(nn.Tanh()), nn.ReLU()])
    assert repr(net) == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Sequential(\n    (0): Tanh()\n  )\n  (3): ReLU()\n)"
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_module_dict_is_a_dictionary():
    net = nn.ModuleDict({"a": nn.Linear(1, 1)})
    net["b"] = nn.ReLU()
    net.update([("c", nn.Tanh())])
    assert list(net) == list(net.keys()) == ["a", "b", "c"]
    assert "b" in net
    assert len(net) == 3
    assert [n for n, _ in net.items()] == ["a", "b", "c"]
    assert isinstance(net.pop("c"), nn.Tanh)
    del net["b"]
    assert list(net.values()) == [net["a"]]
    net.clear()
    assert len(net) == 0
    with pytest.raises(ValueError, match="pairs"):
        net.update([("a",)])
    with pytest.raises(KeyError, match="exists"):
        net["forward"] = nn.ReLU()


# ---- ParameterList, ParameterDict ----------------------------------------------------------------


def test_parameter_list_makes_parameters():
    ps = nn.ParameterList([mg.ones(2), nn.Parameter(mg.zeros(1))])
    assert all(isinstance(p, nn.Parameter) for p in ps)
    ps.append(mg.ones(3)).extend([mg.ones(4)])
    ps += [mg.ones(5)]
    assert [p.numel() for p in ps] == [2, 1, 3, 4, 5]
    assert len(ps[1:3]) == 2
    ps[0] = mg.ones(9)
    assert ps[0].numel() == 9
    assert ps.pop().numel() == 5
    assert [n for n, _ in ps.named_parameters()] == ["0", "1", "2", "3"]
    with pytest.raises(TypeError, match="Tensors"):
        ps.append(3)
    with pytest.raises(TypeError, match="append"):
        nn.ParameterList(mg.ones(2))
    with pytest.raises(RuntimeError, match="computes nothing"):
        ps(1)


def test_parameter_dict_makes_parameters():
    ps = nn.ParameterDict({"a": mg.ones(2)})
    ps["b"] = mg.ones(3)
    ps.update({"c": mg.ones(4)})
    assert list(ps) == ["a", "b", "c"]
    assert list(reversed(ps)) == ["c", "b", "a"]
    assert all(isinstance(p, nn.Parameter) for p in ps.values())
    assert ps.get("x") is None
    assert ps.setdefault("d", mg.ones(1)) is ps["d"]
    assert list((ps | {"e": mg.ones(1)}).keys()) == ["a", "b", "c", "d", "e"]
    assert ps.popitem()[0] == "d"
    assert ps.pop("c").numel() == 4
    del ps["b"]
    assert "b" not in ps
    assert ps.copy()["a"] is ps["a"]
    ps.clear()
    assert len(ps) == 0


@pytest.mark.oracle
def test_parameter_containers_print_as_pytorchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")

    def make(m):
        p, q = m.nn.Parameter(m.zeros(2, 3)), m.nn.Parameter(m.zeros(1, dtype=m.float64))
        several = m.nn.ParameterList([p, q]), m.nn.ParameterDict({"a": p, "b": q})
        alone = m.nn.ParameterList([p]), m.nn.ParameterDict({"a": p})
        return repr((*several, *alone, m.nn.ParameterList(), m.nn.Sequential(several[0])))

    assert make(mg).replace("minigrad.", "torch.") == make(torch)


@pytest.mark.oracle
def test_containers_print_and_number_as_torchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")

    def make(m):
        net = m.nn.Sequential(m.nn.Linear(1, 2), m.nn.ReLU(), m.nn.Tanh(), m.nn.ReLU(), m.nn.Linear(2, 1))
        del net[2]
        net.insert(1, m.nn.ModuleDict({"x": m.nn.ModuleList([m.nn.Linear(1, 1), m.nn.Linear(1, 1)])}))
        return net + m.nn.Sequential(m.nn.Flatten())

    assert repr(make(mg)) == repr(make(torch))
    assert list(make(mg).state_dict()) == list(make(torch).state_dict())


def _first_and_second(model, x):
    """The output, the input's gradient, the parameters' gradients and one second gradient."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    parameters = list(model.parameters())
    grads = mg.autograd.grad((y * y).sum(), [x, *parameters], create_graph=True)
    (second,) = mg.autograd.grad((grads[0] * grads[0]).sum(), [parameters[0]])
    return [y, *grads, second]


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_and_its_relu_in_one_pass_give_what_they_give_apart(dtype, bias):
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 7, bias=bias), nn.ReLU(), nn.Linear(7, 3), nn.ReLU(inplace=True)).to(dtype)
    apart = copy.deepcopy(model)
    for module in apart:
        module.register_forward_hook(lambda *_: None)       # a hook wants to see every output
    x = mg.randn(4, 5, dtype=dtype)
    assert repr(model(x).grad_fn) == "<ReluBackward0>"
    for one, other in zip(_first_and_second(model, x), _first_and_second(apart, x), strict=True):
        assert (one == other).all()


def test_a_gradient_that_somebody_else_knows_of_is_not_written_over():
    """The layer's backward makes dy where y > 0 in dy's own memory, if that is nobody else's."""
    mg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    x = mg.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]])
    given = mg.ones(2, 4)
    net(x).backward(given)
    assert given.tolist() == [[1.0] * 4] * 2
    expected = net[0].weight.grad.clone()

    for use in (lambda y: y + 0, lambda y: y.view(8).view(2, 4), lambda y: y * 1, lambda y: y + y - y):
        net.zero_grad()
        y, seen = net(x), []
        assert (y > 0).any() and (y == 0).any()
        y.register_hook(seen.append)
        y.retain_grad()
        z = use(y)
        z.register_hook(seen.append)
        z.backward(given)
        assert all(dy.tolist() == [[1.0] * 4] * 2 for dy in [given, y.grad, *seen]) and len(seen) == 2
        assert net[0].weight.grad.tolist() == expected.tolist()

    a, b = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), net  # one gradient goes to two layers
    net.zero_grad()
    (a(x) + b(x)).backward(given)
    assert net[0].weight.grad.tolist() == expected.tolist()
    assert a[0].bias.grad.tolist() == (a(x) > 0).float().sum(0).tolist()


def test_a_relu_or_linear_that_was_changed_is_not_passed_over():
    mg.manual_seed(0)
    x = mg.randn(4, 3)

    class Twice(nn.ReLU):
        def forward(self, input):
            return 2 * super().forward(input)

    plain = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    twice = nn.Sequential(plain[0], Twice())
    assert (twice(x) == 2 * plain(x)).all()
    patched = nn.Sequential(copy.deepcopy(plain[0]), nn.ReLU())
    patched[0].forward = lambda input: input
    assert (patched(x) == x.relu()).all()


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"track_running_stats": False}, {"momentum": None}])
@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
@pytest.mark.parametrize("training", [True, False])
def test_a_batch_norm_and_its_relu_in_one_pass_give_what_they_give_apart(options, shape, training):
    mg.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(5, **options), nn.ReLU()).train(training)
    if model[0].affine:
        nn.init.normal_(model[0].weight)
        nn.init.normal_(model[0].bias)
    apart = copy.deepcopy(model)
    for module in apart:
        module.register_forward_hook(lambda *_: None)
    for _ in range(2):      # the second time with statistics that have moved
        x = mg.randn(*shape)
        results = []
        for net in (model, apart):
            input = x.clone().requires_grad_()
            y = net(input)
            loss = (y * y).sum()
            grads = mg.autograd.grad(loss, [input, *net.parameters()], create_graph=True)
            second = mg.autograd.grad((grads[0] * grads[0]).sum(), input, retain_graph=True)
            loss.backward()
            results.append([y, *grads, *second, input.grad, *net.state_dict().values()])
        for one, other in zip(*results, strict=True):
            assert (one == other).all()
    if len(shape) == 2:
        assert repr(y.grad_fn) == "<ReluBackward0>"
