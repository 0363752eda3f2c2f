"""Trading time for memory: activations that are computed again instead of kept.

    y = checkpoint(block, x)

runs block without recording; when the backward walk arrives, block runs again, recorded this
time, and the walk goes through it. A net of n layers in blocks of sqrt(n) keeps about
2 sqrt(n) activations instead of n, for one more forward. Chen et al., arXiv:1604.06174.
"""

import minigrad
from minigrad.autograd import Function, backward, enable_grad


class _Checkpoint(Function):
    @staticmethod
    def forward(ctx, function, keywords, preserve_rng_state, *arguments):
        ctx.function, ctx.keywords = function, keywords
        ctx.rng_state = minigrad.get_rng_state() if preserve_rng_state else None
        ctx.others = [None if isinstance(a, minigrad.Tensor) else a for a in arguments]
        ctx.save_for_backward(*[a if isinstance(a, minigrad.Tensor) else None for a in arguments])
        return function(*arguments, **keywords)

    @staticmethod
    def backward(ctx, *gradients):
        arguments = [
            other if saved is None else saved.detach().requires_grad_(saved.requires_grad)
            for saved, other in zip(ctx.saved_tensors, ctx.others, strict=True)
        ]
        now = minigrad.get_rng_state()
        if ctx.rng_state is not None:
            minigrad.set_rng_state(ctx.rng_state)
        with enable_grad():
            results = ctx.function(*arguments, **ctx.keywords)
        if ctx.rng_state is not None:
            minigrad.set_rng_state(now)
        results = results if isinstance(results, tuple) else (results,)
        wanted = [(y, g) for y, g in zip(results, gradients, strict=True) if y.requires_grad]
        backward([y for y, _ in wanted], [g for _, g in wanted])
        return (None, None, None, *(a.grad if isinstance(a, minigrad.Tensor) else None for a in arguments))


def checkpoint(function, *args, use_reentrant=None, preserve_rng_state=True, **kwargs):
    """function(*args, **kwargs), whose inner activations are computed again in backward.

    preserve_rng_state: draw the same random numbers again, so that dropout drops the same.
    use_reentrant is accepted for PyTorch's sake. Gradients reach the tensors among args and
    the parameters inside function; second gradients through a checkpoint are not to be had.
    """
    if not minigrad.is_grad_enabled():
        return function(*args, **kwargs)
    if not any(isinstance(a, minigrad.Tensor) and a.requires_grad for a in args):
        # the parameters inside still want their gradients: give the walk a reason to come here
        args = (*args, minigrad.zeros(0, requires_grad=True))
        inner = function

        def function(*arguments, **keywords):
            return inner(*arguments[:-1], **keywords)

    return _Checkpoint.apply(function, kwargs, preserve_rng_state, *args)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """A Sequential (or a list of modules) in `segments` checkpointed parts."""
    modules = list(functions)
    if not 1 <= segments <= len(modules):
        raise ValueError(f"checkpoint_sequential: expected 1 to {len(modules)} segments, got {segments}")
    size = len(modules) // segments

    def run(part):
        def through(x):
            for module in part:
                x = module(x)
            return x

        return through

    for i in range(segments):
        part = modules[i * size : (i + 1) * size if i < segments - 1 else None]
        input = checkpoint(run(part), input, **kwargs)
    return input
