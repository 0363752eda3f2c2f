"""The one door to C: csrc/minigrad.h as the other modules see it.

Only minigrad.kernels is linked with csrc; a second copy would be a second thread pool and a
second memory pool. So no other module may call the functions of minigrad.h themselves: they
cimport `K` and the functions at the end of this file, which lead into the one copy.

What each kernel computes, and from which shapes, is said in csrc/kernels.h. A pointer to
elements is `void *` here: K[0] is the table for float32, K[1] the one for float64.
"""
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

# y = f(x); dx from dy and y
ctypedef void (*mg_unary)(void *y, const void *x, size_t n) noexcept nogil
ctypedef void (*mg_unary_backward)(void *dx, const void *dy, const void *y, size_t n) noexcept nogil
# the same with parameters, and the gradient from x
ctypedef void (*mg_activation)(void *y, const void *x, const double *p, size_t n) noexcept nogil
ctypedef void (*mg_activation_backward)(void *dx, const void *dy, const void *x, const double *p,
                                        size_t n) noexcept nogil


cdef extern from "minigrad.h":
    enum:
        MG_FLOAT32
        MG_FLOAT64
        MG_ACCUMULATE
        MG_RELU

    struct mg_generator:
        uint64_t seed
        uint32_t state[624]
        uint32_t next
        int has_spare
        double spare

    struct mg_storage:
        void *data
        size_t nbytes
        size_t holders
        uint64_t version
        void *owner
        void (*release)(void *owner) noexcept
        unsigned char readonly
        unsigned char size_class

    # y = a o b, the steps in elements
    ctypedef void (*mg_binary)(void *y, const void *a, ptrdiff_t a_step, const void *b, ptrdiff_t b_step,
                               size_t n) noexcept nogil

    # an array of pointers, `real *const *` in C, is `void **` here
    struct mg_kernels:
        void (*gemm)(void *c, size_t ldc, const void *a, ptrdiff_t a_row, ptrdiff_t a_col, const void *b,
                     ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k, const void *bias,
                     int flags) noexcept nogil
        void (*gemm_naive)(void *c, size_t ldc, const void *a, ptrdiff_t a_row, ptrdiff_t a_col,
                           const void *b, ptrdiff_t b_row, ptrdiff_t b_col, size_t m, size_t n, size_t k,
                           const void *bias, int flags) noexcept nogil
        mg_binary add, sub, mul, div, pow, maximum, minimum
        mg_unary neg, abs, square, reciprocal, sqrt, rsqrt, exp, expm1, log, log1p, erf
        mg_unary exp2, log2, log10, erfc, erfinv
        void (*fill)(void *y, double value, size_t n) noexcept nogil
        void (*axpy)(void *y, const void *x, double alpha, size_t n) noexcept nogil
        mg_unary relu_forward, tanh_forward, sigmoid_forward
        mg_unary_backward relu_backward, tanh_backward, sigmoid_backward
        mg_activation silu_forward, mish_forward, gelu_forward, gelu_tanh_forward, log_sigmoid_forward
        mg_activation softplus_forward, elu_forward, leaky_relu_forward, hardswish_forward
        mg_activation_backward silu_backward, mish_backward, gelu_backward, gelu_tanh_backward
        mg_activation_backward log_sigmoid_backward, softplus_backward, elu_backward, leaky_relu_backward
        mg_activation_backward hardswish_backward
        void (*sum)(void *y, const void *x, size_t outer, size_t n, size_t inner,
                    double divisor) noexcept nogil
        void (*linear_backward)(void *dx, void *dw, void *db, const void *dy, const void *x, ptrdiff_t x_row,
                                ptrdiff_t x_col, const void *w, ptrdiff_t w_row, ptrdiff_t w_col, size_t rows,
                                size_t inputs, size_t outputs) noexcept nogil
        void (*amax)(void *y, int64_t *at, const void *x, size_t outer, size_t n, size_t inner) noexcept nogil
        void (*amin)(void *y, int64_t *at, const void *x, size_t outer, size_t n, size_t inner) noexcept nogil
        void (*softmax_forward)(void *y, const void *x, size_t outer, size_t n, size_t inner) noexcept nogil
        void (*softmax_backward)(void *dx, const void *dy, const void *y, size_t outer, size_t n,
                                 size_t inner) noexcept nogil
        void (*log_softmax_forward)(void *y, const void *x, size_t outer, size_t n,
                                    size_t inner) noexcept nogil
        void (*log_softmax_backward)(void *dx, const void *dy, const void *y, size_t outer, size_t n,
                                     size_t inner) noexcept nogil
        ptrdiff_t (*cross_entropy_forward)(void *loss, void *p, const void *x, const int64_t *target,
                                           size_t rows, size_t classes, int64_t ignore_index) noexcept nogil
        void (*cross_entropy_backward)(void *dx, const void *dy, ptrdiff_t dy_step, const void *p,
                                       const int64_t *target, double scale, size_t rows, size_t classes,
                                       int64_t ignore_index) noexcept nogil
        void (*mse_forward)(void *y, const void *x, const void *t, size_t n, double divisor) noexcept nogil
        void (*mse_backward)(void *dx, const void *dy, const void *x, const void *t, double scale,
                             size_t n) noexcept nogil
        void (*batch_norm_statistics)(double *mean, double *var, const void *x, size_t outer, size_t channels,
                                      size_t inner) noexcept nogil
        void (*batch_norm_running)(double *mean, double *rstd, const void *running_mean, const void *running_var,
                                   double eps, size_t channels) noexcept
        void (*batch_norm_move)(void *running, const double *batch, double scale, double momentum,
                                size_t channels) noexcept
        void (*batch_norm_forward)(void *y, const void *x, const double *mean, const double *rstd,
                                   const void *weight, const void *bias, size_t outer, size_t channels,
                                   size_t inner, int relu) noexcept nogil
        void (*batch_norm_backward)(void *dx, void *dweight, void *dbias, const void *dy, const void *x,
                                    const void *y, const double *mean, const double *rstd, const void *weight,
                                    size_t outer, size_t channels, size_t inner) noexcept nogil
        void (*layer_norm_forward)(void *y, double *mean, double *rstd, const void *x, const void *weight,
                                   const void *bias, size_t rows, size_t n, size_t period, size_t span,
                                   double eps, int relu) noexcept nogil
        void (*layer_norm_backward)(void *dx, void *dweight, void *dbias, const void *dy, const void *x,
                                    const void *y, const double *mean, const double *rstd, const void *weight,
                                    size_t rows, size_t n, size_t period, size_t span) noexcept nogil
        void (*sgd)(size_t count, void **p, const void **g, void **buffer, const unsigned char *first,
                    const size_t *n, double lr, double momentum, double dampening, double weight_decay,
                    int nesterov, double scale, double limit) noexcept nogil
        void (*adam)(size_t count, void **p, const void **g, void **m, void **v, void **vmax,
                     const double *a, const double *b, const double *c, const size_t *n, double beta1,
                     double beta2, double eps, double weight_decay, double shrink, int infinity,
                     double scale, double limit) noexcept nogil
        void (*rmsprop)(size_t count, void **p, const void **g, void **v, void **m, void **b,
                        const double *lr, const size_t *n, double keep, double gain, double eps,
                        double weight_decay, double momentum, double scale, double limit) noexcept nogil
        void (*lion)(size_t count, void **p, const void **g, void **m, const size_t *n, double lr,
                     double beta1, double beta2, double shrink, double scale, double limit) noexcept nogil
        double (*norm2)(size_t count, const void **x, const size_t *n) noexcept nogil
        void (*scale)(size_t count, void **x, const size_t *n, double factor) noexcept nogil
        size_t (*find_nonfinite)(size_t count, const void **x, const size_t *n) noexcept nogil
        void (*uniform)(void *y, mg_generator *generator, double low, double high, size_t n) noexcept nogil
        void (*normal)(void *y, mg_generator *generator, double mean, double std, size_t n) noexcept nogil
        void (*bernoulli)(void *y, mg_generator *generator, double p, double scale, size_t n) noexcept nogil


cdef const mg_kernels *K                # K[MG_FLOAT32], K[MG_FLOAT64]

# memory.c: storages are counted under the GIL
cdef mg_storage *storage_new(size_t nbytes) noexcept
cdef mg_storage *storage_borrow(void *data, size_t nbytes, int readonly,
                                void *owner, void (*release)(void *owner) noexcept) noexcept
cdef void storage_drop(mg_storage *storage) noexcept
cdef void copy_strided(char *dst, const Py_ssize_t *dst_strides, const char *src, const Py_ssize_t *src_strides,
                       const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil
cdef void broadcast(mg_binary kernel, char *y, const char *a, const Py_ssize_t *a_strides,
                    const char *b, const Py_ssize_t *b_strides,
                    const Py_ssize_t *shape, int ndim, size_t itemsize) noexcept nogil

# pool.c
cdef void parallel(size_t chunks, void (*body)(void *context, size_t chunk) noexcept nogil,
                   void *context) noexcept nogil

# generator.c
cdef void generator_seed(mg_generator *generator, uint64_t seed) noexcept nogil
cdef uint32_t generator_next32(mg_generator *generator) noexcept nogil
cdef uint64_t generator_next64(mg_generator *generator) noexcept nogil
