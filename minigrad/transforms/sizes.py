"""Another size: resampled, cut, or with a border."""

import numpy as np

from minigrad.transforms.images import (
    InterpolationMode,
    back_to,
    check_padding_mode,
    four_sides,
    interpolation_of,
    on_planes,
    padded,
    pair,
)

__all__ = ["CenterCrop", "Pad", "Resize"]


def _linear_weights(n, m, antialias):
    """(m, n) matrix that resamples n pixels to m: each row a triangle around its pixel's centre.

    Centre (i + 1/2) n / m, in pixels of the source. The triangle is one pixel wide to each
    side, or with antialias n / m pixels where that is more, so that a smaller image averages
    what it stands for.
    """
    scale = n / m
    centre = (np.arange(m)[:, None] + 0.5) * scale - 0.5
    if antialias:
        width = max(scale, 1.0)
    else:
        width, centre = 1.0, np.clip(centre, 0, n - 1)
    w = np.maximum(0.0, 1.0 - np.abs(np.arange(n) - centre) / width)
    return w / w.sum(axis=1, keepdims=True)


def _nearest(n, m):
    """floor(i n / m) for each of m new pixels, in float32 as torch computes it."""
    i = np.arange(m, dtype=np.float32) * np.float32(n / m)
    return np.minimum(i.astype(np.int64), n - 1)


class Resize:
    """The image in another size.

    Args:
        size: (height, width); or an int, to which the shorter side goes while the longer
            keeps the proportion, ``int(size * long / short)``.
        interpolation: BILINEAR or NEAREST.
        max_size: with an int `size`, a limit for the longer side.
        antialias: when a bilinear image becomes smaller, average over all the pixels that a
            new one covers; False looks at its two neighbours only.

    Integer images are rounded to the nearest level.
    """

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
        self._shorter_only = not hasattr(size, "__len__") or len(size) == 1
        self._size = pair(size, "Resize")
        if max_size is not None and not self._shorter_only:
            raise ValueError(f"Resize: max_size={max_size} with the full size {size}; it goes with an int size")
        if max_size is not None and max_size <= self._size[0]:
            raise ValueError(f"Resize: max_size={max_size} must be more than the shorter side's size {size}")
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation_of(interpolation, "Resize")
        self.antialias = antialias

    def __call__(self, image):
        return on_planes(image, "Resize", self._resized)

    def _resized(self, a):
        (h, w), (oh, ow) = a.shape[-2:], self._target(*a.shape[-2:])
        if (h, w) == (oh, ow):
            return a
        if self.interpolation == "nearest":
            return a[..., _nearest(h, oh)[:, None], _nearest(w, ow)]
        down = _linear_weights(h, oh, self.antialias)
        across = _linear_weights(w, ow, self.antialias)
        return back_to(a.dtype, down @ a.astype(np.float64) @ across.T)

    def _target(self, h, w):
        if not self._shorter_only:
            return self._size
        short = self._size[0]
        long = int(short * max(h, w) / min(h, w))
        if self.max_size is not None and long > self.max_size:
            short, long = int(self.max_size * short / long), self.max_size
        return (short, long) if h <= w else (long, short)

    def __repr__(self):
        return (
            f"Resize(size={self.size}, interpolation={self.interpolation}, max_size={self.max_size}, "
            f"antialias={self.antialias})"
        )


class CenterCrop:
    """The middle of the image; an image that is smaller gets a border of zeros first.

    Args:
        size: an int for a square, or (height, width).
    """

    def __init__(self, size):
        self.size = pair(size, "CenterCrop")

    def __call__(self, image):
        return on_planes(image, "CenterCrop", self._cropped)

    def _cropped(self, a):
        th, tw = self.size
        h, w = a.shape[-2:]
        if h < th or w < tw:
            dh, dw = max(th - h, 0), max(tw - w, 0)
            a = padded(a, (dw // 2, dh // 2, (dw + 1) // 2, (dh + 1) // 2), 0, "constant")
            h, w = a.shape[-2:]
        top, left = round((h - th) / 2), round((w - tw) / 2)
        return a[..., top : top + th, left : left + tw]

    def __repr__(self):
        return f"CenterCrop(size={self.size})"


class Pad:
    """The image with a border.

    Args:
        padding: the border's width: an int, (left and right, top and bottom), or (left, top, right, bottom).
        fill: its value in mode "constant": a number, or one a channel.
        padding_mode: "constant", "edge", "reflect" (without the edge itself) or "symmetric".
    """

    def __init__(self, padding, fill=0, padding_mode="constant"):
        self.padding = padding
        self.fill = fill
        self.padding_mode = check_padding_mode(padding_mode, "Pad")
        self._sides = four_sides(padding, "Pad")

    def __call__(self, image):
        return on_planes(image, "Pad", lambda a: padded(a, self._sides, self.fill, self.padding_mode))

    def __repr__(self):
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"
