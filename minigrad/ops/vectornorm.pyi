# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes, _DType, _Operand

class VectorNorm(Op):
    def name(self) -> str: ...

def vector_norm(
    x: Tensor, ord: float = 2, dim: _Axes | None = None, keepdim: bool = False, *, dtype: _DType | None = None,
) -> Tensor: ...
def matrix_norm(
    A: Tensor, ord: str = 'fro', dim: Any = (-2, -1), keepdim: bool = False, *, dtype: _DType | None = None,
) -> Tensor: ...
def linalg_norm(
    A: Tensor, ord: Any = None, dim: _Axes | None = None, keepdim: bool = False, *, dtype: _DType | None = None,
) -> Tensor: ...
def norm(
    input: Tensor,
    p: float | str = 'fro',
    dim: _Axes | None = None,
    keepdim: bool = False,
    dtype: _DType | None = None,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def dist(input: Tensor, other: _Operand, p: float = 2) -> Tensor: ...
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor: ...
def renorm(input: Tensor, p: float, dim: int, maxnorm: Any) -> Tensor: ...
