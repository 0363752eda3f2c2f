"""Operations: one class each, forward and under it backward, and the functions that run them.

Read them in this order: arithmetic, activation (rectifier, gate, softmax), reduction, broadcast, linalg, shape,
indexing, joining, rearranging, norm, loss. `functions` holds every public function of these rooms by its name.
"""

from minigrad.ops import (
    activation,
    arithmetic,
    broadcast,
    creation,
    dropout,
    gate,
    indexing,
    joining,
    linalg,
    loss,
    norm,
    random,
    rearranging,
    rectifier,
    reduction,
    shape,
    softmax,
)

functions = {
    name: value
    for room in (arithmetic, activation, rectifier, gate, softmax, dropout, broadcast, creation, indexing,
                 joining, linalg, loss, norm, random, rearranging, reduction, shape)
    for name, value in vars(room).items()
    if not name.startswith("_") and getattr(value, "__module__", None) == room.__name__
}
