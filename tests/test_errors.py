"""Bad input gets an error that names what was seen and how to mend it.

One row a mistake: what somebody wrote, the error, and a pattern of its message. A row is here
because a person will make that mistake; tests of single files hold the rest.
"""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

zeros = mg.zeros
NAN, INF = math.nan, math.inf


def leaf(*shape):
    return zeros(*shape, requires_grad=True)


def labels(*values):
    return mg.tensor(values, dtype=mg.int64)


MISTAKES = [
    # ---- shapes that do not go together
    (lambda: zeros(2, 3) + zeros(4), ValueError,
     r"\(2, 3\) and \(4,\) do not broadcast.*lengths 3 and 4.*or one of them 1"),
    (lambda: zeros(2, 3) * zeros(3, 2), ValueError, r"^mul: shapes \(2, 3\) and \(3, 2\) do not broadcast"),
    (lambda: zeros(2) - zeros(3), ValueError, "^sub: shapes"),
    (lambda: labels(2, 3) * labels(1, 2, 3), ValueError, r"^mul: shapes \(2,\) and \(3,\) do not broadcast"),
    (lambda: labels(2, 3) / labels(1, 2, 3), ValueError, "^div: shapes"),
    (lambda: zeros(2) ** zeros(3), ValueError, "^pow: shapes"),
    (lambda: zeros(2) > zeros(3), ValueError, r"gt: .*\(2,\).*\(3,\)"),
    (lambda: mg.where(zeros(2) > 0, zeros(2), zeros(3)), ValueError, r"where: .*\(2,\).*\(3,\)"),
    (lambda: zeros(2, 3) @ zeros(2, 3), ValueError, r"\(2, 3\) @ \(2, 3\): the inner lengths 3 and 2 differ.*x\.T"),
    (lambda: zeros(3) @ zeros(4), ValueError, r"inner lengths 3 and 4 differ"),
    (lambda: zeros(()) @ zeros(3), ValueError, r"no axes.*use a \* b"),
    (lambda: zeros(2, 2, 3) @ zeros(3, 3, 4), ValueError, r"leading axes of \(2, 2, 3\) and \(3, 3, 4\)"),
    (lambda: F.linear(zeros(2, 3), zeros(4, 5)), ValueError,
     r"Linear\(5, 4\): expected input \(\.\.\., 5\), got \(2, 3\)"),
    (lambda: F.linear(zeros(2, 3), zeros(4)), ValueError, r"weight \(O, I\) and bias \(O\), got \(4,\) and None"),
    (lambda: F.linear(zeros(2, 3), zeros(4, 3), zeros(3)), ValueError, r"got \(4, 3\) and \(3,\)"),
    (lambda: nn.Linear(784, 10)(zeros(5, 28, 28)), ValueError, r"\(5, 28, 28\); flatten it first \(nn\.Flatten\(\)\)"),
    (lambda: nn.BatchNorm1d(3)(zeros(4, 5)), ValueError, r"BatchNorm1d\(3\): expected input \(N, 3\) .*got \(4, 5\)"),
    (lambda: nn.BatchNorm1d(3)(zeros(3)), ValueError, r"BatchNorm1d\(3\): .*got \(3,\)"),
    (lambda: nn.BatchNorm1d(3)(zeros(1, 3)), ValueError,
     r"one value for each channel.*drop_last=True.*model\.eval\(\)"),
    (lambda: F.batch_norm(zeros(4, 3), zeros(2), zeros(2), training=True), ValueError,
     r"running_mean of shape \(3,\), got .*\(2,\)"),
    (lambda: F.batch_norm(zeros(4, 3), zeros(3), zeros(3), zeros(4)), ValueError,
     r"weight of shape \(3,\), got .*\(4,\)"),
    (lambda: F.batch_norm(zeros(4, 3), zeros(3), None), ValueError, "both running_mean and running_var, or neither"),
    (lambda: F.batch_norm(zeros(4, 3), None, None), ValueError, "running_mean and running_var are needed"),
    (lambda: F.mse_loss(zeros(4, 1), zeros(4)), ValueError,
     r"\(4, 1\) and target \(4,\).*target\.reshape\(4, 1\).*input\.squeeze\(\)"),
    (lambda: nn.MSELoss()(zeros(4, 1), zeros(3, 1)), ValueError, r"\(4, 1\) and target \(3, 1\)"),
    (lambda: F.cross_entropy(zeros(4, 3), labels(0, 1)), ValueError, r"expected targets of shape \(4,\), got \(2,\)"),
    (lambda: F.cross_entropy(zeros(4, 3), labels(0, 1, 2, 0).reshape(4, 1)), ValueError, r"shape \(4,\), got \(4, 1\)"),
    (lambda: F.cross_entropy(zeros(4, 3), labels(0, 1, 2, 0), weight=zeros(2)), ValueError,
     r"3 class weights, got .*\(2,\)"),
    (lambda: zeros(2, 3).reshape(4, 2), ValueError, r"\(2, 3\) holds 6 elements and cannot be seen as \(4, 2\)"),
    (lambda: zeros(2, 3).reshape(-1, -1), ValueError, r"one may be -1; got \(-1, -1\)"),
    (lambda: zeros(2, 3).reshape(), TypeError, r"give the shape, for example"),
    (lambda: zeros(2, 3).t().view(6), ValueError, r"\(3, 2\) and strides \(1, 3\) .*use reshape\(\)"),
    (lambda: zeros(2, 3).flatten(1, 0), ValueError, "start_dim 1 is behind end_dim 0"),
    (lambda: zeros(2, 3).permute(0, 0), ValueError, r"each of the 2 axes of .*\(2, 3\) once, got \(0, 0\)"),
    (lambda: zeros(2, 3).transpose(0, 2), IndexError, "expected one of -2 to 1 for a tensor of 2 axes, got 2"),
    (lambda: zeros(2, 3, 4).t(), ValueError, r"at most 2 axes, got .*\(2, 3, 4\); use x\.mT"),
    (lambda: zeros(2).mT, ValueError, r"at least 2 axes, got .*\(2,\)"),
    (lambda: zeros(2, 3).expand(4, 3), ValueError, r"\(2, 3\) to \(4, 3\): only axes of length 1 are repeated"),
    (lambda: zeros(2, 3).expand(3), ValueError, r"at least 2 sizes .*\(2, 3\), got \(3,\)"),
    (lambda: mg.cat([]), ValueError, "at least one tensor"),
    (lambda: mg.cat([zeros(2, 3), zeros(3, 2)]), ValueError, r"\(2, 3\) and \(3, 2\) differ outside axis 0"),
    (lambda: mg.cat([zeros(()), zeros(())]), ValueError, r"no axes .*use stack\(\)"),
    (lambda: mg.stack([zeros(2), zeros(3)]), ValueError, r"one shape for all, got \(2,\) and \(3,\)"),
    (lambda: zeros(2, 3).split([1, 3], 1), ValueError, r"\[1, 3\] sum to 4, axis 1 is 3 long"),
    (lambda: zeros(2, 3).split(0), ValueError, "at least 1, got 0"),
    (lambda: zeros(2, 3).chunk(0), ValueError, "at least 1 chunk, got 0"),
    (lambda: zeros(2, 3).narrow(1, 2, 5), IndexError, r"\[2, 7\) is not inside axis 1 of length 3"),
    (lambda: zeros(-1), ValueError, r">= 0, got \(-1,\)"),
    (lambda: zeros(2.5), TypeError, r"integers, got float in \(2\.5,\)"),
    (lambda: mg.tensor([[1], [1, 2]]), ValueError, "rows must all be equally long"),
    # ---- axes and indices
    (lambda: zeros(2, 3).sum(2), IndexError, "expected one of -2 to 1 for a tensor of 2 axes, got 2"),
    (lambda: zeros(2, 3).sum("a"), TypeError, "expected an integer, got str"),
    (lambda: zeros(2, 3).sum((0, 0)), ValueError, r"axis 0 appears twice in \(0, 0\)"),
    (lambda: F.softmax(zeros(2, 3), 2), IndexError, "got 2"),
    (lambda: F.softmax(zeros(2, 3), 1.5), TypeError, "expected an integer, got float"),
    (lambda: F.softmax(zeros(2, 3, 4)), TypeError, r"softmax: .*give dim, for example dim=-1"),
    (lambda: zeros(0).max(), IndexError, r"\(0,\) has no elements"),
    (lambda: zeros(0, 3).amax(0), IndexError, r"\(0, 3\) has no elements"),
    (lambda: zeros(0).argmax(), IndexError, "argmax: an empty tensor"),
    (lambda: zeros(2, 3)[2], IndexError, r"2 is out of bounds for axis 0 of length 2"),
    (lambda: zeros(2, 3)[0, 0, 0], IndexError, "3 indices for a tensor of 2 axes"),
    (lambda: zeros(2, 3)[[0, 2]], IndexError, r"index 2 is out of bounds for axis 0 of length 2"),
    (lambda: zeros(2, 3)[zeros(2)], IndexError, r"integers or a mask, got float32 \(2,\); x\.long\(\)"),
    (lambda: zeros(2, 3)["a"], IndexError, r"integers, slices"),
    # ---- labels out of range
    (lambda: F.cross_entropy(zeros(4, 3), labels(0, 1, 3, 0)), IndexError, "target 3 in row 2 .*3 classes.*0 to 2"),
    (lambda: F.cross_entropy(zeros(4, 3), labels(0, -1, 2, 0)), IndexError, r"target -1 in row 1 .*ignore_index, -100"),
    (lambda: F.cross_entropy(zeros(2, 3), labels(0, 5), label_smoothing=0.1), IndexError,
     "target 5 .*3 classes.*0 to 2"),
    (lambda: F.cross_entropy(zeros(2, 3), zeros(2)), ValueError,
     r"probabilities .*\(2, 3\), got float32 \(2,\); .*target\.long\(\)"),
    # ---- dtypes
    (lambda: F.linear(zeros(2, 3).double(), zeros(4, 3)), TypeError,
     r"input is minigrad\.float64, weight minigrad\.float32.*x\.float\(\)"),
    (lambda: nn.Linear(3, 4)(zeros(2, 3).long()), TypeError, r"int64.*float32.*x\.float\(\)"),
    (lambda: F.batch_norm(zeros(4, 3), zeros(3), zeros(3), zeros(3).double()), TypeError,
     r"weight is minigrad\.float64 and the input minigrad\.float32"),
    (lambda: F.batch_norm(zeros(4, 3).long(), zeros(3), zeros(3)), ValueError, r"floating input .*int64 \(4, 3\)"),
    (lambda: F.cross_entropy(zeros(2, 3).long(), labels(0, 1)), TypeError, r"floating scores .*int64 \(2, 3\)"),
    (lambda: zeros(2, 3).long().mean(), TypeError, r"floating tensor, got int64 \(2, 3\); .*x\.float\(\)"),
    (lambda: zeros(2).bool() - zeros(2).bool(), TypeError, r"use a \^ b"),
    (lambda: -zeros(2).bool(), TypeError, "use ~x"),
    (lambda: zeros(2).long() ** -1, ValueError, r"no negative powers; .*x\.float\(\)"),
    (lambda: zeros(2).long() // 0, ZeroDivisionError, "divided by zero"),
    (lambda: ~zeros(2), TypeError, r"bool or integer tensor, got float32 \(2,\)"),
    (lambda: zeros(2) & zeros(2), TypeError, r"not defined for float32 \(2,\)"),
    (lambda: mg.where(zeros(2), zeros(2), zeros(2)), TypeError, r"bool tensor as condition, got float32 \(2,\)"),
    (lambda: mg.tensor([1, 2], requires_grad=True), RuntimeError,
     r"only floating tensors have gradients.*x\.float\(\)"),
    (lambda: mg.tensor([1], dtype="complex64"), TypeError, "expected one of float32, float64.*got 'complex64'"),
    (lambda: mg.tensor(1j), TypeError, r"got dtype complex128; convert it first"),
    (lambda: mg.tensor("abc"), TypeError, "cannot make numbers of str"),
    (lambda: mg.from_numpy([1]), TypeError, r"numpy\.ndarray, got list; use minigrad\.tensor\(data\)"),
    (lambda: mg.randn(2, dtype=mg.int64), TypeError, r"floating dtype .*int64; use randint"),
    # ---- things that are no tensors
    (lambda: zeros(2) + "x", TypeError, "'minigrad.tensor.Tensor' and 'str'"),
    (lambda: mg.add(zeros(2), None), TypeError, "add: expected tensors .*got Tensor and NoneType"),
    (lambda: mg.cat([zeros(2), None]), TypeError, "expected tensors, got NoneType at place 1"),
    (lambda: nn.Linear(3, 4)(np.zeros((2, 3), np.float32)), TypeError, "Tensor.*ndarray"),
    (lambda: F.cross_entropy(zeros(2, 3), [0, 1]), TypeError, "Tensor.*list"),
    (lambda: F.mse_loss(zeros(2), None), TypeError, "Tensor.*NoneType"),
    (lambda: nn.Sequential(nn.ReLU), TypeError, "got the class ReLU; call it to make one"),
    (lambda: nn.utils.clip_grad_norm_([1], 1), TypeError, "expected Tensors, got int at place 0"),
    (lambda: nn.utils.clip_grad_norm_(None, 1), TypeError, r"got NoneType; give model\.parameters\(\)"),
    (lambda: optim.SGD(zeros(2), lr=0.1), TypeError, "got Tensor; wrap it in a list"),
    (lambda: optim.SGD([1.0], lr=0.1), TypeError, r"parameter 0 of group 0 must be a Tensor, got 1\.0"),
    # ---- numbers out of range
    (lambda: optim.SGD([leaf(2)], lr=NAN), ValueError, "lr must be finite and at least 0, got nan"),
    (lambda: optim.Adam([leaf(2)], lr=INF), ValueError, "lr must be finite and at least 0, got inf"),
    (lambda: optim.SGD([leaf(2)], lr=-1), ValueError, "got -1"),
    (lambda: optim.Adam([leaf(2)], betas=(1.0, 0.9)), ValueError, r"betas\[0\] must be in \[0, 1\), got 1\.0"),
    (lambda: optim.Adam([leaf(2)], eps=NAN), ValueError, "eps must be finite and at least 0, got nan"),
    (lambda: optim.SGD([], lr=0.1), ValueError, r"empty list of parameters.*only once"),
    (lambda: nn.BatchNorm1d(3, eps=-1), ValueError, "BatchNorm1d: eps must be finite and at least 0, got -1"),
    (lambda: nn.BatchNorm1d(3, momentum=NAN), ValueError, r"in \[0, 1\], or None .*got nan"),
    (lambda: nn.utils.clip_grad_norm_([zeros(2)], NAN), ValueError, "max_norm >= 0, got nan"),
    (lambda: nn.utils.clip_grad_norm_([zeros(2)], "a"), TypeError, "max_norm as a number, got 'a'"),
    (lambda: nn.utils.clip_grad_norm_([zeros(2)], 1, norm_type=NAN), ValueError, r"norm_type as a number .*got nan"),
    (lambda: F.cross_entropy(zeros(2, 3), labels(0, 1), reduction="men"), ValueError,
     "'none', 'mean' or 'sum', got 'men'"),
    (lambda: F.cross_entropy(zeros(2, 3), labels(0, 1), label_smoothing=2), ValueError, r"in \[0, 1\], got 2"),
    (lambda: mg.arange(0, 3, 0), ValueError, "from 0 to 3 in steps of 0 never arrives"),
    (lambda: mg.randint(5, 5, (2,)), ValueError, r"low < high, got \[5, 5\)"),
    (lambda: zeros(2, device="cuda"), RuntimeError, "CPU only, got 'cuda'; use 'cpu'"),
    (lambda: mg.utils.data.DataLoader([1], batch_size=0), ValueError, "batch_size is 0; it must be a positive integer"),
    (lambda: mg.utils.data.TensorDataset(zeros(2), zeros(3)), ValueError, r"\(2,\), \(3,\)"),
    # ---- single numbers
    (lambda: zeros(2, 3).item(), ValueError, r"one element, got float32 \(2, 3\); use x\.tolist\(\)"),
    (lambda: bool(zeros(2)), ValueError, r"2 elements is ambiguous; use x\.any\(\) or x\.all\(\)"),
    # ---- autograd's rules
    (lambda: zeros(2).backward(), RuntimeError, r"does not require grad.*no_grad\(\) or detached"),
    (lambda: (leaf(2) * 2).backward(), RuntimeError, r"float32 \(2,\); reduce it first \(y\.sum\(\)\.backward\(\)\)"),
    (lambda: (leaf(2) * 2).backward(zeros(3)), RuntimeError, r"shape \(2,\), got float32 \(3,\)"),
    (lambda: mg.autograd.grad(leaf(()) * 2, zeros(2)), RuntimeError,
     r"\(2,\).*does not require grad; x\.requires_grad_\(\)"),
    (lambda: mg.autograd.grad(leaf(()) * 2, leaf(2)), RuntimeError, "input 0 .*was not used .*allow_unused=True"),
    (lambda: leaf(2).numpy(), RuntimeError, r"requires grad.*x\.detach\(\)\.numpy\(\)"),
    (lambda: leaf(2).add_(1), RuntimeError, r"leaf that requires grad.*no_grad\(\)"),
    (lambda: leaf(1).expand(3).detach().add_(1), RuntimeError, r"expanded.*x\.clone\(\)"),
]  # fmt: skip


def case(mistake):
    call, error, pattern = mistake
    line = call.__code__.co_firstlineno
    return pytest.param(call, error, pattern, id=f"line{line}-{error.__name__}")


@pytest.mark.parametrize("call, error, pattern", [case(mistake) for mistake in MISTAKES])
def test_the_error_names_what_was_seen_and_how_to_mend_it(call, error, pattern):
    with pytest.raises(error, match=pattern) as caught:
        call()
    assert type(caught.value) is error


def test_backward_twice_names_the_operation_and_the_way_to_do_it():
    x = leaf(3)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"MulBackward0 was already gone through.*retain_graph=True"):
        y.backward()


CHANGES = {
    "add_": lambda x: x.add_(1),
    "+=": lambda x: x.__iadd__(1),
    "index": lambda x: x.__setitem__(0, 5.0),
    "zero_": lambda x: x.zero_(),
    "copy_": lambda x: x.copy_(mg.ones(3, 3)),
    "a view": lambda x: x[0].mul_(2),
    "a transposed view": lambda x: x.t().add_(1),
    "data": lambda x: x.data.fill_(2),
    "a random fill": lambda x: x.normal_(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("use", [lambda x, w: x * w, lambda x, w: x @ w, F.linear, lambda x, w: (x * w).exp()],
                         ids=["mul", "matmul", "linear", "exp"])
def test_a_saved_tensor_that_is_changed_in_place_is_an_error_that_says_how_to_mend_it(use, change):
    x, w = mg.ones(3, 3), leaf(3, 3)
    y = use(x, w)
    with mg.no_grad():
        change(x)
    says = r"float32 \(3, 3\)\) that was changed in place.*version 0 was saved.*x\.clone\(\)"
    with pytest.raises(RuntimeError, match=says):
        y.sum().backward()


SAVE_THEIR_OUTPUT = [mg.exp, mg.tanh, mg.sigmoid, mg.sqrt, mg.relu, lambda x: x.softmax(0), lambda x: x.log_softmax(0)]


@pytest.mark.parametrize("function", SAVE_THEIR_OUTPUT)
def test_a_saved_result_that_is_changed_in_place_is_an_error(function):
    y = function(mg.ones(3, 3, requires_grad=True) * 1)
    with mg.no_grad():
        y.mul_(2)
    with pytest.raises(RuntimeError, match=r"changed in place after it was used"):
        y.sum().backward()


def test_a_layers_parameters_may_not_move_between_forward_and_backward():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x = mg.randn(8, 3)
    model(x).sum().backward()
    late = model(x).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"changed in place after it was used"):
        late.backward()


def test_a_refused_loss_leaves_no_gradients_and_the_model_usable():
    model = nn.Linear(3, 2)
    x = mg.randn(4, 3)
    with pytest.raises(IndexError, match="target 2 in row 3"):
        F.cross_entropy(model(x), labels(0, 1, 1, 2)).backward()
    assert model.weight.grad is None
    F.cross_entropy(model(x), labels(0, 1, 1, 0)).backward()
    assert model.weight.grad is not None
