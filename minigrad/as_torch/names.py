"""What stands here for a name of PyTorch's, and what to say where nothing does."""

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
ROOTS = ("torch", "torchvision", "torchmetrics")

# Modules are minigrad's of the same name, but for these.
MODULES = {
    "torch": "minigrad",
    "torch.nn.modules": "minigrad.nn",
    "torch.nn.modules.batchnorm": "minigrad.nn.norm",
    "torch.nn.modules.flatten": "minigrad.nn.shape",
    "torch.nn.modules.instancenorm": "minigrad.nn.norm",
    "torch.nn.modules.normalization": "minigrad.nn.norm",
    "torch.nn.modules.rnn": "minigrad.nn.recurrent",
    "torch.nn.modules.sparse": "minigrad.nn.embedding",
    "torch.nn.utils.clip_grad": "minigrad.nn.utils",
    "torch.nn.utils.convert_parameters": "minigrad.nn.utils",
    "torch.random": "minigrad.ops.random",
    "torch.serialization": "minigrad.checkpoint",
    "torchmetrics": "minigrad.as_torch.torchmetrics",
    "torchvision": "minigrad.as_torch.torchvision",
    "torchvision.datasets": "minigrad.datasets",
    "torchvision.transforms": "minigrad.transforms",
    "torchvision.utils": "minigrad.as_torch.torchvision.utils",
}

_OTHER_NETWORKS = "minigrad is for networks of fully connected layers"
_FULL_PRECISION = "everything is computed in float32 or float64; call loss.backward() and optimizer.step() directly"
DECLINED = {
    "torch.amp": _FULL_PRECISION,
    "torch.autocast": _FULL_PRECISION,
    "torch.nn.Conv1d": _OTHER_NETWORKS,
    "torch.nn.Conv2d": _OTHER_NETWORKS,
    "torch.nn.MaxPool1d": _OTHER_NETWORKS,
    "torch.nn.MaxPool2d": _OTHER_NETWORKS,
    "torch.nn.MultiheadAttention": _OTHER_NETWORKS,
    "torch.nn.Transformer": _OTHER_NETWORKS,
    "torch.bfloat16": "floating tensors are float32, float64 and, for storage, float16",
    "torch.complex64": "complex tensors are not here; keep real and imaginary parts apart",
    "torch.distributed": "a script of one process needs none; take what is under torch.distributed out",
    "torch.fft": "numpy.fft works on tensors' arrays",
    "torch.hub": "models from the internet are code; build the model and load its state_dict",
    "torch.multiprocessing": "one process computes on all cores; use the standard library's multiprocessing",
    "torch.nn.utils.spectral_norm": "torch.nn.utils.parametrizations.spectral_norm is its successor",
    "torch.nn.utils.weight_norm": "torch.nn.utils.parametrizations.weight_norm is its successor",
    "torch.profiler": "use torch.autograd.profiler.profile",
    "torch.sparse": "sparse tensors are not here",
    "torch.utils.tensorboard": "write what it would show to a file, or draw it with matplotlib",
    "torchvision.datasets.CelebA": "photographs need a reader of JPEG files, and more than a perceptron",
    "torchvision.datasets.ImageFolder": "pictures are not read from files; open them with PIL in a Dataset of your own",
    "torchvision.datasets.EMNIST": "MNIST and KMNIST are; others in their format are read by MNIST(root=folder)",
    "torchvision.io": "pictures are not read from files; open them with PIL: torch.tensor(numpy.asarray(image))",
    "torchvision.models": "its networks are convolutional, and " + _OTHER_NETWORKS,
    "torchvision.transforms.functional": "a transform's class does the same: transforms.Resize(28)(image)",
}


def counterpart(name):
    """The name of our module for a module of theirs, or None."""
    if name in MODULES:
        return MODULES[name] if _exists(MODULES[name]) else None
    above, _, last = name.rpartition(".")
    above = counterpart(above) if above else None
    if above is None or last.startswith("_") or above.endswith(".as_torch"):
        return None
    return f"{above}.{last}" if _exists(f"{above}.{last}") else None


def _exists(name):
    if name in sys.modules:
        return True
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module and no package
        return False


def theirs(name):
    """Their name for one of our modules, or None."""
    plain = name.replace("minigrad", "torch", 1)
    if counterpart(plain) == name:
        return plain
    return next((other for other, ours in MODULES.items() if ours == name), None)


def missing(name):
    """The first part of a dotted name that is not here, such as torch.nn.Conv2d, or None.

    What is looked for in a module must be there; what a class or an object has is its own matter.
    """
    parts = name.split(".")
    here = import_module(MODULES[parts[0]])
    for i, part in enumerate(parts[1:], 2):
        if not isinstance(here, ModuleType):
            return None
        so_far = ".".join(parts[:i])
        module = counterpart(so_far)
        if so_far in DECLINED and module is None:
            return so_far
        if module is not None:
            here = import_module(module)
        elif hasattr(here, part):
            here = getattr(here, part)
        else:
            return so_far
    return None


def explain(name):
    """What to say of a name that is not here: why, or what comes nearest."""
    above, _, last = name.rpartition(".")
    for prefix in (name, above):
        if prefix in DECLINED:
            return f"{name} is not in minigrad: {DECLINED[prefix]}"
    near = _near(import_module(counterpart(above)), last) if above and counterpart(above) else []
    if near:
        return f"{name} is not in minigrad; nearest to it: {', '.join(f'{above}.{n}' for n in near)}"
    return f"{name} is not in minigrad, and nothing under {above or 'it'} comes near"


def _near(module, name):
    """Up to three names in a module that are spelt alike, whatever their case; a class before its file."""
    spelt = {}
    for other in dir(module):
        if not other.startswith("_"):
            spelt.setdefault(other.lower(), []).append(other)
    close = get_close_matches(name.lower(), spelt, 3)
    return [
        other for key in close
        for other in sorted(spelt[key], key=lambda other: isinstance(getattr(module, other), ModuleType))
    ][:3]  # fmt: skip


def place():
    """Where the script is that asks, as "script.py, line 3: "; "" where nobody knows."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((HOUSE, "<")):
            return f"{file}, line {frame.f_lineno}: "
        frame = frame.f_back
    return ""
