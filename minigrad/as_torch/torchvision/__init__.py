"""torchvision, as far as networks of fully connected layers need it: datasets, transforms, pictures of batches."""

from minigrad import datasets, transforms
from minigrad.as_torch.torchvision import utils

__all__ = ["datasets", "transforms", "utils"]

__version__ = "0.28.0"
