from libc.stdint cimport uint64_t

from minigrad.tensor cimport Tensor

cpdef object assign(Tensor x, object value, uint64_t since=*)       # x <- value, in x's own memory
cpdef int check_assignable(Tensor x) except -1
cpdef Tensor instead_of(Tensor x, Tensor v)
cpdef Tensor mark_view(Tensor y, Tensor x)       # y, which is a view of x
