"""Variable, from before PyTorch 0.4."""

import pytest

import minigrad as mg
from minigrad.autograd import Variable


def test_it_is_the_tensor_again_as_a_leaf():
    x = mg.ones(2)
    v = Variable(x, requires_grad=True)
    (v * 3).sum().backward()
    assert v.grad.tolist() == [3, 3]
    assert not x.requires_grad
    x.zero_()
    assert v.tolist() == [0, 0]
    with pytest.raises(TypeError, match="got list"):
        Variable([1.0])
