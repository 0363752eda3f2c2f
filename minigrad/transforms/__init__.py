"""What happens to an image between the dataset and the network.

Names, arguments and behaviour of ``torchvision.transforms``; ``minigrad.transforms.v2`` has
``torchvision.transforms.v2``'s. An image is a Tensor of shape (..., C, H, W), or (H, W) where
that can be meant, or a NumPy array (H, W) or (H, W, C); a transform that does not
change the kind gives back the kind it got. Nothing here writes into its argument unless
asked to, and nothing is recorded for gradients: images are data.

Random transforms draw from the default generator, the numbers that torchvision's draw.

Where a dataset's transform works on each number for itself (``ToTensor``, ``ToImage``,
``ToDtype``, ``Normalize`` and a ``Compose`` of these), the loader applies it to a whole
batch at once, with the same result.

container    Compose, Lambda, RandomApply
kinds        arrays to tensors, one dtype to another: ToTensor, PILToTensor, ConvertImageDtype; ToImage, ToDtype
colors       Normalize, Grayscale, RandomGrayscale, RandomInvert
sizes        Resize, CenterCrop, Pad
crops        RandomCrop, RandomResizedCrop, RandomErasing
turns        RandomHorizontalFlip, RandomVerticalFlip, RandomRotation, RandomAffine
images       what they share: arrays under images
v2           the names of torchvision's second edition
"""

from minigrad.transforms.colors import Grayscale, Normalize, RandomGrayscale, RandomInvert
from minigrad.transforms.container import Compose, Lambda, RandomApply
from minigrad.transforms.crops import RandomCrop, RandomErasing, RandomResizedCrop
from minigrad.transforms.images import InterpolationMode
from minigrad.transforms.kinds import ConvertImageDtype, PILToTensor, ToDtype, ToImage, ToTensor
from minigrad.transforms.sizes import CenterCrop, Pad, Resize
from minigrad.transforms.turns import RandomAffine, RandomHorizontalFlip, RandomRotation, RandomVerticalFlip

__all__ = [
    "Compose", "Lambda", "RandomApply", "ToTensor", "PILToTensor", "ConvertImageDtype", "ToImage", "ToDtype",
    "Normalize", "Grayscale", "RandomGrayscale", "RandomInvert", "Resize", "CenterCrop", "Pad", "RandomCrop",
    "RandomResizedCrop", "RandomErasing", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation",
    "RandomAffine", "InterpolationMode",
]  # fmt: skip


def __getattr__(name):
    if name == "v2":
        from importlib import import_module

        return import_module("minigrad.transforms.v2")
    raise AttributeError(f"module 'minigrad.transforms' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), "v2"})
