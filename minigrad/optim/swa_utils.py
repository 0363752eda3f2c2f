"""Averages of a model's weights over training: AveragedModel, and batch norm for it.

    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999))
    for x, y in loader:
        ...
        optimizer.step()
        averaged.update_parameters(model)
    update_bn(loader, averaged)
"""

from copy import deepcopy

from minigrad.autograd import no_grad
from minigrad.nn.module import Module
from minigrad.nn.norm import InstanceNorm1d, _BatchNorm
from minigrad.optim.lr_scheduler import SWALR  # noqa: F401
from minigrad.optim.optimizer import check_number
from minigrad.tensor import tensor

__all__ = [
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


# ---- rules of averaging ------------------------------------------------------------------------

def get_ema_multi_avg_fn(decay=0.999):
    """a <- decay a + (1 - decay) p: the average that forgets, for all tensors at once.

    decay: in [0, 1]; 0.999 averages about the last thousand. Errors: ValueError outside.
    """
    check_number("get_ema_multi_avg_fn", "decay", decay, high=[1.0])

    @no_grad()
    def ema_update(averages, params, num_averaged):
        for a, p in zip(averages, params, strict=True):
            a.lerp_(p, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn():
    """a <- a + (p - a) / (n + 1): the average of all n + 1 so far, for all tensors at once."""

    @no_grad()
    def swa_update(averages, params, num_averaged):
        for a, p in zip(averages, params, strict=True):
            a.lerp_(p, 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay=0.999):
    """decay a + (1 - decay) p, for one tensor: see get_ema_multi_avg_fn."""
    check_number("get_ema_avg_fn", "decay", decay, high=[1.0])

    @no_grad()
    def ema_update(average, param, num_averaged):
        return decay * average + (1 - decay) * param

    return ema_update


def get_swa_avg_fn():
    """a + (p - a) / (n + 1), for one tensor: see get_swa_multi_avg_fn."""

    @no_grad()
    def swa_update(average, param, num_averaged):
        return average + (param - average) / (int(num_averaged) + 1)

    return swa_update


# ---- the model ---------------------------------------------------------------------------------

class AveragedModel(Module):
    """A copy of a model whose parameters are the average of the model's over all update_parameters().

        a <- p                              at the first update
        a <- a + (p - a) / (n + 1)          at the next, n updates later (SWA), or as avg_fn says

    model: it is copied, as `module`; calling the average calls that.
    avg_fn: (a, p, n) -> the new a, for one tensor. multi_avg_fn: (list of a, list of p, n) -> None,
    which changes the a in place, called once for each dtype; get_ema_multi_avg_fn(decay) makes the
    exponential moving average. n is n_averaged, a tensor.
    use_buffers: averages floating buffers, too (batch norm's statistics); without it they are
    copied from the model, and update_bn() computes them for the average. Whole numbers are copied.
    Errors: ValueError for both functions at once, and for a model of other shapes; nothing is
    changed then.

    Polyak and Juditsky (1992); Izmailov et al., Averaging weights leads to wider optima and better
    generalization (2018), arXiv:1803.05407.
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: got both avg_fn and multi_avg_fn; give one")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model):
        """Takes the model's present parameters into the average."""
        ours, theirs = list(self.module.parameters()), list(model.parameters())
        our_buffers, their_buffers = list(self.module.buffers()), list(model.buffers())
        shapes = [[tuple(t.shape) for t in tensors] for tensors in (ours + our_buffers, theirs + their_buffers)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"AveragedModel.update_parameters: the average is of tensors of shapes {shapes[0]}, this model has "
                f"{shapes[1]}; it must be the model the average was made from"
            )
        pairs = list(zip(ours, theirs, strict=True))
        for a, p in zip(our_buffers, their_buffers, strict=True):
            if self.use_buffers and a.dtype.is_floating_point:
                pairs.append((a, p))
            else:
                a.copy_(p)
        pairs = [(a.detach(), p.detach()) for a, p in pairs]
        if self.n_averaged == 0:
            for a, p in pairs:
                a.copy_(p)
        elif self.avg_fn is not None:
            for a, p in pairs:
                a.copy_(self.avg_fn(a, p, self.n_averaged))
        else:
            average = self.multi_avg_fn or get_swa_multi_avg_fn()
            by_dtype = {}
            for a, p in pairs:
                by_dtype.setdefault(a.dtype, ([], []))
                by_dtype[a.dtype][0].append(a)
                by_dtype[a.dtype][1].append(p)
            for averages, params in by_dtype.values():
                average(averages, params, self.n_averaged)
        self.n_averaged += 1


@no_grad()
def update_bn(loader, model, device=None):
    """Computes batch norm's running statistics anew: the averages over one pass through the loader.

    loader: batches, or lists and tuples whose first entry is one. A model without running
    statistics is left alone. The mode (training or not) and momenta are what they were afterwards.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and not isinstance(m, InstanceNorm1d)]
    norms = [m for m in norms if m.running_mean is not None]
    if not norms:
        return
    momenta, modes = [m.momentum for m in norms], [(m, m.training) for m in model.modules()]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    model.train()
    try:
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    finally:
        for m, momentum in zip(norms, momenta, strict=True):
            m.momentum = momentum
        for m, training in modes:
            m.training = training
