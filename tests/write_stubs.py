"""Writes the stubs (.pyi) of minigrad/ops and what follows from them, for people's editors.

    python tests/write_stubs.py        after a room got a new function, or a function a new argument

Names, order and defaults come from the running functions; types from the tables below, where
a function that is not like the others needs a line. What is written: minigrad/ops/*.pyi,
minigrad/return_types.pyi, minigrad/__init__.pyi, and in minigrad/tensor.pyi all below the
line that says so. tests/test_stubs.py holds all stubs against the running code.
"""

import importlib
import inspect
import re
from pathlib import Path

import minigrad
from minigrad import ops, return_types
from minigrad.autograd.engine import Op
from minigrad.tensor import Tensor

PACKAGE = Path(__file__).parent.parent / "minigrad"
MARK = "    # ---- from minigrad/autograd and minigrad/ops; written by tests/write_stubs.py\n"

# ---- the types ---------------------------------------------------------------------------------------

TENSORS = """input self other tensor target weight bias x x1 x2 a b A B mat mat1 mat2 vec vec1 vec2 batch1 batch2
    input1 input2 index src source mask indices logits the_template boundaries sorted_sequence tensor1 tensor2
    running_mean running_var pos_weight anchor positive negative input_lengths var end_ q values x0
    sorter prepend append""".split()

ARGUMENTS = dict.fromkeys(TENSORS, "Tensor") | {
    "dtype": "_DType", "device": "_Device", "generator": "Generator", "layout": "object", "memory_format": "object",
    "pin_memory": "bool", "requires_grad": "bool", "out": "Tensor", "keepdim": "bool", "keepdims": "bool",
    "reduction": "str", "reduce": "bool", "size_average": "bool", "inplace": "bool", "correction": "float",
    "unbiased": "bool", "axis": "_Axes", "size": "_Axes", "shape": "_Axes", "sizes": "_Axes", "dims": "_Axes",
    "order_of_axes": "_Axes", "lengths": "_Axes", "tensors": "Sequence[Tensor]", "split_sizes": "Sequence[int]",
    "dim": "int", "dim0": "int", "dim1": "int", "dim2": "int", "axis0": "int", "axis1": "int", "n": "int", "k": "int",
    "m": "int", "N": "int", "steps": "int", "start_dim": "int", "end_dim": "int", "chunks": "int",
    "source_": "_Axes", "destination": "_Axes", "start": "float", "end": "float", "step": "float", "low": "int",
    "high": "int", "fill_value": "_Number", "value": "_Number", "data": "_Data", "num_samples": "int", "p": "float",
    "alpha": "float", "beta": "float", "std": "float", "mean": "float", "eps": "float", "momentum": "float",
    "training": "bool", "exponent": "_Operand", "split_size_or_sections": "_Axes", "indices_or_sections": "_Axes",
    "rounding_mode": "str", "equation": "str", "weights": "Tensor", "repeats": "_Axes", "shifts": "_Axes",
    "kernel_size": "_Axes", "normalized_shape": "_Axes", "num_groups": "int", "padding_idx": "int",
    "max_norm": "float", "train": "bool", "condition": "Tensor", "decimals": "int", "min": "_Operand",
    "max": "_Operand", "side": "str", "diagonal": "int", "offset": "int", "length": "int",
    "storage_offset": "int", "seed": "int", "new_state": "Tensor", "non_blocking": "bool", "copy": "bool",
    "num_classes": "int", "accumulate": "bool", "as_tuple": "bool", "stable": "bool", "descending": "bool",
    "largest": "bool", "sorted": "bool", "fields": "str",
}
OPERANDS = """other exponent""".split()     # a number may stand there, too
# where an argument's name alone says too little: (function, argument) or just what its default None stands for
SPECIAL = {
    ("movedim", "source"): "_Axes", ("moveaxis", "source"): "_Axes", ("movedim", "destination"): "_Axes",
    ("matrix_power", "n"): "int", ("norm", "p"): "float | str", ("quantile", "q"): "Tensor | float",
    ("nanquantile", "q"): "Tensor | float", ("pad", "pad"): "Sequence[int]", ("permute", "dims"): "_Axes",
    ("forward", "low"): "Tensor | None", ("forward", "high"): "Tensor | None",
    ("where", "input"): "_Operand", ("where", "other"): "_Operand", ("copy_", "src"): "Tensor",
    ("normal", "mean"): "Tensor | float", ("normal", "std"): "Tensor | float", ("bernoulli", "p"): "float",
    ("uniform_", "a"): "float", ("uniform_", "b"): "float", ("bernoulli_", "p"): "Tensor | float",
    ("scatter", "src"): "_Operand", ("scatter", "reduce"): "str",
    ("scatter_reduce", "reduce"): "str", ("index_reduce", "reduce"): "str", ("to", "args"): "Any",
    ("cat", "tensors"): "Sequence[Tensor]", ("einsum", "arguments"): "Any", ("prelu", "weight"): "Tensor",
    ("max", "dim"): "int | Tensor", ("min", "dim"): "int | Tensor", ("index_fill", "value"): "_Operand",
    ("masked_fill", "value"): "_Operand", ("threshold", "value"): "float", ("threshold_", "value"): "float",
    ("index_put", "indices"): "Sequence[Tensor]", ("index_put", "values"): "Tensor", ("full", "fill_value"): "_Operand",
    ("fill_", "value"): "_Operand", ("fill", "value"): "_Operand", ("select", "index"): "int",
    ("histogram", "bins"): "int | Tensor",
}
GIVES = {
    "bool": "equal allclose is_floating_point is_complex is_nonzero is_same_size is_set_to any_double",
    "int": "numel get_device seed initial_seed",
    "None": """set_rng_state zero_grad scale check_same_shape check_shapes sgd adagrad rmsprop adam adamax nadam radam
        lion""",
    "float": "norm2 number",
    "str": "reduction_of",
    "list[tuple[Tensor, Tensor]]": "gradients",
    "int | None": "find_nonfinite",
    "list[Tensor] | None": "gradients_of",
    "Any": "as_doubles inplace also with_out elementwise storage untyped_storage unique unique_consecutive where_ type",
    "Size": "broadcast_shapes",
    "Generator": "manual_seed",
    "tuple[Tensor, ...]": """split chunk unbind tensor_split hsplit vsplit dsplit unsafe_split unsafe_chunk meshgrid
        split_with_sizes broadcast_tensors tril_ triu_""",
    "tuple[Tensor, Tensor]": "var_mean std_mean frexp floats",
    "Tensor | tuple[Tensor, ...]": "where nonzero atleast_1d atleast_2d atleast_3d",
}
RETURNS = {name: returns for returns, names in GIVES.items() for name in names.split()}
RETURNS |= {name: f"return_types.{name}" for name in return_types.__all__}
RETURNS |= {"eigh": "return_types.linalg_eigh", "max": "Any", "min": "Any", "median": "Any", "nanmedian": "Any",
            "tril_": "Tensor", "triu_": "Tensor"}

HEADER = """# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
"""
ALIASES = {"_Axes": "minigrad.tensor", "_Data": "minigrad.tensor", "_Device": "minigrad.tensor",
           "_DType": "minigrad.tensor", "_Number": "minigrad.tensor", "_Operand": "minigrad.tensor",
           "Size": "minigrad.tensor", "Tensor": "minigrad.tensor", "Generator": "minigrad.ops.generator",
           "return_types": "minigrad", "Op": "minigrad.autograd.engine",
           "Sequence": "collections.abc", "Callable": "collections.abc", "Any": "typing"}


def type_of(function, parameter):
    """What stands behind the colon."""
    name, default = parameter.name, parameter.default
    hint = SPECIAL.get((function, name)) or ARGUMENTS.get(name)
    if name in OPERANDS and function not in ("expand_as", "view_as", "reshape_as", "type_as", "matmul"):
        hint = "_Operand"
    if name == "dim" and default is None and function not in ("max", "min"):
        hint = "_Axes"
    if hint is None and default not in (inspect.Parameter.empty, None):
        hint = type(default).__name__ if isinstance(default, (bool, int, float, str)) else "Any"
        hint = "float" if hint == "int" and name not in ("r", "bins", "minlength", "right") else hint
    if hint is None:
        hint = "Any"
    if isinstance(default, (tuple, list)) or (isinstance(default, str) and "str" not in hint and hint != "Any"):
        hint = "Any"
    if default is None and hint not in ("Any", "object"):
        hint += " | None"
    return hint


def parameters_of(function):
    """Its parameters; an in-place twin's are those of what it is the twin of."""
    parameters = list(inspect.signature(function).parameters.values())
    if [p.name for p in parameters][1:] == ["arguments", "keywords"]:
        twin = vars(Tensor).get(function.__name__[:-1]) or ops.functions.get(function.__name__[:-1])
        parameters = parameters_of(twin)
        return [p for p in parameters if p.name != "out"]
    made_by_with_out = hasattr(function, "__wrapped__") and "out" in function.__code__.co_varnames
    if made_by_with_out and "out" not in [p.name for p in parameters]:
        out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
        keywords = [p for p in parameters if p.kind is p.VAR_KEYWORD]
        parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD] + [out] + keywords
    return parameters


def aliased(hint):
    return re.sub(r"\b(int|float|bool)\b", r"_\1", hint)


def line(name, parameters, returns, method=False, indent="", in_tensor=False):
    """def name(...) -> ...: ..."""
    parts, starred = [], False
    for i, p in enumerate(parameters):
        if p.kind is p.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        starred |= p.kind is p.VAR_POSITIONAL
        if method and i == 0:
            parts.append("self")
            continue
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        hint = type_of(name, p)
        if stars == "*" and p.name == "tensors":
            hint = "Tensor | Sequence[Tensor]"
        parts.append(f"{stars}{p.name}: {hint}" + ("" if p.default is p.empty else f" = {shown(p.default)}"))
    if in_tensor:       # where int, float and bool are methods
        parts = [re.sub(r"(?<=: )[^=]+", lambda hint: aliased(hint[0]), part) for part in parts]
        returns = aliased(returns)
    text = f"{indent}def {name}({', '.join(parts)}) -> {returns}: ..."
    if len(text) > 120:
        text = f"{indent}def {name}(\n{indent}    {', '.join(parts)},\n{indent}) -> {returns}: ..."
        if max(map(len, text.split("\n"))) > 120:
            text = f"{indent}def {name}(\n" + "".join(f"{indent}    {part},\n" for part in parts)
            text += f"{indent}) -> {returns}: ..."
    return text


def shown(default):
    """A default as a stub can say it: infinity has no literal but an overflowing one."""
    return "1e999" if default == float("inf") else repr(default)


def returns_of(name):
    base = name[:-1] if name.endswith("_") and name not in RETURNS else name
    return "Tensor" if name.endswith("_") and name not in RETURNS else RETURNS.get(base, "Tensor")


def class_lines(cls):
    """A class whose parts have no types here."""
    base = "Op" if issubclass(cls, Op) else "tuple[Any, ...]" if issubclass(cls, tuple) else ""
    lines = [f"class {cls.__name__}({base}):" if base else f"class {cls.__name__}:"]
    for name, value in vars(cls).items():
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(value, property) or inspect.isgetsetdescriptor(value):
            lines += ["    @property", f"    def {name}(self) -> Any: ..."]
        elif isinstance(value, str):
            lines.append(f"    {name}: str")
        elif isinstance(value, staticmethod):
            lines += ["    @staticmethod", line(name, parameters_of(value.__func__), "Any", indent="    ")]
        elif hasattr(value, "__code__"):
            returns = {"name": "str", "__init__": "None"}.get(name, "Any")
            lines.append(line(name, parameters_of(value), returns, method=True, indent="    "))
        elif callable(value) and not name.startswith("_"):      # such as NumPy's function that an operation is
            lines.append(f"    {name}: Any")
    return [lines[0] + " ..."] if len(lines) == 1 else lines


def public(module):
    """The names a room defines: functions, classes and instances of these, in their order."""
    return {name: value for name, value in vars(module).items()
            if not name.startswith("_")
            and module.__name__ in (getattr(value, "__module__", None), type(value).__module__)}


def in_order(name):
    return name.startswith("_"), name.lower()


def imports(text, without=""):
    """The import lines that a stub's text needs."""
    needed = {}
    for name, module in ALIASES.items():
        if module != without and re.search(rf"(?<![\w.]){name}\b", text):
            needed.setdefault(module, []).append(name)
    lines = [f"from {module} import {', '.join(sorted(names, key=in_order))}" for module, names in needed.items()]
    standard = sorted(text for text in lines if text.split()[1] in ("collections.abc", "typing"))
    ours = sorted(text for text in lines if text not in standard)
    return "\n".join(standard) + "\n\n" * bool(standard) + "\n".join(ours) + "\n" * bool(ours)


def write(path, text):
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    print(path.relative_to(PACKAGE.parent))


def write_room(module):
    body = []
    for name, value in public(module).items():
        if isinstance(value, type):
            body += ["", *class_lines(value), ""]
        elif callable(value):
            body.append(line(name, parameters_of(value), returns_of(name)))
        else:
            body.append(f"{name}: {type(value).__name__}")
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip("\n")
    write(PACKAGE / "ops" / f"{module.__name__.rpartition('.')[2]}.pyi",
          f"{HEADER}{imports(text, module.__name__)}\n{text}")


def write_return_types():
    body = []
    for name in return_types.__all__:
        cls = getattr(return_types, name)
        body += [f"class {name}(tuple[{', '.join(['Tensor'] * cls.n_fields)}]):",
                 f"    n_fields: {'int'}"]
        for field in cls.__match_args__:
            body += ["    @property", f"    def {field}(self) -> Tensor: ..."]
        body.append("")
    write(PACKAGE / "return_types.pyi", HEADER + "from minigrad.tensor import Tensor\n\n" + "\n".join(body))


def methods():
    """What the rooms have put into Tensor's dictionary."""
    own = Path(PACKAGE / "tensor.pyx").read_text(encoding="utf-8")
    own = own[own.index("cdef class Tensor:"):own.index("cdef object _inplace(")]
    defined = set(re.findall(r"^    def (\w+)\(", own, re.MULTILINE))
    defined |= set(re.findall(r"^    (\w+) = \w+$", own, re.MULTILINE)) | {"__array_priority__"}
    return {name: value for name, value in sorted(vars(Tensor).items())
            if not name.startswith("_") and name not in defined}


def write_tensor():
    path = PACKAGE / "tensor.pyi"
    above, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{path} lacks the line {MARK!r}"
    body = []
    for name, value in methods().items():
        if isinstance(value, property):
            body += ["    @property", f"    def {name}(self) -> Tensor: ..."]
        elif callable(value):
            returns = {"backward": "None", "retain_grad": "None", "register_hook": "RemovableHandle"}.get(name)
            returns = returns or returns_of(name)
            body.append(line(name, parameters_of(value), returns, method=True, indent="    ", in_tensor=True))
    write(path, above + mark + "\n".join(body))


def write_package():
    lines = []
    later = {name: getattr(minigrad, name) for name in [*minigrad._MODULES, *minigrad._FUNCTIONS]}
    for name, value in {**vars(minigrad), **later}.items():
        if name.startswith("_"):
            continue
        if value is None:
            lines.append(f"{name}: None")
            continue
        if inspect.ismodule(value):
            if value.__name__ == f"minigrad.{name}":
                lines.append(f"from minigrad import {name} as {name}")
            elif value.__name__.startswith("minigrad."):
                package, _, module = value.__name__.rpartition(".")
                lines.append(f"from {package} import {module} as {name}")
            continue
        if isinstance(value, float):
            lines.append(f"{name}: _float")
            continue
        home = importlib.import_module(getattr(value, "__module__", None) or "minigrad.tensor")
        home = home if vars(home).get(name) is value or isinstance(value, type) or callable(value) else None
        if home is None:
            home = importlib.import_module("minigrad.tensor")
            if value not in vars(home).values():
                home = importlib.import_module("minigrad.ops.generator")
        real = next((n for n in (name, getattr(value, "__name__", name)) if vars(home).get(n) is value), None)
        real = real or next((n for n, other in vars(home).items() if other is value), None)
        assert real, f"where does minigrad.{name} come from?"
        if real == name:
            lines.append(f"from {home.__name__} import {real} as {name}")
        else:       # such as minigrad.long, which an import under another name would not offer
            lines.append(f"{name}: _{type(value).__name__}")
    constants = sorted(text for text in lines if not text.startswith("from"))
    lines = sorted(set(lines) - set(constants))
    lines += ["from minigrad.tensor import dtype as _dtype"] + ["from builtins import float as _float"] * any(
        text.endswith(" _float") for text in constants)
    text = "\n".join(lines) + "\n\n__version__: str\n" + "\n".join(constants)
    write(PACKAGE / "__init__.pyi", HEADER + text)


def main():
    for room in sorted({*ops.ROOMS, "inplace", "update"}):
        write_room(importlib.import_module(f"minigrad.ops.{room}"))
    write_return_types()
    write_tensor()
    write_package()


if __name__ == "__main__":
    main()
