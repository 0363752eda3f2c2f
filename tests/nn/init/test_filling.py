"""One value or one distribution, and what all initializers of a tensor have in common: the laws their
numbers follow, errors, and torch's numbers for torch's seeds."""

import inspect
import math
from math import inf, nan, sqrt

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init


def part(mean, std, a, b):
    """(mean, deviation, least, largest) of the part of normal(mean, std) in [a, b]."""

    def density(z):
        return math.exp(-z * z / 2) / sqrt(2 * math.pi)

    low, high = (a - mean) / std, (b - mean) / std
    mass = (math.erf(high / sqrt(2)) - math.erf(low / sqrt(2))) / 2
    first = (density(low) - density(high)) / mass
    ends = [z * density(z) if math.isfinite(z) else 0.0 for z in (low, high)]
    return mean + std * first, std * sqrt(1 + (ends[0] - ends[1]) / mass - first**2), a, b


# One row an initializer: how it fills (300, 200), and the mean, deviation, least and largest value of its law.
ROWS = {
    "uniform_": (lambda t, **k: init.uniform_(t, -1, 3, **k), 1, 4 / sqrt(12), -1, 3),
    "normal_": (lambda t, **k: init.normal_(t, 1, 2, **k), 1, 2, -inf, inf),
    "xavier_uniform_": (
        lambda t, **k: init.xavier_uniform_(t, gain=2, **k), 0, 2 * sqrt(2 / 500), -2 * sqrt(6 / 500), 2 * sqrt(6 / 500)
    ),
    "xavier_normal_": (lambda t, **k: init.xavier_normal_(t, gain=3, **k), 0, 3 * sqrt(2 / 500), -inf, inf),
    "kaiming_uniform_": (lambda t, **k: init.kaiming_uniform_(t, nonlinearity="relu", **k), 0, sqrt(2 / 200),
                         -sqrt(6 / 200), sqrt(6 / 200)),
    "kaiming_uniform_ by fan_out": (lambda t, **k: init.kaiming_uniform_(t, 0, "fan_out", "tanh", **k), 0,
                                    5 / 3 / sqrt(300), -5 / sqrt(3 * 300), 5 / sqrt(3 * 300)),
    "kaiming_normal_": (lambda t, **k: init.kaiming_normal_(t, a=2, **k), 0, sqrt(2 / 5 / 200), -inf, inf),
    "kaiming_normal_ by fan_out": (lambda t, **k: init.kaiming_normal_(t, a=1, mode="fan_out", **k), 0,
                                   sqrt(1 / 300), -inf, inf),
    "orthogonal_": (lambda t, **k: init.orthogonal_(t, gain=4, **k), 0, 4 / sqrt(300), -4, 4),
    "trunc_normal_": (lambda t, **k: init.trunc_normal_(t, std=2, a=-4, b=4, **k), *part(0, 2, -4, 4)),
    "trunc_normal_, a half": (lambda t, **k: init.trunc_normal_(t, 1, 2, 1, inf, **k), *part(1, 2, 1, inf)),
    "trunc_normal_, a tail": (lambda t, **k: init.trunc_normal_(t, a=2, b=3, **k), *part(0, 1, 2, 3)),
    "trunc_normal_, an endless tail": (lambda t, **k: init.trunc_normal_(t, a=2, b=inf, **k), *part(0, 1, 2, inf)),
    "trunc_normal_, the other": (lambda t, **k: init.trunc_normal_(t, 5, 2, -inf, 1, **k), *part(5, 2, -inf, 1)),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_numbers_have_the_mean_deviation_and_bounds_of_their_law(row):
    fill, mean, std, low, high = ROWS[row]
    mg.manual_seed(1)
    x = fill(mg.empty(300, 200)).numpy().astype(np.float64)
    assert x.mean() == pytest.approx(mean, abs=4 * std / sqrt(x.size))
    assert x.std() == pytest.approx(std, rel=0.01)
    assert low - 1e-6 <= x.min()
    assert x.max() <= high + 1e-6
    if "uniform" in row or row == "trunc_normal_":  # and the bounds are reached
        assert x.min() == pytest.approx(low, rel=1e-3)
        assert x.max() == pytest.approx(high, rel=1e-3)


@pytest.mark.parametrize("row", ROWS)
def test_a_generator_draws_the_same_numbers_and_leaves_the_default_one_alone(row):
    mg.manual_seed(5)
    state = mg.get_rng_state().tolist()
    a, b = (ROWS[row][0](mg.empty(4, 4), generator=mg.Generator().manual_seed(3)).tolist() for _ in range(2))
    assert a == b
    assert mg.get_rng_state().tolist() == state


def test_constants():
    assert init.constant_(mg.empty(2, 1), 0.5).tolist() == [[0.5], [0.5]]
    assert init.ones_(mg.empty(2)).tolist() == [1.0, 1.0]
    assert init.zeros_(mg.full((), nan)).item() == 0.0


def test_a_scalar_and_an_empty_tensor_are_filled_too():
    for fill in (init.trunc_normal_, init.normal_, init.uniform_, init.ones_):
        assert math.isfinite(fill(mg.full((), nan)).item())
        assert fill(mg.empty(0, 3)).tolist() == []


def test_a_narrow_piece_far_out_is_drawn_too():
    x = init.trunc_normal_(mg.empty(1000), a=4, b=5, generator=mg.Generator().manual_seed(0)).numpy()
    assert x.min() >= 4
    assert x.max() <= 5
    assert x.mean() == pytest.approx(4.22, abs=0.03)


FILL = "uniform_ normal_ ones_ zeros_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ orthogonal_ " \
       "trunc_normal_ eye_ constant_ sparse_ dirac_ delta_orthogonal_".split()  # fmt: skip
MORE = {"constant_": (2.0,), "sparse_": (0.5,)}


@pytest.mark.parametrize("name", FILL)
def test_an_initializer_fills_a_parameter_in_place_and_gives_it(name):
    p = nn.Parameter(mg.full((4, 3, 3) if name in ("dirac_", "delta_orthogonal_") else (3, 4), nan))
    version = p._version
    assert getattr(init, name)(p, *MORE.get(name, ())) is p
    assert np.isfinite(p.detach().numpy()).all()
    assert p.requires_grad
    assert p.is_leaf
    assert p._version > version


@pytest.mark.parametrize("name", FILL)
def test_what_is_no_tensor_is_refused_by_name(name):
    with pytest.raises(TypeError, match=r"expected a Tensor to fill, got ndarray"):
        getattr(init, name)(np.zeros((3, 3, 3)), *MORE.get(name, ()))


@pytest.mark.parametrize(
    "name", "uniform_ normal_ trunc_normal_ xavier_normal_ kaiming_uniform_ orthogonal_".split()
)  # fmt: skip
def test_integers_are_not_drawn(name):
    with pytest.raises(TypeError, match=r"expected a floating tensor, got int64 \(2, 2\)"):
        getattr(init, name)(mg.zeros(2, 2, dtype=mg.int64))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: init.uniform_(t, 1, 0), "a <= b, got a=1, b=0"),
        (lambda t: init.uniform_(t, 0, inf), "finite bounds.*b=inf"),
        (lambda t: init.uniform_(t, nan, 1), "finite bounds.*a=nan"),
        (lambda t: init.normal_(t, std=-1), "std >= 0, got mean=0.0, std=-1"),
        (lambda t: init.normal_(t, std=inf), "finite std.*std=inf"),
        (lambda t: init.normal_(t, mean=nan), "finite mean.*mean=nan"),
        (lambda t: init.trunc_normal_(t, a=1, b=1), "a < b, got std=1.0, a=1, b=1"),
        (lambda t: init.trunc_normal_(t, std=0), "std > 0"),
        (lambda t: init.trunc_normal_(t, a=nan), "a < b.*a=nan"),
        (lambda t: init.trunc_normal_(t, mean=inf), "finite mean.*mean=inf"),
        (lambda t: init.trunc_normal_(t, std=inf), "finite mean and std.*std=inf"),
    ],
)
def test_numbers_that_make_no_law_are_refused_and_nothing_is_written(call, text):
    t = mg.full((2, 2), 7.0)
    with pytest.raises(ValueError, match=text):
        call(t)
    assert t.tolist() == [[7.0, 7.0]] * 2


# ---- torch's names, signatures and numbers ---------------------------------------------------------------------

oracle = pytest.mark.oracle


def torchs():
    return pytest.importorskip("torch", reason="the oracle is torch").nn.init


@oracle
def test_every_name_of_torchs_is_here_with_torchs_arguments():
    theirs = torchs()
    for name in [*theirs.__all__, "_calculate_fan_in_and_fan_out", "_calculate_correct_fan"]:
        assert hasattr(init, name), name
        if name + "_" not in theirs.__all__:  # an older name: theirs has no signature of its own
            want = [(p.name, p.default) for p in inspect.signature(getattr(theirs, name)).parameters.values()]
            got = [(p.name, p.default) for p in inspect.signature(getattr(init, name)).parameters.values()]
            assert got == want, name


CALLS = [
    # (what is called, whether the numbers are torch's to the bit)
    (lambda i, t, **k: i.uniform_(t, -2.0, 3.0, **k), True),
    (lambda i, t, **k: i.normal_(t, 1.0, 2.0, **k), False),
    (lambda i, t, **k: i.xavier_uniform_(t, gain=0.7, **k), True),
    (lambda i, t, **k: i.xavier_normal_(t, **k), False),
    (lambda i, t, **k: i.xavier_normal_(t, 5 / 3, **k), False),
    (lambda i, t, **k: i.kaiming_uniform_(t, **k), True),
    (lambda i, t, **k: i.kaiming_uniform_(t, a=0.3, **k), True),
    (lambda i, t, **k: i.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu", **k), True),
    (lambda i, t, **k: i.kaiming_uniform_(t, mode="FAN_IN", nonlinearity="selu", **k), True),
    (lambda i, t, **k: i.kaiming_normal_(t, nonlinearity="tanh", **k), False),
    (lambda i, t, **k: i.kaiming_normal_(t, 0.2, "fan_out", **k), False),
    (lambda i, t, **k: i.orthogonal_(t, gain=2.0, **k), False),
    (lambda i, t, **k: i.trunc_normal_(t, std=0.5, a=-1.0, b=1.0, **k), False),
    (lambda i, t, **k: i.trunc_normal_(t, mean=1.0, std=0.02, **k), False),
    (lambda i, t, **k: i.trunc_normal_(t, mean=0.0, std=1.0, a=1.5, b=2.0, **k), True),
]
PLAIN = [
    (lambda i, t: i.sparse_(t, 0.3, std=0.1), False),
    (lambda i, t: i.sparse_(t, 0.0), False),
    (lambda i, t: i.sparse_(t, 1.0), True),
    (lambda i, t: i.eye_(t), True),
    (lambda i, t: i.constant_(t, 0.3), True),
    (lambda i, t: i.ones_(t), True),
    (lambda i, t: i.zeros_(t), True),
]


def assert_torchs(ours, theirs, exact):
    ours, theirs = ours.numpy(), theirs.numpy()
    if exact:
        assert np.array_equal(ours, theirs)
    else:  # float32: torch's own log, cos and sin are about 1 ulp off; QR rounds in its own way
        eps = np.finfo(ours.dtype).eps
        np.testing.assert_allclose(ours, theirs, rtol=200 * eps, atol=50 * eps)


SHAPES = [(3, 4), (20, 30), (33, 7)]


@oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("call", "exact"), CALLS + PLAIN)
def test_the_same_seed_gives_torchs_numbers(call, exact, dtype):
    torchs()
    import torch

    for shape in SHAPES:
        mg.manual_seed(11)
        torch.manual_seed(11)
        ours = call(init, mg.empty(shape, dtype=getattr(mg, dtype)))
        assert_torchs(ours, call(torch.nn.init, torch.empty(shape, dtype=getattr(torch, dtype))), exact)
        assert mg.rand(3).tolist() == torch.rand(3).tolist()


@oracle
@pytest.mark.parametrize(("call", "exact"), CALLS)
def test_a_generator_of_the_same_seed_gives_torchs_numbers(call, exact):
    torchs()
    import torch

    for shape in [*SHAPES, (5, 4, 3)]:
        g, tg = mg.Generator().manual_seed(12), torch.Generator().manual_seed(12)
        ours = call(init, mg.empty(shape), generator=g)
        assert_torchs(ours, call(torch.nn.init, torch.empty(shape), generator=tg), exact)
        assert mg.rand(3, generator=g).tolist() == torch.rand(3, generator=tg).tolist()


@oracle
@pytest.mark.parametrize(("call", "exact"), CALLS + PLAIN)
@pytest.mark.parametrize("view", ["transposed", "columns", "every second row"])
def test_a_tensor_with_gaps_or_turned_over_gets_torchs_numbers(call, exact, view):
    torchs()
    import torch

    for n, m in SHAPES:
        ours, theirs = ({"transposed": lib.full((m, n), nan).T, "columns": lib.full((n, 2 * m), nan)[:, :m],
                         "every second row": lib.full((2 * n, m), nan)[::2]}[view] for lib in (mg, torch))  # fmt: skip
        mg.manual_seed(13)
        torch.manual_seed(13)
        assert_torchs(call(init, ours), call(torch.nn.init, theirs), exact)
        assert mg.rand(3).tolist() == torch.rand(3).tolist()
