/* Matrix products: c = a @ b [+ c] [+ bias] [then max(., 0)].
 *
 * The same product stands here twice. mg_gemm_naive is what the formula says, in three
 * loops: read it first, and hold the other against it in the tests. mg_gemm is the one
 * that runs. It computes the same sums, and gets its speed from four thoughts:
 *
 *   1. a tile of c lives in registers while k runs: each element of a and of b that is
 *      loaded serves a whole row or column of the tile              (gemm_tile, below)
 *   2. what a tile reads lies close together, in the order of reading; where it does not,
 *      it is copied first, once, and read many times                  (gemm_pack.c)
 *   3. the tiles are visited in an order that keeps what is read again in a cache
 *   4. threads get tiles of their own                                 (both: gemm_blocks.c)
 *
 * One or two rows, for which none of this pays, go a way of their own (gemm_few.c), and so do
 * a few columns and a few elements (gemm_product.c, where mg_gemm is).
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
