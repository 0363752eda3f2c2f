"""Derivatives of functions: whole Jacobians and Hessians, and their products with vectors.

For y = f(x), J has a row for each element of y and a column for each of x: J[i, j] = dy_i / dx_j.
One backward walk gives one row of J, or any sum of rows (vjp); so a Jacobian costs as many
walks as y has elements.
"""

import minigrad
from minigrad.autograd.engine import enable_grad, grad


def _as_tuple(values, who, what):
    one = isinstance(values, minigrad.Tensor)
    values = (values,) if one else tuple(values)
    for value in values:
        if not isinstance(value, minigrad.Tensor):
            raise TypeError(f"{who}: expected {what} to be tensors, got {type(value).__name__}")
    return one, values


def _call(who, func, inputs, create_graph):
    """(one input?, inputs, one output?, outputs), with inputs cut off unless a graph is kept."""
    one_in, inputs = _as_tuple(inputs, who, "the inputs")
    with enable_grad():
        if create_graph:
            inputs = tuple(x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in inputs)
        else:
            inputs = tuple(x.detach().requires_grad_() for x in inputs)
        one_out, outputs = _as_tuple(func(*inputs), who, "the results of func")
    return one_in, inputs, one_out, outputs


def _grad(who, outputs, inputs, grad_outputs, create_graph, strict):
    """grad(), with zeros for inputs that were not used (an error if strict)."""
    used = [(y, g) for y, g in zip(outputs, grad_outputs, strict=True) if y.requires_grad]
    if not used:
        if strict:
            raise RuntimeError(f"{who}: the results do not depend on the inputs")
        return tuple(minigrad.zeros_like(x) for x in inputs)
    got = grad([y for y, _ in used], inputs, [g for _, g in used], retain_graph=True, create_graph=create_graph,
               allow_unused=True)
    if strict and any(g is None for g in got):
        missing = [i for i, g in enumerate(got) if g is None]
        raise RuntimeError(f"{who}: the results do not depend on input {missing[0]}")
    return tuple(minigrad.zeros_like(x) if g is None else g for g, x in zip(got, inputs, strict=True))


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """All dy_i / dx_j of y = func(*inputs), of shape y.shape + x.shape.

    With several inputs or results: a tuple of these for each, results outermost.
    create_graph: the Jacobian can be differentiated. strict: an input that a result does not
    depend on is an error instead of zeros. vectorize and strategy are accepted; the way is
    always one backward walk an element of y.
    """
    one_in, inputs, one_out, outputs = _call("jacobian", func, inputs, create_graph)
    rows = []
    for y in outputs:
        columns = [[] for _ in inputs]
        for i in range(y.numel()):
            seed = minigrad.zeros(y.numel(), dtype=y.dtype)
            seed[i] = 1
            for column, g in zip(columns, _grad("jacobian", [y], inputs, [seed.reshape(y.shape)], create_graph, strict),
                                 strict=True):
                column.append(g)
        blocks = tuple(
            minigrad.stack(column).reshape(*y.shape, *x.shape) if column
            else minigrad.zeros(*y.shape, *x.shape, dtype=x.dtype)
            for column, x in zip(columns, inputs, strict=True)
        )
        rows.append(blocks[0] if one_in else blocks)
    return rows[0] if one_out else tuple(rows)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """All second derivatives of a func that gives one number: the Jacobian of its gradient."""
    one_in, _ = _as_tuple(inputs, "hessian", "the inputs")

    def gradient(*xs):
        y = func(*xs)
        _check_one_number("hessian", y)
        got = _grad("hessian", [y], xs, [minigrad.ones_like(y)], True, strict)
        return got[0] if one_in else got

    return jacobian(gradient, inputs, create_graph, strict)


def _check_one_number(who, y):
    if not isinstance(y, minigrad.Tensor) or y.numel() != 1:
        raise ValueError(f"{who}: func must give a tensor of one element, got "
                         f"{tuple(y.shape) if isinstance(y, minigrad.Tensor) else type(y).__name__}")


def _direction(who, v, like):
    """The vectors to multiply with: v, or 1 for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise ValueError(f"{who}: v may be left out only where it would be a single number; give v of shape "
                             f"{[tuple(x.shape) for x in like]}")
        return tuple(minigrad.ones_like(x) for x in like)
    _, v = _as_tuple(v, who, "v")
    if [tuple(t.shape) for t in v] != [tuple(x.shape) for x in like]:
        raise ValueError(f"{who}: expected v of shape {[tuple(x.shape) for x in like]}, got "
                         f"{[tuple(t.shape) for t in v]}")
    return v


def _unpack(one, values):
    return values[0] if one else values


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v J): one backward walk that starts with v, of the results' shapes."""
    one_in, inputs, one_out, outputs = _call("vjp", func, inputs, create_graph)
    product = _grad("vjp", outputs, inputs, _direction("vjp", v, outputs), create_graph, strict)
    return _given(one_out, outputs, create_graph), _unpack(one_in, product)


def _given(one, outputs, create_graph):
    return _unpack(one, outputs if create_graph else tuple(y.detach() for y in outputs))


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), J v): how the results change along v, of the inputs' shapes.

    By the trick of two backward walks: u J is linear in u, so its gradient with respect to u,
    taken in the direction v, is J v.
    """
    _, inputs, one_out, outputs = _call("jvp", func, inputs, create_graph)
    v = _direction("jvp", v, inputs)
    with enable_grad():
        u = tuple(minigrad.zeros_like(y).requires_grad_() for y in outputs)
        rows = _grad("jvp", outputs, inputs, u, True, strict)
        product = _grad("jvp", rows, u, v, create_graph, False)
    return _given(one_out, outputs, create_graph), _unpack(one_out, product)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), H v): the Hessian of a func that gives one number, times v."""
    one_in, inputs, _, outputs = _call("hvp", func, inputs, create_graph)
    _check_one_number("hvp", outputs[0])
    v = _direction("hvp", v, inputs)
    with enable_grad():
        gradient = _grad("hvp", outputs, inputs, [minigrad.ones_like(outputs[0])], True, strict)
        product = _grad("hvp", gradient, inputs, v, create_graph, strict)
    return _given(True, outputs, create_graph), _unpack(one_in, product)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v H): the same numbers as hvp(), as a Hessian is symmetric."""
    return hvp(func, inputs, v, create_graph, strict)
