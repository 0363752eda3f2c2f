"""The weights after a hundred steps are the same bits on any number of threads, whatever the network."""

import hashlib
import itertools

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim

THREADS = [1, 2, 3, 4, 7, 16]
STEPS = 100

ACTIVATIONS = [nn.ReLU, nn.Tanh, nn.SELU, nn.GELU, nn.LeakyReLU]
NORMS = [None, nn.BatchNorm1d, nn.LayerNorm, nn.RMSNorm]
OPTIMIZERS = [
    lambda p: optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    lambda p: optim.Adam(p, lr=0.001),
    lambda p: optim.AdamW(p, lr=0.001, weight_decay=0.1),
]
# large enough that products, norms and optimizers are shared out over threads
NETWORKS = [
    dict(activation=activation, norm=norm, optimizer=i % 3, dtype=(mg.float32, mg.float64)[i % 2],
         sizes=[(40, 160, 160, 10), (17, 300, 33, 5), (96, 128, 128, 128, 7)][i % 3],
         batch=[96, 257, 33, 130][i % 4], dropout=0.1 * (i % 3 == 1), loss=i % 2)
    for i, (activation, norm) in enumerate(itertools.product(ACTIVATIONS, NORMS))
]


def trained(activation, norm, optimizer, dtype, sizes, batch, dropout, loss):
    """A digest of everything that training left: parameters, buffers and the last loss."""
    mg.manual_seed(1)
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b)] + ([norm(b)] if norm else []) + [activation(), nn.Dropout(dropout)]
    model = nn.Sequential(*layers[: -3 if norm else -2]).to(dtype)
    step = OPTIMIZERS[optimizer](list(model.parameters()))
    x = mg.randn(batch, sizes[0], dtype=dtype)
    if loss:
        loss_of, t = nn.CrossEntropyLoss(), mg.randint(sizes[-1], (batch,))
    else:
        loss_of, t = nn.MSELoss(), mg.randn(batch, sizes[-1], dtype=dtype)
    for _ in range(STEPS):
        step.zero_grad()
        last = loss_of(model(x), t)
        last.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        step.step()
    total = hashlib.sha256(last.detach().numpy().tobytes())
    for value in model.state_dict().values():
        assert np.isfinite(value.numpy()).all()
        total.update(value.numpy().tobytes())
    return total.hexdigest()


def called(network):
    return f"{network['activation'].__name__}-{network['norm'].__name__ if network['norm'] else 'plain'}"


@pytest.mark.parametrize("network", NETWORKS, ids=called)
def test_a_hundred_steps_give_the_same_bits_on_any_number_of_threads(network):
    before = mg.get_num_threads()
    try:
        digests = {}
        for threads in THREADS:
            mg.set_num_threads(threads)
            digests[threads] = trained(**network)
    finally:
        mg.set_num_threads(before)
    assert len(set(digests.values())) == 1, digests
