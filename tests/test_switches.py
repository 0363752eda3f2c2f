"""PyTorch's switches can be set, and change nothing."""

import pytest

import minigrad as mg
from minigrad import nn


def test_compile_gives_the_model_itself():
    model = nn.Linear(2, 3)
    assert mg.compile(model) is model
    assert mg.compile(model, mode="max-autotune", fullgraph=True, backend="eager", dynamic=None) is model

    @mg.compile
    def f(x):
        return x + 1

    @mg.compile(mode="reduce-overhead", options={"a": 1})
    def g(x):
        return x * 2

    assert (f(1), g(3)) == (2, 6)
    with pytest.raises(TypeError, match="got int"):
        mg.compile(3)


def test_settings_are_read_back():
    mg.use_deterministic_algorithms(True, warn_only=True)
    assert mg.are_deterministic_algorithms_enabled()
    mg.use_deterministic_algorithms(False)
    assert not mg.are_deterministic_algorithms_enabled()
    for word in ("high", "medium", "highest"):
        mg.set_float32_matmul_precision(word)
        assert mg.get_float32_matmul_precision() == word
    with pytest.raises(ValueError, match="got 'low'"):
        mg.set_float32_matmul_precision("low")
    mg.set_num_interop_threads(1)
    assert mg.get_num_interop_threads() == 1
    with pytest.raises(ValueError, match="got 0"):
        mg.set_num_interop_threads(0)
    assert mg.set_flush_denormal(True) is False


def test_the_device_is_the_cpu():
    mg.set_default_device("cpu")
    mg.set_default_device(None)
    assert mg.get_default_device() == mg.device("cpu")
    with pytest.raises(RuntimeError, match="CPU only, got 'cuda'"):
        mg.set_default_device("cuda")


def test_matrix_products_are_as_exact_at_every_setting():
    mg.manual_seed(0)
    a, b = mg.randn(50, 60), mg.randn(60, 40)
    want = (a @ b).tolist()
    mg.set_float32_matmul_precision("medium")
    assert (a @ b).tolist() == want
    mg.set_float32_matmul_precision("highest")
