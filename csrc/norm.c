/* What normalisation by channels (batch_norm.c) and by rows (layer_norm.c) have in common: numbers by sixteens, the
 * first n of sixteen, and the sums that statistics and gradients are made of. */

/* What is summed over a channel: first and second */
enum norm_sums { NORM_X, NORM_CENTRED, NORM_GRADIENT };
/*   NORM_X         x
 *   NORM_CENTRED   x - mean     (x - mean)^2
 *   NORM_GRADIENT  dy           dy (x - mean)                                     */

enum {
    NORM_TILE = 128,     /* columns, whose sums or numbers are held at a time */
    NORM_ROWS = 8,       /* rows, to a load of these */
    NORM_PARTIALS = 512, /* sums of pieces of columns */
    NORM_CHUNK = 32768,  /* elements, that a chunk has at most */
    NORM_LEAST = 6144    /* and should have at least */
};

/* The k of the statistics that needs no pass: the first value, if it is finite */
V_INLINE double norm_first_value(const real *x)
{
    const double first = (double)*x;
    return first - first == 0 ? first : 0;
}

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

/* Sixteen running sums in memory */
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

/* The gradient of the first n of sixteen outputs; of 0, where these went through max(., 0) and are not > 0 */
V_INLINE wide norm_gradient(const real *dy, const real *relu, size_t n)
{
    if (!relu) return wide_load_upto(dy, n);
    vreal g[WIDE_LOADS];
    for (int i = 0; i < (int)WIDE_LOADS; i++) {
        const size_t share = wide_share(n, (size_t)i), at = (size_t)i * V_LANES;
        const vreal y = n >= WIDE ? v_load(relu + at) : v_load_first(relu + at, share);
        g[i] = n >= WIDE ? v_load(dy + at) : v_load_first(dy + at, share);
        g[i] = v_select(y > 0, g[i], (vreal){0});
    }
    return wide_from(g);
}

/* The two sums of one channel, or row, over `rows` contiguous stretches of `inner`, `stride` apart */
V_INLINE void norm_sum_channel(struct total *out, const real *x, const real *dy, double mean, size_t stride,
                               size_t rows, size_t inner, enum norm_sums sums)
{
    out[0] = out[1] = (struct total){0, 0};
    wide m = wide_set(mean);
    struct wide_sum first = wide_sum_zero(), second = wide_sum_zero();
    size_t since = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t i = r * stride, end = i + inner;
        for (; i < end; i += WIDE) {
            const size_t left = end - i;
            wide v = wide_load_upto(x + i, left), g = v;
            if (sums == NORM_GRADIENT) g = wide_load_upto(dy + i, left);
            if (sums == NORM_CENTRED && left < WIDE) v = wide_fill(v, m, left);
            norm_add(&first, &second, v, g, m, sums);
            if ((since += WIDE) >= REDUCE_BLOCK) {
                total_add(&out[0], wide_sum_total(first));
                total_add(&out[1], wide_sum_total(second));
                first = second = wide_sum_zero();
                since = 0;
            }
        }
    }
    total_add(&out[0], wide_sum_total(first));
    total_add(&out[1], wide_sum_total(second));
}

/* (x - mean) scale + shift, and in backward dy slope besides */
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
