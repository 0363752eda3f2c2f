"""PyTorch's switches of libraries that are not here: they can be set and read, and do nothing."""

from minigrad.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
