/* Memory: storages from free lists, and the two walks over strided arrays.
 *
 * A training step asks for the same few sizes again and again, so a freed block is kept
 * for the next asker of its size class: new and drop are a pop and a push. There are four
 * classes between a power of two and the next, so that at most a fifth of a block is idle.
 *
 * A block is one piece: the header in its first 64 bytes, the data after them. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "minigrad.h"

/* ---- storages ------------------------------------------------------------------ */

enum { LINE = 64, BORROWED = 255, CLASSES = 4 * 40 };
static const size_t HUGE_PAGE = 2 << 20;
static const size_t CACHE_LEAST = (size_t)512 << 20;

static struct {
    struct mg_storage *list[CLASSES]; /* freed blocks; `owner` is the link */
    struct mg_storage *headers;       /* freed headers that have no data of their own */
    size_t live, cached, peak;        /* bytes of data, by the size of their class */
} memory;

_Static_assert(sizeof(struct mg_storage) <= LINE, "the header has to fit before the data");

/* The class of a size, and how many bytes a block of that class holds: in units of 64
 * bytes 1 2 3 4, 5 6 7 8, 10 12 14 16, 20 24 28 32, ... */
static unsigned memory_class(size_t nbytes, size_t *capacity)
{
    size_t units = nbytes / LINE + (nbytes % LINE != 0);
    if (units <= 4) {
        units += units == 0;
        *capacity = units * LINE;
        return (unsigned)units - 1;
    }
    unsigned log2 = 63 - (unsigned)__builtin_clzll((unsigned long long)units - 1); /* 4 -> 2 */
    unsigned shift = log2 - 2, quarter = (unsigned)((units - 1) >> shift) - 4;
    *capacity = (size_t)(quarter + 5) << shift << 6;
    return 4 + 4 * shift + quarter;
}

/* Bytes kept for reuse at most: a sixteenth of the machine's memory. What a step frees and the next
 * asks for again must fit, or each step pays for new pages (10,000 layers of 100 x 128 samples: their
 * forward pass took twice as long with 512 MB). */
static size_t memory_cache_limit(void)
{
    static size_t limit;
    if (!limit) {
        limit = CACHE_LEAST;
#ifdef _SC_PHYS_PAGES
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
        if (pages > 0 && page > 0 && (size_t)pages / 16 > CACHE_LEAST / (size_t)page)
            limit = (size_t)pages / 16 * (size_t)page;
#endif
    }
    return limit;
}

static struct mg_storage *memory_allocate(size_t capacity)
{
    size_t size = capacity + LINE, align = LINE;
    if (size >= 2 * HUGE_PAGE) { /* fewer page faults, and fewer misses in the page table's cache */
        align = HUGE_PAGE;
        size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    }
    void *block = aligned_alloc(align, size);
#ifdef MADV_HUGEPAGE
    if (block && align == HUGE_PAGE) madvise(block, size, MADV_HUGEPAGE);
#endif
    return block;
}

struct mg_storage *mg_storage_new(size_t nbytes)
{
    if (nbytes > SIZE_MAX >> 20) return NULL; /* more than 2^44 bytes: a mistake */
    size_t capacity;
    unsigned size_class = memory_class(nbytes, &capacity);
    struct mg_storage *storage = memory.list[size_class];
    if (storage) {
        memory.list[size_class] = storage->owner;
        memory.cached -= capacity;
    } else {
        storage = memory_allocate(capacity);
        if (!storage) {
            mg_memory_trim();
            storage = memory_allocate(capacity);
            if (!storage) return NULL;
        }
    }
    memory.live += capacity;
    if (memory.live > memory.peak) memory.peak = memory.live;
    *storage = (struct mg_storage){.data = (char *)storage + LINE, .nbytes = nbytes, .holders = 1};
    storage->size_class = (unsigned char)size_class;
    return storage;
}

struct mg_storage *mg_storage_borrow(void *data, size_t nbytes, int readonly, void *owner,
                                     void (*release)(void *owner))
{
    struct mg_storage *storage = memory.headers;
    if (storage) memory.headers = storage->owner;
    else if (!(storage = aligned_alloc(LINE, LINE))) return NULL;
    *storage = (struct mg_storage){.data = data, .nbytes = nbytes, .holders = 1};
    storage->owner = owner;
    storage->release = release;
    storage->readonly = readonly != 0;
    storage->size_class = BORROWED;
    return storage;
}

void mg_storage_drop(struct mg_storage *storage)
{
    if (--storage->holders) return;
    if (storage->size_class == BORROWED) {
        void *owner = storage->owner;
        void (*release)(void *) = storage->release;
        storage->owner = memory.headers;
        memory.headers = storage;
        if (release) release(owner); /* last: it may come back here */
        return;
    }
    size_t capacity;
    memory_class(storage->nbytes, &capacity);
    memory.live -= capacity;
    if (capacity > memory_cache_limit()) {
        free(storage);
        return;
    }
    if (capacity > memory_cache_limit() - memory.cached) mg_memory_trim(); /* sizes of a program's past */
    storage->owner = memory.list[storage->size_class];
    memory.list[storage->size_class] = storage;
    memory.cached += capacity;
}

void mg_memory_stats(size_t *live, size_t *cached, size_t *peak)
{
    *live = memory.live;
    *cached = memory.cached;
    *peak = memory.peak;
}

void mg_memory_reset_peak(void) { memory.peak = memory.live; }

static void memory_free_all(struct mg_storage **list)
{
    while (*list) {
        struct mg_storage *next = (*list)->owner;
        free(*list);
        *list = next;
    }
}

void mg_memory_trim(void)
{
    for (int i = 0; i < CLASSES; i++) memory_free_all(&memory.list[i]);
    memory_free_all(&memory.headers);
    memory.cached = 0;
}

/* ---- copies ---------------------------------------------------------------------- */

enum { AXES = 32, COPY_GRAIN = 256 << 10, COPY_PARALLEL = 1 << 20 };

struct copy {
    char *dst;
    const char *src;
    size_t itemsize;
    int ndim, runs; /* how many of the last axes copy_inner takes at once */
    ptrdiff_t d[AXES], s[AXES], n[AXES];
    ptrdiff_t grain; /* along axis 0, for the pool */
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* n items, one at a time; inlined with constants where that makes a faster loop */
ALWAYS_INLINE void copy_items(char *restrict dst, ptrdiff_t d, const char *restrict src, ptrdiff_t s,
                              ptrdiff_t n, size_t itemsize)
{
    for (ptrdiff_t i = 0; i < n; i++) memcpy(dst + i * d, src + i * s, itemsize);
}

ALWAYS_INLINE void copy_line_of(char *dst, ptrdiff_t d, const char *src, ptrdiff_t s, ptrdiff_t n,
                                size_t itemsize)
{
    ptrdiff_t item = (ptrdiff_t)itemsize;
    if (d == item && s == 0) copy_items(dst, item, src, 0, n, itemsize);
    else if (d == item) copy_items(dst, item, src, s, n, itemsize);
    else if (s == item) copy_items(dst, d, src, item, n, itemsize);
    else copy_items(dst, d, src, s, n, itemsize);
}

static void copy_line(char *dst, ptrdiff_t d, const char *src, ptrdiff_t s, ptrdiff_t n, size_t itemsize)
{
    if (d == (ptrdiff_t)itemsize && s == d) {
        memcpy(dst, src, (size_t)n * itemsize);
        return;
    }
    switch (itemsize) {
    case 1: copy_line_of(dst, d, src, s, n, 1); break;
    case 2: copy_line_of(dst, d, src, s, n, 2); break;
    case 4: copy_line_of(dst, d, src, s, n, 4); break;
    case 8: copy_line_of(dst, d, src, s, n, 8); break;
    default: copy_items(dst, d, src, s, n, itemsize);
    }
}

typedef uint32_t four __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));

ALWAYS_INLINE void copy_4x4(char *dst, ptrdiff_t d, const char *src, ptrdiff_t s)
{
    four a[4], b[4];
    for (int i = 0; i < 4; i++) memcpy(&a[i], src + i * s, sizeof(four));
    for (int i = 0; i < 2; i++) {
        b[i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 4, 1, 5);
        b[i + 2] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 6, 3, 7);
    }
    for (int i = 0; i < 2; i++) {
        a[2 * i] = (four)__builtin_shufflevector((two)b[2 * i], (two)b[2 * i + 1], 0, 2);
        a[2 * i + 1] = (four)__builtin_shufflevector((two)b[2 * i], (two)b[2 * i + 1], 1, 3);
    }
    for (int i = 0; i < 4; i++) memcpy(dst + i * d, &a[i], sizeof(four));
}

ALWAYS_INLINE void copy_2x2(char *dst, ptrdiff_t d, const char *src, ptrdiff_t s)
{
    two a, b, low, high;
    memcpy(&a, src, sizeof a);
    memcpy(&b, src + s, sizeof b);
    low = __builtin_shufflevector(a, b, 0, 2);
    high = __builtin_shufflevector(a, b, 1, 3);
    memcpy(dst, &low, sizeof low);
    memcpy(dst + d, &high, sizeof high);
}

/* dst[i, j] = src[j, i]      dst: (rows, columns), rows d apart; src's rows s apart
 * Tile by tile, so that a cache line is used up before it is lost. */
ALWAYS_INLINE void copy_transposed_of(char *dst, ptrdiff_t d, const char *src, ptrdiff_t s, ptrdiff_t rows,
                                      ptrdiff_t columns, ptrdiff_t item)
{
    enum { TILE = 32 };
    const ptrdiff_t side = 16 / item;
    for (ptrdiff_t i0 = 0; i0 < rows; i0 += TILE) {
        for (ptrdiff_t j0 = 0; j0 < columns; j0 += TILE) {
            ptrdiff_t i1 = i0 + TILE < rows ? i0 + TILE : rows;
            ptrdiff_t j1 = j0 + TILE < columns ? j0 + TILE : columns, j = j0;
            for (; j + side <= j1; j += side) {
                char *to = dst + i0 * d + j * item;
                const char *from = src + j * s + i0 * item;
                ptrdiff_t i = i0;
                for (; i + side <= i1; i += side, to += side * d, from += side * item) {
                    if (item == 4) copy_4x4(to, d, from, s);
                    else copy_2x2(to, d, from, s);
                }
                for (; i < i1; i++, to += d, from += item) copy_items(to, item, from, s, side, (size_t)item);
            }
            for (; j < j1; j++)
                copy_items(dst + i0 * d + j * item, d, src + j * s + i0 * item, item, i1 - i0, (size_t)item);
        }
    }
}

static void copy_inner(const struct copy *c, char *dst, const char *src)
{
    int last = c->ndim - 1;
    if (c->runs == 2 && c->itemsize == 4)
        copy_transposed_of(dst, c->d[last - 1], src, c->s[last], c->n[last - 1], c->n[last], 4);
    else if (c->runs == 2)
        copy_transposed_of(dst, c->d[last - 1], src, c->s[last], c->n[last - 1], c->n[last], 8);
    else copy_line(dst, c->d[last], src, c->s[last], c->n[last], c->itemsize);
}

/* Calls copy_inner at every place of the outer axes. */
static void copy_walk(const struct copy *c)
{
    int outer = c->ndim - c->runs;
    ptrdiff_t at[AXES] = {0};
    char *dst = c->dst;
    const char *src = c->src;
    for (;;) {
        copy_inner(c, dst, src);
        int axis = outer - 1;
        for (; axis >= 0; axis--) {
            dst += c->d[axis];
            src += c->s[axis];
            if (++at[axis] < c->n[axis]) break;
            at[axis] = 0;
            dst -= c->d[axis] * c->n[axis];
            src -= c->s[axis] * c->n[axis];
        }
        if (axis < 0) return;
    }
}

static void copy_chunk(void *context, size_t chunk)
{
    struct copy part = *(const struct copy *)context;
    ptrdiff_t begin = (ptrdiff_t)chunk * part.grain, left = part.n[0] - begin;
    part.dst += begin * part.d[0];
    part.src += begin * part.s[0];
    part.n[0] = left < part.grain ? left : part.grain;
    copy_walk(&part);
}

static ptrdiff_t distance(ptrdiff_t stride) { return stride < 0 ? -stride : stride; }

/* Whether an axis takes smaller steps than those given, above all in dst */
static int copy_is_inside(const struct copy *c, int axis, ptrdiff_t d, ptrdiff_t s)
{
    if (distance(c->d[axis]) != distance(d)) return distance(c->d[axis]) < distance(d);
    return distance(c->s[axis]) < distance(s);
}

static void copy_move_axis(struct copy *c, int to, int from)
{
    c->d[to] = c->d[from], c->s[to] = c->s[from], c->n[to] = c->n[from];
}

void mg_copy_strided(char *dst, const ptrdiff_t *dst_strides, const char *src, const ptrdiff_t *src_strides,
                     const ptrdiff_t *shape, int ndim, size_t itemsize)
{
    struct copy c;
    c.dst = dst, c.src = src, c.itemsize = itemsize, c.ndim = 0;
    size_t total = itemsize;

    /* the axes that matter, the one with the farthest steps in dst first */
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) return;
        if (shape[i] == 1) continue;
        total *= (size_t)shape[i];
        int at = c.ndim++;
        for (; at > 0 && copy_is_inside(&c, at - 1, dst_strides[i], src_strides[i]); at--)
            copy_move_axis(&c, at, at - 1);
        c.d[at] = dst_strides[i], c.s[at] = src_strides[i], c.n[at] = shape[i];
    }
    /* forwards through dst */
    for (int i = 0; i < c.ndim; i++) {
        if (c.d[i] >= 0) continue;
        c.dst += c.d[i] * (c.n[i] - 1), c.src += c.s[i] * (c.n[i] - 1);
        c.d[i] = -c.d[i], c.s[i] = -c.s[i];
    }
    /* two axes that are walked like one become one */
    int kept = 0;
    for (int i = 1; i < c.ndim; i++) {
        if (c.d[kept] == c.d[i] * c.n[i] && c.s[kept] == c.s[i] * c.n[i]) {
            c.d[kept] = c.d[i], c.s[kept] = c.s[i], c.n[kept] *= c.n[i];
        } else {
            copy_move_axis(&c, ++kept, i);
        }
    }
    if (c.ndim) c.ndim = kept + 1;
    /* a short dense run is one larger item */
    int last = c.ndim - 1;
    if (last > 0 && c.d[last] == (ptrdiff_t)itemsize && c.s[last] == c.d[last] && c.n[last] <= 8) {
        size_t run = itemsize * (size_t)c.n[last];
        if (run == 2 || run == 4 || run == 8) c.itemsize = run, c.ndim = last--;
    }
    if (c.ndim == 0) {
        memcpy(c.dst, c.src, c.itemsize);
        return;
    }
    /* a transposition: dense in dst along the last axis, in src along another, which is
     * brought next to it */
    ptrdiff_t item = (ptrdiff_t)c.itemsize;
    c.runs = 1;
    if ((item == 4 || item == 8) && c.d[last] == item && c.s[last] != item && c.n[last] > 1) {
        for (int i = 0; i < last; i++) {
            if (c.s[i] != item) continue;
            ptrdiff_t d = c.d[i], n = c.n[i];
            for (int j = i; j < last - 1; j++) copy_move_axis(&c, j, j + 1);
            c.d[last - 1] = d, c.s[last - 1] = item, c.n[last - 1] = n;
            c.runs = 2;
            break;
        }
    }
    if (total < COPY_PARALLEL || c.n[0] < 2) {
        copy_walk(&c);
        return;
    }
    size_t per_step = total / (size_t)c.n[0];
    c.grain = per_step >= COPY_GRAIN ? 1 : (ptrdiff_t)(COPY_GRAIN / per_step);
    mg_parallel((size_t)((c.n[0] - 1) / c.grain + 1), copy_chunk, &c);
}

/* ---- broadcasting ------------------------------------------------------------------ */

enum {
    STRETCH = 1024,               /* elements that a stretched operand's buffer holds */
    SHORT = 128,                  /* an innermost axis shorter than this wants company */
    SHORTER = 16,                 /* even if an operand is to be stretched anew for it */
    BROADCAST_PARALLEL = 1 << 16, /* elements in all, and in a chunk, for the pool */
    BROADCAST_GRAIN = 1 << 14
};

struct operand {
    const char *data;
    ptrdiff_t step[AXES]; /* in bytes */
};

struct broadcast {
    mg_binary kernel;
    char *y;
    struct operand operand[2];
    ptrdiff_t n[AXES], itemsize, size;
    int ndim;
    ptrdiff_t grain; /* along axis 0, for the pool */
    int joins;       /* whether rows are taken several at a time */
};

/* One step that walks over whole rows of the operand: they follow each other evenly. */
static int broadcast_even(const struct broadcast *job, const ptrdiff_t *step)
{
    int last = job->ndim - 1;
    return step[last - 1] == step[last] * job->n[last];
}

/* `rows` rows of an operand, written out one after the other */
static void broadcast_stretch(char *buffer, const struct broadcast *job, const char *from,
                              const ptrdiff_t *step, ptrdiff_t rows)
{
    int last = job->ndim - 1;
    ptrdiff_t line = job->n[last] * job->itemsize;
    if (step[last - 1] == 0) { /* the same row: write it once, then double what is there */
        copy_line(buffer, job->itemsize, from, step[last], job->n[last], (size_t)job->itemsize);
        for (ptrdiff_t have = line, whole = rows * line; have < whole; have *= 2)
            memcpy(buffer + have, buffer, (size_t)(have < whole - have ? have : whole - have));
        return;
    }
    for (ptrdiff_t i = 0; i < rows; i++)
        copy_line(buffer + i * line, job->itemsize, from + i * step[last - 1], step[last], job->n[last],
                  (size_t)job->itemsize);
}

/* The last two axes, as many rows a call as the buffers hold. */
static void broadcast_rows(const struct broadcast *job, char *y, const char *const *from)
{
    _Alignas(64) char buffer[2][STRETCH * sizeof(double)];
    int last = job->ndim - 1;
    ptrdiff_t inner = job->n[last], rows = STRETCH / inner;
    const char *now[2] = {from[0], from[1]};
    int even[2];
    for (int k = 0; k < 2; k++) even[k] = broadcast_even(job, job->operand[k].step);
    for (ptrdiff_t i = 0; i < job->n[last - 1]; i += rows) {
        if (rows > job->n[last - 1] - i) rows = job->n[last - 1] - i;
        const char *x[2];
        ptrdiff_t step[2];
        for (int k = 0; k < 2; k++) {
            const ptrdiff_t *steps = job->operand[k].step;
            x[k] = even[k] ? now[k] : buffer[k];
            step[k] = even[k] ? steps[last] / job->itemsize : 1;
            if (!even[k] && (i == 0 || steps[last - 1] != 0))
                broadcast_stretch(buffer[k], job, now[k], steps, rows);
            now[k] += rows * steps[last - 1];
        }
        job->kernel(y, x[0], step[0], x[1], step[1], (size_t)(rows * inner));
        y += rows * inner * job->itemsize;
    }
}

static void broadcast_walk(const struct broadcast *job)
{
    int last = job->ndim - 1, outer = job->joins ? last - 1 : last;
    ptrdiff_t run = job->n[last] * (job->joins ? job->n[last - 1] : 1), at[AXES] = {0};
    const ptrdiff_t *a = job->operand[0].step, *b = job->operand[1].step;
    const char *from[2] = {job->operand[0].data, job->operand[1].data};
    for (char *y = job->y;; y += run * job->itemsize) {
        if (job->joins) broadcast_rows(job, y, from);
        else job->kernel(y, from[0], a[last] / job->itemsize, from[1], b[last] / job->itemsize, (size_t)run);
        int axis = outer - 1;
        for (; axis >= 0; axis--) {
            from[0] += a[axis];
            from[1] += b[axis];
            if (++at[axis] < job->n[axis]) break;
            at[axis] = 0;
            from[0] -= a[axis] * job->n[axis];
            from[1] -= b[axis] * job->n[axis];
        }
        if (axis < 0) return;
    }
}

static void broadcast_chunk(void *context, size_t chunk)
{
    struct broadcast part = *(const struct broadcast *)context;
    ptrdiff_t begin = (ptrdiff_t)chunk * part.grain, left = part.n[0] - begin;
    part.y += begin * (part.size / part.n[0]) * part.itemsize;
    for (int k = 0; k < 2; k++) part.operand[k].data += begin * part.operand[k].step[0];
    part.n[0] = left < part.grain ? left : part.grain;
    broadcast_walk(&part);
}

void mg_broadcast(mg_binary kernel, char *y, const char *a, const ptrdiff_t *a_strides, const char *b,
                  const ptrdiff_t *b_strides, const ptrdiff_t *shape, int ndim, size_t itemsize)
{
    struct broadcast job;
    ptrdiff_t *a_step = job.operand[0].step, *b_step = job.operand[1].step, *n = job.n;
    job.kernel = kernel, job.y = y, job.operand[0].data = a, job.operand[1].data = b;
    job.itemsize = (ptrdiff_t)itemsize, job.size = 1, job.ndim = 0;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) return;
        if (shape[i] == 1) continue;
        ptrdiff_t a_new = a_strides[i] * job.itemsize, b_new = b_strides[i] * job.itemsize;
        int at = job.ndim - 1;
        job.size *= shape[i];
        if (at >= 0 && a_step[at] == a_new * shape[i] && b_step[at] == b_new * shape[i]) n[at] *= shape[i];
        else n[at = job.ndim++] = shape[i];
        a_step[at] = a_new, b_step[at] = b_new;
    }
    if (job.ndim <= 1) {
        if (job.ndim == 0) a_step[0] = b_step[0] = job.itemsize, n[0] = 1;
        kernel(y, a, a_step[0] / job.itemsize, b, b_step[0] / job.itemsize, (size_t)n[0]);
        return;
    }
    /* Short rows: put many into one call. That costs a copy of every operand whose rows do
     * not follow each other evenly, once if they are all the same row. */
    int last = job.ndim - 1, fresh = 0;
    for (int k = 0; k < 2; k++)
        fresh |= !broadcast_even(&job, job.operand[k].step) && job.operand[k].step[last - 1] != 0;
    job.joins = n[last] < (fresh ? SHORTER : SHORT);
    if (job.size < BROADCAST_PARALLEL) {
        broadcast_walk(&job);
        return;
    }
    ptrdiff_t per_step = job.size / n[0];
    job.grain = per_step >= BROADCAST_GRAIN ? 1 : BROADCAST_GRAIN / per_step;
    mg_parallel((size_t)((n[0] - 1) / job.grain + 1), broadcast_chunk, &job);
}
