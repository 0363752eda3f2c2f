"""`import minigrad` is light: what it brings along, and how long it takes."""

import json
import subprocess
import sys

import minigrad

CODE = """
import json, sys, time
import numpy
before = set(sys.modules)
start = time.perf_counter()
import minigrad
took = time.perf_counter() - start
print(json.dumps([took, sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
                  sorted(name for name in sys.modules if name.startswith("minigrad."))]))
"""


def imported():
    # -P: the installed minigrad, not the unbuilt one of a checkout that we may stand in
    out = subprocess.run([sys.executable, "-P", "-c", CODE], capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def test_import_brings_nothing_but_minigrad_numpy_and_the_standard_library():
    _, names, _ = imported()
    foreign = [n for n in names if n not in sys.stdlib_module_names and n not in ("minigrad", "numpy")]
    # Cython's modules share their helpers under a name of Cython's own
    assert [n for n in foreign if "cython" not in n and n != "_cyutility"] == []


def test_import_is_quick():
    """15 ms over numpy is the aim (benchmarks show it); this only catches an import gone astray."""
    assert min(imported()[0] for _ in range(3)) < 0.6


def test_unused_parts_are_not_imported():
    _, names, modules = imported()
    assert not {"safetensors", "tqdm", "matplotlib", "inspect", "dataclasses", "urllib", "unittest"} & set(names)
    later = {f"minigrad.{name}" for name in [*minigrad._MODULES, *minigrad._FUNCTIONS.values()]}
    assert not later & set(modules)


def test_parts_are_there_when_they_are_asked_for():
    code = """
import minigrad
assert not {'cuda', 'save'} & set(vars(minigrad)) and {'cuda', 'save', 'sin'} <= set(dir(minigrad))
for name in [*minigrad._MODULES, *minigrad._FUNCTIONS]:
    value = getattr(minigrad, name)
    assert value is getattr(minigrad, name) is not None, name
print(minigrad.sin_(minigrad.zeros(1)).item(), minigrad.version.__version__ == minigrad.__version__)
try:
    minigrad.nothing
except AttributeError as error:
    print(error)
from minigrad import load, backends
"""
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "0.0 True\nmodule 'minigrad' has no attribute 'nothing'\n"
