/* The activations and their gradients: of ReLU, tanh and sigmoid written over the saved output y,
 * of the others over the input x. The loops and their cut for threads are elementwise.c's. */

/* y = max(x, 0)      written so that NaN, and -0, stay what they are */
V_INLINE vreal activations_relu(vreal x) { return (vreal)((vmask)x & ~(x < (real)0)); }
/* dx = dy where y > 0, else 0 */
V_INLINE vreal activations_relu_gradient(vreal dy, vreal y) { return (vreal)((vmask)dy & (y > (real)0)); }

ELEMENTWISE_UNARY(relu_forward, activations_relu, ELEMENTWISE_CHEAP)
ELEMENTWISE_DENSE(relu_backward, activations_relu_gradient, ELEMENTWISE_CHEAP)

#if MG_DOUBLE
/* dx = dy (1 - y^2)      y^2 in two parts, so that little is lost near |y| = 1 */
V_INLINE vreal activations_tanh_gradient(vreal dy, vreal y)
{
    struct vmath_pair square = vmath_product(y, y);
    struct vmath_pair slope = vmath_sum(vd_set(1.0), -square.high);
    return dy * (slope.high + (slope.low - square.low));
}
/* dx = dy y (1 - y)      likewise */
V_INLINE vreal activations_sigmoid_gradient(vreal dy, vreal y)
{
    struct vmath_pair rest = vmath_sum(vd_set(1.0), -y);
    struct vmath_pair slope = vmath_product(y, rest.high);
    return dy * (slope.high + (slope.low + y * rest.low));
}
#else
/* dx = dy (1 - y^2)      in double, where y^2 is exact */
V_INLINE vdouble activations_tanh_slope(vdouble dy, vdouble y) { return dy * (1.0 - y * y); }
V_INLINE vreal activations_tanh_gradient(vreal dy, vreal y)
{
    return v_narrow(activations_tanh_slope(v_widen_low(dy), v_widen_low(y)),
                    activations_tanh_slope(v_widen_high(dy), v_widen_high(y)));
}
/* dx = dy y (1 - y)      likewise */
V_INLINE vdouble activations_sigmoid_slope(vdouble dy, vdouble y) { return dy * (y * (1.0 - y)); }
V_INLINE vreal activations_sigmoid_gradient(vreal dy, vreal y)
{
    return v_narrow(activations_sigmoid_slope(v_widen_low(dy), v_widen_low(y)),
                    activations_sigmoid_slope(v_widen_high(dy), v_widen_high(y)));
}
#endif

ELEMENTWISE_UNARY(tanh_forward, v_tanh, ELEMENTWISE_DEAR)
ELEMENTWISE_DENSE(tanh_backward, activations_tanh_gradient, ELEMENTWISE_CHEAP)
ELEMENTWISE_UNARY(sigmoid_forward, v_sigmoid, ELEMENTWISE_DEAR)
ELEMENTWISE_DENSE(sigmoid_backward, activations_sigmoid_gradient, ELEMENTWISE_CHEAP)

/* ---- functions of x with gradients from x -------------------------------------------
 *
 * Each is two functions on vectors of double, its value and its slope, and ACTIVATION makes
 * both kernels of them: float is widened, computed, rounded once.
 *
 * What goes to zero as exp(x) does is carried as y 2^k until the end. In double exp(x) is
 * subnormal below -708 and has few digits left, but x exp(x) is not yet. In float, whose
 * computations in double never come near there, k is 0. */

struct activations_power {
    vdouble y, k;
};

#if MG_DOUBLE
/* exp(x + rest) for -2000 < x <= 100, rest tiny */
V_INLINE struct activations_power activations_exp(vdouble x, vdouble rest)
{
    struct activations_power e;
    struct vmath_pair y = vmath_exp(x, &e.k);
    e.y = y.high + (y.low + y.high * rest);
    return e;
}
V_INLINE vdouble activations_scale(vdouble y, vdouble k) { return vmath_scale(y, k); }
#else
V_INLINE struct activations_power activations_exp(vdouble x, vdouble rest)
{
    (void)rest;
    return (struct activations_power){vd_exp(x), vd_set(0.0)};
}
V_INLINE vdouble activations_scale(vdouble y, vdouble k)
{
    (void)k;
    return y;
}
#endif

/* Beyond this x exp(-x) is 0 */
#define ACTIVATIONS_FAR 800.0
#define ACTIVATIONS_BOUNDED(x, bound) vd_max(vd_set(-(bound)), vd_min(vd_set(bound), x))

/* s = 1 / (1 + exp(-v - rest)) = s 2^k and 1 - s, neither of them a difference: with
 * e = exp(-|v|) these are 1 / (1 + e) and e / (1 + e), or the other way round */
V_INLINE struct activations_power activations_logistic(vdouble v, vdouble rest, vdouble *complement)
{
    vint64 negative = v < 0.0;
    struct activations_power e =
        activations_exp(-vd_min(vd_set(ACTIVATIONS_FAR), vmath_abs(v)), vd_select(negative, rest, -rest));
    vdouble small = activations_scale(e.y, e.k), whole = 1.0 + small;
    *complement = vd_select(negative, vd_set(1.0), small) / whole;
    return (struct activations_power){vd_select(negative, e.y, vd_set(1.0)) / whole,
                                      vd_select(negative, e.k, vd_set(0.0))};
}

/* y = x s,  y' = s (1 + x (1 - s)),  s = 1 / (1 + exp(-x)) */
V_INLINE vdouble activations_silu(vdouble x, const double *p)
{
    vdouble rest;
    struct activations_power s = activations_logistic(x, vd_set(0.0), &rest);
    (void)p;
    return activations_scale(vd_max(vd_set(-ACTIVATIONS_FAR), x) * s.y, s.k);
}
V_INLINE vdouble activations_silu_slope(vdouble x, const double *p)
{
    vdouble rest;
    struct activations_power s = activations_logistic(x, vd_set(0.0), &rest);
    (void)p;
    return activations_scale(s.y * (1.0 + ACTIVATIONS_BOUNDED(x, ACTIVATIONS_FAR) * rest), s.k);
}

/* With e = exp(x) and n = e (e + 2):  y = x n / (n + 2),
 * y' = e (e + 2 + 4 x (1 + e) / (n + 2)) / (n + 2).      tanh(log(1 + e)) is 1 from x = 40 on. */
V_INLINE vdouble activations_mish(vdouble x, const double *p)
{
    vdouble bounded = vd_max(vd_set(-ACTIVATIONS_FAR), x);
    struct activations_power power = activations_exp(vd_min(vd_set(40.0), bounded), vd_set(0.0));
    vdouble e = activations_scale(power.y, power.k);
    vdouble y = bounded * (power.y * ((e + 2.0) / (e * (e + 2.0) + 2.0)));
    (void)p;
    return vd_select(x > 40.0, x, activations_scale(y, power.k));
}
V_INLINE vdouble activations_mish_slope(vdouble x, const double *p)
{
    vdouble bounded = ACTIVATIONS_BOUNDED(x, ACTIVATIONS_FAR);
    struct activations_power power = activations_exp(vd_min(vd_set(40.0), bounded), vd_set(0.0));
    vdouble e = activations_scale(power.y, power.k), whole = e * (e + 2.0) + 2.0;
    vdouble slope = power.y * ((e + 2.0 + 4.0 * bounded * (1.0 + e) / whole) / whole);
    (void)p;
    return activations_scale(slope, power.k);
}

/* With a = |x|, g = exp(-a^2 / 2) and the tail P(X < -a) = g M(a):
 * y = x (1 - g M), or x g M for negative x;  y' = 1 - d, or d, with d = g (M - a / sqrt(2 pi)) */
V_INLINE struct activations_power activations_gauss(vdouble a)
{
#if MG_DOUBLE
    struct vmath_pair square = vmath_product(a, a);
    return activations_exp(-0.5 * square.high, -0.5 * square.low);
#else
    return activations_exp(-0.5 * a * a, vd_set(0.0));
#endif
}
#define ACTIVATIONS_GELU_FAR (MG_DOUBLE ? 40.0 : 15.0) /* from here on x g M is 0 */
V_INLINE vdouble activations_gelu(vdouble x, const double *p)
{
    vdouble a = vd_min(vd_set(ACTIVATIONS_GELU_FAR), vmath_abs(x));
    struct activations_power g = activations_gauss(a);
    vdouble tail = g.y * vmath_normal_tail(a);
    (void)p;
    return vd_select(x < 0.0, activations_scale(-a * tail, g.k), x * (1.0 - activations_scale(tail, g.k)));
}
V_INLINE vdouble activations_gelu_slope(vdouble x, const double *p)
{
    vdouble a = vd_min(vd_set(ACTIVATIONS_GELU_FAR), vmath_abs(x));
    struct activations_power g = activations_gauss(a);
    vdouble d = activations_scale(g.y * (vmath_normal_tail(a) - a * 0.3989422804014327), g.k);
    (void)p;
    return vd_select(x < 0.0, d, 1.0 - d);
}

/* y = x s,  y' = s (1 + x (1 - s) v'),  s = 1 / (1 + exp(-v)),  v = 2 sqrt(2 / pi) (x + 0.044715 x^3);
 * v in two parts, as an error in v is multiplied by v in exp(v) */
V_INLINE vdouble activations_gelu_tanh_argument(vdouble x, vdouble *rest)
{
#if MG_DOUBLE
    struct vmath_pair square = vmath_product(x, x),
                      cube = vmath_product(square.high, vd_set(0.07135481627260025));
    cube.low += square.low * 0.07135481627260025 - square.high * 4.1218577217431825e-18;
    vdouble high = 1.5957691216057308 + cube.high, part = high - cube.high;
    vdouble low =
        (1.5957691216057308 - part) + (cube.high - (high - part)) + (cube.low - 9.96930880911092e-17);
    struct vmath_pair v = vmath_product(x, high);
    *rest = v.low + x * low;
    return v.high;
#else
    *rest = vd_set(0.0);
    return x * (1.5957691216057308 + 0.07135481627260025 * x * x);
#endif
}
V_INLINE vdouble activations_gelu_tanh(vdouble x, const double *p)
{
    vdouble v_rest, rest, v = activations_gelu_tanh_argument(ACTIVATIONS_BOUNDED(x, 40.0), &v_rest);
    struct activations_power s = activations_logistic(v, v_rest, &rest);
    (void)p;
    return activations_scale(vd_max(vd_set(-40.0), x) * s.y, s.k);
}
V_INLINE vdouble activations_gelu_tanh_slope(vdouble x, const double *p)
{
    vdouble bounded = ACTIVATIONS_BOUNDED(x, 40.0), v_rest, rest;
    vdouble v = activations_gelu_tanh_argument(bounded, &v_rest);
    struct activations_power s = activations_logistic(v, v_rest, &rest);
    vdouble v_slope = 1.5957691216057308 + 3 * 0.07135481627260025 * bounded * bounded;
    (void)p;
    return activations_scale(s.y * (1.0 + bounded * rest * v_slope), s.k);
}

/* log(1 + exp(v)) = max(v, 0) + log(1 + exp(-|v|)) */
V_INLINE vdouble activations_log_1_exp(vdouble v)
{
    return vd_max(vd_set(0.0), v) + vd_log1p(vd_exp(-vmath_abs(v)));
}
/* y = -log(1 + exp(-x)),  y' = 1 / (1 + exp(x)) */
V_INLINE vdouble activations_log_sigmoid(vdouble x, const double *p)
{
    (void)p;
    return -activations_log_1_exp(-x);
}
V_INLINE vdouble activations_log_sigmoid_slope(vdouble x, const double *p)
{
    (void)p;
    return vd_sigmoid(-x);
}
/* y = log(1 + exp(beta x)) / beta,  y' = 1 / (1 + exp(-beta x));  x and 1 where beta x > threshold */
V_INLINE vdouble activations_softplus(vdouble x, const double *p)
{
    vdouble v = x * p[0];
    return vd_select(v > p[1], x, activations_log_1_exp(v) / p[0]);
}
V_INLINE vdouble activations_softplus_slope(vdouble x, const double *p)
{
    vdouble v = x * p[0];
    return vd_select(v > p[1], vd_set(1.0), vd_sigmoid(v));
}

/* y = scale x, y' = scale where x > 0;  else y = scale alpha (exp(rate x) - 1),
 * y' = scale alpha rate exp(rate x)      p: alpha, scale, rate */
V_INLINE vdouble activations_elu(vdouble x, const double *p)
{
    return vd_select(x > 0.0, x * p[1], vd_expm1(x * p[2]) * (p[0] * p[1]));
}
V_INLINE vdouble activations_elu_slope(vdouble x, const double *p)
{
    return vd_select(x > 0.0, vd_set(p[1]), vd_exp(x * p[2]) * (p[0] * p[1] * p[2]));
}

/* y = x, y' = 1 where x > 0;  else y = slope x, y' = slope */
V_INLINE vdouble activations_leaky_relu(vdouble x, const double *p)
{
    return vd_select(x > 0.0, x, x * p[0]);
}
V_INLINE vdouble activations_leaky_relu_slope(vdouble x, const double *p)
{
    return vd_select(x > 0.0, vd_set(1.0), vd_set(p[0]));
}

/* y = x (x + 3) / 6, y' = (2 x + 3) / 6 between -3 and 3;  y = 0 below, y = x above */
V_INLINE vdouble activations_hardswish(vdouble x, const double *p)
{
    vdouble bounded = vd_max(vd_set(-3.0), x);
    (void)p;
    return vd_select(x >= 3.0, x, bounded * (bounded + 3.0) / 6.0);
}
V_INLINE vdouble activations_hardswish_slope(vdouble x, const double *p)
{
    vdouble inside = vd_select(x > -3.0, (2.0 * x + 3.0) / 6.0, x - x);
    (void)p;
    return vd_select(x >= 3.0, vd_set(1.0), vd_select(x <= -3.0, vd_set(0.0), inside));
}

struct activations_job {
    struct elementwise_job loop;
    const double *p;
};
static void activations_run(void (*chunk)(void *job, size_t index), struct activations_job job)
{
    if (job.loop.n <= job.loop.grain) chunk(&job, 0);
    else mg_parallel((job.loop.n - 1) / job.loop.grain + 1, chunk, &job);
}

/* The vector function `name` of doubles as one of reals; the slope's times dy */
#if MG_DOUBLE
#define ACTIVATION_REAL(name) \
    V_INLINE vreal activations_v_##name(vreal x, const double *p) { return activations_##name(x, p); } \
    V_INLINE vreal activations_v_##name##_gradient(vreal dy, vreal x, const double *p) \
    { \
        return dy * activations_##name##_slope(x, p); \
    }
#else
#define ACTIVATION_REAL(name) \
    V_INLINE vreal activations_v_##name(vreal x, const double *p) \
    { \
        return v_narrow(activations_##name(v_widen_low(x), p), activations_##name(v_widen_high(x), p)); \
    } \
    V_INLINE vreal activations_v_##name##_gradient(vreal dy, vreal x, const double *p) \
    { \
        return v_narrow(v_widen_low(dy) * activations_##name##_slope(v_widen_low(x), p), \
                        v_widen_high(dy) * activations_##name##_slope(v_widen_high(x), p)); \
    }
#endif
#define ACTIVATION(name, grain) \
    ACTIVATION_REAL(name) \
    static void activations_##name##_forward_chunk(void *context, size_t index) \
    { \
        const struct activations_job *job = context; \
        size_t n, begin = elementwise_begin(&job->loop, index, &n), i = 0; \
        real *y = job->loop.y + begin; \
        const real *x = job->loop.a + begin; \
        for (; i + V_LANES <= n; i += V_LANES) v_store(y + i, activations_v_##name(v_load(x + i), job->p)); \
        if (i < n) v_store_first(y + i, activations_v_##name(v_load_first(x + i, n - i), job->p), n - i); \
    } \
    static void mg_##name##_forward(real *y, const real *x, const double *p, size_t n) \
    { \
        activations_run(activations_##name##_forward_chunk, \
                        (struct activations_job){{y, x, NULL, 1, 0, n, grain}, p}); \
    } \
    static void activations_##name##_backward_chunk(void *context, size_t index) \
    { \
        const struct activations_job *job = context; \
        size_t n, begin = elementwise_begin(&job->loop, index, &n), i = 0; \
        real *dx = job->loop.y + begin; \
        const real *dy = job->loop.a + begin, *x = job->loop.b + begin; \
        for (; i + V_LANES <= n; i += V_LANES) \
            v_store(dx + i, activations_v_##name##_gradient(v_load(dy + i), v_load(x + i), job->p)); \
        if (i < n) { \
            vreal last_dy = v_load_first(dy + i, n - i), last_x = v_load_first(x + i, n - i); \
            v_store_first(dx + i, activations_v_##name##_gradient(last_dy, last_x, job->p), n - i); \
        } \
    } \
    static void mg_##name##_backward(real *dx, const real *dy, const real *x, const double *p, size_t n) \
    { \
        activations_run(activations_##name##_backward_chunk, \
                        (struct activations_job){{dx, dy, x, 1, 1, n, grain}, p}); \
    }

ACTIVATION(silu, ELEMENTWISE_DEAR)
ACTIVATION(mish, ELEMENTWISE_DEAR)
ACTIVATION(gelu, ELEMENTWISE_DEAR)
ACTIVATION(gelu_tanh, ELEMENTWISE_DEAR)
ACTIVATION(log_sigmoid, ELEMENTWISE_DEAR)
ACTIVATION(softplus, ELEMENTWISE_DEAR)
ACTIVATION(elu, ELEMENTWISE_DEAR)
ACTIVATION(leaky_relu, ELEMENTWISE_CHEAP)
ACTIVATION(hardswish, ELEMENTWISE_CHEAP)
