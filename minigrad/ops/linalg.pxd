"""What Sequential calls without a detour through Python."""
from minigrad.tensor cimport Tensor


cdef Tensor linear_layer(Tensor input, Tensor weight, Tensor bias, bint relu)      # relu or not, of linear()
