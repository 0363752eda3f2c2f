/* Reductions: the largest and the smallest element, and where it is. */

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
