"""Parameters as one vector."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import utils


def test_parameters_go_into_a_vector_and_back():
    net = nn.Linear(2, 1)
    v = utils.parameters_to_vector(net.parameters())
    assert v.requires_grad
    assert v.tolist() == [*net.weight.tolist()[0], net.bias.item()]
    new = mg.tensor([1.0, 2.0, 3.0])
    utils.vector_to_parameters(new, net.parameters())
    assert net.weight.tolist() == [[1.0, 2.0]]
    assert net.bias.tolist() == [3.0]
    with mg.no_grad():
        net.weight.zero_()
    assert new.tolist() == [1.0, 2.0, 3.0]
    assert utils.parameters_to_vector([]).numel() == 0


def test_a_vector_of_another_length_is_refused():
    net = nn.Linear(2, 1)
    before = net.weight.tolist()
    with pytest.raises(ValueError, match="hold 3 elements, the vector 4"):
        utils.vector_to_parameters(mg.ones(4), net.parameters())
    with pytest.raises(TypeError, match="one axis"):
        utils.vector_to_parameters(mg.ones(3, 1), net.parameters())
    assert net.weight.tolist() == before
