/* The optimizers' steps and what goes with them, for all of a network's arrays in one call
 * and in one pass over memory.
 *
 * The arrays are thought of as laid end to end and cut into chunks, so that a hundred
 * biases cost no more than one array of their sum. A chunk finds its first array by
 * counting lengths: no list, no allocation. */

enum {
    OPTIM_CHUNK = 16384, /* elements to a thread's portion; fewer in all are done at once */
    OPTIM_PARTIALS = 256 /* chunks at most, where each has a result to keep */
};

struct optim_job {
    size_t count, total, chunk;
    const size_t *n;
    const real *const *const *skip; /* arrays whose NULL means: not this one */
    void (*work)(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk);
    const void *rule;
};

/* Where to cut at `position` of array `i`: at a whole number of vectors, or its end */
V_INLINE size_t optim_cut(size_t n, size_t position) { return position < n ? position & ~(size_t)63 : n; }

static void optim_body(void *context, size_t chunk)
{
    const struct optim_job *job = context;
    size_t from = chunk * job->chunk, to = job->total - from < job->chunk ? job->total : from + job->chunk;
    for (size_t i = 0, start = 0; i < job->count && start < to; start += job->n[i++]) {
        size_t end = start + job->n[i];
        if (end <= from || !job->n[i] || (*job->skip)[i] == NULL) continue;
        size_t first = optim_cut(job->n[i], from > start ? from - start : 0);
        size_t last = optim_cut(job->n[i], to - start);
        if (first < last) job->work(job, i, first, last, chunk);
    }
}

static void optim_run(struct optim_job *job, size_t count, const size_t *n, const real *const *const *skip,
                      size_t most_chunks)
{
    job->count = count;
    job->n = n;
    job->skip = skip;
    job->total = 0;
    for (size_t i = 0; i < count; i++) job->total += n[i];
    job->chunk = OPTIM_CHUNK;
    if (job->total <= 2 * OPTIM_CHUNK) job->chunk = 2 * OPTIM_CHUNK;
    if (most_chunks && job->total / job->chunk >= most_chunks) job->chunk = job->total / most_chunks + 1;
    reduce_run((job->total + job->chunk - 1) / job->chunk, optim_body, job);
}

/* ---- steps ---------------------------------------------------------------- */

struct sgd_rule {
    real *const *p;
    const real *const *g;
    real *const *buffer;
    const unsigned char *first;
    real lr, momentum, undamped, weight_decay;
    int has_buffer, nesterov, maximize;
};

/* g' = g + weight_decay p;  b = momentum b + (1 - dampening) g';
 * p += -lr (nesterov ? g' + momentum b : b) */
V_INLINE void sgd_step(vreal *p, vreal g, vreal *b, const struct sgd_rule *rule, int first)
{
    if (rule->maximize) g = -g;
    if (rule->weight_decay != 0) g = g + rule->weight_decay * *p;
    if (rule->has_buffer) {
        *b = first ? g : rule->momentum * *b + rule->undamped * g;
        g = rule->nesterov ? g + rule->momentum * *b : *b;
    }
    *p = *p - rule->lr * g;
}

static void sgd_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    /* a copy, which the stores below cannot be suspected of changing */
    const struct sgd_rule rule = *(const struct sgd_rule *)job->rule;
    real *p = rule.p[array] + from;
    const real *g = rule.g[array] + from;
    real *b = rule.has_buffer ? rule.buffer[array] + from : NULL;
    int first = rule.has_buffer && rule.first[array];
    size_t n = to - from, i = 0;
    for (; i + V_LANES <= n; i += V_LANES) {
        vreal vp = v_load(p + i), vb = b && !first ? v_load(b + i) : v_set(0);
        sgd_step(&vp, v_load(g + i), &vb, &rule, first);
        v_store(p + i, vp);
        if (b) v_store(b + i, vb);
    }
    if (i < n) {
        vreal vp = v_load_first(p + i, n - i), vb = b && !first ? v_load_first(b + i, n - i) : v_set(0);
        sgd_step(&vp, v_load_first(g + i, n - i), &vb, &rule, first);
        v_store_first(p + i, vp, n - i);
        if (b) v_store_first(b + i, vb, n - i);
    }
}

static void mg_sgd(size_t count, real *const *p, const real *const *g, real *const *buffer,
                   const unsigned char *first, const size_t *n, double lr, double momentum, double dampening,
                   double weight_decay, int nesterov, int maximize)
{
    struct sgd_rule rule = {p,
                            g,
                            buffer,
                            first,
                            (real)lr,
                            (real)momentum,
                            (real)(1 - dampening),
                            (real)weight_decay,
                            momentum != 0,
                            nesterov,
                            maximize};
    struct optim_job job = {.work = sgd_work, .rule = &rule};
    optim_run(&job, count, n, &g, 0);
}

struct adam_rule {
    real *const *p;
    const real *const *g;
    real *const *m, *const *v, *const *vmax;
    const double *c1, *c2;
    double lr;
    real beta1_rest, beta2, beta2_rest, eps, weight_decay, shrink;
    int decoupled, maximize;
};

/* One array's own: lr / c1 and 1 / sqrt(c2) */
struct adam_scale {
    real step, root;
};

/* m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2;
 * p -= step m / (sqrt(v) root + eps) */
V_INLINE void adam_step(vreal *p, vreal g, vreal *m, vreal *v, vreal *vmax, const struct adam_rule *rule,
                        struct adam_scale scale)
{
    if (rule->maximize) g = -g;
    if (rule->decoupled) *p = *p * rule->shrink;
    else if (rule->weight_decay != 0) g = g + rule->weight_decay * *p;
    *m = *m + rule->beta1_rest * (g - *m);
    *v = *v * rule->beta2 + rule->beta2_rest * g * g;
    vreal second = *v;
    if (vmax) {
        /* a NaN in either stays */
        *vmax = second = v_select((*v > *vmax) | (*v != *v), *v, *vmax);
    }
    *p = *p - scale.step * *m / (v_sqrt(second) * scale.root + rule->eps);
}

static void adam_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    const struct adam_rule rule = *(const struct adam_rule *)job->rule;
    struct adam_scale scale = {(real)(rule.lr / rule.c1[array]), (real)(1 / sqrt(rule.c2[array]))};
    real *p = rule.p[array] + from, *m = rule.m[array] + from, *v = rule.v[array] + from;
    real *vmax = rule.vmax ? rule.vmax[array] + from : NULL;
    const real *g = rule.g[array] + from;
    size_t n = to - from, i = 0;
    for (; i + V_LANES <= n; i += V_LANES) {
        vreal a = v_load(p + i), b = v_load(m + i), c = v_load(v + i), d;
        if (vmax) {
            d = v_load(vmax + i);
            adam_step(&a, v_load(g + i), &b, &c, &d, &rule, scale);
            v_store(vmax + i, d);
        } else {
            adam_step(&a, v_load(g + i), &b, &c, NULL, &rule, scale);
        }
        v_store(p + i, a);
        v_store(m + i, b);
        v_store(v + i, c);
    }
    if (i < n) {
        size_t left = n - i;
        vreal a = v_load_first(p + i, left), b = v_load_first(m + i, left), c = v_load_first(v + i, left), d;
        if (vmax) {
            d = v_load_first(vmax + i, left);
            adam_step(&a, v_load_first(g + i, left), &b, &c, &d, &rule, scale);
            v_store_first(vmax + i, d, left);
        } else {
            adam_step(&a, v_load_first(g + i, left), &b, &c, NULL, &rule, scale);
        }
        v_store_first(p + i, a, left);
        v_store_first(m + i, b, left);
        v_store_first(v + i, c, left);
    }
}

static void mg_adam(size_t count, real *const *p, const real *const *g, real *const *m, real *const *v,
                    real *const *vmax, const double *c1, const double *c2, const size_t *n, double lr,
                    double beta1, double beta2, double eps, double weight_decay, int decoupled, int maximize)
{
    struct adam_rule rule = {p,
                             g,
                             m,
                             v,
                             vmax,
                             c1,
                             c2,
                             lr,
                             (real)(1 - beta1),
                             (real)beta2,
                             (real)(1 - beta2),
                             (real)eps,
                             (real)weight_decay,
                             (real)(1 - lr * weight_decay),
                             decoupled,
                             maximize};
    struct optim_job job = {.work = adam_work, .rule = &rule};
    optim_run(&job, count, n, &g, 0);
}

/* ---- norms, clipping, the search for what is not finite --------------------------- */

struct norm2_rule {
    const real *const *x;
    double scale;          /* a power of two that each element is multiplied by */
    struct total *squares; /* a chunk's sum */
    double *largest;       /* instead: a chunk's largest magnitude */
};

/* (scale x)^2; a float needs no scaling */
V_INLINE wide norm2_square(wide x, wide scale)
{
    if (MG_DOUBLE) x = wide_mul(x, scale);
    return wide_mul(x, x);
}

static void norm2_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    const struct norm2_rule *rule = job->rule;
    const real *x = rule->x[array];
    wide scale = wide_set(rule->scale);
    for (size_t i = from; i < to;) {
        size_t stop = to - i < REDUCE_BLOCK ? to : i + REDUCE_BLOCK;
        wide a = wide_set(0), b = a;
        for (; i + 2 * WIDE <= stop; i += 2 * WIDE) {
            a = wide_add(a, norm2_square(wide_load(x + i), scale));
            b = wide_add(b, norm2_square(wide_load(x + i + WIDE), scale));
        }
        for (; i < stop; i += WIDE) {
            size_t left = stop - i < WIDE ? stop - i : WIDE;
            a = wide_add(a, norm2_square(wide_load_first(x + i, left), scale));
        }
        i = stop;
        total_add(&rule->squares[chunk], (struct total){wide_total(wide_add(a, b)), 0});
    }
}

static void norm2_largest_work(const struct optim_job *job, size_t array, size_t from, size_t to,
                               size_t chunk)
{
    const struct norm2_rule *rule = job->rule;
    double largest = rule->largest[chunk];
    for (size_t i = from; i < to; i++) {
        double a = fabs((double)rule->x[array][i]);
        if (a > largest || a != a) largest = a;
    }
    rule->largest[chunk] = largest;
}

/* The squares in double do not overflow or vanish for any float. For double they may; then
 * the sum comes out infinite, NaN, or so small that squares may have been lost in it, and
 * a second round scales by the power of two that takes the largest element to [1, 2). */
static double mg_norm2(size_t count, const real *const *x, const size_t *n)
{
    struct total squares[OPTIM_PARTIALS];
    double largest[OPTIM_PARTIALS] = {0};
    struct norm2_rule rule = {x, 1, squares, largest};
    struct optim_job job = {.work = norm2_work, .rule = &rule};
    for (;;) {
        memset(squares, 0, sizeof squares);
        optim_run(&job, count, n, &x, OPTIM_PARTIALS);
        for (size_t c = 1; c < OPTIM_PARTIALS; c++) total_add(&squares[0], squares[c]);
        double sum = total_divided(squares[0], 1);
        int safe = sum >= 0x1p-900 && sum <= DBL_MAX;
        if (safe || rule.scale != 1) return sqrt(sum) / rule.scale;
        job.work = norm2_largest_work;
        optim_run(&job, count, n, &x, OPTIM_PARTIALS);
        double most = 0;
        for (size_t c = 0; c < OPTIM_PARTIALS; c++) {
            if (largest[c] > most || largest[c] != largest[c]) most = largest[c];
        }
        if (most == 0 || !(most <= DBL_MAX)) return most;
        /* 2^-1022 at least, 2^1023 at most: a power that is a normal number, as its inverse is */
        int exponent = ilogb(most);
        rule.scale = ldexp(1, exponent > 1022 ? -1022 : exponent < -1022 ? 1022 : -exponent);
        if (rule.scale == 1) return sqrt(sum);
        job.work = norm2_work;
    }
}

struct scale_rule {
    real *const *x;
    real factor;
};

static void scale_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    const struct scale_rule *rule = job->rule;
    real *x = rule->x[array];
    for (; from + V_LANES <= to; from += V_LANES) v_store(x + from, v_load(x + from) * rule->factor);
    if (from < to) v_store_first(x + from, v_load_first(x + from, to - from) * rule->factor, to - from);
}

static void mg_scale(size_t count, real *const *x, const size_t *n, double factor)
{
    struct scale_rule rule = {x, (real)factor};
    struct optim_job job = {.work = scale_work, .rule = &rule};
    const real *const *given = (const real *const *)x;
    optim_run(&job, count, n, &given, 0);
}

struct finite_rule {
    const real *const *x;
    size_t *found;
};

/* x - x is 0, or NaN where x is not finite; and a NaN stays in a sum. */
static void finite_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    const struct finite_rule *rule = job->rule;
    const real *x = rule->x[array];
    if (rule->found[chunk] < array) return;
    vreal a = v_set(0), b = a, c = a, d = a;
    for (; from + 4 * V_LANES <= to; from += 4 * V_LANES) {
        vreal p = v_load(x + from), q = v_load(x + from + V_LANES);
        vreal r = v_load(x + from + 2 * V_LANES), s = v_load(x + from + 3 * V_LANES);
        a += p - p;
        b += q - q;
        c += r - r;
        d += s - s;
    }
    for (; from < to; from += V_LANES) {
        vreal p = v_load_first(x + from, to - from < V_LANES ? to - from : V_LANES);
        a += p - p;
    }
    a = (a + b) + (c + d);
    for (int l = 0; l < (int)V_LANES; l++) {
        if (a[l] != 0) rule->found[chunk] = array;
    }
}

static size_t mg_find_nonfinite(size_t count, const real *const *x, const size_t *n)
{
    size_t found[OPTIM_PARTIALS];
    for (size_t c = 0; c < OPTIM_PARTIALS; c++) found[c] = count;
    struct finite_rule rule = {x, found};
    struct optim_job job = {.work = finite_work, .rule = &rule};
    optim_run(&job, count, n, &x, OPTIM_PARTIALS);
    for (size_t c = 1; c < OPTIM_PARTIALS; c++) {
        if (found[c] < found[0]) found[0] = found[c];
    }
    return found[0];
}
