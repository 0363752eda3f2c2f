"""New tensors: filled with a value, a range, a pattern."""
from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT64, MAX_RANK, Kind, Tensor, dtype_of, is_floating, kind_of, lend, new_tensor, parse_shape, wrap,
)

import numpy as np

from minigrad.ops.inplace import with_out
from minigrad.tensor import check_device


cdef Tensor _new(object size, object dtype, object device, bint requires_grad, object value):
    """A tensor of a shape, filled with value unless that is None."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank = parse_shape(size, length)
    cdef Kind kind = kind_of(dtype)
    check_device(device)
    cdef Tensor t = new_tensor(kind, rank, length)
    if value is not None:
        if kind <= FLOAT64:
            K[kind].fill(t.ptr, value, t.n)
        else:
            lend(t)[...] = value
    if requires_grad:
        t.requires_grad = True
    return t


@with_out
def empty(*size, dtype=None, layout=None, device=None, bint requires_grad=False, pin_memory=False):
    """A tensor whose elements are whatever the memory held; fill it before reading it."""
    return _new(size, dtype, device, requires_grad, None)


@with_out
def zeros(*size, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return _new(size, dtype, device, requires_grad, 0)


@with_out
def ones(*size, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor of ones: ones(2, 3) or ones((2, 3))."""
    return _new(size, dtype, device, requires_grad, 1)


@with_out
def full(size, fill_value, *, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor with every element fill_value, whose type is the dtype unless one is given."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if dtype is None and isinstance(fill_value, (bool, int)):
        dtype = type(fill_value)
    return _new(size if isinstance(size, (tuple, list)) else (size,), dtype, device, requires_grad, fill_value)


cdef object _same_dtype(Tensor input, object dtype):
    return dtype_of(input.kind) if dtype is None else dtype


def empty_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
               memory_format=None):
    """empty() of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, None)


def zeros_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
               memory_format=None):
    """Zeros of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, 0)


def ones_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
              memory_format=None):
    """Ones of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, 1)


def full_like(Tensor input not None, fill_value, *, dtype=None, layout=None, device=None, bint requires_grad=False,
              memory_format=None):
    """Every element fill_value, of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, fill_value)


cdef Tensor _finished(object array, object dtype, object device, bint requires_grad):
    cdef Kind kind = kind_of(dtype)
    check_device(device)
    cdef Tensor t = wrap(np.ascontiguousarray(array, dtype=dtype_of(kind).numpy))
    if requires_grad:
        t.requires_grad = True
    return t


@with_out
def eye(n, m=None, *, dtype=None, layout=None, device=None, bint requires_grad=False):
    """The (n, m) matrix with ones on its diagonal; m is n where None."""
    return _finished(np.eye(n, m), dtype, device, requires_grad)


@with_out
def arange(start, end=None, step=1, *, dtype=None, layout=None, device=None, bint requires_grad=False):
    """start, start + step, ... below end; integers give int64. arange(n) starts at 0."""
    if end is None:
        start, end = 0, start
    start, end, step = [v.item() if isinstance(v, Tensor) else v for v in (start, end, step)]
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"arange: from {start} to {end} in steps of {step} never arrives")
    if dtype is None and all([isinstance(v, (int, np.integer)) for v in (start, end, step)]):
        dtype = int
    if is_floating(kind_of(dtype)):
        n = int(np.ceil((end - start) / step))
        return _finished(start + np.arange(n, dtype=np.float64) * step, dtype, device, requires_grad)
    return _finished(np.arange(start, end, step), dtype, device, requires_grad)


@with_out
def linspace(start, end, steps, *, dtype=None, layout=None, device=None, bint requires_grad=False):
    """`steps` numbers from start to end, both included, evenly spaced."""
    if steps < 0:
        raise ValueError(f"linspace: steps is at least 0, got {steps}")
    return _finished(np.linspace(start, end, steps), dtype, device, requires_grad)
