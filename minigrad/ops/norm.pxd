from minigrad.tensor cimport Tensor

cdef Tensor length_of(Tensor x, double p, object dim, bint keepdim)     # the p-norm along dim, recorded
