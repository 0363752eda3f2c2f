"""Which modules of a model are weight layers, which are norms, and which are residual branches."""

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


def shown(path, module):
    """A module as errors name it: Linear '0.block.2'."""
    return f"{module._get_name()} {path!r}" if path else f"{module._get_name()} (the model itself)"


def _kinds(module):
    """The names of a module's class and of those it comes from."""
    return {kind.__name__ for kind in type(module).__mro__}


def is_norm(module):
    """Whether it is a normalisation layer: its class, or one that it comes from, is called ...Norm or ...Norm1d."""
    return any(name.rstrip("123d").endswith("Norm") for name in _kinds(module))


def is_weight_layer(module):
    """Whether it has a parameter `weight` of two axes or more and is neither a norm nor an embedding."""
    if is_norm(module) or _kinds(module) & {"Embedding", "EmbeddingBag"}:
        return False
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim >= 2


def weight_layers(who, root, prefix=""):
    """[(path, module)] of the weight layers in a module, in the order they were registered.

    Errors: ValueError where a weight is computed from other parameters, so that filling it
    would change nothing.
    """
    found = [(path, module) for path, module in root.named_modules(prefix=prefix) if is_weight_layer(module)]
    for path, module in found:
        check_weight(who, path, module)
    return found


def check_weight(who, path, module):
    """ValueError unless the module's weight is a parameter of its own."""
    if not isinstance(module._parameters.get("weight"), Parameter):
        raise ValueError(
            f"{who}: the weight of {shown(path, module)} is computed from other parameters; initialise it before that "
            "is set up"
        )


def paths_of(who, model, modules, what):
    """[(path, module)] of modules that must be parts of the model."""
    paths = {id(module): path for path, module in model.named_modules()}
    modules = [modules] if isinstance(modules, Module) else list(modules)
    for module in modules:
        if id(module) not in paths:
            got = repr(module) if isinstance(module, Module) else type(module).__name__
            raise ValueError(f"{who}: {what} are modules of the model, got {got}, which is none of them")
    return [(paths[id(module)], module) for module in modules]


def _is_residual(module):
    return "Residual" in _kinds(module) and isinstance(getattr(module, "block", None), Module)


def residuals_of(model):
    """[(path, module)] of the modules whose class is Residual, or comes from it, with a module as their block."""
    return [(path, module) for path, module in model.named_modules() if _is_residual(module)]


def branches_of(who, model, given=None):
    """[(path, module)] of a model's residual branches: the modules given, or every Residual; of a Residual its block.

    Errors: ValueError where there are none, or where two share a weight (one may lie within the other).
    """
    found = residuals_of(model) if given is None else paths_of(who, model, given, "branches")
    found = [
        (f"{path}.block".lstrip("."), module.block) if _is_residual(module) else (path, module)
        for path, module in found
    ]
    if not found:
        raise ValueError(
            f"{who}: {model._get_name()} has no residual branch (a module named Residual with an attribute block); "
            "say which they are: branches=[...]"
        )
    owners = {}
    for place, (path, branch) in enumerate(found):
        for module in branch.modules():
            if not is_norm(module) and not is_weight_layer(module):
                continue
            weight = module._parameters.get("weight")
            owner = owners.setdefault(id(module if weight is None else weight), place)
            if owner != place:
                raise ValueError(
                    f"{who}: the branches {found[owner][0]!r} and {path!r} have a {module._get_name()} in common; say "
                    "which are to count: branches=[...]"
                )
    return found
