"""The losses: exactness, limits, dtypes, errors, and what torch gives."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F

RNG = np.random.default_rng(11)
INF = float("inf")


def gradient(function, x):
    """(value, gradient) of a loss at a number."""
    x = mg.tensor([x], requires_grad=True)
    y = function(x)
    y.backward()
    return y.item(), x.grad.item()


# ---- shapes and reductions ------------------------------------------------------------------------------------

ELEMENTWISE = [
    F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.poisson_nll_loss, F.binary_cross_entropy,
    F.binary_cross_entropy_with_logits, F.kl_div, F.soft_margin_loss, F.hinge_embedding_loss,
    F.multilabel_soft_margin_loss, lambda x, t: F.gaussian_nll_loss(x, t, 1.0),
    lambda x, t: F.margin_ranking_loss(x, x, t), lambda x, t: F.margin_ranking_loss(x, t, t),
]  # fmt: skip


@pytest.mark.parametrize("loss", ELEMENTWISE)
@pytest.mark.parametrize(
    "shapes", [((3, 1), (3,)), ((3,), (3, 1)), ((3, 2), (2,)), ((3, 2), (3, 1)), ((1,), ())], ids=str
)
def test_shapes_that_would_broadcast_are_refused(loss, shapes):
    with pytest.raises(ValueError, match="differ in shape and would be broadcast"):
        loss(mg.ones(shapes[0]), mg.ones(shapes[1]))


def test_the_error_says_how_to_mend_it():
    with pytest.raises(ValueError, match=r"l1_loss: input \(3, 1\) and target \(3,\).*target\.reshape\(3, 1\)"):
        F.l1_loss(mg.ones(3, 1), mg.ones(3))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "nll_loss",
                                  "binary_cross_entropy_with_logits", "kl_div", "cross_entropy",
                                  "soft_margin_loss"])  # fmt: skip
def test_an_unknown_reduction_is_refused(name):
    target = mg.tensor([0]) if name in ("nll_loss", "cross_entropy") else mg.ones(1, 2)
    with pytest.raises(ValueError, match=f"{name}: reduction is .*'avg'"):
        getattr(F, name)(mg.ones(1, 2), target, reduction="avg")


def test_the_older_words_for_a_reduction():
    x, t = mg.tensor([1.0, 3.0]), mg.tensor([0.0, 0.0])
    assert F.l1_loss(x, t, size_average=False).item() == 4.0
    assert F.l1_loss(x, t, reduce=False).tolist() == [1.0, 3.0]
    assert F.l1_loss(x, t, size_average=True).item() == 2.0


def test_dtypes():
    x, t = mg.tensor([0.25, 0.5]), mg.tensor([1, 0])
    assert F.l1_loss(x, t).dtype is mg.float32
    assert F.huber_loss(x, t.double()).dtype is mg.float64
    assert F.binary_cross_entropy(x, t).dtype is mg.float32
    for loss in (
        F.huber_loss,
        F.binary_cross_entropy,
        F.binary_cross_entropy_with_logits,
        F.kl_div,
        F.soft_margin_loss,
    ):
        half = loss(x.half(), mg.tensor([1.0, 0.5], dtype=mg.float16), reduction="none")
        assert half.dtype is mg.float16
        np.testing.assert_allclose(half.numpy(), loss(x, mg.tensor([1.0, 0.5]), reduction="none").numpy(), rtol=2e-3)


@pytest.mark.parametrize("dtype", [mg.float64, mg.float16, mg.int64])
def test_class_weights_take_the_inputs_dtype(dtype):
    x, classes, shares = mg.randn(2, 3), mg.tensor([0, 2]), mg.ones(2, 3) / 3
    for loss, target, options in (
        (F.nll_loss, classes, {}),
        (F.cross_entropy, classes, {}),
        (F.cross_entropy, classes, {"label_smoothing": 0.1}),
        (F.cross_entropy, shares, {}),
    ):
        got = loss(x, target, mg.tensor([1, 2, 4], dtype=dtype), **options)
        assert got.dtype is mg.float32
        assert got.item() == loss(x, target, mg.tensor([1.0, 2.0, 4.0]), **options).item()


@pytest.mark.parametrize("loss", ELEMENTWISE[:-4])
def test_no_elements(loss):
    with np.errstate(all="ignore"):
        assert np.isnan(loss(mg.zeros(0, 2), mg.zeros(0, 2)).item())


# ---- limits and exactness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [1e4, 100.0, 88.8, 20.0, 0.0, -30.0, -104.0, -1e4, 3e38])
@pytest.mark.parametrize("t", [0.0, 1.0])
def test_bce_with_logits_is_exact_for_scores_of_any_size(x, t):
    import mpmath

    z = mpmath.mpf(float(np.float32(x)))
    right = mpmath.log1p(mpmath.exp(-z if t else z)) if abs(z) < 1e6 else max(-z if t else z, 0)
    slope = (
        -1 / (1 + mpmath.exp(z))
        if t and abs(z) < 1e6
        else 1 / (1 + mpmath.exp(-z))
        if abs(z) < 1e6
        else float(z > 0) - t
    )
    got, dx = gradient(lambda a: F.binary_cross_entropy_with_logits(a, mg.tensor([t])), x)
    np.testing.assert_allclose(got, float(np.float32(float(right))), rtol=1.2e-7, atol=1.5e-45)
    np.testing.assert_allclose(dx, float(np.float32(float(slope))), rtol=2.5e-7, atol=1.5e-45)


def test_bce_with_logits_at_infinity():
    for x, t, want in ((INF, 1.0, 0.0), (-INF, 0.0, 0.0), (INF, 0.0, INF), (-INF, 1.0, INF), (INF, 0.5, INF)):
        assert F.binary_cross_entropy_with_logits(mg.tensor([x]), mg.tensor([t])).item() == want
    assert gradient(lambda a: F.binary_cross_entropy_with_logits(a, mg.tensor([1.0])), INF) == (0.0, 0.0)
    assert np.isnan(F.binary_cross_entropy_with_logits(mg.tensor([np.nan]), mg.tensor([1.0])).item())


def test_bce_at_certainty():
    bce = lambda t: lambda x: F.binary_cross_entropy(x, mg.tensor([t]))  # noqa: E731
    assert gradient(bce(0.0), 0.0) == (0.0, 0.0)
    assert gradient(bce(1.0), 1.0) == (0.0, 0.0)
    assert gradient(bce(1.0), 0.0)[0] == gradient(bce(0.0), 1.0)[0] == 100.0
    np.testing.assert_allclose(gradient(bce(1.0), 0.0)[1], -1e12, rtol=1e-6)
    np.testing.assert_allclose(F.binary_cross_entropy(mg.tensor([1e-8]), mg.tensor([0.0])).item(), 1e-8, rtol=1e-6)


@pytest.mark.parametrize("bad", [-0.1, 1.5])
def test_bce_refuses_what_is_no_probability(bad):
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits"):
        F.binary_cross_entropy(mg.tensor([0.5, bad]), mg.tensor([1.0, 1.0]))


def test_cross_entropy_at_ten_thousand():
    x = mg.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    for target, want in ((0, 0.0), (1, 2e4), (2, 1e4)):
        loss = F.cross_entropy(x, mg.tensor([target]))
        assert loss.item() == want
        (dx,) = mg.autograd.grad(loss, x)
        assert dx.tolist() == [[1.0 - (target == 0), -float(target == 1), -float(target == 2)]]
    assert x.softmax(1).tolist() == [[1.0, 0.0, 0.0]]
    assert x.log_softmax(1).tolist() == [[0.0, -2e4, -1e4]]


def test_cross_entropy_with_impossible_classes():
    x = mg.tensor([[0.0, -INF, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, mg.tensor([0]))
    np.testing.assert_allclose(loss.item(), np.log(2), rtol=1e-7)
    np.testing.assert_allclose(mg.autograd.grad(loss, x)[0].numpy(), [[-0.5, 0.0, 0.5]], rtol=1e-6)
    assert F.cross_entropy(x, mg.tensor([1])).item() == INF
    p = mg.tensor([[0.5, 0.0, 0.5]])
    np.testing.assert_allclose(F.cross_entropy(x, p).item(), np.log(2), rtol=1e-7)
    np.testing.assert_allclose(F.cross_entropy(x, mg.tensor([0]), weight=mg.ones(3)).item(), np.log(2), rtol=1e-7)


def test_a_row_of_minus_infinities_is_nan_and_spoils_no_other():
    x = mg.tensor([[-INF, -INF], [0.0, 0.0]])
    for y in (x.softmax(1), x.log_softmax(1), F.cross_entropy(x, mg.tensor([0, 0]), reduction="none").unsqueeze(1)):
        assert np.isnan(y[0].numpy()).all() and np.isfinite(y[1].numpy()).all()
    assert np.isfinite(F.cross_entropy(x, mg.tensor([-100, 0])).item())


def test_kl_div_of_what_never_happens_is_nothing():
    assert F.kl_div(mg.tensor([-INF, 0.0]), mg.tensor([0.0, 1.0]), reduction="none").tolist() == [0.0, 0.0]
    assert F.kl_div(mg.tensor([0.0]), mg.tensor([-INF]), log_target=True).item() == 0.0
    assert F.kl_div(mg.tensor([-INF]), mg.tensor([0.5])).item() == INF
    x = mg.tensor(RNG.normal(size=(4, 3))).log_softmax(1)
    t = mg.tensor(RNG.normal(size=(4, 3))).softmax(1)
    each = F.kl_div(x, t, reduction="none")
    np.testing.assert_allclose(F.kl_div(x, t, reduction="batchmean").item(), each.sum().item() / 4, rtol=1e-12)


def test_poisson_nll_of_no_events():
    assert F.poisson_nll_loss(mg.tensor([-INF]), mg.tensor([0.0])).item() == 0.0
    assert F.poisson_nll_loss(mg.tensor([0.0]), mg.tensor([0.0]), log_input=False, eps=0.0).item() == 0.0


def test_huber_far_out():
    assert gradient(lambda x: F.huber_loss(x, mg.zeros(1), delta=2.0), 3e30) == (pytest.approx(6e30, rel=1e-6), 2.0)
    assert gradient(lambda x: F.huber_loss(x, mg.zeros(1)), -INF) == (INF, -1.0)
    assert gradient(lambda x: F.smooth_l1_loss(x, mg.zeros(1), beta=0.0), -3.0) == (3.0, -1.0)


def test_soft_margin_does_not_overflow():
    assert gradient(lambda x: F.soft_margin_loss(x, mg.ones(1)), -1e4) == (1e4, -1.0)
    assert gradient(lambda x: F.soft_margin_loss(x, mg.ones(1)), 1e4)[0] == 0.0


def test_equal_points_have_a_finite_gradient():
    a = mg.ones(2, 3, requires_grad=True)
    F.pairwise_distance(a, a.detach(), eps=0.0).sum().backward()
    assert a.grad.tolist() == [[0.0] * 3] * 2
    z = mg.zeros(1, 3, requires_grad=True)
    assert F.cosine_similarity(z, mg.ones(1, 3)).item() == 0.0
    F.cosine_similarity(z, mg.ones(1, 3)).sum().backward()
    assert np.isfinite(z.grad.numpy()).all()


def test_cosine_of_huge_and_tiny_vectors():
    np.testing.assert_allclose(
        F.cosine_similarity(mg.tensor([[3e30, 4e30]]), mg.tensor([[3e30, 4e30]])).item(), 1, rtol=2e-7
    )
    np.testing.assert_allclose(F.pairwise_distance(mg.tensor([[3e30, 4e30]]), mg.zeros(1, 2)).item(), 5e30, rtol=1e-6)


def test_float32_losses_are_rounded_once():
    x, t = RNG.uniform(0.01, 0.99, (2, 5000)).astype(np.float32)
    wide, other = x.astype(np.longdouble), t.astype(np.longdouble)
    for loss, want in (
        (F.huber_loss, (wide - other) ** 2 / 2),
        (F.binary_cross_entropy, -(other * np.log(wide) + (1 - other) * np.log1p(-wide))),
        (F.binary_cross_entropy_with_logits, other * np.log1p(np.exp(-wide)) + (1 - other) * np.log1p(np.exp(wide))),
        (F.kl_div, other * (np.log(other) - wide)),
        (F.poisson_nll_loss, np.exp(wide) - other * wide),
    ):
        got = loss(mg.tensor(x), mg.tensor(t), reduction="none").numpy()
        ulp = np.spacing(np.abs(want).astype(np.float32))
        assert float((np.abs(got - want) / ulp).max()) <= 1


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.huber_loss(mg.ones(1), mg.ones(1), delta=0.0), ValueError, "delta"),
        (lambda: F.smooth_l1_loss(mg.ones(1), mg.ones(1), beta=-1.0), ValueError, "beta"),
        (lambda: F.gaussian_nll_loss(mg.ones(1), mg.ones(1), -1.0), ValueError, "not negative, got -1"),
        (lambda: F.gaussian_nll_loss(mg.ones(1), mg.ones(1), 1.0, eps=0.0), ValueError, "eps"),
        (lambda: F.gaussian_nll_loss(mg.ones(3, 2), mg.ones(3, 2), mg.ones(2, 2)), ValueError, r"got \(2, 2\)"),
        (lambda: F.nll_loss(mg.ones(2, 3), mg.tensor([0, 3])), IndexError, "nll_loss: target 3.*0 to 2"),
        (lambda: F.nll_loss(mg.ones(2, 3), mg.tensor([0, -1])), IndexError, "target -1"),
        (lambda: F.nll_loss(mg.ones(2, 3), mg.tensor([0])), ValueError, r"targets of shape \(2,\), got \(1,\)"),
        (lambda: F.nll_loss(mg.ones(2, 3), mg.tensor([0.0, 1.0])), TypeError, r"target\.long\(\)"),
        (lambda: F.nll_loss(mg.ones(2, 3), mg.tensor([0, 1]), mg.ones(2)), ValueError, "3 class weights"),
        (lambda: F.cross_entropy(mg.ones(2, 3), mg.tensor([0, 1]), mg.ones(2)), ValueError, "3 class weights"),
        (lambda: F.cross_entropy(mg.ones(2, 3), mg.tensor([0, 1, 1])), ValueError, "got"),
        (lambda: F.cross_entropy(mg.ones(2, 3), mg.ones(2)), ValueError, r"target\.long\(\)"),
        (lambda: F.cross_entropy(mg.ones(2, 3), mg.ones(2, 3), ignore_index=1), ValueError, "probabilities"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.tensor([0, 3])), IndexError, "target 3"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.tensor([0, 1]), p=3), ValueError, "p is 1 or 2"),
        (lambda: F.multi_margin_loss(mg.ones(2, 3), mg.tensor([0])), ValueError, "a target for each row"),
        (lambda: F.multilabel_margin_loss(mg.ones(1, 2), mg.tensor([[0, 2]])), IndexError, "target 2"),
        (lambda: F.cosine_embedding_loss(mg.ones(2, 3), mg.ones(2, 3), mg.ones(3)), ValueError, r"\(N, D\)"),
        (lambda: F.triplet_margin_loss(mg.ones(2, 3), mg.ones(2, 3), mg.ones(3)), ValueError, "axes"),
        (lambda: F.triplet_margin_loss(mg.ones(3), mg.ones(3), mg.ones(3), margin=0.0), ValueError, "margin"),
        (lambda: F.pairwise_distance(mg.tensor(1.0), mg.tensor(1.0)), ValueError, "vectors"),
        (lambda: F.mse_loss(mg.ones(3), mg.ones(3), weight=mg.ones(2)), ValueError, "weight for each element"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


# ---- torch -----------------------------------------------------------------------------------------------

X, Y, Z = RNG.normal(size=(3, 6, 4))
P, Q = RNG.uniform(0.05, 0.95, (2, 6, 4))
SIGN = np.where(RNG.random((6, 4)) < 0.5, -1.0, 1.0)
LABEL = np.array([0, 3, 2, -100, 1, 3])
DEEP, DEEP_LABEL = RNG.normal(size=(3, 4, 2, 5)), RNG.integers(0, 4, (3, 2, 5))
DEEP_LABEL[1, 1] = 2
FULL = np.array([0, 3, 2, 2, 1, 3])
WEIGHT = RNG.uniform(0.5, 2, 4)
SHARES = np.exp(Y) / np.exp(Y).sum(1, keepdims=True)

CASES = [
    ("mse_loss", (X, Y), [{}, {"weight": P}]),
    ("l1_loss", (X, Y), [{}, {"weight": P}]),
    ("smooth_l1_loss", (X, Y), [{}, {"beta": 0.3}, {"beta": 0.0}]),
    ("huber_loss", (X, Y), [{}, {"delta": 0.3}, {"weight": P}]),
    ("gaussian_nll_loss", (X, Y, P), [{}, {"full": True}, {"eps": 0.5}]),
    ("gaussian_nll_loss", (X, Y, P[:, :1]), [{}]),
    ("gaussian_nll_loss", (X, Y, P[:, 0]), [{}]),
    ("gaussian_nll_loss", (X, Y, P[:1]), [{}]),
    ("poisson_nll_loss", (X, 4 * Q), [{}, {"full": True}]),
    ("poisson_nll_loss", (P, 4 * Q), [{"log_input": False}, {"log_input": False, "full": True}]),
    ("cross_entropy", (X, LABEL),
     [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}, {"label_smoothing": 0.2, "weight": WEIGHT},
      {"ignore_index": -100}]),
    ("cross_entropy", (X, FULL), [{"ignore_index": 3}, {"ignore_index": 3, "weight": WEIGHT, "label_smoothing": 0.1}]),
    ("cross_entropy", (X, SHARES), [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2},
                                    {"weight": WEIGHT, "label_smoothing": 0.2}]),
    ("cross_entropy", (DEEP, DEEP_LABEL), [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}, {"ignore_index": 2},
                                           {"ignore_index": 2, "weight": WEIGHT, "label_smoothing": 0.2}]),
    ("cross_entropy", (DEEP, np.abs(DEEP)), [{}, {"weight": WEIGHT, "label_smoothing": 0.2}]),
    ("cross_entropy", (X[0], LABEL[1]), [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}]),
    ("cross_entropy", (X[0], SHARES[0]), [{}, {"weight": WEIGHT}]),
    ("nll_loss", (X, LABEL), [{}, {"weight": WEIGHT}]),
    ("nll_loss", (X, FULL), [{"ignore_index": 3}, {"ignore_index": 3, "weight": WEIGHT}]),
    ("nll_loss", (DEEP, DEEP_LABEL), [{}, {"weight": WEIGHT, "ignore_index": 2}]),
    ("nll_loss", (X[0], LABEL[1]), [{}, {"weight": WEIGHT}]),
    ("binary_cross_entropy", (P, Q), [{}, {"weight": np.abs(X)}, {"weight": WEIGHT}]),
    ("binary_cross_entropy_with_logits", (5 * X, Q), [{}, {"weight": np.abs(Y)}, {"pos_weight": WEIGHT},
                                                      {"weight": WEIGHT, "pos_weight": WEIGHT}]),
    ("soft_margin_loss", (X, SIGN), [{}]),
    ("multilabel_soft_margin_loss", (X, Q), [{}, {"weight": WEIGHT}]),
    ("kl_div", (np.log(P), Q), [{}, {"reduction": "batchmean"}]),
    ("kl_div", (np.log(P), np.log(Q)), [{"log_target": True}, {"log_target": True, "reduction": "batchmean"}]),
    ("multi_margin_loss", (X, np.abs(LABEL) % 4), [{}, {"p": 2}, {"margin": 0.3}, {"weight": WEIGHT, "p": 2}]),
    ("multi_margin_loss", (X[0], LABEL[1]), [{}, {"p": 2, "weight": WEIGHT}]),
    ("multilabel_margin_loss", (X[:2], np.array([[3, 0, -1, 1], [2, 2, 1, -1]])), [{}]),
    ("multilabel_margin_loss", (X[0], np.array([-1, 0, 1, 2])), [{}]),
    ("hinge_embedding_loss", (X, SIGN), [{}, {"margin": 0.5}]),
    ("margin_ranking_loss", (X, Y, SIGN), [{}, {"margin": 0.5}]),
    ("cosine_embedding_loss", (X, Y, SIGN[:, 0]), [{}, {"margin": 0.2}]),
    ("cosine_embedding_loss", (X[0], Y[0], SIGN[0, 0]), [{}]),
    ("triplet_margin_loss", (X, Y, Z), [{}, {"swap": True}, {"p": 1.0, "margin": 0.5}, {"p": 3.0}, {"p": INF}]),
    ("triplet_margin_loss", (X[0], Y[0], Z[0]), [{}]),
    ("triplet_margin_with_distance_loss", (X, Y, Z), [{}, {"swap": True, "margin": 0.3}]),
    ("pairwise_distance", (X, Y), [{}, {"p": 1.0}, {"p": 0.0}, {"p": INF}, {"p": 3.0, "keepdim": True}, {"eps": 0.1}]),
    ("pairwise_distance", (X, Y[0]), [{}]),
    ("cosine_similarity", (X, Y), [{}, {"dim": 0}, {"dim": -1, "eps": 0.1}]),
    ("cosine_similarity", (X, Y[0]), [{}]),
]  # fmt: skip
FLAT = [(name, arrays, options) for name, arrays, several in CASES for options in several]
REDUCED = [name for name, _, _ in CASES if name not in ("pairwise_distance", "cosine_similarity")]


def put(module, value):
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    return module.tensor(value, requires_grad=True) if value.dtype.kind == "f" else module.tensor(value)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, on kl_div's mean
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "arrays", "options"), FLAT, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(FLAT)])
def test_values_and_gradients_agree_with_torch(name, arrays, options, reduction):
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    if name in REDUCED:
        options = {"reduction": reduction, **options}
    ours, theirs = [put(mg, a) for a in arrays], [put(torch, a) for a in arrays]
    if name == "soft_margin_loss":  # torch gives its target no gradient
        ours[1], theirs[1] = ours[1].detach(), theirs[1].detach()

    def frozen(module):
        return {k: module.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}

    y = getattr(F, name)(*ours, **frozen(mg))
    ty = getattr(torch.nn.functional, name)(*theirs, **frozen(torch))
    np.testing.assert_allclose(y.detach().numpy(), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
    leaves, tleaves = [x for x in ours if x.requires_grad], [x for x in theirs if x.requires_grad]
    for got, want in zip(mg.autograd.grad((y * y).sum(), leaves, allow_unused=True),
                         torch.autograd.grad((ty * ty).sum(), tleaves, allow_unused=True), strict=True):  # fmt: skip
        got, want = (np.zeros(()) if g is None else g.numpy() for g in (got, want))
        np.testing.assert_allclose(got, np.broadcast_to(want, got.shape), rtol=1e-8, atol=1e-10)
