from collections.abc import Iterable

from minigrad.nn.module import Module
from minigrad.tensor import Tensor

def run(modules: Iterable[Module], x: Tensor) -> Tensor: ...
