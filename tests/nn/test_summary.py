"""summary: the table of a network, and that the network does not notice."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def shapes(table):
    return {row.name: row.shapes for row in table.rows}


def test_the_table_of_a_small_network():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    model[4].bias.requires_grad_(False)
    table = mg.summary(model, (2, 3))
    assert repr(table) == str(table)
    assert str(table) == (
        "Sequential\n"
        f"{52 * '-'}\n"
        "layer  type         output shape  parameters  frozen\n"
        f"{52 * '-'}\n"
        "0      Flatten      (None, 6)              0       0\n"
        "1      Linear       (None, 4)             28       0\n"
        "2      BatchNorm1d  (None, 4)              8       0\n"
        "3      ReLU         (None, 4)              0       0\n"
        "4      Linear       (None, 2)             10       2\n"
        f"{52 * '-'}\n"
        "parameters: 46 (trainable 44, frozen 2)\n"
        "memory: parameters 184 B, buffers 40 B, activations 80 B a sample"
    )
    assert (table.trainable, table.frozen) == (44, 2)
    assert table.parameter_bytes == 4 * 46
    assert table.buffer_bytes == 4 * 8 + 8
    assert table.activation_bytes == 4 * (6 + 4 + 4 + 4 + 2)


def test_it_is_nn_summary_too():
    assert nn.summary is mg.summary


def test_an_example_shows_its_own_batch():
    model = nn.Linear(3, 4)
    assert shapes(mg.summary(model, mg.ones(7, 3))) == {"(itself)": [(7, 4)]}
    assert shapes(mg.summary(model, {"input": mg.ones(7, 3)})) == {"(itself)": [(7, 4)]}
    assert "a sample" not in str(mg.summary(model, mg.ones(7, 3)))


class Two(nn.Module):
    """Scores of a user and an item"""

    def __init__(self):
        super().__init__()
        self.users, self.items = nn.Embedding(10, 4), nn.Linear(3, 4)
        self.scale = nn.Parameter(mg.ones(2))
        self.unused = nn.Linear(1, 1)

    def forward(self, user, item):
        return {"score": self.users(user) * self.items(item), "n": 3}


def test_several_inputs_of_several_dtypes():
    model = Two()
    table = mg.summary(model, [(), (3,)], dtype=[mg.int64, None])
    assert shapes(table) == {
        "users": [(None, 4)], "items": [(None, 4)], "(itself)": [(None, 4)], "unused": None,
    }  # fmt: skip
    assert {row.name: row.trainable for row in table.rows} == {"users": 40, "items": 16, "(itself)": 2, "unused": 2}
    assert "not called" in str(table)
    assert table.trainable == sum(p.numel() for p in model.parameters())
    examples = mg.summary(model, (mg.tensor([1, 2]), mg.ones(2, 3)))
    assert shapes(examples)["(itself)"] == [(2, 4)]


def test_only_the_axes_that_grow_with_the_batch_are_none():
    class Odd(nn.Module):
        def forward(self, x):
            return x.reshape(-1, 2), x.sum(0), x.T

    assert shapes(mg.summary(Odd(), (2,))) == {"(itself)": [(None, 2), (2,), (2, None)]}
    lstm = nn.LSTM(3, 4, 2, batch_first=True)
    assert shapes(mg.summary(lstm, (5, 3))) == {"(itself)": [(None, 5, 4), (2, None, 4), (2, None, 4)]}


def test_shared_layers_and_parameters_count_once():
    layer = nn.Linear(4, 4)
    tied = nn.Linear(4, 4, bias=False)
    tied.weight = layer.weight
    table = mg.summary(nn.Sequential(layer, nn.ReLU(), layer, tied), (4,))
    assert [(row.name, row.trainable) for row in table.rows] == [("0", 20), ("1", 0), ("0", 0), ("3", 0)]
    assert table.trainable == 20


def test_outputs_that_share_memory_count_once():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Unflatten(1, (2, 4)), nn.Flatten())
    assert mg.summary(model, (4,)).activation_bytes == 4 * 8


def test_the_inputs_have_the_models_dtype():
    assert shapes(mg.summary(nn.Linear(3, 4).double(), (3,))) == {"(itself)": [(None, 4)]}


def test_nested_layers_are_named_by_their_paths():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), nn.Residual(nn.Linear(2, 2)))
    assert [row.name for row in mg.summary(model, (2,)).rows] == ["0.0", "0.1", "1.block"]


class Restless(nn.Module):
    """Everything a forward should not do"""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.register_buffer("seen", mg.zeros(2))
        self.weight = nn.Parameter(mg.ones(2))
        self.table = nn.Embedding(5, 2, max_norm=0.1)  # shortens its rows where it is looked up

    def forward(self, x):
        self.calls += 1
        self.last = x
        self.seen += 1.0
        with mg.no_grad():
            self.weight.mul_(2)
        self.new = nn.Parameter(mg.ones(1))
        self.seen = self.seen * 2
        return self.table(mg.tensor([1, 2])).sum() + x + mg.randn(1)


def test_the_model_is_as_it_was():
    mg.manual_seed(3)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5), Restless())
    model[1].eval()
    called = []
    model[0].register_forward_hook(lambda *_: called.append(1))
    own = [dict(m.__dict__) for m in model.modules()]
    hooks = [list(m._hooks) for m in model.modules()]
    keys, buffer = list(model.state_dict()), model[3].seen
    before = {k: v.clone() for k, v in model.state_dict().items()}
    loss = model[0](mg.ones(1, 2)).sum()  # a graph that is still to be walked
    state = mg.random.get_rng_state().tolist()
    called.clear()
    mg.summary(model, (2,))
    assert called == [1, 1]  # hooks run
    loss.backward()
    assert [m.training for m in model.modules()] == [True, True, False, True, True, True]
    assert mg.random.get_rng_state().tolist() == state
    assert list(model.state_dict()) == keys
    for key, value in model.state_dict().items():
        assert np.array_equal(value.numpy(), before[key].numpy()), key
    assert model[3].seen is buffer
    assert model[3].calls == 0 and not hasattr(model[3], "last")
    assert [list(m.__dict__) for m in model.modules()] == [list(d) for d in own]
    assert [list(m._hooks) for m in model.modules()] == hooks


def test_the_model_is_as_it_was_after_an_error():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"Linear\(4, 2\): expected input \(\.\.\., 4\), got \(2, 3\)"):
        mg.summary(model, (3,))
    assert all(m.training and not m._hooks for m in model.modules())


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: mg.summary(nn.Linear, (3,)), TypeError, "expected an nn.Module"),
        (lambda: mg.summary(nn.Linear(3, 4), "784"), TypeError, "the shape of one sample"),
        (lambda: mg.summary(nn.Linear(3, 4), [(3,), 4]), TypeError, "the shape of one sample"),
        (lambda: mg.summary(nn.Linear(3, 4), [(3,), (4,)], dtype=[None]), ValueError, "1 dtypes for 2 inputs"),
        (lambda: mg.summary(nn.Sequential(nn.LazyLinear(3)), (3,)), ValueError, "call the model with a batch first"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
