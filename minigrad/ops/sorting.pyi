# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad import return_types
from minigrad.tensor import Tensor, _Axes, _Operand

def sort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, axis: _Axes | None = None,
) -> return_types.sort: ...
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, axis: _Axes | None = None,
) -> Tensor: ...
def msort(input: Tensor) -> Tensor: ...
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, axis: _Axes | None = None,
) -> return_types.topk: ...
def kthvalue(
    input: Tensor,
    k: int,
    dim: int = -1,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> return_types.kthvalue: ...
def median(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Any: ...
def nanmedian(
    input: Tensor,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Any: ...
def mode(
    input: Tensor, dim: int = -1, keepdim: bool = False, *, axis: _Axes | None = None, keepdims: bool | None = None,
) -> return_types.mode: ...
def quantile(
    input: Tensor,
    q: Tensor | float,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = 'linear',
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def nanquantile(
    input: Tensor,
    q: Tensor | float,
    dim: _Axes | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = 'linear',
    axis: _Axes | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: _Axes | None = None,
) -> Any: ...
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: _Axes | None = None,
) -> Any: ...
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor: ...
def histc(input: Tensor, bins: int = 100, min: _Operand = 0, max: _Operand = 0) -> Tensor: ...
def histogram(
    input: Tensor, bins: int | Tensor, *, range: Any = None, weight: Tensor | None = None, density: bool = False,
) -> return_types.histogram: ...
def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor: ...
def bucketize(input: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor: ...
