"""Batch normalisation layers."""

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def batch(*shape, dtype=mg.float64):
    return mg.tensor(np.random.default_rng(0).normal(3.0, 2.0, shape), dtype=dtype)


def test_training_normalises_each_channel():
    y = nn.BatchNorm1d(3, dtype=mg.float64)(batch(50, 3)).detach().numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(0), 1, rtol=1e-5)


def test_running_statistics_move_by_momentum_towards_the_unbiased_variance():
    layer, x = nn.BatchNorm1d(3, momentum=0.25, dtype=mg.float64), batch(20, 3)
    layer(x)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.25 * x.numpy().mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.75 + 0.25 * x.numpy().var(0, ddof=1), rtol=1e-12)
    assert layer.num_batches_tracked.item() == 1


def test_momentum_none_averages_over_all_batches():
    layer, x = nn.BatchNorm1d(3, momentum=None, dtype=mg.float64), batch(30, 3)
    for part in x.split(10):
        layer(part)
    want = np.mean([p.numpy().var(0, ddof=1) for p in x.split(10)], 0)
    np.testing.assert_allclose(layer.running_mean.numpy(), x.numpy().mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.numpy(), want, rtol=1e-12)
    assert layer.num_batches_tracked.item() == 3


def test_evaluation_uses_and_keeps_the_running_statistics():
    layer, x = nn.BatchNorm1d(3, dtype=mg.float64), batch(20, 3)
    layer(x)
    layer.eval()
    before = layer.running_mean.tolist()
    want = (x.numpy() - layer.running_mean.numpy()) / np.sqrt(layer.running_var.numpy() + 1e-5)
    np.testing.assert_allclose(layer(x).detach().numpy(), want, rtol=1e-10)
    assert layer.running_mean.tolist() == before
    assert layer.num_batches_tracked.item() == 1
    assert tuple(layer(x[:1]).shape) == (1, 3)


def test_without_tracking_evaluation_uses_the_batch():
    layer, x = nn.BatchNorm1d(3, track_running_stats=False, dtype=mg.float64), batch(20, 3)
    assert layer.running_mean is layer.num_batches_tracked is None
    assert layer(x).tolist() == layer.eval()(x).tolist()
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_affine_and_bias_can_be_left_out():
    assert list(nn.BatchNorm1d(3, affine=False).parameters()) == []
    assert [n for n, _ in nn.BatchNorm1d(3, bias=False).named_parameters()] == ["weight"]


def test_reset():
    layer = nn.BatchNorm1d(3, dtype=mg.float64)
    fresh = copy.deepcopy(layer.state_dict())
    layer(batch(20, 3))
    with mg.no_grad():
        layer.weight.fill_(5.0)
    layer.reset_parameters()
    assert {k: v.tolist() for k, v in layer.state_dict().items()} == {k: v.tolist() for k, v in fresh.items()}


@pytest.mark.parametrize(
    ("layer", "x", "text"),
    [
        (nn.BatchNorm1d(3), mg.ones(1, 3), r"BatchNorm1d\(3\).*\(1, 3\).*drop_last=True"),
        (nn.BatchNorm2d(3), mg.ones(1, 3, 1, 1), r"BatchNorm2d\(3\).*drop_last=True"),
        (nn.BatchNorm1d(3), mg.ones(2, 4), r"BatchNorm1d\(3\): expected input \(N, 3\) or \(N, 3, L\), got \(2, 4\)"),
        (nn.BatchNorm1d(3), mg.ones(2, 3, 4, 5), r"BatchNorm1d\(3\): expected"),
        (nn.BatchNorm1d(3), mg.ones(3), r"BatchNorm1d\(3\): expected"),
        (nn.BatchNorm2d(3), mg.ones(2, 3), r"BatchNorm2d\(3\): expected input \(N, 3, H, W\), got \(2, 3\)"),
    ],
)
def test_errors_name_the_layer_and_change_no_statistics(layer, x, text):
    layer = copy.deepcopy(layer)
    with pytest.raises(ValueError, match=text):
        layer(x)
    if layer.num_batches_tracked is not None:
        assert layer.num_batches_tracked.item() == 0
        assert layer.running_mean.tolist() == [0.0] * 3


def test_one_value_a_channel_is_fine_with_more_than_one_place():
    assert tuple(nn.BatchNorm1d(3)(mg.ones(1, 3, 2)).shape) == (1, 3, 2)


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False},
                                     {"bias": False, "eps": 0.1, "momentum": 0.5}], ids=str)  # fmt: skip
@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (4, 3, 5, 6), (4, 3, 5, 2, 3)], ids=str)
def test_batch_norm_agrees_with_torch(options, shape):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    name = {4: "BatchNorm2d", 5: "BatchNorm3d"}.get(len(shape), "BatchNorm1d")
    ours = getattr(nn, name)(3, dtype=mg.float64, **options)
    theirs = getattr(torch.nn, name)(3, dtype=torch.float64, **options)
    assert repr(ours) == repr(theirs)
    for mode in (True, True, False):
        ours.train(mode)
        theirs.train(mode)
        x, tx = batch(*shape), torch.from_numpy(batch(*shape).numpy()).requires_grad_()
        x.requires_grad_()
        y, ty = ours(x), theirs(tx)
        (y * y * y).sum().backward()
        (ty * ty * ty).sum().backward()
        np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), rtol=1e-8, atol=1e-9)
        for (k, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, err_msg=k)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-8, atol=1e-9)


# ---- by rows ----------------------------------------------------------------------------------------------------

ROWS = [
    ("LayerNorm", (6,), (4, 6)), ("LayerNorm", ((5, 6),), (4, 5, 6)), ("RMSNorm", (6,), (4, 6)),
    ("RMSNorm", ([5, 6],), (4, 5, 6)), ("GroupNorm", (2, 6), (4, 6)), ("GroupNorm", (3, 6), (4, 6, 5)),
    ("InstanceNorm1d", (6,), (4, 6, 5)), ("InstanceNorm1d", (6,), (6, 5)), ("InstanceNorm2d", (6,), (2, 6, 3, 5)),
    ("InstanceNorm3d", (6,), (2, 6, 3, 2, 2)), ("InstanceNorm3d", (6,), (6, 3, 2, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "shape"), ROWS, ids=str)
def test_layers_by_rows_can_be_reset(name, arguments, shape):
    options = {"affine": True, "track_running_stats": True} if name.startswith("Instance") else {}
    layer = getattr(nn, name)(*arguments, **options)
    fresh = {k: v.tolist() for k, v in layer.state_dict().items()}
    for value in layer.state_dict().values():
        value.fill_(5)
    layer.reset_parameters()
    assert {k: v.tolist() for k, v in layer.state_dict().items()} == fresh
    assert tuple(layer(mg.randn(*shape)).shape) == shape


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: nn.LayerNorm(3)(mg.ones(2, 4)), r"normalized_shape \(3,\) says, got \(2, 4\)"),
        (lambda: nn.GroupNorm(4, 6), "6 channels do not fall into 4 groups"),
        (lambda: nn.GroupNorm(2, 6)(mg.ones(2, 4, 3)), r"weight of shape \(4,\), got \(6,\)"),
        (
            lambda: nn.InstanceNorm1d(3)(mg.ones(2, 4, 5)),
            r"InstanceNorm1d\(3\): expected input \(N, 3, L\) or \(3, L\)",
        ),
        (lambda: nn.InstanceNorm1d(3)(mg.ones(2, 3, 1)), "one value for each channel"),
        (lambda: nn.InstanceNorm2d(3)(mg.ones(2, 3)), r"InstanceNorm2d\(3\): expected input \(N, 3, H, W\)"),
    ],
)
def test_errors_of_layers_by_rows(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"eps": 0.1}, {"off": True}, {"bias": False}, {"track": True}], ids=str)
@pytest.mark.parametrize(("name", "arguments", "shape"), ROWS, ids=str)
def test_layers_by_rows_agree_with_torch(name, arguments, shape, options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    options = dict(options)
    affine = "affine" if name.startswith(("Group", "Instance")) else "elementwise_affine"
    if options.pop("off", False):
        options[affine] = name.startswith("Instance")  # the other than the default
    if options.pop("track", False):
        if not name.startswith("Instance"):
            pytest.skip("tracks nothing")
        options.update(track_running_stats=True, affine=True, momentum=0.3)
    if name == "RMSNorm" and "bias" in options:
        pytest.skip("RMSNorm has no bias")
    ours = getattr(nn, name)(*arguments, dtype=mg.float64, **options)
    theirs = getattr(torch.nn, name)(*arguments, dtype=torch.float64, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        values = np.random.default_rng(4).normal(size=tuple(p.shape))
        p.data.copy_(mg.tensor(values))
        q.data.copy_(torch.tensor(values))
    for mode in (True, True, False):
        ours.train(mode)
        theirs.train(mode)
        x, tx = batch(*shape), torch.from_numpy(batch(*shape).numpy()).requires_grad_()
        x.requires_grad_()
        y, ty = ours(x), theirs(tx)
        (y * y * y).sum().backward()
        (ty * ty * ty).sum().backward()
        np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), rtol=1e-8, atol=1e-9)
        for (k, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, err_msg=k)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-8, atol=1e-9)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "options"), [
    ("BatchNorm1d", (5,), {}), ("BatchNorm2d", (5,), {"bias": False}), ("BatchNorm1d", (5,), {"affine": False}),
    ("InstanceNorm1d", (5,), {"affine": True}), ("InstanceNorm2d", (5,), {"affine": True, "track_running_stats": True}),
    ("LayerNorm", ((3, 4),), {}), ("RMSNorm", (4,), {}), ("GroupNorm", (2, 4), {}),
], ids=str)  # fmt: skip
def test_layers_begin_with_torchs_numbers_and_draw_none(name, arguments, options, dtype):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    mg.manual_seed(1)
    state = mg.get_rng_state().tolist()
    ours = getattr(nn, name)(*arguments, dtype=getattr(mg, dtype), **options)
    theirs = getattr(torch.nn, name)(*arguments, dtype=getattr(torch, dtype), **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in ours.state_dict().items():
        assert value.tolist() == theirs.state_dict()[key].tolist(), key
    assert mg.get_rng_state().tolist() == state


@pytest.mark.parametrize("counter", [np.array(3), np.zeros(0, np.int64)])
def test_a_counter_of_batches_is_never_written_where_that_may_not_be(counter):
    counter.flags.writeable = False
    norm = nn.BatchNorm1d(2)
    norm.num_batches_tracked = mg.from_numpy(counter)
    with pytest.raises((ValueError, RuntimeError), match="read-only"):
        norm(mg.randn(4, 2))
    assert counter.sum() in (0, 3)
    assert (norm.running_mean == 0).all()


@pytest.mark.parametrize("channels", [100, 257])
def test_in_evaluation_a_row_has_the_same_bits_in_any_batch_recorded_or_not(channels):
    layer, x = nn.BatchNorm1d(channels), batch(20, channels, dtype=mg.float32)
    layer(x)
    layer.eval()
    expected = layer(x).detach().numpy()
    for rows in (1, 2, 7, 8, 9, 20):
        with mg.no_grad():
            unrecorded = layer(x[:rows]).numpy()
        np.testing.assert_array_equal(unrecorded, expected[:rows])
        np.testing.assert_array_equal(layer(x[:rows]).detach().numpy(), expected[:rows])
