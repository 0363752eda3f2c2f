"""Reverse-mode differentiation: Op, and the walk that carries gradients back.

How it works, in one example. After

    x = tensor(3.0, requires_grad=True);  y = x * x;  z = y + x

each result remembers the Op that made it (`z.grad_fn`), and each Op where the gradients of
its inputs have to go (`op.edges`): to the Op that made that input, or to the input itself
where it is a leaf.

    z.grad_fn = Add   edges: (Mul, x)          z.backward():   dz = 1
    y.grad_fn = Mul   edges: (x, x)              Add gives  dy = 1 to Mul, dx = 1 to x
                                                 Mul gives  dx = 3 and 3 to x:   x.grad = 7

An Op may run backward only when all gradients of its result have arrived, from everything
the result was used in. Those uses are newer than the Op itself, always. So Ops that something
has arrived at wait, and the walk takes the newest of them first: nothing newer is left that
could still contribute. There is no recursion and no sorting pass.

backward() of an Op takes and returns Tensors and is made of operations. While a graph of
the walk itself is being kept (create_graph=True) these are recorded like any others, and
that is all there is to gradients of gradients.

To add an operation, extend Op as ops/activation.pyx shows; CONTRIBUTING.md has the steps.
"""
cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t

from minigrad.kernels cimport K
from minigrad.tensor cimport (
    FLOAT64, Tensor, alias, cast, copy_of, describe, filled, operators, same_shape,
)

from minigrad.tensor import add_method, method

cdef extern from *:
    """
    /* Each thread says for itself whether it records, as one may train while another predicts. */
    static _Thread_local int minigrad_not_recording = 0;
    /* The edges that the walk running on this thread is for (its `needed`, a set); NULL: all. */
    static _Thread_local PyObject *minigrad_needed = 0;
    /* Whether that walk adds gradients to what is there: it records nothing and captures nothing. */
    static _Thread_local int minigrad_adding = 0;
    """
    bint minigrad_not_recording
    PyObject *minigrad_needed
    bint minigrad_adding

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *o)


cpdef bint recording() noexcept:
    return not minigrad_not_recording


cdef bint set_recording(bint on) noexcept:
    """Switches this thread's recording and gives what it was."""
    global minigrad_not_recording
    cdef bint before = not minigrad_not_recording
    minigrad_not_recording = not on
    return before


cdef object edge(Tensor x):
    """Where x's gradient goes: the Op that made it, x itself if it is a leaf that wants one."""
    if x._base is not None:
        operators.refresh(x)
    return x.maker if x.maker is not None else (x if x.requires else None)


cdef bint wants(Tensor x) except -1:
    """Whether x requires grad, or is a view of what has come to require it."""
    if x._base is not None:
        operators.refresh(x)
    return x.requires


cdef Tensor plus(Tensor a, Tensor b):
    return <Tensor>operators.add(a, b)


# While somebody watches (anomaly.py, graph.py), watcher(op, y) is called for each op that is
# recorded; what it gives is the op's note, whose before(op, dy) and after(op, gradients) are
# called around its backward.
cdef object watcher = None


def _watch(new_watcher):
    """Sets the watcher (None: nobody) and gives the one before."""
    global watcher
    before, watcher = watcher, new_watcher
    return before


cpdef bint watched() noexcept:
    """Whether somebody watches: then no two operations are made one."""
    return watcher is not None


# ---- Op -----------------------------------------------------------------------------------

cdef uint64_t _ops_made = 0


cpdef uint64_t ops_made() noexcept:
    """How many ops have been recorded so far: the newest has this number."""
    return _ops_made


# Ops are freed iteratively: an Op frees what it holds, which may free the Op before it, and
# so on, one level of the C stack each. From DEEPEST levels on, the rest waits in a list.
cdef enum:
    DEEPEST = 24
cdef int _depth = 0
cdef list _graveyard = []


cdef class Op:
    """One application of an operation: what its backward needs, and where its gradients go.

    A subclass defines

        cdef Tensor forward(self, ...)      computes; keeps what backward needs:
                                            self.saved = (x, w), or self.keep(y) for its result
        cdef backward(self, Tensor dy)      the gradient of each input from that of the output:
                                            a Tensor, or a tuple of Tensors and Nones

    and the function people call makes one, runs forward, and records it:

        op = MatMul.__new__(MatMul)
        return op.record(op.forward(a, b), a, b)

    In Python it is the same without the C types: `def forward`, `def backward`, `op = Sort()`.
    """

    def __dealloc__(self):
        global _depth
        if _depth == DEEPEST:
            _graveyard.append((self.edges, self.saved))
            return
        _depth += 1
        self.saved = None
        self.edges = None
        if _depth == 1:
            while _graveyard:
                _graveyard.pop()
        _depth -= 1

    cdef backward(self, Tensor dy):
        """A class written in Python has its backward where Python looks for it."""
        if not hasattr(self, "backward"):
            raise NotImplementedError(f"{type(self).__name__} has no gradient")
        return (<object>self).backward(dy)

    cpdef Tensor record(self, Tensor y, Tensor a, Tensor b=None, Tensor c=None):
        """Makes y remember this op and its inputs, if any of them requires grad."""
        if minigrad_not_recording:
            return y
        if c is not None:
            if wants(a) or wants(b) or wants(c):
                self.edges = (edge(a), edge(b), edge(c))
                self.attach(y)
        elif b is not None:
            if wants(a) or wants(b):
                self.edges = (edge(a), edge(b))
                self.attach(y)
        elif wants(a):
            self.edges = (edge(a),)
            self.attach(y)
        return y

    cpdef Tensor record_all(self, Tensor y, inputs):
        """record() for any number of inputs; None among them is passed over."""
        cdef Tensor x
        if minigrad_not_recording:
            return y
        for x in inputs:
            if x is not None and wants(x):
                break
        else:
            return y
        self.edges = tuple([None if x is None else edge(<Tensor>x) for x in inputs])
        self.attach(y)
        return y

    cdef int attach(self, Tensor y) except -1:
        global _ops_made
        _ops_made += 1
        self.order = _ops_made
        if self.saved is not None:
            self.note_versions()
        y.maker = self
        y.requires = True
        if watcher is not None:
            self.note = watcher(self, y)
        return 0

    cdef int note_versions(self) except -1:
        """Remembers at which of its changes each saved tensor's memory is."""
        cdef Py_ssize_t i = 0
        cdef object x
        cdef uint64_t version
        for x in self.saved:
            version = 0 if x is None else (<Tensor>x).storage.version
            if i < MAX_SAVED:
                self.version[i] = version
            else:       # a Function may save any number
                self.more_versions = (self.more_versions or [])[:i - MAX_SAVED] + [version]
            i += 1
        return 0

    cpdef bint needs(self, Py_ssize_t i) noexcept:
        """Whether anybody wants the gradient of input i."""
        if self.edges is None or i >= len(self.edges):
            return False
        to = self.edges[i]
        return to is not None and (minigrad_needed is NULL or <size_t><PyObject *>to in <set>minigrad_needed)

    cdef Tensor sum_so_far(self, Py_ssize_t i, Tensor a, Tensor b):
        """The gradient of input i that has arrived before, where this op may add its own to it in place while
        it reads a and b (and then gives None); else None."""
        cdef object to = self.edges[i]
        cdef Tensor total
        if not minigrad_adding or self.note is not None:
            return None
        if isinstance(to, Op):
            total = (<Op>to).arrived
            if total is None or Py_REFCNT(<PyObject *>total) > 2 or total.storage.holders > 1:
                return None
        else:
            total = (<Tensor>to).gradient
            if total is None or (<Tensor>to).hooks:
                return None
        if not grows(total) or total.kind != a.kind or total.storage == a.storage or total.storage == b.storage:
            return None
        return total

    cpdef void keep(self, Tensor y):
        """Saves the op's own output: an alias of it, as y itself holds the op (a cycle)."""
        self.saved = (alias(y),) if self.saved is None else self.saved + (alias(y),)
        self.keeps_output = True

    cpdef Tensor output(self):
        """The saved output; where backward is itself recorded, as this op's result."""
        cdef Tensor y = self.saved[len(self.saved) - 1]
        if minigrad_not_recording:
            return y
        y = alias(y)
        y.maker = self
        y.requires = True
        return y

    cdef int check_saved(self) except -1:
        """Refuses to go on with tensors that were given up or changed since forward."""
        cdef Py_ssize_t i = 0
        cdef object x
        cdef uint64_t version
        if self.released:
            raise RuntimeError(
                f"backward: {self.name()} was already gone through, and what it had saved was freed; "
                "to go through a graph twice, call backward(retain_graph=True) the first time"
            )
        if self.saved is None:
            return 0
        for x in self.saved:
            version = self.version[i] if i < MAX_SAVED else self.more_versions[i - MAX_SAVED]
            if x is not None and (<Tensor>x).storage.version != version:
                raise RuntimeError(
                    f"backward: {self.name()} needs a tensor ({describe(<Tensor>x)}) that was changed in place "
                    f"after it was used (it is at version {(<Tensor>x).storage.version}, version "
                    f"{version} was saved); change a copy instead (x.clone(), or x = x + 1 for x += 1)"
                )
            i += 1
        return 0

    cdef Tensor take_arrived(self, Walk walk):
        """The whole gradient of this op's result, after the hooks have seen it."""
        cdef Tensor dy = self.arrived
        self.arrived = None
        if self.hooks is not None:
            for hook in list(self.hooks):
                dy = _hooked(hook, dy)
        if walk.captured is not None:
            walk.capture(self, dy)
        return dy

    cdef int walk_over(self, Walk walk) except -1:
        """The walk's visit: turns what has arrived into what is passed on."""
        cdef Tensor dy = self.take_arrived(walk)
        cdef Py_ssize_t i = 0
        self.check_saved()
        if self.note is not None:
            self.note.before(self, dy)
        gradients = self.backward(dy)
        if self.note is not None:
            self.note.after(self, gradients)
        if not walk.retain and self.saved is not None:
            self.saved = None           # activations are freed as the walk consumes them
            self.released = True
        dy = None                       # which may itself be what is passed on
        if type(gradients) is tuple:
            for gradient in <tuple>gradients:
                if gradient is not None:
                    walk.deliver(self.edges[i], gradient, 2)        # the tuple and the variable
                i += 1
        else:
            walk.deliver(self.edges[0], gradients, 1)
        return 0

    def name(self):
        """The operation's name as graphs are printed, such as MulBackward0."""
        return f"{type(self).__name__}Backward0"

    @property
    def next_functions(self):
        """The edges, as PyTorch gives them: pairs of an Op (or a leaf) and an output's number."""
        return tuple([(to, 0) for to in self.edges or ()])

    def __repr__(self):
        return f"<{self.name()}>"


# ---- the walk -------------------------------------------------------------------------------

# A heap whose first element is the newest.

cdef void _push(list heap, Op op):
    cdef Py_ssize_t at = len(heap), parent
    heap.append(op)
    while at > 0:
        parent = (at - 1) // 2
        if (<Op>heap[parent]).order >= op.order:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = op


cdef Op _pop(list heap):
    cdef Op last = heap.pop()
    cdef Py_ssize_t n = len(heap), at = 0, child
    if n == 0:
        return last
    cdef Op newest = heap[0]
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and (<Op>heap[child + 1]).order > (<Op>heap[child]).order:
            child += 1
        if (<Op>heap[child]).order <= last.order:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = last
    return newest


@cython.final
@cython.no_gc       # nothing that it refers to refers to it
cdef class Walk:
    """One pass from results back to the leaves."""

    cdef int run(self) except -1:
        """Takes the newest op, hands its gradients to its edges, until nothing is left."""
        global minigrad_needed, minigrad_adding
        cdef bint recorded = set_recording(self.create)
        cdef PyObject *needed_before = minigrad_needed
        cdef bint adding_before = minigrad_adding
        minigrad_needed = NULL if self.needed is None else <PyObject *>self.needed
        minigrad_adding = not self.create and self.captured is None
        try:
            while self.newest is not None:
                self.take_newest().walk_over(self)
            if self.pending is not None:
                self.finish_leaves()
        finally:
            set_recording(recorded)
            minigrad_needed = needed_before
            minigrad_adding = adding_before
            while self.newest is not None:      # after an error: what had arrived belongs to this walk
                self.take_newest().arrived = None
        return 0

    cdef int wait(self, Op op) except -1:
        """Puts op among those that something has arrived at."""
        if self.newest is None:         # as always in a chain of ops
            self.newest = op
            return 0
        if self.older is None:
            self.older = []
        if op.order > self.newest.order:
            op, self.newest = self.newest, op
        _push(self.older, op)
        return 0

    cdef Op take_newest(self):
        cdef Op op = self.newest
        self.newest = _pop(self.older) if self.older else None
        return op

    cdef int finish_leaves(self) except -1:
        """The leaves with hooks, which want to see their gradients whole."""
        for leaf, gradient in list(self.pending.values()):
            for hook in list((<Tensor>leaf).hooks):
                gradient = _hooked(hook, gradient)
            self.arrive(<Tensor>leaf, <Tensor>gradient, 0)
        return 0

    cdef int deliver(self, object edge, Tensor gradient, Py_ssize_t known) except -1:
        """Adds a gradient to what has arrived at an edge; known: how many references to it are the walk's."""
        cdef Op op
        cdef Tensor leaf
        if edge is None or gradient is None:
            return 0
        if self.needed is not None and <size_t><PyObject *>edge not in self.needed:
            return 0
        if isinstance(edge, Op):
            op = <Op>edge
            if op.arrived is None:
                op.arrived = gradient
                self.wait(op)
            else:
                op.arrived = add_up(
                    op.arrived, gradient,
                    Py_REFCNT(<PyObject *>op.arrived) == 1 and op.arrived.storage.holders == 1)
            return 0
        leaf = <Tensor>edge
        if leaf.hooks:
            if self.pending is None:
                self.pending = {}
            before = self.pending.get(id(leaf))
            self.pending[id(leaf)] = (leaf, gradient if before is None else plus(before[1], gradient))
            return 0
        return self.arrive(leaf, gradient, known)

    cdef int arrive(self, Tensor leaf, Tensor gradient, Py_ssize_t known) except -1:
        """A leaf's gradient: captured for autograd.grad(), or added into leaf.grad."""
        if self.captured is not None:
            return self.capture(leaf, gradient)
        if not same_shape(leaf, gradient):
            raise RuntimeError(f"backward: a gradient of {describe(gradient)} arrived at a leaf of {describe(leaf)}")
        if gradient.kind != leaf.kind:
            return self.arrive(leaf, cast(gradient, leaf.kind), 1)
        if leaf.gradient is None:
            # Taken as it is, unless somebody else has it too or it is a part of something. Nothing may be
            # assigned to `gradient` here: Cython would then hold a reference of its own.
            if self.create or (Py_REFCNT(<PyObject *>gradient) <= known and gradient.dense and not gradient.requires
                               and gradient.storage.holders == 1 and gradient.storage.owner is NULL):
                leaf.gradient = gradient
            else:
                leaf.gradient = copy_of(gradient)
        elif self.create or leaf.gradient.requires:
            leaf.gradient = plus(leaf.gradient, gradient)
        else:
            leaf.gradient = add_up(leaf.gradient, gradient, True)
        return 0

    cdef int capture(self, object edge, Tensor gradient) except -1:
        cdef Tensor before
        if id(edge) in self.captured:
            before = self.captured[id(edge)]
            self.captured[id(edge)] = gradient if before is None else plus(before, gradient)
        return 0


cdef inline bint grows(Tensor total) noexcept:
    """Whether the kernels can add to a gradient in its own memory."""
    return total.kind <= FLOAT64 and total.dense and not total.requires and not total.storage.readonly


cdef Tensor add_up(Tensor total, Tensor more, bint may_change):
    """total + more, into total's own memory where that is allowed and possible."""
    if may_change and minigrad_not_recording and grows(total) and total.kind == more.kind \
            and more.dense and same_shape(total, more) and total.storage != more.storage:
        K[total.kind].axpy(total.ptr, more.ptr, 1.0, total.n)
        total.storage.version += 1
        return total
    return plus(total, more)


cdef object _hooked(hook, gradient):
    result = hook(gradient)
    if result is None:
        return gradient
    if not isinstance(result, Tensor) or not same_shape(result, gradient):
        raise RuntimeError(
            f"hook: expected None or a gradient of {describe(gradient)}, got "
            f"{describe(result) if isinstance(result, Tensor) else type(result).__name__}"
        )
    return result


# ---- starting a walk ---------------------------------------------------------------------------

cdef Tensor _seed(Tensor y, object gradient):
    """The gradient a walk starts with: the caller's, or 1 for a single number."""
    if not y.requires:
        raise RuntimeError(
            "backward: this tensor does not require grad and nothing that does went into it; "
            "was it made under no_grad() or detached?"
        )
    if gradient is None:
        if y.n != 1:
            raise RuntimeError(
                f"backward: only a tensor of one element has an obvious gradient to start from, this one is "
                f"{describe(y)}; reduce it first (y.sum().backward()) or give the gradient (y.backward(dy))"
            )
        return filled(y, 1.0)
    if not isinstance(gradient, Tensor):
        raise TypeError(f"backward: expected the gradient as a Tensor, got {type(gradient).__name__}")
    if not same_shape(y, <Tensor>gradient):
        raise RuntimeError(
            f"backward: expected a gradient of the result's shape {tuple(y.shape)}, got {describe(<Tensor>gradient)}"
        )
    return cast(<Tensor>gradient, y.kind)


cdef set _ops_towards(list starts, set targets):
    """The ids of all edges that lie on a way from starts to targets, both ends included."""
    cdef dict seen = {}
    cdef list stack = list(starts), found
    cdef Op op
    while stack:
        op = stack.pop()
        if id(op) not in seen:
            seen[id(op)] = op
            for to in op.edges or ():
                if isinstance(to, Op):
                    stack.append(to)
    cdef set needed = set(targets)
    found = sorted(seen.values(), key=_order)
    for op in found:        # the oldest first: what an op leads to is settled before the op
        if id(op) in needed:
            continue
        for to in op.edges or ():
            if to is not None and id(to) in needed:
                needed.add(id(op))
                break
    return needed


def _order(Op op):
    return op.order


cdef list _as_list(object tensors):
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


cdef int _start(list ys, list gradients, Walk walk) except -1:
    cdef Tensor y
    if len(ys) != len(gradients):
        raise ValueError(f"backward: got {len(ys)} results and {len(gradients)} gradients for them")
    seeds = [_seed(y, gradient) for y, gradient in zip(ys, gradients)]
    for y, gradient in zip(ys, seeds):
        walk.deliver(edge(y), gradient, 0)
    seeds = gradient = None
    return walk.run()


def backward(tensors, grad_tensors=None, retain_graph=None, bint create_graph=False, *, inputs=None):
    """Adds d(sum of tensors) / dx into x.grad for every leaf x that the tensors were made from.

    grad_tensors: what the walk starts from, one for each tensor, of its shape; None is 1 for
    a tensor of one element.
    retain_graph: keep what the ops saved, so that the graph can be gone through again
    (default: create_graph).
    create_graph: record the walk itself, for gradients of gradients.
    inputs: accumulate into these leaves only.
    Errors: RuntimeError for a second walk through a freed graph, and for a tensor that was
    changed in place after an op had saved it.
    """
    cdef list ys = _as_list(tensors)
    cdef list gradients = [None] * len(ys) if grad_tensors is None else _as_list(grad_tensors)
    cdef Walk walk = Walk.__new__(Walk)
    walk.create = create_graph
    walk.retain = create_graph if retain_graph is None else retain_graph
    if inputs is not None:
        wanted = _as_list(inputs)
        for x in wanted:
            if not (<Tensor?>x).requires:
                raise RuntimeError("backward: one of inputs does not require grad; x.requires_grad_() first")
            (<Tensor>x).maker is None or _retain(<Tensor>x)
        walk.needed = _ops_towards([(<Tensor>y).maker for y in ys if (<Tensor>y).maker is not None],
                                   {id(edge(<Tensor>x)) for x in wanted})
    _start(ys, gradients, walk)


def _tensor_backward(Tensor self not None, gradient=None, retain_graph=None, bint create_graph=False, inputs=None):
    """Adds the gradient of this tensor into x.grad for every leaf x that it was made from.

    gradient: d(objective) / d(this tensor), of its shape; 1 where it has one element.
    The others are minigrad.autograd.backward's.
    """
    cdef Walk walk
    if inputs is not None:
        return backward(self, gradient, retain_graph, create_graph, inputs=inputs)
    walk = Walk.__new__(Walk)
    walk.create = create_graph
    walk.retain = create_graph if retain_graph is None else retain_graph
    walk.deliver(edge(self), _seed(self, gradient), 0)
    walk.run()


add_method("backward", _tensor_backward)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, bint create_graph=False,
         bint only_inputs=True, allow_unused=None, bint is_grads_batched=False, bint materialize_grads=False):
    """The gradients of sum(outputs) with respect to inputs, as a tuple; no x.grad is touched.

    grad_outputs, retain_graph, create_graph: as in backward().
    allow_unused: give None for an input that the outputs do not depend on, instead of an error.
    materialize_grads: give zeros there.
    """
    if is_grads_batched:
        raise NotImplementedError("grad: is_grads_batched is not supported; call grad() once for each row")
    cdef list ys = _as_list(outputs), xs = _as_list(inputs)
    cdef list gradients = [None] * len(ys) if grad_outputs is None else _as_list(grad_outputs)
    cdef Walk walk = Walk.__new__(Walk)
    cdef Tensor x
    cdef list results = []
    walk.create = create_graph
    walk.retain = create_graph if retain_graph is None else retain_graph
    for x in xs:
        if not x.requires:
            raise RuntimeError(
                f"grad: an input ({describe(x)}) does not require grad; x.requires_grad_() before using it"
            )
    walk.captured = {id(edge(x)): None for x in xs}
    walk.needed = _ops_towards([(<Tensor>y).maker for y in ys if (<Tensor>y).maker is not None],
                               set(walk.captured))
    _start(ys, gradients, walk)
    for i, x in enumerate(xs):
        got = walk.captured[id(edge(x))]
        if got is None and materialize_grads:
            got = filled(x, 0.0)
        if got is None and not allow_unused:
            raise RuntimeError(
                f"grad: input {i} ({describe(x)}) was not used to make the outputs; "
                "allow_unused=True gives None for it"
            )
        results.append(got)
    return tuple(results)


# ---- watching gradients go by ---------------------------------------------------------------

class RemovableHandle:
    """What registering a hook gives back: remove() takes the hook out again."""

    __slots__ = ("_hook", "_hooks")

    def __init__(self, hooks, hook):
        self._hooks = hooks
        self._hook = hook

    def remove(self):
        """Takes the hook out; a second call does nothing."""
        hooks, self._hooks = self._hooks, ()
        if self._hook in hooks:
            hooks.remove(self._hook)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


@method
def register_hook(Tensor self not None, hook):
    """Calls hook(gradient) when this tensor's gradient is complete; what it returns, unless
    None, is passed on instead. Gives a handle with remove()."""
    cdef Op op
    if not self.requires:
        raise RuntimeError("register_hook: this tensor does not require grad, so it never gets a gradient")
    if self.maker is None:
        if self.hooks is None:
            self.hooks = []
        self.hooks.append(hook)
        return RemovableHandle(self.hooks, hook)
    op = self.maker
    if op.hooks is None:
        op.hooks = []
    op.hooks.append(hook)
    return RemovableHandle(op.hooks, hook)


cdef _retain(Tensor x):
    import weakref

    if x.retains:
        return
    x.retains = True
    reference = weakref.ref(x)

    def keep(gradient):
        cdef Tensor tensor = reference()
        if tensor is not None:
            tensor.gradient = gradient if tensor.gradient is None else plus(tensor.gradient, gradient)

    register_hook(x, keep)


@method
def retain_grad(Tensor self not None):
    """Makes backward() leave this tensor's gradient in .grad although it is no leaf."""
    if not self.requires:
        raise RuntimeError("retain_grad: this tensor does not require grad, so it never gets a gradient")
    if self.maker is not None:
        _retain(self)


# ---- recording or not -----------------------------------------------------------------------

class _Recording:
    """A context manager and decorator that switches recording on this thread."""

    __slots__ = ("_before", "_on")

    def __init__(self, on):
        self._on = bool(on)
        self._before = []

    def __enter__(self):
        self._before.append(set_recording(self._on))
        return self

    def __exit__(self, *exception):
        set_recording(self._before.pop())

    def __call__(self, function):
        from functools import wraps
        from inspect import isgeneratorfunction

        on = self._on

        @wraps(function)
        def switched(*arguments, **keywords):
            before = set_recording(on)
            try:
                return function(*arguments, **keywords)
            finally:
                set_recording(before)

        @wraps(function)
        def switched_at_each_step(*arguments, **keywords):
            steps, sent = function(*arguments, **keywords), None
            while True:
                before = set_recording(on)
                try:
                    item = steps.send(sent)
                except StopIteration as end:
                    return end.value
                finally:
                    set_recording(before)
                sent = yield item

        return switched_at_each_step if isgeneratorfunction(function) else switched


class no_grad(_Recording):
    """Operations inside are not recorded: for evaluation and for updating parameters.

        with minigrad.no_grad():
            weights -= 0.1 * weights.grad

    It also decorates a function: `@minigrad.no_grad()`.
    """

    __slots__ = ()

    def __new__(cls, function=None):
        return object.__new__(cls) if function is None else cls()(function)

    def __init__(self, function=None):
        _Recording.__init__(self, False)


class enable_grad(_Recording):
    """Operations inside are recorded, also within no_grad()."""

    __slots__ = ()

    def __new__(cls, function=None):
        return object.__new__(cls) if function is None else cls()(function)

    def __init__(self, function=None):
        _Recording.__init__(self, True)


class inference_mode(_Recording):
    """PyTorch's name for a stricter no_grad(); here it is no_grad()."""

    __slots__ = ()

    def __new__(cls, mode=True):
        return cls()(mode) if callable(mode) else object.__new__(cls)

    def __init__(self, mode=True):
        _Recording.__init__(self, not mode)


class set_grad_enabled(_Recording):
    """Switches recording on or off at once, and back at the end of a `with` block."""

    __slots__ = ()

    def __init__(self, mode):
        _Recording.__init__(self, mode)
        self._before.append(set_recording(self._on))

    def __enter__(self):
        return self

    def __call__(self, function):
        set_recording(self._before[-1])     # only inside the function
        return _Recording.__call__(self, function)


def is_grad_enabled():
    """Whether operations are being recorded on this thread."""
    return bool(recording())
