"""Every layer beside PyTorch's: first numbers, names of the state, states that move both ways."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

RNG = np.random.default_rng(0)


def x(*shape):
    return RNG.standard_normal(shape)


def labels(n, *shape):
    return RNG.integers(0, n, shape)


def shares(*shape):
    return RNG.uniform(0.1, 0.9, shape)


def signs(*shape):
    return np.where(RNG.random(shape) < 0.5, -1.0, 1.0)


ROWS, CHANNELS, IMAGES, VOLUMES = x(5, 4), x(5, 4, 3), x(5, 4, 3, 2), x(5, 4, 3, 2, 2)
SEQUENCE = x(6, 2, 3)
NORM = {"affine": True, "track_running_stats": True}

# (name, positional arguments, keywords, inputs)
LAYERS = [
    ("Identity", (), {}, [ROWS]), ("Linear", (4, 3), {}, [ROWS]), ("Linear", (4, 3), {"bias": False}, [ROWS]),
    ("LazyLinear", (3,), {}, [ROWS]), ("Bilinear", (4, 4, 3), {}, [ROWS, x(5, 4)]),
    ("Embedding", (7, 4), {"padding_idx": 2}, [labels(7, 5, 3)]), ("Embedding", (3, 4), {}, [labels(3, 5)]),
    ("Flatten", (), {}, [IMAGES]), ("Unflatten", (1, (2, 2)), {}, [ROWS]),
    ("BatchNorm1d", (4,), {}, [CHANNELS]), ("BatchNorm2d", (4,), {"momentum": None}, [IMAGES]),
    ("BatchNorm3d", (4,), {"bias": False}, [VOLUMES]), ("InstanceNorm1d", (4,), NORM, [CHANNELS]),
    ("InstanceNorm2d", (4,), {}, [IMAGES]), ("InstanceNorm3d", (4,), NORM, [VOLUMES]),
    ("LayerNorm", (4,), {}, [ROWS]), ("LayerNorm", ((4, 3),), {"bias": False}, [CHANNELS]),
    ("RMSNorm", (4,), {}, [ROWS]), ("GroupNorm", (2, 4), {}, [CHANNELS]),
    ("RNN", (3, 4), {"num_layers": 2, "bidirectional": True}, [SEQUENCE]),
    ("RNN", (3, 4), {"nonlinearity": "relu", "bias": False}, [SEQUENCE]),
    ("LSTM", (3, 4), {"num_layers": 2, "bidirectional": True, "proj_size": 2}, [SEQUENCE]),
    ("LSTM", (3, 4), {"batch_first": True}, [SEQUENCE]), ("GRU", (3, 4), {"num_layers": 2}, [SEQUENCE]),
    ("RNNCell", (4, 3), {}, [ROWS]), ("LSTMCell", (4, 3), {}, [ROWS]), ("GRUCell", (4, 3), {}, [ROWS]),
    *[(name, (), {}, [ROWS]) for name in (
        "ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Softplus Softsign Hardtanh Hardsigmoid "
        "Hardswish Tanhshrink Softshrink Hardshrink GLU Sigmoid LogSigmoid Tanh Dropout AlphaDropout").split()],
    *[(name, (-1,), {}, [ROWS]) for name in ("Softmax", "LogSoftmax", "Softmin")],
    ("PReLU", (4,), {"init": 0.1}, [CHANNELS]), ("Threshold", (0.1, 2.0), {}, [ROWS]), ("Softmax2d", (), {}, [IMAGES]),
    ("Dropout1d", (), {}, [CHANNELS]), ("Dropout2d", (), {}, [IMAGES]), ("Dropout3d", (), {}, [VOLUMES]),
    ("FeatureAlphaDropout", (), {}, [CHANNELS]),
    *[(name, (), {}, [ROWS, x(5, 4)]) for name in (
        "MSELoss L1Loss SmoothL1Loss HuberLoss CosineSimilarity PairwiseDistance").split()],
    ("CrossEntropyLoss", (), {"weight": shares(4)}, [ROWS, labels(4, 5)]),
    ("NLLLoss", (), {"weight": shares(4)}, [ROWS, labels(4, 5)]),
    ("BCELoss", (), {"weight": shares(4)}, [shares(5, 4), shares(5, 4)]),
    ("BCEWithLogitsLoss", (), {"pos_weight": shares(4)}, [ROWS, shares(5, 4)]),
    ("KLDivLoss", (), {"reduction": "batchmean"}, [ROWS, shares(5, 4)]),
    ("HingeEmbeddingLoss", (), {}, [ROWS, signs(5, 4)]), ("SoftMarginLoss", (), {}, [ROWS, signs(5, 4)]),
    ("MarginRankingLoss", (), {}, [x(5), x(5), signs(5)]), ("CosineEmbeddingLoss", (), {}, [ROWS, x(5, 4), signs(5)]),
    ("MultiMarginLoss", (), {"weight": shares(4)}, [ROWS, labels(4, 5)]),
    ("MultiLabelMarginLoss", (), {}, [ROWS, np.array([[1, 3, -1, 0]] * 5)]),
    ("MultiLabelSoftMarginLoss", (), {"weight": shares(4)}, [ROWS, shares(5, 4)]),
    ("GaussianNLLLoss", (), {}, [ROWS, x(5, 4), shares(5, 4)]), ("PoissonNLLLoss", (), {}, [ROWS, shares(5, 4)]),
    ("TripletMarginLoss", (), {}, [ROWS, x(5, 4), x(5, 4)]),
    ("TripletMarginWithDistanceLoss", (), {}, [ROWS, x(5, 4), x(5, 4)]),
]  # fmt: skip

TORCH_HAS_NONE = {"GaussianNoise", "MLP", "Residual"}
NO_LAYERS = set("Module ModuleDict ModuleList ParameterDict ParameterList RNNBase RNNCellBase Sequential".split())
IDS = [f"{name}{i}" for i, (name, *_) in enumerate(LAYERS)]


def names():
    for name in nn.__all__:
        value = getattr(nn, name)
        if isinstance(value, type) and issubclass(value, nn.Module) and name not in NO_LAYERS:
            yield name


def test_the_table_has_every_layer():
    assert {name for name, *_ in LAYERS} == set(names()) - TORCH_HAS_NONE


def make(lib, name, args, kwargs, dtype, seed=3):
    """The layer, from a seed; a LazyLinear after its first input."""
    dtype = getattr(lib, dtype)
    kwargs = {key: lib.tensor(value, dtype=dtype) if isinstance(value, np.ndarray) else value
              for key, value in kwargs.items()}  # fmt: skip
    before = lib.get_default_dtype()
    lib.set_default_dtype(dtype)
    try:
        lib.manual_seed(seed)
        layer = getattr(lib.nn, name)(*args, **kwargs)
        if name == "LazyLinear":
            layer(lib.tensor(ROWS, dtype=dtype))
        return layer
    finally:
        lib.set_default_dtype(before)


def flat(y):
    return [part for item in y for part in flat(item)] if isinstance(y, tuple) else [y]


def outputs(lib, layer, inputs, dtype):
    lib.manual_seed(11)
    given = [lib.tensor(a, dtype=getattr(lib, dtype) if a.dtype.kind == "f" else None) for a in inputs]
    return [y.detach().numpy() for y in flat(layer(*given))]


def stirred(lib, layer):
    """Every number of the layer's state changed, and none negative, as variances are not."""
    rng = np.random.default_rng(5)
    for value in layer.state_dict().values():
        value.copy_(lib.tensor(rng.uniform(0.2, 2, tuple(value.shape))))
    return layer


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "args", "kwargs"), [row[:3] for row in LAYERS], ids=IDS)
def test_a_layer_begins_with_torchs_numbers(name, args, kwargs, dtype):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    for seed in (0, 2147483647):
        ours, theirs = (make(lib, name, args, kwargs, dtype, seed) for lib in (mg, torch))
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
        for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
            a, b = a.numpy(), b.numpy()
            assert (a.dtype, a.shape) == (b.dtype, b.shape), key
            if name == "Embedding" and dtype == "float32":  # normal numbers differ in their last bits
                np.testing.assert_allclose(a, b, rtol=5e-7, atol=5e-7)
            else:
                assert np.array_equal(a, b), key
        assert mg.rand(3).tolist() == torch.rand(3).tolist()  # both drew as many numbers


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), LAYERS, ids=IDS)
def test_a_state_moves_from_torch_and_back(name, args, kwargs, inputs):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    dtype = "float64"
    theirs = stirred(torch, make(torch, name, args, kwargs, dtype))
    ours = make(mg, name, args, kwargs, dtype, seed=4)
    assert repr(ours.load_state_dict(theirs.state_dict())) == "<All keys matched successfully>"
    for mode in (False, True, False):  # the last time with what training left in the buffers
        ours.train(mode)
        theirs.train(mode)
        for a, b in zip(outputs(mg, ours, inputs, dtype), outputs(torch, theirs, inputs, dtype), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    ours = stirred(mg, make(mg, name, args, kwargs, dtype, seed=4)).eval()
    theirs = make(torch, name, args, kwargs, dtype, seed=5).eval()
    theirs.load_state_dict({key: torch.from_numpy(value.numpy()) for key, value in ours.state_dict().items()})
    for a, b in zip(outputs(mg, ours, inputs, dtype), outputs(torch, theirs, inputs, dtype), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
