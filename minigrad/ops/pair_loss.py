"""Losses between pairs and triples: distances, angles, and which of two is ranked first."""
from minigrad.ops.activation import relu
from minigrad.ops.arithmetic import floating, operands, where
from minigrad.ops.loss_tools import check_shapes, floats, reduced_by, reduction_of
from minigrad.ops.vectornorm import vector_norm
from minigrad.tensor import as_number, axis_of, check_tensors, describe

# ---- distances and angles ---------------------------------------------------------------------------------

def _floating_pair(who, x1, x2):
    a, b = operands(who, x1, x2)
    return floating(a), floating(b)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """|x1 - x2 + eps|_p along the last axis: the distance of each pair.

    Shapes: (..., D), which broadcast; the result is (...), or (..., 1) with keepdim.
    """
    a, b = _floating_pair("pairwise_distance", x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("pairwise_distance: expected vectors (..., D), got a tensor of no axes")
    eps = as_number("pairwise_distance", "eps", eps)
    return vector_norm(a - b + eps, as_number("pairwise_distance", "p", p), -1, keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along dim: the cosine of the angle between them.

    Shapes: any that broadcast; dim goes.
    """
    a, b = _floating_pair("cosine_similarity", x1, x2)
    eps = as_number("cosine_similarity", "eps", eps)
    rank = max(a.ndim, b.ndim)
    axis = axis_of(dim, rank) - rank
    while a.ndim < rank:
        a = a.unsqueeze(0)
    while b.ndim < rank:
        b = b.unsqueeze(0)
    if rank and a.shape[axis] != b.shape[axis]:
        a, b = a.expand_as(a + b), b.expand_as(a + b)
    return (_unit(a, axis, eps) * _unit(b, axis, eps)).sum(axis)


def _unit(x, axis, eps):
    length = vector_norm(x, 2.0, axis, True)
    return x / where(length < eps, eps, length)


# ---- losses -----------------------------------------------------------------------------------------------

def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1 (the pair belongs together), max(0, margin - input) where it is -1.

    Errors: ValueError where the shapes differ. Hadsell, Chopra and LeCun, CVPR 2006.
    """
    how = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    margin = as_number("hinge_embedding_loss", "margin", margin)
    x, t = floats("hinge_embedding_loss", input, target)
    return reduced_by(where(t != -1, x, 0.0) + where(t != 1, relu(margin - x), 0.0), how)


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target (input1 - input2)): target 1 wants input1 the larger, -1 input2.

    Errors: ValueError where the shapes differ.
    """
    how = reduction_of("margin_ranking_loss", reduction, size_average, reduce)
    check_shapes("margin_ranking_loss", input1, input2)
    check_shapes("margin_ranking_loss", input1, target)
    margin = as_number("margin_ranking_loss", "margin", margin)
    return reduced_by(relu(margin - target * (input1 - input2)), how)


def cosine_embedding_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos where target is 1, max(0, cos - margin) where it is -1, with cos the pair's cosine.

    Shapes: inputs (N, D) with target (N), or (D) with ().
    Errors: ValueError for other shapes.
    """
    how = reduction_of("cosine_embedding_loss", reduction, size_average, reduce)
    check_tensors("cosine_embedding_loss", target)
    check_shapes("cosine_embedding_loss", input1, input2)
    if input1.ndim not in (1, 2) or tuple(target.shape) != tuple(input1.shape)[:-1]:
        raise ValueError(f"cosine_embedding_loss: expected inputs (N, D) with a target (N), or (D) with (), got "
                         f"{describe(input1)} and {describe(target)}")
    margin = as_number("cosine_embedding_loss", "margin", margin)
    cos = cosine_similarity(input1, input2, -1)
    return reduced_by(where(target == 1, 1 - cos, 0.0) + where(target == -1, relu(cos - margin), 0.0), how)


def _triplet(who, distance, anchor, positive, negative, margin, swap, how):
    check_tensors(who, anchor, positive, negative)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ValueError(f"{who}: anchor, positive and negative have as many axes each, got {tuple(anchor.shape)}, "
                         f"{tuple(positive.shape)} and {tuple(negative.shape)}")
    margin = as_number(who, "margin", margin)
    if not margin > 0:
        raise ValueError(f"{who}: the margin is above 0, got {margin}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        between = distance(positive, negative)
        far = where(between < far, between, far)
    return reduced_by(relu(near - far + margin), how)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None,
                        reduce=None, reduction="mean"):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with d the pairwise_distance.

    Shapes: (N, D) or (D). swap: the negative's distance is the smaller of those to anchor and
    to positive (Balntas et al., BMVC 2016).
    Errors: ValueError for numbers of axes that differ and a margin <= 0.
    Schroff, Kalenichenko and Philbin, CVPR 2015.
    """
    how = reduction_of("triplet_margin_loss", reduction, size_average, reduce)
    return _triplet("triplet_margin_loss", lambda a, b: pairwise_distance(a, b, p, eps), anchor, positive, negative,
                    margin, swap, how)


def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False,
                                      reduction="mean"):
    """triplet_margin_loss with any function of two tensors as the distance (default: pairwise_distance)."""
    how = reduction_of("triplet_margin_with_distance_loss", reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet("triplet_margin_with_distance_loss", distance, anchor, positive, negative, margin, swap, how)
