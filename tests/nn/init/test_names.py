"""Initializers by name."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init

NAMES = """glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal orthogonal zeros ones identity
    eye uniform normal trunc_normal xavier_uniform xavier_normal kaiming_uniform kaiming_normal""".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_takes_the_name(name):
    mg.manual_seed(0)
    layer = nn.Linear(4, 3, init=name)
    mg.manual_seed(0)
    assert layer.weight.tolist() == init.get(name)(mg.empty(3, 4)).tolist()
    assert layer.bias.tolist() == [0.0] * 3


@pytest.mark.parametrize("name", NAMES)
def test_underscores_and_capitals_do_not_count(name):
    for other in (name.upper(), name + "_", "".join(part.capitalize() for part in name.split("_"))):
        found = init.get(other)
        assert found is init.get(name) or repr(found) == repr(init.get(name))


def test_names_are_those_of_functions_here():
    assert init.get("Zeros") is init.zeros_
    assert init.get("identity") is init.get("eye") is init.eye_
    assert init.get("kaiming_normal_") is init.kaiming_normal_
    assert init.get("dirac") is init.dirac_
    assert init.get("DeltaOrthogonal") is init.delta_orthogonal_
    assert nn.Linear(2, 2, init="identity").weight.tolist() == np.eye(2).tolist()


def test_a_callable_is_taken_as_it_is():
    law = init.VarianceScaling()
    assert init.get(law) is law
    assert init.get(abs) is abs


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("hee_normal", "the nearest is 'he_normal' or 'normal'"),
        ("glorot", "the nearest is 'glorot_normal' or 'glorot_uniform'"),
        ("orthonormal", "the nearest is 'glorot_normal' or 'orthogonal'"),
        ("kaiming_norm", "the nearest is 'kaiming_normal' or 'kaiming_uniform'"),
        ("zero", "the nearest is 'zeros'"),
    ],
)
def test_an_unknown_name_is_refused_with_what_comes_nearest(name, near):
    with pytest.raises(ValueError, match=rf"init: unknown name '{name}'; {near}; expected one of glorot_uniform, "):
        init.get(name)


def test_a_name_near_to_nothing_is_refused_with_the_list():
    with pytest.raises(ValueError, match=r"unknown name 'qqq'; expected one of glorot_uniform"):
        nn.Linear(2, 2, init="qqq")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (3, "a name or a callable.*got int"),
        (mg.ones(1), "got Tensor"),
        (init.VarianceScaling, r"the class VarianceScaling; call it to make one: VarianceScaling\(\)"),
    ],
)
def test_what_is_neither_name_nor_callable_is_refused(given, text):
    with pytest.raises(TypeError, match=f"init: .*{text}"):
        init.get(given)


@pytest.mark.parametrize("name", [
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "identity", "ones",
    "zeros",
])  # fmt: skip
def test_a_name_is_an_attribute_too(name):
    mg.manual_seed(0)
    by_name = nn.Linear(4, 4, init=name)
    mg.manual_seed(0)
    assert nn.Linear(4, 4, init=getattr(nn.init, name)).weight.tolist() == by_name.weight.tolist()
    assert name in dir(nn.init)
