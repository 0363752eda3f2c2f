"""A training step in PyTorch, eager."""

import torch
from torch import nn, optim

from networks import LEARNING_RATE


def make(network, threads):
    torch.set_num_threads(threads)
    layers = []
    for weight, bias in network.parameters():
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data.copy_(torch.from_numpy(weight))
        linear.bias.data.copy_(torch.from_numpy(bias))
        layers += [linear] + [nn.BatchNorm1d(weight.shape[0])] * network.batch_norm + [nn.ReLU()]
    layers = layers[: -2 if network.batch_norm else -1]
    model = nn.Sequential(*layers)
    loss_of = nn.MSELoss() if network.loss == "mse" else nn.CrossEntropyLoss()
    x, t = (torch.from_numpy(array) for array in network.data())
    parameters = list(model.parameters())
    if network.optimizer == "adam":
        optimizer = optim.Adam(parameters, lr=LEARNING_RATE)
    else:
        optimizer = optim.SGD(parameters, lr=LEARNING_RATE, momentum=0.9 * (network.optimizer == "momentum"))

    def step():
        optimizer.zero_grad()
        loss = loss_of(model(x), t)
        loss.backward()
        if network.clip:
            nn.utils.clip_grad_norm_(parameters, network.clip)
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()


def version():
    return torch.__version__
