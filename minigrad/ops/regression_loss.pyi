# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor

class MSE(Op):
    def name(self) -> str: ...

class Huber(Op):
    def name(self) -> str: ...

class GaussianNLL(Op): ...

class PoissonNLL(Op): ...

def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    weight: Tensor | None = None,
) -> Tensor: ...
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = 'mean',
    weight: Tensor | None = None,
) -> Tensor: ...
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
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor, full: bool = False, eps: float = 1e-06, reduction: str = 'mean',
) -> Tensor: ...
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
