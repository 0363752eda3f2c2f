"""PyTorch's older names, from before an underscore said that a function works in place.

They do what the new ones do and give a FutureWarning, as PyTorch's do.
"""

from functools import wraps

from minigrad.nn.init.filling import constant_, normal_, uniform_
from minigrad.nn.init.patterns import dirac_, eye_, orthogonal_, sparse_
from minigrad.nn.init.scaling import kaiming_normal_, kaiming_uniform_, xavier_normal_, xavier_uniform_


def _older(function):
    name = function.__name__.rstrip("_")

    @wraps(function)
    def older(*args, **kwargs):
        import warnings

        warnings.warn(f"nn.init.{name} is an older name: write nn.init.{name}_", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    older.__name__ = older.__qualname__ = name
    older.__doc__ = f"{name}_(), by its older name."
    return older


constant = _older(constant_)
dirac = _older(dirac_)
eye = _older(eye_)
kaiming_normal = _older(kaiming_normal_)
kaiming_uniform = _older(kaiming_uniform_)
normal = _older(normal_)
orthogonal = _older(orthogonal_)
sparse = _older(sparse_)
uniform = _older(uniform_)
xavier_normal = _older(xavier_normal_)
xavier_uniform = _older(xavier_uniform_)
