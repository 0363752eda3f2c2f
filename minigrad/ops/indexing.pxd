from minigrad.tensor cimport Tensor

cdef class Pick:
    """Which rows: x laid out as (outer, rows, inner), and for each row of the result its number in x."""
    cdef Py_ssize_t outer, rows, inner
    cdef Tensor index                   # int64, dense, each in [0, rows)
    cdef Tensor shape_of_x, shape_of_y

cdef Tensor part(Tensor x, tuple items)                     # x[items]: integers, slices, ..., None; recorded
cdef Tensor take_rows(Tensor x, Pick pick, str name)        # recorded
cdef Tensor add_rows(Tensor x, Pick pick, str name)         # recorded
cdef Tensor put_rows(Tensor x, Tensor v, Pick pick, str name)
cdef Pick elements(Tensor x, object positions)              # single elements, by their row-major places in x
cdef Tensor indices(str who, object index, Py_ssize_t n, int axis, bint negative)
