"""What torch.save wrote, read without PyTorch and without running anything.

Such a file is a zip archive: data.pkl, a pickle of the object in which a tensor is only
described, and data/0, data/1, ... with the elements. A pickle is a program for a small machine
with a stack, and two of its instructions may call any function there is. So it is not given to
Python's pickle: the machine below knows the instructions that build numbers, strings and
containers, and where a file asks for a function it may choose from CALLS.
"""

import codecs
import io
import zipfile
import zlib
from collections import Counter, OrderedDict

import numpy as np

from minigrad.checkpoint import widened
from minigrad.nn import Parameter
from minigrad.tensor import Size, _dtype_by_name, device, tensor

__all__ = ["read"]

STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "u2", "LongStorage": "i8",
    "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip


def read(data, name):
    """The object in the bytes of a file that torch.save wrote; name is for errors.

    Errors: ValueError for a damaged file, and for one that holds more than tensors, numbers,
    strings and containers of these.
    """
    try:
        archive = _Archive(data, name)
        return _Machine(archive).run(archive.member("data.pkl"))
    except Refused as refusal:
        raise ValueError(f"load: {name} {refusal}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"load: {name} is damaged or cut off ({error}); take another copy") from None
    except (IndexError, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(f"load: {name} is damaged: its pickle makes no sense ({error}); take another copy") from None


class Refused(Exception):
    """What a file holds and may not, as the end of a sentence that begins with its name."""


# ---- the archive --------------------------------------------------------------------------------


class _Archive:
    def __init__(self, data, name):
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        names = self.zip.namelist()
        pickles = [member for member in names if member.endswith("data.pkl") and member.count("/") <= 1]
        if not pickles:
            if any(member.endswith(".npy") for member in names):
                raise Refused("is NumPy's; read it with numpy.load")
            raise Refused(f"is a zip archive of {', '.join(names[:3]) or 'nothing'} and not torch.save's")
        self.folder = pickles[0].removesuffix("data.pkl")
        if self.folder + "constants.pkl" in names:
            raise Refused(
                "holds a compiled program (torch.jit.save); in PyTorch, load it and save its state: "
                "torch.save(torch.jit.load(path).state_dict(), path)"
            )
        big = self.folder + "byteorder" in names and self.member("byteorder") == b"big"
        self.order = ">" if big else "<"
        self.storages = {}

    def member(self, path):
        return self.zip.read(self.folder + path)

    def storage(self, kind, key):
        """All elements of a storage as a tensor of one axis; the same tensor when asked again."""
        if key not in self.storages:
            if kind not in STORAGES:
                raise Refused(f"holds a {kind}, of whose elements there are no tensors here")
            data = self.member(f"data/{key}")
            array = np.frombuffer(data, np.dtype(self.order + STORAGES[kind]))
            array = array.astype(array.dtype.newbyteorder("="))
            self.storages[key] = tensor(widened(array) if kind == "BFloat16Storage" else array)
        return self.storages[key]


# ---- what a file may call --------------------------------------------------------------------------


def _rebuild_tensor(storage, offset, size, stride, requires_grad=False, hooks=None, metadata=None):
    count = 1 + sum([(n - 1) * step for n, step in zip(size, stride, strict=True)])
    if min((offset, *size, *stride)) < 0 or (0 not in size and offset + count > storage.numel()):
        raise ValueError(f"a tensor {tuple(size)} reaches beyond the {storage.numel()} elements stored for it")
    whole = storage.as_strided(tuple(size), tuple(stride), offset)
    return whole.detach().requires_grad_(requires_grad)


def _rebuild_parameter(data, requires_grad, hooks=None, state=None):
    return Parameter(data.detach(), requires_grad=requires_grad)


def _encode(text, encoding):
    if encoding != "latin1":
        raise ValueError(f"bytes encoded as {encoding!r}")
    return codecs.encode(text, "latin1")


CALLS = {
    "torch._utils _rebuild_tensor": _rebuild_tensor,
    "torch._utils _rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
    "torch._utils _rebuild_parameter_with_state": _rebuild_parameter,
    "torch Size": lambda lengths=(): Size(lengths),
    "torch device": lambda *where: device("cpu"),
    "collections OrderedDict": lambda items=(): OrderedDict(items),
    "collections Counter": lambda counts=(): Counter(dict(counts)),
    "builtins set": lambda items=(): set(items),
    "builtins frozenset": lambda items=(): frozenset(items),
    "builtins complex": lambda real, imag: complex(float(real), float(imag)),
    "_codecs encode": _encode,
}


class _Name:
    """A function or class that a file names: nothing but the name."""

    __slots__ = ("name",)

    def __init__(self, module, name):
        module = {"__builtin__": "builtins", "torch.storage": "torch"}.get(module, module)
        self.name = f"{module} {name}"

    def __call__(self, arguments):
        return CALLS[self.name](*arguments)


def _named(module, name):
    """What a file gets when it names something: a dtype, or a _Name."""
    if module == "torch" and name in _DTYPES:
        return _dtype_by_name(_DTYPES[name])
    found = _Name(module, name)
    if found.name in CALLS or (found.name.startswith("torch ") and name.endswith("Storage")):
        return found
    if module.startswith("torch.nn.") or module == "__main__":
        raise Refused(
            f"holds a whole module or another object of code ({module}.{name}), which would have to be run to be "
            "read; in PyTorch, save its state instead: torch.save(model.state_dict(), path)"
        )
    raise Refused(
        f"holds a {module}.{name}; tensors, numbers, strings and containers of these can be read without running "
        "code. In PyTorch, load it, make it one of these and save it again"
    )


_DTYPES = {name: name for name in "float16 float32 float64 uint8 int8 int16 int32 int64 bool".split()}


# ---- the machine ------------------------------------------------------------------------------------

_MARK = object()


class _Machine:
    """Runs the instructions of a pickle, by their names in Python's pickletools."""

    def __init__(self, archive):
        self.archive = archive
        self.stack = []
        self.memo = {}

    def run(self, program):
        import pickletools

        for instruction, argument, _ in pickletools.genops(program):
            name = instruction.name
            if name == "STOP":
                (result,) = self.values(self.stack)
                return result
            if name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name]())
            elif name in _LITERALS:
                self.stack.append(argument)
            elif hasattr(_Machine, "do_" + name):
                getattr(self, "do_" + name)(argument)
            else:
                raise Refused(f"uses the instruction {name} of pickle, which torch.save does not need for tensors")

    def pop_to_mark(self):
        at = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def values(self, items):
        for item in items:
            if isinstance(item, _Name):
                raise Refused(f"holds {item.name.replace(' ', '.')} itself, which is code and no value")
        return items

    def do_PROTO(self, version):
        pass

    do_FRAME = do_PROTO

    def do_MARK(self, _):
        self.stack.append(_MARK)

    def do_POP(self, _):
        self.stack.pop()

    # -- the memo: values that come again

    def do_BINPUT(self, number):
        self.memo[number] = self.stack[-1]

    do_LONG_BINPUT = do_BINPUT

    def do_MEMOIZE(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def do_BINGET(self, number):
        self.stack.append(self.memo[number])

    do_LONG_BINGET = do_BINGET

    # -- containers

    def do_TUPLE(self, _):
        self.stack.append(tuple(self.pop_to_mark()))

    def take_tuple(self, count):
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def do_TUPLE1(self, _):
        self.take_tuple(1)

    def do_TUPLE2(self, _):
        self.take_tuple(2)

    def do_TUPLE3(self, _):
        self.take_tuple(3)

    def do_APPEND(self, _):
        (item,) = self.values([self.stack.pop()])
        list.append(self.stack[-1], item)

    def do_APPENDS(self, _):
        items = self.values(self.pop_to_mark())
        list.extend(self.stack[-1], items)

    def do_SETITEM(self, _):
        value, key = self.values([self.stack.pop(), self.stack.pop()])
        self.of_kind(dict)[key] = value

    def do_SETITEMS(self, _):
        items = self.values(self.pop_to_mark())
        self.of_kind(dict).update(zip(items[::2], items[1::2], strict=True))

    def do_ADDITEMS(self, _):
        items = self.pop_to_mark()
        self.of_kind(set).update(items)

    def do_FROZENSET(self, _):
        self.stack.append(frozenset(self.pop_to_mark()))

    def of_kind(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise TypeError(f"a {kind.__name__} was expected, there is a {type(self.stack[-1]).__name__}")
        return self.stack[-1]

    # -- names, calls, state, storages

    def do_GLOBAL(self, both):
        self.stack.append(_named(*both.split(" ", 1)))

    def do_STACK_GLOBAL(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_named(module, name))

    def do_REDUCE(self, _):
        arguments = self.stack.pop()
        name = self.of_kind(_Name)
        self.stack[-1] = name(tuple(arguments))

    def do_BUILD(self, _):
        state = self.stack.pop()
        made = self.of_kind(OrderedDict)  # a module's state_dict and its _metadata
        if not isinstance(state, dict) or not set(state) <= {"_metadata"}:
            raise Refused("gives a dict attributes that a state_dict has not")
        vars(made).update(state)

    def do_BINPERSID(self, _):
        what, kind, key, _, count = self.stack.pop()
        if what != "storage" or not isinstance(kind, _Name) or not isinstance(key, str):
            raise ValueError("a reference to something that is no storage")
        storage = self.archive.storage(kind.name.removeprefix("torch "), key)
        if storage.numel() < count:
            raise ValueError(f"storage {key} has {storage.numel()} of {count} elements")
        self.stack.append(storage)


_CONSTANTS = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": set,
}  # fmt: skip
_LITERALS = set(
    """INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
    BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8""".split()
)
