"""New tensors: dtypes, shapes, errors, and torch's own roundings of ranges."""

import numpy as np
import pytest

import minigrad as mg

BOUNDS = [(0, 1, 0.001), (-3.3, 7, 0.013), (1, 1000, 0.1), (0, 0.7, 0.1), (5, 1, -0.3), (0, 10, 1), (2, 2, 1)]
SPACES = [(0, 1, 1000), (-3.3, 7, 77), (1e-3, 5e5, 5000), (0, 10, 3), (2, 3, 1), (1, 2, 0), (3, -3, 10), (0, 0, 5)]


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_ranges_have_torchs_bits(dtype):
    torch = pytest.importorskip("torch", reason="torch is the oracle of ranges")
    ours, theirs = {"dtype": getattr(mg, dtype)}, {"dtype": getattr(torch, dtype)}
    for start, end, steps in SPACES:
        np.testing.assert_array_equal(mg.linspace(start, end, steps, **ours).numpy(),
                                      torch.linspace(start, end, steps, **theirs).numpy(), f"{start} {end} {steps}")
    for start, end, step in BOUNDS if dtype != "int64" else [(0, 10, 3), (10, 0, -3), (0.9, 5.9, 2)]:
        np.testing.assert_array_equal(mg.arange(start, end, step, **ours).numpy(),
                                      torch.arange(start, end, step, **theirs).numpy(), f"{start} {end} {step}")


@pytest.mark.oracle
def test_range_and_logspace_agree_with_torch():
    torch = pytest.importorskip("torch", reason="torch is the oracle of ranges")
    import warnings

    for start, end, step in BOUNDS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # torch.range is deprecated there
            expected = torch.range(start, end, step).numpy()
        np.testing.assert_array_equal(mg.range(start, end, step).numpy(), expected)
    np.testing.assert_allclose(mg.logspace(-3, 3, 50).numpy(), torch.logspace(-3, 3, 50).numpy(), rtol=1e-6)
    np.testing.assert_array_equal(mg.logspace(0, 5, 6, 2).numpy(), 2.0 ** np.arange(6))


@pytest.mark.parametrize("wrong, error", [
    (lambda: mg.arange(0, 5, 0), ValueError),
    (lambda: mg.arange(0, 5, -1), ValueError),
    (lambda: mg.arange(0.0, float("inf")), ValueError),
    (lambda: mg.range(5), TypeError),
    (lambda: mg.linspace(0, 1, -1), ValueError),
    (lambda: mg.linspace(0, 1, 2.5), TypeError),
    (lambda: mg.linspace(mg.ones(2), 1, 2), ValueError),
    (lambda: mg.eye(-1), ValueError),
    (lambda: mg.zeros(-1), ValueError),
    (lambda: mg.zeros(2, dtype=complex), TypeError),
    (lambda: mg.tensor([1j]), TypeError),
    (lambda: mg.zeros(2, out=mg.zeros(2), dtype=mg.int64), TypeError),
    (lambda: mg.vander(mg.ones(2, 2)), ValueError),
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


def test_the_storage_is_the_whole_memory():
    x = mg.arange(6).reshape(2, 3)
    assert x[1, 1:].storage().tolist() == [0, 1, 2, 3, 4, 5]
    assert x[1].storage() == x.storage()
    assert x.untyped_storage().nbytes() == 48
    x.storage()[0] = 9
    assert x[0, 0].item() == 9
    assert x.storage().data_ptr() == x.data_ptr()


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
