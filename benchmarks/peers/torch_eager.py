"""PyTorch, eager."""

import torch

from peers import eager


def make(network, threads):
    return eager.make(torch, network, threads)


def version():
    return torch.__version__
