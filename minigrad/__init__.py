"""minigrad: a deep-learning framework to read in a weekend and to use on Monday.

    import minigrad
    from minigrad import nn

PyTorch's names and behaviour; kernels in C; see README.md.
"""

from math import e, inf, nan, pi

from minigrad._printing import set_printoptions
from minigrad.kernels import __version__, get_num_threads, set_num_threads, show_config
from minigrad.tensor import (
    Size,
    Tensor,
    as_tensor,
    device,
    dtype,
    float16,
    float32,
    float64,
    from_numpy,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    is_tensor,
    promote_types,
    set_default_dtype,
    tensor,
    uint8,
)
from minigrad.tensor import bool_ as bool
from minigrad import autograd, ops, return_types
from minigrad.autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minigrad.ops import random
from minigrad.ops.generator import Generator, default_generator

globals().update(ops.functions)
float = float32
double = float64
half = float16
long = int64
int = int32
short = int16
newaxis = None

# The house's upper floors, and what is not everybody's, come when they are asked for: `import minigrad`
# stays quick. Modules, and functions by where they are.
_MODULES = """
    nn optim utils linalg
    accelerator as_torch backends checkpoint cuda datasets distributions extras jit switches testing transforms version
""".split()
_FUNCTIONS = {
    name: module
    for module, names in {
        "checkpoint": "load save",
        "nn": "summary",
        "extras": "asarray finfo iinfo isin trapezoid trapz",
        "switches": """are_deterministic_algorithms_enabled compile get_default_device get_float32_matmul_precision
            get_num_interop_threads set_default_device set_float32_matmul_precision set_flush_denormal
            set_num_interop_threads use_deterministic_algorithms""",
    }.items()
    for name in names.split()
}


def __getattr__(name):
    from importlib import import_module

    if name in _FUNCTIONS:
        value = getattr(import_module(f"minigrad.{_FUNCTIONS[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"minigrad.{name}")
    elif name.endswith("_") and name[:-1] in ops.functions and hasattr(Tensor, name):
        return getattr(Tensor, name)  # sin_(x), as x.sin_()
    else:
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_MODULES, *_FUNCTIONS})
