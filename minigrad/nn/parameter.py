"""Parameter: a tensor that a module owns and an optimizer changes."""

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
