"""Reverse-mode differentiation.

engine     Op, and the walk that carries gradients back: start reading there
function   operations of your own, written in Python
functional jacobian, hessian, vjp, jvp, hvp of functions
anomaly    a mode that says where a NaN came from
profiler   a table of where the time went
graph      pictures of what was recorded
"""

from minigrad.autograd.engine import (
    Op,
    RemovableHandle,
    backward,
    enable_grad,
    grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.autograd.function import Function

__all__ = [
    "Function",
    "Op",
    "RemovableHandle",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]


# What needs the operations, or is seldom asked for, comes when it is: name -> where it is
_LATER = {
    "detect_anomaly": "autograd.anomaly",
    "set_detect_anomaly": "autograd.anomaly",
    "Variable": "autograd.variable",
    "gradcheck": "testing",
    "gradgradcheck": "testing",
}


def __getattr__(name):
    from importlib import import_module

    if name in ("anomaly", "functional", "graph", "profiler"):
        return import_module(f"minigrad.autograd.{name}")
    if name in _LATER:
        found = globals()[name] = getattr(import_module(f"minigrad.{_LATER[name]}"), name)
        return found
    raise AttributeError(f"module 'minigrad.autograd' has no attribute {name!r}")
