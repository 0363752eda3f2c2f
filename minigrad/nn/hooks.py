"""How a module's hooks are called; registering them is in module.py."""

from minigrad.autograd import Function
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

    The tensors that require grad, of the inputs and of the outputs, pass through a gate, at
    which their gradients arrive together.
    """

    def __init__(self, module):
        self.module = module
        self.grad_output = ()
        self.watches_inputs = False

    def watch_inputs(self, args):
        self.n_inputs = len(args)
        self.watches_inputs = any(isinstance(a, Tensor) and a.requires_grad for a in args)
        return _gated(args, self.inputs_arrived)

    def watch_outputs(self, output):
        if isinstance(output, dict):
            return dict(zip(output, _gated(tuple(output.values()), self.outputs_arrived), strict=True))
        if isinstance(output, (tuple, list)):
            gated = _gated(tuple(output), self.outputs_arrived)
            return type(output)(*gated) if hasattr(output, "_fields") else type(output)(gated)
        return _gated((output,), self.outputs_arrived)[0]

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


class _Gate(Function):
    """y_k = x_k; the gradients, None where none came, go through arrived(gradients)"""

    @staticmethod
    def forward(ctx, arrived, *tensors):
        ctx.set_materialize_grads(False)
        ctx.arrived = arrived
        return tensors

    @staticmethod
    def backward(ctx, *gradients):
        return None, *ctx.arrived(gradients)


def _gated(values, arrived):
    """The values with each tensor that requires grad behind a gate; arrived, given a tuple with the
    gradient of each value, or None, gives those to go on with."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not places:
        return values

    def all_arrived(gradients):
        seen = [None] * len(values)
        for place, gradient in zip(places, gradients, strict=True):
            seen[place] = gradient
        passed = arrived(tuple(seen))
        return tuple([passed[place] for place in places])

    gated = list(values)
    for place, tensor in zip(places, _Gate.apply(all_arrived, *[values[i] for i in places]), strict=True):
        gated[place] = tensor
    return tuple(gated)
