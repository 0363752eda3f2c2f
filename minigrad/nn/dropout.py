"""Dropout as layers, and what it says of a prediction; the functions themselves are in minigrad.ops.dropout."""

from minigrad.autograd import no_grad
from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.nn.recurrent import RNNBase
from minigrad.ops.joining import stack
from minigrad.tensor import Tensor


class _Dropout(Module):
    """In training, drops at random with probability p; in evaluation, the identity."""

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: a probability is in [0, 1], got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, each element is 0 with probability p, else x / (1 - p); in evaluation y = x.

    Srivastava et al., JMLR 2014.
    """

    def forward(self, input):
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Dropout of whole channels: (N, C, L) or (C, L)."""

    def forward(self, input):
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Dropout of whole channels: (N, C, H, W), or (N, C, L).

    Tompson et al., CVPR 2015.
    """

    def forward(self, input):
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Dropout of whole channels: (N, C, D, H, W) or (C, D, H, W)."""

    def forward(self, input):
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for SELU: dropped elements become its limit at -infinity, and a scale and a shift keep
    mean 0 and variance 1.

        y = a (x where it is kept, else m) + b,   m = -1.0507... * 1.6732...
        a = 1 / sqrt((1 - p) (1 + p m^2)),   b = -a p m

    Klambauer et al., NIPS 2017.
    """

    def forward(self, input):
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: (N, C, ...)."""

    def forward(self, input):
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)


def mc_predict(model, x, n):
    """n predictions of a model whose dropout goes on: (n, *the output's shape), unrecorded.

        y = nn.mc_predict(model, x, 50)
        y.mean(0), y.std(0)                     the prediction, and how sure the model is of it

    Dropout layers, and recurrent ones with dropout between their layers, drop as in training; all
    others, batch norm above all, compute as in evaluation. Afterwards all modes are as before.
    x: a tensor, or a tuple of the model's inputs.
    Errors: ValueError for n < 1, and where the model holds no dropout, as all n would be the same.

    Gal and Ghahramani, ICML 2016.
    """
    if n < 1:
        raise ValueError(f"mc_predict: expected n >= 1, got {n}")
    modes = [(module, module.training) for module in model.modules()]
    if not any(_drops(module) for module, _ in modes):
        raise ValueError(
            f"mc_predict: {type(model).__name__} holds no layer with dropout of p > 0, so all predictions would be the "
            "same; a call of F.dropout in forward() is not seen, use nn.Dropout"
        )
    inputs = (x,) if isinstance(x, Tensor) else tuple(x)
    try:
        for module, _ in modes:
            module.training = _drops(module)
        with no_grad():
            return stack([model(*[i.clone() for i in inputs]) for _ in range(n)])  # a layer may write over its input
    finally:
        for module, mode in modes:
            module.training = mode


def _drops(module):
    return (isinstance(module, _Dropout) and module.p > 0) or (isinstance(module, RNNBase) and module.dropout > 0)
