"""Operations: one class each, forward and under it backward, and the functions that run them.

ROOMS lists the files in the order to read them. `functions` holds their public functions by
name; they are also minigrad's.
"""

from importlib import import_module

from minigrad.autograd.engine import Op

ROOMS = """
    arithmetic pointwise pairwise comparison assignment inplace broadcast
    activation rectifier gate softmax dropout
    reduction statistics extremes scan sorting
    linalg products einsum vectornorm decomposition
    shape axes rows indexing scattering joining rearranging
    norm group_norm embedding loss_tools regression_loss loss classification_loss pair_loss
    creation ranges storage generator random update
""".split()

# What the rooms lend each other, and nobody calls from outside
TOOLS = set("""
    unary binary floating operands by_kernel by_kernel_of_two by_numpy_of_two in_double
    activate floats_only bounded numeric batch_norm_of
    expand_to sum_to sum_over shape_only axes_of axes_tuple count_over either spread take_shape_of
    extreme_over pick given put_rows parts_named check_same_dtype check_parts norm_rows fitting
    squared_error class_loss any_cross_entropy
""".split())

functions = {}
for _room in ROOMS:
    _module = import_module(f"minigrad.ops.{_room}")
    if _room in ("assignment", "inplace", "rows", "loss_tools", "generator", "update"):      # tools for the others
        continue
    _published = getattr(_module, "__all__", None)
    for _name, _value in vars(_module).items():
        if _name[0] == "_" or getattr(_value, "__module__", None) != _module.__name__:
            continue
        if _name in TOOLS or (_published is not None and _name not in _published):
            continue
        if not (isinstance(_value, type) and issubclass(_value, Op)):
            functions[_name] = _value
