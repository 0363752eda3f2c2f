"""New tensors: filled with a value, by a pattern, beside another tensor; and what can be asked of any tensor."""
import numpy as np

from minigrad.tensor import (
    Tensor,
    add_method,
    as_dtype,
    check_device,
    check_tensors,
    copy_into,
    describe,
    method,
    new,
    same_shape,
    same_storage,
    tensor,
    wrap,
)

# ---- filled with a value ----------------------------------------------------------------------------------------

def given(array, dtype, device, requires_grad, out):
    """An array's numbers in a dtype, as a new tensor or written to out."""
    if out is not None:
        check_tensors("out", out)
        if requires_grad or (dtype is not None and as_dtype(dtype) is not out.dtype):
            raise TypeError(f"out: expected a tensor of {as_dtype(dtype)} that requires no grad, got {describe(out)}")
        copy_into(out.resize_(array.shape), wrap(np.asarray(array, out.dtype.numpy, order="C")))
        return out
    check_device(device)
    x = wrap(np.asarray(array, as_dtype(dtype).numpy, order="C"))
    return x.requires_grad_() if requires_grad else x


def _filled(size, dtype, device, requires_grad, value, out):
    if out is None:
        return new(size, dtype, device, requires_grad, value)
    size = size[0] if len(size) == 1 else size
    return given(np.full(size, 0 if value is None else value), dtype, device, requires_grad, out)


def empty(*shape, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor whose elements are whatever the memory held; fill it before reading it."""
    return _filled(shape if size is None else (size,), dtype, device, requires_grad, None, out)


def zeros(*shape, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """A tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return _filled(shape if size is None else (size,), dtype, device, requires_grad, 0, out)


def ones(*shape, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """A tensor of ones: ones(2, 3) or ones((2, 3))."""
    return _filled(shape if size is None else (size,), dtype, device, requires_grad, 1, out)


def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """A tensor with every element fill_value, whose type is the dtype unless one is given."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if dtype is None and isinstance(fill_value, int):
        dtype = type(fill_value)
    return _filled(size if isinstance(size, (tuple, list)) else (size,), dtype, device, requires_grad, fill_value, out)


def _like(who, input, dtype, device, requires_grad, value):
    check_tensors(who, input)
    return new(input.shape, input.dtype if dtype is None else dtype, device, requires_grad, value)


def empty_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """empty() of input's shape and dtype."""
    return _like("empty_like", input, dtype, device, requires_grad, None)


def zeros_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """Zeros of input's shape and dtype."""
    return _like("zeros_like", input, dtype, device, requires_grad, 0)


def ones_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """Ones of input's shape and dtype."""
    return _like("ones_like", input, dtype, device, requires_grad, 1)


def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """Every element fill_value, of input's shape and dtype."""
    return _like("full_like", input, dtype, device, requires_grad, fill_value)


# ---- by a pattern -----------------------------------------------------------------------------------------------

def eye(n, m=None, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    """The (n, m) matrix with ones on its diagonal; m is n where None."""
    if n < 0 or (m is not None and m < 0):
        raise ValueError(f"eye: expected lengths that are not negative, got {n} and {m}")
    return given(np.eye(n, m), dtype, device, requires_grad, out)


def vander(x, N=None, increasing=False):
    """The powers of a vector as columns, (n, N): x^(N-1) ... x 1, or 1 x x^2 ... where increasing."""
    check_tensors("vander", x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected a vector, got {describe(x)}")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise ValueError(f"vander: expected N >= 0, got {N}")
    powers = np.arange(count) if increasing else np.arange(count)[::-1]
    return x.unsqueeze(1) ** wrap(powers.astype(x.dtype.numpy))


# ---- beside a tensor: its dtype -----------------------------------------------------------------------------------

def _new_empty(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """empty() of this tensor's dtype."""
    return new(size, self.dtype if dtype is None else dtype, device, requires_grad)


def _new_zeros(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """zeros() of this tensor's dtype."""
    return new(size, self.dtype if dtype is None else dtype, device, requires_grad, 0)


def _new_ones(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """ones() of this tensor's dtype."""
    return new(size, self.dtype if dtype is None else dtype, device, requires_grad, 1)


def _new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """full() of this tensor's dtype."""
    return full(size, fill_value, dtype=self.dtype if dtype is None else dtype, device=device,
                requires_grad=requires_grad)


def _new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """A copy of data, in this tensor's dtype."""
    return tensor(data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


for _function in (_new_empty, _new_zeros, _new_ones, _new_full, _new_tensor):
    add_method(_function.__name__[1:], _function)


# ---- PyTorch's old constructors -------------------------------------------------------------------------------------

def _typed(dtype, data):
    if len(data) == 1 and not isinstance(data[0], int):
        return tensor(data[0], dtype=dtype)
    return new(data or (0,), dtype)


def FloatTensor(*data):
    """A float32 tensor of the data, or an unfilled one of a shape: FloatTensor([1, 2]), FloatTensor(2, 3)."""
    return _typed("float32", data)


def DoubleTensor(*data):
    """A float64 tensor of the data, or an unfilled one of a shape."""
    return _typed("float64", data)


def HalfTensor(*data):
    """A float16 tensor of the data, or an unfilled one of a shape."""
    return _typed("float16", data)


def LongTensor(*data):
    """An int64 tensor of the data, or an unfilled one of a shape."""
    return _typed("int64", data)


def IntTensor(*data):
    """An int32 tensor of the data, or an unfilled one of a shape."""
    return _typed("int32", data)


def ShortTensor(*data):
    """An int16 tensor of the data, or an unfilled one of a shape."""
    return _typed("int16", data)


def CharTensor(*data):
    """An int8 tensor of the data, or an unfilled one of a shape."""
    return _typed("int8", data)


def ByteTensor(*data):
    """A uint8 tensor of the data, or an unfilled one of a shape."""
    return _typed("uint8", data)


def BoolTensor(*data):
    """A bool tensor of the data, or an unfilled one of a shape."""
    return _typed("bool", data)


_CONSTRUCTORS = {"float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor", "int64": "LongTensor",
                 "int32": "IntTensor", "int16": "ShortTensor", "int8": "CharTensor", "uint8": "ByteTensor",
                 "bool": "BoolTensor"}


def _type(self, dtype=None, non_blocking=False):
    """The name of the constructor of such tensors, such as "torch.FloatTensor"; given a dtype (or such a
    name or constructor), the tensor in that dtype."""
    if dtype is None:
        return f"torch.{_CONSTRUCTORS[self.dtype.name]}"
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", None)
    if isinstance(name, str):
        for spelling, constructor in _CONSTRUCTORS.items():
            if name.rpartition(".")[2] == constructor:
                dtype = spelling
    return self.to(as_dtype(dtype))


add_method("type", _type)


# ---- questions ------------------------------------------------------------------------------------------------------

def numel(input):
    """The number of elements."""
    check_tensors("numel", input)
    return input.numel()


def is_floating_point(input):
    """Whether the dtype is a floating one."""
    check_tensors("is_floating_point", input)
    return input.is_floating_point()


@method
def is_complex(input):
    """False: there are no complex tensors here."""
    check_tensors("is_complex", input)
    return False


@method
def is_nonzero(input):
    """Whether the one element of the tensor is not 0."""
    check_tensors("is_nonzero", input)
    if input.numel() != 1:
        raise ValueError(f"is_nonzero: expected a tensor of one element, got {describe(input)}")
    return input.item() != 0


@method
def is_same_size(input, other):
    """Whether both have the same shape."""
    check_tensors("is_same_size", input, other)
    return same_shape(input, other)


@method
def get_device(input):
    """-1, PyTorch's number for the CPU."""
    check_tensors("get_device", input)
    return -1


def _is_set_to(self, other):
    """Whether both are the same look at the same memory."""
    check_tensors("is_set_to", self, other)
    return (same_storage(self, other) and self.data_ptr() == other.data_ptr() and same_shape(self, other)
            and self.stride() == other.stride())


add_method("is_set_to", _is_set_to)
