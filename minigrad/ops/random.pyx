"""Random numbers: the streams PyTorch draws on the CPU, number for number.

One Mersenne twister a Generator; csrc/random.c and csrc/generator.c say how its words become
uniform and normal numbers. Every function here takes generator=None, which is the default
generator that manual_seed() seeds.
"""
from libc.math cimport M_PI, ceil, exp, log, log1p, tan
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp

from minigrad.kernels cimport K, generator_next32, generator_next64, generator_seed, mg_generator
from minigrad.tensor cimport (
    FLOAT32, FLOAT64, INT64, MAX_RANK, Kind, Tensor, cast, check_writable, copy_into, describe, dtype_of, is_floating,
    kind_of, lend, new_like, new_tensor, parse_shape, view_as, wrap,
)

import numpy as np

from minigrad.autograd import no_grad
from minigrad.tensor import check_device, method


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


def manual_seed(seed):
    """Seeds the default generator, which is given back."""
    return default_generator.manual_seed(seed)


def seed():
    """Seeds the default generator from the operating system, and gives the seed."""
    return default_generator.seed()


def initial_seed():
    """The default generator's seed."""
    return default_generator.initial_seed()


def get_rng_state():
    """The default generator's state, as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Sets the default generator's state to one that get_rng_state() gave."""
    default_generator.set_state(new_state)


class fork_rng:
    """Inside `with fork_rng():` random numbers are drawn as ever; after it the default generator goes on
    from where it was before. devices and the like are for other devices than the CPU."""

    def __init__(self, devices=None, enabled=True, device_type="cpu"):
        self._enabled = enabled
        self._before = []

    def __enter__(self):
        self._before.append(get_rng_state())

    def __exit__(self, *exception):
        state = self._before.pop()
        if self._enabled:
            set_rng_state(state)


# ---- filling tensors -------------------------------------------------------------------------------------

cdef enum Law:
    UNIFORM
    NORMAL
    BERNOULLI


cdef Tensor _in_memory_order(Tensor x):
    """x with its axes in the order of its strides where it fills its memory without gaps, so
    that numbers are drawn in the order of the memory, as PyTorch does; else x itself."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef int i, at
    cdef Tensor y
    order = sorted(range(x.rank), key=lambda axis: -x.step[axis])
    for i, at in enumerate(order):
        length[i], step[i] = x.length[at], x.step[at]
    y = view_as(x, x.rank, length, step, 0)
    return y if y.dense else x


cdef int _draw(Tensor x, mg_generator *generator, Law law, double a, double b) except -1:
    """Fills x with numbers of a law, in the order of its elements in memory."""
    cdef Tensor t
    cdef Py_ssize_t done
    check_writable(x)
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
        for done in range(y.n):
            K[y.kind].normal(y.ptr + done * dtype_of(y.kind).itemsize, generator, a, b, 1)
    else:
        _draw(y, generator, law, a, b)
    copy_into(t, y)
    return 0


cdef int _check_leaf(str who, Tensor x) except -1:
    from minigrad.autograd import is_grad_enabled

    if x.requires and is_grad_enabled():
        raise RuntimeError(f"{who}: this tensor requires grad; fill it inside `with minigrad.no_grad():`")
    if not is_floating(x.kind):
        raise TypeError(f"{who}: expected a floating tensor, got {describe(x)}")
    return 0


@method
def uniform_(Tensor self not None, double a=0, double b=1, *, generator=None, **names):
    """Every element drawn evenly from [a, b). (`from` and `to` name the bounds, too.)"""
    a, b = names.pop("from", a), names.pop("to", b)
    if names:
        raise TypeError(f"uniform_: unknown argument {next(iter(names))!r}")
    _check_leaf("uniform_", self)
    if not a <= b:
        raise ValueError(f"uniform_: expected a <= b, got [{a}, {b})")
    _draw(self, _source(generator), UNIFORM, a, b)
    return self


@method
def normal_(Tensor self not None, double mean=0, double std=1, *, generator=None):
    """Every element drawn from the normal distribution of a mean and a standard deviation."""
    _check_leaf("normal_", self)
    if not std >= 0:
        raise ValueError(f"normal_: expected std >= 0, got {std}")
    _draw(self, _source(generator), NORMAL, mean, std)
    return self


@method
def bernoulli_(Tensor self not None, p=0.5, *, generator=None):
    """Every element 1 with probability p, else 0; p a number or a tensor of probabilities."""
    if isinstance(p, Tensor):
        with no_grad():
            self.copy_(bernoulli(p.expand_as(self), generator=generator))
        return self
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli_: a probability is in [0, 1], got {p}")
    _draw(self, _source(generator), BERNOULLI, p, 1.0)
    return self


@method
def random_(Tensor self not None, low=0, high=None, *, generator=None):
    """Every element an integer from [low, high) (random_(high) starts at 0), or, without
    bounds, from all that the dtype holds exactly."""
    cdef mg_generator *source = _source(generator)
    cdef Py_ssize_t i
    cdef uint64_t limit
    if low != 0 or high is not None:
        low, high = (0, low) if high is None else (low, high)
        self.copy_(randint(low, high, tuple(self.shape), generator=generator))
        return self
    cdef Tensor drawn = new_tensor(INT64, self.rank, self.length)
    cdef int64_t *numbers = <int64_t *>drawn.ptr
    limit = {"float32": 2**24 + 1, "float64": 2**53 + 1, "int64": 2**63, "int32": 2**31, "int16": 2**15,
             "int8": 2**7, "uint8": 2**8, "bool": 2}[dtype_of(self.kind).name]
    for i in range(self.n):
        numbers[i] = (generator_next64(source) if limit > <uint64_t>1 << 32 else generator_next32(source)) % limit
    copy_into(self, drawn)
    return self


# The laws below are functions of one number each, drawn and computed in double for every dtype.

cdef enum Transform:
    EXPONENTIAL
    LOG_NORMAL
    GEOMETRIC
    CAUCHY


cdef int _draw_transformed(Tensor x, object generator, Transform law, double a, double b) except -1:
    cdef mg_generator *source = _source(generator)
    cdef Tensor t = _in_memory_order(x), y = new_tensor(FLOAT64, t.rank, t.length)
    cdef double *p = <double *>y.ptr
    cdef Py_ssize_t i
    check_writable(x)
    if law == LOG_NORMAL:       # one at a time, whatever the size
        for i in range(y.n):
            K[FLOAT64].normal(p + i, source, a, b, 1)
            p[i] = exp(p[i])
    else:
        K[FLOAT64].uniform(p, source, 0, 1, y.n)
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


@method
def exponential_(Tensor self not None, double lambd=1, *, generator=None):
    """Every element drawn from the density lambd e^(-lambd x): -ln(1 - u) / lambd."""
    _check_leaf("exponential_", self)
    if not lambd > 0:
        raise ValueError(f"exponential_: expected lambd > 0, got {lambd}")
    _draw_transformed(self, generator, EXPONENTIAL, lambd, 0)
    return self


@method
def log_normal_(Tensor self not None, double mean=1, double std=2, *, generator=None):
    """Every element e^z, z from the normal distribution of a mean and a standard deviation."""
    _check_leaf("log_normal_", self)
    if not std > 0:
        raise ValueError(f"log_normal_: expected std > 0, got {std}")
    _draw_transformed(self, generator, LOG_NORMAL, mean, std)
    return self


@method
def geometric_(Tensor self not None, double p, *, generator=None):
    """Every element the number of tries, each of probability p, up to the first success."""
    if not 0 < p < 1:
        raise ValueError(f"geometric_: expected 0 < p < 1, got {p}")
    if is_floating(self.kind):
        _check_leaf("geometric_", self)
    _draw_transformed(self, generator, GEOMETRIC, p, 0)
    return self


@method
def cauchy_(Tensor self not None, double median=0, double sigma=1, *, generator=None):
    """Every element drawn from the Cauchy distribution: median + sigma tan(pi (u - 1/2))."""
    _check_leaf("cauchy_", self)
    if not sigma > 0:
        raise ValueError(f"cauchy_: expected sigma > 0, got {sigma}")
    _draw_transformed(self, generator, CAUCHY, median, sigma)
    return self


# ---- new tensors -----------------------------------------------------------------------------------------

cdef int _check_out(Tensor out, object dtype, bint requires_grad) except -1:
    if requires_grad or (dtype is not None and kind_of(dtype) != out.kind):
        raise TypeError(f"out: expected a tensor of {dtype_of(kind_of(dtype))} that requires no grad, got "
                        f"{describe(out)}")
    return 0


cdef Tensor _random(object size, object dtype, object device, bint requires_grad, object generator, Law law,
                    Tensor out=None):
    cdef Py_ssize_t length[MAX_RANK]
    if out is not None:
        _check_out(out, dtype, requires_grad)
        _check_leaf("out", out)
        out.resize_(*size)
        _draw(out, _source(generator), law, 0, 1)
        return out
    cdef int rank = parse_shape(size, length)
    cdef Kind kind = kind_of(dtype)
    check_device(device)
    if not is_floating(kind):
        raise TypeError(f"expected a floating dtype for random numbers, got {dtype_of(kind)}; use randint")
    cdef Tensor x = new_tensor(kind, rank, length)
    _draw(x, _source(generator), law, 0, 1)
    if requires_grad:
        x.requires_grad = True
    return x


cdef Tensor _into(Tensor out, Tensor x, object dtype, bint requires_grad):
    _check_out(out, dtype, requires_grad)
    out.resize_(x.shape)
    copy_into(out, x)
    return out


def rand(*shape, size=None, generator=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False,
         pin_memory=False):
    """Numbers drawn evenly from [0, 1)."""
    return _random(shape if size is None else (size,), dtype, device, requires_grad, generator, UNIFORM, out)


def randn(*shape, size=None, generator=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False,
          pin_memory=False):
    """Numbers drawn from the normal distribution of mean 0 and variance 1."""
    return _random(shape if size is None else (size,), dtype, device, requires_grad, generator, NORMAL, out)


def rand_like(Tensor input not None, *, generator=None, dtype=None, layout=None, device=None, bint requires_grad=False,
              memory_format=None):
    """rand() of input's shape and dtype."""
    return _random(tuple(input.shape), input.dtype if dtype is None else dtype, device, requires_grad, generator,
                   UNIFORM)


def randn_like(Tensor input not None, *, generator=None, dtype=None, layout=None, device=None,
               bint requires_grad=False, memory_format=None):
    """randn() of input's shape and dtype."""
    return _random(tuple(input.shape), input.dtype if dtype is None else dtype, device, requires_grad, generator,
                   NORMAL)


def randint(low, high=None, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None,
            bint requires_grad=False):
    """Integers drawn evenly from [low, high): randint(high, size) or randint(low, high, size)."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t i
    cdef uint64_t span
    cdef int64_t first
    cdef mg_generator *source = _source(generator)
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: give the size, for example randint(10, (2, 3))")
    if not low < high:
        raise ValueError(f"randint: expected low < high, got [{low}, {high})")
    check_device(device)
    cdef Tensor x = new_tensor(INT64, parse_shape(size, length), length)
    cdef int64_t *p = <int64_t *>x.ptr
    first, span = low, high - low
    for i in range(x.n):
        p[i] = first + <int64_t>((generator_next32(source) if span < 1 << 28 else generator_next64(source)) % span)
    if out is not None:
        return _into(out, x, dtype, requires_grad)
    x = x if dtype is None else cast(x, kind_of(dtype))
    if requires_grad:
        x.requires_grad = True
    return x


def randint_like(Tensor input not None, low, high=None, *, dtype=None, device=None):
    """randint() of input's shape and dtype."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, tuple(input.shape), dtype=input.dtype if dtype is None else dtype, device=device)


def randperm(n, *, generator=None, out=None, dtype=None, layout=None, device=None, bint requires_grad=False,
             pin_memory=False):
    """The numbers 0 to n - 1 in random order: Fisher and Yates from the front."""
    cdef Py_ssize_t i, j, count
    cdef int64_t kept
    cdef mg_generator *source = _source(generator)
    count = n
    if count < 0:
        raise ValueError(f"randperm: expected n >= 0, got {n}")
    check_device(device)
    cdef Tensor x = new_tensor(INT64, 1, &count)
    cdef int64_t *p = <int64_t *>x.ptr
    if count < 0xffffffff // 20:
        for i in range(count):
            p[i] = i
        for i in range(count - 1):
            j = i + generator_next32(source) % <uint32_t>(count - i)
            kept = p[i]
            p[i] = p[j]
            p[j] = kept
    else:       # words of 32 bits would favour some places: as many of 64, the other way round
        for i in range(count):
            j = generator_next64(source) % <uint64_t>(i + 1)
            p[i] = p[j]
            p[j] = i
    if out is not None:
        return _into(out, x, dtype, requires_grad)
    return x if dtype is None else cast(x, kind_of(dtype))


@method
def bernoulli(Tensor input not None, p=None, *, generator=None):
    """1 with the probability that input holds (or with probability p), else 0."""
    cdef Tensor u
    if p is not None:
        return bernoulli_(new_like(input), p, generator=generator)
    array = lend(input)
    if not is_floating(input.kind) or not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"bernoulli: expected probabilities in [0, 1], got {describe(input)}")
    u = new_like(input)
    _draw(u, _source(generator), UNIFORM, 0, 1)
    return wrap(np.asarray(lend(u) < array).astype(array.dtype))


def normal(mean, std=1.0, size=None, *, generator=None, dtype=None, device=None, bint requires_grad=False):
    """Normal numbers: normal(mean, std, size) with numbers, or element by element with tensors."""
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError("normal: with two numbers give the size, for example normal(0.0, 1.0, (2, 3))")
        x = _random(size if isinstance(size, (tuple, list)) else (size,), dtype, device, False, generator, NORMAL) \
            if mean == 0 and std == 1 else None
        if x is None:
            from minigrad.ops.creation import empty
            x = normal_(empty(size, dtype=dtype, device=device), mean, std, generator=generator)
        if requires_grad:
            x.requires_grad = True
        return x
    if (lend(<Tensor>std) < 0).any() if isinstance(std, Tensor) else std < 0:
        raise ValueError("normal: a standard deviation is not negative")
    shape = np.broadcast_shapes(np.shape(mean.detach() if isinstance(mean, Tensor) else mean),
                                np.shape(std.detach() if isinstance(std, Tensor) else std))
    like = mean if isinstance(mean, Tensor) else std
    with no_grad():
        return randn(shape, generator=generator, dtype=like.dtype) * std + mean


@method
def multinomial(Tensor input not None, num_samples, replacement=False, *, generator=None):
    """Row by row, num_samples indices drawn with probabilities in proportion to the weights.

    input: (categories) or (rows, categories), non-negative, each row with a positive sum.
    """
    weights = lend(input)
    if not is_floating(input.kind) or input.rank not in (1, 2):
        raise ValueError(f"multinomial: expected floating weights of 1 or 2 axes, got {describe(input)}")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(-1) > 0).all()):
        raise ValueError("multinomial: weights are finite and not negative, and each row has a positive sum")
    if num_samples < 1 or (not replacement and num_samples > weights.shape[-1]):
        raise ValueError(f"multinomial: cannot draw {num_samples} of {weights.shape[-1]} categories"
                         f"{'' if replacement else ' without replacement'}")
    if not replacement or num_samples == 1:
        score = weights / lend(exponential_(new_like(input), generator=generator))
        return wrap(np.ascontiguousarray(np.argsort(-score, axis=-1, kind="stable")[..., :num_samples]))
    rows = weights.reshape(-1, weights.shape[-1])
    drawn = np.empty((len(rows), num_samples), np.int64)
    for row, weight in zip(drawn, rows):
        running = np.cumsum(weight)
        row[:] = np.searchsorted(running / running[-1], lend(rand(num_samples, generator=generator, dtype=float64())))
    return wrap(drawn.reshape(weights.shape[:-1] + (num_samples,)))


cdef object float64():
    return dtype_of(FLOAT64)
