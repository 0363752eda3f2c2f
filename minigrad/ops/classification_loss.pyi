# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from typing import Any

from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor

def any_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor, ignore_index: Any, how: Any, smoothing: Any,
) -> Tensor: ...

class NLL(Op):
    def __init__(self, target: Tensor, weight: Tensor) -> None: ...
    def forward(self, x: Tensor) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

class NLLBackward(Op):
    def __init__(self, of: Any) -> None: ...
    def forward(self, dy: Any) -> Any: ...
    def backward(self, ddy: Any) -> Any: ...

def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: float = -100,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...

class BCE(Op):
    def compute(self, x: Tensor, t: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...

class BCEWithLogits(Op):
    def compute(self, x: Tensor, t: Any, p: float) -> Any: ...
    def backward(self, dy: Any) -> Any: ...
    def name(self) -> str: ...

def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    pos_weight: Tensor | None = None,
) -> Tensor: ...
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...

class KLDiv(Op):
    def __init__(self, log_target: Any) -> None: ...
    def compute(self, x: Tensor, t: Any) -> Any: ...
    def backward(self, dy: Any) -> Any: ...

def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    log_target: bool = False,
) -> Tensor: ...
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: float = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
) -> Tensor: ...
