"""Reverse-mode differentiation.

engine     Op, and the walk that carries gradients back: start reading there
function   operations of your own, written in Python
functional jacobian, hessian, vjp, jvp, hvp of functions
anomaly    a mode that says where a NaN came from
profiler   a table of where the time went
graph      pictures of what was recorded
"""

from minigrad.autograd import graph
from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly
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


def __getattr__(name):      # what needs the operations, or is seldom asked for, comes when it is
    if name in ("functional", "profiler"):
        from importlib import import_module

        return import_module(f"minigrad.autograd.{name}")
    if name == "Variable":
        from minigrad.autograd.variable import Variable

        return Variable
    if name in ("gradcheck", "gradgradcheck"):
        import minigrad.testing

        return getattr(minigrad.testing, name)
    raise AttributeError(f"module 'minigrad.autograd' has no attribute {name!r}")
