"""What an operation is called besides its function: its twin in place, a second name, a place for its result."""
from minigrad.autograd.engine import ops_made, recording
from minigrad.ops.assignment import assign, check_assignable
from minigrad.tensor import (
    Tensor,
    _become,
    add_method,
    bool_,
    check_writable,
    copy_into,
    copy_of,
    describe,
    method,
    same_shape,
)

# {a function's name: (what may do its in-place twin's work at once, and says whether it did; the keywords it takes)}
directly = {}


def inplace(function):
    """The in-place twin of a function: `add` gives Tensor.add_, which changes the tensor itself."""
    plain, name = function.__name__, function.__name__ + "_"

    def changed(self, *arguments, **keywords):
        if plain in directly and len(arguments) == 1:
            quick, known = directly[plain]
            if keywords.keys() <= known and quick(self, *arguments, **keywords):
                return self
        since = ops_made()
        return assign(self, function(self, *arguments, **keywords), since)

    changed.__name__ = changed.__qualname__ = name
    changed.__doc__ = f"x.{function.__name__}(...), written into x's own memory."
    add_method(name, changed)
    return function


def also(room, name, of):
    """A second name for the function `of` of a room, for the method and for its twin in place."""
    room[name] = room[of]
    for suffix in ("", "_"):
        function = Tensor.__dict__.get(of + suffix)
        if function is not None:
            add_method(name + suffix, function)


def with_out(function):
    """A decorator: the function takes `out=`, a tensor that receives the result and is returned.

    The result is converted to out's dtype, which may not be of a lower kind (float > integer > bool). An
    out without elements takes the result's shape; any other must have it. A function that makes new
    tensors makes them in out's dtype. Put it above @method, as methods take no out.
    """
    names = function.__code__.co_varnames
    makes = "dtype" in names and "requires_grad" in names

    def into(*arguments, out=None, **keywords):
        if out is None:
            return function(*arguments, **keywords)
        if not isinstance(out, Tensor):
            raise TypeError(f"{function.__name__}: expected a tensor as out, got {type(out).__name__}")
        if makes and keywords.get("dtype") is None:
            keywords["dtype"] = out.dtype
        return _write(function.__name__, out, function(*arguments, **keywords))

    into.__name__, into.__qualname__, into.__module__ = function.__name__, function.__qualname__, function.__module__
    into.__doc__ = f"{function.__doc__}\n\n    out=: a tensor that receives the result.\n    "
    into.__wrapped__ = function
    return into


def elementwise(function):
    """A decorator for what has all of that: with_out, inplace and method."""
    return with_out(inplace(method(function)))


def _write(who, out, result):
    if not isinstance(result, Tensor):
        raise TypeError(f"{who}: the result is no single tensor, so out cannot receive it")
    if recording() and (out.requires_grad or result.requires_grad):
        raise RuntimeError(
            f"{who}: what is written into out is not recorded, but an operand or out itself requires grad; leave out "
            "away, or compute under `with minigrad.no_grad():`"
        )
    if (result.is_floating_point() and not out.is_floating_point()) or (
            out.dtype is bool_ and result.dtype is not bool_):
        raise TypeError(f"{who}: a result of {result.dtype.name} does not fit into out, {describe(out)}")
    if out.numel() == 0 and not same_shape(out, result):
        check_writable(out)
        _become(out, copy_of(result.detach().to(out.dtype)))
        return out
    if not same_shape(out, result):
        raise ValueError(
            f"{who}: the result has shape {tuple(result.shape)} and does not fit into out, {describe(out)}")
    check_assignable(out)
    copy_into(out, result)
    return out
