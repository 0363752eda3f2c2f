/* What the machine can do at most: multiplications with addition, bytes read, bytes read and written.
 * Compiled and called by machine.py with -O3 -march=native. */
#include <stddef.h>

typedef float vector __attribute__((vector_size(WIDTH), aligned(4)));
enum { LANES = WIDTH / sizeof(float), SUMS = 12 };

/* 2 SUMS LANES steps floating operations, with as many sums as hide the latency of one */
float fused(long steps)
{
    vector sum[SUMS], x = (vector){} + 0.999f, y = (vector){} + 1e-3f;
    for (int i = 0; i < SUMS; i++) sum[i] = (vector){} + (float)i;
    for (long s = 0; s < steps; s++)
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * x + y;
    for (int i = 1; i < SUMS; i++) sum[0] += sum[i];
    return sum[0][0];
}

/* reads n floats, four quarters at once: one stream alone does not keep the memory busy */
float read_all(const float *p, size_t n)
{
    vector sum[4] = {0};
    for (size_t i = 0; i + LANES <= n / 4; i += LANES)
        for (int k = 0; k < 4; k++) sum[k] += *(const vector *)(p + k * (n / 4) + i);
    sum[0] += sum[1] + sum[2] + sum[3];
    return sum[0][0];
}

/* reads and writes n floats, the same way */
void update_all(float *p, size_t n)
{
    for (size_t i = 0; i + LANES <= n / 4; i += LANES)
        for (int k = 0; k < 4; k++) {
            vector *at = (vector *)(p + k * (n / 4) + i);
            *at = *at * 0.5f + 0.5f;
        }
}
