"""The package as a whole: its names."""

import subprocess
import sys

import pytest

from minigrad.nn import init


def test_every_name_is_there_and_listed():
    assert len(set(init.__all__)) == len(init.__all__)
    for name in init.__all__:
        assert callable(getattr(init, name)), name
    assert set(init.__all__) <= set(dir(init))


def test_names_that_come_when_they_are_asked_for_can_be_imported_as_the_others():
    code = (
        "import sys, minigrad.nn.init as init; assert 'minigrad.nn.init.lsuv' not in sys.modules; "
        "from minigrad.nn.init import lsuv_, fixup_, uniform; assert uniform.__name__ == 'uniform'; "
        "from minigrad.nn.init import *; assert zero_gamma_ is init.zero_gamma_"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match=r"'minigrad\.nn\.init' has no attribute 'he_abnormal'"):
        _ = init.he_abnormal
