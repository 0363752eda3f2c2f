"""Losses as layers: each calls the function of minigrad.nn.functional it is named after, where
its formula, shapes and errors are. Their options are attributes, as PyTorch has them."""

from minigrad.nn import functional as F
from minigrad.nn.module import Module


class _Loss(Module):
    """reduction: "mean" (the default), "sum", or "none" for a loss each; size_average and
    reduce are PyTorch's older words for it."""

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f"{type(self).__name__}: reduction is 'none', 'mean' or 'sum', got {reduction!r}")
        self.reduction = reduction


class MSELoss(_Loss):
    """mean((x - t)^2): the mean squared error.

    Shapes: x and t the same, any. Errors: ValueError where they differ, even if they would
    broadcast.
    """

    def forward(self, input, target):
        return F.mse_loss(input, target, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """mean(-ln softmax(x)[t]): the surprise at the right class.

    Shapes: x (N, C) or (N, C, d1, ...) of scores, t the same without C, of class numbers, or
    x's shape, of probabilities. Do not put a softmax before it.
    weight: (C), a weight for each class. ignore_index: targets that count for nothing.
    label_smoothing s: the target becomes (1 - s) onehot + s / C (Szegedy et al., CVPR 2016).
    Errors: IndexError for a target that is no class number.
    """

    def __init__(
        self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
    ):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"CrossEntropyLoss: label_smoothing is in [0, 1], got {label_smoothing}")
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return F.cross_entropy(
            input,
            target,
            self._buffers["weight"],
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


# ---- numbers ------------------------------------------------------------------------------------------------


class L1Loss(_Loss):
    """mean(|x - t|): the mean absolute error. Shapes: x and t the same."""

    def forward(self, input, target):
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """The mean of d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = x - t.

    Shapes: x and t the same. Girshick, ICCV 2015.
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input, target):
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """The mean of d^2 / 2 where |d| < delta, else delta (|d| - delta / 2), with d = x - t.

    Shapes: x and t the same. Huber, Ann. Math. Stat. 35 (1964).
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input, target):
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class GaussianNLLLoss(_Loss):
    """The mean of (ln v + (x - t)^2 / v) / 2 with v = max(var, eps), and + ln(2 pi) / 2 with full.

    Shapes: x and t the same; var the same, or with one axis 1 or the last one missing.

    Nix and Weigend, ICNN 1994.
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input, target, var):
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class PoissonNLLLoss(_Loss):
    """The mean of e^x - t x; of x - t ln(x + eps) where log_input is False.

    full: with Stirling's approximation of ln t!. Shapes: x and t the same.
    """

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input, target):
        return F.poisson_nll_loss(
            input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


# ---- classes and probabilities ------------------------------------------------------------------------------


class _WeighedLoss(_Loss):
    """weight is a buffer: it moves with the module and is in its state_dict."""

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class NLLLoss(_WeighedLoss):
    """mean(-x[t]) of log-probabilities x: what CrossEntropyLoss does after its softmax.

    Shapes: x (N, C) or (N, C, d1, ...), t the same without C, of class numbers. weight: (C).
    ignore_index: targets that count for nothing.
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_WeighedLoss):
    """mean(-(t ln x + (1 - t) ln(1 - x))) of probabilities x. weight broadcasts to x.

    Shapes: x and t the same. From scores, BCEWithLogitsLoss is the exact one.
    """

    def forward(self, input, target):
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeighedLoss):
    """mean(p t ln(1 + e^-x) + (1 - t) ln(1 + e^x)) of scores x: sigmoid and BCELoss in one, exactly.

    Shapes: x and t the same; weight and pos_weight (p) broadcast to x.
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(_Loss):
    """The mean of t (ln t - x): x and, with log_target, t are logarithms of probabilities.

    Shapes: x and t the same. reduction="batchmean" divides the sum by the batch, as the divergence has it.

    Kullback and Leibler, Ann. Math. Stat. 22 (1951).
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, "sum" if reduction == "batchmean" else reduction)
        if reduction == "batchmean" and size_average is None and reduce is None:
            self.reduction = reduction
        self.log_target = log_target

    def forward(self, input, target):
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class SoftMarginLoss(_Loss):
    """mean(ln(1 + e^(-t x))) with t -1 or 1. Shapes: x and t the same."""

    def forward(self, input, target):
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(_WeighedLoss):
    """The mean of: sum over wrong classes j of max(0, margin - x[t] + x[j])^p / C.

    Shapes: x (N, C) or (C), t (N) or (), of class numbers. weight: (C).

    Weston and Watkins, ESANN 1999.
    """

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is 1 or 2, got {p}")
        self.p = p
        self.margin = margin

    def forward(self, input, target):
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """The mean of: sum over labels i that apply and j that do not of max(0, 1 - x[i] + x[j]) / C.

    Shapes: x and t (N, C) or (C); a row of t lists the labels that apply and ends at the first -1.
    """

    def forward(self, input, target):
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeighedLoss):
    """mean(t ln(1 + e^-x) + (1 - t) ln(1 + e^x)): BCEWithLogitsLoss, averaged over the classes and then the batch.

    Shapes: x and t (N, C) or (C). weight: (C).
    """

    def forward(self, input, target):
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


# ---- pairs and triples ---------------------------------------------------------------------------------------


class HingeEmbeddingLoss(_Loss):
    """The mean of x where t is 1, of max(0, margin - x) where it is -1. Shapes: x and t the same."""

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input, target):
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    """mean(max(0, margin - t (a - b))): t is 1 where a should be ahead of b, -1 where behind.

    Shapes: a, b and t the same.
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """The mean of 1 - cos(a, b) where t is 1, of max(0, cos(a, b) - margin) where it is -1.

    Shapes: a and b (N, D) with t (N), or (D) with ().
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """mean(max(0, d(anchor, positive) - d(anchor, negative) + margin)), d = |a - b + eps|_p.

    swap: the negative's distance is the smaller of those to anchor and to positive.
    Shapes: (N, D) or (D). Schroff, Kalenichenko and Philbin, CVPR 2015.
    """

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        if not margin > 0:
            raise ValueError(f"TripletMarginLoss: the margin is above 0, got {margin}")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(_Loss):
    """mean(max(0, d(anchor, positive) - d(anchor, negative) + margin)): TripletMarginLoss with any function of
    two tensors as the distance d (default: PairwiseDistance()).
    """

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction=reduction)
        if not margin > 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: the margin is above 0, got {margin}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin,
            swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


class PairwiseDistance(Module):
    """|a - b + eps|_p along the last axis.          a, b: (..., D); result (...), or (..., 1) with keepdim"""

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """a . b / (max(|a|, eps) max(|b|, eps)) along dim, which goes."""

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1, x2):
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
