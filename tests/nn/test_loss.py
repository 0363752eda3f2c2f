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


# ---- every loss as a layer --------------------------------------------------------------------------------------

RNG = np.random.default_rng(1)
X, Y, Z = RNG.normal(size=(3, 6, 4))
P, Q = RNG.uniform(0.05, 0.95, (2, 6, 4))
SIGN = np.where(RNG.random((6, 4)) < 0.5, -1.0, 1.0)
LABEL = RNG.integers(0, 4, 6)
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1])

LAYERS = [
    ("MSELoss", (X, Y), [{}]),
    ("L1Loss", (X, Y), [{}, {"size_average": False}]),
    ("SmoothL1Loss", (X, Y), [{}, {"beta": 0.3}]),
    ("HuberLoss", (X, Y), [{}, {"delta": 0.3}]),
    ("CrossEntropyLoss", (X, LABEL), [{}, {"weight": WEIGHT, "ignore_index": 2, "label_smoothing": 0.1}]),
    ("NLLLoss", (X, LABEL), [{}, {"weight": WEIGHT, "ignore_index": 2}]),
    ("BCELoss", (P, Q), [{}, {"weight": WEIGHT}]),
    ("BCEWithLogitsLoss", (X, Q), [{}, {"weight": WEIGHT, "pos_weight": WEIGHT}]),
    ("KLDivLoss", (np.log(P), Q), [{}, {"log_target": True}, {"reduction": "batchmean"}]),
    ("HingeEmbeddingLoss", (X, SIGN), [{}, {"margin": 0.5}]),
    ("SoftMarginLoss", (X, SIGN), [{}]),
    ("MultiMarginLoss", (X, LABEL), [{}, {"p": 2, "margin": 0.5, "weight": WEIGHT}]),
    ("MultiLabelMarginLoss", (X[:2], np.array([[3, 0, -1, 1], [2, 1, 0, -1]])), [{}]),
    ("MultiLabelSoftMarginLoss", (X, Q), [{}, {"weight": WEIGHT}]),
    ("GaussianNLLLoss", (X, Y, P), [{}, {"full": True, "eps": 0.3}]),
    ("PoissonNLLLoss", (P, 3 * Q), [{}, {"log_input": False, "full": True, "eps": 1e-3}]),
    ("CosineEmbeddingLoss", (X, Y, SIGN[:, 0]), [{}, {"margin": 0.3}]),
    ("MarginRankingLoss", (X, Y, SIGN), [{}, {"margin": 0.3}]),
    ("TripletMarginLoss", (X, Y, Z), [{}, {"margin": 0.5, "p": 1.0, "swap": True}]),
    ("TripletMarginWithDistanceLoss", (X, Y, Z), [{}, {"margin": 0.5, "swap": True}]),
    ("PairwiseDistance", (X, Y), [{}, {"p": 1.0, "keepdim": True}]),
    ("CosineSimilarity", (X, Y), [{}, {"dim": 0}]),
]  # fmt: skip
EACH = [(name, arrays, options) for name, arrays, several in LAYERS for options in several]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, on kl_div's mean and on size_average
@pytest.mark.parametrize(("name", "arrays", "options"), EACH, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(EACH)])
def test_every_loss_agrees_with_torchs(name, arrays, options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    layers = []
    for module in (mg, torch):
        values = {k: module.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        layers.append(getattr(module.nn, name)(**values))
    ours, theirs = layers
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert {k for k in vars(theirs) if not k.startswith("_")} <= set(vars(ours)) | {"training"}
    got, want = ours(*map(mg.tensor, arrays)), theirs(*map(torch.tensor, arrays))
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-10)


def test_kl_div_takes_batchmean_and_refuses_others():
    assert nn.KLDivLoss(reduction="batchmean").reduction == "batchmean"
    with pytest.raises(ValueError, match="'batch'"):
        nn.KLDivLoss(reduction="batch")


@pytest.mark.parametrize("make", [nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss])
def test_a_margin_of_nothing_is_refused(make):
    with pytest.raises(ValueError, match="margin"):
        make(margin=0.0)
