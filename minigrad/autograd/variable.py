"""Variable, as programs from before PyTorch 0.4 call a tensor that is differentiated."""

from minigrad.tensor import Tensor

__all__ = ["Variable"]


def Variable(data, requires_grad=False, volatile=False):
    """The tensor `data` again, over the same memory, as a leaf; volatile is ignored.

    Tensors have done without it since: tensor.requires_grad_() is all that is left.
    """
    if not isinstance(data, Tensor):
        raise TypeError(f"Variable: expected a Tensor, got {type(data).__name__}; use minigrad.tensor(data)")
    return data.detach().requires_grad_(requires_grad)
