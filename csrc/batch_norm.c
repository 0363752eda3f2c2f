/* Batch normalisation: by channels over the batch (Ioffe and Szegedy, 2015).
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
 * (see wide.h). */

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

/* Where the sixteen of `width` columns begin that come after the first `at`: if fewer are left, some of those before
 * are taken again, which is cheaper than to load and store a part. */
V_INLINE size_t norm_next(size_t at, size_t width)
{
    return width - at < WIDE && width > WIDE ? width - WIDE : at;
}

/* Adds rows [from, to) of the n <= WIDE columns that x, dy and relu begin with. */
V_INLINE void norm_sum_rows(struct wide_sum *first, struct wide_sum *second, const real *x, const real *dy,
                            const real *relu, wide mean, size_t stride, size_t from, size_t to, size_t n,
                            enum norm_sums sums)
{
    for (size_t r = from * stride; r < to * stride; r += stride) {
        wide v = wide_load_upto(x + r, n), g = v;
        if (sums == NORM_GRADIENT) g = norm_gradient(dy + r, relu ? relu + r : NULL, n);
        norm_add(first, second, v, g, mean, sums);
    }
}

/* inner = 1: rows of channels. out[i] = the two sums of column i over `rows` rows, width <= NORM_TILE */
V_INLINE void norm_sum_columns(struct total (*out)[2], const real *x, const real *dy, const real *relu,
                               const double *mean, size_t stride, size_t rows, size_t width,
                               enum norm_sums sums)
{
    double sum[2][NORM_TILE] = {{0}}, error[2][NORM_TILE] = {{0}}, shift[NORM_TILE] = {0};
    if (sums != NORM_X) memcpy(shift, mean, width * sizeof *shift);
    for (size_t j = 0; j < rows; j += NORM_ROWS) {
        const size_t end = rows - j < NORM_ROWS ? rows : j + NORM_ROWS;
        for (size_t at = 0; at < width; at += WIDE) {
            const size_t i = norm_next(at, width);
            struct wide_sum first = norm_get(sum[0] + at, error[0] + at);
            struct wide_sum second = norm_get(sum[1] + at, error[1] + at);
            const real *from = dy ? dy + i : NULL, *cuts = relu ? relu + i : NULL;
            const wide m = wide_get(shift + i);
            if (width >= WIDE)
                norm_sum_rows(&first, &second, x + i, from, cuts, m, stride, j, end, WIDE, sums);
            else norm_sum_rows(&first, &second, x + i, from, cuts, m, stride, j, end, width, sums);
            norm_put(sum[0] + at, error[0] + at, first);
            norm_put(sum[1] + at, error[1] + at, second);
        }
    }
    for (size_t at = 0; at < width; at += WIDE) {
        const size_t i = norm_next(at, width), n = width < WIDE ? width : WIDE;
        for (size_t k = 0; k < n; k++) {
            out[i + k][0] = (struct total){sum[0][at + k], error[0][at + k]};
            out[i + k][1] = (struct total){sum[1][at + k], error[1][at + k]};
        }
    }
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

/* The numbers of channels [c, c + n), and their sums if it is backward. (One channel at a time, a row of 100 spent
 * two thirds of its time here.) */
V_INLINE struct norm_numbers norm_numbers_of(const struct norm_job *job, struct total (*sums)[2], size_t c,
                                             size_t n)
{
    const wide rstd = wide_get_upto(job->rstd + c, n);
    struct norm_numbers a = {.mean = wide_get_upto(job->mean_in + c, n)};
    a.slope = job->weight ? wide_mul(rstd, wide_load_upto(job->weight + c, n)) : rstd;
    if (!sums) {
        a.scale = a.slope, a.shift = job->bias ? wide_load_upto(job->bias + c, n) : wide_set(0);
        return a;
    }
    const wide count = wide_set((double)(job->outer * job->inner));
    double first[WIDE], second[WIDE];
    for (size_t k = 0; k < WIDE; k++) {
        first[k] = k < n ? total_divided(sums[k][0], 1) : 0;
        second[k] = k < n ? total_divided(sums[k][1], 1) : 0;
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

/* The first n <= WIDE channels of `rows` rows */
V_INLINE void norm_apply_rows(real *y, const real *x, const real *dy, const real *relu, struct norm_numbers a,
                              size_t stride, size_t rows, size_t n, int backward, int cut)
{
    for (size_t r = 0; r < rows * stride; r += stride) {
        wide v = wide_load_upto(x + r, n), g = v;
        if (backward) g = norm_gradient(dy + r, relu ? relu + r : NULL, n);
        v = norm_value(v, g, a.mean, a.slope, a.scale, a.shift, backward);
        wide_store_upto(y + r, cut ? norm_cut(v) : v, n);
    }
}

/* or sixteen, if there are more: then it is a constant, and the compiler leaves out what is for fewer (128 x 100
 * forward: 10 % faster) */
V_INLINE void norm_apply_wide(real *y, const real *x, const real *dy, const real *relu, struct norm_numbers a,
                              size_t stride, size_t rows, size_t n, int backward, int cut)
{
    if (n >= WIDE) norm_apply_rows(y, x, dy, relu, a, stride, rows, WIDE, backward, cut);
    else norm_apply_rows(y, x, dy, relu, a, stride, rows, n, backward, cut);
}

/* rows of channels (inner = 1), `width` of them, NORM_ROWS rows to a load of the line's numbers */
V_INLINE void norm_apply_columns(real *y, const real *x, const real *dy, const real *relu,
                                 const struct norm_line *line, size_t stride, size_t rows, size_t width,
                                 int backward, int cut)
{
    const int in_place = y == x || y == dy; /* then nothing can be taken again */
    for (size_t j = 0; j < rows; j += NORM_ROWS) {
        const size_t some = rows - j < NORM_ROWS ? rows - j : NORM_ROWS;
        for (size_t at = 0; at < width; at += WIDE) {
            const size_t i = in_place ? at : norm_next(at, width), k = j * stride + i;
            const struct norm_numbers a = {wide_get(line->mean + i), wide_get(line->slope + i),
                                           wide_get(line->scale + i), wide_get(line->shift + i)};
            norm_apply_wide(y + k, x + k, backward ? dy + k : NULL, relu ? relu + k : NULL, a, stride, some,
                            width - i, backward, cut);
        }
    }
}

/* so few that the numbers need no line: forward only (1 x 100: half the instructions) */
V_INLINE void norm_apply_few(real *y, const real *x, const struct norm_job *job, size_t channel,
                             size_t stride, size_t rows, size_t width)
{
    for (size_t i = 0; i < width; i += WIDE)
        norm_apply_wide(y + i, x + i, NULL, NULL, norm_numbers_of(job, NULL, channel + i, width - i), stride,
                        rows, width - i, 0, job->cut);
}

/* one channel's contiguous stretches */
V_INLINE void norm_apply_channel(real *y, const real *x, const real *dy, const struct norm_line *line,
                                 size_t at, size_t stride, size_t rows, size_t inner, int backward)
{
    wide mean = wide_set(line->mean[at]), slope = wide_set(line->slope[at]);
    wide scale = wide_set(line->scale[at]), shift = wide_set(line->shift[at]);
    for (size_t r = 0; r < rows; r++) {
        size_t i = r * stride, end = i + inner;
        for (; i < end; i += WIDE) {
            const size_t left = end - i;
            wide v = wide_load_upto(x + i, left), g = backward ? wide_load_upto(dy + i, left) : v;
            wide_store_upto(y + i, norm_value(v, g, mean, slope, scale, shift, backward), left);
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

static void norm_first_values(const struct norm_job *job, size_t channel, size_t width)
{
    for (size_t c = channel; c < channel + width; c++)
        job->mean[c] = job->outer && job->inner ? norm_first_value(job->x + c * job->inner) : 0;
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

static void mg_batch_norm_running(double *mean, double *rstd, const real *running_mean,
                                  const real *running_var, double eps, size_t channels)
{
    for (size_t c = 0; c < channels; c += WIDE) {
        const size_t n = channels - c;
        wide v = wide_load_upto(running_var + c, n);
        WIDE_EACH(v.part[k] = 1.0 / vd_sqrt(v.part[k] + eps););
        wide_put_upto(mean + c, wide_load_upto(running_mean + c, n), n);
        wide_put_upto(rstd + c, v, n);
    }
}

static void mg_batch_norm_move(real *running, const double *batch, double scale, double momentum,
                               size_t channels)
{
    for (size_t c = 0; c < channels; c += WIDE) {
        const size_t n = channels - c;
        wide r = wide_load_upto(running + c, n);
        const wide more = wide_get_upto(batch + c, n);
        WIDE_EACH(r.part[k] = (1 - momentum) * r.part[k] + momentum * (scale * more.part[k]););
        wide_store_upto(running + c, r, n);
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
