/* Arithmetic and elementary functions, element by element.
 *
 * A kernel here is a function from vectors to a vector, and one of the three loops below
 * that takes it over an array. Every element goes through the vector function, the last
 * few in a vector that is partly empty, so the bits of a result depend on nothing but its
 * operands: not on n, nor on where an element stands, nor on threads. */
#include "vmath.h"

/* ---- the loops --------------------------------------------------------------- */

typedef vreal elementwise_unary(vreal);
typedef vreal elementwise_binary(vreal, vreal);

/* What a kernel was called with, cut into chunks of `grain` elements for mg_parallel */
struct elementwise_job {
    real *y;
    const real *a, *b;
    ptrdiff_t a_step, b_step;
    size_t n, grain;
};
/* How many elements are worth a thread's while */
enum { ELEMENTWISE_CHEAP = 1 << 15, ELEMENTWISE_DEAR = 1 << 13 };

static void elementwise_run(void (*chunk)(void *job, size_t index), struct elementwise_job job)
{
    if (job.n <= job.grain) chunk(&job, 0);
    else mg_parallel((job.n - 1) / job.grain + 1, chunk, &job);
}

/* The index-th chunk: where it begins; its length goes into *n */
V_INLINE size_t elementwise_begin(const struct elementwise_job *job, size_t index, size_t *n)
{
    size_t begin = index * job->grain, left = job->n - begin;
    *n = left < job->grain ? left : job->grain;
    return begin;
}

/* y = f(x) */
V_INLINE void elementwise_map(elementwise_unary f, real *y, const real *x, size_t n)
{
    size_t i = 0;
    for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, f(v_load(x + i)));
    if (i < n) v_store_first(y + i, f(v_load_first(x + i, n - i)), n - i);
}

/* y = f(a, b), both dense */
V_INLINE void elementwise_zip(elementwise_binary f, real *y, const real *a, const real *b, size_t n)
{
    size_t i = 0;
    for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, f(v_load(a + i), v_load(b + i)));
    if (i < n) v_store_first(y + i, f(v_load_first(a + i, n - i), v_load_first(b + i, n - i)), n - i);
}

/* y = f(a, b), any steps */
V_INLINE void elementwise_zip_steps(elementwise_binary f, real *y, const real *a, ptrdiff_t a_step,
                                    const real *b, ptrdiff_t b_step, size_t n)
{
    size_t i = 0;
    if (a_step == 1 && b_step == 1) {
        elementwise_zip(f, y, a, b, n);
    } else if (a_step == 1 && b_step == 0) {
        vreal same = v_set(n ? *b : 0);
        for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, f(v_load(a + i), same));
        if (i < n) v_store_first(y + i, f(v_load_first(a + i, n - i), same), n - i);
    } else if (a_step == 0 && b_step == 1) {
        vreal same = v_set(n ? *a : 0);
        for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, f(same, v_load(b + i)));
        if (i < n) v_store_first(y + i, f(same, v_load_first(b + i, n - i)), n - i);
    } else {
        for (; i < n; i += V_LANES) {
            size_t count = n - i < V_LANES ? n - i : V_LANES;
            vreal a_lanes = {0}, b_lanes = {0};
            for (size_t j = 0; j < count; j++, a += a_step, b += b_step) {
                a_lanes[j] = *a;
                b_lanes[j] = *b;
            }
            v_store_first(y + i, f(a_lanes, b_lanes), count);
        }
    }
}

/* The kernel mg_<name> from the vector function f */
#define ELEMENTWISE_UNARY(name, f, grain) \
    static void elementwise_##name##_chunk(void *context, size_t index) \
    { \
        const struct elementwise_job *job = context; \
        size_t n, begin = elementwise_begin(job, index, &n); \
        elementwise_map(f, job->y + begin, job->a + begin, n); \
    } \
    static void mg_##name(real *y, const real *x, size_t n) \
    { \
        elementwise_run(elementwise_##name##_chunk, (struct elementwise_job){y, x, NULL, 1, 0, n, grain}); \
    }
/* f(a, b), both dense: the gradients of activations */
#define ELEMENTWISE_DENSE(name, f, grain) \
    static void elementwise_##name##_chunk(void *context, size_t index) \
    { \
        const struct elementwise_job *job = context; \
        size_t n, begin = elementwise_begin(job, index, &n); \
        elementwise_zip(f, job->y + begin, job->a + begin, job->b + begin, n); \
    } \
    static void mg_##name(real *y, const real *a, const real *b, size_t n) \
    { \
        elementwise_run(elementwise_##name##_chunk, (struct elementwise_job){y, a, b, 1, 1, n, grain}); \
    }
#define ELEMENTWISE_BINARY(name, f, grain) \
    static void elementwise_##name##_chunk(void *context, size_t index) \
    { \
        const struct elementwise_job *job = context; \
        size_t n, begin = elementwise_begin(job, index, &n); \
        elementwise_zip_steps(f, job->y + begin, job->a + (ptrdiff_t)begin * job->a_step, job->a_step, \
                              job->b + (ptrdiff_t)begin * job->b_step, job->b_step, n); \
    } \
    static void mg_##name(real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, \
                          size_t n) \
    { \
        elementwise_run(elementwise_##name##_chunk, \
                        (struct elementwise_job){y, a, b, a_step, b_step, n, grain}); \
    }

/* ---- binary ------------------------------------------------------------------- */

V_INLINE vreal elementwise_add(vreal a, vreal b) { return a + b; }
V_INLINE vreal elementwise_sub(vreal a, vreal b) { return a - b; }
V_INLINE vreal elementwise_mul(vreal a, vreal b) { return a * b; }
V_INLINE vreal elementwise_div(vreal a, vreal b) { return a / b; }
/* NaN wins; of equals, among them -0 and +0, the first */
V_INLINE vreal elementwise_maximum(vreal a, vreal b) { return v_select((a >= b) | (a != a), a, b); }
V_INLINE vreal elementwise_minimum(vreal a, vreal b) { return v_select((a <= b) | (a != a), a, b); }

ELEMENTWISE_BINARY(add, elementwise_add, ELEMENTWISE_CHEAP)
ELEMENTWISE_BINARY(sub, elementwise_sub, ELEMENTWISE_CHEAP)
ELEMENTWISE_BINARY(mul, elementwise_mul, ELEMENTWISE_CHEAP)
ELEMENTWISE_BINARY(div, elementwise_div, ELEMENTWISE_CHEAP)
ELEMENTWISE_BINARY(maximum, elementwise_maximum, ELEMENTWISE_CHEAP)
ELEMENTWISE_BINARY(minimum, elementwise_minimum, ELEMENTWISE_CHEAP)

/* ---- unary -------------------------------------------------------------------- */

V_INLINE vreal elementwise_neg(vreal x) { return -x; }
V_INLINE vreal elementwise_abs(vreal x)
{
    return (vreal)((vmask)x & (MG_DOUBLE ? (mask_lane)INT64_MAX : (mask_lane)INT32_MAX));
}
V_INLINE vreal elementwise_square(vreal x) { return x * x; }
V_INLINE vreal elementwise_reciprocal(vreal x) { return (real)1 / x; }
V_INLINE vreal elementwise_rsqrt(vreal x)
{
#if MG_DOUBLE
    return 1.0 / v_sqrt(x);
#else
    return v_narrow(1.0 / vd_sqrt(v_widen_low(x)), 1.0 / vd_sqrt(v_widen_high(x)));
#endif
}

ELEMENTWISE_UNARY(neg, elementwise_neg, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(abs, elementwise_abs, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(square, elementwise_square, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(reciprocal, elementwise_reciprocal, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(sqrt, v_sqrt, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(rsqrt, elementwise_rsqrt, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(exp, v_exp, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(expm1, v_expm1, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(log, v_log, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(log1p, v_log1p, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(erf, v_erf, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(exp2, v_exp2, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(log2, v_log2, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(log10, v_log10, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(erfc, v_erfc, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(erfinv, v_erfinv, ELEMENTWISE_DEAR)

/* ---- powers ------------------------------------------------------------------- */

/* The square root by pow's rules: +0 for -0, inf for -inf */
V_INLINE vreal elementwise_power_half(vreal x)
{
    return v_select(x == (real)-INFINITY, v_set((real)INFINITY), v_sqrt(x) + (real)0);
}
/* x^3, rounded once, or almost; where nothing or infinity is left, the plain product keeps its sign */
V_INLINE vreal elementwise_cube(vreal x)
{
#if MG_DOUBLE
    struct vmath_pair square = vmath_product(x, x), cube = vmath_product(square.high, x);
    vreal y = cube.high + (cube.low + square.low * x);
    return v_select((y == y) & (y != 0.0), y, cube.high);
#else
    vdouble low = v_widen_low(x), high = v_widen_high(x);
    return v_narrow(low * low * low, high * high * high);
#endif
}

ELEMENTWISE_BINARY(power_any, v_pow, ELEMENTWISE_DEAR)
ELEMENTWISE_UNARY(power_half, elementwise_power_half, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(cube, elementwise_cube, ELEMENTWISE_CHEAP)

/* One exponent for all is mostly one of a few, which need no logarithm */
static void mg_pow(real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n)
{
    real exponent = n && a_step == 1 && b_step == 0 ? *b : (real)NAN;
    if (exponent == 2) mg_square(y, a, n);
    else if (exponent == 3) mg_cube(y, a, n);
    else if (exponent == (real)0.5) mg_power_half(y, a, n);
    else if (exponent == -1) mg_reciprocal(y, a, n);
    else if (exponent == 1) memmove(y, a, n * sizeof *y);
    else mg_power_any(y, a, a_step, b, b_step, n);
}

/* ---- with a number -------------------------------------------------------------- */

static void elementwise_fill_chunk(void *context, size_t index)
{
    const struct elementwise_job *job = context;
    size_t n, begin = elementwise_begin(job, index, &n), i = 0;
    real *y = job->y + begin;
    vreal value = v_set(*job->a);
    for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, value);
    if (i < n) v_store_first(y + i, value, n - i);
}
static void mg_fill(real *y, double value, size_t n)
{
    real rounded = (real)value;
    elementwise_run(elementwise_fill_chunk,
                    (struct elementwise_job){y, &rounded, NULL, 0, 0, n, ELEMENTWISE_CHEAP});
}

static void elementwise_axpy_chunk(void *context, size_t index)
{
    const struct elementwise_job *job = context;
    size_t n, begin = elementwise_begin(job, index, &n), i = 0;
    real *y = job->y + begin;
    const real *x = job->a + begin;
    vreal alpha = v_set(*job->b);
    for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, v_load(y + i) + alpha * v_load(x + i));
    if (i < n) v_store_first(y + i, v_load_first(y + i, n - i) + alpha * v_load_first(x + i, n - i), n - i);
}
static void mg_axpy(real *y, const real *x, double alpha, size_t n)
{
    real rounded = (real)alpha;
    elementwise_run(elementwise_axpy_chunk,
                    (struct elementwise_job){y, x, &rounded, 1, 0, n, ELEMENTWISE_CHEAP});
}
