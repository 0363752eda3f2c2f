"""What other rooms use of the reductions: sets of axes, and what goes back over them."""
from minigrad.tensor cimport Tensor

cpdef unsigned int axes_of(object dim, int rank) except? 0xffffffff     # dim as a set of bits; None for all
cpdef tuple axes_tuple(unsigned int axes, int rank)
cpdef Py_ssize_t count_over(Tensor x, unsigned int axes) noexcept
cpdef object either(object one, object other)                           # dim or axis
cpdef Tensor spread(Tensor x, Tensor shape_of, unsigned int axes)       # recorded: reduced axes, repeated again
cdef Tensor where(object condition, object x, object y)                # recorded
