"""Tensors: memory, shapes, dtypes, NumPy."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg


def test_numpy_shares_memory_both_ways():
    t = mg.zeros(3)
    array = t.numpy()
    array[0] = 5
    assert t.tolist() == [5, 0, 0]
    array = np.zeros(3, np.float32)
    t = mg.from_numpy(array)
    t[1] = 7
    assert array.tolist() == [0, 7, 0]


def test_a_lent_array_outlives_its_tensor():
    array = mg.ones(1000).numpy()
    others = [mg.zeros(1000) for _ in range(10)]
    assert array.sum() == 1000
    del others


def test_a_borrowed_array_outlives_its_variable():
    t = mg.from_numpy(np.arange(1000.0))
    assert t.sum().item() == 499500


def test_tensor_copies():
    array = np.ones(2)
    t = mg.tensor(array)
    array[0] = 9
    assert t.tolist() == [1, 1]


@pytest.mark.parametrize("name", "float32 float64 float16 bool uint8 int8 int16 int32 int64".split())
def test_every_dtype_goes_to_numpy_and_back(name):
    array = np.array([[0, 1], [1, 0]]).astype(name)
    t = mg.tensor(array)
    assert t.dtype is getattr(mg, name)
    assert t.numpy().dtype == np.dtype(name)
    assert np.array_equal(mg.from_numpy(array).numpy(), array)
    assert np.dtype(t.dtype) == array.dtype
    assert mg.tensor(array.tolist(), dtype=name).dtype is t.dtype


def test_data_says_the_dtype():
    assert mg.tensor([1.0, 2]).dtype is mg.float32
    assert mg.tensor([1, 2]).dtype is mg.int64
    assert mg.tensor([True]).dtype is mg.bool
    assert mg.tensor(np.array([1.0])).dtype is mg.float64
    assert mg.tensor([]).dtype is mg.float32
    assert mg.Tensor([1, 2]).dtype is mg.float32
    assert mg.Tensor(2, 3).shape == (2, 3)


def test_unknown_dtypes_are_named():
    with pytest.raises(TypeError, match="complex128"):
        mg.from_numpy(np.array([1j]))
    with pytest.raises(TypeError, match="'nonsense'"):
        mg.zeros(1, dtype="nonsense")
    with pytest.raises(TypeError, match="str"):
        mg.tensor(["a"])


def test_ragged_rows_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        mg.tensor([[1, 2], [3]])


def test_a_read_only_array_is_never_written_to():
    array = np.ones(3)
    array.flags.writeable = False
    t = mg.from_numpy(array)
    for change in (lambda: t.add_(1), lambda: t.zero_(), lambda: t.__setitem__(0, 5), lambda: t.normal_(),
                   lambda: t[:2].mul_(3)):
        with pytest.raises(ValueError, match="read-only"):
            change()
    assert array.tolist() == [1, 1, 1]
    assert not t.numpy().flags.writeable
    assert (t + 1).tolist() == [2, 2, 2]


def test_other_byte_orders_are_converted_or_refused():
    array = np.array([1.0, 2.0]).astype(">f8")
    assert mg.tensor(array).tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"minigrad.tensor\(array\)"):
        mg.from_numpy(array)


def test_unaligned_arrays_are_copied_or_refused():
    raw = np.zeros(17, np.uint8)[1:].view(np.float64)
    raw[...] = [1, 2]
    assert mg.tensor(raw).tolist() == [1, 2]
    with pytest.raises(ValueError, match="aligned"):
        mg.from_numpy(raw)


def test_arrays_of_any_strides_are_seen_as_they_are():
    base = np.arange(24.0).reshape(4, 6)
    for array in (base[::2, ::3], base.T, base[::-1, ::-2], base[1], base[:, 1], np.broadcast_to(base[0], (3, 6))):
        t = mg.from_numpy(array)
        assert np.array_equal(t.numpy(), array)
        assert np.array_equal((t * 2).numpy(), array * 2)
        assert np.array_equal(t.contiguous().numpy(), array)
        assert np.array_equal(t.sum(0).numpy(), array.sum(0))


def test_numpy_of_a_tensor_in_a_graph_is_refused():
    with pytest.raises(RuntimeError, match=r"x.detach\(\).numpy\(\)"):
        mg.ones(2, requires_grad=True).numpy()
    assert mg.ones(2, requires_grad=True).numpy(force=True).tolist() == [1, 1]


def test_shapes_that_cannot_be():
    with pytest.raises(ValueError, match="lengths >= 0"):
        mg.zeros(-1)
    with pytest.raises(ValueError, match="at most 8 axes"):
        mg.zeros([1] * 9)
    with pytest.raises(TypeError, match="integers"):
        mg.zeros(1.5)
    with pytest.raises(MemoryError):
        mg.empty(2**40, 2**40)


def test_size_prints_and_adds_like_a_shape():
    shape = mg.zeros(2, 3).shape
    assert repr(shape) == "minigrad.Size([2, 3])"
    assert shape == (2, 3) and shape.numel() == 6
    assert isinstance(shape[:1], mg.Size) and isinstance(shape + (4,), mg.Size)


def test_single_numbers():
    t = mg.tensor(3.5)
    assert (float(t), int(t), bool(t), t.item()) == (3.5, 3, True, 3.5)
    assert f"{t:.2f}" == "3.50"
    with pytest.raises(ValueError, match=r"x.tolist\(\)"):
        mg.ones(2).item()
    with pytest.raises(ValueError, match=r"ambiguous; use x.any\(\)"):
        bool(mg.ones(2))
    assert [10, 20, 30][mg.tensor(1)] == 20
    with pytest.raises(TypeError, match="only integer tensors"):
        [1][mg.tensor(0.0)]


def test_a_python_float_never_lifts_float32():
    x = mg.ones(2)
    assert (x * 0.5).dtype is mg.float32
    assert (2 ** x).dtype is mg.float32
    assert (x + np.float64(1)).dtype is mg.float32
    assert (mg.ones(2, dtype=mg.int64) * 0.5).dtype is mg.float32
    assert (x + mg.tensor(1.0, dtype=mg.float64)).dtype is mg.float32      # no axes: no say
    assert (x + mg.ones(1, dtype=mg.float64)).dtype is mg.float64


def test_numpy_numbers_leave_the_operator_to_the_tensor():
    assert isinstance(np.float32(2) * mg.ones(2), mg.Tensor)
    assert isinstance(np.ones(2) + mg.ones(2), mg.Tensor)


def test_copies_and_pickles():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    for again in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert again.tolist() == [1, 2] and again.requires_grad
        again.data[0] = 9
        assert x.tolist() == [1, 2]
    assert copy.deepcopy(x).grad.tolist() == [2, 4]
    assert pickle.loads(pickle.dumps(mg.float64)) is mg.float64
    with pytest.raises(RuntimeError, match="detach"):
        copy.deepcopy(x * 2)


def test_grad_must_fit():
    x = mg.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match=r"expected float32 \(2,\) .* got float32 \(3,\)"):
        x.grad = mg.ones(3)


def test_the_device_is_the_cpu():
    assert mg.ones(1).to("cpu").cpu().device == mg.device("cpu")
    with pytest.raises(RuntimeError, match="CPU only"):
        mg.ones(1).to("cuda")


def test_blocks_of_memory_are_reused():
    first = mg.zeros(10_000)
    address = first.data_ptr()
    del first
    assert mg.zeros(10_000).data_ptr() == address
    assert address % 64 == 0


def test_default_dtype():
    mg.set_default_dtype(mg.float64)
    try:
        assert mg.tensor(1.0).dtype is mg.float64
        assert mg.zeros(1).dtype is mg.float64
    finally:
        mg.set_default_dtype(mg.float32)
    with pytest.raises(TypeError, match="float32 or float64"):
        mg.set_default_dtype(mg.int64)
