"""Distributions draw PyTorch's numbers, have its formulas, and refuse what makes no sense."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.distributions import Categorical, Multinomial, Normal, kl_divergence


def numbers(*shape, low=0.1, high=2.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


CASES = [
    ("Categorical", lambda d, t: d.Categorical(t(numbers(4)))),
    ("Categorical batch", lambda d, t: d.Categorical(probs=t(numbers(5, 2, 3)))),
    ("Categorical logits", lambda d, t: d.Categorical(logits=t(numbers(5, 3, low=-4)))),
    ("Normal numbers", lambda d, t: d.Normal(0.5, 2.0)),
    ("Normal mixed", lambda d, t: d.Normal(1.0, t(numbers(3)))),
    ("Normal batch", lambda d, t: d.Normal(t(numbers(4, 1)), t(numbers(7)))),
    ("Multinomial", lambda d, t: d.Multinomial(10, t(numbers(6)))),
    ("Multinomial batch", lambda d, t: d.Multinomial(3, logits=t(numbers(2, 4)))),
]


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 20)], ids=str)
@pytest.mark.parametrize("build", [b for _, b in CASES], ids=[name for name, _ in CASES])
def test_draws_and_formulas_are_torchs(build, shape):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    ours, theirs = build(mg.distributions, mg.tensor), build(torch.distributions, torch.tensor)
    mg.manual_seed(3)
    torch.manual_seed(3)
    draw, want = ours.sample(shape), theirs.sample(shape)
    assert tuple(draw.shape) == tuple(want.shape)
    assert str(draw.dtype).partition(".")[2] == str(want.dtype).partition(".")[2]
    if isinstance(ours, Normal):  # the last bits of a logarithm and a cosine are not the same
        np.testing.assert_allclose(draw.numpy(), want.numpy(), rtol=1e-6, atol=1e-6)
    else:
        np.testing.assert_array_equal(draw.numpy(), want.numpy())
    np.testing.assert_allclose(ours.log_prob(draw).numpy(), theirs.log_prob(want).numpy(), rtol=1e-5, atol=1e-6)
    assert mg.rand(1).item() == torch.rand(1).item(), "the generators are not in the same state afterwards"
    for name in ("batch_shape", "event_shape"):
        assert tuple(getattr(ours, name)) == tuple(getattr(theirs, name))
    if not isinstance(ours, Multinomial):
        np.testing.assert_allclose(ours.entropy().numpy(), theirs.entropy().numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.perplexity().numpy(), theirs.perplexity().numpy(), rtol=1e-5)
    if not isinstance(ours, Categorical):
        for name in ("mean", "variance", "stddev"):
            np.testing.assert_allclose(getattr(ours, name).numpy(), getattr(theirs, name).numpy(), rtol=1e-5)
    if isinstance(ours, Normal):
        drawn = ours.rsample(shape)
        np.testing.assert_allclose(drawn.numpy(), theirs.rsample(shape).numpy(), rtol=1e-6, atol=1e-6)
        p = mg.tensor(0.3), torch.tensor(0.3)
        np.testing.assert_allclose(ours.cdf(p[0]).numpy(), theirs.cdf(p[1]).numpy(), rtol=1e-5)
        np.testing.assert_allclose(ours.icdf(p[0]).numpy(), theirs.icdf(p[1]).numpy(), rtol=1e-5)


@pytest.mark.oracle
def test_gradients_and_divergences_are_torchs():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    results = []
    for t, d in ((mg, mg.distributions), (torch, torch.distributions)):
        a, b = (t.tensor(numbers(3, 4, seed=s), requires_grad=True) for s in (1, 2))
        value = t.tensor([0, 3, 1])
        loss = (
            d.Categorical(logits=a).log_prob(value).sum() + d.Categorical(b).entropy().sum()
            + d.Normal(a, b).log_prob(t.tensor(0.7)).sum()
            + d.kl_divergence(d.Normal(a, b), d.Normal(b, a)).sum()
            + d.kl_divergence(d.Categorical(a), d.Categorical(b)).sum()
        )  # fmt: skip
        loss.backward()
        results.append([loss.detach().numpy(), a.grad.numpy(), b.grad.numpy()])
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-5)


def test_a_draw_has_no_gradient_and_rsample_has():
    loc = mg.zeros(2, requires_grad=True)
    scale = mg.ones(2, requires_grad=True)
    assert not Normal(loc, scale).sample().requires_grad
    y = Normal(loc, scale).rsample((5,))
    y.sum().backward()
    assert loc.grad.tolist() == [5.0, 5.0]
    np.testing.assert_allclose(scale.grad.numpy(), y.detach().numpy().sum(0), rtol=1e-6)


def test_probabilities_come_out_as_they_went_in():
    mg.manual_seed(0)
    draws = Categorical(mg.tensor([1.0, 2.0, 5.0])).sample((40000,))
    np.testing.assert_allclose(np.bincount(draws.numpy()) / 40000, [0.125, 0.25, 0.625], atol=0.01)
    counts = Multinomial(1000, mg.tensor([0.5, 0.5])).sample()
    assert counts.sum().item() == 1000
    assert abs(counts[0].item() - 500) < 100
    assert Categorical(mg.tensor([0.0, 1.0])).sample((100,)).sum().item() == 100


def test_the_multinomials_probabilities_sum_to_one():
    law = Multinomial(3, mg.tensor([0.2, 0.3, 0.5]))
    total = sum(
        law.log_prob(mg.tensor([float(i), float(j), float(3 - i - j)])).exp().item()
        for i in range(4) for j in range(4 - i)
    )  # fmt: skip
    assert total == pytest.approx(1, abs=1e-6)


def test_all_classes_and_the_most_probable():
    law = Categorical(mg.tensor([[0.1, 0.9], [0.8, 0.2]]))
    assert law.enumerate_support().tolist() == [[0, 0], [1, 1]]
    assert law.enumerate_support(expand=False).tolist() == [[0], [1]]
    assert law.mode.tolist() == [1, 0]
    assert Normal(2.0, 1.0).mode.item() == 2.0


def test_divergence_is_infinite_where_the_other_says_never():
    p, q = Categorical(mg.tensor([0.5, 0.5])), Categorical(mg.tensor([0.0, 1.0]))
    assert kl_divergence(p, q).item() == math.inf
    assert math.isfinite(kl_divergence(q, p).item())
    with pytest.raises(NotImplementedError, match="Normal and Categorical"):
        kl_divergence(Normal(0.0, 1.0), p)


@pytest.mark.parametrize(("build", "message"), [
    (lambda: Categorical(), "either probs or logits, got neither"),
    (lambda: Categorical(mg.ones(2), mg.ones(2)), "got both"),
    (lambda: Categorical(mg.tensor(1.0)), r"got shape \(\)"),
    (lambda: Categorical([0.5, 0.5]), "got list"),
    (lambda: Categorical(mg.tensor([-1.0, 2.0])), r"not negative, got \[-1.0\]"),
    (lambda: Categorical(mg.zeros(2)), "not all 0"),
    (lambda: Categorical(logits=mg.tensor([math.nan, 0.0])), "no NaN"),
    (lambda: Normal(0.0, -1.0), r"above 0, got \[-1.0\]"),
    (lambda: Normal(math.nan, 1.0), "loc must be finite"),
    (lambda: Multinomial(-1, mg.ones(2)), "got -1"),
    (lambda: Categorical(mg.ones(3)).log_prob(mg.tensor(3)), r"a class, 0 to 2, got \[3\]"),
    (lambda: Categorical(mg.ones(3)).log_prob(mg.tensor(0.5)), "a class"),
    (lambda: Multinomial(10, mg.ones(3)).log_prob(mg.tensor([1.0, 2.0, 3.0])), "sum to 10"),
])
def test_what_makes_no_sense_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_checks_can_be_left_out():
    assert math.isnan(Normal(math.nan, 1.0, validate_args=False).log_prob(mg.tensor(0.0)).item())


def test_they_print_their_parameters():
    assert repr(Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert "Size([2])" in repr(Categorical(mg.ones(2)))
    assert repr(Multinomial(3, mg.ones(2))).startswith("Multinomial(total_count=3")
    assert Categorical(mg.ones(2)).sample_n(3).shape == (3,)
