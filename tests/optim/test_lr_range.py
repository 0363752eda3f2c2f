"""lr_finder: the rates it tries, the loss it smooths, when it stops, and that nothing is left of it."""

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.optim import SGD, Adam, lr_finder
from minigrad.optim.lr_curve import LRCurve
from minigrad.utils.data import DataLoader, IterableDataset, TensorDataset


def data(n=64):
    minigrad.manual_seed(0)
    x = minigrad.randn(n, 4)
    return x, (x[:, 0] > 0).long()


def make(cls=SGD, **settings):
    minigrad.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2))
    return model, cls(model.parameters(), **settings)


def values(model):
    return [t.detach().numpy().tobytes() for t in (*model.parameters(), *model.buffers())]


def square(y, target):
    return ((y - target) ** 2).mean()


def test_rates_grow_by_a_factor_and_the_smoothed_loss_is_the_formula():
    found = lr_finder(*make(), nn.CrossEntropyLoss(), data(), start_lr=1e-5, end_lr=1e-1, num_iter=41, smoothing=0.8)
    assert isinstance(found, LRCurve) and len(found.lrs) == len(found.losses) == len(found.smoothed) == 41
    assert found.lrs == pytest.approx(1e-5 * 10 ** (np.arange(41) / 10))
    average = 0.0
    for k, loss in enumerate(found.losses):
        average = 0.8 * average + 0.2 * loss
        assert found.smoothed[k] == pytest.approx(average / (1 - 0.8 ** (k + 1)))
    assert found.stopped is None


def test_the_losses_are_those_of_training_with_these_rates():
    model, optimizer = make(Adam)
    x, y = data()
    found = lr_finder(model, optimizer, nn.CrossEntropyLoss(), (x, y), num_iter=30, end_lr=0.1)
    minigrad.manual_seed(0)
    found_again = lr_finder(model, optimizer, nn.CrossEntropyLoss(), (x, y), num_iter=30, end_lr=0.1)
    minigrad.manual_seed(0)
    losses = []
    for lr in found.lrs:
        optimizer.param_groups[0]["lr"] = float(lr)
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert found_again.losses.tolist() == losses


@pytest.mark.parametrize("source", ["loader", "list", "pair", "rows"])
def test_nothing_is_left_of_the_test(source):
    x, y = data()
    model, optimizer = make(Adam)
    nn.CrossEntropyLoss()(model(x), y).backward()
    optimizer.step()
    model.eval()
    before, random, lr = values(model), minigrad.get_rng_state(), optimizer.param_groups[0]["lr"]
    state = [own["exp_avg"].numpy().tobytes() for own in optimizer.state.values()]
    gradients = [(p.grad, p.grad.numpy().tobytes()) for p in model.parameters()]
    source = {
        "loader": DataLoader(TensorDataset(x, y), 16, shuffle=True), "list": [(x, y)], "pair": (x, y), "rows": [x, y],
    }[source]  # fmt: skip
    more = {"batch_size": 8} if isinstance(source, list) and len(source) == 2 else {}
    with minigrad.no_grad():
        found = lr_finder(model, optimizer, nn.CrossEntropyLoss(), source, num_iter=50, **more)
    assert len(found.lrs) > 20
    assert values(model) == before and not model.training and optimizer.param_groups[0]["lr"] == lr
    assert minigrad.get_rng_state().tolist() == random.tolist()
    assert [own["exp_avg"].numpy().tobytes() for own in optimizer.state.values()] == state
    for p, (gradient, its_values) in zip(model.parameters(), gradients, strict=True):
        assert p.grad is gradient and gradient.numpy().tobytes() == its_values


def test_it_stops_where_gradient_descent_on_a_parabola_must_diverge():
    model = nn.Linear(1, 1, bias=False)  # loss w^2: steps are stable below lr 1
    with minigrad.no_grad():
        model.weight.fill_(1.0)
    x = minigrad.ones(1, 1)
    found = lr_finder(model, SGD(model.parameters()), square, (x, x * 0), start_lr=1e-4, end_lr=1e3, num_iter=200)
    assert found.stopped == "the loss diverged"
    assert 1 < found.lrs[-1] < 20
    assert 1e-3 < found.suggestion < 1 < found.lowest < found.lrs[-1]  # it lies at the bottom before it flies off
    assert found.tenth_of_lowest == found.lowest / 10


@pytest.mark.parametrize("loss, says", [
    (lambda y, _: y.sum() * 1e30 * y.sum(), "the loss became -?(inf|nan)"),
    (lambda y, _: (y.abs().sum() + 1e-3).sqrt() * 0 + (y * 0).sqrt().sum(), "a gradient is no longer finite"),
])  # fmt: skip
def test_what_is_not_finite_stops_it(loss, says):
    model = nn.Linear(2, 1)
    found = lr_finder(model, SGD(model.parameters()), loss, (minigrad.ones(3, 2), minigrad.ones(3, 1)), end_lr=1e6)
    assert pytest.importorskip("re").fullmatch(says, found.stopped)
    assert np.isfinite(found.losses).all() and len(found.losses) >= 1
    assert found.stopped in repr(found)


def test_a_loss_below_0_diverges_by_its_distance_from_the_lowest():
    model = nn.Linear(1, 1, bias=False)
    x = minigrad.ones(1, 1)

    def loss(y, _):
        return y.square().mean() - 5

    found = lr_finder(model, SGD(model.parameters()), loss, (x, x), num_iter=300, end_lr=1e3)
    assert found.stopped == "the loss diverged" and found.smoothed[-1] > 10 and found.smoothed[-2] <= 10


def test_groups_keep_their_proportion_and_the_highest_is_lr():
    model, _ = make()
    optimizer = SGD([{"params": model[0].parameters(), "lr": 0.2}, {"params": model[4].parameters(), "lr": 0.8}])
    seen = []
    optimizer.register_step_pre_hook(lambda o, *_: seen.append([g["lr"] for g in o.param_groups]))
    found = lr_finder(model, optimizer, nn.CrossEntropyLoss(), data(), num_iter=10, end_lr=1e-3)
    assert np.array(seen) == pytest.approx(np.stack([found.lrs / 4, found.lrs], axis=1))


def test_a_short_loader_is_gone_through_again_and_several_inputs_are_given():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, a, b):
            return self.layer(minigrad.cat([a, b], 1))

    class Stream(IterableDataset):
        begun = 0

        def __iter__(self):
            Stream.begun += 1
            return iter([(minigrad.ones(1), minigrad.ones(1), minigrad.zeros(1))] * 6)

    model = Two()
    found = lr_finder(model, SGD(model.parameters()), square, DataLoader(Stream(), 2), num_iter=10, end_lr=1e-3)
    assert len(found.losses) == 10 and Stream.begun == 4


def test_an_optimizer_that_wants_a_closure_gets_it():
    class Twice(SGD):
        def step(self, closure):
            closure()
            return super().step()

    model, optimizer = make(Twice)
    before = values(model)
    assert len(lr_finder(model, optimizer, nn.CrossEntropyLoss(), data(), num_iter=12, end_lr=1e-2).losses) == 12
    assert values(model) == before


class Lazy(nn.Linear):
    def has_uninitialized_params(self):
        return True


@pytest.mark.parametrize("change, error, says", [
    (dict(model="net"), TypeError, "model must be an nn.Module, got str"),
    (dict(optimizer=0.1), TypeError, r"optimizer must be one such as optim.SGD\(...\), got float"),
    (dict(loss_fn="mse"), TypeError, r"loss_fn must be a function of \(model\(x\), y\), got str"),
    (dict(model=nn.Linear(4, 2)), ValueError, "the optimizer has none of this model's parameters"),
    (dict(model=Lazy(4, 2)), ValueError, "Lazy has no weights yet .* call the model on a batch first"),
    (dict(start_lr=0.0), ValueError, "needs 0 < start_lr < end_lr, got 0.0 and 10.0"),
    (dict(end_lr=1e-8), ValueError, "needs 0 < start_lr < end_lr, got 1e-07 and 1e-08"),
    (dict(num_iter=3), ValueError, "num_iter must be a whole number of at least 10, got 3"),
    (dict(smoothing=1.0), ValueError, r"smoothing must be in \[0, 1\), got 1.0"),
    (dict(diverge=0.5), ValueError, "diverge must be finite and at least 1, got 0.5"),
    (dict(data=iter([])), TypeError, "which can be gone through once only"),
    (dict(data=3), TypeError, r"data must be a loader, or a pair \(x, y\) of tensors, got int"),
    (dict(data=[]), ValueError, "the loader gave no batch"),
    (dict(data=[data()[0]]), TypeError, r"expected batches \(x, y\), got Tensor"),
    (dict(data=[{"x": 1}]), TypeError, r"expected batches \(x, y\), got dict"),
    (dict(data=[(data()[0],)]), TypeError, r"expected batches \(x, y\), got tuple of 1"),
    (dict(data=[data()], batch_size=3), ValueError, "a loader has its own"),
    (dict(loss_fn=nn.CrossEntropyLoss(reduction="none")), ValueError, r"one number, got a tensor of shape \(64,\)"),
    (dict(loss_fn=lambda y, t: 3.0), ValueError, "must be a tensor of one number, got float"),
    (dict(loss_fn=lambda y, t: y.sum() * float("nan")), ValueError, "the loss is nan at the first step"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_leaves_the_model_alone(change, error, says):
    model, optimizer = make()
    before = values(model)
    arguments = dict(model=model, optimizer=optimizer, loss_fn=nn.CrossEntropyLoss(), data=data()) | change
    with pytest.raises(error, match=f"lr_finder: .*{says}" if "gave" not in says else says):
        lr_finder(**arguments)
    assert values(model) == before


def test_the_function_is_an_attribute_of_optim():
    assert callable(optim.lr_finder) and optim.lr_finder is lr_finder
