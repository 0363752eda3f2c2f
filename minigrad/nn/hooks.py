"""How a module's hooks are called; registering them is in module.py."""

from minigrad.ops.creation import zeros_like
from minigrad.ops.joining import cat
from minigrad.tensor import Tensor


class Hook:
    """A registered function and how it wants to be called."""

    __slots__ = ("always_call", "function", "kind", "with_kwargs")

    def __init__(self, kind, function, with_kwargs, always_call):
        self.kind = kind
        self.function = function
        self.with_kwargs = with_kwargs
        self.always_call = always_call

    def before(self, module, args, kwargs):
        """Calls it ahead of forward; gives the arguments to go on with."""
        if not self.with_kwargs:
            got = self.function(module, args)
            return (args if got is None else got if isinstance(got, tuple) else (got,)), kwargs
        got = self.function(module, args, kwargs)
        if got is None:
            return args, kwargs
        if not isinstance(got, tuple) or len(got) != 2:
            raise RuntimeError(f"a forward pre-hook with_kwargs gives None or (args, kwargs), got {got!r}")
        return got

    def after(self, module, args, kwargs, output):
        """Calls it behind forward; gives what it gives."""
        if self.with_kwargs:
            return self.function(module, args, kwargs, output)
        return self.function(module, args, output)


class BackwardWatch:
    """Shows one call's gradients to the module's backward hooks as they go by.

    The tensors that require grad, of the inputs and of the outputs, pass through a gate: a
    view of the tensor (or, of several, of all of them joined in one, so that their gradients
    arrive together), whose gradient a hook sees.
    """

    def __init__(self, module):
        self.module = module
        self.grad_output = ()
        self.watches_inputs = False

    def watch_inputs(self, args):
        self.n_inputs = sum(isinstance(a, Tensor) for a in args)
        self.watches_inputs = any(isinstance(a, Tensor) and a.requires_grad for a in args)
        return _gate(args, self.inputs_arrived)

    def watch_outputs(self, output):
        if isinstance(output, dict):
            return dict(zip(output, _gate(tuple(output.values()), self.outputs_arrived), strict=True))
        if isinstance(output, (tuple, list)):
            gated = _gate(tuple(output), self.outputs_arrived)
            return type(output)(*gated) if hasattr(output, "_fields") else type(output)(gated)
        return _gate((output,), self.outputs_arrived)[0]

    def outputs_arrived(self, gradients):
        for hook in self.module._hooks_of("backward_pre"):
            gradients = _replaced(gradients, hook(self.module, gradients))
        self.grad_output = gradients
        if not self.watches_inputs:  # nothing will arrive there: now or never
            self.inputs_arrived((None,) * self.n_inputs)
        return gradients

    def inputs_arrived(self, gradients):
        for hook in self.module._hooks_of("backward"):
            gradients = _replaced(gradients, hook(self.module, gradients, self.grad_output))
        self.grad_output = ()
        return gradients


def _replaced(gradients, by):
    """The gradients to go on with after a hook gave `by`."""
    if by is None:
        return gradients
    by = by if isinstance(by, tuple) else (by,)
    if len(by) != len(gradients):
        raise RuntimeError(f"a backward hook gave {len(by)} gradients where there are {len(gradients)}")
    return by


def _gate(values, arrived):
    """The values with each tensor that requires grad replaced by a view of it; arrived, given
    the tuple of their gradients, gives those to go on with."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    tensors = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
    if not places:
        return values
    gated = list(values)
    shapes = [tuple(values[i].shape) for i in places]
    if len(places) == 1:
        joined = gated[places[0]] = values[places[0]].view(shapes[0])
    else:
        joined = cat([values[i].reshape(-1) for i in places])
        _apart(joined, places, shapes, gated)

    def hook(gradient):
        seen = [None] * len(values)
        if len(places) == 1:
            seen[places[0]] = gradient
        else:
            _apart(gradient, places, shapes, seen)
        after = arrived(tuple([seen[i] for i in tensors]))
        passed = [after[tensors.index(i)] for i in places]
        if all(p is s for p, s in zip(passed, [seen[i] for i in places], strict=True)):
            return gradient
        passed = [zeros_like(seen[i]) if p is None else p for i, p in zip(places, passed, strict=True)]
        return passed[0] if len(places) == 1 else cat([p.reshape(-1) for p in passed])

    joined.register_hook(hook)
    return tuple(gated)


def _apart(joined, places, shapes, into):
    """Cuts a joined tensor up again: part k, in its shape, goes to into[places[k]]."""
    start = 0
    for place, shape in zip(places, shapes, strict=True):
        size = 1
        for length in shape:
            size *= length
        into[place] = joined[start : start + size].reshape(shape)
        start += size
