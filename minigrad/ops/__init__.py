"""Operations: one class each, forward and under it backward, and the functions that run them.

Read them in this order: arithmetic, activation, reduction, broadcast, linalg, shape, norm,
loss. `functions` holds every public function of these rooms by its name.
"""

from minigrad.ops import (
    activation,
    arithmetic,
    broadcast,
    creation,
    decomposition,
    einsum,
    extremes,
    linalg,
    loss,
    norm,
    random,
    reduction,
    scan,
    shape,
    sorting,
    vectornorm,
)

functions = {
    name: value
    for room in (arithmetic, activation, broadcast, creation, linalg, loss, norm, random, reduction, extremes,
                 shape, scan, sorting, einsum, vectornorm, decomposition)
    for name, value in vars(room).items()
    if not name.startswith("_") and getattr(value, "__module__", None) == room.__name__
    and not isinstance(value, type)
    and name in getattr(room, "__all__", (name,))
}
