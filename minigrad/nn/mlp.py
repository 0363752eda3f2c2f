"""MLP: a deep network in one line."""

from copy import deepcopy
from math import sqrt

from minigrad.nn import activation as activations
from minigrad.nn.container import Sequential
from minigrad.nn.dropout import AlphaDropout, Dropout
from minigrad.nn.init import VarianceScaling, calculate_gain, gain
from minigrad.nn.linear import Identity, Linear
from minigrad.nn.module import Module
from minigrad.nn.norm import BatchNorm1d, LayerNorm, RMSNorm
from minigrad.nn.residual import Residual
from minigrad.ops.random import fork_rng


class Apply(Module):
    """y = function(x), for any function of a tensor."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, input):
        return self.function(input)

    def extra_repr(self):
        return getattr(self.function, "__name__", type(self.function).__name__)


_ACTIVATIONS = {
    name.lower(): value
    for name, value in vars(activations).items()
    if isinstance(value, type) and value.__module__ == activations.__name__ and not name.startswith("_")
}
for _name in ("glu", "threshold", "softmax2d"):  # they change the width, need settings, are for images
    del _ACTIVATIONS[_name]
_ACTIVATIONS |= {"swish": activations.SiLU, "linear": Identity, "identity": Identity}

_NORMS = {"batch": BatchNorm1d, "layer": LayerNorm, "rms": RMSNorm}


def _activation(given):
    """A new layer of an activation given by name, as a class, as a layer, as a function, or None."""
    if given is None:
        return Identity()
    if isinstance(given, str):
        name = given.lower().replace("_", "").replace("-", "")
        if name not in _ACTIVATIONS:
            raise ValueError(f"MLP: unknown activation {given!r}; expected one of {', '.join(sorted(_ACTIVATIONS))}, "
                             "or any callable")
        given = _ACTIVATIONS[name]
    if isinstance(given, type) and issubclass(given, Module):
        return given(dim=-1) if issubclass(given, activations.Softmax) else given()
    if isinstance(given, Module):
        return deepcopy(given)
    if not callable(given):
        raise TypeError(f"MLP: expected an activation as a name or a callable, got {type(given).__name__}")
    return Apply(given)


def initializer_for(activation):
    """What init="auto" draws the weights of a layer by, from the layer of its activation.

        SELU                           LeCun, normal                 Klambauer et al., NIPS 2017
        tanh, sigmoid, softmax, none   Glorot, uniform               Glorot and Bengio, AISTATS 2010
        ReLU, its relatives, others    He, normal, with their gain   He et al., ICCV 2015

    The gain is calculate_gain's for ReLU and leaky ReLU, else measured: init.gain(activation).forward.
    Errors: ValueError for an activation that has none, as its elements depend on one another or on chance.
    """
    name = _name_of(activation)
    if name == "selu":
        return VarianceScaling(1.0, "fan_in")
    if name in _GLOROT:
        return VarianceScaling(1.0, "fan_avg", "uniform")
    if name == "relu":
        return VarianceScaling(2.0, "fan_in")
    if isinstance(activation, (activations.LeakyReLU, activations.PReLU)):
        slope = activation.negative_slope if isinstance(activation, activations.LeakyReLU) else activation.init
        return VarianceScaling(calculate_gain("leaky_relu", slope) ** 2, "fan_in")
    try:
        with fork_rng():  # what draws numbers is refused, but only after it has drawn some
            measured = gain(deepcopy(activation).eval())
    except (ValueError, TypeError) as error:
        what = f"no gain for the activation {activation}"
        raise ValueError(f"MLP: init='auto' finds {what}; give init by name") from error
    return VarianceScaling(measured.forward**2, "fan_in")


_GLOROT = "identity tanh sigmoid softmax logsoftmax softmin logsigmoid hardtanh hardsigmoid softsign tanhshrink".split()


def _name_of(activation):
    """"leakyrelu" for LeakyReLU() and for a function leaky_relu."""
    shown = activation.function if isinstance(activation, Apply) else type(activation)
    return getattr(shown, "__name__", "").lower().replace("_", "")


class MLP(Sequential):
    """A multilayer perceptron: Linear layers, with a norm, an activation and dropout behind all but the last.

        nn.MLP([784, 256, 256, 10])
        nn.MLP([784, *[100] * 20, 10], activation="selu", dropout=0.1)
        nn.MLP([784, *[100] * 20, 10], norm="batch", residual=True)

    sizes: the widths of the input, of the hidden layers and of the output.
    activation: "relu", "tanh", "leaky_relu", ... (nn's activations by name), a class or layer of
    these, any callable(tensor), None; or a list with one for each hidden layer.
    norm: "batch", "layer", "rms" or callable(width), which makes a layer. dropout: a probability,
    or a list of them; SELU gets AlphaDropout. output_activation: one behind the last layer.
    residual: the hidden layers from the second on are y = x + scale linear(dropout(act(norm(x)))),
    x through a Linear without bias where the width changes; scale is 1 / sqrt(their number), which
    keeps the variance within a factor e at any depth, or the number given as residual.
    init: "auto" picks by the activation (see initializer_for), and biases begin as 0; an
    initializer as for Linear; None for PyTorch's numbers.
    It is a Sequential: mlp[0] is the first layer.
    Errors: ValueError for sizes, names or lists that do not fit.

    He et al., ECCV 2016 (norm and activation before the layer); Hayou et al., AISTATS 2021 (scale).
    """

    def __init__(
        self,
        sizes,
        activation="relu",
        norm=None,
        dropout=0.0,
        residual=False,
        init="auto",
        bias=True,
        output_activation=None,
        device=None,
        dtype=None,
    ):
        sizes = list(sizes)
        if len(sizes) < 2 or not all(isinstance(n, int) and n > 0 for n in sizes):
            raise ValueError(f"MLP: sizes are two widths or more, of the input first and the output last; got {sizes}")
        hidden = len(sizes) - 2
        acts = [_activation(a) for a in _for_each("activation", activation, hidden)]
        drops = _for_each("dropout", dropout, hidden)
        last = None if output_activation is None else _activation(output_activation)
        new = {"device": device, "dtype": dtype}

        def linear(i):
            act = acts[i] if i < hidden else Identity() if last is None else last
            return Linear(sizes[i], sizes[i + 1], bias, **new, init=initializer_for(act) if init == "auto" else init)

        layers = [linear(0)]
        scale = residual
        if residual is True:
            scale = 1 / sqrt(max(1, hidden - 1))
        for i, (act, p) in enumerate(zip(acts, drops, strict=True)):
            width = sizes[i + 1]
            between = [] if norm is None else [_norm(norm, width, new)]
            between.append(act)
            if p:
                between.append((AlphaDropout if isinstance(act, activations.SELU) else Dropout)(p))
            between.append(linear(i + 1))
            if residual is not False and i + 1 < hidden:
                same = width == sizes[i + 2]
                shortcut = None if same else Linear(width, sizes[i + 2], False, **new, init="glorot_uniform")
                between = [Residual(Sequential(*between), shortcut, scale)]
            layers += between
        if last is not None:
            layers.append(last)
        super().__init__(*layers)

    def _of(self, items):
        return Sequential(dict(items))


def _norm(norm, width, new):
    """A new norm layer."""
    if isinstance(norm, str):
        if norm not in _NORMS:
            raise ValueError(f"MLP: norm is {', '.join(map(repr, _NORMS))} or a callable(width), got {norm!r}")
        return _NORMS[norm](width, **new)
    return norm(width)


def _for_each(what, given, hidden):
    """A setting for each hidden layer, from one for all or a list."""
    if not isinstance(given, (list, tuple)):
        return [given] * hidden
    if len(given) != hidden:
        raise ValueError(f"MLP: expected one {what} for each of {hidden} hidden layers, got {len(given)}")
    return list(given)
