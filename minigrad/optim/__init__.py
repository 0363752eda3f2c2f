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

from minigrad.optim import swa_utils
from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adafactor import Adafactor
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.adamax import Adamax
from minigrad.optim.asgd import ASGD
from minigrad.optim.groups import decay_groups
from minigrad.optim.lbfgs import LBFGS
from minigrad.optim.lion import Lion
from minigrad.optim.lookahead import Lookahead
from minigrad.optim.muon import Muon
from minigrad.optim.nadam import NAdam
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.radam import RAdam
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.rprop import Rprop
from minigrad.optim.sam import SAM
from minigrad.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "RMSprop",
    "Adadelta",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "Lion",
    "Rprop",
    "ASGD",
    "Adafactor",
    "Muon",
    "LBFGS",
    "Lookahead",
    "SAM",
    "decay_groups",
    "swa_utils",
    "Optimizer",
]
