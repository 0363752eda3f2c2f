"""decay_groups: which parameters are to decay, and which not."""

from minigrad.nn import norm
from minigrad.nn.module import Module
from minigrad.nn.utils.clip_grad import parameters_of

__all__ = ["decay_groups"]


def decay_groups(model, exclude=()):
    """A model's parameters in two groups for an optimizer: those whose weight decays, and, with
    weight_decay 0, those where decay only takes away: biases, the weights of norms, and everything
    else of fewer than two axes.

        optimizer = AdamW(decay_groups(model), lr=1e-3, weight_decay=0.05)

    exclude: what else does not decay, one or several of: a name ("0.weight", or "0" for all of that
    module), a module, a parameter.
    Gives [{"params": [(name, parameter), ...]}, {"params": [...], "weight_decay": 0.0}], without a
    group that would be empty. Errors: TypeError for what is no module; ValueError for an exclude
    that is not in it.
    """
    if not isinstance(model, Module):
        raise TypeError(f"decay_groups: expected a module, got {type(model).__name__}")
    kinds = tuple(c for c in vars(norm).values() if isinstance(c, type) and c.__module__ == norm.__name__)
    left = parameters_of("decay_groups", model, exclude)
    for module in model.modules():
        if isinstance(module, kinds):
            left |= {id(p) for p in module.parameters()}
    decayed, undecayed = [], []
    for name, p in model.named_parameters():
        is_bias = name.rpartition(".")[2].startswith("bias")
        (undecayed if p.ndim < 2 or is_bias or id(p) in left else decayed).append((name, p))
    groups = [{"params": decayed}, {"params": undecayed, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
