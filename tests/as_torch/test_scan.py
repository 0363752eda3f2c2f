"""The names that a script uses and minigrad has not, with their lines, before it runs."""

import pytest

from minigrad.as_torch.scan import report, scan

SCRIPT = """import torch
import torch.nn as nn, numpy as np
from torch.nn import functional as F, Conv2d
import torch.utils.data as data
import torchvision.models
from torchvision import transforms as T, datasets

pool = torch.nn.MaxPool2d

class Net(nn.Module):
    def forward(self, x):
        x = F.relu(F.nothing(x))
        return torch.fft.rfft(x), x.nothing, np.nothing

loader = data.DataLoader(datasets.MNIST('.', transform=T.ToTensor()))
sets = datasets.CelebA, datasets.CIFAR10, T.RandomPerspective, T.Compose
G = torch.nn.functional
G.gelu(G.geluu(1))
torch.float32.nothing, torch.tensor(1).nothing, nn.Linear.nothing
def late():
    from torch.optim import Addam
"""


def test_names_are_followed_through_imports_and_assignments(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert [(one.line, one.name) for one in scan(script)] == [
        (3, "torch.nn.Conv2d"), (5, "torchvision.models"), (8, "torch.nn.MaxPool2d"),
        (12, "torch.nn.functional.nothing"), (13, "torch.fft"), (16, "torchvision.datasets.CelebA"),
        (16, "torchvision.transforms.RandomPerspective"),
        (18, "torch.nn.functional.geluu"), (21, "torch.optim.Addam"),
    ]  # fmt: skip
    assert "nearest to it: torch.nn.functional.gelu" in scan(script)[-2].text


def test_the_report_has_a_line_for_each_and_says_how_it_went(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert report([str(script)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert lines[0].startswith(f"{script}:3: torch.nn.Conv2d is not in minigrad: minigrad is for")
    script.write_text("import torch\nprint(torch.ones(2))\nraise SystemExit('was run')\n")
    assert report([str(script)]) == 0
    assert capsys.readouterr().out == f"{script}: every name it uses of torch, torchvision, torchmetrics is here\n"


def test_modules_beside_the_script_are_read_too(tmp_path):
    (tmp_path / "script.py").write_text("import helper, os, nowhere\nfrom parts.net import Net\nfrom . import x\n")
    (tmp_path / "helper.py").write_text("import script\nimport torch\ntorch.nothing\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "net.py").write_text("from torch import *\nfrom torch.nn import Conv1d\n")
    found = scan(tmp_path / "script.py")
    assert [(one.file, one.line, one.name) for one in found] == [
        (str(tmp_path / "helper.py"), 3, "torch.nothing"), (str(tmp_path / "parts" / "net.py"), 2, "torch.nn.Conv1d"),
    ]  # fmt: skip


def test_what_is_no_python_is_an_error(tmp_path):
    (tmp_path / "script.py").write_text("def f(:\n")
    with pytest.raises(SyntaxError):
        scan(tmp_path / "script.py")
