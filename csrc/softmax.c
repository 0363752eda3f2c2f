/* Softmax, its logarithm, and the losses.
 *
 *     m = max_j x_j      z_j = x_j - m      e_j = exp(z_j)      S = sum_j e_j
 *
 *     softmax      p_j = e_j / S
 *     log softmax  log p_j = z_j - log S
 *
 * Subtracting m changes neither (numerator and denominator share the factor exp(-m)) and
 * keeps every exponential in [0, 1] with at least one of them 1: no overflow, no 0 / 0.
 *
 * Near certainty S = 1 + R with a tiny R, and log(1 + R) would round R away. So R is
 * summed by itself, without the one e_j = 1 that the maximum gives, and
 *
 *     log S = log1p(R),      -log p_j = log1p(R) - z_j
 *
 * where both terms are >= 0: nothing cancels, and a loss of 1e-12 has all its digits.
 *
 * An element of -inf has p = 0. A row of nothing but -inf, or with a +inf or a NaN in it,
 * is NaN throughout, as in torch.
 *
 * The gradient of softmax. By the quotient rule, with d_ij = 1 where i = j, else 0,
 *
 *     dp_i/dx_j = (d_ij e_i S - e_i e_j) / S^2 = p_i (d_ij - p_j)
 *     dx_j = sum_i dy_i p_i (d_ij - p_j) = p_j (dy_j - sum_i dy_i p_i)
 *
 * Of log softmax, y_i = x_i - log sum_k exp(x_k):
 *
 *     dy_i/dx_j = d_ij - p_j
 *     dx_j = dy_j - p_j sum_i dy_i,      p_j = exp(y_j)
 *
 * Of cross-entropy, L = -log p_t for the target class t: this is log softmax with
 * dy_i = -1 at i = t and 0 elsewhere, so
 *
 *     dL/dx_j = p_j - d_jt
 *
 * what the network believed, less what was true. Through softmax and logarithm one after
 * the other the same is -1/p_t times p_t (d_tj - p_j): the 1/p_t that a wrong and certain
 * network sends to infinity cancels on paper, which is why the two are one kernel here.
 * For the mean over rows all of it is scaled by 1 / rows. */

enum softmax_kind { SOFTMAX, LOG_SOFTMAX, CROSS_ENTROPY };

enum {
    SOFTMAX_SHORT = 64,  /* rows up to here are turned on their side, sixteen at a time */
    SOFTMAX_ROW = 1024,  /* up to here a row's exponentials are kept; beyond, taken twice */
    SOFTMAX_CHUNK = 8192 /* elements to a thread's portion */
};

/* Inlined where floats are turned on their side, which is a third faster; elsewhere shared. */
V_INLINE wide wide_exp_inline(wide x)
{
    WIDE_EACH(x.part[k] = vd_exp(x.part[k]););
    return x;
}
V_SHARED wide wide_exp(wide x) { return wide_exp_inline(x); }

V_SHARED wide wide_log1p(wide x)
{
    WIDE_EACH(x.part[k] = vd_log1p(x.part[k]););
    return x;
}

/* z = x - top and exp(z). A double z is rounded, by up to |z| 2^-53, which exp would show
 * as so many units of its last digit: what the difference lost is multiplied back in. */
V_INLINE wide softmax_exp(wide x, wide top, wide *z)
{
    *z = wide_sub(x, top);
    wide e = MG_DOUBLE ? wide_exp(*z) : wide_exp_inline(*z);
#if MG_DOUBLE
    WIDE_EACH(TWO_SUM(vdouble, difference, lost, x.part[k], -top.part[k]); (void)difference;
              lost = vd_select(lost == lost, lost, vd_set(0)); /* an infinity loses nothing */
              e.part[k] += e.part[k] * lost;);
#endif
    return e;
}

V_SHARED wide softmax_exp_apart(wide x, wide top, wide *z) { return softmax_exp(x, top, z); }

/* e / sum: exact to the last digit where the result is double; a product is enough for float */
V_INLINE wide softmax_over(wide e, wide sum, wide inverse)
{
#if MG_DOUBLE
    (void)inverse;
    return wide_div(e, sum);
#else
    (void)sum;
    return wide_mul(e, inverse);
#endif
}

/* The running sum S of e = exp(z), as R (all but the maxima) and how many maxima there are */
struct softmax_sum {
    struct wide_sum rest;
    wide tops;
};

V_INLINE struct softmax_sum softmax_sum_zero(void)
{
    return (struct softmax_sum){wide_sum_zero(), wide_set(0)};
}

V_INLINE void softmax_sum_add(struct softmax_sum *s, wide z, wide e)
{
    WIDE_EACH(vint64 top = z.part[k] == 0.0; s->tops.part[k] += vd_select(top, vd_set(1), vd_set(0));
              e.part[k] = vd_select(top, vd_set(0), e.part[k]););
    wide_sum_add(&s->rest, e);
}

/* S and log S, lane by lane */
V_INLINE wide softmax_sum_of(const struct softmax_sum *s)
{
    return wide_add(s->tops, wide_sum_rounded(s->rest));
}
V_INLINE wide softmax_log_of(const struct softmax_sum *s)
{
    return wide_log1p(wide_add(wide_sub(s->tops, wide_set(1)), wide_sum_rounded(s->rest)));
}

/* ---- sixteen problems side by side ------------------------------------------- */

struct softmax_job {
    real *y;
    const real *dy, *x; /* x: the input, or in backward the output */
    real *loss;
    const int64_t *target;
    int64_t ignore_index;
    size_t outer, n, inner;
    size_t tiles, group; /* sixteens to `inner` (to outer, where inner = 1); units to a chunk */
};

/* Problem l of `count` is x[l + j inner] for j in [0, n), y alike. */
V_INLINE void softmax_columns(real *y, const real *x, size_t n, size_t inner, size_t count,
                              enum softmax_kind kind)
{
    wide top = wide_set(-INFINITY);
    for (size_t j = 0; j < n; j++) top = wide_larger(wide_load_first(x + j * inner, count), top);
    struct softmax_sum s = softmax_sum_zero();
    for (size_t j = 0; j < n; j++) {
        wide z, e = softmax_exp_apart(wide_load_first(x + j * inner, count), top, &z);
        softmax_sum_add(&s, z, e);
    }
    wide sum = softmax_sum_of(&s), inverse = wide_div(wide_set(1), sum);
    wide log_sum = softmax_log_of(&s);
    for (size_t j = 0; j < n; j++) {
        wide z, w = wide_load_first(x + j * inner, count);
        if (kind == LOG_SOFTMAX) w = wide_sub(wide_sub(w, top), log_sum);
        else w = softmax_over(softmax_exp_apart(w, top, &z), sum, inverse);
        wide_store_first(y + j * inner, w, count);
    }
}

#if !MG_DOUBLE && defined(__x86_64__)
/* four floats as doubles in memory, and back */
V_INLINE void softmax_put4(double *p, __m128 v)
{
#if defined(__AVX__)
    _mm256_storeu_pd(p, _mm256_cvtps_pd(v));
#else
    _mm_storeu_pd(p, _mm_cvtps_pd(v));
    _mm_storeu_pd(p + 2, _mm_cvtps_pd(_mm_movehl_ps(v, v)));
#endif
}
V_INLINE __m128 softmax_get4(const double *p)
{
#if defined(__AVX__)
    return _mm256_cvtpd_ps(_mm256_loadu_pd(p));
#else
    return _mm_movelh_ps(_mm_cvtpd_ps(_mm_loadu_pd(p)), _mm_cvtpd_ps(_mm_loadu_pd(p + 2)));
#endif
}
#endif

/* at[j, l] = x[l, j] for `count` rows of n, 0 in the other lanes */
V_INLINE void softmax_turn(double *at, const real *x, size_t n, size_t count)
{
    size_t l = 0;
    if (count < WIDE) memset(at, 0, n * WIDE * sizeof *at);
#if !MG_DOUBLE && defined(__x86_64__)
    /* Blocks of 4 by 4; the last of a row begins 4 before its end and may do some again. */
    for (; n >= 4 && l + 4 <= count; l += 4, x += 4 * n) {
        for (size_t j = 0;; j = j + 8 <= n ? j + 4 : n - 4) {
            __m128 a = _mm_loadu_ps(x + j), b = _mm_loadu_ps(x + n + j);
            __m128 c = _mm_loadu_ps(x + 2 * n + j), d = _mm_loadu_ps(x + 3 * n + j);
            _MM_TRANSPOSE4_PS(a, b, c, d);
            softmax_put4(at + j * WIDE + l, a);
            softmax_put4(at + (j + 1) * WIDE + l, b);
            softmax_put4(at + (j + 2) * WIDE + l, c);
            softmax_put4(at + (j + 3) * WIDE + l, d);
            if (j + 4 == n) break;
        }
    }
#endif
    for (; l < count; l++, x += n) {
        for (size_t j = 0; j < n; j++) at[j * WIDE + l] = (double)x[j];
    }
}

/* and back: y[l, j] = at[j, l] */
V_INLINE void softmax_turn_back(real *y, const double *at, size_t n, size_t count)
{
    size_t l = 0;
#if !MG_DOUBLE && defined(__x86_64__)
    for (; n >= 4 && l + 4 <= count; l += 4, y += 4 * n) {
        for (size_t j = 0;; j = j + 8 <= n ? j + 4 : n - 4) {
            __m128 a = softmax_get4(at + j * WIDE + l), b = softmax_get4(at + (j + 1) * WIDE + l);
            __m128 c = softmax_get4(at + (j + 2) * WIDE + l), d = softmax_get4(at + (j + 3) * WIDE + l);
            _MM_TRANSPOSE4_PS(a, b, c, d);
            _mm_storeu_ps(y + j, a);
            _mm_storeu_ps(y + n + j, b);
            _mm_storeu_ps(y + 2 * n + j, c);
            _mm_storeu_ps(y + 3 * n + j, d);
            if (j + 4 == n) break;
        }
    }
#endif
    for (; l < count; l++, y += n) {
        for (size_t j = 0; j < n; j++) y[j] = (real)at[j * WIDE + l];
    }
}

/* Sixteen short rows (or `count`), read on their side: lane l is row l. */
V_INLINE void softmax_short(const struct softmax_job *job, size_t row, size_t count, enum softmax_kind kind)
{
    double at[SOFTMAX_SHORT * WIDE];
    size_t n = job->n;
    const real *x = job->x + row * n;
    real *y = job->y + row * n;
    softmax_turn(at, x, n, count);
    wide top = wide_set(-INFINITY);
    for (size_t j = 0; j < n; j++) top = wide_larger(wide_get(at + j * WIDE), top);
    struct softmax_sum s = softmax_sum_zero();
    for (size_t j = 0; j < n; j++) {
        wide z, e = softmax_exp(wide_get(at + j * WIDE), top, &z);
        softmax_sum_add(&s, z, e);
        wide_put(at + j * WIDE, kind == LOG_SOFTMAX ? z : e);
    }
    wide sum = softmax_sum_of(&s), inverse = wide_div(wide_set(1), sum);
    double log_sum[WIDE], tops[WIDE];
    if (kind != SOFTMAX) wide_put(log_sum, softmax_log_of(&s));
    wide_put(tops, top);
    for (size_t j = 0; j < n; j++) {
        wide w = wide_get(at + j * WIDE);
        w = kind == LOG_SOFTMAX ? wide_sub(w, wide_get(log_sum)) : softmax_over(w, sum, inverse);
        wide_put(at + j * WIDE, w);
    }
    for (size_t l = 0; kind == CROSS_ENTROPY && l < count; l++) {
        int64_t t = job->target[row + l];
        job->loss[row + l] = 0;
        if (t == job->ignore_index) continue;
        job->loss[row + l] = (real)(log_sum[l] - ((double)x[l * n + t] - tops[l]));
    }
    softmax_turn_back(y, at, n, count);
}

/* One long row, sixteen elements at a time */
V_INLINE void softmax_long(const struct softmax_job *job, size_t row, enum softmax_kind kind)
{
    double kept[SOFTMAX_ROW];
    size_t n = job->n, whole = n - n % WIDE, left = n % WIDE;
    int keep = n <= SOFTMAX_ROW && kind != LOG_SOFTMAX;
    const real *x = job->x + row * n;
    real *y = job->y + row * n;
    real last[WIDE]; /* the row's tail, filled up with -inf */
    for (size_t l = 0; l < WIDE; l++) last[l] = l < left ? x[whole + l] : (real)-INFINITY;

    wide tops = wide_load(last);
    for (size_t j = 0; j < whole; j += WIDE) tops = wide_larger(wide_load(x + j), tops);
    double lanes[WIDE], highest = -INFINITY;
    wide_put(lanes, tops);
    for (int l = 0; l < WIDE; l++) highest = lanes[l] > highest ? lanes[l] : highest;
    wide top = wide_set(highest);

    struct softmax_sum s = softmax_sum_zero();
    for (size_t j = 0; j < n; j += WIDE) {
        wide z, e = softmax_exp(wide_load(j < whole ? x + j : last), top, &z);
        if (j >= whole) {
            /* The filling counts for nothing, even in a row of nothing but -inf. */
            double mask[WIDE];
            for (size_t l = 0; l < WIDE; l++) mask[l] = l < left ? 1 : 0;
            wide used = wide_get(mask);
            WIDE_EACH(e.part[k] = vd_select(used.part[k] == 1.0, e.part[k], vd_set(0));
                      z.part[k] = vd_select(used.part[k] == 1.0, z.part[k], vd_set(-1)););
        }
        softmax_sum_add(&s, z, e);
        if (keep) wide_put(kept + j, e);
    }
    double count = wide_total(s.tops), rest = total_divided(wide_sum_total(s.rest), 1);
    wide sum = wide_set(count + rest), inverse = wide_set(1 / (count + rest));
    wide log_sum = wide_log1p(wide_set(rest + (count - 1)));
    if (kind == CROSS_ENTROPY) {
        int64_t t = job->target[row];
        wide_put(lanes, log_sum);
        job->loss[row] = t == job->ignore_index ? 0 : (real)(lanes[0] - ((double)x[t] - highest));
    }

    for (size_t j = 0; j < n; j += WIDE) {
        wide z, w = keep ? wide_get(kept + j) : wide_load(j < whole ? x + j : last);
        if (kind == LOG_SOFTMAX) w = wide_sub(wide_sub(w, top), log_sum);
        else w = softmax_over(keep ? w : softmax_exp_apart(w, top, &z), sum, inverse);
        wide_store_upto(y + j, w, n - j);
    }
}

/* A unit is sixteen short rows, or one long row, or sixteen columns of one `outer`. */
V_INLINE size_t softmax_units(const struct softmax_job *job)
{
    if (job->inner > 1) return job->outer * job->tiles;
    return job->n <= SOFTMAX_SHORT ? job->tiles : job->outer;
}

V_INLINE void softmax_chunk(const struct softmax_job *job, size_t chunk, enum softmax_kind kind)
{
    size_t units = softmax_units(job), unit = chunk * job->group;
    size_t last = unit + job->group < units ? unit + job->group : units;
    for (; unit < last; unit++) {
        if (job->inner > 1) {
            size_t i = unit % job->tiles * WIDE, at = unit / job->tiles * job->n * job->inner + i;
            size_t count = job->inner - i < WIDE ? job->inner - i : WIDE;
            softmax_columns(job->y + at, job->x + at, job->n, job->inner, count, kind);
        } else if (job->n <= SOFTMAX_SHORT) {
            size_t row = unit * WIDE;
            softmax_short(job, row, job->outer - row < WIDE ? job->outer - row : WIDE, kind);
        } else {
            softmax_long(job, unit, kind);
        }
    }
}

static void softmax_plain_chunk(void *context, size_t chunk) { softmax_chunk(context, chunk, SOFTMAX); }
static void softmax_log_chunk(void *context, size_t chunk) { softmax_chunk(context, chunk, LOG_SOFTMAX); }
static void softmax_loss_chunk(void *context, size_t chunk) { softmax_chunk(context, chunk, CROSS_ENTROPY); }

static void softmax_run(struct softmax_job *job, void (*body)(void *context, size_t chunk))
{
    size_t elements = job->outer * job->n * job->inner;
    if (!elements) return;
    job->tiles = ((job->inner > 1 ? job->inner : job->outer) + WIDE - 1) / WIDE;
    size_t units = softmax_units(job);
    job->group = SOFTMAX_CHUNK / ((elements + units - 1) / units);
    if (!job->group) job->group = 1;
    reduce_run((units + job->group - 1) / job->group, body, job);
}

static void mg_softmax_forward(real *y, const real *x, size_t outer, size_t n, size_t inner)
{
    struct softmax_job job = {.y = y, .x = x, .outer = outer, .n = n, .inner = inner};
    softmax_run(&job, softmax_plain_chunk);
}

static void mg_log_softmax_forward(real *y, const real *x, size_t outer, size_t n, size_t inner)
{
    struct softmax_job job = {.y = y, .x = x, .outer = outer, .n = n, .inner = inner};
    softmax_run(&job, softmax_log_chunk);
}

static ptrdiff_t mg_cross_entropy_forward(real *loss, real *p, const real *x, const int64_t *target,
                                          size_t rows, size_t classes, int64_t ignore_index)
{
    for (size_t r = 0; r < rows; r++) {
        /* as unsigned, a negative target is too large */
        if (target[r] != ignore_index && (uint64_t)target[r] >= classes) return (ptrdiff_t)r;
    }
    if (!classes) memset(loss, 0, rows * sizeof *loss);
    struct softmax_job job = {.y = p,
                              .x = x,
                              .loss = loss,
                              .target = target,
                              .ignore_index = ignore_index,
                              .outer = rows,
                              .n = classes,
                              .inner = 1};
    softmax_run(&job, softmax_loss_chunk);
    return -1;
}

/* ---- gradients -------------------------------------------------------------- */

/* dx from dy and the output y; one row, or (inner > 1) `count` columns side by side */
V_INLINE void softmax_backward_row(real *dx, const real *dy, const real *y, size_t n, enum softmax_kind kind)
{
    struct wide_sum sums = wide_sum_zero();
    for (size_t j = 0; j < n; j += WIDE) {
        wide g = wide_load_upto(dy + j, n - j);
        if (kind == SOFTMAX) g = wide_mul(g, wide_load_upto(y + j, n - j));
        wide_sum_add(&sums, g);
    }
    wide sum = wide_set(total_divided(wide_sum_total(sums), 1));
    for (size_t j = 0; j < n; j += WIDE) {
        wide g = wide_load_upto(dy + j, n - j), w = wide_load_upto(y + j, n - j);
        w = kind == SOFTMAX ? wide_mul(w, wide_sub(g, sum)) : wide_sub(g, wide_mul(wide_exp(w), sum));
        wide_store_upto(dx + j, w, n - j);
    }
}

V_INLINE void softmax_backward_columns(real *dx, const real *dy, const real *y, size_t n, size_t inner,
                                       size_t count, enum softmax_kind kind)
{
    struct wide_sum sums = wide_sum_zero();
    for (size_t j = 0; j < n; j++) {
        wide g = wide_load_first(dy + j * inner, count);
        wide_sum_add(&sums, kind == SOFTMAX ? wide_mul(g, wide_load_first(y + j * inner, count)) : g);
    }
    wide sum = wide_sum_rounded(sums);
    for (size_t j = 0; j < n; j++) {
        wide g = wide_load_first(dy + j * inner, count), w = wide_load_first(y + j * inner, count);
        w = kind == SOFTMAX ? wide_mul(w, wide_sub(g, sum)) : wide_sub(g, wide_mul(wide_exp(w), sum));
        wide_store_first(dx + j * inner, w, count);
    }
}

V_INLINE void softmax_backward_chunk(const struct softmax_job *job, size_t chunk, enum softmax_kind kind)
{
    size_t n = job->n, inner = job->inner, units = inner > 1 ? job->outer * job->tiles : job->outer;
    size_t unit = chunk * job->group, last = unit + job->group < units ? unit + job->group : units;
    for (; unit < last; unit++) {
        if (inner == 1) {
            softmax_backward_row(job->y + unit * n, job->dy + unit * n, job->x + unit * n, n, kind);
            continue;
        }
        size_t i = unit % job->tiles * WIDE, at = unit / job->tiles * n * inner + i;
        size_t count = inner - i < WIDE ? inner - i : WIDE;
        softmax_backward_columns(job->y + at, job->dy + at, job->x + at, n, inner, count, kind);
    }
}

static void softmax_backward_plain_chunk(void *context, size_t chunk)
{
    softmax_backward_chunk(context, chunk, SOFTMAX);
}
static void softmax_backward_log_chunk(void *context, size_t chunk)
{
    softmax_backward_chunk(context, chunk, LOG_SOFTMAX);
}

static void softmax_backward_run(struct softmax_job *job, void (*body)(void *context, size_t chunk))
{
    size_t elements = job->outer * job->n * job->inner;
    if (!elements) return;
    job->tiles = (job->inner + WIDE - 1) / WIDE;
    size_t units = job->inner > 1 ? job->outer * job->tiles : job->outer;
    job->group = SOFTMAX_CHUNK / ((elements + units - 1) / units);
    if (!job->group) job->group = 1;
    reduce_run((units + job->group - 1) / job->group, body, job);
}

static void mg_softmax_backward(real *dx, const real *dy, const real *y, size_t outer, size_t n, size_t inner)
{
    struct softmax_job job = {.y = dx, .dy = dy, .x = y, .outer = outer, .n = n, .inner = inner};
    softmax_backward_run(&job, softmax_backward_plain_chunk);
}

static void mg_log_softmax_backward(real *dx, const real *dy, const real *y, size_t outer, size_t n,
                                    size_t inner)
{
    struct softmax_job job = {.y = dx, .dy = dy, .x = y, .outer = outer, .n = n, .inner = inner};
    softmax_backward_run(&job, softmax_backward_log_chunk);
}

struct cross_entropy_job {
    real *dx;
    const real *dy, *p;
    ptrdiff_t dy_step;
    const int64_t *target;
    double scale;
    size_t rows, classes, group;
    int64_t ignore_index;
};

static void cross_entropy_backward_chunk(void *context, size_t chunk)
{
    const struct cross_entropy_job *job = context;
    size_t n = job->classes, whole = n - n % WIDE, left = n % WIDE;
    size_t r = chunk * job->group, last = r + job->group < job->rows ? r + job->group : job->rows;
    for (; r < last; r++) {
        const real *p = job->p + r * n;
        real *dx = job->dx + r * n;
        int64_t t = job->target[r];
        if (t == job->ignore_index) {
            memset(dx, 0, n * sizeof *dx);
            continue;
        }
        double factor = job->scale * (double)job->dy[(ptrdiff_t)r * job->dy_step];
        double at_target = factor * ((double)p[t] - 1);
        wide factors = wide_set(factor);
        for (size_t j = 0; j < whole; j += WIDE) wide_store(dx + j, wide_mul(factors, wide_load(p + j)));
        if (left) wide_store_first(dx + whole, wide_mul(factors, wide_load_first(p + whole, left)), left);
        dx[t] = (real)at_target;
    }
}

static void mg_cross_entropy_backward(real *dx, const real *dy, ptrdiff_t dy_step, const real *p,
                                      const int64_t *target, double scale, size_t rows, size_t classes,
                                      int64_t ignore_index)
{
    if (!rows || !classes) return;
    struct cross_entropy_job job = {dx,          dy,      p,
                                    dy_step,     target,  scale,
                                    rows,        classes, classes < REDUCE_CHUNK ? REDUCE_CHUNK / classes : 1,
                                    ignore_index};
    reduce_run((rows + job.group - 1) / job.group, cross_entropy_backward_chunk, &job);
}

/* ---- the mean of squares -------------------------------------------------------- */

struct mse_job {
    real *dx;
    const real *x, *t;
    size_t n, pieces;
    real factor;
    struct total *partial;
};

/* x - t, rounded as an element is: sixteen of them, or the first n */
V_INLINE wide mse_difference(const real *x, const real *t)
{
    vreal v[WIDE_LOADS];
    for (int i = 0; i < (int)WIDE_LOADS; i++) v[i] = v_load(x + i * V_LANES) - v_load(t + i * V_LANES);
    return wide_from(v);
}
V_INLINE wide mse_difference_first(const real *x, const real *t, size_t n)
{
    vreal v[WIDE_LOADS];
    for (int i = 0; i < (int)WIDE_LOADS; i++) {
        size_t share = wide_share(n, i);
        v[i] = v_load_first(x + i * V_LANES, share) - v_load_first(t + i * V_LANES, share);
    }
    return wide_from(v);
}

/* sum += d^2. A float's square is exact in double; a double's is split (Dekker): with d = a + b,
 * a of 26 bits, the rounding of s = d^2 is (a^2 - s) + 2 a b + b^2. */
V_INLINE void mse_add(struct wide_sum *sum, wide d)
{
    wide square = wide_mul(d, d);
#if MG_DOUBLE
    WIDE_EACH(vdouble c = d.part[k] * 134217729.0; vdouble a = c - (c - d.part[k]); vdouble b = d.part[k] - a;
              sum->error.part[k] += ((a * a - square.part[k]) + 2.0 * a * b) + b * b;);
#endif
    wide_sum_add(sum, square);
}

static void mse_chunk(void *context, size_t piece)
{
    const struct mse_job *job = context;
    size_t i = reduce_cut(job->n, job->pieces, piece), end = reduce_cut(job->n, job->pieces, piece + 1);
    struct total total = {0, 0};
    while (i < end) {
        size_t stop = end - i < REDUCE_BLOCK ? end : i + REDUCE_BLOCK;
        struct wide_sum sum = wide_sum_zero();
        for (; i + WIDE <= stop; i += WIDE) mse_add(&sum, mse_difference(job->x + i, job->t + i));
        if (i < stop) mse_add(&sum, mse_difference_first(job->x + i, job->t + i, stop - i));
        i = stop;
        total_add(&total, wide_sum_total(sum));
    }
    job->partial[piece] = total;
}

static void mg_mse_forward(real *y, const real *x, const real *t, size_t n, double divisor)
{
    struct total partial[REDUCE_CHUNKS];
    struct mse_job job = {.x = x, .t = t, .n = n, .pieces = reduce_pieces(n, 1, 1), .partial = partial};
    reduce_run(job.pieces, mse_chunk, &job);
    for (size_t piece = 1; piece < job.pieces; piece++) total_add(&partial[0], partial[piece]);
    *y = (real)total_divided(partial[0], divisor);
}

static void mse_backward_chunk(void *context, size_t chunk)
{
    const struct mse_job *job = context;
    size_t i = chunk * REDUCE_CHUNK, end = job->n - i < REDUCE_CHUNK ? job->n : i + REDUCE_CHUNK;
    vreal factor = v_set(job->factor);
    for (; i + V_LANES <= end; i += V_LANES) {
        v_store(job->dx + i, factor * (v_load(job->x + i) - v_load(job->t + i)));
    }
    if (i < end) {
        vreal d = v_load_first(job->x + i, end - i) - v_load_first(job->t + i, end - i);
        v_store_first(job->dx + i, factor * d, end - i);
    }
}

static void mg_mse_backward(real *dx, const real *dy, const real *x, const real *t, double scale, size_t n)
{
    struct mse_job job = {.dx = dx, .x = x, .t = t, .n = n, .factor = (real)(scale * (double)dy[0])};
    reduce_run((n + REDUCE_CHUNK - 1) / REDUCE_CHUNK, mse_backward_chunk, &job);
}
