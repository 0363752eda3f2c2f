"""summary(): a network's layers in a table, with the shapes of their outputs and their parameters."""

from collections import namedtuple
from contextlib import contextmanager

from minigrad.autograd import no_grad
from minigrad.nn.module import Module
from minigrad.nn.parameter import UninitializedParameter
from minigrad.ops.creation import zeros
from minigrad.ops.random import fork_rng, rand
from minigrad.tensor import Tensor

Row = namedtuple("Row", ["name", "type", "shapes", "trainable", "frozen"])
_TABLES = ("_parameters", "_buffers", "_modules")


class Summary:
    """What summary() found; printed, it is the table.

    rows: one for each layer, in the order they were called: name (its path in the model), type,
    shapes (of the tensors it gives, None where the batch is), trainable and frozen (how many
    numbers its parameters hold that require grad and that do not).
    trainable, frozen: the sums. parameter_bytes, buffer_bytes: the memory of both;
    activation_bytes: of all layers' outputs, for one sample where the batch is None.
    """

    def __init__(self, model, rows, activation_bytes, per_sample):
        self.title = type(model).__name__
        self.rows = rows
        self.trainable = sum(row.trainable for row in rows)
        self.frozen = sum(row.frozen for row in rows)
        self.parameter_bytes = sum(p.nbytes for p in model.parameters())
        self.buffer_bytes = sum(b.nbytes for b in model.buffers())
        self.activation_bytes = activation_bytes
        self.per_sample = per_sample

    def __repr__(self):
        lines = [("layer", "type", "output shape", "parameters", "frozen")]
        for row in self.rows:
            shapes = "not called" if row.shapes is None else ", ".join(map(str, row.shapes))
            lines.append((row.name, row.type, shapes, f"{row.trainable + row.frozen:,}", f"{row.frozen:,}"))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = []
        for line in lines:
            cells = [cell.ljust(n) for cell, n in zip(line[:3], widths, strict=False)]
            cells += [cell.rjust(n) for cell, n in zip(line[3:], widths[3:], strict=True)]
            text.append("  ".join(cells))
        rule = "-" * max(map(len, text))
        sample = " a sample" if self.per_sample else ""
        return "\n".join([
            self.title, rule, text[0], rule, *text[1:], rule,
            f"parameters: {self.trainable + self.frozen:,} (trainable {self.trainable:,}, frozen {self.frozen:,})",
            f"memory: parameters {_size(self.parameter_bytes)}, buffers {_size(self.buffer_bytes)}, "
            f"activations {_size(self.activation_bytes)}{sample}",
        ])  # fmt: skip

    __str__ = __repr__


def summary(model, input_shape, dtype=None):
    """The table of a model's layers: path, type, output shape, parameters; and their sums.

        print(minigrad.summary(model, (784,)))

    input_shape: the shape of one sample, without the batch's axis, which comes first and is shown as
    None; a list of such shapes for a model of several inputs; or an example: a Tensor, several in a
    tuple or list, or a dict of them by name. dtype: of inputs given by shape, one or a list with one for each; the
    model's own where None; integers are zeros.

    The model is called in evaluation mode (twice with shapes, to see which axes grow with the
    batch), its hooks run, and afterwards it is as before: training modes, parameters, buffers,
    attributes and the default generator.
    Errors: TypeError for another input_shape, ValueError for a LazyLinear without a shape; those of
    the model itself, where the input does not fit.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expected an nn.Module, got {type(model).__name__}")
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        raise ValueError("summary: a LazyLinear has no shape yet; call the model with a batch first")
    examples = _examples(input_shape)
    if examples is not None:
        calls, size = _run(model, *examples)
        return Summary(model, _rows(model, calls), size, per_sample=False)
    shapes = [input_shape] if all(isinstance(n, int) for n in input_shape) else list(input_shape)
    own = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    dtypes = list(dtype) if isinstance(dtype, (list, tuple)) else [dtype] * len(shapes)
    if len(dtypes) != len(shapes):
        raise ValueError(f"summary: got {len(dtypes)} dtypes for {len(shapes)} inputs")
    runs = []
    for n in (2, 3):
        with fork_rng():
            inputs = [_input((n, *shape), d or own) for shape, d in zip(shapes, dtypes, strict=True)]
        runs.append(_run(model, inputs, {}))
    (calls, small), (larger, large) = runs
    if [name for name, _ in calls] == [name for name, _ in larger]:
        calls = [
            (name, [_growing(a, b) for a, b in zip(first, second, strict=True)])
            for (name, first), (_, second) in zip(calls, larger, strict=True)
        ]
    return Summary(model, _rows(model, calls), large - small, per_sample=True)


def _examples(given):
    """(args, kwargs) of tensors, or None where shapes are given."""
    if isinstance(given, Tensor):
        return [given], {}
    if isinstance(given, dict):
        return [], given
    if isinstance(given, (tuple, list)) and given:
        if all(isinstance(one, Tensor) for one in given):
            return list(given), {}
        if all(isinstance(n, int) for n in given) or all(isinstance(one, (tuple, list)) for one in given):
            return None
    raise TypeError(
        f"summary: expected the shape of one sample such as (784,), a list of shapes, or tensors; got {given!r}"
    )


def _input(shape, dtype):
    x = zeros(shape, dtype=dtype)
    return rand(shape, dtype=dtype) if x.is_floating_point() else x


def _growing(a, b):
    """A shape with None for the axes that differ between two runs."""
    if len(a) != len(b):
        return a
    return tuple([m if m == n else None for m, n in zip(a, b, strict=True)])


def _run(model, args, kwargs):
    """([(path, output shapes), ...] of every call of a layer, the bytes of all outputs)."""
    calls, outputs, handles = [], [], []
    with _untouched(model):
        for path, module in _layers(model):
            module.training = False

            def note(module, args, output, path=path):
                tensors = _tensors(output)
                outputs.extend(tensors)  # kept, so that no two of them get the same memory
                calls.append((path, [tuple(t.shape) for t in tensors]))

            handles.append(module.register_forward_hook(note))
        for module in model.modules():
            module.training = False
        try:
            model(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
    return calls, sum({t.data_ptr(): t.nbytes for t in outputs if t.numel()}.values())


@contextmanager
def _untouched(model):
    """Whatever is done to the model inside is undone; nothing is recorded."""
    modules = [(m, dict(m.__dict__), [dict(m.__dict__[table]) for table in _TABLES]) for m in model.modules()]
    tensors = [(t, t.detach().clone()) for t in (*model.parameters(), *model.buffers())]
    with fork_rng(), no_grad():
        try:
            yield
        finally:
            for module, own, tables in modules:
                module.__dict__.clear()
                module.__dict__.update(own)
                for name, table in zip(_TABLES, tables, strict=True):
                    own[name].clear()
                    own[name].update(table)
            for tensor, before in tensors:
                if (tensor != before).any():
                    tensor.copy_(before)


def _layers(model):
    """(path, module) of what makes a row: modules without children or with parameters of their own;
    a parametrized layer with all that is inside."""
    inside = set()
    for path, module in model.named_modules():
        if id(module) in inside:
            continue
        if "parametrizations" in module._modules:
            inside.update(id(m) for m in module.parametrizations.modules())
        elif any(child is not None for child in module._modules.values()) and not any(
            p is not None for p in module._parameters.values()
        ):
            continue
        yield path, module


def _rows(model, calls):
    """Every call as a row, and layers that were not called behind them; a parameter counts once."""
    layers = dict(_layers(model))
    called = {path for path, _ in calls}
    seen, rows = set(), []
    for path, shapes in [*calls, *[(path, None) for path in layers if path not in called]]:
        module = layers[path]
        parameters = [p for p in module.parameters(recurse="parametrizations" in module._modules) if id(p) not in seen]
        seen.update(id(p) for p in parameters)
        counts = [sum(p.numel() for p in parameters if p.requires_grad is kind) for kind in (True, False)]
        if shapes is not None or any(counts):
            rows.append(Row(path or "(itself)", module._get_name(), shapes, *counts))
    return rows


def _tensors(output):
    """The tensors in what a layer gives."""
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, dict):
        output = output.values()
    elif not isinstance(output, (tuple, list)):
        return []
    return [tensor for part in output for tensor in _tensors(part)]


def _size(n):
    for unit in ("B", "KB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}" if unit != "B" else f"{n} B"
        n /= 1024
    return f"{n:,.3g} GB"
