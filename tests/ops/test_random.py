"""Random numbers: laws and errors, and, where torch is there, its very numbers."""

import random

import numpy as np
import pytest

import minigrad as mg

MAKERS = [
    ("rand", lambda t, n: t.rand(n)),
    ("rand double", lambda t, n: t.rand(n, dtype=t.float64)),
    ("randn", lambda t, n: t.randn(n)),
    ("randn double", lambda t, n: t.randn(n, dtype=t.float64)),
    ("randn columns", lambda t, n: t.empty(n, 2)[:, 0].normal_(0.5, 2)),
    ("randn transposed", lambda t, n: t.empty(3, n).t().normal_()),
    ("uniform_", lambda t, n: t.empty(n).uniform_(-3, 5)),
    ("bernoulli_", lambda t, n: t.empty(n).bernoulli_(0.3)),
    ("bernoulli", lambda t, n: t.bernoulli(t.full((n,), 0.3))),
    ("randint", lambda t, n: t.randint(-3, 10, (n,))),
    ("randint wide", lambda t, n: t.randint(0, 2**40, (n,))),
    ("randint uint8", lambda t, n: t.randint(0, 256, (n,), dtype=t.uint8)),
    ("randint float", lambda t, n: t.randint(0, 9, (n,), dtype=t.float32)),
    ("random_ int64", lambda t, n: t.empty(n, dtype=t.int64).random_()),
    ("random_ float", lambda t, n: t.empty(n).random_()),
    ("random_ to", lambda t, n: t.empty(n).random_(7)),
    ("randperm", lambda t, n: t.randperm(n)),
    ("normal tensors", lambda t, n: t.normal(t.arange(n).to(t.float32), 2.0)),
    ("normal numbers", lambda t, n: t.normal(1.0, 2.0, (n,))),
    ("exponential_", lambda t, n: t.empty(n).exponential_(0.7)),
    ("log_normal_", lambda t, n: t.empty(n).log_normal_(0.3, 0.5)),
    ("geometric_", lambda t, n: t.empty(n).geometric_(0.3)),
    ("cauchy_", lambda t, n: t.empty(n, dtype=t.float64).cauchy_(1, 2)),
    ("exponential_ transposed", lambda t, n: t.empty(2, n).t().exponential_()),
    ("rand_like", lambda t, n: t.rand_like(t.empty(n, 2))),
    ("multinomial", lambda t, n: t.multinomial(t.linspace(0.1, 1, n + 2), 2)),
    ("multinomial replaced", lambda t, n: t.multinomial(t.linspace(0.1, 1, n + 2), 5, replacement=True)),
]


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [0, 5, 2147483647, 2**40 + 7, -3])
def test_calls_in_any_order_draw_torchs_numbers_and_leave_its_state(seed):
    torch = pytest.importorskip("torch", reason="torch is the oracle of the streams")
    order = random.Random(seed)
    mg.manual_seed(seed)
    torch.manual_seed(seed)
    np.testing.assert_array_equal(mg.get_rng_state().numpy(), torch.get_rng_state().numpy())
    for _ in range(150):
        name, make = order.choice(MAKERS)
        n = order.choice([0, 1, 2, 5, 15, 16, 17, 100, 311, 624])
        ours, theirs = make(mg, n).numpy(), make(torch, n).numpy()
        tolerance = 5e-7 * 5 if "normal" in name or "randn" in name else 0
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=f"{name} {n}")
        np.testing.assert_array_equal(mg.get_rng_state().numpy(), torch.get_rng_state().numpy(), f"{name} {n}")


@pytest.mark.oracle
def test_randn_is_within_5e_7_of_torchs():
    torch = pytest.importorskip("torch", reason="torch is the oracle of the streams")
    mg.manual_seed(1)
    torch.manual_seed(1)
    np.testing.assert_allclose(mg.randn(100000).numpy(), torch.randn(100000).numpy(), rtol=0, atol=5e-7)


def test_a_fork_of_the_generator_leaves_it_as_it_was():
    mg.manual_seed(1)
    expected = mg.rand(3).tolist()
    mg.manual_seed(1)
    with mg.random.fork_rng():
        assert mg.rand(3).tolist() == expected
    assert mg.rand(3).tolist() == expected
    mg.manual_seed(1)
    with mg.random.fork_rng(enabled=False):
        mg.rand(3)
    assert mg.rand(3).tolist() != expected


def test_the_namespace_random_is_the_same_generator():
    mg.random.manual_seed(4)
    expected = mg.rand(3).tolist()
    mg.manual_seed(4)
    assert mg.rand(3).tolist() == expected
    assert mg.random.initial_seed() == mg.initial_seed() == 4


def test_out_is_filled_and_resized():
    out = mg.empty(1)
    for make in (lambda **more: mg.rand(2, 3, **more), lambda **more: mg.randn(2, 3, **more),
                 lambda **more: mg.randint(0, 9, (2, 3), **more), lambda **more: mg.randperm(6, **more)):
        mg.manual_seed(2)
        expected = make().tolist()
        mg.manual_seed(2)
        assert make(out=out) is out
        assert out.tolist() == expected
        assert out.dtype == mg.float32
    with pytest.raises(TypeError, match="out"):
        mg.rand(3, out=mg.empty(3), dtype=mg.float64)


@pytest.mark.parametrize("wrong", [
    lambda: mg.empty(3).uniform_(2, 1),
    lambda: mg.empty(3).normal_(0, -1),
    lambda: mg.empty(3).bernoulli_(1.5),
    lambda: mg.empty(3).exponential_(0),
    lambda: mg.empty(3).log_normal_(0, 0),
    lambda: mg.empty(3).geometric_(1),
    lambda: mg.empty(3).cauchy_(0, -1),
    lambda: mg.randint(3, 3, (2,)),
    lambda: mg.randperm(-1),
    lambda: mg.bernoulli(mg.tensor([2.0])),
    lambda: mg.normal(mg.zeros(2), mg.tensor([1.0, -1.0])),
    lambda: mg.multinomial(mg.tensor([1.0, -1.0]), 1),
    lambda: mg.multinomial(mg.tensor([1.0, 1.0]), 3),
    lambda: mg.manual_seed(2**64),
])
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="."):
        wrong()


@pytest.mark.parametrize("fill", [lambda x: x.uniform_("0"), lambda x: x.normal_(0, [1]), lambda x: x.exponential_("1"),
                                  lambda x: x.bernoulli_("p"), lambda x: x.random_(generator=1)])
def test_arguments_that_are_no_numbers_or_generators_are_refused_by_name(fill):
    with pytest.raises(TypeError, match=r"^(uniform_|normal_|exponential_|bernoulli_|generator): expected"):
        fill(mg.empty(3))


@pytest.mark.parametrize("fill", ["uniform_", "normal_", "exponential_", "log_normal_", "cauchy_"])
def test_integers_and_recorded_leaves_are_not_filled(fill):
    with pytest.raises(TypeError, match="floating"):
        getattr(mg.zeros(3, dtype=mg.int64), fill)()
    with pytest.raises(RuntimeError, match="no_grad"):
        getattr(mg.zeros(3, requires_grad=True), fill)()


def test_the_laws_have_their_means():
    mg.manual_seed(0)
    n = 200000
    assert abs(mg.empty(n).exponential_(2).mean().item() - 0.5) < 0.01
    assert abs(mg.empty(n).geometric_(0.25).mean().item() - 4) < 0.05
    assert abs(mg.empty(n).log_normal_(0, 0.5).log().mean().item()) < 0.01
    assert abs(np.median(mg.empty(n).cauchy_(3, 1).numpy()) - 3) < 0.02
