"""Arithmetic on elements: what + - * / ** and the everyday functions do, and their gradients.

Each class is one operation: its formula, forward, and under it backward. The function that
people call stands below its class.
"""
from minigrad.autograd.engine cimport Op, recording, wants
from minigrad.kernels cimport K, mg_binary, mg_kernels
from minigrad.ops.assignment cimport assign, instead_of
from minigrad.ops.broadcast cimport broadcast_shape, combine, shape_only, sum_to
from minigrad.tensor cimport (
    ADD, BOOL, DIV, FLOAT32, FLOAT64, KINDS, MAX_RANK, MUL, SUB, Arithmetic, Kind, Tensor, cast, check_writable, dense,
    describe, is_floating, kind_of, lend, new_like, new_scalar, new_tensor, operand, operators, promote, same_shape,
    to_tensor, wrap,
)

import numpy as np

from minigrad.kernels import _addresses as kernel_addresses
from minigrad.ops.inplace import also, directly, inplace, with_out
from minigrad.tensor import add_method, method


# ---- operands ---------------------------------------------------------------------------------------

cdef const mg_kernels *kernels(Tensor x) noexcept:
    return &K[x.kind if x.kind <= FLOAT64 else 0]


cpdef Tensor floating(object x):
    cdef Tensor t = <Tensor>x if isinstance(x, Tensor) else to_tensor(x, <Kind>KINDS)
    return t if is_floating(t.kind) else cast(t, kind_of(None))


cpdef tuple operands(object who, object x, object y):
    """Both sides of an operator (named by `who`, or by its Op) as tensors of one dtype."""
    cdef Tensor a = None, b = None
    cdef Kind kind
    if isinstance(x, Tensor):
        a = <Tensor>x
        b = <Tensor>y if isinstance(y, Tensor) else operand(y, a)
    elif isinstance(y, Tensor):
        b = <Tensor>y
        a = operand(x, b)
    if a is None or b is None:
        raise TypeError(f"{_speaker(who)}: expected tensors (or a tensor and a number), got {type(x).__name__} and "
                        f"{type(y).__name__}")
    if a.kind != b.kind:
        kind = promote(a, b)
        return convert(a, kind), convert(b, kind)
    return a, b


cdef str _speaker(object who):
    return (<Binary>who).who() if isinstance(who, Binary) else who


cdef class To(Op):
    """y = x in another floating dtype
    dx = dy in x's
    """
    cdef Kind kind

    cdef Tensor forward(self, Tensor x, Kind kind):
        self.kind = x.kind
        return cast(x, kind)

    cdef backward(self, Tensor dy):
        return convert(dy, self.kind)

    def name(self):
        return "ToCopyBackward0"


cdef Tensor convert(Tensor x, Kind kind):
    cdef To op
    if x.kind == kind:
        return x
    if not (x.requires and is_floating(kind)):
        return cast(x, kind)
    op = To.__new__(To)
    return op.record(op.forward(x, kind), x)


cdef class Unary(Op):
    cdef Tensor forward(self, Tensor x):
        return (<object>self).forward(x)        # of a class written in Python

    cdef Tensor compute(self, Tensor x, unary_kernel kernel, str numpy_name):
        """By the kernel, or by NumPy's function of that name for a dtype that has none."""
        cdef Tensor y
        if x.kind <= FLOAT64:
            x = dense(x)
            y = new_like(x)
            kernel(y.ptr, x.ptr, x.n)
            return y
        with np.errstate(all="ignore"):
            return wrap(np.asarray(getattr(np, numpy_name)(lend(x))))


# For classes written in Python: {name of a kernel of one or two tensors: its address}, by dtype
cdef tuple _addresses = (kernel_addresses(0), kernel_addresses(1))


def by_kernel(str name, Tensor x not None):
    """y = f(x) by the kernel of that name in csrc/kernels.h; float16 by the one for float32."""
    cdef Tensor y
    if x.kind > FLOAT64:
        return cast(by_kernel(name, cast(x, FLOAT32)), x.kind)
    x = dense(x)
    y = new_like(x)
    (<unary_kernel><size_t>_addresses[x.kind][name])(y.ptr, x.ptr, x.n)
    return y


def by_kernel_of_two(str name, Tensor a not None, Tensor b not None, str who=None):
    """y = a o b, broadcast, by the kernel of that name in csrc/kernels.h, or by NumPy for a dtype that has none.

    who: in whose name errors speak, where that is not the kernel's.
    """
    who = name if who is None else who
    if a.kind <= FLOAT64:
        return combine(who, <mg_binary><size_t>_addresses[a.kind][name], a, b)
    return by_numpy_of_two(getattr(np, name), a, b, who)


cpdef Tensor by_numpy_of_two(object function, Tensor a, Tensor b, object who):
    """y = a o b, broadcast, by a function of two arrays.

    who: the operation's name, or its Op.
    """
    cdef Py_ssize_t length[MAX_RANK]
    try:
        return wrap(function(lend(a), lend(b)))
    except ValueError as error:
        failed = error
    except TypeError:
        raise TypeError(f"{_speaker(who)}: not defined for {describe(a)} and {describe(b)}") from None
    broadcast_shape(_speaker(who), a, b, length)     # says what does not fit, if that is it
    raise failed


def in_double(object ufunc, Tensor a not None, Tensor b=None, object who=None):
    """y = f(a), or a o b, broadcast, by NumPy in float64, rounded once to a's dtype."""
    cdef Py_ssize_t length[MAX_RANK]
    cdef Tensor y
    with np.errstate(all="ignore"):
        if b is None:
            y = new_like(a)
            ufunc(lend(a), out=lend(y), dtype=np.float64, casting="same_kind")
        else:
            y = new_tensor(a.kind, broadcast_shape(_speaker(who), a, b, length), length)
            ufunc(lend(a), lend(b), out=lend(y), dtype=np.float64, casting="same_kind")
    return y


cpdef Tensor unary(Unary op, object x):
    """Runs an op on a tensor, which becomes floating, and records it."""
    cdef Tensor t = floating(x)
    return op.record(op.forward(t), t)


cdef class Binary(Op):
    cdef str who(self):
        """The operation's name as people write it, for error messages."""
        return type(self).__name__.lower()

    cdef Tensor forward(self, Tensor a, Tensor b):
        return (<object>self).forward(a, b)     # of a class written in Python

    cdef Tensor compute(self, Tensor a, Tensor b, mg_binary kernel, str name, str numpy_name):
        """By the kernel, or by NumPy's function for a dtype that has none."""
        self.note_shapes(a, b)
        if a.kind <= FLOAT64:
            return combine(name, kernel, a, b)
        with np.errstate(all="ignore"):
            return by_numpy_of_two(getattr(np, numpy_name), a, b, name)

    cpdef void note_shapes(self, Tensor a, Tensor b):
        if not same_shape(a, b):
            self.a, self.b = shape_only(a), shape_only(b)

    cpdef tuple settle(self, object da, object db):
        """The operands' gradients, summed over the axes that broadcasting had repeated."""
        if self.a is None:
            return da, db
        return (None if da is None else sum_to(<Tensor>da, self.a),
                None if db is None else sum_to(<Tensor>db, self.b))


cpdef Tensor binary(Binary op, object x, object y):
    """Runs an op on two operands, which become tensors of one dtype, and records it."""
    cdef Tensor a, b
    if isinstance(x, Tensor) and isinstance(y, Tensor) and (<Tensor>x).kind == (<Tensor>y).kind:
        a, b = <Tensor>x, <Tensor>y
    else:
        a, b = operands(op, x, y)
    return op.record(op.forward(a, b), a, b)


# ---- + - * / -----------------------------------------------------------------------------------------

cdef object _scaled(str who, object input, object other, object alpha):
    """alpha other, where alpha does not lift integers to floats."""
    if isinstance(alpha, float) and not isinstance(other, float) and all([
        isinstance(x, int) or (isinstance(x, Tensor) and not is_floating((<Tensor>x).kind)) for x in (input, other)
    ]):
        raise TypeError(f"{who}: expected a whole alpha beside integer tensors, got {alpha!r}")
    return _mul(other, alpha) if isinstance(other, Tensor) else other * alpha


cdef class Add(Binary):
    """y = a + b
    da = dy, db = dy        (here and below: summed over the axes that were broadcast)
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        return self.compute(a, b, <mg_binary>kernels(a).add, "add", "add")

    cdef backward(self, Tensor dy):
        return self.settle(dy if self.needs(0) else None, dy if self.needs(1) else None)


cdef object _add(object x, object y):
    return binary(Add.__new__(Add), x, y)


@with_out
@inplace
@method
def add(input, other, *, alpha=1):
    """input + alpha other, element by element; shapes broadcast."""
    return _add(input, other if alpha == 1 else _scaled("add", input, other, alpha))


cdef class Sub(Binary):
    """y = a - b
    da = dy, db = -dy
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        return self.compute(a, b, <mg_binary>kernels(a).sub, "sub", "subtract")

    cdef backward(self, Tensor dy):
        return self.settle(dy if self.needs(0) else None, -dy if self.needs(1) else None)


cdef object _sub(object x, object y):
    if (isinstance(x, Tensor) and (<Tensor>x).kind == BOOL) or (isinstance(y, Tensor) and (<Tensor>y).kind == BOOL):
        raise TypeError("sub: bool tensors do not subtract; use a ^ b or ~a, or convert them first (x.float())")
    return binary(Sub.__new__(Sub), x, y)


@with_out
@inplace
@method
def sub(input, other, *, alpha=1):
    """input - alpha other, element by element; shapes broadcast."""
    return _sub(input, other if alpha == 1 else _scaled("sub", input, other, alpha))


cdef class Mul(Binary):
    """y = a b
    da = dy b, db = dy a
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a if b.requires else None, b if a.requires else None)
        return self.compute(a, b, <mg_binary>kernels(a).mul, "mul", "multiply")

    cdef backward(self, Tensor dy):
        a, b = self.saved
        return self.settle(dy * b if self.needs(0) else None, dy * a if self.needs(1) else None)


cdef object _mul(object x, object y):
    return binary(Mul.__new__(Mul), x, y)


@with_out
@inplace
@method
def mul(input, other):
    """input * other, element by element; shapes broadcast."""
    return _mul(input, other)


cdef class Div(Binary):
    """y = a / b
    da = dy / b, db = -dy a / b^2 = -dy y / b
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a if b.requires else None, b)
        return self.compute(a, b, <mg_binary>kernels(a).div, "div", "true_divide")

    cdef backward(self, Tensor dy):
        a, b = self.saved
        da = dy / b
        return self.settle(da if self.needs(0) else None, -da * (a / b) if self.needs(1) else None)


cdef object _div(object x, object y):
    cdef Tensor a, b
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        # a number beside integers meets floats, and is no integer of their dtype: -1 is not 255
        x = floating(<Tensor>x) if isinstance(x, Tensor) else x
        y = floating(<Tensor>y) if isinstance(y, Tensor) else y
    a, b = operands("div", x, y)
    return binary(Div.__new__(Div), floating(a), floating(b))


# ---- += -= *= /= by one kernel ---------------------------------------------------------------------------

cdef bint over(Tensor x, object other, Arithmetic how, object alpha) except -1:
    """x <- x o alpha other in x's own memory, if nothing of it is recorded, and one kernel can do it. Whether it
    was done. (A result of its own, copied back, takes two to three times as long for a large x.)"""
    cdef Tensor b
    cdef Py_ssize_t step
    cdef mg_binary kernel
    cdef bint scaled
    if x.kind > FLOAT64 or not x.dense:
        return False
    if isinstance(other, Tensor):
        b = other
        if b.kind != x.kind or not b.dense:
            return False
    elif isinstance(other, (float, int)):
        b = new_scalar(other, x.kind)
    else:
        return False
    if recording() and (wants(x) or wants(b) or (x._base is not None and x._base.requires)):
        return False
    step = same_shape(x, b)
    if step and b.storage == x.storage and b.ptr != x.ptr:
        return False
    if not step and (b.n != 1 or b.rank > x.rank or b.storage == x.storage):
        return False
    scaled = type(alpha) is not int or alpha != 1
    if scaled and (how > SUB or not step or b.storage == x.storage or type(alpha) not in (int, float)):
        return False
    check_writable(x)
    if scaled:
        K[x.kind].axpy(x.ptr, b.ptr, alpha if how == ADD else -alpha, x.n)
    else:
        kernel = K[x.kind].add if how == ADD else K[x.kind].sub if how == SUB else K[x.kind].mul if how == MUL \
            else K[x.kind].div
        kernel(x.ptr, x.ptr, 1, b.ptr, step, x.n)
    x.storage.version += 1
    return True


operators.over = over


def _over(how, *keywords):
    def quick(Tensor x not None, other, alpha=1):
        return over(x, other, <Arithmetic><int>how, alpha)

    return quick, set(keywords)


directly.update(add=_over(ADD, "alpha"), sub=_over(SUB, "alpha"), mul=_over(MUL), div=_over(DIV))


cdef int _check_whole(str who, Tensor a, Tensor b) except -1:
    """Refuses what has no integer quotient: bools, and integers by zero."""
    if b.kind == BOOL:
        raise TypeError(f"{who}: not defined for {describe(a)} and {describe(b)}; convert them first (x.int())")
    if not is_floating(b.kind) and not lend(b).all():
        raise ZeroDivisionError(f"{who}: an integer tensor was divided by zero")
    return 0


cdef class DivRounded(Binary):
    """y = a / b, rounded down (as // does) or towards zero
    da = 0, db = 0
    """
    cdef bint towards_zero

    cdef Tensor forward(self, Tensor a, Tensor b):
        self.note_shapes(a, b)
        if not self.towards_zero:
            return <Tensor>_floordiv(a, b)
        _check_whole("div", a, b)
        x, y = lend(a), lend(b)
        with np.errstate(all="ignore"):
            if is_floating(a.kind):
                return wrap(np.asarray(np.trunc(x / y)))
            return wrap(np.asarray((x - np.fmod(x, y)) // y))

    cdef backward(self, Tensor dy):
        zero = dy.detach() * 0
        return self.settle(zero, zero)

    def name(self):
        return "DivBackward2"


@with_out
@inplace
@method
def div(input, other, *, rounding_mode=None):
    """input / other, element by element; integers give floats.

    rounding_mode: None, "floor" (as // in Python) or "trunc" (towards zero).
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode not in ("floor", "trunc"):
        raise ValueError(f"div: rounding_mode is None, 'floor' or 'trunc', got {rounding_mode!r}")
    cdef DivRounded op = DivRounded.__new__(DivRounded)
    op.towards_zero = rounding_mode == "trunc"
    return binary(op, input, other)


cdef object _floordiv(object x, object y):
    cdef Tensor a, b
    a, b = operands("floor_divide", x, y)
    _check_whole("floor_divide", a, b)
    with np.errstate(all="ignore"):
        return wrap(np.asarray(np.floor_divide(lend(a), lend(b))))


@with_out
@inplace
@method
def floor_divide(input, other):
    """The largest whole number not above input / other; it has no gradient."""
    return _floordiv(input, other)


cdef class Remainder(Binary):
    """y = a - b floor(a / b), with the sign of b
    da = dy, db = -dy floor(a / b)
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        _check_whole("remainder", a, b)
        self.saved = (a if b.requires else None, b if b.requires else None)
        self.note_shapes(a, b)
        with np.errstate(all="ignore"):
            return wrap(np.asarray(np.remainder(lend(a), lend(b))))

    cdef backward(self, Tensor dy):
        a, b = self.saved
        return self.settle(dy if self.needs(0) else None, -dy * _floordiv(a, b) if self.needs(1) else None)


cdef object _mod(object x, object y):
    return binary(Remainder.__new__(Remainder), x, y)


@with_out
@inplace
@method
def remainder(input, other):
    """input modulo other, element by element, with other's sign (as % in Python)."""
    return _mod(input, other)


# ---- powers ---------------------------------------------------------------------------------------------

cdef str _NO_POWER = "pow: an integer tensor has no negative powers; convert it first (x.float())"


cdef class Pow(Binary):
    """y = a^b
    da = dy b a^(b - 1), 0 where b = 0
    db = dy y log a,     0 where a = 0 and b >= 0
    """
    cdef Tensor forward(self, Tensor a, Tensor b):
        self.saved = (a, b)
        if a.kind == BOOL:
            raise TypeError("pow: not defined for bool tensors; convert them first (x.int())")
        if not is_floating(a.kind) and (lend(b) < 0).any():
            raise ValueError(_NO_POWER)
        return self.compute(a, b, <mg_binary>kernels(a).pow, "pow", "power")

    cdef backward(self, Tensor dy):
        cdef Tensor a, b
        a, b = self.saved
        da = db = None
        if self.needs(0):
            da = dy * _where(b == 0, 0.0, b * a ** (b - 1))
        if self.needs(1):
            db = dy * _where((a == 0) & (b >= 0), 0.0, a ** b * _where(a == 0, 1.0, a).log())
        return self.settle(da, db)


cdef object _pow(object x, object y):
    # before uint8 makes 255 of -1
    if isinstance(x, Tensor) and not is_floating((<Tensor>x).kind) and isinstance(y, (int, np.integer)) and y < 0:
        raise ValueError(_NO_POWER)
    return binary(Pow.__new__(Pow), x, y)


@with_out
@inplace
@method
def pow(input, exponent):
    """input to the power exponent, element by element; shapes broadcast."""
    return _pow(input, exponent)


cdef class Where(Op):
    """y = a where condition, else b
    da = dy where condition, else 0;  db = 0 where condition, else dy
    """
    cdef Tensor condition, a, b

    cdef Tensor forward(self, Tensor condition, Tensor a, Tensor b):
        self.condition = condition
        self.a, self.b = shape_only(a), shape_only(b)
        try:
            return wrap(np.asarray(np.where(lend(condition), lend(a), lend(b))))
        except ValueError as error:
            raise ValueError(f"where: {error}") from None

    cdef backward(self, Tensor dy):
        return (sum_to(_where(self.condition, dy, 0.0), self.a) if self.needs(0) else None,
                sum_to(_where(self.condition, 0.0, dy), self.b) if self.needs(1) else None)


cdef Tensor _where(Tensor condition, object x, object y):
    cdef Tensor a, b
    a, b = operands("where", x, y)
    cdef Where op = Where.__new__(Where)
    return op.record(op.forward(condition, a, b), a, b)


@with_out
def where(condition, input=None, other=None):
    """input where condition is True, other elsewhere; shapes broadcast.

    With the condition alone: the indices where it is True, one tensor an axis.
    """
    if not isinstance(condition, Tensor):
        raise TypeError(f"where: expected a bool tensor as condition, got {type(condition).__name__}")
    if input is None and other is None:
        return tuple([wrap(index) for index in np.nonzero(lend(condition))])
    if (<Tensor>condition).kind != BOOL:
        raise TypeError(f"where: expected a bool tensor as condition, got {describe(condition)}")
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        input = to_tensor(input, <Kind>KINDS)
    return _where(condition, input, other)


def _where_method(Tensor self not None, condition, other):
    """self where condition is True, other elsewhere."""
    return where(condition, self, other)


add_method("where", _where_method)


# ---- functions of one tensor --------------------------------------------------------------------------

cdef class Neg(Unary):
    """y = -x
    dx = -dy
    """
    cdef Tensor forward(self, Tensor x):
        return self.compute(x, <unary_kernel>kernels(x).neg, "negative")

    cdef backward(self, Tensor dy):
        return -dy


cdef object _neg(Tensor x):
    cdef Neg op = Neg.__new__(Neg)
    if x.kind == BOOL:
        raise TypeError("neg: a bool tensor has no negative; use ~x")
    return op.record(op.forward(x), x)


@with_out
@inplace
@method
def neg(Tensor input not None):
    """-input."""
    return _neg(input)


cdef class Abs(Unary):
    """y = |x|
    dx = dy sign(x)
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return self.compute(x, <unary_kernel>kernels(x).abs, "absolute")

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy * x.detach().sign()


cdef object _abs(Tensor x):
    cdef Abs op = Abs.__new__(Abs)
    if x.kind == BOOL:
        raise TypeError("abs: not defined for bool tensors")
    return op.record(op.forward(x), x)


@with_out
@inplace
@method
def abs(Tensor input not None):
    """|input|, element by element; the gradient at 0 is 0."""
    return _abs(input)


cdef class Exp(Unary):
    """y = e^x
    dx = dy y
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = self.compute(x, <unary_kernel>kernels(x).exp, "exp")
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        return dy * self.output()


@with_out
@inplace
@method
def exp(input):
    """e to the power input, element by element."""
    return unary(Exp.__new__(Exp), input)


cdef class Log(Unary):
    """y = ln x
    dx = dy / x
    """
    cdef Tensor forward(self, Tensor x):
        self.saved = (x,)
        return self.compute(x, <unary_kernel>kernels(x).log, "log")

    cdef backward(self, Tensor dy):
        x, = self.saved
        return dy / x


@with_out
@inplace
@method
def log(input):
    """The natural logarithm, element by element; -inf at 0, NaN below."""
    return unary(Log.__new__(Log), input)


cdef class Sqrt(Unary):
    """y = sqrt(x)
    dx = dy / (2 y)
    """
    cdef Tensor forward(self, Tensor x):
        cdef Tensor y = self.compute(x, <unary_kernel>kernels(x).sqrt, "sqrt")
        self.keep(y)
        return y

    cdef backward(self, Tensor dy):
        return dy / (2 * self.output())


@with_out
@inplace
@method
def sqrt(input):
    """The square root, element by element; NaN below 0."""
    return unary(Sqrt.__new__(Sqrt), input)


@with_out
@inplace
@method
def true_divide(input, other):
    """input / other, element by element: div() without rounding."""
    return _div(input, other)


@method
def positive(Tensor input not None):
    """+input: the tensor itself."""
    if input.kind == BOOL:
        raise TypeError("positive: not defined for bool tensors")
    return input


def rsub(input, other, *, alpha=1):
    """other - alpha input, element by element."""
    return sub(other, input, alpha=alpha)


for _name, _same in (
    ("multiply", "mul"), ("subtract", "sub"), ("divide", "div"), ("negative", "neg"), ("absolute", "abs"),
):
    also(globals(), _name, _same)


# ---- in place -----------------------------------------------------------------------------------------

@method
def copy_(Tensor self not None, src, bint non_blocking=False):
    """self <- src, converted to self's dtype; src broadcasts."""
    cdef Tensor source = src if isinstance(src, Tensor) else to_tensor(src, self.kind)
    source = convert(source, self.kind).expand_as(self)
    if source.storage == self.storage:      # a change all the same, which a graph that saved self must see
        source = source.clone()
    if recording() and self._base is None and wants(self):
        source = instead_of(self, source)
    return assign(self, source)


@method
def fill_(Tensor self not None, value):
    """Every element <- value, a number or a tensor of no axes, whose gradient is the sum of all."""
    if isinstance(value, Tensor) and (<Tensor>value).rank:
        raise ValueError(f"fill: expected a number or a tensor of no axes, got {describe(<Tensor>value)}")
    return copy_(self, value)


def fill(Tensor input not None, value):
    """fill_() on a copy of input."""
    return fill_(input.clone(), value)


@method
def zero_(Tensor self not None):
    """Every element <- 0."""
    return copy_(self, 0)


# ---- the operators people write ----------------------------------------------------------------------

operators.add = _add
operators.sub = _sub
operators.mul = _mul
operators.div = _div
operators.floordiv = _floordiv
operators.mod = _mod
operators.pow = _pow
operators.neg = _neg
operators.abs = _abs
