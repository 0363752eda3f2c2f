/* minigrad's C side as the rest of the program sees it: two tables of kernels (float and
 * double), the thread pool, the memory pool, the generator. Pure C11; no Python. */
#ifndef MINIGRAD_H
#define MINIGRAD_H

#include <stddef.h>
#include <stdint.h>

/* The element type. The kernels' own builds define it as float or double; for everybody
 * else it is void: they hold a table chosen by dtype and pass untyped pointers. All
 * object pointers are passed alike on every machine we build for. */
#ifndef real
#define real void
#endif

enum { MG_FLOAT32 = 0, MG_FLOAT64 = 1 };     /* which table */
enum { MG_ACCUMULATE = 1, MG_RELU = 2 };     /* gemm's flags */

/* ---- random numbers: MT19937 as torch runs it ------------------------------ */

struct mg_generator {
    uint64_t seed;
    uint32_t state[624];
    uint32_t next;                /* the next unread word of state; 624: all read */
    int has_spare;                /* element-wise normals come in pairs: */
    double spare;                 /* the second of the last pair, if not yet used */
};
void mg_generator_seed(struct mg_generator *generator, uint64_t seed);
uint32_t mg_generator_next32(struct mg_generator *generator);
uint64_t mg_generator_next64(struct mg_generator *generator);      /* first word high */

/* ---- the tables ------------------------------------------------------------ */

struct mg_kernels {
#define MG_KERNEL(result, name, parameters) result (*name) parameters;
#include "kernels.h"
#undef MG_KERNEL
};

/* tables[MG_FLOAT32], tables[MG_FLOAT64] for this CPU, chosen at the first call. The
 * environment's MINIGRAD_ISA caps the choice; a cap that is not a name of this machine's
 * list falls back to the best, and mg_isa_error() then says so (NULL otherwise). */
const struct mg_kernels *mg_tables(void);
const char *mg_isa(void);            /* "x86-64-v4", "x86-64-v3", "x86-64-v2", "arm64", "generic" */
const char *mg_isa_error(void);
const char *mg_compiler(void);       /* "gcc 12.2.0" */

/* ---- pool.c: the threads ----------------------------------------------------- */

/* Calls body(context, i) for i in [0, chunks), each once, on up to mg_get_num_threads()
 * threads, and returns when all are done. The cut into chunks is the caller's and must
 * not depend on the number of threads. Nested and concurrent calls are run by the caller
 * alone. Safe after fork(). */
void mg_parallel(size_t chunks, void (*body)(void *context, size_t chunk), void *context);
void mg_set_num_threads(int n);      /* n >= 1; first default: MINIGRAD_NUM_THREADS, else the CPUs we may use */
int mg_get_num_threads(void);
int mg_seat(void);                   /* in a body: which of the threads runs it, from 0 on */

/* ---- memory.c: storages ------------------------------------------------------- */

/* What tensors share: a block of memory with its count of holders and of changes. The
 * holder's lock (Python's GIL) guards it; nothing here is atomic. */
struct mg_storage {
    void *data;                  /* 64-byte aligned where we made it */
    size_t nbytes;
    size_t holders;
    uint64_t version;            /* goes up with each change in place */
    void *owner;                 /* whose memory this is when it is not ours */
    void (*release)(void *owner);
    unsigned char readonly;
    unsigned char size_class;    /* which free list it came from */
};
struct mg_storage *mg_storage_new(size_t nbytes);      /* one holder, data not cleared; NULL: no memory */
struct mg_storage *mg_storage_borrow(void *data, size_t nbytes, int readonly,
                                     void *owner, void (*release)(void *owner));
void mg_storage_drop(struct mg_storage *storage);      /* one holder less; the last frees it */
void mg_memory_stats(size_t *live, size_t *cached, size_t *peak);      /* bytes */
void mg_memory_reset_peak(void);
void mg_memory_trim(void);                             /* gives cached blocks back */

/* dst[...] = src[...] over `ndim` axes of any strides (in bytes), items of 1, 2, 4, 8 bytes;
 * they may not overlap */
void mg_copy_strided(char *dst, const ptrdiff_t *dst_strides, const char *src, const ptrdiff_t *src_strides,
                     const ptrdiff_t *shape, int ndim, size_t itemsize);

/* y = a o b over broadcast axes: y dense; strides in elements, 0 along a broadcast axis.
 * `kernel` is a binary kernel of the table for items of `itemsize` bytes. */
typedef void (*mg_binary)(void *y, const void *a, ptrdiff_t a_step, const void *b, ptrdiff_t b_step, size_t n);
void mg_broadcast(mg_binary kernel, char *y, const char *a, const ptrdiff_t *a_strides,
                  const char *b, const ptrdiff_t *b_strides,
                  const ptrdiff_t *shape, int ndim, size_t itemsize);

#endif
