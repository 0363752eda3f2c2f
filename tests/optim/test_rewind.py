"""Going back to before a trial: nothing of it is left, to the bit and to the object."""

import random

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.optim import SGD, Adam, lr_scheduler
from minigrad.optim.rewind import rewinding
from minigrad.utils.data import DataLoader, RandomSampler, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(5, 2)
        self.register_buffer("calls", minigrad.tensor(0), persistent=False)
        self.last = None

    def forward(self, x):
        self.calls = self.calls + 1  # another tensor each time
        self.last = self.head(self.body(x))
        return self.last


def train(model, optimizer, steps=3):
    for _ in range(steps):
        optimizer.zero_grad()
        model(minigrad.randn(7, 3)).square().sum().backward()
        optimizer.step()


def bits(model, optimizer):
    """All values, as bytes, with the objects that hold them."""
    tensors = [*model.parameters(), *model.buffers(), *(p.grad for p in model.parameters() if p.grad is not None)]
    state = [value for own in optimizer.state.values() for value in own.values()]
    return [(id(t), t.detach().numpy().tobytes()) for t in tensors + state]


@pytest.fixture
def trained():
    minigrad.manual_seed(3)
    model = Net()
    optimizer = Adam([{"params": model.body.parameters()}, {"params": model.head.parameters(), "lr": 0.1}])
    train(model, optimizer)
    model.body[3].eval()
    return model, optimizer


def test_values_gradients_state_and_modes_go_back(trained):
    model, optimizer = trained
    before = bits(model, optimizer)
    groups = [dict(group) for group in optimizer.param_groups]
    modes = [module.training for module in model.modules()]
    last, calls, state = model.last, model.calls, optimizer.state
    with rewinding(model, optimizer):
        model.train()
        optimizer.param_groups[0].update(lr=5.0, further=1)
        train(model, optimizer, 5)
        assert bits(model, optimizer) != before
    assert bits(model, optimizer) == before
    assert optimizer.param_groups == groups and optimizer.state is state
    assert [module.training for module in model.modules()] == modes and not model.body[3].training
    assert model.last is last and model.calls is calls


def test_training_goes_on_as_if_there_had_been_no_trial(trained):
    model, optimizer = trained
    with rewinding(model, optimizer):
        train(model, optimizer, 4)
    train(model, optimizer, 4)
    other, its = Net(), None
    minigrad.manual_seed(3)
    other = Net()
    its = Adam([{"params": other.body.parameters()}, {"params": other.head.parameters(), "lr": 0.1}])
    train(other, its)
    other.body[3].eval()
    train(other, its, 4)
    assert [values for _, values in bits(model, optimizer)] == [values for _, values in bits(other, its)]


def test_random_numbers_go_back_everywhere(trained):
    own = minigrad.Generator().manual_seed(5)
    data = TensorDataset(minigrad.arange(10))
    for loader in (
        DataLoader(data, shuffle=True, generator=own),
        DataLoader(data, sampler=RandomSampler(data, generator=own)),
        DataLoader(data, batch_size=None, sampler=RandomSampler(data, generator=own)),
    ):
        seen = []
        for trial in (True, False):
            minigrad.manual_seed(1)
            own.manual_seed(2)
            random.seed(3)
            np.random.seed(4)
            if trial:
                with rewinding(*trained, loader):
                    list(loader), minigrad.rand(3), random.random(), np.random.rand()
            order = [int(batch[0]) for batch in loader]
            seen.append((order, minigrad.rand(1).item(), random.random(), np.random.rand()))
        assert seen[0] == seen[1]


def test_everything_goes_back_after_an_error_too(trained):
    before = bits(*trained)
    with pytest.raises(ZeroDivisionError), rewinding(*trained):
        train(*trained, 2)
        1 / 0  # noqa: B018
    assert bits(*trained) == before


def test_a_tensor_as_rate_and_a_waiting_schedule_are_left_alone():
    model = nn.Linear(3, 2)
    lr = minigrad.tensor(0.1)
    optimizer = SGD(model.parameters(), lr=lr)
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with rewinding(model, optimizer):
        train(model, optimizer)
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr and lr.item() == pytest.approx(0.1)
    assert all(p.grad is None for p in model.parameters())
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        lr_scheduler.StepLR(optimizer, 1).step()  # as if the optimizer had never stepped


def test_an_optimizer_within_another_goes_back():
    class Around(SGD):
        def __init__(self, inner):
            super().__init__(inner.param_groups[0]["params"])
            self.inner = inner
            self.count = 0
            self.log = []

        def step(self, closure=None):
            self.count += 1
            self.log.append(self.count)
            return self.inner.step(closure)

    model = nn.Linear(3, 2)
    optimizer = Around(SGD(model.parameters(), momentum=0.9))
    train(model, optimizer)
    before = bits(model, optimizer.inner)
    with rewinding(model, optimizer):
        train(model, optimizer)
    assert bits(model, optimizer.inner) == before and optimizer.count == 3 and optimizer.log == [1, 2, 3]
