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
from minigrad.autograd.engine cimport Op, Walk, push, recording, set_recording
from minigrad.tensor cimport Tensor, alias, filled


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


cdef class FunctionOp(Op):
    """One application of a Function."""
    cdef object function, ctx
    cdef list parts             # the gradient of each result, where there are several
    cdef tuple shapes           # a tensor of each result's shape
    cdef tuple outputs          # which of the saved tensors are results: (place, which) pairs

    cdef backward(self, Tensor dy):
        cdef list arrived = [dy] if self.parts is None else self.parts
        cdef Tensor like
        if self.parts is not None:
            self.parts = [None] * len(self.shapes)
        if self.ctx.materialize_grads:
            arrived = [filled(like, 0.0) if g is None else g for g, like in zip(arrived, self.shapes)]
        self.ctx._saved = self.unpacked()
        try:
            gradients = self.function.backward(self.ctx, *arrived)
        finally:
            self.ctx._saved = None
        if not isinstance(gradients, tuple):
            gradients = (gradients,)
        if len(gradients) > len(self.edges) and all([g is None for g in gradients[len(self.edges):]]):
            gradients = gradients[:len(self.edges)]
        if len(gradients) != len(self.edges):
            raise RuntimeError(
                f"{self.name()}: backward gave {len(gradients)} gradients for {len(self.edges)} arguments of forward; "
                "give one for each, None where there is none"
            )
        for g in gradients:
            if g is not None and not isinstance(g, Tensor):
                raise TypeError(f"{self.name()}: backward gives tensors and Nones, got {type(g).__name__}")
        return gradients

    cdef tuple unpacked(self):
        """The saved tensors; those that are results are given their place in the graph back."""
        cdef Tensor y
        saved = list(self.saved or ())
        for place, _ in self.outputs:
            y = alias(<Tensor>saved[place])
            if recording():
                y.maker = self if self.parts is None else None
                y.requires = y.maker is not None
            saved[place] = y
        return tuple(saved)

    def name(self):
        return f"{self.function.__name__}Backward"


cdef class Result(Op):
    """One of several results of a Function: hands its gradient over to the Function's op."""
    cdef FunctionOp of
    cdef Py_ssize_t which

    cdef int walk_over(self, Walk walk) except -1:
        cdef Tensor dy = self.take_arrived(walk)
        self.of.parts[self.which] = dy
        if self.of.arrived is None:
            self.of.arrived = dy
            push(walk.queue, self.of)
        return 0

    def name(self):
        return self.of.name()


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
        before = set_recording(False)
        try:
            if cls.setup_context is None:
                given = cls.forward(ctx, *arguments)
            else:
                given = cls.forward(*arguments)
                cls.setup_context(ctx, arguments, given)
        finally:
            set_recording(before)
        return _recorded(cls, ctx, arguments, given)


cdef object _recorded(object cls, object ctx, tuple arguments, object given):
    cdef FunctionOp op
    cdef Result result
    cdef Tensor y
    cdef bint several = isinstance(given, tuple)
    cdef list results = []
    for y in (given if several else (given,)):
        dirty = any([y is d for d in ctx._dirty])
        # an argument handed through is not itself the result
        results.append(alias(y) if not dirty and any([y is a for a in arguments]) else y)
    if recording() and any(ctx.needs_input_grad):
        op = FunctionOp.__new__(FunctionOp)
        op.function, op.ctx = cls, ctx
        op.outputs = tuple([(place, which) for place, saved in enumerate(ctx._to_save)
                            for which, y in enumerate(results) if saved is y])
        op.saved = tuple([alias(<Tensor>saved) if any([saved is y for y in results]) else saved
                          for saved in ctx._to_save])
        ctx._to_save = ()
        op.shapes = tuple([y.detach() for y in results])
        if not several:
            op.record_all(results[0], arguments_as_tensors(arguments))
        else:
            op.parts = [None] * len(results)
            op.record_all(alias(<Tensor>results[0]), arguments_as_tensors(arguments))
            for which, y in enumerate(results):
                if y.is_floating_point() and not any([y is plain for plain in ctx._plain]):
                    result = Result.__new__(Result)
                    result.of, result.which = op, which
                    result.edges = (op,)
                    result.attach(y)
    ctx._dirty = ctx._plain = ()
    return tuple(results) if several else results[0]


cdef list arguments_as_tensors(tuple arguments):
    return [a if isinstance(a, Tensor) else None for a in arguments]


def once_differentiable(backward):
    """A decorator for a backward that cannot itself be differentiated."""

    def undifferentiated(ctx, *gradients):
        before = set_recording(False)
        try:
            return backward(ctx, *gradients)
        finally:
            set_recording(before)

    return undifferentiated
