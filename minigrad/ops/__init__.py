"""Operations: one class each, forward and under it backward, and the functions that run them.

Read them in this order: arithmetic, activation, reduction, broadcast, linalg, shape, norm,
embedding, loss and the losses of each kind. `functions` holds every public function of these
rooms by its name.
"""

from minigrad.ops import (
    activation,
    arithmetic,
    broadcast,
    classification_loss,
    creation,
    embedding,
    linalg,
    loss,
    norm,
    pair_loss,
    random,
    reduction,
    regression_loss,
    shape,
)

functions = {
    name: value
    for room in (
        *(arithmetic, activation, broadcast, creation, linalg, norm, random, reduction, shape),
        *(embedding, classification_loss, pair_loss, regression_loss),
    )
    for name, value in vars(room).items()
    if not name.startswith("_") and getattr(value, "__module__", None) == room.__name__
}
