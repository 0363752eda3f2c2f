"""Tensor: a block of memory, seen through a shape, strides and a dtype.

This file knows memory, shapes, dtypes and how a tensor meets NumPy and Python. It knows
no arithmetic (that is ops/) and no gradients (that is autograd/): an operator such as
`a + b` goes through the table `operators`, which ops/ fills as it is imported.
"""
cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport INT64_MAX, int64_t
from libc.string cimport memcpy

from minigrad.kernels cimport (
    K, copy_strided, mg_storage, storage_borrow, storage_drop, storage_new,
)

import numpy as np

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    int PyArray_SetBaseObject(cnp.ndarray array, PyObject *base) except -1


# ---- dtypes ---------------------------------------------------------------------------

cdef str _house = "minigrad"


def _call_house(str name):
    """What stands before the dot when a dtype or a Size prints; as_torch says "torch"."""
    global _house
    _house = name


@cython.final
cdef class dtype:
    """The type of a tensor's elements, such as `minigrad.float32`.

    Wherever a dtype is asked for, NumPy's (`np.float32`, "float32") and Python's (`float`,
    `int`, `bool`) are understood too; `np.dtype(minigrad.float32)` is NumPy's.
    """

    def __init__(self):
        raise TypeError("dtypes are made by minigrad: use minigrad.float32, minigrad.int64, ...")

    @property
    def dtype(self):
        """NumPy's name for it; np.dtype() reads this attribute."""
        return self.numpy

    @property
    def is_complex(self):
        return False

    def __repr__(self):
        return f"{_house}.{self.name}"

    def __reduce__(self):
        return _dtype_by_name, (self.name,)


def _dtype_by_name(name):
    return _by_name[name]


cdef list _dtypes = []
cdef dict _by_name = {}
cdef dict _kind_by_spelling = {}
cdef int _kind_by_typenum[32]


cdef void _make_dtypes():
    cdef dtype d
    cdef int kind, i
    for i in range(32):
        _kind_by_typenum[i] = -1
    for kind, name in enumerate(
        ("float32", "float64", "float16", "bool", "uint8", "int8", "int16", "int32", "int64")
    ):
        d = dtype.__new__(dtype)
        d.name = name
        d.numpy = np.dtype(name)
        d.itemsize = d.numpy.itemsize
        d.is_floating_point = name.startswith("float")
        d.is_signed = not (name == "bool" or name.startswith("u"))
        d.kind = kind
        d.typenum = d.numpy.num
        _dtypes.append(d)
        _by_name[name] = d
        _kind_by_typenum[d.typenum] = kind
        for spelling in (d, name, d.numpy, d.numpy.type):
            _kind_by_spelling[spelling] = kind
    _kind_by_spelling[float] = FLOAT32
    _kind_by_spelling[int] = INT64
    _kind_by_spelling[bool] = BOOL


_make_dtypes()

float32, float64, float16, bool_, uint8, int8, int16, int32, int64 = _dtypes

cdef int _itemsize[KINDS]
for _kind in range(KINDS):
    _itemsize[_kind] = (<dtype>_dtypes[_kind]).itemsize

cdef Kind _default_kind = FLOAT32


cdef dtype dtype_of(Kind kind):
    return <dtype>_dtypes[kind]


cdef bint is_floating(Kind kind) noexcept:
    return kind <= FLOAT16


cdef Kind kind_of(object dtype) except? -1:
    """The number of a dtype as people spell it; None is the default float."""
    if dtype is None:
        return _default_kind
    try:
        kind = _kind_by_spelling.get(dtype)
    except TypeError:
        kind = None
    if kind is None:
        try:
            kind = _kind_by_typenum[np.dtype(dtype).num] if np.dtype(dtype).num < 32 else -1
        except TypeError:
            kind = -1
        if kind < 0:
            raise TypeError(
                f"dtype: expected one of {', '.join(_by_name)} (or NumPy's name of it), got {dtype!r}"
            )
    return <Kind><int>kind


def as_dtype(dtype):
    """The dtype that is meant by any spelling of it; None is the default float."""
    return dtype_of(kind_of(dtype))


def get_default_dtype():
    """The dtype of new floating tensors: float32 unless set_default_dtype changed it."""
    return _dtypes[_default_kind]


def set_default_dtype(d):
    """Makes new floating tensors float32 or float64."""
    global _default_kind
    cdef Kind kind = kind_of(d)
    if kind != FLOAT32 and kind != FLOAT64:
        raise TypeError(f"set_default_dtype: expected float32 or float64, got {dtype_of(kind)}")
    _default_kind = kind


cdef int _rank_of_integer(Kind kind) noexcept:
    """Orders bool below uint8 and int8 below int16 ... below int64."""
    return kind - BOOL


cdef Kind promote_kinds(Kind a, Kind b):
    """The dtype that holds both, as PyTorch has it: a float beats any integer, the wider
    of two wins, and uint8 with int8 meet in int16."""
    if a == b:
        return a
    if is_floating(a) or is_floating(b):
        if not is_floating(b):
            return a
        if not is_floating(a):
            return b
        return FLOAT64 if a == FLOAT64 or b == FLOAT64 else FLOAT32
    if (a == UINT8 and b == INT8) or (a == INT8 and b == UINT8):
        return INT16
    return a if _rank_of_integer(a) > _rank_of_integer(b) else b


cdef int _category(Kind kind) noexcept:
    return 2 if is_floating(kind) else (0 if kind == BOOL else 1)


cdef Kind promote(Tensor a, Tensor b):
    """As promote_kinds, but a tensor of no axes lifts one with axes only to a higher
    category (bool < integer < float), not to a wider dtype of the same."""
    if a.kind == b.kind:
        return a.kind
    cdef int ca = _category(a.kind), cb = _category(b.kind)
    if a.rank == 0 and b.rank != 0 and ca <= cb:
        return b.kind
    if b.rank == 0 and a.rank != 0 and cb <= ca:
        return a.kind
    return promote_kinds(a.kind, b.kind)


def promote_types(a, b):
    """The dtype that an operation on a tensor of each dtype gives."""
    return dtype_of(promote_kinds(kind_of(a), kind_of(b)))


# ---- shapes ---------------------------------------------------------------------------

class Size(tuple):
    """A tensor's shape: a tuple that prints its name and counts its elements."""

    __slots__ = ()

    def numel(self):
        """The product of the lengths."""
        cdef Py_ssize_t n = 1
        for length in self:
            n *= length
        return n

    def __repr__(self):
        return f"{_house}.Size({list(self)})"

    def __getitem__(self, index):
        got = tuple.__getitem__(self, index)
        return Size(got) if isinstance(index, slice) else got

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __reduce__(self):
        return Size, (tuple(self),)


cdef int parse_shape(object shape, Py_ssize_t *length) except -1:
    """Reads a shape (an int or a sequence of ints) into length[]; gives its rank."""
    cdef int rank = 0
    if not isinstance(shape, (tuple, list)):
        shape = (shape,)
    elif len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    if len(shape) > MAX_RANK:
        raise ValueError(f"a tensor has at most {MAX_RANK} axes, got the shape {tuple(shape)}")
    for item in shape:
        try:
            length[rank] = item.__index__()
        except AttributeError:
            raise TypeError(
                f"a shape is made of integers, got {type(item).__name__} in {tuple(shape)}"
            ) from None
        if length[rank] < 0:
            raise ValueError(f"a shape is made of lengths >= 0, got {tuple(shape)}")
        rank += 1
    return rank


cpdef int axis_of(object dim, int rank) except -1:
    """A dim counted from the front or (negative) from the back, as one from the front."""
    cdef Py_ssize_t axis
    try:
        axis = dim.__index__()
    except AttributeError:
        raise TypeError(f"dim: expected an integer, got {type(dim).__name__}") from None
    cdef int most = rank if rank > 0 else 1
    if not -most <= axis < most:
        raise IndexError(
            f"dim: expected one of {-most} to {most - 1} for a tensor of {rank} axes, got {axis}"
        )
    return <int>(axis + most if axis < 0 else axis)


cpdef bint same_shape(Tensor a, Tensor b) noexcept:
    cdef int i
    if a.rank != b.rank:
        return False
    for i in range(a.rank):
        if a.length[i] != b.length[i]:
            return False
    return True


cdef tuple shape_tuple(Tensor x):
    return tuple([x.length[i] for i in range(x.rank)])


cpdef str describe(Tensor x):
    """"float32 (2, 3)", for error messages"""
    return f"{dtype_of(x.kind).name} {shape_tuple(x)}"


cdef bint _is_dense(int rank, const Py_ssize_t *length, const Py_ssize_t *step) noexcept:
    cdef Py_ssize_t expected = 1
    cdef int i
    for i in range(rank):
        if length[i] == 0:
            return True
    for i in range(rank - 1, -1, -1):
        if length[i] != 1:
            if step[i] != expected:
                return False
            expected *= length[i]
    return True


# ---- making tensors ---------------------------------------------------------------------

cdef Tensor new_tensor(Kind kind, int rank, const Py_ssize_t *length):
    """A dense tensor whose elements are whatever the memory held."""
    cdef Tensor t = Tensor.__new__(Tensor)
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(rank - 1, -1, -1):
        t.length[i] = length[i]
        t.step[i] = n
        if length[i] != 0 and n > INT64_MAX // 16 // length[i]:
            raise MemoryError(f"a tensor of shape {tuple([length[j] for j in range(rank)])} is too large")
        n *= length[i]
    if n == 0:      # as PyTorch counts strides: an axis of length 0 as if it were 1
        n = 1
        for i in range(rank - 1, -1, -1):
            t.step[i] = n
            n *= length[i] if length[i] > 1 else 1
        n = 0
    t.kind = kind
    t.rank = rank
    t.n = n
    t.dense = True
    t.storage = storage_new(n * _itemsize[kind])
    if t.storage is NULL:
        raise MemoryError(
            f"no memory for a tensor of {n} x {dtype_of(kind).name} ({n * _itemsize[kind]} bytes)"
        )
    t.ptr = <char *>t.storage.data
    return t


cdef Tensor new_like(Tensor x):
    return new_tensor(x.kind, x.rank, x.length)


cdef Tensor filled(Tensor shape_of, double value):
    cdef Tensor t = new_like(shape_of)
    fill(t, value)
    return t


cdef int fill(Tensor x, object value) except -1:
    """x[...] = value, for a dense or any other tensor."""
    if x.dense and x.kind <= FLOAT64:
        K[x.kind].fill(x.ptr, value, x.n)
    else:
        lend(x)[...] = value
    return 0


def new(shape, dtype=None, device=None, bint requires_grad=False, value=None):
    """new_tensor() for rooms written in Python, with every element `value` unless that is None."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int rank = parse_shape(shape, length)
    cdef Tensor t
    check_device(device)
    t = new_tensor(kind_of(dtype), rank, length)
    if value is not None:
        fill(t, value)
    if requires_grad:
        t.requires_grad = True
    return t


cdef Tensor new_scalar(double value, Kind kind):
    cdef Tensor t = new_tensor(kind, 0, NULL)
    if kind == FLOAT32:
        (<float *>t.ptr)[0] = <float>value
    elif kind == FLOAT64:
        (<double *>t.ptr)[0] = value
    else:
        lend(t)[...] = value
    return t


cdef Tensor view_as(Tensor x, int rank, const Py_ssize_t *length, const Py_ssize_t *step, Py_ssize_t offset):
    """Another look at x's memory, from its element `offset` on."""
    cdef Tensor t = Tensor.__new__(Tensor)
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(rank):
        t.length[i] = length[i]
        t.step[i] = step[i]
        n *= length[i]
    t.kind = x.kind
    t.rank = rank
    t.n = n
    t.dense = _is_dense(rank, length, step)
    t.storage = x.storage
    t.storage.holders += 1
    t.ptr = x.ptr + offset * _itemsize[x.kind]
    return t


def memory_of(Tensor x not None):
    """All the memory that x is a look at, as one row of elements; no history."""
    cdef Py_ssize_t n = x.storage.nbytes // _itemsize[x.kind], one = 1
    return view_as(x, 1, &n, &one, -x.storage_offset())


def same_storage(Tensor a not None, Tensor b not None):
    """Whether both are looks at one memory."""
    return a.storage == b.storage


def strided(Tensor x not None, shape, stride, Py_ssize_t offset=0):
    """view_as() for rooms written in Python: x's memory from its element `offset` on, by a shape and the
    step in elements along each axis. No history, and no check that the memory reaches so far."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int rank = len(shape), i
    if rank > MAX_RANK or len(stride) != rank:
        raise ValueError(f"a view has at most {MAX_RANK} axes and a step for each, got {shape} and {stride}")
    for i in range(rank):
        length[i], step[i] = shape[i], stride[i]
    return view_as(x, rank, length, step, offset)


cpdef Tensor alias(Tensor x):
    return view_as(x, x.rank, x.length, x.step, 0)


cdef void _copy(Tensor target, Tensor source) noexcept:
    """target[...] = source: one dtype, one shape; they do not overlap."""
    cdef Py_ssize_t size = _itemsize[source.kind]
    cdef Py_ssize_t target_bytes[MAX_RANK]
    cdef Py_ssize_t source_bytes[MAX_RANK]
    cdef int i
    if target.dense and source.dense:
        memcpy(target.ptr, source.ptr, source.n * size)
        return
    for i in range(source.rank):
        target_bytes[i] = target.step[i] * size
        source_bytes[i] = source.step[i] * size
    copy_strided(target.ptr, target_bytes, source.ptr, source_bytes, source.length, source.rank, size)


cpdef Tensor copy_of(Tensor x):
    cdef Tensor t = new_like(x)
    _copy(t, x)
    return t


cpdef Tensor dense(Tensor x):
    return x if x.dense else copy_of(x)


cdef Tensor cast(Tensor x, Kind kind):
    cdef Tensor t
    if x.kind == kind:
        return x
    if x.n == 1 and kind <= FLOAT64 and x.kind <= FLOAT64:      # the scalar beside an operator
        t = new_tensor(kind, x.rank, x.length)
        if kind == FLOAT64:
            (<double *>t.ptr)[0] = (<float *>x.ptr)[0]
        else:
            (<float *>t.ptr)[0] = <float>(<double *>x.ptr)[0]
        return t
    t = new_tensor(kind, x.rank, x.length)
    with np.errstate(over="ignore", invalid="ignore"):
        lend(t)[...] = lend(x)
    return t


cpdef int check_writable(Tensor x) except -1:
    if x.storage.readonly:
        raise ValueError(
            f"this tensor ({describe(x)}) lends its memory from a read-only NumPy array and cannot be "
            "changed in place; make a copy first (x.clone(), or minigrad.tensor(array))"
        )
    return 0


cpdef int copy_into(Tensor target, Tensor source) except -1:
    """target[...] = source, converting the dtype; target's version goes up."""
    check_writable(target)
    if source.storage == target.storage:
        source = copy_of(source)
    if source.kind == target.kind and same_shape(source, target):
        _copy(target, source)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            lend(target)[...] = lend(source)
    target.storage.version += 1
    return 0


# ---- NumPy ------------------------------------------------------------------------------

cpdef object lend(Tensor x):
    """An ndarray over x's memory. It holds an alias of x, so the memory lives as long as
    the array, and the array keeps no graph alive."""
    cdef cnp.npy_intp shape[MAX_RANK]
    cdef cnp.npy_intp strides[MAX_RANK]
    cdef int i
    for i in range(x.rank):
        shape[i] = x.length[i]
        strides[i] = x.step[i] * _itemsize[x.kind]
    cdef int flags = 0 if x.storage.readonly else cnp.NPY_ARRAY_WRITEABLE
    cdef object array = cnp.PyArray_New(
        cnp.ndarray, x.rank, shape, (<dtype>_dtypes[x.kind]).typenum, strides, x.ptr,
        _itemsize[x.kind], flags | cnp.NPY_ARRAY_ALIGNED, <object>NULL,
    )
    cdef Tensor holder = alias(x)
    Py_INCREF(holder)       # SetBaseObject keeps the reference it is given
    PyArray_SetBaseObject(array, <PyObject *>holder)
    return array


cdef void _give_back(void *owner) noexcept with gil:
    Py_DECREF(<object>owner)


cpdef Tensor wrap(object array):
    """A tensor over an ndarray's own memory; array must have one of our dtypes, in this
    machine's byte order and aligned."""
    cdef cnp.ndarray a = array if isinstance(array, np.ndarray) else np.asarray(array)
    cdef int typenum = cnp.PyArray_TYPE(a)
    cdef int kind = _kind_by_typenum[typenum] if typenum < 32 else -1
    cdef int rank = cnp.PyArray_NDIM(a)
    cdef int i
    cdef Py_ssize_t size, n = 1
    if kind < 0:        # long, long long and their like are two names of one width
        kind = kind_of(a.dtype.newbyteorder("=").str[1:])
    if rank > MAX_RANK:
        raise ValueError(f"a tensor has at most {MAX_RANK} axes, got an array of shape {array.shape}")
    size = _itemsize[kind]
    cdef Tensor t = Tensor.__new__(Tensor)
    for i in range(rank):
        t.length[i] = cnp.PyArray_DIM(a, i)
        n *= t.length[i]
    for i in range(rank):
        # the stride of an axis of length 0 or 1 is never taken, and NumPy leaves it arbitrary
        t.step[i] = cnp.PyArray_STRIDE(a, i) // size if t.length[i] > 1 else 1
    t.kind = <Kind>kind
    t.rank = rank
    t.n = n
    t.dense = _is_dense(rank, t.length, t.step)
    if t.dense and rank:        # give those the strides a new tensor would have
        n = 1
        for i in range(rank - 1, -1, -1):
            t.step[i] = n
            n *= t.length[i] if t.length[i] > 1 else 1
    t.storage = storage_borrow(
        cnp.PyArray_DATA(a), cnp.PyArray_NBYTES(a), not cnp.PyArray_ISWRITEABLE(a), <void *>a, _give_back,
    )
    if t.storage is NULL:
        raise MemoryError("no memory for a tensor's header")
    Py_INCREF(a)
    t.ptr = <char *>cnp.PyArray_DATA(a)
    return t


def from_numpy(array):
    """A tensor that shares an ndarray's memory: a change of one is seen in the other.

    A read-only array gives a tensor that refuses to be changed in place. Any strides are
    kept, negative ones too.

    Errors: TypeError for what is no ndarray or has a dtype tensors do not know; ValueError
    for another machine's byte order, unaligned elements or strides that cut an element:
    minigrad.tensor(array) copies these.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a numpy.ndarray, got {type(array).__name__}; "
                        "use minigrad.tensor(data) for numbers and lists")
    _check_array("from_numpy", array)
    if not array.dtype.isnative:
        raise ValueError(f"from_numpy: expected this machine's byte order, got dtype {array.dtype.str!r}; "
                         "minigrad.tensor(array) makes a converted copy")
    if not array.flags.aligned or any(s % array.itemsize for s in array.strides):
        raise ValueError("from_numpy: the array's elements are not aligned in memory; "
                         "minigrad.tensor(array) makes an aligned copy")
    return wrap(array)


cdef int _check_array(str who, object array) except -1:
    try:
        kind_of(array.dtype.newbyteorder("="))
    except TypeError:
        raise TypeError(
            f"{who}: expected an array of {', '.join(_by_name)}, got dtype {array.dtype}; "
            "convert it first (array.astype(np.float32))"
        ) from None
    return 0


cdef bint is_scalar(object value):
    """Python's or NumPy's single numbers, which have a value but no say in the dtype."""
    return isinstance(value, (float, int)) or isinstance(value, (np.number, np.bool_))


cdef Kind _kind_of_scalar(object value):
    if isinstance(value, (bool, np.bool_)):
        return BOOL
    if isinstance(value, (int, np.integer)):
        return INT64
    return _default_kind


cdef Tensor to_tensor(object data, Kind kind):
    """A new tensor from numbers, nested sequences, arrays, tensors; kind KINDS: as data is."""
    cdef Tensor t
    if isinstance(data, Tensor):
        t = cast(data, (<Tensor>data).kind if kind == KINDS else kind)
        return copy_of(t) if t is data else t
    if isinstance(data, float) and (kind == KINDS or kind <= FLOAT64):
        return new_scalar(data, _default_kind if kind == KINDS else kind)
    if isinstance(data, np.ndarray) or isinstance(data, np.generic):
        array = data
    else:
        array = _array_of(data)
        if kind == KINDS and array.dtype == np.float64:     # Python floats take the default dtype
            kind = _default_kind
    _check_array("tensor", array)
    if kind == KINDS:
        kind = kind_of(array.dtype.newbyteorder("="))
    with np.errstate(over="ignore", invalid="ignore"):
        return copy_of(wrap(np.require(array, dtype_of(kind).numpy, ("C", "A"))))


cdef object _array_of(object data):
    if isinstance(data, (list, tuple)) and data and _holds_tensor(data):
        data = _untensor(data)
    try:
        array = np.array(data)
    except ValueError:
        raise ValueError(
            "tensor: the nested sequences have different lengths at one depth; "
            "a tensor's rows must all be equally long"
        ) from None
    if array.dtype == object or array.dtype.kind in "USV":
        raise TypeError(f"tensor: cannot make numbers of {type(data).__name__} holding "
                        f"{type(array.flat[0]).__name__ if array.size else 'nothing'}")
    if array.size == 0:
        array = array.astype(np.float64)
    return array


cdef bint _holds_tensor(object data):
    first = data[0]
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, Tensor)


cdef object _untensor(object data):
    if isinstance(data, Tensor):
        return data.tolist()
    if isinstance(data, (list, tuple)):
        return [_untensor(item) for item in data]
    return data


cdef Tensor operand(object value, Tensor beside):
    """`value` as a tensor to stand beside another in an operator. A Python number takes the
    other's dtype unless that is of a lower category, so that 0.5 never lifts float32."""
    cdef Kind kind
    if isinstance(value, Tensor):
        return <Tensor>value
    if isinstance(value, float) and is_floating(beside.kind):
        return new_scalar(value, beside.kind)
    if isinstance(value, int) and is_floating(beside.kind):
        return new_scalar(value, beside.kind)
    if is_scalar(value):
        kind = _kind_of_scalar(value)
        if _category(kind) <= _category(beside.kind):
            kind = beside.kind
        return new_scalar(value, kind) if kind <= FLOAT64 else wrap(np.array(value).astype(dtype_of(kind).numpy))
    if isinstance(value, (np.ndarray, list, tuple)):
        return to_tensor(value, KINDS)
    return None


# ---- the operators' table -----------------------------------------------------------------

cdef Operators operators

cdef bint _understands(object value):
    return isinstance(value, (Tensor, float, int)) or isinstance(value, (np.ndarray, np.generic))


cdef object _apply(binary_operator operator, object a, object b):
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return operator(a, b)
    if not (_understands(a) and _understands(b)):
        return NotImplemented
    return operator(a, b)


cdef object _method_of_two(str name, object a, object b):
    """The operators that are methods written in Python: ops/comparison.py."""
    if not (_understands(a) and _understands(b)):
        return NotImplemented
    return getattr(Tensor, name)(a, b)


# ---- Tensor -------------------------------------------------------------------------------

@cython.freelist(256)
cdef class Tensor:
    """An array of numbers that remembers how it was made, so that it can be differentiated.

    Tensor(data) makes a float32 leaf from numbers, nested sequences or an array; the usual
    way is minigrad.tensor(data, dtype=, requires_grad=). Tensor(2, 3) is an unfilled (2, 3).

        x = minigrad.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        x.grad                        # tensor([2., 4.]): d sum(x^2) / dx = 2 x

    Attributes: shape, dtype, requires_grad, grad (the gradient that backward() left, or
    None), grad_fn (the operation that made it, or None for a leaf).
    """

    def __init__(self, *data):
        if self.storage is not NULL:        # Tensor(tensor) of a subclass that filled it already
            return
        cdef Tensor source
        cdef Py_ssize_t length[MAX_RANK]
        cdef int rank
        if len(data) == 1 and not isinstance(data[0], int):
            source = to_tensor(data[0], FLOAT32)
        else:
            rank = parse_shape(data if data else (0,), length)
            source = new_tensor(FLOAT32, rank, length)
        become(self, source)

    def __dealloc__(self):
        if self.storage is not NULL:
            storage_drop(self.storage)

    # -- what it is

    @property
    def shape(self):
        """The lengths of the axes."""
        return Size([self.length[i] for i in range(self.rank)])

    @property
    def dtype(self):
        """The elements' type, such as minigrad.float32."""
        return _dtypes[self.kind]

    @property
    def ndim(self):
        """The number of axes."""
        return self.rank

    @property
    def device(self):
        """Always the CPU; here so that scripts may ask."""
        return _device_of_all

    @property
    def itemsize(self):
        return _itemsize[self.kind]

    @property
    def nbytes(self):
        return self.n * _itemsize[self.kind]

    @property
    def grad_fn(self):
        """The operation that made this tensor, or None for a leaf."""
        if self._base is not None:
            operators.refresh(self)
        return self.maker

    @property
    def is_leaf(self):
        """Whether nothing recorded made it: leaves are where backward() leaves gradients."""
        if self._base is not None:
            operators.refresh(self)
        return self.maker is None

    @property
    def requires_grad(self):
        """Whether operations on it are recorded, so that it can have a gradient."""
        if self._base is not None:
            operators.refresh(self)
        return bool(self.requires)

    @requires_grad.setter
    def requires_grad(self, bint value):
        if value and not is_floating(self.kind):
            raise RuntimeError(
                f"requires_grad: only floating tensors have gradients, this one is {describe(self)}; "
                "convert it first (x.float())"
            )
        if not value and self.maker is not None:
            raise RuntimeError(
                "requires_grad: this tensor is the result of a recorded operation and cannot forget it; "
                "use x.detach()"
            )
        self.requires = value

    @property
    def retains_grad(self):
        """Whether backward() leaves this tensor's gradient in .grad although it is no leaf."""
        return bool(self.retains)

    @property
    def grad(self):
        """The gradient that backward() accumulated here, of this tensor's shape, or None."""
        return self.gradient

    @grad.setter
    def grad(self, Tensor value):
        if value is not None:
            if value is self:
                raise RuntimeError("grad: a tensor cannot be its own gradient")
            if not same_shape(self, value) or self.kind != value.kind:
                raise ValueError(
                    f"grad: expected {describe(self)} as the tensor itself, got {describe(value)}"
                )
        self.gradient = value

    @property
    def data(self):
        """The same memory without history: a change of it is seen here, and not recorded."""
        return alias(self)

    @data.setter
    def data(self, Tensor value not None):
        if value.kind != self.kind and self.maker is not None:
            raise ValueError(f"data: expected {describe(self)}, got {describe(value)}")
        become(self, value)

    @property
    def _version(self):
        return self.storage.version

    def size(self, dim=None):
        """The shape, or the length of one axis."""
        if dim is None:
            return self.shape
        if self.rank == 0:
            raise IndexError("size: a tensor of no axes has no lengths")
        return self.length[axis_of(dim, self.rank)]

    def stride(self, dim=None):
        """How many elements to step from one index to the next along each axis."""
        if dim is None:
            return tuple([self.step[i] for i in range(self.rank)])
        return self.step[axis_of(dim, self.rank)]

    def storage_offset(self):
        """How many elements into its storage this tensor starts."""
        return (self.ptr - <char *>self.storage.data) // _itemsize[self.kind]

    def data_ptr(self):
        """The address of the first element."""
        return <size_t>self.ptr

    def element_size(self):
        """Bytes an element takes."""
        return _itemsize[self.kind]

    def numel(self):
        """The number of elements."""
        return self.n

    nelement = numel

    def dim(self):
        """The number of axes."""
        return self.rank

    ndimension = dim

    def is_contiguous(self):
        """Whether the elements lie row-major and without gaps."""
        return bool(self.dense)

    def is_floating_point(self):
        return is_floating(self.kind)

    def __len__(self):
        if self.rank == 0:
            raise TypeError("len() of a tensor of no axes")
        return self.length[0]

    def __bool__(self):
        if self.n != 1:
            raise ValueError(
                f"the truth of a tensor with {self.n} elements is ambiguous; use x.any() or x.all()"
            )
        return bool(self.item())

    def __hash__(self):
        return <Py_ssize_t><void *>self >> 4

    # -- meeting Python and NumPy

    def item(self):
        """The one element, as a Python number."""
        if self.n != 1:
            raise ValueError(
                f"item: expected a tensor of one element, got {describe(self)}; use x.tolist()"
            )
        if self.kind == FLOAT32:
            return <double>(<float *>self.ptr)[0]
        if self.kind == FLOAT64:
            return (<double *>self.ptr)[0]
        if self.kind == INT64:
            return (<int64_t *>self.ptr)[0]
        return lend(self).item()

    def tolist(self):
        """The elements as nested lists of Python numbers."""
        return lend(self).tolist()

    def numpy(self, *, bint force=False):
        """An ndarray that shares this tensor's memory.

        Errors: RuntimeError where the tensor is part of a graph, since a change made through
        NumPy could not be recorded; x.detach().numpy() says that this is meant, and so
        does force=True.
        """
        if self.requires and not force:
            raise RuntimeError(
                "numpy: this tensor requires grad, and NumPy's changes cannot be recorded; "
                "use x.detach().numpy()"
            )
        return lend(self)

    __array_priority__ = 1000       # np.float32(2) * tensor is ours to compute

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return wrap(array) if isinstance(array, np.ndarray) else array

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if is_floating(self.kind):
            raise TypeError(f"only integer tensors can be an index, got {describe(self)}")
        return int(self.item())

    def __contains__(self, value):
        return bool(np.any(lend(self) == (lend(value) if isinstance(value, Tensor) else value)))

    def __repr__(self):
        from minigrad._printing import tensor_repr
        return tensor_repr(self)

    __str__ = __repr__

    def __format__(self, spec):
        if self.rank == 0:
            return format(self.item(), spec)
        if spec:
            raise TypeError(
                f"the format {spec!r} needs a single number, this tensor is {describe(self)}; "
                "format the elements of x.tolist()"
            )
        return repr(self)

    # -- copies and their like

    def detach(self):
        """The same memory without history: gradients do not flow through it."""
        return alias(self)

    def detach_(self):
        """Forgets how this tensor was made; it becomes a leaf that requires no grad."""
        self.maker = None
        self.requires = False
        self._base = None
        return self

    def requires_grad_(self, bint requires_grad=True):
        """Sets requires_grad and gives the tensor itself."""
        self.requires_grad = requires_grad
        return self

    def cpu(self, memory_format=None):
        """The tensor itself: every tensor is on the CPU."""
        return self

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        """An error: minigrad computes on the CPU."""
        check_device("cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)
        return self

    def pin_memory(self):
        """The tensor itself: there is no other device to pin it for."""
        return self

    def is_pinned(self):
        return False

    @property
    def is_cuda(self):
        return False

    def __deepcopy__(self, memo):
        if self.maker is not None:
            raise RuntimeError(
                "deepcopy: this tensor is the result of a recorded operation; copy its values "
                "(x.detach().clone()) or the leaves it was made from"
            )
        cdef Tensor copied = type(self).__new__(type(self))
        become(copied, copy_of(self))
        copied.requires = self.requires
        if self.gradient is not None:
            copied.gradient = copy_of(self.gradient)
        if hasattr(self, "__dict__"):
            copied.__dict__.update(self.__dict__)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol):
        if self.maker is not None:
            raise RuntimeError(
                "pickle: this tensor is the result of a recorded operation; pickle its values (x.detach())"
            )
        return _rebuild, (type(self), np.ascontiguousarray(lend(self)).reshape(shape_tuple(self)),
                          bool(self.requires))

    # -- the operators people write

    def __add__(a, b): return _apply(operators.add, a, b)
    def __radd__(a, b): return _apply(operators.add, b, a)
    def __sub__(a, b): return _apply(operators.sub, a, b)
    def __rsub__(a, b): return _apply(operators.sub, b, a)
    def __mul__(a, b): return _apply(operators.mul, a, b)
    def __rmul__(a, b): return _apply(operators.mul, b, a)
    def __truediv__(a, b): return _apply(operators.div, a, b)
    def __rtruediv__(a, b): return _apply(operators.div, b, a)
    def __floordiv__(a, b): return _apply(operators.floordiv, a, b)
    def __rfloordiv__(a, b): return _apply(operators.floordiv, b, a)
    def __mod__(a, b): return _apply(operators.mod, a, b)
    def __rmod__(a, b): return _apply(operators.mod, b, a)
    def __pow__(a, b, modulo): return _apply(operators.pow, a, b)
    def __rpow__(a, b, modulo): return _apply(operators.pow, b, a)
    def __matmul__(a, b): return _apply(operators.matmul, a, b)
    def __rmatmul__(a, b): return _apply(operators.matmul, b, a)
    def __and__(a, b): return _method_of_two("bitwise_and", a, b)
    def __rand__(a, b): return _method_of_two("bitwise_and", b, a)
    def __or__(a, b): return _method_of_two("bitwise_or", a, b)
    def __ror__(a, b): return _method_of_two("bitwise_or", b, a)
    def __xor__(a, b): return _method_of_two("bitwise_xor", a, b)
    def __rxor__(a, b): return _method_of_two("bitwise_xor", b, a)
    def __lshift__(a, b): return _method_of_two("bitwise_left_shift", a, b)
    def __rlshift__(a, b): return _method_of_two("bitwise_left_shift", b, a)
    def __rshift__(a, b): return _method_of_two("bitwise_right_shift", a, b)
    def __rrshift__(a, b): return _method_of_two("bitwise_right_shift", b, a)

    def __iadd__(self, b): return _arithmetic(self, b, ADD, operators.add)
    def __isub__(self, b): return _arithmetic(self, b, SUB, operators.sub)
    def __imul__(self, b): return _arithmetic(self, b, MUL, operators.mul)
    def __itruediv__(self, b): return _arithmetic(self, b, DIV, operators.div)
    def __ifloordiv__(self, b): return _inplace(self, _apply(operators.floordiv, self, b))
    def __imod__(self, b): return _inplace(self, _apply(operators.mod, self, b))
    def __ipow__(self, b): return _inplace(self, _apply(operators.pow, self, b))
    def __iand__(self, b): return _inplace(self, _method_of_two("bitwise_and", self, b))
    def __ior__(self, b): return _inplace(self, _method_of_two("bitwise_or", self, b))
    def __ixor__(self, b): return _inplace(self, _method_of_two("bitwise_xor", self, b))
    def __ilshift__(self, b): return _inplace(self, _method_of_two("bitwise_left_shift", self, b))
    def __irshift__(self, b): return _inplace(self, _method_of_two("bitwise_right_shift", self, b))

    def __lt__(a, b): return _method_of_two("lt", a, b)
    def __le__(a, b): return _method_of_two("le", a, b)
    def __eq__(a, b): return _method_of_two("eq", a, b)
    def __ne__(a, b): return _method_of_two("ne", a, b)
    def __ge__(a, b): return _method_of_two("ge", a, b)
    def __gt__(a, b): return _method_of_two("gt", a, b)

    def __neg__(self): return operators.neg(self)
    def __pos__(self): return self
    def __abs__(self): return operators.abs(self)
    def __invert__(self): return self.bitwise_not()

    def __getitem__(self, index): return operators.getitem(self, index)
    def __setitem__(self, index, value): operators.setitem(self, index, value)

    def __iter__(self):
        if self.rank == 0:
            raise TypeError("a tensor of no axes has nothing to iterate over")
        return iter([operators.getitem(self, i) for i in range(self.length[0])])


cdef object _arithmetic(Tensor x, object b, Arithmetic how, binary_operator function):
    return x if operators.over(x, b, how, 1) else _inplace(x, _apply(function, x, b))


cdef object _inplace(Tensor x, object result):
    """x <- result, in x's own memory."""
    return result if result is NotImplemented else operators.inplace(x, result)


cdef int become(Tensor self, Tensor source) except -1:
    """Makes self a tensor over source's memory."""
    cdef mg_storage *before = self.storage
    cdef int i
    source.storage.holders += 1
    self.storage = source.storage
    if before is not NULL:
        storage_drop(before)
    self.ptr = source.ptr
    self.n = source.n
    self.kind = source.kind
    self.rank = source.rank
    self.dense = source.dense
    for i in range(source.rank):
        self.length[i] = source.length[i]
        self.step[i] = source.step[i]
    return 0


def _become(Tensor self, Tensor source):
    """For Parameter and its like: see become."""
    become(self, source)


def _rebuild(cls, array, requires_grad):
    cdef Tensor t = cls.__new__(cls)
    become(t, to_tensor(array, KINDS))
    t.requires = requires_grad
    return t


# ---- the one device -------------------------------------------------------------------------

class device:
    """Where a tensor lives: always `device(type="cpu")` here; other names are refused."""

    __slots__ = ("index", "type")

    def __init__(self, type="cpu", index=None):
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise RuntimeError(f"device: minigrad computes on the CPU only, got {type!r}; use 'cpu'")
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self):
        return f"device(type={self.type!r})" if self.index is None else \
            f"device(type={self.type!r}, index={self.index})"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))


_device_of_all = device("cpu")


# ---- making tensors, in public ----------------------------------------------------------------

def tensor(data, *, dtype=None, device=None, bint requires_grad=False, pin_memory=False):
    """A new leaf tensor that holds a copy of data: a number, nested sequences, an array.

    dtype: data's own where None (Python floats take the default dtype, float32).
    Errors: ValueError for ragged rows, TypeError for what is no number.
    """
    check_device(device)
    cdef Tensor t = to_tensor(data, KINDS if dtype is None else kind_of(dtype))
    if requires_grad:
        t.requires_grad = True
    return t


def as_tensor(data, dtype=None, device=None):
    """data as a tensor, without a copy where it is a tensor or an array of that dtype."""
    check_device(device)
    if isinstance(data, Tensor) and (dtype is None or (<Tensor>data).kind == kind_of(dtype)):
        return data
    if isinstance(data, np.ndarray) and (dtype is None or kind_of(dtype) == kind_of(data.dtype)) \
            and data.dtype.isnative and data.flags.aligned and data.flags.writeable:
        return from_numpy(data)
    return to_tensor(data, KINDS if dtype is None else kind_of(dtype))


def check_device(where):
    """Accepts None and every spelling of the CPU; refuses anything else."""
    if where is not None and where is not _device_of_all and not isinstance(where, device):
        device(where)


def is_tensor(obj):
    """Whether obj is a Tensor."""
    return isinstance(obj, Tensor)


def check_tensors(who, *values):
    """An error, in the name of the function `who`, unless all values are tensors."""
    for value in values:
        if not isinstance(value, Tensor):
            raise TypeError(f"{who}: expected a tensor, got {type(value).__name__}")


def as_number(who, name, value):
    """A function's argument as a float; an error, in the name of the function, unless it is a number."""
    cdef double number
    try:
        number = value
    except TypeError:
        raise TypeError(f"{who}: expected {name} as a number, got {value!r}") from None
    return number


# ---- how functions become methods -----------------------------------------------------------

cdef extern from *:
    """
    /* A function written once serves as minigrad.relu and as Tensor.relu. Extension types
     * take no attributes from outside, so it is put in the type's dictionary by hand. */
    static int minigrad_set_method(PyObject *type, PyObject *name, PyObject *function)
    {
        if (PyDict_SetItem(((PyTypeObject *)type)->tp_dict, name, function) < 0) return -1;
        PyType_Modified((PyTypeObject *)type);
        return 0;
    }
    """
    int minigrad_set_method(PyObject *type, PyObject *name, PyObject *function) except -1


def method(function):
    """A decorator: the function is also Tensor's method of the same name."""
    add_method(function.__name__, function)
    return function


def add_method(str name, function):
    """Makes function Tensor's method `name` (or, given a property, its attribute)."""
    minigrad_set_method(<PyObject *>Tensor, <PyObject *>name, <PyObject *>function)
