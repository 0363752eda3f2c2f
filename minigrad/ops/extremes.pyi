# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad import return_types
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes

class Select(Op):
    def name(self) -> str: ...

class Place(Op): ...

class AMax(Op): ...

def amax(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def amin(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def max(
    input: Tensor,
    dim: int | Tensor | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Any: ...
def min(
    input: Tensor,
    dim: int | Tensor | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Any: ...
def aminmax(
    input: Tensor,
    *,
    dim: _Axes | None = None,
    keepdim: bool = False,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> return_types.aminmax: ...
def argmax(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def argmin(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
