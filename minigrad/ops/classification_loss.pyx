"""Losses between scores or probabilities and the truth: which class, which labels, yes or no."""
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.broadcast cimport shape_only, sum_over
from minigrad.ops.loss cimport check_same_shape, floats, in_double, reduced_by, reduction_of, rounded
from minigrad.tensor cimport (
    FLOAT64, INT64, Tensor, cast, dense, describe, is_floating, lend, new_like, new_tensor, same_shape,
    to_tensor, wrap,
)

import numpy as np

from minigrad.ops.activation import relu, sigmoid
from minigrad.ops.softmax import log_softmax
from minigrad.ops.arithmetic import where


# ---- cross-entropy ------------------------------------------------------------------------------------------

cdef class CrossEntropy(Op):
    """y_r = -ln p_r[t_r],   p_r = softmax(x_r)         x: (rows, classes); t: (rows), class numbers
    dx_r = dy_r (p_r - onehot(t_r))

    csrc/softmax.c derives dx. Rows whose target is ignore_index count for nothing. The mean
    and the sum over the rows are part of the op: divisor is the number of rows that count,
    1, or (no reduction) 0.
    """
    cdef Tensor target, p
    cdef int64_t ignored
    cdef double divisor

    cdef Tensor forward(self, Tensor x, Tensor target, int64_t ignored, double divisor):
        cdef Tensor losses = new_tensor(x.kind, 1, x.length), xd = dense(x)
        cdef ptrdiff_t wrong
        self.target, self.ignored, self.divisor = dense(target), ignored, divisor
        self.p = new_like(x)
        self.saved = (x,)
        wrong = K[x.kind].cross_entropy_forward(losses.ptr, self.p.ptr, xd.ptr, <int64_t *>self.target.ptr,
                                                x.length[0], x.length[1], ignored)
        if wrong >= 0:
            raise IndexError(
                f"cross_entropy: target {(<int64_t *>self.target.ptr)[wrong]} in row {wrong} is no class number: "
                f"the input has {x.length[1]} classes, so targets are 0 to {x.length[1] - 1} "
                f"(or ignore_index, {ignored})"
            )
        return losses if divisor == 0 else sum_over(losses, 1, False, divisor)

    cdef backward(self, Tensor dy):
        cdef Tensor x, dx
        cdef double scale = 1 / self.divisor if self.divisor != 0 else 1.0
        x, = self.saved
        if recording():
            return self.composed(dy, x)
        dx = new_like(x)
        dy = dense(dy)
        K[x.kind].cross_entropy_backward(dx.ptr, dy.ptr, 1 if self.divisor == 0 else 0, self.p.ptr,
                                         <int64_t *>self.target.ptr, scale, x.length[0], x.length[1], self.ignored)
        return dx

    cdef composed(self, Tensor dy, Tensor x):
        """The same gradient, made of operations."""
        classes = np.arange(x.length[1])
        hit = wrap(np.asarray(lend(self.target)[:, None] == classes)).to(x.dtype)
        counts = wrap(np.asarray(lend(self.target) != self.ignored)).to(x.dtype)
        dy = dy * counts if self.divisor == 0 else dy * counts / self.divisor
        return (x.softmax(1) - hit) * dy.unsqueeze(1)

    def name(self):
        return "NllLossBackward0"


def cross_entropy(Tensor input not None, Tensor target not None, Tensor weight=None, size_average=None,
                  ignore_index=-100, reduce=None, reduction="mean", double label_smoothing=0.0):
    """-ln softmax(input)[target]: the surprise at the right class, given unnormalised scores.

    Shapes: input (C), (N, C) or (N, C, d1, ...); target the same without C, of class numbers,
    or the same shape with probabilities.
    weight (C) weighs the classes, in the input's dtype; targets equal to ignore_index count for nothing;
    label_smoothing s mixes the target with the uniform distribution: (1 - s) onehot + s / C.
    The mean is over the (weighted) targets that count.
    Errors: IndexError for a target that is no class number, naming it and its row; ValueError for an
    ignore_index among probabilities.
    """
    cdef str how = reduction_of("cross_entropy", reduction, size_average, reduce)
    cdef Tensor x = input, t = target
    cdef CrossEntropy op
    cdef double divisor
    if not is_floating(x.kind) or x.rank == 0:
        raise TypeError(f"cross_entropy: expected floating scores (N, C), got {describe(x)}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is in [0, 1], got {label_smoothing}")
    if x.rank == 1:
        x, t = x.unsqueeze(0), t.unsqueeze(0)
        if how == "none":
            return cross_entropy(x, t, weight, None, ignore_index, None, how, label_smoothing).squeeze(0)
    if is_floating(t.kind):
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
        return _with_probabilities(x, t.to(x.dtype), weight, how, label_smoothing)
    if t.rank != x.rank - 1 or t.n * x.length[1] != x.n or tuple(t.shape) != tuple(x.shape)[:1] + tuple(x.shape)[2:]:
        raise ValueError(
            f"cross_entropy: for an input {tuple(input.shape)} expected targets of shape "
            f"{tuple(x.shape)[:1] + tuple(x.shape)[2:]}, got {tuple(target.shape)}"
        )
    t = cast(t, INT64)
    if weight is not None or label_smoothing or x.kind > FLOAT64:
        return _with_weights(x, t, weight, ignore_index, how, label_smoothing)
    shape = t.shape
    if x.rank > 2:
        x, t = x.movedim(1, -1).reshape(-1, x.length[1]), t.reshape(-1)
    divisor = {"none": 0.0, "sum": 1.0, "mean": 1.0}[how]
    if how == "mean":
        divisor = np.count_nonzero(lend(t) != ignore_index)
        if divisor == 0:        # the mean of nothing, as PyTorch has it
            divisor = float("nan")
    op = CrossEntropy.__new__(CrossEntropy)
    losses = op.record(op.forward(x, t, ignore_index, divisor), x)
    return losses.reshape(shape) if how == "none" and len(shape) > 1 else losses


cdef object _class_weights(Tensor x, Tensor weight):
    if weight is not None and (weight.rank != 1 or weight.length[0] != x.length[1]):
        raise ValueError(f"cross_entropy: expected {x.length[1]} class weights, got {describe(weight)}")
    return None if weight is None else convert(weight, x.kind).reshape([1, -1] + [1] * (x.rank - 2))


cdef object _with_probabilities(Tensor x, Tensor t, Tensor weight, str how, double smoothing):
    w = _class_weights(x, weight)
    if smoothing:
        t = t * (1 - smoothing) + smoothing / x.length[1]
    logp = log_softmax(x, 1)
    terms = t * where((t == 0) & (logp == -np.inf), 0.0, logp)      # what cannot be and is not so costs nothing
    losses = -(terms if w is None else terms * w).sum(1)
    if how == "mean":
        return losses.sum() / losses.numel()
    return reduced_by(losses, how)


cdef object _with_weights(Tensor x, Tensor t, Tensor weight, object ignored, str how, double smoothing):
    cdef object targets = lend(t), classes = x.length[1]
    counts = check_classes("cross_entropy", targets, classes, ignored)
    shape = [1, -1] + [1] * (x.rank - 2)
    w = _class_weights(x, weight)
    logp = log_softmax(x, 1)
    hit = wrap((np.arange(classes).reshape(shape) == np.expand_dims(targets, 1)) & np.expand_dims(counts, 1))
    chosen = where(hit, logp, 0.0)
    rows = wrap(counts)
    w_of_row = None if w is None else where(hit, w.expand_as(x), 0.0).sum(1)
    losses = -(chosen if w is None else chosen * w).sum(1)
    if smoothing:
        spread = where(rows, -(logp if w is None else logp * w).sum(1), 0.0)
        losses = losses * (1 - smoothing) + spread * (smoothing / classes)
    if how == "mean":
        return losses.sum() / (rows.to(x.dtype).sum() if w is None else w_of_row.sum())
    return reduced_by(losses, how)


# ---- the likelihood of classes ------------------------------------------------------------------------------------

cdef class NLL(Op):
    """y_r = -w[t_r] x[r, t_r]          x: (rows, classes); t, y: (rows)
    dx[r, t_r] = -w[t_r] dy_r, else 0

    Rows whose target is ignored count for nothing: their weight (here the rows', not the
    classes') is 0.
    """
    cdef object target, weight          # ndarrays, a number for each row
    cdef Tensor shape_of_x

    cdef Tensor forward(self, Tensor x, object target, object weight):
        self.target, self.weight, self.shape_of_x = target, weight, shape_only(x)
        taken = lend(x)[np.arange(len(target)), target]
        with np.errstate(all="ignore"):
            return rounded(np.where(weight == 0, 0.0, -weight * taken), x.kind)

    cdef backward(self, Tensor dy):
        cdef NLLBackward op = NLLBackward.__new__(NLLBackward)
        op.of = self
        return op.record(op.forward(dy), dy)

    def name(self):
        return "NllLossBackward0"


cdef class NLLBackward(Op):
    """y[r, t_r] = -w[t_r] x_r, else 0: the gradient of NLL, which is linear
    dx_r = -w[t_r] dy[r, t_r]
    """
    cdef NLL of

    cdef Tensor forward(self, Tensor dy):
        dx = np.zeros(tuple(self.of.shape_of_x.shape), lend(dy).dtype)
        dx[np.arange(len(self.of.target)), self.of.target] = -self.of.weight * lend(dy)
        return wrap(dx)

    cdef backward(self, Tensor ddy):
        cdef NLL op = NLL.__new__(NLL)
        return op.record(op.forward(ddy, self.of.target, self.of.weight), ddy)


def nll_loss(Tensor input not None, Tensor target not None, Tensor weight=None, size_average=None, ignore_index=-100,
             reduce=None, reduction="mean"):
    """-input[target]: what is left of cross-entropy when input is log-probabilities already.

    Shapes: input (C), (N, C) or (N, C, d1, ...); target the same without C, of class numbers.
    weight (C) weighs the classes; targets equal to ignore_index count for nothing; the mean is
    over the weights of the targets that count.
    Errors: IndexError for a target that is no class number; ValueError for shapes.
    """
    cdef str how = reduction_of("nll_loss", reduction, size_average, reduce)
    cdef Tensor x = input, t = target
    cdef NLL op = NLL.__new__(NLL)
    if not is_floating(x.kind) or x.rank == 0:
        raise TypeError(f"nll_loss: expected floating log-probabilities (N, C), got {describe(x)}")
    if is_floating(t.kind):
        raise TypeError(f"nll_loss: expected class numbers as integers, got {describe(t)} (target.long())")
    if x.rank == 1 and t.rank <= 1 and t.n == 1:
        x, t = x.unsqueeze(0), t.reshape(1)
    if x.rank < 2 or tuple(t.shape) != tuple(x.shape)[:1] + tuple(x.shape)[2:]:
        raise ValueError(
            f"nll_loss: for an input {tuple(input.shape)} expected targets of shape "
            f"{tuple(x.shape)[:1] + tuple(x.shape)[2:]}, got {tuple(target.shape)}"
        )
    classes, shape = x.length[1], tuple(target.shape)
    if weight is not None and (weight.rank != 1 or weight.length[0] != classes):
        raise ValueError(f"nll_loss: expected {classes} class weights, got {describe(weight)}")
    targets = np.array(lend(t), np.int64).reshape(-1)
    counts = check_classes("nll_loss", targets, classes, ignore_index)
    targets[~counts] = 0
    row_weights = counts * (1.0 if weight is None else in_double(weight)[targets])
    if x.rank > 2:
        x = x.movedim(1, -1).reshape(-1, classes)
    losses = op.record(op.forward(x, targets, row_weights), x)
    if how == "none":
        return losses.reshape(shape) if shape != tuple(losses.shape) else losses
    losses = losses.sum()
    return losses / np.float64(row_weights.sum()) if how == "mean" else losses


cdef object check_classes(str who, object targets, Py_ssize_t classes, object ignored):
    """Which targets count; an error where one of those is no class number."""
    counts = np.ones(targets.shape, bool) if ignored is None else targets != ignored
    wrong = counts & ((targets < 0) | (targets >= classes))
    if wrong.any():
        passed = "" if ignored is None else f" (or {ignored})"
        raise IndexError(f"{who}: target {targets[wrong][0]} is no class number: the input has {classes} classes, "
                         f"so targets are 0 to {classes - 1}{passed}")
    return counts


# ---- yes or no ------------------------------------------------------------------------------------------------------

cdef class BCE(Op):
    """y = -(t ln x + (1 - t) ln(1 - x)),  each logarithm at least -100      x, t: in [0, 1]
    dx = dy (x - t) / (x (1 - x)),         the divisor at least 1e-12
    dt = dy (ln(1 - x) - ln x)
    """
    cdef Tensor forward(self, Tensor x, Tensor t):
        self.saved = (x, t)
        with np.errstate(all="ignore"):
            p, q = in_double(x), in_double(t)
            y = -(q * np.maximum(np.log(p), -100) + (1 - q) * np.maximum(np.log1p(-p), -100))
            return rounded(y, x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t
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


def binary_cross_entropy(Tensor input not None, Tensor target not None, Tensor weight=None, size_average=None,
                         reduce=None, reduction="mean"):
    """-(t ln x + (1 - t) ln(1 - x)), element by element; their mean (default), sum, or ("none") all.

    x: probabilities; from scores, binary_cross_entropy_with_logits is exact where the sigmoid
    has become 0 or 1. Logarithms below -100 count as -100. weight broadcasts to the input.
    Errors: ValueError where the shapes differ, and for an input outside [0, 1].
    """
    cdef str how = reduction_of("binary_cross_entropy", reduction, size_average, reduce)
    cdef Tensor x, t
    cdef BCE op = BCE.__new__(BCE)
    x, t = floats("binary_cross_entropy", input, target)
    values = lend(x)
    outside = (values < 0) | (values > 1)
    if outside.any():
        raise ValueError(
            f"binary_cross_entropy: the input is probabilities, in [0, 1], but has {values[outside][0]:g}; "
            "for scores use binary_cross_entropy_with_logits"
        )
    losses = op.record(op.forward(x, t), x, t)
    return reduced_by(losses if weight is None else losses * convert(weight, x.kind), how)


cdef object _softplus(object z):
    """ln(1 + e^z) of an ndarray: never an overflow, never a difference."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


cdef class BCEWithLogits(Op):
    """y = p t ln(1 + e^-x) + (1 - t) ln(1 + e^x)               x, t, p: one shape; p None is 1
    dx = dy ((1 - t) s(x) - p t s(-x)),                         s(x) = 1 / (1 + e^-x)
    dt = dy (p ln(1 + e^-x) - ln(1 + e^x))
    dp = dy t ln(1 + e^-x)

    A label of exactly 0 or 1 leaves one term, whose value and slope have all their digits
    however large x is.
    """
    cdef Tensor forward(self, Tensor x, Tensor t, Tensor p):
        self.saved = (x, t, p)
        with np.errstate(all="ignore"):
            z, q = in_double(x), in_double(t)
            yes = q if p is None else q * in_double(p)
            y = np.where(yes == 0, 0.0, yes * _softplus(-z)) + np.where(q == 1, 0.0, (1 - q) * _softplus(z))
            return rounded(y, x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t, p
        dx = dt = dp = None
        x, t, p = self.saved
        if self.needs(0):
            dx = dy * ((1 - t) * sigmoid(x) - (t if p is None else p * t) * sigmoid(-x))
        if self.needs(1):
            dt = dy * (-x if p is None else p * softplus(-x) - softplus(x))
        if p is not None and self.needs(2):
            dp = dy * t * softplus(-x)
        return dx, dt, dp

    def name(self):
        return "BinaryCrossEntropyWithLogitsBackward0"


cdef Tensor _with_logits(Tensor x, Tensor t, Tensor p):
    cdef BCEWithLogits op = BCEWithLogits.__new__(BCEWithLogits)
    return op.record_all(op.forward(x, t, p), (x, t, p))


cdef Tensor softplus(Tensor z):
    """ln(1 + e^z), recorded: the loss of a score z where the answer is no."""
    return _with_logits(z, to_tensor(0, z.kind).expand_as(z), None)


def binary_cross_entropy_with_logits(Tensor input not None, Tensor target not None, Tensor weight=None,
                                     size_average=None, reduce=None, reduction="mean", Tensor pos_weight=None):
    """binary_cross_entropy of sigmoid(input), exact for scores of any size.

    target: in [0, 1], of the input's shape. weight broadcasts to the losses; pos_weight
    broadcasts too and weighs the yes: p t ln(1 + e^-x) + (1 - t) ln(1 + e^x).
    Errors: ValueError where the shapes differ.
    """
    cdef str who = "binary_cross_entropy_with_logits"
    cdef str how = reduction_of(who, reduction, size_average, reduce)
    cdef Tensor x, t, p = None
    x, t = floats(who, input, target)
    if pos_weight is not None:
        p = convert(pos_weight, x.kind).expand_as(x)
    losses = _with_logits(x, t, p)
    return reduced_by(losses if weight is None else losses * convert(weight, x.kind), how)


def soft_margin_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean"):
    """ln(1 + e^(-target input)), element by element, for targets of -1 and 1.

    Errors: ValueError where the shapes differ.
    """
    cdef str how = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    cdef Tensor x, t
    x, t = floats("soft_margin_loss", input, target)
    return reduced_by(softplus(-t * x), how)


def multilabel_soft_margin_loss(Tensor input not None, Tensor target not None, Tensor weight=None, size_average=None,
                                reduce=None, reduction="mean"):
    """binary_cross_entropy_with_logits, averaged over the classes: the last axis of (N, C) or (C).

    weight (C) weighs the classes. Errors: ValueError where the shapes differ.
    """
    cdef str how = reduction_of("multilabel_soft_margin_loss", reduction, size_average, reduce)
    cdef Tensor x, t
    x, t = floats("multilabel_soft_margin_loss", input, target)
    losses = _with_logits(x, t, None)
    return reduced_by((losses if weight is None else losses * convert(weight, x.kind)).mean(-1), how)


# ---- between distributions --------------------------------------------------------------------------------

cdef class KLDiv(Op):
    """y = t (ln t - x), 0 where t = 0;  or with the target's logarithm l  y = e^l (l - x)
    dx = -dy t                           dx = -dy e^l
    dt = dy (ln t + 1 - x)               dl = dy e^l (l - x + 1)
    """
    cdef bint log_target

    cdef Tensor forward(self, Tensor x, Tensor t, bint log_target):
        self.log_target, self.saved = log_target, (x, t)
        with np.errstate(all="ignore"):
            logq, target = in_double(x), in_double(t)
            p = np.exp(target) if log_target else target
            logp = target if log_target else np.log(target)
            return rounded(np.where(p == 0, 0.0, p * (logp - logq)), x.kind)

    cdef backward(self, Tensor dy):
        cdef Tensor x, t
        dt = None
        x, t = self.saved
        p = t.exp() if self.log_target else t
        if self.needs(1):
            dt = dy * p * (t - x + 1) if self.log_target else dy * (t.log() + 1 - x)
        return -dy * p if self.needs(0) else None, dt


def kl_div(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
           bint log_target=False):
    """target (ln target - input), element by element: summed, the divergence of target from the
    distribution whose logarithm input is. The true mean over a batch is reduction="batchmean".

    log_target: target is given as its logarithm, too. Where target is 0, so is the loss.
    reduction: "mean" (over all elements), "batchmean" (the sum over the first axis' length),
    "sum" or "none". Errors: ValueError where the shapes differ. Kullback and Leibler, 1951.
    """
    cdef bint by_batch = reduction == "batchmean" and size_average is None and reduce is None
    cdef str how = "sum" if by_batch else reduction_of("kl_div", reduction, size_average, reduce)
    cdef Tensor x, t
    cdef KLDiv op = KLDiv.__new__(KLDiv)
    x, t = floats("kl_div", input, target)
    losses = reduced_by(op.record(op.forward(x, t, log_target), x, t), how)
    return losses / x.length[0] if by_batch and x.rank else losses


# ---- by how much the right class is ahead -----------------------------------------------------------------

cdef tuple _as_batch(str who, Tensor x, Tensor t):
    """Scores as (N, C); an error unless they are (N, C), (C) or one, and floating."""
    if not is_floating(x.kind) or x.rank > 2 or is_floating(t.kind):
        raise ValueError(f"{who}: expected floating scores (N, C) or (C) and integer targets, got {describe(x)} and "
                         f"{describe(t)}")
    return (x.reshape(1, -1) if x.rank < 2 else x), np.array(lend(t), np.int64)


def multi_margin_loss(Tensor input not None, Tensor target not None, p=1, double margin=1.0, Tensor weight=None,
                      size_average=None, reduce=None, reduction="mean"):
    """sum over the wrong classes j of max(0, margin - input[target] + input[j])^p / C.

    Shapes: input (N, C) or (C), target (N) or (), class numbers. p: 1 or 2. weight (C): a
    factor for each target class. Errors: IndexError for a target that is no class number.
    """
    cdef str how = reduction_of("multi_margin_loss", reduction, size_average, reduce)
    cdef Tensor x
    x, targets = _as_batch("multi_margin_loss", input, target)
    targets = targets.reshape(-1)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is 1 or 2, got {p}")
    if target.rank > 1 or len(targets) != x.length[0]:
        raise ValueError(f"multi_margin_loss: for an input {tuple(input.shape)} expected a target for each row, got "
                         f"{tuple(target.shape)}")
    if weight is not None and (weight.rank != 1 or weight.length[0] != x.length[1]):
        raise ValueError(f"multi_margin_loss: expected {x.length[1]} class weights, got {describe(weight)}")
    check_classes("multi_margin_loss", targets, x.length[1], None)
    right = wrap(targets[:, None] == np.arange(x.length[1]))
    ahead = where(right, x, 0.0).sum(1, keepdim=True)
    short = where(right, 0.0, relu(margin - ahead + x))
    short = short if p == 1 else short * short
    if weight is not None:
        short = short * convert(weight, x.kind)[wrap(targets)].unsqueeze(1)
    losses = short.sum(1) / x.length[1]
    return reduced_by(losses.reshape(target.shape) if target.rank == 0 else losses, how)


def multilabel_margin_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None,
                           reduction="mean"):
    """sum over labels i that apply and j that do not of max(0, 1 - input[i] + input[j]) / C.

    Shapes: input and target (N, C) or (C); each row of target lists the labels that apply, and
    ends at the first -1. Errors: IndexError for a target that is no label.
    """
    cdef str how = reduction_of("multilabel_margin_loss", reduction, size_average, reduce)
    cdef Tensor x
    check_same_shape("multilabel_margin_loss", input, target)
    x, targets = _as_batch("multilabel_margin_loss", input, target)
    targets = targets.reshape(tuple(x.shape))
    targets[np.cumsum(targets == -1, 1) > 0] = -1
    check_classes("multilabel_margin_loss", targets, x.length[1], -1)
    applies = np.zeros(tuple(x.shape))
    rows, places = np.nonzero(targets >= 0)
    np.add.at(applies, (rows, targets[rows, places]), 1)
    pairs = wrap(applies[:, :, None] * (applies == 0)[:, None, :]).to(x.dtype)
    losses = (relu(1 - x.unsqueeze(2) + x.unsqueeze(1)) * pairs).sum((1, 2)) / x.length[1]
    return reduced_by(losses.squeeze(0) if input.rank < 2 else losses, how)
