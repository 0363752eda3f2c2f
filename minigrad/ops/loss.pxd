"""What the losses share."""
from minigrad.tensor cimport Kind, Tensor

cdef str reduction_of(str who, object reduction, object size_average, object reduce)
cdef object reduced_by(object losses, str how)
cdef object weighed(str who, object losses, Tensor weight, str how)
cdef int check_same_shape(str who, Tensor input, Tensor target) except -1
cdef tuple floats(str who, Tensor input, Tensor target)
cdef object in_double(Tensor x)                     # an ndarray
cdef Tensor rounded(object array, Kind kind)
