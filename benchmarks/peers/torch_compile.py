"""PyTorch, its model compiled by torch.compile."""

import torch

from peers import eager


def make(network, threads):
    return eager.make(torch, network, threads, compiled=True)


def version():
    return torch.__version__
