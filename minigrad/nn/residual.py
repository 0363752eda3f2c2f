"""Residual connections."""

from minigrad.nn.module import Module


class Residual(Module):
    """y = shortcut(x) + scale block(x); without a shortcut, x itself.

        nn.Residual(nn.Sequential(nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64)))

    block: any module of one input; shortcut: another one, such as a Linear where the block
    changes the width. scale: a number, or an nn.Parameter that is trained: begun at 0, the whole
    is the identity at first (ReZero).
    Errors: ValueError where the two terms have different shapes (none is broadcast);
    RuntimeError where the block writes over its input, which the shortcut needs.

    He, Zhang, Ren and Sun, CVPR 2016; Bachlechner et al., UAI 2021 (ReZero).
    """

    def __init__(self, block, shortcut=None, scale=1.0):
        super().__init__()
        self.block = block
        self.shortcut = shortcut
        self.scale = scale

    def forward(self, input):
        version = input._version
        y = self.block(input)
        if input._version != version:
            raise RuntimeError(
                "Residual: the block wrote over its input, which is still to be added; "
                "use inplace=False in its first layers"
            )
        x = input if self.shortcut is None else self.shortcut(input)
        if tuple(x.shape) != tuple(y.shape):
            raise ValueError(self._complaint(tuple(input.shape), tuple(x.shape), tuple(y.shape)))
        if isinstance(self.scale, (int, float)) and self.scale == 1:
            return x + y
        return x + self.scale * y

    def _complaint(self, input, x, y):
        if self.shortcut is not None:
            return f"Residual: for an input {input} the block gives {y} and the shortcut {x}; these must be one shape"
        mend = "give a block that keeps its input's shape, or a shortcut that changes it as the block does"
        if input[:-1] == y[:-1]:
            mend += f": shortcut=nn.Linear({input[-1]}, {y[-1]}, bias=False)"
        return f"Residual: the block gives {y} for an input {input}, to which it cannot be added; {mend}"

    def extra_repr(self):
        plain = isinstance(self.scale, (int, float))
        return f"scale={self.scale:.4g}" if plain and self.scale != 1 else ""
