from minigrad.tensor cimport Kind, Tensor
from minigrad.kernels cimport mg_binary

cpdef Tensor expand_to(Tensor x, Tensor shape_of)            # recorded
cpdef Tensor sum_to(Tensor x, Tensor shape_of)               # recorded; x itself where shapes agree
cpdef Tensor sum_over(Tensor x, unsigned int axes, bint keepdim, double divisor)      # not recorded
cpdef Tensor shape_only(Tensor x)
cdef Tensor fold(Tensor x, unsigned int axes, size_t *outer, size_t *n, size_t *inner)
cdef Tensor reduced(Tensor x, unsigned int axes, bint keepdim, Kind kind)            # not filled
cdef int broadcast_shape(str who, Tensor a, Tensor b, Py_ssize_t *length) except -1
cdef Tensor combine(str who, mg_binary kernel, Tensor a, Tensor b)                   # not recorded
