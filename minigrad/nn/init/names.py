"""Initializers by name, for a layer's init=."""

from minigrad.nn.init.filling import normal_, ones_, trunc_normal_, uniform_, zeros_
from minigrad.nn.init.patterns import delta_orthogonal_, dirac_, eye_, orthogonal_
from minigrad.nn.init.scaling import (
    VarianceScaling,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)
from minigrad.tensor import Tensor

_SCALES = {
    f"{name}_{kind}": (scale, mode, distribution)
    for name, scale, mode in (("glorot", 1.0, "fan_avg"), ("he", 2.0, "fan_in"), ("lecun", 1.0, "fan_in"))
    for kind, distribution in (("uniform", "uniform"), ("normal", "truncated_normal"))
}
_FUNCTIONS = {
    "delta_orthogonal": delta_orthogonal_,
    "dirac": dirac_,
    "eye": eye_,
    "identity": eye_,
    "kaiming_normal": kaiming_normal_,
    "kaiming_uniform": kaiming_uniform_,
    "normal": normal_,
    "ones": ones_,
    "orthogonal": orthogonal_,
    "trunc_normal": trunc_normal_,
    "uniform": uniform_,
    "xavier_normal": xavier_normal_,
    "xavier_uniform": xavier_uniform_,
    "zeros": zeros_,
}
_NAMES = [*_SCALES, *_FUNCTIONS]
_PLAIN = {name.replace("_", ""): name for name in _NAMES}


def get(init):
    """The initializer that a layer's init= means: see the top of this package.

    Names count without their underscores and capitals: "HeNormal" is "he_normal".
    Errors: ValueError for an unknown name, naming the nearest; TypeError for what is neither
    name nor callable.
    """
    if isinstance(init, str):
        plain = init.lower().replace("_", "")
        if plain not in _PLAIN:
            raise ValueError(_unknown(init, plain))
        name = _PLAIN[plain]
        return VarianceScaling(*_SCALES[name]) if name in _SCALES else _FUNCTIONS[name]
    if isinstance(init, type):
        raise TypeError(f"init: got the class {init.__name__}; call it to make one: {init.__name__}()")
    if not callable(init) or isinstance(init, Tensor):
        raise TypeError(f"init: expected a name or a callable(tensor), got {type(init).__name__}")
    return init


def _unknown(init, plain):
    from difflib import get_close_matches

    near = [repr(_PLAIN[name]) for name in get_close_matches(plain, _PLAIN, n=2, cutoff=0.5)]
    return (
        f"init: unknown name {init!r}; "
        + (f"the nearest is {' or '.join(near)}; " if near else "")
        + f"expected one of {', '.join(_NAMES)}, a VarianceScaling, or any callable(tensor)"
    )
