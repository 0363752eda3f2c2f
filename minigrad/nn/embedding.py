"""Embedding and Bilinear layers."""

from math import sqrt

from minigrad.nn import init as initializers
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.embedding import bilinear, embedding
from minigrad.tensor import Tensor


class Embedding(Module):
    """y = weight[x]: a learned row for each index.          x any shape, of integers; y (*x's, D)

    weight: (num_embeddings, embedding_dim), drawn from the standard normal distribution.
    padding_idx: a row that begins as 0 and is not trained. max_norm: rows that are looked up
    are first shortened, in place, to that length (by the norm norm_type). scale_grad_by_freq:
    a row's gradient is divided by how often it is in the batch. init: draw the table otherwise
    (see nn.init).
    Errors: IndexError for an index that is no row; NotImplementedError for sparse.

    Bengio, Ducharme, Vincent and Jauvin, JMLR 3 (2003).
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
        _weight=None,
        _freeze=False,
        device=None,
        dtype=None,
        *,
        init=None,
    ):
        super().__init__()
        if sparse:
            raise NotImplementedError("Embedding: sparse gradients are not supported; leave sparse=False")
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(f"Embedding: padding_idx {padding_idx} is no row of a table of {num_embeddings}")
            padding_idx %= num_embeddings
        if _weight is not None and tuple(_weight.shape) != (num_embeddings, embedding_dim):
            raise ValueError(
                f"Embedding: expected a weight of shape {(num_embeddings, embedding_dim)}, got {tuple(_weight.shape)}"
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self.init = None if init is None else initializers.get(init)
        weight = empty((num_embeddings, embedding_dim), device=device, dtype=dtype) if _weight is None else _weight
        self.weight = Parameter(weight, requires_grad=not _freeze)
        if _weight is None:
            self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls,
        embeddings,
        freeze=True,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
    ):
        """A layer over a given table (V, D), whose memory it shares; frozen unless freeze is False."""
        if not isinstance(embeddings, Tensor) or embeddings.ndim != 2:
            raise ValueError("Embedding.from_pretrained: expected a tensor (num_embeddings, embedding_dim)")
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(*embeddings.shape, *options, _weight=embeddings, _freeze=freeze)

    def reset_parameters(self):
        """Draws the weight anew; the padding row is 0."""
        (self.init or initializers.normal_)(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input):
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text


class Bilinear(Module):
    """y_o = x1 . weight_o . x2 + bias_o          x1 (..., in1), x2 (..., in2), y (..., out)

    weight: (out, in1, in2), bias: (out) or None, both drawn evenly from
    [-1 / sqrt(in1), 1 / sqrt(in1)). init: draw the weight otherwise, with fan_in = in1 in2 (see
    nn.init), and begin with a bias of 0. Errors: ValueError for inputs of other shapes.
    """

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None, *, init=None):
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"Bilinear: in1_features is above 0, got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.init = None if init is None else initializers.get(init)
        self.weight = Parameter(empty((out_features, in1_features, in2_features), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draws weight and bias anew."""
        if self.init is not None:
            self.init(self.weight)
            if self.bias is not None:
                initializers.zeros_(self.bias)
            return
        bound = 1 / sqrt(self.in1_features)
        for parameter in (self.weight, self.bias):
            if parameter is not None:
                initializers.uniform_(parameter, -bound, bound)

    def forward(self, input1, input2):
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self):
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
