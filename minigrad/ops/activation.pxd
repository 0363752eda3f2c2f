"""What the rooms of activations share: an operation by kernels, and the dtypes they take."""
from minigrad.kernels cimport mg_activation, mg_activation_backward
from minigrad.ops.arithmetic cimport Unary
from minigrad.tensor cimport Tensor


cdef class Activation(Unary):
    """y = f(x; p), with kernels for it and for dx = dy f'(x; p)."""
    cdef double p[3]
    cdef Tensor value(self, Tensor x, mg_activation kernel)
    cdef Tensor gradient(self, Tensor dy, Tensor x, mg_activation_backward kernel)

cdef Tensor activate(Unary op, str who, object input)      # records op on a floating tensor
cdef Tensor floats_only(str who, object input)
cdef object bounded(Tensor x, double bound)                # x where |x| <= bound, else +-bound
