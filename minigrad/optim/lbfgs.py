"""LBFGS: Newton's step, with a curvature read off the last steps."""

from minigrad.autograd import enable_grad, no_grad
from minigrad.ops.creation import zeros
from minigrad.ops.joining import cat
from minigrad.optim.line_search import Point, strong_wolfe
from minigrad.optim.optimizer import Optimizer, check_number

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Take quasi-Newton steps on a loss that does not change between them: whole batches, no dropout.

        y <- g - g_before, s <- t d                 kept for the last history_size steps, if y.s > 1e-10
        d <- -H g                                   H: inverse curvature that takes each y to its s
        p <- p + t d

    H g takes two walks through the history, with h = y.s / y.y of the last pair:

        q <- g;      a_i <- s_i.q / y_i.s_i,   q <- q - a_i y_i        from the newest to the oldest
        q <- h q;    q <- q + (a_i - y_i.q / y_i.s_i) s_i              from the oldest to the newest

    step(closure) makes up to max_iter such iterations, and calls closure, which computes the loss
    anew, at least once in each.

    params: all in one group. lr: the step t (the first ever is min(1, 1 / |g|_1) lr), or where the
    line search begins; a number or a tensor of one element.
    max_iter, max_eval: iterations, and calls of closure, in a step; max_eval None: 5/4 max_iter.
    tolerance_grad: ends a step where no gradient is larger.
    tolerance_change: ends a step where neither loss nor parameters change more.
    history_size: how many pairs (s, y) to keep.
    line_search_fn: "strong_wolfe", or None for steps of lr as they come.
    clip_norm and clip_value are refused: clipped gradients have no curvature to read off.

    Errors: ValueError for a second group, and for a setting that is out of range; TypeError for a
    step without closure.

    Liu and Nocedal, On the limited memory BFGS method for large scale optimization (1989).
    """

    def __init__(
        self, params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9,
        history_size=100, line_search_fn=None, **clip,
    ):
        if max_eval is None and isinstance(max_iter, int):
            max_eval = max_iter * 5 // 4
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn,
        }, **clip)  # fmt: skip

    def check(self, group):
        super().check(group)
        who = self._name
        for name in ("max_iter", "max_eval", "history_size"):
            if not isinstance(group[name], int) or group[name] < 1:
                raise ValueError(f"{who}: {name} must be a whole number and at least 1, got {group[name]!r}")
        check_number(who, "tolerance_grad", group["tolerance_grad"])
        check_number(who, "tolerance_change", group["tolerance_change"])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"{who}: line_search_fn must be 'strong_wolfe' or None, got {group['line_search_fn']!r}")
        for name in ("clip_norm", "clip_value"):
            if group.get(name) is not None:
                raise ValueError(
                    f"{who}: {name} is not supported, since differences of clipped gradients are no curvature; "
                    "line_search_fn='strong_wolfe' keeps steps from going too far"
                )

    def add_param_group(self, param_group):
        if self.param_groups:
            raise ValueError(f"{self._name}: all parameters share one curvature and one group; give one list")
        super().add_param_group(param_group)

    @no_grad()
    def step(self, closure=None):
        """Up to max_iter iterations; gives the loss before them.

        closure: clears the gradients, computes the loss, calls backward() and returns the loss.
        """
        if closure is None:
            raise TypeError("LBFGS.step: needs a closure that computes the loss and calls backward()")
        group = self.param_groups[0]
        lr, tolerance_grad, tolerance_change = self.numbers(group, "lr", "tolerance_grad", "tolerance_change")
        params = group["params"]
        own = self.state[params[0]]  # PyTorch keeps it there, too
        own.setdefault("func_evals", 0)
        own.setdefault("n_iter", 0)

        def evaluate():
            with enable_grad():
                loss = closure()
            own["func_evals"] += 1
            return loss, _flat([p.grad for p in params], params)

        first, g = evaluate()
        loss, evaluations = float(first), 1
        if _largest(g) <= tolerance_grad:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            own["n_iter"] += 1
            d, t = self._direction(own, g, lr, group["history_size"])
            own["prev_flat_grad"], own["prev_loss"] = g, loss
            own["d"], own["t"] = d, t
            slope = float(g.dot(d))
            if slope > -tolerance_change:
                break
            if group["line_search_fn"]:
                start = [p.clone() for p in params]

                def measure(t, d=d, start=start):
                    _move(params, d, t)
                    loss, g = evaluate()
                    for p, x in zip(params, start, strict=True):
                        p.copy_(x)
                    return Point(t, float(loss), g, float(g.dot(d)))

                here, most = Point(0.0, loss, g, slope), min(25, group["max_eval"] - evaluations)
                point, calls = strong_wolfe(measure, here, t, _largest(d), tolerance_change, most=most)
                t, loss, g = point.t, point.loss, point.gradient
                own["t"] = t
                _move(params, d, t)
                evaluations += calls
            else:
                _move(params, d, t)
                if iteration < group["max_iter"]:
                    loss, g = evaluate()
                    loss, evaluations = float(loss), evaluations + 1
            if (
                evaluations >= group["max_eval"]
                or _largest(g) <= tolerance_grad
                or _largest(d) * abs(t) <= tolerance_change
                or abs(loss - own["prev_loss"]) < tolerance_change
            ):
                break
        return first

    def _direction(self, own, g, lr, history_size):
        """d and t for an iteration, from the history, which the last step now enters."""
        if own["n_iter"] == 1:
            own.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -g, min(1.0, 1.0 / float(g.abs().sum())) * lr
        ys, ss, ro = own["old_dirs"], own["old_stps"], own["ro"]  # PyTorch's names for y, s and 1 / y.s
        y, s = g - own["prev_flat_grad"], own["d"] * own["t"]
        curvature = y.dot(s)
        if curvature > 1e-10:
            if len(ys) == history_size:
                for kept in (ys, ss, ro):
                    kept.pop(0)
            ys.append(y)
            ss.append(s)
            ro.append(1.0 / curvature)
            own["H_diag"] = curvature / y.dot(y)
        q, a = -g, [None] * history_size
        own["al"] = a
        for i in reversed(range(len(ys))):
            a[i] = ss[i].dot(q) * ro[i]
            q.sub_(ys[i] * a[i])
        q.mul_(own["H_diag"])
        for i in range(len(ys)):
            q.add_(ss[i] * (a[i] - ys[i].dot(q) * ro[i]))
        return q, lr


def _flat(gradients, params):
    """All gradients in one vector; zeros where there is none."""
    return cat([
        zeros(p.numel(), dtype=p.dtype) if g is None else g.detach().reshape(-1)
        for g, p in zip(gradients, params, strict=True)
    ])  # fmt: skip


def _largest(x):
    return float(x.abs().max()) if x.numel() else 0.0


def _move(params, d, t):
    """p <- p + t d, where d holds all parameters one after the other."""
    start = 0
    for p in params:
        p.add_(d[start : start + p.numel()].reshape(p.shape), alpha=t)
        start += p.numel()
