"""Checks for gradients and for numbers: gradcheck, gradgradcheck, assert_close.

How a gradient is checked. For a function f of one number, Taylor's series at x gives

    f(x + h) = f(x) + h f'(x) + h^2/2 f''(x) + h^3/6 f'''(x) + ...
    f(x - h) = f(x) - h f'(x) + h^2/2 f''(x) - h^3/6 f'''(x) + ...

One-sided, (f(x + h) - f(x)) / h misses f' by h/2 f''. In the central difference the even
terms cancel:

    (f(x + h) - f(x - h)) / 2h = f'(x) + h^2/6 f'''(x) + ...

With h = 1e-6 that error is about 1e-12, so the wrong and the right derivative are easily
told apart. But both values of f are rounded, to about u |f| with u the dtype's precision,
and dividing by h magnifies this to u |f| / h:

    float64    u = 1e-16    u / h = 1e-10    far below a tolerance of 1e-5
    float32    u = 6e-8     u / h = 0.06     the difference is mostly rounding

This is why a check wants float64 inputs, whatever the network will be trained in.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from minigrad import autograd
from minigrad.tensor import Tensor, float16, float32, float64, tensor

__all__ = ["GradcheckError", "assert_close", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient that does not agree with finite differences."""


# ---- gradients --------------------------------------------------------------------------------

def gradcheck(
    func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
    check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
    check_batched_forward_grad=False, check_forward_ad=False, check_backward_ad=True,
    fast_mode=False, masked=None,
):
    """Compares every derivative that backward gives with a central difference.

        |backward - difference| <= atol + rtol |difference|

    func: takes inputs, gives a tensor or a sequence of tensors; it must give the same result
    for the same inputs (nondet_tol says how nearly).
    inputs: a tensor or a sequence; those that require grad are checked, must be float64, and
    are changed and restored one element at a time. Any strides and lengths of 0 are allowed.
    eps: half the distance of the two points that a difference is taken between.
    raise_exception: raise on disagreement, or else give False.
    fast_mode, masked and the check_... that are on by default are accepted: the check is always
    the complete one. Forward-mode and batched gradients do not exist here; asking for
    them is an error.

    Gives True. Errors: GradcheckError names the input, the output, the indices of both and
    the two numbers; ValueError for inputs that cannot be checked.
    """
    _refuse(
        "gradcheck", check_batched_grad=check_batched_grad, check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad, check_backward_ad=not check_backward_ad,
    )
    try:
        _Check("gradcheck", func, _listed(inputs), eps, atol, rtol, nondet_tol).run()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, gen_non_contig_grad_outputs=False,
    raise_exception=True, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=False,
    check_batched_grad=False, check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False, masked=False,
):
    """Checks second derivatives: gradcheck of the function that gives the first ones,

        (inputs, grad_outputs) -> grad(func(inputs), inputs, grad_outputs, create_graph=True)

    which is checked with respect to grad_outputs as well, that is, as a function of dy.

    grad_outputs: dy for each output that requires grad; random numbers where None.
    gen_non_contig_grad_outputs: make these non-contiguous.
    The other arguments, the result and the errors are gradcheck's.
    """
    who = "gradgradcheck"
    _refuse(
        who, check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev,
        check_rev_over_rev=not check_rev_over_rev,
    )
    inputs = _listed(inputs)
    wanted = _checked_inputs(who, inputs)
    outputs = [y for _, y in _outputs(who, func, inputs) if y.requires_grad]
    if grad_outputs is None:
        rng = np.random.default_rng(0)      # of its own: a check draws nothing from the seed
        grad_outputs = [_random_like(rng, y, gen_non_contig_grad_outputs) for y in outputs]
    grad_outputs = _listed(grad_outputs)
    if len(grad_outputs) != len(outputs):
        raise ValueError(
            f"{who}: got {len(grad_outputs)} grad_outputs for the {len(outputs)} outputs that require grad"
        )

    def gradient(*arguments):
        given, dys = arguments[:len(inputs)], arguments[len(inputs):]
        ys = [y for _, y in _outputs(who, func, given) if y.requires_grad]
        xs = [given[i] for i in wanted]
        return autograd.grad(ys, xs, list(dys), create_graph=True, materialize_grads=True) if ys else ()

    names = [f"input {i}" for i in range(len(inputs))] + [f"grad_output {i}" for i in range(len(grad_outputs))]
    results = [f"the gradient of input {i}" for i in wanted]
    try:
        _Check(who, gradient, inputs + grad_outputs, eps, atol, rtol, nondet_tol, names, results).run()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


class _Check:
    """One gradcheck: func at inputs, the names of what goes in and comes out."""

    def __init__(self, who, func, inputs, eps, atol, rtol, nondet_tol, input_names=None, output_names=None):
        self.who, self.func, self.inputs = who, func, inputs
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.input_names = input_names or [f"input {i}" for i in range(len(inputs))]
        self.output_names = output_names
        if not eps > 0:
            raise ValueError(f"{who}: eps must be above 0, got {eps}")

    def run(self):
        self.wanted = _checked_inputs(self.who, self.inputs, self.input_names)
        outputs = _outputs(self.who, self.func, self.inputs)
        for i, y in outputs:
            if y.requires_grad and y.dtype != float64:
                raise ValueError(
                    f"{self.who}: {self.output(i)} is {y.dtype}, so its differences are mostly rounding; "
                    "let func compute in its inputs' dtype, float64"
                )
        self.same_twice(outputs)
        backward = [self.backward_jacobians(i, y) for i, y in outputs]
        for k in self.wanted:
            differences = self.difference_jacobians(k, outputs)
            for (i, y), jacobians, difference in zip(outputs, backward, differences, strict=True):
                self.compare(i, y, k, jacobians[k], difference)
        for (i, y), jacobians in zip(outputs, backward, strict=True):
            self.linear(i, y, jacobians)

    def output(self, i):
        return self.output_names[i] if self.output_names else f"output {i}"

    def values(self):
        return [_array(y) for _, y in _outputs(self.who, self.func, self.inputs)]

    def same_twice(self, outputs):
        """Differences of a function that draws random numbers say nothing."""
        again = self.values()
        for (i, y), second in zip(outputs, again, strict=True):
            first = _array(y)
            if first.shape != second.shape or _largest(first, second) > self.nondet_tol:
                raise GradcheckError(
                    f"{self.who}: {self.output(i)} differs between two calls with the same inputs, by "
                    f"{_largest(first, second):.6g} (nondet_tol is {self.nondet_tol:g}); if func draws random "
                    "numbers (dropout?), let it set the seed itself"
                )

    def gradient(self, y, dy):
        """dy's gradients for the wanted inputs, {k: array}."""
        xs = [self.inputs[k] for k in self.wanted]
        if not y.requires_grad:
            return {k: np.zeros(x.shape) for k, x in zip(self.wanted, xs, strict=True)}
        got = autograd.grad(y, xs, tensor(dy), retain_graph=True, allow_unused=True)
        result = {}
        for k, x, g in zip(self.wanted, xs, got, strict=True):
            if g is not None and g.shape != x.shape:
                raise GradcheckError(
                    f"{self.who}: the gradient of {self.input_names[k]} has shape {tuple(g.shape)}, "
                    f"the input {tuple(x.shape)}"
                )
            result[k] = np.zeros(x.shape) if g is None else _array(g).astype(np.float64)
        return result

    def backward_jacobians(self, i, y):
        """{k: (y.size, x.size) d y / d x_k}. Row j is the gradient of the j-th element."""
        jacobians = {k: np.zeros((y.numel(), self.inputs[k].numel())) for k in self.wanted}
        for j in range(y.numel()):
            dy = np.zeros(y.numel())
            dy[j] = 1
            dy = dy.reshape(y.shape)
            first = self.gradient(y, dy)
            for k, g in first.items():
                jacobians[k][j] = g.ravel()
            if j == 0 or self.nondet_tol:
                for k, g in self.gradient(y, dy).items():
                    if _largest(first[k], g) > self.nondet_tol:
                        raise GradcheckError(
                            f"{self.who}: backward is not deterministic: the gradient of {self.input_names[k]} differs "
                            f"between two walks from {self.output(i)}, by {_largest(first[k], g):.6g} "
                            f"(nondet_tol is {self.nondet_tol:g})"
                        )
        return jacobians

    def difference_jacobians(self, k, outputs):
        """For each output: (y.size, x.size), column by column from two calls of func."""
        x = _array(self.inputs[k])      # the tensor's own memory
        jacobians = [np.zeros((y.numel(), x.size)) for _, y in outputs]
        for column, at in enumerate(np.ndindex(x.shape)):
            value = x[at]
            try:
                x[at] = above = value + self.eps
                high = [y.astype(np.float64) for y in self.values()]
                x[at] = below = value - self.eps
                low = [y.astype(np.float64) for y in self.values()]
            finally:
                x[at] = value
            for jacobian, a, b in zip(jacobians, high, low, strict=True):
                with np.errstate(invalid="ignore", over="ignore"):
                    # x + eps and x - eps were rounded: their real distance is not quite 2 eps
                    jacobian[:, column] = ((a - b) / (above - below)).ravel()
        return jacobians

    def compare(self, i, y, k, backward, difference):
        with np.errstate(invalid="ignore"):
            error = np.abs(backward - difference)
            wrong = ~(error <= self.atol + self.rtol * np.abs(difference))
        if not wrong.any():
            return
        x = self.inputs[k]
        row, column = np.unravel_index(_argmax(np.where(wrong, error, -1.0)), error.shape)
        raise GradcheckError(
            f"{self.who}: d({self.output(i)}{_at(row, y.shape)}) / d({self.input_names[k]}{_at(column, x.shape)}): "
            f"backward gives {backward[row, column]:.10g}, central differences give "
            f"{difference[row, column]:.10g} (they differ by {error[row, column]:.3g}, allowed is "
            f"{self.atol:g} + {self.rtol:g} |difference|). {int(wrong.sum())} of {wrong.size} derivatives of "
            f"{self.output(i)} {tuple(y.shape)} by {self.input_names[k]} {tuple(x.shape)} are wrong"
            + ("" if y.requires_grad else "; the output does not require grad: is a part of func not recorded?")
        )

    def linear(self, i, y, jacobians):
        """A gradient is dy times the Jacobian for any dy, not only for one 1 among zeros."""
        dy = np.random.default_rng(i).standard_normal(y.shape)
        for k, g in self.gradient(y, dy).items():
            expected = (dy.ravel() @ jacobians[k]).reshape(g.shape)
            wrong = ~(np.abs(g - expected) <= self.atol + self.rtol * np.abs(expected))
            if wrong.any():
                at = np.unravel_index(int(np.argmax(wrong)), g.shape)
                raise GradcheckError(
                    f"{self.who}: the gradient of {self.input_names[k]} is not linear in the gradient dy of "
                    f"{self.output(i)}: at {_index(at)} it is {g[at]:.10g} for a random dy, dy times the Jacobian is "
                    f"{expected[at]:.10g}; does backward forget to multiply by dy?"
                )


def _refuse(who, **asked):
    for name, value in asked.items():
        if value:
            wrong = f"{name}=False leaves nothing to check" if name in ("check_backward_ad", "check_rev_over_rev") \
                else f"{name}=True asks for something that minigrad does not have"
            raise ValueError(f"{who}: {wrong}; leave it out")


def _listed(tensors):
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _checked_inputs(who, inputs, names=None):
    """The indices of the inputs that require grad; refuses those that cannot be checked."""
    wanted = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            f"{who}: none of the {len(inputs)} inputs is a tensor that requires grad, so there is nothing to check; "
            "make them with requires_grad=True"
        )
    for i in wanted:
        x = inputs[i]
        name = names[i] if names else f"input {i}"
        if x.dtype != float64:
            raise ValueError(
                f"{who}: {name} is {x.dtype}, where the difference of two rounded numbers divided by eps is mostly "
                "rounding; use dtype=minigrad.float64"
            )
        if any(length > 1 and step == 0 for length, step in zip(x.shape, x.stride(), strict=True)):
            raise ValueError(
                f"{who}: {name} {tuple(x.shape)} is expanded: several of its elements are one number in memory, which "
                "cannot be changed one at a time; use x.clone()"
            )
        if not _array(x).flags.writeable:
            raise ValueError(f"{who}: {name} lends a read-only array, and its elements must be changed; use x.clone()")
    return wanted


def _outputs(who, func, inputs):
    """[(number, tensor)] of what func gives: its tensors of a floating dtype."""
    result = func(*inputs)
    result = [result] if isinstance(result, Tensor) else result
    if not isinstance(result, (tuple, list)):
        raise ValueError(f"{who}: func must give a tensor or a sequence of tensors, got {type(result).__name__}")
    return [(i, y) for i, y in enumerate(result) if isinstance(y, Tensor) and y.is_floating_point()]


def _array(x):
    """The tensor's memory as an array, also where it is part of a graph."""
    return x.numpy(force=True)


def _random_like(rng, y, apart):
    values = tensor(rng.standard_normal((*y.shape, 2) if apart else y.shape), dtype=float64)
    return (values.select(-1, 0) if apart else values).detach().requires_grad_()


def _largest(a, b):
    """The largest difference of two arrays, where infinity and NaN equal themselves."""
    with np.errstate(invalid="ignore"):
        differ = np.where((a == b) | ((a != a) & (b != b)), 0.0, np.abs(a - b))
    return math.inf if np.isnan(differ).any() else float(differ.max(initial=0.0))


def _argmax(error):
    """The place of the largest; a NaN is larger than anything."""
    return int(np.argmax(np.where(np.isnan(error), np.inf, error)))


def _index(at):
    return "[" + ", ".join(str(int(i)) for i in at) + "]"


def _at(flat, shape):
    """"[1, 2]", or nothing for the only element of a tensor of no axes"""
    return _index(np.unravel_index(flat, tuple(shape))) if len(shape) else ""


# ---- numbers ----------------------------------------------------------------------------------

_TOLERANCES = {float16: (1e-3, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7)}


def assert_close(
    actual, expected, rtol=None, atol=None, *, allow_subclasses=True, equal_nan=False, check_device=True,
    check_dtype=True, check_layout=True, check_stride=False, msg=None,
):
    """Raises an AssertionError unless every element is near the one expected:

        |actual - expected| <= atol + rtol |expected|

    actual, expected: tensors, arrays, numbers, or sequences and mappings of these.
    rtol, atol: both or neither; by default, for the less precise of the two dtypes,

        float64    rtol 1e-7      atol 1e-7
        float32    rtol 1.3e-6    atol 1e-5
        float16    rtol 1e-3      atol 1e-5
        others     0, exactly equal

    equal_nan: a NaN equals a NaN. Infinities equal themselves.
    check_dtype, check_stride: these must be equal too.
    msg: the error's text, or a function that makes it from the usual one.

    Errors: the AssertionError says how many elements differ, where the largest difference
    lies, and the two numbers there. ValueError for one of rtol and atol without the
    other; TypeError for what cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing, given = ("rtol", "atol") if rtol is None else ("atol", "rtol")
        raise ValueError(f"assert_close: got {given} without {missing}; give both or neither")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is not None and not value >= 0:
            raise ValueError(f"assert_close: {name} must be at least 0, got {value}")
    options = {
        "rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype, "check_stride": check_stride,
        "allow_subclasses": allow_subclasses,
    }
    text = _difference(actual, expected, "", options)
    if text is not None:
        raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


def _difference(actual, expected, where, options):
    """What is wrong, or None; where: the way into nested sequences, such as "[0]['weight']"."""
    at = f"at {where}: " if where else ""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing, extra = [k for k in expected if k not in actual], [k for k in actual if k not in expected]
        if missing or extra:
            return f"assert_close: {at}the keys differ; actual lacks {missing} and has {extra} besides"
        pairs = [(repr(key), actual[key], expected[key]) for key in expected]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"assert_close: {at}actual has {len(actual)} items, expected {len(expected)}"
        pairs = [(i, a, e) for i, (a, e) in enumerate(zip(actual, expected, strict=True))]
    elif actual is None or expected is None:
        return None if actual is expected else f"assert_close: {at}{_called(actual)} is not {_called(expected)}"
    else:
        return _leaf_difference(actual, expected, at, options)
    for key, a, e in pairs:
        text = _difference(a, e, f"{where}[{key}]", options)
        if text is not None:
            return text
    return None


def _is_sequence(value):
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _called(value):
    return "None" if value is None else type(value).__name__


def _leaf(value, at):
    """A tensor, an array or a number as an array."""
    if isinstance(value, Tensor):
        return _array(value)
    if isinstance(value, (np.ndarray, np.generic, float, int, bool)):
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            return array
    raise TypeError(f"assert_close: {at}expected a tensor, an array, a number, a sequence or a mapping, "
                    f"got {type(value).__name__}")


def _leaf_difference(actual, expected, at, options):
    a, e = _leaf(actual, at), _leaf(expected, at)
    if not options["allow_subclasses"] and type(actual) is not type(expected):
        return f"assert_close: {at}the types differ, {type(actual).__name__} and {type(expected).__name__}"
    if a.shape != e.shape:
        return f"assert_close: {at}the shapes differ, {a.shape} and expected {e.shape}"
    if options["check_dtype"] and a.dtype != e.dtype:
        return f"assert_close: {at}the dtypes differ, {a.dtype} and expected {e.dtype}; check_dtype=False allows it"
    if options["check_stride"] and isinstance(actual, Tensor) and isinstance(expected, Tensor) \
            and actual.stride() != expected.stride():
        return f"assert_close: {at}the strides differ, {actual.stride()} and expected {expected.stride()}"

    rtol, atol = options["rtol"], options["atol"]
    if rtol is None:
        both = [_TOLERANCES[d] for d in _TOLERANCES if d.numpy in (a.dtype, e.dtype)]
        rtol, atol = (max(t[i] for t in both) if both else 0.0 for i in (0, 1))
    equal = a == e
    if options["equal_nan"]:
        equal = equal | ((a != a) & (e != e))
    with np.errstate(all="ignore"):
        # in double: neither the difference nor the bound is rounded to the dtype under test
        wide_a, wide_e = a.astype(np.float64), e.astype(np.float64)
        error = np.where(equal, 0.0, np.abs(wide_a - wide_e))
        relative = np.where(equal, 0.0, error / np.abs(wide_e))
        near = np.isfinite(wide_e) & (error <= atol + rtol * np.abs(wide_e)) & (atol + rtol > 0)
    wrong = ~(equal | near)
    if not wrong.any():
        return None
    count = int(wrong.sum())
    if a.ndim == 0:
        return (f"assert_close: {at}got {a.item()!r}, expected {e.item()!r}: they differ by {float(error):.6g} "
                f"(atol {atol:g}), relatively by {float(relative):.6g} (rtol {rtol:g})")
    largest, ratio = (np.unravel_index(_argmax(np.where(wrong, d, -1.0)), a.shape) for d in (error, relative))
    return (
        f"assert_close: {at}{count} of {a.size} elements ({100 * count / a.size:.1f} %) of shape {a.shape} differ\n"
        f"  the largest difference is {error[largest]:.6g} at {_index(largest)}: {a[largest].item()!r}, "
        f"expected {e[largest].item()!r} (atol {atol:g})\n"
        f"  the largest relative one is {relative[ratio]:.6g} at {_index(ratio)}: {a[ratio].item()!r}, "
        f"expected {e[ratio].item()!r} (rtol {rtol:g})"
    )
