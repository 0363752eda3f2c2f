/* Sixteen doubles side by side, on every machine, and sums that keep their error: the ground that reductions,
 * softmax, losses, normalisation and optimizers stand on.
 *
 * Every sum on it is a fixed tree: sixteen logical lanes whatever the machine's vectors
 * hold, folded in halves; lanes into blocks, blocks into chunks, chunks into the total.
 * The cut depends on the shape alone. So the bits depend neither on the number of threads
 * nor on the instruction set.
 *
 * Float elements are added in double: a block's rounding stays under 2^-44 of the sum of
 * magnitudes, and the one rounding that shows is the last. Double elements are added
 * together with what each addition loses (Knuth's TwoSum),
 *
 *     s = a + b;  v = s - a;  error = (a - (s - v)) + (b - v)        s + error = a + b exactly
 *
 * and the errors' own sum joins at the end. An infinity makes the error NaN while s is
 * what plain summing gives; where the error is not finite, s alone is the answer. */
#ifndef MG_WIDE_H
#define MG_WIDE_H

#include <float.h>

enum { WIDE = 16, WIDE_PARTS = WIDE / VD_LANES, WIDE_LOADS = WIDE / V_LANES };

typedef struct {
    vdouble part[WIDE_PARTS];
} wide;

// clang-format off
/* The body once for each part k: straight-line code, so that the parts live in registers. */
#if V_BYTES == 64
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } } while (0)
#elif V_BYTES == 32
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } \
                             { enum { k = 2 }; body } { enum { k = 3 }; body } } while (0)
#else
#define WIDE_EACH(body) do { { enum { k = 0 }; body } { enum { k = 1 }; body } \
                             { enum { k = 2 }; body } { enum { k = 3 }; body } \
                             { enum { k = 4 }; body } { enum { k = 5 }; body } \
                             { enum { k = 6 }; body } { enum { k = 7 }; body } } while (0)
#endif
// clang-format on

V_INLINE wide wide_set(double x)
{
    wide w;
    WIDE_EACH(w.part[k] = vd_set(x););
    return w;
}

V_INLINE wide wide_get(const double *p)
{
    wide w;
    WIDE_EACH(w.part[k] = vd_load(p + k * VD_LANES););
    return w;
}

V_INLINE void wide_put(double *p, wide w) { WIDE_EACH(vd_store(p + k * VD_LANES, w.part[k]);); }

V_INLINE wide wide_add(wide a, wide b)
{
    WIDE_EACH(a.part[k] += b.part[k];);
    return a;
}

V_INLINE wide wide_sub(wide a, wide b)
{
    WIDE_EACH(a.part[k] -= b.part[k];);
    return a;
}

V_INLINE wide wide_mul(wide a, wide b)
{
    WIDE_EACH(a.part[k] *= b.part[k];);
    return a;
}

V_INLINE wide wide_div(wide a, wide b)
{
    WIDE_EACH(a.part[k] /= b.part[k];);
    return a;
}

/* a where a > b, else b: b where either is NaN */
V_INLINE wide wide_larger(wide a, wide b)
{
    WIDE_EACH(a.part[k] = vd_max(a.part[k], b.part[k]););
    return a;
}

/* One part from elements, and back: part k is elements k VD_LANES and on. */
#if MG_DOUBLE
V_INLINE wide wide_load(const real *x) { return wide_get(x); }
V_INLINE void wide_store(real *x, wide w) { wide_put(x, w); }
V_INLINE wide wide_from(const vreal *v)
{
    wide w;
    WIDE_EACH(w.part[k] = v[k];);
    return w;
}
V_INLINE void wide_into(vreal *v, wide w) { WIDE_EACH(v[k] = w.part[k];); }
#else
/* one part: VD_LANES floats in memory (GCC 12 would convert the half vectors in two steps) */
V_INLINE vdouble wide_load_part(const real *x)
{
#if defined(__AVX512F__)
    return (vdouble)_mm512_cvtps_pd(_mm256_loadu_ps(x));
#elif defined(__AVX2__)
    return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(x));
#elif defined(__x86_64__)
    return (vdouble)_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)x)));
#else
    vfloat_half half;
    memcpy(&half, x, sizeof half);
    return __builtin_convertvector(half, vdouble);
#endif
}
V_INLINE void wide_store_part(real *x, vdouble v)
{
#if defined(__AVX512F__)
    _mm256_storeu_ps(x, _mm512_cvtpd_ps((__m512d)v));
#elif defined(__AVX2__)
    _mm_storeu_ps(x, _mm256_cvtpd_ps((__m256d)v));
#elif defined(__x86_64__)
    _mm_storel_epi64((__m128i *)x, _mm_castps_si128(_mm_cvtpd_ps((__m128d)v)));
#else
    vfloat_half half = __builtin_convertvector(v, vfloat_half);
    memcpy(x, &half, sizeof half);
#endif
}
V_INLINE wide wide_load(const real *x)
{
    wide w;
    WIDE_EACH(w.part[k] = wide_load_part(x + k * VD_LANES););
    return w;
}
V_INLINE void wide_store(real *x, wide w) { WIDE_EACH(wide_store_part(x + k * VD_LANES, w.part[k]);); }
V_INLINE wide wide_from(const vreal *v)
{
    wide w;
    WIDE_EACH(w.part[k] = k % 2 ? v_widen_high(v[k / 2]) : v_widen_low(v[k / 2]););
    return w;
}
V_INLINE void wide_into(vreal *v, wide w)
{
    WIDE_EACH(if (k % 2) v[k / 2] = v_narrow(w.part[k & ~1], w.part[k | 1]););
}
#endif

/* How many of the n elements fall into vector i */
V_INLINE size_t wide_share(size_t n, size_t i)
{
    size_t before = i * V_LANES;
    return n <= before ? 0 : n - before < V_LANES ? n - before : V_LANES;
}

/* The first n elements (0 <= n <= WIDE), 0 in the other lanes */
V_INLINE wide wide_load_first(const real *x, size_t n)
{
    vreal v[WIDE_LOADS];
    for (int i = 0; i < (int)WIDE_LOADS; i++) v[i] = v_load_first(x + i * V_LANES, wide_share(n, i));
    return wide_from(v);
}

V_INLINE void wide_store_first(real *x, wide w, size_t n)
{
    vreal v[WIDE_LOADS];
    wide_into(v, w);
    for (int i = 0; i < (int)WIDE_LOADS; i++) v_store_first(x + i * V_LANES, v[i], wide_share(n, i));
}

/* Sixteen elements, or the n that are left */
V_INLINE wide wide_load_upto(const real *p, size_t n)
{
    return n >= WIDE ? wide_load(p) : wide_load_first(p, n);
}

V_INLINE void wide_store_upto(real *p, wide w, size_t n)
{
    if (n >= WIDE) wide_store(p, w);
    else wide_store_first(p, w, n);
}

/* The same of doubles */
V_INLINE wide wide_get_upto(const double *p, size_t n)
{
    if (n >= WIDE) return wide_get(p);
    double x[WIDE] = {0};
    memcpy(x, p, n * sizeof *x);
    return wide_get(x);
}

V_INLINE void wide_put_upto(double *p, wide w, size_t n)
{
    if (n >= WIDE) {
        wide_put(p, w);
        return;
    }
    double x[WIDE];
    wide_put(x, w);
    memcpy(p, x, n * sizeof *x);
}

/* The first n lanes of w, those of `filler` beyond */
V_INLINE wide wide_fill(wide w, wide filler, size_t n)
{
    double lane[WIDE];
    for (size_t i = 0; i < WIDE; i++) lane[i] = (double)i;
    const wide at = wide_get(lane);
    WIDE_EACH(w.part[k] = vd_select(at.part[k] < (double)n, w.part[k], filler.part[k]););
    return w;
}

/* ---- sums that keep their error --------------------------------------------- */

/* s + lost = a + b exactly; for a number or a vector of them */
#define TWO_SUM(type, s, lost, a, b) \
    type s = (a) + (b); \
    type lost; \
    do { \
        type v_ = s - (a); \
        lost = ((a) - (s - v_)) + ((b) - v_); \
    } while (0)

struct total {
    double sum, error;
};

V_INLINE void total_add(struct total *t, struct total more)
{
    TWO_SUM(double, s, lost, t->sum, more.sum);
    t->error += lost + more.error;
    t->sum = s;
}

/* total / divisor, rounded once: the quotient q, then what is left of the total after q divisor */
V_INLINE double total_divided(struct total t, double divisor)
{
    double s = t.sum + t.error;
    if (!(fabs(t.error) <= DBL_MAX)) return t.sum / divisor;
    if (divisor == 1 || !MG_DOUBLE) return s / divisor;
    double q = s / divisor;
    double rest = fma(-q, divisor, s) + (t.error - (s - t.sum));
    double better = q + rest / divisor;
    return fabs(better) <= DBL_MAX ? better : q;
}

/* Sixteen running sums. In the float build the double sum needs no error beside it. */
struct wide_sum {
    wide sum;
#if MG_DOUBLE
    wide error;
#endif
};

V_INLINE struct wide_sum wide_sum_zero(void)
{
    struct wide_sum a;
    a.sum = wide_set(0);
#if MG_DOUBLE
    a.error = wide_set(0);
#endif
    return a;
}

V_INLINE void wide_sum_add(struct wide_sum *a, wide x)
{
#if MG_DOUBLE
    WIDE_EACH(TWO_SUM(vdouble, s, lost, a->sum.part[k], x.part[k]); a->error.part[k] += lost;
              a->sum.part[k] = s;);
#else
    a->sum = wide_add(a->sum, x);
#endif
}

/* The sixteen sums as they stand; where an error is not finite, the sum alone */
V_INLINE wide wide_sum_rounded(struct wide_sum a)
{
#if MG_DOUBLE
    WIDE_EACH(vint64 finite = a.error.part[k] - a.error.part[k] == 0.0;
              a.sum.part[k] += vd_select(finite, a.error.part[k], vd_set(0)););
#endif
    return a.sum;
}

/* Folded in halves: lane l takes lane l + 8, then l + 4, l + 2, l + 1. HALVE is one such step
 * inside a vector, from the type it has to the one half as long. */
typedef double vdouble4 __attribute__((vector_size(32)));
typedef double vdouble2 __attribute__((vector_size(16)));

V_INLINE struct total wide_sum_total(struct wide_sum a)
{
#if MG_DOUBLE
    for (int half = WIDE_PARTS / 2; half; half /= 2) {
        for (int k = 0; k < half; k++) {
            TWO_SUM(vdouble, s, lost, a.sum.part[k], a.sum.part[k + half]);
            a.error.part[k] = a.error.part[k] + (lost + a.error.part[k + half]);
            a.sum.part[k] = s;
        }
    }
#define HALVE(type, sum, error, from, from_error) \
    type sum, error, sum##_1, error##_1; \
    memcpy(&sum, &from, sizeof sum); \
    memcpy(&sum##_1, (const char *)&from + sizeof sum, sizeof sum); \
    memcpy(&error, &from_error, sizeof error); \
    memcpy(&error##_1, (const char *)&from_error + sizeof error, sizeof error); \
    TWO_SUM(type, sum##_2, sum##_lost, sum, sum##_1); \
    error = error + (sum##_lost + error##_1); \
    sum = sum##_2;
    vdouble s8 = a.sum.part[0], e8 = a.error.part[0];
#else
    for (int half = WIDE_PARTS / 2; half; half /= 2) {
        for (int k = 0; k < half; k++) a.sum.part[k] += a.sum.part[k + half];
    }
#define HALVE(type, sum, error, from, from_error) \
    type sum, sum##_1; \
    memcpy(&sum, &from, sizeof sum); \
    memcpy(&sum##_1, (const char *)&from + sizeof sum, sizeof sum); \
    sum += sum##_1;
    vdouble s8 = a.sum.part[0];
    double e1 = 0;
#endif
#if V_BYTES == 64
    HALVE(vdouble4, s4, e4, s8, e8)
    HALVE(vdouble2, s2, e2, s4, e4)
#elif V_BYTES == 32
    HALVE(vdouble2, s2, e2, s8, e8)
#else
    vdouble2 s2 = s8;
#if MG_DOUBLE
    vdouble2 e2 = e8;
#endif
#endif
    HALVE(double, s1, e1, s2, e2)
    return (struct total){s1, e1};
#undef HALVE
}

/* The sixteen added up, without their error */
V_INLINE double wide_total(wide w)
{
    struct wide_sum a = wide_sum_zero();
    a.sum = w;
    return wide_sum_total(a).sum;
}

#endif
