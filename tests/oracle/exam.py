"""The exam: one of op_db's entries, its samples put to PyTorch and to minigrad, and the answers compared.

Of every sample: the shape, dtype and values of each result; the gradient of each input that has
one, for the same random gradient of the results; the gradient of that gradient (float64); and
that no array that was lent is changed. In five layouts, float32 and float64: each sample
contiguous and in one of the others, which take turns, and one large sample an entry and dtype;
MINIGRAD_EXAM=full asks all of them in all five.
"""

import os
import random
import warnings
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest
import torch

import minigrad as mg
import shelf
from adapter import LAYOUTS, Declined, Ours, Theirs, contiguous, dtype_name, numbers

ERRORS = (ValueError, TypeError, IndexError, RuntimeError, NotImplementedError)
SAMPLES = 40            # at most so many of an entry's samples, and as many of its references, in one dtype
FULL = os.environ.get("MINIGRAD_EXAM") == "full"
BRIEF = 4               # who wants no more samples than this gets none that the bank keeps for a reference
FEW = 5                 # so few samples are asked in every layout anyhow
LARGE = 100_000         # a sample with more elements than this is put in one layout only
SECOND = 6              # so many samples are asked for second gradients


class Record:
    """What was asked about one entry, and what went wrong."""

    def __init__(self, entry, room=""):
        self.entry, self.room = entry, room
        self.samples = self.gradients = self.seconds = self.errors = 0
        self.layouts, self.dtypes = set(), set()
        self.declined = Counter()
        self.failures = []
        self.here = True

    def fail(self, what, sample, text):
        self.failures.append((what, f"{self.entry}, {sample}: {what}: {text}"))

    def kinds(self):
        return {what for what, _ in self.failures}

    def report(self, limit=6):
        kinds = Counter(what for what, _ in self.failures)
        heading = f"{len(self.failures)} failures ({', '.join(f'{n} {what}' for what, n in kinds.items())})"
        return "\n".join([heading, *[text for _, text in self.failures[:limit]]])


def settle(record, before):
    """Fails the test if there are more failures than before."""
    if record.failures[before:]:
        only = Record(record.entry)
        only.failures = record.failures[before:]
        pytest.fail(only.report(), pytrace=False)


@contextmanager
def quietly():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


# ---- nearness ------------------------------------------------------------------------------------

def is_near(got, wanted, rtol, atol, scaled):
    """Element by element; NaN is near NaN, an infinity near itself."""
    if got.dtype.kind != "f" and wanted.dtype.kind != "f":
        return got == wanted
    got, wanted = got.astype(np.float64), wanted.astype(np.float64)
    scale = 1.0
    if scaled:
        finite = np.abs(wanted[np.isfinite(wanted)])
        scale = max(1.0, finite.max(initial=0.0))
    near = np.abs(got - wanted) <= atol * scale + rtol * np.abs(wanted)
    return (near & np.isfinite(wanted)) | (got == wanted) | (np.isnan(got) & np.isnan(wanted))


def difference(entry, got, wanted, wider_key=None, free=None, scaled=False):
    """The first place where two arrays differ, in words; None where they agree.

    wider_key() gives PyTorch's answer in float64, which may be the better one.
    free: where any answer is right. scaled: the numbers are sums, see shelf.SUMS.
    """
    name = str(wanted.dtype)
    rtol, atol = shelf.WIDER.get(entry, {}).get(name) or shelf.TOLERANCE.get(name, (0, 0))
    scaled = scaled or entry in shelf.SUMS
    near = is_near(got, wanted, rtol, atol, scaled)
    if free is not None:
        near |= free
    if not near.all() and name != "float64" and wider_key is not None:
        better = wider_key()
        if better is not None and better.shape == wanted.shape:
            better = better.astype(wanted.dtype)
            near |= is_near(got, better, rtol, atol, scaled)
    if near.all():
        return None
    where = tuple(int(i) for i in np.argwhere(~near)[0])
    return f"{(~near).sum()} of {near.size} differ, first at {list(where)}: {got[where]!r}, torch's {wanted[where]!r}"


# ---- one sample -----------------------------------------------------------------------------------

class Question:
    """One sample and PyTorch's answers to it."""

    def __init__(self, function, sample, seed, want_gradient, want_second, writes=()):
        self.writes = writes
        self.function, self.sample, self.seed = function, sample, seed
        self.want_gradient, self.want_second = want_gradient, want_second
        self.answer = Answer(Theirs(), self)
        self.wide = None

    def is_large(self):
        return any(array.size > LARGE for array in self.answer.arrays)

    def wider(self):
        """PyTorch's answer with every float32 widened to float64."""
        if self.wide is None:
            try:
                self.wide = Answer(Theirs(double=True), self)
            except Exception:
                self.wide = self.answer
        return self.wide


class Answer:
    """Results and gradients, of PyTorch or of minigrad, as arrays."""

    def __init__(self, translate, question, function=None):
        self.translate = translate
        theirs = function is None
        make = torch.from_numpy if theirs else mg.from_numpy
        kind = torch.Tensor if theirs else mg.Tensor
        self.results = translate.call(function or question.function, question.sample, question.writes)
        if any(result is NotImplemented for result in self.results):
            raise NotImplementedError("NotImplemented")
        self.arrays = [r.detach().numpy() if isinstance(r, kind) else np.asarray(r) for r in self.results]
        self.gradients = self.seconds = None
        if not question.want_gradient:
            return
        rng = np.random.default_rng(question.seed)
        leaves = translate.leaves()
        self.differentiable = [i for i, r in enumerate(self.results) if isinstance(r, kind) and r.requires_grad]
        if theirs:
            asked = self.differentiable
        else:
            asked = question.answer.differentiable
            if not set(asked) <= set(self.differentiable):
                return
        if not asked or not leaves:
            return

        def random_like(tensors):
            # numbers that float32 holds exactly: they are the same in float64
            drawn = [np.asarray(rng.standard_normal(tuple(t.shape)), np.float32) for t in tensors]
            return [make(d.astype(dtype_name(t))) for d, t in zip(drawn, tensors, strict=True)]

        outputs = [self.results[i] for i in asked]
        grad = torch.autograd.grad if theirs else mg.autograd.grad
        # the same numbers in the same order on both sides
        first = grad(outputs, leaves, random_like(outputs), create_graph=question.want_second, allow_unused=True)
        self.gradients = [None if g is None else g.detach().numpy() for g in first]
        if question.want_second:
            self.again = [i for i, g in enumerate(first) if g is not None and g.requires_grad]
            again = self.again if theirs else question.answer.again
            vectors = random_like([leaves[i] for i in again])
            again = [(first[i], v) for i, v in zip(again, vectors, strict=True)
                     if first[i] is not None and first[i].requires_grad]
            if again:
                second = grad([g for g, _ in again], leaves, [v for _, v in again], allow_unused=True)
                self.seconds = [None if g is None else g.detach().numpy() for g in second]
            else:
                self.seconds = [None] * len(leaves)


def limits(entry, question, wanted):
    """torch's result with what shelf.LIMITS asks for instead."""
    table = shelf.LIMITS.get(entry)
    if not table or wanted.dtype.kind != "f" or not isinstance(question.sample.input, torch.Tensor):
        return wanted
    x = question.sample.input.detach().numpy()
    if x.shape != wanted.shape:
        return wanted
    wanted = wanted.copy()
    for at, limit in table.items():
        wanted[(x == at) & np.isnan(wanted) | np.isnan(x) & np.isnan(at)] = limit
    return wanted


def is_of_equals(entry, sample, place, mine, his):
    """Whether a result of indices, if it is not torch's, names equal elements, and each but once along the axis."""
    if (place, sample.kwargs.get("stable", False)) != (shelf.TIES.get(entry), False) or sample.input.ndim == 0:
        return False
    x, at = sample.input.detach().numpy(), shelf.TIES_DIM[entry]
    dim = sample.kwargs.get("dim", sample.args[at] if len(sample.args) > at else -1)
    if mine.ndim < x.ndim:
        mine, his = np.expand_dims(mine, dim), np.expand_dims(his, dim)
    if mine.size == 0 or mine.min() < 0 or mine.max() >= x.shape[dim]:
        return False
    same = np.array_equal(*[np.take_along_axis(x, index, dim) for index in (mine, his)], equal_nan=x.dtype.kind == "f")
    return same and bool((np.diff(np.sort(mine, dim), axis=dim) > 0).all())


def compare(record, question, ours, layout, label):
    """Puts the question to minigrad in one layout and notes every disagreement."""
    entry, theirs = record.entry, question.answer
    translate = Ours(layout)
    try:
        got = Answer(translate, question, ours)
    except Declined:
        raise
    except Exception as error:
        return record.fail("refused", label, f"{type(error).__name__}: {error}")
    if translate.changed():
        record.fail("changed", label, "an input was written to")
    if len(got.results) != len(theirs.results):
        return record.fail("shape", label, f"{len(got.results)} results, torch's {len(theirs.results)}")
    for i, (mine, his) in enumerate(zip(got.arrays, theirs.arrays, strict=True)):
        if dtype_name(got.results[i]) != dtype_name(theirs.results[i]):
            record.fail("dtype", label, f"{dtype_name(got.results[i])}, torch's {dtype_name(theirs.results[i])}")
        if mine.shape != his.shape:
            record.fail("shape", label, f"{mine.shape}, torch's {his.shape}")
        elif entry not in shelf.UNDETERMINED and not is_of_equals(entry, question.sample, i, mine, his):
            text = difference(entry, mine, limits(entry, question, his), lambda i=i: question.wider().arrays[i])
            if text:
                record.fail("value", label, text)
    for what in ("gradients", "seconds"):
        if getattr(theirs, what) is None:
            continue
        if getattr(got, what) is None:
            record.fail("gradient", label, "the result does not require grad, and torch's does")
            break
        for i, (mine, his) in enumerate(zip(getattr(got, what), getattr(theirs, what), strict=True)):
            if his is None and mine is None:
                continue
            # None says that nothing depends on the input: a gradient of zeros
            his = np.zeros_like(mine) if his is None else his
            mine = np.zeros_like(his) if mine is None else mine
            word = "gradient" if what == "gradients" else "second gradient"
            if mine.shape != his.shape or mine.dtype != his.dtype:
                record.fail(word, label, f"{mine.dtype}{mine.shape} for input {i}, torch's {his.dtype}{his.shape}")
                continue
            # a NaN in torch's gradient is no answer, for the limit may well exist; at a NaN there is none
            free = np.isnan(his) | np.isnan(numbers(translate.leaves()[i]))
            if theirs.arrays[0].shape == his.shape and theirs.arrays[0].dtype.kind == "f":
                free |= np.isnan(theirs.arrays[0])      # outside a function's domain
            text = difference(entry, mine, his, lambda w=what, i=i: (getattr(question.wider(), w) or {i: None})[i],
                              free=free, scaled=any(mine.size < result.size for result in theirs.arrays))
            if text:
                record.fail(word, label, f"input {i}: {text}")


# ---- all samples of an entry -----------------------------------------------------------------------

def thinned(samples, most):
    """At most so many, taken evenly."""
    samples = list(samples)
    if len(samples) <= most:
        return samples
    return [samples[i] for i in np.linspace(0, len(samples) - 1, most).astype(int)]


def seed():
    """The bank draws from all three. Its own iterators look at the whole stack before each sample: too slow."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def turns(layouts, number, count):
    """The layouts for a question of so many: all where these are few, else the first and one that changes."""
    if FULL or count <= FEW or len(layouts) < 2:
        return layouts
    return [layouts[0], layouts[1 + number % (len(layouts) - 1)]]


def samples_of(entry, op, dtype, gradients, most):
    """The entry's samples, the further ones it holds for comparisons with a reference, and ours."""
    from torch.testing._internal.opinfo.core import SampleInput
    seed()
    samples = list(op.sample_inputs_func(op, "cpu", dtype, gradients))
    references = []
    if op.reference_inputs_func is not None and most > BRIEF:
        try:
            references = list(op.reference_inputs_func(op, "cpu", dtype, gradients))
        except Exception:
            references = list(op.reference_inputs_func(op, "cpu", dtype, False))
        references = references[len(samples):]
    extras = []
    if dtype.is_floating_point and entry in shelf.EXTRA:
        extras = [SampleInput(x, args=args, kwargs=kwargs)
                  for x, args, kwargs in shelf.EXTRA[entry](torch, dtype, gradients)]
    samples = thinned(samples, most) + thinned(references, most) + extras
    large = [sample for sample in samples if isinstance(sample.input, torch.Tensor) and sample.input.numel() > LARGE]
    return samples if FULL else [sample for sample in samples if not any(sample is other for other in large[1:])]


def examine(record, op, ours, dtype, layouts=LAYOUTS, most=SAMPLES, theirs=None, labels=""):
    """Walks an entry's samples in one dtype."""
    entry = record.entry
    name = str(dtype).removeprefix("torch.")
    gradients = dtype.is_floating_point and op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
    gradients = gradients and entry not in shelf.NO_GRADIENT
    layouts = [layout for layout in layouts if layout.__name__ in shelf.LAYOUTS_OF.get(entry, (layout.__name__,))]
    with quietly():
        samples = samples_of(entry, op, dtype, gradients, most)
        for number, sample in enumerate(samples):
            reason = declined_sample(shelf.DECLINED_SAMPLES, entry, sample)
            if reason:
                record.declined[reason] += 1
                continue
            second = gradients and op.supports_gradgrad and name == "float64" and number < SECOND
            question = None
            for gradient, again in dict.fromkeys([(gradients, second), (gradients, False), (False, False)]):
                try:        # what torch cannot differentiate (twice) is asked without
                    question = Question(theirs or op.op, sample, number, gradient, again, shelf.WRITES.get(entry, ()))
                    second = again
                    break
                except Declined as reason:
                    refusal = str(reason)
                except Exception as error:
                    refusal = f"refused by torch itself ({type(error).__name__})"
            if question is None:
                record.declined[refusal] += 1
                continue
            label = f"{labels}{name}, {describe(sample)}"
            asked = layouts[:1] if question.is_large() else turns(layouts, number, len(samples))
            try:
                for layout in asked:
                    question.want_second = second and layout is contiguous
                    if layout is not contiguous:
                        question.answer.seconds = None
                    compare(record, question, ours, layout, f"{layout.__name__} {label}")
            except Declined as reason:
                record.declined[str(reason)] += 1
                continue
            record.samples += 1
            record.layouts.update(layout.__name__ for layout in asked)
            record.dtypes.add(name)
            record.gradients += question.answer.gradients is not None
            record.seconds += second and question.answer.gradients is not None


def examine_errors(record, op, ours):
    """Where PyTorch refuses a sample, minigrad must, too."""
    if op.error_inputs_func is None:
        return
    with quietly():
        seed()
        for error in op.error_inputs_func(op, "cpu"):
            sample = error.sample_input
            reason = declined_sample(shelf.ANSWERED, record.entry, sample)
            if reason:
                record.declined[reason] += 1
                continue
            try:
                Theirs().call(op.op, sample)
                record.declined["torch's bank expects an error that does not come"] += 1
                continue
            except Exception as refused:
                theirs = f"torch's {type(refused).__name__}: " + str(refused).strip().split("\n")[0]
            try:
                got = Ours().call(ours, sample)
            except Declined as reason:
                record.declined[str(reason)] += 1
                continue
            except ERRORS:
                pass
            except Exception as other:
                record.fail("error", describe(sample), f"raised {type(other).__name__}: {other}")
            else:
                shapes = [tuple(r.shape) if isinstance(r, mg.Tensor) else r for r in got]
                record.fail("error", describe(sample), f"gave {shapes}; {theirs}")
            record.errors += 1


def declined_sample(table, entry, sample):
    return next((reason for reason, test in table.get(entry, ()) if test(sample)), None)


def describe(sample):
    """The call in a line: shapes of tensors, values of everything else."""

    def word(value):
        if isinstance(value, torch.Tensor):
            values = f"={value.detach().flatten().tolist()}" if value.numel() <= 4 else ""
            return f"{dtype_name(value)}{list(value.shape)}{values}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(map(word, value)) + "]"
        return repr(value)

    parts = [word(sample.input), *map(word, sample.args), *[f"{k}={word(v)}" for k, v in sample.kwargs.items()]]
    return "(" + ", ".join(parts)[:300] + ")"
