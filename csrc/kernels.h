/* The catalogue: every kernel, its mathematics in a line, shapes, aliasing.
 *
 * A kernel is written once, over `real`, and built for float and for double and
 * for each instruction set. This file is a list, read several times with another
 * meaning of MG_KERNEL each time (see minigrad.h): once for the prototypes, once
 * for the fields of `struct mg_kernels`, once to fill such a table.
 *
 *     MG_KERNEL(result, name, (parameters))      the function is mg_<name>
 *
 * Unless a line says otherwise:
 *   - arrays are dense and row-major, aligned to their element, with any number of
 *     elements, zero included;
 *   - results never overlap operands, except exactly (the same first element);
 *   - strides and leading dimensions count elements, not bytes;
 *   - NaN and infinity pass through; nothing else makes them;
 *   - the result does not depend on the number of threads, bit for bit.
 */

/* ---- gemm.c: matrix products -------------------------------------------- */

/* c = a @ b [+ bias] [+ c], then max(., 0) where asked for
 *     c: (m, n), rows ldc apart; bias: (n) or NULL
 *     a: (m, k), element (i, p) at a[i * a_row + p * a_col]; b: (k, n) likewise
 *     flags: MG_ACCUMULATE adds into c, MG_RELU ends with max(., 0)
 * Row i of c is the same bits for every m. k = 0 gives the bias (or zeros). */
MG_KERNEL(void, gemm, (real *c, size_t ldc,
                       const real *a, ptrdiff_t a_row, ptrdiff_t a_col,
                       const real *b, ptrdiff_t b_row, ptrdiff_t b_col,
                       size_t m, size_t n, size_t k, const real *bias, int flags))

/* The same by three plain loops: the tests' oracle, and the place to start reading. */
MG_KERNEL(void, gemm_naive, (real *c, size_t ldc,
                             const real *a, ptrdiff_t a_row, ptrdiff_t a_col,
                             const real *b, ptrdiff_t b_row, ptrdiff_t b_col,
                             size_t m, size_t n, size_t k, const real *bias, int flags))

/* ---- elementwise.c ------------------------------------------------------- */

/* y[i] = a[i * a_step] o b[i * b_step]      y: (n), dense; a step may be 0 or negative;
 * y may be a or b where that one's step is 1. */
MG_KERNEL(void, add, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, sub, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, mul, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, div, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, pow, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, maximum, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))
MG_KERNEL(void, minimum, (real *y, const real *a, ptrdiff_t a_step, const real *b, ptrdiff_t b_step, size_t n))

/* y = f(x)      x, y: (n); y may be x. The float builds round the double result of a
 * double computation, so that they are within 1 ulp everywhere. */
MG_KERNEL(void, neg, (real *y, const real *x, size_t n))
MG_KERNEL(void, abs, (real *y, const real *x, size_t n))
MG_KERNEL(void, square, (real *y, const real *x, size_t n))
MG_KERNEL(void, reciprocal, (real *y, const real *x, size_t n))
MG_KERNEL(void, sqrt, (real *y, const real *x, size_t n))
MG_KERNEL(void, rsqrt, (real *y, const real *x, size_t n))
MG_KERNEL(void, exp, (real *y, const real *x, size_t n))
MG_KERNEL(void, expm1, (real *y, const real *x, size_t n))
MG_KERNEL(void, log, (real *y, const real *x, size_t n))
MG_KERNEL(void, log1p, (real *y, const real *x, size_t n))
MG_KERNEL(void, erf, (real *y, const real *x, size_t n))
MG_KERNEL(void, exp2, (real *y, const real *x, size_t n))
MG_KERNEL(void, log2, (real *y, const real *x, size_t n))
MG_KERNEL(void, log10, (real *y, const real *x, size_t n))
MG_KERNEL(void, erfc, (real *y, const real *x, size_t n))
MG_KERNEL(void, erfinv, (real *y, const real *x, size_t n))

/* y = value everywhere      y: (n) */
MG_KERNEL(void, fill, (real *y, double value, size_t n))

/* y = y + alpha x, by one multiplication and one addition      x, y: (n) */
MG_KERNEL(void, axpy, (real *y, const real *x, double alpha, size_t n))

/* ---- activations.c ------------------------------------------------------- */

/* y = max(x, 0), NaN stays NaN      x, y: (n); y may be x */
MG_KERNEL(void, relu_forward, (real *y, const real *x, size_t n))
/* dx = dy where y > 0, else 0      dx may be dy */
MG_KERNEL(void, relu_backward, (real *dx, const real *dy, const real *y, size_t n))

/* y = tanh(x) */
MG_KERNEL(void, tanh_forward, (real *y, const real *x, size_t n))
/* dx = dy (1 - y^2) */
MG_KERNEL(void, tanh_backward, (real *dx, const real *dy, const real *y, size_t n))

/* y = 1 / (1 + exp(-x)) */
MG_KERNEL(void, sigmoid_forward, (real *y, const real *x, size_t n))
/* dx = dy y (1 - y) */
MG_KERNEL(void, sigmoid_backward, (real *dx, const real *dy, const real *y, size_t n))

/* What follows comes in pairs, with a function's parameters, if it has any, in p:
 *     y = f(x)             x, y: (n); y may be x
 *     dx = dy f'(x)        from x, not from y; dx may be dy or x
 * The float builds are within 1 ulp of y everywhere, and of f' except beside its zeros, where
 * they err by less than 2e-9. At +-infinity they have the limits. */
/* x / (1 + exp(-x)) */
MG_KERNEL(void, silu_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, silu_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* x tanh(log(1 + exp(x))) */
MG_KERNEL(void, mish_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, mish_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* x / 2 erfc(-x / sqrt(2)) */
MG_KERNEL(void, gelu_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, gelu_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
MG_KERNEL(void, gelu_tanh_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, gelu_tanh_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* -log(1 + exp(-x)) */
MG_KERNEL(void, log_sigmoid_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, log_sigmoid_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* log(1 + exp(beta x)) / beta, x where beta x > threshold      p: beta, threshold */
MG_KERNEL(void, softplus_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, softplus_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* scale x where x > 0, else scale alpha (exp(rate x) - 1)      p: alpha, scale, rate */
MG_KERNEL(void, elu_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, elu_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* x where x > 0, else slope x      p: slope */
MG_KERNEL(void, leaky_relu_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, leaky_relu_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))
/* x min(max(x + 3, 0), 6) / 6 */
MG_KERNEL(void, hardswish_forward, (real *y, const real *x, const double *p, size_t n))
MG_KERNEL(void, hardswish_backward, (real *dx, const real *dy, const real *x, const double *p, size_t n))

/* ---- reduce.c, extreme.c --------------------------------------------------- */

/* y[o, i] = sum over j of x[o, j, i] / divisor      x: (outer, n, inner); y: (outer, inner)
 * At most 1 ulp off for any n; n = 0 gives 0 / divisor. */
MG_KERNEL(void, sum, (real *y, const real *x, size_t outer, size_t n, size_t inner, double divisor))

/* y[o, i] = the largest (smallest) x[o, j, i]; NaN wins; at[o, i] (unless at is NULL) is
 * the first j that has it.      n >= 1 */
MG_KERNEL(void, amax, (real *y, int64_t *at, const real *x, size_t outer, size_t n, size_t inner))
MG_KERNEL(void, amin, (real *y, int64_t *at, const real *x, size_t outer, size_t n, size_t inner))

/* ---- linear.c ------------------------------------------------------------ */

/* dx = dy @ w;  dw = dy.T @ x;  db = sum of dy over its rows      each NULL where it is not wanted
 *     dy: (rows, out), x: (rows, in), w: (out, in), the last two of any strides
 * The same bits as gemm and sum. */
MG_KERNEL(void, linear_backward, (real *dx, real *dw, real *db, const real *dy,
                                  const real *x, ptrdiff_t x_row, ptrdiff_t x_col,
                                  const real *w, ptrdiff_t w_row, ptrdiff_t w_col,
                                  size_t rows, size_t in, size_t out))

/* ---- softmax.c: softmax and cross-entropy; the derivation stands there ---- */

/* y = exp(x - max x) / sum exp(x - max x) over the middle axis      x, y: (outer, n, inner) */
MG_KERNEL(void, softmax_forward, (real *y, const real *x, size_t outer, size_t n, size_t inner))
/* dx = y (dy - sum(dy y)) */
MG_KERNEL(void, softmax_backward, (real *dx, const real *dy, const real *y, size_t outer, size_t n, size_t inner))

/* y = x - max x - log sum exp(x - max x) over the middle axis */
MG_KERNEL(void, log_softmax_forward, (real *y, const real *x, size_t outer, size_t n, size_t inner))
/* dx = dy - exp(y) sum(dy) */
MG_KERNEL(void, log_softmax_backward, (real *dx, const real *dy, const real *y, size_t outer, size_t n, size_t inner))

/* loss[r] = -log softmax(x[r])[target[r]], 0 where target[r] is ignore_index
 *     x, p: (rows, classes), p = softmax(x); target: (rows); loss: (rows)
 * Returns -1, or the first row whose target is neither ignore_index nor in [0, classes);
 * the results are then unspecified. */
MG_KERNEL(ptrdiff_t, cross_entropy_forward, (real *loss, real *p, const real *x, const int64_t *target,
                                             size_t rows, size_t classes, int64_t ignore_index))
/* dx[r] = scale dy[r * dy_step] (p[r] - onehot(target[r])), 0 where ignored      dx may be p */
MG_KERNEL(void, cross_entropy_backward, (real *dx, const real *dy, ptrdiff_t dy_step, const real *p,
                                         const int64_t *target, double scale,
                                         size_t rows, size_t classes, int64_t ignore_index))

/* *y = sum((x - t)^2) / divisor      x, t: (n), at most 1 ulp from exact on the rounded differences */
MG_KERNEL(void, mse_forward, (real *y, const real *x, const real *t, size_t n, double divisor))
/* dx = scale dy[0] (x - t)      dx: (n) */
MG_KERNEL(void, mse_backward, (real *dx, const real *dy, const real *x, const real *t, double scale, size_t n))

/* ---- batch_norm.c, layer_norm.c: normalisation by channels and by rows; the derivations stand there */

/* mean[c], var[c] (biased) of x over outer and inner, never as E[x^2] - E[x]^2: float sums in
 * double, shifted by the channel's first value; double goes through x twice, compensated
 *     x: (outer, channels, inner); mean, var: (channels), always double */
MG_KERNEL(void, batch_norm_statistics, (double *mean, double *var, const real *x,
                                        size_t outer, size_t channels, size_t inner))
/* mean = running_mean, rstd = 1 / sqrt(running_var + eps)      (channels) each; in double they may be the same */
MG_KERNEL(void, batch_norm_running, (double *mean, double *rstd, const real *running_mean,
                                     const real *running_var, double eps, size_t channels))
/* running = (1 - momentum) running + momentum scale batch      (channels) each */
MG_KERNEL(void, batch_norm_move, (real *running, const double *batch, double scale, double momentum,
                                  size_t channels))
/* y = (x - mean) rstd weight + bias      weight, bias: (channels) or NULL; y may be x
 *     relu: y ends with max(., 0); only for inner = 1 */
MG_KERNEL(void, batch_norm_forward, (real *y, const real *x, const double *mean, const double *rstd,
                                     const real *weight, const real *bias,
                                     size_t outer, size_t channels, size_t inner, int relu))
/* dx, dweight = sum(dy xhat), dbias = sum(dy), in training mode (mean and rstd are the batch's)
 *     any of dx, dweight, dbias may be NULL; dx may be dy
 *     y: NULL, or what forward with relu gave: dy counts where it is > 0; only for inner = 1 */
MG_KERNEL(void, batch_norm_backward, (real *dx, real *dweight, real *dbias, const real *dy, const real *x,
                                      const real *y, const double *mean, const double *rstd, const real *weight,
                                      size_t outer, size_t channels, size_t inner))

/* y = (x - mean) rstd weight + bias, each row by itself: mean, rstd = 1 / sqrt(var + eps) of the row;
 * mean NULL: nothing is subtracted, rstd = 1 / sqrt(mean of squares + eps)
 *     x, y: (rows, n); mean, rstd: (rows), results, always double; y may be x
 *     weight, bias: (period, n / span) or NULL; element j of row r has [r % period, j / span]
 *     relu: y ends with max(., 0); only for period 1, span 1 */
MG_KERNEL(void, layer_norm_forward, (real *y, double *mean, double *rstd, const real *x, const real *weight,
                                     const real *bias, size_t rows, size_t n, size_t period, size_t span,
                                     double eps, int relu))
/* dx, dweight = sum(dy xhat), dbias = sum(dy)      any of the three may be NULL; dx may be dy
 *     y: NULL, or what forward with relu gave: dy counts where it is > 0 */
MG_KERNEL(void, layer_norm_backward, (real *dx, real *dweight, real *dbias, const real *dy, const real *x,
                                      const real *y, const double *mean, const double *rstd, const real *weight,
                                      size_t rows, size_t n, size_t period, size_t span))

/* ---- optim.c: all parameters in one call ---------------------------------- */
/* p, g, and the states are arrays of `count` pointers; n their lengths. g[i] == NULL skips i.
 * What a step sees of a gradient is
 *     g' = min(max(scale g, -limit), limit) + weight_decay p
 * (scale: -1 climbs, and clipping by norm; limit: clipping by value, or infinity), and p is
 * multiplied by shrink, where there is one, before all else (decoupled weight decay). */

/* b = momentum b + (1 - dampening) g';
 * p -= lr (nesterov ? g' + momentum b : b)      momentum 0: p -= lr g', buffer unused
 *     first[i] != 0: the buffer starts as g' */
MG_KERNEL(void, sgd, (size_t count, real *const *p, const real *const *g, real *const *buffer,
                      const unsigned char *first, const size_t *n,
                      double lr, double momentum, double dampening, double weight_decay,
                      int nesterov, double scale, double limit))

/* m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2;
 * p -= (a[i] m + c[i] g') / (b[i] sqrt(v) + eps)      b[i] = 0: p -= a[i] m + c[i] g'
 *     vmax NULL, or amsgrad's running maximum of v, which then stands for v in the last line
 *     c NULL: 0;  infinity: v = max(beta2 v, |g'| + eps), p -= a[i] m / v (Adamax) */
MG_KERNEL(void, adam, (size_t count, real *const *p, const real *const *g, real *const *m, real *const *v,
                       real *const *vmax, const double *a, const double *b, const double *c, const size_t *n,
                       double beta1, double beta2, double eps, double weight_decay, double shrink,
                       int infinity, double scale, double limit))

/* v = keep v + gain g'^2;  m = keep m + (1 - keep) g';  b = momentum b + g' / (sqrt(v - m^2) + eps);
 * p -= lr[i] b      m NULL: 0;  b NULL: the same without momentum */
MG_KERNEL(void, rmsprop, (size_t count, real *const *p, const real *const *g, real *const *v, real *const *m,
                          real *const *b, const double *lr, const size_t *n, double keep, double gain,
                          double eps, double weight_decay, double momentum, double scale, double limit))

/* p -= lr sign(beta1 m + (1 - beta1) g');  m = beta2 m + (1 - beta2) g' */
MG_KERNEL(void, lion, (size_t count, real *const *p, const real *const *g, real *const *m, const size_t *n,
                       double lr, double beta1, double beta2, double shrink, double scale, double limit))

/* sqrt(sum of all squares), right from the smallest subnormal to the largest finite value;
 * inf or NaN where an element is      x: count pointers; NULL is skipped */
MG_KERNEL(double, norm2, (size_t count, const real *const *x, const size_t *n))

/* x *= factor, for all arrays */
MG_KERNEL(void, scale, (size_t count, real *const *x, const size_t *n, double factor))

/* The first array that holds a value that is not finite, or count */
MG_KERNEL(size_t, find_nonfinite, (size_t count, const real *const *x, const size_t *n))

/* ---- random.c: torch's streams, from one twister --------------------------- */

/* y = low + (high - low) u, u in [0, 1): 24 bits of one word, or (double) 53 bits of two */
MG_KERNEL(void, uniform, (real *y, struct mg_generator *generator, double low, double high, size_t n))
/* y normal: Box-Muller over blocks of 16 where n >= 16, one element at a time below that */
MG_KERNEL(void, normal, (real *y, struct mg_generator *generator, double mean, double std, size_t n))
/* y = 1 with probability p, else 0: one double a draw; times scale (dropout: 1 / p) */
MG_KERNEL(void, bernoulli, (real *y, struct mg_generator *generator, double p, double scale, size_t n))
