"""What other rooms need to draw random numbers by kernels of their own."""
from minigrad.kernels cimport mg_generator


cdef class Generator:
    cdef mg_generator state

cdef mg_generator *_source(object generator) except NULL       # the default generator's for None
