# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad import return_types
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes

class Select(Op):
    def __init__(self, shape_of_x: Any, index: Tensor, axis: _Axes, kept: Any, distinct: Any, title: Any) -> None: ...
    def forward(self, x: Tensor) -> Any: ...
    def places(self) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

class Place(Op):
    def __init__(self, of: Any) -> None: ...
    def forward(self, dy: Any, places: Any) -> Any: ...
    def backward(self, ddy: Any) -> Any: ...

def pick(x: Tensor, index: Tensor, axis: _Axes, distinct: Any, kept: bool = True) -> Tensor: ...
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

class AMax(Op):
    def forward(self, x: Tensor, axes: Any, keepdim: bool, largest: bool) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

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
def aminmax(
    input: Tensor,
    *,
    dim: _Axes | None = None,
    keepdim: bool = False,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> return_types.aminmax: ...
