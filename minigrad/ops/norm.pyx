"""Normalisation: activations brought to mean 0 and variance 1, then scaled and shifted."""
from libc.math cimport sqrt as c_sqrt

from minigrad.autograd.engine cimport Op, recording
from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, Tensor, check_writable, dense, describe, new_like, new_tensor, view_as,
)


cdef double _at(Tensor x, Py_ssize_t i) noexcept:
    return (<float *>x.ptr)[i * x.step[0]] if x.kind == FLOAT32 else (<double *>x.ptr)[i * x.step[0]]


cdef void _move(Tensor running, Py_ssize_t i, double value, double momentum) noexcept:
    """running <- (1 - momentum) running + momentum value"""
    value = (1 - momentum) * _at(running, i) + momentum * value
    if running.kind == FLOAT32:
        (<float *>running.ptr)[i * running.step[0]] = <float>value
    else:
        (<double *>running.ptr)[i * running.step[0]] = value


cdef void *_pointer(Tensor x) noexcept:
    return NULL if x is None else x.ptr


cdef class BatchNorm(Op):
    """y = xhat w + b,   xhat = (x - mean) rstd,   rstd = 1 / sqrt(var + eps), channel by channel
                                                   x, y: (N, C, ...); w, b: (C)
    In training mean and var are the batch's own, so they move with x:
        dx = w rstd (dy - mean(dy) - xhat mean(dy xhat))
    in evaluation they are constants:
        dx = w rstd dy
    dw = sum(dy xhat), db = sum(dy)          over all axes but the channels'

    csrc/norm.c derives dx. Ioffe and Szegedy, ICML 2015.
    """
    cdef Tensor mean, rstd              # (C), float64
    cdef bint training
    cdef double eps
    cdef size_t outer, channels, inner

    cdef Tensor forward(self, Tensor x, Tensor w, Tensor b, Tensor running_mean, Tensor running_var,
                        bint training, double momentum, double eps):
        cdef Tensor y = new_like(x), xd = dense(x)
        cdef size_t c
        cdef int i
        cdef double *mean
        cdef double *rstd
        cdef double n
        self.outer, self.channels, self.inner = x.length[0], x.length[1], 1
        for i in range(2, x.rank):
            self.inner *= x.length[i]
        n = self.outer * self.inner
        self.training, self.eps = training, eps
        self.mean = new_tensor(FLOAT64, 1, &x.length[1])
        self.rstd = new_tensor(FLOAT64, 1, &x.length[1])
        mean, rstd = <double *>self.mean.ptr, <double *>self.rstd.ptr
        if training:
            K[x.kind].batch_norm_statistics(mean, rstd, xd.ptr, self.outer, self.channels, self.inner)
            if running_mean is not None:
                for c in range(self.channels):
                    _move(running_mean, c, mean[c], momentum)
                    _move(running_var, c, rstd[c] * n / (n - 1), momentum)
                running_mean.storage.version += 1
                running_var.storage.version += 1
        else:
            for c in range(self.channels):
                mean[c], rstd[c] = _at(running_mean, c), _at(running_var, c)
        for c in range(self.channels):
            rstd[c] = 1 / c_sqrt(rstd[c] + eps)
        K[x.kind].batch_norm_forward(y.ptr, xd.ptr, mean, rstd, _pointer(w), _pointer(b),
                                     self.outer, self.channels, self.inner)
        self.saved = (x, w)
        return y

    cdef backward(self, Tensor dy):
        cdef Tensor x, w, dx = None, dw = None, db = None
        x, w = self.saved
        if recording() or not self.training:
            return self.composed(dy, x, w)
        if self.needs(0):
            dx = new_like(x)
        if w is not None and self.needs(1):
            dw = new_like(w)
        if self.needs(2):
            db = new_tensor(x.kind, 1, &x.length[1])
        x, dy = dense(x), dense(dy)
        w = None if w is None else dense(w)
        K[x.kind].batch_norm_backward(_pointer(dx), _pointer(dw), _pointer(db), dy.ptr, x.ptr,
                                      <double *>self.mean.ptr, <double *>self.rstd.ptr,
                                      _pointer(w),
                                      self.outer, self.channels, self.inner)
        return dx, dw, db

    cdef tuple composed(self, Tensor dy, Tensor x, Tensor w):
        """The same gradients, made of operations."""
        axes = [i for i in range(x.rank) if i != 1]
        shape = [1, -1] + [1] * (x.rank - 2)
        if self.training:
            centred = x - x.mean(axes, keepdim=True)
            rstd = ((centred * centred).mean(axes, keepdim=True) + self.eps) ** -0.5
        else:
            centred = x - self.mean.to(x.dtype).reshape(shape)
            rstd = self.rstd.to(x.dtype).reshape(shape)
        xhat = centred * rstd
        dx = None
        if self.needs(0):
            dxhat = dy if w is None else dy * w.reshape(shape)
            if self.training:
                dxhat = dxhat - dxhat.mean(axes, keepdim=True) - xhat * (dxhat * xhat).mean(axes, keepdim=True)
            dx = rstd * dxhat
        return dx, (dy * xhat).sum(axes) if self.needs(1) else None, dy.sum(axes) if self.needs(2) else None

    def name(self):
        return "NativeBatchNormBackward0"


def batch_norm(Tensor input not None, Tensor running_mean, Tensor running_var, Tensor weight=None, Tensor bias=None,
               bint training=False, momentum=0.1, double eps=1e-5):
    """(input - mean) / sqrt(var + eps) * weight + bias, channel by channel.

    Shapes: input (N, C) or (N, C, ...); the others (C) or None.
    training: mean and var are the batch's, and where running_mean and running_var are given
    these move by momentum towards the batch's mean and its unbiased variance; otherwise mean
    and var are the running ones.
    Errors: ValueError for a training batch of one value a channel, which has no variance.
    """
    cdef BatchNorm op = BatchNorm.__new__(BatchNorm)
    cdef Tensor part
    if input.rank < 2 or input.kind > FLOAT64:
        raise ValueError(f"batch_norm: expected a floating input (N, C, ...), got {describe(input)}")
    for what, part in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight),
                       ("bias", bias)):
        if part is not None and (part.rank != 1 or part.length[0] != input.length[1] or part.kind > FLOAT64):
            raise ValueError(f"batch_norm: expected {what} of shape ({input.length[1]},), got {describe(part)}")
        if part is not None and part.kind != input.kind and (part is weight or part is bias):
            raise TypeError(f"batch_norm: {what} is {part.dtype} and the input {input.dtype}; they must be the same")
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
    elif running_mean is None:
        raise ValueError("batch_norm: in evaluation running_mean and running_var are needed")
    if weight is not None and not weight.dense:
        weight = weight.contiguous()
    if bias is not None and not bias.dense:
        bias = bias.contiguous()
    y = op.forward(input, weight, bias, running_mean, running_var, training,
                   0.0 if momentum is None else momentum, eps)
    return op.record_all(y, (input, weight, bias))
