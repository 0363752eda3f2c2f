# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor

class Embedding(Op): ...

class EmbeddingBackward(Op): ...

def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor: ...
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor: ...
