"""Numbers of a pixel: shifted and scaled, or made gray."""

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.transforms.images import array_of, on_planes, probability, with_probability

__all__ = ["Grayscale", "Normalize", "RandomGrayscale", "RandomInvert"]


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
            raise ValueError(f"Normalize: mean {mean} and std {std} must be numbers or flat sequences of them")
        if not self._std.astype(np.float32).all():
            raise ValueError(
                f"Normalize: std {std} holds a zero, which would be divided by; a channel that never varies takes std 1"
            )

    def __call__(self, image):
        if not isinstance(image, minigrad.Tensor):
            raise TypeError(
                f"Normalize: got a {type(image).__name__}; it takes a float Tensor, so put ToTensor() before it"
            )
        a = array_of(image, "Normalize")
        if a.dtype.kind != "f":
            raise TypeError(
                f"Normalize: got a Tensor of {a.dtype}; it takes floats, so put ToTensor() "
                "or ToDtype(float32, scale=True) before it"
            )
        if a.ndim < 3:
            raise ValueError(
                f"Normalize: got the shape {a.shape}; it takes (..., C, H, W), "
                "so add the channel with ToTensor() or ToImage()"
            )
        channels = a.shape[-3]
        for name, v in (("mean", self._mean), ("std", self._std)):
            if v.size not in (1, channels):
                raise ValueError(
                    f"Normalize: {name} has {v.size} numbers and the image {channels} channels "
                    f"(shape {a.shape}); give one number, or one a channel"
                )
        mean, std = (v.astype(a.dtype)[:, None, None] for v in (self._mean, self._std))
        result = np.subtract(a, mean, out=a if self.inplace else None)
        np.divide(result, std, out=result)
        return image if self.inplace else minigrad.from_numpy(result)

    def _batch_form(self):
        return self

    def __repr__(self):
        return f"Normalize(mean={self.mean}, std={self.std})"


class Grayscale:
    """Colours to shades of gray: ``y = 0.2989 red + 0.587 green + 0.114 blue``.

    Args:
        num_output_channels: 1, or 3 for three equal channels.

    The image has three channels, or one, which stays. An integer Tensor's result is cut off, as
    torchvision cuts a tensor's; a uint8 array's is rounded, as PIL rounds an image's:
    ``(19595 red + 38470 green + 7471 blue + 32768) >> 16``. An array (H, W) becomes (H, W, 3) if three
    channels are asked for.

    Raises:
        ValueError: another number of channels.

    The weights are those of ITU-R Recommendation BT.601.
    """

    def __init__(self, num_output_channels=1):
        if num_output_channels not in (1, 3):
            raise ValueError(f"Grayscale: num_output_channels is {num_output_channels!r}; it must be 1 or 3")
        self.num_output_channels = num_output_channels

    def __call__(self, image):
        return _grayed(image, "Grayscale", self.num_output_channels)

    def __repr__(self):
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class RandomGrayscale:
    """Colours to shades of gray with probability p; the number of channels stays.

    Args:
        p: the probability.
    """

    def __init__(self, p=0.1):
        self.p = probability(p, "RandomGrayscale")

    def __call__(self, image):
        if not with_probability(self.p):
            return image
        shape = array_of(image, "RandomGrayscale").shape
        channels = shape[-3 if isinstance(image, minigrad.Tensor) else -1] if len(shape) > 2 else 1
        return _grayed(image, "RandomGrayscale", channels)

    def __repr__(self):
        return f"RandomGrayscale(p={self.p})"


def _grayed(image, who, channels):
    a = array_of(image, who)
    if isinstance(image, np.ndarray) and a.ndim == 2:
        return a.copy() if channels == 1 else np.repeat(a[:, :, None], channels, axis=2)

    def gray(planes):
        if planes.ndim < 3 or planes.shape[-3] not in (1, 3):
            raise ValueError(f"{who}: got an image of shape {a.shape}; it takes 1 channel or 3")
        if planes.shape[-3] == 1:
            shade = planes
        elif isinstance(image, np.ndarray) and a.dtype == np.uint8:
            weights = np.array([19595, 38470, 7471], np.int64)[:, None, None]
            shade = ((planes * weights).sum(-3, keepdims=True) + 32768 >> 16).astype(np.uint8)
        else:
            kind = a.dtype if a.dtype.kind == "f" else np.float32
            weights = np.array([0.2989, 0.587, 0.114], kind)[:, None, None]
            parts = planes.astype(kind) * weights
            shade = (parts[..., :1, :, :] + parts[..., 1:2, :, :] + parts[..., 2:, :, :]).astype(a.dtype)
        return shade if channels == 1 else np.repeat(shade, channels, axis=-3)

    return on_planes(image, who, gray)


class RandomInvert:
    """Light for dark, ``y = M - x``, with probability p; M is 1 for floats and the dtype's largest value for integers.

    Args:
        p: the probability.
    """

    def __init__(self, p=0.5):
        self.p = probability(p, "RandomInvert")

    def __call__(self, image):
        if not with_probability(self.p):
            return image

        def inverted(a):
            return (a.dtype.type(1) if a.dtype.kind == "f" else np.iinfo(a.dtype).max) - a

        return on_planes(image, "RandomInvert", inverted)

    def __repr__(self):
        return f"RandomInvert(p={self.p})"
