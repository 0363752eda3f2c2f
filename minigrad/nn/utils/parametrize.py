"""Parameters that are computed from others: a layer's weight as a function of what is trained.

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

    layer = nn.Linear(3, 3)
    register_parametrization(layer, "weight", Symmetric())
    layer.weight                                   # symmetric, computed at every use
    layer.parametrizations.weight.original         # what the optimizer changes

Several of them on one tensor are applied one after the other. The layer becomes an object of a
class made for it, ParametrizedLinear, that looks such names up in layer.parametrizations.
"""

from contextlib import contextmanager

from minigrad.autograd import no_grad
from minigrad.nn.container import ModuleDict, ModuleList
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]

_values = None  # inside cached(): what was computed, by (module, name)
_cache_enabled = 0


@contextmanager
def cached():
    """Inside, every parametrized tensor is computed once, however often it is used."""
    global _values, _cache_enabled
    _cache_enabled += 1
    _values = {} if _values is None else _values
    try:
        yield
    finally:
        _cache_enabled -= 1
        if not _cache_enabled:
            _values = None


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and the tensors that it is computed from.

    original: the tensor that is trained; original0, original1, ... where the first
    parametrization's right_inverse gives several.
    """

    def __init__(self, modules, original, unsafe=False):
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            value = original
            for module in reversed(self):
                value = _inverse(module, value)
        self.is_tensor = isinstance(value, Tensor)
        if not self.is_tensor and not (
            isinstance(value, (tuple, list)) and all(isinstance(v, Tensor) for v in value)
        ):
            raise TypeError(f"right_inverse gives a Tensor or several, got {type(value).__name__}")
        if self.is_tensor and value.dtype is not original.dtype:
            raise ValueError(f"right_inverse gave {value.dtype} for a tensor of {original.dtype}")
        values = [value] if self.is_tensor else list(value)
        self.ntensors = len(values)
        for name, value in zip(self._names(), values, strict=True):
            value = value.detach()
            if isinstance(original, Parameter):
                self.register_parameter(name, Parameter(value, original.requires_grad))
            else:
                self.register_buffer(name, value)
        if not unsafe:
            _check(original, self())
        if self.is_tensor and isinstance(original, Parameter):  # which an optimizer may know already
            original.data = self.original.data
            self.original = original

    def _names(self):
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def forward(self):
        first, *rest = self
        value = first(*[getattr(self, name) for name in self._names()])
        for module in rest:
            value = module(value)
        return value

    def right_inverse(self, value):
        """Sets the originals so that the tensor becomes value, as far as the parametrizations can."""
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"{type(module).__name__} has no right_inverse, so the tensor cannot be assigned to; define "
                        "it, or change parametrizations.<name>.original"
                    )
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else list(value)
            originals = [getattr(self, name) for name in self._names()]
            for original, value in zip(originals, values, strict=True):
                if tuple(original.shape) != tuple(value.shape) or original.dtype is not value.dtype:
                    raise ValueError(
                        f"parametrized tensor: expected {tuple(original.shape)} of {original.dtype}, got "
                        f"{tuple(value.shape)} of {value.dtype}"
                    )
            for original, value in zip(originals, values, strict=True):
                original.copy_(value)


def _inverse(module, value):
    if hasattr(module, "right_inverse"):
        try:
            return module.right_inverse(value)
        except NotImplementedError:
            pass
    return value


def _check(before, after):
    """Refuses a parametrization that makes another kind of tensor."""
    if not isinstance(after, Tensor):
        raise ValueError(f"a parametrization gives a Tensor, got {type(after).__name__}")
    if tuple(after.shape) != tuple(before.shape) or after.dtype is not before.dtype:
        raise ValueError(
            f"a parametrization may not change shape or dtype: {tuple(before.shape)} of {before.dtype} became "
            f"{tuple(after.shape)} of {after.dtype}; unsafe=True allows it"
        )


class _Parametrized(Module):
    """Put before a layer's class: some of its names are computed."""

    def _list_of(self, name):
        lists = self.__dict__["_modules"].get("parametrizations")
        return None if lists is None else lists._modules.get(name)

    def __getattr__(self, name):
        made = self._list_of(name)
        if made is None:
            return super().__getattribute__(name)  # which says what is missing
        if _values is None:
            return made()
        key = id(self), name
        if key not in _values:
            _values[key] = self, made()  # self, so that nobody else gets its id
        return _values[key][1]

    def __setattr__(self, name, value):
        made = self._list_of(name)
        if made is None:
            super().__setattr__(name, value)
        elif isinstance(value, Parameter) or not isinstance(value, Tensor):
            raise KeyError(
                f"{name!r} of {type(self).__name__} is parametrized: assign a plain Tensor, whose originals are "
                "computed, or remove_parametrizations() first"
            )
        else:
            made.right_inverse(value)

    def __dir__(self):
        return sorted({*super().__dir__(), *self._modules["parametrizations"]})

    def __reduce_ex__(self, protocol):
        return _revive, (type_before_parametrizations(self),), self.__dict__


_classes = {}  # a class -> the one with _Parametrized before it


def _parametrized(base):
    if base not in _classes:
        _classes[base] = type(f"Parametrized{base.__name__}", (_Parametrized, base), {"__module__": __name__})
    return _classes[base]


def _revive(base):
    return Module.__new__(_parametrized(base))


def type_before_parametrizations(module):
    """The class of a module without what parametrizing it made of it."""
    return type(module).__mro__[2] if isinstance(module, _Parametrized) else type(module)


def is_parametrized(module, tensor_name=None):
    """Whether a module has parametrizations, or whether one of its tensors has."""
    if not isinstance(module, _Parametrized):
        return False
    return tensor_name is None or module._list_of(tensor_name) is not None


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Makes a parameter or buffer of a module the result of parametrization(original); gives the module.

    parametrization: a module; its right_inverse(value), if it has one, says which original (or
    originals) give a value: the one that is there now, and those that are assigned. On a tensor
    that is parametrized already, it is applied to what the others give.
    unsafe: it may change the shape or dtype.
    Errors: ValueError where there is no such tensor, or it would change its shape or dtype.
    """
    if not isinstance(parametrization, Module):
        raise TypeError(f"register_parametrization: expected an nn.Module, got {type(parametrization).__name__}")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        made = module._list_of(tensor_name)
        if not unsafe:
            value = getattr(module, tensor_name)
            _check(value, parametrization(value))
            _check(value, _inverse(parametrization, value))
        made.append(parametrization)
        made.unsafe = made.unsafe or unsafe
        return module
    table = next((t for t in (module._parameters, module._buffers) if t.get(tensor_name) is not None), None)
    if table is None:
        raise ValueError(f"{type(module).__name__} has no parameter or buffer {tensor_name!r} to be parametrized")
    made = ParametrizationList([parametrization], table[tensor_name], unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
        module.__class__ = _parametrized(type(module))
    module.parametrizations[tensor_name] = made
    return module


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Makes a parametrized tensor an ordinary one again; gives the module.

    It keeps the value it is computed to be, or (leave_parametrized=False) becomes the original.
    Errors: ValueError where it is not parametrized, or has several originals to become.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{type(module).__name__} has no parametrization of {tensor_name!r}")
    made = module._list_of(tensor_name)
    if not leave_parametrized and not made.is_tensor:
        raise ValueError(
            f"remove_parametrizations: {tensor_name!r} is computed from {made.ntensors} tensors, none of which can "
            "take its place; use leave_parametrized=True"
        )
    original = getattr(made, made._names()[0])
    trained = isinstance(original, Parameter)
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach().clone()
        if made.is_tensor:  # which an optimizer may know
            original.data = value
        else:
            original = Parameter(value, original.requires_grad) if trained else value
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        module.__class__ = type_before_parametrizations(module)
        del module.parametrizations
    if trained:
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    return module
