/* The activations and their gradients, which are written over the saved output y.
 * The loops and their cut for threads are elementwise.c's. */

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
