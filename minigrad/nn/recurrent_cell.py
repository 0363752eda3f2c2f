"""One step of a recurrent network, and the layers RNNCell, LSTMCell and GRUCell that make one.

recurrent.py makes such steps along a sequence. A step gets the product of the input and that of
the hidden state, each with its bias, all gates' features beside each other: a (B, G H) and
b (B, G H); with the state, (h,) or for the LSTM (h, c), it gives the next state.
"""

from math import sqrt

from minigrad.autograd import Function
from minigrad.nn import init as initializers
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.activation import relu, sigmoid, tanh
from minigrad.ops.creation import empty, zeros
from minigrad.ops.joining import cat, split
from minigrad.ops.linalg import linear
from minigrad.tensor import Tensor


class _Parts(Function):
    """y_k = the parts of x along an axis, of the sizes given
    dx = the dy_k one after the other

    split() gives the same parts, but each of them sends back a gradient as large as x.
    """

    @staticmethod
    def forward(ctx, x, sizes, axis):
        ctx.axis = axis
        return split(x, sizes, axis)

    @staticmethod
    def backward(ctx, *gradients):
        return cat(gradients, ctx.axis), None, None


def parts(x, sizes, axis):
    """x cut along an axis, as a tuple."""
    return _Parts.apply(x, list(sizes), axis)


# ---- the steps ---------------------------------------------------------------------------------


def tanh_step(a, b, state):
    """h <- tanh(a + b)"""
    return (tanh(a + b),)


def relu_step(a, b, state):
    """h <- max(a + b, 0)"""
    return (relu(a + b),)


def lstm_step(a, b, state):
    """i, f, g, o = a + b;  c <- sigmoid(f) c + sigmoid(i) tanh(g),  h <- sigmoid(o) tanh(c)"""
    size = state[1].shape[-1]
    i, f, g, o = parts(a + b, (size,) * 4, -1)
    c = sigmoid(f) * state[1] + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_step(a, b, state):
    """r, z = sigmoid(a_r + b_r), sigmoid(a_z + b_z);  n = tanh(a_n + r b_n),  h <- (1 - z) n + z h"""
    (h,) = state
    size = h.shape[-1]
    a_gates, a_n = parts(a, (2 * size, size), -1)
    b_gates, b_n = parts(b, (2 * size, size), -1)
    r, z = parts(sigmoid(a_gates + b_gates), (size, size), -1)
    n = tanh(a_n + r * b_n)
    return (n + z * (h - n),)


STEPS = {"RNN_TANH": (tanh_step, 1), "RNN_RELU": (relu_step, 1), "LSTM": (lstm_step, 4), "GRU": (gru_step, 3)}


def mode_of(nonlinearity):
    """The mode of a plain RNN with a nonlinearity."""
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"RNN: nonlinearity is 'tanh' or 'relu', got {nonlinearity!r}")
    return f"RNN_{nonlinearity.upper()}"


# ---- the weights -------------------------------------------------------------------------------


def as_pair(init):
    """The initializers of the input's and the hidden state's weights that init= means."""
    if init is None:
        return None
    if not isinstance(init, (tuple, list)):
        init = (init, init)
    if len(init) != 2:
        raise ValueError(f"init: expected one initializer, or one for the input's weights and one for the hidden "
                         f"state's, got {len(init)}")
    return tuple([initializers.get(one) for one in init])


def reset(layer):
    """Draws all parameters from [-1 / sqrt(H), 1 / sqrt(H)), or the weights by the layer's init,
    each gate's by itself, and the biases as 0."""
    bound = 1 / sqrt(layer.hidden_size) if layer.hidden_size else 0.0
    for name, parameter in layer.named_parameters(recurse=False):
        if layer.init is None:
            initializers.uniform_(parameter, -bound, bound)
        elif name.startswith("bias"):
            initializers.zeros_(parameter)
        else:
            blocks = [parameter] if name.startswith("weight_hr") else split(parameter.detach(), layer.hidden_size)
            for block in blocks:
                layer.init[not name.startswith("weight_ih")](block)


def check_state(who, input, state, shapes):
    """Refuses a state of another type, shape or dtype than asked for.

    shapes: the wanted shape of each tensor of the state by its name.
    """
    if len(shapes) == 2 and not (isinstance(state, (tuple, list)) and len(state) == 2):
        got = f"{len(state)} of them" if isinstance(state, (tuple, list)) else type(state).__name__
        raise TypeError(f"{who}: expected the state as a pair {tuple(shapes)}, got {got}")
    for (name, shape), tensor in zip(shapes.items(), state if len(shapes) == 2 else (state,), strict=True):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{who}: expected {name} as a Tensor, got {type(tensor).__name__}")
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{who}: expected {name} {shape}, got {tuple(tensor.shape)}")
        if tensor.dtype is not input.dtype:
            raise TypeError(f"{who}: {name} is {tensor.dtype} and the input {input.dtype}; use {name}.to(input.dtype)")


# ---- the cells ---------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What RNNCell, LSTMCell and GRUCell share: the parameters, and the step around a formula."""

    _mode = None
    _names = ("h",)

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None, *, init=None):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.init = as_pair(init)
        new = {"device": device, "dtype": dtype}
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), **new))
        self.weight_hh = Parameter(empty((rows, hidden_size), **new))
        self.register_parameter("bias_ih", Parameter(empty(rows, **new)) if bias else None)
        self.register_parameter("bias_hh", Parameter(empty(rows, **new)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draws all parameters anew."""
        reset(self)

    def forward(self, input, hx=None):
        who = f"{self._get_name()}({self.input_size}, {self.hidden_size})"
        shape = tuple(input.shape)
        if len(shape) not in (1, 2) or shape[-1] != self.input_size:
            raise ValueError(f"{who}: expected input (N, {self.input_size}) or ({self.input_size}), got {shape}")
        alone = len(shape) == 1
        names = self._names
        if hx is None:
            state = (zeros((*shape[:-1], self.hidden_size), dtype=input.dtype),) * len(names)
        else:
            check_state(who, input, hx, dict.fromkeys(names, (*shape[:-1], self.hidden_size)))
            state = tuple(hx) if len(names) == 2 else (hx,)
        if alone:
            input, state = input.unsqueeze(0), tuple([s.unsqueeze(0) for s in state])
        step, _ = STEPS[self._mode]
        a = linear(input, self.weight_ih, self.bias_ih)
        state = step(a, linear(state[0], self.weight_hh, self.bias_hh), state)
        if alone:
            state = tuple([s.squeeze(0) for s in state])
        return state if len(names) == 2 else state[0]

    def extra_repr(self):
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with max(..., 0) for nonlinearity "relu".

    Shapes: x (N, input_size), h and h' (N, hidden_size), or all without N; no h: zeros.
    weight_ih: (hidden_size, input_size), weight_hh: (hidden_size, hidden_size), bias_ih and bias_hh:
    (hidden_size) or None, all drawn evenly from [-1 / sqrt(hidden_size), 1 / sqrt(hidden_size)).
    init: draw the weights otherwise, and begin with biases of 0; a pair is for weight_ih and weight_hh.
    Errors: ValueError for other shapes, TypeError for a state of another dtype.

    Elman, Cognitive Science 1990.
    """

    def __init__(
        self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None, *, init=None
    ):
        self._mode = mode_of(nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, device, dtype, init=init)
        self.nonlinearity = nonlinearity

    def extra_repr(self):
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class LSTMCell(RNNCellBase):
    """One step of long short-term memory: LSTMCell(...)(x, (h, c)) gives (h', c').

        i, f, g, o = W_ih x + b_ih + W_hh h + b_hh,  the four blocks of rows
        c' = sigmoid(f) c + sigmoid(i) tanh(g)
        h' = sigmoid(o) tanh(c')

    Shapes: x (N, input_size); h, c, h' and c' (N, hidden_size); or all without N; no state: zeros.
    weight_ih: (4 hidden_size, input_size), weight_hh: (4 hidden_size, hidden_size), bias_ih and
    bias_hh: (4 hidden_size) or None. Initial numbers, init and errors: as for RNNCell; init draws
    each gate's weight by itself.

    Hochreiter and Schmidhuber, Neural Computation 1997; Gers, Schmidhuber and Cummins, 2000 (f).
    """

    _mode = "LSTM"
    _names = ("h", "c")

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None, *, init=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype, init=init)


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit.

        r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
        z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r (W_hn h + b_hn))
        h' = (1 - z) n + z h

    Shapes: x (N, input_size), h and h' (N, hidden_size), or all without N; no h: zeros.
    weight_ih: (3 hidden_size, input_size), the blocks r, z, n; weight_hh: (3 hidden_size,
    hidden_size), bias_ih and bias_hh: (3 hidden_size) or None. Initial numbers, init and errors:
    as for RNNCell; init draws each gate's weight by itself.

    Cho et al., EMNLP 2014.
    """

    _mode = "GRU"

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None, *, init=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype, init=init)
