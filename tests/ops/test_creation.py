"""New tensors: dtypes, shapes, errors."""

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize("wrong, error", [
    (lambda: mg.eye(-1), ValueError),
    (lambda: mg.zeros(-1), ValueError),
    (lambda: mg.zeros(2, dtype=complex), TypeError),
    (lambda: mg.tensor([1j]), TypeError),
    (lambda: mg.zeros(2, out=mg.zeros(2), dtype=mg.int64), TypeError),
    (lambda: mg.vander(mg.ones(2, 2)), ValueError),
    (lambda: mg.zeros_like([1.0]), TypeError),
])
def test_impossible_arguments_are_refused(wrong, error):
    with pytest.raises(error, match="."):
        wrong()


@pytest.mark.parametrize("name, dtype", [("FloatTensor", mg.float32), ("DoubleTensor", mg.float64),
                                         ("HalfTensor", mg.float16), ("LongTensor", mg.int64), ("IntTensor", mg.int32),
                                         ("ShortTensor", mg.int16), ("CharTensor", mg.int8), ("ByteTensor", mg.uint8),
                                         ("BoolTensor", mg.bool)])
def test_the_old_constructors_and_type(name, dtype):
    make = getattr(mg, name)
    x = make([1, 0])
    assert x.dtype == dtype
    assert x.tolist() == [1, 0]
    assert make(np.array([1.0])).dtype == dtype
    assert tuple(make(2, 3).shape) == (2, 3)
    assert tuple(make().shape) == (0,)
    assert x.type() == f"torch.{name}"
    for spelling in (make, f"torch.{name}", dtype):
        assert mg.ones(2).type(spelling).dtype == dtype


def test_new_ones_follow_the_tensors_dtype():
    x = mg.zeros(3, dtype=mg.float64)
    for y, values in ((x.new_zeros(2), [0, 0]), (x.new_ones((2,)), [1, 1]), (x.new_full((2,), 3), [3, 3]),
                      (x.new_tensor([1, 2]), [1, 2])):
        assert y.dtype == mg.float64
        assert y.tolist() == values
    assert x.new_empty(2, 0, dtype=mg.int8).dtype == mg.int8


def test_shapes_may_be_named_and_out_is_filled():
    assert tuple(mg.zeros(size=(2, 3)).shape) == tuple(mg.ones(size=[2, 3]).shape) == (2, 3)
    out = mg.empty(0)
    for make in (lambda out: mg.zeros(2, 3, out=out), lambda out: mg.full((2, 2), 7.0, out=out),
                 lambda out: mg.arange(4, out=out), lambda out: mg.eye(2, out=out)):
        assert make(out) is out
    assert out.tolist() == [[1, 0], [0, 1]]


def test_questions_about_a_tensor():
    x = mg.zeros(2, 3)
    assert mg.numel(x) == 6
    assert mg.is_floating_point(x)
    assert not x.is_complex()
    assert not mg.tensor([0.0]).is_nonzero()
    assert x.is_same_size(mg.ones(2, 3))
    assert x.get_device() == -1
    assert x.is_set_to(x[:]) and not x.is_set_to(x.T)
    with pytest.raises(ValueError, match="one element"):
        x.is_nonzero()
