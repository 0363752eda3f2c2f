# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor

def squared_error(input: Tensor, target: Tensor, how: Any, weight: Tensor) -> Tensor: ...
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    weight: Tensor | None = None,
) -> Tensor: ...

class Huber(Op):
    def __init__(self, delta: Any, scale: Any) -> None: ...
    def compute(self, x: Tensor, t: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

def huber_loss(
    input: Tensor, target: Tensor, reduction: str = 'mean', delta: float = 1.0, weight: Tensor | None = None,
) -> Tensor: ...
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    beta: float = 1.0,
) -> Tensor: ...

class GaussianNLL(Op):
    def __init__(self, constant: Any) -> None: ...
    def compute(self, x: Tensor, t: Any, v: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor, full: bool = False, eps: float = 1e-06, reduction: str = 'mean',
) -> Tensor: ...

class PoissonNLL(Op):
    def __init__(self, log_input: Any, full: Any, eps: float) -> None: ...
    def compute(self, x: Tensor, t: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-08,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...
