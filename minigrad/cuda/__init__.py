"""What programs ask of a GPU before they do without: there is none.

    device = "cuda" if minigrad.cuda.is_available() else "cpu"

What can be answered or needs nothing done is; what needs the device raises RuntimeError and says
what to do instead.
"""

from minigrad.cuda import amp

__all__ = [
    "Event",
    "Stream",
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "init",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "synchronize",
]


def is_available():
    """False."""
    return False


def is_initialized():
    """False."""
    return False


def is_bf16_supported(including_emulation=True):
    """False."""
    return False


def device_count():
    """0."""
    return 0


# ---- nothing to do, or nothing there ----------------------------------------------------------------


def manual_seed(seed):
    """Nothing: there are no generators on devices; minigrad.manual_seed() seeds the one there is."""


def manual_seed_all(seed):
    """Nothing, as manual_seed()."""


def seed():
    """Nothing, as manual_seed()."""


def seed_all():
    """Nothing, as manual_seed()."""


def synchronize(device=None):
    """Nothing: when an operation returns, it is done."""


def empty_cache():
    """Nothing: there is no memory of a device."""


def reset_peak_memory_stats(device=None):
    """Nothing: there is no memory of a device."""


def memory_allocated(device=None):
    """0."""
    return 0


def max_memory_allocated(device=None):
    """0."""
    return 0


def memory_reserved(device=None):
    """0."""
    return 0


# ---- what needs the device ----------------------------------------------------------------------------


def _refuse(name, mend="write it for the case that cuda.is_available() is False"):
    raise RuntimeError(f"cuda.{name}: minigrad computes on the CPU and there is no CUDA device; {mend}")


def init():
    """RuntimeError: there is no CUDA device."""
    _refuse("init")


def current_device():
    """RuntimeError: there is no CUDA device."""
    _refuse("current_device")


def set_device(device):
    """RuntimeError: there is no CUDA device."""
    _refuse("set_device", "leave it out")


def get_device_name(device=None):
    """RuntimeError: there is no CUDA device."""
    _refuse("get_device_name")


def get_device_capability(device=None):
    """RuntimeError: there is no CUDA device."""
    _refuse("get_device_capability")


def get_device_properties(device=None):
    """RuntimeError: there is no CUDA device."""
    _refuse("get_device_properties")


class Event:
    """RuntimeError: there is no CUDA device whose time could be taken."""

    def __init__(self, enable_timing=False, blocking=False, interprocess=False):
        _refuse("Event", "take the time with time.perf_counter(), as operations are done when they return")


class Stream:
    """RuntimeError: there is no CUDA device."""

    def __init__(self, device=None, priority=0):
        _refuse("Stream", "operations run one after the other: leave it out")
