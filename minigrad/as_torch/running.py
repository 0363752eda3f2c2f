"""Runs a script as python would: the same __main__, arguments, path, tracebacks and exit status."""

import builtins
import os
import re
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

from minigrad.as_torch.aliases import install
from minigrad.as_torch.names import ROOTS, explain, theirs

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def run(script, arguments=()):
    """Runs the file `script` as __main__ with sys.argv = [script, *arguments], and torch as minigrad.

    What the script raises comes out; sys.excepthook shows it without the frames of this package.
    """
    path = os.path.abspath(script)
    if os.path.isdir(path):
        raise IsADirectoryError(f"as_torch: {script} is a folder; give the script in it")
    with open(path, "rb") as file:
        source = file.read()
    install()
    main = ModuleType("__main__")
    main.__dict__.update(
        __annotations__={}, __builtins__=builtins, __cached__=None, __file__=path, __package__=None,
        __loader__=SourceFileLoader("__main__", path),
    )  # fmt: skip
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.excepthook = _show
    exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)


def _show(kind, error, traceback):
    """sys.excepthook: what Python shows, without our frames."""
    shown, each = set(), error
    while each is not None and id(each) not in shown:
        shown.add(id(each))
        each.__traceback__ = _without_us(each.__traceback__)
        _say_what_is_near(each)
        each = each.__cause__ or each.__context__
    sys.__excepthook__(kind, error, error.__traceback__)


def _without_us(step):
    """A traceback without the frames of this package and of the import system around it."""
    kept = []
    while step is not None:
        if not step.tb_frame.f_code.co_filename.startswith((_HERE, "<frozen runpy>", "<frozen importlib")):
            kept.append(step)
        step = step.tb_next
    for step, after in zip(kept, [*kept[1:], None][: len(kept)], strict=True):
        step.tb_next = after
    return kept[0] if kept else None


def _say_what_is_near(error):
    """A note for `from torch import nothing`, whose message Python writes."""
    found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error)) if type(error) is ImportError else None
    if found:
        module = found[2] if found[2].partition(".")[0] in ROOTS else theirs(found[2])
        if module:
            error.add_note(explain(f"{module}.{found[1]}"))
