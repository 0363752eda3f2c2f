from minigrad.tensor cimport Tensor

cdef object assign(Tensor x, object value)      # x <- value, in x's own memory
cdef Tensor mark_view(Tensor y, Tensor x)       # y, which is a view of x
