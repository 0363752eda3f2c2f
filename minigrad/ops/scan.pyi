# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad import return_types
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor, _Axes, _DType

class CumSum(Op):
    def forward(self, x: Tensor, axis: _Axes, reverse: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def cumsum(
    input: Tensor, dim: _Axes | None = None, *, dtype: _DType | None = None, axis: _Axes | None = None,
) -> Tensor: ...

class Recurrence(Op):
    def forward(self, a: Tensor, b: Tensor, axis: _Axes, reverse: Any) -> Any: ...
    def backward(self, dh: Any) -> Any: ...

class CumProd(Op):
    def forward(self, x: Tensor, axis: _Axes) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def cumprod(
    input: Tensor, dim: _Axes | None = None, *, dtype: _DType | None = None, axis: _Axes | None = None,
) -> Tensor: ...

class Prod(Op):
    def forward(self, x: Tensor, axis: _Axes) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def prod(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    dtype: _DType | None = None,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...

class LogCumSumExp(Op):
    def forward(self, x: Tensor, axis: _Axes) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def logcumsumexp(input: Tensor, dim: _Axes | None = None, *, axis: _Axes | None = None) -> Tensor: ...
def cummax(input: Tensor, dim: _Axes | None = None, *, axis: _Axes | None = None) -> return_types.cummax: ...
def cummin(input: Tensor, dim: _Axes | None = None, *, axis: _Axes | None = None) -> return_types.cummin: ...
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    axis: _Axes | None = None,
) -> Tensor: ...
