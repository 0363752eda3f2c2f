"""Updates: what an optimizer's step and gradient clipping do to all parameters in one call.

Not operations: nothing here is recorded. Each function goes once through the tensors, lays
out pointers to their memory, and hands these to one kernel for each dtype. That costs some
tens of nanoseconds a parameter, so nothing is remembered between steps, and nothing can be
out of date: parameters, gradients and state are read where their owner keeps them.
"""
cimport cython
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from libc.math cimport hypot, isfinite, pow, sqrt
from libc.stdlib cimport calloc, free

from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, Kind, Tensor, check_writable, copy_into, copy_of, describe, filled, lend,
    new_scalar, same_shape,
)


@cython.final
cdef class Batch:
    """Tensors of one dtype as the kernels want them.

    pointers is a table: a column for each parameter, a row for each thing that belongs to
    it (itself, its gradient, its state). A tensor that is not contiguous is worked on in a
    contiguous copy, which finish() returns to its place if the kernel changed it.
    """
    cdef Kind kind
    cdef size_t room, count         # columns in all, columns filled
    cdef void **pointers            # (rows, room)
    cdef size_t *n                  # (room) how many elements
    cdef double *numbers            # (4, room) what a rule computes for each parameter
    cdef unsigned char *first       # (room) whether state is begun with this step
    cdef list copies                # (original, copy); original is None where it is only read
    cdef list steps, products       # tensors of no axes: the steps taken, NAdam's mu_product
    cdef list begun                 # (state, name, tensor)

    def __dealloc__(self):
        free(self.numbers)

    cdef inline void **row(self, size_t i) noexcept:
        return self.pointers + i * self.room

    cdef inline double *own(self, size_t i) noexcept:
        return self.numbers + i * self.room

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

    cdef inline double time(self, size_t i) noexcept:
        """Which step this is for the parameter of a column, from 1."""
        return <double>(<float *>(<Tensor>self.steps[i]).ptr)[0] + 1

    cdef int write_back(self) except -1:
        for original, copy in self.copies:
            if original is not None:
                copy_into(<Tensor>original, <Tensor>copy)
        return 0


cdef Batch new_batch(str who, int kind, size_t rows, size_t room):
    """One block of memory, the most strictly aligned part first."""
    cdef Batch batch = Batch.__new__(Batch)
    cdef char *block = <char *>calloc(
        room + 1, 4 * sizeof(double) + rows * sizeof(void *) + sizeof(size_t) + 1)
    if block is NULL:
        raise MemoryError(f"{who}: no memory for the addresses of {room} parameters")
    batch.kind = <Kind>kind
    batch.room = room
    batch.numbers = <double *>block
    batch.pointers = <void **>(batch.numbers + 4 * room)
    batch.n = <size_t *>(batch.pointers + rows * room)
    batch.first = <unsigned char *>(batch.n + room)
    batch.copies = []
    batch.steps = []
    batch.products = []
    batch.begun = []
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


cpdef double number(str who, dict group, str name) except? -1:
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


# ---- the steps of optimizers ------------------------------------------------------------
# Everything is looked at first, then everything is changed: a step that is refused has
# done nothing. Each function takes
#
#     group: an optimizer's parameter group, "params" and the settings by name
#     state: {parameter: {"step": tensor, ...}}, by PyTorch's names; what is missing is begun
#     factor, limit: clipping, of which optim/clipping.py says more: a gradient is multiplied
#         by factor, and limited to [-limit, limit]
#
# takes one step of the optimizer that bears its name, whose formula stands there and in
# csrc/optim.c, on every parameter that has a gradient, and raises ValueError for a setting
# that is not finite, and for a gradient or state that does not fit its parameter.

cdef list gather(str who, dict group, state, tuple names, double start=0):
    """[Batch] of float32 and of float64: the parameters that have a gradient, which fill row 0;
    gradients, row 1; then a row for each of `names` in the state, begun with `start`.

    "step" and "mu_product" are no rows but go into steps and products.
    """
    cdef list params = group["params"], both = [None, None]
    cdef bint counts = "step" in names, multiplies = "mu_product" in names
    cdef tuple kept = tuple([name for name in names if name not in ("step", "mu_product")])
    cdef Batch batch
    cdef Tensor p, x
    cdef dict own
    cdef PyObject *found
    cdef size_t row
    for p in params:
        if p.gradient is None:
            continue
        check_floating(who, p)
        batch = both[<int>p.kind]
        if batch is None:
            batch = both[<int>p.kind] = new_batch(who, p.kind, 2 + len(names), len(params))
        check_fits(who, p, p.gradient, "a gradient")
        batch.n[batch.count] = p.n
        batch.put(0, p, True)
        batch.put(1, p.gradient, False)
        if names:
            own = own_state(state, p)
            if counts:
                batch.steps.append(scalar(batch, own, "step", 0))
            if multiplies:
                batch.products.append(scalar(batch, own, "mu_product", 1))
            row = 2
            for name in kept:
                found = PyDict_GetItemWithError(own, name)
                if found is NULL or <object>found is None:
                    x = filled(p, start)
                    batch.begun.append((own, name, x))
                    batch.first[batch.count] = 1
                else:
                    x = <object>found
                check_fits(who, p, x, name)
                batch.put(row, x, True)
                row += 1
        batch.count += 1
    return [batch for batch in both if batch is not None]


cdef inline dict own_state(state, Tensor p):
    """state[p], which a defaultdict makes when it is asked for in Python; that takes longer."""
    cdef PyObject *own = PyDict_GetItemWithError(state, p) if isinstance(state, dict) else NULL
    return state[p] if own is NULL else <dict>own


cdef Tensor scalar(Batch batch, dict own, str name, double start):
    """A number of a parameter's state: a tensor of no axes, float32 as PyTorch has it.

    What was loaded may also be float64, but for "step", or a plain number.
    """
    x = own.get(name)
    if not (isinstance(x, Tensor) and (<Tensor>x).n == 1 and (<Tensor>x).kind <= (name != "step")):
        x = new_scalar(start if x is None else float(x), FLOAT32)
        batch.begun.append((own, name, x))
    return <Tensor>x


cdef int finish(list batches, dict group) except -1:
    """After the kernels: copies go back to their places, state that was begun is kept, a step
    is counted, and all that was changed is at its next version."""
    cdef Batch batch
    cdef Tensor x
    for batch in batches:
        batch.write_back()
        for own, name, begun in batch.begun:
            (<dict>own)[name] = begun
        for x in batch.steps:
            (<float *>x.ptr)[0] += 1
            x.storage.version += 1
    for x in <list>group["params"]:
        if x.gradient is not None:
            x.storage.version += 1
    return 0


cdef tuple betas_of(str who, dict group):
    cdef double beta1, beta2
    beta1, beta2 = group["betas"]
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"{who}: expected two betas in [0, 1), got {group['betas']}")
    return beta1, beta2


cdef inline double uphill(dict group, double factor):
    return -factor if group["maximize"] else factor


def sgd(dict group not None, state, double factor, double limit):
    """p <- p - lr b, b <- momentum b + g: optim.SGD."""
    cdef double lr = number("SGD", group, "lr")
    cdef double momentum = number("SGD", group, "momentum")
    cdef double dampening = number("SGD", group, "dampening")
    cdef double weight_decay = number("SGD", group, "weight_decay")
    cdef bint nesterov = group["nesterov"]
    cdef list batches = gather("SGD", group, state, ("momentum_buffer",) if momentum != 0 else ())
    cdef Batch batch
    factor = uphill(group, factor)
    for batch in batches:
        K[batch.kind].sgd(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2), batch.first,
                          batch.n, lr, momentum, dampening, weight_decay, nesterov, factor, limit)
    finish(batches, group)


def rmsprop(dict group not None, state, double factor, double limit):
    """p <- p - lr g / (sqrt(v) + eps), v <- alpha v + (1 - alpha) g^2: optim.RMSprop."""
    cdef double lr = number("RMSprop", group, "lr")
    cdef double alpha = number("RMSprop", group, "alpha")
    cdef double momentum = number("RMSprop", group, "momentum")
    cdef double eps = number("RMSprop", group, "eps")
    cdef double weight_decay = number("RMSprop", group, "weight_decay")
    cdef bint centered = group["centered"]
    cdef tuple names = ("step", "square_avg")
    cdef Batch batch
    cdef size_t i
    if momentum != 0:
        names += ("momentum_buffer",)
    if centered:
        names += ("grad_avg",)
    cdef list batches = gather("RMSprop", group, state, names)
    factor = uphill(group, factor)
    for batch in batches:
        for i in range(batch.count):
            batch.own(0)[i] = lr
        K[batch.kind].rmsprop(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2),
                              batch.row(3 + (momentum != 0)) if centered else NULL,
                              batch.row(3) if momentum != 0 else NULL, batch.own(0), batch.n,
                              alpha, 1 - alpha, eps, weight_decay, momentum, factor, limit)
    finish(batches, group)


def adagrad(dict group not None, state, double factor, double limit):
    """p <- p - lr g / (sqrt(s) + eps), s <- s + g^2: optim.Adagrad."""
    cdef double lr = number("Adagrad", group, "lr")
    cdef double lr_decay = number("Adagrad", group, "lr_decay")
    cdef double eps = number("Adagrad", group, "eps")
    cdef double weight_decay = number("Adagrad", group, "weight_decay")
    cdef double start = number("Adagrad", group, "initial_accumulator_value")
    cdef list batches = gather("Adagrad", group, state, ("step", "sum"), start)
    cdef Batch batch
    cdef size_t i
    factor = uphill(group, factor)
    for batch in batches:
        for i in range(batch.count):
            batch.own(0)[i] = lr / (1 + (batch.time(i) - 1) * lr_decay)
        K[batch.kind].rmsprop(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2), NULL, NULL,
                              batch.own(0), batch.n, 1, 1, eps, weight_decay, 0, factor, limit)
    finish(batches, group)


def lion(dict group not None, state, double factor, double limit):
    """p <- p - lr sign(beta1 m + (1 - beta1) g), m <- beta2 m + (1 - beta2) g: optim.Lion."""
    cdef double lr = number("Lion", group, "lr"), beta1, beta2
    cdef double shrink = 1 - lr * number("Lion", group, "weight_decay")
    beta1, beta2 = betas_of("Lion", group)
    cdef list batches = gather("Lion", group, state, ("exp_avg",))
    cdef Batch batch
    factor = uphill(group, factor)
    for batch in batches:
        K[batch.kind].lion(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2), batch.n,
                           lr, beta1, beta2, shrink, factor, limit)
    finish(batches, group)


# Adam and its kin differ only in the numbers that they hand the kernel for each parameter:
# p <- p - (a m + c g) / (b sqrt(v) + eps).

cdef int moments(str who, dict group, list batches, double lr, double beta1, double beta2, double factor,
                 double limit, bint infinity=False) except -1:
    """The kernel adam, with the numbers a, b and (where there are products, NAdam's) c in own()."""
    cdef double eps = number(who, group, "eps")
    cdef double weight_decay = number(who, group, "weight_decay"), shrink = 1
    cdef bint amsgrad = group.get("amsgrad", False)
    cdef Batch batch
    if group.get("decoupled_weight_decay"):
        shrink, weight_decay = 1 - lr * weight_decay, 0
    factor = uphill(group, factor)
    for batch in batches:
        K[batch.kind].adam(batch.count, batch.row(0), <const void **>batch.row(1), batch.row(2), batch.row(3),
                           batch.row(4) if amsgrad else NULL, batch.own(0), batch.own(1),
                           batch.own(2) if batch.products else NULL, batch.n, beta1, beta2, eps,
                           weight_decay, shrink, infinity, factor, limit)
    return finish(batches, group)


def adam(dict group not None, state, double factor, double limit):
    """p <- p - lr / c1 m / (sqrt(v) / sqrt(c2) + eps): optim.Adam and AdamW."""
    cdef double lr = number("Adam", group, "lr"), beta1, beta2, t, last = -1, a = 0, b = 0
    cdef bint amsgrad = group["amsgrad"]
    beta1, beta2 = betas_of("Adam", group)
    cdef list batches = gather("Adam", group, state, ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
                               if amsgrad else ("step", "exp_avg", "exp_avg_sq"))
    cdef Batch batch
    cdef size_t i
    for batch in batches:
        for i in range(batch.count):
            t = batch.time(i)
            if t != last:       # most often all parameters have taken as many
                a, b, last = lr / (1 - pow(beta1, t)), 1 / sqrt(1 - pow(beta2, t)), t
            batch.own(0)[i] = a
            batch.own(1)[i] = b
    moments("Adam", group, batches, lr, beta1, beta2, factor, limit)


def adamax(dict group not None, state, double factor, double limit):
    """p <- p - lr / c1 m / u, u <- max(beta2 u, |g| + eps): optim.Adamax."""
    cdef double lr = number("Adamax", group, "lr"), beta1, beta2
    beta1, beta2 = betas_of("Adamax", group)
    cdef list batches = gather("Adamax", group, state, ("step", "exp_avg", "exp_inf"))
    cdef Batch batch
    cdef size_t i
    for batch in batches:
        for i in range(batch.count):
            batch.own(0)[i] = lr / (1 - pow(beta1, batch.time(i)))
            batch.own(1)[i] = 1
    moments("Adamax", group, batches, lr, beta1, beta2, factor, limit, True)


def nadam(dict group not None, state, double factor, double limit):
    """p <- p - lr (mu' m / (1 - prod mu mu') + (1 - mu) g / (1 - prod mu)) / (sqrt(v) / sqrt(c2) + eps):
    optim.NAdam."""
    cdef double lr = number("NAdam", group, "lr"), beta1, beta2, t, mu, mu_next, product
    cdef double decay = number("NAdam", group, "momentum_decay")
    beta1, beta2 = betas_of("NAdam", group)
    cdef list batches = gather("NAdam", group, state, ("step", "mu_product", "exp_avg", "exp_avg_sq"))
    cdef Batch batch
    cdef Tensor x
    cdef size_t i
    for batch in batches:
        for i in range(batch.count):
            t = batch.time(i)
            mu = beta1 * (1 - 0.5 * pow(0.96, t * decay))
            mu_next = beta1 * (1 - 0.5 * pow(0.96, (t + 1) * decay))
            x = batch.products[i]
            if x.kind == FLOAT32:       # rounded as PyTorch rounds it
                product = (<float *>x.ptr)[0] * <float>mu
            else:
                product = (<double *>x.ptr)[0] * mu
            batch.own(0)[i] = lr * mu_next / (1 - product * mu_next)
            batch.own(1)[i] = 1 / sqrt(1 - pow(beta2, t))
            batch.own(2)[i] = lr * (1 - mu) / (1 - product)
            batch.own(3)[i] = product
    moments("NAdam", group, batches, lr, beta1, beta2, factor, limit)
    for batch in batches:
        for i in range(batch.count):
            x = batch.products[i]
            K[x.kind].fill(x.ptr, batch.own(3)[i], 1)
            x.storage.version += 1


def radam(dict group not None, state, double factor, double limit):
    """p <- p - lr / c1 r m sqrt(c2) / (sqrt(v) + eps), at first p <- p - lr / c1 m: optim.RAdam."""
    cdef double lr = number("RAdam", group, "lr"), beta1, beta2, t, c2, rho, rho_end
    beta1, beta2 = betas_of("RAdam", group)
    rho_end = 2 / (1 - beta2) - 1
    cdef list batches = gather("RAdam", group, state, ("step", "exp_avg", "exp_avg_sq"))
    cdef Batch batch
    cdef size_t i
    for batch in batches:
        for i in range(batch.count):
            t = batch.time(i)
            c2 = 1 - pow(beta2, t)
            rho = rho_end - 2 * t * pow(beta2, t) / c2
            batch.own(0)[i] = lr / (1 - pow(beta1, t))
            if rho > 5:
                batch.own(0)[i] *= sqrt(
                    (rho - 4) * (rho - 2) * rho_end / ((rho_end - 4) * (rho_end - 2) * rho) * c2)
                batch.own(1)[i] = 1
    moments("RAdam", group, batches, lr, beta1, beta2, factor, limit)


def gradients(str who, dict group not None):
    """[(p, -g if maximize else g)] of the parameters that have a gradient, all of them fit to be
    changed: what a step begins with that is made of operations on tensors."""
    cdef Tensor p
    cdef list pairs = []
    for p in group["params"]:
        if p.gradient is not None:
            check_floating(who, p)
            check_fits(who, p, p.gradient, "a gradient")
            check_writable(p)
            pairs.append((p, p.gradient.detach()))
    return [(p, -g) for p, g in pairs] if group.get("maximize") else pairs


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


def gradients_of(list tensors not None):
    """The gradients of those that have one, each tensor once; None where something in the list is no tensor."""
    cdef set seen = set()
    cdef list found = []
    for x in tensors:
        if not isinstance(x, Tensor):
            return None
        if (<Tensor>x).gradient is not None and x not in seen:
            seen.add(x)
            found.append((<Tensor>x).gradient)
    return found


def any_double(list tensors not None):
    """Whether a float64 is among them."""
    cdef Tensor x
    for x in tensors:
        if x.kind == FLOAT64:
            return True
    return False


def norm2(list tensors not None):
    """The square root of the sum of all squares, in double; right wherever it can be said."""
    cdef Batch batch
    cdef double total = 0, part
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
