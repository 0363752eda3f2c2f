"""torchvision.transforms.v2: the same transforms, those that draw otherwise there, and those that are new there.

Each takes one image; torchvision's v2 also takes boxes, masks and labels along with it, which are not here.
"""

import minigrad  # its names are looked up when used
from minigrad.transforms import container, crops
from minigrad.transforms.colors import Grayscale, Normalize, RandomGrayscale, RandomInvert
from minigrad.transforms.container import Compose, RandomApply
from minigrad.transforms.crops import RandomErasing, RandomResizedCrop
from minigrad.transforms.images import InterpolationMode, below
from minigrad.transforms.kinds import ConvertImageDtype, PILToTensor, ToDtype, ToImage, ToTensor
from minigrad.transforms.sizes import CenterCrop, Pad, Resize
from minigrad.transforms.turns import RandomAffine, RandomHorizontalFlip, RandomRotation, RandomVerticalFlip

__all__ = [
    "Compose", "Lambda", "Identity", "RandomApply", "RandomChoice", "RandomOrder", "ToTensor", "PILToTensor",
    "ConvertImageDtype", "ToImage", "ToDtype", "ToPureTensor", "Normalize", "Grayscale", "RandomGrayscale",
    "RandomInvert", "GaussianNoise", "Resize", "CenterCrop", "Pad", "RandomCrop", "RandomResizedCrop",
    "RandomErasing", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation", "RandomAffine",
    "InterpolationMode",
]  # fmt: skip


class Lambda(container.Lambda):
    """A function as a transform: ``Lambda(f)(x) = f(x)``.

    Args:
        lambd: a callable of the image.
        *types: the kinds that it is for; the others stay as they are. None means all.
    """

    def __init__(self, lambd, *types):
        super().__init__(lambd)
        self.types = types or (object,)

    def __call__(self, image):
        return self.lambd(image) if isinstance(image, self.types) else image


class Identity:
    """The image as it is."""

    def __call__(self, image):
        return image

    def _batch_form(self):
        return self

    def __repr__(self):
        return f"{type(self).__name__}()"


class ToPureTensor(Identity):
    """The image as it is: there are no tensors here but pure ones."""


class RandomChoice:
    """One of the transforms, chosen at random.

    Args:
        transforms: a list of callables.
        p: how likely each is, up to a common factor; None is equally.
    """

    def __init__(self, transforms, p=None):
        self.transforms = container.checked(transforms, "RandomChoice")
        p = [1.0] * len(transforms) if p is None else [float(each) for each in p]
        if len(p) != len(transforms) or min(p, default=0) < 0 or sum(p) <= 0:
            raise ValueError(
                f"RandomChoice: p is {p}; it must be a number of 0 or more for each of the "
                f"{len(transforms)} transforms, and not all 0"
            )
        self.p = [each / sum(p) for each in p]

    def __call__(self, image):
        return self.transforms[int(minigrad.multinomial(minigrad.tensor(self.p), 1).item())](image)

    def __repr__(self):
        return container.shown("RandomChoice", self.transforms)


class RandomOrder:
    """All of the transforms, in a random order.

    Args:
        transforms: a list of callables.
    """

    def __init__(self, transforms):
        self.transforms = container.checked(transforms, "RandomOrder")

    def __call__(self, image):
        for k in minigrad.randperm(len(self.transforms)).tolist():
            image = self.transforms[k](image)
        return image

    def __repr__(self):
        return container.shown("RandomOrder", self.transforms)


class GaussianNoise:
    """Normal noise added to each number: ``y = x + mean + sigma e``, e with mean 0 and variance 1.

    Args:
        mean, sigma: the noise's mean and standard deviation.
        clip: bring the result into [0, 1].

    Raises:
        TypeError: the image is not a Tensor of floats.
        ValueError: sigma is negative.
    """

    def __init__(self, mean=0.0, sigma=0.1, clip=True):
        if sigma < 0:
            raise ValueError(f"GaussianNoise: sigma is {sigma}; a standard deviation is 0 or more")
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def __call__(self, image):
        if not isinstance(image, minigrad.Tensor) or not image.is_floating_point():
            seen = f"a Tensor of {image.dtype}" if isinstance(image, minigrad.Tensor) else f"a {type(image).__name__}"
            raise TypeError(f"GaussianNoise: got {seen}; it takes floats, so put ToDtype(float32, scale=True) before")
        image = image.detach()
        noisy = image + (self.mean + minigrad.randn_like(image) * self.sigma)
        return noisy.clamp(0, 1) if self.clip else noisy

    def __repr__(self):
        return f"GaussianNoise(mean={self.mean}, sigma={self.sigma}, clip={self.clip})"


class RandomCrop(crops.RandomCrop):
    __doc__ = crops.RandomCrop.__doc__

    @staticmethod
    def _corner(rows, columns):
        return below(rows + 1) if rows else 0, below(columns + 1) if columns else 0
