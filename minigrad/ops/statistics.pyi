# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes, _DType

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

class Centre(Op):
    def forward(self, x: Tensor, axes: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

class Var(Op):
    def forward(self, x: Tensor, axes: Any, keepdim: bool, correction: float, root: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

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

class LogSumExp(Op):
    def forward(self, x: Tensor, axes: Any, keepdim: bool) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

def logsumexp(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def count_nonzero(input: Tensor, dim: _Axes | None = None, *, axis: _Axes | None = None) -> Tensor: ...
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
