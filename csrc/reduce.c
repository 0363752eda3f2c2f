/* Reductions: sum and mean, the largest and the smallest; and the ground that softmax.c,
 * norm.c and optim.c stand on, sixteen doubles side by side and sums that keep their error.
 *
 * Every sum here is a fixed tree: sixteen logical lanes whatever the machine's vectors
 * hold, folded in halves; lanes into blocks, blocks into chunks, chunks into the total.
 * The cut depends on the shape alone. So the bits depend neither on the number of threads
 * nor on the instruction set.
 *
 * Float elements are added in double: a block's rounding stays under 2^-44 of the sum of
 * magnitudes, and the one rounding that shows is the last. Double elements are added
 * together with what each addition loses (Knuth's TwoSum),
 *
 *     s = a + b;  v = s - a;  error = (a - (s - v)) + (b - v)        s + error = a + b exactly
 *
 * and the errors' own sum joins at the end. An infinity makes the error NaN while s is
 * what plain summing gives; where the error is not finite, s alone is the answer. */

#include <float.h>

/* ---- sixteen doubles, on every machine ------------------------------------- */

enum { WIDE = 16, WIDE_PARTS = WIDE / VD_LANES, WIDE_LOADS = WIDE / V_LANES };

typedef struct {
    vdouble part[WIDE_PARTS];
} wide;

// clang-format off
/* The body once for each part k: straight-line code, so that the parts live in registers. */
#if V_BYTES == 64
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } } while (0)
#elif V_BYTES == 32
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } \
                             { enum { k = 2 }; body } { enum { k = 3 }; body } } while (0)
#else
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } \
                             { enum { k = 2 }; body } { enum { k = 3 }; body } \
                             { enum { k = 4 }; body } { enum { k = 5 }; body } \
                             { enum { k = 6 }; body } { enum { k = 7 }; body } } while (0)
#endif
// clang-format on

V_INLINE wide wide_set(double x)
{
    wide w;
    WIDE_EACH(w.part[k] = vd_set(x););
    return w;
}

V_INLINE wide wide_get(const double *p)
{
    wide w;
    WIDE_EACH(w.part[k] = vd_load(p + k * VD_LANES););
    return w;
}

V_INLINE void wide_put(double *p, wide w) { WIDE_EACH(vd_store(p + k * VD_LANES, w.part[k]);); }

V_INLINE wide wide_add(wide a, wide b)
{
    WIDE_EACH(a.part[k] += b.part[k];);
    return a;
}

V_INLINE wide wide_sub(wide a, wide b)
{
    WIDE_EACH(a.part[k] -= b.part[k];);
    return a;
}

V_INLINE wide wide_mul(wide a, wide b)
{
    WIDE_EACH(a.part[k] *= b.part[k];);
    return a;
}

V_INLINE wide wide_div(wide a, wide b)
{
    WIDE_EACH(a.part[k] /= b.part[k];);
    return a;
}

/* a where a > b, else b: b where either is NaN */
V_INLINE wide wide_larger(wide a, wide b)
{
    WIDE_EACH(a.part[k] = vd_max(a.part[k], b.part[k]););
    return a;
}

/* One part from elements, and back: part k is elements k VD_LANES and on. */
#if MG_DOUBLE
V_INLINE wide wide_load(const real *x) { return wide_get(x); }
V_INLINE void wide_store(real *x, wide w) { wide_put(x, w); }
V_INLINE wide wide_from(const vreal *v)
{
    wide w;
    WIDE_EACH(w.part[k] = v[k];);
    return w;
}
V_INLINE void wide_into(vreal *v, wide w) { WIDE_EACH(v[k] = w.part[k];); }
#else
/* one part: VD_LANES floats in memory (GCC 12 would convert the half vectors in two steps) */
V_INLINE vdouble wide_load_part(const real *x)
{
#if defined(__AVX512F__)
    return (vdouble)_mm512_cvtps_pd(_mm256_loadu_ps(x));
#elif defined(__AVX2__)
    return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(x));
#elif defined(__x86_64__)
    return (vdouble)_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)x)));
#else
    vfloat_half half;
    memcpy(&half, x, sizeof half);
    return __builtin_convertvector(half, vdouble);
#endif
}
V_INLINE void wide_store_part(real *x, vdouble v)
{
#if defined(__AVX512F__)
    _mm256_storeu_ps(x, _mm512_cvtpd_ps((__m512d)v));
#elif defined(__AVX2__)
    _mm_storeu_ps(x, _mm256_cvtpd_ps((__m256d)v));
#elif defined(__x86_64__)
    _mm_storel_epi64((__m128i *)x, _mm_castps_si128(_mm_cvtpd_ps((__m128d)v)));
#else
    vfloat_half half = __builtin_convertvector(v, vfloat_half);
    memcpy(x, &half, sizeof half);
#endif
}
V_INLINE wide wide_load(const real *x)
{
    wide w;
    WIDE_EACH(w.part[k] = wide_load_part(x + k * VD_LANES););
    return w;
}
V_INLINE void wide_store(real *x, wide w) { WIDE_EACH(wide_store_part(x + k * VD_LANES, w.part[k]);); }
V_INLINE wide wide_from(const vreal *v)
{
    wide w;
    WIDE_EACH(w.part[k] = k % 2 ? v_widen_high(v[k / 2]) : v_widen_low(v[k / 2]););
    return w;
}
V_INLINE void wide_into(vreal *v, wide w)
{
    WIDE_EACH(if (k % 2) v[k / 2] = v_narrow(w.part[k & ~1], w.part[k | 1]););
}
#endif

/* How many of the n elements fall into vector i */
V_INLINE size_t wide_share(size_t n, size_t i)
{
    size_t before = i * V_LANES;
    return n <= before ? 0 : n - before < V_LANES ? n - before : V_LANES;
}

/* The first n elements (0 <= n <= WIDE), 0 in the other lanes */
V_INLINE wide wide_load_first(const real *x, size_t n)
{
    vreal v[WIDE_LOADS];
    for (int i = 0; i < (int)WIDE_LOADS; i++) v[i] = v_load_first(x + i * V_LANES, wide_share(n, i));
    return wide_from(v);
}

V_INLINE void wide_store_first(real *x, wide w, size_t n)
{
    vreal v[WIDE_LOADS];
    wide_into(v, w);
    for (int i = 0; i < (int)WIDE_LOADS; i++) v_store_first(x + i * V_LANES, v[i], wide_share(n, i));
}

/* ---- sums that keep their error --------------------------------------------- */

/* s + lost = a + b exactly; for a number or a vector of them */
#define TWO_SUM(type, s, lost, a, b) \
    type s = (a) + (b); \
    type lost; \
    do { \
        type v_ = s - (a); \
        lost = ((a) - (s - v_)) + ((b) - v_); \
    } while (0)

struct total {
    double sum, error;
};

V_INLINE void total_add(struct total *t, struct total more)
{
    TWO_SUM(double, s, lost, t->sum, more.sum);
    t->error += lost + more.error;
    t->sum = s;
}

/* total / divisor, rounded once: the quotient q, then what is left of the total after q divisor */
V_INLINE double total_divided(struct total t, double divisor)
{
    double s = t.sum + t.error;
    if (!(fabs(t.error) <= DBL_MAX)) return t.sum / divisor;
    if (divisor == 1 || !MG_DOUBLE) return s / divisor;
    double q = s / divisor;
    double rest = fma(-q, divisor, s) + (t.error - (s - t.sum));
    double better = q + rest / divisor;
    return fabs(better) <= DBL_MAX ? better : q;
}

/* Sixteen running sums. In the float build the double sum needs no error beside it. */
struct wide_sum {
    wide sum;
#if MG_DOUBLE
    wide error;
#endif
};

V_INLINE struct wide_sum wide_sum_zero(void)
{
    struct wide_sum a;
    a.sum = wide_set(0);
#if MG_DOUBLE
    a.error = wide_set(0);
#endif
    return a;
}

V_INLINE void wide_sum_add(struct wide_sum *a, wide x)
{
#if MG_DOUBLE
    WIDE_EACH(TWO_SUM(vdouble, s, lost, a->sum.part[k], x.part[k]); a->error.part[k] += lost;
              a->sum.part[k] = s;);
#else
    a->sum = wide_add(a->sum, x);
#endif
}

/* The sixteen sums as they stand; where an error is not finite, the sum alone */
V_INLINE wide wide_sum_rounded(struct wide_sum a)
{
#if MG_DOUBLE
    WIDE_EACH(vint64 finite = a.error.part[k] - a.error.part[k] == 0.0;
              a.sum.part[k] += vd_select(finite, a.error.part[k], vd_set(0)););
#endif
    return a.sum;
}

/* Folded in halves: lane l takes lane l + 8, then l + 4, l + 2, l + 1. HALVE is one such step
 * inside a vector, from the type it has to the one half as long. */
typedef double vdouble4 __attribute__((vector_size(32)));
typedef double vdouble2 __attribute__((vector_size(16)));

V_INLINE struct total wide_sum_total(struct wide_sum a)
{
#if MG_DOUBLE
    for (int half = WIDE_PARTS / 2; half; half /= 2) {
        for (int k = 0; k < half; k++) {
            TWO_SUM(vdouble, s, lost, a.sum.part[k], a.sum.part[k + half]);
            a.error.part[k] = a.error.part[k] + (lost + a.error.part[k + half]);
            a.sum.part[k] = s;
        }
    }
#define HALVE(type, sum, error, from, from_error) \
    type sum, error, sum##_1, error##_1; \
    memcpy(&sum, &from, sizeof sum); \
    memcpy(&sum##_1, (const char *)&from + sizeof sum, sizeof sum); \
    memcpy(&error, &from_error, sizeof error); \
    memcpy(&error##_1, (const char *)&from_error + sizeof error, sizeof error); \
    TWO_SUM(type, sum##_2, sum##_lost, sum, sum##_1); \
    error = error + (sum##_lost + error##_1); \
    sum = sum##_2;
    vdouble s8 = a.sum.part[0], e8 = a.error.part[0];
#else
    for (int half = WIDE_PARTS / 2; half; half /= 2) {
        for (int k = 0; k < half; k++) a.sum.part[k] += a.sum.part[k + half];
    }
#define HALVE(type, sum, error, from, from_error) \
    type sum, sum##_1; \
    memcpy(&sum, &from, sizeof sum); \
    memcpy(&sum##_1, (const char *)&from + sizeof sum, sizeof sum); \
    sum += sum##_1;
    vdouble s8 = a.sum.part[0];
    double e1 = 0;
#endif
#if V_BYTES == 64
    HALVE(vdouble4, s4, e4, s8, e8)
    HALVE(vdouble2, s2, e2, s4, e4)
#elif V_BYTES == 32
    HALVE(vdouble2, s2, e2, s8, e8)
#else
    vdouble2 s2 = s8;
#if MG_DOUBLE
    vdouble2 e2 = e8;
#endif
#endif
    HALVE(double, s1, e1, s2, e2)
    return (struct total){s1, e1};
#undef HALVE
}

/* The sixteen added up, without their error */
V_INLINE double wide_total(wide w)
{
    struct wide_sum a = wide_sum_zero();
    a.sum = w;
    return wide_sum_total(a).sum;
}

/* Work is handed to the threads in chunks of about REDUCE_CHUNK elements. */
enum { REDUCE_CHUNK = 65536, REDUCE_BLOCK = 8192, REDUCE_PARTIALS = 1024, REDUCE_CHUNKS = 64 };

/* How many pieces to cut n rows of `width` into, when there are `outputs` results (or
 * groups of them) whose pieces must be kept: 1 where the outputs alone are enough work. */
static size_t reduce_pieces(size_t n, size_t width, size_t outputs)
{
    size_t pieces = outputs ? REDUCE_PARTIALS / outputs : 1;
    if (pieces > REDUCE_CHUNKS) pieces = REDUCE_CHUNKS;
    size_t enough = n / (width < REDUCE_CHUNK ? REDUCE_CHUNK / width : 1);
    if (pieces > enough) pieces = enough;
    return pieces > 1 ? pieces : 1;
}

/* piece k of n cut into `pieces`: starts here (and ends where k + 1 starts) */
V_INLINE size_t reduce_cut(size_t n, size_t pieces, size_t k)
{
    return n / pieces * k + (k < n % pieces ? k : n % pieces);
}

/* mg_parallel, or plain calls where there is but one */
V_INLINE void reduce_run(size_t chunks, void (*body)(void *context, size_t chunk), void *context)
{
    if (chunks == 1) body(context, 0);
    else if (chunks) mg_parallel(chunks, body, context);
}

/* ---- sum -------------------------------------------------------------------- */

/* The sum of a contiguous row */
static struct total reduce_row(const real *x, size_t n)
{
    struct total total = {0, 0};
    while (n) {
        size_t block = n < REDUCE_BLOCK ? n : REDUCE_BLOCK, i = 0;
        struct wide_sum a = wide_sum_zero();
#if !MG_DOUBLE
        for (; i + 4 * WIDE <= block; i += 4 * WIDE) {
            wide_sum_add(&a, wide_add(wide_add(wide_load(x + i), wide_load(x + i + WIDE)),
                                      wide_add(wide_load(x + i + 2 * WIDE), wide_load(x + i + 3 * WIDE))));
        }
#endif
        for (; i + WIDE <= block; i += WIDE) wide_sum_add(&a, wide_load(x + i));
        if (i < block) wide_sum_add(&a, wide_load_first(x + i, block - i));
        total_add(&total, wide_sum_total(a));
        x += block;
        n -= block;
    }
    return total;
}

enum { REDUCE_TILE = 128 }; /* columns summed side by side, their sums in the first cache */

/* sum[i] += the column i of x: (rows, width), rows `stride` apart; width <= REDUCE_TILE.
 * Four rows at a time. The arrays have room for a whole number of wides. */
static void reduce_columns(double *sum, double *error, const real *x, size_t stride, size_t rows,
                           size_t width)
{
    (void)error;
    for (size_t j = 0; j < rows; j += 4, x += 4 * stride) {
        size_t n = rows - j < 4 ? rows - j : 4;
        for (size_t i = 0; i < width; i += WIDE) {
            struct wide_sum a;
            a.sum = wide_get(sum + i);
#if MG_DOUBLE
            a.error = wide_get(error + i);
#endif
            if (i + WIDE <= width && n == 4) {
                wide r0 = wide_load(x + i), r1 = wide_load(x + i + stride);
                wide r2 = wide_load(x + i + 2 * stride), r3 = wide_load(x + i + 3 * stride);
#if MG_DOUBLE
                wide_sum_add(&a, r0);
                wide_sum_add(&a, r1);
                wide_sum_add(&a, r2);
                wide_sum_add(&a, r3);
#else
                wide_sum_add(&a, wide_add(wide_add(r0, r1), wide_add(r2, r3)));
#endif
            } else {
                size_t w = width - i < WIDE ? width - i : WIDE;
#if MG_DOUBLE
                for (size_t r = 0; r < n; r++) wide_sum_add(&a, wide_load_first(x + i + r * stride, w));
#else
                wide zero = wide_set(0);
                wide r0 = wide_load_first(x + i, w);
                wide r1 = n > 1 ? wide_load_first(x + i + stride, w) : zero;
                wide r2 = n > 2 ? wide_load_first(x + i + 2 * stride, w) : zero;
                wide r3 = n > 3 ? wide_load_first(x + i + 3 * stride, w) : zero;
                wide_sum_add(&a, wide_add(wide_add(r0, r1), wide_add(r2, r3)));
#endif
            }
            wide_put(sum + i, a.sum);
#if MG_DOUBLE
            wide_put(error + i, a.error);
#endif
        }
    }
}

struct reduce_job {
    real *y;
    const real *x;
    size_t outer, n, inner;
    double divisor;
    size_t tiles, pieces, group; /* tiles of inner; pieces of n; (outer, tile) pairs to a chunk */
    struct total *partial;       /* (pieces, outer, inner) where n is cut */
};

/* The sums of rows [from, to) of one tile of columns, in sum[0 .. width) and error[0 .. width), which have room
 * for REDUCE_TILE */
static void reduce_sum_tile(double *sum, double *error, const struct reduce_job *job, size_t o, size_t column,
                            size_t width, size_t from, size_t to)
{
    const real *x = job->x + (o * job->n + from) * job->inner + column;
    size_t rows = to - from;
    if (job->inner == 1) {
        struct total t = reduce_row(x, rows);
        *sum = t.sum, *error = t.error;
        return;
    }
    /* Narrow rows are taken several as one, which fills the vectors; the several are then
     * added up. */
    size_t several = 4 * WIDE / job->inner;
    if (several > rows) several = rows;
    const size_t together = several < 2 ? width : several * width;
    /* no more than is used, or read with it: all of it takes as long as a few rows */
    const size_t used = ((together + WIDE - 1) / WIDE + (several > 1)) * WIDE * sizeof *sum;
    memset(sum, 0, used);
    memset(error, 0, used);
    if (several < 2) {
        reduce_columns(sum, error, x, job->inner, rows, width);
        return;
    }
    size_t whole = rows / several;
    reduce_columns(sum, error, x, together, whole, together);
    if (rows % several) reduce_columns(sum, error, x + whole * together, 0, 1, rows % several * width);
#if MG_DOUBLE
    for (size_t i = 0; i < width; i++) {
        struct total t = {sum[i], error[i]};
        for (size_t s = 1; s < several; s++)
            total_add(&t, (struct total){sum[s * width + i], error[s * width + i]});
        sum[i] = t.sum, error[i] = t.error;
    }
#else
    for (size_t i = 0; i < width; i += WIDE) { /* what goes beyond width is not asked for again */
        wide t = wide_get(sum + i);
        for (size_t s = 1; s < several; s++) t = wide_add(t, wide_get(sum + s * width + i));
        wide_put(sum + i, t);
    }
#endif
}

/* y = (sum + error) / divisor, `width` of them */
static void reduce_finish(real *y, const double *sum, const double *error, size_t width, double divisor,
                          size_t inner)
{
    size_t i = 0;
    if (!MG_DOUBLE && inner > 1) { /* without error */
        for (const wide by = wide_set(divisor); i + WIDE <= width; i += WIDE)
            wide_store(y + i, wide_div(wide_get(sum + i), by));
    }
    for (; i < width; i++) y[i] = (real)total_divided((struct total){sum[i], error[i]}, divisor);
}

static void reduce_sum_chunk(void *context, size_t chunk)
{
    const struct reduce_job *job = context;
    size_t units = job->outer * job->tiles, piece = 0, from = 0, to = job->n;
    size_t unit = chunk * job->group, last = unit + job->group < units ? unit + job->group : units;
    if (job->pieces > 1) {
        piece = chunk % job->pieces;
        unit = chunk / job->pieces;
        last = unit + 1;
        from = reduce_cut(job->n, job->pieces, piece);
        to = reduce_cut(job->n, job->pieces, piece + 1);
    }
    for (; unit < last; unit++) {
        size_t o = unit / job->tiles, column = unit % job->tiles * REDUCE_TILE;
        size_t width = job->inner - column < REDUCE_TILE ? job->inner - column : REDUCE_TILE;
        double sum[REDUCE_TILE], error[REDUCE_TILE];
        reduce_sum_tile(sum, error, job, o, column, width, from, to);
        size_t at = o * job->inner + column;
        if (job->pieces > 1) {
            struct total *partial = job->partial + piece * job->outer * job->inner + at;
            for (size_t i = 0; i < width; i++) partial[i] = (struct total){sum[i], error[i]};
        } else {
            reduce_finish(job->y + at, sum, error, width, job->divisor, job->inner);
        }
    }
}

static void mg_sum(real *y, const real *x, size_t outer, size_t n, size_t inner, double divisor)
{
    size_t outputs = outer * inner;
    if (!outputs) return;
    struct total partial[REDUCE_PARTIALS];
    struct reduce_job job = {y,
                             x,
                             outer,
                             n,
                             inner,
                             divisor,
                             (inner + REDUCE_TILE - 1) / REDUCE_TILE,
                             reduce_pieces(n, inner, outputs),
                             1,
                             partial};
    size_t units = outer * job.tiles, tile = inner < REDUCE_TILE ? inner : REDUCE_TILE;
    if (job.pieces > 1) {
        reduce_run(units * job.pieces, reduce_sum_chunk, &job);
        for (size_t i = 0; i < outputs; i++) {
            struct total t = partial[i];
            for (size_t piece = 1; piece < job.pieces; piece++) total_add(&t, partial[piece * outputs + i]);
            y[i] = (real)total_divided(t, divisor);
        }
        return;
    }
    job.group = n * tile < REDUCE_CHUNK ? REDUCE_CHUNK / (n * tile + 1) : 1;
    reduce_run((units + job.group - 1) / job.group, reduce_sum_chunk, &job);
}

/* ---- the largest and the smallest --------------------------------------------- */

/* Is v to be taken instead of best? Where v is NaN and best is not, or v goes beyond best. */
V_INLINE int extreme_beats(real v, real best, int smallest)
{
    return (smallest ? v < best : v > best) || (v != v && best == best);
}

enum { EXTREME_BLOCK = 1024 };

/* The lane's larger (smaller); e where either is NaN */
V_INLINE vreal extreme_of(vreal v, vreal e, int smallest)
{
#if MG_DOUBLE
    return smallest ? vd_min(v, e) : vd_max(v, e);
#elif defined(__AVX512F__)
    return (vreal)(smallest ? _mm512_min_ps((__m512)v, (__m512)e) : _mm512_max_ps((__m512)v, (__m512)e));
#elif defined(__AVX2__)
    return (vreal)(smallest ? _mm256_min_ps((__m256)v, (__m256)e) : _mm256_max_ps((__m256)v, (__m256)e));
#elif defined(__x86_64__)
    return (vreal)(smallest ? _mm_min_ps((__m128)v, (__m128)e) : _mm_max_ps((__m128)v, (__m128)e));
#else
    return v_select(smallest ? v < e : v > e, v, e);
#endif
}

/* The first index of the extreme of a contiguous row. A block's extreme is found without
 * its place; the place is looked up once, in the first block that has the extreme. The
 * vectors pass NaN over, but it shows in a sum beside them (as may inf - inf, or an
 * overflow): such a block is gone through again, one by one. */
V_INLINE size_t extreme_row(const real *x, size_t n, int smallest)
{
    if (n < 32) {
        size_t at = 0;
        for (size_t j = 1; j < n; j++) at = extreme_beats(x[j], x[at], smallest) ? j : at;
        return at;
    }
    real best = x[0];
    size_t start = 0;
    for (size_t b = 0; b < n && best == best; b += EXTREME_BLOCK) {
        size_t end = n - b < EXTREME_BLOCK ? n : b + EXTREME_BLOCK, j = b;
        vreal e0 = v_set(x[b]), e1 = e0, sum = v_set(0);
        for (; j + 2 * V_LANES <= end; j += 2 * V_LANES) {
            vreal v0 = v_load(x + j), v1 = v_load(x + j + V_LANES);
            e0 = extreme_of(v0, e0, smallest);
            e1 = extreme_of(v1, e1, smallest);
            sum += v0 + v1;
        }
        real e = x[b];
        int doubt = 0;
        e0 = extreme_of(e1, e0, smallest);
        for (int l = 0; l < (int)V_LANES; l++) {
            e = extreme_beats(e0[l], e, smallest) ? e0[l] : e;
            doubt |= sum[l] != sum[l];
        }
        if (doubt) j = b;
        for (; j < end; j++) e = extreme_beats(x[j], e, smallest) ? x[j] : e;
        if (extreme_beats(e, best, smallest)) {
            best = e;
            start = b;
        }
    }
    size_t at = start;
    while (!(x[at] == best || (best != best && x[at] != x[at]))) at++;
    return at;
}

/* y[i], at[i] over the column i of x: (n, width), rows `stride` apart; width <= REDUCE_TILE */
V_INLINE void extreme_columns(real *y, int64_t *at, const real *x, size_t stride, size_t n, size_t width,
                              int smallest)
{
    real best[REDUCE_TILE];
    int64_t place[REDUCE_TILE] = {0};
    memcpy(best, x, width * sizeof *best);
    /* The lanes' own integers count rows only this far at a time. */
    enum { FAR = 1 << 24 };
    for (size_t base = 0; base < n; base += FAR) {
        size_t end = n - base < FAR ? n : base + FAR;
        mask_lane index[REDUCE_TILE];
        for (size_t i = 0; i < width; i++) index[i] = -1;
        for (size_t j = base ? base : 1; j < end; j++) {
            const real *row = x + j * stride;
            vmask here = (vmask){0} + (mask_lane)(j - base);
            size_t i = 0;
            for (; i + V_LANES <= width; i += V_LANES) {
                vreal v = v_load(row + i), b = v_load(best + i);
                vmask was, better = (smallest ? v < b : v > b) | ((v != v) & (b == b));
                memcpy(&was, index + i, sizeof was);
                was = (here & better) | (was & ~better);
                v_store(best + i, v_select(better, v, b));
                memcpy(index + i, &was, sizeof was);
            }
            for (; i < width; i++) {
                int better = extreme_beats(row[i], best[i], smallest);
                best[i] = better ? row[i] : best[i];
                index[i] = better ? (mask_lane)(j - base) : index[i];
            }
        }
        for (size_t i = 0; i < width; i++) {
            if (index[i] >= 0) place[i] = (int64_t)base + index[i];
        }
    }
    memcpy(y, best, width * sizeof *best);
    if (at) memcpy(at, place, width * sizeof *place);
}

struct extreme_job {
    real *y;
    int64_t *at;
    const real *x;
    size_t outer, n, inner;
    size_t tiles, pieces, group;
    size_t *partial; /* (outer, pieces), where rows (inner = 1) are cut */
};

V_INLINE void extreme_chunk(const struct extreme_job *job, size_t chunk, int smallest)
{
    if (job->pieces > 1) {
        size_t o = chunk / job->pieces, piece = chunk % job->pieces;
        size_t from = reduce_cut(job->n, job->pieces, piece), to = reduce_cut(job->n, job->pieces, piece + 1);
        job->partial[chunk] = from + extreme_row(job->x + o * job->n + from, to - from, smallest);
        return;
    }
    size_t units = job->outer * job->tiles;
    size_t unit = chunk * job->group, last = unit + job->group < units ? unit + job->group : units;
    for (; unit < last; unit++) {
        if (job->inner == 1) {
            const real *row = job->x + unit * job->n;
            size_t first = extreme_row(row, job->n, smallest);
            job->y[unit] = row[first];
            if (job->at) job->at[unit] = (int64_t)first;
            continue;
        }
        size_t o = unit / job->tiles, column = unit % job->tiles * REDUCE_TILE;
        size_t width = job->inner - column < REDUCE_TILE ? job->inner - column : REDUCE_TILE;
        size_t to = o * job->inner + column;
        extreme_columns(job->y + to, job->at ? job->at + to : NULL, job->x + o * job->n * job->inner + column,
                        job->inner, job->n, width, smallest);
    }
}

static void extreme_largest_chunk(void *context, size_t chunk) { extreme_chunk(context, chunk, 0); }
static void extreme_smallest_chunk(void *context, size_t chunk) { extreme_chunk(context, chunk, 1); }

static void extreme_run(real *y, int64_t *at, const real *x, size_t outer, size_t n, size_t inner,
                        int smallest)
{
    if (!outer || !inner || !n) return;
    size_t partial[REDUCE_PARTIALS];
    struct extreme_job job = {y,
                              at,
                              x,
                              outer,
                              n,
                              inner,
                              (inner + REDUCE_TILE - 1) / REDUCE_TILE,
                              inner == 1 ? reduce_pieces(n, 1, outer) : 1,
                              1,
                              partial};
    void (*body)(void *, size_t) = smallest ? extreme_smallest_chunk : extreme_largest_chunk;
    if (job.pieces > 1) {
        reduce_run(outer * job.pieces, body, &job);
        for (size_t o = 0; o < outer; o++) {
            const real *row = x + o * n;
            size_t best = partial[o * job.pieces];
            for (size_t piece = 1; piece < job.pieces; piece++) {
                size_t other = partial[o * job.pieces + piece];
                if (extreme_beats(row[other], row[best], smallest)) best = other;
            }
            y[o] = row[best];
            if (at) at[o] = (int64_t)best;
        }
        return;
    }
    size_t units = outer * job.tiles, tile = inner < REDUCE_TILE ? inner : REDUCE_TILE;
    job.group = n * tile < REDUCE_CHUNK ? REDUCE_CHUNK / (n * tile) : 1;
    reduce_run((units + job.group - 1) / job.group, body, &job);
}

static void mg_amax(real *y, int64_t *at, const real *x, size_t outer, size_t n, size_t inner)
{
    extreme_run(y, at, x, outer, n, inner, 0);
}

static void mg_amin(real *y, int64_t *at, const real *x, size_t outer, size_t n, size_t inner)
{
    extreme_run(y, at, x, outer, n, inner, 1);
}
