"""Programs as people write them for PyTorch run here unchanged and print what they print there.

Each script beside this file runs three times: by PyTorch, by `python -m minigrad.as_torch`, and with
its imports rewritten as a person would (`import minigrad as torch`). What the two print must be the
words that PyTorch's run prints, with numbers that differ by float32's noise only: losses are
sums in another order, and each step of training passes the difference on.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("test_"))
NEEDS = {
    "echo": ("nn.RNN is not here yet", lambda: hasattr(nn, "RNN")),
    "schedules": ("optim.lr_scheduler is not here yet", lambda: hasattr(optim, "lr_scheduler")),
}
CACHE = tempfile.TemporaryDirectory()       # of bytecode
# Of a number, relative where it is above 1. Up to 4e-5 was seen, after 160 steps of Adam, where a run
# in float64 is as far from PyTorch's; most of the programs differ by less than 1e-6.
TOLERANCE = 2e-4

pytestmark = pytest.mark.oracle


def environment(*path):
    added = os.pathsep.join(map(str, [*path, Path(mg.__file__).parents[1]]))
    variables = {**os.environ, "PYTHONPATH": added, "PYTHONPYCACHEPREFIX": CACHE.name, "PYTHONHASHSEED": "0"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


# ---- data -------------------------------------------------------------------------------------------


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The digits that come with minigrad, as an archive of arrays and in MNIST's format, 28 x 28."""
    made = tmp_path_factory.mktemp("data")
    raw = made / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for train, part, count in ((True, "train", 768), (False, "t10k", 256)):
        digits = mg.datasets.Digits(train=train)
        images, labels = digits.data.numpy()[:count], digits.targets.numpy()[:count]
        large = np.pad(images.repeat(3, 1).repeat(3, 2), ((0, 0), (2, 2), (2, 2)))
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(large))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels.astype(np.uint8)))
        if train:
            np.savez(made / "digits.npz", images=np.rint(images * (16 / 255)).astype(np.uint8), labels=labels)
    return made


# ---- the three ways -----------------------------------------------------------------------------------

EVERY = """
import contextlib, io, json, runpy, sys, traceback
import torch
torch.set_num_threads(1)        # on a busy machine two wait for each other at every step
folder, *scripts = sys.argv[1:]
printed = {}
for script in scripts:
    sys.argv = [script, folder]
    torch.set_printoptions(profile="default")
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(script, run_name="__main__")
    except BaseException:
        out.write(traceback.format_exc())
    printed[script] = out.getvalue()
print(json.dumps(printed))
"""


@pytest.fixture(scope="session")
def by_torch(folder):
    """{program: what it prints}, all in one process, as importing PyTorch takes longest."""
    pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    scripts = [str(HERE / f"{name}.py") for name in PROGRAMS]
    done = subprocess.run(
        [sys.executable, "-c", EVERY, folder, *scripts], env=environment(HERE / "for_torch"), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return {Path(script).stem: text for script, text in json.loads(done.stdout).items()}


def rewritten(source):
    """The source with its imports changed by hand."""
    source = re.sub(r"^import torch$", "import minigrad as torch", source, flags=re.MULTILINE)
    source = re.sub(r"^(import|from) torch\b", r"\1 minigrad", source, flags=re.MULTILINE)
    return re.sub(r"^from torchvision\b", "from minigrad", source, flags=re.MULTILINE)


# ---- comparing -----------------------------------------------------------------------------------------

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)(?![\w])")
SHARE = re.compile(r"(acc\w*|neighbour)\W*$", re.IGNORECASE)      # what stands before a share of samples


def words(text):
    """The text without its numbers, without what depends on how wide these are, and without the names
    of operations, where one here may be several there."""
    text = re.sub(r"grad_fn=<\w+>", "grad_fn=<>", text.replace("minigrad.", "torch."))
    return re.sub(r"\s+", " ", NUMBER.sub("#", text)).strip()


def numbers(text):
    """(number, how far another may be from it): a share may differ by a sample on the border."""
    for found in NUMBER.finditer(text):
        value = float(found[0])
        before = text[max(0, found.start() - 20) : found.start()]
        yield value, max(1, abs(value)) * (0.01 if SHARE.search(before) else TOLERANCE)


def assert_the_same(got, want):
    assert words(got) == words(want)
    for i, ((a, _), (b, allowed)) in enumerate(zip(numbers(got), numbers(want), strict=True)):
        assert abs(a - b) <= allowed, f"number {i}: {a}, there {b}; {got}"


@pytest.fixture(params=PROGRAMS)
def program(request):
    reason, here = NEEDS.get(request.param, ("", lambda: True))
    if not here():
        pytest.skip(reason)
    return request.param


def test_by_as_torch(program, folder, by_torch, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "minigrad.as_torch", HERE / f"{program}.py", folder], cwd=tmp_path, env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert_the_same(done.stdout, by_torch[program])


def test_with_its_imports_rewritten(program, folder, by_torch, tmp_path):
    script = tmp_path / f"{program}.py"
    script.write_text(rewritten((HERE / script.name).read_text(encoding="utf-8")), encoding="utf-8")
    assert "import torch\n" not in script.read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script, folder, "--compile"], cwd=tmp_path, env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert_the_same(done.stdout, by_torch[program])


def test_the_scan_finds_every_name(program, capsys):
    from minigrad.as_torch.scan import report

    assert report([str(HERE / f"{program}.py")]) == 0, capsys.readouterr().out


def test_a_loss_curve_that_differs_is_noticed():
    assert_the_same("loss 0.50001 of 3\n", "loss 0.5 of   3\n")
    assert_the_same("Accuracy: 0.893", "Accuracy: 0.890")
    for other in ("loss 0.501 of 3", "loss 0.5 of 4", "gain 0.5 of 3", "loss 0.5 of", "loss nan of 3"):
        with pytest.raises((AssertionError, ValueError)):
            assert_the_same(other, "loss 0.5 of 3")
