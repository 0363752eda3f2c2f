from minigrad.tensor cimport Tensor

cpdef object assign(Tensor x, object value)      # x <- value, in x's own memory
cpdef Tensor mark_view(Tensor y, Tensor x)       # y, which is a view of x
