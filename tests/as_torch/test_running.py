"""A script runs as if by python: what it prints, raises and returns are the same."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import minigrad
from minigrad.as_torch.__main__ import main

CACHE = tempfile.TemporaryDirectory()       # of bytecode, as many short processes follow
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(minigrad.__file__).parents[1]), "PYTHONPYCACHEPREFIX": CACHE.name}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def run(folder, *arguments):
    """(stdout, stderr, exit status) of python with arguments, in a folder."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr, done.returncode


def as_torch(folder, *arguments):
    return run(folder, "-m", "minigrad.as_torch", *arguments)


def write(folder, source, name="script.py"):
    (folder / name).write_text(source, encoding="utf-8")
    return name


PLAIN = {
    "what it knows of itself": """
'''A docstring.'''
import sys
names = {n: v for n, v in globals().items() if n not in ('__loader__', 'names', 'sys')}
print(sorted(names.items()), type(__loader__).__name__, __loader__.name, __loader__.path)
print(sys.argv, sys.path[0], sys.modules['__main__'].__doc__, __name__)
class Here: pass
import pickle
print(pickle.loads(pickle.dumps(Here)) is Here)
if __name__ == '__main__':
    print('main')
""",
    "an error": "def f(x):\n    return 1 / x\n\nprint('before', flush=True)\nf(0)\n",
    "an error of an error": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e\n",
    "an error in an error": "try:\n    {}['a']\nexcept KeyError:\n    [][0]\n",
    "no python": "x = 1\ndef f(:\n",
    "an exit": "import sys\nsys.exit(3)\n",
    "an exit with words": "import sys\nsys.exit('words')\n",
    "an interrupt": "raise KeyboardInterrupt\n",
    "a module that is not there": "import nothing_of_this_name\n",
    "a name that is not there": "from os import nothing_of_this_name\n",
    "its own hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1 / 0\n",
    "a neighbour, a warning, an end": """# -*- coding: latin-1 -*-
import atexit, warnings, neighbour
atexit.register(print, 'end')
def f():
    warnings.warn('careful', stacklevel=2)
f()
print(neighbour.x)
neighbour.fail()
""",
}


@pytest.mark.parametrize("source", PLAIN.values(), ids=PLAIN)
def test_it_is_as_if_run_by_python(tmp_path, source):
    write(tmp_path, "x = 5\ndef fail():\n    raise OSError(x)\n", "neighbour.py")
    name = write(tmp_path, source)
    assert as_torch(tmp_path, name, "-a", "--scan", "b c") == run(tmp_path, name, "-a", "--scan", "b c")


def test_the_scripts_folder_is_where_it_looks_for_modules(tmp_path):
    (tmp_path / "inside").mkdir()
    write(tmp_path, "x = 'outside'\n", "neighbour.py")
    write(tmp_path / "inside", "x = 'inside'\n", "neighbour.py")
    write(tmp_path / "inside", "import neighbour, sys\nprint(neighbour.x, sys.argv)\n")
    assert as_torch(tmp_path, "inside/script.py") == run(tmp_path, "inside/script.py")
    assert as_torch(tmp_path, "inside/script.py")[0] == "inside ['inside/script.py']\n"


def test_options_of_python_hold(tmp_path):
    name = write(tmp_path, "import warnings\nassert False, 'checked'\nwarnings.warn('w')\n")
    assert as_torch(tmp_path, name)[2] == 1
    assert run(tmp_path, "-O", "-m", "minigrad.as_torch", name)[2] == 0
    out = run(tmp_path, "-O", "-W", "error", "-m", "minigrad.as_torch", name)
    assert out == run(tmp_path, "-O", "-W", "error", name)


def test_the_command_line_is_explained(tmp_path, capsys):
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: python -m minigrad.as_torch [--scan] script.py")
    for arguments in ([], ["--unknown"], ["--scan"]):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("usage:")
    assert main(["nowhere.py"]) == main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "can't open file 'nowhere.py': No such file" in error
    assert "Is a directory" in error


def test_torch_is_minigrad_and_an_installed_pytorch_is_not_touched(tmp_path):
    out, error, status = as_torch(tmp_path, write(tmp_path, """
import sys, torch
import torch.nn as nn, torch.nn.functional as F
from torch.utils.data.sampler import SubsetRandomSampler
from torch.autograd import Variable
from torch.nn.modules.linear import Linear
import torch.optim.sgd
from torchvision.transforms import v2
import torchvision.transforms.v2 as again
from torchvision import datasets, utils
import torchmetrics
import minigrad
assert torch.nn is nn is minigrad.nn and F.relu is minigrad.nn.functional.relu
assert Linear is nn.Linear and v2 is again and torch.Tensor is minigrad.Tensor
assert minigrad.nn.__spec__.name == 'minigrad.nn' and minigrad.nn.__name__ == 'minigrad.nn'
assert minigrad.__version__ != torch.__version__
assert not [n for n, m in sys.modules.items() if 'site-packages/torch' in (getattr(m, '__file__', None) or '')]
print(torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), torch.ones(2, 3).shape, torch.float16)
"""))  # fmt: skip
    assert (out, error, status) == (
        "tensor([1.]) tensor([1.], dtype=torch.float64) torch.Size([2, 3]) torch.float16\n", "", 0
    )  # fmt: skip


def test_its_version_is_that_of_the_pytorch_it_is_like(tmp_path):
    out, error, status = as_torch(tmp_path, write(tmp_path, """
import torch
v = torch.__version__
assert v > '2.4.0' and v >= '2.4' and v > (2, 4) and not v < '2.10' and not v <= '2.4.1'
assert v.split('.')[0] == '2' and isinstance(v, str)
try:
    from packaging.version import Version
    assert Version(v) >= Version('2.4.0')
except ModuleNotFoundError:
    pass
print(v, torch.version.cuda)
"""))  # fmt: skip
    assert (out, error, status) == (f"2.13.0+minigrad.{minigrad.__version__} None\n", "", 0)


@pytest.mark.parametrize(("source", "line", "message"), [
    ("import torch\n\ntorch.nn.Lineer(2, 3)\n", 3, "torch.nn.Lineer is not in minigrad; nearest to it: torch.nn.L"),
    ("import torch\ntorch.randnn(3)\n", 2, "torch.randnn is not in minigrad; nearest to it: torch.rand"),
    ("from torch.nn import Linaer\n", 1, "torch.nn.Linaer is not in minigrad; nearest to it: torch.nn.Linear"),
    ("\nimport torchvision.models as m\n", 2, "torchvision.models is not in minigrad: its networks are convolutional"),
    ("import torch\ntorch.ones(1).cuda()\n", 2, "minigrad computes on the CPU only, got 'cuda'"),
])
def test_an_unknown_name_fails_with_its_line_and_what_comes_nearest(tmp_path, source, line, message):
    out, error, status = as_torch(tmp_path, write(tmp_path, source))
    assert (out, status) == ("", 1)
    assert message in error
    assert f'script.py", line {line}, in <module>\n    {source.split(chr(10))[line - 1]}\n' in error
    assert "as_torch" not in error
    assert "frozen" not in error


def test_pytorchs_answers_are_back_where_a_script_depends_on_them(tmp_path):
    source = """import torch
from torch import nn
net = nn.Linear(2, 1)
loss = nn.MSELoss()(net(torch.ones(4, 2)), torch.ones(4))
loss.backward()
net.weight.grad[0, 0] = float("nan")
print(nn.utils.clip_grad_norm_(net.parameters(), 1.0))
"""
    name = write(tmp_path, source)
    out, error, status = as_torch(tmp_path, name)
    assert (out, status) == ("tensor(nan)\n", 0)
    assert f"{name}:4: UserWarning: mse_loss: the target's shape (4,) is not the input's (4, 1)" in error
    write(tmp_path, source.replace("import torch", "import minigrad as torch").replace("from torch", "from minigrad"))
    out, error, status = run(tmp_path, name)
    assert (out, status) == ("", 1)
    assert "ValueError: mse_loss: " in error


def test_questions_whether_a_name_is_there_are_answered(tmp_path):
    out, error, _ = as_torch(tmp_path, write(tmp_path, """
import torch
print(hasattr(torch, 'nothing'), getattr(torch.backends, 'nothing', 'no'), hasattr(torch.nn, 'Linear'))
try:
    import torchvision.models
except ImportError as e:
    print(type(e).__name__, e.name)
print(len([n for n in dir(torch) if n in ('save', 'nn', 'tensor', 'cuda')]))
"""))  # fmt: skip
    assert (out, error) == ("False no True\nModuleNotFoundError torchvision.models\n4\n", "")


def test_a_pytorch_that_is_imported_already_is_an_error(tmp_path):
    code = """
import sys, types
sys.modules['torch'] = types.ModuleType('torch')
from minigrad import as_torch
try:
    as_torch.install()
except RuntimeError as e:
    print(e)
del sys.modules['torch']
as_torch.install()
as_torch.install()
import torch
print(torch.nn.__name__)
"""
    out, error, _ = run(tmp_path, "-c", code)
    assert "torch is imported already" in out
    assert out.endswith("\nminigrad.nn\n"), error
