"""Questions after a GPU are answered with no, and what needs one says what to do instead."""

import pytest

import minigrad as mg
from minigrad import cuda, nn


def test_there_is_none():
    assert not cuda.is_available()
    assert not cuda.is_initialized()
    assert not cuda.is_bf16_supported()
    assert cuda.device_count() == cuda.memory_allocated() == cuda.max_memory_allocated() == cuda.memory_reserved() == 0
    assert mg.device("cuda" if cuda.is_available() else "cpu") == mg.device("cpu")


def test_what_programs_do_in_any_case_does_nothing():
    mg.manual_seed(3)
    want = mg.rand(2).tolist()
    mg.manual_seed(3)
    for call in (
        lambda: cuda.manual_seed(1), lambda: cuda.manual_seed_all(1), cuda.seed, cuda.seed_all, cuda.synchronize,
        cuda.empty_cache, cuda.reset_peak_memory_stats,
    ):  # fmt: skip
        assert call() is None
    assert mg.rand(2).tolist() == want


@pytest.mark.parametrize("name", [
    "init", "current_device", "set_device", "get_device_name", "get_device_capability", "get_device_properties",
    "Event", "Stream",
])  # fmt: skip
def test_what_needs_one_is_an_error(name):
    arguments = (0,) if name == "set_device" else ()
    with pytest.raises(RuntimeError, match=rf"cuda.{name}: minigrad computes on the CPU.*; \w+"):
        getattr(cuda, name)(*arguments)


@pytest.mark.parametrize("move", [
    lambda: mg.ones(2).cuda(), lambda: mg.ones(2).cuda(0), lambda: mg.ones(2).to("cuda"),
    lambda: nn.Linear(2, 2).cuda(), lambda: nn.Linear(2, 2).to("cuda:1"),
])  # fmt: skip
def test_nothing_moves_there(move):
    with pytest.raises(RuntimeError, match="minigrad computes on the CPU only, got 'cuda"):
        move()


def test_every_public_name_is_there():
    assert all(hasattr(cuda, name) for name in cuda.__all__)
