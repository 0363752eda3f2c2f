"""Sequential's way through its layers; test_container.py has what it gives, fused or not."""

import pytest

import minigrad as mg
from minigrad import nn


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
