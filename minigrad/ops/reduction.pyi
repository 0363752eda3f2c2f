# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes, _DType, _Operand

class Spread(Op):
    def name(self) -> str: ...

class Sum(Op):
    def name(self) -> str: ...

def axes_of(dim: int, rank: Any) -> Tensor: ...
def axes_tuple(axes: Any, rank: Any) -> Tensor: ...
def count_over(x: Tensor, axes: Any) -> Tensor: ...
def either(one: Any, other: _Operand) -> Tensor: ...
def spread(x: Tensor, shape_of: Any, axes: Any) -> Tensor: ...
def extreme_over(x: Tensor, axes: Any, keepdim: bool, largest: bool, places: Any) -> Tensor: ...
def sum(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    dtype: _DType | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def mean(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    dtype: _DType | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
