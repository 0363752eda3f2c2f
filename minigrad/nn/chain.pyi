from minigrad.nn.module import Module
from minigrad.tensor import Tensor

def run(modules: dict[str, Module], x: Tensor) -> Tensor: ...
