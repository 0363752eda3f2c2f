"""Transforms put together."""

import pytest
from pictures import uint8

import minigrad
from minigrad import transforms as M


def test_compose_and_lambda():
    f = M.Compose([M.ToTensor(), M.Lambda(lambda t: t.reshape(-1)), M.Lambda(lambda t: t * 2)])
    assert f(uint8(4, 5)).shape == (20,)
    assert "ToTensor()" in repr(f)


def test_all_or_none_with_a_probability():
    f = M.RandomApply([M.Lambda(lambda x: x + 1), M.Lambda(lambda x: x * 2)], p=0.3)
    minigrad.manual_seed(0)
    results = [f(5) for _ in range(2000)]
    assert set(results) == {5, 12}
    assert abs(results.count(12) / 2000 - 0.3) < 0.04
    assert "p=0.3" in repr(f)
    with pytest.raises(ValueError, match="p is 1.5"):
        M.RandomApply([], 1.5)
    with pytest.raises(TypeError, match="transform 0 is a int"):
        M.RandomApply([3])
