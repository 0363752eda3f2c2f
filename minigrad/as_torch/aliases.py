"""torch, torchvision and torchmetrics as modules of this process.

A finder at the head of sys.meta_path answers for these names before an installed PyTorch could:
`import torch.nn` gives minigrad.nn itself. torch alone is a module of its own, with minigrad's
names and PyTorch's version.
"""

import re
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

import minigrad
from minigrad.as_torch import behaviour
from minigrad.as_torch.names import MODULES, ROOTS, counterpart, explain, place, theirs

COMPARED_WITH = "2.13.0"  # the PyTorch whose names and numbers minigrad has


class TorchVersion(str):
    """A version as text that compares by its numbers: "2.13.0" > "2.4.0", and > (2, 4)."""

    def _release(self, other):
        if isinstance(other, (tuple, list)):
            return tuple(map(int, other))
        return tuple(map(int, re.match(r"[\d.]*\d|", str(other))[0].split(".")))

    def __lt__(self, other):
        return self._release(self) < self._release(other)

    def __le__(self, other):
        return self._release(self) <= self._release(other)

    def __gt__(self, other):
        return self._release(self) > self._release(other)

    def __ge__(self, other):
        return self._release(self) >= self._release(other)


class _Finder:
    """Answers for the names under ROOTS."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in ROOTS:
            return None
        ours = counterpart(name)
        if ours is None:
            raise ModuleNotFoundError(f"{place()}{explain(name)}", name=name)
        return ModuleSpec(name, _Loader(ours))


class _Loader:
    """Gives our module under their name, as the same object."""

    def __init__(self, ours):
        self.ours = ours

    def create_module(self, spec):
        if self.ours == "minigrad":
            return _torch()
        module = import_module(self.ours)
        self.spec = module.__spec__
        _explain_unknown_names(module)
        return module

    def exec_module(self, module):
        if self.ours != "minigrad":
            module.__spec__ = self.spec  # the import of the other name has put its own there


def _torch():
    module = ModuleType("torch", "minigrad by the name of torch")
    module.__dict__.update({name: value for name, value in vars(minigrad).items() if not name.startswith("_")})
    module.__path__ = []
    module.__file__ = minigrad.__file__
    module.__version__ = TorchVersion(f"{COMPARED_WITH}+minigrad.{minigrad.__version__}")
    module.__getattr__ = _lookup_in(minigrad, "torch")
    module.__dir__ = lambda: [name for name in dir(minigrad) if not name.startswith("_")]
    return module


def _lookup_in(module, name_there):
    """A module's __getattr__: what `module` has, or an error that says what comes nearest."""
    first = vars(module).get("__getattr__")

    def __getattr__(name):
        if first is not None:
            with suppress(AttributeError):
                value = first(name)
                _explain_unknown_names(value)
                return value
        if name.startswith("__"):
            raise AttributeError(f"module {name_there!r} has no attribute {name!r}")
        raise AttributeError(f"{place()}{explain(f'{name_there}.{name}')}")

    return __getattr__


def _explain_unknown_names(module):
    """Gives a module of ours, the first time it is seen, a __getattr__ with such errors."""
    if isinstance(module, ModuleType) and module.__name__.startswith("minigrad.") and module not in _explained:
        _explained.add(module)
        module.__getattr__ = _lookup_in(module, theirs(module.__name__) or module.__name__)


_explained = set()


def install():
    """Makes torch, torchvision and torchmetrics minigrad's from now on, in this process.

    Errors: RuntimeError where PyTorch is imported already, since its tensors are not ours.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    there = [root for root in ROOTS if root in sys.modules]
    if there:
        raise RuntimeError(f"as_torch: {there[0]} is imported already; install() comes before the first import of it")
    sys.meta_path.insert(0, _Finder())
    behaviour.install()
    for module in list(sys.modules.values()):
        _explain_unknown_names(module)
    for name, ours in MODULES.items():  # modules under what is no package
        above, _, last = name.rpartition(".")
        if above and not hasattr(import_module(counterpart(above) or "minigrad"), "__path__"):
            sys.modules[name] = import_module(ours)
            setattr(import_module(counterpart(above)), last, sys.modules[name])
