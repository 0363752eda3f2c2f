/* Normalisation by rows: layer, RMS, group and instance normalisation.
 *
 * x: (rows, n), each row normalised by itself. With xc = x - mean and g = dxhat = weight dy,
 * what batch_norm.c derives holds for a row as for a channel; only that weight now stands
 * inside the sums, as it changes along the row:
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
 * Statistics are summed as there, shifted: in double by the mean as a first pass finds it, in float by the row's
 * first value, in one pass (128 x 100: 15 % faster, 128 x 96 a third). */

struct rows_job {
    const real *x, *dy, *weight, *bias;
    const real *relu; /* as in batch_norm.c; both this and the next only for period 1, span 1 */
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
    if (mean) shift = MG_DOUBLE ? total_divided(reduce_row(x, n), (double)n) : norm_first_value(x);
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
            wide v = wide_mul(wide_sub(wide_load_upto(x + j, n - j), m), s);
            if (weight) v = wide_mul(v, wide_load_upto(weight + j, n - j));
            if (bias) v = wide_add(v, wide_load_upto(bias + j, n - j));
            wide_store_upto(y + j, cut ? norm_cut(v) : v, n - j);
        }
        return;
    }
    for (size_t c = 0; c < n / span; c++, x += span, y += span) {
        wide scale = wide_set(weight ? rstd * (double)weight[c] : rstd),
             shift = wide_set(bias ? (double)bias[c] : 0);
        for (size_t j = 0; j < span; j += WIDE) {
            wide v = wide_sub(wide_load_upto(x + j, span - j), m);
            wide_store_upto(y + j, wide_add(wide_mul(v, scale), shift), span - j);
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
            size_t left = from + stretch - j;
            wide v = wide_sub(wide_load_upto(x + j, left), m);
            wide g = norm_gradient(dy + j, relu ? relu + j : NULL, left); /* 0 in the lanes beyond */
            if (weight && span == 1) w = wide_load_upto(weight + j, left);
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
                size_t left = from + stretch - j;
                wide v = wide_load_upto(x + j, left);
                wide g = norm_gradient(dy + j, relu ? relu + j : NULL, left);
                if (weight && span == 1) w = wide_load_upto(weight + j, left);
                if (weight) g = wide_mul(g, w);
                wide_store_upto(job->y + r * n + j, norm_value(v, g, m, slope, scale, shift, 1), left);
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
            size_t left = width - i;
            wide v = wide_load_upto(x + i, left);
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
