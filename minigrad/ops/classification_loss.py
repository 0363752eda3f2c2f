"""Losses between scores or probabilities and the truth: which class, which labels, yes or no."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.activation import relu, sigmoid
from minigrad.ops.arithmetic import where
from minigrad.ops.loss import class_loss
from minigrad.ops.loss_tools import (
    ElementLoss,
    as_doubles,
    check_shapes,
    floats,
    reduced_by,
    reduction_of,
    rounded,
    times,
)
from minigrad.ops.softmax import log_softmax
from minigrad.tensor import as_number, check_tensors, describe, float32, float64, lend, same_shape, wrap

# ---- what they take ---------------------------------------------------------------------------------------

def _check_targets_shape(who, input, target, x, t):
    """An error unless the targets t have the shape of the scores x without the classes, which are axis 1."""
    wanted = tuple(x.shape)[:1] + tuple(x.shape)[2:]
    if x.ndim < 2 or tuple(t.shape) != wanted:
        raise ValueError(f"{who}: for an input {tuple(input.shape)} expected targets of shape {wanted}, got "
                         f"{tuple(target.shape)}")


def _check_weights(who, weight, classes):
    if weight is None:
        return
    check_tensors(who, weight)
    if weight.ndim != 1 or len(weight) != classes:
        raise ValueError(f"{who}: expected {classes} class weights, got {describe(weight)}")


def _which_count(who, targets, classes, ignored):
    """Which targets count; an error where one of those is no class number."""
    counts = np.ones(targets.shape, bool) if ignored is None else targets != ignored
    wrong = counts & ((targets < 0) | (targets >= classes))
    if wrong.any():
        passed = "" if ignored is None else f" (or {ignored})"
        raise IndexError(f"{who}: target {targets[wrong][0]} is no class number: the input has {classes} classes, "
                         f"so targets are 0 to {classes - 1}{passed}")
    return counts


def _classes_last(x):
    """(N, C, d1, ...) as (N d1 ..., C)"""
    return x.movedim(1, -1).reshape(-1, x.shape[1]) if x.ndim > 2 else x


# ---- cross-entropy ----------------------------------------------------------------------------------------

def any_cross_entropy(input, target, weight, ignore_index, how, smoothing):
    """cross_entropy of all that loss.pyx does not hand to its kernel at once."""
    x, t = (input, target) if input.ndim != 1 else (input.unsqueeze(0), target.unsqueeze(0))
    if not x.is_floating_point() or x.ndim == 0:
        raise TypeError(f"cross_entropy: expected floating scores (N, C), got {describe(x)}")
    if not 0 <= smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is in [0, 1], got {smoothing}")
    if t.is_floating_point():
        if not same_shape(x, t):
            raise ValueError(
                f"cross_entropy: floating targets are probabilities of the input's shape {tuple(x.shape)}, got "
                f"{describe(target)}; class numbers are integers (target.long())"
            )
        if ignore_index is not None and ignore_index >= 0:
            raise ValueError(
                f"cross_entropy: ignore_index={ignore_index} is a class number, and the target holds probabilities, "
                "of which none is to be ignored; leave ignore_index out"
            )
        losses = _with_probabilities(x, t.to(x.dtype), weight, how, smoothing)
    else:
        _check_targets_shape("cross_entropy", input, target, x, t)
        if weight is not None or smoothing or x.dtype not in (float32, float64):
            losses = _with_weights(x, t, weight, ignore_index, how, smoothing)
        else:
            losses = class_loss(_classes_last(x), t.reshape(-1), ignore_index, how)
            losses = losses.reshape(t.shape) if how == "none" and t.ndim > 1 else losses
    return losses.squeeze(0) if how == "none" and input.ndim == 1 else losses


def _class_weights(x, weight):
    """One weight for each class of x, in its dtype, along axis 1."""
    _check_weights("cross_entropy", weight, x.shape[1])
    return None if weight is None else weight.to(x.dtype).reshape([1, -1] + [1] * (x.ndim - 2))


def _with_probabilities(x, t, weight, how, smoothing):
    w = _class_weights(x, weight)
    if smoothing:
        t = t * (1 - smoothing) + smoothing / x.shape[1]
    logp = log_softmax(x, 1)
    terms = t * where((t == 0) & (logp == -np.inf), 0.0, logp)      # what cannot be and is not so costs nothing
    losses = -times("cross_entropy", terms, w).sum(1)
    return losses.sum() / losses.numel() if how == "mean" else reduced_by(losses, how)


def _with_weights(x, t, weight, ignored, how, smoothing):
    targets, classes = lend(t).astype(np.int64), x.shape[1]
    counts = _which_count("cross_entropy", targets, classes, ignored)
    w = _class_weights(x, weight)
    logp = log_softmax(x, 1)
    numbers = np.arange(classes).reshape([1, -1] + [1] * (x.ndim - 2))
    hit = wrap((numbers == np.expand_dims(targets, 1)) & np.expand_dims(counts, 1))
    weights = wrap(counts).to(x.dtype) if w is None else where(hit, w.expand_as(x), 0.0).sum(1)
    losses = -times("cross_entropy", where(hit, logp, 0.0), w).sum(1)
    if smoothing:
        spread = where(wrap(counts), -times("cross_entropy", logp, w).sum(1), 0.0)
        losses = losses * (1 - smoothing) + spread * (smoothing / classes)
    return losses.sum() / weights.sum() if how == "mean" else reduced_by(losses, how)


# ---- the likelihood of classes ----------------------------------------------------------------------------

class NLL(Op):
    """y_r = -w[t_r] x[r, t_r]          x: (rows, classes); t, y: (rows)
    dx[r, t_r] = -w[t_r] dy_r, else 0

    Rows whose target is ignored count for nothing: their weight (here the rows', not the
    classes') is 0.
    """
    def __init__(self, target, weight):         # arrays, a number for each row
        self.places, self.weight = (np.arange(len(target)), target), weight

    def forward(self, x):
        self.shape_of_x = tuple(x.shape)
        with np.errstate(all="ignore"):
            return rounded(np.where(self.weight == 0, 0.0, -self.weight * lend(x)[self.places]), x.dtype)

    def backward(self, dy):
        op = NLLBackward(self)
        return op.record(op.forward(dy), dy)

    def name(self):
        return "NllLossBackward0"


class NLLBackward(Op):
    """y[r, t_r] = -w[t_r] x_r, else 0: the gradient of NLL, which is linear
    dx_r = -w[t_r] dy[r, t_r]
    """
    def __init__(self, of):
        self.of = of

    def forward(self, dy):
        dx = np.zeros(self.of.shape_of_x, lend(dy).dtype)
        dx[self.of.places] = -self.of.weight * lend(dy)
        return wrap(dx)

    def backward(self, ddy):
        op = NLL(self.of.places[1], self.of.weight)
        return op.record(op.forward(ddy), ddy)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input[target]: what is left of cross-entropy when input is log-probabilities already.

    Shapes: input (C), (N, C) or (N, C, d1, ...); target the same without C, of class numbers.
    weight (C) weighs the classes; targets equal to ignore_index count for nothing; the mean is
    over the weights of the targets that count.
    Errors: IndexError for a target that is no class number; ValueError for shapes.
    """
    how = reduction_of("nll_loss", reduction, size_average, reduce)
    check_tensors("nll_loss", input, target)
    x, t = input, target
    if not x.is_floating_point() or x.ndim == 0:
        raise TypeError(f"nll_loss: expected floating log-probabilities (N, C), got {describe(x)}")
    if t.is_floating_point():
        raise TypeError(f"nll_loss: expected class numbers as integers, got {describe(t)} (target.long())")
    if x.ndim == 1 and t.ndim <= 1 and t.numel() == 1:
        x, t = x.unsqueeze(0), t.reshape(1)
    _check_targets_shape("nll_loss", input, target, x, t)
    classes = x.shape[1]
    _check_weights("nll_loss", weight, classes)
    targets = np.array(lend(t), np.int64).reshape(-1)
    counts = _which_count("nll_loss", targets, classes, ignore_index)
    targets[~counts] = 0
    row_weights = counts * (1.0 if weight is None else as_doubles(weight)[targets])
    x = _classes_last(x)
    op = NLL(targets, row_weights)
    losses = op.record(op.forward(x), x)
    if how == "none":
        return losses.reshape(target.shape) if tuple(target.shape) != tuple(losses.shape) else losses
    losses = losses.sum()
    return losses / np.float64(row_weights.sum()) if how == "mean" else losses


# ---- yes or no --------------------------------------------------------------------------------------------

class BCE(ElementLoss):
    """y = -(t ln x + (1 - t) ln(1 - x)),  each logarithm at least -100      x, t: in [0, 1]
    dx = dy (x - t) / (x (1 - x)),         the divisor at least 1e-12
    dt = dy (ln(1 - x) - ln x)
    """
    def compute(self, x, t):
        return -(t * np.maximum(np.log(x), -100) + (1 - t) * np.maximum(np.log1p(-x), -100))

    def backward(self, dy):
        dx = dt = None
        x, t = self.saved
        if self.needs(0):
            slope = x * (1 - x)
            dx = dy * (x - t) / where(slope < 1e-12, 1e-12, slope)
        if self.needs(1):
            yes, no = x.log(), (1 - x).log()
            dt = dy * (where(no < -100, -100.0, no) - where(yes < -100, -100.0, yes))
        return dx, dt

    def name(self):
        return "BinaryCrossEntropyBackward0"


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(t ln x + (1 - t) ln(1 - x)), element by element; their mean (default), sum, or ("none") all.

    x: probabilities; from scores, binary_cross_entropy_with_logits is exact where the sigmoid
    has become 0 or 1. Logarithms below -100 count as -100. weight broadcasts to the input.
    Errors: ValueError where the shapes differ, and for an input outside [0, 1].
    """
    how = reduction_of("binary_cross_entropy", reduction, size_average, reduce)
    x, t = floats("binary_cross_entropy", input, target)
    values = lend(x)
    outside = (values < 0) | (values > 1)
    if outside.any():
        raise ValueError(
            f"binary_cross_entropy: the input is probabilities, in [0, 1], but has {values[outside][0]:g}; "
            "for scores use binary_cross_entropy_with_logits"
        )
    return reduced_by(times("binary_cross_entropy", BCE().of(x, t), weight), how)


class BCEWithLogits(ElementLoss):
    """y = p t ln(1 + e^-x) + (1 - t) ln(1 + e^x)               x, t, p: one shape; p None is 1
    dx = dy ((1 - t) s(x) - p t s(-x)),                         s(x) = 1 / (1 + e^-x)
    dt = dy (p ln(1 + e^-x) - ln(1 + e^x))
    dp = dy t ln(1 + e^-x)

    A label of exactly 0 or 1 leaves one term, whose value and slope have all their digits
    however large x is.
    """
    def compute(self, x, t, p):
        yes = t if p is None else t * p
        softplus = np.log1p(np.exp(-np.abs(x)))         # ln(1 + e^x) - max(x, 0): never an overflow, never a difference
        return (np.where(yes == 0, 0.0, yes * (np.maximum(-x, 0) + softplus))
                + np.where(t == 1, 0.0, (1 - t) * (np.maximum(x, 0) + softplus)))

    def backward(self, dy):
        dx = dt = dp = None
        x, t, p = self.saved
        if self.needs(0):
            dx = dy * ((1 - t) * sigmoid(x) - (t if p is None else p * t) * sigmoid(-x))
        if self.needs(1):
            dt = dy * (-x if p is None else p * _softplus(-x) - _softplus(x))
        if p is not None and self.needs(2):
            dp = dy * t * _softplus(-x)
        return dx, dt, dp

    def name(self):
        return "BinaryCrossEntropyWithLogitsBackward0"


def _softplus(x):
    """ln(1 + e^x), recorded: the loss of a score x where the answer is no."""
    return BCEWithLogits().of(x, wrap(np.zeros((), x.dtype.numpy)).expand_as(x), None)


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean",
                                     pos_weight=None):
    """binary_cross_entropy of sigmoid(input), exact for scores of any size.

    target: in [0, 1], of the input's shape. weight broadcasts to the losses; pos_weight
    broadcasts too and weighs the yes: p t ln(1 + e^-x) + (1 - t) ln(1 + e^x).
    Errors: ValueError where the shapes differ.
    """
    who, p = "binary_cross_entropy_with_logits", None
    how = reduction_of(who, reduction, size_average, reduce)
    x, t = floats(who, input, target)
    if pos_weight is not None:
        check_tensors(who, pos_weight)
        p = pos_weight.to(x.dtype).expand_as(x)
    return reduced_by(times(who, BCEWithLogits().of(x, t, p), weight), how)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """ln(1 + e^(-target input)), element by element, for targets of -1 and 1.

    Errors: ValueError where the shapes differ.
    """
    how = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    x, t = floats("soft_margin_loss", input, target)
    return reduced_by(_softplus(-t * x), how)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """binary_cross_entropy_with_logits, averaged over the classes: the last axis of (N, C) or (C).

    weight (C) weighs the classes. Errors: ValueError where the shapes differ.
    """
    how = reduction_of("multilabel_soft_margin_loss", reduction, size_average, reduce)
    x, t = floats("multilabel_soft_margin_loss", input, target)
    return reduced_by(times("multilabel_soft_margin_loss", BCEWithLogits().of(x, t, None), weight).mean(-1), how)


# ---- between distributions --------------------------------------------------------------------------------

class KLDiv(ElementLoss):
    """y = t (ln t - x), 0 where t = 0;  or with the target's logarithm l  y = e^l (l - x)
    dx = -dy t                           dx = -dy e^l
    dt = dy (ln t + 1 - x)               dl = dy e^l (l - x + 1)
    """
    def __init__(self, log_target):
        self.log_target = log_target

    def compute(self, x, t):
        p, logp = (np.exp(t), t) if self.log_target else (t, np.log(t))
        return np.where(p == 0, 0.0, p * (logp - x))

    def backward(self, dy):
        dt = None
        x, t = self.saved
        p = t.exp() if self.log_target else t
        if self.needs(1):
            dt = dy * p * (t - x + 1) if self.log_target else dy * (t.log() + 1 - x)
        return -dy * p if self.needs(0) else None, dt


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target (ln target - input), element by element: summed, the divergence of target from the
    distribution whose logarithm input is. The true mean over a batch is reduction="batchmean".

    log_target: target is given as its logarithm, too. Where target is 0, so is the loss.
    reduction: "mean" (over all elements), "batchmean" (the sum over the first axis' length),
    "sum" or "none". Errors: ValueError where the shapes differ. Kullback and Leibler, 1951.
    """
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    how = "sum" if by_batch else reduction_of("kl_div", reduction, size_average, reduce)
    x, t = floats("kl_div", input, target)
    losses = reduced_by(KLDiv(log_target).of(x, t), how)
    return losses / len(x) if by_batch and x.ndim else losses


# ---- by how much the right class is ahead -----------------------------------------------------------------

def _as_batch(who, x, t):
    """Scores as (N, C) and targets as an array; an error unless the scores are (N, C), (C) or one, and floating."""
    check_tensors(who, x, t)
    if not x.is_floating_point() or x.ndim > 2 or t.is_floating_point():
        raise ValueError(f"{who}: expected floating scores (N, C) or (C) and integer targets, got {describe(x)} and "
                         f"{describe(t)}")
    return (x.reshape(1, -1) if x.ndim < 2 else x), np.array(lend(t), np.int64)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """sum over the wrong classes j of max(0, margin - input[target] + input[j])^p / C.

    Shapes: input (N, C) or (C), target (N) or (), class numbers. p: 1 or 2. weight (C): a
    factor for each target class. Errors: IndexError for a target that is no class number.
    """
    how = reduction_of("multi_margin_loss", reduction, size_average, reduce)
    margin = as_number("multi_margin_loss", "margin", margin)
    x, targets = _as_batch("multi_margin_loss", input, target)
    targets, (rows, classes) = targets.reshape(-1), x.shape
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is 1 or 2, got {p}")
    if target.ndim > 1 or len(targets) != rows:
        raise ValueError(f"multi_margin_loss: for an input {tuple(input.shape)} expected a target for each row, got "
                         f"{tuple(target.shape)}")
    _check_weights("multi_margin_loss", weight, classes)
    _which_count("multi_margin_loss", targets, classes, None)
    right = wrap(targets[:, None] == np.arange(classes))
    ahead = where(right, x, 0.0).sum(1, keepdim=True)
    short = where(right, 0.0, relu(margin - ahead + x))
    short = short if p == 1 else short * short
    if weight is not None:
        short = short * weight.to(x.dtype)[wrap(targets)].unsqueeze(1)
    losses = short.sum(1) / classes
    return reduced_by(losses.reshape(target.shape) if target.ndim == 0 else losses, how)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """sum over labels i that apply and j that do not of max(0, 1 - input[i] + input[j]) / C.

    Shapes: input and target (N, C) or (C); each row of target lists the labels that apply, and
    ends at the first -1. Errors: IndexError for a target that is no label.
    """
    how = reduction_of("multilabel_margin_loss", reduction, size_average, reduce)
    check_shapes("multilabel_margin_loss", input, target)
    x, targets = _as_batch("multilabel_margin_loss", input, target)
    targets = targets.reshape(tuple(x.shape))
    targets[np.cumsum(targets == -1, 1) > 0] = -1
    _which_count("multilabel_margin_loss", targets, x.shape[1], -1)
    applies = np.zeros(tuple(x.shape))
    rows, places = np.nonzero(targets >= 0)
    np.add.at(applies, (rows, targets[rows, places]), 1)
    pairs = wrap(applies[:, :, None] * (applies == 0)[:, None, :]).to(x.dtype)
    losses = (relu(1 - x.unsqueeze(2) + x.unsqueeze(1)) * pairs).sum((1, 2)) / x.shape[1]
    return reduced_by(losses.squeeze(0) if input.ndim < 2 else losses, how)
