/* Thoughts 3 and 4 of gemm.c: the blocks of a product, what of it is packed, and who computes it. */
#include <stdatomic.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* A product, and the block of it that is being computed: blocks of rows [block, block + blocks),
 * panels of columns [panel, panel + panels), k in [p, p + depth). */
struct gemm_plan {
    real *c;
    const real *a, *b, *bias;
    ptrdiff_t a_row, a_col, b_row, b_col;
    size_t ldc, m, n, k;
    int flags;

    size_t height, higher; /* rows of a block; so many first blocks have one more */
    size_t all_blocks, all_panels, most_panels, most_depth; /* most: at a time */
    int pack_a, pack_b;                                     /* whether they are packed */
    size_t room;                                            /* elements of memory for that */
    size_t block, blocks, panel, panels, p, depth;
    size_t packed_from;        /* the panel, counted in this block, from which on b is packed */
    real *packed_a, *packed_b; /* NULL: read in place */
    size_t chunks;
    int own_panels;      /* a chunk is some panels, which it also packs; else it is some blocks */
    size_t copies;       /* so many threads pack a b each for itself; 0: it is packed for all */
    unsigned char *made; /* (GEMM_COPIES) which of the copies there are */
};

/* The first row of a block; the heights of blocks differ by one at most. */
V_ALWAYS size_t gemm_row(const struct gemm_plan *g, size_t block)
{
    return block * g->height + gemm_min(block, g->higher);
}

/* The tiles of row blocks [block, block_end) and panels [panel, panel_end) of the current block */
static void gemm_compute(const struct gemm_plan *g, size_t block, size_t block_end, size_t panel,
                         size_t panel_end)
{
    const int last_depth = g->p + g->depth == g->k;
    struct gemm_step step = {
        .ldc = g->ldc,
        .k = g->depth,
        .a_row = g->packed_a ? 1 : g->a_row,
        .a_col = g->packed_a ? GEMM_ROWS : g->a_col,
        .add = g->p > 0 || (g->flags & MG_ACCUMULATE),
        .relu = last_depth && (g->flags & MG_RELU),
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
        else
            gemm_pack(g->packed_b + x * apart, (width + V_LANES - 1) / V_LANES * V_LANES,
                      b + (ptrdiff_t)j * g->b_col, g->b_col, g->b_row, width, g->depth);
        count += count == 0;
    }
}

/* Blocks [x, stop) of a */
static void gemm_pack_blocks(const struct gemm_plan *g, size_t x, size_t stop)
{
    const real *const a = g->a + (ptrdiff_t)g->p * g->a_col;
    const size_t apart = g->depth * GEMM_ROWS + GEMM_SLACK;
    const size_t whole = (GEMM_ROWS + V_LANES - 1) / V_LANES * V_LANES; /* rows need no masks: 2 % */
    for (size_t count; x < stop; x += count) {
        const size_t block = g->block + x, i = gemm_row(g, block);
        size_t at[GEMM_TOGETHER + 1];
        count = g->a_row == 1 ? gemm_min(stop - x, GEMM_TOGETHER) : 0;
        for (size_t s = 0; s <= count; s++) at[s] = gemm_row(g, block + s);
        if (count) gemm_copy(g->packed_a + x * apart, apart, GEMM_ROWS, a, at, count, g->a_col, g->depth);
        else
            gemm_pack(g->packed_a + x * apart, GEMM_ROWS, a + (ptrdiff_t)i * g->a_row, g->a_row, g->a_col,
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
        if (x >= g->packed_from && g->block == 0)
            gemm_pack_panels(g, x - g->packed_from, next - g->packed_from);
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
    const int b_collides = GEMM_ROWS < 12 && depth > 32 && gemm_collides(b_row, 2048) &&
                           m >= (threads == 1 && gemm_collides(b_row, 4096) ? 12 : 32);
    g->pack_b = g->b_col != 1 || b_large || b_scattered || b_collides || alone;
    const int a_collides = a_row == 1 ? gemm_collides(a_col, 2048) : gemm_collides(a_row, 4096);
    const int a_large = m * depth > 128 * 1024 || (m >= 128 && depth > 32 && a_collides) ||
                        (m >= 32 && depth > 64 && g->all_panels >= 16 && gemm_crowds(a_row, a_col));
    g->pack_a = g->all_panels >= 12 && a_large;
    /* Packed panels of which few rows make use are better made and used in smaller portions. */
    g->most_panels =
        !g->pack_b ? g->all_panels : gemm_min(g->all_panels, m <= 4 * GEMM_ROWS ? 16 : GEMM_PANELS);

    /* Little is packed by each thread for itself: to fetch it from another core and to wait for that takes
     * longer (64 x 100 x 100: 6 % faster, 128 x 64 x 64 13 %). */
    if (g->pack_b && !g->pack_a && !g->own_panels && threads <= GEMM_COPIES &&
        g->most_panels == g->all_panels && g->all_blocks <= GEMM_BLOCKS &&
        depth * g->all_panels * GEMM_WIDTH <= GEMM_COPY)
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
static struct gemm_plan gemm_of(real *c, const real *a, ptrdiff_t a_row, ptrdiff_t a_col, const real *b,
                                ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k)
{
    return (struct gemm_plan){.c = c,
                              .ldc = n,
                              .a = a,
                              .a_row = a_row,
                              .a_col = a_col,
                              .b = b,
                              .b_row = b_row,
                              .b_col = b_col,
                              .m = m,
                              .n = n,
                              .k = k};
}

/* How many threads a product is worth */
static int gemm_threads(size_t m, size_t n, size_t k)
{
    return (double)m * (double)n * (double)k > GEMM_SERIAL ? mg_get_num_threads() : 1;
}

/* Whether a product is shared out to threads as it is, one block with nothing to pack before; then *g is that
 * block, but for the memory for packing. */
static int gemm_at_once(struct gemm_plan *g)
{
    const int threads = gemm_threads(g->m, g->n, g->k);
    if (threads == 1 || g->n <= GEMM_NARROW || g->m <= GEMM_FEW) return 0;
    g->most_depth = gemm_depth(g->k);
    gemm_decide(g, threads);
    gemm_enter(g, NULL);
    return g->panels == g->all_panels && g->depth == g->k && g->blocks == g->all_blocks &&
           !gemm_packs_first(g);
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

static void gemm_buffer_return(real *buffer) { free(atomic_exchange(&gemm_spare, (char *)buffer - 64)); }
