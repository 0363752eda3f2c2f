"""Layer-sequential unit variance."""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.nn import init


def mlp():
    mg.manual_seed(0)
    return nn.Sequential(
        nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 40, bias=False), nn.Tanh(), nn.Linear(40, 50), nn.GELU(),
        nn.Linear(50, 3),
    )


def outputs(model, x):
    """The outputs of the weight layers, in the order of their calls."""
    seen = []
    handles = [
        m.register_forward_hook(lambda m, args, y: seen.append(y.detach().numpy().astype(np.float64)))
        for m in model.modules()
        if isinstance(m, (nn.Linear, nn.Bilinear))
    ]
    with mg.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return seen


def everything(model):
    return {name: t.detach().numpy().copy() for name, t in model.state_dict().items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_every_layer_gets_an_output_of_variance_1():
    model, x = mlp(), mg.randn(200, 20) * 7 + 3
    assert init.lsuv_(model, x) is model
    variances = [y.var() for y in outputs(model, x)]
    assert len(variances) == 4
    assert variances == pytest.approx([1] * 4, abs=0.01)


def test_without_a_bias_one_correction_is_exact():
    model = nn.Sequential(nn.Linear(20, 30, bias=False, dtype=mg.float64), nn.ELU(),
                          nn.Linear(30, 9, bias=False, dtype=mg.float64))  # fmt: skip
    x = mg.randn(100, 20, dtype=mg.float64)
    init.lsuv_(model, x, tol=1e-12, max_iter=1)
    assert [y.var() for y in outputs(model, x)] == pytest.approx([1, 1], abs=1e-12)


def test_a_finer_tolerance_is_met_with_biases_too():
    model, x = mlp(), mg.randn(200, 20)
    init.lsuv_(model, x, tol=1e-5, max_iter=50)
    assert [y.var() for y in outputs(model, x)] == pytest.approx([1] * 4, abs=1e-5)


def test_a_weight_is_orthonormal_but_for_its_scale():
    model = init.lsuv_(mlp(), mg.randn(200, 20))
    for layer in (model[0], model[2], model[4], model[6]):
        w = layer.weight.detach().numpy().astype(np.float64)
        product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        np.testing.assert_allclose(product, np.eye(len(product)) * product[0, 0], atol=1e-5 * product[0, 0])


def test_layers_are_corrected_in_the_order_of_their_calls_not_of_their_names():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(8, 2), nn.Linear(5, 8)

        def forward(self, x, factor):
            return self.last(self.first(x * factor).relu())

    model, x = Net(), mg.randn(100, 5)
    init.lsuv_(model, (x, 30.0))
    assert [y.var() for y in outputs(lambda_of(model, 30.0), x)] == pytest.approx([1, 1], abs=0.01)


class lambda_of(nn.Module):
    def __init__(self, model, factor):
        super().__init__()
        self.model, self.factor = model, factor

    def forward(self, x):
        return self.model(x, self.factor)


def test_a_layer_that_is_called_twice_is_corrected_at_its_first_call():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.again = nn.Linear(6, 6)

        def forward(self, x):
            return self.again(self.again(x).relu())

    model, x = Net(), mg.randn(100, 6) * 5
    init.lsuv_(model, x)
    first, second = outputs(model, x)
    assert first.var() == pytest.approx(1, abs=0.01)
    assert second.var() < 0.5


def test_bilinear_layers_and_layers_of_ones_own_are_corrected():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair = nn.Bilinear(4, 4, 6)
            self.weight = nn.Parameter(mg.zeros(6, 3))

        def forward(self, x):
            return self.pair(x, x) @ self.weight

    model = nn.Sequential(Own())
    x = mg.randn(300, 4)
    init.lsuv_(model, x)
    assert outputs(model, x)[0].var() == pytest.approx(1, abs=0.01)
    assert model(x).var().item() == pytest.approx(1, abs=0.02)


def test_all_but_the_weights_stays_as_it_was():
    model = nn.Sequential(
        nn.Linear(5, 6), nn.BatchNorm1d(6), nn.PReLU(), nn.Dropout(0.5), nn.Linear(6, 6), nn.LayerNorm(6),
        nn.Linear(6, 2),
    )
    model[3].eval()
    calls = []
    handle = model[4].register_forward_hook(lambda *given: calls.append(1))
    x = mg.randn(64, 5)
    model(x).sum().backward()
    model(x)
    before = everything(model)
    gradients = [(p.grad, p.grad.numpy().copy()) for p in model.parameters()]
    parameters = list(model.parameters())
    buffers = [id(b) for b in model.buffers()]
    keys = [sorted(vars(m)) for m in model.modules()]
    modes = [m.training for m in model.modules()]
    calls.clear()
    init.lsuv_(model, x)
    after = everything(model)
    for name in before:
        assert np.array_equal(before[name], after[name]) == (name not in ("0.weight", "4.weight", "6.weight")), name
    assert [id(b) for b in model.buffers()] == buffers
    assert [m.training for m in model.modules()] == modes
    assert [sorted(vars(m)) for m in model.modules()] == keys
    assert len(model[4]._hooks) == 1
    for p, q, (grad, values) in zip(model.parameters(), parameters, gradients, strict=True):
        assert p is q
        assert p.requires_grad
        assert p.is_leaf
        assert p.grad is grad
        assert np.array_equal(grad.numpy(), values)
    assert calls == [1]  # of the one pass, with the corrected output
    handle.remove()
    model(x)
    assert calls == [1]


def test_a_users_hook_sees_and_replaces_the_corrected_output():
    model, x = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4)), mg.randn(100, 5) * 9
    seen = []

    def double(module, args, output):
        seen.append(output.var().item())
        return output * 2

    model[0].register_forward_hook(double)
    init.lsuv_(model, x)
    assert seen == [pytest.approx(1, abs=0.01)]
    assert outputs(model, x)[1].var() == pytest.approx(1, abs=0.01)


def test_it_measures_in_the_mode_that_the_model_is_in():
    model = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 6))
    x = mg.randn(100, 5) * 30
    by_batch = init.lsuv_(copy.deepcopy(model), x)[1].weight.abs().max().item()
    by_running = init.lsuv_(copy.deepcopy(model).eval(), x)[1].weight.abs().max().item()
    assert by_batch > 10 * by_running


def test_one_seed_and_one_generator_give_the_same_weights():
    x = mg.randn(50, 20)
    a, b = (init.lsuv_(mlp(), x, generator=mg.Generator().manual_seed(3)) for _ in range(2))
    assert same(everything(a), everything(b))
    mg.manual_seed(0)
    state = mg.get_rng_state().tolist()
    init.lsuv_(a, x, generator=mg.Generator().manual_seed(4))
    assert mg.get_rng_state().tolist() == state


def test_frozen_weights_and_embeddings_are_left_alone_and_layers_can_be_chosen():
    model = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2))
    model[1].weight.requires_grad_(False)
    x = mg.randint(0, 9, (200,))
    before = everything(model)
    init.lsuv_(model, x)
    after = everything(model)
    assert [n for n in before if not np.array_equal(before[n], after[n])] == ["3.weight", "5.weight"]
    init.lsuv_(model, x, layers=[model[1]])
    final = everything(model)
    assert [n for n in before if not np.array_equal(after[n], final[n])] == ["1.weight"]
    assert not model[1].weight.requires_grad


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.spare = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.body(x)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mg.ones(4, 4))

    def forward(self, x):
        return x @ self.weight, x


class Stubborn(Pair):
    def forward(self, x):
        return F.normalize(x @ self.weight) * 9


class Computed(nn.Module):
    def __init__(self):
        super().__init__()
        self.v = nn.Parameter(mg.ones(4, 4))

    @property
    def weight(self):
        return self.v * 2


def tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    return model


def biased():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    init.constant_(model[1].bias, 0.0)
    with mg.no_grad():
        model[1].bias[0] = 40.0
    return model


X = mg.randn(30, 4, generator=mg.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("model", "batch", "options", "text"),
    [
        (nn.Sequential(nn.Linear(4, 4), nn.Threshold(100.0, 0.0), nn.Linear(4, 4, bias=False)), X, {},
         r"output of Linear '2', of shape \(30, 4\), has no variance"),
        (nn.Sequential(nn.Linear(4, 1)), mg.ones(30, 4), {},
         r"Linear '0', of shape \(30, 1\), has no variance.*do the samples differ"),
        (nn.Linear(4, 4), mg.ones(0, 4), {}, r"Linear \(the model itself\), of shape \(0, 4\), has no variance"),
        (nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), X * float("nan"), {}, "output of Linear '0' is not finite"),
        (biased(), X, {}, "Linear '1' has variance .* after 10 corrections; is its bias too large"),
        (nn.Sequential(Stubborn()), X, {}, "Stubborn '0' has variance"),
        (Unused(), X, {}, "Linear 'spare' is never called"),
        (tied(), X, {}, "Linear '2' and Linear '0' share a weight"),
        (nn.Sequential(Pair()), X, {}, "Pair '0' gives a tuple"),
        (nn.Sequential(Computed()), X, {}, "weight of Computed '0' is computed"),
        (nn.Sequential(nn.Linear(4, 4)), X, {"tol": 0.0}, "tol > 0 and max_iter >= 1, got 0.0 and 10"),
        (nn.Sequential(nn.Linear(4, 4)), X, {"max_iter": 0}, "got 0.01 and 0"),
        (nn.Sequential(nn.ReLU()), X, {}, "Sequential has no weight layer to correct"),
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)), X, {"layers": []}, "no weight layer"),
        (nn.Sequential(nn.Linear(4, 4)), X, {"layers": [nn.Linear(4, 4)]}, "layers are modules of the model, got Lin"),
        (mlp(), mg.ones(30, 20), {"layers": lambda model: [model[1]]}, "ReLU '1' has no weight of two axes"),
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm((30, 4))), X, {"layers": lambda model: [model[1]]},
         "LayerNorm '1' has no weight of two axes"),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected_is_refused_by_name_and_the_model_stays_as_it_was(model, batch, options, text):
    options = {name: value(model) if callable(value) else value for name, value in options.items()}
    before = everything(model)
    with pytest.raises(ValueError, match=f"lsuv_: .*{text}"):
        init.lsuv_(model, batch, **options)
    assert same(before, everything(model))
    assert not any(m._hooks for m in model.modules())


def test_an_error_of_the_models_own_leaves_it_as_it_was():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(5, 4))
    before = everything(model)
    with pytest.raises(ValueError, match=r"Linear\(5, 4\): expected input"):
        init.lsuv_(model, X)
    assert same(before, everything(model))
    assert not any(m._hooks for m in model.modules())
