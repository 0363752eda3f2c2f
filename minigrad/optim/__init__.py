"""Optimizers: what turns gradients into steps. Read them in this order: sgd, adagrad, rmsprop,
adadelta, adam, adamax, nadam, radam, lion, rprop, asgd, adafactor, muon, lbfgs; then lookahead,
sam and swa_utils, which go around another. optimizer is what they share, and says how to write
one more; groups and clipping are what parameter groups can say beside.

    optimizer = minigrad.optim.Adam(model.parameters(), lr=1e-3)
    for x, y in loader:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
"""

from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

# What not every program needs comes when it is asked for.
_WHERE = {
    "Adagrad": "adagrad",
    "RMSprop": "rmsprop",
    "Adadelta": "adadelta",
    "Adamax": "adamax",
    "NAdam": "nadam",
    "RAdam": "radam",
    "Lion": "lion",
    "Rprop": "rprop",
    "ASGD": "asgd",
    "Adafactor": "adafactor",
    "Muon": "muon",
    "LBFGS": "lbfgs",
    "Lookahead": "lookahead",
    "SAM": "sam",
    "decay_groups": "groups",
    "lr_finder": "lr_range",
}
_MODULES = ("lr_scheduler", "swa_utils")

__all__ = ["SGD", "Adam", "AdamW", *_WHERE, "Optimizer", *_MODULES]


def __getattr__(name):
    from importlib import import_module

    if name in _WHERE:
        value = getattr(import_module(f"minigrad.optim.{_WHERE[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"minigrad.optim.{name}")
    else:
        raise AttributeError(f"module 'minigrad.optim' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
