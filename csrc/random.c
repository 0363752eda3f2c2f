/* Arrays of random numbers, bit for bit those of torch on the CPU (its normals in float
 * to within a few roundings). Everything is drawn in the order of the array's elements
 * from one Mersenne twister; generator.c tells how each of torch's functions uses it.
 *
 * Words are made in batches: a vectorised twist renews the state, a vectorised tempering
 * copies words to a small buffer, and the loops below turn the buffer into numbers. */
#include <math.h>
#include "minigrad.h"
#include "simd.h"
#include "vmath.h"

typedef uint32_t random_vword __attribute__((vector_size(V_BYTES)));

enum {
    RANDOM_STATE = 624,
    RANDOM_MIDDLE = 397,
    RANDOM_WORDS_EACH = sizeof(real) / sizeof(uint32_t), /* words behind one uniform real */
    /* The buffer: two states, so that most batches start and end with the twister's own,
     * and a whole number of blocks of 16 normals in both dtypes. */
    RANDOM_BATCH = 2 * RANDOM_STATE,
    RANDOM_WORD_LANES = V_BYTES / sizeof(uint32_t),
    RANDOM_PADDING = 2 * RANDOM_WORD_LANES
};

V_INLINE random_vword random_load(const uint32_t *p)
{
    random_vword v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* ---- the twister ------------------------------------------------------------ */

/* x' = far ^ A(top bit of x, other bits of after); see generator.c */
V_INLINE uint32_t random_renewed(uint32_t x, uint32_t after, uint32_t far)
{
    uint32_t joined = (x & 0x80000000u) | (after & 0x7fffffffu);
    return far ^ (joined >> 1) ^ (-(joined & 1) & 0x9908b0dfu);
}

/* x[i] is renewed for first <= i < last with x[i + step] as its far word. In place: a
 * vector reads x[i + 1 ...] before it writes, and a negative step, which reads words
 * already renewed, reaches back further than any vector is wide. */
V_INLINE void random_renew(uint32_t *x, int first, int last, int step)
{
    int i = first;
    for (; i + RANDOM_WORD_LANES <= last; i += RANDOM_WORD_LANES) {
        random_vword joined = (random_load(x + i) & 0x80000000u) | (random_load(x + i + 1) & 0x7fffffffu);
        random_vword renewed = random_load(x + i + step) ^ (joined >> 1) ^ (-(joined & 1) & 0x9908b0dfu);
        memcpy(x + i, &renewed, sizeof renewed);
    }
    for (; i < last; i++) x[i] = random_renewed(x[i], x[i + 1], x[i + step]);
}

/* The recurrence in three pieces, cut where an index wraps around. */
static void random_twist(uint32_t *x)
{
    random_renew(x, 0, RANDOM_STATE - RANDOM_MIDDLE, RANDOM_MIDDLE);
    random_renew(x, RANDOM_STATE - RANDOM_MIDDLE, RANDOM_STATE - 1, RANDOM_MIDDLE - RANDOM_STATE);
    x[RANDOM_STATE - 1] = random_renewed(x[RANDOM_STATE - 1], x[0], x[RANDOM_MIDDLE - 1]);
}

/* The next `count` <= RANDOM_BATCH words, and RANDOM_PADDING zeros after them so that the
 * last numbers can be made by whole vectors too. */
static void random_words(struct mg_generator *generator, uint32_t *words, size_t count)
{
    while (count > 0) {
        if (generator->next >= RANDOM_STATE) {
            random_twist(generator->state);
            generator->next = 0;
        }
        const uint32_t *state = generator->state + generator->next;
        size_t left = RANDOM_STATE - generator->next;
        size_t n = count < left ? count : left;
        size_t i = 0;
        for (; i + RANDOM_WORD_LANES <= n; i += RANDOM_WORD_LANES) {
            random_vword x = random_load(state + i);
            x ^= x >> 11;
            x ^= (x << 7) & 0x9d2c5680u;
            x ^= (x << 15) & 0xefc60000u;
            x ^= x >> 18;
            memcpy(words + i, &x, sizeof x);
        }
        generator->next += (uint32_t)i;
        for (; i < n; i++) words[i] = mg_generator_next32(generator);
        words += n;
        count -= n;
    }
    memset(words, 0, RANDOM_PADDING * sizeof *words);
}

/* ---- uniform ------------------------------------------------------------------ */

/* VD_LANES integers of 53 bits, each from two words of which the first is the high one. */
V_INLINE vint64 random_integers(const uint32_t *words)
{
    vuint64 pair;
    memcpy(&pair, words, sizeof pair);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    pair = pair << 32 | pair >> 32;
#endif
    return (vint64)(pair & ((1ull << 53) - 1));
}

/* V_LANES numbers in [0, 1), multiples of 2^-24 or (double) 2^-53. */
V_INLINE vreal random_unit(const uint32_t *words)
{
#if MG_DOUBLE
    /* No instruction below AVX-512 converts 64-bit integers. The two halves are put under
     * the exponents of 2^84 and 2^52; taking those off again is exact, as is the sum. */
    vuint64 k = (vuint64)random_integers(words);
    vdouble high = (vdouble)((k >> 32) | 0x4530000000000000) - (0x1p84 + 0x1p52);
    vdouble low = (vdouble)((k & 0xffffffff) | 0x4330000000000000);
    return (high + low) * 0x1p-53;
#else
    return __builtin_convertvector((vint32)(random_load(words) & 0xffffffu), vfloat) * 0x1p-24f;
#endif
}

/* a * b + c in one rounding on every machine, since torch's uniform numbers are. */
V_INLINE vreal random_fma(vreal a, vreal b, vreal c)
{
#if defined(__FMA__) || defined(__aarch64__)
    return v_fma(a, b, c);
#else
    vreal y;
    for (int i = 0; i < (int)V_LANES; i++) y[i] = MG_DOUBLE ? fma(a[i], b[i], c[i]) : fmaf(a[i], b[i], c[i]);
    return y;
#endif
}

/* y = low + (high - low) u; where rounding makes that `high` it is `low`, as torch has it. */
static void mg_uniform(real *y, struct mg_generator *generator, double low, double high, size_t n)
{
    uint32_t words[RANDOM_BATCH + RANDOM_PADDING];
    vreal from = v_set((real)low), to = v_set((real)high), range = to - from;
    int moved = low != 0; /* if not, the product alone is rounded once */
    while (n > 0) {
        size_t m = n < RANDOM_BATCH / RANDOM_WORDS_EACH ? n : RANDOM_BATCH / RANDOM_WORDS_EACH;
        random_words(generator, words, m * RANDOM_WORDS_EACH);
        for (size_t i = 0; i < m; i += V_LANES) {
            vreal u = random_unit(words + i * RANDOM_WORDS_EACH);
            vreal v = moved ? random_fma(u, range, from) : u * range;
            v = v_select(v == to, from, v);
            if (m - i >= V_LANES) v_store(y + i, v);
            else v_store_first(y + i, v, m - i);
        }
        y += m;
        n -= m;
    }
}

/* ---- bernoulli ------------------------------------------------------------------ */

/* y = u < p ? scale : 0 with u in double. u = k / 2^53, so u < p where k < ceil(2^53 p). */
static void mg_bernoulli(real *y, struct mg_generator *generator, double p, double scale, size_t n)
{
    uint32_t words[RANDOM_BATCH + RANDOM_PADDING];
    vint64 bound = (int64_t)ceil(p * 0x1p53) - (vint64){0};
    vdouble yes = vd_set(scale), no = {0};
    while (n > 0) {
        size_t m = n < RANDOM_BATCH / 2 ? n : RANDOM_BATCH / 2;
        random_words(generator, words, m * 2);
        for (size_t i = 0; i < m; i += V_LANES) {
            vdouble low = vd_select(random_integers(words + 2 * i) < bound, yes, no);
#if MG_DOUBLE
            vreal v = low;
#else
            vdouble high = vd_select(random_integers(words + 2 * i + 2 * VD_LANES) < bound, yes, no);
            vreal v = v_narrow(low, high);
#endif
            if (m - i >= V_LANES) v_store(y + i, v);
            else v_store_first(y + i, v, m - i);
        }
        y += m;
        n -= m;
    }
}

/* ---- normal ------------------------------------------------------------------- */

/* Box and Muller (1958): of two uniform numbers u1 in (0, 1] and u2 in [0, 1),
 *     radius = sqrt(-2 log u1),  theta = 2 pi u2,
 *     radius cos(theta) and radius sin(theta) are two independent normal numbers.
 *
 * Arrays of 16 and more are made in blocks of 16 uniform numbers: u1 = 1 - u[j] and
 * u2 = u[j + 8] give elements j and j + 8. If n is no multiple of 16, the numbers of the
 * part block are drawn and dropped and the last 16 elements are drawn anew.
 *
 * mean + std z is rounded once, as torch does it. */

/* The normals of one element at a time, in double for both dtypes. */
static double random_normal(struct mg_generator *generator)
{
    if (generator->has_spare) {
        generator->has_spare = 0;
        return generator->spare;
    }
    const uint64_t mask = (1ull << 53) - 1;
    double u1 = (double)(mg_generator_next64(generator) & mask) * 0x1p-53;
    double u2 = (double)(mg_generator_next64(generator) & mask) * 0x1p-53;
    double radius = sqrt(-2 * log1p(-u2)), theta = 2 * 3.141592653589793 * u1;
    generator->has_spare = 1;
    generator->spare = radius * sin(theta);
    return radius * cos(theta);
}

#if MG_DOUBLE

/* By the C library's functions: these are what torch calls, so the bits are its own. */
static void random_normal_block(real *y, const uint32_t *words, double mean, double std)
{
    real u[16] = {0};
    for (size_t i = 0; i < 16; i += V_LANES) v_store(u + i, random_unit(words + 2 * i));
    for (int j = 0; j < 8; j++) {
        double radius = sqrt(-2 * log(1 - u[j])), theta = 2 * 3.141592653589793 * u[j + 8];
        y[j] = fma(radius * cos(theta), std, mean);
        y[j + 8] = fma(radius * sin(theta), std, mean);
    }
}

#else

typedef int32_t random_half __attribute__((vector_size(V_BYTES / 2)));

V_INLINE vdouble random_to_double(vfloat_half x) { return __builtin_convertvector(x, vdouble); }
V_INLINE vfloat_half random_to_float(vdouble x) { return __builtin_convertvector(x, vfloat_half); }
V_INLINE vdouble random_round_to_float(vdouble x) { return random_to_double(random_to_float(x)); }

/* VD_LANES uniform numbers from as many words. */
V_INLINE vdouble random_unit_double(const uint32_t *words)
{
    random_half word;
    memcpy(&word, words, sizeof word);
    return __builtin_convertvector(word & 0xffffff, vdouble) * 0x1p-24;
}

/* sin and cos of theta in [0, 2 pi], to 1e-11: theta = q pi/2 + r with |r| <= pi/4, then
 * the quadrant q says which of sin r, cos r, -sin r, -cos r is whose. */
V_INLINE void random_sin_cos(vdouble theta, vdouble *sin_theta, vdouble *cos_theta)
{
    const double magic = 0x1.8p52; /* x + magic has round(x) in its lowest bits */
    vdouble shifted = theta * 0.6366197723675814 + magic;
    vint64 q = (vint64)shifted;
    vdouble r = theta - (shifted - magic) * 1.5707963267948966, t = r * r;
    vdouble s = r + r * t *
                        VMATH_POLYNOMIAL(t, -0.1666666666385529, 0.008333331874710208,
                                         -0.00019840086735384846, 2.724992580305979e-06);
    vdouble c = 1 - 0.5 * t +
                t * t *
                    VMATH_POLYNOMIAL(t, 0.0416666666643212, -0.001388888767201679, 2.480060037715673e-05,
                                     -2.730095920390147e-07);
    vint64 odd = -(q & 1), minus_sin = (q & 2) << 62, minus_cos = ((q + 1) & 2) << 62;
    *sin_theta = (vdouble)((vint64)vd_select(odd, c, s) ^ minus_sin);
    *cos_theta = (vdouble)((vint64)vd_select(odd, s, c) ^ minus_cos);
}

/* In double, but each stage is rounded to float as if made in float: torch works in
 * float, where theta alone is off by up to 2e-7, and it is torch's numbers we want. */
static void random_normal_block(real *y, const uint32_t *words, double mean, double std)
{
    for (size_t j = 0; j < 8; j += VD_LANES) {
        vdouble u1 = 1 - random_unit_double(words + j);
        vdouble radius = random_round_to_float(vd_sqrt(-2 * random_round_to_float(vd_log(u1))));
        vdouble theta = random_round_to_float(random_unit_double(words + j + 8) * (double)6.2831853f);
        vdouble s, c;
        random_sin_cos(theta, &s, &c);
        c = random_round_to_float(radius * random_round_to_float(c));
        s = random_round_to_float(radius * random_round_to_float(s));
        vfloat_half first = random_to_float(c * std + mean), second = random_to_float(s * std + mean);
        memcpy(y + j, &first, sizeof first);
        memcpy(y + j + 8, &second, sizeof second);
    }
}

#endif

static void mg_normal(real *y, struct mg_generator *generator, double mean, double std, size_t n)
{
    if (n < 16) {
        for (size_t i = 0; i < n; i++) y[i] = (real)fma(random_normal(generator), std, mean);
        return;
    }
    uint32_t words[RANDOM_BATCH + RANDOM_PADDING];
    const size_t batch = RANDOM_BATCH / RANDOM_WORDS_EACH;
    real block_mean = (real)mean, block_std = (real)std;
    real *end = y + n;
    for (size_t left = n; left > 0;) {
        size_t m = left < batch ? left : batch;
        random_words(generator, words, m * RANDOM_WORDS_EACH);
        for (size_t i = 0; i + 16 <= m; i += 16) {
            random_normal_block(y + i, words + i * RANDOM_WORDS_EACH, block_mean, block_std);
        }
        y += m;
        left -= m;
    }
    if (n % 16) {
        random_words(generator, words, 16 * RANDOM_WORDS_EACH);
        random_normal_block(end - 16, words, block_mean, block_std);
    }
}
