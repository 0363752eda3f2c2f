"""Which names of PyTorch's a script uses that are not here, before it runs.

The script is only read. Names are followed from the imports: `import torch.nn as nn` and then
nn.Conv2d is torch.nn.Conv2d. What an object has (x.foo for a tensor x) cannot be seen this way.
"""

import ast
import os
from collections import namedtuple

from minigrad.as_torch.names import ROOTS, explain, missing

__all__ = ["scan"]

Found = namedtuple("Found", "file line name text")


def scan(script):
    """[Found(file, line, name, text)] of what is not here, in the script and the modules beside it
    that it imports; text says why or what comes nearest.

    Errors: SyntaxError where a file is no Python.
    """
    waiting, seen, found = [os.fspath(script)], set(), []
    while waiting:
        file = waiting.pop(0)
        if file not in seen:
            seen.add(file)
            with open(file, "rb") as opened:
                tree = ast.parse(opened.read(), file)
            found += _scan_tree(tree, file)
            waiting += _beside(tree, os.path.dirname(file))
    return found


def report(scripts):
    """Prints what scan() finds in each script; 1 where there is something, else 0."""
    status = 0
    for script in scripts:
        found = scan(script)
        for one in found:
            print(f"{one.file}:{one.line}: {one.text}")
        if not found:
            print(f"{script}: every name it uses of {', '.join(ROOTS)} is here")
        status |= bool(found)
    return status


def _beside(tree, folder):
    """The files in a folder that a tree imports modules from."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
    files = [os.path.join(folder, *name.split(".")) for name in names if name.partition(".")[0] not in ROOTS]
    files = [path for file in files for path in (file + ".py", os.path.join(file, "__init__.py"))]
    return [file for file in files if os.path.isfile(file)]


def _scan_tree(tree, file):
    aliases = _aliases(tree)
    used = []  # (line, dotted name)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            used += [(line, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            used += [(line, f"{node.module}.{alias.name}".removesuffix(".*")) for alias in node.names]
        elif isinstance(node, ast.Attribute):
            used.append((line, _dotted(node, aliases) or ""))
    found = {}
    for line, name in sorted(used):
        absent = missing(name) if name.partition(".")[0] in ROOTS else None
        if absent is not None:
            found.setdefault((line, absent), Found(file, line, absent, explain(absent)))
    return list(found.values())


def _aliases(tree):
    """{name in the script: dotted name}: what imports bind, and assignments such as F = torch.nn.functional."""
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                if root in ROOTS:
                    aliases[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module.partition(".")[0] in ROOTS:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            dotted = _dotted(node.value, aliases) if isinstance(node.value, ast.Attribute) else None
            if dotted:
                aliases.setdefault(node.targets[0].id, dotted)
    return aliases


def _dotted(node, aliases):
    """The dotted name that a chain of attributes stands for, or None."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(names)])
