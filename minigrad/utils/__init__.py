"""What surrounds training: ``minigrad.utils.data`` holds datasets, samplers and the loader."""

from minigrad.utils import data

__all__ = ["data"]
