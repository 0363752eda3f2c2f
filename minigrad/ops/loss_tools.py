"""What the losses share: their reduction and their weights, the checks of their arguments, and the op of
those that are computed element by element."""
import numpy as np

from minigrad.autograd.engine import Op
from minigrad.ops.arithmetic import floating, operands
from minigrad.tensor import check_tensors, describe, lend, same_shape, wrap


def reduction_of(who, reduction, size_average=None, reduce=None):
    """The reduction's name; size_average and reduce are PyTorch's older words for it."""
    if size_average is not None or reduce is not None:
        return "none" if reduce is False else "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{who}: reduction is 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


def reduced_by(losses, how):
    return losses if how == "none" else losses.sum() if how == "sum" else losses.mean()


def weighed(who, losses, weight, how):
    """The losses times their weights, reduced; their mean is over the weights' sum."""
    if weight is None:
        return reduced_by(losses, how)
    check_tensors(who, weight)
    if not same_shape(weight, losses):
        raise ValueError(f"{who}: expected a weight for each element, of shape {tuple(losses.shape)}, got "
                         f"{describe(weight)}")
    losses = losses * weight
    return losses.sum() / weight.sum() if how == "mean" else reduced_by(losses, how)


def times(who, losses, weight):
    """The losses times a weight, if there is one, in their dtype."""
    if weight is None:
        return losses
    check_tensors(who, weight)
    return losses * weight.to(losses.dtype)


def check_shapes(who, input, target):
    """An error unless prediction and target have one shape: (N, 1) against (N) would
    broadcast to (N, N) and train towards nonsense."""
    check_tensors(who, input, target)
    if same_shape(input, target):
        return
    mend = ""
    if input.numel() == target.numel():
        mend = f"; give both one shape (target.reshape({', '.join([str(n) for n in input.shape])}), or input.squeeze())"
    raise ValueError(
        f"{who}: input {tuple(input.shape)} and target {tuple(target.shape)} differ in shape and would be "
        f"broadcast{mend}"
    )


def floats(who, input, target):
    """Prediction and target, which have one shape, as floating tensors of one dtype."""
    check_shapes(who, input, target)
    x, t = operands(who, input, target)
    return floating(x), floating(t)


def as_doubles(x):
    return np.asarray(lend(x), np.float64)


def rounded(array, dtype):
    with np.errstate(all="ignore"):
        return wrap(np.asarray(array, dtype.numpy))


class ElementLoss(Op):
    """y = f(x, t, ...), element by element, of tensors of one shape: computed in double by NumPy, rounded once.

    A class defines compute(x, t, ...), on arrays of double, and backward(dy), made of operations.
    """
    def forward(self, *tensors):
        self.saved = tensors
        with np.errstate(all="ignore"):
            return rounded(self.compute(*[None if x is None else as_doubles(x) for x in tensors]), tensors[0].dtype)

    def of(self, *tensors):
        """Runs and records it."""
        return self.record_all(self.forward(*tensors), tensors)
