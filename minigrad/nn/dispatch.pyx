"""What every call of a module goes through, in C: its attributes, the call itself, Sequential's way.

In Python, a layer or parameter of a module cost 0.8 us each time it was asked for: first the
ordinary look-up had to fail, then __getattr__ ran. Now it is 0.1 us. Sequential's way through
2-16-16-1 cost 2.5 us, as much as its layers compute for a hundred samples; now a fifth.
"""
cimport cython
from cpython.dict cimport PyDict_GetItemWithError, PyDict_Size, PyDict_Values
from cpython.object cimport PyObject, PyObject_GenericGetAttr

from minigrad.autograd.engine cimport watched
from minigrad.ops.linalg cimport linear_layer
from minigrad.ops.norm cimport batch_norm_layer, layer_norm_layer
from minigrad.tensor cimport Tensor

cdef extern from "Python.h":
    object PyObject_GenericGetDict(object o, void *context)
    PyObject *_PyType_Lookup(type kind, object name)
    bint PyFunction_Check(PyObject *o)
    object PyObject_VectorcallDict(PyObject *function, PyObject **args, size_t count, PyObject *keywords)

    ctypedef struct PyTypeObject:
        void *tp_getattro

    PyTypeObject *Py_TYPE(object o)


cdef enum Layer:
    LINEAR, BATCH_NORM, LAYER_NORM, RELU, OTHER, NOT_LOOKED_AT


cdef PyObject *found(object own, str name) except? NULL:
    """own.get(name) of a dict, NULL where it has none."""
    return PyDict_GetItemWithError(own, name)


cdef inline dict own_of(object module):
    """module.__dict__, past the look-ups by which Python would find it."""
    return PyObject_GenericGetDict(module, NULL)


# ---- Module's base ------------------------------------------------------------------------------------------

@cython.auto_pickle(False)
cdef class Dispatch:
    """How a Module's attributes are found, and how it is called."""

    def __getattribute__(self, name):
        """What the instance or its class has, as everywhere in Python; then the parameter, child module or
        buffer of that name. There is no __getattr__ beside this, as Python would take the slow way again."""
        cdef dict own = own_of(self)
        cdef PyObject *table
        cdef PyObject *value
        if _PyType_Lookup(type(self), name) is NULL:
            value = found(own, name)
            if value is not NULL:
                return <object>value
            for place in ("_parameters", "_modules", "_buffers"):
                table = found(own, place)
                if table is not NULL and PyDict_Size(<object>table) > 0:
                    value = found(<object>table, name)
                    if value is not NULL:
                        return <object>value
            if name in ("_parameters", "_buffers", "_modules", "training"):
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r} yet: begin "
                    f"{type(self).__name__}.__init__ with super().__init__()"
                )
        return PyObject_GenericGetAttr(self, name)

    def __call__(self, *args, **kwargs):
        """self.forward(...), with hooks if there are any.

        A Linear, a norm or ReLU is run as Sequential runs it, past Python: a third off a Linear's call. Another
        module's forward, if it is its class's method, as it nearly always is, is called without being looked
        up on self and bound to it."""
        cdef Layer layer
        if len(args) == 1 and isinstance(args[0], Tensor) and not kwargs and not watched():
            layer = layer_of(self)
            if layer < OTHER and intact(layer):
                return run_layer(layer, self, args[0], False)
        cdef dict own = own_of(self)
        cdef PyObject *hooks = found(own, "_hooks")
        cdef PyObject *forward
        cdef PyObject *given[8]
        cdef Py_ssize_t i, count = len(args)
        if hooks is not NULL and <object>hooks:
            return self._call_in_full(args, kwargs)
        forward = _PyType_Lookup(type(self), "forward")
        if (forward is NULL or not PyFunction_Check(forward) or count >= 8 or found(own, "forward") is not NULL
                or Py_TYPE(self).tp_getattro is not (<PyTypeObject *>Dispatch).tp_getattro):
            return self.forward(*args, **kwargs)
        given[0] = <PyObject *>self
        for i in range(count):
            given[1 + i] = <PyObject *>args[i]
        return PyObject_VectorcallDict(forward, given, 1 + count, <PyObject *>kwargs)


# ---- Sequential ---------------------------------------------------------------------------------------------
# A layer and the ReLU after it are one operation.

# By Layer; what is known of a class holds as long as its forward is this one.
cdef tuple _classes, _forwards


def know(linear, batch_norm, layer_norm, relu):
    """Says which classes the layers are that run() knows: this room is below theirs."""
    global _classes, _forwards
    _classes = (linear, batch_norm, layer_norm, relu)
    _forwards = tuple([kind.forward for kind in _classes])


cdef inline bint intact(int layer) except -1:
    """Whether nobody has put another forward into its class."""
    return _PyType_Lookup(<type>_classes[layer], "forward") is <PyObject *>_forwards[layer]


cdef bint each_for_itself() except -1:
    """Whether every module must be called: somebody watches operations and wants to see each of them, or
    has put another forward into one of the classes."""
    return watched() or not (intact(LINEAR) and intact(BATCH_NORM) and intact(LAYER_NORM) and intact(RELU))


cdef Layer layer_of(object module) except? OTHER:
    """Which layer module(x) is no more and no less than, as long as its class is intact(). A
    subclass, a patched forward or a hook may compute something else: OTHER."""
    cdef object kind = type(module)
    cdef Layer layer
    cdef PyObject *hooks
    if kind is _classes[<int>LINEAR]:
        layer = LINEAR
    elif kind is _classes[<int>RELU]:
        layer = RELU
    elif kind is _classes[<int>BATCH_NORM]:
        layer = BATCH_NORM
    elif kind is _classes[<int>LAYER_NORM]:
        layer = LAYER_NORM
    else:
        return OTHER
    cdef dict own = own_of(module)
    hooks = found(own, "_hooks")
    if hooks is not NULL and <object>hooks or found(own, "forward") is not NULL:
        return OTHER
    return layer


cdef object apart(object module, x, bint relu):
    """The layer, and the ReLU after it, as two operations."""
    x = module.forward(x)
    return x.relu() if relu else x


cdef object linear(object module, Tensor x, bint relu):
    cdef object parameters = own_of(module)["_parameters"]
    cdef PyObject *weight = found(parameters, "weight")
    cdef PyObject *bias = found(parameters, "bias")
    if weight is NULL or bias is NULL:
        return apart(module, x, relu)       # where the weight is computed
    return linear_layer(x, <object>weight, <object>bias, relu)


cdef object batch_norm(object module, Tensor x, bint relu):
    cdef dict own = own_of(module)
    cdef object parameters = own["_parameters"], buffers = own["_buffers"]
    cdef bint training = own["training"]
    cdef PyObject *weight = found(parameters, "weight")
    cdef PyObject *bias = found(parameters, "bias")
    if (x.rank == 2 or x.rank == 3) and weight is not NULL and bias is not NULL:
        mean = buffers["running_mean"]
        try:
            return batch_norm_layer(
                x, mean, buffers["running_var"], buffers["num_batches_tracked"] if training else None,
                <object>weight, <object>bias, training or mean is None, own["momentum"], own["eps"], relu)
        except ValueError:
            pass        # nothing was done; the layer itself says best what does not fit
    return apart(module, x, relu)


cdef object layer_norm(object module, Tensor x, bint relu):
    cdef dict own = own_of(module)
    cdef object parameters = own["_parameters"]
    cdef PyObject *weight = found(parameters, "weight")
    cdef PyObject *bias = found(parameters, "bias")
    if weight is NULL or bias is NULL:
        return apart(module, x, relu)
    return layer_norm_layer(x, own["normalized_shape"], <object>weight, <object>bias, own["eps"], relu)


cdef inline object run_layer(Layer layer, object module, Tensor x, bint relu):
    if layer == LINEAR:
        return linear(module, x, relu)
    if layer == RELU:
        return x.relu_() if own_of(module)["inplace"] else x.relu()
    return batch_norm(module, x, relu) if layer == BATCH_NORM else layer_norm(module, x, relu)


def run(modules not None, x):
    """The last module's output, each having been called with that of the one before.

    modules: {name: module}, in the order in which they are called.
    """
    cdef list layers = PyDict_Values(modules) if type(modules) is dict else list(modules.values())
    cdef Py_ssize_t i = 0, n = len(layers)
    cdef bint relu, alone = each_for_itself()
    cdef Layer layer, after = NOT_LOOKED_AT         # what layers[i] is
    while i < n:
        module = layers[i]
        i += 1
        layer = (OTHER if alone or not isinstance(x, Tensor) else after if after != NOT_LOOKED_AT
                 else layer_of(module))
        after = NOT_LOOKED_AT
        if layer >= RELU:
            x = module(x)
            alone = each_for_itself()   # as that may be any program
            continue
        if i < n:
            after = layer_of(layers[i])
        relu = after == RELU
        if relu:
            i += 1
            after = NOT_LOOKED_AT
        x = run_layer(layer, module, x, relu)
    return x
