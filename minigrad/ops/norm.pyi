# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes

class BatchNorm(Op):
    def name(self) -> str: ...

class LayerNorm(Op):
    def name(self) -> str: ...

def batch_norm(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor: ...
def batch_norm_of(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    batches: Any,
    weight: Tensor,
    bias: Tensor,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor: ...
def fitting(who: Any, what: Any, x: Tensor, parameter: Any, shape: _Axes) -> Tensor: ...
def norm_rows(
    who: Any,
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    shape: _Axes,
    period: Any,
    stretches: Any,
    span: Any,
    centred: Any,
    eps: float,
    relu: bool = False,
) -> Tensor: ...
def layer_norm(
    input: Tensor,
    normalized_shape: _Axes,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor: ...
def rms_norm(
    input: Tensor, normalized_shape: _Axes, weight: Tensor | None = None, eps: float | None = None,
) -> Tensor: ...
