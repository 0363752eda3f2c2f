"""Residual stacks that begin as the identity: fixup_ and zero_gamma_."""

from math import sqrt

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init


class Residual(nn.Module):
    def __init__(self, block, shortcut=None):
        super().__init__()
        self.block = block
        self.shortcut = shortcut

    def forward(self, x):
        return (x if self.shortcut is None else self.shortcut(x)) + self.block(x)


def block(width, layers=2):
    parts = []
    for _ in range(layers):
        parts += [nn.ReLU(), nn.Linear(width, width)]
    return nn.Sequential(*parts)


def stack(depth, width=8, layers=2):
    return nn.Sequential(
        nn.Linear(5, width), *[Residual(block(width, layers)) for _ in range(depth)], nn.ReLU(), nn.Linear(width, 3)
    )


def weights(model):
    return {name: p.detach().numpy().copy() for name, p in model.named_parameters()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


# ---- fixup_ ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [1, 5])
def test_fixup_scales_the_branches_and_zeroes_their_last_layers_and_the_classifier(layers, depth):
    model = stack(depth, layers=layers)
    before = weights(model)
    assert init.fixup_(model) is model
    after = weights(model)
    scale = depth ** (-1 / (2 * layers - 2)) if layers > 1 else None
    last = f"block.{2 * layers - 1}"
    head = str(depth + 2)
    for name in before:
        if f".{last}." in name or name.startswith(head + "."):
            assert not after[name].any(), name
        elif ".block." in name and name.endswith("weight"):
            np.testing.assert_allclose(after[name], before[name] * np.float32(scale), rtol=1e-6, err_msg=name)
        else:  # the first layer, and the branches' biases
            assert np.array_equal(after[name], before[name]), name


def test_fixup_makes_the_stack_the_identity_and_the_scores_0():
    model = init.fixup_(stack(6))
    x = mg.randn(4, 8)
    assert np.array_equal(model[1:7](x).detach().numpy(), x.numpy())
    assert model(mg.randn(4, 5)).tolist() == [[0.0] * 3] * 4


def test_fixup_draws_the_other_weights_where_it_is_given_an_initializer():
    model = stack(4, width=200)
    init.fixup_(model, init="he_normal")
    assert model[0].weight.detach().numpy().std() == pytest.approx(sqrt(2 / 5), rel=0.1)
    assert model[1].block[1].weight.detach().numpy().std() == pytest.approx(sqrt(2 / 200) / 2, rel=0.03)
    assert not model[1].block[3].weight.detach().numpy().any()
    mg.manual_seed(1)
    first = weights(init.fixup_(model, init="he_normal"))
    mg.manual_seed(1)
    assert same(first, weights(init.fixup_(model, init="he_normal")))  # scaled once, however often it is called


def test_fixup_bounds_the_variance_of_fifty_branches_whose_last_layers_have_learnt_something():
    """With He's weights in all layers a branch adds as much variance as it gets: 2^50 = 1e15 of them. Each scaled by
    1 / L in variance, and the last layers drawn again at a variance of 1: (1 + 1 / L)^L, near e. Seen: 2.7 to 3.4."""
    mg.manual_seed(0)
    model = nn.Sequential(*[Residual(block(256)) for _ in range(50)])
    x = mg.randn(32, 256)
    init.fixup_(model, classifier=False, init="he_normal")
    assert model(x).var().item() == pytest.approx(x.var().item())
    for branch in model:
        init.get("he_normal")(branch.block[3].weight)
    assert 2 < model(x).var().item() < 5


def test_fixup_takes_branches_and_classifier_by_hand():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 2)  # registered ahead of the branches
            self.first, self.second = block(4), block(4)

        def forward(self, x):
            x = x + self.first(x)
            return self.head(x + self.second(x))

    model = Net()
    before = weights(model)
    init.fixup_(model, branches=[model.first, model.second], classifier=model.head)
    np.testing.assert_allclose(model.first[1].weight.detach().numpy(), before["first.1.weight"] / sqrt(2), rtol=1e-6)
    for layer in (model.first[3], model.second[3], model.head):
        assert not layer.weight.detach().numpy().any()
    assert model(mg.randn(3, 4)).tolist() == [[0.0, 0.0]] * 3


def test_fixup_leaves_shortcuts_alone():
    model = nn.Sequential(Residual(block(4), nn.Linear(4, 4)), Residual(block(4)), nn.Linear(4, 2))
    before = model[0].shortcut.weight.tolist()
    init.fixup_(model)
    assert model[0].shortcut.weight.tolist() == before


def test_fixup_keeps_norms_embeddings_and_slopes():
    model = nn.Sequential(
        nn.Embedding(3, 4),
        Residual(nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.LayerNorm((2, 4)), nn.Linear(4, 4))),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    before = weights(model)
    after = weights(init.fixup_(model))
    for name in ("0.weight", "1.block.1.weight", "1.block.2.weight", "1.block.0.weight"):  # L = 1: a factor of 1
        assert np.array_equal(after[name], before[name])
    assert not after["1.block.3.weight"].any()


def test_fixup_leaves_leaves_without_history():
    model = init.fixup_(stack(2))
    for p in model.parameters():
        assert p.is_leaf
        assert p.requires_grad
        assert p.grad is None


def shared():
    inner = block(4)
    return nn.Sequential(Residual(inner), Residual(inner), nn.Linear(4, 2))


def tied():
    model = nn.Sequential(Residual(block(4)), Residual(block(4)), nn.Linear(4, 2))
    model[1].block[1].weight = model[0].block[1].weight
    return model


def tied_within():
    model = nn.Sequential(Residual(block(4)), nn.Linear(4, 2))
    model[0].block[3].weight = model[0].block[1].weight
    return model


def tied_to_a_table():
    model = nn.Sequential(nn.Embedding(7, 4), Residual(block(4)), nn.Linear(4, 7))
    model[2].weight = model[0].weight
    return model


class Computed(nn.Module):
    def __init__(self):
        super().__init__()
        self.v = nn.Parameter(mg.ones(4, 4))

    @property
    def weight(self):
        return self.v * 2


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        (nn.Sequential(nn.Linear(2, 2)), {}, r"Sequential has no residual branch .*branches=\[\.\.\.\]"),
        (nn.Sequential(Residual(block(4))), {},
         "behind the last branch of Sequential stands no weight layer.*classifier=False"),
        (nn.Sequential(nn.Linear(4, 4), Residual(block(4))), {}, "stands no weight layer"),
        (nn.Sequential(Residual(block(4), nn.Linear(4, 4))), {}, "stands no weight layer"),
        (nn.Sequential(Residual(nn.ReLU()), nn.Linear(4, 4)), {}, r"the branch ReLU '0\.block' has no weight layer"),
        (shared(), {}, r"branches '0\.block' and '1\.block' have a Linear in common"),
        (tied(), {}, r"branches '0\.block' and '1\.block' have a Linear in common"),
        (nn.Sequential(Residual(nn.Sequential(nn.Linear(4, 4), Residual(block(4)))), nn.Linear(4, 2)), {},
         r"branches '0\.block' and '0\.block\.1\.block' have a Linear in common"),
        (tied_within(), {}, r"Linear '0\.block\.1' and Linear '0\.block\.3' share a weight"),
        (tied_to_a_table(), {}, "Embedding '0' and Linear '2' share a weight"),
        (nn.Sequential(Residual(Computed()), nn.Linear(4, 2)), {}, r"weight of Computed '0\.block' is computed"),
        (stack(1), {"branches": [block(8)]}, "branches are modules of the model, got Sequential"),
        (stack(1), {"branches": []}, "has no residual branch"),
        (stack(1), {"classifier": nn.Linear(8, 3)}, "classifier.*none of them"),
        (stack(1), {"init": "hee_normal"}, "nearest is 'he_normal'"),
    ],
)  # fmt: skip
def test_fixup_refuses_what_it_cannot_make_the_identity_and_changes_nothing(model, options, text):
    before = weights(model)
    with pytest.raises(ValueError, match=text):
        init.fixup_(model, **options)
    assert same(before, weights(model))


def test_fixup_refuses_a_classifier_within_a_branch_or_without_a_weight():
    model = stack(2)
    for wrong in (model[1].block[1], model[3]):
        with pytest.raises(ValueError, match="no weight layer outside the branches"):
            init.fixup_(model, classifier=wrong)


# ---- zero_gamma_ -----------------------------------------------------------------------------------------------


def normed(norm):
    return nn.Sequential(nn.Linear(6, 6), norm(), nn.ReLU(), nn.Linear(6, 6), norm())


class OwnNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mg.ones(6))

    def forward(self, x):
        return x * self.weight


@pytest.mark.parametrize(
    "norm",
    [lambda: nn.BatchNorm1d(6), lambda: nn.LayerNorm(6), lambda: nn.RMSNorm(6), lambda: nn.GroupNorm(2, 6), OwnNorm],
)
def test_zero_gamma_zeroes_the_last_norm_of_each_branch_so_that_the_stack_is_the_identity(norm):
    model = nn.Sequential(*[Residual(normed(norm)) for _ in range(3)])
    before = weights(model)
    assert init.zero_gamma_(model) is model
    after = weights(model)
    for name in before:
        if name.endswith("block.4.weight"):
            assert not after[name].any(), name
        else:
            assert np.array_equal(after[name], before[name]), name
    x = mg.randn(5, 6)
    assert np.array_equal(model(x).detach().numpy(), x.numpy())
    assert all(p.is_leaf and p.requires_grad for p in model.parameters())


def test_zero_gamma_lets_the_zero_weights_learn():
    model = init.zero_gamma_(nn.Sequential(Residual(normed(lambda: nn.BatchNorm1d(6)))))
    (model(mg.randn(5, 6)) ** 2).sum().backward()
    assert model[0].block[4].weight.grad.abs().min().item() > 0


def test_zero_gamma_takes_branches_by_hand():
    model = nn.ModuleList([normed(lambda: nn.LayerNorm(6)), normed(lambda: nn.LayerNorm(6))])
    init.zero_gamma_(model, branches=model[1])
    assert model[0][4].weight.tolist() == [1.0] * 6
    assert model[1][4].weight.tolist() == [0.0] * 6


def pre_activation():
    return nn.Sequential(nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 6))


@pytest.mark.parametrize(
    ("branches", "text"),
    [
        ([], "has no residual branch"),
        ([block(6)], r"the branch Sequential '1\.block' has no norm; without norms use fixup_"),
        ([pre_activation()], r"in the branch '1\.block' Linear '1\.block\.2' stands behind the last norm, BatchNorm1d "
                             r"'1\.block\.0'.*before a ReLU it would stay for ever"),
        ([nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6, affine=False))],
         r"BatchNorm1d '1\.block\.1' has no weight to set to 0"),
    ],
)  # fmt: skip
def test_zero_gamma_refuses_what_it_cannot_make_the_identity_and_changes_nothing(branches, text):
    model = nn.Sequential(Residual(normed(lambda: nn.BatchNorm1d(6))) if branches else nn.Linear(6, 6))
    for branch in branches:
        model.append(Residual(branch))
    before = weights(model)
    with pytest.raises(ValueError, match=f"zero_gamma_: .*{text}"):
        init.zero_gamma_(model)
    assert same(before, weights(model))


def test_a_zero_ahead_of_a_relu_would_stay_for_ever():
    """Why the branches of pre-activation are refused: no gradient gets past a ReLU at 0."""
    model = nn.Sequential(Residual(pre_activation()))
    init.zeros_(model[0].block[0].weight)
    (model(mg.randn(5, 6)) ** 2).sum().backward()
    assert not model[0].block[0].weight.grad.numpy().any()
    assert not model[0].block[2].weight.grad.numpy().any()
