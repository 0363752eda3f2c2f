"""The compiled kernels: which build of them runs, on how many threads, in how much memory.

This module is the one door to C (see kernels.pxd). Python sees only what a person may want
to ask or set; the kernels themselves are for the other compiled modules.
"""
import os
import platform
import warnings

cdef extern from "minigrad.h":
    const mg_kernels *mg_tables() noexcept
    const char *mg_isa() noexcept
    const char *mg_isa_error() noexcept
    const char *mg_compiler() noexcept
    void mg_parallel(size_t chunks, void (*body)(void *context, size_t chunk) noexcept nogil,
                     void *context) noexcept nogil
    void mg_set_num_threads(int n) noexcept nogil
    int mg_get_num_threads() noexcept nogil
    mg_storage *mg_storage_new(size_t nbytes) noexcept
    mg_storage *mg_storage_borrow(void *data, size_t nbytes, int readonly,
                                  void *owner, void (*release)(void *owner) noexcept) noexcept
    void mg_storage_drop(mg_storage *storage) noexcept
    void mg_memory_stats(size_t *live, size_t *cached, size_t *peak) noexcept
    void mg_memory_reset_peak() noexcept
    void mg_memory_trim() noexcept
    void mg_copy_strided(char *dst, const Py_ssize_t *dst_strides, const char *src, const Py_ssize_t *src_strides,
                         const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil
    void mg_broadcast(mg_binary kernel, char *y, const char *a, const Py_ssize_t *a_strides,
                      const char *b, const Py_ssize_t *b_strides,
                      const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil
    void mg_generator_seed(mg_generator *generator, uint64_t seed) noexcept nogil
    uint32_t mg_generator_next32(mg_generator *generator) noexcept nogil
    uint64_t mg_generator_next64(mg_generator *generator) noexcept nogil

cdef extern from *:
    """
    /* the catalogue's names, in the order of the fields of struct mg_kernels */
    static const char *const kernel_names[] = {
    #define MG_KERNEL(result, name, parameters) #name,
    #include "kernels.h"
    #undef MG_KERNEL
        NULL
    };
    """
    const char *const kernel_names[]
    const char *MINIGRAD_VERSION        # from pyproject.toml, by setup.py


# ---- what other modules cimport ----------------------------------------------------------

cdef mg_storage *storage_new(size_t nbytes) noexcept:
    return mg_storage_new(nbytes)

cdef mg_storage *storage_borrow(void *data, size_t nbytes, int readonly,
                                void *owner, void (*release)(void *owner) noexcept) noexcept:
    return mg_storage_borrow(data, nbytes, readonly, owner, release)

cdef void storage_drop(mg_storage *storage) noexcept:
    mg_storage_drop(storage)

cdef void copy_strided(char *dst, const Py_ssize_t *dst_strides, const char *src, const Py_ssize_t *src_strides,
                       const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil:
    mg_copy_strided(dst, dst_strides, src, src_strides, shape, ndim, itemsize)

cdef void broadcast(mg_binary kernel, char *y, const char *a, const Py_ssize_t *a_strides,
                    const char *b, const Py_ssize_t *b_strides,
                    const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil:
    mg_broadcast(kernel, y, a, a_strides, b, b_strides, shape, ndim, itemsize)

cdef void parallel(size_t chunks, void (*body)(void *context, size_t chunk) noexcept nogil,
                   void *context) noexcept nogil:
    mg_parallel(chunks, body, context)

cdef void generator_seed(mg_generator *generator, uint64_t seed) noexcept nogil:
    mg_generator_seed(generator, seed)

cdef uint32_t generator_next32(mg_generator *generator) noexcept nogil:
    return mg_generator_next32(generator)

cdef uint64_t generator_next64(mg_generator *generator) noexcept nogil:
    return mg_generator_next64(generator)


# ---- what Python sees ----------------------------------------------------------------------

__version__ = MINIGRAD_VERSION.decode()

MAX_THREADS = 256


def set_num_threads(num_threads):
    """Lets kernels use up to `num_threads` threads, from now on.

    Results do not depend on it, bit for bit. At the start it is MINIGRAD_NUM_THREADS, or else
    the number of processors this process may use. Small work stays on one thread anyway.
    Errors: TypeError unless an integer; ValueError unless 1 <= num_threads <= 256.
    """
    if isinstance(num_threads, bool) or not hasattr(num_threads, "__index__"):
        raise TypeError(f"set_num_threads expects an int, got {type(num_threads).__name__} ({num_threads!r})")
    if not 1 <= num_threads <= MAX_THREADS:
        raise ValueError(
            f"set_num_threads expects a number from 1 to {MAX_THREADS}, got {num_threads}; "
            "use set_num_threads(1) to run without helper threads"
        )
    cdef int n = num_threads
    with nogil:                 # waits until a kernel on another thread is through
        mg_set_num_threads(n)


def get_num_threads():
    """How many threads kernels may use: see set_num_threads."""
    return mg_get_num_threads()


def config():
    """What this copy of minigrad is and runs on, as a dict; show_config prints it."""
    import numpy

    return {
        "minigrad": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": numpy.__version__,
        "instruction set": mg_isa().decode(),
        "MINIGRAD_ISA": os.environ.get("MINIGRAD_ISA") or None,
        "threads": mg_get_num_threads(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "compiler": mg_compiler().decode(),
        "platform": platform.platform(),
    }


def show_config(file=None):
    """Prints what a bug report should say: versions, instruction set, threads, compiler, platform."""
    for name, value in config().items():
        print(f"{name + ':':<17} {'not set' if value is None else value}", file=file)


def memory_stats():
    """Bytes of tensors' own memory: {"live", "cached", "peak"}.

    live: held by tensors (rounded up to the sizes blocks come in); cached: freed by tensors and
    kept for the next ones; peak: the largest live since the start or reset_peak_memory().
    """
    cdef size_t live, cached, peak
    mg_memory_stats(&live, &cached, &peak)
    return {"live": live, "cached": cached, "peak": peak}


def reset_peak_memory():
    """Starts the peak of memory_stats() anew, at what is live now."""
    mg_memory_reset_peak()


def trim_memory():
    """Gives memory that is cached, and used by no tensor, back to the system."""
    mg_memory_trim()


def _addresses(size_t dtype):
    """{name: address} of the kernels for float32 (0) or float64 (1): tests and benchmarks
    call them through ctypes, by the signatures in csrc/kernels.h."""
    cdef size_t *table
    cdef Py_ssize_t i = 0
    if dtype > 1:
        raise ValueError(f"expected 0 (float32) or 1 (float64), got {dtype}")
    table = <size_t *>&K[dtype]
    addresses = {}
    while kernel_names[i] is not NULL:
        addresses[kernel_names[i].decode()] = table[i]
        i += 1
    return addresses


# ---- at import -------------------------------------------------------------------------------

def _check_environment():
    if mg_isa_error() is not NULL:
        warnings.warn(mg_isa_error().decode(), RuntimeWarning, stacklevel=2)
    text = os.environ.get("MINIGRAD_NUM_THREADS", "")
    if text and not (text.strip().isdecimal() and 1 <= int(text) <= MAX_THREADS):
        warnings.warn(
            f"MINIGRAD_NUM_THREADS={text} is not a number from 1 to {MAX_THREADS}; using {mg_get_num_threads()}",
            RuntimeWarning, stacklevel=2,
        )


K = mg_tables()
if K is NULL:
    raise ImportError(f"minigrad: {mg_isa_error().decode()}; install it from source on this machine")
_check_environment()
