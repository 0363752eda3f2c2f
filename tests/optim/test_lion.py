"""Lion, which PyTorch has not, against its paper's lines."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import Lion

SHAPES = [(4, 3), (5,), (), (33,)]


class Paper:
    """Chen et al. (2023), algorithm 2, in NumPy."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0, maximize=False):
        self.params, self.lr, self.betas, self.decay = params, lr, betas, weight_decay
        self.sign = -1 if maximize else 1
        self.m = [np.zeros_like(p) for p in params]

    def step(self, gradients):
        beta1, beta2 = self.betas
        for p, m, g in zip(self.params, self.m, gradients, strict=True):
            c = beta1 * m + (1 - beta1) * self.sign * g
            p[...] = p - self.lr * (np.sign(c) + self.decay * p)
            m[...] = beta2 * m + (1 - beta2) * self.sign * g


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("settings", [
    {}, {"lr": 0.1}, {"lr": 0.1, "betas": (0.3, 0.4), "weight_decay": 0.1}, {"lr": 0.01, "maximize": True},
    {"betas": (0.0, 0.0)},
], ids=str)  # fmt: skip
def test_twenty_five_steps_are_the_papers(settings, dtype, tolerance):
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(shape) for shape in SHAPES]
    ours = [mg.tensor(x.astype(dtype), requires_grad=True) for x in start]
    optimizer, paper = Lion(ours, **settings), Paper(start, **settings)
    for _ in range(25):
        gradients = [rng.standard_normal(shape) for shape in SHAPES]
        for p, g in zip(ours, gradients, strict=True):
            p.grad = mg.tensor(g.astype(dtype))
        optimizer.step()
        paper.step(gradients)
        for p, x, m in zip(ours, start, paper.m, strict=True):
            np.testing.assert_allclose(p.detach().numpy(), x, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(optimizer.state[p]["exp_avg"].numpy(), m, rtol=tolerance, atol=tolerance)


def test_where_momentum_and_gradient_cancel_nothing_moves():
    p = mg.tensor([1.0, 1.0], requires_grad=True)
    p.grad = mg.tensor([0.0, float("nan")])
    Lion([p], lr=0.5).step()
    assert p[0].item() == 1.0 and np.isnan(p[1].item())
