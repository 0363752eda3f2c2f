/* A Linear's backward: its three results are independent of each other, so where they are small they are shared
 * out to the threads as one job, which waits once for the slower thread, and never for the sum. (Twenty layers of
 * 128 x 100 x 100: 3 % of a training step.) */

struct linear_job {
    struct gemm_plan product[2];
    unsigned char made[2][GEMM_COPIES];
    int products;
    real *db; /* NULL: not wanted, or not here */
    const real *dy;
    size_t rows, out;
};

/* The first halves of the products, then the second halves, so that a thread that begins at this end or at the
 * other has the rows of dx that it has elsewhere. Who begins at the end begins with the sum, of which there is
 * one. */
static void linear_chunk(void *context, size_t chunk)
{
    struct linear_job *job = context;
    for (int i = 0; i < 2 * job->products; i++) {
        struct gemm_plan *g = &job->product[i < job->products ? i : 2 * job->products - 1 - i];
        const size_t half = g->chunks / 2, from = i < job->products ? 0 : half;
        const size_t count = i < job->products ? half : g->chunks - half;
        if (chunk < count) {
            gemm_compute_chunk(g, from + chunk);
            return;
        }
        chunk -= count;
    }
    mg_sum(job->db, job->dy, 1, job->rows, job->out, 1.0);
}

/* One of the products: into the job if it can be, else at once. */
static void linear_product(struct linear_job *job, struct gemm_plan wanted)
{
    struct gemm_plan *g = &job->product[job->products];
    *g = wanted;
    g->made = job->made[job->products];
    if (gemm_at_once(g)) job->products += 1;
    else gemm_product(&wanted);
}

static void mg_linear_backward(real *dx, real *dw, real *db, const real *dy, const real *x, ptrdiff_t x_row,
                               ptrdiff_t x_col, const real *w, ptrdiff_t w_row, ptrdiff_t w_col, size_t rows,
                               size_t in, size_t out)
{
    const ptrdiff_t dy_row = (ptrdiff_t)out;
    if (gemm_threads(rows, in, out) == 1) { /* nothing to share out */
        if (dx) mg_gemm(dx, in, dy, dy_row, 1, w, w_row, w_col, rows, in, out, NULL, 0);
        if (dw) mg_gemm(dw, in, dy, 1, dy_row, x, x_row, x_col, out, in, rows, NULL, 0);
        if (db) mg_sum(db, dy, 1, rows, out, 1.0);
        return;
    }
    struct linear_job job = {.dy = dy, .rows = rows, .out = out};
    if (dx) linear_product(&job, gemm_of(dx, dy, dy_row, 1, w, w_row, w_col, rows, in, out));
    if (dw) linear_product(&job, gemm_of(dw, dy, 1, dy_row, x, x_row, x_col, out, in, rows));

    size_t room = 0, chunks = 0;
    for (int i = 0; i < job.products; i++) room += job.product[i].room, chunks += job.product[i].chunks;
    real *buffer = room ? gemm_buffer(room * sizeof(real)) : NULL;
    if (room && !buffer) /* the same bits without any memory */
        while (job.products) gemm_slow(&job.product[--job.products]);
    if (db && job.products && rows * out <= REDUCE_CHUNK) job.db = db, chunks += 1;
    else if (db) mg_sum(db, dy, 1, rows, out, 1.0);
    if (!job.products) return;
    job.product[0].packed_b = buffer;
    if (buffer && job.products > 1) job.product[1].packed_b = buffer + job.product[0].room;
    mg_parallel(chunks, linear_chunk, &job);
    if (buffer) gemm_buffer_return(buffer);
}
