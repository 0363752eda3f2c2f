"""Accelerators, of which there are none: minigrad computes on the CPU.

    device = minigrad.accelerator.current_accelerator() if minigrad.accelerator.is_available() else "cpu"
"""

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def is_available():
    """False."""
    return False


def device_count():
    """0."""
    return 0


def current_accelerator(check_available=False):
    """None."""
    return None


def synchronize(device=None):
    """Nothing: when an operation returns, it is done."""
