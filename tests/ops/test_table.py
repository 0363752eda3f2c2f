"""Every row of the operations' table: values, first and second gradients, layouts, dtypes."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import Op
from minigrad.testing import gradcheck, gradgradcheck
from table import OPS

CASES = [pytest.param(row, shapes, id=f"{row}-{'-'.join(map(str, shapes))}") for row in OPS for shapes in row.shapes]


def contiguous(shape, draw):
    return draw(shape)


def transposed(shape, draw):
    """Fortran order: the strides grow from left to right."""
    return np.ascontiguousarray(draw(shape).T).T


def gapped(shape, draw):
    """Every second element of a larger array."""
    return draw(tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)]


def backwards(shape, draw):
    """Negative strides."""
    return draw(shape)[tuple(slice(None, None, -1) for _ in shape)]


LAYOUTS = [contiguous, transposed, gapped, backwards]


def arrays(row, shapes, layout=contiguous, dtype=np.float64):
    rng = np.random.default_rng(7)

    def draw(shape):
        return np.asarray(rng.uniform(*row.domain, shape)).astype(dtype)

    return [layout(shape, draw) if shape else draw(shape) for shape in shapes]


def leaves(values):
    return [mg.from_numpy(value).requires_grad_() for value in values]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("row, shapes", CASES)
def test_value_is_numpys(row, shapes, layout):
    if row.reference is None:
        pytest.skip("no short way to write it in NumPy; the oracle tests compare it with torch")
    values = arrays(row, shapes, layout)
    before = [value.copy() for value in values]
    with np.errstate(all="ignore"):
        expected = np.asarray(row.reference(*values))
    got = row.function(*[mg.from_numpy(value) for value in values])
    assert tuple(got.shape) == expected.shape
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, atol=1e-14)
    for value, old in zip(values, before, strict=True):
        np.testing.assert_array_equal(value, old)


@pytest.mark.parametrize("row, shapes", CASES)
def test_float32_stays_float32_and_agrees_with_float64(row, shapes):
    values = arrays(row, shapes, dtype=np.float32)
    got = row.function(*[mg.tensor(value) for value in values])
    if "eval" not in row.name:      # its running statistics are float64, and must then be refused or used
        assert got.dtype == mg.float32
    expected = row.function(*[mg.tensor(value.astype(np.float64)) for value in values])
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("row, shapes", CASES)
def test_gradient_agrees_with_finite_differences(row, shapes, layout):
    assert gradcheck(row.function, leaves(arrays(row, shapes, layout)), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("row, shapes", CASES)
def test_second_gradient_agrees_with_finite_differences(row, shapes):
    assert gradgradcheck(row.function, leaves(arrays(row, shapes)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("row, shapes", CASES)
def test_the_fused_gradient_is_the_composed_one(row, shapes):
    """backward() uses kernels; a backward that is recorded is composed of operations."""
    values = arrays(row, shapes)
    y = row.function(*(x := leaves(values)))
    dy = mg.from_numpy(np.asarray(np.random.default_rng(3).standard_normal(tuple(y.shape))))
    fused = mg.autograd.grad(y, x, dy, allow_unused=True)
    y = row.function(*(x := leaves(values)))
    composed = mg.autograd.grad(y, x, dy, create_graph=True, allow_unused=True)
    for one, other in zip(fused, composed, strict=True):
        if one is not None or other is not None:
            np.testing.assert_allclose(one.numpy(), other.detach().numpy(), rtol=1e-10, atol=1e-12)


def ops_behind(tensors):
    """The names of all operations that the tensors were made with."""
    seen, names, stack = set(), set(), [t.grad_fn for t in tensors if t is not None]
    while stack:
        op = stack.pop()
        if isinstance(op, Op) and op not in seen:
            seen.add(op)
            names.add(type(op).__name__)
            stack += [edge for edge, _ in op.next_functions]
    return names


def test_every_operation_has_a_row():
    """A class that can be recorded but has no row would escape all of the above."""
    used = set()
    for row in OPS:
        for shapes in row.shapes:
            y = row.function(*(x := leaves(arrays(row, shapes))))
            used |= ops_behind([y])
            dy = mg.ones_like(y).requires_grad_()
            dx = [g for g in mg.autograd.grad(y, x, dy, create_graph=True, allow_unused=True) if g is not None]
            used |= ops_behind(dx)
            ddx = [g for g in dx if g.requires_grad]
            if ddx:
                used |= ops_behind(mg.autograd.grad(ddx, [*x, dy], ddx, create_graph=True, allow_unused=True))
    # a class that others extend is no operation of its own
    defined = {
        value.__name__
        for room in vars(mg.ops).values()
        if getattr(room, "__name__", "").startswith("minigrad.ops.")
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, Op) and value.__module__ == room.__name__
        and not value.__subclasses__()
    }
    assert not defined - used
