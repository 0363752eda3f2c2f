"""save and load: what a program wants to find again, in a file that holds values and no code.

    minigrad.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, "last.pt")
    state = minigrad.load("last.pt")
    model.load_state_dict(state["model"])

The file is a safetensors file, which other programs read too: every tensor of the object lies
in it under its path ("model.0.weight"; a state_dict's tensors under their own names). What is
not a tensor is JSON in its metadata, with one key that says what a {} stands for:

    null true 1 0.5 "text" [...]        themselves
    {"dict": [[key, value], ...]}       likewise ordered, counter, tuple, size, set, frozenset
    {"tensor": name}                    the file's tensor of that name; likewise parameter, array, scalar
    {"float": bits}                     NaN or infinite; likewise complex, bytes, dtype, device

All of it carries checksums, so that one wrong bit is found. A file appears under its name whole
or not at all: it is written beside it, brought to the disk and only then renamed.
"""

import base64
import json
import math
import os
import struct
import zlib
from collections import Counter, OrderedDict
from contextlib import suppress

import numpy as np

from minigrad.nn import Module, Parameter
from minigrad.tensor import Size, Tensor, _dtype_by_name, check_device, device, dtype, tensor

__all__ = ["load", "save"]

VERSION = 1
_STRUCTURE, _CHECK = "minigrad", "minigrad.crc32"  # the keys of the metadata
_ARRAYS = "bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 float32 float64".split()


# ---- public -------------------------------------------------------------------------------------


def save(
    obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True, _disable_byteorder_record=False
):
    """Writes obj to a file, from which load() makes an equal one.

    obj: tensors, arrays, numbers, strings, bytes, None, dtypes, and dicts, lists, tuples and sets
    of these; so a module's or an optimizer's state_dict(). Tensors that share memory share it
    again when loaded; every bit of an element is kept.
    f: a path, or a binary file open for writing. A file at that path is replaced in one step,
    after the new one is on the disk; whatever interrupts this leaves the old one whole.
    The other arguments are PyTorch's, accepted and ignored: nothing is pickled.
    Errors: TypeError for what cannot be stored without code, such as a whole module or a
    function, with the way to mend it; nothing is written then.
    """
    data = _Packing(obj).bytes()
    if hasattr(f, "write"):
        try:
            f.write(data)
        except TypeError as error:
            raise TypeError(f"save: expected a file open for bytes (open(path, 'wb')): {error}") from None
        return
    _replace_file(_path("save", f), data)


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """The object that save() wrote to a file, or torch.save(); nothing in the file is executed.

    f: a path, or a binary file open for reading. Of PyTorch's files those with tensors,
    numbers, strings and containers of these are read, whatever device they were on; bfloat16
    becomes float32. A safetensors file of another program gives a dict of its tensors.
    map_location: "cpu", the only device, or a function or dict, not looked at. weights_only and
    the other arguments are PyTorch's, accepted and ignored.
    Errors: FileNotFoundError; ValueError for a file that is damaged, cut off or of another kind;
    RuntimeError for a map_location other than the CPU.
    """
    if not (callable(map_location) or isinstance(map_location, dict)):
        check_device(map_location)
    if hasattr(f, "read"):
        data, name = f.read(), str(getattr(f, "name", "the file"))
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError(f"load: {name} is open for text; open it for bytes: open(path, 'rb')")
    else:
        name = os.fsdecode(_path("load", f))
        with open(name, "rb") as file:
            data = file.read()
    if data[:4] == b"PK\3\4":
        from minigrad.torchfile import read

        return read(data, name)
    if not data:
        raise ValueError(f"load: {name} is empty; it was cut off when it was written or copied, so take another copy")
    if data[8:9] != b"{":
        kind = next((kind for start, kind in _OTHERS.items() if data.startswith(start)), "of an unknown kind")
        raise ValueError(
            f"load: {name} is {kind} (it begins with the bytes {bytes(data[:8]).hex(' ')}); load() reads what "
            "minigrad.save, torch.save (since PyTorch 1.6) or safetensors wrote"
        )
    return _unpacked(bytes(data), name)


_OTHERS = {
    b"\x80": "a pickle, or of PyTorch before 1.6: load it there and save it again",
    b"\x93NUMPY": "NumPy's; read it with numpy.load",
    b"\x89HDF": "an HDF5 file; read it with h5py",
}


def _path(who, f):
    try:
        return os.fspath(f)
    except TypeError:
        raise TypeError(f"{who}: expected a path or a file open for bytes, got {type(f).__name__}") from None


# ---- one file for another -------------------------------------------------------------------------


def _replace_file(path, data):
    """Writes beside path, brings it to the disk, and gives it the name path in one step."""
    path = os.path.realpath(path)  # a symbolic link stays one
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or device; a folder is an error
        with open(path, "wb") as file:
            file.write(data)
        return
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {os.fsdecode(folder)}; make it first: os.makedirs")
    part = os.path.join(os.fsdecode(folder), f".minigrad-{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(part, os.stat(path).st_mode & 0o7777)  # those of the file that is replaced
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
    with suppress(OSError):  # the new name, too; not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ---- packing -----------------------------------------------------------------------------------------


class _Packing:
    """An object taken apart: its structure for JSON, and the arrays of the file."""

    def __init__(self, obj):
        self.arrays = {}
        self.tensors = {}  # id: (tensor, node), in the order found
        self.inside = set()  # ids of the containers around what is being packed
        self.structure = self.pack(obj, ())
        self.tie()

    def bytes(self):
        from safetensors.numpy import save

        structure = {"version": VERSION, "object": self.structure}
        structure["crc32"] = {name: _checksum(array) for name, array in self.arrays.items()}
        text = json.dumps(structure, allow_nan=False, separators=(",", ":"))
        return save(self.arrays, {_STRUCTURE: text, _CHECK: f"{zlib.crc32(text.encode()):08x}"})

    def pack(self, value, path):
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": struct.pack(">d", value).hex()}
        if kind in _CONTAINERS:
            if id(value) in self.inside:
                raise ValueError(f"save: {_place(path)} contains itself, which a file cannot")
            self.inside.add(id(value))
            node = self.container(kind, value, path)
            self.inside.remove(id(value))
            return node
        if isinstance(value, Tensor):
            return self.tensor(value, path)
        if kind is np.ndarray or isinstance(value, np.generic):
            if value.dtype.name not in _ARRAYS:
                raise TypeError(
                    f"save: {_place(path)} is NumPy's {value.dtype.name}, of which there are no tensors; convert it to "
                    f"one of {', '.join(_ARRAYS)}, or (strings) to a list"
                )
            name = self.add(path, value)
            return {"array" if kind is np.ndarray else "scalar": name}
        if kind is complex:
            return {"complex": [self.pack(value.real, path), self.pack(value.imag, path)]}
        if kind in (bytes, bytearray):
            return {kind.__name__: base64.b64encode(value).decode()}
        if kind in (dtype, device):
            return {kind.__name__: np.dtype(value).name if kind is dtype else str(value)}
        raise TypeError(f"save: {_place(path)} is {_refusal(value)}")

    def container(self, kind, value, path):
        word = _CONTAINERS[kind]
        if isinstance(value, dict):
            node = {word: [[self.pack(k, (*path, k)), self.pack(v, (*path, k))] for k, v in value.items()]}
            if getattr(value, "__dict__", None):  # the _metadata of a module's state_dict
                node["attributes"] = self.pack(vars(value), (*path, "__dict__"))
            return node
        items = [self.pack(item, (*path, i)) for i, item in enumerate(value)]
        return items if kind is list else {word: items}

    def tensor(self, value, path):
        if id(value) in self.tensors:
            return self.tensors[id(value)][1]  # the same object: it will be one again
        name = self.add(path, value.numpy(force=True))
        node = {"parameter" if isinstance(value, Parameter) else "tensor": name}
        if value.requires_grad:
            node["requires_grad"] = True
        self.tensors[id(value)] = value, node
        return node

    def add(self, path, array):
        """Files an array under its path; gives the name it got."""
        name = ".".join(map(str, path)).encode(errors="replace").decode() or "tensor"
        while name in self.arrays or name == "__metadata__":
            name += "'"
        self.arrays[name] = np.array(array, array.dtype.newbyteorder("="), order="C", copy=None)
        return name

    def tie(self):
        """Finds the tensors that share memory and notes of which other each is a part."""
        spans = []
        for value, node in self.tensors.values():
            if value.numel() and min(value.stride(), default=0) >= 0:
                last = sum([(n - 1) * step for n, step in zip(value.shape, value.stride(), strict=True)])
                start, size = value.data_ptr(), value.element_size()
                spans.append((start, start + (last + 1) * size, value, node))
        spans.sort(key=lambda span: span[0])
        together, end = [], 0
        for span in [*spans, (math.inf, 0, None, None)]:
            if span[0] >= end:
                if len(together) > 1 and len({value.dtype for _, _, value, _ in together}) == 1:
                    self.tie_together(together, end)
                together = []
            together.append(span)
            end = max(end, span[1])

    def tie_together(self, spans, end):
        start, _, first, _ = spans[0]
        size = first.element_size()
        whole = [node for low, high, value, node in spans if (low, high) == (start, end) and value.is_contiguous()]
        if whole:
            base = whole[0].get("tensor") or whole[0]["parameter"]
        else:  # they overlap and none holds the others: what they are parts of goes into the file, too
            memory = np.lib.stride_tricks.as_strided(first.numpy(force=True), ((end - start) // size,), (size,))
            base = self.add(("shared",), memory.copy())
        for low, _, value, node in spans:
            if node not in whole[:1]:
                node.update({"of": base, "offset": (low - start) // size, "stride": list(value.stride())})


_CONTAINERS = {
    list: "list", tuple: "tuple", dict: "dict", OrderedDict: "ordered", Counter: "counter",
    set: "set", frozenset: "frozenset", Size: "size",
}  # fmt: skip


def _checksum(array):
    return zlib.crc32(np.ascontiguousarray(array), zlib.crc32(f"{array.dtype.name} {array.shape}".encode()))


def _place(path):
    return "obj" + "".join([f"[{key!r}]" for key in path])


def _refusal(value):
    """What a value is that cannot be stored, and what to do instead."""
    kind = type(value).__name__
    if isinstance(value, Module):
        return (
            f"a whole module, {kind}, and a file without code cannot build it; save its state, "
            f"minigrad.save(model.state_dict(), f), and later: model = {kind}(...), "
            "model.load_state_dict(minigrad.load(f))"
        )
    if hasattr(value, "state_dict") and not isinstance(value, type):
        return f"a {kind}; save what it gives as state_dict() and hand that to its load_state_dict() later"
    if callable(value):
        name = getattr(value, "__qualname__", kind)
        return f"code, {name}, and a file holds values only; leave it out and set it again after loading"
    mend = "store its fields: dict(vars(x))" if hasattr(value, "__dict__") else "store it as one of these"
    return (
        f"a {kind}; a file holds tensors, arrays, numbers, strings, bytes, None, and dicts, lists, tuples and "
        f"sets of these; {mend}"
    )


# ---- unpacking -----------------------------------------------------------------------------------------


def _unpacked(data, name):
    import safetensors

    try:
        entries = dict(safetensors.deserialize(data))
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (safetensors.SafetensorError, ValueError) as error:
        raise _damaged(name, f"{error}") from None
    metadata = header.pop("__metadata__", {})
    if _STRUCTURE not in metadata and _CHECK not in metadata:
        in_order = sorted(header, key=lambda key: header[key]["data_offsets"])
        return {key: tensor(_array_of(key, entries[key], name)) for key in in_order}
    text = metadata.get(_STRUCTURE, "")
    if f"{zlib.crc32(text.encode()):08x}" != metadata.get(_CHECK):
        raise _damaged(name, "the checksum of its structure is wrong")
    structure = json.loads(text)
    if structure["version"] > VERSION:
        raise ValueError(
            f"load: {name} was written by a newer minigrad (format {structure['version']}, this one reads up to "
            f"{VERSION}); install that one"
        )
    arrays = {key: _array_of(key, entry, name) for key, entry in entries.items()}
    for key, check in structure["crc32"].items():
        if key not in arrays or _checksum(arrays[key]) != check:
            raise _damaged(name, f"the checksum of its tensor {key!r} is wrong")
    try:
        return _Unpacking(arrays).unpack(structure["object"])
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RuntimeError) as error:
        raise _damaged(name, f"its structure makes no sense ({error})") from None


def _damaged(name, what):
    return ValueError(f"load: {name} is damaged or cut off: {what}; take another copy, or an older checkpoint")


_NUMPY = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "u2", "I16": "i2", "U32": "u4", "I32": "i4", "U64": "u8",
    "I64": "i8", "F16": "f2", "F32": "f4", "F64": "f8", "BF16": "u2",
}  # fmt: skip


def _array_of(key, entry, name):
    kind = entry["dtype"]
    if kind not in _NUMPY:
        raise ValueError(f"load: tensor {key!r} of {name} is of dtype {kind}, which minigrad has not")
    array = np.frombuffer(entry["data"], "<" + _NUMPY[kind]).reshape(entry["shape"])
    return widened(array) if kind == "BF16" else array


def widened(array):
    """bfloat16, as the uint16 of its bits, in float32, which holds each of its values."""
    return (array.astype(np.uint32) << 16).view(np.float32)


_WORDS = {*list(_CONTAINERS.values())[1:], *"tensor parameter array scalar float complex bytes bytearray".split()}
_WORDS |= {"dtype", "device"}


class _Unpacking:
    """A structure put together again with the file's arrays."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.bases = {}  # name: its tensor, which others may share
        self.made = {}  # name: what was made of it, so that one object stays one

    def unpack(self, node):
        if isinstance(node, list):
            return [self.unpack(item) for item in node]
        if not isinstance(node, dict):
            return node
        word, value = next(iter(node.items()), (None, None))
        if word not in _WORDS:
            raise ValueError(f"{word!r} stands for nothing")
        return getattr(self, word)(value, node)

    def tensor(self, name, node):
        if name not in self.made:
            made = self.base(node.get("of", name))
            if "of" in node:
                made = made.as_strided(self.arrays[name].shape, node["stride"], node["offset"])
            made = made.detach()
            if "parameter" in node:
                made = Parameter(made, requires_grad=False)
            self.made[name] = made.requires_grad_(node.get("requires_grad", False))
        return self.made[name]

    parameter = tensor

    def base(self, name):
        if name not in self.bases:
            self.bases[name] = tensor(self.arrays[name])
        return self.bases[name]

    def array(self, name, node):
        return self.arrays[name].astype(self.arrays[name].dtype.newbyteorder("="))

    def scalar(self, name, node):
        return self.array(name, node)[()]

    def dict(self, items, node):
        return {self.unpack(key): self.unpack(value) for key, value in items}

    def ordered(self, items, node):
        made = OrderedDict(self.dict(items, node))
        vars(made).update(self.unpack(node.get("attributes", {"dict": []})))
        return made

    def counter(self, items, node):
        return Counter(self.dict(items, node))

    def tuple(self, items, node):
        return tuple(self.unpack(items))

    def size(self, items, node):
        return Size(items)

    def set(self, items, node):
        return set(self.unpack(items))

    def frozenset(self, items, node):
        return frozenset(self.unpack(items))

    def float(self, bits, node):
        return struct.unpack(">d", bytes.fromhex(bits))[0]

    def complex(self, parts, node):
        return complex(*self.unpack(parts))

    def bytes(self, text, node):
        return base64.b64decode(text)

    def bytearray(self, text, node):
        return bytearray(base64.b64decode(text))

    def dtype(self, name, node):
        return _dtype_by_name(name)

    def device(self, name, node):
        return device(name)
