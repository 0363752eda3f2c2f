"""A piece of the image at a random place."""

from math import exp, sqrt

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.transforms.images import (
    InterpolationMode,
    array_of,
    below,
    between,
    check_padding_mode,
    four_sides,
    on_planes,
    padded,
    pair,
    probability,
    with_probability,
)
from minigrad.transforms.sizes import Resize

__all__ = ["RandomCrop", "RandomErasing", "RandomResizedCrop"]


class RandomCrop:
    """A piece of the image at a random place, every place equally likely.

    Args:
        size: an int for a square, or (height, width).
        padding: a border added first: an int, (left and right, top and bottom), or
            (left, top, right, bottom).
        pad_if_needed: add as much border, at both sides, as a smaller image needs.
        fill: the border's value in mode "constant".
        padding_mode: "constant", "edge", "reflect" or "symmetric".

    Raises:
        ValueError: the image is smaller than `size`.
    """

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"):
        self.size = pair(size, "RandomCrop")
        self.padding = padding
        self._sides = None if padding is None else four_sides(padding, "RandomCrop")
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = check_padding_mode(padding_mode, "RandomCrop")

    def __call__(self, image):
        return on_planes(image, "RandomCrop", self._cropped)

    def _cropped(self, a):
        th, tw = self.size
        if self._sides is not None:
            a = padded(a, self._sides, self.fill, self.padding_mode)
        if self.pad_if_needed:
            dh, dw = max(th - a.shape[-2], 0), max(tw - a.shape[-1], 0)
            if dh or dw:
                a = padded(a, (dw, dh, dw, dh), self.fill, self.padding_mode)
        h, w = a.shape[-2:]
        if h < th or w < tw:
            raise ValueError(
                f"RandomCrop: the image, {h} x {w} with its padding, is smaller than the crop, "
                f"{th} x {tw}; pass pad_if_needed=True, more padding or a smaller size"
            )
        if (h, w) == (th, tw):
            return a
        top, left = self._corner(h - th, w - tw)
        return a[..., top : top + th, left : left + tw]

    @staticmethod
    def _corner(rows, columns):
        """Where the piece begins, of so many rows and columns to spare."""
        return below(rows + 1), below(columns + 1)

    def __repr__(self):
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomResizedCrop:
    """A piece of random size and proportion at a random place, brought to one size.

        area = scale H W,  width / height = ratio        scale uniform, ratio with a uniform logarithm

    Up to ten pieces are drawn until one fits; if none does, the largest piece in the middle whose
    proportion is allowed.

    Args:
        size: of the result: an int for a square, or (height, width).
        scale: (least, greatest) share of the area.
        ratio: (least, greatest) width over height.
        interpolation, antialias: as for ``Resize``.

    Szegedy et al., Going deeper with convolutions, CVPR 2015.
    """

    def __init__(self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0),
                 interpolation=InterpolationMode.BILINEAR, antialias=True):  # fmt: skip
        self.size = pair(size, "RandomResizedCrop")
        self.scale = _range(scale, "scale", "RandomResizedCrop")
        self.ratio = _range(ratio, "ratio", "RandomResizedCrop")
        self._resize = Resize(self.size, interpolation, antialias=antialias)

    def __call__(self, image):
        return on_planes(image, "RandomResizedCrop", self._cropped)

    def _cropped(self, a):
        top, left, h, w = self._piece(*a.shape[-2:])
        return self._resize._resized(a[..., top : top + h, left : left + w])

    def _piece(self, height, width):
        for _ in range(10):
            area, ratio = _area_and_ratio(height * width, self.scale, self.ratio)
            w, h = round(sqrt(area * ratio)), round(sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                return below(height - h + 1), below(width - w + 1), h, w
        w, h = width, height
        if width / height < self.ratio[0]:
            h = round(w / self.ratio[0])
        elif width / height > self.ratio[1]:
            w = round(h * self.ratio[1])
        return (height - h) // 2, (width - w) // 2, h, w

    def __repr__(self):
        return (
            f"RandomResizedCrop(size={self.size}, scale={self.scale}, ratio={self.ratio}, "
            f"interpolation={self._resize.interpolation}, antialias={self._resize.antialias})"
        )


class RandomErasing:
    """A rectangle of a Tensor overwritten, with probability p.

        area = scale H W,  height / width = ratio        scale uniform, ratio with a uniform logarithm

    Up to ten rectangles are drawn until one is smaller than the image; if none is, the image stays.

    Args:
        p: the probability.
        scale: (least, greatest) share of the area.
        ratio: (least, greatest) height over width.
        value: a number, one a channel, or "random" for normal ones.
        inplace: write into the Tensor given.

    Raises:
        TypeError: the image is not a Tensor.
        ValueError: it has no channels, or not as many as value has numbers.

    Zhong, Zheng, Kang, Li and Yang, Random erasing data augmentation, AAAI 2020, arXiv:1708.04896.
    """

    def __init__(self, p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False):
        self.p = probability(p, "RandomErasing")
        self.scale = _range(scale, "scale", "RandomErasing")
        self.ratio = _range(ratio, "ratio", "RandomErasing")
        if self.scale[1] > 1:
            raise ValueError(f"RandomErasing: scale is {scale}; a share of the area is in [0, 1]")
        if isinstance(value, str) and value != "random":
            raise ValueError(f"RandomErasing: value is {value!r}; it must be a number, one a channel, or 'random'")
        self.value = value
        self.inplace = inplace

    def __call__(self, image):
        if not isinstance(image, minigrad.Tensor):
            raise TypeError(f"RandomErasing: got a {type(image).__name__}; it takes a Tensor, so put ToTensor() before")
        if not with_probability(self.p):
            return image
        a = array_of(image, "RandomErasing")
        if a.ndim < 3:
            raise ValueError(f"RandomErasing: got the shape {a.shape}; it takes (..., C, H, W)")
        channels, height, width = a.shape[-3:]
        random = isinstance(self.value, str)
        value = np.zeros(1) if random else np.atleast_1d(np.asarray(self.value, np.float64))
        if value.shape not in ((1,), (channels,)):
            raise ValueError(
                f"RandomErasing: value is {self.value!r} and the image has {channels} channels "
                f"(shape {a.shape}); give one number, or one a channel"
            )
        for _ in range(10):
            area, ratio = _area_and_ratio(height * width, self.scale, self.ratio)
            h, w = round(sqrt(area * ratio)), round(sqrt(area / ratio))
            if h < height and w < width:
                filled = minigrad.randn(channels, h, w).numpy() if random else value[:, None, None]
                top, left = below(height - h + 1), below(width - w + 1)
                result = a if self.inplace else a.copy()
                result[..., top : top + h, left : left + w] = filled
                return image if self.inplace else minigrad.from_numpy(result)
        return image

    def __repr__(self):
        return (
            f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, "
            f"inplace={self.inplace})"
        )


def _range(limits, name, who):
    if not hasattr(limits, "__len__") or len(limits) != 2 or not 0 <= limits[0] <= limits[1]:
        raise ValueError(f"{who}: {name} is {limits!r}; it must be (least, greatest), not below 0")
    return tuple(limits)


def _area_and_ratio(whole, scale, ratio):
    area = whole * between(*scale)
    low, high = (float(np.log(np.float32(r))) for r in ratio)
    return area, float(np.float32(exp(between(low, high))))
