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

/* What a step knows: the arrays, what becomes of g and p before the rule, and the rule's
 * own numbers. A rule that needs less leaves the rest 0. */
struct step {
    real *const *p;
    const real *const *g;
    real *const *state[3];      /* NULL: not kept */
    const unsigned char *first; /* sgd: an array's buffer is still to be started */
    const double *own[3];       /* numbers that each array has for itself; NULL: not used */
    real scale, limit, weight_decay, shrink;
    real lr, momentum, undamped, beta1, beta1_rest, beta2, beta2_rest, eps;
    int nesterov, infinity;
};

/* One array's own numbers */
struct step_own {
    real a, b, c;
    int first;
};

/* plain: nothing of what a rule can do beside its first line is asked for (see step_work) */
typedef void step_rule(vreal *p, vreal g, vreal *s, const struct step *step, struct step_own own, int plain);

/* keep m + rest x, where rest = 1 - keep, from the nearer end: with a small keep, x - m has
 * lost digits of x that rest (x - m) + m would not bring back. */
V_INLINE vreal step_mean(vreal m, vreal x, real keep, real rest)
{
    return keep < (real)0.5 ? x + keep * (m - x) : m + rest * (x - m);
}

/* b = momentum b + (1 - dampening) g;  p -= lr (nesterov ? g + momentum b : b) */
V_INLINE void sgd_step(vreal *p, vreal g, vreal *s, const struct step *step, struct step_own own, int plain)
{
    if (!plain && step->state[0]) {
        s[0] = own.first ? g : step->momentum * s[0] + step->undamped * g;
        g = step->nesterov ? g + step->momentum * s[0] : s[0];
    }
    *p = *p - step->lr * g;
}

/* m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 * p -= (a m + c g) / (b sqrt(v) + eps)      b = 0: p -= a m + c g */
V_INLINE void adam_step(vreal *p, vreal g, vreal *s, const struct step *step, struct step_own own, int plain)
{
    s[0] = plain ? s[0] + step->beta1_rest * (g - s[0]) : step_mean(s[0], g, step->beta1, step->beta1_rest);
    vreal to = own.a * s[0], below;
    if (!plain && step->own[2]) to = to + own.c * g;
    if (!plain && step->infinity) {
        /* the larger; a NaN in either stays */
        vreal v = s[1] * step->beta2, size = v_select(g < 0, -g, g) + step->eps;
        below = s[1] = v_select((size > v) | (size != size), size, v);
    } else {
        below = s[1] = s[1] * step->beta2 + step->beta2_rest * g * g;
        if (!plain && step->state[2]) below = s[2] = v_select((s[1] > s[2]) | (s[1] != s[1]), s[1], s[2]);
        below = v_sqrt(below) * own.b + step->eps;
    }
    *p = *p - (!plain && own.b == 0 ? to : to / below);
}

/* v = beta2 v + beta2_rest g^2;  m = beta2 m + (1 - beta2) g if centered;
 * g' = g / (sqrt(v - m^2) + eps);  b = momentum b + g';  p -= a b */
V_INLINE void rmsprop_step(vreal *p, vreal g, vreal *s, const struct step *step, struct step_own own,
                           int plain)
{
    (void)plain;
    vreal v = s[0] = s[0] * step->beta2 + step->beta2_rest * g * g;
    if (step->state[1]) {
        s[1] = step_mean(s[1], g, step->beta2, step->beta2_rest);
        v = v - s[1] * s[1]; /* a variance, which rounding must not make negative */
        v = v_select(v < 0, v_set(0), v);
    }
    g = g / (v_sqrt(v) + step->eps);
    if (step->state[2]) g = s[2] = step->momentum * s[2] + g;
    *p = *p - own.a * g;
}

/* p -= lr sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g */
V_INLINE void lion_step(vreal *p, vreal g, vreal *s, const struct step *step, struct step_own own, int plain)
{
    (void)own, (void)plain;
    vreal u = step_mean(s[0], g, step->beta1, step->beta1_rest); /* 0 and NaN are their own signs */
    u = v_select(u > 0, v_set(1), v_select(u < 0, v_set(-1), u));
    s[0] = step_mean(s[0], g, step->beta2, step->beta2_rest);
    *p = *p - step->lr * u;
}

/* Where a vector of everything is read and written: p, g and the states of one array. */
struct step_at {
    real *p;
    const real *g;
    real *s[3];
};

/* A rule on one vector from element i on: whole, or the first `left` lanes of it. kept: bit j says that
 * there is a state j. */
V_ALWAYS void step_vector(struct step_at at, size_t i, size_t left, const int whole, const struct step *step,
                          struct step_own own, step_rule *rule, int kept, int plain)
{
    vreal x = whole ? v_load(at.p + i) : v_load_first(at.p + i, left), s[3] = {{0}};
    vreal g = whole ? v_load(at.g + i) : v_load_first(at.g + i, left);
    GEMM_UNROLL for (int j = 0; j < 3; j++)
        if (kept >> j & 1) s[j] = whole ? v_load(at.s[j] + i) : v_load_first(at.s[j] + i, left);
    g = g * step->scale;
    if (!plain) {
        if (step->limit < (real)INFINITY) {
            g = v_select(g > step->limit, v_set(step->limit), g);
            g = v_select(g < -step->limit, v_set(-step->limit), g);
        }
        if (step->weight_decay != 0) g = g + step->weight_decay * x;
    }
    x = x * step->shrink;
    rule(&x, g, s, step, own, plain);
    if (whole) v_store(at.p + i, x);
    else v_store_first(at.p + i, x, left);
    GEMM_UNROLL for (int j = 0; j < 3; j++) {
        if (!(kept >> j & 1)) continue;
        if (whole) v_store(at.s[j] + i, s[j]);
        else v_store_first(at.s[j] + i, s[j], left);
    }
}

V_ALWAYS void step_loop(struct step_at at, size_t from, size_t to, const struct step *step, struct step_own own,
                        step_rule *rule, int kept, int plain)
{
    for (; from + V_LANES <= to; from += V_LANES) step_vector(at, from, 0, 1, step, own, rule, kept, plain);
    if (from < to) step_vector(at, from, to - from, 0, step, own, rule, kept, plain);
}

/* A rule on elements [from, to) of an array: everything is read once and written once.
 *
 * plain: nothing is asked for but the rule itself, with the states of the bits `kept`. Then these are
 * constants and the loop has no question left in it (Adam, 17,000 parameters: half the time). */
V_ALWAYS void step_work(const struct optim_job *job, size_t array, size_t from, size_t to, step_rule *rule,
                        const int kept, int plain)
{
    /* a copy, which the stores below cannot be suspected of changing */
    const struct step step = *(const struct step *)job->rule;
    struct step_own own = {step.own[0] ? (real)step.own[0][array] : 0,
                           step.own[1] ? (real)step.own[1][array] : 0,
                           step.own[2] ? (real)step.own[2][array] : 0, step.first && step.first[array]};
    struct step_at at = {step.p[array], step.g[array], {NULL}};
    int there = 0;
    for (int j = 0; j < 3; j++) {
        if (!step.state[j]) continue;
        at.s[j] = step.state[j][array];
        there |= 1 << j;
    }
    if (plain && there == kept && step.weight_decay == 0 && !(step.limit < (real)INFINITY))
        step_loop(at, from, to, &step, own, rule, kept, 1);
    else
        step_loop(at, from, to, &step, own, rule, there, 0);
}

static void sgd_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    step_work(job, array, from, to, sgd_step, 0, 1);
}

static void mg_sgd(size_t count, real *const *p, const real *const *g, real *const *buffer,
                   const unsigned char *first, const size_t *n, double lr, double momentum, double dampening,
                   double weight_decay, int nesterov, double scale, double limit)
{
    struct step step = {.p = p,
                        .g = g,
                        .state = {momentum != 0 ? buffer : NULL},
                        .first = first,
                        .scale = (real)scale,
                        .limit = (real)limit,
                        .weight_decay = (real)weight_decay,
                        .shrink = 1,
                        .lr = (real)lr,
                        .momentum = (real)momentum,
                        .undamped = (real)(1 - dampening),
                        .nesterov = nesterov};
    struct optim_job job = {.work = sgd_work, .rule = &step};
    optim_run(&job, count, n, &g, 0);
}

static void adam_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    const struct step *step = job->rule;
    int plain = !step->own[2] && !step->infinity && step->own[1][array] != 0 && step->beta1 >= (real)0.5;
    step_work(job, array, from, to, adam_step, 3, plain);
}

static void mg_adam(size_t count, real *const *p, const real *const *g, real *const *m, real *const *v,
                    real *const *vmax, const double *a, const double *b, const double *c, const size_t *n,
                    double beta1, double beta2, double eps, double weight_decay, double shrink, int infinity,
                    double scale, double limit)
{
    struct step step = {.p = p,
                        .g = g,
                        .state = {m, v, vmax},
                        .own = {a, b, c},
                        .scale = (real)scale,
                        .limit = (real)limit,
                        .weight_decay = (real)weight_decay,
                        .shrink = (real)shrink,
                        .beta1 = (real)beta1,
                        .beta1_rest = (real)(1 - beta1),
                        .beta2 = (real)beta2,
                        .beta2_rest = (real)(1 - beta2),
                        .eps = (real)eps,
                        .infinity = infinity};
    struct optim_job job = {.work = adam_work, .rule = &step};
    optim_run(&job, count, n, &g, 0);
}

static void rmsprop_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    step_work(job, array, from, to, rmsprop_step, 0, 0);
}

static void mg_rmsprop(size_t count, real *const *p, const real *const *g, real *const *v, real *const *m,
                       real *const *b, const double *lr, const size_t *n, double keep, double gain,
                       double eps, double weight_decay, double momentum, double scale, double limit)
{
    struct step step = {.p = p,
                        .g = g,
                        .state = {v, m, b},
                        .own = {lr},
                        .scale = (real)scale,
                        .limit = (real)limit,
                        .weight_decay = (real)weight_decay,
                        .shrink = 1,
                        .momentum = (real)momentum,
                        .beta2 = (real)keep,
                        .beta2_rest = (real)gain,
                        .eps = (real)eps};
    struct optim_job job = {.work = rmsprop_work, .rule = &step};
    optim_run(&job, count, n, &g, 0);
}

static void lion_work(const struct optim_job *job, size_t array, size_t from, size_t to, size_t chunk)
{
    (void)chunk;
    step_work(job, array, from, to, lion_step, 0, 0);
}

static void mg_lion(size_t count, real *const *p, const real *const *g, real *const *m, const size_t *n,
                    double lr, double beta1, double beta2, double shrink, double scale, double limit)
{
    struct step step = {.p = p,
                        .g = g,
                        .state = {m},
                        .scale = (real)scale,
                        .limit = (real)limit,
                        .shrink = (real)shrink,
                        .lr = (real)lr,
                        .beta1 = (real)beta1,
                        .beta1_rest = (real)(1 - beta1),
                        .beta2 = (real)beta2,
                        .beta2_rest = (real)(1 - beta2)};
    struct optim_job job = {.work = lion_work, .rule = &step};
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
