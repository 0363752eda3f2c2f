"""Parameter: a tensor that a module owns and an optimizer changes; Buffer: one that it keeps beside these."""

from minigrad.ops.creation import empty
from minigrad.tensor import Tensor, _become


class Parameter(Tensor):
    """A tensor that, set as an attribute of a Module, is one of its parameters().

        self.scale = nn.Parameter(minigrad.ones(3))

    data: a Tensor, whose memory is shared and whose history is not; None makes an empty one.
    requires_grad: whether backward() leaves a gradient in .grad.
    Errors: TypeError where data is no Tensor.
    """

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            data = Tensor()
        elif not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter: expected a Tensor, got {type(data).__name__}; make one first: "
                "Parameter(minigrad.tensor(data))"
            )
        _become(self, data)
        self.requires_grad = requires_grad

    def __repr__(self):
        return "Parameter containing:\n" + Tensor.__repr__(self)

    __str__ = __repr__

    def __reduce_ex__(self, protocol):
        made = Tensor.__reduce_ex__(self, protocol)
        return (*made, self.__dict__) if self.__dict__ else made


class Buffer(Tensor):
    """A tensor that, set as an attribute of a Module, is one of its buffers().

        self.mean = nn.Buffer(minigrad.zeros(3))          # register_buffer("mean", ...)

    data: a Tensor, whose memory is shared; persistent: it goes into state_dict().
    """

    def __init__(self, data=None, *, persistent=True):
        data = Tensor() if data is None else data
        if not isinstance(data, Tensor):
            raise TypeError(f"Buffer: expected a Tensor, got {type(data).__name__}")
        _become(self, data)
        self.persistent = persistent

    def __reduce_ex__(self, protocol):
        return (*Tensor.__reduce_ex__(self, protocol), self.__dict__)


class UninitializedParameter(Parameter):
    """A Parameter that gets its shape later, by materialize(shape); nothing can be computed with it.

    Errors: ValueError where anything but its dtype, device and requires_grad is asked for.
    """

    def __init__(self, requires_grad=True, device=None, dtype=None):
        super().__init__(empty(0, device=device, dtype=dtype), requires_grad)

    def materialize(self, shape, device=None, dtype=None):
        """Makes it an ordinary Parameter of a shape, whose numbers are still to be set."""
        _become(self, empty(shape, device=device, dtype=dtype or self.dtype))
        self.__class__ = Parameter

    def copy_(self, src, non_blocking=False):
        """materialize(), with the shape and the numbers of a tensor."""
        self.materialize(tuple(src.shape))
        return self.copy_(src)

    def detach(self):
        """The parameter itself, as it has no numbers to share."""
        return self

    def __getattribute__(self, name):
        if not (name in _WITHOUT_SHAPE or name.startswith("__")):
            raise ValueError(
                f"this parameter has no {name} yet: its layer finds out its shape from the first input; "
                "call the model with a batch first"
            )
        return super().__getattribute__(name)

    def __repr__(self):
        return "<UninitializedParameter>"

    __str__ = __repr__

    def _no_numbers(self, *others):
        return self.numel  # which says so

    for _operator in "add sub mul truediv floordiv mod pow matmul".split():
        vars()[f"__{_operator}__"] = vars()[f"__r{_operator}__"] = _no_numbers
    __neg__ = __getitem__ = __len__ = _no_numbers
    del _operator


_WITHOUT_SHAPE = """
    materialize copy_ detach dtype is_floating_point device is_cuda cpu
    requires_grad requires_grad_ is_leaf grad grad_fn data register_hook
""".split()
