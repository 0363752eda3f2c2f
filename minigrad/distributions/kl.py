"""How far one distribution is from another."""

from minigrad.distributions.categorical import Categorical
from minigrad.distributions.normal import Normal


def kl_divergence(p, q):
    """The Kullback-Leibler divergence of p from q, the mean under p of ln p(x) - ln q(x), for each of the batch.

    p, q: both Normal or both Categorical. Errors: NotImplementedError for another pair.
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio = (p.scale / q.scale).pow(2)
        shift = ((p.loc - q.loc) / q.scale).pow(2)
        return 0.5 * (ratio + shift - 1 - ratio.log())
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        terms = p.probs * (p.logits - q.logits)
        terms = terms.masked_fill((q.probs == 0).expand_as(terms), float("inf"))
        return terms.masked_fill((p.probs == 0).expand_as(terms), 0.0).sum(-1)
    raise NotImplementedError(
        f"kl_divergence: known for two Normal or two Categorical, got {type(p).__name__} and {type(q).__name__}; "
        "estimate it: draw x from p and take the mean of p.log_prob(x) - q.log_prob(x)"
    )
