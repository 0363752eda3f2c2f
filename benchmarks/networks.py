"""The networks that are timed: sizes, batch, optimizer, loss; and their made-up data."""

from typing import NamedTuple

import numpy as np


class Network(NamedTuple):
    name: str
    sizes: tuple            # of the layers, input first; ReLU between them
    batch: int
    optimizer: str          # "sgd", "momentum" or "adam"
    loss: str               # "mse" or "cross-entropy"
    batch_norm: bool = False
    clip: float = 0.0       # the largest gradient norm; 0: not clipped
    predict: bool = False   # only the forward pass, in evaluation mode

    def at(self, batch):
        """The same network with another batch; one sample has no variance, so no batch norm either."""
        return self._replace(name=f"{self.name}@{batch}", batch=batch, batch_norm=self.batch_norm and batch > 1)

    def operations(self):
        """Floating operations of a training step's products; nobody wants the input's gradient."""
        products = [2 * self.batch * a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)]
        return 3 * sum(products) - products[0]

    def data(self):
        """(input, target), the same for every peer."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.batch, self.sizes[0]), np.float32)
        if self.loss == "mse":
            return x, rng.standard_normal((self.batch, self.sizes[-1]), np.float32)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def parameters(self):
        """[(weight (out, in), bias (out)), ...]: He's initialisation, the same for every peer."""
        rng = np.random.default_rng(1)
        return [
            (rng.standard_normal((n, m)).astype(np.float32) * np.float32(np.sqrt(2 / m)), np.zeros(n, np.float32))
            for m, n in zip(self.sizes, self.sizes[1:], strict=False)
        ]


_TRAINED = (
    Network("moons", (2, 16, 16, 1), 100, "sgd", "mse"),
    Network("digits", (64, 100, 100, 10), 32, "adam", "cross-entropy"),
    Network("deep20", (784, *[100] * 20, 10), 128, "adam", "cross-entropy", batch_norm=True, clip=1.0),
    Network("mnist", (784, 512, 512, 10), 128, "adam", "cross-entropy"),
    Network("wide", (1024, 4096, 4096, 1024), 512, "momentum", "mse"),
)

FIVE = [network.name for network in _TRAINED]
NETWORKS = {network.name: network for network in _TRAINED}
# one sample, and many, a step; and what a prediction for one sample costs
for _network in _TRAINED:
    for _batch in (1, 1024):
        NETWORKS[f"{_network.name}@{_batch}"] = _network.at(_batch)
NETWORKS["deep20@1-predict"] = NETWORKS["deep20"].at(1)._replace(
    name="deep20@1-predict", predict=True, batch_norm=True)

LEARNING_RATE = 1e-3
