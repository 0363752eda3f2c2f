"""Recurrent layers over whole sequences: RNN, LSTM, GRU; one step of them is in recurrent_cell.py.

All sequences of a batch lie in one matrix, time after time: rows (sum of the times' batch
sizes, features). So the products of a whole sequence with weight_ih are a single one, for each
layer and direction, and only those with weight_hh wait for the step before. In a batch of one
length, every time has N rows; in a packed one their number falls, where shorter sequences end.
"""

from math import prod

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.recurrent_cell import STEPS, as_pair, check_state, mode_of, parts, reset
from minigrad.nn.utils.rnn import PackedSequence
from minigrad.ops.creation import empty, zeros
from minigrad.ops.indexing import index_select
from minigrad.ops.joining import cat, stack
from minigrad.ops.linalg import linear
from minigrad.tensor import Tensor


class RNNBase(Module):
    """What RNN, LSTM and GRU share: everything but a step's formula, which STEPS has by mode."""

    def __init__(
        self,
        mode,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        device=None,
        dtype=None,
        *,
        init=None,
    ):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings()
        self.init = as_pair(init)
        _, gates = STEPS[mode]
        for layer in range(num_layers):
            for reverse in range(self._directions):
                shapes = [
                    (gates * hidden_size, self._width * self._directions if layer else input_size),
                    (gates * hidden_size, self._width),
                    (gates * hidden_size,),
                    (gates * hidden_size,),
                    (proj_size, hidden_size),
                ]
                for name, shape in zip(self._names(layer, reverse), shapes, strict=True):
                    if name is not None:
                        self.register_parameter(name, Parameter(empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def _check_settings(self):
        who = self._get_name()
        for name in ("input_size", "hidden_size", "num_layers"):
            value = getattr(self, name)
            if not isinstance(value, int):
                raise TypeError(f"{who}: expected {name} as an integer, got {value!r}")
            if value < 1:
                raise ValueError(f"{who}: expected {name} >= 1, got {value}")
        for name in ("bias", "batch_first", "bidirectional"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{who}: expected {name} as True or False, got {getattr(self, name)!r}")
        p = self.dropout
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p <= 1:
            raise ValueError(f"{who}: dropout is a probability in [0, 1], got {p!r}")
        if p and self.num_layers == 1:
            import warnings

            warnings.warn(
                f"{who}: dropout is applied between layers, of which there is only one: dropout={p} does nothing",
                stacklevel=4,
            )
        if self.proj_size and self.mode != "LSTM":
            raise ValueError(f"{who}: proj_size is for LSTM only, got {self.proj_size}")
        if not 0 <= self.proj_size < self.hidden_size:
            raise ValueError(f"{who}: proj_size is in [0, hidden_size), got {self.proj_size} of {self.hidden_size}")

    @property
    def _directions(self):
        return 2 if self.bidirectional else 1

    @property
    def _width(self):
        """The features of h in one direction."""
        return self.proj_size or self.hidden_size

    def _names(self, layer, reverse):
        """The names of a layer's parameters in one direction; None for one it has not."""
        end = f"_l{layer}" + ("_reverse" if reverse else "")
        names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if self.bias else [None] * 2)]
        names.append("weight_hr" if self.proj_size else None)
        return [None if name is None else name + end for name in names]

    def _weights(self, layer, reverse):
        return [None if name is None else getattr(self, name) for name in self._names(layer, reverse)]

    @property
    def all_weights(self):
        """A list of parameters for each layer and direction."""
        places = [(layer, reverse) for layer in range(self.num_layers) for reverse in range(self._directions)]
        return [[w for w in self._weights(*place) if w is not None] for place in places]

    def reset_parameters(self):
        """Draws all parameters anew."""
        reset(self)

    def flatten_parameters(self):
        """Nothing: PyTorch puts the weights beside each other for cuDNN here."""

    def forward(self, input, hx=None):
        who = f"{self._get_name()}({self.input_size}, {self.hidden_size})"
        packed = isinstance(input, PackedSequence)
        x = input.data if packed else input
        if not isinstance(x, Tensor):
            raise TypeError(f"{who}: expected a Tensor or a PackedSequence, got {type(x).__name__}")
        shape = tuple(x.shape)
        if len(shape) not in ((2,) if packed else (2, 3)) or shape[-1] != self.input_size:
            axes = "packed input (sum of lengths, {})" if packed else (
                "input (N, L, {}) or (L, {})" if self.batch_first else "input (L, N, {}) or (L, {})"
            )
            raise ValueError(f"{who}: expected {axes.replace('{}', str(self.input_size))}, got {shape}")
        dtype = next(self.parameters()).dtype
        if x.dtype is not dtype:
            raise TypeError(f"{who}: the input is {x.dtype} and the weights {dtype}; convert one of them by .to(dtype)")
        alone = not packed and len(shape) == 2
        if packed:
            sizes = input.batch_sizes.tolist()
        else:
            if alone:
                x = x.unsqueeze(1)
            elif self.batch_first:
                x = x.transpose(0, 1)
            sizes = [x.shape[1]] * x.shape[0]
            x = x.reshape(prod(tuple(x.shape)[:2]), self.input_size)
        if not sizes:
            raise ValueError(f"{who}: expected a sequence of at least one element, got input {shape}")
        state = self._first_state(who, x, hx, sizes[0], alone)
        if packed and input.sorted_indices is not None and hx is not None:
            state = [index_select(s, 1, input.sorted_indices) for s in state]

        last = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outputs = []
            for reverse in range(self._directions):
                k = len(last)
                y, end = self._run(x, sizes, tuple([s[k] for s in state]), layer, reverse)
                outputs.append(y)
                last.append(end)
            x = outputs[0] if len(outputs) == 1 else cat(outputs, -1)

        state = [stack(s) for s in zip(*last, strict=True)]
        if packed:
            x = input._replace(data=x)
            if input.unsorted_indices is not None:
                state = [index_select(s, 1, input.unsorted_indices) for s in state]
        else:
            x = x.reshape(len(sizes), sizes[0], x.shape[-1])
            if alone:
                x, state = x.squeeze(1), [s.squeeze(1) for s in state]
            elif self.batch_first:
                x = x.transpose(0, 1)
        return x, (tuple(state) if len(state) == 2 else state[0])

    def _first_state(self, who, x, hx, n, alone):
        """h_0, and c_0 of an LSTM, as a list of tensors (layers * directions, N, features)."""
        k = self.num_layers * self._directions
        widths = [self._width, self.hidden_size] if self.mode == "LSTM" else [self._width]
        if hx is None:
            return [zeros((k, n, width), dtype=x.dtype) for width in widths]
        batch = () if alone else (n,)
        shapes = {name: (k, *batch, width) for name, width in zip(("h_0", "c_0"), widths, strict=False)}
        check_state(who, x, hx, shapes)
        state = list(hx) if len(widths) == 2 else [hx]
        return [s.unsqueeze(1) for s in state] if alone else state

    def _run(self, x, sizes, first, layer, reverse):
        """(outputs as rows, last state) of one layer in one direction; first: its first state."""
        w_ih, w_hh, b_ih, b_hh, w_hr = self._weights(layer, reverse)
        step, _ = STEPS[self.mode]
        inputs = parts(linear(x, w_ih, b_ih), sizes, 0)
        n = sizes[-1] if reverse else sizes[0]
        state = first if n == sizes[0] else tuple([s[:n] for s in first])
        ended, outputs = [], []
        for a in reversed(inputs) if reverse else inputs:
            size = a.shape[0]
            if size < n:  # the shorter sequences end
                ended.append([s[size:] for s in state])
                state = tuple([s[:size] for s in state])
            elif size > n:  # backwards, they begin
                state = tuple([cat([s, f[n:size]]) for s, f in zip(state, first, strict=True)])
            n = size
            state = step(a, linear(state[0], w_hh, b_hh), state)
            if w_hr is not None:
                state = (linear(state[0], w_hr), *state[1:])
            outputs.append(state[0])
        if ended:
            state = tuple([cat([s, *[e[i] for e in reversed(ended)]]) for i, s in enumerate(state)])
        return cat(outputs[::-1] if reverse else outputs), state

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0),
            ("bidirectional", False),
        ):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or with max(..., 0) for nonlinearity "relu".

        output, h_n = RNN(input_size, hidden_size, num_layers)(input, h_0)

    Shapes, with D = 2 for bidirectional and else 1, K = num_layers D and H = hidden_size:
        input (L, N, input_size), or (N, L, input_size) with batch_first; (L, input_size); or a
        PackedSequence; output (L, N, D H), the last layer's h_t, is laid out like the input
        h_0 and h_n (K, N, H), or (K, H) without N; no h_0: zeros
    A layer's input is the layer's below, both directions' beside each other; in training, dropout
    drops its elements with that probability.
    weight_ih_l0: (H, input_size), in further layers l1, l2, ... (H, D H); weight_hh_l0: (H, H);
    bias_ih_l0 and bias_hh_l0: (H), not there without bias; all again with _reverse for the other
    direction. They begin drawn evenly from [-1 / sqrt(H), 1 / sqrt(H)).
    init: draw the weights otherwise (see nn.init), and begin with biases of 0; a pair is for the
    weight_ih and the weight_hh, such as ("glorot_uniform", "orthogonal").
    Errors: ValueError for other shapes, TypeError for another dtype.

    Elman, Cognitive Science 1990; Schuster and Paliwal, 1997 (bidirectional).
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        nonlinearity="tanh",
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        device=None,
        dtype=None,
        *,
        proj_size=0,
        init=None,
    ):
        self.nonlinearity = nonlinearity
        super().__init__(
            mode_of(nonlinearity), input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype, init=init,
        )  # fmt: skip


class LSTM(RNNBase):
    """Long short-term memory.

        output, (h_n, c_n) = LSTM(input_size, hidden_size, num_layers)(input, (h_0, c_0))

        i, f, g, o = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh,  the four blocks of rows
        c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t),  or W_hr times that with proj_size

    Shapes, parameters, arguments and errors: as for RNN, with weights and biases of 4 H rows, and
    c_0 and c_n (K, N, H). proj_size P: h has P features instead of H, so output (L, N, D P), h_0
    and h_n (K, N, P), weight_hh (4 H, P), and weight_hr_l0 (P, H). init draws each gate's weight
    by itself.

    Hochreiter and Schmidhuber, Neural Computation 1997; Gers, Schmidhuber and Cummins, 2000 (f);
    Sak, Senior and Beaufays, 2014 (proj_size).
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        device=None,
        dtype=None,
        *,
        init=None,
    ):
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype, init=init,
        )  # fmt: skip


class GRU(RNNBase):
    """Gated recurrent units.

        output, h_n = GRU(input_size, hidden_size, num_layers)(input, h_0)

        r = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)
        z = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)
        n = tanh(W_in x_t + b_in + r (W_hn h_(t-1) + b_hn))
        h_t = (1 - z) n + z h_(t-1)

    Shapes, parameters, arguments and errors: as for RNN, with weights and biases of 3 H rows, the
    blocks r, z, n. init draws each gate's weight by itself.

    Cho et al., EMNLP 2014.
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        device=None,
        dtype=None,
        *,
        proj_size=0,
        init=None,
    ):
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype, init=init,
        )  # fmt: skip
