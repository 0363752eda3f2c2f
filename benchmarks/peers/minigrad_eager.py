"""minigrad, as anybody writes it."""

import minigrad
from peers import eager


def make(network, threads):
    return eager.make(minigrad, network, threads)


def version():
    return minigrad.__version__
