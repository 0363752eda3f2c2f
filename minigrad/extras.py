"""Functions beside the operations: limits of dtypes, and what a line of operations gives."""

import numpy as np

from minigrad.ops.creation import ones_like
from minigrad.tensor import Tensor, as_tensor, from_numpy, get_default_dtype, tensor

__all__ = ["asarray", "finfo", "iinfo", "isin", "trapezoid", "trapz"]


class finfo:
    """The limits of a floating dtype (None: the default one), as Python numbers.

    bits; eps, from 1 to the next number; max and min = -max; tiny, the smallest number of full
    precision; resolution, 10 to the -digits that are sure.
    """

    def __init__(self, type=None):
        limits = np.finfo(np.dtype(get_default_dtype() if type is None else type))
        self.bits = limits.bits
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = float(limits.resolution)
        self.dtype = limits.dtype.name

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype: bits, min, max."""

    def __init__(self, type):
        limits = np.iinfo(np.dtype(type))
        self.bits, self.min, self.max = limits.bits, int(limits.min), int(limits.max)
        self.dtype = limits.dtype.name

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """obj (a tensor, an array, numbers) as a tensor; copy: True always copies, False never.

    Errors: ValueError where copy is False and only a copy would do.
    """
    made = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype=dtype, device=device)
    if copy is False and not (made is obj or (isinstance(obj, np.ndarray) and np.shares_memory(made.numpy(), obj))):
        raise ValueError(f"asarray: {type(obj).__name__} cannot become this tensor without a copy; leave copy out")
    return made.requires_grad_() if requires_grad else made


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Which elements are among test_elements: a bool tensor of the elements' shape; invert: which are not."""
    arrays = [x.numpy(force=True) if isinstance(x, Tensor) else x for x in (elements, test_elements)]
    return from_numpy(np.asarray(np.isin(*arrays, assume_unique=assume_unique, invert=invert)))


def trapezoid(y, x=None, *, dx=None, dim=-1):
    """The area under y along dim by straight lines between the points: sum (y[i] + y[i+1]) / 2 (x[i+1] - x[i]).

    x: where the points are, of y's shape or of its length along dim; or their distance dx (1).
    """
    if x is not None and dx is not None:
        raise TypeError("trapezoid: got both x and dx; give the points x or their distance dx")
    n = y.shape[dim]
    if n == 0:
        return y.sum(dim)
    middle = (y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) / 2
    if x is None:
        return middle.sum(dim) * (1 if dx is None else dx)
    if x.ndim == 1 and y.ndim > 1:
        x = x.reshape([-1 if axis == dim % y.ndim else 1 for axis in range(y.ndim)]) * ones_like(y).detach()
    return (middle * (x.narrow(dim, 1, n - 1) - x.narrow(dim, 0, n - 1))).sum(dim)


def trapz(y, x=None, *, dx=None, dim=-1):
    """trapezoid()."""
    return trapezoid(y, x, dx=dx, dim=dim)
