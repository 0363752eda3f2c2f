"""The names that programs use take PyTorch's arguments, in its order and with its defaults."""

import importlib
import inspect
from pathlib import Path

import pytest

import minigrad
from minigrad.as_torch import names

torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
pytestmark = pytest.mark.oracle

# Where the difference is meant: what is refused or ignored needs no arguments by name
MEANT = {
    "torch.nn.utils.clip_grad_norm_": "a NaN is an error unless error_if_nonfinite=False",
    "torch.autograd.backward": "inputs is given by name; grad_variables is gone",
    "torch.compile": "all options are ignored",
    "torch.cuda.Event": "refused",
    "torch.jit.load": "refused",
    "torch.jit.optimize_for_inference": "refused",
    "torch.jit.script": "refused",
    "torch.jit.trace": "refused",
    "torch.norm": "out is given by name",
    "torch.FloatTensor": "a function here",
    "torch.LongTensor": "a function here",
}
UNSHOWN = {"pickle_module": None, "generator": None}    # defaults that are objects of PyTorch's


def theirs_and_ours():
    """(name, PyTorch's, ours) for each name of the list that is here."""
    classes = {
        "Module": (torch.nn.Module, minigrad.nn.Module), "Tensor": (torch.Tensor, minigrad.Tensor),
        "Optimizer": (torch.optim.Optimizer, minigrad.optim.Optimizer),
    }  # fmt: skip
    for name in (Path(__file__).parents[1] / "data" / "torch_names.txt").read_text(encoding="utf-8").split("\n"):
        above, _, last = name.rpartition(".")
        if above in classes:
            yield name, *(getattr(cls, last, None) for cls in classes[above])
        elif above.startswith("torch") and not above.startswith(("torchvision", "torchmetrics")):
            ours = names.counterpart(above)
            if ours and names.missing(name) is None:
                yield name, *(getattr(importlib.import_module(module), last) for module in (above, ours))


def parameters(function):
    try:
        signature = inspect.signature(function.__init__ if isinstance(function, type) else function)
    except (TypeError, ValueError):     # written in C, there
        return None
    return [p for p in signature.parameters.values() if p.name != "self"]


PAIRS = [(name, theirs, ours) for name, theirs, ours in theirs_and_ours()
         if callable(theirs) and callable(ours) and parameters(theirs) is not None and name not in MEANT]  # fmt: skip


@pytest.mark.parametrize(("name", "theirs", "ours"), PAIRS, ids=[name for name, _, _ in PAIRS])
def test_arguments_are_torchs(name, theirs, ours):
    P = inspect.Parameter
    want, have = parameters(theirs), parameters(ours)
    by_name = {p.name: p for p in have}
    open_ended = any(p.kind is P.VAR_KEYWORD for p in have)
    for p in want:
        if p.kind in (P.VAR_POSITIONAL, P.VAR_KEYWORD) or (p.name not in by_name and open_ended):
            continue
        assert p.name in by_name, f"{name} takes no {p.name}="
        default = UNSHOWN.get(p.name, p.default)
        assert repr(by_name[p.name].default) == repr(default), f"{name}({p.name}=)"
    positional = [p.name for p in want if p.kind in (P.POSITIONAL_ONLY, P.POSITIONAL_OR_KEYWORD)]
    in_order = [p.name for p in have if p.kind in (P.POSITIONAL_ONLY, P.POSITIONAL_OR_KEYWORD)]
    if not name.startswith(("Tensor.", "Module.")):
        assert in_order[: len(positional)] == positional


def test_most_names_are_compared():
    assert len(PAIRS) > 150
