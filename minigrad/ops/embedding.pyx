"""Embeddings: a row of a table for each index; and the bilinear form of two inputs."""
from minigrad.autograd.engine cimport Op
from minigrad.ops.broadcast cimport shape_only
from minigrad.tensor cimport INT32, INT64, Tensor, check_writable, describe, lend, wrap

import numpy as np


cdef class Embedding(Op):
    """y[i] = w[index[i]]               w: (V, D); index: any shape; y: (index's shape, D)
    dw[v] = s_v sum of dy[i] over the i whose index is v

    s is 1, or 0 for the padding row; scaled by frequency it is 1 / how often v is in index.
    """
    cdef object index                   # an ndarray
    cdef object padding                 # a row, or None
    cdef object scale                   # an ndarray (V), or None
    cdef Tensor shape_of_w

    cdef Tensor forward(self, Tensor w, object index, object padding, object scale):
        self.index, self.padding, self.scale, self.shape_of_w = index, padding, scale, shape_only(w)
        return wrap(np.asarray(lend(w)[index]))

    cdef backward(self, Tensor dy):
        cdef EmbeddingBackward op = EmbeddingBackward.__new__(EmbeddingBackward)
        op.of = self
        return op.record(op.forward(dy), dy)


cdef class EmbeddingBackward(Op):
    """y[v] = s_v sum of x[i] over the i whose index is v: the gradient of Embedding, which is linear
    dx[i] = s_v dy[v],  v = index[i]
    """
    cdef Embedding of

    cdef Tensor forward(self, Tensor dy):
        cdef Tensor w = self.of.shape_of_w
        cdef object rows = lend(dy).reshape(-1, w.length[1]), index = self.of.index.reshape(-1)
        total = np.zeros((w.length[0], w.length[1]))        # float64: one rounding, however often a row is taken
        order = np.argsort(index, kind="stable")
        if len(order):
            starts = np.flatnonzero(np.diff(index[order], prepend=-1))
            total[index[order][starts]] = np.add.reduceat(rows[order].astype(np.float64), starts, axis=0)
        return wrap((total * self.factors()).astype(rows.dtype))

    cdef object factors(self):
        """s, as a column."""
        cdef Py_ssize_t v = self.of.shape_of_w.length[0]
        s = np.ones(v) if self.of.scale is None else self.of.scale.copy()
        if self.of.padding is not None:
            s[self.of.padding] = 0
        return s[:, None]

    cdef backward(self, Tensor ddy):
        cdef Embedding op = Embedding.__new__(Embedding)
        scaled = ddy * wrap(self.factors()).to(ddy.dtype)
        return op.record(op.forward(scaled, self.of.index, None, None), scaled)


def embedding(Tensor input not None, Tensor weight not None, padding_idx=None, max_norm=None, double norm_type=2.0,
              bint scale_grad_by_freq=False, bint sparse=False):
    """weight[input]: a row of a table for each index.

    Shapes: input any, of integers; weight (V, D); the result (*input's, D).
    padding_idx: a row that gets no gradient. max_norm: rows that are looked up and longer (by
    the norm norm_type) are first shortened to it, in place. scale_grad_by_freq: a row's
    gradient is divided by how often it is in input.
    Errors: IndexError for an index outside [0, V); NotImplementedError for sparse gradients.
    """
    cdef Embedding op = Embedding.__new__(Embedding)
    if sparse:
        raise NotImplementedError("embedding: sparse gradients are not supported; leave sparse=False")
    if weight.rank != 2:
        raise ValueError(f"embedding: expected a table (V, D), got {describe(weight)}")
    if input.kind != INT64 and input.kind != INT32:
        raise TypeError(f"embedding: expected indices as int64 or int32, got {describe(input)} (input.long())")
    index, rows = np.array(lend(input), np.int64), weight.length[0]
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError(f"embedding: padding_idx {padding_idx} is no row of a table of {rows}")
        padding_idx %= rows
    outside = (index < 0) | (index >= rows)
    if outside.any():
        raise IndexError(f"embedding: index {index[outside][0]} is outside a table of {rows} rows, 0 to {rows - 1}")
    if max_norm is not None:
        _shorten(weight, np.unique(index), max_norm, norm_type)
    scale = None
    if scale_grad_by_freq:
        scale = 1 / np.maximum(np.bincount(index.reshape(-1), minlength=rows), 1)
    return op.record(op.forward(weight, index, padding_idx, scale), weight)


cdef int _shorten(Tensor weight, object used, double max_norm, double norm_type) except -1:
    """Rows longer than max_norm are scaled down to it."""
    check_writable(weight)
    table = lend(weight)
    norms = np.linalg.norm(np.asarray(table[used], np.float64), norm_type, axis=1)
    long = norms > max_norm
    if long.any():
        table[used[long]] *= (max_norm / (norms[long] + 1e-7))[:, None].astype(table.dtype)
        weight.storage.version += 1
    return 0


def bilinear(Tensor input1 not None, Tensor input2 not None, Tensor weight not None, Tensor bias=None):
    """y_o = input1 . weight_o . input2 + bias_o.

    Shapes: input1 (..., I), input2 (..., J), weight (O, I, J), bias (O) or None; the result (..., O).
    Errors: ValueError where these do not fit together.
    """
    if weight.rank != 3 or (bias is not None and tuple(bias.shape) != (weight.length[0],)):
        raise ValueError(f"bilinear: expected weight (O, I, J) and bias (O), got {tuple(weight.shape)} and "
                         f"{None if bias is None else tuple(bias.shape)}")
    o, i, j = weight.shape
    if input1.rank == 0 or tuple(input1.shape)[:-1] != tuple(input2.shape)[:-1] \
            or tuple(input1.shape)[-1:] != (i,) or tuple(input2.shape)[-1:] != (j,):
        raise ValueError(f"bilinear: for a weight {tuple(weight.shape)} expected inputs (..., {i}) and (..., {j}), got "
                         f"{tuple(input1.shape)} and {tuple(input2.shape)}")
    rows = input1.reshape(input1.n // i if i else 0, i) @ weight.permute(1, 0, 2).reshape(i, o * j)
    y = (rows.reshape(*input1.shape[:-1], o, j) * input2.unsqueeze(-2)).sum(-1)
    return y if bias is None else y + bias
