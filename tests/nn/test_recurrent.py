"""RNN, LSTM and GRU along whole sequences."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.testing import gradcheck, gradgradcheck

LAYERS = ["RNN", "LSTM", "GRU"]


def as_tuple(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_its_cell_step_by_step(name):
    layer, cell = getattr(nn, name)(3, 4), getattr(nn, name + "Cell")(3, 4)
    for p, q in zip(cell.parameters(), layer.parameters(), strict=True):
        p.data = q.data
    x = mg.randn(5, 2, 3)
    output, last = layer(x)
    state = None
    for t in range(5):
        state = cell(x[t], state)
        np.testing.assert_allclose(
            output[t].detach().numpy(), as_tuple(state)[0].detach().numpy(), rtol=1e-5, atol=1e-6
        )
    for a, b in zip(as_tuple(last), as_tuple(state), strict=True):
        np.testing.assert_allclose(a[0].detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_sequence_is_multiplied_by_its_input_weights_once(monkeypatch):
    from minigrad.nn import recurrent

    products, linear = [], recurrent.linear

    def counted(x, weight, bias=None):
        products.append(tuple(x.shape))
        return linear(x, weight, bias)

    monkeypatch.setattr(recurrent, "linear", counted)
    nn.LSTM(3, 4, 2, bidirectional=True)(mg.randn(7, 2, 3))
    whole = [shape for shape in products if shape[0] == 14]
    assert whole == [(14, 3)] * 2 + [(14, 8)] * 2
    assert [shape for shape in products if shape[0] != 14] == [(2, 4)] * 28


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_shapes(name, bidirectional):
    k, d = (4, 8) if bidirectional else (2, 4)
    layer = getattr(nn, name)(3, 4, 2, bidirectional=bidirectional)
    output, state = layer(mg.randn(5, 2, 3))
    assert tuple(output.shape) == (5, 2, d)
    assert {tuple(s.shape) for s in as_tuple(state)} == {(k, 2, 4)}
    output, state = layer(mg.randn(5, 3))
    assert tuple(output.shape) == (5, d)
    assert {tuple(s.shape) for s in as_tuple(state)} == {(k, 4)}
    layer.batch_first = True
    output, state = layer(mg.randn(5, 2, 3))
    assert tuple(output.shape) == (5, 2, d)
    assert {tuple(s.shape) for s in as_tuple(state)} == {(k, 5, 4)}
    assert tuple(layer(mg.randn(0, 7, 3))[0].shape) == (0, 7, d)


def test_the_last_state_continues_a_sequence():
    layer = nn.GRU(3, 4, 2)
    x = mg.randn(6, 2, 3)
    whole, end = layer(x)
    first, middle = layer(x[:4])
    second, last = layer(x[4:], middle)
    np.testing.assert_allclose(mg.cat([first, second]).detach().numpy(), whole.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last.detach().numpy(), end.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_a_packed_batch_is_each_sequence_by_itself(name):
    mg.manual_seed(0)
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)
    sequences = [mg.randn(n, 3) for n in (2, 5, 1, 5)]
    packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    output, state = layer(packed)
    assert isinstance(output, nn.utils.rnn.PackedSequence)
    for i, y in enumerate(nn.utils.rnn.unpack_sequence(output)):
        wanted, wanted_state = layer(sequences[i])
        np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
        for a, b in zip(as_tuple(state), as_tuple(wanted_state), strict=True):
            np.testing.assert_allclose(a[:, i].detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_dropout_is_between_layers_and_in_training_only():
    mg.manual_seed(0)
    layer = nn.RNN(3, 4, 2, dropout=1.0)
    x = mg.randn(5, 2, 3)
    output, _ = layer(x)
    assert output.abs().sum().item() > 0  # not behind the last layer
    only_biases, _ = layer(mg.zeros(5, 2, 3))
    assert output[:, 0].tolist() == only_biases[:, 0].tolist()  # the second layer saw nothing of x
    assert layer.eval()(x)[0].tolist() != output.tolist()
    with pytest.warns(UserWarning, match="only one"):
        nn.RNN(3, 4, dropout=0.5)


@pytest.mark.parametrize(
    ("name", "options"),
    [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("LSTM", {"proj_size": 1}), ("GRU", {})],
    ids=str,
)
def test_first_and_second_gradients(name, options):
    mg.manual_seed(0)
    layer = getattr(nn, name)(2, 2, bidirectional=True, dtype=mg.float64, **options)
    x = mg.randn(3, 2, 2, dtype=mg.float64, requires_grad=True)

    def f(x, *weights):
        for key, weight in zip(list(layer._parameters), weights, strict=True):
            layer._parameters[key] = weight
        output, state = layer(x)
        return output, *as_tuple(state)

    inputs = (x, *[w.detach().requires_grad_() for w in layer.parameters()])
    assert gradcheck(f, inputs)
    assert gradgradcheck(lambda x: f(x, *inputs[1:])[0].sum(), (x,))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.RNN(0, 4), ValueError, "input_size >= 1, got 0"),
        (lambda: nn.GRU(3, -1), ValueError, "hidden_size >= 1"),
        (lambda: nn.GRU(3, 4, 0), ValueError, "num_layers"),
        (lambda: nn.LSTM(3, 4.0), TypeError, "hidden_size as an integer, got 4.0"),
        (lambda: nn.RNN(3, 4, bias=1), TypeError, "bias as True or False, got 1"),
        (lambda: nn.GRU(3, 4, batch_first="False"), TypeError, "batch_first"),
        (lambda: nn.LSTM(3, 4, 2, dropout=2), ValueError, r"dropout is a probability in \[0, 1\], got 2"),
        (lambda: nn.LSTM(3, 4, 2, dropout=True), ValueError, "dropout"),
        (lambda: nn.RNN(3, 4, nonlinearity="gelu"), ValueError, "'tanh' or 'relu', got 'gelu'"),
        (lambda: nn.RNN(3, 4, proj_size=2), ValueError, "LSTM only"),
        (lambda: nn.GRU(3, 4, proj_size=2), ValueError, "LSTM only"),
        (lambda: nn.LSTM(3, 4, proj_size=4), ValueError, r"\[0, hidden_size\), got 4 of 4"),
        (lambda: nn.LSTM(3, 4, proj_size=-1), ValueError, "proj_size"),
        (lambda: nn.LSTM(3, 4, init=("he_normal",)), ValueError, "one for the input's"),
        (lambda: nn.LSTM(3, 4)(mg.ones(5, 2, 4)), ValueError, r"LSTM\(3, 4\): expected input \(L, N, 3\) or \(L, 3\), "
                                                              r"got \(5, 2, 4\)"),
        (lambda: nn.LSTM(3, 4, batch_first=True)(mg.ones(3)), ValueError, r"\(N, L, 3\)"),
        (lambda: nn.LSTM(3, 4)(mg.ones(0, 2, 3)), ValueError, "at least one element"),
        (lambda: nn.LSTM(3, 4)([1.0]), TypeError, "a Tensor or a PackedSequence, got list"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 2, 3).double()), TypeError, "float64"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 2, 3).long()), TypeError, "int64"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 2, 3), mg.ones(1, 2, 5)), ValueError, r"h_0 \(1, 2, 4\), got \(1, 2, 5\)"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 3), mg.ones(1, 1, 4)), ValueError, r"h_0 \(1, 4\), got \(1, 1, 4\)"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 2, 3), (mg.ones(1, 2, 4),)), TypeError, "h_0 as a Tensor, got tuple"),
        (lambda: nn.GRU(3, 4)(mg.ones(5, 2, 3), mg.ones(1, 2, 4).double()), TypeError, "h_0 is"),
        (lambda: nn.LSTM(3, 4)(mg.ones(5, 2, 3), mg.ones(1, 2, 4)), TypeError, r"a pair \('h_0', 'c_0'\), got Tensor"),
        (lambda: nn.LSTM(3, 4)(mg.ones(5, 2, 3), (mg.ones(1, 2, 4),)), TypeError, "1 of them"),
        (lambda: nn.LSTM(3, 4, proj_size=2)(mg.ones(5, 2, 3), (mg.ones(1, 2, 2), mg.ones(1, 2, 2))), ValueError,
         r"c_0 \(1, 2, 4\), got \(1, 2, 2\)"),
        (lambda: nn.RNN(3, 4)(nn.utils.rnn.pack_sequence([mg.ones(2, 5)])), ValueError, r"\(sum of lengths, 3\)"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_parameters_have_pytorchs_names_in_its_order():
    layer = nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2)
    assert list(layer.state_dict())[:10] == [
        "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0", "weight_ih_l0_reverse",
        "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_hr_l0_reverse",
    ]  # fmt: skip
    assert tuple(layer.weight_ih_l1.shape) == (16, 4)
    assert [len(weights) for weights in layer.all_weights] == [5] * 4
    assert layer.all_weights[1][4] is layer.weight_hr_l0_reverse
    assert layer.flatten_parameters() is None
    assert list(nn.GRU(3, 4, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]


def test_init_draws_each_gates_weight_by_itself_and_begins_with_biases_of_0():
    layer = nn.LSTM(3, 4, 2, proj_size=2, init=("glorot_uniform", nn.init.orthogonal_))
    assert layer.bias_ih_l1.tolist() == layer.bias_hh_l1.tolist() == [0.0] * 16
    for gate in layer.weight_hh_l0.detach().split(4):
        np.testing.assert_allclose((gate.T @ gate).numpy(), np.eye(2), atol=1e-6)
    assert layer.weight_ih_l0.abs().max().item() <= np.sqrt(6 / 7)
    assert all(p.requires_grad for p in layer.parameters())
    identity = nn.RNN(4, 4, nonlinearity="relu", init=nn.init.eye_)  # Le, Jaitly and Hinton, 2015
    assert identity.weight_hh_l0.tolist() == np.eye(4).tolist()
    layer.reset_parameters()
    assert layer.bias_ih_l0.tolist() == [0.0] * 16


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copy_computes_the_same(twin):
    layer = nn.LSTM(3, 4, 2)
    x = mg.randn(5, 2, 3)
    assert twin(layer)(x)[0].tolist() == layer(x)[0].tolist()


def test_a_network_learns_to_tell_which_sequence_rises():
    mg.manual_seed(0)
    layer, head = nn.GRU(1, 8), nn.Linear(8, 1)
    optimizer = mg.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.05)
    step = mg.randn(64)
    x = (mg.randn(6, 64) * 0.3 + mg.arange(6.0).unsqueeze(1) * step.sign()).unsqueeze(2)
    y = (step > 0).float().unsqueeze(1)
    for _ in range(30):
        _, h = layer(x)
        loss = nn.functional.binary_cross_entropy_with_logits(head(h[0]), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


OPTIONS = [
    {"num_layers": layers, "bidirectional": both, "bias": bias, "batch_first": not bias}
    for layers, both, bias in itertools.product((1, 2), (False, True), (False, True))
]
KINDS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {})]


def answers(lib, layer, x, state, packed):
    """Outputs, last states and all gradients, in a list of arrays."""
    lib.manual_seed(5)
    x = lib.tensor(x, requires_grad=True)
    state = [lib.tensor(s, requires_grad=True) for s in state]
    given = x
    if packed:
        rnn = lib.nn.utils.rnn
        given = rnn.pack_padded_sequence(x, [2, 5, 1, 5], batch_first=layer.batch_first, enforce_sorted=False)
    output, last = layer(given, None if not state else state[0] if len(state) == 1 else tuple(state))
    lengths = []
    if packed:
        output, lengths = rnn.pad_packed_sequence(output, layer.batch_first)
        lengths = [lengths]
    results = [output, *as_tuple(last)]
    sum((r**3).sum() for r in results).backward()
    gradients = [t.grad for t in (x, *state, *layer.parameters())]
    return [r.detach().numpy() for r in (*results, *lengths, *gradients)]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
def test_layers_are_torchs(name, kind, options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    if options["num_layers"] > 1:
        options = {**options, "dropout": 0.4}
    rng = np.random.default_rng(1)
    for dtype, rtol in (("float64", 1e-9), ("float32", 1e-4)):
        mg.manual_seed(3)
        torch.manual_seed(3)
        ours = getattr(nn, name)(3, 4, **kind, **options, dtype=getattr(mg, dtype))
        theirs = getattr(torch.nn, name)(3, 4, **kind, **options, dtype=getattr(torch, dtype))
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert np.array_equal(p.detach().numpy(), q.detach().numpy())
        k = options["num_layers"] * (1 + options["bidirectional"])
        widths = {"LSTM": (kind.get("proj_size", 4), 4)}.get(name, (4,))
        shape = (4, 5, 3) if options["batch_first"] else (5, 4, 3)
        x = rng.standard_normal(shape).astype(dtype)
        state = [rng.standard_normal((k, 4, width)).astype(dtype) for width in widths]
        for given, packed in itertools.product(([], state), (False, True)):
            ours.zero_grad()
            theirs.zero_grad()
            got, wanted = answers(mg, ours, x, given, packed), answers(torch, theirs, x, given, packed)
            for a, b in zip(got, wanted, strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * 1e-1)
