"""What other modules may see of a Tensor: its memory and its place in the graph."""
from libc.stdint cimport uint64_t

from minigrad.kernels cimport mg_storage


cdef enum:
    MAX_RANK = 8        # axes at most; a tensor carries its shape in itself

# Numbers for the dtypes. The first two are also the index of their table of kernels.
ctypedef int Kind

cdef enum:
    FLOAT32 = 0
    FLOAT64 = 1
    FLOAT16 = 2
    BOOL = 3
    UINT8 = 4
    INT8 = 5
    INT16 = 6
    INT32 = 7
    INT64 = 8
    KINDS = 9


cdef class dtype:
    cdef readonly str name
    cdef readonly int itemsize
    cdef readonly bint is_floating_point
    cdef readonly bint is_signed
    cdef readonly object numpy
    cdef int kind
    cdef int typenum


# What is asked of every tensor comes first: of a matrix, an optimizer's step then fetches three cache lines
# and not five, and in a deep network these have to come from afar.
cdef class Tensor:
    cdef mg_storage *storage
    cdef char *ptr                      # the first element
    cdef Py_ssize_t n                   # how many elements
    cdef Kind kind
    cdef int rank
    cdef bint dense                     # row-major without gaps
    cdef bint requires                  # requires_grad
    cdef bint retains                   # keeps its gradient although it is no leaf
    cdef Tensor gradient
    cdef object maker                   # the Op that made it, or None: see grad_fn
    cdef object hooks
    cdef readonly Tensor _base          # what it is a view of, where gradients must know: ops/assignment.pyx
    cdef uint64_t rewrites              # of a base: recorded changes in place; of a view: those it has seen
    cdef object __weakref__
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]      # counted in elements


# Making tensors. None of these is recorded in a graph. What is cpdef serves the rooms of ops/ that are
# written in Python, too.
cdef Tensor new_tensor(Kind kind, int rank, const Py_ssize_t *length)
cdef Tensor new_like(Tensor x)                     # same shape and dtype, dense, not filled
cdef Tensor new_scalar(double value, Kind kind)
cdef Tensor filled(Tensor shape_of, double value)
cdef Tensor view_as(Tensor x, int rank, const Py_ssize_t *length, const Py_ssize_t *step, Py_ssize_t offset)
cpdef Tensor alias(Tensor x)                       # the same memory, shape and strides; no history
cpdef Tensor dense(Tensor x)                       # x itself, or a row-major copy
cpdef Tensor copy_of(Tensor x)
cdef Tensor cast(Tensor x, Kind kind)              # x itself, or a converted copy
cpdef int copy_into(Tensor target, Tensor source) except -1    # same shape; converts, bumps the version
cpdef Tensor wrap(object array)                    # a tensor over an ndarray's memory
cpdef object lend(Tensor x)                        # an ndarray over a tensor's memory
cdef Tensor to_tensor(object data, Kind kind)      # numbers, lists, arrays: as data is, copied
cdef Tensor operand(object value, Tensor beside)   # the other side of an operator

cdef bint is_scalar(object value)
cdef Kind kind_of(object dtype) except? -1
cdef dtype dtype_of(Kind kind)
cdef Kind promote(Tensor a, Tensor b)
cdef Kind promote_kinds(Kind a, Kind b)
cpdef bint same_shape(Tensor a, Tensor b) noexcept
cdef bint is_floating(Kind kind) noexcept
cdef int parse_shape(object shape, Py_ssize_t *length) except -1
cpdef int axis_of(object dim, int rank) except -1
cpdef int check_writable(Tensor x) except -1
cpdef str describe(Tensor x)


# What a person writes between two tensors. The floor above fills this table as it is
# imported, since no floor knows the one above it.
ctypedef object (*unary_operator)(Tensor)
ctypedef object (*binary_operator)(object, object)

cdef enum Arithmetic:
    ADD, SUB, MUL, DIV

cdef struct Operators:
    binary_operator add
    binary_operator sub
    binary_operator mul
    binary_operator div
    binary_operator floordiv
    binary_operator mod
    binary_operator pow
    binary_operator matmul
    binary_operator getitem
    unary_operator neg
    unary_operator abs
    object (*setitem)(Tensor, object, object)
    object (*inplace)(Tensor, object)     # x <- result, in x's own memory
    # x += alpha b and its kin by one kernel, where that is all there is to do; whether it was done
    bint (*over)(Tensor, object, Arithmetic, object) except -1
    int (*refresh)(Tensor) except -1      # a view learns of what happened to its base

cdef Operators operators
