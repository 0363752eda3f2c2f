"""Indexing beyond its rows in the table: forms, errors, assignment, and torch as the oracle."""

import random

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing import gradcheck


def numbers(*shape):
    return mg.arange(int(np.prod(shape)), dtype=mg.float64).reshape(shape)


def test_integers_and_slices_give_views_and_lists_give_copies():
    x = numbers(3, 4)
    x[1][2] = -1
    x[:, ::-1][0, 0] = -2
    assert x[1, 2].item() == -1
    assert x[0, 3].item() == -2
    x[[1, 2]][0, 0] = 100
    assert x[1, 0].item() == 4


@pytest.mark.parametrize("index, error", [
    ((0, 0, 0), "3 indices"),
    (3, "out of bounds"),
    (-4, "out of bounds"),
    ([0, 3], "out of bounds"),
    (mg.tensor([-4]), "out of bounds"),
    (mg.tensor([0.0]), "integers or a mask"),
    ("a", "str"),
    (1.5, "float"),
    (mg.tensor([True, False]), "mask"),
    (([0, 1], [0, 1, 2]), "broadcast"),
    (mg.ones(3, 3, dtype=mg.bool), "mask"),
])
def test_what_is_no_index_is_refused(index, error):
    x = numbers(3, 4)
    with pytest.raises(IndexError, match=error):
        x[index]
    with pytest.raises(IndexError, match=error):
        x[index] = 0.0


def test_a_uint8_index_is_a_mask_and_says_so():
    with pytest.warns(UserWarning, match="mask"):
        y = numbers(3)[mg.tensor([1, 0, 1], dtype=mg.uint8)]
    assert y.tolist() == [0, 2]


def test_rows_of_a_part_with_gaps_are_taken():
    x = numbers(5, 4)
    for part in (x[:, 1:3], x[::2, :1], x[:, 2], x.T, x[::-1]):
        i = mg.tensor([1, 0, 1])
        np.testing.assert_array_equal(part[i].numpy(), part.numpy()[[1, 0, 1]])


@pytest.mark.parametrize("dtype", [mg.float16, mg.bool, mg.uint8, mg.int8, mg.int16, mg.int32, mg.int64])
def test_every_dtype_can_be_picked_from_and_written_to(dtype):
    x = mg.arange(6).reshape(3, 2).to(dtype)
    y = x[mg.tensor([2, 0])]
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), x.numpy()[[2, 0]])
    x[[0, 1]] = mg.tensor([1, 0])
    np.testing.assert_array_equal(x[:2].numpy(), np.array([[1, 0], [1, 0]]))


def test_an_element_written_twice_has_the_last_value_and_only_that_one_a_gradient():
    def write(x, v):
        y = x * 2
        y[[0, 0, 1]] = v
        return y

    x, v = numbers(3).requires_grad_(), (numbers(3) + 10).requires_grad_()
    write(x, v).sum().backward()
    assert v.grad.tolist() == [0, 1, 1]
    assert x.grad.tolist() == [0, 0, 2]
    assert gradcheck(write, [x, v])
    assert gradcheck(lambda x, v: (x * 2).scatter(0, mg.tensor([1, 1, 1]), v), [x, v])


@pytest.mark.parametrize("index", [0, slice(1, None), (..., 0), [0, 2], [0, 0], (slice(None), [1, 1]), None])
def test_augmented_assignment_carries_gradients(index):
    def change(x, v):
        y = x * 1
        y[index] += v
        y[index] *= 2
        return y

    assert gradcheck(change, [numbers(3, 4).requires_grad_(), numbers(1).requires_grad_()])


def test_a_leaf_that_requires_grad_is_not_written_to():
    x = numbers(3).requires_grad_()
    for index in (0, [0], x > 1):
        with pytest.raises(RuntimeError, match="leaf"):
            x[index] = 1.0
    with mg.no_grad():
        x[0] = 5.0
    assert x[0].item() == 5


def test_an_index_changed_before_backward_is_noticed():
    x, index = numbers(3).requires_grad_(), mg.tensor([0, 1])
    y = x[index].sum()
    index[0] = 2
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_value_that_does_not_fit_is_refused():
    x = numbers(3, 4)
    for index in (0, [0, 1], x > 3, slice(None)):
        with pytest.raises(ValueError, match="setting an index"):
            x[index] = mg.zeros(5)
    x.requires_grad_()
    y = x * 1
    with pytest.raises(ValueError, match="setting an index"):
        y[[0, 1]] = mg.zeros(5)


def test_a_part_may_be_written_over_another_part_of_itself():
    x = numbers(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[[0, 1]] = x[[1, 0]]
    x[mg.tensor([4, 3])] = x[3:]
    assert x.tolist() == [0, 0, 1, 3, 2]


def test_a_read_only_array_is_not_written_to():
    array = np.zeros(3)
    array.flags.writeable = False
    for index in (0, [0], slice(None)):
        with pytest.raises(ValueError, match="read-only"):
            mg.from_numpy(array)[index] = 1.0
    assert not array.any()


def test_many_rows_added_to_one_are_rounded_once():
    x = mg.zeros(2, requires_grad=True)
    y = x[mg.zeros(1_000_000, dtype=mg.int64)]
    y.backward(mg.full((1_000_000,), 0.1))
    assert x.grad[0].item() == np.float32(np.float64(np.float32(0.1)) * 1_000_000)


LONG = mg.tensor([[0, 1]])


@pytest.mark.parametrize("wrong, error", [
    (lambda x: x.gather(0, mg.tensor([0])), ValueError),
    (lambda x: x.gather(1, mg.tensor([[4]])), IndexError),
    (lambda x: x.gather(1, mg.tensor([[-1]])), IndexError),
    (lambda x: x.gather(1, mg.tensor([[0.0]])), IndexError),
    (lambda x: x.gather(2, LONG), IndexError),
    (lambda x: x.gather(0, mg.zeros(1, 5, dtype=mg.int64)), ValueError),
    (lambda x: x.scatter(0, LONG, mg.ones(1, 1).double()), ValueError),
    (lambda x: x.scatter(0, LONG, mg.ones(1, 2)), TypeError),
    (lambda x: x.scatter(0, LONG, 1.0, reduce="mean"), ValueError),
    (lambda x: x.scatter(0, LONG), TypeError),
    (lambda x: x.scatter_reduce(0, LONG, x, "median"), ValueError),
    (lambda x: x.index_select(0, LONG), IndexError),
    (lambda x: x.index_select(0, mg.tensor([3])), IndexError),
    (lambda x: x.index_add(0, mg.tensor([0]), mg.ones(1, 3).double()), ValueError),
    (lambda x: x.index_fill(0, mg.tensor([0]), mg.ones(2).double()), ValueError),
    (lambda x: x.index_fill(0, mg.tensor([0]), "a"), TypeError),
    (lambda x: x.index_put((), mg.ones(1)), IndexError),
    (lambda x: x.take(mg.tensor([12])), IndexError),
    (lambda x: x.put(mg.tensor([0, 1]), mg.ones(1).double()), ValueError),
    (lambda x: x.masked_fill(LONG, 0.0), TypeError),
    (lambda x: x.masked_fill(x > 0, mg.ones(3)), ValueError),
    (lambda x: x.long().masked_fill(x > 0, 1.5), TypeError),
    (lambda x: x.masked_select(LONG), TypeError),
    (lambda x: x.masked_scatter(x > 0, mg.ones(1).double()), ValueError),
    (lambda x: x.narrow(0, 2, 2), IndexError),
    (lambda x: x.narrow(0, mg.tensor(True), 1), TypeError),
    (lambda x: mg.nn.functional.one_hot(x), TypeError),
    (lambda x: mg.nn.functional.one_hot(x.long(), 5), ValueError),
    (lambda x: mg.nn.functional.one_hot(mg.tensor([-1])), ValueError),
])
def test_impossible_arguments_are_refused(wrong, error):
    with pytest.raises(error, match=":"):
        wrong(numbers(3, 4))


def test_in_place_twins_change_the_tensor_itself():
    x = mg.zeros(2, 3)
    assert x.scatter_(1, mg.tensor([[0], [2]]), 1) is x
    assert x.tolist() == [[1, 0, 0], [0, 0, 1]]
    x.index_add_(0, mg.tensor([0, 0]), mg.ones(2, 3))
    x.masked_fill_(x == 0, -1)
    x.index_put_((mg.tensor([1]), mg.tensor([2])), mg.tensor([7.0]))
    x.scatter_(1, mg.tensor([[0]]), 2, reduce="multiply")
    assert x.tolist() == [[6, 2, 2], [-1, -1, 7]]


def test_one_hot_nonzero_and_argwhere():
    assert mg.nn.functional.one_hot(mg.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert mg.nn.functional.one_hot(mg.tensor(1), 3).dtype == mg.int64
    x = mg.tensor([[0, 1], [2, 0]])
    assert x.nonzero().tolist() == x.argwhere().tolist() == [[0, 1], [1, 0]]
    assert [i.tolist() for i in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    assert tuple(mg.tensor(3).nonzero().shape) == (1, 0)


def random_index(rng, shape):
    """One index as (for minigrad, for torch), made of everything that an index may be made of."""
    import torch

    ours, theirs, axis, dots = [], [], 0, False
    while axis < len(shape):
        kind = rng.choice("int slice all list mask mask2 none dots 0-d 2-d array stop".split())
        n = shape[axis]
        several = [rng.randint(-n, n - 1) for _ in range(2)]
        if kind == "stop":
            break
        if kind == "dots":
            if dots:
                continue
            dots, item, axis = True, ..., rng.randint(axis, len(shape)) - 1
        elif kind == "none":
            item, axis = None, axis - 1
        elif kind == "int":
            item = several[0]
        elif kind == "slice":
            item = slice(rng.choice([None, 0, 1, -1]), rng.choice([None, n, -1]), rng.choice([None, 1, 2]))
        elif kind == "all":
            item = slice(None)
        elif kind == "list":
            item = several
        elif kind == "array":
            item = np.array(several)
        elif kind == "0-d":
            item = np.array(several[0])
        elif kind == "2-d":
            item = np.array([several] * rng.choice([1, 3]))
        elif kind == "mask":
            item = np.isin(np.arange(n), rng.sample(range(n), min(2, n)))
        else:
            if axis + 1 >= len(shape):
                continue
            item = np.arange(n * shape[axis + 1]).reshape(n, -1) < 2
            axis += 1
        tensors = isinstance(item, np.ndarray) and kind != "array"
        ours.append(mg.tensor(item) if tensors else item)
        theirs.append(torch.tensor(item) if tensors else item)
        axis += 1
    return tuple(ours), tuple(theirs)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(8))
def test_any_index_reads_and_writes_what_torch_does(seed):
    torch = pytest.importorskip("torch", reason="torch is the oracle of indexing")
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    for _ in range(60):
        shape = tuple(rng.randint(1, 4) for _ in range(rng.randint(1, 4)))
        order = rng.sample(range(len(shape)), len(shape))
        ours, theirs = random_index(rng, [shape[i] for i in order])
        values = draw.standard_normal(shape)
        x, t = mg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
        try:
            expected = t.permute(order)[theirs]
        except IndexError:
            with pytest.raises(IndexError):
                x.permute(order)[ours]
            continue
        y = x.permute(order)[ours]
        np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy(), str(theirs))
        dy = draw.standard_normal(y.shape)
        (y * mg.tensor(dy)).sum().backward()
        (expected * torch.tensor(dy)).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), atol=1e-12, err_msg=str(theirs))

        v = draw.standard_normal(rng.choice([(), tuple(y.shape), (1, *y.shape), (1,) * y.ndim]))
        x.grad, t.grad = None, None
        v, u = mg.tensor(v, requires_grad=True), torch.tensor(v, requires_grad=True)
        a, b = x * 1, t * 1
        a.permute(order)[ours], b.permute(order)[theirs] = v, u
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy(), str(theirs))
        weights = draw.standard_normal(shape)
        (a * mg.tensor(weights)).sum().backward()
        (b * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), atol=1e-12, err_msg=str(theirs))
        places = np.arange(values.size).reshape(shape).transpose(order)
        places = torch.from_numpy(places.copy())[theirs].numpy().ravel()
        if len(np.unique(places)) == len(places):       # torch gives a gradient to what was written over
            np.testing.assert_allclose(v.grad.numpy(), u.grad.numpy(), atol=1e-12, err_msg=str(theirs))


FORMS = ["[[0, 1], [1, 2]]", "[[0, 1]]", "0, :, [1, 2]", "[0, 1], :, [1, 2]", "[0, 1], None, [1, 2]", "True", "False",
         "True, [0, 1]", "[True, False]", "[]", "range(2)", "..., None", "None, ..., [0, 1]", "..., ...", "None", "()",
         "(0, 1)", "[0], :, 0", ":, [0], 0", "[0, slice(None)]"]


@pytest.mark.oracle
@pytest.mark.parametrize("form", FORMS)
def test_a_form_means_what_it_means_in_torch(form):
    torch = pytest.importorskip("torch", reason="torch is the oracle of indexing")
    import warnings

    array = np.arange(24.0).reshape(2, 3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = eval(f"x[{form}]", {"x": torch.tensor(array)})
    np.testing.assert_array_equal(eval(f"x[{form}]", {"x": mg.tensor(array)}).numpy(), expected.numpy())
