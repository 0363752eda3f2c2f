from minigrad.autograd.engine cimport Op
from minigrad.kernels cimport mg_binary, mg_kernels
from minigrad.tensor cimport Kind, Tensor

ctypedef void (*unary_kernel)(void *y, const void *x, size_t n) noexcept

cdef class Unary(Op):
    """y = f(x), element by element, on floating tensors."""
    cdef Tensor forward(self, Tensor x)
    cdef Tensor compute(self, Tensor x, unary_kernel kernel, str numpy_name)

cdef class Binary(Op):
    """y = a o b, element by element, on tensors that broadcast."""
    cdef Tensor a, b                # the operands' shapes, where they differ
    cdef str who(self)
    cdef Tensor forward(self, Tensor a, Tensor b)
    cdef Tensor compute(self, Tensor a, Tensor b, mg_binary kernel, str name, str numpy_name)
    cpdef void note_shapes(self, Tensor a, Tensor b)
    cpdef tuple settle(self, object da, object db)

cpdef Tensor unary(Unary op, object x)
cpdef Tensor binary(Binary op, object x, object y)
cdef const mg_kernels *kernels(Tensor x) noexcept       # x's table (float's for the dtypes that have none)
cpdef Tensor by_numpy_of_two(object function, Tensor a, Tensor b, object who)
cpdef Tensor floating(object x)                         # a number or integer tensor as the default float
cdef Tensor convert(Tensor x, Kind kind)                # recorded; x itself where it has that dtype
cpdef tuple operands(object who, object x, object y)       # both as tensors of one dtype
