"""lr_finder: a short trial that shows which learning rates a network can bear."""

import math

import numpy as np

from minigrad.autograd import enable_grad
from minigrad.nn.module import Module
from minigrad.ops import update
from minigrad.optim.lr_curve import LRCurve
from minigrad.optim.optimizer import Optimizer, check_number
from minigrad.optim.rewind import rewinding
from minigrad.tensor import Tensor

__all__ = ["lr_finder"]


def lr_finder(
    model, optimizer, loss_fn, data, *, start_lr=1e-7, end_lr=10.0, num_iter=100, batch_size=None, smoothing=0.9,
    diverge=4.0,
):  # fmt: skip
    """The learning-rate range test: trains for some steps with a rate that grows from hardly anything
    to too much, and records the loss.

        lr_k = start_lr (end_lr / start_lr)^(k / (num_iter - 1))        k = 0, 1, ..., num_iter - 1
        a_k = smoothing a_(k-1) + (1 - smoothing) loss_k                a_(-1) = 0
        smoothed_k = a_k / (1 - smoothing^(k+1))                        without the pull of that 0

    Then everything goes back to what it was, to the bit: parameters, gradients, buffers, modes,
    the optimizer's settings and state, the random numbers (see optim.rewind).

        found = lr_finder(model, optim.SGD(model.parameters(), momentum=0.9), nn.CrossEntropyLoss(), loader)
        print(found)
        optimizer = optim.SGD(model.parameters(), lr=found.suggestion, momentum=0.9)

    model: trained in training mode, as loss_fn(model(x), y).
    optimizer: the one you mean to use; what it remembers is used and given back. Groups with
    different rates keep their proportion, and lr is the highest.
    data: a loader, gone through as often as needed: any iterable of batches (x, y), or
    (x1, ..., xn, y) for a model of n inputs. Or a pair (x, y) of tensors, all of it at every step,
    or batch_size random rows.
    smoothing: in [0, 1); 0.9 averages about the last ten losses and lags as far behind.
    diverge: stops when the smoothed loss is above where it began, and above its lowest value b by
    (diverge - 1) |b|; or when the loss, or a gradient, is NaN or infinite.

    Gives an LRCurve: lrs, losses, smoothed, suggestion, plot().

    Errors: TypeError and ValueError for arguments that are something else, naming what they
    are; ValueError for a loss that is not finite at the very first step.

    Smith, Cyclical learning rates for training neural networks (2017), arXiv:1506.01186, section 3.3.
    """
    _check(model, optimizer, loss_fn, start_lr, end_lr, num_iter, smoothing, diverge)
    lrs, losses, smoothed = start_lr * (end_lr / start_lr) ** (np.arange(num_iter) / (num_iter - 1)), [], []
    average, stopped = 0.0, None
    with rewinding(model, optimizer, data), enable_grad(), np.errstate(all="ignore"):
        model.train()
        shares = _shares(optimizer)
        for k, (lr, batch) in enumerate(zip(lrs, _batches(data, batch_size), strict=False)):
            for group, share in zip(optimizer.param_groups, shares, strict=True):
                group["lr"] = float(lr) * share
            step = _Step(model, optimizer, loss_fn, batch)
            loss = step.evaluate()
            if not math.isfinite(loss):
                if k == 0:
                    raise ValueError(
                        f"lr_finder: the loss is {loss} at the first step, before any learning; look for NaN in the "
                        "data and for what the model makes of it"
                    )
                stopped = f"the loss became {loss}"
                break
            losses.append(loss)
            average = smoothing * average + (1 - smoothing) * loss
            smoothed.append(average / (1 - smoothing ** (k + 1)))
            lowest = min(smoothed)
            if smoothed[-1] > max(smoothed[0], lowest + (diverge - 1) * abs(lowest)):
                stopped = "the loss diverged"
                break
            if not step.take():
                stopped = "a gradient is no longer finite"
                break
    return LRCurve(lrs[: len(losses)], np.array(losses), np.array(smoothed), stopped)


class _Step:
    """A step of training on one batch, in two halves."""

    def __init__(self, model, optimizer, loss_fn, batch):
        if not isinstance(batch, (tuple, list)) or len(batch) < 2:
            raise TypeError(
                f"lr_finder: expected batches (x, y), got {type(batch).__name__}"
                f"{f' of {len(batch)}' if isinstance(batch, (tuple, list)) else ''}; give a loader of such pairs"
            )
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        *self.inputs, self.target = batch
        self.params = [p for group in optimizer.param_groups for p in group["params"]]

    def evaluate(self):
        """The loss, and its gradients."""
        return self._closure().item()

    def _closure(self):
        for p in self.params:
            p.grad = None
        loss = self.loss_fn(self.model(*self.inputs), self.target)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            saw = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            raise ValueError(f"lr_finder: loss_fn(model(x), y) must be a tensor of one number, got {saw}")
        loss.backward()
        return loss

    def take(self):
        """The optimizer's step, if all gradients are finite; whether they are."""
        gradients = [p.grad for p in self.params if p.grad is not None]
        if update.find_nonfinite(gradients) is not None:
            return False
        # A step() of its own may want the closure (LBFGS) or not know one: it has the gradients, too.
        self.optimizer.step(*[] if type(self.optimizer).step is Optimizer.step else [self._closure])
        return True


def _shares(optimizer):
    """What part of the highest rate each group has."""
    lrs = [float(group["lr"]) for group in optimizer.param_groups]
    highest = max(lrs)
    return [lr / highest for lr in lrs] if highest else [1.0] * len(lrs)


def _batches(data, batch_size):
    """Batches without an end."""
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(part, Tensor) for part in data):
        if batch_size is None:
            while True:
                yield data
        from minigrad.utils.data import DataLoader, TensorDataset

        data = DataLoader(TensorDataset(*data), batch_size=batch_size, shuffle=True)
    elif batch_size is not None:
        raise ValueError("lr_finder: batch_size goes with a pair (x, y) of tensors; a loader has its own")
    if not hasattr(data, "__iter__"):
        raise TypeError(f"lr_finder: data must be a loader, or a pair (x, y) of tensors, got {type(data).__name__}")
    if hasattr(data, "__next__"):
        raise TypeError(
            f"lr_finder: data is a {type(data).__name__}, which can be gone through once only and would be used up; "
            "give the loader itself, or a list"
        )
    while True:
        empty = True
        for batch in data:
            empty = False
            yield batch
        if empty:
            raise ValueError("lr_finder: the loader gave no batch; is its dataset empty, or smaller than a batch?")


def _check(model, optimizer, loss_fn, start_lr, end_lr, num_iter, smoothing, diverge):
    who = "lr_finder"
    if not isinstance(model, Module):
        raise TypeError(f"{who}: model must be an nn.Module, got {type(model).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{who}: optimizer must be one such as optim.SGD(...), got {type(optimizer).__name__}")
    if not callable(loss_fn):
        raise TypeError(f"{who}: loss_fn must be a function of (model(x), y), got {type(loss_fn).__name__}")
    for module in model.modules():
        if getattr(module, "has_uninitialized_params", bool)():
            raise ValueError(
                f"{who}: {type(module).__name__} has no weights yet and could not go back to that; call the model on "
                "a batch first"
            )
    owned = {id(p) for p in model.parameters()}
    if not any(id(p) in owned for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(f"{who}: the optimizer has none of this model's parameters; was it made for another one?")
    check_number(who, "start_lr", start_lr)
    check_number(who, "end_lr", end_lr)
    if not 0 < start_lr < end_lr:
        raise ValueError(f"{who}: needs 0 < start_lr < end_lr, got {start_lr} and {end_lr}")
    if isinstance(num_iter, bool) or not isinstance(num_iter, (int, np.integer)) or num_iter < 10:
        raise ValueError(f"{who}: num_iter must be a whole number of at least 10, got {num_iter!r}")
    check_number(who, "smoothing", smoothing, high=1.0)
    check_number(who, "diverge", diverge, low=1.0)
