# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.ops.generator import Generator
from minigrad.tensor import Tensor, _Axes, _Device, _DType

def manual_seed(seed: int) -> Generator: ...
def seed() -> int: ...
def initial_seed() -> int: ...
def get_rng_state() -> Tensor: ...
def set_rng_state(new_state: Tensor) -> None: ...

class fork_rng:
    def __init__(self, devices: Any = None, enabled: bool = True, device_type: str = 'cpu') -> None: ...

def uniform_(
    self: Tensor, a: float = 0, b: float = 1, *, generator: Generator | None = None, **names: Any,
) -> Tensor: ...
def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor: ...
def bernoulli_(self: Tensor, p: Tensor | float = 0.5, *, generator: Generator | None = None) -> Tensor: ...
def random_(self: Tensor, low: int = 0, high: int | None = None, *, generator: Generator | None = None) -> Tensor: ...
def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor: ...
def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor: ...
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor: ...
def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor: ...
def rand(
    *shape: _Axes,
    size: _Axes | None = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def randn(
    *shape: _Axes,
    size: _Axes | None = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def randint(
    low: int,
    high: int | None = None,
    size: _Axes | None = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: _DType | None = None, device: _Device | None = None,
) -> Tensor: ...
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType | None = None,
    layout: object = None,
    device: _Device | None = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor: ...
def normal(
    mean: Tensor | float,
    std: Tensor | float = 1.0,
    size: _Axes | None = None,
    *,
    generator: Generator | None = None,
    dtype: _DType | None = None,
    device: _Device | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None,
) -> Tensor: ...
