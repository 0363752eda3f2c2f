"""Generator: a stream of random numbers, the one PyTorch draws on the CPU, and what is drawn from it.

One Mersenne twister a Generator; csrc/random.c and csrc/generator.c say how its words become
uniform and normal numbers. random.py has the functions that people call.
"""
from libc.math cimport M_PI, ceil, exp, log, log1p, tan
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp

from minigrad.kernels cimport K, generator_next32, generator_next64, generator_seed, mg_generator
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, MAX_RANK, Tensor, check_writable, copy_into, describe, dtype_of, lend, new_like, new_tensor,
    view_as, wrap,
)

import numpy as np

from minigrad.tensor import check_device


cdef class Generator:
    """A source of random numbers: MT19937, seeded with the low 32 bits of a seed.

        g = minigrad.Generator().manual_seed(2147483647)
        minigrad.randn(3, generator=g)
    """

    def __init__(self, device=None):
        check_device(device)
        generator_seed(&self.state, 67280421310721)        # the seed PyTorch starts with

    def manual_seed(self, seed):
        """Starts the stream of a seed (any integer of 64 bits); gives the generator."""
        if not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed: expected an integer, got {type(seed).__name__}")
        if not -2**63 <= int(seed) < 2**64:
            raise ValueError(f"manual_seed: expected an integer of 64 bits, got {seed}")
        generator_seed(&self.state, int(seed) % 2**64)
        return self

    def initial_seed(self):
        """The seed the stream was started with."""
        return self.state.seed

    def seed(self):
        """Starts the stream of a seed taken from the operating system, and gives that seed."""
        import secrets

        seed = secrets.randbits(64)
        self.manual_seed(seed)
        return seed

    @property
    def device(self):
        from minigrad.tensor import device

        return device("cpu")

    def get_state(self):
        """The state as a uint8 tensor, laid out as PyTorch's (5056 bytes)."""
        cdef mg_generator fresh
        record = np.zeros((), _LAYOUT)
        record["seed"], record["seeded"] = self.state.seed, 1
        record["state"] = [self.state.state[i] for i in range(624)]
        record["next"], record["left"] = self.state.next, 625 - self.state.next
        if self.state.next == 624:      # of one that was seeded and not used PyTorch says next = 0
            generator_seed(&fresh, self.state.seed)
            if memcmp(fresh.state, self.state.state, sizeof(fresh.state)) == 0:
                record["next"] = 0
        record["has_spare"], record["spare"] = self.state.has_spare, self.state.spare if self.state.has_spare else 0
        return wrap(np.frombuffer(record.tobytes(), np.uint8).copy())

    def set_state(self, Tensor new_state not None):
        """Goes on from a state that get_state() gave, here or in PyTorch."""
        data = np.ascontiguousarray(lend(new_state)).tobytes()
        if len(data) != _LAYOUT.itemsize:
            raise ValueError(f"set_state: expected {_LAYOUT.itemsize} bytes, got {describe(new_state)}")
        record = np.frombuffer(data, _LAYOUT)[0]
        self.state.seed = record["seed"]
        for i in range(624):
            self.state.state[i] = record["state"][i]
        self.state.next = 624 if record["left"] == 1 else record["next"]
        if self.state.next > 624:
            raise ValueError(f"set_state: the next word is {self.state.next} of 624; this is no generator's state")
        self.state.has_spare, self.state.spare = record["has_spare"], record["spare"]
        return self

    def clone_state(self):
        """A second generator at the same place of the same stream."""
        cdef Generator other = Generator()
        other.state = self.state
        return other

    def __reduce__(self):
        return _restored_generator, (self.get_state(),)

    def __deepcopy__(self, memo):
        return self.clone_state()


def _restored_generator(state):
    return Generator().set_state(state)


_LAYOUT = np.dtype([("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("state", "<u8", (624,)),
                    ("x", "<f8"), ("spare", "<f8"), ("radius", "<f8"), ("has_spare", "<i4"), ("pad", "<i4"),
                    ("float_spare", "<f4"), ("pad2", "<i4")])

default_generator = Generator()


cdef mg_generator *_source(object generator) except NULL:
    if generator is None:
        return &(<Generator>default_generator).state
    if not isinstance(generator, Generator):
        raise TypeError(f"generator: expected a minigrad.Generator, got {type(generator).__name__}")
    return &(<Generator>generator).state


# ---- filling tensors -------------------------------------------------------------------------------------

cdef enum Law:
    UNIFORM
    NORMAL
    BERNOULLI
    EXPONENTIAL         # from here on: a function of one number each, drawn and computed in double for every dtype
    LOG_NORMAL
    GEOMETRIC
    CAUCHY

LAWS = {"uniform": UNIFORM, "normal": NORMAL, "bernoulli": BERNOULLI, "exponential": EXPONENTIAL,
        "log_normal": LOG_NORMAL, "geometric": GEOMETRIC, "cauchy": CAUCHY}


def draw(Tensor x not None, generator, law, double a, double b):
    """Fills x with numbers of a law (a name in LAWS) of two parameters, in the order of its elements in memory."""
    check_writable(x)
    _draw(x, _source(generator), LAWS[law], a, b)
    return x


cdef Tensor _in_memory_order(Tensor x):
    """x with its axes in the order of its strides where it fills its memory without gaps, so
    that numbers are drawn in the order of the memory, as PyTorch does; else x itself."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int i, at
    cdef Tensor y
    for i, (_, at) in enumerate(sorted([(-x.step[i], i) for i in range(x.rank)])):
        length[i], step[i] = x.length[at], x.step[at]
    y = view_as(x, x.rank, length, step, 0)
    return y if y.dense else x


cdef int _draw(Tensor x, mg_generator *generator, Law law, double a, double b) except -1:
    cdef Tensor t, y
    cdef Py_ssize_t i
    if law >= EXPONENTIAL:
        return _draw_transformed(x, generator, law, a, b)
    if x.dense and x.kind <= FLOAT64:
        if law == UNIFORM:
            K[x.kind].uniform(x.ptr, generator, a, b, x.n)
        elif law == NORMAL:
            K[x.kind].normal(x.ptr, generator, a, b, x.n)
        else:
            K[x.kind].bernoulli(x.ptr, generator, a, b, x.n)
        x.storage.version += 1
        return 0
    t = _in_memory_order(x)
    if x.kind > FLOAT64:
        y = new_tensor(FLOAT64 if law == BERNOULLI else FLOAT32, t.rank, t.length)
    else:
        y = new_like(t)
    if law == NORMAL and not x.dense:       # strided: one at a time, whatever the size
        for i in range(y.n):
            K[y.kind].normal(y.ptr + i * dtype_of(y.kind).itemsize, generator, a, b, 1)
    else:
        _draw(y, generator, law, a, b)
    copy_into(t, y)
    return 0


cdef int _draw_transformed(Tensor x, mg_generator *generator, Law law, double a, double b) except -1:
    cdef Tensor t = _in_memory_order(x), y = new_tensor(FLOAT64, t.rank, t.length)
    cdef double *p = <double *>y.ptr
    cdef Py_ssize_t i
    if law == LOG_NORMAL:       # one at a time, whatever the size
        for i in range(y.n):
            K[FLOAT64].normal(p + i, generator, a, b, 1)
            p[i] = exp(p[i])
    else:
        K[FLOAT64].uniform(p, generator, 0, 1, y.n)
    if law == EXPONENTIAL:
        for i in range(y.n):
            p[i] = -1 / a * log1p(-p[i])
    elif law == GEOMETRIC:
        for i in range(y.n):
            p[i] = ceil(log(p[i]) / log(1 - a))
    elif law == CAUCHY:
        for i in range(y.n):
            p[i] = a + b * tan(M_PI * (p[i] - 0.5))
    return copy_into(t, y)


def draw_integers(Tensor x not None, generator, int64_t first, uint64_t span, bint wide):
    """Fills an int64 tensor with numbers from [first, first + span), each by a word of 32 bits or (wide) of 64."""
    cdef mg_generator *source = _source(generator)
    cdef int64_t *p = <int64_t *>x.ptr
    cdef Py_ssize_t i
    for i in range(x.n):
        p[i] = first + <int64_t>((generator_next64(source) if wide else generator_next32(source)) % span)
    return x


def draw_permutation(Tensor x not None, generator):
    """Fills an int64 vector with the numbers 0 to n - 1 in random order: Fisher and Yates from the front."""
    cdef mg_generator *source = _source(generator)
    cdef int64_t *p = <int64_t *>x.ptr
    cdef int64_t kept
    cdef Py_ssize_t i, j, n = x.n
    if n < 0xffffffff // 20:
        for i in range(n):
            p[i] = i
        for i in range(n - 1):
            j = i + generator_next32(source) % <uint32_t>(n - i)
            kept = p[i]
            p[i] = p[j]
            p[j] = kept
    else:       # words of 32 bits would favour some places: as many of 64, the other way round
        for i in range(n):
            j = generator_next64(source) % <uint64_t>(i + 1)
            p[i] = p[j]
            p[j] = i
    return x
