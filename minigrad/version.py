"""Which minigrad this is, and which other devices it was built for: none."""

from minigrad.kernels import __version__

__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "rocm", "xpu"]

cuda = hip = rocm = xpu = None
debug = False
git_version = "unknown"
