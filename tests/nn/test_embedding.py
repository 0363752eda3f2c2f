"""Embedding and Bilinear layers."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_embedding_is_a_table_drawn_from_the_normal_distribution():
    mg.manual_seed(0)
    layer = nn.Embedding(200, 50, padding_idx=-1)
    assert layer.padding_idx == 199
    table = layer.weight.detach().numpy()
    assert table[199].tolist() == [0.0] * 50
    assert abs(table[:199].std() - 1) < 0.02
    assert layer(mg.tensor([[1, 199]])).tolist() == [table[[1, 199]].tolist()]


def test_the_padding_row_is_not_trained():
    layer = nn.Embedding(3, 2, padding_idx=0)
    layer(mg.tensor([0, 1, 1])).sum().backward()
    assert layer.weight.grad.tolist() == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]


def test_a_given_table_is_frozen_and_shared():
    table = mg.ones(3, 2)
    layer = nn.Embedding.from_pretrained(table)
    assert not layer.weight.requires_grad and nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    table[0] = 5.0
    assert layer(mg.tensor(0)).tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError, "padding_idx 3"),
        (lambda: nn.Embedding(3, 2, sparse=True), NotImplementedError, "sparse=False"),
        (lambda: nn.Embedding(3, 2, _weight=mg.ones(2, 3)), ValueError, r"\(3, 2\), got \(2, 3\)"),
        (lambda: nn.Embedding.from_pretrained(mg.ones(3)), ValueError, "embedding_dim"),
        (lambda: nn.Bilinear(0, 2, 3), ValueError, "in1_features"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_bilinear():
    layer = nn.Bilinear(2, 3, 4)
    bound = 1 / np.sqrt(2)
    assert all(abs(p.detach().numpy()).max() <= bound for p in layer.parameters())
    assert tuple(layer(mg.ones(5, 2), mg.ones(5, 3)).shape) == (5, 4)
    assert list(nn.Bilinear(2, 3, 4, bias=False).state_dict()) == ["weight"]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "arguments", "options"), [
    ("Embedding", (5, 3), {}), ("Embedding", (5, 3), {"padding_idx": 1, "max_norm": 1.0, "norm_type": 1.0}),
    ("Embedding", (5, 3), {"scale_grad_by_freq": True}),
    ("Bilinear", (2, 3, 4), {}), ("Bilinear", (2, 3, 4), {"bias": False}),
], ids=str)  # fmt: skip
def test_layers_are_torchs(name, arguments, options):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    mg.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = getattr(nn, name)(*arguments, **options), getattr(torch.nn, name)(*arguments, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=5e-7, atol=5e-7)


def test_both_take_an_initializer():
    table = nn.Embedding(50, 8, padding_idx=3, init="glorot_uniform")
    assert table.weight[3].tolist() == [0.0] * 8
    assert 0.2 < table.weight.abs().max().item() <= np.sqrt(6 / 58)
    layer = nn.Bilinear(4, 8, 3, init="lecun_uniform")  # fan_in is 32
    assert 0.25 < layer.weight.abs().max().item() <= np.sqrt(3 / 32)
    assert layer.bias.tolist() == [0.0] * 3
    assert nn.Bilinear(2, 2, 1, bias=False, init=nn.init.ones_).weight.tolist() == [[[1.0, 1.0], [1.0, 1.0]]]
    for make in (nn.Embedding, lambda *sizes, init: nn.Bilinear(*sizes, 2, init=init)):
        with pytest.raises(ValueError, match="unknown name 'hee'"):
            make(3, 2, init="hee")


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [0, 1, 2147483647])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "options"), [
    ("Embedding", (5, 3), {}), ("Embedding", (100, 64), {}), ("Embedding", (100, 7), {"padding_idx": 2}),
    ("Bilinear", (2, 3, 4), {}), ("Bilinear", (20, 33, 14), {}), ("Bilinear", (5, 6, 7), {"bias": False}),
], ids=str)  # fmt: skip
def test_layers_begin_with_torchs_numbers(name, arguments, options, dtype, seed):
    """To the bit; but for normal numbers in float32, 16 or more, where torch's own log, cos and sin are 1 ulp off."""
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    mg.manual_seed(seed)
    torch.manual_seed(seed)
    ours = getattr(nn, name)(*arguments, dtype=getattr(mg, dtype), **options)
    theirs = getattr(torch.nn, name)(*arguments, dtype=getattr(torch, dtype), **options)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        if name == "Embedding" and dtype == "float32" and p.numel() >= 16:
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=0, atol=5e-7)
        else:
            assert np.array_equal(p.detach().numpy(), q.detach().numpy())
    assert mg.rand(3).tolist() == torch.rand(3).tolist()
