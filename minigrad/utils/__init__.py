"""What surrounds training: ``data`` holds datasets, samplers and the loader; ``checkpoint`` trades time for memory."""

from minigrad.utils import data


def __getattr__(name):
    if name != "checkpoint":        # comes when it is asked for
        raise AttributeError(f"module 'minigrad.utils' has no attribute {name!r}")
    from importlib import import_module

    return import_module("minigrad.utils.checkpoint")


__all__ = ["checkpoint", "data"]
