"""The memory behind a tensor, as one row of elements: what PyTorch calls its storage."""
from minigrad.tensor import add_method, memory_of


class _Storage:
    """A tensor's memory as one row of elements, whatever its shape and strides."""

    __slots__ = ("_elements",)

    def __init__(self, elements):
        self._elements = elements

    @property
    def dtype(self):
        return self._elements.dtype

    def data_ptr(self):
        """The address of the first element."""
        return self._elements.data_ptr()

    def nbytes(self):
        """The size in bytes."""
        return self._elements.nbytes

    def size(self):
        """The number of elements."""
        return len(self._elements)

    def tolist(self):
        """The elements as Python numbers."""
        return self._elements.tolist()

    def __len__(self):
        return len(self._elements)

    def __getitem__(self, at):
        got = self._elements[at]
        return got.item() if isinstance(at, int) else _Storage(got)

    def __setitem__(self, at, value):
        self._elements[at] = value

    def __iter__(self):
        return iter(self.tolist())

    def __eq__(self, other):
        return isinstance(other, _Storage) and self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()

    __hash__ = None

    def __repr__(self):
        return "".join(f" {value}\n" for value in self) + f"[minigrad.Storage of {len(self)} x {self.dtype}]"


def _storage(self):
    """The memory that this tensor is a look at, as one row of elements."""
    return _Storage(memory_of(self))


def _untyped_storage(self):
    """The memory that this tensor is a look at, as bytes."""
    return _Storage(memory_of(self).view("uint8"))


add_method("storage", _storage)
add_method("untyped_storage", _untyped_storage)
