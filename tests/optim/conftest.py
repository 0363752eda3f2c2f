"""What the optimizers' tests share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """For tensors so small, PyTorch's helpers would only wait for each other."""
    torch = sys.modules.get("torch")
    before = torch and torch.get_num_threads()
    if before and before > 1:
        torch.set_num_threads(1)
    yield
    if before and before > 1:
        torch.set_num_threads(before)
