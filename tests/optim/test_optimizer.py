"""What all optimizers share: groups, hooks, closures, saving and refusing."""

import copy
import math
import pickle

import numpy as np
import pytest

import minigrad
from minigrad.optim import (
    ASGD,
    LBFGS,
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Muon,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
)
from minigrad.optim.optimizer import required

# all but Muon, which takes matrices, and LBFGS, which asks for the gradient itself
ALL = [SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, NAdam, RAdam, Lion, Rprop, ASGD, Adafactor]
EVERY = [*ALL, Muon, LBFGS]


def leaf(*shape, dtype=minigrad.float64, seed=0):
    values = np.random.default_rng([seed, *shape]).standard_normal(shape)
    return minigrad.tensor(values, dtype=dtype, requires_grad=True)


def with_grad(*shape, dtype=minigrad.float64, seed=0):
    p = leaf(*shape, dtype=dtype, seed=seed)
    p.grad = leaf(*shape, dtype=dtype, seed=seed + 1).detach()
    return p


def momentum_sgd(params, **settings):
    return SGD(params, lr=0.1, momentum=0.9, **settings)


class Signs(Optimizer):
    """p <- p - lr sign(g)"""

    def __init__(self, params, lr=0.5):
        super().__init__(params, {"lr": lr})

    @minigrad.no_grad()
    def update(self, group):
        for p in group["params"]:
            if p.grad is not None:
                p -= group["lr"] * p.grad.sign()


class TorchStyle(Optimizer):
    """As a class written for PyTorch: it overrides step()."""

    def __init__(self, params, lr=required):
        super().__init__(params, {"lr": lr})

    @minigrad.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * p.grad


# ---- parameters and groups ---------------------------------------------------------------------

def test_parameters_come_as_tensors_pairs_or_groups():
    a, b, c = leaf(2), leaf(3), leaf()
    assert SGD(iter([a, b])).param_groups[0]["params"] == [a, b]
    named = SGD([("a", a), ("b", b)])
    assert named.param_groups[0]["params"] == [a, b] and named.param_groups[0]["param_names"] == ["a", "b"]
    optimizer = SGD([{"params": [a]}, {"params": b, "lr": 1.0}, {"params": iter([c]), "momentum": 0.5}], lr=0.1)
    groups = optimizer.param_groups
    assert [g["lr"] for g in groups] == [0.1, 1.0, 0.1] and [g["momentum"] for g in groups] == [0, 0, 0.5]
    assert [g["params"] for g in groups] == [[a], [b], [c]]


def test_a_group_may_hold_one_named_parameter():
    a = leaf(2)
    group = SGD([{"params": ("weight", a)}]).param_groups[0]
    assert group["params"] == [a] and group["param_names"] == ["weight"]


def test_the_callers_dict_is_not_written_to():
    group = {"params": [leaf(2)]}
    SGD([group])
    assert list(group) == ["params"]


@pytest.mark.parametrize("make, error, says", [
    (lambda: SGD([]), ValueError, "empty list of parameters"),
    (lambda: SGD(iter([])), ValueError, "empty list of parameters"),
    (lambda: SGD([{"params": iter([])}]), ValueError, "generator that gives no parameters"),
    (lambda: SGD(leaf(2)), TypeError, "got Tensor; wrap it in a list"),
    (lambda: SGD({"params": [leaf(2)]}), TypeError, "got dict; wrap it in a list"),
    (lambda: SGD(3), TypeError, r"got int; give model.parameters\(\)"),
    (lambda: SGD({leaf(2)}), TypeError, "must come in an order, which a set has not"),
    (lambda: SGD([leaf(2), 3.5]), TypeError, "parameter 1 of group 0 must be a Tensor, got 3.5"),
    (lambda: SGD([leaf(2) * 2]), ValueError, r"parameter 0 of group 0 is no leaf but the result .*MulBackward0"),
    (lambda: SGD([leaf(2), ("b", leaf(2))]), ValueError, "1 of 2 parameters came without a name"),
    (lambda: SGD([{"params": [("a", leaf(2))]}, {"params": [leaf(2)]}]), ValueError, "group 1 comes without names"),
    (lambda: SGD([{"params": 3}]), TypeError, "'params' must be tensors, got int"),
    (lambda: SGD([{"lr": 3}]), ValueError, r"needs 'params', got only \['lr'\]"),
    (lambda: SGD([leaf(2)]).add_param_group([leaf(2)]), TypeError, "a parameter group is a dict"),
    (lambda: TorchStyle([leaf(2)]), ValueError, "must say its lr, which has no default"),
], ids=str)  # fmt: skip
def test_what_is_no_list_of_parameters_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_a_parameter_given_twice_is_refused():
    a, b = leaf(2), leaf(2)
    with pytest.raises(ValueError, match="parameter 2 of group 0 is twice in this group"):
        SGD([a, b, a])
    with pytest.raises(ValueError, match="parameter 0 of group 1 is in group 0 already"):
        SGD([{"params": [a]}, {"params": [a]}])


def test_a_refused_group_is_not_added():
    a = leaf(2)
    optimizer = SGD([a])
    for group in ({"params": [a]}, {"params": [leaf(2)], "lr": -1.0}):
        with pytest.raises(ValueError):
            optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1


def test_a_group_added_later_is_trained():
    a, b = with_grad(2), with_grad(3)
    optimizer = SGD([a], lr=1.0)
    optimizer.add_param_group({"params": [b], "lr": 2.0})
    expected = [a.detach().numpy() - a.grad.numpy(), b.detach().numpy() - 2 * b.grad.numpy()]
    optimizer.step()
    assert np.array_equal(a.detach().numpy(), expected[0]) and np.array_equal(b.detach().numpy(), expected[1])


# ---- settings ------------------------------------------------------------------------------------

@pytest.mark.parametrize("cls", EVERY)
@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, -math.inf])
def test_a_learning_rate_that_makes_no_sense_is_refused_and_named(cls, lr):
    with pytest.raises(ValueError, match=rf"{cls.__name__}: lr must be finite and at least 0, got {lr}"):
        cls([leaf(2, 2)], lr=lr)
    with pytest.raises(ValueError, match=f"got {lr}"):
        cls([{"params": [leaf(2, 2)], "lr": lr}])


@pytest.mark.parametrize("cls, name, value", [
    (SGD, "momentum", -0.5), (SGD, "momentum", math.nan), (SGD, "weight_decay", -1e-3),
    (SGD, "weight_decay", math.inf), (SGD, "dampening", math.nan), (SGD, "dampening", -math.inf),
    (Adam, "eps", -1e-8), (Adam, "eps", math.nan), (Adam, "weight_decay", -1.0), (AdamW, "weight_decay", math.nan),
    (Adagrad, "lr_decay", -0.1), (Adagrad, "initial_accumulator_value", -1.0), (Adagrad, "eps", math.inf),
    (Adagrad, "weight_decay", -1.0), (RMSprop, "alpha", 1.0), (RMSprop, "alpha", -0.1), (RMSprop, "eps", -1.0),
    (RMSprop, "momentum", -0.1), (RMSprop, "weight_decay", -0.1), (Adadelta, "rho", 1.1), (Adadelta, "rho", -0.1),
    (Adadelta, "eps", -1.0), (Adadelta, "weight_decay", -1.0), (Adamax, "eps", -1.0), (Adamax, "weight_decay", -1.0),
    (NAdam, "momentum_decay", -0.1), (NAdam, "eps", math.nan), (RAdam, "eps", -1.0), (RAdam, "weight_decay", -1.0),
    (Lion, "weight_decay", -1.0), (ASGD, "weight_decay", -1.0), (ASGD, "lambd", math.nan), (ASGD, "t0", math.inf),
    (Adafactor, "beta2_decay", 0.1), (Adafactor, "d", 0.5), (Adafactor, "weight_decay", -1.0),
    (Muon, "momentum", -0.1), (Muon, "weight_decay", math.nan), (Muon, "eps", -1.0), (Muon, "ns_steps", 100),
    (Muon, "ns_steps", -1), (Muon, "adjust_lr_fn", "other"), (LBFGS, "max_iter", 0), (LBFGS, "max_eval", 1.5),
    (LBFGS, "history_size", 0), (LBFGS, "tolerance_grad", -1.0), (LBFGS, "tolerance_change", math.nan),
    (LBFGS, "line_search_fn", "armijo"),
])  # fmt: skip
def test_a_setting_out_of_range_is_refused_and_named(cls, name, value):
    with pytest.raises(ValueError, match=f"{cls.__name__}: {name} must be .*, got '?{value}"):
        cls([leaf(2, 2)], **{name: value})


@pytest.mark.parametrize("cls, name, value, says", [
    (Rprop, "etas", (0.5, 0.9), "0 < eta_minus < 1 < eta_plus, got 0.5 and 0.9"), (Rprop, "etas", 0.5, "be a pair"),
    (Rprop, "etas", (math.nan, 1.2), r"etas\[0\] .* got nan"), (Rprop, "step_sizes", (2, 1), "shortest and the long"),
    (Rprop, "step_sizes", (-1, 1), r"step_sizes\[0\] .* got -1"), (Adafactor, "eps", 1e-3, "must be a pair"),
    (Adafactor, "eps", (-1, 1e-3), r"eps\[0\] .* got -1"), (Adafactor, "eps", (None, -1), r"eps\[1\] .* got -1"),
    (Muon, "ns_coefficients", (1, 2), "be three numbers"),
    (Muon, "ns_coefficients", (1, 2, math.inf), r"\[2\] .* got inf"),
])  # fmt: skip
def test_pairs_and_triples_out_of_range_are_refused_and_named(cls, name, value, says):
    with pytest.raises(ValueError, match=says):
        cls([leaf(2, 2)], **{name: value})


@pytest.mark.parametrize("betas, says", [
    ((1.0, 0.9), r"betas\[0\] must be in \[0, 1\), got 1.0"), ((0.9, -0.1), r"betas\[1\] .* got -0.1"),
    ((0.9, math.nan), r"betas\[1\] .* got nan"), ((0.9,), "must be a pair"), (0.9, "must be a pair"),
])  # fmt: skip
@pytest.mark.parametrize("cls", [Adam, AdamW, Adamax, NAdam, RAdam, Lion])
def test_betas_out_of_range_are_refused_and_named(cls, betas, says):
    with pytest.raises(ValueError, match=says):
        cls([leaf(2)], betas=betas)


@pytest.mark.parametrize("value", ["0.1", None, [0.1]])
def test_a_learning_rate_that_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="SGD: expected lr as a number"):
        SGD([leaf(2)], lr=value)


def test_a_learning_rate_of_several_numbers_is_refused():
    with pytest.raises(ValueError, match=r"expected lr as one number, got a tensor of shape \(2,\)"):
        Adam([leaf(2)], lr=minigrad.tensor([0.1, 0.2]))


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_without_momentum_or_with_dampening_is_refused(settings):
    with pytest.raises(ValueError, match="nesterov needs momentum above 0 and dampening 0, got momentum"):
        SGD([leaf(2)], nesterov=True, **settings)


@pytest.mark.parametrize("cls", [cls for cls in ALL if cls is not Adafactor])
def test_differentiable_is_refused_with_the_reason(cls):
    with pytest.raises(ValueError, match="differentiable=True is not supported, since a step changes"):
        cls([leaf(2)], differentiable=True)


@pytest.mark.parametrize("flag", ["foreach", "fused", "capturable"])
@pytest.mark.parametrize("cls", ALL)
def test_pytorchs_ways_to_go_faster_change_nothing(cls, flag):
    p, q = with_grad(3), with_grad(3)
    if flag not in cls([p]).defaults:
        with pytest.raises(TypeError, match=f"{cls.__name__}: unexpected keyword '{flag}'"):
            cls([p], **{flag: True})
        return
    cls([p], lr=0.1, **{flag: True}).step()
    cls([q], lr=0.1).step()
    assert p.tolist() == q.tolist()


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_learning_rate_spoilt_later_is_refused_at_the_step_and_nothing_changes(cls, bad):
    p = with_grad(3)
    optimizer = cls([p], lr=0.1)
    optimizer.step()
    before, state = p.detach().clone(), copy.deepcopy(optimizer.state_dict()["state"])
    for lr in (bad, minigrad.tensor(bad)):
        optimizer.param_groups[0]["lr"] = lr
        with pytest.raises(ValueError, match=rf"lr is {bad} in a parameter group"):
            optimizer.step()
    assert p.tolist() == before.tolist()
    assert repr(optimizer.state_dict()["state"]) == repr(state)


# ---- step ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("cls", ALL)
def test_a_parameter_without_gradient_is_skipped_and_gets_no_state(cls):
    a, b = with_grad(3), leaf(3, seed=9)
    before = b.tolist()
    optimizer = cls([b, a], lr=0.1, **({"momentum": 0.9} if cls is SGD else {}))
    optimizer.step()
    assert b.tolist() == before and a in optimizer.state
    assert b not in optimizer.state if cls is not Adagrad else optimizer.state[b]["step"].item() == 0


@pytest.mark.parametrize("cls", ALL)
def test_one_group_may_mix_dtypes_shapes_and_empty_tensors(cls):
    shapes, dtypes = [(3,), (2, 2), (0, 3), (), (5,)], [minigrad.float32, minigrad.float64]
    together = [with_grad(*s, dtype=d) for s in shapes for d in dtypes]
    alone = [with_grad(*s, dtype=d) for s in shapes for d in dtypes]
    cls(together, lr=0.1).step()
    for p in alone:
        cls([p], lr=0.1).step()
    assert [p.tolist() for p in together] == [p.tolist() for p in alone]


@pytest.mark.parametrize("settings", [(SGD, {"momentum": 0.9}), (Adam, {"amsgrad": True})], ids=str)
def test_parameters_and_gradients_that_are_not_contiguous_step_alike(settings):
    cls, more = settings
    values, g = np.arange(12.0).reshape(3, 4), np.cos(np.arange(12.0)).reshape(3, 4)
    plain = minigrad.tensor(values, requires_grad=True)
    strided = minigrad.from_numpy(np.asfortranarray(values)).requires_grad_()
    assert not strided.is_contiguous()
    both = cls([plain], lr=0.1, **more), cls([strided], lr=0.1, **more)
    for _ in range(3):
        plain.grad = minigrad.from_numpy(g.copy())
        strided.grad = minigrad.from_numpy(np.asfortranarray(g))
        for optimizer in both:
            optimizer.step()
    assert plain.tolist() == strided.tolist() and strided.stride() == (1, 3)


def test_a_gradient_that_is_read_only_or_expanded_is_only_read():
    a, b = leaf(2, 3), leaf(2, 3)
    g = np.ones((2, 3))
    g.flags.writeable = False
    a.grad, b.grad = minigrad.from_numpy(g), minigrad.ones(1, 1, dtype=minigrad.float64).expand(2, 3)
    expected = a.detach().numpy() - 0.5
    SGD([a, b], lr=0.5).step()
    assert np.array_equal(a.detach().numpy(), expected) and np.array_equal(b.detach().numpy(), expected)


def test_a_read_only_parameter_is_refused_before_anything_changes():
    a = with_grad(2)
    array = np.zeros(2)
    array.flags.writeable = False
    b = minigrad.from_numpy(array).requires_grad_()
    b.grad = minigrad.ones(2, dtype=minigrad.float64)
    before = a.tolist()
    with pytest.raises(ValueError, match="read-only"):
        SGD([a, b], lr=1.0).step()
    assert a.tolist() == before and b.tolist() == [0, 0]


def test_a_step_refused_halfway_starts_no_buffers():
    a, b = with_grad(2), with_grad(3)
    optimizer = momentum_sgd([a, b])
    b.data = leaf(4).detach()
    with pytest.raises(ValueError, match=r"a parameter of float64 \(4,\) came with a gradient of float64 \(3,\)"):
        optimizer.step()
    assert not optimizer.state[a]


def test_backward_through_a_graph_from_before_the_step_is_an_error():
    p = leaf(3)
    y = (p * p).sum()
    p.grad = minigrad.ones(3, dtype=minigrad.float64)
    SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize("cls", [*ALL, Signs])
def test_a_closure_records_gradients_and_its_loss_comes_back(cls):
    p = leaf(3)
    optimizer = cls([p], lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minigrad.no_grad():
        first = optimizer.step(closure)
        assert not minigrad.is_grad_enabled()
    assert first.item() > (p * p).sum().item() and first.requires_grad
    assert optimizer.step() is None


def test_zero_grad_forgets_or_fills_with_zeros():
    a, b = with_grad(2), leaf(3)
    optimizer = SGD([a, b])
    g = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is g and g.tolist() == [0, 0] and b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


def test_zero_grad_takes_a_gradient_out_of_its_graph():
    p = leaf(2)
    (p * p * p).sum().backward(create_graph=True)
    assert p.grad.requires_grad
    SGD([p]).zero_grad(set_to_none=False)
    assert not p.grad.requires_grad and p.grad.grad_fn is None and p.grad.tolist() == [0, 0]


# ---- hooks ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("cls", [SGD, Signs, TorchStyle])
def test_hooks_run_before_and_after_a_step_until_removed(cls):
    p = with_grad(2)
    optimizer = cls([p], lr=0.1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", o, args, p.tolist())))
    after = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", o, args, p.tolist())))
    old = p.tolist()
    optimizer.step()
    new = p.tolist()
    assert seen == [("before", optimizer, (optimizer,), old), ("after", optimizer, (optimizer,), new)]
    before.remove()
    after.remove()
    optimizer.step()
    assert len(seen) == 2


def test_a_hook_may_replace_the_closure():
    optimizer = SGD([leaf(2)])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "another"), kwargs))
    assert optimizer.step(lambda: "one") == "another"
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="gives None or new"):
        optimizer.step()


def test_a_step_that_calls_its_parents_step_runs_hooks_once():
    class Twice(SGD):
        def step(self, closure=None):
            super().step()
            return super().step(closure)

    p = with_grad(2)
    optimizer, seen = Twice([p], lr=1.0), []
    optimizer.register_step_pre_hook(lambda *_: seen.append(1))
    expected = p.detach().numpy() - 2 * p.grad.numpy()
    optimizer.step()
    assert seen == [1] and np.allclose(p.detach().numpy(), expected)


def test_the_example_of_an_own_optimizer_steps():
    p = with_grad(3)
    expected = p.detach().numpy() - 0.5 * np.sign(p.grad.numpy())
    Signs([p]).step()
    assert np.array_equal(p.detach().numpy(), expected)


# ---- saving ----------------------------------------------------------------------------------------

def test_state_dict_numbers_the_parameters_through_the_groups():
    a, b, c = with_grad(2), with_grad(3), leaf(4)
    saved = momentum_sgd([{"params": [a, b]}, {"params": [c], "lr": 0.5}])
    saved.step()
    saved = saved.state_dict()
    assert [g["params"] for g in saved["param_groups"]] == [[0, 1], [2]] and list(saved["state"]) == [0, 1]
    assert saved["param_groups"][1]["lr"] == 0.5
    adam = Adam([a])
    adam.step()
    own = adam.state_dict()["state"][0]
    assert list(own) == ["step", "exp_avg", "exp_avg_sq"]
    assert own["step"].dtype == minigrad.float32 and own["step"].shape == () and own["step"].item() == 1


@pytest.mark.parametrize("cls, settings", [
    (SGD, {"momentum": 0.9}), (Adam, {"amsgrad": True}), (RMSprop, {"momentum": 0.5, "centered": True}),
    *[(cls, {}) for cls in (*ALL, Muon) if cls not in (SGD, NAdam)],
], ids=str)  # fmt: skip
def test_training_resumed_from_a_state_dict_goes_on_bit_for_bit(cls, settings):
    shapes = [(3, 1), (2, 2)] if cls is Muon else [(3,), (2, 2)]
    one, other = [with_grad(*s) for s in shapes], [with_grad(*s) for s in shapes]
    first = cls(one, lr=0.1, **settings)
    for _ in range(3):
        first.step()
    saved = pickle.loads(pickle.dumps(first.state_dict()))
    for p, q in zip(one, other, strict=True):
        q.data = p.detach().clone()
    second = cls(other, lr=7.0)
    second.load_state_dict(saved)
    assert second.param_groups[0]["lr"] == 0.1
    for optimizer in (first, second):
        optimizer.step()
    assert [p.tolist() for p in one] == [p.tolist() for p in other]


def test_loaded_state_is_a_copy_in_the_parameters_dtype():
    p, q = with_grad(2), with_grad(2, dtype=minigrad.float32)
    first, second = Adam([p]), Adam([q])
    first.step()
    saved = first.state_dict()
    second.load_state_dict(saved)
    assert second.state[q]["exp_avg"].dtype == second.state[q]["step"].dtype == minigrad.float32
    third = Adam([with_grad(2)])
    third.load_state_dict(saved)
    third.step()
    assert saved["state"][0]["step"].item() == 1


def test_a_state_dict_that_does_not_fit_is_refused_and_changes_nothing():
    optimizer = momentum_sgd([with_grad(2), with_grad(3)])
    optimizer.step()
    before = repr(optimizer.state_dict())
    good = copy.deepcopy(optimizer.state_dict())

    def broken(change):
        saved = copy.deepcopy(good)
        change(saved)
        return saved

    cases = [
        (lambda s: s["param_groups"].append(s["param_groups"][0]), "got 2 parameter groups, this optimizer has 1"),
        (lambda s: s["param_groups"][0]["params"].pop(), "got 1 parameters in group 0, this optimizer has 2"),
        (lambda s: s.pop("state"), "expected what an optimizer's state_dict"),
        (lambda s: s["param_groups"][0].update(lr=math.nan), "lr must be .* got nan"),
        (lambda s: s["state"][1].update(momentum_buffer=minigrad.ones(2)), r"must have its shape \(3,\), got \(2,\)"),
    ]
    for change, says in cases:
        with pytest.raises(ValueError, match=says):
            optimizer.load_state_dict(broken(change))
        assert repr(optimizer.state_dict()) == before


def test_an_older_save_without_some_settings_keeps_ours():
    optimizer = Adam([with_grad(2)], lr=0.5)
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["decoupled_weight_decay"]
    optimizer.load_state_dict(saved)
    optimizer.step()


def test_a_step_count_saved_as_a_plain_number_is_understood():
    optimizer = Adam([with_grad(2)])
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    saved["state"][0]["step"] = 1
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert optimizer.state_dict()["state"][0]["step"].item() == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
@pytest.mark.parametrize("make", [momentum_sgd, *ALL[1:]])
def test_a_copy_is_independent_and_steps_alike(make, duplicate):
    p = with_grad(3)
    optimizer = make([p])
    optimizer.register_step_pre_hook(print)
    optimizer._before_step.clear()
    optimizer.step()
    other, q = duplicate((optimizer, p))
    assert other.param_groups[0]["params"][0] is q and q is not p and q in other.state
    q.grad = p.grad.clone()
    before = q.tolist()
    optimizer.step()
    assert q.tolist() == before
    other.step()
    assert p.tolist() == q.tolist()


def test_repr_lists_every_groups_settings():
    assert repr(SGD([{"params": [leaf(2)]}, {"params": [leaf(3)], "lr": 0.5}], lr=0.1)) == """SGD (
Parameter Group 0
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.1
    maximize: False
    momentum: 0
    nesterov: False
    weight_decay: 0
Parameter Group 1
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.5
    maximize: False
    momentum: 0
    nesterov: False
    weight_decay: 0
)"""


# ---- against PyTorch -------------------------------------------------------------------------------

@pytest.mark.oracle
@pytest.mark.parametrize("cls", [cls for cls in EVERY if cls is not Lion])
def test_signatures_defaults_and_repr_are_pytorchs(cls):
    torch = pytest.importorskip("torch")
    import inspect

    theirs = getattr(torch.optim, cls.__name__)

    def shape(f):
        return [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]

    *ours, clip = shape(cls)
    assert ours == shape(theirs) and clip[0] == "clip"
    ours, theirs = cls([("a", leaf(2, 2))]), theirs([("a", torch.ones(2, 2))])
    assert ours.defaults == theirs.defaults and repr(ours) == repr(theirs)
    ours, theirs = ours.state_dict(), theirs.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert {i: list(own) for i, own in ours["state"].items()} == {i: list(own) for i, own in theirs["state"].items()}
