"""Sums of products over named axes, by way of matrix products; so their gradients are those of matmul.

    einsum("bij,bjk->bik", x, y)

Two operands at a time: an axis that only one of them has, and that is not asked for, is summed
away at once. Of the axes that both have, those still asked for stand in front (batch), the
others are summed by the product itself:

    (batch, only left, summed) @ (batch, summed, only right) -> (batch, only left, only right)
"""
from minigrad.tensor cimport Tensor, axis_of, describe

import numpy as np

from minigrad.tensor import method


# ---- reading an equation ---------------------------------------------------------------------------------------

cdef tuple _read_equation(str equation, list xs):
    """("ij,jk->ik", [x, y]) as ([[i, j], [j, k]], [i, k]); the axes of an ellipsis get the names -n ... -1."""
    cdef Tensor x
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands, got {len(xs)}")
    names = [_read_term(equation, term, x.rank, describe(x)) for term, x in zip(terms, xs)]
    if arrow:
        widest = max([sum([n < 0 for n in of if isinstance(n, int)]) for of in names])
        output = _read_term(equation, right, None, None, widest)
    else:                           # the ellipsis, then in alphabetical order what is named once
        all_names = [n for of in names for n in of]
        output = sorted({n for n in all_names if isinstance(n, int)})
        output += sorted([n for n in set(all_names) if isinstance(n, str) and all_names.count(n) == 1])
    return names, output


cdef list _read_term(str equation, str term, object rank, object what, object widest=None):
    before, dots, behind = term.partition("...")
    if not all([c.isalpha() and c.isascii() for c in before + behind]):
        raise ValueError(f"einsum: axes are named by letters, with one '...' for those not named; got {term!r} in "
                         f"{equation!r}")
    named = len(before) + len(behind)
    if rank is not None:
        if named > rank or (not dots and named != rank):
            raise ValueError(f"einsum: {term!r} in {equation!r} names {named} axes, the operand is {what}")
        widest = rank - named
    return [*before, *(range(-widest, 0) if dots else ()), *behind]


cdef tuple _read_lists(list arguments):
    """(x, [0, 1], y, [1, 2], [0, 2]) as the operands and their equation."""
    xs = arguments[0:2 * (len(arguments) // 2):2]
    lists = arguments[1::2]
    letters = [chr(c) for c in [*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]]

    def spelled(items):
        return "".join(["..." if item is Ellipsis else letters[item] for item in items])

    try:
        equation = ",".join([spelled(items) for items in lists])
        if len(arguments) % 2:
            equation += "->" + spelled(arguments[-1])
    except (TypeError, IndexError):
        raise ValueError("einsum: after each operand comes a list of its axes' numbers, each from 0 to 51") from None
    return xs, equation


# ---- computing it ------------------------------------------------------------------------------------------------

cdef tuple _diagonals(object x, list names):
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
            x = x.permute([first, second] + rest)[along, along]
            names = [name] + [names[i] for i in rest]
    return x, names


cdef object _summed(object x, list names, set wanted):
    """Without the axes that nobody wants; gives the names that are left."""
    gone = [i for i, name in enumerate(names) if name not in wanted]
    if gone:
        x = x.sum(gone)
    return x, [name for name in names if name in wanted]


cdef object _arranged(object x, list names, list order):
    return x if names == order else x.permute([names.index(name) for name in order])


cdef tuple _pair(object a, list of_a, object b, list of_b, set wanted, dict lengths):
    """The sum of products of two operands over the axes that are not wanted any more."""
    a, of_a = _summed(a, of_a, wanted | set(of_b))
    b, of_b = _summed(b, of_b, wanted | set(of_a))
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

    def size(names):
        n = 1
        for name in names:
            n *= lengths[name]
        return n

    a = a.expand([lengths[name] for name in batch + left + inner])      # a length of 1 meets any other
    b = b.expand([lengths[name] for name in batch + inner + right])
    if batch:
        stack = (size(batch),)
    else:
        stack = ()
    y = a.reshape(*stack, size(left), size(inner)) @ b.reshape(*stack, size(inner), size(right))
    return y.reshape([lengths[name] for name in batch + left + right]), batch + left + right


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
        equation, xs = arguments[0], list(arguments[1:])
        if len(xs) == 1 and isinstance(xs[0], (tuple, list)):
            xs = list(xs[0])
    else:
        xs, equation = _read_lists(list(arguments))
    for x in xs:
        if not isinstance(x, Tensor):
            raise TypeError(f"einsum: expected tensors, got {type(x).__name__}")
    if not xs:
        raise ValueError("einsum: expected at least one operand")
    names, output = _read_equation(equation, xs)
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: the result names an axis twice in {equation!r}")
    for i in range(len(xs)):
        xs[i], names[i] = _diagonals(xs[i], names[i])
    lengths = {}
    for x, of in zip(xs, names):
        for name, n in zip(of, x.shape):
            if lengths.setdefault(name, n) != n and n != 1 and lengths[name] != 1:
                raise ValueError(f"einsum: axis {name!r} has lengths {lengths[name]} and {n} in {equation!r}")
            if n != 1:
                lengths[name] = n
    for name in output:
        if name not in lengths:
            if isinstance(name, str):
                raise ValueError(f"einsum: the result's axis {name!r} is in no operand of {equation!r}")
    output = [name for name in output if name in lengths]
    y, of = xs[0], names[0]
    if len(xs) == 1:
        y, of = _summed(y, of, set(output))
    for i in range(1, len(xs)):
        wanted = set(output).union(*names[i + 1:])
        y, of = _pair(y, of, xs[i], names[i], wanted, lengths)
    y, of = _summed(y, of, set(output))
    return _arranged(y, of, output)


# ---- its relatives ------------------------------------------------------------------------------------------------

def tensordot(a, b, dims=2):
    """Sums of products over axes of a and b: the last `dims` of a and the first of b, or
    dims = (axes of a, axes of b)."""
    cdef Tensor x = a, y = b
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(x.rank, y.rank):
            raise ValueError(f"tensordot: dims is at least 0 and at most the number of axes of {tuple(x.shape)} and "
                             f"{tuple(y.shape)}, got {dims}")
        of_x, of_y = list(range(x.rank - dims, x.rank)), list(range(dims))
    else:
        of_x, of_y = [[d] if isinstance(d, int) else list(d) for d in dims]
        of_x, of_y = [axis_of(d, x.rank) for d in of_x], [axis_of(d, y.rank) for d in of_y]
    if len(of_x) != len(of_y) or len(set(of_x)) != len(of_x) or len(set(of_y)) != len(of_y):
        raise ValueError(f"tensordot: dims names as many axes of a as of b, each once; got {dims}")
    names_x, names_y = [("a", i) for i in range(x.rank)], [("b", i) for i in range(y.rank)]
    lengths = dict(zip(names_x + names_y, tuple(x.shape) + tuple(y.shape)))
    for i, j in zip(of_x, of_y):
        if x.length[i] != y.length[j] and x.length[i] != 1 and y.length[j] != 1:
            raise ValueError(f"tensordot: axis {i} of {tuple(x.shape)} and axis {j} of {tuple(y.shape)} differ")
        names_y[j] = names_x[i]
        lengths[names_x[i]] = y.length[j] if x.length[i] == 1 else x.length[i]
    free = [n for i, n in enumerate(names_x) if i not in of_x] + [n for i, n in enumerate(names_y) if i not in of_y]
    result, of = _pair(x, names_x, y, names_y, set(free), lengths)
    return _arranged(result, of, free)


@method
def kron(input, other):
    """The Kronecker product: each element of input times all of other, as one block of the result."""
    cdef Tensor x = input, y = other
    rank = max(x.rank, y.rank)
    lengths_x, lengths_y = (1,) * (rank - x.rank) + tuple(x.shape), (1,) * (rank - y.rank) + tuple(y.shape)
    x = x.reshape([n for pair in zip(lengths_x, (1,) * rank) for n in pair])
    y = y.reshape([n for pair in zip((1,) * rank, lengths_y) for n in pair])
    return (x * y).reshape([m * n for m, n in zip(lengths_x, lengths_y)])
