"""Modules that hold modules or parameters: in a row, by number, by name."""

from collections import OrderedDict
from collections.abc import Mapping

from minigrad.nn import dispatch
from minigrad.nn.activation import ReLU
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.norm import BatchNorm1d, LayerNorm
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

dispatch.know(Linear, BatchNorm1d, LayerNorm, ReLU)


def _position(who, index, n):
    """An index counted from the front or the back, as one from the front."""
    at = index.__index__()
    if not -n <= at < n:
        raise IndexError(f"{who}: index {at} is out of range, it holds {n}")
    return at + n if at < 0 else at


def _pairs(who, given):
    """(key, value) of a mapping, or of an iterable of pairs."""
    if isinstance(given, (Mapping, ModuleDict, ParameterDict)):
        return list(given.items())
    pairs = [tuple(pair) if isinstance(pair, (tuple, list)) else (pair,) for pair in given]
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise ValueError(f"{who}: expected a mapping or pairs (name, value), got {pair!r} at place {i}")
    return pairs


class _Numbered(Module):
    """What Sequential and ModuleList share: children in an order, named 0, 1, 2, ... unless
    they were given names."""

    def _set_children(self, items):
        """items: (name, module) in order; numbers among the names are counted anew where all
        of them are numbers."""
        if all(name.isdecimal() for name, _ in items):
            items = [(str(i), module) for i, (_, module) in enumerate(items)]
        self._modules.clear()
        self._modules.update(items)

    def _name_at(self, index):
        return list(self._modules)[_position(self._get_name(), index, len(self._modules))]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._of(list(self._modules.items())[index])
        return self._modules[self._name_at(index)]

    def __setitem__(self, index, module):
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index):
        items = list(self._modules.items())
        del items[index if isinstance(index, slice) else _position(self._get_name(), index, len(items))]
        self._set_children(items)

    def append(self, module):
        """Puts a module at the end; gives the container itself."""
        name = len(self._modules)
        while str(name) in self._modules:  # among children with names of their own
            name += 1
        self.add_module(str(name), module)
        return self

    def extend(self, modules):
        """Puts several modules at the end; gives the container itself."""
        if isinstance(modules, Module) and not isinstance(modules, (_Numbered, ModuleDict)):
            raise TypeError(f"{self._get_name()}.extend: expected several modules, got one; use append()")
        for module in list(modules.values() if isinstance(modules, (Mapping, ModuleDict)) else modules):
            self.append(module)
        return self

    def insert(self, index, module):
        """Puts a module before position index; gives the container itself."""
        n = len(self._modules)
        at = n if index == n else _position(f"{self._get_name()}.insert", index, n)
        self.append(module)
        items = list(self._modules.items())
        items.insert(at, items.pop())
        self._set_children(items)
        return self

    def pop(self, key):
        """Takes the module at a position out and gives it."""
        module = self[key]
        del self[key]
        return module

    def __iadd__(self, other):
        return self.extend(other)

    def __add__(self, other):
        if not isinstance(other, (_Numbered, list, tuple)):
            return NotImplemented
        return self._of(list(self._modules.items())).extend(other)


class Sequential(_Numbered):
    """Layers one after the other: y = layer_n(... layer_1(x)).

        nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
        nn.Sequential(OrderedDict(hidden=nn.Linear(2, 16), out=nn.Linear(16, 1)))

    model[0] is a layer, model[:2] a Sequential of the same layers.
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input):
        return dispatch.run(self._modules, input)

    def _of(self, items):
        return type(self)(OrderedDict(items))

    def __mul__(self, times):
        if not isinstance(times, int):
            return NotImplemented
        if times < 1:
            raise ValueError(f"Sequential * n: expected n >= 1, got {times}")
        return Sequential(*list(self) * times)

    __rmul__ = __mul__

    def __imul__(self, times):
        if not isinstance(times, int):
            return NotImplemented
        if times < 1:
            raise ValueError(f"Sequential *= n: expected n >= 1, got {times}")
        return self.extend(list(self) * (times - 1))


class ModuleList(_Numbered):
    """A list of modules that are registered as children; it computes nothing itself."""

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _of(self, items):
        return type(self)([module for _, module in items])

    def _child_lines(self):
        """Equal neighbours in one line: (0-2): 3 x ReLU()."""
        lines = []
        first, last, kept = 0, -1, None
        for i, shown in enumerate([repr(module) for module in self] + [None]):
            if shown != kept and kept is not None:
                lines.append(
                    f"({first}): {kept}" if first == last else f"({first}-{last}): {last - first + 1} x {kept}"
                )
            if shown != kept:
                first, kept = i, shown
            last = i
        return lines


class ModuleDict(Module):
    """A dictionary of modules that are registered as children; it computes nothing itself."""

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def clear(self):
        """Takes all modules out."""
        self._modules.clear()

    def pop(self, key):
        """Takes the module of a key out and gives it."""
        return self._modules.pop(key)

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """(name, module), in order."""
        return self._modules.items()

    def values(self):
        """The modules, in order."""
        return self._modules.values()

    def update(self, modules):
        """Files the modules of a mapping, or of pairs (name, module)."""
        for key, module in _pairs("ModuleDict", modules):
            self[key] = module


class _Parameters(Module):
    """What ParameterList and ParameterDict share: plain tensors become parameters."""

    def _put(self, name, value):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"{self._get_name()}: expected Tensors, got {type(value).__name__} as {name!r}")
        self.register_parameter(name, value if value is None or isinstance(value, Parameter) else Parameter(value))

    def __len__(self):
        return len(self._parameters)

    def __call__(self, *args, **kwargs):
        raise RuntimeError(f"{self._get_name()} holds parameters and computes nothing")

    def _kind(self, parameter):
        return parameter.dtype

    def extra_repr(self):
        lines = []
        for name, p in self._parameters.items():
            size = "" if p is None else "x".join(map(str, p.shape))
            shown = "None" if p is None else f"Parameter containing: [{self._kind(p)} of size {size}]"
            lines.append(f"  ({name}): {shown}")  # PyTorch indents twice, too
        return "\n".join(lines)


class ParameterList(_Parameters):
    """A list of parameters that are registered; plain tensors become parameters."""

    def __init__(self, values=None):
        super().__init__()
        if values is not None:
            self.extend(values)

    def __getitem__(self, index):
        values = list(self._parameters.values())
        if isinstance(index, slice):
            return type(self)(values[index])
        return values[_position("ParameterList", index, len(values))]

    def __setitem__(self, index, value):
        self._put(str(_position("ParameterList", index, len(self))), value)

    def __iter__(self):
        return iter(self._parameters.values())

    def append(self, value):
        """Puts a parameter at the end; gives the list itself."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values):
        """Puts several parameters at the end; gives the list itself."""
        if isinstance(values, Tensor):
            raise TypeError("ParameterList: expected several tensors, got one; use append()")
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def pop(self, index=-1):
        """Takes the parameter at a position out and gives it."""
        values = list(self._parameters.values())
        value = values.pop(_position("ParameterList", index, len(values)))
        self._parameters.clear()
        self._parameters.update((str(i), v) for i, v in enumerate(values))
        return value


class ParameterDict(_Parameters):
    """A dictionary of parameters that are registered; plain tensors become parameters."""

    def __init__(self, parameters=None):
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key):
        return self._parameters[key]

    def __setitem__(self, key, value):
        self._put(key, value)

    def _kind(self, parameter):
        return parameter.type()

    def __delitem__(self, key):
        del self._parameters[key]

    def __iter__(self):
        return iter(self._parameters)

    def __reversed__(self):
        return reversed(self._parameters)

    def __contains__(self, key):
        return key in self._parameters

    def __or__(self, other):
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other):
        self.update(other)
        return self

    def keys(self):
        """The names."""
        return self._parameters.keys()

    def items(self):
        """(name, parameter), in order."""
        return self._parameters.items()

    def values(self):
        """The parameters, in order."""
        return self._parameters.values()

    def get(self, key, default=None):
        """The parameter of a key, or default."""
        return self._parameters.get(key, default)

    def setdefault(self, key, default=None):
        """The parameter of a key, filed as default if there is none yet."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key):
        """Takes the parameter of a key out and gives it."""
        return self._parameters.pop(key)

    def popitem(self):
        """Takes the last (name, parameter) out and gives it."""
        return self._parameters.popitem()

    def clear(self):
        """Takes all parameters out."""
        self._parameters.clear()

    def copy(self):
        """Another ParameterDict with the same parameters."""
        return type(self)(self._parameters)

    def fromkeys(self, keys, default=None):
        """A ParameterDict with default under each key."""
        return type(self)(dict.fromkeys(keys, default))

    def update(self, parameters):
        """Files the parameters of a mapping, or of pairs (name, tensor)."""
        for key, value in _pairs("ParameterDict", parameters):
            self[key] = value
