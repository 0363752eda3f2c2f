"""Modules: registration, walking the tree, state, hooks."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.out = nn.Linear(3, 1, bias=False)
        self.scale = nn.Parameter(mg.ones(1))
        self.note = "plain"

    def forward(self, x):
        return self.out(self.norm(self.hidden(x)).relu()) * self.scale


class Scale(nn.Module):
    """y = k x, for tests of hooks"""

    def __init__(self, k=2.0):
        super().__init__()
        self.k = k

    def forward(self, x, *, shift=0.0):
        return x * self.k + shift


def x2():
    return mg.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]])


# ---- registration ----------------------------------------------------------------------------


def test_parameters_come_parents_first_and_in_order_of_assignment():
    assert [name for name, _ in Net().named_parameters()] == [
        "scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "out.weight",
    ]  # fmt: skip


def test_buffers_are_found():
    net = Net()
    assert [name for name, _ in net.named_buffers()] == [
        "norm.running_mean", "norm.running_var", "norm.num_batches_tracked",
    ]  # fmt: skip
    assert len(list(net.buffers())) == 3
    assert list(net.buffers(recurse=False)) == []


def test_prefix_and_recurse():
    net = Net()
    assert [n for n, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.scale"]
    assert [n for n, _ in net.named_modules(prefix="net")] == ["net", "net.hidden", "net.norm", "net.out"]


def test_a_shared_parameter_is_counted_once_unless_asked():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4


def test_a_shared_module_is_counted_once_unless_asked():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, layer)
    assert len(list(net.modules())) == 2
    assert len(list(net.modules(remove_duplicate=False))) == 3
    assert len(list(net.children())) == 1
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_thousand_nested_modules_are_walked():
    net = inner = nn.Module()
    for _ in range(3000):
        inner.next = nn.Module()
        inner = inner.next
    inner.p = nn.Parameter(mg.ones(1))
    assert len(list(net.parameters())) == 1


def test_plain_attributes_stay_plain():
    net = Net()
    net.note = 3
    net.data = mg.ones(2)
    assert net.note == 3
    assert "data" not in dict(net.named_buffers())
    assert vars(net)["note"] == 3


def test_properties_of_a_subclass_work():
    class WithProperty(nn.Module):
        @property
        def rate(self):
            return self._rate

        @rate.setter
        def rate(self, value):
            self._rate = 2 * value

    m = WithProperty()
    m.rate = 3
    assert m.rate == 6


def test_assigning_before_init_says_what_to_do():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Forgetful()

    class Weights(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(mg.ones(1))

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Weights()


def test_plain_attributes_may_be_set_before_init():
    class Early(nn.Module):
        def __init__(self):
            self.n = 3
            super().__init__()

    assert Early().n == 3


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [("weight", 3, "parameter"), ("weight", mg.ones(2), "parameter"), ("child", 3, "child module"),
     ("buffer", 3, "buffer")],
)  # fmt: skip
def test_a_registered_name_refuses_a_value_of_another_kind(name, value, what):
    m = nn.Linear(1, 1)
    m.child = nn.ReLU()
    m.register_buffer("buffer", mg.ones(1))
    with pytest.raises(TypeError, match=f"as {what} {name!r}"):
        setattr(m, name, value)


def test_none_empties_a_place_and_a_parameter_fills_it_again():
    m = nn.Linear(2, 2)
    m.bias = None
    assert m.bias is None
    assert len(list(m.parameters())) == 1
    m.bias = nn.Parameter(mg.zeros(2))
    assert len(list(m.parameters())) == 2


def test_a_tensor_replaces_a_buffer():
    m = nn.BatchNorm1d(2)
    m.running_mean = mg.tensor([1.0, 2.0])
    assert dict(m.named_buffers())["running_mean"].tolist() == [1.0, 2.0]


def test_a_parameter_takes_the_place_of_a_plain_attribute():
    m = nn.Module()
    m.w = 3
    m.w = nn.Parameter(mg.ones(1))
    assert "w" not in vars(m)
    assert len(list(m.parameters())) == 1


def test_a_name_of_the_class_cannot_be_a_parameter():
    with pytest.raises(KeyError, match="forward"):
        nn.Module().forward = nn.Parameter(mg.ones(1))


def test_deleting_an_attribute_unregisters_it():
    net = Net()
    del net.scale, net.norm, net.note
    assert [n for n, _ in net.named_parameters()] == ["hidden.weight", "hidden.bias", "out.weight"]
    with pytest.raises(AttributeError):
        del net.scale
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'scale'"):
        _ = net.scale


def test_changing_the_table_of_modules_changes_the_attribute():
    net = nn.Sequential(nn.ReLU())
    net._modules["0"] = nn.Tanh()
    assert isinstance(net[0], nn.Tanh)


def test_register_parameter_says_what_is_wrong():
    m = nn.Module()
    m.register_parameter("none", None)
    assert m.none is None
    with pytest.raises(TypeError, match="string"):
        m.register_parameter(3, None)
    with pytest.raises(KeyError, match=r"'a\.b'"):
        m.register_parameter("a.b", None)
    with pytest.raises(KeyError):
        m.register_parameter("", None)
    with pytest.raises(KeyError, match="exists"):
        m.register_parameter("training", None)
    with pytest.raises(TypeError, match=r"nn\.Parameter"):
        m.register_parameter("w", mg.ones(1))


def test_register_buffer_and_add_module_say_what_is_wrong():
    m = nn.Linear(1, 1)
    with pytest.raises(KeyError, match="exists"):
        m.register_buffer("weight", mg.ones(1))
    with pytest.raises(TypeError, match="Tensor"):
        m.register_buffer("b", 3)
    with pytest.raises(TypeError, match="the class ReLU; call it"):
        m.add_module("child", nn.ReLU)
    with pytest.raises(KeyError):
        m.add_module("a.b", nn.ReLU())


def test_get_submodule_parameter_and_buffer():
    net = nn.Sequential(Net(), nn.ReLU())
    assert net.get_submodule("") is net
    assert net.get_submodule("0.hidden") is net[0].hidden
    assert net.get_parameter("0.hidden.weight") is net[0].hidden.weight
    assert net.get_buffer("0.norm.running_var") is net[0].norm.running_var
    for path, get in (("0.x", net.get_submodule), ("0.note", net.get_submodule), ("0.hidden.x", net.get_parameter),
                      ("0.hidden.weight", net.get_buffer)):  # fmt: skip
        with pytest.raises(AttributeError):
            get(path)
    net.set_submodule("0.out", nn.Identity())
    assert isinstance(net[0].out, nn.Identity)
    with pytest.raises(AttributeError):
        net.set_submodule("0.new", nn.Identity(), strict=True)


def test_dir_lists_what_is_registered():
    names = dir(Net())
    assert {"hidden", "scale", "forward"} <= set(names)


def test_an_empty_place_for_a_buffer_is_none_and_one_for_a_parameter_an_error():
    m = nn.Module()
    m.register_buffer("b", None)
    m.register_parameter("p", None)
    assert m.get_buffer("b") is None
    with pytest.raises(AttributeError, match="no parameter 'p'"):
        m.get_parameter("p")


def test_a_buffer_is_filed_by_assignment():
    m = nn.Module()
    m.mean = nn.Buffer(mg.zeros(3))
    m.cache = nn.Buffer(mg.ones(2), persistent=False)
    assert [name for name, _ in m.named_buffers()] == ["mean", "cache"]
    assert list(m.state_dict()) == ["mean"]
    m.mean = nn.Buffer(mg.ones(3))
    assert m.mean.tolist() == [1.0] * 3
    for name, value in (("p", nn.Parameter(mg.ones(1))), ("c", nn.ReLU())):
        setattr(m, name, value)
        with pytest.raises(TypeError, match=f"cannot assign Buffer as .* {name!r}"):
            setattr(m, name, nn.Buffer(mg.ones(1)))
    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        type("Early", (nn.Module,), {"__init__": lambda self: setattr(self, "b", nn.Buffer())})()


# ---- switches --------------------------------------------------------------------------------


def test_train_and_eval_reach_all_modules():
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="True or False"):
        net.train(1)


def test_a_module_that_overrides_train_is_asked():
    class Frozen(nn.BatchNorm1d):
        def train(self, mode=True):
            return super().train(False)

    net = nn.Sequential(Frozen(2)).train()
    assert net.training
    assert not net[0].training


def test_apply_goes_children_first():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "ReLU", "Sequential"]


def test_zero_grad_and_requires_grad():
    net = nn.Linear(2, 1)
    net(x2()).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0.0, 0.0]]
    net.zero_grad()
    assert net.weight.grad is None
    assert net.requires_grad_(False) is net
    assert not net(x2()).requires_grad


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(x2())


def test_calls_pass_arguments_of_every_kind():
    class Any(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    m = Any()
    assert m() == ((), {})
    assert m(None) == ((None,), {})
    assert m(1, 2, a=3, input=4) == ((1, 2), {"a": 3, "input": 4})
    assert m(input=4) == ((), {"input": 4})


# ---- dtypes ----------------------------------------------------------------------------------


def test_double_and_float_convert_parameters_gradients_and_floating_buffers():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weight = net[0].weight
    net(x2()).sum().backward()
    assert net.double() is net
    assert net[0].weight is weight
    assert weight.dtype is weight.grad.dtype is net[1].running_mean.dtype is mg.float64
    assert net[1].num_batches_tracked.dtype is mg.int64
    assert net(x2().double()).dtype is mg.float64
    net.float()
    assert {p.dtype for p in net.parameters()} == {mg.float32}


def test_to_takes_dtypes_devices_and_tensors():
    net = nn.Linear(1, 1)
    assert net.to("cpu") is net
    assert net.to(mg.device("cpu"), mg.float64).weight.dtype is mg.float64
    assert net.to(mg.ones(1)).weight.dtype is mg.float32
    assert net.to(dtype=mg.float64).weight.dtype is mg.float64
    assert net.half().to("cpu").weight.dtype is mg.float16
    with pytest.raises(TypeError, match="floating"):
        net.to(mg.int64)
    with pytest.raises(RuntimeError, match="CPU only"):
        net.to("cuda")
    with pytest.raises(RuntimeError, match="CPU only"):
        net.cuda()


def test_type_takes_dtypes_and_their_older_names():
    net = nn.Sequential(nn.BatchNorm1d(1))
    assert net.type(mg.float64)[0].num_batches_tracked.dtype is mg.float64
    assert nn.Linear(1, 1).type("torch.DoubleTensor").weight.dtype is mg.float64


def test_there_is_no_bfloat16():
    with pytest.raises(TypeError, match="no bfloat16"):
        nn.Linear(1, 1).bfloat16()


def test_to_empty_keeps_shapes_and_parts_from_the_old_memory():
    net = nn.Linear(2, 3)
    before = net.weight.detach()
    assert net.to_empty(device="cpu") is net
    assert tuple(net.weight.shape) == (3, 2)
    assert net.weight.data_ptr() != before.data_ptr()


def test_what_concerns_processes_and_compilers_is_there_and_does_nothing():
    net = nn.Linear(1, 1)
    assert net.share_memory() is net
    assert net.compile(mode="max-autotune") is None
    assert net.cpu() is net


# ---- state_dict ------------------------------------------------------------------------------


def test_state_dict_lists_parameters_and_persistent_buffers_by_path():
    net = Net()
    net.register_buffer("cache", mg.ones(1), persistent=False)
    state = net.state_dict()
    assert list(state) == [
        "scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "norm.num_batches_tracked", "out.weight",
    ]  # fmt: skip
    assert not state["scale"].requires_grad
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert list(net.out.state_dict(prefix="p.")) == ["p.weight"]
    assert state._metadata["norm"] == {"version": 2}


def test_state_dict_shares_memory():
    net = nn.Linear(1, 1)
    state = net.state_dict()
    state["weight"].fill_(7.0)
    assert net.weight.item() == 7.0


def test_load_state_dict_copies_everything():
    a, b = Net(), Net()
    a(x2())
    result = b.load_state_dict(a.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    for (name, p), (_, q) in zip(a.state_dict().items(), b.state_dict().items(), strict=True):
        assert p.tolist() == q.tolist(), name
    assert a.hidden.weight.data_ptr() != b.hidden.weight.data_ptr()


def test_load_state_dict_lists_all_that_is_wrong_and_changes_nothing():
    net = Net()
    before = {k: v.tolist() for k, v in net.state_dict().items()}
    state = OrderedDict((k, v + 1) for k, v in net.state_dict().items())
    del state["hidden.weight"]
    state["extra"] = mg.ones(1)
    state["out.weight"] = mg.ones(5, 3)
    with pytest.raises(RuntimeError) as error:
        net.load_state_dict(state)
    text = str(error.value)
    assert "loading state_dict for Net" in text
    assert 'Missing key(s) in state_dict: "hidden.weight"' in text
    assert 'Unexpected key(s) in state_dict: "extra"' in text
    assert 'size mismatch for "out.weight": the state_dict has (5, 3), this model (1, 3)' in text
    assert "strict=False" in text
    assert {k: v.tolist() for k, v in net.state_dict().items()} == before


def test_load_state_dict_not_strict_loads_what_fits_and_reports_the_rest():
    net = nn.Linear(1, 1)
    result = net.load_state_dict({"weight": mg.tensor([[5.0]]), "other": mg.ones(1)}, strict=False)
    assert result.missing_keys == ["bias"]
    assert result.unexpected_keys == ["other"]
    assert tuple(result) == (["bias"], ["other"])
    assert net.weight.item() == 5.0
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict({"weight": mg.ones(2, 2)}, strict=False)


def test_load_state_dict_names_a_prefix_that_stands_in_the_way():
    net = nn.Linear(1, 1)
    state = {"module." + k: v for k, v in net.state_dict().items()}
    with pytest.raises(RuntimeError, match=r"'module\.'.*k\[7:\]"):
        net.load_state_dict(state)
    wrapped = nn.Sequential(OrderedDict(module=net))
    with pytest.raises(RuntimeError, match=r"'module\.' \+ k"):
        wrapped.load_state_dict(net.state_dict())


def test_load_state_dict_takes_arrays_and_refuses_other_things():
    net = nn.Linear(1, 1, bias=False)
    net.load_state_dict({"weight": np.array([[2.0]])})
    assert net.weight.item() == 2.0
    assert net.weight.dtype is mg.float32
    with pytest.raises(RuntimeError, match='"weight" is a str'):
        net.load_state_dict({"weight": "x"})
    with pytest.raises(TypeError, match=r"model\.state_dict\(\)"):
        net.load_state_dict(net)


def test_load_state_dict_can_assign():
    net = nn.Linear(1, 1, bias=False)
    value = mg.tensor([[2.0]], dtype=mg.float64)
    net.load_state_dict({"weight": value}, assign=True)
    assert isinstance(net.weight, nn.Parameter)
    assert net.weight.dtype is mg.float64
    assert net.weight.data_ptr() == value.data_ptr()


def test_load_state_dict_assigns_the_very_tensors():
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    weight, mean = nn.Parameter(mg.ones(1, 1)), mg.ones(1)
    net.load_state_dict({"0.weight": weight, "1.running_mean": mean}, strict=False, assign=True)
    assert net[0].weight is weight
    assert net[1].running_mean is mean


def test_a_float_loads_into_an_integer_only_where_nothing_is_lost():
    net = nn.BatchNorm1d(1)
    net.load_state_dict({"num_batches_tracked": mg.tensor(3.0)}, strict=False)
    assert net.num_batches_tracked.item() == 3
    with pytest.raises(RuntimeError, match="cannot hold its numbers"):
        net.load_state_dict({"num_batches_tracked": mg.tensor(3.5)}, strict=False)


class Renamed(nn.Module):
    """An older version called its weight w."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mg.zeros(1))
        self.inner = nn.Linear(1, 1, bias=False)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        if (local_metadata.get("version") or 1) < 2:
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "weight"] = destination[prefix + "weight"] * 2


def test_a_module_may_load_and_save_itself_otherwise():
    net = nn.Sequential(Renamed())
    state = {"0.w": mg.tensor([5.0]), "0.inner.weight": mg.ones(1, 1)}
    assert repr(net.load_state_dict(state)) == "<All keys matched successfully>"
    assert net[0].weight.item() == 5.0
    assert list(state) == ["0.w", "0.inner.weight"]
    assert net.state_dict()["0.weight"].item() == 10.0
    assert net.state_dict()._metadata["0"] == {"version": 2}


def test_keys_of_every_level_are_unexpected_where_nothing_has_that_name():
    net = nn.Sequential(nn.Linear(1, 1))
    keys = ["1.weight", "weight", "0.w", "0.weight.x"]
    result = net.load_state_dict({**net.state_dict(), **dict.fromkeys(keys, mg.ones(1))}, strict=False)
    assert sorted(result.unexpected_keys) == sorted(keys)


def test_loading_is_seen_by_a_graph_that_had_saved_the_weights():
    net = nn.Linear(2, 2)
    x = mg.ones(1, 2, requires_grad=True)
    y = net(x).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_batch_norm_saved_before_it_counted_batches_loads():
    state = nn.BatchNorm1d(2).state_dict()
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match="num_batches_tracked"):
        nn.BatchNorm1d(2).load_state_dict(state)
    nn.BatchNorm1d(2).load_state_dict(dict(state))


def test_extra_state_goes_along():
    class Counter(nn.Module):
        n = 0

        def get_extra_state(self):
            return {"n": self.n}

        def set_extra_state(self, state):
            self.n = state["n"]

    a, b = nn.Sequential(Counter()), nn.Sequential(Counter())
    a[0].n = 5
    assert list(a.state_dict()) == ["0._extra_state"]
    b.load_state_dict(a.state_dict())
    assert b[0].n == 5
    with pytest.raises(RuntimeError, match="_extra_state"):
        b.load_state_dict({})


def test_state_dict_hooks():
    net = nn.Linear(1, 1)
    net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.update(added=mg.ones(1)))
    assert "added" in net.state_dict()
    net.register_load_state_dict_pre_hook(lambda m, state, *_: state.pop("added"))
    seen = []
    net.register_load_state_dict_post_hook(lambda m, keys: seen.append(keys))
    state = net.state_dict()
    net.load_state_dict(state)
    assert seen == [([], [])]
    assert "added" in state


def test_a_hook_before_loading_sees_its_modules_part_and_may_complain():
    net, seen = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), []

    def hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        seen.append((module, list(state_dict), prefix, dict(local_metadata), strict))
        error_msgs.append("not today")

    handle = net[1].register_load_state_dict_pre_hook(hook)
    with pytest.raises(RuntimeError, match="not today"):
        net.load_state_dict(net.state_dict())
    assert seen == [(net[1], ["1.weight", "1.bias"], "1.", {"version": 1}, True)]
    handle.remove()
    net[1]._register_load_state_dict_pre_hook(lambda state_dict, prefix, *rest: seen.append(prefix))
    net[1]._register_load_state_dict_pre_hook(lambda module, *rest: seen.append(module), with_module=True)
    net.load_state_dict(net.state_dict())
    assert seen[1:] == ["1.", net[1]]


def test_hooks_after_loading_run_children_first_and_may_settle_what_is_missing():
    net, seen = nn.Sequential(nn.Linear(1, 1)), []
    for module in net.modules():
        module.register_load_state_dict_post_hook(
            lambda m, keys: seen.append((m._get_name(), keys.missing_keys[:], net[0].weight.item()))
        )
    state = {"0.weight": mg.tensor([[7.0]])}
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0\.bias"'):
        net.load_state_dict(state)
    assert seen == [("Linear", ["0.bias"], 7.0), ("Sequential", ["0.bias"], 7.0)]
    net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    net.load_state_dict(state)
    net.register_load_state_dict_post_hook(lambda m, keys: 3)
    with pytest.raises(TypeError, match="returns None"):
        net.load_state_dict(state)


def test_a_hook_after_state_dict_returns_nothing_but_the_older_kind_may_replace_it():
    net = nn.Sequential(nn.Linear(1, 1))
    net[0]._register_state_dict_hook(lambda m, state, prefix, meta: state.update({prefix + "more": mg.ones(1)}))
    assert list(net.state_dict()) == ["0.weight", "0.bias", "0.more"]
    net._register_state_dict_hook(lambda m, state, prefix, meta: {"only": 1})
    assert net.state_dict() == {"only": 1}
    net.register_state_dict_post_hook(lambda m, state, prefix, meta: state)
    with pytest.raises(RuntimeError, match="returns None"):
        net.state_dict()


def test_a_subclass_may_say_how_it_is_copied():
    class Counted(nn.Module):
        def __setstate__(self, state):
            super().__setstate__(state)
            self.copied = True

    assert copy.deepcopy(Counted()).copied


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_copy_of_a_module_is_whole_and_apart(twin):
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2)).eval()
    net[2].weight = net[0].weight
    other = twin(net)
    assert other(x2()).tolist() == net(x2()).tolist()
    assert not other[1].training
    assert other[2].weight is other[0].weight
    assert other[0].weight is not net[0].weight
    with mg.no_grad():
        other[0].weight.zero_()
    assert net[0].weight.abs().sum().item() > 0


# ---- hooks -----------------------------------------------------------------------------------


def test_forward_hooks_see_and_replace():
    m = Scale()
    x = mg.ones(1)
    seen = []
    before = m.register_forward_pre_hook(lambda module, args: seen.append(args) or (args[0] + 1,))
    after = m.register_forward_hook(lambda module, args, output: seen.append((args, output)) or output * 10)
    assert m(x).item() == 40.0
    assert seen[0][0] is x
    assert seen[1][0][0].item() == 2.0
    before.remove()
    assert m(x).item() == 20.0
    after.remove()
    after.remove()
    assert m(x).item() == 2.0
    assert not m._hooks


def test_hooks_with_kwargs():
    m = Scale()
    m.register_forward_pre_hook(lambda module, args, kwargs: (args, {"shift": kwargs["shift"] + 1}), with_kwargs=True)
    m.register_forward_hook(lambda module, args, kwargs, out: out + kwargs["shift"], with_kwargs=True)
    assert m(mg.ones(1), shift=1.0).item() == 6.0
    m.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="args, kwargs"):
        m(mg.ones(1), shift=1.0)


def test_hooks_run_in_order_and_prepended_ones_first():
    m, seen = Scale(), []
    for name, prepend in (("a", False), ("b", False), ("c", True)):
        m.register_forward_hook(lambda *_, name=name: seen.append(name), prepend=prepend)
    m(mg.ones(1))
    assert seen == ["c", "a", "b"]


def test_the_same_hook_twice_is_two_hooks():
    m, seen = Scale(), []

    def hook(*_):
        seen.append(1)

    first = m.register_forward_hook(hook)
    m.register_forward_hook(hook)
    first.remove()
    first.remove()
    m(mg.ones(1))
    assert seen == [1]


def test_a_hook_that_is_always_called_sees_a_failing_forward():
    m, seen = Scale(k="no number"), []
    m.register_forward_hook(lambda module, args, out: seen.append(out), always_call=True)
    m.register_forward_hook(lambda module, args, out: seen.append("never"))
    with pytest.raises(TypeError):
        m(mg.ones(1))
    assert seen == [None]


def test_a_hook_must_be_a_function():
    with pytest.raises(TypeError, match="function"):
        Scale().register_forward_hook(3)


def test_backward_hooks_see_the_gradients_around_a_module():
    m, seen = Scale(3.0), []
    m.register_full_backward_hook(lambda module, grad_in, grad_out: seen.append((grad_in, grad_out)))
    x = mg.ones(2, requires_grad=True)
    (m(x) * 5).sum().backward()
    (((grad_in,), (grad_out,)),) = seen
    assert grad_in.tolist() == [15.0, 15.0]
    assert grad_out.tolist() == [5.0, 5.0]
    assert x.grad.tolist() == [15.0, 15.0]


def test_backward_hooks_replace_gradients():
    m = Scale(3.0)
    m.register_full_backward_pre_hook(lambda module, grad_out: (grad_out[0] * 2,))
    m.register_full_backward_hook(lambda module, grad_in, grad_out: (grad_in[0] + 1,))
    x = mg.ones(2, requires_grad=True)
    m(x).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_a_backward_hook_is_called_where_no_input_requires_grad():
    m, seen = nn.Linear(2, 1), []
    m.register_full_backward_hook(lambda module, grad_in, grad_out: seen.append((grad_in, grad_out[0].tolist())))
    m(mg.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert m.weight.grad is not None


def test_a_backward_hook_of_several_inputs_and_outputs_is_called_once():
    class Both(nn.Module):
        def forward(self, a, n, b, c):
            return a * b, n, a + b.sum()

    m, seen = Both(), []
    m.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go)) or (gi[0], None, gi[2] * 10, None))
    a, b = mg.ones(2, requires_grad=True), mg.tensor([2.0, 3.0], requires_grad=True)
    product, n, total = m(a, 7, b, mg.ones(1))
    assert n == 7
    (product.sum() + 2 * total.sum()).backward()
    ((grad_in, grad_out),) = seen
    assert [g if g is None else g.tolist() for g in grad_in] == [[4.0, 5.0], None, [5.0, 5.0], None]
    assert [g if g is None else g.tolist() for g in grad_out] == [[1.0, 1.0], None, [2.0, 2.0]]
    assert a.grad.tolist() == [4.0, 5.0]
    assert b.grad.tolist() == [50.0, 50.0]


def test_backward_hooks_do_not_record_under_no_grad():
    m = Scale()
    m.register_full_backward_hook(lambda *_: None)
    with mg.no_grad():
        assert not m(mg.ones(1, requires_grad=True)).requires_grad


def test_a_backward_hook_that_gives_too_many_gradients_is_an_error():
    m = Scale()
    m.register_full_backward_hook(lambda module, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="2 gradients where there are 1"):
        m(mg.ones(1, requires_grad=True)).sum().backward()


def test_a_backward_hook_sees_none_where_nothing_came_back():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, x * 3

    m, seen = Two(), []
    m.register_full_backward_hook(lambda module, grad_in, grad_out: seen.append(grad_out))
    m(mg.ones(2, requires_grad=True))[0].sum().backward()
    ((first, second),) = seen
    assert first.tolist() == [1.0, 1.0]
    assert second is None


def test_a_backward_hook_is_passed_by_second_gradients_too():
    m, x = nn.Tanh(), mg.tensor([0.5], dtype=mg.float64, requires_grad=True)
    plain = mg.autograd.grad(mg.autograd.grad(m(x).sum(), x, create_graph=True)[0].sum(), x)[0]
    m.register_full_backward_hook(lambda module, grad_in, grad_out: (grad_in[0] * 2,))
    once = mg.autograd.grad(m(x).sum(), x, create_graph=True)[0]
    twice = mg.autograd.grad(once.sum(), x)[0]  # this walk passes the hook, too
    assert twice.item() == pytest.approx(4 * plain.item())


def test_the_output_of_a_watched_module_may_be_changed_in_place():
    m, seen = Scale(3.0), []
    m.register_full_backward_hook(lambda module, grad_in, grad_out: seen.append(grad_out[0].tolist()))
    x = mg.ones(2, requires_grad=True)
    m(x).mul_(5).sum().backward()
    assert seen == [[5.0, 5.0]]
    assert x.grad.tolist() == [15.0, 15.0]


# ---- printing --------------------------------------------------------------------------------


def test_a_module_prints_its_tree_as_pytorch_does():
    class Shown(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 3), nn.ReLU())

        def extra_repr(self):
            return "n=3"

    assert repr(Shown()) == (
        "Shown(\n  n=3\n  (body): Sequential(\n"
        "    (0): Linear(in_features=2, out_features=3, bias=True)\n    (1): ReLU()\n  )\n)"
    )
    assert repr(nn.Module()) == "Module()"


# ---- against torch ---------------------------------------------------------------------------


@pytest.mark.oracle
def test_state_dicts_move_from_torch_and_back():
    torch = pytest.importorskip("torch", reason="the oracle is torch")

    def make(m):
        return m.nn.Sequential(m.nn.Linear(2, 3), m.nn.BatchNorm1d(3), m.nn.ReLU(), m.nn.Linear(3, 1)).eval()

    ours, theirs = make(mg), make(torch)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    want = theirs(torch.from_numpy(x2().numpy())).detach().numpy()
    np.testing.assert_allclose(ours(x2()).detach().numpy(), want, rtol=1e-5, atol=1e-6)
    ours.apply(lambda m: nn.init.ones_(m.weight) if isinstance(m, nn.Linear) else None)
    theirs.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in ours.state_dict().items()})
    assert theirs[0].weight.tolist() == ours[0].weight.tolist()
    assert dict(theirs.state_dict()._metadata) == dict(ours.state_dict()._metadata)


class TestWhereAttributesAreFound:
    """As Python's own rules have it, and then in the tables."""

    def test_the_class_comes_first_then_the_instance_then_the_tables(self):
        class Net(nn.Module):
            kind = "class"

            def __init__(self):
                super().__init__()
                self.own = "instance"
                self.part = nn.Linear(2, 2)
                self.weight = nn.Parameter(mg.ones(1))
                self.register_buffer("count", mg.zeros(1))

            @property
            def computed(self):
                return "property"

        net = Net()
        net.__dict__["computed"] = "hidden by the property"
        assert net.kind == "class" and net.own == "instance" and net.computed == "property"
        net.kind = "instance"
        assert net.kind == "instance" and Net.kind == "class"
        assert net.part is net._modules["part"] and net.weight is net._parameters["weight"]
        assert net.count is net._buffers["count"]
        Net.part = "put into the class later"
        assert net.part == "put into the class later"

    def test_what_is_not_there(self):
        net = nn.Linear(2, 2)
        with pytest.raises(AttributeError, match="'Linear' object has no attribute 'wieght'"):
            net.wieght  # noqa: B018
        assert not hasattr(net, "wieght") and getattr(net, "wieght", 3) == 3

    def test_an_error_inside_a_property_is_an_attribute_error(self):
        class Net(nn.Module):
            @property
            def broken(self):
                return self.missing

        with pytest.raises(AttributeError, match="missing"):
            Net().broken  # noqa: B018

    def test_a_class_may_look_further(self):
        class Wraps(nn.Module):
            def __init__(self, module):
                super().__init__()
                self.module = module

            def __getattr__(self, name):
                try:
                    return super().__getattr__(name)
                except AttributeError:
                    return getattr(self.module, name)

        net = Wraps(nn.Linear(2, 3))
        assert net.out_features == 3 and net.weight is net.module.weight
        assert isinstance(net.module, nn.Linear) and net.training
        with pytest.raises(AttributeError, match="'Linear' object has no attribute 'missing'"):
            net.missing  # noqa: B018

    def test_a_module_may_have_another_base(self):
        class Named:
            name = "base"

        class Net(nn.Module, Named):
            def forward(self, x, *, scale=1):
                return x * scale

        net = Net()
        assert net.name == "base" and net(2) == 2 and net(2, scale=3) == 6
        assert Net.__new__(Net).__dict__ == {}
        with pytest.raises(AttributeError, match="has no attribute 'training' yet: begin Net.__init__ with super"):
            Net.__new__(Net).training  # noqa: B018

    def test_a_name_that_is_no_string(self):
        with pytest.raises(TypeError):
            getattr(nn.Linear(2, 2), 3)
        with pytest.raises(TypeError):
            nn.Module.__getattribute__(nn.Linear(2, 2), 3)
        with pytest.raises(TypeError):
            nn.Module.__getattribute__(nn.Linear(2, 2), [])
