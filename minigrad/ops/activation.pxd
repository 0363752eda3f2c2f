"""What the rooms of activations share: an operation by kernels, and the dtypes they take."""
from minigrad.ops.arithmetic cimport Unary
from minigrad.tensor cimport Tensor


cdef class Activation(Unary):
    cdef double parameters[3]

cpdef Tensor activate(Unary op, str who, object input)     # records op on a floating tensor
cpdef Tensor floats_only(str who, object input)
cpdef object bounded(Tensor x, double bound)               # x where |x| <= bound, else +-bound
cpdef Tensor numeric(Unary op, str who, object input)      # records op on a tensor of any numbers
cdef Tensor relu_gradient(Tensor dy, Tensor y, bint over)  # recorded where it has to be; over: into dy if it may
