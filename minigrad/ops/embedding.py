"""Embeddings: a row of a table for each index; and the bilinear form of two inputs."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.rows import write_at
from minigrad.tensor import as_number, check_tensors, check_writable, describe, int32, int64, lend, wrap


class Embedding(Op):
    """y[i] = w[index[i]]               w: (V, D); index: any shape; y: (index's shape, D)
    dw[v] = s_v sum of dy[i] over the i whose index is v

    s is 1, or 0 for the padding row; scaled by frequency it is 1 / how often v is in index.
    """
    def __init__(self, index, scale=None):      # arrays; s as a column (V, 1), or None for 1
        self.index, self.scale = index, scale

    def forward(self, w):
        self.shape_of_w = tuple(w.shape)
        return wrap(np.asarray(lend(w)[self.index]))

    def backward(self, dy):
        op = EmbeddingBackward(self)
        return op.record(op.forward(dy), dy)


class EmbeddingBackward(Op):
    """y[v] = s_v sum of x[i] over the i whose index is v: the gradient of Embedding, which is linear
    dx[i] = s_v dy[v],  v = index[i]
    """
    def __init__(self, of):
        self.of = of

    def forward(self, dy):
        of, index = self.of, self.of.index.reshape(-1)
        rows = lend(dy).reshape(len(index), of.shape_of_w[1])
        total = np.zeros(of.shape_of_w)         # float64: one rounding, however often a row is taken
        order = np.argsort(index, kind="stable")
        if len(order):
            starts = np.flatnonzero(np.diff(index[order], prepend=-1))
            total[index[order][starts]] = np.add.reduceat(rows[order].astype(np.float64), starts, axis=0)
        if of.scale is not None:
            total *= of.scale
        return wrap(total.astype(rows.dtype))

    def backward(self, ddy):
        if self.of.scale is not None:
            ddy = ddy * wrap(self.of.scale).to(ddy.dtype)
        op = Embedding(self.of.index)
        return op.record(op.forward(ddy), ddy)


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """weight[input]: a row of a table for each index.

    Shapes: input any, of integers; weight (V, D); the result (*input's, D).
    padding_idx: a row that gets no gradient. max_norm: rows that are looked up and longer (by
    the norm norm_type) are first shortened to it, in place. scale_grad_by_freq: a row's
    gradient is divided by how often it is in input.
    Errors: IndexError for an index outside [0, V); NotImplementedError for sparse gradients.
    """
    check_tensors("embedding", input, weight)
    if sparse:
        raise NotImplementedError("embedding: sparse gradients are not supported; leave sparse=False")
    if weight.ndim != 2:
        raise ValueError(f"embedding: expected a table (V, D), got {describe(weight)}")
    if input.dtype not in (int64, int32):
        raise TypeError(f"embedding: expected indices as int64 or int32, got {describe(input)} (input.long())")
    index, rows = np.array(lend(input), np.int64), len(weight)
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError(f"embedding: padding_idx {padding_idx} is no row of a table of {rows}")
        padding_idx %= rows
    outside = (index < 0) | (index >= rows)
    if outside.any():
        raise IndexError(f"embedding: index {index[outside][0]} is outside a table of {rows} rows, 0 to {rows - 1}")
    if max_norm is not None:
        _shorten(weight, np.unique(index), as_number("embedding", "max_norm", max_norm),
                 as_number("embedding", "norm_type", norm_type))
    op = Embedding(index, _scale(index, rows, padding_idx, scale_grad_by_freq))
    return op.record(op.forward(weight), weight)


def _scale(index, rows, padding, by_frequency):
    """Embedding's s."""
    if padding is None and not by_frequency:
        return None
    s = 1 / np.maximum(np.bincount(index.reshape(-1), minlength=rows), 1) if by_frequency else np.ones(rows)
    if padding is not None:
        s[padding] = 0
    return s[:, None]


def _shorten(weight, used, max_norm, norm_type):
    """Rows longer than max_norm are scaled down to it."""
    check_writable(weight)
    rows = lend(weight)[used]
    norms = np.linalg.norm(np.asarray(rows, np.float64), norm_type, axis=1)
    long = norms > max_norm
    if long.any():
        factors = (max_norm / (norms[long] + 1e-7))[:, None].astype(rows.dtype)
        write_at(weight, used[long], wrap(rows[long] * factors))


def bilinear(input1, input2, weight, bias=None):
    """y_o = input1 . weight_o . input2 + bias_o.

    Shapes: input1 (..., I), input2 (..., J), weight (O, I, J), bias (O) or None; the result (..., O).
    Errors: ValueError where these do not fit together.
    """
    check_tensors("bilinear", input1, input2, weight, *[] if bias is None else [bias])
    if weight.ndim != 3 or (bias is not None and tuple(bias.shape) != (len(weight),)):
        raise ValueError(f"bilinear: expected weight (O, I, J) and bias (O), got {tuple(weight.shape)} and "
                         f"{None if bias is None else tuple(bias.shape)}")
    o, i, j = weight.shape
    if input1.ndim == 0 or tuple(input1.shape)[:-1] != tuple(input2.shape)[:-1] \
            or tuple(input1.shape)[-1:] != (i,) or tuple(input2.shape)[-1:] != (j,):
        raise ValueError(f"bilinear: for a weight {tuple(weight.shape)} expected inputs (..., {i}) and (..., {j}), got "
                         f"{tuple(input1.shape)} and {tuple(input2.shape)}")
    rows = input1.reshape(input1.numel() // i if i else 0, i) @ weight.permute(1, 0, 2).reshape(i, o * j)
    y = (rows.reshape(*input1.shape[:-1], o, j) * input2.unsqueeze(-2)).sum(-1)
    return y if bias is None else y + bias
