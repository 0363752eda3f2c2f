"""What transforms share: the arrays under images, sizes, and what they draw."""

import numpy as np

import minigrad  # its names are looked up when used

__all__ = ["InterpolationMode"]


class InterpolationMode:
    """How a value between pixels is found: the nearest pixel's, or linear in both directions."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


def array_of(image, who):
    """The NumPy array under an image: no copy for a Tensor, a fresh array for a foreign image."""
    if isinstance(image, minigrad.Tensor):
        return image.detach().numpy()
    if isinstance(image, np.ndarray):
        return image
    if hasattr(image, "__array_interface__") or hasattr(image, "__array__"):  # a PIL image
        return np.array(image)
    raise TypeError(
        f"{who}: got a {type(image).__name__}; it takes a Tensor (..., C, H, W) or an array (H, W) or (H, W, C)"
    )


def on_planes(image, who, change):
    """`change` applied to an image as an array (..., H, W); the result in the image's kind and layout."""
    a = array_of(image, who)
    if a.ndim < 2 or 0 in a.shape[-2:]:
        raise ValueError(f"{who}: got an image of shape {a.shape}; it needs a height and a width above 0")
    if isinstance(image, minigrad.Tensor):
        return minigrad.from_numpy(fresh(change(a), a))
    if a.ndim == 2:
        return fresh(change(a), a)
    if a.ndim == 3:
        return fresh(change(a.transpose(2, 0, 1)).transpose(1, 2, 0), a)
    raise ValueError(f"{who}: got an array of shape {a.shape}; an array image is (H, W) or (H, W, C)")


def fresh(result, source):
    """`result`, contiguous and in memory of its own."""
    return np.array(result) if np.may_share_memory(result, source) else np.ascontiguousarray(result)


def back_to(dtype, values):
    """Computed float values as `dtype`: integers are rounded and kept in range."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.clip(np.rint(values), info.min, info.max).astype(dtype)
    return values.astype(dtype)


def pair(size, who):
    """(height, width) from an int or a sequence of one or two."""
    sizes = (size,) if isinstance(size, (int, np.integer)) and not isinstance(size, bool) else tuple(size)
    if len(sizes) not in (1, 2) or any(int(s) != s or s <= 0 for s in sizes):
        raise ValueError(f"{who}: size is {size!r}; it must be a positive int or a pair (height, width) of them")
    return int(sizes[0]), int(sizes[-1])


def four_sides(padding, who):
    """(left, top, right, bottom) from an int, (left and right, top and bottom), or all four."""
    sides = tuple(padding) if hasattr(padding, "__len__") else (padding,)
    if len(sides) not in (1, 2, 4) or any(s < 0 for s in sides):
        raise ValueError(f"{who}: padding is {padding!r}; it must be one, two or four ints of 0 or more")
    return sides if len(sides) == 4 else (sides[0], sides[-1]) * 2


def padded(a, sides, fill, mode):
    """The array (..., H, W) with a border; fill is for mode "constant", a number or one a channel."""
    left, top, right, bottom = sides
    widths = [(0, 0)] * (a.ndim - 2) + [(top, bottom), (left, right)]
    if mode != "constant":
        return np.pad(a, widths, mode)
    result = np.empty((*a.shape[:-2], a.shape[-2] + top + bottom, a.shape[-1] + left + right), a.dtype)
    result[...] = filling(fill, a)
    result[..., top : top + a.shape[-2], left : left + a.shape[-1]] = a
    return result


def filling(fill, a):
    """A fill, a number or one a channel, to be set among the pixels of an array (..., H, W)."""
    fill = np.asarray(fill)
    return (fill[:, None, None] if fill.ndim else fill).astype(a.dtype)


def check_padding_mode(mode, who):
    if mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError(f"{who}: padding_mode is {mode!r}; it must be constant, edge, reflect or symmetric")
    return mode


def interpolation_of(mode, who):
    """The mode's name. Errors: ValueError where it is neither of the two."""
    mode = getattr(mode, "value", mode)
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"{who}: interpolation is {mode!r}; it must be InterpolationMode.NEAREST or .BILINEAR")
    return mode


def probability(p, who):
    """p. Errors: ValueError where it is none."""
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: p is {p}; a probability is in [0, 1]")
    return p


def with_probability(p):
    """True with probability p."""
    return minigrad.rand(1).item() < p


def below(high):
    """A random int in [0, high)."""
    return int(minigrad.randint(0, high, (1,)).item())


def between(low, high):
    """A random float32 number in [low, high), as a Python float."""
    return minigrad.empty(1).uniform_(low, high).item()
