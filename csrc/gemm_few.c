/* Products of one or two rows.
 *
 * Where one pass over b serves all of c there is nothing to win by packing, and a tile of two vectors
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
        for (; i + V_LANES <= n; i += V_LANES)
            gemm_few_finish(g, p, end, r, from + i, v_load(x + i), V_LANES);
        if (i < n) gemm_few_finish(g, p, end, r, from + i, v_load_first(x + i, n - i), n - i);
    }
}

/* b along its rows: GEMM_LINES of them at a time over up to GEMM_SUMS columns, whose sums are in the first
 * cache. (48 columns at a time, with sums in registers, took a small piece of each of many pages:
 * 1 x 512 x 512 is 20 % faster so, 1 x 1024 x 1024 40 %, 1 x 4096 x 1024 three times.) */
enum { GEMM_LINES = 8, GEMM_SUMS = 16384 / sizeof(real) };

/* sum[r, j] += a[r, :lines] @ b[:lines, j]      for j < n */
V_ALWAYS void gemm_few_lines(real *sum, size_t n, const real *a, ptrdiff_t a_row, ptrdiff_t a_col,
                             const real *b, ptrdiff_t b_row, const int rows, const int lines)
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
