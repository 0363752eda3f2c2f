"""Linear and Identity layers."""

from math import sqrt

from minigrad.nn import init as initializers
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.linalg import linear, linear_relu


class Identity(Module):
    """The input, unchanged; whatever arguments it is made with."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class Linear(Module):
    """y = x @ weight.T + bias                      x (..., in), y (..., out)

    weight: (out_features, in_features), bias: (out_features) or None.
    Both begin as PyTorch's do: drawn evenly from [-1 / sqrt(in), 1 / sqrt(in)).
    init: draw the weight otherwise, and begin with a bias of 0 (as the papers have it that
    these come from): "he_normal", "glorot_uniform" and their like, a VarianceScaling, or any
    callable(tensor); see nn.init.
    Errors: ValueError for an input whose last axis is not in_features long.
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None, *, init=None):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.init = None if init is None else initializers.get(init)
        self.weight = Parameter(empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draws weight and bias anew."""
        if self.init is not None:
            self.init(self.weight)
            if self.bias is not None:
                initializers.zeros_(self.bias)
            return
        initializers.kaiming_uniform_(self.weight, a=sqrt(5))  # so bound = 1 / sqrt(in), in torch's roundings
        if self.bias is not None:
            bound = 1 / sqrt(self.in_features) if self.in_features else 0.0
            initializers.uniform_(self.bias, -bound, bound)

    def forward(self, input):
        own = self._parameters
        if "weight" in own and "bias" in own:  # what self.weight would find, at half the price
            return linear(input, own["weight"], own["bias"])
        return linear(input, self.weight, self.bias)

    def _then_relu(self, input):
        """relu(self(input)) in one pass over memory, for Sequential."""
        own = self._parameters
        if "weight" in own and "bias" in own:
            return linear_relu(input, own["weight"], own["bias"])
        return linear_relu(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
