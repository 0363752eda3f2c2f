"""Operations: one class each, forward and under it backward, and the functions that run them.

Read them in this order: arithmetic, pointwise, pairwise, comparison, activation, reduction, broadcast,
linalg, shape, norm, loss. `functions` holds every public function of these rooms by its name.
"""

from minigrad.ops import (
    activation,
    arithmetic,
    broadcast,
    comparison,
    creation,
    linalg,
    loss,
    norm,
    pairwise,
    pointwise,
    random,
    reduction,
    shape,
)

functions = {
    name: value
    for room in (arithmetic, comparison, pointwise, pairwise, activation, broadcast, creation, linalg, loss, norm,
                 random, reduction, shape)
    for name, value in vars(room).items()
    if not name.startswith("_") and getattr(value, "__module__", None) == room.__name__
}
