"""Initializers: the random numbers that training starts from.

filling    one value or one distribution for all elements: constant_, uniform_, normal_, trunc_normal_
scaling    variance kept from layer to layer: xavier_*, kaiming_*, VarianceScaling
gains      the factor that a nonlinearity asks for: calculate_gain (a table), gain (measured)
patterns   orthogonal_, eye_, dirac_, delta_orthogonal_, sparse_
residual   stacks of y = x + block(x): fixup_, zero_gamma_
lsuv       weights corrected by what a batch of data makes of them: lsuv_
names      "he_normal" and the like, for a layer's init=: get
older      PyTorch's older names without the underscore
parts      which modules of a model are weight layers, norms, residual branches

A function here fills a tensor (or a model's weights) in place, unrecorded, and gives it back.
Numbers come from generator, or from the default generator that minigrad.manual_seed() seeds;
for one seed they are PyTorch's. fan_in and fan_out of a weight (out, in, ...) are the numbers
of values that go into an output and come out of an input; further axes (a kernel's) multiply both.

Where a layer takes init=, it may be
    a name      "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal",
                "lecun_uniform", "identity", or that of a function here ("orthogonal", "xavier_uniform")
    an object   VarianceScaling(scale, mode, distribution, seed)
    a callable  that fills the tensor it is given
"""

from minigrad.nn.init.filling import constant_, normal_, ones_, trunc_normal_, uniform_, zeros_
from minigrad.nn.init.gains import Gain, calculate_gain, gain
from minigrad.nn.init.scaling import (
    VarianceScaling,
    _calculate_correct_fan,
    _calculate_fan_in_and_fan_out,
    kaiming_normal_,
    kaiming_uniform_,
    xavier_normal_,
    xavier_uniform_,
)
from minigrad.nn.init.patterns import delta_orthogonal_, dirac_, eye_, orthogonal_, sparse_
from minigrad.nn.init.names import get

__all__ = [
    "Gain",
    "VarianceScaling",
    "calculate_gain",
    "constant_",
    "delta_orthogonal_",
    "dirac_",
    "eye_",
    "fixup_",
    "gain",
    "get",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lsuv_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zero_gamma_",
    "zeros_",
    "constant",
    "dirac",
    "eye",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "sparse",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]

# What is seldom asked for comes when it is: `import minigrad` stays quick.
_LATER = {"fixup_": "residual", "zero_gamma_": "residual", "lsuv_": "lsuv"} | {
    name: "older" for name in __all__ if name + "_" in __all__
}

# Those of Keras's names that are no function here: as get(name), so that init=nn.init.he_normal is init="he_normal".
_NAMED = """glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones zeros""".split()


def __getattr__(name):
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"minigrad.nn.init.{_LATER[name]}"), name)
    if name in _NAMED:
        return get(name)
    raise AttributeError(f"module 'minigrad.nn.init' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__, *_NAMED})
