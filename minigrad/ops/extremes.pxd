from minigrad.tensor cimport Tensor

# Recorded: the elements at index (an array) along an axis, which is kept or, having one index only,
# goes. distinct: no element is taken twice.
cdef Tensor pick(Tensor x, object index, int axis, bint distinct, bint kept=*)
