"""Losses as layers; the functions themselves are in minigrad.ops.loss."""

from minigrad.nn.module import Module
from minigrad.nn.functional import cross_entropy, mse_loss


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
        return mse_loss(input, target, reduction=self.reduction)


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
        return cross_entropy(
            input,
            target,
            self._buffers["weight"],
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
