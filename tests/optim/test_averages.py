"""EMA and SWA: the recurrences of their docstrings, written out."""

from copy import deepcopy

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim


def trained(average, steps=6):
    """The average after each step of training, and the parameters themselves."""
    mg.manual_seed(0)
    model = nn.Linear(3, 2, dtype=mg.float64)
    averaged = average(model)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    means, values = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        model(mg.randn(4, 3, dtype=mg.float64)).square().sum().backward()
        optimizer.step()
        averaged.update_parameters(model)
        means.append(averaged.module.weight.detach().numpy().copy())
        values.append(model.weight.detach().numpy().copy())
    return averaged, means, values


def test_ema_forgets():
    averaged, means, values = trained(lambda model: optim.EMA(model, decay=0.7))
    a = values[0]
    np.testing.assert_array_equal(means[0], a)
    for mean, p in zip(means[1:], values[1:], strict=True):
        a = 0.7 * a + (1 - 0.7) * p
        np.testing.assert_allclose(mean, a, rtol=1e-12)
    assert averaged.n_averaged.item() == len(values)
    assert "decay=0.7" in repr(averaged)


def test_swa_is_the_mean():
    averaged, means, values = trained(optim.SWA)
    for n, mean in enumerate(means, 1):
        np.testing.assert_allclose(mean, np.mean(values[:n], axis=0), rtol=1e-12)
    x = mg.randn(5, 3, dtype=mg.float64)
    assert averaged(x).tolist() == averaged.module(x).tolist()


@pytest.mark.parametrize("average", [optim.EMA, optim.SWA])
def test_a_state_dict_and_a_copy_go_on_as_the_original(average):
    averaged, _, _ = trained(average)
    model = nn.Linear(3, 2, dtype=mg.float64)
    again, copied = average(model), deepcopy(averaged)
    again.load_state_dict(averaged.state_dict())
    for each in (averaged, again, copied):
        each.update_parameters(model)
    assert again.module.weight.tolist() == copied.module.weight.tolist() == averaged.module.weight.tolist()


@pytest.mark.parametrize("use_buffers", [False, True])
def test_running_statistics_are_averaged_or_copied(use_buffers):
    model = nn.BatchNorm1d(2)
    averaged = optim.EMA(model, 0.5, use_buffers=use_buffers)
    averaged.update_parameters(model)
    model.running_mean.fill_(4.0)
    averaged.update_parameters(model)
    assert averaged.module.running_mean.tolist() == ([2.0, 2.0] if use_buffers else [4.0, 4.0])


def test_a_decay_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="decay"):
        optim.EMA(nn.Linear(1, 1), decay=1.5)
