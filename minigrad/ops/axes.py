"""What is made of the views in shape.pyx: axes moved, cut up and added; shapes that meet; shapes changed in place."""
from math import prod

from minigrad.ops.shape import permute, reshape, squeeze, t, take_shape_of, transpose, unsqueeze, view
from minigrad.tensor import (
    Size,
    _become,
    add_method,
    axis_of,
    bool_,
    check_tensors,
    check_writable,
    describe,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    lend,
    method,
    strided,
    uint8,
)

# ---- dtypes by name: x.float(), x.long(), ... -----------------------------------------------------------------


def _caster(name, dtype):
    def convert_to(self, memory_format=None):
        return self.to(dtype)

    convert_to.__name__ = convert_to.__qualname__ = name
    convert_to.__doc__ = f"The tensor as {dtype.name}; itself where it is."
    add_method(name, convert_to)


for _name, _dtype in (("float", float32), ("double", float64), ("half", float16), ("long", int64), ("int", int32),
                      ("short", int16), ("char", int8), ("byte", uint8), ("bool", bool_)):
    _caster(_name, _dtype)


@method
def type_as(self, other):
    """The tensor in other's dtype."""
    check_tensors("type_as", self, other)
    return self.to(other.dtype)


# ---- other words for reshape() and transpose() ------------------------------------------------------------------

def _view_as_method(self, other):
    """self.view(other.shape)."""
    check_tensors("view_as", self, other)
    return view(self, other.shape)


add_method("view_as", _view_as_method)


@method
def reshape_as(self, other):
    """self.reshape(other.shape)."""
    check_tensors("reshape_as", self, other)
    return reshape(self, other.shape)


@method
def ravel(input):
    """All elements in one axis; a view where the tensor is contiguous."""
    return reshape(input, -1)


@method
def unflatten(input, dim, sizes):
    """Axis dim as several axes of the given sizes; one may be -1."""
    check_tensors("unflatten", input)
    axis = axis_of(dim, input.ndim)
    shape, sizes = tuple(input.shape), list(sizes)
    if -1 in sizes:
        known = prod(n for n in sizes if n != -1)
        sizes[sizes.index(-1)] = shape[axis] // known if known else 0
    return reshape(input, *shape[:axis], *sizes, *shape[axis + 1:])


@method
def swapaxes(input, axis0, axis1):
    """transpose()."""
    return transpose(input, axis0, axis1)


@method
def swapdims(input, dim0, dim1):
    """transpose()."""
    return transpose(input, dim0, dim1)


@method
def adjoint(input):
    """x.mT: of real numbers the conjugate is the number itself."""
    check_tensors("adjoint", input)
    return input.mT


def _hermitian(self):
    """A matrix transposed (and conjugated, which changes no real number)."""
    if self.ndim not in (0, 2):
        raise ValueError(f"H: expected a matrix, got {describe(self)}; use x.mT")
    return t(self)


add_method("H", property(_hermitian))
add_method("mH", property(adjoint))


@method
def movedim(input, source, destination):
    """Axis source moved to the place destination; the others keep their order. Both may be tuples."""
    check_tensors("movedim", input)
    sources, targets = ([axis_of(d, input.ndim) for d in (dims if isinstance(dims, (tuple, list)) else (dims,))]
                        for dims in (source, destination))
    if len(sources) != len(targets) or len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        raise ValueError(f"movedim: expected as many different axes in both, got {source} and {destination}")
    order = [i for i in range(input.ndim) if i not in sources]
    for to_place, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(to_place, axis)
    return permute(input, order)


@method
def moveaxis(input, source, destination):
    """movedim()."""
    return movedim(input, source, destination)


# ---- axes added ---------------------------------------------------------------------------------------------

def atleast_1d(*tensors):
    """The tensor with one axis where it has none; a tuple of such for several."""
    return _each("atleast_1d", tensors, lambda x: reshape(x, 1) if x.ndim == 0 else x)


def atleast_2d(*tensors):
    """The tensor with axes of length 1 put in front where it has fewer than two."""
    return _each("atleast_2d", tensors, lambda x: reshape(x, 1, -1) if x.ndim < 2 else x)


def atleast_3d(*tensors):
    """The tensor with three axes at least: (N,) becomes (1, N, 1), and (M, N) becomes (M, N, 1)."""
    return _each("atleast_3d", tensors,
                 lambda x: reshape(x, 1, -1, 1) if x.ndim < 2 else unsqueeze(x, -1) if x.ndim == 2 else x)


def _each(who, tensors, function):
    single = len(tensors) == 1 and not isinstance(tensors[0], (tuple, list))
    if len(tensors) == 1 and not single:
        tensors = tensors[0]
    check_tensors(who, *tensors)
    return function(tensors[0]) if single else tuple(map(function, tensors))


# ---- shapes that meet ---------------------------------------------------------------------------------------

def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes have together, by the rules of broadcasting.

    Errors: ValueError where two lengths along an axis differ and neither is 1.
    """
    shapes = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    common = [1] * max(map(len, shapes), default=0)
    for shape in shapes:
        for i, n in enumerate(shape, len(common) - len(shape)):
            if n < 0 or (n != common[i] and n != 1 and common[i] != 1):
                raise ValueError(f"broadcast_shapes: {', '.join(map(str, shapes))} do not broadcast: along "
                                 f"axis {i} one is {n} and another {common[i]} long")
            common[i] = common[i] if n == 1 else n
    return Size(common)


def broadcast_tensors(*tensors):
    """The tensors, each expanded to the shape that they have together; views."""
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    check_tensors("broadcast_tensors", *xs)
    shape = broadcast_shapes(*[x.shape for x in xs])
    return tuple(x.expand(shape) for x in xs)


# ---- the shape itself changed -----------------------------------------------------------------------------------

@method
def squeeze_(self, dim=None):
    """squeeze(), of this tensor itself."""
    return take_shape_of(self, squeeze(self, dim))


@method
def unsqueeze_(self, dim):
    """unsqueeze(), of this tensor itself."""
    return take_shape_of(self, unsqueeze(self, dim))


@method
def t_(self):
    """t(), of this tensor itself."""
    return take_shape_of(self, t(self))


@method
def transpose_(self, dim0, dim1):
    """transpose(), of this tensor itself."""
    return take_shape_of(self, transpose(self, dim0, dim1))


@method
def swapaxes_(self, axis0, axis1):
    """transpose_()."""
    return transpose_(self, axis0, axis1)


@method
def swapdims_(self, dim0, dim1):
    """transpose_()."""
    return transpose_(self, dim0, dim1)


@method
def resize_(self, *sizes, memory_format=None):
    """This tensor in another shape, dense: its memory's elements in their order, and behind them,
    where more are asked for, whatever the new memory held."""
    check_tensors("resize_", self)
    if self.requires_grad:
        raise RuntimeError("resize_: this tensor requires grad; use reshape()")
    larger = self.new_empty(*sizes)
    room = len(self.storage()) - self.storage_offset()
    if larger.numel() <= room:
        _become(self, strided(self, larger.shape, larger.stride()))
        return self
    check_writable(self)
    lend(larger).reshape(-1)[:room] = lend(strided(self, (room,), (1,)))
    _become(self, larger)
    return self


@method
def resize_as_(self, the_template, *, memory_format=None):
    """resize_(), to another tensor's shape."""
    check_tensors("resize_as_", self, the_template)
    return resize_(self, tuple(the_template.shape))
