"""Importing the data tools stays light."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["minigrad.datasets", "minigrad.transforms", "minigrad.utils.data"])
def test_importing_brings_in_nothing_heavy(module):
    code = (f"import sys, minigrad; before = set(sys.modules); import {module}\n"
            "new = set(sys.modules) - before\n"
            "heavy = {'urllib.request', 'gzip', 'tarfile', 'hashlib', 'http.client', 'dataclasses'}\n"
            "print(sorted(heavy & new))")
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
