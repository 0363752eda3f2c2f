/* How reductions are shared out to the threads, and the first of them: sum and mean. wide.h says how they add. */

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
