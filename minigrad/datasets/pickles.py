"""Pickles of plain data, read without running what they name.

A pickle is a program: it may name any function of any module and have it called. This reader
calls none. For the few names that arrays and bytes need it has parts of its own, which only
hold what they are given; any other name is an error. What it gives is made of dicts, lists,
tuples, bytes, str, numbers, None and arrays of numbers, or it gives nothing.
"""

import io
import pickle

import numpy as np

__all__ = ["load"]


def load(content, path):
    """The plain data in the bytes of a pickle; text of Python 2 as bytes.

    Errors: ValueError, which names the path, where it is damaged or holds or names anything else.
    """
    try:
        return _plain(_Reader(content).load())
    except _Refused as e:
        raise ValueError(
            f"{path}: {e}; such a pickle can run code when it is read, so it was not. "
            "Delete the file and get it anew (download=True)"
        ) from None
    except Exception as e:  # what a damaged pickle meets with is open
        raise ValueError(
            f"{path} is no pickle of plain data ({type(e).__name__}: {e}); delete the file and get it anew "
            "(download=True)"
        ) from e


class _Refused(Exception):
    pass


class _Reader(pickle.Unpickler):
    """A pickle's machine, whose names are parts made for this one reading: a pickle can set attributes
    of what it has named, and what it sets must not outlive it."""

    def __init__(self, content):
        super().__init__(io.BytesIO(content), encoding="bytes")

        class Type:
            """numpy.dtype(name, ...), and a state that gives the order of bytes."""

            def __init__(self, name, *rest):
                self.name, self.order = name, "="

            def __setstate__(self, state):
                self.order = state[1]

        class Array:
            """An array, which is empty until its state (version, shape, dtype, fortran, bytes) comes."""

            def __init__(self, *rest):
                self.state = None

            def __setstate__(self, state):
                self.state = state

        def encode(text, coding):
            """Bytes of a pickle of Python 3 that Python 2 could read."""
            return text.encode("latin-1")

        def no_bytes():
            """Its empty ones."""
            return b""

        arrays = ("numpy.ndarray", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
        self.types = (Array, Type)
        self.names = dict.fromkeys(arrays, Array) | {
            "numpy.dtype": Type,
            "_codecs.encode": encode,
            "__builtin__.bytes": no_bytes,
        }

    def find_class(self, module, name):
        part = self.names.get(f"{module}.{name}")
        if part is None:
            raise _Refused(f"names {module}.{name}, where arrays, lists, dicts, bytes, text and numbers belong")
        return part

    def load(self):
        return super().load(), self.types


def _plain(loaded):
    """The content, with arrays for the parts that stand for them; each object once, so that a loop ends."""
    content, (array, dtype) = loaded
    made = {}

    def plain(x):
        if type(x) in (bytes, str, int, float, bool, type(None)):
            return x
        if id(x) in made:
            return made[id(x)]
        if type(x) is array:
            made[id(x)] = _array(x.state, dtype)
        elif type(x) is list:
            made[id(x)] = result = []
            result.extend(map(plain, x))
        elif type(x) is dict:
            made[id(x)] = result = {}
            result.update((plain(k), plain(v)) for k, v in x.items())
        elif type(x) is tuple:
            made[id(x)] = tuple(map(plain, x))
        else:
            raise _Refused(f"holds a {type(x).__name__}, where arrays, lists, dicts, bytes, text and numbers belong")
        return made[id(x)]

    return plain(content)


def _array(state, dtype):
    _, shape, kind, fortran, content = state
    if type(kind) is not dtype:
        raise _Refused(f"holds an array of {type(kind).__name__}, where numbers belong")
    name = kind.name.decode("ascii") if isinstance(kind.name, bytes) else kind.name
    order = kind.order.decode("ascii") if isinstance(kind.order, bytes) else kind.order
    if name[:1] not in "biuf" or not name[1:].isdigit():
        raise _Refused(f"holds an array of {name}, where numbers belong")
    numbers = np.frombuffer(content, np.dtype(name).newbyteorder("=" if order == "|" else order))
    return numbers.reshape(shape, order="F" if fortran else "C").astype(name)
