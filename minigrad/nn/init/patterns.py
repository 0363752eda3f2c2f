"""Matrices and kernels of a given form: identities, orthogonal ones, sparse ones."""

from math import ceil, prod

import numpy as np

from minigrad.nn.init.filling import check_tensor, normal_, put
from minigrad.ops.creation import empty
from minigrad.ops.random import randperm


def _two_axes(who, tensor):
    check_tensor(who, tensor)
    if tensor.ndim != 2:
        raise ValueError(f"{who}: expected a matrix, got shape {tuple(tensor.shape)}")


def _kernel(who, tensor):
    """The shape (out, in, ...) of a kernel, and its centre."""
    check_tensor(who, tensor)
    shape = tuple(tensor.shape)
    if len(shape) not in (3, 4, 5):
        mend = "; of a matrix it is eye_" if who == "dirac_" else "; of a matrix it is orthogonal_"
        raise ValueError(
            f"{who}: expected a kernel (out, in, ...) of 3, 4 or 5 axes, got shape {shape}"
            + (mend if len(shape) == 2 else "")
        )
    return shape, tuple([n // 2 for n in shape[2:]])


def eye_(tensor):
    """The identity matrix: ones on the diagonal, zeros elsewhere.

    For recurrent weights under ReLU: Le, Jaitly and Hinton, arXiv:1504.00941 (2015).
    Errors: ValueError unless 2 axes.
    """
    _two_axes("eye_", tensor)
    return put(tensor, np.eye(*tensor.shape, dtype=tensor.dtype.numpy))


def dirac_(tensor, groups=1):
    """Kernels that pass each channel on: 1 at the kernel's centre for output i from input i.

    Shapes: (out, in, ...) with 1, 2 or 3 axes of a kernel; groups: that many blocks of outputs.
    Zagoruyko and Komodakis, arXiv:1706.00388 (2017).
    Errors: ValueError for another number of axes, or if groups does not divide out.
    """
    shape, centre = _kernel("dirac_", tensor)
    if groups < 1 or shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} outputs do not make {groups} groups")
    values = np.zeros(shape, tensor.dtype.numpy)
    each = shape[0] // groups
    for group in range(groups):
        for i in range(min(each, shape[1])):
            values[(group * each + i, i, *centre)] = 1
    return put(tensor, values)


def orthogonal_(tensor, gain=1, generator=None):
    """gain Q, with Q's rows (or columns, where they are fewer) orthonormal.

    Q is that of the QR factorisation of a matrix of normal numbers, each column times the
    sign of R's diagonal element, which makes every Q equally likely. Axes from the second
    on count as one. Saxe, McClelland and Ganguli, ICLR 2014; Mezzadri, Notices of the AMS 2007.
    Errors: ValueError for fewer than 2 axes.
    """
    check_tensor("orthogonal_", tensor)
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(f"orthogonal_: expected 2 axes or more, got shape {shape}")
    if 0 in shape:
        return tensor
    q = _orthogonal(shape[0], prod(shape[1:]), tensor.dtype, gain, generator)
    return put(tensor, q.reshape(shape))


def delta_orthogonal_(tensor, gain=1, generator=None):
    """gain Q, orthogonal_'s, at each kernel's centre, and 0 elsewhere: a convolution that keeps
    every input's norm (times gain), at any depth.

    Shapes: (out, in, ...) with 1, 2 or 3 axes of a kernel and out >= in.
    Errors: ValueError for other shapes: fewer outputs than inputs cannot keep a norm.
    Xiao, Bahri, Sohl-Dickstein, Schoenholz and Pennington, ICML 2018.
    """
    shape, centre = _kernel("delta_orthogonal_", tensor)
    if shape[0] < shape[1]:
        raise ValueError(
            f"delta_orthogonal_: {shape[0]} outputs of {shape[1]} inputs cannot keep the inputs' norm (shape {shape}); "
            "it takes as many outputs as inputs, or more"
        )
    values = np.zeros(shape, tensor.dtype.numpy)
    if values.size:
        values[(slice(None), slice(None), *centre)] = _orthogonal(*shape[:2], tensor.dtype, gain, generator)
    return put(tensor, values)


def _orthogonal(rows, columns, dtype, gain, generator):
    drawn = empty((rows, columns), dtype=dtype).normal_(0, 1, generator=generator).numpy()
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q *= np.sign(np.diagonal(r))
    return (q.T if rows < columns else q) * q.dtype.type(gain)


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """normal(0, std), with the share `sparsity` of each column's elements set to 0.

    Martens, ICML 2010. (PyTorch takes the places of the zeros from the default generator
    even if another is given; here that generator draws both.)
    Errors: ValueError unless 2 axes and 0 <= sparsity <= 1.
    """
    _two_axes("sparse_", tensor)
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: the share of zeros is in [0, 1], got {sparsity}")
    rows, columns = tensor.shape
    zeros = ceil(sparsity * rows)
    normal_(tensor, 0.0, std, generator)
    values = tensor.detach().numpy().copy()
    for column in range(columns):
        values[randperm(rows, generator=generator).numpy()[:zeros], column] = 0
    return put(tensor, values)
