"""Sums of products over named axes, by way of matrix products; so their gradients are those of matmul.

    einsum("bij,bjk->bik", x, y)

Two operands at a time: an axis that only one of them has, and that is not asked for, is summed
away at once. Of the axes that both have, those still asked for stand in front (batch), the
others are summed by the product itself:

    (batch, only left, summed) @ (batch, summed, only right) -> (batch, only left, only right)
"""
from math import prod

import numpy as np

from minigrad.tensor import Tensor, axis_of, check_tensors, describe, method

# ---- reading an equation ---------------------------------------------------------------------------------------

def _read_equation(equation, xs):
    """("ij,jk->ik", [x, y]) as ([[i, j], [j, k]], [i, k]); the axes of an ellipsis get the names -n ... -1."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands, got {len(xs)}")
    names = [_read_term(equation, term, x) for term, x in zip(terms, xs, strict=True)]
    if arrow:
        widest = max(sum(isinstance(n, int) for n in of) for of in names)
        return names, _read_term(equation, right, None, widest)
    # without it: the ellipsis, then in alphabetical order what is named once
    named = [n for of in names for n in of]
    return names, (sorted({n for n in named if isinstance(n, int)})
                   + sorted(n for n in set(named) if isinstance(n, str) and named.count(n) == 1))


def _read_term(equation, term, x, widest=0):
    before, dots, behind = term.partition("...")
    letters = before + behind
    if letters and not (letters.isalpha() and letters.isascii()):
        raise ValueError(f"einsum: axes are named by letters, with one '...' for those not named; got {term!r} in "
                         f"{equation!r}")
    if x is not None:
        widest = x.ndim - len(letters)
        if widest < 0 or (widest and not dots):
            raise ValueError(f"einsum: {term!r} in {equation!r} names {len(letters)} axes, the operand is "
                             f"{describe(x)}")
    return [*before, *(range(-widest, 0) if dots else ()), *behind]


def _read_lists(arguments):
    """(x, [0, 1], y, [1, 2], [0, 2]) as the operands and their equation."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    def spelled(items):
        return "".join("..." if item is Ellipsis else letters[item] for item in items)

    try:
        equation = ",".join(spelled(items) for items in arguments[1::2])
        if len(arguments) % 2:
            equation += "->" + spelled(arguments[-1])
    except (TypeError, IndexError):
        raise ValueError("einsum: after each operand comes a list of its axes' numbers, each from 0 to 51") from None
    return arguments[:len(arguments) // 2 * 2:2], equation


# ---- computing it ------------------------------------------------------------------------------------------------

def _diagonals(x, names):
    """An operand that names an axis twice, as the diagonal of the two."""
    for name in set(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(f"einsum: axis {name!r} is named twice, with lengths {x.shape[first]} and "
                                 f"{x.shape[second]}")
            rest = [i for i in range(len(names)) if i not in (first, second)]
            along = np.arange(x.shape[first])
            x = x.permute([first, second, *rest])[along, along]
            names = [name] + [names[i] for i in rest]
    return x, names


def _summed(x, names, wanted):
    """Without the axes that nobody wants; gives the names that are left."""
    gone = [i for i, name in enumerate(names) if name not in wanted]
    return x.sum(gone) if gone else x, [name for name in names if name in wanted]


def _arranged(x, names, order):
    return x if names == order else x.permute([names.index(name) for name in order])


def _pair(a, of_a, b, of_b, wanted, lengths):
    """The sum of products of two operands over the axes that are not wanted any more."""
    a, of_a = _summed(a, of_a, wanted.union(of_b))
    b, of_b = _summed(b, of_b, wanted.union(of_a))
    both = [name for name in of_a if name in of_b]
    batch = [name for name in both if name in wanted]
    inner = [name for name in both if name not in wanted]
    left = [name for name in of_a if name not in both]
    right = [name for name in of_b if name not in both]
    a, b = _arranged(a, of_a, batch + left + inner), _arranged(b, of_b, batch + inner + right)
    if not inner:                   # nothing to sum: a product of elements
        a = a.reshape(tuple(a.shape) + (1,) * len(right))
        b = b.reshape(tuple(b.shape)[:len(batch)] + (1,) * len(left) + tuple(b.shape)[len(batch):])
        return a * b, batch + left + right

    def of(names):
        return [lengths[name] for name in names]

    a = a.expand(of(batch + left + inner))      # a length of 1 meets any other
    b = b.expand(of(batch + inner + right))
    stack = (prod(of(batch)),) if batch else ()
    m, k, n = prod(of(left)), prod(of(inner)), prod(of(right))
    y = a.reshape(*stack, m, k) @ b.reshape(*stack, k, n)
    return y.reshape(of(batch + left + right)), batch + left + right


def einsum(*arguments):
    """Sums of products over named axes: einsum("bij,bjk->bik", x, y) is a product for each pair of a stack.

    Each operand's axes are named by letters; axes named alike are multiplied, and those not
    named behind -> are summed. A letter twice in an operand takes its diagonal; "..." stands
    for axes not named, which broadcast; without -> the result has the axes named once, in
    alphabetical order. einsum(x, [0, 1], y, [1, 2], [0, 2]) names them by numbers.
    """
    if not arguments:
        raise TypeError("einsum: expected an equation and operands, such as einsum('ij,jk->ik', x, y)")
    if isinstance(arguments[0], str):
        equation, *xs = arguments
        if len(xs) == 1 and isinstance(xs[0], (tuple, list)):
            xs = list(xs[0])
    else:
        xs, equation = _read_lists(list(arguments))
    check_tensors("einsum", *xs)
    if not xs:
        raise ValueError("einsum: expected at least one operand")
    names, output = _read_equation(equation, xs)
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: the result names an axis twice in {equation!r}")
    lengths = {}
    for i, (x, of) in enumerate(zip(xs, names, strict=True)):
        xs[i], names[i] = x, of = _diagonals(x, of)
        for name, n in zip(of, x.shape, strict=True):
            if lengths.setdefault(name, n) != n and n != 1 and lengths[name] != 1:
                raise ValueError(f"einsum: axis {name!r} has lengths {lengths[name]} and {n} in {equation!r}")
            if n != 1:
                lengths[name] = n
    for name in output:
        if name not in lengths and isinstance(name, str):
            raise ValueError(f"einsum: the result's axis {name!r} is in no operand of {equation!r}")
    output = [name for name in output if name in lengths]
    y, of = xs[0], names[0]
    if len(xs) == 1:
        y, of = _summed(y, of, output)
    for i in range(1, len(xs)):
        y, of = _pair(y, of, xs[i], names[i], set(output).union(*names[i + 1:]), lengths)
    y, of = _summed(y, of, output)
    return _arranged(y, of, output)


# ---- its relatives ------------------------------------------------------------------------------------------------

def tensordot(a, b, dims=2):
    """Sums of products over axes of a and b: the last `dims` of a and the first of b, or
    dims = (axes of a, axes of b)."""
    check_tensors("tensordot", a, b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: dims is at least 0 and at most the number of axes of {tuple(a.shape)} and "
                             f"{tuple(b.shape)}, got {dims}")
        of_a, of_b = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        of_a, of_b = [[d] if isinstance(d, int) else d for d in dims]
        of_a, of_b = [axis_of(d, a.ndim) for d in of_a], [axis_of(d, b.ndim) for d in of_b]
    if len(of_a) != len(of_b) or len(set(of_a)) != len(of_a) or len(set(of_b)) != len(of_b):
        raise ValueError(f"tensordot: dims names as many axes of a as of b, each once; got {dims}")
    names_a, names_b = [("a", i) for i in range(a.ndim)], [("b", i) for i in range(b.ndim)]
    lengths = dict(zip(names_a + names_b, a.shape + b.shape, strict=True))
    for i, j in zip(of_a, of_b, strict=True):
        m, n = a.shape[i], b.shape[j]
        if m != n and m != 1 and n != 1:
            raise ValueError(f"tensordot: axis {i} of {tuple(a.shape)} and axis {j} of {tuple(b.shape)} differ")
        names_b[j] = names_a[i]
        lengths[names_a[i]] = n if m == 1 else m
    free = [n for i, n in enumerate(names_a) if i not in of_a] + [n for i, n in enumerate(names_b) if i not in of_b]
    y, of = _pair(a, names_a, b, names_b, set(free), lengths)
    return _arranged(y, of, free)


@method
def kron(input, other):
    """The Kronecker product: each element of input times all of other, as one block of the result."""
    check_tensors("kron", input, other)
    rank = max(input.ndim, other.ndim)
    of_input = (1,) * (rank - input.ndim) + tuple(input.shape)
    of_other = (1,) * (rank - other.ndim) + tuple(other.shape)
    left = input.reshape([n for length in of_input for n in (length, 1)])
    right = other.reshape([n for length in of_other for n in (1, length)])
    return (left * right).reshape([m * n for m, n in zip(of_input, of_other, strict=True)])
