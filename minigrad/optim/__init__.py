"""Optimizers: what turns gradients into steps. Read them in this order: sgd, adagrad, rmsprop,
adadelta, adam, adamax, nadam, radam, lion, rprop, asgd, adafactor, muon, lbfgs; then lookahead,
sam, swa_utils and averages, which go around another. optimizer is what they share, and says how to write
one more; groups and clipping are what parameter groups can say beside.

    optimizer = minigrad.optim.Adam(model.parameters(), lr=1e-3)
    for x, y in loader:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
"""

from importlib import import_module

from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.groups import decay_groups
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

# Imported when somebody names them: nobody uses many, and `import minigrad` should stay quick.
_LATER = {
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
    "EMA": "averages",
    "SWA": "averages",
    "lr_finder": "lr_range",
}
_MODULES = ("lr_scheduler", "swa_utils")

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "decay_groups", *_MODULES, *_LATER]


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"minigrad.optim.{name}")
    if name in _LATER:
        found = globals()[name] = getattr(import_module(f"minigrad.optim.{_LATER[name]}"), name)
        return found
    raise AttributeError(f"module 'minigrad.optim' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
