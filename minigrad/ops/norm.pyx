"""Normalisation: activations brought to mean 0 and variance 1, then scaled and shifted.

batch_norm goes by channels over the batch; layer, RMS, group and instance normalisation by
rows, and are one operation (the last two are in group_norm.py).
"""
from libc.stdint cimport int64_t

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.ops.activation cimport relu_gradient
from minigrad.ops.arithmetic cimport convert
from minigrad.ops.broadcast cimport shape_only
from minigrad.tensor cimport (
    FLOAT16, FLOAT32, FLOAT64, INT64, Tensor, cast, check_writable, copy_into, dense, describe, dtype_of, is_floating,
    new_like, new_tensor, to_tensor,
)

import numpy as np


cdef int _move(Tensor running, const double *batch, double scale, double momentum) except -1:
    """running <- (1 - momentum) running + momentum scale batch"""
    cdef Tensor own = dense(running)
    K[own.kind].batch_norm_move(own.ptr, batch, scale, momentum, own.n)
    if own is running:
        running.storage.version += 1
        return 0
    return copy_into(running, own)


cdef void *_pointer(Tensor x) noexcept:
    return NULL if x is None else x.ptr


cdef object _centred(object x, object axes):
    """x less its mean; twice, as the mean as a float lacks up to half a digit of it."""
    x = x - x.mean(axes, keepdim=True)
    return x - x.mean(axes, keepdim=True)


cdef enum:
    FEW = 256       # channels


cdef class BatchNorm(Op):
    """y = xhat w + b,   xhat = (x - mean) rstd,   rstd = 1 / sqrt(var + eps), channel by channel
                                                   x, y: (N, C, ...); w, b: (C)
    In training mean and var are the batch's own, so they move with x:
        dx = w rstd (dy - mean(dy) - xhat mean(dy xhat))
    in evaluation they are constants:
        dx = w rstd dy
    dw = sum(dy xhat), db = sum(dy)          over all axes but the channels'

    With relu: y = max(xhat w + b, 0) in the same pass over memory, and dy counts where y > 0.

    csrc/batch_norm.c derives dx. Ioffe and Szegedy, ICML 2015.
    """
    cdef Tensor statistics              # (2, C), float64: mean and rstd
    cdef bint training, relu
    cdef double eps
    cdef size_t outer, channels, inner

    cdef Tensor forward(self, Tensor x, Tensor w, Tensor b, Tensor running_mean, Tensor running_var,
                        bint training, double momentum, double eps):
        cdef Tensor y = new_like(x), xd = dense(x)
        cdef Py_ssize_t length[2]
        cdef int i
        cdef double few[2 * FEW]
        cdef double *mean
        cdef double *rstd
        cdef double n
        self.outer, self.channels, self.inner = x.length[0], x.length[1], 1
        for i in range(2, x.rank):
            self.inner *= x.length[i]
        n = self.outer * self.inner
        self.training, self.eps = training, eps
        mean = few
        if recording() or self.channels > FEW:      # else nobody asks for them again, and making them costs 100 ns
            length[0], length[1] = 2, x.length[1]
            self.statistics = new_tensor(FLOAT64, 2, length)
            mean = <double *>self.statistics.ptr
        rstd = mean + self.channels
        if training:
            K[x.kind].batch_norm_statistics(mean, rstd, xd.ptr, self.outer, self.channels, self.inner)
            if running_mean is not None and n > 0:
                _move(running_mean, mean, 1, momentum)
                _move(running_var, rstd, n / (n - 1), momentum)
            K[FLOAT64].batch_norm_running(mean, rstd, mean, rstd, eps, self.channels)
        else:
            running_mean, running_var = dense(running_mean), dense(running_var)
            if running_mean.kind != running_var.kind:
                running_mean, running_var = cast(running_mean, FLOAT64), cast(running_var, FLOAT64)
            K[running_mean.kind].batch_norm_running(mean, rstd, running_mean.ptr, running_var.ptr, eps, self.channels)
        K[x.kind].batch_norm_forward(y.ptr, xd.ptr, mean, rstd, _pointer(w), _pointer(b),
                                     self.outer, self.channels, self.inner, self.relu)
        if recording():
            self.saved = (x, w)
            if self.relu:
                self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, w, dx = None, dw = None, db = None
        x, w = self.saved[0], self.saved[1]
        if recording() or not self.training:
            return self.composed(relu_gradient(dy, self.output(), False) if self.relu else dy, x, w)
        if self.needs(0):
            dx = new_like(x)
        if w is not None and self.needs(1):
            dw = new_like(w)
        if self.needs(2):
            db = new_tensor(x.kind, 1, &x.length[1])
        x, dy = dense(x), dense(dy)
        w = None if w is None else dense(w)
        K[x.kind].batch_norm_backward(_pointer(dx), _pointer(dw), _pointer(db), dy.ptr, x.ptr,
                                      _pointer(self.output() if self.relu else None), <double *>self.statistics.ptr,
                                      <double *>self.statistics.ptr + self.channels, _pointer(w),
                                      self.outer, self.channels, self.inner)
        return dx, dw, db

    cdef tuple composed(self, Tensor dy, Tensor x, Tensor w):
        """The same gradients, made of operations."""
        axes = [i for i in range(x.rank) if i != 1]
        shape = [1, -1] + [1] * (x.rank - 2)
        if self.training:
            centred = _centred(x, axes)
            rstd = ((centred * centred).mean(axes, keepdim=True) + self.eps) ** -0.5
        else:
            mean, rstd = [part.reshape(shape) for part in self.statistics.to(x.dtype)]
            centred = x - mean
        xhat = centred * rstd
        dx = None
        if self.needs(0):
            dxhat = dy if w is None else dy * w.reshape(shape)
            if self.training:
                dxhat = dxhat - dxhat.mean(axes, keepdim=True) - xhat * (dxhat * xhat).mean(axes, keepdim=True)
            dx = rstd * dxhat
        return dx, (dy * xhat).sum(axes) if self.needs(1) else None, dy.sum(axes) if self.needs(2) else None

    def name(self):
        return "ReluBackward0" if self.relu else "NativeBatchNormBackward0"


cdef int _check_part(Tensor x, str what, Tensor part, bint same_dtype) except -1:
    if part is None:
        return 0
    if part.rank != 1 or part.length[0] != x.length[1] or part.kind > FLOAT64:
        raise ValueError(f"batch_norm: expected {what} of shape ({x.length[1]},), got {describe(part)}")
    if same_dtype and part.kind != x.kind:
        raise TypeError(f"batch_norm: {what} is {part.dtype} and the input {x.dtype}; they must be the same")
    return 0


def batch_norm(Tensor input not None, Tensor running_mean, Tensor running_var, Tensor weight=None, Tensor bias=None,
               bint training=False, momentum=0.1, double eps=1e-5):
    """(input - mean) / sqrt(var + eps) * weight + bias, channel by channel.

    Shapes: input (N, C) or (N, C, ...); the others (C) or None.
    training: mean and var are the batch's, and where running_mean and running_var are given
    these move by momentum towards the batch's mean and its unbiased variance; otherwise mean
    and var are the running ones.
    Errors: ValueError for a training batch of one value a channel, which has no variance.
    """
    return batch_norm_of(input, running_mean, running_var, None, weight, bias, training, momentum, eps)


def batch_norm_of(Tensor input not None, Tensor running_mean, Tensor running_var, Tensor batches, Tensor weight,
                  Tensor bias, bint training, momentum, double eps):
    """batch_norm() as a layer calls it.

    batches: its counter of training batches, an integer; it is raised by one. momentum None is
    then 1 / batches, so that the running statistics are averages.
    """
    return batch_norm_layer(input, running_mean, running_var, batches, weight, bias, training, momentum, eps, False)


cdef Tensor batch_norm_layer(Tensor input, Tensor running_mean, Tensor running_var, Tensor batches, Tensor weight,
                             Tensor bias, bint training, object momentum, double eps, bint relu):
    cdef BatchNorm op = BatchNorm.__new__(BatchNorm)
    if input.rank < 2 or input.kind > FLOAT64:
        raise ValueError(f"batch_norm: expected a floating input (N, C, ...), got {describe(input)}")
    _check_part(input, "running_mean", running_mean, False)
    _check_part(input, "running_var", running_var, False)
    _check_part(input, "weight", weight, True)
    _check_part(input, "bias", bias, True)
    if (running_mean is None) != (running_var is None):
        raise ValueError("batch_norm: give both running_mean and running_var, or neither")
    if training:
        if input.n and input.n // input.length[1] == 1:
            raise ValueError(
                f"batch_norm: a training batch of shape {tuple(input.shape)} has one value for each channel, so "
                "no variance; use drop_last=True in the DataLoader, or model.eval()"
            )
        if running_mean is not None:
            check_writable(running_mean)
            check_writable(running_var)
        if batches is not None:
            check_writable(batches)
    elif running_mean is None:
        raise ValueError("batch_norm: in evaluation running_mean and running_var are needed")
    if weight is not None and not weight.dense:
        weight = weight.contiguous()
    if bias is not None and not bias.dense:
        bias = bias.contiguous()
    if momentum is None:
        momentum = 0.0 if batches is None else 1.0 / (batches.item() + 1)
    op.relu = relu and input.rank == 2
    y = op.forward(input, weight, bias, running_mean, running_var, training, momentum, eps)
    if weight is not None and bias is not None:
        op.record(y, input, weight, bias)
    else:
        op.record_all(y, (input, weight, bias))
    if training and batches is not None:
        if batches.kind == INT64 and batches.n == 1:
            (<int64_t *>batches.ptr)[0] += 1
            batches.storage.version += 1
        else:
            batches.add_(1)
    return y.relu() if relu and not op.relu else y


# ---- by rows: layer, RMS, group and instance normalisation ----------------------------------------------------

cdef class LayerNorm(Op):
    """y = xhat w + b,   xhat = (x - mean) rstd,   rstd = 1 / sqrt(var + eps), row by row
    dx = rstd (g - mean(g) - xhat mean(g xhat)),   g = dy w
    dw = sum(dy xhat), db = sum(dy)          over what shares a weight

    Without centring (RMS) mean is 0 throughout, and var the mean of squares; then dx has no
    mean(g). A row is x's last `stretches * span` elements; w and b are (period, stretches): a
    number for each stretch of a row, beginning again after `period` rows. csrc/layer_norm.c derives
    dx. Ba, Kiros and Hinton, 2016.

    With relu (for period 1, span 1): y = max(xhat w + b, 0) in the same pass over memory, and dy
    counts where y > 0.
    """
    cdef bint relu
    cdef Tensor mean, rstd              # (rows), float64; no mean for RMS
    cdef Tensor shape_of_b
    cdef double eps
    cdef size_t rows, n, period, span

    cdef Tensor forward(self, Tensor x, Tensor w, Tensor b, size_t period, size_t stretches, size_t span,
                        bint centred, double eps):
        cdef Tensor y = new_like(x), xd = dense(x)
        cdef Py_ssize_t rows
        self.n, self.period, self.span, self.eps = stretches * span, period, span, eps
        self.rows = rows = x.n // self.n if self.n else 0
        self.mean = new_tensor(FLOAT64, 1, &rows) if centred else None
        self.rstd = new_tensor(FLOAT64, 1, &rows)
        K[x.kind].layer_norm_forward(y.ptr, <double *>_pointer(self.mean), <double *>self.rstd.ptr, xd.ptr,
                                     _pointer(w), _pointer(b), self.rows, self.n, period, span, eps, self.relu)
        if recording():
            self.saved = (x, w)
            self.shape_of_b = None if b is None else shape_only(b)
            if self.relu:
                self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, w, dx = None, dw = None, db = None
        x, w = self.saved[0], self.saved[1]
        if recording():
            return self.composed(relu_gradient(dy, self.output(), False) if self.relu else dy, x, w)
        if self.needs(0):
            dx = new_like(x)
        if w is not None and self.needs(1):
            dw = new_like(w)
        if self.needs(2):
            db = new_like(self.shape_of_b)
        if self.rows == 0:
            return dx, None if dw is None else dw.zero_(), None if db is None else db.zero_()
        x, dy = dense(x), dense(dy)
        K[x.kind].layer_norm_backward(_pointer(dx), _pointer(dw), _pointer(db), dy.ptr, x.ptr,
                                      _pointer(self.output() if self.relu else None),
                                      <double *>_pointer(self.mean), <double *>self.rstd.ptr, _pointer(w),
                                      self.rows, self.n, self.period, self.span)
        return dx, dw, db

    cdef tuple composed(self, Tensor dy, Tensor x, Tensor w):
        """The same gradients, made of operations."""
        cdef bint centred = self.mean is not None
        dx = None
        if self.rows == 0:
            return (dy, None if w is None else w.detach() * 0,
                    None if self.shape_of_b is None else to_tensor(0, x.kind).expand_as(self.shape_of_b))
        rows = (-1, self.period, self.n // self.span, self.span)
        xs, dys = x.reshape(rows), dy.reshape(rows)
        xs = _centred(xs, (2, 3)) if centred else xs
        rstd = ((xs * xs).mean((2, 3), keepdim=True) + self.eps) ** -0.5
        xhat = xs * rstd
        if self.needs(0):
            g = dys if w is None else dys * w.reshape(self.period, -1, 1)
            dx = g - xhat * (g * xhat).mean((2, 3), keepdim=True)
            if centred:
                dx = dx - g.mean((2, 3), keepdim=True)
            dx = (rstd * dx).reshape(x.shape)
        return (dx, (dys * xhat).sum((0, 3)).reshape(w.shape) if self.needs(1) else None,
                dys.sum((0, 3)).reshape(self.shape_of_b.shape) if self.needs(2) else None)

    def name(self):
        if self.relu:
            return "ReluBackward0"
        return "NativeLayerNormBackward0" if self.mean is not None else "RmsNormBackward0"


cpdef Tensor fitting(str who, str what, Tensor x, Tensor parameter, tuple shape):
    """weight or bias as the kernels take it; an error if it does not fit the input."""
    if parameter is None:
        return None
    if tuple(parameter.shape) != shape:
        raise ValueError(f"{who}: expected {what} of shape {shape}, got {tuple(parameter.shape)}")
    if parameter.kind != x.kind:
        raise TypeError(f"{who}: {what} is {parameter.dtype} and the input {x.dtype}; they must be the same")
    return parameter if parameter.dense else parameter.contiguous()


cpdef Tensor norm_rows(str who, Tensor x, Tensor weight, Tensor bias, tuple shape, size_t period, size_t stretches,
                       size_t span, bint centred, double eps, bint relu=False):
    """The rows of x normalised, in the words of LayerNorm; weight and bias of a shape, or None. Recorded."""
    cdef LayerNorm op
    weight = fitting(who, "weight", x, weight, shape)
    bias = fitting(who, "bias", x, bias, shape)
    if x.kind == FLOAT16:
        weight = None if weight is None else convert(weight, FLOAT32)
        bias = None if bias is None else convert(bias, FLOAT32)
        x = convert(x, FLOAT32)
        return convert(norm_rows(who, x, weight, bias, shape, period, stretches, span, centred, eps, relu), FLOAT16)
    op = LayerNorm.__new__(LayerNorm)
    op.relu = relu
    y = op.forward(x, weight, bias, period, stretches, span, centred, eps)
    return op.record_all(y, (x, weight, bias))


cdef tuple _normalized(str who, Tensor x, object normalized_shape):
    """The shape of the rows, and how many elements one has."""
    shape = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    if not is_floating(x.kind):
        raise TypeError(f"{who}: expected a floating input, got {describe(x)}; convert it first (x.float())")
    if not shape:
        raise ValueError(f"{who}: normalized_shape names at least one axis, got {normalized_shape}")
    if tuple(x.shape)[max(0, x.rank - len(shape)):] != shape:
        raise ValueError(f"{who}: expected an input (..., {', '.join([str(n) for n in shape])}), as normalized_shape "
                         f"{shape} says, got {tuple(x.shape)}")
    return shape, int(np.prod(shape))


def layer_norm(Tensor input not None, normalized_shape, Tensor weight=None, Tensor bias=None, double eps=1e-5):
    """(input - mean) / sqrt(var + eps) * weight + bias, for each sample by itself.

    Shapes: input (..., *normalized_shape), over whose last axes mean and var are taken;
    weight and bias (*normalized_shape) or None.
    Errors: ValueError for shapes, TypeError for dtypes that differ.
    Ba, Kiros and Hinton, 2016.
    """
    return layer_norm_layer(input, normalized_shape, weight, bias, eps, False)


cdef Tensor layer_norm_layer(Tensor input, object normalized_shape, Tensor weight, Tensor bias, double eps, bint relu):
    shape, n = _normalized("layer_norm", input, normalized_shape)
    return norm_rows("layer_norm", input, weight, bias, shape, 1, n, 1, True, eps, relu)


def rms_norm(Tensor input not None, normalized_shape, Tensor weight=None, eps=None):
    """input / sqrt(mean(input^2) + eps) * weight, for each sample by itself.

    Shapes: input (..., *normalized_shape), weight (*normalized_shape) or None. eps None: the
    dtype's own, the gap between 1 and the next number.
    Errors: ValueError for shapes, TypeError for dtypes that differ.
    Zhang and Sennrich, NeurIPS 2019.
    """
    shape, n = _normalized("rms_norm", input, normalized_shape)
    if eps is None:
        eps = np.finfo(dtype_of(input.kind).numpy).eps
    return norm_rows("rms_norm", input, weight, None, shape, 1, n, 1, False, eps)
