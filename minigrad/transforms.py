"""What happens to an image between the dataset and the network.

Names, arguments and behaviour of ``torchvision.transforms`` (and of its ``v2``:
``ToImage``, ``ToDtype``). An image is a Tensor of shape (..., C, H, W), or (H, W) where
that can be meant, or a NumPy array (H, W) or (H, W, C); a transform that does not
change the kind gives back the kind it got. Nothing here writes into its argument unless
asked to, and nothing is recorded for gradients: images are data.

Random transforms draw from the default generator, the numbers that torchvision's draw.

Where a dataset's transform works on each number for itself (``ToTensor``, ``ToImage``,
``ToDtype``, ``Normalize`` and a ``Compose`` of these), the loader applies it to a whole
batch at once, with the same result.
"""

import numpy as np

import minigrad  # its names are looked up when used

__all__ = [
    "Compose", "Lambda", "ToTensor", "ToImage", "ToDtype", "Normalize", "Resize", "CenterCrop",
    "RandomCrop", "RandomRotation", "RandomHorizontalFlip", "InterpolationMode",
]


class InterpolationMode:
    """How a value between pixels is found: the nearest pixel's, or linear in both directions."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


# ---------------------------------------------------------------- arrays under images

def _array(image, who):
    """The NumPy array under an image: no copy for a Tensor, a fresh array for a foreign image."""
    if isinstance(image, minigrad.Tensor):
        return image.detach().numpy()
    if isinstance(image, np.ndarray):
        return image
    if hasattr(image, "__array_interface__") or hasattr(image, "__array__"):    # a PIL image
        return np.array(image)
    raise TypeError(f"{who}: got a {type(image).__name__}; it takes a Tensor (..., C, H, W) "
                    "or an array (H, W) or (H, W, C)")


def _on_planes(image, who, change):
    """`change` applied to an image as an array (..., H, W); the result in the image's kind and layout."""
    a = _array(image, who)
    if a.ndim < 2 or 0 in a.shape[-2:]:
        raise ValueError(f"{who}: got an image of shape {a.shape}; it needs a height and a width above 0")
    if isinstance(image, minigrad.Tensor):
        return minigrad.from_numpy(_fresh(change(a), a))
    if a.ndim == 2:
        return _fresh(change(a), a)
    if a.ndim == 3:
        return _fresh(change(a.transpose(2, 0, 1)).transpose(1, 2, 0), a)
    raise ValueError(f"{who}: got an array of shape {a.shape}; an array image is (H, W) or (H, W, C)")


def _fresh(result, source):
    """`result`, contiguous and in memory of its own."""
    return np.array(result) if np.may_share_memory(result, source) else np.ascontiguousarray(result)


def _pair(size, who):
    """(height, width) from an int or a sequence of one or two."""
    sizes = (size,) if isinstance(size, (int, np.integer)) and not isinstance(size, bool) else tuple(size)
    if len(sizes) not in (1, 2) or any(int(s) != s or s <= 0 for s in sizes):
        raise ValueError(f"{who}: size is {size!r}; it must be a positive int or a pair (height, width) of "
                         "them")
    return int(sizes[0]), int(sizes[-1])


def _interpolation(mode, who):
    mode = getattr(mode, "value", mode)
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"{who}: interpolation is {mode!r}; it must be InterpolationMode.NEAREST or "
                         ".BILINEAR")
    return mode


def _below(high):
    """A random int in [0, high)."""
    return int(minigrad.randint(0, high, (1,)).item())


# ---------------------------------------------------------------- putting together

class Compose:
    """One transform after another: ``Compose([f, g])(x) = g(f(x))``.

    Args:
        transforms: a list of callables.
    """

    def __init__(self, transforms):
        if not isinstance(transforms, (list, tuple)):
            raise TypeError(f"Compose: takes a list of transforms, got a {type(transforms).__name__}; "
                            "write Compose([...])")
        for k, t in enumerate(transforms):
            if not callable(t):
                raise TypeError(f"Compose: transform {k} is a {type(t).__name__}, which cannot be called")
        self.transforms = transforms

    def __call__(self, image):
        for t in self.transforms:
            image = t(image)
        return image

    def _batch_form(self):
        forms = [_batch_form(t) for t in self.transforms]
        if None in forms:
            return None

        def whole(images):
            for form in forms:
                images = form(images)
            return images
        return whole

    def __repr__(self):
        return "Compose(\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


def _batch_form(transform):
    """The function that does to stacked images what `transform` does to each; None if there is none.

    Only for the classes of this file themselves: a subclass may do something else.
    """
    make = getattr(transform, "_batch_form", None)
    return make() if make is not None and type(transform).__module__ == __name__ else None


class Lambda:
    """A function as a transform.

    Args:
        lambd: a callable of the image.
    """

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Lambda: takes a function, got a {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, image):
        return self.lambd(image)

    def __repr__(self):
        return "Lambda()"


# ---------------------------------------------------------------- kinds and numbers

class ToTensor:
    """An image as a Tensor, channels first; uint8 becomes float32 in [0, 1].

        (H, W) -> (1, H, W)        (H, W, C) -> (C, H, W)        uint8: y = x / 255

    Takes arrays, and the (H, W) or (H, W, C) Tensors of a dataset. Other dtypes keep their
    dtype and values. The result has memory of its own.

    Raises:
        ValueError: the image does not have two or three dimensions.
    """

    def __call__(self, image):
        a = _array(image, "ToTensor")
        if a.ndim not in (2, 3):
            raise ValueError(f"ToTensor: got an image of shape {a.shape}; it takes (H, W) or (H, W, C)")
        return minigrad.from_numpy(_planes_first(a, a.ndim == 3))

    def _batch_form(self):
        def whole(images):
            a = images.numpy()
            return minigrad.from_numpy(_planes_first(a, a.ndim == 4))
        return whole

    def __repr__(self):
        return "ToTensor()"


def _planes_first(a, has_channels):
    """(..., H, W) or (..., H, W, C) -> (..., C, H, W); uint8 as float32 in [0, 1]."""
    a = np.moveaxis(a, -1, -3) if has_channels else a[..., None, :, :]
    if a.dtype == np.uint8:
        return np.divide(a, np.float32(255), order="C", dtype=np.float32)
    return np.array(a, order="C")


class ToImage:
    """An array (H, W) or (H, W, C) as a Tensor (1, H, W) or (C, H, W) of the same dtype and values.

    A Tensor is taken as channels first already: (H, W) becomes (1, H, W), others stay as
    they are.
    """

    def __call__(self, image):
        a = _array(image, "ToImage")
        if isinstance(image, minigrad.Tensor):
            return image if a.ndim != 2 else minigrad.from_numpy(a[None].copy())
        if a.ndim not in (2, 3):
            raise ValueError(f"ToImage: got an array of shape {a.shape}; it takes (H, W) or (H, W, C)")
        return minigrad.from_numpy(np.array(a[None] if a.ndim == 2 else a.transpose(2, 0, 1), order="C"))

    def _batch_form(self):
        def whole(images):
            a = images.numpy()
            return minigrad.from_numpy(a[:, None]) if a.ndim == 3 else images
        return whole

    def __repr__(self):
        return "ToImage()"


class ToDtype:
    """The image in another dtype; with ``scale=True`` its range goes along.

    A float image's range is [0, 1], an integer image's [0, M] with M its dtype's largest
    value (255 for uint8):

        integer to float      y = x (1 / M)
        float to integer      y = floor(x (M + 1 - 0.001)), which gives each level an equal share
        integer to integer    y = x divided or multiplied by the power of two between the ranges

    Args:
        dtype: a floating or integer dtype.
        scale: whether to bring the values into the new range; False only converts them.
    """

    def __init__(self, dtype, scale=False):
        if not isinstance(scale, bool):
            raise TypeError(f"ToDtype: scale is {scale!r}; it must be True or False")
        self.dtype = dtype
        self.scale = scale
        self._numpy = minigrad.empty((), dtype=dtype).numpy().dtype

    def __call__(self, image):
        a = _array(image, "ToDtype")
        result = self._convert(a)
        if result is a:
            return image
        return result if isinstance(image, np.ndarray) else minigrad.from_numpy(result)

    def _convert(self, a):
        to = self._numpy
        if a.dtype == to:
            return a
        if not self.scale or a.dtype.kind == "b" or to.kind == "b":
            return a.astype(to)
        if a.dtype.kind == "f" and to.kind == "f":
            return a.astype(to)
        if to.kind == "f":
            return a.astype(to) * to.type(1 / np.iinfo(a.dtype).max)     # v2's rounding; ToTensor divides
        top = np.iinfo(to).max
        if a.dtype.kind == "f":
            if to.itemsize > 4 or (to.itemsize == 4 and a.dtype.itemsize == 4):
                raise ValueError(f"ToDtype: {a.dtype} cannot hold the levels of {to}; go through a smaller "
                                 "integer")
            return (a * a.dtype.type(top + 1.0 - 1e-3)).astype(to)
        shift = int(top).bit_length() - int(np.iinfo(a.dtype).max).bit_length()
        return (a >> -shift).astype(to) if shift < 0 else a.astype(to) << shift

    def _batch_form(self):
        return self

    def __repr__(self):
        return f"ToDtype(dtype={self.dtype}, scale={self.scale})"


class Normalize:
    """Shift and scale each channel: ``y[c] = (x[c] - mean[c]) / std[c]``.

    Args:
        mean, std: a number, or one for each channel.
        inplace: write into the Tensor given.

    The image is a float Tensor (..., C, H, W); so it stands after ``ToTensor``.

    Raises:
        TypeError: the image is not a Tensor of floats.
        ValueError: a std of zero, an image without channels, or a number of channels that
            is not that of mean and std.
    """

    def __init__(self, mean, std, inplace=False):
        self.mean = mean
        self.std = std
        self.inplace = inplace
        self._mean, self._std = (np.atleast_1d(np.array(v, dtype=np.float64)) for v in (mean, std))
        if self._mean.ndim != 1 or self._std.ndim != 1:
            raise ValueError(f"Normalize: mean {mean} and std {std} must be numbers or flat sequences of "
                             "them")
        if not self._std.astype(np.float32).all():
            raise ValueError(f"Normalize: std {std} holds a zero, which would be divided by; "
                             "a channel that never varies takes std 1")

    def __call__(self, image):
        if not isinstance(image, minigrad.Tensor):
            raise TypeError(f"Normalize: got a {type(image).__name__}; it takes a float Tensor, "
                            "so put ToTensor() before it")
        a = _array(image, "Normalize")
        if a.dtype.kind != "f":
            raise TypeError(f"Normalize: got a Tensor of {a.dtype}; it takes floats, so put ToTensor() "
                            "or ToDtype(float32, scale=True) before it")
        if a.ndim < 3:
            raise ValueError(f"Normalize: got the shape {a.shape}; it takes (..., C, H, W), "
                             "so add the channel with ToTensor() or ToImage()")
        channels = a.shape[-3]
        for name, v in (("mean", self._mean), ("std", self._std)):
            if v.size not in (1, channels):
                raise ValueError(f"Normalize: {name} has {v.size} numbers and the image {channels} channels "
                                 f"(shape {a.shape}); give one number, or one a channel")
        mean, std = (v.astype(a.dtype)[:, None, None] for v in (self._mean, self._std))
        result = np.subtract(a, mean, out=a if self.inplace else None)
        np.divide(result, std, out=result)
        return image if self.inplace else minigrad.from_numpy(result)

    def _batch_form(self):
        return self

    def __repr__(self):
        return f"Normalize(mean={self.mean}, std={self.std})"


# ---------------------------------------------------------------- sizes

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


def _back_to(dtype, values):
    """Computed float values as `dtype`: integers are rounded and kept in range."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.clip(np.rint(values), info.min, info.max).astype(dtype)
    return values.astype(dtype)


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
        self._size = _pair(size, "Resize")
        if max_size is not None and not self._shorter_only:
            raise ValueError(f"Resize: max_size={max_size} with the full size {size}; it goes with an int "
                             "size")
        if max_size is not None and max_size <= self._size[0]:
            raise ValueError(f"Resize: max_size={max_size} must be more than the shorter side's size {size}")
        self.size = size
        self.max_size = max_size
        self.interpolation = _interpolation(interpolation, "Resize")
        self.antialias = antialias

    def __call__(self, image):
        return _on_planes(image, "Resize", self._resized)

    def _resized(self, a):
        (h, w), (oh, ow) = a.shape[-2:], self._target(*a.shape[-2:])
        if (h, w) == (oh, ow):
            return a
        if self.interpolation == "nearest":
            return a[..., _nearest(h, oh)[:, None], _nearest(w, ow)]
        down = _linear_weights(h, oh, self.antialias)
        across = _linear_weights(w, ow, self.antialias)
        return _back_to(a.dtype, down @ a.astype(np.float64) @ across.T)

    def _target(self, h, w):
        if not self._shorter_only:
            return self._size
        short = self._size[0]
        long = int(short * max(h, w) / min(h, w))
        if self.max_size is not None and long > self.max_size:
            short, long = int(self.max_size * short / long), self.max_size
        return (short, long) if h <= w else (long, short)

    def __repr__(self):
        return (f"Resize(size={self.size}, interpolation={self.interpolation}, max_size={self.max_size}, "
                f"antialias={self.antialias})")


class CenterCrop:
    """The middle of the image; an image that is smaller gets a border of zeros first.

    Args:
        size: an int for a square, or (height, width).
    """

    def __init__(self, size):
        self.size = _pair(size, "CenterCrop")

    def __call__(self, image):
        return _on_planes(image, "CenterCrop", self._cropped)

    def _cropped(self, a):
        th, tw = self.size
        h, w = a.shape[-2:]
        if h < th or w < tw:
            dh, dw = max(th - h, 0), max(tw - w, 0)
            a = _padded(a, (dw // 2, dh // 2, (dw + 1) // 2, (dh + 1) // 2), 0, "constant")
            h, w = a.shape[-2:]
        top, left = round((h - th) / 2), round((w - tw) / 2)
        return a[..., top:top + th, left:left + tw]

    def __repr__(self):
        return f"CenterCrop(size={self.size})"


def _padded(a, padding, fill, mode):
    left, top, right, bottom = padding
    widths = [(0, 0)] * (a.ndim - 2) + [(top, bottom), (left, right)]
    return np.pad(a, widths, mode, **({"constant_values": fill} if mode == "constant" else {}))


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
        self.size = _pair(size, "RandomCrop")
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(f"RandomCrop: padding_mode is {padding_mode!r}; "
                             "it must be constant, edge, reflect or symmetric")
        sides = () if padding is None else (padding,) if not hasattr(padding, "__len__") else tuple(padding)
        if len(sides) not in (0, 1, 2, 4) or (padding is not None and not sides) or any(s < 0 for s in sides):
            raise ValueError(f"RandomCrop: padding is {padding!r}; it must be one, two or four ints of 0 or "
                             "more")
        self.padding = padding
        self._sides = sides if len(sides) == 4 else (sides[0], sides[-1]) * 2 if sides else None
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def __call__(self, image):
        return _on_planes(image, "RandomCrop", self._cropped)

    def _cropped(self, a):
        th, tw = self.size
        if self._sides is not None:
            a = _padded(a, self._sides, self.fill, self.padding_mode)
        if self.pad_if_needed:
            dh, dw = max(th - a.shape[-2], 0), max(tw - a.shape[-1], 0)
            if dh or dw:
                a = _padded(a, (dw, dh, dw, dh), self.fill, self.padding_mode)
        h, w = a.shape[-2:]
        if h < th or w < tw:
            raise ValueError(f"RandomCrop: the image, {h} x {w} with its padding, is smaller than the crop, "
                             f"{th} x {tw}; pass pad_if_needed=True, more padding or a smaller size")
        if (h, w) == (th, tw):
            return a
        top = _below(h - th + 1)
        left = _below(w - tw + 1)
        return a[..., top:top + th, left:left + tw]

    def __repr__(self):
        return f"RandomCrop(size={self.size}, padding={self.padding})"


# ---------------------------------------------------------------- turning

class RandomHorizontalFlip:
    """The image mirrored left to right with probability p.

    Args:
        p: the probability.
    """

    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is {p}; a probability is in [0, 1]")
        self.p = p

    def __call__(self, image):
        if minigrad.rand(1).item() >= self.p:
            return image
        return _on_planes(image, "RandomHorizontalFlip", lambda a: a[..., ::-1])

    def __repr__(self):
        return f"RandomHorizontalFlip(p={self.p})"


class RandomRotation:
    """The image turned counter-clockwise by an angle drawn uniformly.

    A pixel at (x, y) from the centre, y down, takes the value that the source has at

        (x cos(a) - y sin(a), x sin(a) + y cos(a))

    and outside of the source the value `fill`.

    Args:
        degrees: (least, greatest) angle; one number d is (-d, d).
        interpolation: NEAREST or BILINEAR.
        expand: make the image as large as the turned one needs (about its own centre).
        center: (x, y) in pixels from the upper left corner; None is the middle.
        fill: the value outside.

    At a bilinear edge the source and `fill` are mixed by the share each has of the pixel.
    """

    def __init__(self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0):
        if not hasattr(degrees, "__len__"):
            if degrees < 0:
                raise ValueError(f"RandomRotation: degrees is {degrees}; one number must not be negative, "
                                 "it means (-degrees, degrees)")
            degrees = (-degrees, degrees)
        if len(degrees) != 2 or degrees[0] > degrees[1]:
            raise ValueError(f"RandomRotation: degrees is {degrees!r}; it must be a number or (least, "
                             "greatest)")
        if center is not None and len(center) != 2:
            raise ValueError(f"RandomRotation: center is {center!r}; it must be (x, y)")
        self.degrees = [float(d) for d in degrees]
        self.interpolation = _interpolation(interpolation, "RandomRotation")
        self.expand = expand
        self.center = center
        self.fill = fill

    def __call__(self, image):
        low, high = self.degrees
        angle = float(np.float32(minigrad.rand(1).item() * (high - low) + low))
        return _on_planes(image, "RandomRotation", lambda a: self._turned(a, angle))

    def _turned(self, a, angle):
        h, w = a.shape[-2:]
        angle = np.deg2rad(angle)
        c, s = np.cos(angle), np.sin(angle)
        oh, ow, cx, cy = h, w, 0.0, 0.0
        if self.expand:     # a hair is taken off, so that rounding does not add a pixel
            oh, ow = (int(np.ceil(v - 1e-4)) for v in (w * abs(s) + h * abs(c), w * abs(c) + h * abs(s)))
        elif self.center is not None:
            cx, cy = self.center[0] - w / 2, self.center[1] - h / 2
        x = np.arange(ow) - (ow - 1) / 2 - cx
        y = (np.arange(oh) - (oh - 1) / 2 - cy)[:, None]
        sx = c * x - s * y + cx + (w - 1) / 2
        sy = s * x + c * y + cy + (h - 1) / 2

        def at(row, column):
            inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
            return a[..., np.clip(row, 0, h - 1), np.clip(column, 0, w - 1)], inside

        if self.interpolation == "nearest":
            values, inside = at(np.rint(sy).astype(np.int64), np.rint(sx).astype(np.int64))
            return np.where(inside, values, np.array(self.fill).astype(a.dtype))
        row, column = np.floor(sy).astype(np.int64), np.floor(sx).astype(np.int64)
        fy, fx = sy - row, sx - column
        total = 0.0
        for down, wy in ((0, 1 - fy), (1, fy)):
            for right, wx in ((0, 1 - fx), (1, fx)):
                values, inside = at(row + down, column + right)
                total = total + wy * wx * np.where(inside, values, self.fill)
        return _back_to(a.dtype, total)

    def __repr__(self):
        return (f"RandomRotation(degrees={self.degrees}, interpolation={self.interpolation}, "
                f"expand={self.expand}, fill={self.fill})")
