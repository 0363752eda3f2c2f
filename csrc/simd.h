/* One vector type over AVX-512, AVX2, SSE2, NEON and plain C.
 *
 * Arithmetic (+ - * /) and comparisons are the compiler's own on vector types; a
 * comparison gives a vmask, all bits set where true. Only what those cannot say is
 * written out below. Nothing here contracts a * b + c into a fused multiply-add:
 * v_fma is asked for by name, in gemm.c only, so that all other kernels give the same
 * bits on every instruction set. */
#ifndef MG_SIMD_H
#define MG_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define V_BYTES 64
#elif defined(__AVX2__)
#define V_BYTES 32
#else
#define V_BYTES 16
#endif

/* V_ALWAYS where constants must reach the inside of a function, as in GEMM's tiles; V_INLINE for the
 * small parts of large loops. The build of 16-byte vectors, for processors from before 2013, would
 * repeat these eight times over, so there the compiler may decide (saves two thirds of that build).
 * V_SHARED parts are large, used in many places, and stand once. */
#define V_ALWAYS static inline __attribute__((always_inline, unused))
#if V_BYTES > 16
#define V_INLINE V_ALWAYS
#else
#define V_INLINE static inline __attribute__((unused))
#endif
#if defined(__clang__)                          /* which never clones */
#define V_SHARED static __attribute__((noinline, unused))
#else
#define V_SHARED static __attribute__((noinline, noclone, unused))
#endif

typedef float vfloat __attribute__((vector_size(V_BYTES)));
typedef double vdouble __attribute__((vector_size(V_BYTES)));
typedef int32_t vint32 __attribute__((vector_size(V_BYTES)));
typedef int64_t vint64 __attribute__((vector_size(V_BYTES)));
typedef float vfloat_half __attribute__((vector_size(V_BYTES / 2)));

#if MG_DOUBLE
typedef vdouble vreal;
typedef vint64 vmask;
typedef int64_t mask_lane;
#else
typedef vfloat vreal;
typedef vint32 vmask;
typedef int32_t mask_lane;
#endif

enum { V_LANES = V_BYTES / sizeof(real), VD_LANES = V_BYTES / sizeof(double) };

V_INLINE vreal v_set(real x) { return x - (vreal){0}; }          /* x in every lane, -0 and NaN included */
V_INLINE vdouble vd_set(double x) { return x - (vdouble){0}; }
V_INLINE vreal v_load(const real *p) { vreal v; memcpy(&v, p, sizeof v); return v; }
V_INLINE void v_store(real *p, vreal v) { memcpy(p, &v, sizeof v); }
V_INLINE vdouble vd_load(const double *p) { vdouble v; memcpy(&v, p, sizeof v); return v; }
V_INLINE void vd_store(double *p, vdouble v) { memcpy(p, &v, sizeof v); }

/* yes where the mask is set, else no */
V_INLINE vreal v_select(vmask mask, vreal yes, vreal no)
{
    return (vreal)(((vmask)yes & mask) | ((vmask)no & ~mask));
}
V_INLINE vdouble vd_select(vint64 mask, vdouble yes, vdouble no)
{
    return (vdouble)(((vint64)yes & mask) | ((vint64)no & ~mask));
}

/* The first n lanes (0 <= n <= V_LANES); the others are 0 and their memory is not touched. */
#if defined(__AVX512F__) && MG_DOUBLE
V_INLINE vreal v_load_first(const real *p, size_t n) { return (vreal)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p); }
V_INLINE void v_store_first(real *p, vreal v, size_t n) { _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v); }
#elif defined(__AVX512F__)
V_INLINE vreal v_load_first(const real *p, size_t n) { return (vreal)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
V_INLINE void v_store_first(real *p, vreal v, size_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#else
V_INLINE vmask v_first(size_t n)
{
    vmask lane;
    for (int i = 0; i < (int)V_LANES; i++) lane[i] = i;
    return lane < (mask_lane)n;
}
#if defined(__AVX2__)
/* Halves, quarters and single lanes instead of a masked store, which is microcode on AMD's processors:
 * a product with 10 columns is 10 to 30 % faster, one with 100 by 3 %. */
#if MG_DOUBLE
V_INLINE vreal v_load_first(const real *p, size_t n) { return (vreal)_mm256_maskload_pd(p, (__m256i)v_first(n)); }
V_INLINE void v_store_part(real *p, vreal v, size_t n)
{
    __m128d part = _mm256_castpd256_pd128((__m256d)v);
    if (n & 2) _mm_storeu_pd(p, part), part = _mm256_extractf128_pd((__m256d)v, 1), p += 2;
    if (n & 1) _mm_store_sd(p, part);
}
#else
V_INLINE vreal v_load_first(const real *p, size_t n) { return (vreal)_mm256_maskload_ps(p, (__m256i)v_first(n)); }
V_INLINE void v_store_part(real *p, vreal v, size_t n)
{
    __m128 part = _mm256_castps256_ps128((__m256)v);
    if (n & 4) _mm_storeu_ps(p, part), part = _mm256_extractf128_ps((__m256)v, 1), p += 4;
    if (n & 2) _mm_storel_pi((__m64 *)p, part), part = _mm_movehl_ps(part, part), p += 2;
    if (n & 1) _mm_store_ss(p, part);
}
#endif
V_INLINE void v_store_first(real *p, vreal v, size_t n)
{
    if (n < V_LANES) v_store_part(p, v, n);
    else v_store(p, v);
}
#else
V_INLINE vreal v_load_first(const real *p, size_t n)
{
    vreal v = {0};
    for (size_t i = 0; i < n; i++) v[i] = p[i];
    return v;
}
V_INLINE void v_store_first(real *p, vreal v, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = v[i];
}
#endif
#endif

/* a * b + c with one rounding where the machine has it (two on plain SSE2) */
#if defined(__AVX512F__) && MG_DOUBLE
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
#elif defined(__AVX512F__)
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
#elif defined(__FMA__) && MG_DOUBLE
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
#elif defined(__FMA__)
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#elif defined(__aarch64__) && MG_DOUBLE
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
#elif defined(__aarch64__)
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return (vreal)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#else
V_INLINE vreal v_fma(vreal a, vreal b, vreal c) { return a * b + c; }
#endif

/* Square roots, rounded right on every machine */
#if defined(__AVX512F__)
V_INLINE vdouble vd_sqrt(vdouble v) { return (vdouble)_mm512_sqrt_pd((__m512d)v); }
#elif defined(__AVX2__)
V_INLINE vdouble vd_sqrt(vdouble v) { return (vdouble)_mm256_sqrt_pd((__m256d)v); }
#elif defined(__x86_64__)
V_INLINE vdouble vd_sqrt(vdouble v) { return (vdouble)_mm_sqrt_pd((__m128d)v); }
#elif defined(__aarch64__)
V_INLINE vdouble vd_sqrt(vdouble v) { return (vdouble)vsqrtq_f64((float64x2_t)v); }
#else
V_INLINE vdouble vd_sqrt(vdouble v)
{
    for (int i = 0; i < (int)VD_LANES; i++) v[i] = sqrt(v[i]);
    return v;
}
#endif
#if MG_DOUBLE
V_INLINE vreal v_sqrt(vreal v) { return vd_sqrt(v); }
#elif defined(__AVX512F__)
V_INLINE vreal v_sqrt(vreal v) { return (vreal)_mm512_sqrt_ps((__m512)v); }
#elif defined(__AVX2__)
V_INLINE vreal v_sqrt(vreal v) { return (vreal)_mm256_sqrt_ps((__m256)v); }
#elif defined(__x86_64__)
V_INLINE vreal v_sqrt(vreal v) { return (vreal)_mm_sqrt_ps((__m128)v); }
#elif defined(__aarch64__)
V_INLINE vreal v_sqrt(vreal v) { return (vreal)vsqrtq_f32((float32x4_t)v); }
#else
V_INLINE vreal v_sqrt(vreal v)
{
    for (int i = 0; i < (int)V_LANES; i++) v[i] = sqrtf(v[i]);
    return v;
}
#endif

/* The smaller and the larger; the second operand where either is NaN */
#if defined(__AVX512F__)
V_INLINE vdouble vd_min(vdouble a, vdouble b) { return (vdouble)_mm512_min_pd((__m512d)a, (__m512d)b); }
V_INLINE vdouble vd_max(vdouble a, vdouble b) { return (vdouble)_mm512_max_pd((__m512d)a, (__m512d)b); }
#elif defined(__AVX2__)
V_INLINE vdouble vd_min(vdouble a, vdouble b) { return (vdouble)_mm256_min_pd((__m256d)a, (__m256d)b); }
V_INLINE vdouble vd_max(vdouble a, vdouble b) { return (vdouble)_mm256_max_pd((__m256d)a, (__m256d)b); }
#elif defined(__x86_64__)
V_INLINE vdouble vd_min(vdouble a, vdouble b) { return (vdouble)_mm_min_pd((__m128d)a, (__m128d)b); }
V_INLINE vdouble vd_max(vdouble a, vdouble b) { return (vdouble)_mm_max_pd((__m128d)a, (__m128d)b); }
#else
V_INLINE vdouble vd_min(vdouble a, vdouble b) { return vd_select(a < b, a, b); }
V_INLINE vdouble vd_max(vdouble a, vdouble b) { return vd_select(a > b, a, b); }
#endif

/* A vector of float as two of double, and back. */
#if !MG_DOUBLE
#if defined(__AVX512F__)
V_INLINE vdouble v_widen_low(vreal v) { return (vdouble)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v)); }
V_INLINE vdouble v_widen_high(vreal v)
{
    return (vdouble)_mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd((__m512d)v, 1)));
}
V_INLINE vreal v_narrow(vdouble low, vdouble high)
{
    __m512d lower = _mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)low)));
    return (vreal)_mm512_insertf64x4(lower, _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)high)), 1);
}
#elif defined(__AVX2__)
V_INLINE vdouble v_widen_low(vreal v) { return (vdouble)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v)); }
V_INLINE vdouble v_widen_high(vreal v)
{
    return (vdouble)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
}
V_INLINE vreal v_narrow(vdouble low, vdouble high)
{
    return (vreal)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)high), _mm256_cvtpd_ps((__m256d)low));
}
#elif defined(__x86_64__)
V_INLINE vdouble v_widen_low(vreal v) { return (vdouble)_mm_cvtps_pd((__m128)v); }
V_INLINE vdouble v_widen_high(vreal v) { return (vdouble)_mm_cvtps_pd(_mm_movehl_ps((__m128)v, (__m128)v)); }
V_INLINE vreal v_narrow(vdouble low, vdouble high)
{
    return (vreal)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
#else
V_INLINE vdouble v_widen_low(vreal v)
{
    vfloat_half half;
    memcpy(&half, &v, sizeof half);
    return __builtin_convertvector(half, vdouble);
}
V_INLINE vdouble v_widen_high(vreal v)
{
    vfloat_half half;
    memcpy(&half, (const char *)&v + sizeof half, sizeof half);
    return __builtin_convertvector(half, vdouble);
}
V_INLINE vreal v_narrow(vdouble low, vdouble high)
{
    vfloat_half halves[2] = {__builtin_convertvector(low, vfloat_half), __builtin_convertvector(high, vfloat_half)};
    vreal v;
    memcpy(&v, halves, sizeof v);
    return v;
}
#endif
#endif

#endif
