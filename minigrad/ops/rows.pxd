from minigrad.tensor cimport Tensor

cdef class Pick:
    """Which rows: x laid out as (outer, rows, inner), and for each row of the result its number in x."""
    cdef readonly Py_ssize_t outer, rows, inner
    cdef readonly Tensor index              # int64, dense, each in [0, rows)
    cdef readonly Tensor shape_of_x, shape_of_y

cpdef Tensor part(Tensor x, tuple items)                    # x[items]: integers, slices, ..., None; recorded
cpdef Tensor take_rows(Tensor x, Pick pick, str name)       # recorded
cpdef Tensor add_rows(Tensor x, Pick pick, str name)        # recorded
cpdef Pick pick_rows(Tensor x, int start, int end, Tensor index)     # rows counted along the axes [start, end)
cpdef Pick elements(Tensor x, object positions)             # single elements, by their row-major places in x
cpdef Tensor indices(str who, object index, Py_ssize_t n, int axis, bint negative)
cpdef int set_part(Tensor x, tuple items, Tensor v) except -1
cpdef Tensor fitted(Tensor v, Tensor shape_of)
cpdef int write_at(Tensor x, object key, Tensor v) except -1
