"""Random numbers: the streams PyTorch draws on the CPU, number for number.

Every function takes generator=None, which is the default generator that manual_seed() seeds;
generator.pyx has the generators themselves.
"""
import numpy as np

from minigrad.autograd import no_grad
from minigrad.autograd.engine import recording
from minigrad.ops.generator import Generator as Generator
from minigrad.ops.generator import default_generator, draw, draw_integers, draw_permutation
from minigrad.tensor import (
    Tensor,
    as_dtype,
    as_number,
    check_tensors,
    copy_into,
    describe,
    float64,
    int64,
    lend,
    method,
    new,
    wrap,
)

# ---- the default generator ---------------------------------------------------------------------------------

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

def _check_leaf(who, x):
    check_tensors(who, x)
    if x.requires_grad and recording():
        raise RuntimeError(f"{who}: this tensor requires grad; fill it inside `with minigrad.no_grad():`")
    if not x.is_floating_point():
        raise TypeError(f"{who}: expected a floating tensor, got {describe(x)}")


@method
def uniform_(self, a=0, b=1, *, generator=None, **names):
    """Every element drawn evenly from [a, b). (`from` and `to` name the bounds, too.)"""
    a, b = as_number("uniform_", "a", names.pop("from", a)), as_number("uniform_", "b", names.pop("to", b))
    if names:
        raise TypeError(f"uniform_: unknown argument {next(iter(names))!r}")
    _check_leaf("uniform_", self)
    if not a <= b:
        raise ValueError(f"uniform_: expected a <= b, got [{a}, {b})")
    return draw(self, generator, "uniform", a, b)


@method
def normal_(self, mean=0, std=1, *, generator=None):
    """Every element drawn from the normal distribution of a mean and a standard deviation."""
    mean, std = as_number("normal_", "mean", mean), as_number("normal_", "std", std)
    _check_leaf("normal_", self)
    if not std >= 0:
        raise ValueError(f"normal_: expected std >= 0, got {std}")
    return draw(self, generator, "normal", mean, std)


@method
def bernoulli_(self, p=0.5, *, generator=None):
    """Every element 1 with probability p, else 0; p a number or a tensor of probabilities."""
    if isinstance(p, Tensor):
        with no_grad():
            return self.copy_(bernoulli(p.expand_as(self), generator=generator))
    p = as_number("bernoulli_", "p", p)
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli_: a probability is in [0, 1], got {p}")
    return draw(self, generator, "bernoulli", p, 1)


@method
def random_(self, low=0, high=None, *, generator=None):
    """Every element an integer from [low, high) (random_(high) starts at 0), or, without
    bounds, from all that the dtype holds exactly."""
    check_tensors("random_", self)
    if low != 0 or high is not None:
        low, high = (0, low) if high is None else (low, high)
        return self.copy_(randint(low, high, self.shape, generator=generator))
    limit = {"float32": 2**24 + 1, "float64": 2**53 + 1, "int64": 2**63, "int32": 2**31, "int16": 2**15,
             "int8": 2**7, "uint8": 2**8, "bool": 2}[self.dtype.name]
    copy_into(self, draw_integers(new(self.shape, int64), generator, 0, limit, limit > 1 << 32))
    return self


@method
def exponential_(self, lambd=1, *, generator=None):
    """Every element drawn from the density lambd e^(-lambd x): -ln(1 - u) / lambd."""
    lambd = as_number("exponential_", "lambd", lambd)
    _check_leaf("exponential_", self)
    if not lambd > 0:
        raise ValueError(f"exponential_: expected lambd > 0, got {lambd}")
    return draw(self, generator, "exponential", lambd, 0)


@method
def log_normal_(self, mean=1, std=2, *, generator=None):
    """Every element e^z, z from the normal distribution of a mean and a standard deviation."""
    mean, std = as_number("log_normal_", "mean", mean), as_number("log_normal_", "std", std)
    _check_leaf("log_normal_", self)
    if not std > 0:
        raise ValueError(f"log_normal_: expected std > 0, got {std}")
    return draw(self, generator, "log_normal", mean, std)


@method
def geometric_(self, p, *, generator=None):
    """Every element the number of tries, each of probability p, up to the first success."""
    p = as_number("geometric_", "p", p)
    check_tensors("geometric_", self)
    if not 0 < p < 1:
        raise ValueError(f"geometric_: expected 0 < p < 1, got {p}")
    if self.is_floating_point():
        _check_leaf("geometric_", self)
    return draw(self, generator, "geometric", p, 0)


@method
def cauchy_(self, median=0, sigma=1, *, generator=None):
    """Every element drawn from the Cauchy distribution: median + sigma tan(pi (u - 1/2))."""
    median, sigma = as_number("cauchy_", "median", median), as_number("cauchy_", "sigma", sigma)
    _check_leaf("cauchy_", self)
    if not sigma > 0:
        raise ValueError(f"cauchy_: expected sigma > 0, got {sigma}")
    return draw(self, generator, "cauchy", median, sigma)


# ---- new tensors -----------------------------------------------------------------------------------------

def _check_out(out, dtype, requires_grad):
    check_tensors("out", out)
    if requires_grad or (dtype is not None and as_dtype(dtype) is not out.dtype):
        raise TypeError(f"out: expected a tensor of {as_dtype(dtype)} that requires no grad, got {describe(out)}")


def _random(law, size, dtype, device, requires_grad, generator, out=None):
    if out is not None:
        _check_out(out, dtype, requires_grad)
        _check_leaf("out", out)
        return draw(out.resize_(*size), generator, law, 0, 1)
    if dtype is not None and not as_dtype(dtype).is_floating_point:
        raise TypeError(f"expected a floating dtype for random numbers, got {as_dtype(dtype)}; use randint")
    x = draw(new(size, dtype, device), generator, law, 0, 1)
    return x.requires_grad_() if requires_grad else x


def rand(*shape, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
         pin_memory=False):
    """Numbers drawn evenly from [0, 1)."""
    return _random("uniform", shape if size is None else (size,), dtype, device, requires_grad, generator, out)


def randn(*shape, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
          pin_memory=False):
    """Numbers drawn from the normal distribution of mean 0 and variance 1."""
    return _random("normal", shape if size is None else (size,), dtype, device, requires_grad, generator, out)


def rand_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
              memory_format=None):
    """rand() of input's shape and dtype."""
    check_tensors("rand_like", input)
    return _random("uniform", input.shape, input.dtype if dtype is None else dtype, device, requires_grad, generator)


def randn_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
               memory_format=None):
    """randn() of input's shape and dtype."""
    check_tensors("randn_like", input)
    return _random("normal", input.shape, input.dtype if dtype is None else dtype, device, requires_grad, generator)


def _finished(x, dtype, requires_grad, out):
    """Drawn integers as the caller wants them: in out, or in a dtype."""
    if out is not None:
        _check_out(out, dtype, requires_grad)
        copy_into(out.resize_(x.shape), x)
        return out
    x = x if dtype is None else x.to(as_dtype(dtype))
    return x.requires_grad_() if requires_grad else x


def randint(low, high=None, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None,
            requires_grad=False):
    """Integers drawn evenly from [low, high): randint(high, size) or randint(low, high, size)."""
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: give the size, for example randint(10, (2, 3))")
    if not low < high:
        raise ValueError(f"randint: expected low < high, got [{low}, {high})")
    x = draw_integers(new(size, int64, device), generator, low, high - low, high - low >= 1 << 28)
    return _finished(x, dtype, requires_grad, out)


def randint_like(input, low, high=None, *, dtype=None, device=None):
    """randint() of input's shape and dtype."""
    check_tensors("randint_like", input)
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input.shape, dtype=input.dtype if dtype is None else dtype, device=device)


def randperm(n, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
             pin_memory=False):
    """The numbers 0 to n - 1 in random order: Fisher and Yates from the front."""
    if n < 0:
        raise ValueError(f"randperm: expected n >= 0, got {n}")
    return _finished(draw_permutation(new(n, int64, device), generator), dtype, requires_grad, out)


# ---- numbers that depend on others -----------------------------------------------------------------------------

@method
def bernoulli(input, p=None, *, generator=None):
    """1 with the probability that input holds (or with probability p), else 0."""
    check_tensors("bernoulli", input)
    if p is not None:
        return bernoulli_(new(input.shape, input.dtype), p, generator=generator)
    array = lend(input)
    if not input.is_floating_point() or not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"bernoulli: expected probabilities in [0, 1], got {describe(input)}")
    u = draw(new(input.shape, input.dtype), generator, "uniform", 0, 1)
    return wrap(np.asarray(lend(u) < array, array.dtype))


def normal(mean, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Normal numbers: normal(mean, std, size) with numbers, or element by element with tensors."""
    like = mean if isinstance(mean, Tensor) else std
    if not isinstance(like, Tensor):
        if size is None:
            raise TypeError("normal: with two numbers give the size, for example normal(0.0, 1.0, (2, 3))")
        x = normal_(new(size, dtype, device), mean, std, generator=generator)
        return x.requires_grad_() if requires_grad else x
    if (lend(std) < 0).any() if isinstance(std, Tensor) else std < 0:
        raise ValueError("normal: a standard deviation is not negative")
    shape = np.broadcast_shapes(*[x.shape if isinstance(x, Tensor) else () for x in (mean, std)])
    with no_grad():
        return randn(shape, generator=generator, dtype=like.dtype) * std + mean


@method
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Row by row, num_samples indices drawn with probabilities in proportion to the weights.

    input: (categories) or (rows, categories), non-negative, each row with a positive sum.
    """
    check_tensors("multinomial", input)
    weights = lend(input)
    if not input.is_floating_point() or input.ndim not in (1, 2):
        raise ValueError(f"multinomial: expected floating weights of 1 or 2 axes, got {describe(input)}")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(-1) > 0).all()):
        raise ValueError("multinomial: weights are finite and not negative, and each row has a positive sum")
    if num_samples < 1 or (not replacement and num_samples > weights.shape[-1]):
        raise ValueError(f"multinomial: cannot draw {num_samples} of {weights.shape[-1]} categories"
                         f"{'' if replacement else ' without replacement'}")
    if not replacement or num_samples == 1:
        score = weights / lend(exponential_(new(input.shape, input.dtype), generator=generator))
        return wrap(np.ascontiguousarray(np.argsort(-score, axis=-1, kind="stable")[..., :num_samples]))
    drawn = np.empty(weights.shape[:-1] + (num_samples,), np.int64)
    for at in np.ndindex(drawn.shape[:-1]):
        running = np.cumsum(weights[at])
        drawn[at] = np.searchsorted(running / running[-1],
                                    lend(rand(num_samples, generator=generator, dtype=float64)))
    return wrap(drawn)
