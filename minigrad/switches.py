"""PyTorch's switches for what is always one way here: programs set them before they begin.

Everything is deterministic, eager, in full precision and on the CPU. A setting that asks for
this is accepted and can be read back; one that asks for something else is an error.
"""

from minigrad.tensor import device as _device

__all__ = [
    "are_deterministic_algorithms_enabled",
    "compile",
    "get_default_device",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "set_default_device",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "use_deterministic_algorithms",
]

_settings = {"deterministic": False, "precision": "highest", "interop": 1}


def compile(model=None, **options):
    """The model (or function) itself: it runs at compiled speed already, from its first call on.

    Without a model, a decorator: @minigrad.compile(mode="max-autotune"). The options are
    PyTorch's, accepted and ignored.
    """
    if model is None:
        return compile
    if not callable(model):
        raise TypeError(f"compile: expected a module or a function, got {type(model).__name__}")
    return model


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted: there are no others. The same seed gives the same bits on any number of threads."""
    _settings["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms() was told last; the algorithms are so in any case."""
    return _settings["deterministic"]


def set_float32_matmul_precision(precision):
    """Accepted: float32 products are computed in float32 ("highest").

    Errors: ValueError for another word than "highest", "high" or "medium".
    """
    if precision not in ("highest", "high", "medium"):
        raise ValueError(
            f"set_float32_matmul_precision: expected 'highest', 'high' or 'medium', got {precision!r}"
        )
    _settings["precision"] = precision


def get_float32_matmul_precision():
    """What set_float32_matmul_precision() was told last; products are of the highest in any case."""
    return _settings["precision"]


def set_default_device(device):
    """Accepts the CPU, or None. Errors: RuntimeError for another device."""
    if device is not None:
        _device(device)


def get_default_device():
    """device(type="cpu")"""
    return _device("cpu")


def set_num_interop_threads(n):
    """Accepted: operations run one after the other, each on set_num_threads() threads."""
    if n < 1:
        raise ValueError(f"set_num_interop_threads: expected at least 1, got {n}")
    _settings["interop"] = n


def get_num_interop_threads():
    """What set_num_interop_threads() was told last, at first 1."""
    return _settings["interop"]


def set_flush_denormal(mode):
    """False, and nothing changed: numbers below the normal range are never cut to 0."""
    return False
