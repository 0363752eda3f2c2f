"""Losses between pairs and triples: distances, angles, and which of two is ranked first."""
from minigrad.ops.arithmetic cimport floating, operands
from minigrad.ops.loss cimport check_same_shape, floats, reduced_by, reduction_of
from minigrad.tensor cimport Tensor, axis_of, describe

from minigrad.ops.activation import relu
from minigrad.ops.arithmetic import where
from minigrad.ops.vectornorm import vector_norm


# ---- distances and angles -----------------------------------------------------------------------------------

def pairwise_distance(x1, x2, double p=2.0, double eps=1e-6, bint keepdim=False):
    """|x1 - x2 + eps|_p along the last axis: the distance of each pair.

    Shapes: (..., D), which broadcast; the result is (...), or (..., 1) with keepdim.
    """
    cdef Tensor a, b
    a, b = operands("pairwise_distance", x1, x2)
    a, b = floating(a), floating(b)
    if a.rank == 0 or b.rank == 0:
        raise ValueError("pairwise_distance: expected vectors (..., D), got a tensor of no axes")
    return vector_norm(a - b + eps, p, -1, keepdim)


def cosine_similarity(x1, x2, dim=1, double eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along dim: the cosine of the angle between them.

    Shapes: any that broadcast; dim goes.
    """
    cdef Tensor a, b
    cdef int axis
    a, b = operands("cosine_similarity", x1, x2)
    a, b = floating(a), floating(b)
    axis = axis_of(dim, max(a.rank, b.rank)) - max(a.rank, b.rank)
    while a.rank < b.rank:
        a = a.unsqueeze(0)
    while b.rank < a.rank:
        b = b.unsqueeze(0)
    if a.rank and a.length[a.rank + axis] != b.length[b.rank + axis]:
        a, b = a.expand_as(a + b), b.expand_as(a + b)
    return (_unit(a, axis, eps) * _unit(b, axis, eps)).sum(axis)


cdef Tensor _unit(Tensor x, int axis, double eps):
    length = vector_norm(x, 2.0, axis, True)
    return x / where(length < eps, eps, length)


# ---- losses ----------------------------------------------------------------------------------------------------

def hinge_embedding_loss(Tensor input not None, Tensor target not None, double margin=1.0, size_average=None,
                         reduce=None, reduction="mean"):
    """input where target is 1 (the pair belongs together), max(0, margin - input) where it is -1.

    Errors: ValueError where the shapes differ. Hadsell, Chopra and LeCun, CVPR 2006.
    """
    cdef str how = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    cdef Tensor x, t
    x, t = floats("hinge_embedding_loss", input, target)
    return reduced_by(where(t != -1, x, 0.0) + where(t != 1, relu(margin - x), 0.0), how)


def margin_ranking_loss(Tensor input1 not None, Tensor input2 not None, Tensor target not None, double margin=0.0,
                        size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target (input1 - input2)): target 1 wants input1 the larger, -1 input2.

    Errors: ValueError where the shapes differ.
    """
    cdef str how = reduction_of("margin_ranking_loss", reduction, size_average, reduce)
    check_same_shape("margin_ranking_loss", input1, input2)
    check_same_shape("margin_ranking_loss", input1, target)
    return reduced_by(relu(margin - target * (input1 - input2)), how)


def cosine_embedding_loss(Tensor input1 not None, Tensor input2 not None, Tensor target not None, double margin=0.0,
                          size_average=None, reduce=None, reduction="mean"):
    """1 - cos where target is 1, max(0, cos - margin) where it is -1, with cos the pair's cosine.

    Shapes: inputs (N, D) with target (N), or (D) with ().
    Errors: ValueError for other shapes.
    """
    cdef str how = reduction_of("cosine_embedding_loss", reduction, size_average, reduce)
    check_same_shape("cosine_embedding_loss", input1, input2)
    if input1.rank not in (1, 2) or tuple(target.shape) != tuple(input1.shape)[:-1]:
        raise ValueError(f"cosine_embedding_loss: expected inputs (N, D) with a target (N), or (D) with (), got "
                         f"{describe(input1)} and {describe(target)}")
    cos = cosine_similarity(input1, input2, -1)
    return reduced_by(where(target == 1, 1 - cos, 0.0) + where(target == -1, relu(cos - margin), 0.0), how)


cdef object _triplet(object near, object far, object between, double margin, str how):
    if between is not None:
        far = where(between < far, between, far)
    return reduced_by(relu(near - far + margin), how)


cdef int _check_triplet(str who, Tensor anchor, Tensor positive, Tensor negative, double margin) except -1:
    if not anchor.rank == positive.rank == negative.rank:
        raise ValueError(f"{who}: anchor, positive and negative have as many axes each, got {tuple(anchor.shape)}, "
                         f"{tuple(positive.shape)} and {tuple(negative.shape)}")
    if not margin > 0:
        raise ValueError(f"{who}: the margin is above 0, got {margin}")
    return 0


def triplet_margin_loss(Tensor anchor not None, Tensor positive not None, Tensor negative not None, double margin=1.0,
                        double p=2.0, double eps=1e-6, bint swap=False, size_average=None, reduce=None,
                        reduction="mean"):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with d the pairwise_distance.

    Shapes: (N, D) or (D). swap: the negative's distance is the smaller of those to anchor and
    to positive (Balntas et al., BMVC 2016).
    Errors: ValueError for numbers of axes that differ and a margin <= 0.
    Schroff, Kalenichenko and Philbin, CVPR 2015.
    """
    cdef str how = reduction_of("triplet_margin_loss", reduction, size_average, reduce)
    _check_triplet("triplet_margin_loss", anchor, positive, negative, margin)
    return _triplet(pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps),
                    pairwise_distance(positive, negative, p, eps) if swap else None, margin, how)


def triplet_margin_with_distance_loss(Tensor anchor not None, Tensor positive not None, Tensor negative not None, *,
                                      distance_function=None, double margin=1.0, bint swap=False, reduction="mean"):
    """triplet_margin_loss with any function of two tensors as the distance (default: pairwise_distance)."""
    cdef str how = reduction_of("triplet_margin_with_distance_loss", reduction, None, None)
    _check_triplet("triplet_margin_with_distance_loss", anchor, positive, negative, margin)
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(distance(anchor, positive), distance(anchor, negative),
                    distance(positive, negative) if swap else None, margin, how)
