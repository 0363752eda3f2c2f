"""minigrad.optim offers everything, and imports what is seldom used only when it is named."""

import subprocess
import sys

import pytest

from minigrad import optim


def test_everything_it_offers_is_there():
    for name in optim.__all__:
        assert getattr(optim, name) is not None and name in dir(optim)
    assert optim.RMSprop is optim.rmsprop.RMSprop


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(optim, "Adammm")
    with pytest.raises(AttributeError, match="module 'minigrad.optim' has no attribute 'Adammm'"):
        optim.Adammm  # noqa: B018
    with pytest.raises(ImportError):
        from minigrad.optim import Adammm  # noqa: F401


def test_what_is_seldom_used_is_imported_when_it_is_named():
    code = """
import sys
import minigrad
assert "minigrad.optim.lbfgs" not in sys.modules and "minigrad.optim.swa_utils" not in sys.modules
from minigrad.optim import LBFGS, swa_utils
assert "minigrad.optim.lbfgs" in sys.modules and "minigrad.optim.sam" not in sys.modules
"""
    # -P: the installed minigrad, not the unbuilt one of a checkout that we may stand in
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
