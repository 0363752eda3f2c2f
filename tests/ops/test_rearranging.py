"""Shapes, joining and rearranging: errors, dtypes, aliases and changes of a shape in place."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn.functional import pad


@pytest.mark.parametrize("wrong, error", [
    (lambda x: x.repeat(2), ValueError),
    (lambda x: x.repeat(2, -1), ValueError),
    (lambda x: x.repeat_interleave(mg.tensor([1, 2]), 0), ValueError),
    (lambda x: x.repeat_interleave(2, 0, output_size=7), ValueError),
    (lambda x: x.flip(0, 0), ValueError),
    (lambda x: x.flip(2), IndexError),
    (lambda x: x.roll((1, 2), 0), ValueError),
    (lambda x: x.rot90(1, (0, 0)), ValueError),
    (lambda x: x[0].tril(), ValueError),
    (lambda x: x.diagonal(0, 0, 0), ValueError),
    (lambda x: x[None].diag(), ValueError),
    (lambda x: x.unfold(0, 4, 1), ValueError),
    (lambda x: x.unfold(0, 1, 0), ValueError),
    (lambda x: x.as_strided((3, 5), (4, 1)), ValueError),
    (lambda x: x.as_strided((3,), (4, 1)), ValueError),
    (lambda x: pad(x, (1,)), ValueError),
    (lambda x: pad(x, (1, 1, 1, 1, 1, 1)), ValueError),
    (lambda x: pad(x, (-3, -2)), ValueError),
    (lambda x: pad(x, (4, 0), "reflect"), ValueError),
    (lambda x: pad(x, (1, 1), "mirror"), ValueError),
    (lambda x: x.tensor_split(0), ValueError),
    (lambda x: x.hsplit(3), ValueError),
    (lambda x: x[0].vsplit(1), ValueError),
    (lambda x: mg.tensor(1.0).unbind(), ValueError),
    (lambda x: mg.hstack([]), ValueError),
    (lambda x: mg.cat([x, x[0]]), ValueError),
    (lambda x: mg.stack([x, 1.0]), TypeError),
    (lambda x: mg.meshgrid(x), ValueError),
    (lambda x: mg.meshgrid(x[0], indexing="yx"), ValueError),
    (lambda x: mg.cartesian_prod(x), ValueError),
    (lambda x: mg.combinations(x), ValueError),
    (lambda x: x.movedim((0, 1), (0, 0)), ValueError),
    (lambda x: mg.broadcast_shapes((2, 3), (4,)), ValueError),
])
def test_impossible_arguments_are_refused(wrong, error):
    with pytest.raises(error, match=":"):
        wrong(mg.ones(3, 4))


def test_parts_share_memory_and_copies_do_not():
    x = mg.zeros(4, 4)
    for view in (x.diagonal(), x.unfold(0, 2, 2), x.as_strided((2,), (1,)), x.chunk(3)[0], x.narrow(0, 1, 2),
                 x.ravel()):
        assert view.storage() == x.storage()
    for copy in (x.flip(0), x.roll(1, 0), x.repeat(1, 1), x.rot90(0), x.diag(), x.narrow_copy(0, 1, 2), pad(x, (0, 0))):
        assert copy.data_ptr() != x.data_ptr()
    x.diagonal().add_(1)
    assert x.tolist() == mg.eye(4).tolist()


def test_chunks_are_as_many_as_asked_for_where_that_is_possible():
    assert [len(part) for part in mg.arange(7).chunk(3)] == [3, 3, 1]
    assert [len(part) for part in mg.arange(5).chunk(2)] == [3, 2]
    assert [len(part) for part in mg.arange(5).chunk(4)] == [2, 2, 1]
    assert [len(part) for part in mg.arange(7).tensor_split(3)] == [3, 2, 2]


def test_a_shape_changed_in_place_keeps_the_gradient():
    x = mg.arange(6, dtype=mg.float64).requires_grad_()
    y = (x * x).reshape(2, 1, 3)
    assert y.squeeze_(1) is y
    assert y.t_() is y
    assert tuple(y.unsqueeze_(-1).transpose_(0, 2).shape) == (1, 2, 3)
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 4, 6, 8, 10]
    with pytest.raises(RuntimeError, match="leaf"):
        x.unsqueeze_(0)
    with mg.no_grad():
        assert tuple(x.unsqueeze_(0).shape) == (1, 6)


def test_resize_keeps_the_elements_in_their_order():
    x = mg.arange(6).reshape(2, 3)
    assert x.resize_(3).tolist() == [0, 1, 2]
    assert x.resize_((3, 2)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert x.resize_(2, 5)[0].tolist() == [0, 1, 2, 3, 4]
    assert tuple(x.resize_as_(mg.zeros(1, 2)).shape) == (1, 2)
    with pytest.raises(RuntimeError, match="requires grad"):
        mg.ones(3, requires_grad=True).resize_(2)


@pytest.mark.parametrize("dtype", [mg.bool, mg.uint8, mg.int32, mg.int64, mg.float16])
def test_other_dtypes_keep_theirs(dtype):
    x = mg.tensor([[1, 0], [1, 1]], dtype=dtype)
    for function in (mg.tril, mg.triu, mg.diag, lambda x: x.flip(0), lambda x: x.roll(1), lambda x: x.repeat(2, 2),
                     lambda x: x.rot90(), lambda x: pad(x, (1, 1)), lambda x: mg.block_diag(x, x),
                     lambda x: x.diag_embed(), lambda x: mg.hstack([x, x])):
        assert function(x).dtype == dtype
    np.testing.assert_array_equal(x.tril().numpy(), np.tril(x.numpy()))


def test_a_triangle_of_nan_is_zero_outside():
    x = mg.full((2, 2), float("nan"))
    assert x.tril().tolist()[0][1] == 0
    y = x.clone().requires_grad_()
    y.triu(1).sum().backward()
    assert y.grad.tolist() == [[0, 1], [0, 0]]


def test_dims_and_shapes_may_be_named():
    x = mg.ones(2, 3)
    assert tuple(mg.permute(x, dims=(1, 0)).shape) == tuple(mg.reshape(x, shape=(3, 2)).shape) == (3, 2)
    assert mg.flip(x, dims=(0,)).tolist() == x.tolist()
    assert tuple(mg.tile(x, dims=(2,)).shape) == (2, 6)


def test_grids_and_shapes_that_meet():
    a, b = mg.meshgrid(mg.arange(2), mg.arange(3), indexing="ij")
    assert a.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert b.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert mg.broadcast_shapes((2, 1), 3, ()) == (2, 3)
    assert mg.tril_indices(2, 2).tolist() == [[0, 1, 1], [0, 0, 1]]
    assert mg.triu_indices(2, 3, 1).tolist() == [[0, 0, 1], [1, 2, 2]]
