"""Clipping as a part of a step, for which no gradient is written to: clip_norm and clip_value.

    g <- g min(1, clip_norm / (norm + 1e-6))
    g <- min(max(g, -clip_value), clip_value)

They are settings of a parameter group like any other: an optimizer's keyword gives them to all
of its groups, a group's own value comes first, and state_dict() saves them. The norm is that of
all gradients as one vector, through all groups with the same clip_norm; groups with another
clip_norm are another vector.
"""

from contextlib import contextmanager
from math import inf, isfinite

from minigrad.nn.utils.clip_grad import complaint, factor_to, refuse_nan, shrink
from minigrad.ops import update

SETTINGS = ("clip_norm", "clip_value")
UNCLIPPED = (1.0, inf)


def settings(who, keywords):
    """The keywords of an optimizer that its algorithm does not know, as settings."""
    unknown = [name for name in keywords if name not in SETTINGS]
    if unknown:
        raise TypeError(
            f"{who}: unexpected keyword {unknown[0]!r}; beside its own settings it takes {' and '.join(SETTINGS)}"
        )
    return {name: value for name, value in keywords.items() if value is not None}


def of(who, groups):
    """[(factor, limit)] for the groups: gradients are multiplied by factor, then limited to
    [-limit, limit].

    Errors: RuntimeError where a gradient that is to be clipped is not finite (by value: is NaN).
    """
    clips = [UNCLIPPED] * len(groups)
    by_norm = {}
    for i, group in enumerate(groups):
        if group.get("clip_norm") is not None:
            by_norm.setdefault(_limit(who, group, "clip_norm"), []).append(i)
        if group.get("clip_value") is not None:
            clips[i] = (1.0, _limit(who, group, "clip_value"))
            refuse_nan(who, named_gradients(groups, [i]), _KEPT)
    for clip_norm, places in by_norm.items():
        named = named_gradients(groups, places)
        norm = update.norm2([p.grad for _, p in named])
        if not isfinite(norm):
            raise complaint(who, named, norm, kept=_KEPT)
        for i in places:
            clips[i] = (factor_to(clip_norm, norm), clips[i][1])
    return clips


_KEPT = "no parameter"


def _limit(who, group, name):
    value = update.number(who, group, name)
    if value < 0:       # which would turn every gradient round
        raise ValueError(f"{who}: {name} is {value} in a parameter group; it must be at least 0")
    return value


def named_gradients(groups, places):
    """[(name, parameter)] of some groups' parameters that have a gradient."""
    named = []
    for i in places:
        params = groups[i]["params"]
        names = groups[i].get("param_names") or [f"parameter {j} of group {i}" for j in range(len(params))]
        named += [(name, p) for name, p in zip(names, params, strict=True) if p.grad is not None]
    return named


@contextmanager
def lent(group, factor, limit):
    """The group's parameters with clipped copies for gradients."""
    given = [(p, p.grad) for p in group["params"] if p.grad is not None]
    copies = [g.detach().clone() for _, g in given]
    shrink(copies, factor)
    try:
        for (p, _), g in zip(given, copies, strict=True):
            p.grad = g if limit == inf else g.clamp_(-limit, limit)
        yield
    finally:
        for p, g in given:
            p.grad = g
