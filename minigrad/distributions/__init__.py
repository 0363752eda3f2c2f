"""Distributions to draw from and to take logarithms of probabilities of, as PyTorch names them.

    policy = minigrad.distributions.Categorical(logits=model(state))
    action = policy.sample()
    loss = -policy.log_prob(action) * reward

Parameters may have gradients: log_prob(), entropy() and rsample() are differentiable, sample() is
not. Draws are PyTorch's for one seed.
"""

from minigrad.distributions import categorical, kl, multinomial, normal
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.kl import kl_divergence
from minigrad.distributions.multinomial import Multinomial
from minigrad.distributions.normal import Normal

__all__ = ["Categorical", "Distribution", "Multinomial", "Normal", "kl_divergence"]
