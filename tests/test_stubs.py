"""The stubs that editors read say what the running code does: every public name, every argument.

After a change of a signature: python tests/write_stubs.py
"""

import ast
import importlib
import inspect
import shutil
import subprocess
from pathlib import Path

import pytest

import minigrad
from minigrad import ops
from minigrad.tensor import Tensor

PACKAGE = Path(minigrad.__file__).parent
SOURCE = Path(__file__).parent.parent / "minigrad"
MODULES = ["minigrad.kernels", "minigrad.tensor", "minigrad.autograd.engine", "minigrad.autograd.function",
           *[f"minigrad.ops.{room}" for room in sorted({*ops.ROOMS, "inplace", "update"})]]
MEND = "run `python tests/write_stubs.py`"


def stub_of(module):
    path = PACKAGE.parent / (module.replace(".", "/") + ".pyi")
    assert path.exists(), f"{module} has no stub; {MEND}"
    return ast.parse(path.read_text(encoding="utf-8"))


def named(body):
    """{name: node} of what a stub's module or class defines."""
    found = {}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = node
        elif isinstance(node, ast.Assign):
            found[node.targets[0].id] = node
    return found


def parameters_of_stub(node):
    """[(name, kind, default)] of a def in a stub."""
    P, a = inspect.Parameter, node.args
    positional = [*a.posonlyargs, *a.args]
    defaults = [P.empty] * (len(positional) - len(a.defaults)) + [ast.literal_eval(d) for d in a.defaults]
    found = [(arg.arg, P.POSITIONAL_OR_KEYWORD, default) for arg, default in zip(positional, defaults, strict=True)]
    if a.vararg:
        found.append((a.vararg.arg, P.VAR_POSITIONAL, P.empty))
    for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        found.append((arg.arg, P.KEYWORD_ONLY, P.empty if default is None else ast.literal_eval(default)))
    if a.kwarg:
        found.append((a.kwarg.arg, P.VAR_KEYWORD, P.empty))
    return found


def parameters_of(function):
    """The same of a running function. Twins in place hand all on to what they are the twin of;
    what ops.inplace.with_out wraps has an out besides."""
    found = [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
    names = [name for name, _, _ in found]
    if names[1:] == ["arguments", "keywords"]:
        twin = vars(Tensor).get(function.__name__[:-1]) or ops.functions[function.__name__[:-1]]
        return [p for p in parameters_of(twin) if p[0] != "out"]
    made_by_with_out = hasattr(function, "__wrapped__") and "out" in function.__code__.co_varnames
    if made_by_with_out and "out" not in names:
        at = len(found) - (found[-1][1] is inspect.Parameter.VAR_KEYWORD)
        found.insert(at, ("out", inspect.Parameter.KEYWORD_ONLY, None))
    return found


def public(module):
    return {name: value for name, value in vars(module).items()
            if not name.startswith("_")
            and module.__name__ in (getattr(value, "__module__", None), type(value).__module__)}


@pytest.mark.parametrize("name", MODULES)
def test_a_stub_has_every_public_name_and_no_other(name):
    running = public(importlib.import_module(name))
    in_stub = {n for n in named(stub_of(name).body) if not n.startswith("_")}
    constants = {n for n in in_stub if hasattr(importlib.import_module(name), n)} - running.keys()
    assert in_stub - constants == running.keys(), MEND


@pytest.mark.parametrize("name", MODULES)
def test_a_stubs_functions_have_the_running_ones_arguments(name):
    nodes = named(stub_of(name).body)
    for function, value in public(importlib.import_module(name)).items():
        if isinstance(value, type) or not callable(value):
            continue
        assert parameters_of_stub(nodes[function]) == parameters_of(value), f"{name}.{function}: {MEND}"


@pytest.mark.parametrize("name", MODULES)
def test_a_stubs_classes_have_the_running_ones_methods(name):
    nodes = named(stub_of(name).body)
    for class_name, cls in public(importlib.import_module(name)).items():
        if not isinstance(cls, type):
            continue
        node = nodes[class_name]
        in_stub = named(node.body)
        running = {n: v for n, v in vars(cls).items() if not n.startswith("_")}
        attributes = {n for n, part in in_stub.items() if isinstance(part, ast.AnnAssign)}
        assert running.keys() <= in_stub.keys(), f"{name}.{class_name}: {MEND}"
        methods = {n for n in in_stub if not n.startswith("_")} - attributes
        assert methods <= running.keys(), f"{name}.{class_name}: {MEND}"
        for method, value in running.items():
            value = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
            if hasattr(value, "__code__"):
                want, got = parameters_of(value), parameters_of_stub(in_stub[method])
                first = 1 - isinstance(vars(cls)[method], staticmethod)      # a function serves as a method, too
                assert got[first:] == want[first:], f"{name}.{class_name}.{method}: {MEND}"


def test_tensors_operators_are_in_its_stub():
    in_stub = {name for name in named(named(stub_of("minigrad.tensor").body)["Tensor"].body) if name.startswith("__")}
    own = {name for name, value in vars(Tensor).items() if name.startswith("__") and value is not None}
    of_every_class = {"__new__", "__doc__", "__repr__", "__str__", "__delitem__", "__pyx_vtable__", "__module__",
                      "__init__"}
    assert in_stub - {"__init__"} == own - of_every_class


def test_the_package_offers_editors_what_it_offers():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    offered = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    offered |= set(named(tree.body))
    running = {name for name in dir(minigrad) if not name.startswith("_")}
    loaded_later = {name for name in running if inspect.ismodule(getattr(minigrad, name))}
    assert {name for name in offered if not name.startswith("_")} - loaded_later == running - loaded_later, MEND


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.skipif(not shutil.which("mypy") or not SOURCE.exists(), reason="needs mypy (a tool of .ci/run)")
def test_mypy_is_content_with_the_stubs():
    stubs = sorted(str(path.relative_to(SOURCE.parent)) for path in SOURCE.rglob("*.pyi"))
    done = subprocess.run(["mypy", *stubs], cwd=SOURCE.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
