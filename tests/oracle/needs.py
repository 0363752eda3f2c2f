"""What the exam cannot be sat without: torch, exactly the pinned one, and expecttest."""

import importlib.metadata
import importlib.util
import pathlib
import tomllib

import pytest


def torch_and_its_bank():
    """Skips the calling module, saying why, unless both are here."""
    for name in ("torch", "expecttest"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"the exam needs {name}: pip install --group oracle", allow_module_level=True)
    pyproject = pathlib.Path(__file__).parents[2] / "pyproject.toml"
    group = tomllib.loads(pyproject.read_text())["dependency-groups"]["oracle"]
    pinned = next(line.partition("==")[2] for line in group if line.startswith("torch=="))
    found = importlib.metadata.version("torch").split("+")[0]
    if found != pinned:
        pytest.skip(f"the bank is that of torch {pinned}, not {found}: pip install --group oracle",
                    allow_module_level=True)
