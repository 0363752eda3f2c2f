"""Identity, Linear and LazyLinear layers."""

from math import sqrt

from minigrad.nn import init as initializers
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter, UninitializedParameter
from minigrad.ops.creation import empty
from minigrad.ops.linalg import linear


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
        return linear(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class LazyLinear(Linear):
    """A Linear that takes in_features from the first input it sees, and is an ordinary Linear from then on.

    Until then its parameters have no shape; an optimizer may hold them already. Their first
    numbers are drawn when that input comes, or are those of a state_dict that is loaded.
    Arguments: as Linear's, without in_features. Errors: ValueError for an input of no axes.
    """

    def __init__(self, out_features, bias=True, device=None, dtype=None, *, init=None):
        super(Linear, self).__init__()
        self.in_features = 0
        self.out_features = out_features
        self.init = None if init is None else initializers.get(init)
        new = {"device": device, "dtype": dtype}
        self.weight = UninitializedParameter(**new)
        self.register_parameter("bias", UninitializedParameter(**new) if bias else None)

    def has_uninitialized_params(self):
        """Whether no input has come yet."""
        return any(isinstance(p, UninitializedParameter) for p in self.parameters(recurse=False))

    def reset_parameters(self):
        """Draws weight and bias anew, if they have their shape already."""
        if not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input):
        """Gives weight and bias their shapes and first numbers, if they have none yet."""
        if not self.has_uninitialized_params():
            return
        if input.ndim == 0:
            raise ValueError(f"LazyLinear({self.out_features}): expected input (..., in_features), got no axes")
        self.in_features = input.shape[-1]
        for parameter, shape in ((self.weight, (self.out_features, self.in_features)), (self.bias, self.out_features)):
            if isinstance(parameter, UninitializedParameter):
                parameter.materialize(shape)
        self.reset_parameters()

    def forward(self, input):
        self.initialize_parameters(input)
        self._become_linear()
        return self.forward(input)

    def _become_linear(self):
        self.in_features = self.weight.shape[1]
        self.__class__ = Linear

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)
        complete = True
        for name, parameter in self._state_items():
            value = state_dict.get(prefix + name)
            if value is None or isinstance(value, UninitializedParameter):
                complete = False
            elif isinstance(parameter, UninitializedParameter):
                shape, axes = tuple(getattr(value, "shape", ())), 2 if name == "weight" else 1
                if len(shape) != axes or shape[0] != self.out_features:
                    wanted = f"({self.out_features}, ...)" if axes == 2 else f"({self.out_features},)"
                    rest[-1].append(
                        f'size mismatch for "{prefix}{name}": the state_dict has {shape}, this model {wanted}; build '
                        "the model with the saved one's sizes"
                    )
        if complete:
            local_metadata.loading.steps.append((self._become_linear, ()))
