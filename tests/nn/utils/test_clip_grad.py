"""Clipping gradients: as one vector, layer by layer, unit by unit, element by element."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import utils

BAD = [float("nan"), float("inf"), float("-inf")]


def parameter(gradient, dtype=mg.float32):
    p = nn.Parameter(mg.zeros(len(gradient), dtype=dtype))
    p.grad = mg.tensor(gradient, dtype=dtype)
    return p


def test_the_norm_is_returned_and_gradients_are_scaled_to_max_norm():
    ps = [parameter([3.0, 0.0]), parameter([0.0, 4.0])]
    total = utils.clip_grad_norm_(ps, 1.0)
    assert isinstance(total, mg.Tensor)
    assert tuple(total.shape) == ()
    assert total.dtype is mg.float32
    assert total.item() == 5.0
    assert utils.get_total_norm([p.grad for p in ps]).item() == pytest.approx(1.0, rel=1e-6)
    np.testing.assert_allclose(ps[0].grad.numpy(), [0.6, 0.0], rtol=1e-6)


def test_gradients_within_max_norm_are_left_alone():
    p = parameter([0.3, 0.4])
    before, version = p.grad.tolist(), p.grad._version
    assert utils.clip_grad_norm_(p, 1.0).item() == pytest.approx(0.5)
    assert p.grad.tolist() == before
    assert p.grad._version == version


@pytest.mark.parametrize(("p", "want"), [(1, 7.0), (2, 5.0), (3, 91 ** (1 / 3)), (float("inf"), 4.0), ("inf", 4.0),
                                         (0.5, (3**0.5 + 2) ** 2), (-1, 12 / 7), (float("-inf"), 3.0)])  # fmt: skip
def test_other_norms(p, want):
    q = parameter([3.0, -4.0], mg.float64)
    assert utils.clip_grad_norm_(q, 1.0, norm_type=p).item() == pytest.approx(want)
    assert utils.get_total_norm(q.grad, p).item() == pytest.approx(1.0, rel=1e-5)


def test_the_0_norm_counts_what_is_not_0_in_all_gradients_together():
    ps = [parameter([3.0, 0.0, -4.0]), parameter([0.0, 1.0]), parameter([0.0])]
    assert utils.clip_grad_norm_(ps, 1.5, norm_type=0).item() == 3.0
    assert [p.grad.tolist() for p in ps] == [pytest.approx([1.5, 0, -2]), pytest.approx([0, 0.5]), [0.0]]
    assert utils.get_total_norm([], 0).item() == 0.0


@pytest.mark.parametrize("p", [-1.0, float("-inf")])
def test_a_negative_norm_is_0_where_an_element_is(p):
    q = parameter([3.0, 0.0])
    assert utils.clip_grad_norm_(q, 1.0, p).item() == 0.0
    assert q.grad.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf"), 0.0, -1.0, float("-inf")])
def test_clip_refuses_what_is_not_finite_and_leaves_every_gradient_alone(bad, norm_type):
    ps = [parameter([30.0]), parameter([1.0, bad, 1.0]), parameter([40.0])]
    with pytest.raises(RuntimeError, match=r"parameter 1 \(3,\) holds 1 (NaN|infinite)"):
        utils.clip_grad_norm_(ps, 1.0, norm_type=norm_type)
    assert ps[0].grad.tolist() == [30.0]
    assert ps[2].grad.tolist() == [40.0]
    assert ps[1].grad.tolist()[::2] == [1.0, 1.0]


def test_clip_names_the_parameter_where_names_are_given():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net(mg.ones(1, 2)).sum().backward()
    net[1].weight.grad[0, 1] = float("nan")
    with pytest.raises(RuntimeError, match=r"'1\.weight' \(1, 3\) holds 1 NaN among 3"):
        utils.clip_grad_norm_(net.named_parameters(), 1.0)
    with pytest.raises(RuntimeError, match=r"'1\.weight' \(1, 3\) holds 1 NaN among 3"):
        utils.clip_grad_norm_(net, 1.0)
    with pytest.raises(RuntimeError, match=r"parameter 2 \(1, 3\)"):
        utils.clip_grad_norm_(net.parameters(), 1.0)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("norm_type", [2.0, 1.0, float("inf")])
def test_without_the_error_nothing_is_touched_and_the_norm_tells(bad, norm_type):
    ps = [parameter([30.0]), parameter([bad, 1.0])]
    total = utils.clip_grad_norm_(ps, 1.0, norm_type, error_if_nonfinite=False)
    assert not np.isfinite(total.item())
    assert np.isnan(total.item()) == np.isnan(bad)
    assert ps[0].grad.tolist() == [30.0]
    assert ps[1].grad.tolist()[1] == 1.0


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("size", [1.4e-45, 1e-40, 1e-30, 1e-20, 1.0, 1e19, 1e30, 3e38])
def test_the_norm_is_right_from_the_smallest_to_the_largest_float(size, p):
    q = parameter([size] * 4)
    g = float(q.grad[0].item())
    total = utils.clip_grad_norm_(q, 1.0, p)
    want = g * 4 ** (1 / p) if p != float("inf") else g
    assert total.item() == pytest.approx(want, rel=1e-6, abs=2e-45)
    assert np.isfinite(total.item())
    clipped = want if want < 1 else 1.0
    got = utils.get_total_norm(q.grad, p).item()
    assert got == pytest.approx(clipped, rel=1e-5, abs=2e-45)


def test_a_norm_beyond_float32_is_told_and_clipped_to():
    ps = [parameter([3e38] * 10_000)]
    total = utils.clip_grad_norm_(ps, 1e-3)
    assert total.dtype is mg.float64
    assert total.item() == pytest.approx(3e40, rel=1e-6)
    np.testing.assert_allclose(ps[0].grad.numpy(), 1e-5, rtol=1e-5)


def test_float64_from_end_to_end():
    for size in (1e-300, 1e-160, 1e160, 1e307):
        q = parameter([size] * 4, mg.float64)
        assert utils.clip_grad_norm_(q, float("inf")).item() == pytest.approx(2 * size, rel=1e-12)


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_a_limit_that_is_no_limit_is_refused(bad):
    p = parameter([1.0])
    for clip in (utils.clip_grad_norm_, utils.clip_grad_value_, lambda q, v: utils.clip_grads_with_norm_(q, v, 1.0)):
        with pytest.raises(ValueError, match=">= 0"):
            clip(p, bad)


def test_a_norm_type_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="norm_type as a number"):
        utils.clip_grad_norm_(parameter([1.0]), 1.0, float("nan"))


def test_max_norm_0_and_infinity():
    p = parameter([3.0, 4.0])
    assert utils.clip_grad_norm_(p, float("inf")).item() == 5.0
    assert p.grad.tolist() == [3.0, 4.0]
    utils.clip_grad_norm_(p, 0.0)
    assert p.grad.tolist() == [0.0, 0.0]


def test_parameters_without_gradients_are_passed_over():
    assert utils.clip_grad_norm_([nn.Parameter(mg.ones(2))], 1.0).item() == 0.0
    ps = [nn.Parameter(mg.ones(2)), parameter([3.0, 4.0])]
    assert utils.clip_grad_norm_(ps, 1.0).item() == 5.0


def test_a_parameter_given_twice_counts_once():
    p = parameter([3.0, 4.0])
    assert utils.clip_grad_norm_([p, p], 1.0).item() == 5.0
    assert utils.get_total_norm(p.grad).item() == pytest.approx(1.0)


def test_a_used_up_generator_is_noticed():
    ps = nn.Linear(1, 1).parameters()
    list(ps)
    with pytest.warns(UserWarning, match="generator"):
        utils.clip_grad_norm_(ps, 1.0)


def test_both_dtypes_together():
    ps = [parameter([3.0]), parameter([4.0], mg.float64)]
    assert utils.clip_grad_norm_(ps, 1.0).item() == 5.0
    assert ps[0].grad.item() == pytest.approx(0.6)
    assert ps[1].grad.item() == pytest.approx(0.8)


def test_gradients_that_are_not_contiguous_are_clipped_in_place():
    p = nn.Parameter(mg.zeros(2, 2))
    base = mg.tensor([[3.0, 0.0], [4.0, 0.0]])
    p.grad = base.t()
    utils.clip_grad_norm_(p, 1.0)
    np.testing.assert_allclose(base.numpy(), [[0.6, 0], [0.8, 0]], rtol=1e-6)


def test_what_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="got int at place 0"):
        utils.clip_grad_norm_([3], 1.0)


def test_clip_grads_with_norm():
    p = parameter([3.0, 4.0])
    utils.clip_grads_with_norm_(p, 1.0, mg.tensor(10.0))
    np.testing.assert_allclose(p.grad.numpy(), [0.3, 0.4], rtol=1e-6)
    with pytest.raises(RuntimeError, match="no gradient was changed"):
        utils.clip_grads_with_norm_(p, 1.0, float("nan"))
    with pytest.raises(ValueError, match="total_norm >= 0, got -1.0"):
        utils.clip_grads_with_norm_(p, 1.0, -1.0)
    np.testing.assert_allclose(p.grad.numpy(), [0.3, 0.4], rtol=1e-6)


def test_get_total_norm_measures_and_raises_on_demand():
    assert np.isnan(utils.get_total_norm([mg.tensor([float("nan")])]).item())
    assert utils.get_total_norm([]).item() == 0.0
    with pytest.raises(RuntimeError, match=r"tensor 0 \(1,\)"):
        utils.get_total_norm([mg.tensor([float("nan")])], error_if_nonfinite=True)


def test_clip_value_limits_elements():
    p = parameter([3.0, -0.5, float("-inf")])
    utils.clip_grad_value_(p, 1.0)
    assert p.grad.tolist() == [1.0, -0.5, -1.0]


def test_clip_value_refuses_a_nan_and_leaves_every_gradient_alone():
    ps = [parameter([3.0]), parameter([float("nan")])]
    with pytest.raises(RuntimeError, match=r"parameter 1 \(1,\) holds a NaN"):
        utils.clip_grad_value_(ps, 1.0)
    assert ps[0].grad.tolist() == [3.0]


# ---- layer by layer ----------------------------------------------------------------------------

def network():
    """Two layers of gradients 3 and 4, 0.03 and 0.04, in weight and bias."""
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    for layer, size in ((net[0], 1.0), (net[2], 0.01)):
        for p, g in ((layer.weight, 3 * size), (layer.bias, 4 * size)):
            p.grad = mg.zeros_like(p)
            p.grad.reshape(-1)[0] = g
    return net


@pytest.mark.parametrize("given", [lambda net: net, lambda net: net.named_parameters()])
def test_each_layer_is_scaled_by_its_own_norm(given):
    net = network()
    norms = utils.clip_grad_norm_per_layer_(given(net), 1.0)
    assert {name: norm.item() for name, norm in norms.items()} == {"0": 5.0, "2": pytest.approx(0.05)}
    assert net[0].weight.grad[0, 0].item() == pytest.approx(0.6)
    assert net[0].bias.grad[0].item() == pytest.approx(0.8)
    assert net[2].weight.grad[0, 0].item() == pytest.approx(0.03)
    again = utils.clip_grad_norm_per_layer_(given(net), 1.0, norm_type=float("inf"))
    assert again["0"].item() == pytest.approx(0.8)


def test_a_tensor_without_a_name_is_a_layer_by_itself():
    ps = [parameter([3.0, 4.0]), parameter([30.0, 40.0])]
    norms = utils.clip_grad_norm_per_layer_(ps, 10.0)
    assert {name: norm.item() for name, norm in norms.items()} == {"parameter 0": 5.0, "parameter 1": 50.0}
    assert ps[0].grad.tolist() == [3.0, 4.0] and ps[1].grad.tolist() == pytest.approx([6.0, 8.0])


@pytest.mark.parametrize("bad", BAD)
def test_a_layer_that_is_not_finite_is_named_and_no_layer_is_touched(bad):
    net = network()
    net[2].bias.grad[0] = bad
    with pytest.raises(RuntimeError, match=r"'2\.bias' \(1,\) holds 1 .* among 1"):
        utils.clip_grad_norm_per_layer_(net, 1.0)
    norms = utils.clip_grad_norm_per_layer_(net, 1.0, error_if_nonfinite=False)
    assert norms["0"].item() == 5.0 and not np.isfinite(norms["2"].item())
    assert net[0].bias.grad[0].item() == 4.0


# ---- unit by unit ------------------------------------------------------------------------------

def by_paper(w, g, clip, eps):
    """Brock et al. (2021), equation 3, row by row."""
    g = g.copy()
    rows = [(w, g)] if w.ndim < 2 else list(zip(w, g, strict=True))
    for w_row, g_row in rows:
        longest = clip * max(np.sqrt((w_row**2).sum()), eps)
        norm = np.sqrt((g_row**2).sum())
        if norm > longest:
            g_row *= longest / norm
    return g


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
@pytest.mark.parametrize("shape", [(5, 4), (5, 1), (1, 4), (7,), (3, 2, 4), (2, 0)])
def test_agc_is_the_papers_rule_on_rows(shape, dtype):
    rng = np.random.default_rng(0)
    w, g = rng.normal(size=shape), rng.normal(size=shape)
    g *= 10.0 ** (np.arange(shape[0]) % 4 - 2).reshape(-1, *[1] * (len(shape) - 1))     # some are long, some are not
    w[:1] = 0
    p = nn.Parameter(mg.tensor(w, dtype=dtype))
    p.grad = mg.tensor(g, dtype=dtype)
    w, g = p.detach().numpy().astype(float), p.grad.numpy().astype(float)
    utils.clip_grad_agc_(p, clip=0.1, eps=1e-2)
    rtol = 1e-12 if dtype is mg.float64 else 1e-6
    np.testing.assert_allclose(p.grad.numpy(), by_paper(w, g, 0.1, 1e-2), rtol=rtol)
    assert (p.grad.numpy() != g).any() or not g.size


def test_agc_of_a_scalar_and_of_no_gradient():
    p, q = nn.Parameter(mg.tensor(2.0)), nn.Parameter(mg.tensor(2.0))
    p.grad = mg.tensor(-7.0)
    utils.clip_grad_agc_([p, q], clip=0.5)
    assert p.grad.item() == -1.0 and q.grad is None


@pytest.mark.parametrize("size", [2e-45, 1e-30, 1e-3, 1e30, 3e38])
def test_agc_measures_from_the_smallest_to_the_largest_float(size):
    p = nn.Parameter(mg.ones(2, 4))
    p.grad = mg.full((2, 4), size)
    before = p.grad.tolist()
    utils.clip_grad_agc_(p, clip=0.5)
    assert p.grad.tolist() == (before if size < 0.5 else [[0.5] * 4] * 2)


@pytest.mark.parametrize("exclude", [
    lambda net: "2", lambda net: ["2.weight", "2.bias"], lambda net: net[2], lambda net: list(net[2].parameters()),
    lambda net: [net[2].bias, "2.weight"],
])  # fmt: skip
def test_agc_leaves_alone_what_is_excluded(exclude):
    net = network()
    for p in net.parameters():
        p.grad.fill_(10.0)
    utils.clip_grad_agc_(net, exclude=exclude(net))
    assert (net[2].weight.grad == 10).all() and (net[2].bias.grad == 10).all()
    assert (net[0].weight.grad < 1).all() and (net[0].bias.grad < 1).all()


@pytest.mark.parametrize("exclude, says", [
    ("3", "exclude: '3' is not among the parameters: 0.weight, 0.bias, 2.weight, 2.bias"), ("weight", "is not among"),
    (nn.Linear(2, 2), "this Linear is not among"), (mg.ones(2), "this Tensor is not among"),
], ids=["layer", "part", "module", "tensor"])  # fmt: skip
def test_agc_refuses_to_exclude_what_is_not_there(exclude, says):
    with pytest.raises(ValueError, match=says):
        utils.clip_grad_agc_(network(), exclude=exclude)


def test_agc_takes_no_numbers_for_names():
    with pytest.raises(TypeError, match="takes names, modules and parameters, got int"):
        utils.clip_grad_agc_(network(), exclude=[2])


@pytest.mark.parametrize("bad", BAD)
def test_agc_refuses_what_is_not_finite_and_leaves_every_gradient_alone(bad):
    net = network()
    net[2].bias.grad[0] = bad
    with pytest.raises(RuntimeError, match=r"clip_grad_agc_: the gradient of '2\.bias' \(1,\) holds 1"):
        utils.clip_grad_agc_(net)
    assert net[0].bias.grad[0].item() == 4.0
    utils.clip_grad_agc_(net, exclude="2")
    assert net[0].bias.grad[0].item() < 1


@pytest.mark.parametrize("settings", [{"clip": -0.1}, {"clip": float("nan")}, {"eps": -1e-3}])
def test_agc_refuses_settings_out_of_range(settings):
    with pytest.raises(ValueError, match=f"expected {next(iter(settings))} >= 0"):
        utils.clip_grad_agc_(network(), **settings)


# ---- against PyTorch ---------------------------------------------------------------------------

@pytest.mark.oracle
@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf"), float("-inf"), -1.0])
@pytest.mark.parametrize("max_norm", [0.1, 1.0, 1e3])
def test_clipping_agrees_with_torch(max_norm, norm_type):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    rng = np.random.default_rng(0)
    grads = [rng.normal(size=n) for n in (3, 50, 1)]
    ours, theirs = [parameter(g.tolist(), mg.float64) for g in grads], []
    for g in grads:
        theirs.append(torch.nn.Parameter(torch.zeros(len(g), dtype=torch.float64)))
        theirs[-1].grad = torch.tensor(g)
    a = utils.clip_grad_norm_(ours, max_norm, norm_type)
    b = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert a.item() == pytest.approx(b.item(), rel=1e-13)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-12)
