"""Every name that programs use is here, or is declined with a reason."""

from pathlib import Path

import pytest

import minigrad
from minigrad.as_torch import names

LIST = Path(__file__).parents[1] / "data" / "torch_names.txt"
NAMES = [line for line in LIST.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]

CLASSES = {
    "Tensor": lambda: minigrad.Tensor,
    "Module": lambda: minigrad.nn.Module,
    "Optimizer": lambda: minigrad.optim.Optimizer,
    "LRScheduler": lambda: minigrad.optim.lr_scheduler.LRScheduler,
}
# Beside names.DECLINED, which as_torch tells people
DECLINED = {
    "Tensor.indices": "of what max(), sort() and topk() return, where it is; of a tensor itself, sparse ones only",
    "Tensor.values": "of what max(), sort() and topk() return, where it is; of a tensor itself, sparse ones only",
    "Tensor.name": "always None in PyTorch; programs that read it mean their own objects",
}


def declined(name):
    prefixes = [name.rsplit(".", n)[0] for n in range(name.count("."))]
    return next((table[p] for p in prefixes for table in (DECLINED, names.DECLINED) if p in table), None)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_here_or_declined(name):
    head, _, rest = name.partition(".")
    if head in CLASSES:
        here = hasattr(CLASSES[head](), rest)
    else:
        here = names.missing(name) is None
        here = here and (declined(name) or resolves(name))
    assert here or declined(name), names.explain(name) if head in names.ROOTS else name
    assert not (here and name in DECLINED), f"{name} is here: take it off the list"


def resolves(name):
    """Whether each step of a dotted name is there, of classes too."""
    import importlib

    here, parts = None, name.split(".")
    for i in range(1, len(parts) + 1):
        module = names.counterpart(".".join(parts[:i]))
        here = importlib.import_module(module) if module else getattr(here, parts[i - 1], None)
        if here is None:
            return False
    return True


def test_the_list_is_what_it_should_be():
    assert len(NAMES) == len(set(NAMES)) > 450
    assert {name.partition(".")[0] for name in NAMES} == {*CLASSES, *names.ROOTS}
    assert len([name for name in NAMES if declined(name)]) < 20
    assert all(len(reason) > 20 for reason in names.DECLINED.values())


def test_fields_of_results_have_the_declined_names():
    x = minigrad.tensor([[1.0, 3.0, 2.0]])
    for result in (x.max(1), x.min(1), x.sort(1), x.topk(2, 1), x.median(1)):
        assert result.values.shape == result.indices.shape


@pytest.mark.parametrize(("theirs", "ours"), [
    ("torch", "minigrad"), ("torch.nn", "minigrad.nn"), ("torch.nn.functional", "minigrad.nn.functional"),
    ("torch.nn.modules.linear", "minigrad.nn.linear"), ("torch.nn.modules.batchnorm", "minigrad.nn.norm"),
    ("torch.utils.data.sampler", "minigrad.utils.data.sampler"), ("torch.random", "minigrad.ops.random"),
    ("torch.distributions.multinomial", "minigrad.distributions.multinomial"),
    ("torchvision.transforms.v2", "minigrad.transforms.v2"), ("torchmetrics", "minigrad.as_torch.torchmetrics"),
    ("torch.autograd.profiler", "minigrad.autograd.profiler"), ("torch.cuda.amp", "minigrad.cuda.amp"),
    ("torch.fft", None), ("torch.nn.nothing", None), ("torchvision.models", None), ("torch.nn.linear.x", None),
])  # fmt: skip
def test_modules_have_their_counterparts(theirs, ours):
    assert names.counterpart(theirs) == ours
    if ours:
        assert names.counterpart(names.theirs(ours)) == ours


@pytest.mark.parametrize(("name", "first"), [
    ("torch.nn.Linear", None), ("torch.nn.Linear.whatever", None), ("torch.Tensor.whatever", None),
    ("torch.nn.Konv2d.x", "torch.nn.Konv2d"), ("torch.nothing.at.all", "torch.nothing"), ("torch.save", None),
    ("torchvision.models.resnet18", "torchvision.models"), ("torch.cuda.amp.autocast", None),
])  # fmt: skip
def test_the_first_part_that_is_not_here_is_found(name, first):
    assert names.missing(name) == first


def test_what_comes_nearest_is_told_or_why_it_is_not_here():
    assert "nearest to it: torch.nn.Linear" in names.explain("torch.nn.Linaer")
    assert "torch.optim.Adam" in names.explain("torch.optim.adaam")     # whatever the case, and classes before files
    assert "nearest to it: torch.optim" in names.explain("torch.optin")
    assert "comes near" in names.explain("torch.zzzzzz")
    assert names.explain("torchvision.models.vgg16").endswith(names.DECLINED["torchvision.models"])
