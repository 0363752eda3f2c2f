/* csrc without Python: every family of kernels at awkward sizes, each array allocated exactly,
 * so that a sanitizer sees one element read or written too far. tests/test_csrc.py builds it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minigrad.h"

static int dtype; /* MG_FLOAT32 or MG_FLOAT64 */
static const struct mg_kernels *K;
static unsigned long state = 1;

static size_t width(void) { return dtype == MG_FLOAT32 ? sizeof(float) : sizeof(double); }

static double get(const void *x, size_t i)
{
    return dtype == MG_FLOAT32 ? ((const float *)x)[i] : ((const double *)x)[i];
}

static void set(void *x, size_t i, double value)
{
    if (dtype == MG_FLOAT32) ((float *)x)[i] = (float)value;
    else ((double *)x)[i] = value;
}

static double draw(void)
{
    state = (state * 1103515245UL + 12345UL) & 0x7fffffffUL;
    return (double)state / 0x40000000 - 1;
}

static void *array(size_t n)
{
    void *x = malloc(n ? n * width() : 1);
    if (!x) abort();
    for (size_t i = 0; i < n; i++) set(x, i, draw());
    return x;
}

static void *copy(const void *x, size_t n)
{
    void *y = array(n);
    memcpy(y, x, n * width());
    return y;
}

#define CHECK(holds, ...) \
    do { \
        if (!(holds)) { \
            fprintf(stderr, "%s: ", dtype == MG_FLOAT32 ? "float" : "double"); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            exit(1); \
        } \
    } while (0)

static void same(const char *what, const void *x, const void *y, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++) {
        double a = get(x, i), b = get(y, i);
        CHECK(fabs(a - b) <= tolerance || (isnan(a) && isnan(b)),
              "%s: element %zu of %zu is %.17g, not %.17g", what, i, n, a, b);
    }
}

static void product(size_t m, size_t n, size_t k, int flags, int with_bias, int transposed)
{
    void *a = array(m * k), *b = array(k * n), *bias = with_bias ? array(n) : NULL;
    void *c = array(m * n), *plain = copy(c, m * n);
    ptrdiff_t a_row = transposed & 1 ? 1 : (ptrdiff_t)k, a_col = transposed & 1 ? (ptrdiff_t)m : 1;
    ptrdiff_t b_row = transposed & 2 ? 1 : (ptrdiff_t)n, b_col = transposed & 2 ? (ptrdiff_t)k : 1;
    K->gemm(c, n, a, a_row, a_col, b, b_row, b_col, m, n, k, bias, flags);
    K->gemm_naive(plain, n, a, a_row, a_col, b, b_row, b_col, m, n, k, bias, flags);
    same("gemm", c, plain, m * n, 4 * (double)(k + 2) * (dtype == MG_FLOAT32 ? 1.2e-7 : 2.3e-16));
    free(a), free(b), free(bias), free(c), free(plain);
}

static void products(void)
{
    static const size_t sizes[][3] = {
        {1, 1, 1},    {0, 3, 2},    {3, 0, 2},   {3, 4, 0},     {5, 3, 2},    {13, 33, 7},
        {32, 100, 9}, {100, 1, 16}, {7, 2, 300}, {65, 130, 70}, {1, 257, 31}, {129, 17, 515},
        {2, 45, 700}, {1, 4231, 9}, {2, 4100, 330},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int way = 0; way < 4; way++)
            for (int flags = 0; flags < 4; flags++)
                product(sizes[i][0], sizes[i][1], sizes[i][2], flags, way & 1, way);
}

static void elementwise(void)
{
    for (size_t n = 0; n < 70; n++) {
        void *x = array(n), *z = array(n), *y = array(n), *w = array(n);
        double tolerance = dtype == MG_FLOAT32 ? 1e-6 : 1e-14;
        K->exp(y, x, n);
        for (size_t i = 0; i < n; i++) set(w, i, exp(get(x, i)));
        same("exp", y, w, n, tolerance);
        K->tanh_forward(y, x, n);
        for (size_t i = 0; i < n; i++) set(w, i, tanh(get(x, i)));
        same("tanh", y, w, n, tolerance);
        K->relu_forward(y, x, n);
        for (size_t i = 0; i < n; i++) set(w, i, fmax(get(x, i), 0));
        same("relu", y, w, n, 0);
        K->mul(y, x, 1, z, 1, n);
        for (size_t i = 0; i < n; i++) set(w, i, get(x, i) * get(z, i));
        same("mul", y, w, n, 0);
        if (n) {
            K->sub(y, x, -1 + 1, z, 1, n); /* a step of 0: one number beside a row */
            for (size_t i = 0; i < n; i++) set(w, i, get(x, 0) - get(z, i));
            same("sub", y, w, n, 0);
        }
        K->log(y, x, n), K->sqrt(y, x, n), K->erf(y, x, n), K->expm1(y, x, n), K->log1p(y, x, n);
        K->sigmoid_forward(y, x, n), K->rsqrt(y, x, n), K->reciprocal(y, x, n), K->pow(y, x, 1, z, 1, n);
        K->maximum(y, x, 1, z, 1, n), K->minimum(y, x, 1, z, 1, n), K->axpy(y, x, 0.5, n), K->fill(y, 3, n);
        free(x), free(y), free(z), free(w);
    }
}

static void rows(size_t outer, size_t n, size_t inner)
{
    size_t all = outer * n * inner, some = outer * inner;
    void *x = array(all), *y = array(all), *dy = array(all), *dx = array(all), *s = array(some);
    double tolerance = dtype == MG_FLOAT32 ? 1e-5 : 1e-13;
    K->sum(s, x, outer, n, inner, 1.0);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            double total = 0;
            for (size_t j = 0; j < n; j++) total += get(x, (o * n + j) * inner + i);
            CHECK(fabs(total - get(s, o * inner + i)) < tolerance, "sum over %zu", n);
        }
    if (n) {
        int64_t *at = malloc((some + 1) * sizeof *at);
        K->amax(s, at, x, outer, n, inner), K->amin(s, NULL, x, outer, n, inner);
        for (size_t i = 0; i < some; i++)
            CHECK(at[i] >= 0 && (size_t)at[i] < n, "amax says element %ld of %zu", (long)at[i], n);
        free(at);
        K->softmax_forward(y, x, outer, n, inner);
        K->softmax_backward(dx, dy, y, outer, n, inner);
        K->sum(s, y, outer, n, inner, 1.0);
        for (size_t i = 0; i < some; i++)
            CHECK(fabs(get(s, i) - 1) < tolerance, "softmax sums to %g", get(s, i));
        K->log_softmax_forward(y, x, outer, n, inner);
        K->log_softmax_backward(dx, dy, y, outer, n, inner);
        double *mean = malloc(n * sizeof *mean), *var = malloc(n * sizeof *var);
        void *w = array(n), *b = array(n), *dw = array(n), *db = array(n);
        K->batch_norm_statistics(mean, var, x, outer, n, inner);
        for (size_t c = 0; c < n; c++) var[c] = 1 / sqrt(var[c] + 1e-5);
        K->batch_norm_forward(y, x, mean, var, w, b, outer, n, inner, 0);
        K->batch_norm_backward(dx, dw, db, dy, x, inner == 1 ? y : NULL, mean, var, w, outer, n, inner);
        K->batch_norm_backward(dx, NULL, NULL, dy, x, NULL, mean, var, NULL, outer, n, inner);
        free(mean), free(var), free(w), free(b), free(dw), free(db);
    }
    free(x), free(y), free(dy), free(dx), free(s);
}

static void losses(size_t count, size_t classes)
{
    void *x = array(count * classes), *p = array(count * classes), *dx = array(count * classes);
    void *loss = array(count), *dy = array(count), *one = array(1);
    int64_t *target = malloc((count + 1) * sizeof *target);
    for (size_t i = 0; i < count; i++) target[i] = i % 5 == 4 ? -100 : (int64_t)(i % classes);
    CHECK(K->cross_entropy_forward(loss, p, x, target, count, classes, -100) == -1,
          "a good target was refused");
    K->cross_entropy_backward(dx, dy, 1, p, target, 1.0, count, classes, -100);
    K->mse_forward(one, x, p, count * classes, 2.0);
    K->mse_backward(dx, one, x, p, 1.0, count * classes);
    if (count > 2) {
        target[2] = (int64_t)classes;
        CHECK(K->cross_entropy_forward(loss, p, x, target, count, classes, -100) == 2,
              "a bad target was taken");
    }
    free(x), free(p), free(dx), free(loss), free(dy), free(one), free(target);
}

static void steps(void)
{
    enum { COUNT = 4 };
    static const size_t lengths[COUNT] = {0, 1, 67, 5000};
    void *p[COUNT], *g[COUNT], *m[COUNT], *v[COUNT], *w[COUNT];
    unsigned char first[COUNT] = {1, 1, 0, 1};
    double c1[COUNT], c2[COUNT];
    for (int i = 0; i < COUNT; i++) {
        p[i] = array(lengths[i]), g[i] = array(lengths[i]), m[i] = array(lengths[i]),
        v[i] = array(lengths[i]), w[i] = array(lengths[i]);
        c1[i] = 0.1, c2[i] = 0.001;
        for (size_t j = 0; j < lengths[i]; j++) set(v[i], j, fabs(get(v[i], j)));
    }
    K->adam(COUNT, p, (const void **)g, m, v, NULL, c1, c2, NULL, lengths, 0.9, 0.999, 1e-8, 0.01, 1, 0, 1,
            INFINITY);
    K->adam(COUNT, p, (const void **)g, m, v, w, c1, c2, c1, lengths, 0.9, 0.999, 1e-8, 0, 0.99, 0, -1, 0.5);
    K->adam(COUNT, p, (const void **)g, m, w, NULL, c1, c2, NULL, lengths, 0.9, 0.999, 1e-8, 0, 1, 1, 1,
            INFINITY);
    K->rmsprop(COUNT, p, (const void **)g, v, m, w, c1, lengths, 0.9, 0.1, 1e-8, 0.01, 0.5, 1, INFINITY);
    K->rmsprop(COUNT, p, (const void **)g, v, NULL, NULL, c1, lengths, 1, 1, 1e-8, 0, 0, 0.5, INFINITY);
    K->lion(COUNT, p, (const void **)g, m, lengths, 0.01, 0.9, 0.99, 0.999, 1, INFINITY);
    K->sgd(COUNT, p, (const void **)g, m, first, lengths, 0.1, 0.9, 0, 0.01, 1, 1, INFINITY);
    double norm = K->norm2(COUNT, (const void **)p, lengths);
    K->scale(COUNT, p, lengths, 1 / norm);
    CHECK(fabs(K->norm2(COUNT, (const void **)p, lengths) - 1) < 1e-5, "the norm of a scaled vector");
    CHECK(K->find_nonfinite(COUNT, (const void **)p, lengths) == COUNT, "something became infinite");
    set(p[3], 4999, NAN);
    CHECK(K->find_nonfinite(COUNT, (const void **)p, lengths) == 3, "a NaN was not found");
    for (int i = 0; i < COUNT; i++) free(p[i]), free(g[i]), free(m[i]), free(v[i]), free(w[i]);
}

static void random_numbers(void)
{
    struct mg_generator generator;
    mg_generator_seed(&generator, 7);
    for (size_t n = 0; n < 40; n++) {
        void *x = array(n);
        K->uniform(x, &generator, 2, 3, n);
        for (size_t i = 0; i < n; i++) CHECK(get(x, i) >= 2 && get(x, i) <= 3, "uniform gave %g", get(x, i));
        K->normal(x, &generator, 0, 1, n), K->bernoulli(x, &generator, 0.5, 1, n);
        free(x);
    }
}

/* a Linear's backward is two products and a sum, to the bit, whatever of it is shared out together */
static void linear_backwards(void)
{
    static const size_t sizes[][3] = {
        {0, 3, 2}, {4, 0, 3}, {1, 2, 2}, {2, 1, 3}, {5, 3, 2}, {128, 100, 100}, {128, 300, 100}, {3, 400, 500},
        {100, 90, 3}, {300, 60, 50},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int way = 0; way < 16; way++) {
            size_t rows = sizes[i][0], in = sizes[i][1], out = sizes[i][2];
            void *dy = array(rows * out), *x = array(rows * in), *w = array(out * in);
            void *dx[2] = {array(rows * in), array(rows * in)}, *dw[2] = {array(out * in), array(out * in)};
            void *db[2] = {array(out), array(out)};
            ptrdiff_t x_row = way & 1 ? 1 : (ptrdiff_t)in, x_col = way & 1 ? (ptrdiff_t)rows : 1;
            ptrdiff_t w_row = way & 1 ? 1 : (ptrdiff_t)in, w_col = way & 1 ? (ptrdiff_t)out : 1;
            mg_set_num_threads(way & 2 ? 3 : 1);
            K->gemm(dx[0], in, dy, out, 1, w, w_row, w_col, rows, in, out, NULL, 0);
            K->gemm(dw[0], in, dy, 1, out, x, x_row, x_col, out, in, rows, NULL, 0);
            K->sum(db[0], dy, 1, rows, out, 1.0);
            K->linear_backward(way & 4 ? NULL : dx[1], dw[1], way & 8 ? NULL : db[1], dy, x, x_row, x_col,
                               w, w_row, w_col, rows, in, out);
            CHECK(way & 4 || !memcmp(dx[0], dx[1], rows * in * width()), "dx of linear %zu, way %d", i, way);
            CHECK(!memcmp(dw[0], dw[1], out * in * width()), "dw of linear %zu, way %d", i, way);
            CHECK(way & 8 || !memcmp(db[0], db[1], out * width()), "db of linear %zu, way %d", i, way);
            free(dy), free(x), free(w);
            for (int j = 0; j < 2; j++) free(dx[j]), free(dw[j]), free(db[j]);
        }
    mg_set_num_threads(5); /* as threads() left it */
}

/* the same bits on any number of threads, on sizes that are cut */
static void threads(void)
{
    enum { M = 150, N = 170, LONG = 300000 };
    void *a = array(M * N), *b = array(N * M), *x = array(LONG), *expected[3] = {NULL, NULL, NULL};
    for (int n = 1; n <= 5; n += 2) {
        void *c = array(M * M), *y = array(LONG), *s = array(1);
        mg_set_num_threads(n);
        K->gemm(c, M, a, N, 1, b, M, 1, M, M, N, NULL, 0);
        K->exp(y, x, LONG);
        K->sum(s, x, 1, LONG, 1, 1.0);
        if (n == 1) {
            expected[0] = c, expected[1] = y, expected[2] = s;
            continue;
        }
        CHECK(!memcmp(c, expected[0], M * M * width()), "gemm differs on %d threads", n);
        CHECK(!memcmp(y, expected[1], LONG * width()), "exp differs on %d threads", n);
        CHECK(!memcmp(s, expected[2], width()), "sum differs on %d threads", n);
        free(c), free(y), free(s);
    }
    free(a), free(b), free(x), free(expected[0]), free(expected[1]), free(expected[2]);
    mg_set_num_threads(1);
}

static void storages(void)
{
    size_t live, cached, peak;
    for (size_t n = 0; n < 100000; n = n * 3 + 1) {
        struct mg_storage *storage = mg_storage_new(n);
        CHECK(storage && (size_t)storage->data % 64 == 0, "a storage of %zu bytes", n);
        memset(storage->data, 1, n);
        mg_storage_drop(storage);
    }
    mg_memory_stats(&live, &cached, &peak);
    CHECK(live == 0 && cached > 0, "%zu bytes live, %zu cached", live, cached);
    mg_memory_trim();
}

int main(void)
{
    const struct mg_kernels *tables = mg_tables();
    if (!tables) return fprintf(stderr, "%s\n", mg_isa_error()), 1;
    mg_set_num_threads(1);
    for (dtype = MG_FLOAT32; dtype <= MG_FLOAT64; dtype++) {
        K = &tables[dtype];
        threads();
        products();
        linear_backwards();
        elementwise();
        for (size_t inner = 1; inner < 4; inner++)
            for (size_t n = 0; n < 40; n += 3) rows(3, n, inner);
        rows(1, 1000, 1), rows(50, 130, 1), rows(2, 5, 70), rows(0, 4, 1), rows(3, 2, 0);
        losses(0, 3), losses(7, 1), losses(9, 10), losses(100, 33);
        steps();
        random_numbers();
    }
    storages();
    printf("%s: ok\n", mg_isa());
    return 0;
}
