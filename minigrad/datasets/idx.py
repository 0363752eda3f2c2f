"""The format of MNIST's files.

0, 0, type code, number of dimensions d      4 bytes; code 8 is uint8
d sizes                                      4 bytes each, big-endian
the numbers, last dimension fastest
"""

import numpy as np

__all__ = ["parse"]

_TYPES = {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}


def parse(payload, path, shape):
    """The uint8 array (N, *shape) in the bytes of an IDX file.

    Errors: ValueError, which names the path, where the bytes are something else.
    """

    def refuse(what):
        raise ValueError(f"{path}: {what}; delete the file and get it anew (download=True)")

    if len(payload) < 4 or payload[0] or payload[1]:
        refuse(
            f"not an IDX file, it begins with the bytes {bytes(payload[:4]).hex(' ') or 'of nothing'} instead of 00 00"
        )
    code, ndim = payload[2], payload[3]
    if code != 8:
        refuse(f"holds {_TYPES.get(code, f'numbers of unknown type {code}')}, where uint8 belongs")
    if ndim != 1 + len(shape):
        refuse(f"has {ndim} dimensions, where {1 + len(shape)} belong")
    start = 4 + 4 * ndim
    if len(payload) < start:
        refuse(f"ends inside its header, after {len(payload)} bytes")
    sizes = [int.from_bytes(payload[4 + 4 * k : 8 + 4 * k], "big") for k in range(ndim)]
    if tuple(sizes[1:]) != shape:
        refuse(f"has the shape {tuple(sizes)}, where (N, {', '.join(map(str, shape))}) belongs")
    count = 1
    for size in sizes:
        count *= size
    if len(payload) != start + count:
        refuse(f"has {len(payload)} bytes, where its header, of shape {tuple(sizes)}, means {start + count}")
    return np.frombuffer(payload, dtype=np.uint8, offset=start).reshape(sizes).copy()
