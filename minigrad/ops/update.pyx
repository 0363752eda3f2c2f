"""Updates: what an optimizer's step and gradient clipping do to all parameters in one call.

Not operations: nothing here is recorded. Each function goes once through the tensors, lays
out pointers to their memory, and hands these to one kernel for each dtype. That costs some
tens of nanoseconds a parameter, so nothing is remembered between steps, and nothing can be
out of date: parameters, gradients and state are read where their owner keeps them.
"""
cimport cython
from libc.math cimport isfinite, pow
from libc.stdlib cimport calloc, free

from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, Kind, Tensor, check_writable, copy_into, copy_of, describe, filled, lend,
    new_like, new_scalar, same_shape,
)


@cython.final
cdef class Batch:
    """Tensors of one dtype as the kernels want them.

    pointers is a table: a column for each parameter, a row for each thing that belongs to
    it (itself, its gradient, its state). A tensor that is not contiguous is worked on in a
    contiguous copy, which write_back() returns to its place if the kernel changed it.
    """
    cdef Kind kind
    cdef size_t room, count         # columns in all, columns filled
    cdef void **pointers            # (rows, room)
    cdef size_t *n                  # (room) how many elements
    cdef double *c                  # (2, room) Adam's bias corrections
    cdef unsigned char *first       # (room) whether SGD's buffer is still to be started
    cdef list copies                # (original, copy); original is None where it is only read

    def __dealloc__(self):
        free(self.c)

    cdef inline void **row(self, size_t i) noexcept:
        return self.pointers + i * self.room

    cdef inline int put(self, size_t row, Tensor x, bint changes) except -1:
        """Sets a pointer in the current column; changes: the kernel will write there."""
        cdef Tensor copy
        if changes:
            check_writable(x)
        if x.dense:
            self.row(row)[self.count] = x.ptr
        else:
            copy = copy_of(x)
            self.copies.append((x if changes else None, copy))
            self.row(row)[self.count] = copy.ptr
        return 0

    cdef int write_back(self) except -1:
        for original, copy in self.copies:
            if original is not None:
                copy_into(<Tensor>original, <Tensor>copy)
        return 0


cdef Batch new_batch(str who, int kind, size_t rows, size_t room):
    """One block of memory, the most strictly aligned part first."""
    cdef Batch batch = Batch.__new__(Batch)
    cdef char *block = <char *>calloc(
        room + 1, 2 * sizeof(double) + rows * sizeof(void *) + sizeof(size_t) + 1)
    if block is NULL:
        raise MemoryError(f"{who}: no memory for the addresses of {room} parameters")
    batch.kind = <Kind>kind
    batch.room = room
    batch.c = <double *>block
    batch.pointers = <void **>(batch.c + 2 * room)
    batch.n = <size_t *>(batch.pointers + rows * room)
    batch.first = <unsigned char *>(batch.n + room)
    batch.copies = []
    return batch


cdef inline int check_floating(str who, Tensor x) except -1:
    if x.kind > FLOAT64:
        raise TypeError(f"{who}: expected float32 or float64 tensors, got {describe(x)}; convert it (x.float())")
    return 0


cdef inline int check_fits(str who, Tensor p, Tensor x, str what) except -1:
    """Refuses a gradient or a state that does not belong to p."""
    if x is None or x.kind != p.kind or not same_shape(x, p):
        raise ValueError(
            f"{who}: a parameter of {describe(p)} came with {what} of {'None' if x is None else describe(x)}; "
            "they must have one shape and dtype"
        )
    return 0


cdef double number(str who, dict group, str name) except? -1:
    """A finite number of a parameter group, given as a number or a tensor of one element."""
    value = group[name]
    cdef double x
    try:
        x = value
    except (TypeError, ValueError):
        raise TypeError(f"{who}: expected {name} as a number, got {value!r}") from None
    if not isfinite(x):
        raise ValueError(
            f"{who}: {name} is {x} in a parameter group; a step with it would make every parameter NaN or "
            f"infinite. Whatever sets group[{name!r}] (a schedule?) must give a finite number"
        )
    return x


cdef void changed(list params) noexcept:
    """The memory of every parameter that had a gradient is at its next version."""
    cdef Tensor p
    for p in params:
        if p.gradient is not None:
            p.storage.version += 1


# ---- the steps of optimizers ------------------------------------------------------------
# Everything is looked at first, then everything is changed: a step that is refused has
# done nothing.

def sgd(dict group not None, state):
    """One step of optim.SGD, whose formula stands there and in csrc/optim.c, on every
    parameter of a group that has a gradient.

    group: an optimizer's parameter group: "params" and the settings by name.
    state: {parameter: {"momentum_buffer": tensor}}; a missing buffer is started.
    Errors: ValueError for a setting that is not finite, and for a gradient or a buffer
    that does not fit its parameter.
    """
    cdef list params = group["params"]
    cdef double lr = number("SGD", group, "lr")
    cdef double momentum = number("SGD", group, "momentum")
    cdef double dampening = number("SGD", group, "dampening")
    cdef double weight_decay = number("SGD", group, "weight_decay")
    cdef bint nesterov = group["nesterov"], maximize = group["maximize"]
    cdef list batches = [None, None]       # of float32, of float64
    cdef Batch batch
    cdef list started = None
    cdef Tensor p, b
    cdef dict own
    cdef int kind
    for p in params:
        if p.gradient is None:
            continue
        check_floating("SGD", p)
        batch = batches[<int>p.kind]
        if batch is None:
            batch = batches[<int>p.kind] = new_batch("SGD", p.kind, 3, len(params))
        check_fits("SGD", p, p.gradient, "a gradient")
        batch.n[batch.count] = p.n
        batch.put(0, p, True)
        batch.put(1, p.gradient, False)
        if momentum != 0:
            own = state[p]
            b = own.get("momentum_buffer")
            if b is None:
                b = new_like(p)
                batch.first[batch.count] = 1
                if started is None:
                    started = []
                started.append((own, b))
            check_fits("SGD", p, b, "a momentum_buffer")
            batch.put(2, b, True)
        batch.count += 1
    for kind in range(2):
        batch = batches[kind]
        if batch is not None:
            K[kind].sgd(batch.count, batch.row(0), <const void **>batch.row(1),
                        batch.row(2) if momentum != 0 else NULL, batch.first, batch.n,
                        lr, momentum, dampening, weight_decay, nesterov, maximize)
            batch.write_back()
    if started is not None:
        for own, b in started:
            own["momentum_buffer"] = b
    changed(params)


cdef Tensor _slot(dict own, str name, Tensor p):
    """A running mean of p's state; zeros where it has not been begun."""
    x = own.get(name)
    if x is None:
        x = own[name] = filled(p, 0.0)
    check_fits("Adam", p, <Tensor?>x, name)
    return <Tensor>x


cdef Tensor _step(dict own):
    """The number of steps taken: a float32 tensor of no axes, as PyTorch saves it."""
    x = own.get("step")
    if not (isinstance(x, Tensor) and (<Tensor>x).kind == FLOAT32 and (<Tensor>x).n == 1):
        x = own["step"] = new_scalar(0.0 if x is None else float(x), FLOAT32)
    return <Tensor>x


def adam(dict group not None, state):
    """One step of optim.Adam or AdamW, whose formulas stand there and in csrc/optim.c, on
    every parameter of a group that has a gradient.

    group: an optimizer's parameter group: "params" and the settings by name.
    state: {parameter: {"step", "exp_avg", "exp_avg_sq"[, "max_exp_avg_sq"]}}; what is
    missing is begun at 0.
    Errors: as in sgd().
    """
    cdef list params = group["params"]
    cdef double lr = number("Adam", group, "lr")
    cdef double beta1, beta2
    cdef double eps = number("Adam", group, "eps")
    cdef double weight_decay = number("Adam", group, "weight_decay")
    cdef bint amsgrad = group["amsgrad"], maximize = group["maximize"]
    cdef bint decoupled = group["decoupled_weight_decay"]
    cdef list batches = [None, None]       # of float32, of float64
    cdef Batch batch
    cdef list steps = []
    cdef Tensor p, taken
    cdef dict own
    cdef double t = 0, last = -1, c1 = 1, c2 = 1
    cdef int kind
    beta1, beta2 = group["betas"]
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"Adam: expected two betas in [0, 1), got {group['betas']}")
    for p in params:
        if p.gradient is None:
            continue
        check_floating("Adam", p)
        batch = batches[<int>p.kind]
        if batch is None:
            batch = batches[<int>p.kind] = new_batch("Adam", p.kind, 5, len(params))
        check_fits("Adam", p, p.gradient, "a gradient")
        batch.n[batch.count] = p.n
        batch.put(0, p, True)
        batch.put(1, p.gradient, False)
        own = state[p]
        taken = _step(own)
        batch.put(2, _slot(own, "exp_avg", p), True)
        batch.put(3, _slot(own, "exp_avg_sq", p), True)
        if amsgrad:
            batch.put(4, _slot(own, "max_exp_avg_sq", p), True)
        t = <double>(<float *>taken.ptr)[0] + 1
        if t != last:       # most often all parameters have taken as many
            c1, c2, last = 1 - pow(beta1, t), 1 - pow(beta2, t), t
        batch.c[batch.count] = c1
        batch.c[batch.room + batch.count] = c2
        batch.count += 1
        steps.append(taken)
    for kind in range(2):
        batch = batches[kind]
        if batch is not None:
            K[kind].adam(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2), batch.row(3),
                         batch.row(4) if amsgrad else NULL, batch.c, batch.c + batch.room, batch.n,
                         lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
            batch.write_back()
    for taken in steps:
        (<float *>taken.ptr)[0] += 1
        taken.storage.version += 1
    changed(params)


def zero_grad(list params not None, bint set_to_none):
    """Drops every gradient, or fills it with zeros and takes it out of any graph."""
    cdef Tensor p, g
    for p in params:
        g = p.gradient
        if g is None:
            continue
        if set_to_none:
            p.gradient = None
            continue
        check_writable(g)
        if g.requires:
            g.detach_()
        if g.dense and g.kind <= FLOAT64:
            K[g.kind].fill(g.ptr, 0.0, g.n)
        else:
            lend(g)[...] = 0
        g.storage.version += 1


# ---- clipping ---------------------------------------------------------------------------

cdef list _batches(str who, list tensors, bint changes):
    """The tensors as a Batch for each dtype among them."""
    cdef Tensor x
    cdef Batch batch
    cdef list both = [None, None]
    for x in tensors:
        check_floating(who, x)
        batch = both[<int>x.kind]
        if batch is None:
            batch = both[<int>x.kind] = new_batch(who, x.kind, 1, len(tensors))
        batch.n[batch.count] = x.n
        batch.put(0, x, changes)
        batch.count += 1
    return [batch for batch in both if batch is not None]


def norm2(list tensors not None):
    """The square root of the sum of all squares, in double; right wherever it can be said."""
    cdef Batch batch
    cdef double total = 0, part
    from math import hypot

    for batch in _batches("norm", tensors, False):
        part = K[batch.kind].norm2(batch.count, <const void **>batch.row(0), batch.n)
        total = hypot(total, part) if total else part
    return total


def scale(list tensors not None, double factor):
    """Multiplies all tensors by factor, in place."""
    cdef Batch batch
    cdef Tensor x
    for batch in _batches("scale", tensors, True):
        K[batch.kind].scale(batch.count, batch.row(0), batch.n, factor)
        batch.write_back()
    for x in tensors:
        x.storage.version += 1


def find_nonfinite(list tensors not None):
    """The index of the first tensor that holds an infinity or a NaN, or None."""
    cdef Batch batch
    cdef Tensor x
    cdef size_t at
    cdef list found = []
    for batch in _batches("find_nonfinite", tensors, False):
        at = K[batch.kind].find_nonfinite(batch.count, <const void **>batch.row(0), batch.n)
        if at < batch.count:
            found.append([i for i, x in enumerate(tensors) if x.kind == batch.kind][at])
    return min(found) if found else None
