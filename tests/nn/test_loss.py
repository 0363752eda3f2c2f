"""Losses as layers."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_mse_loss():
    x, t = mg.tensor([1.0, 2.0]), mg.tensor([0.0, 4.0])
    assert nn.MSELoss()(x, t).item() == 2.5
    assert nn.MSELoss(reduction="sum")(x, t).item() == 5.0
    assert nn.MSELoss(reduction="none")(x, t).tolist() == [1.0, 4.0]
    assert nn.MSELoss(size_average=False)(x, t).item() == 5.0


def test_mse_loss_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r"\(3, 1\) and target \(3,\)"):
        nn.MSELoss()(mg.ones(3, 1), mg.ones(3))


def test_cross_entropy_loss():
    x = mg.zeros(2, 4)
    t = mg.tensor([1, 3])
    np.testing.assert_allclose(nn.CrossEntropyLoss()(x, t).item(), np.log(4), rtol=1e-6)
    np.testing.assert_allclose(nn.CrossEntropyLoss(ignore_index=3, reduction="sum")(x, t).item(), np.log(4), rtol=1e-6)


def test_class_weights_are_a_buffer():
    loss = nn.CrossEntropyLoss(weight=mg.tensor([1.0, 2.0]))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype is mg.float64
    assert nn.CrossEntropyLoss().weight is None


@pytest.mark.parametrize("make", [nn.MSELoss, nn.CrossEntropyLoss])
def test_an_unknown_reduction_is_refused_at_once(make):
    with pytest.raises(ValueError, match="'avg'"):
        make(reduction="avg")


def test_label_smoothing_is_a_share():
    with pytest.raises(ValueError, match="label_smoothing"):
        nn.CrossEntropyLoss(label_smoothing=1.5)


def test_losses_print_as_pytorchs():
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss()"
    assert repr(nn.MSELoss()) == "MSELoss()"


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.1},
                                     {"ignore_index": 2}, {"weight": True}], ids=str)  # fmt: skip
def test_cross_entropy_loss_agrees_with_torch(options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(6, 3)), np.array([0, 1, 2, 2, 1, 0])
    ours, theirs = dict(options), dict(options)
    if "weight" in options:
        ours["weight"] = mg.tensor([1.0, 2.0, 0.5], dtype=mg.float64)
        theirs["weight"] = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    got = nn.CrossEntropyLoss(**ours)(mg.tensor(x), mg.tensor(t))
    want = torch.nn.CrossEntropyLoss(**theirs)(torch.tensor(x), torch.tensor(t))
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12)
