"""The two losses that most training loops call: cross-entropy with class numbers and the mean squared
error, each with a kernel for its value and one for its gradient.

regression_loss.py (numbers), classification_loss.py (classes and probabilities) and pair_loss.py (distances
and rankings) have the other losses, and what these two do besides: weights, smoothing, other dtypes.
"""
from libc.math cimport NAN
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.broadcast cimport sum_over
from minigrad.tensor cimport (
    FLOAT64, INT64, Tensor, cast, dense, is_floating, lend, new_like, new_tensor, same_shape, wrap,
)

import numpy as np

from minigrad.ops.loss_tools import reduction_of
from minigrad.ops.regression_loss import squared_error


cdef str _reduction(str who, object reduction, object size_average, object reduce):
    if reduction == "mean" and size_average is None and reduce is None:
        return "mean"       # at once: for a small network every step counts
    return reduction_of(who, reduction, size_average, reduce)


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
        self.target, self.ignored, self.divisor = target, ignored, divisor
        self.p = new_like(x)
        self.saved = (x,)
        wrong = K[x.kind].cross_entropy_forward(losses.ptr, self.p.ptr, xd.ptr, <int64_t *>target.ptr,
                                                x.length[0], x.length[1], ignored)
        if wrong >= 0:
            raise IndexError(
                f"cross_entropy: target {(<int64_t *>target.ptr)[wrong]} in row {wrong} is no class number: "
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


cdef double _counted(Tensor target, int64_t ignored) noexcept:
    """How many targets count; NaN for none of them: the mean of nothing, as PyTorch has it."""
    cdef Py_ssize_t i, n = 0
    for i in range(target.n):
        n += (<int64_t *>target.ptr)[i] != ignored
    return n if n else NAN


cpdef Tensor class_loss(Tensor x, Tensor target, int64_t ignored, str how):
    """cross_entropy of scores (rows, classes), float32 or float64, and integers (rows)."""
    cdef CrossEntropy op = CrossEntropy.__new__(CrossEntropy)
    target = dense(cast(target, INT64))
    divisor = 0.0 if how == "none" else 1.0 if how == "sum" else _counted(target, ignored)
    return op.record(op.forward(x, target, ignored, divisor), x)


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
    cdef str how = _reduction("cross_entropy", reduction, size_average, reduce)
    if weight is None and label_smoothing == 0 and input.rank == 2 and input.kind <= FLOAT64 \
            and target.rank == 1 and target.n == input.length[0] and not is_floating(target.kind):
        return class_loss(input, target, ignore_index, how)
    from minigrad.ops.classification_loss import any_cross_entropy

    return any_cross_entropy(input, target, weight, ignore_index, how, label_smoothing)


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


def mse_loss(Tensor input not None, Tensor target not None, size_average=None, reduce=None, reduction="mean",
             Tensor weight=None):
    """(input - target)^2, element by element; their mean (default), sum, or ("none") all of them.

    weight: of the input's shape, multiplies the losses; their mean is then over the weights' sum.
    Errors: ValueError where the shapes differ, even if they would broadcast.
    """
    cdef MSE op
    cdef str how = _reduction("mse_loss", reduction, size_average, reduce)
    if weight is not None or how == "none" or input.kind != target.kind or input.kind > FLOAT64 \
            or not same_shape(input, target):
        return squared_error(input, target, how, weight)
    op = MSE.__new__(MSE)
    return op.record(op.forward(input, target, <double>input.n if how == "mean" else 1.0), input, target)
