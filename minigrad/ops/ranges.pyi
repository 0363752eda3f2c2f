# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from minigrad.tensor import Tensor, _Device, _DType

def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def range(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
