"""Mirrored, turned, moved, stretched and slanted."""

import numpy as np

from minigrad.transforms.images import (
    InterpolationMode,
    back_to,
    between,
    filling,
    interpolation_of,
    on_planes,
    probability,
    with_probability,
)

__all__ = ["RandomAffine", "RandomHorizontalFlip", "RandomRotation", "RandomVerticalFlip"]


class RandomHorizontalFlip:
    """The image mirrored left to right with probability p.

    Args:
        p: the probability.
    """

    def __init__(self, p=0.5):
        self.p = probability(p, "RandomHorizontalFlip")

    def __call__(self, image):
        if not with_probability(self.p):
            return image
        return on_planes(image, "RandomHorizontalFlip", lambda a: a[..., ::-1])

    def __repr__(self):
        return f"RandomHorizontalFlip(p={self.p})"


class RandomVerticalFlip:
    """The image mirrored top to bottom with probability p.

    Args:
        p: the probability.
    """

    def __init__(self, p=0.5):
        self.p = probability(p, "RandomVerticalFlip")

    def __call__(self, image):
        if not with_probability(self.p):
            return image
        return on_planes(image, "RandomVerticalFlip", lambda a: a[..., ::-1, :])

    def __repr__(self):
        return f"RandomVerticalFlip(p={self.p})"


class RandomRotation:
    """The image turned counter-clockwise by an angle drawn uniformly.

    A pixel at (x, y) from the centre, y down, takes the value that the source has at

        (x cos(a) - y sin(a), x sin(a) + y cos(a))

    and outside of the source the value `fill`.

    Args:
        degrees: (least, greatest) angle; one number d is (-d, d).
        interpolation: NEAREST or BILINEAR.
        expand: make the image as large as the turned one needs, about its own centre (torchvision's is a
            pixel larger where its frame does not fall on whole pixels).
        center: (x, y) in pixels from the upper left corner; None is the middle.
        fill: the value outside.

    At a bilinear edge the source and `fill` are mixed by the share each has of the pixel.
    """

    def __init__(self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0):
        self.degrees = _angles(degrees, "degrees", "RandomRotation")
        self.interpolation = interpolation_of(interpolation, "RandomRotation")
        self.expand = expand
        self.center = _center(center, "RandomRotation")
        self.fill = fill

    def __call__(self, image):
        angle = between(*self.degrees)
        return on_planes(image, "RandomRotation", lambda a: self._turned(a, angle))

    def _turned(self, a, angle):
        h, w = a.shape[-2:]
        angle = np.deg2rad(angle)
        c, s = np.cos(angle), np.sin(angle)
        size, center = (h, w), None
        if self.expand:  # a hair is taken off, so that rounding does not add a pixel
            size = tuple(int(np.ceil(v - 1e-4)) for v in (w * abs(s) + h * abs(c), w * abs(c) + h * abs(s)))
        else:
            center = self.center
        return _moved(a, np.array([[c, -s], [s, c]]), (0, 0), center, size, self.interpolation, self.fill)

    def __repr__(self):
        return (
            f"RandomRotation(degrees={self.degrees}, interpolation={self.interpolation}, "
            f"expand={self.expand}, fill={self.fill})"
        )


class RandomAffine:
    """The image slanted, stretched, turned clockwise and moved, by amounts drawn uniformly.

    A pixel at p = (x, y) from the centre, y down, goes to ``L p + t``, with

        L = scale R Y X,   R = [[cos a, -sin a], [sin a, cos a]]     a: the angle
                           Y = [[1, 0], [-tan b, 1]]                 b: shear along y
                           X = [[1, -tan c], [0, 1]]                 c: shear along x

    and the result takes at each pixel the value that the source has where this one comes from;
    outside of the source the value `fill`.

    Args:
        degrees: (least, greatest) angle; one number d is (-d, d), 0 none.
        translate: (u, v), for t between -u and u times the width and -v and v times the height,
            in whole pixels; None for none.
        scale: (least, greatest) factor; None for none.
        shear: (least, greatest) angle along x, or four numbers for x and y; one number s is (-s, s).
        interpolation: NEAREST or BILINEAR.
        fill: the value outside: a number, or one a channel.
        center: (x, y) in pixels from the upper left corner; None is the middle.
    """

    def __init__(self, degrees, translate=None, scale=None, shear=None,
                 interpolation=InterpolationMode.NEAREST, fill=0, center=None):  # fmt: skip
        self.degrees = _angles(degrees, "degrees", "RandomAffine")
        if translate is not None and (len(translate) != 2 or not all(0 <= t <= 1 for t in translate)):
            raise ValueError(f"RandomAffine: translate is {translate!r}; it must be two shares in [0, 1]")
        if scale is not None and (len(scale) != 2 or not 0 < scale[0] <= scale[1]):
            raise ValueError(f"RandomAffine: scale is {scale!r}; it must be (least, greatest), above 0")
        self.translate = translate
        self.scale = scale
        if shear is not None and hasattr(shear, "__len__") and len(shear) == 4:
            self.shear = _angles(shear[:2], "shear", "RandomAffine") + _angles(shear[2:], "shear", "RandomAffine")
        else:
            self.shear = None if shear is None else _angles(shear, "shear", "RandomAffine")
        self.interpolation = interpolation_of(interpolation, "RandomAffine")
        self.fill = fill
        self.center = _center(center, "RandomAffine")

    def __call__(self, image):
        return on_planes(image, "RandomAffine", lambda a: self._affine(a, *self._drawn(*a.shape[-2:])))

    def _drawn(self, height, width):
        """angle, (right, down), factor, (shear along x, along y)"""
        angle, factor, shear, move = between(*self.degrees), 1.0, [0.0, 0.0], (0, 0)
        if self.translate is not None:
            u, v = (float(share * size) for share, size in zip(self.translate, (width, height), strict=True))
            move = round(between(-u, u)), round(between(-v, v))
        if self.scale is not None:
            factor = between(*self.scale)
        if self.shear is not None:
            for k in range(len(self.shear) // 2):
                shear[k] = between(*self.shear[2 * k : 2 * k + 2])
        return angle, move, factor, shear

    def _affine(self, a, angle, move, factor, shear):
        t = np.deg2rad(angle)
        along_x, along_y = np.tan(np.deg2rad(shear))
        forward = factor * np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        forward = forward @ np.array([[1, 0], [-along_y, 1]]) @ np.array([[1, -along_x], [0, 1]])
        return _moved(a, np.linalg.inv(forward), move, self.center, a.shape[-2:], self.interpolation, self.fill)

    def __repr__(self):
        return (
            f"RandomAffine(degrees={self.degrees}, translate={self.translate}, scale={self.scale}, "
            f"shear={self.shear}, interpolation={self.interpolation}, fill={self.fill})"
        )


def _angles(given, name, who):
    """[least, greatest] of a number or a pair."""
    if not hasattr(given, "__len__"):
        if given < 0:
            raise ValueError(f"{who}: {name} is {given}; one number must not be negative, it means (-{name}, {name})")
        given = (-given, given)
    if len(given) != 2 or given[0] > given[1]:
        raise ValueError(f"{who}: {name} is {given!r}; it must be a number or (least, greatest)")
    return [float(d) for d in given]


def _center(center, who):
    if center is not None and len(center) != 2:
        raise ValueError(f"{who}: center is {center!r}; it must be (x, y)")
    return center


def _moved(a, back, move, center, size, interpolation, fill):
    """The array (..., H, W) in a frame of `size`, whose pixel p from the centre takes the value at
    back (p - move) of the source, or `fill` where that is outside."""
    (h, w), (oh, ow) = a.shape[-2:], size
    cx, cy = (0.0, 0.0) if center is None else (center[0] - w / 2, center[1] - h / 2)
    x = np.arange(ow) - (ow - 1) / 2 - cx - move[0]
    y = (np.arange(oh) - (oh - 1) / 2 - cy - move[1])[:, None]
    sx = back[0, 0] * x + back[0, 1] * y + cx + (w - 1) / 2
    sy = back[1, 0] * x + back[1, 1] * y + cy + (h - 1) / 2

    def at(row, column):
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        return a[..., np.clip(row, 0, h - 1), np.clip(column, 0, w - 1)], inside

    if interpolation == "nearest":
        values, inside = at(np.rint(sy).astype(np.int64), np.rint(sx).astype(np.int64))
        return np.where(inside, values, filling(fill, a))
    row, column = np.floor(sy).astype(np.int64), np.floor(sx).astype(np.int64)
    fy, fx = sy - row, sx - column
    total = 0.0
    for down, wy in ((0, 1 - fy), (1, fy)):
        for right, wx in ((0, 1 - fx), (1, fx)):
            values, inside = at(row + down, column + right)
            total = total + wy * wx * np.where(inside, values, filling(fill, a))
    return back_to(a.dtype, total)
