"""Residual stacks, y = x + block(x), that begin as the identity, however deep they are."""

from minigrad.autograd import no_grad
from minigrad.nn.init.filling import zeros_
from minigrad.nn.init.names import get
from minigrad.nn.init.parts import branches_of, is_norm, is_weight_layer, paths_of, residuals_of, shown, weight_layers


def fixup_(model, branches=None, classifier=None, init=None):
    """Fixup: scales a residual network without norms so that it trains at any depth.

        W <- L^(-1 / (2 m - 2)) W    weights in a branch, but its last; L branches, of m weight layers each
        W <- 0, b <- 0               the last weight layer of each branch, and the classifier

    Every branch begins as 0, and the first step changes the output by Theta(lr), whatever L is.
    branches: the modules that are branches (of a Residual its block is meant); None: every
    module whose class is Residual. classifier: the layer that gives the scores; None: the last weight layer, which
    must stand behind all branches; False: there is none. init: draws all other weights first
    (a name or a callable, as a layer's init=); None: scales them as they are, once a call.
    Order is that of registration. A weight layer is a module that has a parameter `weight` of
    two axes or more, but for norms and embeddings. (The paper also puts scalar biases and a
    multiplier into each branch: those are the model's own.) Gives the model.
    Errors: ValueError where there are no branches, one has no weight layer or shares one with
    anything else, or no classifier is found; all before anything is changed.

    Zhang, Dauphin and Ma, ICLR 2019.
    """
    init = None if init is None else get(init)
    stacks = []
    for path, branch in branches_of("fixup_", model, branches):
        layers = weight_layers("fixup_", branch, path)
        if not layers:
            raise ValueError(f"fixup_: the branch {shown(path, branch)} has no weight layer")
        stacks.append(layers)
    inside = {id(module) for layers in stacks for _, module in layers}
    outside = [(path, module) for path, module in weight_layers("fixup_", model) if id(module) not in inside]
    head = _classifier(model, inside, classifier)
    zeroed = [layers[-1][1] for layers in stacks] + ([] if head is None else [head])
    _check_unshared(model, [module for layers in stacks for _, module in layers] + zeroed)
    if init is not None:
        for _, module in outside + [layer for layers in stacks for layer in layers[:-1]]:
            if module is not head:
                init(module.weight)
    with no_grad():
        for layers in stacks:
            for _, module in layers[:-1]:
                module.weight.mul_(len(stacks) ** (-1 / (2 * len(layers) - 2)))
    for module in zeroed:
        zeros_(module.weight)
        if getattr(module, "bias", None) is not None:
            zeros_(module.bias)
    return model


def _classifier(model, inside, given):
    """The layer that gives the scores, or None."""
    if given is False:
        return None
    if given is not None:
        (path, module), *_ = paths_of("fixup_", model, given, "classifier and branches")
        if not is_weight_layer(module) or id(module) in inside:
            raise ValueError(f"fixup_: the classifier {shown(path, module)} is no weight layer outside the branches")
        return module
    _, module = weight_layers("fixup_", model)[-1]
    shortcuts = {id(part) for _, residual in residuals_of(model) for part in residual.modules()}
    if id(module) in inside | shortcuts:
        raise ValueError(
            f"fixup_: behind the last branch of {model._get_name()} stands no weight layer to be the classifier; name "
            "it (classifier=model.head), or say that there is none (classifier=False)"
        )
    return module


def _check_unshared(model, changed):
    """ValueError where a weight that is scaled or set to 0 is also another module's."""
    owners = {}
    for path, module in model.named_modules():
        for parameter in module._parameters.values():
            owners.setdefault(id(parameter), []).append(shown(path, module))
    for module in changed:
        sharing = owners[id(module.weight)]
        if len(sharing) > 1:
            raise ValueError(f"fixup_: {' and '.join(sharing)} share a weight; what suits one would spoil the other")


def zero_gamma_(model, branches=None):
    """Sets the weight of the last norm in each residual branch to 0, so that y = x to begin with.

    branches: the modules that are branches (of a Residual its block is meant); None: every
    module whose class is Residual. Order is that of registration. Gives the model.
    Errors: ValueError, before anything is changed, where there are no branches, or where a
    branch has no norm, a last norm without weight, or a weight layer behind it: there a zero
    would not make the branch 0, and a ReLU between the two would never pass a gradient.

    Goyal et al., Accurate, Large Minibatch SGD (2017), 5.1.
    """
    last = [_last_norm(path, branch) for path, branch in branches_of("zero_gamma_", model, branches)]
    for module in last:
        zeros_(module.weight)
    return model


def _last_norm(root, branch):
    norm = behind = None
    for path, module in branch.named_modules(prefix=root):
        if is_norm(module):
            norm, behind = (path, module), None
        elif is_weight_layer(module):
            behind = path, module
    if norm is None:
        raise ValueError(f"zero_gamma_: the branch {shown(root, branch)} has no norm; without norms use fixup_")
    if behind is not None:
        raise ValueError(
            f"zero_gamma_: in the branch {root!r} {shown(*behind)} stands behind the last norm, {shown(*norm)}; a "
            "zero there would not make the branch 0, and before a ReLU it would stay for ever; set that layer's weight "
            "to 0"
        )
    if getattr(norm[1], "weight", None) is None:
        raise ValueError(f"zero_gamma_: {shown(*norm)} has no weight to set to 0 (it was made without affine)")
    return norm[1]
