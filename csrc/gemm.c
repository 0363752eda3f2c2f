/* Matrix products: c = a @ b [+ c] [+ bias] [then max(., 0)].
 *
 * The same product stands here twice. mg_gemm_naive is what the formula says, in three
 * loops: read it first, and hold the other against it in the tests. mg_gemm is the one
 * that runs. It computes the same sums, and gets its speed from four thoughts:
 *
 *   1. a tile of c lives in registers while k runs: each element of a and of b that is
 *      loaded serves a whole row or column of the tile              (gemm_tile)
 *   2. what a tile reads lies close together, in the order of reading; where it does not,
 *      it is copied first, once, and read many times                  (gemm_pack)
 *   3. the tiles are visited in an order that keeps what is read again in a cache
 *                                                                     (gemm_run)
 *   4. threads get tiles of their own                                 (gemm_run)
 *
 * Whatever the shape, the path and the number of threads, an element of c is
 *
 *     for each block of k, in order:   sum = 0;  sum = fma(a, b, sum) over its p, in order
 *                                      c = (first block and not accumulating) ? sum : c + sum
 *     c = c + bias;  c = max(c, 0)
 *
 * and the blocks depend on k alone. No sum is ever shared out over lanes or threads, so a
 * row's bits depend neither on how many rows there are nor on who computed it.
 *
 * The plan of packing and blocking is Goto's and van de Geijn's, "Anatomy of
 * high-performance matrix multiplication" (2008), doi 10.1145/1356052.1356053. */
#include <stdatomic.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* ---- the plain product --------------------------------------------------------- */

static void mg_gemm_naive(real *c, size_t ldc, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                          ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k, const real *bias,
                          int flags)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            real sum = 0;
            for (size_t p = 0; p < k; p++)
                sum += a[(ptrdiff_t)i * a_row + (ptrdiff_t)p * a_col] *
                       b[(ptrdiff_t)p * b_row + (ptrdiff_t)j * b_col];
            if (flags & MG_ACCUMULATE) sum = c[i * ldc + j] + sum;
            if (bias) sum = sum + bias[j];
            if ((flags & MG_RELU) && sum < 0) sum = 0; /* NaN is not < 0, and stays */
            c[i * ldc + j] = sum;
        }
}

/* ---- sizes ----------------------------------------------------------------------- */

/* A tile is at most GEMM_ROWS x (2 vectors): as many sums as the registers hold beside two
 * vectors of b and one element of a. AVX-512 and NEON have 32 registers, the others 16.
 * GEMM_DEPTH rows of a panel of b fit the first cache, if hardly, GEMM_BLOCKS packed blocks of a the second.
 * (AVX2: 512 rows are 2 to 4 % faster than 320, from 128 x 512 x 784 to 512 x 4096 x 4096, as c is visited
 * less often; 128 blocks, which do not fit, are 5 % slower than 32.) */
#if defined(__AVX512F__)
enum { GEMM_ROWS = 12, GEMM_DEPTH = 784, GEMM_BLOCKS = 64 };
#elif defined(__aarch64__)
enum { GEMM_ROWS = 12, GEMM_DEPTH = 256, GEMM_BLOCKS = 64 };
#else
enum { GEMM_ROWS = 6, GEMM_DEPTH = 512, GEMM_BLOCKS = 32 };
#endif

enum {
    GEMM_WIDTH = 2 * V_LANES,              /* columns of a panel: what a tile reads of b */
    GEMM_TOGETHER = 8,                     /* blocks of a, or half as many panels of b, copied at a time */
    GEMM_AHEAD = 12,                       /* rows, that copying looks forward */
    GEMM_SLACK = 64 / sizeof(real),        /* what packing may write behind a block of a */
    GEMM_PANELS = 4096 / V_BYTES,          /* panels packed at a time */
    GEMM_COPIES = 4,                       /* threads that may have a copy of b each */
    GEMM_COPY = 64 * 1024 / sizeof(real),  /* ... of up to this size */
    GEMM_STACK = 24 * 1024 / sizeof(real), /* packing up to this size needs no memory */
    GEMM_FEW = 2,                          /* up to so many rows, b is read once, as it lies */
    GEMM_NARROW = 4,                       /* up to so many columns, c is made transposed */
    GEMM_NARROW_ROWS = 256,                /* ... so many rows at a time */
    GEMM_TINY = 128,                       /* up to so much work, no plan is made: see gemm_tiny */
    GEMM_SERIAL = 400000                   /* below so many multiplications, one thread */
};

V_ALWAYS size_t gemm_min(size_t x, size_t y) { return x < y ? x : y; }

/* Are lines a multiple of `apart` bytes from each other? Of 2048, and they fall into the same few places of
 * the first cache. */
V_ALWAYS int gemm_collides(ptrdiff_t line, int apart) { return line * (ptrdiff_t)sizeof(real) % apart == 0; }

/* Does a transposed a, of which a tile reads a few elements of each line, crowd the first cache before
 * their neighbours are wanted? (128 x 512 x 784, a weight's gradient: 15 % faster packed.) */
V_ALWAYS int gemm_crowds(ptrdiff_t a_row, ptrdiff_t a_col) { return a_row == 1 && gemm_collides(a_col, 512); }

/* Machines with masked loads can read the end of a row of b in place. */
#if defined(__AVX2__) || defined(__AVX512F__)
enum { GEMM_MASKS = 1 };
#else
enum { GEMM_MASKS = 0 };
#endif

#define GEMM_UNROLL _Pragma("GCC unroll 16")

/* The compiler shall walk with p row by row, instead of keeping an address for each row. */
#define GEMM_WALK(p) __asm__("" : "+r"(p))

/* ---- 1. a tile of c -------------------------------------------------------------- */

/* What all tiles of one block of the product have in common. */
struct gemm_step {
    size_t ldc;
    ptrdiff_t a_row, a_col, b_row;
    size_t k;
    int add; /* into c, instead of over it */
    int relu;
};

/* What ends a tile: c = [c +] sum [+ bias] [then max(., 0)]. `last` is how many lanes the last of
 * the vectors has, unless !tail: then all. */
V_ALWAYS void gemm_tile_end(vreal (*sum)[2], real *c, const real *bias, size_t last,
                            const struct gemm_step *step, const int rows, const int vectors, const int tail)
{
    const size_t ldc = step->ldc;
    if (step->add) {
        const real *at = c;
    GEMM_UNROLL for (int r = 0; r < rows; r++, at += ldc) {
            GEMM_WALK(at);
            GEMM_UNROLL for (int v = 0; v < vectors; v++) {
                const real *x = at + v * V_LANES;
                sum[r][v] = (tail && v == vectors - 1 ? v_load_first(x, last) : v_load(x)) + sum[r][v];
            }
        }
    }
    if (bias)
        GEMM_UNROLL for (int v = 0; v < vectors; v++) {
            const real *x = bias + v * V_LANES;
            const vreal y = tail && v == vectors - 1 ? v_load_first(x, last) : v_load(x);
            GEMM_UNROLL for (int r = 0; r < rows; r++) sum[r][v] = sum[r][v] + y;
        }
    if (step->relu)
        GEMM_UNROLL for (int r = 0; r < rows; r++)
            GEMM_UNROLL for (int v = 0; v < vectors; v++)
                sum[r][v] = v_select(sum[r][v] < 0, (vreal){0}, sum[r][v]);
    if (tail && last < V_LANES) {
        GEMM_UNROLL for (int r = 0; r < rows; r++, c += ldc) {
            GEMM_WALK(c);
            if (vectors > 1) v_store(c, sum[r][0]);
            v_store_first(c + (vectors - 1) * V_LANES, sum[r][vectors - 1], last);
        }
    } else {
        GEMM_UNROLL for (int r = 0; r < rows; r++, c += ldc) {
            GEMM_WALK(c);
            GEMM_UNROLL for (int v = 0; v < vectors; v++) v_store(c + v * V_LANES, sum[r][v]);
        }
    }
}

/* c (rows, n) = [c +] a (rows, k) @ b (k, n) [+ bias] [then max(., 0)]
 *
 * n = (vectors - 1) V_LANES + last. rows, vectors and tail are constants wherever this is
 * inlined: the loops over them disappear, and `sum` is registers. Any strides of a will do: rows
 * are reached from every third one by one or two steps of a_row, which x86 adds while it loads. */
V_ALWAYS void gemm_tile(real *c, const real *a, const real *b, const real *bias, size_t last,
                        const struct gemm_step *step, const int rows, const int vectors, const int tail)
{
    const ptrdiff_t a_row = step->a_row, a_col = step->a_col, b_row = step->b_row;
    const real *a0 = a, *a3 = a + 3 * a_row, *a6 = a + 6 * a_row, *a9 = a + 9 * a_row;
    vreal sum[GEMM_ROWS][2];
    GEMM_UNROLL for (int r = 0; r < rows; r++)
        GEMM_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vreal){0};
    if (step->k > 64) {                              /* c arrives while k runs */
        const real *at = c;
        GEMM_UNROLL for (int r = 0; r < rows; r++, at += step->ldc) {
            GEMM_WALK(at);
            GEMM_UNROLL for (int v = 0; v < vectors; v++) __builtin_prefetch(at + v * V_LANES, 1);
        }
    }
    for (size_t p = step->k; p > 0; p--) {
        vreal y[2];
        GEMM_UNROLL for (int v = 0; v < vectors; v++)
            y[v] = tail && GEMM_MASKS && v == vectors - 1 ? v_load_first(b + v * V_LANES, last)
                                                          : v_load(b + v * V_LANES);
        GEMM_UNROLL for (int r = 0; r < rows; r++) {
            const real *row = r < 3 ? a0 : r < 6 ? a3 : r < 9 ? a6 : a9;
            const vreal x = v_set(row[(r % 3) * a_row]);
            GEMM_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(x, y[v], sum[r][v]);
        }
        a0 += a_col, a3 += a_col, a6 += a_col, a9 += a_col;
        b += b_row;
    }
    gemm_tile_end(sum, c, bias, last, step, rows, vectors, tail);
}

#if defined(__AVX512VL__)
/* The same for at most half a vector of columns, by half vectors: these cost half as much. */
#if MG_DOUBLE
typedef __m256d gemm_half;
V_ALWAYS gemm_half gemm_half_load(const real *p, size_t n)
{
    return _mm256_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
V_ALWAYS gemm_half gemm_half_fma(gemm_half x, gemm_half y, gemm_half z) { return _mm256_fmadd_pd(x, y, z); }
V_ALWAYS vreal gemm_half_widen(gemm_half x) { return (vreal)_mm512_zextpd256_pd512(x); }
#else
typedef __m256 gemm_half;
V_ALWAYS gemm_half gemm_half_load(const real *p, size_t n)
{
    return _mm256_maskz_loadu_ps((__mmask8)((1u << n) - 1), p);
}
V_ALWAYS gemm_half gemm_half_fma(gemm_half x, gemm_half y, gemm_half z) { return _mm256_fmadd_ps(x, y, z); }
V_ALWAYS vreal gemm_half_widen(gemm_half x) { return (vreal)_mm512_zextps256_ps512(x); }
#endif

V_ALWAYS void gemm_tile_of_half(real *c, const real *a, const real *b, const real *bias, size_t last,
                                const struct gemm_step *step, const int rows)
{
    const ptrdiff_t a_row = step->a_row, a_col = step->a_col, b_row = step->b_row;
    const real *a0 = a, *a3 = a + 3 * a_row, *a6 = a + 6 * a_row, *a9 = a + 9 * a_row;
    gemm_half half[GEMM_ROWS];
    vreal sum[GEMM_ROWS][2];
    GEMM_UNROLL for (int r = 0; r < rows; r++) half[r] = (gemm_half){0};
    for (size_t p = step->k; p > 0; p--) {
        const gemm_half y = gemm_half_load(b, last);
        GEMM_UNROLL for (int r = 0; r < rows; r++) {
            const real *row = r < 3 ? a0 : r < 6 ? a3 : r < 9 ? a6 : a9;
            half[r] = gemm_half_fma(row[(r % 3) * a_row] - (gemm_half){0}, y, half[r]);
        }
        a0 += a_col, a3 += a_col, a6 += a_col, a9 += a_col;
        b += b_row;
    }
    GEMM_UNROLL for (int r = 0; r < rows; r++) sum[r][0] = gemm_half_widen(half[r]);
    gemm_tile_end(sum, c, bias, last, step, rows, 1, 1);
}
#endif

/* One function for each height, so that no block of rows wastes any: gemm_tiles[rows - 1]
 * [vectors - 1][last < GEMM_CUT]. In AVX-512 a mask costs nothing, all tiles are masked, and being
 * cut means to be at most half a vector. */
typedef void gemm_kernel(real *c, const real *a, const real *b, const real *bias, size_t last,
                         const struct gemm_step *step);

/* Where the loop over k begins within a cache line is worth up to 8 %. */
#if defined(__GNUC__) && !defined(__clang__)
#define GEMM_ALIGNED __attribute__((optimize("align-loops=64")))
#else
#define GEMM_ALIGNED
#endif
#define GEMM_DEFINE(name, tile, ...)                                                               \
    static GEMM_ALIGNED void name(real *c, const real *a, const real *b, const real *bias, size_t last, \
                     const struct gemm_step *step)                                                 \
    {                                                                                              \
        tile(c, a, b, bias, last, step, __VA_ARGS__);                                              \
    }
#if defined(__AVX512VL__)
enum { GEMM_CUT = V_LANES / 2 + 1 };
#define GEMM_KERNELS(rows)                              \
    GEMM_DEFINE(gemm_tile_##rows##h, gemm_tile_of_half, rows) \
    GEMM_DEFINE(gemm_tile_##rows##x1, gemm_tile, rows, 1, 1)  \
    GEMM_DEFINE(gemm_tile_##rows##x2, gemm_tile, rows, 2, 1)
#define GEMM_ROW_OF_TABLE(rows) \
    {{gemm_tile_##rows##x1, gemm_tile_##rows##h}, {gemm_tile_##rows##x2, gemm_tile_##rows##x2}},
#else
enum { GEMM_CUT = V_LANES };
#define GEMM_KERNELS(rows)                               \
    GEMM_DEFINE(gemm_tile_##rows##x1, gemm_tile, rows, 1, 0)    \
    GEMM_DEFINE(gemm_tile_##rows##x1cut, gemm_tile, rows, 1, 1) \
    GEMM_DEFINE(gemm_tile_##rows##x2, gemm_tile, rows, 2, 0)    \
    GEMM_DEFINE(gemm_tile_##rows##x2cut, gemm_tile, rows, 2, 1)
#define GEMM_ROW_OF_TABLE(rows) \
    {{gemm_tile_##rows##x1, gemm_tile_##rows##x1cut}, {gemm_tile_##rows##x2, gemm_tile_##rows##x2cut}},
#endif

#define GEMM_UP_TO_6(x) x(1) x(2) x(3) x(4) x(5) x(6)
#define GEMM_FROM_7(x) x(7) x(8) x(9) x(10) x(11) x(12)
#if defined(__AVX512F__) || defined(__aarch64__)
#define GEMM_HEIGHTS(x) GEMM_UP_TO_6(x) GEMM_FROM_7(x)
#else
#define GEMM_HEIGHTS(x) GEMM_UP_TO_6(x)
#endif
GEMM_HEIGHTS(GEMM_KERNELS)
static gemm_kernel *const gemm_tiles[GEMM_ROWS][2][2] = {GEMM_HEIGHTS(GEMM_ROW_OF_TABLE)};

/* ---- 2. packing ------------------------------------------------------------------- */

/* One vector out of pieces of 16 bytes, `apart` elements from each other in memory */
typedef real gemm_piece __attribute__((vector_size(16)));
enum { GEMM_PIECE = 16 / sizeof(real), GEMM_PIECES = V_BYTES / 16 };

V_ALWAYS vreal gemm_gather(const real *p, ptrdiff_t apart)
{
#if V_BYTES == 16
    (void)apart;
    return v_load(p);
#else
#define GEMM_TWO(x, y) _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)(x))), \
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

/* ---- 3. and 4. blocks, and who computes them --------------------------------------- */

/* A product, and the block of it that is being computed: blocks of rows [block, block + blocks),
 * panels of columns [panel, panel + panels), k in [p, p + depth). */
struct gemm_plan {
    real *c;
    const real *a, *b, *bias;
    ptrdiff_t a_row, a_col, b_row, b_col;
    size_t ldc, m, n, k;
    int flags;

    size_t height, higher;          /* rows of a block; so many first blocks have one more */
    size_t all_blocks, all_panels, most_panels, most_depth;          /* most: at a time */
    int pack_a, pack_b;             /* whether they are packed */
    size_t room;                    /* elements of memory for that */
    size_t block, blocks, panel, panels, p, depth;
    size_t packed_from;             /* the panel, counted in this block, from which on b is packed */
    real *packed_a, *packed_b;      /* NULL: read in place */
    size_t chunks;
    int own_panels;                 /* a chunk is some panels, which it also packs; else it is some blocks */
    size_t copies;                  /* so many threads pack a b each for itself; 0: it is packed for all */
    unsigned char *made;            /* (GEMM_COPIES) which of the copies there are */
};

/* The first row of a block; the heights of blocks differ by one at most. */
V_ALWAYS size_t gemm_row(const struct gemm_plan *g, size_t block)
{
    return block * g->height + gemm_min(block, g->higher);
}

/* The tiles of row blocks [block, block_end) and panels [panel, panel_end) of the current block */
static void gemm_compute(const struct gemm_plan *g, size_t block, size_t block_end,
                         size_t panel, size_t panel_end)
{
    const int last_depth = g->p + g->depth == g->k;
    struct gemm_step step = {
        .ldc = g->ldc, .k = g->depth,
        .a_row = g->packed_a ? 1 : g->a_row, .a_col = g->packed_a ? GEMM_ROWS : g->a_col,
        .add = g->p > 0 || (g->flags & MG_ACCUMULATE), .relu = last_depth && (g->flags & MG_RELU),
    };
    const real *a0 = g->a + (ptrdiff_t)g->p * g->a_col;
    for (; panel < panel_end; panel++) {
        const size_t j = (g->panel + panel) * GEMM_WIDTH, width = gemm_min(g->n - j, GEMM_WIDTH);
        const size_t vectors = (width + V_LANES - 1) / V_LANES, last = width - (vectors - 1) * V_LANES;
        const real *bias = last_depth && g->bias ? g->bias + j : NULL;
        const real *b;
        if (panel >= g->packed_from) {
            b = g->packed_b + (panel - g->packed_from) * g->depth * GEMM_WIDTH;
            step.b_row = (ptrdiff_t)(vectors * V_LANES);
        } else {
            b = g->b + (ptrdiff_t)g->p * g->b_row + (ptrdiff_t)j;
            step.b_row = g->b_row;
        }
        size_t i = gemm_row(g, g->block + block);
        for (size_t x = block; x < block_end; x++) {
            const size_t rows = g->height + (g->block + x < g->higher);
            const real *a = g->packed_a ? g->packed_a + x * (g->depth * GEMM_ROWS + GEMM_SLACK)
                                        : a0 + (ptrdiff_t)i * g->a_row;
            gemm_kernel *tile = gemm_tiles[rows - 1][vectors - 1][last < GEMM_CUT];
            tile(g->c + i * g->ldc + j, a, b, bias, last, &step);
            i += rows;
        }
    }
}

/* Panels [x, stop) of b, counted from the first that is packed */
static void gemm_pack_panels(const struct gemm_plan *g, size_t x, size_t stop)
{
    const real *const b = g->b + (ptrdiff_t)g->p * g->b_row;
    const size_t apart = g->depth * GEMM_WIDTH;
    for (size_t count; x < stop; x += count) {
        const size_t j = (g->panel + g->packed_from + x) * GEMM_WIDTH, width = gemm_min(g->n - j, GEMM_WIDTH);
        size_t at[GEMM_TOGETHER + 1];
        count = g->b_col == 1 ? gemm_min(gemm_min(stop - x, GEMM_TOGETHER / 2), (g->n - j) / GEMM_WIDTH) : 0;
        for (size_t s = 0; s <= count; s++) at[s] = j + s * GEMM_WIDTH;
        if (count) gemm_copy(g->packed_b + x * apart, apart, GEMM_WIDTH, b, at, count, g->b_row, g->depth);
        else gemm_pack(g->packed_b + x * apart, (width + V_LANES - 1) / V_LANES * V_LANES,
                       b + (ptrdiff_t)j * g->b_col, g->b_col, g->b_row, width, g->depth);
        count += count == 0;
    }
}

/* Blocks [x, stop) of a */
static void gemm_pack_blocks(const struct gemm_plan *g, size_t x, size_t stop)
{
    const real *const a = g->a + (ptrdiff_t)g->p * g->a_col;
    const size_t apart = g->depth * GEMM_ROWS + GEMM_SLACK;
    const size_t whole = (GEMM_ROWS + V_LANES - 1) / V_LANES * V_LANES;         /* rows need no masks: 2 % */
    for (size_t count; x < stop; x += count) {
        const size_t block = g->block + x, i = gemm_row(g, block);
        size_t at[GEMM_TOGETHER + 1];
        count = g->a_row == 1 ? gemm_min(stop - x, GEMM_TOGETHER) : 0;
        for (size_t s = 0; s <= count; s++) at[s] = gemm_row(g, block + s);
        if (count) gemm_copy(g->packed_a + x * apart, apart, GEMM_ROWS, a, at, count, g->a_col, g->depth);
        else gemm_pack(g->packed_a + x * apart, GEMM_ROWS, a + (ptrdiff_t)i * g->a_row, g->a_row, g->a_col,
                       gemm_min(g->m - i, whole), g->depth);
        count += count == 0;
    }
}

/* One chunk's share of what all chunks read: blocks of a, and behind them panels of b */
static void gemm_pack_chunk(void *context, size_t chunk)
{
    const struct gemm_plan *g = context;
    const size_t blocks = g->packed_a ? g->blocks : 0;
    const size_t items = blocks + (g->own_panels || g->block > 0 ? 0 : g->panels - g->packed_from);
    const size_t x = chunk * items / g->chunks, stop = (chunk + 1) * items / g->chunks;
    gemm_pack_blocks(g, gemm_min(x, blocks), gemm_min(stop, blocks));
    gemm_pack_panels(g, x > blocks ? x - blocks : 0, stop > blocks ? stop - blocks : 0);
}

/* Blocks [x, stop) with a copy of b on the stack: for a thread that came when the copies were counted already, as
 * somebody had just asked for more threads */
V_SHARED __attribute__((cold)) void gemm_compute_late(struct gemm_plan own, size_t x, size_t stop)
{
    _Alignas(64) real buffer[GEMM_COPY];
    own.packed_b = buffer;
    gemm_pack_panels(&own, 0, own.panels);
    gemm_compute(&own, x, stop, 0, own.panels);
}

/* Blocks [x, stop), where each thread packs b for itself */
static void gemm_compute_copied(struct gemm_plan *g, size_t x, size_t stop)
{
    const size_t seat = (size_t)mg_seat();
    if (seat >= g->copies) {
        gemm_compute_late(*g, x, stop);
        return;
    }
    struct gemm_plan own = *g;
    own.packed_b += seat * g->depth * g->all_panels * GEMM_WIDTH;
    if (!g->made[seat]) gemm_pack_panels(&own, 0, g->panels);
    g->made[seat] = 1;
    gemm_compute(&own, x, stop, 0, g->panels);
}

/* Panels [x, stop) of all rows, each packed just before it is used */
static void gemm_compute_panels(const struct gemm_plan *g, size_t x, size_t stop)
{
    for (size_t next; x < stop; x = next) {
        next = x < g->packed_from ? gemm_min(stop, g->packed_from) : gemm_min(stop, x + GEMM_TOGETHER / 2);
        if (x >= g->packed_from && g->block == 0) gemm_pack_panels(g, x - g->packed_from, next - g->packed_from);
        gemm_compute(g, 0, g->blocks, x, next);
    }
}

static void gemm_compute_chunk(void *context, size_t chunk)
{
    struct gemm_plan *g = context;
    const size_t all = g->own_panels ? g->panels : g->blocks;
    const size_t x = chunk * all / g->chunks, stop = (chunk + 1) * all / g->chunks;
    if (g->own_panels) gemm_compute_panels(g, x, stop);
    else if (g->copies) gemm_compute_copied(g, x, stop);
    else gemm_compute(g, x, stop, 0, g->panels);
}

static void gemm_each_chunk(struct gemm_plan *g, void (*body)(void *, size_t))
{
    if (g->chunks > 1) mg_parallel(g->chunks, body, g);
    else body(g, 0);
}

/* How much of k is one block: k is cut evenly into as few as GEMM_DEPTH allows, of whole strips and squares. */
static size_t gemm_depth(size_t k)
{
    const size_t depths = (k + GEMM_DEPTH - 1) / GEMM_DEPTH;
    return ((k + depths - 1) / depths + 7) / 8 * 8;
}

/* How a product with many rows and columns is done on so many threads */
static void gemm_decide(struct gemm_plan *g, int threads)
{
    const size_t m = g->m, n = g->n, depth = g->most_depth;
    const ptrdiff_t a_row = g->a_row, a_col = g->a_col, b_row = g->b_row;
    /* Blocks of rows are of one height, or nearly; each thread shall find as many of them. */
    g->all_blocks = (m + GEMM_ROWS - 1) / GEMM_ROWS;
    g->all_panels = (n + GEMM_WIDTH - 1) / GEMM_WIDTH;
    /* (One chunk for one thread, rather than as many as for two: 128 x 100 x 100 5 to 11 % faster.) */
    g->own_panels = threads == 1 || n >= 1024 || n >= 2 * m;
    if (threads > 1) {
        if (!g->own_panels) g->all_blocks = gemm_min((g->all_blocks + 3) / 4 * 4, m);
        g->chunks = gemm_min(g->own_panels ? g->all_panels : g->all_blocks, 16);
    }
    g->height = m / g->all_blocks, g->higher = m % g->all_blocks;

    /* What pays to be packed, as measured: b when it lies the wrong way, or is larger than a cache and
     * met often, or its rows are scattered over many pages (64 x 500 x 500 and 512 x 784 x 128: 10 % faster); a
     * when it is large; both, when their lines collide in the cache and loads from the second are not hidden
     * behind the arithmetic (32 x 1024 x 256: 1.4 times as fast; of a, a tile reads only six rows, which bear it
     * up to 4 KB: 256 x 512 x 512 is 5 to 10 % faster). Few panels do not make up for packing a (512 x 100 x 512:
     * 10 % faster without). A thread alone packs b sooner, as it makes use of all rows (12 x 1024 x 1024 1.4 times
     * as fast, 256 x 256 x 256 by 10 %, which on two threads are 20 and 10 % slower). */
    const int alone = threads == 1 && m >= 128 && depth >= 192 && g->all_panels >= 6;
    const int b_large = m >= 96 && depth * n >= 384 * 1024;
    const int b_scattered = (double)depth * (double)b_row >= 64 * 1024 && m >= (depth > 384 ? 48 : 384);
    const int b_collides = GEMM_ROWS < 12 && depth > 32 && gemm_collides(b_row, 2048)
                        && m >= (threads == 1 && gemm_collides(b_row, 4096) ? 12 : 32);
    g->pack_b = g->b_col != 1 || b_large || b_scattered || b_collides || alone;
    const int a_collides = a_row == 1 ? gemm_collides(a_col, 2048) : gemm_collides(a_row, 4096);
    const int a_large = m * depth > 128 * 1024 || (m >= 128 && depth > 32 && a_collides)
                     || (m >= 32 && depth > 64 && g->all_panels >= 16 && gemm_crowds(a_row, a_col));
    g->pack_a = g->all_panels >= 12 && a_large;
    /* Packed panels of which few rows make use are better made and used in smaller portions. */
    g->most_panels = !g->pack_b ? g->all_panels : gemm_min(g->all_panels, m <= 4 * GEMM_ROWS ? 16 : GEMM_PANELS);

    /* Little is packed by each thread for itself: to fetch it from another core and to wait for that takes
     * longer (64 x 100 x 100: 6 % faster, 128 x 64 x 64 13 %). */
    if (g->pack_b && !g->pack_a && !g->own_panels && threads <= GEMM_COPIES && g->most_panels == g->all_panels &&
        g->all_blocks <= GEMM_BLOCKS && depth * g->all_panels * GEMM_WIDTH <= GEMM_COPY)
        g->copies = (size_t)threads;

    size_t packed_panels = g->pack_b ? g->most_panels : !GEMM_MASKS && n % V_LANES ? 1 : 0;
    if (g->copies) packed_panels *= g->copies;
    const size_t packed_blocks = g->pack_a ? gemm_min(g->all_blocks, GEMM_BLOCKS) : 0;
    g->room = depth * packed_panels * GEMM_WIDTH + packed_blocks * (depth * GEMM_ROWS + GEMM_SLACK);
}

/* The block that begins where `panel`, `p` and `block` say; buffer: (room) */
static void gemm_enter(struct gemm_plan *g, real *buffer)
{
    g->panels = gemm_min(g->all_panels - g->panel, g->most_panels);
    g->packed_from = g->pack_b ? 0 : !GEMM_MASKS && g->n % V_LANES ? g->panels - 1 : g->panels;
    g->depth = gemm_min(g->k - g->p, g->most_depth);
    g->blocks = gemm_min(g->all_blocks - g->block, GEMM_BLOCKS);
    g->packed_b = buffer;
    g->packed_a = g->pack_a ? buffer + (g->panels - g->packed_from) * g->most_depth * GEMM_WIDTH : NULL;
    if (g->copies && g->block == 0) memset(g->made, 0, GEMM_COPIES);
}

/* Whether a block's chunks have to wait until something is packed for all of them */
static int gemm_packs_first(const struct gemm_plan *g)
{
    return g->pack_a || (!g->own_panels && !g->copies && g->block == 0 && g->packed_from < g->panels);
}

/* All blocks of a product: columns outside, k in the middle, rows inside, so that packed panels
 * of b serve all rows. */
static void gemm_run(struct gemm_plan *g, real *buffer)
{
    for (g->panel = 0; g->panel < g->all_panels; g->panel += g->panels)
        for (g->p = 0; g->p < g->k; g->p += g->depth)
            for (g->block = 0; g->block < g->all_blocks; g->block += g->blocks) {
                gemm_enter(g, buffer);
                if (gemm_packs_first(g)) gemm_each_chunk(g, gemm_pack_chunk);
                gemm_each_chunk(g, gemm_compute_chunk);
            }
}

/* c = a @ b, dense and over what was there, and not yet how */
static struct gemm_plan gemm_of(real *c, const real *a, ptrdiff_t a_row, ptrdiff_t a_col,
                                const real *b, ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k)
{
    return (struct gemm_plan){.c = c, .ldc = n, .a = a, .a_row = a_row, .a_col = a_col, .b = b, .b_row = b_row,
                              .b_col = b_col, .m = m, .n = n, .k = k};
}

/* How many threads a product is worth */
static int gemm_threads(const struct gemm_plan *g)
{
    return (double)g->m * (double)g->n * (double)g->k > GEMM_SERIAL ? mg_get_num_threads() : 1;
}

/* Whether a product is shared out to threads as it is, one block with nothing to pack before; then *g is that
 * block, but for the memory for packing. */
static int gemm_at_once(struct gemm_plan *g)
{
    const int threads = gemm_threads(g);
    if (threads == 1 || g->n <= GEMM_NARROW || g->m <= GEMM_FEW) return 0;
    g->most_depth = gemm_depth(g->k);
    gemm_decide(g, threads);
    gemm_enter(g, NULL);
    return g->panels == g->all_panels && g->depth == g->k && g->blocks == g->all_blocks && !gemm_packs_first(g);
}

/* ---- memory for packing ------------------------------------------------------------ */

/* The last buffer is kept for the next call: fresh memory costs a page fault for each 4 KB. Whoever
 * calls meanwhile finds the place empty and gets memory of its own. The first cache line of a buffer
 * holds its size. Large ones are of huge pages: 4 % faster at 512 x 4096 x 1024. */
enum { GEMM_HUGE = 2 << 20 };
static _Atomic(char *) gemm_spare;

static real *gemm_buffer(size_t size)
{
    char *memory = atomic_exchange(&gemm_spare, NULL);
    if (memory) {
        size_t has;
        memcpy(&has, memory, sizeof has);
        if (has >= size) return (real *)(memory + 64);
        free(memory);
    }
    const size_t page = size > GEMM_HUGE / 8 ? GEMM_HUGE : 65536;
    size = (size + 64 + page - 1) / page * page - 64;
    memory = aligned_alloc(page == GEMM_HUGE ? page : 64, size + 64);
#ifdef MADV_HUGEPAGE
    if (memory && page == GEMM_HUGE) madvise(memory, size + 64, MADV_HUGEPAGE);
#endif
    if (!memory) return NULL;
    memcpy(memory, &size, sizeof size);
    return (real *)(memory + 64);
}

static void gemm_buffer_return(real *buffer)
{
    free(atomic_exchange(&gemm_spare, (char *)buffer - 64));
}

/* ---- element by element ------------------------------------------------------------- */

/* One block of k without any plan. v_fma in one lane, so that the bits are a tile's. */
static void gemm_elements(real *c, size_t ldc, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                          ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k, const real *bias, int flags)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            const real *x = a + (ptrdiff_t)i * a_row, *y = b + (ptrdiff_t)j * b_col;
            vreal sum = {0};
            for (size_t p = k; p > 0; p--, x += a_col, y += b_row) sum = v_fma((vreal){*x}, (vreal){*y}, sum);
            real z = sum[0];
            if (flags & MG_ACCUMULATE) z = c[i * ldc + j] + z;
            if (bias) z = z + bias[j];
            c[i * ldc + j] = (flags & MG_RELU) && z < 0 ? 0 : z;
        }
}

/* Whether that is faster than to make a plan: an element costs about six of its multiplications besides.
 * (1 x 2 x 2: 4 to 7 times as fast, 4 x 2 x 8 1.8 times; 4 x 4 x 4, which is more, 0.9 to 1.4 times.) */
V_ALWAYS int gemm_tiny(size_t m, size_t n, size_t k) { return m * n * (k + 6) <= GEMM_TINY; }

/* The same bits without any memory, for the day there is none. */
V_SHARED __attribute__((cold)) void gemm_slow(const struct gemm_plan *g)
{
    for (size_t p = 0, depth; p < g->k; p += depth) {
        depth = gemm_min(g->most_depth, g->k - p);
        const int last = p + depth == g->k;
        gemm_elements(g->c, g->ldc, g->a + (ptrdiff_t)p * g->a_col, g->a_row, g->a_col,
                      g->b + (ptrdiff_t)p * g->b_row, g->b_row, g->b_col, g->m, g->n, depth, last ? g->bias : NULL,
                      (p > 0 ? MG_ACCUMULATE : g->flags & MG_ACCUMULATE) | (last ? g->flags & MG_RELU : 0));
    }
}

/* ---- one or two rows ------------------------------------------------------------------ */

/* Where one pass over b serves all of c there is nothing to win by packing, and a tile of two vectors
 * waits for its own additions. So for batch 1 through a Linear layer, and its gradient, b is read as it
 * lies, and so fast as the caches give it. */
struct gemm_few_plan {
    const struct gemm_plan *g;
    size_t width, groups, chunks;
};

/* What ends the block [p, end) of k, of `count` columns of row r from j on, in the order of gemm_tile:
 * c = [c +] y [+ bias] [then max(., 0)] */
V_ALWAYS void gemm_few_finish(const struct gemm_plan *g, size_t p, size_t end, size_t r, size_t j, vreal y,
                              size_t count)
{
    const int whole = count == V_LANES, finish = end == g->k;
    real *const c = g->c + r * g->ldc + j;
    if (p > 0 || (g->flags & MG_ACCUMULATE)) y = (whole ? v_load(c) : v_load_first(c, count)) + y;
    if (finish && g->bias) y = y + (whole ? v_load(g->bias + j) : v_load_first(g->bias + j, count));
    if (finish && (g->flags & MG_RELU)) y = v_select(y < 0, (vreal){0}, y);
    if (whole) v_store(c, y);
    else v_store_first(c, y, count);
}

/* of columns [from, from + n). x: (rows of c, apart) */
V_SHARED void gemm_few_end(const struct gemm_plan *g, size_t p, size_t end, size_t from, size_t n,
                           const real *x, size_t apart)
{
    for (size_t r = 0; r < g->m; r++, x += apart) {
        size_t i = 0;
        for (; i + V_LANES <= n; i += V_LANES) gemm_few_finish(g, p, end, r, from + i, v_load(x + i), V_LANES);
        if (i < n) gemm_few_finish(g, p, end, r, from + i, v_load_first(x + i, n - i), n - i);
    }
}

/* b along its rows: GEMM_LINES of them at a time over up to GEMM_SUMS columns, whose sums are in the first
 * cache. (48 columns at a time, with sums in registers, took a small piece of each of many pages:
 * 1 x 512 x 512 is 20 % faster so, 1 x 1024 x 1024 40 %, 1 x 4096 x 1024 three times.) */
enum { GEMM_LINES = 8, GEMM_SUMS = 16384 / sizeof(real) };

/* sum[r, j] += a[r, :lines] @ b[:lines, j]      for j < n */
V_ALWAYS void gemm_few_lines(real *sum, size_t n, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                             ptrdiff_t b_row, const int rows, const int lines)
{
    vreal x[GEMM_FEW][GEMM_LINES];
    GEMM_UNROLL for (int r = 0; r < rows; r++)
        GEMM_UNROLL for (int q = 0; q < lines; q++) x[r][q] = v_set(a[r * a_row + q * a_col]);
    size_t j = 0;
    for (; j + V_LANES <= n; j += V_LANES) {
        vreal y[GEMM_FEW];
        GEMM_UNROLL for (int r = 0; r < rows; r++) y[r] = v_load(sum + r * GEMM_SUMS + j);
        GEMM_UNROLL for (int q = 0; q < lines; q++)
            GEMM_UNROLL for (int r = 0; r < rows; r++) y[r] = v_fma(x[r][q], v_load(b + q * b_row + j), y[r]);
        GEMM_UNROLL for (int r = 0; r < rows; r++) v_store(sum + r * GEMM_SUMS + j, y[r]);
    }
    if (j < n)
        GEMM_UNROLL for (int r = 0; r < rows; r++) {
            vreal y = v_load(sum + r * GEMM_SUMS + j);
            GEMM_UNROLL for (int q = 0; q < lines; q++)
                y = v_fma(x[r][q], v_load_first(b + q * b_row + j, n - j), y);
            v_store(sum + r * GEMM_SUMS + j, y);
        }
}

V_SHARED void gemm_few_columns(const struct gemm_plan *g, size_t p, size_t end, size_t from, size_t n)
{
    const ptrdiff_t a_row = g->a_row, a_col = g->a_col, b_row = g->b_row;
    const real *a = g->a + (ptrdiff_t)p * a_col, *b = g->b + (ptrdiff_t)p * b_row + from;
    _Alignas(64) real sum[GEMM_FEW * GEMM_SUMS];
    for (size_t r = 0; r < g->m; r++) memset(sum + r * GEMM_SUMS, 0, (n + V_LANES - 1) / V_LANES * V_BYTES);
    size_t left = end - p;
    const size_t lines = g->m == 1 ? GEMM_LINES : GEMM_LINES / 2;
    for (; left >= lines; left -= lines, a += lines * a_col, b += lines * b_row)
        if (g->m == 1) gemm_few_lines(sum, n, a, a_row, a_col, b, b_row, 1, GEMM_LINES);
        else gemm_few_lines(sum, n, a, a_row, a_col, b, b_row, 2, GEMM_LINES / 2);
    for (; left > 0; left--, a += a_col, b += b_row)
        if (g->m == 1) gemm_few_lines(sum, n, a, a_row, a_col, b, b_row, 1, 1);
        else gemm_few_lines(sum, n, a, a_row, a_col, b, b_row, 2, 1);
    gemm_few_end(g, p, end, from, n, sum, GEMM_SUMS);
}

/* b transposed: 16 of its lines at a time, a strip of 16 bytes of each transposed in registers and used at
 * once. (More lines are more than the processor fetches ahead, and than the first cache holds of lines that
 * collide: 1 x 512 x 512 half as fast.) Short
 * ones have ended before the processor sees where they lead, so the next 16 are asked for meanwhile: 1 x 100 x 100
 * from the third cache 20 % faster, prediction of one sample through deep20 9 %. (Longer ones the first cache does
 * not keep until they are used: 1 x 512 x 512 10 % slower.) */
enum { GEMM_STRIPS = V_LANES < 8 ? 4 : 2, GEMM_SKEW = 64, GEMM_NEXT = 16384 };

/* sum[.][v] += the next GEMM_PIECE products, of the lines of b from that of vector v on */
V_ALWAYS void gemm_few_strip(vreal (*sum)[GEMM_STRIPS], const real *a, ptrdiff_t a_row, const real *b,
                             ptrdiff_t line, const int rows, const int v)
{
    vreal x[GEMM_PIECE];
    gemm_transpose(x, b + v * (ptrdiff_t)V_LANES * line, line);
    GEMM_UNROLL for (int q = 0; q < (int)GEMM_PIECE; q++)
        GEMM_UNROLL for (int r = 0; r < rows; r++)
            sum[r][v] = v_fma(v_set(a[r * a_row + q]), x[q], sum[r][v]);
}

/* All whole strips of a block of `depth`. Half of the lines run `skew` ahead of the others, so that
 * lines that collide are not in the same place at the same time: 1 x 1024 x 1024 twice as fast.
 * ahead: whether the lines behind these are asked for, as many bytes as these take. */
V_ALWAYS void gemm_few_strips(vreal (*sum)[GEMM_STRIPS], const real *a, ptrdiff_t a_row, const real *b,
                              ptrdiff_t line, size_t depth, const int rows, const int skew, const int ahead)
{
    enum { LINES = GEMM_STRIPS * V_LANES };
    const char *next = (const char *)(b + LINES * line);
    size_t p = 0;
    for (; p < (size_t)skew; p += GEMM_PIECE)
        GEMM_UNROLL for (int v = GEMM_STRIPS / 2; v < (int)GEMM_STRIPS; v++)
            gemm_few_strip(sum, a + p, a_row, b + p, line, rows, v);
    for (; p + GEMM_PIECE <= depth; p += GEMM_PIECE) {
        if (ahead)
            GEMM_UNROLL for (int i = 0; i < LINES * 16; i += 64) __builtin_prefetch(next + i);
        next += LINES * 16;
        GEMM_UNROLL for (int v = 0; v < (int)GEMM_STRIPS; v++) {
            const size_t at = p - (v < (int)GEMM_STRIPS / 2 ? (size_t)skew : 0);
            gemm_few_strip(sum, a + at, a_row, b + at, line, rows, v);
        }
    }
    for (size_t at = p - (size_t)skew; at < p; at += GEMM_PIECE)
        GEMM_UNROLL for (int v = 0; v < (int)GEMM_STRIPS / 2; v++)
            gemm_few_strip(sum, a + at, a_row, b + at, line, rows, v);
}

/* The block [p, end) of k, for columns [j, j + width), of which those from `from` on are kept */
V_ALWAYS void gemm_few_transposed(const struct gemm_plan *g, size_t p, size_t end, size_t j, size_t from,
                                  const int rows)
{
    enum { WIDTH = GEMM_STRIPS * V_LANES };
    const ptrdiff_t line = g->b_col, a_row = g->a_row;
    const real *a = g->a + p, *b = g->b + p + (ptrdiff_t)j * line;
    const size_t depth = end - p, whole = depth / GEMM_PIECE * GEMM_PIECE;
    vreal sum[GEMM_FEW][GEMM_STRIPS];
    GEMM_UNROLL for (int r = 0; r < rows; r++)
        GEMM_UNROLL for (int v = 0; v < (int)GEMM_STRIPS; v++) sum[r][v] = (vreal){0};
    if (gemm_collides(line, 4096) && depth > GEMM_SKEW)
        gemm_few_strips(sum, a, a_row, b, line, depth, rows, GEMM_SKEW, 0);
    else if (WIDTH * line * (ptrdiff_t)sizeof(real) <= GEMM_NEXT && j + WIDTH < g->n)
        gemm_few_strips(sum, a, a_row, b, line, depth, rows, 0, 1);
    else gemm_few_strips(sum, a, a_row, b, line, depth, rows, 0, 0);
    real rest[GEMM_PIECE * WIDTH];                       /* what does not fill a strip */
    if (whole < depth) gemm_pack(rest, WIDTH, b + whole, line, 1, WIDTH, depth - whole);
    for (size_t q = 0; q < depth - whole; q++)
        GEMM_UNROLL for (int v = 0; v < (int)GEMM_STRIPS; v++) {
            const vreal x = v_load(rest + q * WIDTH + v * V_LANES);
            GEMM_UNROLL for (int r = 0; r < rows; r++)
                sum[r][v] = v_fma(v_set(a[r * a_row + (ptrdiff_t)(whole + q)]), x, sum[r][v]);
        }
    real t[GEMM_FEW][WIDTH];
    GEMM_UNROLL for (int r = 0; r < rows; r++)
        GEMM_UNROLL for (int v = 0; v < (int)GEMM_STRIPS; v++) {
            if (from == j) gemm_few_finish(g, p, end, (size_t)r, j + v * V_LANES, sum[r][v], V_LANES);
            else v_store(t[r] + v * V_LANES, sum[r][v]);
        }
    if (from == j) return;
    gemm_few_end(g, p, end, from, j + WIDTH - from, t[0] + (from - j), WIDTH);
}

V_SHARED void gemm_few_chunk(void *context, size_t chunk)
{
    const struct gemm_few_plan *plan = context;
    const struct gemm_plan *g = plan->g;
    const size_t end = (chunk + 1) * plan->groups / plan->chunks;
    for (size_t x = chunk * plan->groups / plan->chunks; x < end; x++)
        for (size_t p = 0; p < g->k; p += g->most_depth) {
            const size_t from = x * plan->width, stop = gemm_min(p + g->most_depth, g->k);
            const size_t n = gemm_min(plan->width, g->n - from), j = from + n - plan->width;
            if (g->b_col == 1) gemm_few_columns(g, p, stop, from, n);
            else if (g->m == 1) gemm_few_transposed(g, p, stop, j, from, 1);
            else gemm_few_transposed(g, p, stop, j, from, 2);
        }
}

/* ---- the product ------------------------------------------------------------------- */

/* A few columns fill a vector badly; the many rows fill it well. So c.T = b.T @ a.T, some rows at
 * a time, into a small array t (n, rows) from which c, bias and the rest follow. */
static void gemm_narrow_chunk(void *context, size_t chunk)
{
    const struct gemm_plan *g = context;
    const size_t i = chunk * GEMM_NARROW_ROWS, rows = gemm_min(g->m - i, GEMM_NARROW_ROWS);
    const size_t n = g->n, ldc = g->ldc;
    real *c = g->c + i * ldc;
    _Alignas(64) real t[GEMM_NARROW * GEMM_NARROW_ROWS];
    for (size_t j = 0; j < n && (g->flags & MG_ACCUMULATE); j++)
        for (size_t r = 0; r < rows; r++) t[j * rows + r] = c[r * ldc + j];
    mg_gemm(t, rows, g->b, g->b_col, g->b_row, g->a + (ptrdiff_t)i * g->a_row, g->a_col, g->a_row,
            n, rows, g->k, NULL, g->flags & MG_ACCUMULATE);
    const real floor = g->flags & MG_RELU ? 0 : -(real)INFINITY;      /* NaN is not < floor, and stays */
    for (size_t j = 0; j < n; j++) {
        const real y = g->bias ? g->bias[j] : (real)-0.0;             /* x + -0 is x, for each x */
        real *at = c + j;
        for (size_t r = 0; r < rows; r++, at += ldc) {
            const real x = t[j * rows + r] + y;
            *at = x < floor ? floor : x;
        }
    }
}

static void gemm_product(struct gemm_plan *g)
{
    const size_t m = g->m, n = g->n;
    if (m == 0 || n == 0) return;
    if (g->k == 0) {
        mg_gemm_naive(g->c, g->ldc, g->a, g->a_row, g->a_col, g->b, g->b_row, g->b_col, m, n, 0, g->bias, g->flags);
        return;
    }
    const int threads = gemm_threads(g);
    if (n <= GEMM_NARROW && m >= 4 * n) {
        const size_t chunks = (m + GEMM_NARROW_ROWS - 1) / GEMM_NARROW_ROWS;
        if (threads > 1) mg_parallel(chunks, gemm_narrow_chunk, g);
        else for (size_t i = 0; i < chunks; i++) gemm_narrow_chunk(g, i);
        return;
    }
    if (n == 1) g->b_col = 1;                    /* never taken, so any will do */

    g->chunks = 1;
    g->most_depth = gemm_depth(g->k);
    const int along = g->b_col == 1 ? n >= 4 * V_LANES
                                    : g->b_row == 1 && g->a_col == 1 && n >= GEMM_STRIPS * V_LANES;
    if (m <= GEMM_FEW && along) {
        struct gemm_few_plan few = {.g = g, .chunks = 1};
        const size_t part = (n + (size_t)threads - 1) / (size_t)threads;
        few.width = g->b_col != 1 ? GEMM_STRIPS * (size_t)V_LANES    /* along rows of b as far as can be */
                                  : gemm_min((part + GEMM_SLACK - 1) / GEMM_SLACK * GEMM_SLACK, GEMM_SUMS);
        few.groups = (n + few.width - 1) / few.width;
        if (threads > 1) few.chunks = gemm_min(few.groups, 16), mg_parallel(few.chunks, gemm_few_chunk, &few);
        else gemm_few_chunk(&few, 0);
        return;
    }

    unsigned char made[GEMM_COPIES];
    g->made = made;
    gemm_decide(g, threads);
    if (g->room <= GEMM_STACK) {
        _Alignas(64) real buffer[GEMM_STACK];
        gemm_run(g, buffer);
        return;
    }
    real *buffer = gemm_buffer(g->room * sizeof(real));
    if (!buffer) {
        gemm_slow(g);
        return;
    }
    gemm_run(g, buffer);
    gemm_buffer_return(buffer);
}

static void mg_gemm(real *c, size_t ldc,
                    const real *a, ptrdiff_t a_row, ptrdiff_t a_col,
                    const real *b, ptrdiff_t b_row, ptrdiff_t b_col,
                    size_t m, size_t n, size_t k, const real *bias, int flags)
{
    if (gemm_tiny(m, n, k)) {
        gemm_elements(c, ldc, a, a_row, a_col, b, b_row, b_col, m, n, k, bias, flags);
        return;
    }
    struct gemm_plan g = gemm_of(c, a, a_row, a_col, b, b_row, b_col, m, n, k);
    g.ldc = ldc, g.bias = bias, g.flags = flags;
    gemm_product(&g);
}
