"""Operations of your own: a pair of Python functions, forward and backward.

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, dy):
            x, = ctx.saved_tensors
            return dy * 3 * x * x

    y = Cube.apply(x)

forward runs without recording; backward is made of ordinary operations, so it can be
differentiated again.
"""
from functools import reduce, wraps
from operator import add

import numpy as np

from minigrad.autograd.engine import Op, no_grad, recording
from minigrad.tensor import Tensor, alias, check_tensors, wrap


class FunctionCtx:
    """What forward leaves for backward: tensors by save_for_backward, anything as attributes.

    needs_input_grad: for each argument of apply, whether its gradient is wanted.
    """

    def __init__(self):
        self.needs_input_grad = ()
        self.materialize_grads = True
        self._to_save = ()
        self._saved = None
        self._dirty = ()
        self._plain = ()

    def save_for_backward(self, *tensors):
        """Keeps tensors (or Nones); that they are not changed in between is checked."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward: expected tensors, got {type(tensor).__name__}; keep other things as "
                    "attributes (ctx.n = n)"
                )
        self._to_save = tensors

    @property
    def saved_tensors(self):
        """The tensors that forward saved."""
        if self._saved is None:
            raise RuntimeError("saved_tensors: these are there only while backward runs")
        return self._saved

    def mark_dirty(self, *tensors):
        """Says which arguments forward changed in place; it must return these."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors):
        """Says which results have no gradient."""
        self._plain = tensors

    def set_materialize_grads(self, value):
        """Whether backward gets zeros (the default) or None for a result nothing came back to."""
        self.materialize_grads = bool(value)


class FunctionOp(Op):
    """One application of a Function.

    An op has one output. Where the Function gives several results, that is a tensor of a number for each,
    a stem that they grow from: see Result.
    """

    def __init__(self, function, ctx, results):
        self.function, self.ctx = function, ctx
        self.zeros = [(tuple(y.shape), y.dtype.numpy) for y in results]
        self.parts = [[] for _ in results]      # the gradients that have come back to each of several
        self.n_saved = len(ctx._to_save)
        self.outputs = [(place, which) for place, x in enumerate(ctx._to_save)      # results that are saved
                        for which, y in enumerate(results) if x is y]
        self.saved = tuple([alias(x) if _among(x, results) else x for x in ctx._to_save])

    def backward(self, dy):
        self.ctx._saved = self.unpacked()
        try:
            gradients = self.function.backward(self.ctx, *self.arrived(dy))
        finally:
            self.ctx._saved = None
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
        n = len(self.edges)
        if len(gradients) > n and all(g is None for g in gradients[n:]):
            gradients = gradients[:n]
        if len(gradients) != n:
            raise RuntimeError(
                f"{self.name()}: backward gave {len(gradients)} gradients for {n} arguments of forward; "
                "give one for each, None where there is none"
            )
        for g in gradients:
            if g is not None and not isinstance(g, Tensor):
                raise TypeError(f"{self.name()}: backward gives tensors and Nones, got {type(g).__name__}")
        return gradients

    def arrived(self, dy):
        """The gradient of each result; of several, dy counts how many parts have come back to each."""
        if len(self.parts) == 1:
            return [dy]
        # a walk that broke off has left older parts, before these
        came = [parts[len(parts) - int(n):] for parts, n in zip(self.parts, dy.tolist(), strict=True)]
        self.parts = [[] for _ in self.parts]
        nothing = [wrap(np.zeros(*zeros)) if self.ctx.materialize_grads else None for zeros in self.zeros]
        return [reduce(add, parts) if parts else none for parts, none in zip(came, nothing, strict=True)]

    def unpacked(self):
        """The saved tensors; those that are results are given their place in the graph back."""
        saved = list((self.saved or ())[:self.n_saved])
        for place, which in self.outputs:
            own = self.output()
            saved[place] = own if len(self.parts) == 1 else Result(which).record(alias(saved[place]), own)
        return tuple(saved)

    def name(self):
        return f"{self.function.__name__}Backward"


class Result(Op):
    """One of several results: hands its gradient over to the Function's op, and counts it in the stem's."""

    def __init__(self, which):
        self.which = which

    def backward(self, dy):
        parts = self.edges[0].parts
        parts[self.which].append(dy)
        count = np.zeros(len(parts), np.float32)
        count[self.which] = 1
        return wrap(count)

    def name(self):
        return self.edges[0].name()


class Function:
    """The base of operations written in Python; see the top of this file.

    forward(ctx, *arguments) gives a tensor or a tuple of them; backward(ctx, *gradients) gets
    one gradient a result and gives one an argument. Instead of taking ctx, forward may leave
    it to setup_context(ctx, inputs, output).
    """

    @staticmethod
    def forward(ctx, *arguments):
        raise NotImplementedError("Function: define forward(ctx, ...) as a staticmethod")

    @staticmethod
    def backward(ctx, *gradients):
        raise NotImplementedError("Function: define backward(ctx, *gradients) as a staticmethod")

    setup_context = None

    @classmethod
    def apply(cls, *arguments):
        """Runs forward on the arguments and records it."""
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple([isinstance(a, Tensor) and a.requires_grad for a in arguments])
        with no_grad():
            if cls.setup_context is None:
                given = cls.forward(ctx, *arguments)
            else:
                given = cls.forward(*arguments)
                cls.setup_context(ctx, arguments, given)
        several = isinstance(given, tuple)
        check_tensors(f"{cls.__name__}.forward", *given if several else (given,))
        # an argument handed through is not itself the result
        results = [alias(y) if _among(y, arguments) and not _among(y, ctx._dirty) else y
                   for y in (given if several else (given,))]
        if recording() and any(ctx.needs_input_grad):
            _record(FunctionOp(cls, ctx, results), results, arguments)
        ctx._to_save = ctx._dirty = ctx._plain = ()
        return tuple(results) if several else results[0]


def _record(op, results, arguments):
    tensors = [a if isinstance(a, Tensor) else None for a in arguments]
    have_gradients = [y.is_floating_point() and not _among(y, op.ctx._plain) for y in results]
    stem = results[0] if len(results) == 1 else wrap(np.zeros(len(results), np.float32))
    if not any(have_gradients):
        return
    if op.outputs:
        op.keep(stem)
    op.record_all(stem, tensors)
    for which, y in enumerate(results):
        if y is not stem and have_gradients[which]:
            Result(which).record(y, stem)


def _among(x, others):
    """Whether x itself, not its equal, is among others."""
    return any(x is other for other in others)


def once_differentiable(backward):
    """A decorator for a backward that cannot itself be differentiated."""

    @wraps(backward)
    def undifferentiated(ctx, *gradients):
        with no_grad():
            return backward(ctx, *gradients)

    return undifferentiated
