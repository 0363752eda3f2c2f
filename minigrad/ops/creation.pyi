# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.tensor import Tensor, _Axes, _Data, _Device, _DType, _Number, _Operand

def given(array: Any, dtype: _DType, device: _Device, requires_grad: bool, out: Tensor) -> Tensor: ...
def empty(
    *shape: _Axes,
    size: _Axes | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def zeros(
    *shape: _Axes,
    size: _Axes | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def ones(
    *shape: _Axes,
    size: _Axes | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def full(
    size: _Axes,
    fill_value: _Operand,
    *,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def empty_like(
    input: Tensor,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def zeros_like(
    input: Tensor,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def ones_like(
    input: Tensor,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def full_like(
    input: Tensor,
    fill_value: _Number,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor: ...
def FloatTensor(*data: _Data) -> Tensor: ...
def DoubleTensor(*data: _Data) -> Tensor: ...
def HalfTensor(*data: _Data) -> Tensor: ...
def LongTensor(*data: _Data) -> Tensor: ...
def IntTensor(*data: _Data) -> Tensor: ...
def ShortTensor(*data: _Data) -> Tensor: ...
def CharTensor(*data: _Data) -> Tensor: ...
def ByteTensor(*data: _Data) -> Tensor: ...
def BoolTensor(*data: _Data) -> Tensor: ...
def numel(input: Tensor) -> int: ...
def is_floating_point(input: Tensor) -> bool: ...
def is_complex(input: Tensor) -> bool: ...
def is_nonzero(input: Tensor) -> bool: ...
def is_same_size(input: Tensor, other: _Operand) -> bool: ...
def get_device(input: Tensor) -> int: ...
