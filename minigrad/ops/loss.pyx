"""Losses: how far a prediction is from the target, as one number to make smaller."""
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.broadcast cimport sum_over
from minigrad.tensor cimport (
    FLOAT64, INT64, Tensor, cast, dense, describe, is_floating, lend, new_like, new_tensor, same_shape, wrap,
)

import numpy as np

from minigrad.ops.activation import log_softmax
from minigrad.ops.arithmetic import where


cdef str _reduction(str who, object reduction, object size_average, object reduce):
    """The reduction's name; size_average and reduce are PyTorch's older words for it."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{who}: reduction is 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


cdef object _reduce(object losses, str reduction):
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


# ---- mean squared error -----------------------------------------------------------------------------------

cdef class MSE(Op):
    """y = sum (x - t)^2 / n                x, t: (n), in any shape; n = 1 for the plain sum
    dx = dy 2 (x - t) / n;  dt = -dx
    """
    cdef double divisor

    cdef Tensor forward(self, Tensor x, Tensor t, double divisor):
        cdef Tensor y = new_tensor(x.kind, 0, NULL)
        self.divisor = divisor
        self.saved = (x, t)
        x, t = dense(x), dense(t)
        K[x.kind].mse_forward(y.ptr, x.ptr, t.ptr, x.n, divisor)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, t, dx
        x, t = self.saved
        if recording():
            dx = (x - t) * (dy * (2 / self.divisor))
        else:
            dx = new_like(x)
            x, t = dense(x), dense(t)
            K[x.kind].mse_backward(dx.ptr, dy.ptr, x.ptr, t.ptr, 2 / self.divisor, x.n)
        return dx if self.needs(0) else None, -dx if self.needs(1) else None

    def name(self):
        return "MseLossBackward0"


def check_same_shape(str who, Tensor input not None, Tensor target not None):
    """An error unless prediction and target have one shape: (N, 1) against (N) would
    broadcast to (N, N) and train towards nonsense."""
    if same_shape(input, target):
        return
    mend = ""
    if input.n == target.n:
        mend = f"; give both one shape (target.reshape({', '.join([str(n) for n in input.shape])}), or input.squeeze())"
    raise ValueError(
        f"{who}: input {tuple(input.shape)} and target {tuple(target.shape)} differ in shape and would be "
        f"broadcast{mend}"
    )


def mse_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
             weight=None):
    """(input - target)^2, element by element; their mean (default), sum, or ("none") all of them.

    Errors: ValueError where the shapes differ, even if they would broadcast.
    """
    cdef MSE op
    cdef str how = _reduction("mse_loss", reduction, size_average, reduce)
    check_same_shape("mse_loss", input, target)
    if weight is not None or how == "none" or input.kind != target.kind or input.kind > FLOAT64:
        difference = input - target
        losses = difference * difference if weight is None else weight * difference * difference
        if weight is not None and how == "mean":
            return losses.sum() / weight.expand_as(input).sum()
        return _reduce(losses, how)
    op = MSE.__new__(MSE)
    return op.record(op.forward(input, target, <double>input.n if how == "mean" else 1.0), input, target)


# ---- cross-entropy -------------------------------------------------------------------------------------------

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
    weight (C) weighs the classes; targets equal to ignore_index count for nothing;
    label_smoothing s mixes the target with the uniform distribution: (1 - s) onehot + s / C.
    The mean is over the (weighted) targets that count.
    Errors: IndexError for a target that is no class number, naming it and its row.
    """
    cdef str how = _reduction("cross_entropy", reduction, size_average, reduce)
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
    return None if weight is None else weight.reshape([1, -1] + [1] * (x.rank - 2))


cdef object _with_probabilities(Tensor x, Tensor t, Tensor weight, str how, double smoothing):
    w = _class_weights(x, weight)
    if smoothing:
        t = t * (1 - smoothing) + smoothing / x.length[1]
    terms = t * log_softmax(x, 1)
    losses = -(terms if w is None else terms * w).sum(1)
    if how == "mean":
        return losses.sum() / losses.numel()
    return _reduce(losses, how)


cdef object _with_weights(Tensor x, Tensor t, Tensor weight, object ignored, str how, double smoothing):
    cdef object targets = lend(t), classes = x.length[1]
    counts = targets != ignored
    wrong = counts & ((targets < 0) | (targets >= classes))
    if wrong.any():
        raise IndexError(f"cross_entropy: target {targets[wrong][0]} is no class number: the input has {classes} "
                         f"classes, so targets are 0 to {classes - 1} (or ignore_index, {ignored})")
    shape = [1, -1] + [1] * (x.rank - 2)
    w = _class_weights(x, weight)
    logp = log_softmax(x, 1)
    hit = wrap(np.arange(classes).reshape(shape) == np.expand_dims(targets, 1))
    chosen = where(hit, logp, 0.0)
    rows = wrap(counts)
    w_of_row = None if w is None else where(hit, w.expand_as(x), 0.0).sum(1)
    losses = -(chosen if w is None else chosen * w).sum(1)
    if smoothing:
        spread = where(rows, -(logp if w is None else logp * w).sum(1), 0.0)
        losses = losses * (1 - smoothing) + spread * (smoothing / classes)
    if how == "mean":
        return losses.sum() / (rows.to(x.dtype).sum() if w is None else w_of_row.sum())
    return _reduce(losses, how)
