"""minigrad: a deep-learning framework to read in a weekend and to use on Monday.

    import minigrad
    from minigrad import nn

PyTorch's names and behaviour; kernels in C; see README.md.
"""

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
from minigrad import autograd, linalg, nn, ops, optim, return_types, utils
from minigrad.autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minigrad.nn import summary
from minigrad.ops import random
from minigrad.ops.random import Generator, default_generator

globals().update(ops.functions)
float = float32
double = float64
half = float16
long = int64
int = int32
short = int16
