"""Going back to before a trial: a model, its optimizer and the random numbers as they were, to the bit."""

import sys
from collections import defaultdict
from contextlib import contextmanager
from copy import deepcopy

from minigrad.autograd import no_grad
from minigrad.ops.generator import Generator, default_generator
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor

__all__ = ["rewinding"]


@contextmanager
def rewinding(model, optimizer, data=None):
    """Inside `with rewinding(model, optimizer):` one may train; after it nothing has happened.

    What goes back: parameters, their gradients, buffers, modes and the other attributes of every
    module; the optimizer's groups, state and attributes, and those of an optimizer inside it; all
    of these are the same objects again. The default generator, Python's and NumPy's, and that of
    a loader `data`. What a dataset or a hook keeps elsewhere is its own business.
    """
    back = [_keep_attributes(module) for module in model.modules()]
    optimizers = _nested(optimizer)
    tensors = {id(t): t for t in (*model.parameters(), *model.buffers())}
    tensors |= {id(p): p for group in optimizer.param_groups for p in group["params"]}
    back += [_keep_tensor(t) for t in tensors.values()]
    back += [_keep_generator(g) for g in (default_generator, *_generators(data))]
    back += _keep_foreign_generators()
    back += [_keep_optimizer(each) for each in optimizers]
    try:
        yield
    finally:
        for restore in reversed(back):
            restore()


def _keep_tensor(t):
    values, grad = t.detach().clone(), t.grad
    grad_values = None if grad is None else grad.detach().clone()

    def restore():
        with no_grad():
            t.copy_(values)
            if grad is not None:
                grad.copy_(grad_values)
        if t.grad is not grad:
            t.grad = grad

    return restore


def _keep_attributes(thing):
    """The attributes of an object, and what lists, dicts and sets among them hold."""
    own = vars(thing)
    before = dict(own)
    held = [(value, value.copy()) for value in own.values() if isinstance(value, (list, dict, set))]

    def restore():
        own.clear()
        own.update(before)
        for container, content in held:
            container.clear()
            (container.extend if isinstance(container, list) else container.update)(content)

    return restore


def _nested(optimizer):
    """An optimizer and those inside it."""
    inner = [each for each in vars(optimizer).values() if isinstance(each, Optimizer)]
    return [optimizer] + [further for each in inner for further in _nested(each)]


def _keep_optimizer(optimizer):
    """Lets the trial have copies of the state, and of settings that are tensors."""
    attributes = _keep_attributes(optimizer)
    own = vars(optimizer)
    groups = [(group, dict(group)) for group in own.get("param_groups", ())]
    if "state" in own:
        own["state"] = defaultdict(dict, {p: deepcopy(state) for p, state in own["state"].items()})
    for group, settings in groups:
        group.update((name, value.clone()) for name, value in settings.items() if isinstance(value, Tensor))

    def restore():
        attributes()
        for group, settings in groups:
            group.clear()
            group.update(settings)

    return restore


def _generators(data):
    """A loader's generators."""
    batches = getattr(data, "batch_sampler", None)
    sources = (data, getattr(data, "sampler", None), batches, getattr(batches, "sampler", None))
    found = {id(g): g for g in (getattr(source, "generator", None) for source in sources) if isinstance(g, Generator)}
    return found.values()


def _keep_generator(generator):
    state = generator.get_state()
    return lambda: generator.set_state(state)


def _keep_foreign_generators():
    """Python's and NumPy's global ones, for transforms that draw there, if anybody has imported them."""
    back = []
    if python := sys.modules.get("random"):
        state = python.getstate()
        back.append(lambda: python.setstate(state))
    if numpy := sys.modules.get("numpy.random"):
        numpy_state = numpy.get_state()
        back.append(lambda: numpy.set_state(numpy_state))
    return back
