"""What an operation needs from the engine: the class it extends and how it records itself."""
from libc.stdint cimport uint64_t

from minigrad.tensor cimport Tensor


cdef enum:
    MAX_SAVED = 8


cdef class Op:
    cdef readonly tuple edges           # where the gradients of the inputs go: see record()
    cdef public tuple saved             # the tensors that backward needs
    cdef readonly object hooks          # called with the gradient before backward is
    cdef public object note             # of whoever watches: see _watch()
    cdef Tensor arrived                 # during a walk: the gradient that has flowed in so far
    cdef uint64_t order                 # newer is larger
    cdef uint64_t version[MAX_SAVED]    # of each saved tensor's memory, when it was saved
    cdef list more_versions             # of those beyond MAX_SAVED
    cdef bint released                  # saved was given up by a backward
    cdef bint keeps_output              # saved[-1] is the op's own output

    cdef backward(self, Tensor dy)
    cpdef Tensor record(self, Tensor y, Tensor a, Tensor b=*, Tensor c=*)
    cpdef Tensor record_all(self, Tensor y, inputs)
    cdef int attach(self, Tensor y) except -1
    cdef int note_versions(self) except -1
    cpdef bint needs(self, Py_ssize_t i) noexcept
    cdef Tensor sum_so_far(self, Py_ssize_t i, Tensor a, Tensor b)
    cpdef void keep(self, Tensor y)
    cpdef Tensor output(self)
    cdef int walk_over(self, Walk walk) except -1
    cdef Tensor take_arrived(self, Walk walk)
    cdef int check_saved(self) except -1


cdef class Walk:
    cdef Op newest                      # of the ops that something has arrived at
    cdef list older                     # the others, as a heap, the newest first; None as long as there were none
    cdef dict captured                  # id of an edge -> its gradient, where these were asked for
    cdef dict pending                   # leaves with hooks: id -> (leaf, gradient)
    cdef set needed                     # the ops worth visiting, or None for all
    cdef bint retain
    cdef bint create
    cdef int deliver(self, object edge, Tensor gradient, Py_ssize_t known) except -1
    cdef int run(self) except -1
    cdef int wait(self, Op op) except -1
    cdef Op take_newest(self)
    cdef int finish_leaves(self) except -1
    cdef int arrive(self, Tensor leaf, Tensor gradient, Py_ssize_t known) except -1
    cdef int capture(self, object edge, Tensor gradient) except -1


cpdef bint recording() noexcept          # whether operations are being recorded on this thread
cdef bint set_recording(bint on) noexcept
cpdef bint watched() noexcept            # whether somebody looks at each op as it is recorded
cpdef uint64_t ops_made() noexcept       # so far; an op of a larger order is newer
cdef object edge(Tensor x)
cdef bint wants(Tensor x) except -1
cdef Tensor plus(Tensor a, Tensor b)
