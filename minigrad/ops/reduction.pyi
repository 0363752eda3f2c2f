# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes, _DType, _Operand

class Spread(Op):
    def name(self) -> str: ...

class Sum(Op):
    def name(self) -> str: ...

class Centre(Op): ...

class Var(Op):
    def name(self) -> str: ...

class LogSumExp(Op):
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
def nansum(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    dtype: _DType | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def nanmean(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    dtype: _DType | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def count_nonzero(input: Tensor, dim: _Axes | None = None, *, axis: _Axes | None = None) -> Tensor: ...
def var(
    input: Tensor,
    dim: _Axes | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def std(
    input: Tensor,
    dim: _Axes | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def var_mean(
    input: Tensor,
    dim: _Axes | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]: ...
def std_mean(
    input: Tensor,
    dim: _Axes | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]: ...
def logsumexp(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def any(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def all(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
