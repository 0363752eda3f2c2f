/* Thought 2 of gemm.c: what a tile reads is copied into the order of reading. */

/* One vector out of pieces of 16 bytes, `apart` elements from each other in memory */
typedef real gemm_piece __attribute__((vector_size(16)));
enum { GEMM_PIECE = 16 / sizeof(real), GEMM_PIECES = V_BYTES / 16 };

V_ALWAYS vreal gemm_gather(const real *p, ptrdiff_t apart)
{
#if V_BYTES == 16
    (void)apart;
    return v_load(p);
#else
#define GEMM_TWO(x, y) \
    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)(x))), \
                         _mm_loadu_ps((const float *)(y)), 1)
#if V_BYTES == 32
    return (vreal)GEMM_TWO(p, p + apart);
#else
    return (vreal)_mm512_insertf32x8(_mm512_castps256_ps512(GEMM_TWO(p, p + apart)),
                                     GEMM_TWO(p + 2 * apart, p + 3 * apart), 1);
#endif
#endif
}

/* Pairs of elements (or of two neighbours) from the low or high half of each 16 bytes of x and y */
#define GEMM_PAIRS(x, y, ...) ((vreal)__builtin_shufflevector((vdouble)(x), (vdouble)(y), __VA_ARGS__))
#if V_BYTES == 64
#define GEMM_LOW64(x, y) GEMM_PAIRS(x, y, 0, 8, 2, 10, 4, 12, 6, 14)
#define GEMM_HIGH64(x, y) GEMM_PAIRS(x, y, 1, 9, 3, 11, 5, 13, 7, 15)
#define GEMM_LOW32(x, y) \
    __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define GEMM_HIGH32(x, y) \
    __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#elif V_BYTES == 32
#define GEMM_LOW64(x, y) GEMM_PAIRS(x, y, 0, 4, 2, 6)
#define GEMM_HIGH64(x, y) GEMM_PAIRS(x, y, 1, 5, 3, 7)
#define GEMM_LOW32(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#define GEMM_HIGH32(x, y) __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define GEMM_LOW64(x, y) GEMM_PAIRS(x, y, 0, 2)
#define GEMM_HIGH64(x, y) GEMM_PAIRS(x, y, 1, 3)
#define GEMM_LOW32(x, y) __builtin_shufflevector(x, y, 0, 4, 1, 5)
#define GEMM_HIGH32(x, y) __builtin_shufflevector(x, y, 2, 6, 3, 7)
#endif

/* x[q] lane i = src[i * line + q] for q < GEMM_PIECE: a strip of V_LANES lines, transposed. The
 * loads already bring the 16 bytes of a line to their place; what is left happens within them. */
V_ALWAYS void gemm_transpose(vreal *x, const real *src, ptrdiff_t line)
{
    const ptrdiff_t apart = (ptrdiff_t)GEMM_PIECE * line;
    const vreal x0 = gemm_gather(src, apart), x1 = gemm_gather(src + line, apart);
#if MG_DOUBLE
    x[0] = GEMM_LOW64(x0, x1), x[1] = GEMM_HIGH64(x0, x1);
#else
    const vreal x2 = gemm_gather(src + 2 * line, apart), x3 = gemm_gather(src + 3 * line, apart);
    const vreal low01 = GEMM_LOW32(x0, x1), high01 = GEMM_HIGH32(x0, x1);
    const vreal low23 = GEMM_LOW32(x2, x3), high23 = GEMM_HIGH32(x2, x3);
    x[0] = GEMM_LOW64(low01, low23), x[1] = GEMM_HIGH64(low01, low23);
    x[2] = GEMM_LOW64(high01, high23), x[3] = GEMM_HIGH64(high01, high23);
#endif
}

/* x[i] lane j <-> x[j] lane i, for the V_LANES vectors of x: first inside each 16 bytes, then those
 * 16 bytes as wholes. More work than the above, but each line was read by one load: where lines
 * are a multiple of 2 KB apart they drive each other out of the first cache, and that counts. */
V_ALWAYS void gemm_transpose_square(vreal *x)
{
    GEMM_UNROLL for (int i = 0; i < (int)V_LANES; i += GEMM_PIECE) {
#if MG_DOUBLE
        const vreal low = GEMM_LOW64(x[i], x[i + 1]), high = GEMM_HIGH64(x[i], x[i + 1]);
        x[i] = low, x[i + 1] = high;
#else
        const vreal low01 = GEMM_LOW32(x[i], x[i + 1]), high01 = GEMM_HIGH32(x[i], x[i + 1]);
        const vreal low23 = GEMM_LOW32(x[i + 2], x[i + 3]), high23 = GEMM_HIGH32(x[i + 2], x[i + 3]);
        x[i] = GEMM_LOW64(low01, low23), x[i + 1] = GEMM_HIGH64(low01, low23);
        x[i + 2] = GEMM_LOW64(high01, high23), x[i + 3] = GEMM_HIGH64(high01, high23);
#endif
    }
    GEMM_UNROLL for (int i = 0; i < (int)GEMM_PIECE && GEMM_PIECES > 1; i++) {
#if V_BYTES == 64
        const vreal x0 = x[i], x1 = x[i + GEMM_PIECE], x2 = x[i + 2 * GEMM_PIECE], x3 = x[i + 3 * GEMM_PIECE];
        const vreal low01 = GEMM_PAIRS(x0, x1, 0, 1, 2, 3, 8, 9, 10, 11);
        const vreal high01 = GEMM_PAIRS(x0, x1, 4, 5, 6, 7, 12, 13, 14, 15);
        const vreal low23 = GEMM_PAIRS(x2, x3, 0, 1, 2, 3, 8, 9, 10, 11);
        const vreal high23 = GEMM_PAIRS(x2, x3, 4, 5, 6, 7, 12, 13, 14, 15);
        x[i] = GEMM_PAIRS(low01, low23, 0, 1, 4, 5, 8, 9, 12, 13);
        x[i + GEMM_PIECE] = GEMM_PAIRS(low01, low23, 2, 3, 6, 7, 10, 11, 14, 15);
        x[i + 2 * GEMM_PIECE] = GEMM_PAIRS(high01, high23, 0, 1, 4, 5, 8, 9, 12, 13);
        x[i + 3 * GEMM_PIECE] = GEMM_PAIRS(high01, high23, 2, 3, 6, 7, 10, 11, 14, 15);
#elif V_BYTES == 32
        const vreal x0 = x[i], x1 = x[i + GEMM_PIECE];
        x[i] = GEMM_PAIRS(x0, x1, 0, 1, 4, 5), x[i + GEMM_PIECE] = GEMM_PAIRS(x0, x1, 2, 3, 6, 7);
#endif
    }
}

/* One square of V_LANES x V_LANES for gemm_pack, where src runs along k: `lines` and `k` may be less
 * than V_LANES; what is beyond `lines` becomes 0. */
V_ALWAYS void gemm_pack_square(real *dst, size_t width, const real *src, ptrdiff_t line,
                               size_t lines, size_t k)
{
    vreal x[V_LANES];
    const int full = lines == V_LANES && k >= V_LANES;
    GEMM_UNROLL for (size_t i = 0; i < V_LANES; i++)
        x[i] = full ? v_load(src + (ptrdiff_t)i * line)
             : i < lines ? v_load_first(src + (ptrdiff_t)i * line, gemm_min(k, V_LANES)) : (vreal){0};
    gemm_transpose_square(x);
    GEMM_UNROLL for (size_t p = 0; p < V_LANES; p++)
        if (p < k) v_store(dst + p * width, x[p]);
}

/* dst[p, i] = src[i * line + p * along] for i < lines, 0 for i >= lines      dst: (k, width)
 * For a panel of b the lines are columns, for a block of a rows: a tile reads either along k, the lines
 * side by side. Whole vectors are written, the last strip of lines first, so that what goes beyond `width`
 * is overwritten, or behind the last row. (Blocks of 6 instead of 8: 2 % faster at 512 x 1024 x 1024.) */
V_SHARED void gemm_pack(real *dst, size_t width, const real *src, ptrdiff_t line, ptrdiff_t along,
                      size_t lines, size_t k)
{
    if (line == 1) {
        for (size_t p = 0; p < k; p++, src += along, dst += width) {
            size_t i = 0;
            for (; i + V_LANES <= lines; i += V_LANES) v_store(dst + i, v_load(src + i));
            if (i < lines) v_store(dst + i, v_load_first(src + i, lines - i)), i += V_LANES;
            for (; i < width; i += V_LANES) v_store(dst + i, (vreal){0});
        }
        return;
    }
    size_t i = (width + V_LANES - 1) / V_LANES * V_LANES;
    src += (ptrdiff_t)i * line, dst += i;
    while (i > 0) {
        i -= V_LANES, src -= (ptrdiff_t)V_LANES * line, dst -= V_LANES;
        const size_t left = i < lines ? lines - i : 0, count = left < V_LANES ? left : V_LANES;
        if (along == 1) {
            size_t p = 0;
            if (count == V_LANES && !gemm_collides(line, 2048))
                for (vreal x[GEMM_PIECE]; p + GEMM_PIECE <= k; p += GEMM_PIECE) {
                    gemm_transpose(x, src + p, line);
                    GEMM_UNROLL for (size_t q = 0; q < GEMM_PIECE; q++) v_store(dst + (p + q) * width, x[q]);
                }
            for (; p < k; p += V_LANES) gemm_pack_square(dst + p * width, width, src + p, line, count, k - p);
        } else {
            for (size_t p = 0; p < k; p++)
                for (size_t j = 0; j < V_LANES; j++)
                    dst[p * width + j] = j < count ? src[(ptrdiff_t)j * line + (ptrdiff_t)p * along] : 0;
        }
    }
}

/* The same for several blocks or panels whose lines lie side by side (line = 1), row by row through all of
 * them: one at a time would fetch 64 bytes here and 64 bytes there (512 x 4096 x 1024: 15 % faster).
 *
 *     dst[s * apart + p * width + i] = src[at[s] + p * along + i]      for i < at[s + 1] - at[s]
 *
 * Vectors are read whole: what they take too much belongs to the same row or the next, and no tile uses it.
 * Rows are often on pages of their own, where the processor guesses nothing, so what it will read GEMM_AHEAD
 * rows later is asked for here (128 x 512 x 784: 10 % faster, 512 x 4096 x 1024: 3 %). */
V_ALWAYS void gemm_copy(real *dst, size_t apart, const int width, const real *src, const size_t *at,
                        size_t strips, ptrdiff_t along, size_t k)
{
    for (size_t p = 0; p < k; p++, src += along, dst += width) {
        const int whole = p + 1 < k && along >= width + (ptrdiff_t)V_LANES;
        real *to = dst;
        for (size_t s = 0; s < strips; s++, to += apart)
            GEMM_UNROLL for (int i = 0; i < width; i += V_LANES) {
                const real *from = src + at[s] + i;
                if (i * sizeof(real) % 64 == 0) __builtin_prefetch(from + GEMM_AHEAD * along);
                const ptrdiff_t left = (ptrdiff_t)(at[s + 1] - at[s]) - i;
                if (whole || left >= (ptrdiff_t)V_LANES) v_store(to + i, v_load(from));
                else if (left > 0) v_store(to + i, v_load_first(from, (size_t)left));
            }
    }
}
