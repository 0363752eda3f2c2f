"""Parameters: tensors with a name for modules."""

import copy
import pickle

import pytest

import minigrad as mg
from minigrad import nn


def test_a_parameter_is_a_tensor_that_requires_grad():
    p = nn.Parameter(mg.ones(2, 3))
    assert isinstance(p, mg.Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert tuple(p.shape) == (2, 3)


def test_a_parameter_can_be_frozen():
    assert not nn.Parameter(mg.ones(2), requires_grad=False).requires_grad
    assert not nn.Parameter(mg.ones(2), False).requires_grad


def test_a_parameter_shares_its_data_memory():
    data = mg.zeros(2)
    p = nn.Parameter(data)
    data.fill_(3.0)
    assert p.tolist() == [3.0, 3.0]


def test_a_parameter_forgets_its_data_history():
    x = mg.ones(2, requires_grad=True)
    assert nn.Parameter(x * 2).grad_fn is None


def test_a_parameter_of_nothing_is_empty():
    assert tuple(nn.Parameter().shape) == (0,)


def test_a_parameter_says_what_it_is():
    p = nn.Parameter(mg.zeros(2))
    assert repr(p) == "Parameter containing:\ntensor([0., 0.], requires_grad=True)"


@pytest.mark.parametrize("data", [[1.0, 2.0], 3, "x"])
def test_a_parameter_refuses_what_is_no_tensor(data):
    with pytest.raises(TypeError, match="Parameter"):
        nn.Parameter(data)


def test_an_integer_parameter_needs_requires_grad_false():
    with pytest.raises(RuntimeError, match="floating"):
        nn.Parameter(mg.tensor([1, 2]))
    assert nn.Parameter(mg.tensor([1, 2]), requires_grad=False).dtype is mg.int64


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))], ids=["deepcopy", "pickle"])
def test_a_copy_of_a_parameter_is_one_with_its_own_memory(twin):
    p = nn.Parameter(mg.tensor([1.0, 2.0]), requires_grad=False)
    p.note = "kept"
    q = twin(p)
    p.fill_(0.0)
    assert type(q) is nn.Parameter
    assert not q.requires_grad
    assert q.tolist() == [1.0, 2.0]
    assert q.note == "kept"


def test_a_gradient_arrives_at_a_parameter():
    p = nn.Parameter(mg.tensor([1.0, 2.0]))
    (p * p).sum().backward()
    assert p.grad.tolist() == [2.0, 4.0]


def test_results_of_parameters_are_plain_tensors():
    p = nn.Parameter(mg.ones(2))
    assert type(p + 1) is mg.Tensor
    assert type(p.detach()) is mg.Tensor
    assert type(p.data) is mg.Tensor


def test_a_buffer_shares_its_data_memory_and_does_not_require_grad():
    data = mg.zeros(2)
    buffer = nn.Buffer(data)
    data.fill_(3.0)
    assert buffer.tolist() == [3.0, 3.0]
    assert not buffer.requires_grad
    assert buffer.persistent and not nn.Buffer(data, persistent=False).persistent
    twin = pickle.loads(pickle.dumps(nn.Buffer(data, persistent=False)))
    assert isinstance(twin, nn.Buffer) and not twin.persistent
    with pytest.raises(TypeError, match="Buffer: expected a Tensor, got int"):
        nn.Buffer(3)


@pytest.mark.parametrize(
    "use",
    [lambda p: p.shape, lambda p: p.numel(), lambda p: p + 1, lambda p: 2 * p, lambda p: p[0], lambda p: len(p),
     lambda p: nn.init.ones_(p), lambda p: nn.utils.parameters_to_vector([p]), lambda p: -p],
)  # fmt: skip
def test_a_parameter_without_a_shape_refuses_to_be_used(use):
    with pytest.raises(ValueError, match="call the model with a batch first"):
        use(nn.UninitializedParameter())


def test_a_parameter_without_a_shape_gets_one():
    p = nn.UninitializedParameter(dtype=mg.float64)
    assert isinstance(p, nn.Parameter) and p.requires_grad and p.grad is None
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(twin) is nn.UninitializedParameter
    assert repr(p) == "<UninitializedParameter>"
    p.materialize((2, 3))
    assert type(p) is nn.Parameter
    assert tuple(p.shape) == (2, 3) and p.dtype is mg.float64 and p.requires_grad
