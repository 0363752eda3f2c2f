"""Every instruction set that was built gives the same: the operations' tests pass on each, and
all numbers but those of matrix products are the same bits."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import kernels

TESTS = Path(__file__).parent


def run(*command, **environment):
    """A fresh interpreter, away from the checkout; no setting of minigrad's but those given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MINIGRAD_", "PYTEST_"))}
    clean["PYTHONPATH"] = str(Path(minigrad.__file__).parents[1])
    return subprocess.run([sys.executable, *map(str, command)], env=clean | environment, cwd="/", check=False,
                          capture_output=True, text=True)


def available():
    """The instruction sets that this processor runs and this copy was built for, the best first."""
    complaint = run("-c", "import minigrad.kernels", MINIGRAD_ISA="none such").stderr
    return re.search(r"It may be one of: (.*)", complaint).group(1).split()


AVAILABLE = available()
OTHERS = [isa for isa in AVAILABLE if isa != kernels.config()["instruction set"]]

# name -> digest of the bits, for what must be equal; name -> numbers, for what may differ in a rounding
NUMBERS = """
import hashlib, json, sys
import numpy as np
import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

bits, close = {}, {}


def note(name, *tensors):
    total = hashlib.sha256()
    for x in tensors:
        total.update(np.ascontiguousarray(x.detach().numpy()).tobytes())
    bits[name] = total.hexdigest()


for dtype in (mg.float32, mg.float64):
    for n in (1, 3, 8, 17, 1003, 70_001):
        at = f"{dtype} {n}"
        mg.manual_seed(n)
        x, z = mg.randn(n, dtype=dtype), mg.rand(n, dtype=dtype) + 0.01
        note(f"random {at}", x, z, mg.randperm(n), mg.bernoulli(mg.full((n,), 0.3, dtype=dtype)))
        special = mg.tensor([0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-40, -3e38, 700.0], dtype=dtype)
        for name, function in {
            "add": lambda x: x + z[:1], "sub": lambda x: x - x, "mul": lambda x: x * x, "div": lambda x: z[:1] / x,
            "neg": lambda x: -x, "abs": abs, "exp": mg.exp, "log": lambda x: mg.log(abs(x)), "sqrt": mg.sqrt,
            "tanh": mg.tanh, "sigmoid": mg.sigmoid, "relu": mg.relu, "square": lambda x: x**2,
            "pow": lambda x: abs(x) ** 1.7, "softmax": lambda x: x.softmax(0),
            "log_softmax": lambda x: x.log_softmax(0),
        }.items():
            leaf = x.clone().requires_grad_()
            y = function(leaf)
            note(f"{name} {at}", y, *mg.autograd.grad(y, leaf, z))
            # a NaN is a NaN: its sign and payload are the processor's
            y = function(special).numpy()
            y[np.isnan(y)] = 12345
            note(f"{name} of what is special {at}", mg.from_numpy(y))
        for name, function in {
            "sum": lambda x: x.sum(), "mean": lambda x: x.mean(), "var": lambda x: x.var(), "amax": lambda x: x.amax(),
            "amin": lambda x: x.amin(), "argmax": lambda x: x.argmax(), "norm": lambda x: nn.utils.get_total_norm([x]),
        }.items():
            note(f"{name} {at}", function(x))
        note(f"mse {at}", F.mse_loss(x, z))
    for shape in ((7, 5), (64, 100), (300, 33), (9, 4, 6)):
        at = f"{dtype} {shape}"
        x, dy = (mg.randn(*shape, dtype=dtype) for _ in range(2))
        for axis in range(len(shape)):
            note(f"along {axis} {at}", x.sum(axis), x.mean(axis), x.amax(axis), x.var(axis), x.softmax(axis),
                 x.log_softmax(axis), *x.max(axis))
        layer = nn.BatchNorm1d(shape[1], dtype=dtype)
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        y.backward(dy)
        note(f"batch norm {at}", y, leaf.grad, layer.weight.grad, layer.bias.grad, layer.running_var)
        if len(shape) == 2:
            leaf = x.clone().requires_grad_()
            loss = F.cross_entropy(leaf, mg.randint(shape[1], (shape[0],)))
            loss.backward()
            note(f"cross-entropy {at}", loss, leaf.grad)
    for name, make in {
        "sgd": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.1),
        "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        "adam": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1),
        "amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
        "adamax": lambda p: optim.Adamax(p, lr=0.1),
        "nadam": lambda p: optim.NAdam(p, lr=0.1),
        "rmsprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True, clip_norm=0.5),
        "lion": lambda p: optim.Lion(p, lr=0.1, weight_decay=0.1, clip_value=0.01),
    }.items():
        parameters = [nn.Parameter(mg.randn(n, dtype=dtype)) for n in (1, 33, 4097)]
        optimizer = make(parameters)
        for _ in range(3):
            for p in parameters:
                p.grad = mg.randn(p.numel(), dtype=dtype)
            norm = nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        note(f"{name} {dtype}", norm, *parameters)
    for m, k, n in ((1, 1, 1), (5, 3, 7), (33, 100, 65), (128, 300, 10), (130, 784, 100)):
        a, b = mg.randn(m, k, dtype=dtype), mg.randn(k, n, dtype=dtype)
        close[f"product {dtype} {m} {k} {n}"] = [k, (a @ b).double().reshape(-1).tolist()[::7]]
print(json.dumps([mg.kernels.config()["instruction set"], bits, close]))
"""


@pytest.fixture(scope="module")
def numbers():
    """{instruction set: (digests, products)}"""
    found = {}
    for isa in AVAILABLE:
        done = run("-c", NUMBERS, MINIGRAD_ISA=isa)
        assert done.returncode == 0, done.stderr
        ran, *found[isa] = json.loads(done.stdout)
        assert ran == isa
    if len(found) < 2:
        pytest.skip(f"only {AVAILABLE} runs here: nothing to compare it with")
    return found


def test_all_but_products_give_the_same_bits(numbers):
    best = numbers[AVAILABLE[0]][0]
    for isa in AVAILABLE[1:]:
        assert [name for name, digest in numbers[isa][0].items() if digest != best[name]] == [], isa


def test_products_agree_to_rounding(numbers):
    for isa in AVAILABLE[1:]:
        for name, (k, expected) in numbers[AVAILABLE[0]][1].items():
            eps = np.finfo(np.float32 if "float32" in name else np.float64).eps
            np.testing.assert_allclose(numbers[isa][1][name][1], expected, rtol=0, atol=8 * eps * k, err_msg=name)


@pytest.mark.parametrize("isa", AVAILABLE)
def test_the_operations_pass_their_tests_on_each_instruction_set(isa):
    if isa not in OTHERS:
        pytest.skip("is what all tests are running on")
    done = run("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-c", TESTS.parent / "pyproject.toml",
               "--rootdir", TESTS.parent, TESTS / "ops" / "test_table.py", TESTS / "test_promises.py", "-k",
               "(test_value and contiguous) or fused or threads or row_of_a_product or nan", MINIGRAD_ISA=isa)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert re.search(r"\d{3,} passed", done.stdout)


@pytest.mark.parametrize("bad", ["v9", "avx2", "x86-64", "V3"])
def test_a_bad_instruction_set_warns_says_what_there_is_and_runs_on_the_best(bad):
    code = "import minigrad; print(minigrad.kernels.config()['instruction set'], minigrad.tensor([1.0]).exp().item())"
    done = run("-c", code, MINIGRAD_ISA=bad)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{AVAILABLE[0]} 2.718")
    assert f"RuntimeWarning: MINIGRAD_ISA={bad} is not an instruction set built" in done.stderr
    assert f"using {AVAILABLE[0]}. It may be one of: {' '.join(AVAILABLE)}" in done.stderr


def test_no_instruction_set_named_is_no_complaint():
    for environment in ({}, {"MINIGRAD_ISA": ""}):
        done = run("-W", "error", "-c", "import minigrad; print(minigrad.kernels.config()['instruction set'])",
                   **environment)
        assert done.stdout.strip() == AVAILABLE[0]
        assert done.stderr == ""
