"""What kind of thing an image is: arrays to tensors, and one dtype to another."""

import numpy as np

import minigrad  # its names are looked up when used
from minigrad.transforms.images import array_of

__all__ = ["ConvertImageDtype", "PILToTensor", "ToDtype", "ToImage", "ToTensor"]


class ToTensor:
    """An image as a Tensor, channels first; uint8 becomes float32 in [0, 1].

        (H, W) -> (1, H, W)        (H, W, C) -> (C, H, W)        uint8: y = x / 255

    Takes arrays, and the (H, W) or (H, W, C) Tensors of a dataset. Other dtypes keep their
    dtype and values. The result has memory of its own.

    Raises:
        ValueError: the image does not have two or three dimensions.
    """

    def __call__(self, image):
        a = array_of(image, "ToTensor")
        if a.ndim not in (2, 3):
            raise ValueError(f"ToTensor: got an image of shape {a.shape}; it takes (H, W) or (H, W, C)")
        return minigrad.from_numpy(_planes_first(a, a.ndim == 3))

    def _batch_form(self):
        def whole(images):
            a = array_of(images, "ToTensor")
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
        a = array_of(image, "ToImage")
        if isinstance(image, minigrad.Tensor):
            return image if a.ndim != 2 else minigrad.from_numpy(a[None].copy())
        if a.ndim not in (2, 3):
            raise ValueError(f"ToImage: got an array of shape {a.shape}; it takes (H, W) or (H, W, C)")
        return minigrad.from_numpy(np.array(a[None] if a.ndim == 2 else a.transpose(2, 0, 1), order="C"))

    def _batch_form(self):
        def whole(images):
            if isinstance(images, np.ndarray):
                return minigrad.from_numpy(np.array(images.transpose(0, 3, 1, 2), order="C"))
            return images.unsqueeze(1) if images.ndim == 3 else images

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
        a = array_of(image, "ToDtype")
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
            return a.astype(to) * to.type(1 / np.iinfo(a.dtype).max)  # v2's rounding; ToTensor divides
        top = np.iinfo(to).max
        if a.dtype.kind == "f":
            if to.itemsize > 4 or (to.itemsize == 4 and a.dtype.itemsize == 4):
                raise ValueError(f"ToDtype: {a.dtype} cannot hold the levels of {to}; go through a smaller integer")
            return (a * a.dtype.type(top + 1.0 - 1e-3)).astype(to)
        shift = int(top).bit_length() - int(np.iinfo(a.dtype).max).bit_length()
        return (a >> -shift).astype(to) if shift < 0 else a.astype(to) << shift

    def _batch_form(self):
        return self

    def __repr__(self):
        return f"ToDtype(dtype={self.dtype}, scale={self.scale})"


class PILToTensor:
    """An array (H, W) or (H, W, C) as a Tensor (1, H, W) or (C, H, W) of the same dtype and values.

    torchvision's takes PIL images only, and so it is here with arrays in their place.

    Raises:
        TypeError: the image is a Tensor already.
    """

    def __call__(self, image):
        if isinstance(image, minigrad.Tensor):
            raise TypeError("PILToTensor: got a Tensor; it takes an array, so leave it out (or use ToImage())")
        return ToImage()(image)

    def __repr__(self):
        return "PILToTensor()"


class ConvertImageDtype(ToDtype):
    """A Tensor in another dtype, its range along with it: ``ToDtype(dtype, scale=True)``.

    Args:
        dtype: a floating or integer dtype.
    """

    def __init__(self, dtype):
        super().__init__(dtype, scale=True)

    def __call__(self, image):
        if not isinstance(image, minigrad.Tensor):
            raise TypeError(
                f"ConvertImageDtype: got a {type(image).__name__}; it takes a Tensor, so put PILToTensor() before it"
            )
        return super().__call__(image)

    def _convert(self, a):
        if a.dtype.kind in "iu" and self._numpy.kind == "f":
            return a.astype(self._numpy) / self._numpy.type(np.iinfo(a.dtype).max)
        return super()._convert(a)

    def __repr__(self):
        return f"ConvertImageDtype(dtype={self.dtype})"
