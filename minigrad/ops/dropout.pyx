"""Dropout and its kin: elements, or whole features, set to 0 at random while a network learns.

The mask is drawn as PyTorch draws it, so that the same seed drops the same elements: one
double of the default generator's stream an element, in the order of the input's memory. Each
of these functions is then input * mask (+ shift), which Mul and Add know how to differentiate.
"""
from libc.math cimport sqrt

from minigrad.kernels cimport K
from minigrad.ops.activation cimport floats_only
from minigrad.ops.generator cimport _source
from minigrad.tensor cimport (
    FLOAT64, MAX_RANK, Kind, Tensor, cast, describe, new_tensor, view_as,
)

cdef double ALPHA = 1.7580993408473766      # selu's scale times alpha: minus its value at -infinity


# ---- masks ----------------------------------------------------------------------------------------------

cdef Tensor _mask(Tensor x, double keep, double yes):
    """`yes` with probability `keep`, else 0, in x's shape, drawn in the order of x's memory."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef Py_ssize_t stride = 1
    cdef Tensor mask
    cdef int i, at
    cdef list order = list(range(x.rank))
    if not x.dense:
        order = _memory_order(x)
    for i, at in enumerate(order):
        length[i] = x.length[at]
    mask = new_tensor(x.kind if x.kind <= FLOAT64 else FLOAT64, x.rank, length)
    K[mask.kind].bernoulli(mask.ptr, _source(None), keep, yes, mask.n)
    if not x.dense:
        for at in reversed(order):
            step[at] = stride
            stride *= x.length[at]
        mask = view_as(mask, x.rank, x.length, step, 0)
    return cast(mask, x.kind)


cdef list _memory_order(Tensor x):
    """x's axes, the widest step first. An axis of step 0 or length 1 has no place of its own and
    stays where it is."""
    cdef list order = list(range(x.rank))
    cdef int i, j
    for i in range(1, x.rank):
        j = i
        for k in range(i - 1, -1, -1):
            a, b = abs(x.step[order[k]]), abs(x.step[order[j]])
            if a == 0 or b == 0 or x.length[order[k]] == 1 or x.length[order[j]] == 1:
                continue
            if a >= b:
                break
            order[k], order[j] = order[j], order[k]
            j = k
    return order


cdef Tensor _feature_mask(str who, Tensor x, double keep, double yes):
    """The same with one draw for each of (N, C), for all that lies under it."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef int i
    if x.rank < 2:
        raise ValueError(f"{who}: expected features along axis 1, (N, C, ...), got {describe(x)}")
    for i in range(x.rank):
        length[i] = x.length[i] if i < 2 else 1
    return _mask(new_tensor(x.kind, x.rank, length), keep, yes)


cdef double _rounded(double value, Kind kind):
    """A number as torch holds it beside a tensor of that dtype."""
    return value if kind == FLOAT64 else <double><float>value


cdef object _drop(str who, object input, double p, bint train, bint features, bint inplace):
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: a probability is in [0, 1], got {p}")
    if p == 0 or not train:
        return input
    cdef Tensor x = floats_only(who, input)
    if x.n == 0:
        return x
    if p == 1:
        return x.mul_(0.0) if inplace else x * 0.0
    cdef double yes = 1 / _rounded(1 - p, x.kind)
    cdef Tensor mask = _feature_mask(who, x, 1 - p, yes) if features else _mask(x, 1 - p, yes)
    return x.mul_(mask) if inplace else x * mask


cdef object _alpha_drop(str who, object input, double p, bint train, bint features, bint inplace):
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: a probability is in [0, 1], got {p}")
    if p == 0 or not train:
        return input
    cdef Tensor x = floats_only(who, input)
    if x.n == 0:
        return x
    if p == 1:
        return x.mul_(0.0) if inplace else x * 0.0
    cdef double a = 1 / sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    cdef Tensor mask = _feature_mask(who, x, 1 - p, 1) if features else _mask(x, 1 - p, 1)
    shift = (mask - 1) * (ALPHA * a) + ALPHA * a * p
    return x.mul_(mask * a).add_(shift) if inplace else x * (mask * a) + shift


# ---- what people call -----------------------------------------------------------------------------------

def dropout(input, double p=0.5, bint training=True, bint inplace=False, *, train=None):
    """input / (1 - p), with each element set to 0 with probability p; input itself out of training.

    An infinite or NaN element that is dropped is NaN. (torch.dropout calls training `train`.)

    Srivastava et al., JMLR 2014.
    """
    return _drop("dropout", input, p, training if train is None else train, False, inplace)


def dropout_(input, double p=0.5, bint train=True):
    """dropout(input, p), written over input."""
    return _drop("dropout_", input, p, train, False, True)


def feature_dropout(input, double p=0.5, bint train=True):
    """dropout of whole features: input (N, C, ...), one draw for each of (N, C)."""
    return _drop("feature_dropout", input, p, train, True, False)


def feature_dropout_(input, double p=0.5, bint train=True):
    """feature_dropout(input, p), written over input."""
    return _drop("feature_dropout_", input, p, train, True, True)


cdef object _dropout_nd(int n, object input, double p, bint training, bint inplace):
    """dropout of features with n axes under each; without a batch axis where n says so."""
    cdef str who = f"dropout{n}d"
    cdef Tensor x = floats_only(who, input)
    if n == 1 and x.rank not in (2, 3):
        raise ValueError(f"{who}: expected (N, C, L) or (C, L), got {describe(x)}")
    if n > 1 and x.rank not in (n + 1, n + 2):
        import warnings

        warnings.warn(f"{who}: expected {n + 1} or {n + 2} axes, got {describe(x)}; the first is taken for the "
                      "batch, the second for the features", stacklevel=3)
    if x.rank == n + 1 and n != 2:      # torch takes dropout2d's three axes for (N, C, L)
        if inplace:
            _drop(who, x.unsqueeze(0), p, training, True, True)
            return input
        return _drop(who, x.unsqueeze(0), p, training, True, False).squeeze(0)
    return _drop(who, x, p, training, True, inplace)


def dropout1d(input, double p=0.5, bint training=True, bint inplace=False):
    """dropout of whole channels of (N, C, L) or (C, L)."""
    return _dropout_nd(1, input, p, training, inplace)


def dropout2d(input, double p=0.5, bint training=True, bint inplace=False):
    """dropout of whole channels of (N, C, H, W) (Tompson et al., CVPR 2015); three axes are (N, C, L)."""
    return _dropout_nd(2, input, p, training, inplace)


def dropout3d(input, double p=0.5, bint training=True, bint inplace=False):
    """dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _dropout_nd(3, input, p, training, inplace)


def alpha_dropout(input, double p=0.5, bint training=False, bint inplace=False, *, train=None):
    """dropout for selu: what is dropped becomes selu(-inf), then all is scaled and shifted so that
    mean 0 and variance 1 stay what they are.

    With d = 1 where kept, else 0, and selu(-inf) = -alpha:  y = a (d input + (d - 1) alpha + alpha p),
    a = ((1 - p) (1 + p alpha^2))^(-1/2).      Klambauer et al., NIPS 2017.
    """
    return _alpha_drop("alpha_dropout", input, p, training if train is None else train, False, inplace)


def alpha_dropout_(input, double p=0.5, bint train=True):
    """alpha_dropout(input, p, True), written over input."""
    return _alpha_drop("alpha_dropout_", input, p, train, False, True)


def feature_alpha_dropout(input, double p=0.5, bint training=False, bint inplace=False, *, train=None):
    """alpha_dropout of whole features: input (N, C, ...), one draw for each of (N, C)."""
    return _alpha_drop("feature_alpha_dropout", input, p, training if train is None else train, True, inplace)


def feature_alpha_dropout_(input, double p=0.5, bint train=True):
    """feature_alpha_dropout(input, p, True), written over input."""
    return _alpha_drop("feature_alpha_dropout_", input, p, train, True, True)
