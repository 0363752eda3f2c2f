/* exp, log and their kin on vectors of double, of our own.
 *
 *     vd_exp  vd_expm1  vd_log  vd_log1p  vd_tanh  vd_sigmoid  vd_erf      vectors of double
 *     v_exp   v_expm1   v_log   v_log1p   v_tanh   v_sigmoid   v_erf       vectors of real
 *     vd_exp2  vd_log2  vd_log10  vd_erfc, and v_exp2 ...                  likewise; see below
 *     v_pow(x, y)  v_erfinv                                                vectors of real
 *
 * What they promise depends on the build, because all ends in a `real`:
 *     float     vd_* errs by less than 3e-10 of the result. v_* widens, computes, and rounds
 *               once: below 0.51 ulp everywhere, subnormals included. The arguments of vd_*
 *               are meant to be of a float's size (vd_exp: beyond +-700 it gives exp(+-700)).
 *     double    below 1 ulp everywhere, subnormals included (erf: below 1.3). exp2, log2, log10,
 *               erfc and pow are the C library's, one lane at a time, and as good as it is.
 *
 * There is only + - * /, selection and bit patterns here, and no fused multiply-add: the
 * same bits on every machine. Polynomials interpolate at Chebyshev nodes; beside each
 * stand the interval and the error.
 */
#ifndef MG_VMATH_H
#define MG_VMATH_H

#include "simd.h"

#define VMATH_LOG2_E 1.4426950408889634
#define VMATH_LN2 0.6931471805599453
#define VMATH_LN2_HIGH 0x1.62e42fefa3p-1       /* 41 bits: exact times a whole number below 2^11 */
#define VMATH_LN2_LOW 0x1.3de6af278ece6p-42    /* ln 2 less those */
#define VMATH_ROUND 0x1.8p52                   /* where a double's unit is 1, in the middle */
#define VMATH_SQRT_HALF UINT64_C(0x3fe6a09e667f3bcd)      /* the bits of sqrt(1/2) */

typedef uint64_t vuint64 __attribute__((vector_size(V_BYTES)));

/* ---- pieces ---------------------------------------------------------------- */

V_INLINE vdouble vmath_abs(vdouble x) { return (vdouble)((vint64)x & INT64_MAX); }

/* y with x's sign, for y that is not negative unless x is */
V_INLINE vdouble vmath_sign(vdouble y, vdouble x) { return (vdouble)((vint64)y | ((vint64)x & INT64_MIN)); }

/* the nearest whole number, |x| < 2^51 */
V_INLINE vdouble vmath_round(vdouble x) { return (x + VMATH_ROUND) - VMATH_ROUND; }

/* 2^k for whole k in [-1022, 1023]: k, which stands in the low bits of k + VMATH_ROUND,
 * moves to the exponent's place */
V_INLINE vdouble vmath_power_of_two(vdouble k)
{
    return (vdouble)(((vuint64)(k + VMATH_ROUND) + 1023) << 52);
}

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1), n <= 16: neighbours are joined, then pairs, then
 * fours, so that the processor has several sums to work on (Estrin 1960) */
V_ALWAYS vdouble vmath_polynomial(vdouble x, const double *c, int n)
{
    vdouble term[8];
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++)
        if (2 * i < n) term[i] = 2 * i + 1 < n ? c[2 * i] + c[2 * i + 1] * x : vd_set(c[2 * i]);
    _Pragma("GCC unroll 8") for (int terms = (n + 1) / 2; terms > 1; terms = (terms + 1) / 2) {
        x *= x;
        _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++)
            if (2 * i < terms) term[i] = 2 * i + 1 < terms ? term[2 * i] + term[2 * i + 1] * x : term[2 * i];
    }
    return term[0];
}
#define VMATH_POLYNOMIAL(x, ...) \
    vmath_polynomial(x, (const double[]){__VA_ARGS__}, \
                     (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

/* x = 2^exponent (1 + fraction), 1 + fraction in [sqrt(1/2), sqrt(2)), for normal x > 0.
 * Counted from the bits of sqrt(1/2), the field of the exponent changes just there. */
V_INLINE void vmath_split(vdouble x, vdouble *exponent, vdouble *fraction)
{
    vuint64 from = (vuint64)x - VMATH_SQRT_HALF; /* unsigned: it may wrap where x < 0 */
    vuint64 biased = (from + (UINT64_C(1023) << 52)) >> 52;
    *exponent = (vdouble)(biased | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);     /* those bits: 2^52 */
    *fraction = (vdouble)((from & UINT64_C(0x000fffffffffffff)) + VMATH_SQRT_HALF) - 1.0;
}

/* A logarithm's result where x is 0, negative, infinite or NaN; y elsewhere */
V_INLINE vdouble vmath_log_limits(vdouble y, vdouble x)
{
    vdouble other = vd_select(x < 0.0, vd_set(NAN), vd_select(x == 0.0, vd_set(-INFINITY), x));
    return vd_select((x > 0.0) & (x < INFINITY), y, other);
}

/* ---- for float: some 10 digits ----------------------------------------------- */
#if !MG_DOUBLE

/* x = k ln 2 + r, |r| <= ln(2) / 2: gives 2^k and exp(r) - 1, |x| <= 700 */
V_INLINE vdouble vmath_exp_reduced(vdouble x, vdouble *scale)
{
    vdouble k = vmath_round(x * VMATH_LOG2_E);
    vdouble r = x - k * VMATH_LN2;
    *scale = vmath_power_of_two(k);
    return r * VMATH_POLYNOMIAL(r,      /* 2.6e-10 relative */
        1.0, 0.5000000047118573, 0.16666666718998416, 0.04166635289314982, 0.008333298483352309,
        0.0013941108735823515, 0.00019899274293835886);
}

V_INLINE vdouble vd_exp(vdouble x)
{
    vdouble scale, p = vmath_exp_reduced(vd_max(vd_set(-700.0), vd_min(vd_set(700.0), x)), &scale);
    return (1.0 + p) * scale;
}

/* exp(x) - 1 = 2^k (exp(r) - 1) + (2^k - 1): nothing cancels, as 2^k = 1 where |x| < ln(2) / 2 */
V_INLINE vdouble vd_expm1(vdouble x)
{
    vdouble scale, p = vmath_exp_reduced(vd_max(vd_set(-700.0), vd_min(vd_set(700.0), x)), &scale);
    return vmath_sign(p * scale + (scale - 1.0), x);
}

/* log(1 + f) = 2 artanh(s), s = f / (2 + f) */
V_INLINE vdouble vmath_log(vdouble exponent, vdouble f)
{
    vdouble s = f / (2.0 + f), z = s * s;
    vdouble p = VMATH_POLYNOMIAL(z,     /* 1.7e-11 of the whole, |s| < 0.1716 */
        0.6666666655449663, 0.4000012184017775, 0.285508207738004, 0.23330468363519238);
    return exponent * VMATH_LN2 + (2.0 * s + s * z * p);
}

V_INLINE vdouble vd_log(vdouble x)
{
    vdouble exponent, fraction;
    vmath_split(x, &exponent, &fraction);
    return vmath_log_limits(vmath_log(exponent, fraction), x);
}

/* 1 + x rounds, which matters only where the exponent is 0; there the fraction is x itself */
V_INLINE vdouble vd_log1p(vdouble x)
{
    vdouble exponent, fraction, u = 1.0 + x;
    vmath_split(u, &exponent, &fraction);
    fraction = vd_select(exponent == 0.0, x, fraction);
    return vmath_sign(vmath_log_limits(vmath_log(exponent, fraction), u), x);
}

/* tanh(|x|) = t / (t + 2), t = exp(2 |x|) - 1 */
V_INLINE vdouble vd_tanh(vdouble x)
{
    vdouble scale, p = vmath_exp_reduced(2.0 * vd_min(vd_set(20.0), vmath_abs(x)), &scale);
    vdouble t = p * scale + (scale - 1.0);
    return vmath_sign(t / (t + 2.0), x);
}

V_INLINE vdouble vd_sigmoid(vdouble x) { return 1.0 / (1.0 + vd_exp(-x)); }

/* x P(x^2) / Q(x^2) up to 4, where the nearest float is 1 */
V_INLINE vdouble vd_erf(vdouble x)
{
    vdouble a = vd_min(vd_set(4.0), vmath_abs(x)), z = a * a;
    vdouble p = VMATH_POLYNOMIAL(z,     /* the quotient: 3.3e-11 relative */
        1.128379167135719, 0.20193354886056042, 0.060180097071944307, 0.0053413440705715924,
        0.0006086777221145289, 2.9068927255398614e-05, 1.4955397216148893e-06, 1.817488484809504e-08,
        9.34421609305112e-12);
    vdouble q = VMATH_POLYNOMIAL(z,
        1.0, 0.5122922827906233, 0.12409730828127483, 0.018679730368787856, 0.0019240447722343552,
        0.00013971885478465107, 6.966048499281914e-06, 2.157201562783587e-07, 7.551638638810324e-10);
    return vmath_sign(a * p / q, x);
}

/* The normal distribution's tail: P(X > a) = exp(-a^2 / 2) M(a), M falling from 1/2 as
 * 1 / (a sqrt(2 pi)) at last; for 0 <= a <= 15 */
V_INLINE vdouble vmath_normal_tail(vdouble a)
{
    vdouble p = VMATH_POLYNOMIAL(a,     /* the quotient: 2.1e-11 relative; nothing cancels */
        0.5000000000000063, 0.5526049120282858, 0.3016394671330566, 0.0988831958653801,
        0.020283399719255073, 0.002466445522870488, 0.00014045379931222344);
    vdouble q = VMATH_POLYNOMIAL(a,
        1.0, 1.9030943848621797, 1.6217285616074375, 0.8061329017958508, 0.25405338399287114,
        0.0511946366160315, 0.006182473284376376, 0.0003520653118443734);
    return p / q;
}

/* 2^x, log2(x), log10(x): the same in other units; whole powers of two come out whole, as what
 * is lost here is far below a float's last digit */
V_INLINE vdouble vd_exp2(vdouble x) { return vd_exp(x * VMATH_LN2); }
V_INLINE vdouble vd_log2(vdouble x) { return vd_log(x) * VMATH_LOG2_E; }
V_INLINE vdouble vd_log10(vdouble x) { return vd_log(x) * 0.4342944819032518; }

/* erfc(|x|) = exp(-x^2) P(|x|) / Q(|x|) up to 10.2, where the nearest float is 0;
 * erfc(-x) = 2 - erfc(x) */
V_INLINE vdouble vd_erfc(vdouble x)
{
    vdouble a = vd_min(vd_set(10.2), vmath_abs(x));
    vdouble p = VMATH_POLYNOMIAL(a,     /* the quotient: 3.0e-12 relative */
        1.0000000000001477, 1.5922824703070193, 1.2485262508270052, 0.5886373969166866, 0.17403370188361966,
        0.030618534097662856, 0.0025401865900233386);
    vdouble q = VMATH_POLYNOMIAL(a,
        1.0, 2.7206616374365558, 3.318464162005744, 2.3647143812448452, 1.0704891439423652,
        0.31071645946298887, 0.05426999610805287, 0.004502362452534163);
    vdouble y = vd_exp(-a * a) * p / q;
    return vd_select(x < 0.0, 2.0 - y, y);
}

/* x^y = exp(y log |x|), then C's rules: x^0 = 1^y = (-1)^inf = 1; a negative x takes its sign
 * along where y is odd and is NaN where y is not whole. |y| >= 2^25 counts as even, which it is. */
V_SHARED vdouble vd_pow(vdouble x, vdouble y)
{
    vdouble a = vmath_abs(x), b = vd_min(vd_set(0x1p25), vmath_abs(y)), shifted = b + VMATH_ROUND;
    vint64 whole = shifted - VMATH_ROUND == b;
    vint64 odd = whole & -((vint64)shifted & 1);
    vint64 one = (y == 0.0) | (x == 1.0) | ((x == -1.0) & (vmath_abs(y) == INFINITY));
    vdouble z = vd_select(one, vd_set(1.0), vd_exp(y * vd_log(a)));
    z = vmath_sign(z, (vdouble)(odd & (vint64)x));
    return vd_select((x < 0.0) & (a < INFINITY) & ~whole, vd_set(NAN), z);
}

/* ---- for double: to the last digit ------------------------------------------- */
#else

/* high + low, |low| at most half a unit of high */
struct vmath_pair { vdouble high, low; };

/* a + b for |a| >= |b|, or a = 0 */
V_INLINE struct vmath_pair vmath_sum(vdouble a, vdouble b)
{
    vdouble high = a + b;
    return (struct vmath_pair){high, (a - high) + b};
}

/* a b, by halves of 26 and 27 bits (Dekker 1971) */
V_INLINE struct vmath_pair vmath_product(vdouble a, vdouble b)
{
    vdouble a_high = (vdouble)((vint64)a & ~INT64_C(0x7ffffff)), a_low = a - a_high;
    vdouble b_high = (vdouble)((vint64)b & ~INT64_C(0x7ffffff)), b_low = b - b_high;
    vdouble high = a * b;
    vdouble low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return (struct vmath_pair){high, low};
}

/* a / b: a first quotient, then what it leaves */
V_INLINE vdouble vmath_quotient(struct vmath_pair a, struct vmath_pair b)
{
    vdouble q = a.high / b.high;
    struct vmath_pair back = vmath_product(q, b.high);
    return q + (((a.high - back.high) - back.low) + (a.low - q * b.low)) / b.high;
}

/* x = k ln 2 + r, |r| <= ln(2) / 2: gives k, r, and exp(r) - 1 - r, which knows r's own error */
V_INLINE vdouble vmath_exp_reduced(vdouble x, vdouble *k, vdouble *r)
{
    *k = vmath_round(x * VMATH_LOG2_E);
    vdouble high = x - *k * VMATH_LN2_HIGH, low = *k * VMATH_LN2_LOW;
    *r = high - low;
    vdouble p = 0.5 + *r * VMATH_POLYNOMIAL(*r,     /* 2.9e-19 of exp(r) */
        0.1666666666666667, 0.04166666666666667, 0.008333333333326141, 0.0013888888888883752,
        0.00019841269874801073, 2.480158732553378e-05, 2.7557255425009614e-06, 2.7557273660822466e-07,
        2.510520668068106e-08, 2.0914679595617734e-09);
    return *r * *r * p + ((high - *r) - low);
}

/* exp(x) = (high + low) 2^k */
V_INLINE struct vmath_pair vmath_exp(vdouble x, vdouble *k)
{
    vdouble r, p = vmath_exp_reduced(x, k, &r);
    struct vmath_pair sum = vmath_sum(vd_set(1.0), r);
    return vmath_sum(sum.high, sum.low + p);
}

/* x 2^k for whole k in [-2044, 2046]: two steps, of which only the second can round */
V_INLINE vdouble vmath_scale(vdouble x, vdouble k)
{
    vdouble half = vmath_round(0.5 * k);
    return x * vmath_power_of_two(half) * vmath_power_of_two(k - half);
}

V_INLINE vdouble vd_exp(vdouble x)
{
    vdouble k;
    struct vmath_pair y = vmath_exp(vd_max(vd_set(-746.0), vd_min(vd_set(710.0), x)), &k);
    return vmath_scale(y.high, k);
}

/* (exp(x) - 1) / 2 = (h - 1/2) + h r + h (exp(r) - 1 - r), h = 2^(k - 1), -50 <= x <= 710.
 * The first sum is kept exactly; halves, so that k = 1024 does not overflow early. */
V_INLINE struct vmath_pair vmath_half_expm1(vdouble x)
{
    vdouble k, r, p = vmath_exp_reduced(x, &k, &r);
    vdouble h = vmath_power_of_two(k - 1.0);
    struct vmath_pair one = vmath_sum(h, vd_set(-0.5));     /* |h| < 1/2 is small enough to be exact */
    struct vmath_pair sum = vmath_sum(one.high, h * r);
    return vmath_sum(sum.high, sum.low + (h * p + one.low));
}

V_INLINE vdouble vd_expm1(vdouble x)
{
    struct vmath_pair y = vmath_half_expm1(vd_max(vd_set(-50.0), vd_min(vd_set(710.0), x)));
    return vd_select(vmath_abs(x) < 0x1p-60, x, 2.0 * y.high);
}

/* log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R), s = f / (2 + f), R = 2 artanh(s) / s - 2 */
V_INLINE vdouble vmath_log(vdouble exponent, vdouble f, vdouble correction)
{
    vdouble s = f / (2.0 + f), z = s * s, half_square = 0.5 * f * f;
    vdouble p = VMATH_POLYNOMIAL(z,     /* 5.4e-19 of the whole, |s| < 0.1716 */
        0.6666666666666666, 0.4000000000000088, 0.2857142857080361, 0.22222222391714783,
        0.18181795640040438, 0.15386239707844115, 0.1326877300396345, 0.13086627556452163);
    struct vmath_pair sum = vmath_sum(exponent * VMATH_LN2_HIGH, f);
    vdouble low = s * (half_square + z * p) + (exponent * VMATH_LN2_LOW + correction);
    return sum.high + (sum.low - (half_square - low));
}

V_INLINE vdouble vd_log(vdouble x)
{
    vdouble exponent, fraction;
    vint64 small = x < 0x1p-1022;
    vmath_split(vd_select(small, x * 0x1p54, x), &exponent, &fraction);
    exponent -= vd_select(small, vd_set(54.0), vd_set(0.0));
    return vmath_log_limits(vmath_log(exponent, fraction, vd_set(0.0)), x);
}

/* log(u + c) = log(u) + c / u, where u + c = 1 + x exactly; near 0 the fraction is x itself */
V_INLINE vdouble vd_log1p(vdouble x)
{
    vdouble exponent, fraction, u = 1.0 + x, x_part = u - 1.0;
    vdouble c = (1.0 - (u - x_part)) + (x - x_part);
    vmath_split(u, &exponent, &fraction);
    vint64 near = exponent == 0.0;
    vdouble y = vmath_log(exponent, vd_select(near, x, fraction), vd_select(near, vd_set(0.0), c / u));
    return vmath_sign(vmath_log_limits(y, u), x);
}

/* tanh(|x|) = t / (t + 1), t = (exp(2 |x|) - 1) / 2 */
V_INLINE vdouble vd_tanh(vdouble x)
{
    vdouble a = vmath_abs(x);
    struct vmath_pair t = vmath_half_expm1(2.0 * vd_min(vd_set(22.0), a));
    vdouble high = t.high + 1.0, t_part = high - 1.0;
    vdouble low = (1.0 - (high - t_part)) + (t.high - t_part) + t.low;
    vdouble y = vmath_quotient(t, (struct vmath_pair){high, low});
    return vd_select(a < 0x1p-30, x, vmath_sign(y, x));
}

/* with e = exp(-|x|), which cannot overflow: 1 / (1 + e), or e / (1 + e) for negative x */
V_INLINE vdouble vd_sigmoid(vdouble x)
{
    vdouble k;
    struct vmath_pair e = vmath_exp(-vd_min(vd_set(746.0), vmath_abs(x)), &k);
    struct vmath_pair sum = vmath_sum(vd_set(1.0), vmath_scale(e.high, k));
    sum.low += vmath_scale(e.low, k);
    vint64 negative = x < 0.0;
    vdouble zero = vd_set(0.0);
    struct vmath_pair top = {vd_select(negative, e.high, vd_set(1.0)), vd_select(negative, e.low, zero)};
    return vmath_scale(vmath_quotient(top, sum), vd_select(negative, k, zero));
}

/* |x| < 1: x + x P(x^2);  beyond: 1 - exp(-x^2) P(|x| - 1) / Q(|x| - 1) up to 6, where the
 * nearest double is 1. Terms that weigh are added last, by themselves. */
V_INLINE vdouble vd_erf(vdouble x)
{
    vdouble a = vd_min(vd_set(6.0), vmath_abs(x)), z = a * a, t = a - 1.0, k;
    vdouble near = VMATH_POLYNOMIAL(z,  /* 1.3e-17 */
        0.11283791670954878, -0.02686617064507674, 0.0052239776248174784, -0.0008548326980801447,
        0.00012055331110409494, -1.4925595235970651e-05, 1.6460999970345427e-06, -1.6350307065234626e-07,
        1.4659736155673959e-08, -1.1372693191126323e-09, 5.956905633653031e-11);
    near = 0.1283791670955126 + z * (-0.3761263890318375 + z * near);
    vdouble p = VMATH_POLYNOMIAL(t,     /* the quotient: 4.9e-17 relative, of at most 0.19 of the whole */
        0.427583576155807, 0.8070889470507416, 0.7094563811805593, 0.376361982098687, 0.13135559373761588,
        0.03086162179290351, 0.004772116018299055, 0.0004453453290427114, 1.930412656325058e-05);
    vdouble q = VMATH_POLYNOMIAL(t,
        1.0, 2.526525858516582, 2.9125581745070943, 2.0143689900123354, 0.9230615078494261,
        0.2913570213512522, 0.06353672546373447, 0.009264817272506526, 0.0008235697175303698,
        3.421567345660676e-05);
    vdouble gauss = vmath_exp(-z, &k).high * vmath_power_of_two(k);
    return vmath_sign(vd_select(a < 1.0, a + a * near, 1.0 - gauss * p / q), x);
}

/* The normal distribution's tail: P(X > a) = exp(-a^2 / 2) M(a), M falling from 1/2 as
 * 1 / (a sqrt(2 pi)) at last; for 0 <= a <= 40 */
V_INLINE vdouble vmath_normal_tail(vdouble a)
{
    vdouble p = VMATH_POLYNOMIAL(a,     /* the quotient: 4.9e-17 relative; nothing cancels */
        0.5, 0.8112864803244103, 0.6536713934822382, 0.3373513982591501, 0.12225382478338168,
        0.03234143052930937, 0.006313295057022849, 0.0008985196653089092, 8.949191084761256e-05,
        5.66472568281987e-06, 1.7473805881181666e-07);
    vdouble q = VMATH_POLYNOMIAL(a,
        1.0, 2.420457521451686, 2.738588473409947, 1.9155130173865675, 0.9223202375998961,
        0.32182569771011144, 0.08329180090233021, 0.016048530822683673, 0.0022664541604446335,
        0.00022476095743185148, 1.4199361564669383e-05, 4.380033588714471e-07);
    return p / q;
}

#define VMATH_LIBRARY(name) \
    V_INLINE vdouble vd_##name(vdouble x) \
    { \
        for (int i = 0; i < (int)VD_LANES; i++) x[i] = name(x[i]); \
        return x; \
    }
VMATH_LIBRARY(exp2)
VMATH_LIBRARY(log2)
VMATH_LIBRARY(log10)
VMATH_LIBRARY(erfc)
#undef VMATH_LIBRARY
#endif

/* ---- the same on vectors of real ----------------------------------------------- */

#if MG_DOUBLE
#define VMATH_REAL(name) \
    V_INLINE vreal v_##name(vreal x) { return vd_##name(x); }
#else
#define VMATH_REAL(name) \
    V_INLINE vreal v_##name(vreal x) \
    { \
        return v_narrow(vd_##name(v_widen_low(x)), vd_##name(v_widen_high(x))); \
    }
#endif
VMATH_REAL(exp)
VMATH_REAL(expm1)
VMATH_REAL(log)
VMATH_REAL(log1p)
VMATH_REAL(tanh)
VMATH_REAL(sigmoid)
VMATH_REAL(erf)
VMATH_REAL(exp2)
VMATH_REAL(log2)
VMATH_REAL(log10)
VMATH_REAL(erfc)
#undef VMATH_REAL

/* x^y; in double one by one, from the C library */
V_INLINE vreal v_pow(vreal x, vreal y)
{
#if MG_DOUBLE
    for (int i = 0; i < (int)V_LANES; i++) x[i] = pow(x[i], y[i]);
    return x;
#else
    return v_narrow(vd_pow(v_widen_low(x), v_widen_low(y)), vd_pow(v_widen_high(x), v_widen_high(y)));
#endif
}

/* The x with erf(x) = y. The first guess, with a = |y| and L = log(1 - a^2), solves
 * L = -x^2 (4/pi + c x^2) / (1 + c x^2), c = 0.147, for x^2: within 2e-3 (Winitzki 2008).
 * A step of Halley's, x - u / (1 + x u) with u = (erf(x) - a) / erf'(x), cubes the error; two
 * leave only what erf itself errs. From 1/2 on erfc says the same without cancellation. */
V_INLINE double vmath_erfinv(double y)
{
    double a = fabs(y), c = 0.147;
    if (!(a < 1)) return a == 1 ? copysign(INFINITY, y) : NAN;
    double l = log1p(-a) + log1p(a), h = 4.3307467508 + 0.5 * l;       /* 2 / (pi c) + L / 2 */
    double root = sqrt(h * h - l / c), x = sqrt(h > 0 ? -l / c / (root + h) : root - h);
    if (x < 1e-8) return y * 0.886226925452758;                        /* erf(x) = 2 / sqrt(pi) x there */
    for (int i = 0; i < 2; i++) {
        double miss = a < 0.5 ? erf(x) - a : (1 - a) - erfc(x);
        double u = miss * 0.886226925452758 * exp(x * x);
        x -= u / (1 + x * u);
    }
    return copysign(x, y);
}
V_INLINE vreal v_erfinv(vreal x)
{
    for (int i = 0; i < (int)V_LANES; i++) x[i] = (real)vmath_erfinv(x[i]);
    return x;
}

#endif
