"""Updates: what an optimizer's step and gradient clipping do to all parameters in one call.

Not operations: nothing here is recorded. Each function takes lists of tensors, sorts out
their dtypes and memory, and hands arrays of pointers to one kernel.
"""
from libc.stdlib cimport free, malloc

from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, Tensor, check_writable, copy_into, dense, describe, same_shape,
)


cdef class Batch:
    """Lists of tensors of one dtype as the kernels want them: arrays of pointers and lengths.

    The first list is the one that is changed. A tensor that is not contiguous is worked on
    in a contiguous copy, which write_back() returns to its place."""
    cdef size_t count
    cdef int kind
    cdef size_t *n
    cdef void **pointers            # list after list
    cdef list lists, copies

    def __dealloc__(self):
        free(self.n)
        free(self.pointers)

    cdef int fill(self, str who, tuple lists, int kind) except -1:
        cdef Tensor x, first
        cdef size_t i, k, count
        chosen = [at for at, x in enumerate(lists[0]) if x.kind == kind]
        self.lists, self.copies = [], []
        self.kind = kind
        count = self.count = len(chosen)
        self.n = <size_t *>malloc((count + 1) * sizeof(size_t))
        self.pointers = <void **>malloc((count * len(lists) + 1) * sizeof(void *))
        if self.n is NULL or self.pointers is NULL:
            raise MemoryError(f"{who}: no memory for {count} pointers")
        for k in range(<size_t>len(lists)):
            kept = []
            for i in range(count):
                x = lists[k][chosen[i]]
                first = lists[0][chosen[i]]
                if x.kind != kind or not same_shape(x, first):
                    raise ValueError(
                        f"{who}: a parameter of {describe(first)} came with a gradient or state of {describe(x)}"
                    )
                if not x.dense:
                    self.copies.append((x, dense(x)))
                    x = self.copies[-1][1]
                kept.append(x)
                self.pointers[k * count + i] = x.ptr
                if k == 0:
                    self.n[i] = x.n
            self.lists.append(kept)
        return 0

    cdef void **at(self, size_t k) noexcept:
        return self.pointers + k * self.count

    cdef int write_back(self) except -1:
        for original, copy in self.copies:
            copy_into(<Tensor>original, <Tensor>copy)
        return 0


cdef list _batches(str who, tuple lists):
    """One Batch for each dtype among the tensors."""
    cdef Tensor x
    cdef Batch batch
    cdef bint kinds[2]
    kinds[0] = kinds[1] = False
    for x in lists[0]:
        if x.kind > FLOAT64:
            raise TypeError(f"{who}: expected float32 or float64 tensors, got {describe(x)}")
        check_writable(x)
        kinds[<int>x.kind] = True
    result = []
    for kind in (FLOAT32, FLOAT64):
        if kinds[<int>kind]:
            batch = Batch.__new__(Batch)
            batch.fill(who, lists, kind)
            result.append(batch)
    return result


cdef void _changed(list tensors):
    cdef Tensor x
    for x in tensors:
        x.storage.version += 1


def sgd(list params, list grads, list buffers, first, *, double lr, double momentum, double dampening,
        double weight_decay, bint nesterov, bint maximize):
    """One step of SGD on all parameters; see optim.SGD for the formula.

    buffers: the momentum buffers, or None where momentum is 0; first: bytes, one a parameter,
    1 where its buffer has yet to be started.
    """
    cdef Batch batch
    cdef unsigned char *started = NULL
    cdef Py_ssize_t i
    cdef bytes flags
    for batch in _batches("SGD", (params, grads) if buffers is None else (params, grads, buffers)):
        flags = bytes([f for f, p in zip(first, params) if (<Tensor>p).kind == batch.kind]) if first is not None else b""
        started = <unsigned char *>flags
        K[batch.kind].sgd(batch.count, batch.at(0), <const void **>batch.at(1),
                          NULL if buffers is None else batch.at(2), started, batch.n,
                          lr, momentum, dampening, weight_decay, nesterov, maximize)
        batch.write_back()
    _changed(params)


def adam(list params, list grads, list exp_avgs, list exp_avg_sqs, list max_exp_avg_sqs, list steps, *, double lr,
         double beta1, double beta2, double weight_decay, double eps, bint decoupled, bint maximize):
    """One step of Adam on all parameters; see optim.Adam for the formula.

    steps: how many steps each parameter has taken, this one included, as numbers;
    max_exp_avg_sqs: AMSGrad's maxima, or None.
    """
    cdef Batch batch
    cdef double *c
    cdef size_t i
    lists = (params, grads, exp_avgs, exp_avg_sqs)
    for batch in _batches("Adam", lists if max_exp_avg_sqs is None else lists + (max_exp_avg_sqs,)):
        c = <double *>malloc((2 * batch.count + 1) * sizeof(double))
        if c is NULL:
            raise MemoryError("Adam: no memory for the bias corrections")
        i = 0
        for p, step in zip(params, steps):
            if (<Tensor>p).kind == batch.kind:
                c[i] = 1 - beta1 ** <double>step
                c[batch.count + i] = 1 - beta2 ** <double>step
                i += 1
        K[batch.kind].adam(batch.count, batch.at(0), <const void **>batch.at(1), batch.at(2), batch.at(3),
                           NULL if max_exp_avg_sqs is None else batch.at(4), c, c + batch.count, batch.n,
                           lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
        free(c)
        batch.write_back()
    _changed(params)


def norm2(list tensors):
    """The square root of the sum of all squares, in double; right wherever it can be said."""
    cdef Batch batch
    cdef double total = 0, part
    from math import hypot

    for batch in _batches("norm", (tensors,)):
        part = K[batch.kind].norm2(batch.count, <const void **>batch.at(0), batch.n)
        total = hypot(total, part) if total else part
    return total


def scale(list tensors, double factor):
    """Multiplies all tensors by factor, in place."""
    cdef Batch batch
    for batch in _batches("scale", (tensors,)):
        K[batch.kind].scale(batch.count, batch.at(0), batch.n, factor)
        batch.write_back()
    _changed(tensors)


def find_nonfinite(list tensors):
    """The index of the first tensor that holds an infinity or a NaN, or None."""
    cdef Batch batch
    cdef size_t at
    for batch in _batches("find_nonfinite", (tensors,)):
        at = K[batch.kind].find_nonfinite(batch.count, <const void **>batch.at(0), batch.n)
        if at < batch.count:
            return [i for i in range(len(tensors)) if (<Tensor>tensors[i]).kind == batch.kind][at]
    return None
