/* Normalisation: by channels over the batch (this half), and by rows (the second half).
 *
 * Batch normalisation (Ioffe and Szegedy, 2015).
 *
 * For one channel with values x_1 .. x_N (all samples, all inner places),
 *
 *     mean = sum(x) / N      var = sum((x - mean)^2) / N      rstd = 1 / sqrt(var + eps)
 *     xhat = (x - mean) rstd      y = weight xhat + bias
 *
 * The gradient. weight and bias stand plainly in y:
 *
 *     dbias = sum(dy)      dweight = sum(dy xhat)      dxhat = weight dy
 *
 * x_j reaches xhat_i by three ways: directly (i = j), through mean, and through rstd.
 *
 *     dmean/dx_j = 1 / N
 *     dvar/dx_j  = (2 / N) (x_j - mean)                       [sum(x - mean) = 0 kills the rest]
 *     drstd/dx_j = -1/2 rstd^3 dvar/dx_j = -(1 / N) rstd^2 xhat_j
 *
 *     dxhat_i/dx_j = rstd (d_ij - 1 / N) + (x_i - mean) drstd/dx_j
 *                  = rstd (d_ij - 1 / N - xhat_i xhat_j / N)
 *
 * Summed against dxhat_i,
 *
 *     dx_j = weight rstd (dy_j - sum(dy) / N - xhat_j sum(dy xhat) / N)
 *          = weight rstd (dy_j - dbias / N - xhat_j dweight / N)
 *
 * so dx has no component along 1 and none along xhat: shifting or scaling the input does
 * not change the output, and the gradient knows it.
 *
 * Statistics. E[x^2] - mean^2 would lose all digits where mean is large beside the spread.
 * Shifted data do not: for d = x - k with any k near the data,
 *
 *     mean = k + sum(d) / N      var = sum(d^2) / N - (sum(d) / N)^2
 *
 * exactly, and what cancels in var is (mean - k)^2. For double, k is the mean itself as a
 * first pass finds it; the second pass removes that mean's own rounding (Chan, Golub and
 * LeVeque, 1983). For float, k is the channel's first value, and one pass does: that value
 * is in the sample, so (mean - k)^2 <= N var, and in double arithmetic, where x - k is exact,
 * var is off by N 2^-53 of itself at the very worst, which no float sees. (Measured: 128 x 100
 * in two thirds of the time that two passes take.)
 *
 * All of it is in double, also for float, and double elements are summed with their error
 * (see reduce.c). */

/* What is summed over a channel: first and second */
enum norm_sums { NORM_X, NORM_CENTRED, NORM_GRADIENT };
/*   NORM_X         x
 *   NORM_CENTRED   x - mean     (x - mean)^2
 *   NORM_GRADIENT  dy           dy (x - mean)                                     */

enum { NORM_TILE = 128, NORM_ROWS = 8, NORM_PARTIALS = 512, NORM_CHUNK = 32768, NORM_LEAST = 6144 };

struct norm_job {
    const real *x, *dy, *weight, *bias;
    const real *relu; /* backward: the output, if it went through max(., 0): dy counts where it is > 0 */
    real *y;          /* the output; in backward dx */
    int cut;          /* forward: y goes through max(., 0) */
    real *dweight, *dbias;
    double *mean, *var; /* results of the statistics */
    const double *mean_in, *rstd;
    size_t outer, channels, inner;
    size_t tile, tiles, pieces, group; /* channels in a tile; tiles; pieces of outer; tiles (or, in
                                          norm_apply_chunk, pieces of tiles) to a chunk */
    enum norm_sums sums;
    struct total (*partial)[2]; /* (pieces, channels): first and second */
};

/* Adds one sixteen's terms. */
V_INLINE void norm_add(struct wide_sum *first, struct wide_sum *second, wide x, wide dy, wide mean,
                       enum norm_sums sums)
{
    if (sums == NORM_X) {
        first->sum = wide_add(first->sum, x); /* to be put right by the second pass */
        return;
    }
    wide d = wide_sub(x, mean);
    wide_sum_add(first, sums == NORM_CENTRED ? d : dy);
    wide_sum_add(second, wide_mul(d, sums == NORM_CENTRED ? d : dy));
}

V_INLINE struct wide_sum norm_get(const double *sum, const double *error)
{
    struct wide_sum a;
    a.sum = wide_get(sum);
    (void)error;
#if MG_DOUBLE
    a.error = wide_get(error);
#endif
    return a;
}

V_INLINE void norm_put(double *sum, double *error, struct wide_sum a)
{
    wide_put(sum, a.sum);
    (void)error;
#if MG_DOUBLE
    wide_put(error, a.error);
#endif
}

/* The first n of sixteen, or all of them */
V_INLINE wide norm_load_first(const real *p, size_t n)
{
    return n >= WIDE ? wide_load(p) : wide_load_first(p, n);
}

/* The gradient of the first n of sixteen outputs; of 0, where these went through max(., 0) and are not > 0 */
V_INLINE wide norm_gradient(const real *dy, const real *relu, size_t n)
{
    wide g = norm_load_first(dy, n);
    if (relu) {
        const wide y = norm_load_first(relu, n);
        WIDE_EACH(g.part[k] = vd_select(y.part[k] > 0.0, g.part[k], vd_set(0)););
    }
    return g;
}

/* inner = 1: rows of channels. out[i] = the two sums of column i over `rows` rows, width <= NORM_TILE */
V_INLINE void norm_sum_columns(struct total (*out)[2], const real *x, const real *dy, const real *relu,
                               const double *mean, size_t stride, size_t rows, size_t width,
                               enum norm_sums sums)
{
    double sum[2][NORM_TILE] = {{0}}, error[2][NORM_TILE] = {{0}}, shift[NORM_TILE] = {0};
    if (sums != NORM_X) memcpy(shift, mean, width * sizeof *shift);
    for (size_t j = 0; j < rows; j += 8) {
        size_t end = rows - j < 8 ? rows : j + 8;
        for (size_t i = 0; i < width; i += WIDE) {
            struct wide_sum first = norm_get(sum[0] + i, error[0] + i);
            struct wide_sum second = norm_get(sum[1] + i, error[1] + i);
            wide m = wide_get(shift + i);
            if (i + WIDE <= width) {
                for (size_t r = j; r < end; r++) {
                    wide v = wide_load(x + r * stride + i);
                    wide g = v;
                    if (sums == NORM_GRADIENT)
                        g = norm_gradient(dy + r * stride + i, relu ? relu + r * stride + i : NULL, WIDE);
                    norm_add(&first, &second, v, g, m, sums);
                }
            } else {
                for (size_t r = j; r < end; r++) {
                    wide v = wide_load_first(x + r * stride + i, width - i);
                    wide g = v;
                    if (sums == NORM_GRADIENT)
                        g = norm_gradient(dy + r * stride + i, relu ? relu + r * stride + i : NULL,
                                          width - i);
                    norm_add(&first, &second, v, g, m, sums);
                }
            }
            norm_put(sum[0] + i, error[0] + i, first);
            norm_put(sum[1] + i, error[1] + i, second);
        }
    }
    for (size_t i = 0; i < width; i++) {
        out[i][0] = (struct total){sum[0][i], error[0][i]};
        out[i][1] = (struct total){sum[1][i], error[1][i]};
    }
}

/* inner > 1: the two sums of one channel over `rows` contiguous stretches of `inner`, `stride` apart.
 * What does not fill a sixteen is added one by one. */
V_INLINE void norm_sum_channel(struct total *out, const real *x, const real *dy, double mean, size_t stride,
                               size_t rows, size_t inner, enum norm_sums sums)
{
    out[0] = out[1] = (struct total){0, 0};
    wide m = wide_set(mean);
    struct wide_sum first = wide_sum_zero(), second = wide_sum_zero();
    size_t since = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t i = r * stride, end = i + inner;
        for (; i + WIDE <= end; i += WIDE) {
            wide v = wide_load(x + i);
            norm_add(&first, &second, v, sums == NORM_GRADIENT ? wide_load(dy + i) : v, m, sums);
            if ((since += WIDE) >= REDUCE_BLOCK) {
                total_add(&out[0], wide_sum_total(first));
                total_add(&out[1], wide_sum_total(second));
                first = second = wide_sum_zero();
                since = 0;
            }
        }
        for (; i < end; i++) {
            double d = (double)x[i] - mean;
            double a = sums == NORM_X ? (double)x[i] : sums == NORM_CENTRED ? d : (double)dy[i];
            total_add(&out[0], (struct total){a, 0});
            if (sums != NORM_X) total_add(&out[1], (struct total){d * a, 0});
        }
    }
    total_add(&out[0], wide_sum_total(first));
    total_add(&out[1], wide_sum_total(second));
}

/* What the sums are for: means, variances, or the parameters' gradients of `width` channels. */
static void norm_finish(const struct norm_job *job, struct total (*sums)[2], size_t channel, size_t width)
{
    double count = (double)(job->outer * job->inner);
    for (size_t i = 0; i < width; i++) {
        size_t c = channel + i;
        double first = total_divided(sums[i][0], 1), second = total_divided(sums[i][1], 1);
        if (job->sums == NORM_X) {
            job->mean[c] = total_divided(sums[i][0], count);
        } else if (job->sums == NORM_CENTRED) {
            double off = first / count, var = total_divided(sums[i][1], count) - off * off;
            job->mean[c] += off;
            job->var[c] = var < 0 ? 0 : var;
        } else {
            if (job->dweight) job->dweight[c] = (real)(second * job->rstd[c]);
            if (job->dbias) job->dbias[c] = (real)first;
        }
    }
}

/* y = (x - mean) scale + shift; or dx = dy slope + (x - mean) scale + shift: sixteen channels' numbers */
struct norm_numbers {
    wide mean, slope, scale, shift;
};

/* and a tile's, for more rows than are applied at a time */
struct norm_line {
    double mean[NORM_TILE], slope[NORM_TILE], scale[NORM_TILE], shift[NORM_TILE];
};

/* The first n <= WIDE of p; the rest 0 */
V_INLINE wide norm_get_first(const double *p, size_t n)
{
    if (n >= WIDE) return wide_get(p);
    double x[WIDE] = {0};
    memcpy(x, p, n * sizeof *x);
    return wide_get(x);
}

/* The numbers of channels [c, c + n), and their sums if it is backward. (One channel at a time, a row of 100 spent
 * two thirds of its time here.) */
V_INLINE struct norm_numbers norm_numbers_of(const struct norm_job *job, struct total (*sums)[2], size_t c,
                                             size_t n)
{
    const wide rstd = norm_get_first(job->rstd + c, n);
    struct norm_numbers a = {.mean = norm_get_first(job->mean_in + c, n)};
    a.slope = job->weight ? wide_mul(rstd, norm_load_first(job->weight + c, n)) : rstd;
    if (!sums) {
        a.scale = a.slope, a.shift = job->bias ? norm_load_first(job->bias + c, n) : wide_set(0);
        return a;
    }
    const wide count = wide_set((double)(job->outer * job->inner));
    double first[WIDE] = {0}, second[WIDE] = {0};
    for (size_t k = 0; k < (n < WIDE ? n : WIDE); k++) {
        first[k] = total_divided(sums[k][0], 1);
        second[k] = total_divided(sums[k][1], 1);
    }
    const wide minus = wide_sub(wide_set(0), a.slope);
    a.scale = wide_mul(wide_mul(minus, rstd), wide_div(wide_mul(wide_get(second), rstd), count));
    a.shift = wide_mul(minus, wide_div(wide_get(first), count));
    return a;
}

static void norm_lines(struct norm_line *line, const struct norm_job *job, struct total (*sums)[2],
                       size_t channel, size_t width)
{
    for (size_t i = 0; i < width; i += WIDE) {
        const struct norm_numbers a = norm_numbers_of(job, sums ? sums + i : NULL, channel + i, width - i);
        wide_put(line->mean + i, a.mean);
        wide_put(line->slope + i, a.slope);
        wide_put(line->scale + i, a.scale);
        wide_put(line->shift + i, a.shift);
    }
}

V_INLINE wide norm_value(wide x, wide dy, wide mean, wide slope, wide scale, wide shift, int backward)
{
    wide y = wide_add(wide_mul(wide_sub(x, mean), scale), shift);
    return backward ? wide_add(wide_mul(dy, slope), y) : y;
}

/* max(., 0); NaN stays. What is below 0 in double is not above it in float. */
V_INLINE wide norm_cut(wide y)
{
    WIDE_EACH(y.part[k] = vd_select(y.part[k] < 0.0, vd_set(0), y.part[k]););
    return y;
}

/* The first n channels, at most sixteen, of `rows` rows */
V_INLINE void norm_apply_wide(real *y, const real *x, const real *dy, const real *relu, struct norm_numbers a,
                              size_t stride, size_t rows, size_t n, int backward, int cut)
{
    const size_t count = n < WIDE ? n : WIDE;
    for (size_t r = 0; r < rows * stride; r += stride) {
        wide v = norm_load_first(x + r, count), g = v;
        if (backward) g = norm_gradient(dy + r, relu ? relu + r : NULL, count);
        v = norm_value(v, g, a.mean, a.slope, a.scale, a.shift, backward);
        if (cut) v = norm_cut(v);
        if (count == WIDE) wide_store(y + r, v);
        else wide_store_first(y + r, v, count);
    }
}

/* rows of channels (inner = 1), `width` of them, NORM_ROWS rows to a load of the line's numbers */
V_INLINE void norm_apply_columns(real *y, const real *x, const real *dy, const real *relu,
                                 const struct norm_line *line, size_t stride, size_t rows, size_t width,
                                 int backward, int cut)
{
    for (size_t j = 0; j < rows; j += NORM_ROWS) {
        const size_t some = rows - j < NORM_ROWS ? rows - j : NORM_ROWS;
        for (size_t i = 0; i < width; i += WIDE) {
            const size_t at = j * stride + i;
            const struct norm_numbers a = {wide_get(line->mean + i), wide_get(line->slope + i),
                                           wide_get(line->scale + i), wide_get(line->shift + i)};
            const real *from = backward ? dy + at : NULL, *cuts = relu ? relu + at : NULL;
            if (width - i >= WIDE)
                norm_apply_wide(y + at, x + at, from, cuts, a, stride, some, WIDE, backward, cut);
            else norm_apply_wide(y + at, x + at, from, cuts, a, stride, some, width - i, backward, cut);
        }
    }
}

/* so few that the numbers need no line: forward only (1 x 100: half the instructions) */
V_INLINE void norm_apply_few(real *y, const real *x, const struct norm_job *job, size_t channel,
                             size_t stride, size_t rows, size_t width)
{
    for (size_t i = 0; i < width; i += WIDE) {
        const size_t n = width - i;
        if (n >= WIDE)
            norm_apply_wide(y + i, x + i, NULL, NULL, norm_numbers_of(job, NULL, channel + i, WIDE), stride,
                            rows, WIDE, 0, job->cut);
        else
            norm_apply_wide(y + i, x + i, NULL, NULL, norm_numbers_of(job, NULL, channel + i, n), stride,
                            rows, n, 0, job->cut);
    }
}

/* one channel's contiguous stretches */
V_INLINE void norm_apply_channel(real *y, const real *x, const real *dy, const struct norm_line *line,
                                 size_t at, size_t stride, size_t rows, size_t inner, int backward)
{
    wide mean = wide_set(line->mean[at]), slope = wide_set(line->slope[at]);
    wide scale = wide_set(line->scale[at]), shift = wide_set(line->shift[at]);
    for (size_t r = 0; r < rows; r++) {
        size_t i = r * stride, end = i + inner;
        for (; i + WIDE <= end; i += WIDE) {
            wide v = wide_load(x + i), g = backward ? wide_load(dy + i) : v;
            wide_store(y + i, norm_value(v, g, mean, slope, scale, shift, backward));
        }
        if (i < end) {
            wide v = wide_load_first(x + i, end - i), g = backward ? wide_load_first(dy + i, end - i) : v;
            wide_store_first(y + i, norm_value(v, g, mean, slope, scale, shift, backward), end - i);
        }
    }
}

/* ---- the walk: a unit is a tile of channels (inner = 1) or one channel ----------- */

V_INLINE void norm_sums_of(struct total (*out)[2], const struct norm_job *job, size_t channel, size_t width,
                           size_t from, size_t to, enum norm_sums sums)
{
    size_t stride = job->channels * job->inner, at = from * stride + channel * job->inner;
    const real *dy = sums == NORM_GRADIENT ? job->dy + at : NULL;
    const real *relu = sums == NORM_GRADIENT && job->relu ? job->relu + at : NULL;
    const double *mean = sums == NORM_CENTRED    ? job->mean + channel
                         : sums == NORM_GRADIENT ? job->mean_in + channel
                                                 : NULL;
    if (job->inner == 1) norm_sum_columns(out, job->x + at, dy, relu, mean, stride, to - from, width, sums);
    else norm_sum_channel(out[0], job->x + at, dy, mean ? *mean : 0, stride, to - from, job->inner, sums);
}

static void norm_sums(struct total (*out)[2], const struct norm_job *job, size_t channel, size_t width,
                      size_t from, size_t to)
{
    if (job->sums == NORM_X) norm_sums_of(out, job, channel, width, from, to, NORM_X);
    else if (job->sums == NORM_CENTRED) norm_sums_of(out, job, channel, width, from, to, NORM_CENTRED);
    else norm_sums_of(out, job, channel, width, from, to, NORM_GRADIENT);
}

static void norm_apply(const struct norm_job *job, struct total (*sums)[2], size_t channel, size_t width,
                       size_t from, size_t to)
{
    size_t stride = job->channels * job->inner, at = from * stride + channel * job->inner, rows = to - from;
    real *y = job->y + at;
    const real *x = job->x + at;
    if (job->inner == 1 && !sums && rows <= NORM_ROWS) {
        norm_apply_few(y, x, job, channel, stride, rows, width);
        return;
    }
    struct norm_line line;
    norm_lines(&line, job, sums, channel, width);
    if (job->inner == 1) {
        const real *relu = job->relu ? job->relu + at : NULL;
        if (sums) norm_apply_columns(y, x, job->dy + at, relu, &line, stride, rows, width, 1, 0);
        else norm_apply_columns(y, x, NULL, NULL, &line, stride, rows, width, 0, job->cut);
    } else {
        if (sums) norm_apply_channel(y, x, job->dy + at, &line, 0, stride, rows, job->inner, 1);
        else norm_apply_channel(y, x, NULL, &line, 0, stride, rows, job->inner, 0);
    }
}

/* The channels of unit u */
V_INLINE size_t norm_channel(const struct norm_job *job, size_t unit, size_t *width)
{
    size_t channel = unit * job->tile;
    *width = job->channels - channel < job->tile ? job->channels - channel : job->tile;
    return channel;
}

/* The k of the statistics that needs no pass: each channel's first value, if it is finite */
static void norm_first_values(const struct norm_job *job, size_t channel, size_t width)
{
    for (size_t c = channel; c < channel + width; c++) {
        double first = job->outer && job->inner ? (double)job->x[c * job->inner] : 0;
        job->mean[c] = first - first == 0 ? first : 0;
    }
}

/* Many channels: a unit goes through all its passes while it is in the cache. */
static void norm_unit_chunk(void *context, size_t chunk)
{
    struct norm_job job = *(const struct norm_job *)context;
    size_t unit = chunk * job.group, last = unit + job.group < job.tiles ? unit + job.group : job.tiles;
    for (; unit < last; unit++) {
        size_t width, channel = norm_channel(&job, unit, &width);
        struct total sums[NORM_TILE][2];
        if (job.sums == NORM_CENTRED && MG_DOUBLE) {
            job.sums = NORM_X;
            norm_sums(sums, &job, channel, width, 0, job.outer);
            norm_finish(&job, sums, channel, width);
            job.sums = NORM_CENTRED;
        } else if (job.sums == NORM_CENTRED) {
            norm_first_values(&job, channel, width);
        }
        norm_sums(sums, &job, channel, width, 0, job.outer);
        norm_finish(&job, sums, channel, width);
        if (job.y) norm_apply(&job, sums, channel, width, 0, job.outer);
    }
}

/* Few channels and many rows: the rows are cut, and each pass is a round of its own. */
static void norm_sums_chunk(void *context, size_t chunk)
{
    const struct norm_job *job = context;
    size_t piece = chunk % job->pieces, width, channel = norm_channel(job, chunk / job->pieces, &width);
    norm_sums(job->partial + piece * job->channels + channel, job, channel, width,
              reduce_cut(job->outer, job->pieces, piece), reduce_cut(job->outer, job->pieces, piece + 1));
}

static void norm_round(struct norm_job *job, enum norm_sums sums)
{
    job->sums = sums;
    reduce_run(job->tiles * job->pieces, norm_sums_chunk, job);
    for (size_t c = 0; c < job->channels; c++) {
        for (size_t piece = 1; piece < job->pieces; piece++) {
            total_add(&job->partial[c][0], job->partial[piece * job->channels + c][0]);
            total_add(&job->partial[c][1], job->partial[piece * job->channels + c][1]);
        }
    }
    norm_finish(job, job->partial, 0, job->channels);
}

static void norm_apply_chunk(void *context, size_t chunk)
{
    const struct norm_job *job = context;
    size_t units = job->tiles * job->pieces;
    size_t unit = chunk * job->group, last = unit + job->group < units ? unit + job->group : units;
    for (; unit < last; unit++) {
        size_t piece = unit % job->pieces, width, channel = norm_channel(job, unit / job->pieces, &width);
        size_t from = reduce_cut(job->outer, job->pieces, piece);
        size_t to = reduce_cut(job->outer, job->pieces, piece + 1);
        norm_apply(job, job->partial ? job->partial + channel : NULL, channel, width, from, to);
    }
}

static void norm_tiles(struct norm_job *job, size_t tile)
{
    job->tile = tile;
    job->tiles = (job->channels + tile - 1) / tile;
}

/* y everywhere, in chunks of NORM_LEAST to NORM_CHUNK elements: about thirty, if there are so many, and an
 * even number, as two threads share three of a size no better than four. */
static void norm_apply_run(struct norm_job *job)
{
    size_t elements = job->outer * job->channels * job->inner, chunk = elements / 32;
    if (!elements) return;
    norm_tiles(job, job->inner == 1 ? NORM_TILE : 1);
    chunk = chunk < NORM_LEAST ? NORM_LEAST : chunk > NORM_CHUNK ? NORM_CHUNK : chunk;
    job->pieces = elements / job->tiles / chunk;
    job->pieces += job->pieces ? job->pieces % 2 : 1;
    if (job->pieces > job->outer) job->pieces = job->outer;
    size_t units = job->tiles * job->pieces;
    job->group = chunk / ((elements + units - 1) / units);
    if (!job->group) job->group = 1;
    reduce_run((units + job->group - 1) / job->group, norm_apply_chunk, job);
}

static void norm_plan(struct norm_job *job)
{
    job->pieces = job->channels <= NORM_PARTIALS / 2 ? NORM_PARTIALS / job->channels : 1;
    size_t enough = job->outer * job->inner * job->channels / NORM_CHUNK;
    if (job->pieces > enough) job->pieces = enough;
    if (job->pieces > job->outer) job->pieces = job->outer;
    if (job->pieces > REDUCE_CHUNKS) job->pieces = REDUCE_CHUNKS;
    if (job->pieces < 2) job->pieces = 1;
    /* Sums of one tile are shared out by narrower ones: no sum goes over channels, so the cut changes no
     * bit. What is then written is cut by rows, since tiles of a row meet within cache lines, for which
     * two threads would wait in turns (128 x 100: as slow as one). */
    size_t tile = job->inner == 1 ? NORM_TILE : 1;
    while (job->pieces == 1 && tile > 2 * WIDE && job->outer * tile > 2 * NORM_LEAST &&
           job->channels <= 2 * tile)
        tile /= 2;
    norm_tiles(job, tile);
    size_t each = job->outer * job->inner * (job->channels < job->tile ? job->channels : job->tile);
    job->group = each < NORM_LEAST ? NORM_LEAST / (each + 1) : 1;
}

static void mg_batch_norm_statistics(double *mean, double *var, const real *x, size_t outer, size_t channels,
                                     size_t inner)
{
    if (!channels) return;
    struct total partial[NORM_PARTIALS][2];
    struct norm_job job = {.x = x,
                           .mean = mean,
                           .var = var,
                           .outer = outer,
                           .channels = channels,
                           .inner = inner,
                           .sums = NORM_CENTRED,
                           .partial = partial};
    norm_plan(&job);
    if (job.pieces == 1) {
        reduce_run((job.tiles + job.group - 1) / job.group, norm_unit_chunk, &job);
        return;
    }
    if (MG_DOUBLE) norm_round(&job, NORM_X);
    else norm_first_values(&job, 0, channels);
    norm_round(&job, NORM_CENTRED);
}

V_INLINE void norm_put_first(double *p, wide w, size_t n)
{
    if (n >= WIDE) {
        wide_put(p, w);
        return;
    }
    double x[WIDE];
    wide_put(x, w);
    memcpy(p, x, n * sizeof *x);
}

static void mg_batch_norm_running(double *mean, double *rstd, const real *running_mean,
                                  const real *running_var, double eps, size_t channels)
{
    for (size_t c = 0; c < channels; c += WIDE) {
        const size_t n = channels - c < WIDE ? channels - c : WIDE;
        wide v = norm_load_first(running_var + c, n);
        WIDE_EACH(v.part[k] = 1.0 / vd_sqrt(v.part[k] + eps););
        norm_put_first(mean + c, norm_load_first(running_mean + c, n), n);
        norm_put_first(rstd + c, v, n);
    }
}

static void mg_batch_norm_move(real *running, const double *batch, double scale, double momentum,
                               size_t channels)
{
    for (size_t c = 0; c < channels; c += WIDE) {
        const size_t n = channels - c < WIDE ? channels - c : WIDE;
        wide r = norm_load_first(running + c, n);
        const wide more = norm_get_first(batch + c, n);
        WIDE_EACH(r.part[k] = (1 - momentum) * r.part[k] + momentum * (scale * more.part[k]););
        if (n == WIDE) wide_store(running + c, r);
        else wide_store_first(running + c, r, n);
    }
}

static void mg_batch_norm_forward(real *y, const real *x, const double *mean, const double *rstd,
                                  const real *weight, const real *bias, size_t outer, size_t channels,
                                  size_t inner, int cut)
{
    if (!outer || !channels || !inner) return;
    struct norm_job job = {.x = x,
                           .y = y,
                           .mean_in = mean,
                           .rstd = rstd,
                           .weight = weight,
                           .bias = bias,
                           .cut = cut,
                           .outer = outer,
                           .channels = channels,
                           .inner = inner};
    norm_plan(&job);
    norm_apply_run(&job);
}

static void mg_batch_norm_backward(real *dx, real *dweight, real *dbias, const real *dy, const real *x,
                                   const real *relu, const double *mean, const double *rstd,
                                   const real *weight, size_t outer, size_t channels, size_t inner)
{
    if (!channels) return;
    struct total partial[NORM_PARTIALS][2];
    struct norm_job job = {.x = x,
                           .dy = dy,
                           .relu = relu,
                           .y = dx,
                           .dweight = dweight,
                           .dbias = dbias,
                           .mean_in = mean,
                           .rstd = rstd,
                           .weight = weight,
                           .outer = outer,
                           .channels = channels,
                           .inner = inner,
                           .sums = NORM_GRADIENT,
                           .partial = partial};
    norm_plan(&job);
    if (job.pieces == 1 && (inner > 1 || job.tile == NORM_TILE)) {
        reduce_run((job.tiles + job.group - 1) / job.group, norm_unit_chunk, &job);
        return;
    }
    norm_round(&job, NORM_GRADIENT);
    if (dx) norm_apply_run(&job);
}

/* ---- rows: layer, RMS, group and instance normalisation -----------------------------
 *
 * x: (rows, n), each row normalised by itself. With xc = x - mean and g = dxhat = weight dy,
 * the derivation above holds for a row as for a channel; only that weight now stands inside
 * the sums, as it changes along the row:
 *
 *     dx_j = rstd (g_j - sum(g) / n - xhat_j sum(g xhat) / n)
 *          = rstd g_j - xc_j rstd^3 sum(g xc) / n - rstd sum(g) / n
 *
 * RMS normalisation (Zhang and Sennrich, 2019) subtracts no mean: xc = x, there is no way
 * through the mean, and the last term goes. What remains of drstd/dx_j is the same, as
 * d(mean of squares)/dx_j = (2 / n) x_j.
 *
 * Which element has which weight: a row's n elements are `n / span` stretches of `span` that
 * share one, and after `period` rows the weights begin again,
 *
 *     weight of element j in row r = weight[r % period, j / span]      weight: (period, n / span)
 *
 *     layer and RMS, rows (..., n):      period 1, span 1
 *     group, rows (N, G) of (C / G, L):  period G, span L
 *     instance, rows (N, C) of (L):      period C, span L
 *
 * Here the mean is subtracted twice: for xc = x - m with m the rounded mean, xc's own mean is
 * what m lacks, and mean + lack is exact to the last digit that shows. */

struct rows_job {
    const real *x, *dy, *weight, *bias;
    const real *relu; /* as above; both this and the next only for period 1, span 1 */
    real *y;          /* the output; in backward dx */
    int cut;          /* forward: y goes through max(., 0) */
    real *dweight, *dbias;
    double *mean, *rstd; /* (rows); mean is NULL for RMS */
    size_t rows, n, period, span;
    double eps;
    size_t group; /* rows, or tiles of columns, to a chunk */
    size_t tiles, pieces;
    struct total (*partial)[2]; /* (pieces, n) */
};

/* mean (unless the caller has none) and rstd of one row */
V_INLINE void rows_statistics(double *mean, double *rstd, const real *x, size_t n, double eps)
{
    struct total sums[2];
    double shift = 0, off = 0;
    if (mean) shift = total_divided(reduce_row(x, n), (double)n);
    norm_sum_channel(sums, x, NULL, shift, 0, 1, n, NORM_CENTRED);
    if (mean) {
        off = total_divided(sums[0], 1) / (double)n;
        *mean = shift + off;
    }
    double var = total_divided(sums[1], (double)n) - off * off;
    *rstd = 1 / sqrt((var < 0 ? 0 : var) + eps);
}

/* y = (x - mean) rstd weight + bias [then max(., 0)] along one row */
V_INLINE void rows_apply(real *y, const real *x, double mean, double rstd, const real *weight,
                         const real *bias, size_t n, size_t span, int cut)
{
    wide m = wide_set(mean), s = wide_set(rstd);
    if (span == 1) {
        for (size_t j = 0; j < n; j += WIDE) {
            size_t left = n - j < WIDE ? n - j : WIDE;
            wide v = norm_load_first(x + j, left);
            v = wide_mul(wide_sub(v, m), s);
            if (weight) v = wide_mul(v, norm_load_first(weight + j, left));
            if (bias) v = wide_add(v, norm_load_first(bias + j, left));
            if (cut) v = norm_cut(v);
            if (left == WIDE) wide_store(y + j, v);
            else wide_store_first(y + j, v, left);
        }
        return;
    }
    for (size_t c = 0; c < n / span; c++, x += span, y += span) {
        wide scale = wide_set(weight ? rstd * (double)weight[c] : rstd),
             shift = wide_set(bias ? (double)bias[c] : 0);
        for (size_t j = 0; j < span; j += WIDE) {
            size_t left = span - j < WIDE ? span - j : WIDE;
            wide v = norm_load_first(x + j, left);
            v = wide_add(wide_mul(wide_sub(v, m), scale), shift);
            if (left == WIDE) wide_store(y + j, v);
            else wide_store_first(y + j, v, left);
        }
    }
}

static void rows_forward_chunk(void *context, size_t chunk)
{
    const struct rows_job *job = context;
    size_t r = chunk * job->group, last = r + job->group < job->rows ? r + job->group : job->rows;
    size_t each = job->n / job->span;
    for (; r < last; r++) {
        const real *x = job->x + r * job->n;
        size_t at = r % job->period * each;
        rows_statistics(job->mean ? job->mean + r : NULL, job->rstd + r, x, job->n, job->eps);
        rows_apply(job->y + r * job->n, x, job->mean ? job->mean[r] : 0, job->rstd[r],
                   job->weight ? job->weight + at : NULL, job->bias ? job->bias + at : NULL, job->n,
                   job->span, job->cut);
    }
}

/* first = sum(g), second = sum(g xc) over one row, g = dy weight */
V_INLINE void rows_gradient_sums(double *first, double *second, const real *x, const real *dy,
                                 const real *relu, const real *weight, double mean, size_t n, size_t span)
{
    struct total out[2] = {{0, 0}, {0, 0}};
    wide m = wide_set(mean);
    size_t stretch = span == 1 ? n : span;
    for (size_t from = 0; from < n; from += stretch) {
        wide w = wide_set(weight && span > 1 ? (double)weight[from / span] : 1);
        struct wide_sum a = wide_sum_zero(), b = wide_sum_zero();
        for (size_t j = from; j < from + stretch; j += WIDE) {
            size_t left = from + stretch - j < WIDE ? from + stretch - j : WIDE;
            wide v = wide_sub(norm_load_first(x + j, left), m);
            wide g = norm_gradient(dy + j, relu ? relu + j : NULL, left); /* 0 in the lanes beyond */
            if (weight && span == 1) w = norm_load_first(weight + j, left);
            if (weight) g = wide_mul(g, w);
            wide_sum_add(&a, g);
            wide_sum_add(&b, wide_mul(g, v));
        }
        total_add(&out[0], wide_sum_total(a));
        total_add(&out[1], wide_sum_total(b));
    }
    *first = total_divided(out[0], 1);
    *second = total_divided(out[1], 1);
}

static void rows_backward_chunk(void *context, size_t chunk)
{
    const struct rows_job *job = context;
    size_t r = chunk * job->group, last = r + job->group < job->rows ? r + job->group : job->rows;
    size_t n = job->n, each = n / job->span, span = job->span;
    for (; r < last; r++) {
        const real *x = job->x + r * n, *dy = job->dy + r * n;
        const real *weight = job->weight ? job->weight + r % job->period * each : NULL;
        const real *relu = job->relu ? job->relu + r * n : NULL;
        double mean = job->mean ? job->mean[r] : 0, rstd = job->rstd[r], first, second;
        rows_gradient_sums(&first, &second, x, dy, relu, weight, mean, n, span);
        wide m = wide_set(mean), slope = wide_set(rstd);
        wide scale = wide_set(-rstd * rstd * (second * rstd / (double)n));
        wide shift = wide_set(job->mean ? -rstd * (first / (double)n) : 0);
        size_t stretch = span == 1 ? n : span;
        for (size_t from = 0; from < n; from += stretch) {
            wide w = wide_set(weight && span > 1 ? (double)weight[from / span] : 1);
            for (size_t j = from; j < from + stretch; j += WIDE) {
                size_t left = from + stretch - j < WIDE ? from + stretch - j : WIDE;
                int whole = left == WIDE;
                wide v = norm_load_first(x + j, left);
                wide g = norm_gradient(dy + j, relu ? relu + j : NULL, left);
                if (weight && span == 1) w = norm_load_first(weight + j, left);
                if (weight) g = wide_mul(g, w);
                v = norm_value(v, g, m, slope, scale, shift, 1);
                if (whole) wide_store(job->y + r * n + j, v);
                else wide_store_first(job->y + r * n + j, v, left);
            }
        }
    }
}

/* dweight, dbias of a tile of columns, over the rows of one piece (period 1, span 1) */
static void rows_columns_chunk(void *context, size_t chunk)
{
    const struct rows_job *job = context;
    size_t piece = chunk % job->pieces, column = chunk / job->pieces * NORM_TILE;
    size_t width = job->n - column < NORM_TILE ? job->n - column : NORM_TILE;
    size_t r = reduce_cut(job->rows, job->pieces, piece), end = reduce_cut(job->rows, job->pieces, piece + 1);
    double sum[2][NORM_TILE] = {{0}}, error[2][NORM_TILE] = {{0}};
    for (; r < end; r++) {
        const size_t at = r * job->n + column;
        const real *x = job->x + at, *dy = job->dy + at, *relu = job->relu ? job->relu + at : NULL;
        wide m = wide_set(job->mean ? job->mean[r] : 0), s = wide_set(job->rstd[r]);
        for (size_t i = 0; i < width; i += WIDE) {
            size_t left = width - i < WIDE ? width - i : WIDE;
            wide v = norm_load_first(x + i, left);
            wide g = norm_gradient(dy + i, relu ? relu + i : NULL, left);
            struct wide_sum first = norm_get(sum[0] + i, error[0] + i);
            struct wide_sum second = norm_get(sum[1] + i, error[1] + i);
            wide_sum_add(&first, wide_mul(g, wide_mul(wide_sub(v, m), s)));
            wide_sum_add(&second, g);
            norm_put(sum[0] + i, error[0] + i, first);
            norm_put(sum[1] + i, error[1] + i, second);
        }
    }
    for (size_t i = 0; i < width; i++) {
        struct total first = {sum[0][i], error[0][i]}, second = {sum[1][i], error[1][i]};
        if (job->partial) {
            job->partial[piece * job->n + column + i][0] = first;
            job->partial[piece * job->n + column + i][1] = second;
            continue;
        }
        if (job->dweight) job->dweight[column + i] = (real)total_divided(first, 1);
        if (job->dbias) job->dbias[column + i] = (real)total_divided(second, 1);
    }
}

/* the same of single weights: weight c is that of one stretch in every period-th row */
static void rows_stretches_chunk(void *context, size_t chunk)
{
    const struct rows_job *job = context;
    size_t each = job->n / job->span, count = each * job->period;
    size_t c = chunk * job->group, last = c + job->group < count ? c + job->group : count;
    for (; c < last; c++) {
        struct total first = {0, 0}, second = {0, 0};
        for (size_t r = c / each; r < job->rows; r += job->period) {
            const real *x = job->x + r * job->n + c % each * job->span;
            const real *dy = job->dy + r * job->n + c % each * job->span;
            double mean = job->mean ? job->mean[r] : 0;
            struct total sums[2];
            norm_sum_channel(sums, x, dy, mean, 0, 1, job->span, NORM_GRADIENT);
            total_add(&first, (struct total){total_divided(sums[1], 1) * job->rstd[r], 0});
            total_add(&second, sums[0]);
        }
        if (job->dweight) job->dweight[c] = (real)total_divided(first, 1);
        if (job->dbias) job->dbias[c] = (real)total_divided(second, 1);
    }
}

static void rows_run(struct rows_job *job, size_t units, size_t each,
                     void (*body)(void *context, size_t chunk))
{
    job->group = each < NORM_CHUNK ? NORM_CHUNK / (each + 1) : 1;
    if (!job->group) job->group = 1;
    reduce_run((units + job->group - 1) / job->group, body, job);
}

static void mg_layer_norm_forward(real *y, double *mean, double *rstd, const real *x, const real *weight,
                                  const real *bias, size_t rows, size_t n, size_t period, size_t span,
                                  double eps, int relu)
{
    if (!rows || !n) return;
    struct rows_job job = {.x = x,
                           .y = y,
                           .cut = relu,
                           .mean = mean,
                           .rstd = rstd,
                           .weight = weight,
                           .bias = bias,
                           .rows = rows,
                           .n = n,
                           .period = period,
                           .span = span,
                           .eps = eps};
    rows_run(&job, rows, n, rows_forward_chunk);
}

static void mg_layer_norm_backward(real *dx, real *dweight, real *dbias, const real *dy, const real *x,
                                   const real *relu, const double *mean, const double *rstd,
                                   const real *weight, size_t rows, size_t n, size_t period, size_t span)
{
    if (!n) return;
    struct rows_job job = {.x = x,
                           .dy = dy,
                           .relu = relu,
                           .y = dx,
                           .dweight = dweight,
                           .dbias = dbias,
                           .weight = weight,
                           .mean = (double *)mean,
                           .rstd = (double *)rstd,
                           .rows = rows,
                           .n = n,
                           .period = period,
                           .span = span};
    if (dweight || dbias) { /* first, as dx may be dy */
        if (period > 1 || span > 1) {
            rows_run(&job, n / span * period, (rows + period - 1) / period * span, rows_stretches_chunk);
        } else {
            struct total partial[NORM_PARTIALS][2];
            job.tiles = (n + NORM_TILE - 1) / NORM_TILE;
            job.pieces = n <= NORM_PARTIALS / 2 ? NORM_PARTIALS / n : 1;
            if (job.pieces > rows * n / NORM_CHUNK) job.pieces = rows * n / NORM_CHUNK;
            if (job.pieces > REDUCE_CHUNKS) job.pieces = REDUCE_CHUNKS;
            if (job.pieces < 2) job.pieces = 1;
            job.partial = job.pieces > 1 ? partial : NULL;
            reduce_run(job.tiles * job.pieces, rows_columns_chunk, &job);
            for (size_t j = 0; job.partial && j < n; j++) {
                for (size_t piece = 1; piece < job.pieces; piece++) {
                    total_add(&partial[j][0], partial[piece * n + j][0]);
                    total_add(&partial[j][1], partial[piece * n + j][1]);
                }
                if (dweight) dweight[j] = (real)total_divided(partial[j][0], 1);
                if (dbias) dbias[j] = (real)total_divided(partial[j][1], 1);
            }
        }
    }
    if (dx && rows) rows_run(&job, rows, n, rows_backward_chunk);
}
