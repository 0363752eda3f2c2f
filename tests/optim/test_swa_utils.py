"""AveragedModel, its rules and update_bn, beside PyTorch's."""

import copy
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.optim import swa_utils
from minigrad.optim.swa_utils import AveragedModel, update_bn

RULES = {
    "default": lambda room: {},
    "swa": lambda room: {"multi_avg_fn": room.get_swa_multi_avg_fn()},
    "swa, one by one": lambda room: {"avg_fn": room.get_swa_avg_fn()},
    "ema": lambda room: {"multi_avg_fn": room.get_ema_multi_avg_fn(0.8)},
    "slow ema": lambda room: {"multi_avg_fn": room.get_ema_multi_avg_fn(0.25)},
    "ema, one by one": lambda room: {"avg_fn": room.get_ema_avg_fn(0.8)},
    "own": lambda room: {"avg_fn": lambda a, p, n: a * n / (n + 2) + p * 2 / (n + 2)},
    "copies": lambda room: {"multi_avg_fn": room.get_ema_multi_avg_fn(0)},
}


def network(lib=mg, dtype="float64"):
    return lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2)).to(getattr(lib, dtype))


def shifted(net, rng):
    """A training step of sorts: other parameters, other statistics."""
    x = rng.standard_normal((8, 3))
    for p in net.parameters():
        p.data = p.data + float(rng.standard_normal())
    lib = mg if isinstance(net, mg.nn.Module) else pytest.importorskip("torch")
    net(lib.tensor(x))


# PyTorch's get_swa_multi_avg_fn fails on whole numbers, and takes 1 / (n + 1) in float32
@pytest.mark.oracle
@pytest.mark.parametrize("rule, use_buffers", [(r, b) for r in RULES for b in (False, True) if (r, b) != ("swa", True)])
def test_twenty_five_updates_are_pytorchs(rule, use_buffers):
    torch = pytest.importorskip("torch")
    theirs, ours = network(torch), network()
    ours.load_state_dict({name: mg.tensor(t.numpy()) for name, t in theirs.state_dict().items()})
    average = AveragedModel(ours, use_buffers=use_buffers, **RULES[rule](swa_utils))
    reference = torch.optim.swa_utils.AveragedModel(theirs, use_buffers=use_buffers,
                                                    **RULES[rule](torch.optim.swa_utils))
    rngs = [np.random.default_rng(0) for _ in range(2)]
    for _ in range(25):
        shifted(ours, rngs[0])
        shifted(theirs, rngs[1])
        average.update_parameters(ours)
        reference.update_parameters(theirs)
        state, wanted = average.state_dict(), reference.state_dict()
        assert list(state) == list(wanted)
        for name, t in wanted.items():
            if not name.endswith("num_batches_tracked"):    # PyTorch averages it and cuts it off
                near = 1e-6 if rule == "swa" else 1e-12
                np.testing.assert_allclose(state[name].numpy(), t.numpy(), rtol=near, atol=near, err_msg=name)
    x = np.random.default_rng(1).standard_normal((5, 3))
    average.eval()
    reference.eval()
    np.testing.assert_allclose(average(mg.tensor(x)).detach().numpy(), reference(torch.tensor(x)).detach().numpy(),
                               rtol=1e-5 if rule == "swa" else 1e-11, atol=1e-4 if rule == "swa" else 1e-11)


@pytest.mark.oracle
def test_a_state_dict_moves_both_ways():
    torch = pytest.importorskip("torch")
    average, reference = AveragedModel(network()), torch.optim.swa_utils.AveragedModel(network(torch))
    average.update_parameters(average.module)
    reference.load_state_dict({name: torch.tensor(t.numpy()) for name, t in average.state_dict().items()})
    assert reference.n_averaged == 1
    other = AveragedModel(network())
    other.load_state_dict({name: mg.tensor(t.numpy()) for name, t in reference.state_dict().items()})
    assert other.n_averaged == 1 and mg.equal(other.module[0].weight, average.module[0].weight)


def test_whole_numbers_are_copied():
    net = network()
    average = AveragedModel(net, use_buffers=True)
    for count in (4, 5, 9):
        net[1].num_batches_tracked.fill_(count)
        average.update_parameters(net)
    assert average.module[1].num_batches_tracked.item() == 9 and average.n_averaged.item() == 3


def test_the_average_is_independent_of_the_model():
    net = network()
    before = net[0].weight.tolist()
    average = AveragedModel(net)
    with mg.no_grad():
        net[0].weight.fill_(7.0)
    assert average.module[0].weight.tolist() == before
    average.update_parameters(net)
    with mg.no_grad():
        net[0].weight.fill_(9.0)
    average.update_parameters(net)
    assert (average.module[0].weight == 8).all() and (net[0].weight == 9).all()
    again = copy.deepcopy(average)
    assert again.n_averaged == 2 and again.module[0].weight is not average.module[0].weight


def test_several_dtypes_are_averaged_each_for_itself():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double())
    seen = []
    average = AveragedModel(net, multi_avg_fn=lambda a, p, n: seen.append(({t.dtype for t in a}, len(p), int(n))))
    average.update_parameters(net)
    assert not seen
    average.update_parameters(net)
    assert seen == [({mg.float32}, 2, 1), ({mg.float64}, 2, 1)]


def test_a_model_of_other_shapes_is_refused_and_nothing_changes():
    average = AveragedModel(nn.Linear(2, 2))
    before = average.module.weight.tolist()
    for other in (nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2, bias=False)):
        with pytest.raises(ValueError, match=r"of tensors of shapes \[\(2, 2\), \(2,\)\], this model has \["):
            average.update_parameters(other)
    assert average.module.weight.tolist() == before and average.n_averaged == 0


@pytest.mark.parametrize("bad", [-0.1, 1.5, math.nan])
@pytest.mark.parametrize("make", [swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn])
def test_a_decay_outside_0_and_1_is_refused(make, bad):
    with pytest.raises(ValueError, match=rf"decay must be in \[0, 1\], got {bad}"):
        make(bad)
    make(0), make(1)


def test_two_rules_at_once_are_refused():
    with pytest.raises(ValueError, match="got both avg_fn and multi_avg_fn"):
        AveragedModel(network(), avg_fn=swa_utils.get_ema_avg_fn(), multi_avg_fn=swa_utils.get_ema_multi_avg_fn())


# ---- batch norm --------------------------------------------------------------------------------

def test_update_bn_averages_over_all_batches_and_restores_mode_and_momentum():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.BatchNorm1d(3, momentum=0.3), nn.Sequential(nn.Dropout(0.5)), nn.InstanceNorm1d(3))
    net.eval()
    net[1].train()
    net[0].running_mean.fill_(99.0)
    batches = [rng.standard_normal((8, 3, 2)).astype(np.float32) + i for i in range(3)]
    update_bn([mg.tensor(batches[0]), (mg.tensor(batches[1]), mg.zeros(8)), [mg.tensor(batches[2])]], net)
    norm = net[0]
    mean, var = ([b.mean((0, 2)) for b in batches], [b.var((0, 2), ddof=1) for b in batches])
    np.testing.assert_allclose(norm.running_mean.numpy(), np.mean(mean, 0), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var.numpy(), np.mean(var, 0), rtol=1e-5)
    assert norm.momentum == 0.3 and norm.num_batches_tracked == 3
    assert [m.training for m in net.modules()] == [False, False, True, True, False]


def test_update_bn_restores_even_where_a_batch_fails():
    net = nn.Sequential(nn.BatchNorm1d(3, momentum=0.3)).eval()
    with pytest.raises(ValueError):
        update_bn([mg.ones(4, 2)], net)
    assert net[0].momentum == 0.3 and not net[0].training


def test_update_bn_leaves_a_model_without_running_statistics_alone():
    def batches():
        raise AssertionError("nobody needs data here")
        yield

    update_bn(batches(), nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)))


@pytest.mark.oracle
def test_update_bn_is_pytorchs():
    torch = pytest.importorskip("torch")
    theirs, ours = network(torch), network()
    ours.load_state_dict({name: mg.tensor(t.numpy()) for name, t in theirs.state_dict().items()})
    batches = [np.random.default_rng(i).standard_normal((6, 3)) for i in range(4)]
    update_bn([mg.tensor(b) for b in batches], ours)
    torch.optim.swa_utils.update_bn([torch.tensor(b) for b in batches], theirs)
    for name, t in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name].numpy(), t.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.oracle
def test_the_signatures_are_pytorchs():
    torch = pytest.importorskip("torch")
    import inspect

    assert optim.swa_utils is swa_utils
    for name in swa_utils.__all__:
        ours, theirs = (
            [(p.name, p.default) for p in inspect.signature(getattr(room, name)).parameters.values()]
            for room in (swa_utils, torch.optim.swa_utils)
            if hasattr(room, name)
        )
        assert ours == theirs, name
