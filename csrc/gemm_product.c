/* The product: which way it goes, and the ways of very small ones. */

/* ---- element by element ------------------------------------------------------------- */

/* One block of k without any plan. v_fma in one lane, so that the bits are a tile's. */
static void gemm_elements(real *c, size_t ldc, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                          ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k, const real *bias,
                          int flags)
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
                      g->b + (ptrdiff_t)p * g->b_row, g->b_row, g->b_col, g->m, g->n, depth,
                      last ? g->bias : NULL,
                      (p > 0 ? MG_ACCUMULATE : g->flags & MG_ACCUMULATE) | (last ? g->flags & MG_RELU : 0));
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
    mg_gemm(t, rows, g->b, g->b_col, g->b_row, g->a + (ptrdiff_t)i * g->a_row, g->a_col, g->a_row, n, rows,
            g->k, NULL, g->flags & MG_ACCUMULATE);
    const real floor = g->flags & MG_RELU ? 0 : -(real)INFINITY; /* NaN is not < floor, and stays */
    for (size_t j = 0; j < n; j++) {
        const real y = g->bias ? g->bias[j] : (real)-0.0; /* x + -0 is x, for each x */
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
        mg_gemm_naive(g->c, g->ldc, g->a, g->a_row, g->a_col, g->b, g->b_row, g->b_col, m, n, 0, g->bias,
                      g->flags);
        return;
    }
    const int threads = gemm_threads(m, n, g->k);
    if (n <= GEMM_NARROW && m >= 4 * n) {
        const size_t chunks = (m + GEMM_NARROW_ROWS - 1) / GEMM_NARROW_ROWS;
        if (threads > 1) mg_parallel(chunks, gemm_narrow_chunk, g);
        else
            for (size_t i = 0; i < chunks; i++) gemm_narrow_chunk(g, i);
        return;
    }
    if (n == 1) g->b_col = 1; /* never taken, so any will do */

    g->chunks = 1;
    g->most_depth = gemm_depth(g->k);
    const int along =
        g->b_col == 1 ? n >= 4 * V_LANES : g->b_row == 1 && g->a_col == 1 && n >= GEMM_STRIPS * V_LANES;
    if (m <= GEMM_FEW && along) {
        struct gemm_few_plan few = {.g = g, .chunks = 1};
        const size_t part = (n + (size_t)threads - 1) / (size_t)threads;
        few.width = g->b_col != 1 ? GEMM_STRIPS * (size_t)V_LANES /* along rows of b as far as can be */
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

static void mg_gemm(real *c, size_t ldc, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                    ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k, const real *bias,
                    int flags)
{
    if (gemm_tiny(m, n, k)) {
        gemm_elements(c, ldc, a, a_row, a_col, b, b_row, b_col, m, n, k, bias, flags);
        return;
    }
    struct gemm_plan g = gemm_of(c, a, a_row, a_col, b, b_row, b_col, m, n, k);
    g.ldc = ldc, g.bias = bias, g.flags = flags;
    gemm_product(&g);
}
