"""New tensors: filled with a value, a range, a pattern; and what can be asked of any tensor."""
from libc.math cimport fma

from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, MAX_RANK, Kind, Tensor, copy_into, describe, dtype_of, is_floating, kind_of, lend,
    parse_shape, same_shape, to_tensor, view_as, wrap,
)
from minigrad.tensor cimport new_tensor as make_tensor

from operator import index

import numpy as np

from minigrad.tensor import add_method, check_device, method, tensor

cdef extern from "math.h":
    float fmaf(float x, float y, float z)


cdef Tensor _new(object size, object dtype, object device, bint requires_grad, object value, Tensor out=None):
    """A tensor of a shape, or out in this shape, filled with value unless that is None."""
    cdef Py_ssize_t length[MAX_RANK]
    if out is not None:
        return _given(np.broadcast_to(np.asarray(0 if value is None else value), size[0] if len(size) == 1 else size),
                      dtype, device, requires_grad, out)
    cdef int rank = parse_shape(size, length)
    cdef Kind kind = kind_of(dtype)
    check_device(device)
    cdef Tensor t = make_tensor(kind, rank, length)
    if value is not None:
        if kind <= FLOAT64:
            K[kind].fill(t.ptr, value, t.n)
        else:
            lend(t)[...] = value
    if requires_grad:
        t.requires_grad = True
    return t


def empty(*shape, size=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False,
          pin_memory=False):
    """A tensor whose elements are whatever the memory held; fill it before reading it."""
    return _new(shape if size is None else (size,), dtype, device, requires_grad, None, out)


def zeros(*shape, size=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return _new(shape if size is None else (size,), dtype, device, requires_grad, 0, out)


def ones(*shape, size=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor of ones: ones(2, 3) or ones((2, 3))."""
    return _new(shape if size is None else (size,), dtype, device, requires_grad, 1, out)


def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, bint requires_grad=False):
    """A tensor with every element fill_value, whose type is the dtype unless one is given."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if dtype is None and isinstance(fill_value, (bool, int)):
        dtype = type(fill_value)
    return _new(size if isinstance(size, (tuple, list)) else (size,), dtype, device, requires_grad, fill_value,
                out)


cdef object _same_dtype(Tensor input, object dtype):
    return dtype_of(input.kind) if dtype is None else dtype


def empty_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
               memory_format=None):
    """empty() of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, None)


def zeros_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
               memory_format=None):
    """Zeros of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, 0)


def ones_like(Tensor input not None, *, dtype=None, layout=None, device=None, bint requires_grad=False,
              memory_format=None):
    """Ones of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, 1)


def full_like(Tensor input not None, fill_value, *, dtype=None, layout=None, device=None, bint requires_grad=False,
              memory_format=None):
    """Every element fill_value, of input's shape and dtype."""
    return _new(tuple(input.shape), _same_dtype(input, dtype), device, requires_grad, fill_value)


cdef Tensor _finished(object array, object dtype, object device, bint requires_grad):
    cdef Kind kind = kind_of(dtype)
    check_device(device)
    cdef Tensor t = wrap(np.ascontiguousarray(array, dtype=dtype_of(kind).numpy))
    if requires_grad:
        t.requires_grad = True
    return t


def eye(n, m=None, *, dtype=None, layout=None, device=None, bint requires_grad=False, out=None):
    """The (n, m) matrix with ones on its diagonal; m is n where None."""
    if n < 0 or (m is not None and m < 0):
        raise ValueError(f"eye: expected lengths that are not negative, got {n} and {m}")
    return _given(np.eye(n, m), dtype, device, requires_grad, out)


def vander(Tensor x not None, N=None, increasing=False):
    """The powers of a vector as columns, (n, N): x^(N-1) ... x 1, or 1 x x^2 ... where increasing."""
    if x.rank != 1:
        raise ValueError(f"vander: expected a vector, got {describe(x)}")
    count = x.length[0] if N is None else N
    if count < 0:
        raise ValueError(f"vander: expected N >= 0, got {N}")
    powers = wrap(np.arange(count) if increasing else np.arange(count)[::-1].copy())
    return x.unsqueeze(1) ** powers.to(x.dtype)


# ---- ranges -------------------------------------------------------------------------------------------------

cdef Tensor _range(Kind kind, double start, double step, Py_ssize_t n, bint grouped):
    """start + i step, rounded as PyTorch's arange does: in groups as wide as AVX2's vectors, whose
    first number is rounded to the dtype before the others are counted on from there. Its range: not so."""
    cdef Tensor t = make_tensor(kind, 1, &n)
    cdef Py_ssize_t lanes = 8 if kind == FLOAT32 else 4, i, first, tail = n - n % (2 * lanes) if grouped else 0
    cdef float *f = <float *>t.ptr
    cdef double *d = <double *>t.ptr
    for i in range(n):
        first = i - i % lanes if i < tail else i
        if kind == FLOAT32:
            f[i] = <float>(<double><float>fma(step, <double>first, start) + step * (i - first))
        else:
            d[i] = fma(step, <double>(i - first), fma(step, <double>first, start)) if grouped else start + step * i
    return t


cdef object _number(object value):
    if isinstance(value, Tensor):
        if (<Tensor>value).rank:
            raise ValueError(f"expected a number or a tensor of no axes as a bound, got {describe(<Tensor>value)}")
        return value.item()
    return value


cdef object _ranged(str who, object start, object end, object step, bint closed, object dtype):
    """The numbers from start in steps, below end, or up to it where closed."""
    start, end, step = _number(start), _number(end), _number(step)
    if dtype is not None and not is_floating(kind_of(dtype)):
        start, end, step = int(start), int(end), int(step)
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"{who}: from {start} to {end} in steps of {step} never arrives")
    whole = all([isinstance(v, (int, np.integer)) for v in (start, end, step)])
    cdef Kind kind = kind_of(int if dtype is None and whole and not closed else dtype)
    if not whole and not (np.isfinite(start) and np.isfinite(end)):
        raise ValueError(f"{who}: expected finite bounds, got {start} and {end}")
    if closed:
        n = int((end - start) / step + 1)
    elif whole:
        n = -((start - end) // step)
    else:
        n = int(np.ceil((end - start) / step))
    if kind <= FLOAT64:
        return lend(_range(kind, start, step, n, not closed))
    if is_floating(kind):
        return start + np.arange(n) * step
    return int(start) + np.arange(n) * int(step)


def arange(start, end=None, step=1, *, dtype=None, layout=None, device=None, bint requires_grad=False,
           pin_memory=False, out=None):
    """start, start + step, ... below end; integers give int64. arange(n) starts at 0."""
    if end is None:
        start, end = 0, start
    values = _ranged("arange", start, end, step, False, dtype)
    return _given(values, values.dtype if dtype is None and out is None else dtype, device, requires_grad, out)


def _closed_range(start=0, end=None, step=1, *, dtype=None, layout=None, device=None, bint requires_grad=False,
                  out=None):
    """start, start + step, ... up to end, which is included where it is reached; arange() is the usual one."""
    if end is None:
        raise TypeError("range: give the end, which is included: range(start, end); arange(n) counts below n")
    return _given(_ranged("range", start, end, step, True, dtype), dtype, device, requires_grad, out)


_closed_range.__name__ = _closed_range.__qualname__ = "range"
globals()["range"] = _closed_range      # not by a def: the code of this file means Python's range


cdef object _spaced(str who, object start, object end, object steps, object dtype):
    """From start to end in equal steps: each half is counted from its own end, so it is symmetrical."""
    cdef Kind kind = kind_of(dtype)
    cdef Py_ssize_t n = index(steps), i
    cdef Tensor t
    cdef double step = 0
    cdef float *f
    cdef double *d
    start, end = _number(start), _number(end)
    if n < 0:
        raise ValueError(f"{who}: steps is at least 0, got {steps}")
    if not is_floating(kind):       # exact, then cut off towards 0
        start, end = int(start), int(end)
        whole = [start * (n - 1) + (end - start) * i for i in range(n)]
        if n > 1:
            whole = [w // (n - 1) if w >= 0 else -(-w // (n - 1)) for w in whole]
        return np.array(whole if n > 1 else [start] * n, np.int64)
    t = make_tensor(kind if kind <= FLOAT64 else FLOAT32, 1, &n)
    f, d = <float *>t.ptr, <double *>t.ptr
    if t.kind == FLOAT32:
        start, end = np.float32(start), np.float32(end)
    with np.errstate(all="ignore"):
        step = (end - start) / type(end)(n - 1) if n > 1 else 0
    for i in range(n):
        if t.kind == FLOAT32:
            f[i] = fmaf(<float>step, <float>i, <float>start) if i < n // 2 or n == 1 else \
                fmaf(-<float>step, <float>(n - 1 - i), <float>end)
        else:
            d[i] = fma(step, <double>i, start) if i < n // 2 or n == 1 else fma(-step, <double>(n - 1 - i), end)
    return lend(t)


def linspace(start, end, steps, *, dtype=None, layout=None, device=None, bint requires_grad=False, out=None):
    """`steps` numbers from start to end, both included, evenly spaced."""
    return _given(_spaced("linspace", start, end, steps, dtype), dtype, device, requires_grad, out)


def logspace(start, end, steps, base=10.0, *, dtype=None, layout=None, device=None, bint requires_grad=False, out=None):
    """base to the powers linspace(start, end, steps)."""
    if dtype is not None and not is_floating(kind_of(dtype)):
        start, end = int(_number(start)), int(_number(end))
    wide = float64() if kind_of(dtype) == FLOAT64 else None
    powers = np.asarray(_spaced("logspace", start, end, steps, wide), np.float64)
    with np.errstate(all="ignore"):
        return _given(np.power(np.float64(base), powers), dtype, device, requires_grad, out)


cdef object float64():
    return dtype_of(FLOAT64)


cdef Tensor _given(object array, object dtype, object device, bint requires_grad, Tensor out):
    """An array in a dtype, as a new tensor or written to out."""
    if out is not None:
        if requires_grad or (dtype is not None and kind_of(dtype) != out.kind):
            raise TypeError(f"out: expected a tensor of {kind_of(dtype)} that requires no grad, got {describe(out)}")
        out.resize_(array.shape)
        copy_into(out, wrap(np.ascontiguousarray(array, dtype=dtype_of(out.kind).numpy)))
        return out
    return _finished(array, dtype, device, requires_grad)


# ---- beside a tensor: its dtype -----------------------------------------------------------------------------------

def _new_empty(Tensor self not None, *size, dtype=None, device=None, bint requires_grad=False, layout=None,
               pin_memory=False):
    """empty() of this tensor's dtype."""
    return _new(size, _same_dtype(self, dtype), device, requires_grad, None)


def _new_zeros(Tensor self not None, *size, dtype=None, device=None, bint requires_grad=False, layout=None,
               pin_memory=False):
    """zeros() of this tensor's dtype."""
    return _new(size, _same_dtype(self, dtype), device, requires_grad, 0)


def _new_ones(Tensor self not None, *size, dtype=None, device=None, bint requires_grad=False, layout=None,
              pin_memory=False):
    """ones() of this tensor's dtype."""
    return _new(size, _same_dtype(self, dtype), device, requires_grad, 1)


def _new_full(Tensor self not None, size, fill_value, *, dtype=None, device=None, bint requires_grad=False, layout=None,
              pin_memory=False):
    """full() of this tensor's dtype."""
    return full(size, fill_value, dtype=_same_dtype(self, dtype), device=device, requires_grad=requires_grad)


def _new_tensor(Tensor self not None, data, *, dtype=None, device=None, bint requires_grad=False, layout=None,
                pin_memory=False):
    """A copy of data, in this tensor's dtype."""
    return tensor(data, dtype=_same_dtype(self, dtype), device=device, requires_grad=requires_grad)


for _function in (_new_empty, _new_zeros, _new_ones, _new_full, _new_tensor):
    add_method(_function.__name__[1:], _function)


# ---- PyTorch's old constructors -------------------------------------------------------------------------------------

cdef Tensor _typed(str name, Kind kind, tuple data):
    cdef Py_ssize_t length[MAX_RANK]
    if len(data) == 1 and not isinstance(data[0], int):
        return to_tensor(data[0], kind)
    return make_tensor(kind, parse_shape(data if data else (0,), length), length)


def FloatTensor(*data):
    """A float32 tensor of the data, or an unfilled one of a shape: FloatTensor([1, 2]), FloatTensor(2, 3)."""
    return _typed("FloatTensor", kind_of("float32"), data)


def DoubleTensor(*data):
    """A float64 tensor of the data, or an unfilled one of a shape."""
    return _typed("DoubleTensor", kind_of("float64"), data)


def HalfTensor(*data):
    """A float16 tensor of the data, or an unfilled one of a shape."""
    return _typed("HalfTensor", kind_of("float16"), data)


def LongTensor(*data):
    """An int64 tensor of the data, or an unfilled one of a shape."""
    return _typed("LongTensor", kind_of("int64"), data)


def IntTensor(*data):
    """An int32 tensor of the data, or an unfilled one of a shape."""
    return _typed("IntTensor", kind_of("int32"), data)


def ShortTensor(*data):
    """An int16 tensor of the data, or an unfilled one of a shape."""
    return _typed("ShortTensor", kind_of("int16"), data)


def CharTensor(*data):
    """An int8 tensor of the data, or an unfilled one of a shape."""
    return _typed("CharTensor", kind_of("int8"), data)


def ByteTensor(*data):
    """A uint8 tensor of the data, or an unfilled one of a shape."""
    return _typed("ByteTensor", kind_of("uint8"), data)


def BoolTensor(*data):
    """A bool tensor of the data, or an unfilled one of a shape."""
    return _typed("BoolTensor", kind_of("bool"), data)


_CONSTRUCTORS = {"float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor", "int64": "LongTensor",
                 "int32": "IntTensor", "int16": "ShortTensor", "int8": "CharTensor", "uint8": "ByteTensor",
                 "bool": "BoolTensor"}


def _type(Tensor self not None, dtype=None, non_blocking=False):
    """The name of the constructor of such tensors, such as "torch.FloatTensor"; given a dtype (or such a
    name or constructor), the tensor in that dtype."""
    if dtype is None:
        return f"torch.{_CONSTRUCTORS[dtype_of(self.kind).name]}"
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", None)
    if isinstance(name, str):
        for kind, constructor in _CONSTRUCTORS.items():
            if name.rpartition(".")[2] == constructor:
                dtype = kind
    return self.to(dtype_of(kind_of(dtype)))


add_method("type", _type)


# ---- questions ------------------------------------------------------------------------------------------------------

def numel(Tensor input not None):
    """The number of elements."""
    return input.n


def is_floating_point(Tensor input not None):
    """Whether the dtype is a floating one."""
    return bool(is_floating(input.kind))


@method
def is_complex(Tensor input not None):
    """False: there are no complex tensors here."""
    return False


@method
def is_nonzero(Tensor input not None):
    """Whether the one element of the tensor is not 0."""
    if input.n != 1:
        raise ValueError(f"is_nonzero: expected a tensor of one element, got {describe(input)}")
    return bool(input.item() != 0)


@method
def is_same_size(Tensor input not None, Tensor other not None):
    """Whether both have the same shape."""
    return bool(same_shape(input, other))


@method
def get_device(Tensor input not None):
    """-1, PyTorch's number for the CPU."""
    return -1


def _is_set_to(Tensor self not None, Tensor other not None):
    """Whether both are the same look at the same memory."""
    return bool(self.ptr == other.ptr and self.storage == other.storage and same_shape(self, other)
                and self.stride() == other.stride())


add_method("is_set_to", _is_set_to)


# ---- the memory ------------------------------------------------------------------------------------------------------

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
        return "".join([f" {value}\n" for value in self]) + f"[minigrad.Storage of {len(self)} x {self.dtype}]"


def _storage(Tensor self not None):
    """The memory that this tensor is a look at, as one row of elements."""
    cdef Py_ssize_t n = self.storage.nbytes // dtype_of(self.kind).itemsize, one = 1
    return _Storage(view_as(self, 1, &n, &one, -self.storage_offset()))


def _untyped_storage(Tensor self not None):
    """The memory that this tensor is a look at, as bytes."""
    return _Storage(_storage(self)._elements.view("uint8"))


add_method("storage", _storage)
add_method("untyped_storage", _untyped_storage)
