"""PyTorch's older names: the new functions, with a warning."""

import inspect

import pytest

import minigrad as mg
from minigrad.nn import init

OLDER = """constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform xavier_normal
    xavier_uniform"""
MORE = {"constant": (2.0,), "sparse": (0.5,)}


@pytest.mark.parametrize("name", OLDER.split())
def test_an_older_name_warns_and_does_what_the_new_one_does(name):
    shape = (4, 4, 3) if name == "dirac" else (4, 4)
    older, new = getattr(init, name), getattr(init, name + "_")
    t = mg.empty(shape)
    mg.manual_seed(0)
    with pytest.warns(FutureWarning, match=rf"nn\.init\.{name} is an older name: write nn\.init\.{name}_") as caught:
        assert older(t, *MORE.get(name, ())) is t
    assert caught[0].filename == __file__
    mg.manual_seed(0)
    assert t.tolist() == new(mg.empty(shape), *MORE.get(name, ())).tolist()
    assert older.__name__ == name
    assert inspect.signature(older) == inspect.signature(new)


@pytest.mark.oracle
def test_the_older_names_are_torchs():
    torch = pytest.importorskip("torch", reason="the oracle is torch")
    known = set(torch.nn.init.__all__)
    assert {name for name in known if name + "_" in known} == set(OLDER.split())
    with pytest.warns(FutureWarning):
        torch.nn.init.eye(torch.empty(2, 2))
