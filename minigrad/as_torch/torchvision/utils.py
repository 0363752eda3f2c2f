"""Several images as one picture, and pictures as files."""

import os
import struct
import zlib

import numpy as np

from minigrad.tensor import Tensor, from_numpy

__all__ = ["make_grid", "save_image"]


def make_grid(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0):
    """Images side by side in rows of nrow, with a border around each: (3, height, width).

    tensor: (N, C, H, W), (C, H, W) or (H, W), or a list of (C, H, W); one channel becomes three. A
    single image comes without a border. normalize: the values, cut off at value_range (default:
    their own least and greatest, of each image with scale_each), are brought to [0, 1].
    """
    if not isinstance(tensor, Tensor):
        tensor = np.stack([image.numpy(force=True) for image in tensor])
    images = np.array(tensor.numpy(force=True) if isinstance(tensor, Tensor) else tensor)
    if not 2 <= images.ndim <= 4:
        raise ValueError(f"make_grid: expected images (N, C, H, W), (C, H, W) or (H, W), got {images.shape}")
    images = images.reshape((1,) * (4 - images.ndim) + images.shape)
    if images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    if normalize:
        images = images.astype(np.float32)
        for part in images if scale_each else [images]:
            low, high = (part.min(), part.max()) if value_range is None else value_range
            part[...] = (part.clip(low, high) - low) / max(high - low, 1e-5)
    count, channels, height, width = images.shape
    if count == 1:
        return from_numpy(images[0])
    columns = min(nrow, count)
    rows = -(-count // columns)
    grid = np.full(
        (channels, rows * (height + padding) + padding, columns * (width + padding) + padding), pad_value, images.dtype
    )
    for i, image in enumerate(images):
        top, left = padding + i // columns * (height + padding), padding + i % columns * (width + padding)
        grid[:, top : top + height, left : left + width] = image
    return from_numpy(grid)


def save_image(tensor, fp, format=None, **options):
    """Writes make_grid(tensor, **options), values 0 to 1 as black to white, to a PNG file.

    fp: a path or a binary file. Other formats need Pillow.
    """
    grid = make_grid(tensor, **options).numpy().transpose(1, 2, 0)
    pixels = (grid * 255 + 0.5).clip(0, 255).astype(np.uint8)
    suffix = os.path.splitext(os.fspath(fp))[1][1:] if not hasattr(fp, "write") else "png"
    if (format or suffix).lower() != "png":
        try:
            from PIL import Image
        except ImportError:
            raise ImportError(f"save_image: writing {format or suffix!r} needs Pillow; name the file .png") from None
        Image.fromarray(pixels).save(fp, format=format)
        return
    data = _png(pixels)
    if hasattr(fp, "write"):
        fp.write(data)
    else:
        with open(fp, "wb") as file:
            file.write(data)


def _png(pixels):
    """(height, width, 3) uint8 as a PNG file: every row as it is, after a 0 that says so."""
    height, width, _ = pixels.shape
    rows = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(rows.tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
