"""The table's rows for the losses: minigrad/ops/loss.pyx, regression_loss.py, classification_loss.py,
pair_loss.py."""

import numpy as np

import minigrad as mg
from minigrad.ops import functions as F
from rows import Row

LABELS = [1, 0, 2, 1]
SAME = [((3, 4), (3, 4)), ((), ()), ((0, 2), (0, 2))]
PROBABLE = (0.1, 0.9)
SIGNS = np.where(np.arange(12).reshape(3, 4) % 3 == 0, -1.0, 1.0)


def softplus(x):
    return np.log(1 + np.exp(x))


def lift(value):
    """A constant as float64, for losses between a drawn input and a fixed target."""
    return mg.tensor(value, dtype=mg.float64)


def none(name, **options):
    """A loss for each element."""
    return lambda x, t: F[name](x, t, reduction="none", **options)


def length(x, p=2):
    return (np.abs(x) ** p).sum(-1) ** (1 / p)


def cosine(a, b):
    return (a * b).sum(-1) / length(a) / length(b)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


def cross_entropy_by_hand(x):
    p = softmax(x, 1)
    return -np.log(p[np.arange(4), LABELS]).mean()


TABLE = [
    Row("mse_loss", F["mse_loss"], lambda x, t: ((x - t) ** 2).mean(), [((3, 4), (3, 4)), ((), ())]),
    Row("mse_loss(none)", lambda x, t: F["mse_loss"](x, t, reduction="none"), lambda x, t: (x - t) ** 2,
        [((3, 4), (3, 4)), ((0, 2), (0, 2))]),
    Row("cross_entropy", lambda x: F["cross_entropy"](x, mg.tensor(LABELS)), cross_entropy_by_hand, [((4, 3),)]),
    Row("cross_entropy(none)", lambda x: F["cross_entropy"](x, mg.tensor(LABELS), reduction="none"),
        lambda x: -np.log(softmax(x, 1)[np.arange(4), LABELS]), [((4, 3),)]),
    Row("cross_entropy(smoothed)",
        lambda x, w: F["cross_entropy"](x, mg.tensor(LABELS), weight=w, label_smoothing=0.1), None,
        [((4, 3), (3,))], (0.5, 2)),
    Row("cross_entropy(probabilities)", lambda x, p: F["cross_entropy"](x, p.softmax(1)),
        lambda x, p: -(softmax(p, 1) * np.log(softmax(x, 1))).sum(1).mean(),
        [((4, 3), (4, 3)), ((2, 3, 2), (2, 3, 2))]),
    Row("mse_loss(weight)", lambda x, t, w: F["mse_loss"](x, t, weight=w),
        lambda x, t, w: (w * (x - t) ** 2).sum() / w.sum(), [((3, 4), (3, 4), (3, 4))], (0.5, 2)),
    Row("l1_loss", F["l1_loss"], lambda x, t: np.abs(x - t).mean(), [((3, 4), (3, 4)), ((), ())], second=False),
    Row("huber_loss", none("huber_loss", delta=0.7),
        lambda x, t: np.where(abs(x - t) <= 0.7, (x - t) ** 2 / 2, 0.7 * (abs(x - t) - 0.35)), SAME),
    Row("smooth_l1_loss", none("smooth_l1_loss", beta=0.7),
        lambda x, t: np.where(abs(x - t) <= 0.7, (x - t) ** 2 / 1.4, abs(x - t) - 0.35), SAME),
    Row("gaussian_nll_loss", lambda x, t, v: F["gaussian_nll_loss"](x, t, v, full=True, reduction="none"),
        lambda x, t, v: (np.log(2 * np.pi * v) + (x - t) ** 2 / v) / 2,
        [((3, 4), (3, 4), (3, 4)), ((3, 4), (3, 4), (3, 1))], (0.3, 2)),
    Row("poisson_nll_loss", none("poisson_nll_loss"), lambda x, t: np.exp(x) - t * x, SAME),
    Row("poisson_nll_loss(rate)", none("poisson_nll_loss", log_input=False, full=True),
        lambda x, t: x - t * np.log(x + 1e-8) + t * np.log(t) - t + np.log(2 * np.pi * t) / 2, SAME, (1.2, 3)),
    Row("nll_loss", lambda x: F["nll_loss"](x, mg.tensor(LABELS), weight=lift([1.0, 2.0, 0.5]).to(x.dtype)),
        lambda x: -(x[np.arange(4), LABELS] * np.array([2, 1, 0.5, 2])).sum() / 5.5, [((4, 3),)]),
    Row("nll_loss(none)", lambda x: F["nll_loss"](x, mg.tensor([[0, -100], [2, 1]]), reduction="none"),
        lambda x: -np.array([[x[0, 0, 0], 0], [x[1, 2, 0], x[1, 1, 1]]]), [((2, 3, 2),)]),
    Row("binary_cross_entropy", none("binary_cross_entropy"),
        lambda x, t: -(t * np.log(x) + (1 - t) * np.log(1 - x)), SAME, PROBABLE),
    Row("binary_cross_entropy_with_logits", none("binary_cross_entropy_with_logits"),
        lambda x, t: (1 - t) * softplus(x) + t * softplus(-x), SAME),
    Row("binary_cross_entropy_with_logits(pos_weight)",
        lambda x, t, p: F["binary_cross_entropy_with_logits"](x, t, pos_weight=p, reduction="none"),
        lambda x, t, p: (1 - t) * softplus(x) + p * t * softplus(-x), [((3, 4), (3, 4), (4,))]),
    Row("soft_margin_loss", none("soft_margin_loss"), lambda x, t: softplus(-x * t), SAME),
    Row("multilabel_soft_margin_loss", none("multilabel_soft_margin_loss"),
        lambda x, t: ((1 - t) * softplus(x) + t * softplus(-x)).mean(-1), [((3, 4), (3, 4)), ((4,), (4,))]),
    Row("kl_div", none("kl_div"), lambda x, t: t * (np.log(t) - x), SAME, PROBABLE),
    Row("kl_div(log_target)", none("kl_div", log_target=True), lambda x, t: np.exp(t) * (t - x), SAME),
    Row("multi_margin_loss", lambda x: F["multi_margin_loss"](x, mg.tensor(LABELS), p=2, reduction="none"),
        lambda x: np.array([sum(max(0, 1 - row[t] + row[j]) ** 2 for j in range(3) if j != t) / 3
                            for row, t in zip(x, LABELS, strict=True)]), [((4, 3),)]),
    Row("multilabel_margin_loss",
        lambda x: F["multilabel_margin_loss"](x, mg.tensor([[2, 0, -1], [1, -1, 0]]), reduction="none"),
        lambda x: np.array([sum(max(0, 1 - row[i] + row[j]) for i in at for j in range(3) if j not in at) / 3
                            for row, at in zip(x, [[2, 0], [1]], strict=True)]), [((2, 3),)]),
    Row("hinge_embedding_loss", lambda x: F["hinge_embedding_loss"](x, lift(SIGNS).to(x.dtype), reduction="none"),
        lambda x: np.where(SIGNS == 1, x, np.maximum(0, 1 - x)), [((3, 4),)]),
    Row("margin_ranking_loss",
        lambda x, y: F["margin_ranking_loss"](x, y, lift(SIGNS).to(x.dtype), 0.5, reduction="none"),
        lambda x, y: np.maximum(0, 0.5 - SIGNS * (x - y)), [((3, 4), (3, 4))]),
    Row("pairwise_distance", F["pairwise_distance"], lambda x, y: length(x - y + 1e-6),
        [((3, 4), (3, 4)), ((4,), (3, 4))]),
    Row("pairwise_distance(3)", lambda x, y: F["pairwise_distance"](x, y, 3.0, keepdim=True),
        lambda x, y: length(x - y + 1e-6, 3)[..., None], [((3, 4), (3, 4))]),
    Row("cosine_similarity", lambda x, y: F["cosine_similarity"](x, y, -1), cosine, [((3, 4), (3, 4)), ((3, 4), (4,))]),
    # below eps torch's gradient is that of another function than its value's
    Row("cosine_similarity(eps)", lambda x, y: F["cosine_similarity"](x, y, -1, 9.0), lambda x, y: (x * y).sum(-1) / 81,
        [((3, 4), (3, 4))]),
    Row("cosine_embedding_loss",
        lambda x, y: F["cosine_embedding_loss"](x, y, lift([1, -1, 1]).to(x.dtype), 0.1, reduction="none"),
        lambda x, y: np.where([True, False, True], 1 - cosine(x, y), np.maximum(0, cosine(x, y) - 0.1)),
        [((3, 4), (3, 4))]),
    Row("triplet_margin_loss", lambda a, p, n: F["triplet_margin_loss"](a, p, n, swap=True, reduction="none"),
        lambda a, p, n: np.maximum(
            0, 1 + length(a - p + 1e-6) - np.minimum(length(a - n + 1e-6), length(p - n + 1e-6))),
        [((3, 4), (3, 4), (3, 4))]),
]
