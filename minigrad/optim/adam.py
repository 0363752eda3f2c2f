"""Adam and AdamW: steps that are about equally long in every direction."""

from minigrad.ops import update
from minigrad.optim.optimizer import Optimizer, check_betas, check_number

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adaptive moments: a running mean m of the gradients g, divided by the root of a running
    mean v of their squares, so that every parameter moves by about lr a step.

        g <- g + weight_decay p
        m <- m + (1 - beta1) (g - m)
        v <- beta2 v + (1 - beta2) g^2
        p <- p - lr / c1 m / (sqrt(v) / sqrt(c2) + eps)     c1 = 1 - beta1^t, c2 = 1 - beta2^t

    t counts a parameter's steps. m and v begin at 0 and are too small at first, by exactly
    the factors c1 and c2. The kernel adam in csrc/optim.c does these lines for all
    parameters of a group in one call.

    params: tensors, (name, tensor) pairs or groups: see Optimizer.
    lr: the step's length, a number or a tensor of one element.
    betas: how much of m and of v stays from step to step.
    eps: bounds the step where gradients vanish.
    weight_decay: pulls every parameter towards 0; as a part of g (which m and v see) or, with
    decoupled_weight_decay, apart from it: the first line becomes p <- p - lr weight_decay p.
    amsgrad: puts the largest v so far in place of v in the last line.
    maximize: climbs instead, with -g for g.
    foreach, capturable, fused: PyTorch's ways to go faster, accepted and ignored: a step is
    fused already.
    differentiable: True is refused.
    clip_norm, clip_value: see Optimizer.

    Errors: ValueError for a setting that is out of range, NaN or infinite, naming the value.

    Kingma and Ba, Adam: a method for stochastic optimization (2015), arXiv:1412.6980; amsgrad:
    Reddi, Kale and Kumar, On the convergence of Adam and beyond (2018).
    """

    folds_clipping = True
    state_of_param_shape = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *,
        foreach=None, maximize=False, capturable=False, differentiable=False, fused=None,
        decoupled_weight_decay=False, **clip,
    ):
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(self._name, group["betas"])
        check_number(self._name, "eps", group["eps"])
        check_number(self._name, "weight_decay", group["weight_decay"])

    def update(self, group):
        update.adam(group, self.state, *self.clip)


class AdamW(Adam):
    """Adam whose weight decay leaves the gradient alone.

        p <- p - lr weight_decay p
        m <- m + (1 - beta1) (g - m)
        v <- beta2 v + (1 - beta2) g^2
        p <- p - lr / c1 m / (sqrt(v) / sqrt(c2) + eps)     c1 = 1 - beta1^t, c2 = 1 - beta2^t

    In Adam, decay is divided by sqrt(v) with the rest of g, and weights with large gradients
    are hardly decayed; here all are alike. The arguments are Adam's.

    Loshchilov and Hutter, Decoupled weight decay regularization (2019), arXiv:1711.05101.
    """

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *,
        maximize=False, foreach=None, capturable=False, differentiable=False, fused=None, **clip,
    ):
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
            **clip,
        )  # fmt: skip

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # also where Adam's state was loaded
            group["decoupled_weight_decay"] = True
