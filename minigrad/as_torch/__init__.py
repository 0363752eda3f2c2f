"""Runs a PyTorch script as it is, without PyTorch.

    python -m minigrad.as_torch script.py [arguments]
    python -m minigrad.as_torch --scan script.py        which names are not here, line by line

For that process only, torch, torchvision and torchmetrics are what minigrad has in their place
(aliases.py), PyTorch's own answer comes back where minigrad refuses what is known to hide a
mistake (behaviour.py), and the script runs as if by python: its arguments, __main__, sys.path,
tracebacks and exit status are the same (running.py). An installed PyTorch is not touched.

A bridge beside the house: nothing in minigrad imports it.
"""

from minigrad.as_torch.aliases import install
from minigrad.as_torch.running import run
from minigrad.as_torch.scan import scan

__all__ = ["install", "run", "scan"]
