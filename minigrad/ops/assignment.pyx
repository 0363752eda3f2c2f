"""Changes in place, and what they mean for gradients.

`x += y` computes x + y as always and then puts the result where x was: its numbers into x's
memory, its Op into x's place in the graph. That is assign(), and every operation in place
is its ordinary self followed by it (inplace.py makes these).

A view shares memory with its base, so a change of one is a change of the other, and the graph
must know it, too:

    base = x * 1;  row = base[0];  row.mul_(2)

Now base was made by an operation that puts `row * 2` into the old base (ViewUpdate), and row
is once more a part of base (AsStrided). Other views of base are told when they are next used
(refresh): base counts the recorded changes, and each view remembers how many it has seen.
"""
from libc.stdint cimport uint64_t

from minigrad.autograd.engine cimport Op, recording, wants
from minigrad.tensor cimport (
    BOOL, MAX_RANK, Kind, Tensor, alias, copy_into, copy_of, describe, dtype_of, filled, is_floating, lend,
    new_tensor, operators, same_shape, view_as,
)

import numpy as np


cdef enum:
    LAST = 0xffffffff       # `since`: only the op that made the value


cpdef Tensor mark_view(Tensor y, Tensor x):
    if y.storage == x.storage and recording():
        # a leaf that requires grad is a beginning of its own, whatever memory it looks at
        y._base = x if x._base is None or (x.requires and x.maker is None) else x._base
        y.rewrites = y._base.rewrites
    return y


# ---- a part of a tensor's memory, as an operation -------------------------------------------------------

cdef class Place:
    """Where a view lies in its base: which elements, counted from the base's first."""
    cdef int rank
    cdef Py_ssize_t length[MAX_RANK]
    cdef Py_ssize_t step[MAX_RANK]
    cdef Py_ssize_t offset
    cdef Kind kind
    cdef int base_rank
    cdef Py_ssize_t base_length[MAX_RANK]

    cdef Tensor inside(self, Tensor base):
        """The same place in a dense tensor of the base's shape."""
        return view_as(base, self.rank, self.length, self.step, self.offset)


cdef Place _place(Tensor view, Tensor base):
    cdef Place place = Place.__new__(Place)
    cdef int i
    if not base.dense:
        raise RuntimeError(
            "in place: a view of a tensor that has gaps in its memory was changed while recording; change the "
            "tensor itself (base[index] = value), or a copy"
        )
    place.rank, place.base_rank, place.kind = view.rank, base.rank, base.kind
    place.offset = (view.ptr - base.ptr) // dtype_of(base.kind).itemsize
    for i in range(view.rank):
        place.length[i], place.step[i] = view.length[i], view.step[i]
    for i in range(base.rank):
        place.base_length[i] = base.length[i]
    return place


cdef class AsStrided(Op):
    """y = the elements of x at a place; a view
    dx = 0, with dy added in at that place
    """
    cdef Place place

    cdef backward(self, Tensor dy):
        return _add_at(dy, self.place)


cdef class AddAt(Op):
    """y = zeros with dy added in at a place (an element seen twice gets both)
    d(dy) = y's gradient at that place
    """
    cdef Place place

    cdef Tensor forward(self, Tensor dy):
        cdef Tensor dx = new_tensor(dy.kind, self.place.base_rank, self.place.base_length)
        array = lend(dx)
        array[...] = 0
        flat = array.reshape(-1)
        counted = np.lib.stride_tricks.as_strided(
            np.arange(dx.n)[self.place.offset:], [self.place.length[i] for i in range(self.place.rank)],
            [self.place.step[i] * 8 for i in range(self.place.rank)],
        ) if dy.n else np.zeros(tuple(dy.shape), np.int64)
        np.add.at(flat, counted, lend(dy))
        return dx

    cdef backward(self, Tensor ddy):
        return _as_strided(ddy.contiguous(), self.place)


cdef Tensor _as_strided(Tensor base, Place place):
    cdef AsStrided op = AsStrided.__new__(AsStrided)
    op.place = place
    return op.record(place.inside(base), base)


cdef Tensor _add_at(Tensor part, Place place):
    cdef AddAt op = AddAt.__new__(AddAt)
    op.place = place
    return op.record(op.forward(part), part)


cdef class ViewUpdate(Op):
    """y = base, with v at a place
    dbase = dy with 0 at that place;  dv = dy at that place
    """
    cdef Place place

    cdef backward(self, Tensor dy):
        cdef Tensor dbase = None, dv = None
        dy = dy.contiguous()
        if self.needs(1):
            dv = _as_strided(dy, self.place)
        if self.needs(0):
            part = _as_strided(dy, self.place)
            dbase = dy - _add_at(part, self.place)
        return dbase, dv

    def name(self):
        return "CopySlices"


cdef int refresh(Tensor view) except -1:
    """Makes a view that has missed a recorded change of its base a part of the new base."""
    cdef Tensor base = view._base
    cdef Tensor renewed
    if view.rewrites == base.rewrites:
        return 0
    view.rewrites = base.rewrites
    if not base.requires:
        return 0
    renewed = _as_strided(base, _place(view, base)) if recording() else None
    if renewed is None:
        view.rewrites -= 1      # not recording now: to be done at the next use
        return 0
    view.maker = renewed.maker
    view.requires = renewed.requires
    return 0


operators.refresh = refresh


# ---- assign -----------------------------------------------------------------------------------------------

cdef class Overwrite(Op):
    """y = v, where x was
    dx = 0, dv = dy
    """
    cdef Tensor forward(self, Tensor v):
        return alias(v)

    cdef backward(self, Tensor dy):
        return filled(dy, 0.0) if self.needs(0) else None, dy if self.needs(1) else None

    def name(self):
        return "CopyBackwards"


cpdef Tensor instead_of(Tensor x, Tensor v):
    """v, recorded as what x is overwritten with: x's gradient is then 0."""
    cdef Overwrite op = Overwrite.__new__(Overwrite)
    return op.record(op.forward(v), x, v)


cpdef object assign(Tensor x, object value, uint64_t since=LAST):
    """x <- value, in x's own memory; what is recorded of value is from now on recorded of x.

    since: how many ops had been made (ops_made()) before those that made value, where these are several.
    value may lie in x's memory already, where x was (an alias of it, recorded); then nothing is copied.
    """
    cdef Tensor result = value
    cdef Tensor base = x if x._base is None else x._base
    check_assignable(x)
    if not same_shape(x, result):
        raise ValueError(f"in place: the result has shape {tuple(result.shape)} and does not fit into {describe(x)}")
    if (is_floating(result.kind) and not is_floating(x.kind)) or (x.kind == BOOL and result.kind != BOOL):
        raise TypeError(f"in place: a result of {dtype_of(result.kind)} does not fit into {describe(x)}")
    if not recording() or not (wants(x) or wants(result) or base.requires):
        _write(x, result)
        return x
    if result.maker is not None:
        _keep_for_backward(x, <Op>result.maker, since)
    if result.kind != x.kind:
        result = result.to(x.dtype)
    if x is base:
        if x.requires and not result.requires:
            result = instead_of(x, result)
        _write(x, result)
        x.maker, x.requires = result.maker, result.requires
    else:
        _update_base(base, x, result)
    base.rewrites += 1
    x.rewrites = base.rewrites
    return x


cpdef int check_assignable(Tensor x) except -1:
    """Refuses a change in place that could not be recorded, or has no one place to go to."""
    cdef Tensor base = x if x._base is None else x._base
    cdef int i
    if recording() and ((base.requires and base.maker is None) or (x.requires and x.maker is None)):
        raise RuntimeError(
            "a leaf that requires grad was changed in place while recording; wrap the update in "
            "`with minigrad.no_grad():`"
        )
    for i in range(x.rank if x.n else 0):
        if x.step[i] == 0 and x.length[i] > 1:
            raise RuntimeError(
                f"in place: this tensor ({describe(x)}) was expanded, so several of its elements are one place in "
                "memory; change a copy (x.clone())"
            )
    return 0


cdef int _write(Tensor x, Tensor result) except -1:
    """result into x's memory, unless it is there."""
    cdef int i
    if result.ptr == x.ptr and result.storage == x.storage and result.kind == x.kind:
        for i in range(x.rank):
            if x.length[i] > 1 and x.step[i] != result.step[i]:
                break
        else:
            return 0
    return copy_into(x, result)


cdef int _keep_for_backward(Tensor x, Op newest, uint64_t since) except -1:
    """What an op made after `since` has saved of x's memory is that memory as it was: it gets a copy."""
    cdef list ops = [newest], saved
    cdef set seen = {newest}
    cdef Tensor kept
    cdef Op op
    cdef Py_ssize_t i
    if since == LAST:
        since = newest.order - 1
    while ops:
        op = ops.pop()
        if op.order > since and op.saved is not None:
            saved = list(op.saved)
            for i in range(len(saved)):
                kept = saved[i]
                if kept is not None and kept.storage == x.storage:
                    saved[i] = _as_it_was(kept)
            op.saved = tuple(saved)
            op.note_versions()
        for to in op.edges or ():
            if isinstance(to, Op) and (<Op>to).order > since and to not in seen:
                seen.add(to)
                ops.append(to)
    return 0


cdef int _update_base(Tensor base, Tensor view, Tensor result) except -1:
    cdef ViewUpdate op = ViewUpdate.__new__(ViewUpdate)
    cdef Tensor part
    cdef Tensor before = alias(base)
    op.place = _place(view, base)
    before.maker, before.requires = base.maker, base.requires
    _write(view, result)
    op.record(base, before, result)
    part = _as_strided(base, op.place)
    view.maker, view.requires = part.maker, part.requires
    return 0


cdef Tensor _as_it_was(Tensor x):
    cdef Tensor before = copy_of(x)
    before.maker = x.maker
    before.requires = x.requires
    return before


cdef object _assign(Tensor x, object value):
    return assign(x, value)


operators.inplace = _assign
