"""What is saved is found again to the bit, a save that is cut off costs nothing, and a damaged file is refused."""

import io
import math
import os
import signal
import stat
import struct
import subprocess
import sys
from collections import Counter, OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import checkpoint, nn, optim

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1])}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.pt"


def again(obj):
    """obj, saved and loaded."""
    file = io.BytesIO()
    mg.save(obj, file)
    file.seek(0)
    return mg.load(file)


def bits(x):
    return str(x.dtype), tuple(x.shape), x.detach().numpy().tobytes()


# ---- tensors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (3,), (0,), (2, 0, 3), (3, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", "float32 float64 float16 bool uint8 int8 int16 int32 int64".split())
def test_every_dtype_and_shape_comes_back(name, shape):
    x = mg.tensor(np.random.default_rng(0).integers(0, 2, shape).astype(name))
    assert bits(again(x)) == bits(x)


@pytest.mark.parametrize(("kind", "words"), [
    ("f4", [0x7FC00001, 0xFFC12345, 0x7F800001, 0x7F800000, 0x80000000, 1]),
    ("f8", [0x7FF8000000000001, 0xFFF8000000012345, 0x7FF0000000000001, 1 << 63, 1]),
    ("f2", [0x7E01, 0xFE12, 0x7C01, 0x8000, 1]),
])  # fmt: skip
def test_bits_of_nan_infinity_and_minus_zero_are_kept(kind, words):
    array = np.array(words, dtype=kind.replace("f", "u")).view(kind)
    assert again(mg.from_numpy(array)).numpy().tobytes() == array.tobytes()


@pytest.mark.parametrize("view", [
    lambda x: x.t(), lambda x: x[:, ::2], lambda x: x[1:, 1], lambda x: x[:1].expand(3, 6), lambda x: x[2:2],
    lambda x: mg.from_numpy(x.numpy()[::-1, ::-1]),
])  # fmt: skip
def test_a_view_comes_back_with_its_values(view):
    x = view(mg.arange(24.0).reshape(4, 6))
    assert again([x])[0].tolist() == x.tolist()
    assert again([x, x])[1].tolist() == x.tolist()


def test_one_object_stays_one():
    x = mg.ones(2)
    a, b, c = again([x, {"again": x}, x.clone()])
    assert a is b["again"]
    assert c is not a
    c.zero_()
    assert a.tolist() == [1, 1]


@pytest.mark.parametrize("views", [
    lambda x: [x, x[1]],
    lambda x: [x[1], x],
    lambda x: [x.t(), x[:, 1:3], x],
    lambda x: [x[:2], x[1:]],       # none of them is the whole
    lambda x: [x[:, ::2], x[1:]],
    lambda x: [x[1].expand(2, 4), x[1]],
    lambda x: [x.detach(), x.data],
])  # fmt: skip
def test_tensors_that_share_memory_share_it_again(views):
    memory = mg.arange(12.0).reshape(3, 4)
    first, second, *_ = views(memory)
    got, beside, *_ = again(views(memory))
    assert (got.tolist(), beside.tolist()) == (first.tolist(), second.tolist())
    memory[1, 2] = -1.0
    before = beside.tolist()
    got[tuple(i[0] for i in np.nonzero(got.numpy() == 6))] = -1.0
    assert got.tolist() == first.tolist()
    assert (beside.tolist(), before) == (second.tolist(), before)
    assert beside.tolist() != before


def test_what_only_lies_side_by_side_or_has_another_dtype_is_not_shared():
    x = mg.arange(8.0)
    a, b = again([x[:4], x[4:]])
    a.zero_()
    assert b.tolist() == [4, 5, 6, 7]
    a, b = again([x, x.view(mg.int32)])
    assert a.tolist() == x.tolist()
    assert b.tolist() == x.view(mg.int32).tolist()


def test_parameters_and_leaves_come_back_as_such():
    p, q, x, plain = again([
        nn.Parameter(mg.ones(2)), nn.Parameter(mg.ones(2), requires_grad=False), mg.ones(2, requires_grad=True),
        mg.ones(2),
    ])  # fmt: skip
    assert [type(t).__name__ for t in (p, q, x, plain)] == ["Parameter", "Parameter", "Tensor", "Tensor"]
    assert [t.requires_grad for t in (p, q, x, plain)] == [True, False, True, False]
    y = again(mg.ones(2, requires_grad=True) * 2)
    assert y.is_leaf
    assert y.requires_grad


# ---- what is not a tensor ----------------------------------------------------------------------------


@pytest.mark.parametrize("obj", [
    None, True, 0, -7, 2**200, 0.1, -0.0, 1e-310, "", "Umlaut ä \ud800 \0", b"\0\xff", bytearray(b"x"), 1 + 2j,
    [], (), {}, set(), [1, [2, (3, None)]], (1,), {1: "a", "1": "b", None: 2.5, (1, 2): True, 1.5: [], "": {}},
    {3, "x"}, frozenset({1}), OrderedDict(b=1, a=2), Counter({5: 2}), mg.Size([2, 3]), mg.float16, mg.device("cpu"),
    {"__metadata__": 1, "tensor": "x"}, {"dict": [["tensor", 1]]},
])  # fmt: skip
def test_values_of_every_kind_come_back(obj):
    got = again(obj)
    assert got == obj
    assert type(got) is type(obj)
    # repr sees the sign of 0 and the order of keys; a set has no order, and prints by chance of its strings' hashes
    spelled = (lambda x: sorted(map(repr, x))) if isinstance(obj, (set, frozenset)) else repr
    assert spelled(got) == spelled(obj)


def test_numbers_that_are_not_finite_keep_their_bits():
    odd = struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0]
    got = again([math.inf, -math.inf, math.nan, odd])
    assert got[:2] == [math.inf, -math.inf]
    assert struct.pack(">d", got[3]).hex() == "fff8000000000123"


def test_arrays_and_numpys_numbers_come_back_as_numpys():
    obj = {
        "a": np.arange(6, dtype=np.uint16).reshape(2, 3), "s": np.float64(0.5), "empty": np.zeros((0, 2)),
        "strided": np.arange(6.0)[::-2], "turned": np.arange(6).reshape(2, 3).T, "big": np.arange(3, dtype=">f4"),
    }  # fmt: skip
    got = again(obj)
    assert type(got["s"]) is np.float64
    for key, value in obj.items():
        assert got[key].dtype == value.dtype.newbyteorder("=")
        np.testing.assert_array_equal(got[key], value)
    got["a"][0, 0] = 9      # memory of its own, to be written to
    assert obj["big"].tolist() == [0, 1, 2]


def test_names_that_meet_are_kept_apart():
    obj = {"a": {"b": mg.zeros(1)}, "a.b": mg.ones(1), 1: mg.ones(2), "1": mg.ones(3), "__metadata__": mg.ones(4)}
    got = again(obj)
    assert [v.tolist() if not isinstance(v, dict) else v["b"].tolist() for v in got.values()] == [
        [0.0], [1.0], [1.0] * 2, [1.0] * 3, [1.0] * 4
    ]  # fmt: skip


# ---- a training program -------------------------------------------------------------------------------


def training():
    mg.manual_seed(4)
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 2))
    return model, optim.Adam(model.parameters(), lr=0.01)


def steps(model, optimizer, n):
    for _ in range(n):
        x = mg.randn(16, 3)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def test_training_goes_on_from_a_checkpoint_as_if_nothing_had_happened(path):
    model, optimizer = training()
    steps(model, optimizer, 3)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": mg.get_rng_state()}
    mg.save(state, path)
    want = steps(model, optimizer, 4)
    other, other_optimizer = training()
    state = mg.load(path, map_location="cpu", weights_only=True)
    assert other.load_state_dict(state["model"]).missing_keys == []
    other_optimizer.load_state_dict(state["optimizer"])
    mg.set_rng_state(state["rng"])
    assert steps(other, other_optimizer, 4) == want
    assert other.state_dict()["1.running_mean"].tolist() == model.state_dict()["1.running_mean"].tolist()
    assert state["model"]._metadata == model.state_dict()._metadata


def test_tied_weights_stay_tied(path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    mg.save(model.state_dict(), path)
    state = mg.load(path)
    state["0.weight"].zero_()
    assert state["1.weight"].abs().sum().item() == 0


def test_a_state_dict_is_a_safetensors_file_with_its_own_names(path):
    from safetensors.numpy import load_file

    model = nn.Linear(2, 3)
    mg.save(model.state_dict(), path)
    arrays = load_file(path)
    assert list(arrays) == ["bias", "weight"]
    np.testing.assert_array_equal(arrays["weight"], model.weight.detach().numpy())


def test_a_safetensors_file_of_another_program_is_a_dict_of_tensors(path):
    from safetensors.numpy import save_file

    save_file({"w": np.arange(6.0).reshape(2, 3), "n": np.array(3.0)}, path, metadata={"format": "pt"})
    state = mg.load(path)
    assert list(state) == ["n", "w"]    # as they lie in the file
    assert state["w"].dtype is mg.float64
    assert (state["w"].tolist(), state["n"].item()) == ([[0, 1, 2], [3, 4, 5]], 3)
    state["w"].add_(1)
    save_file({"w": np.zeros(2, np.uint16)}, path)
    with pytest.raises(TypeError, match="uint16"):
        mg.load(path)


@pytest.mark.oracle
def test_torch_reads_it_through_safetensors_and_the_other_way_round(path):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    from safetensors.torch import load_file, save_file

    ours = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 2))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2)
    )
    mg.save(ours.state_dict(), path)
    theirs.load_state_dict(load_file(path))
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    want = ours.eval()(mg.tensor(x)).detach().numpy()
    np.testing.assert_allclose(theirs.eval()(torch.tensor(x)).detach().numpy(), want, rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        for p in theirs.parameters():
            p.mul_(2)
    save_file({**theirs.state_dict(), "half": torch.tensor([1.5, -3e38], dtype=torch.bfloat16)}, path)
    state = mg.load(path)
    half = state.pop("half")
    assert half.dtype is mg.float32
    assert half.tolist() == torch.tensor([1.5, -3e38], dtype=torch.bfloat16).float().tolist()
    ours.load_state_dict(state)
    assert ours[0].weight.tolist() == theirs[0].weight.tolist()


# ---- files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path, lambda p: str(p).encode()], ids=["str", "Path", "bytes"])
def test_a_path_may_be_given_in_every_way(path, kind):
    mg.save({"a": 1}, kind(path))
    assert mg.load(kind(path)) == {"a": 1}


def test_torchs_arguments_are_taken(path):
    mg.save([1], f=path, pickle_protocol=4, _use_new_zipfile_serialization=False)
    for location in (None, "cpu", mg.device("cpu"), lambda storage, location: storage, {"cuda:0": "cpu"}):
        assert mg.load(path, location, weights_only=False, mmap=False, encoding="ascii") == [1]
    with pytest.raises(RuntimeError, match="computes on the CPU only, got 'cuda'"):
        mg.load(path, map_location="cuda")


def test_a_file_object_may_be_given(path):
    with open(path, "wb") as file:
        mg.save({"a": mg.ones(2)}, file)
    with open(path, "rb") as file:
        assert mg.load(file)["a"].tolist() == [1, 1]
    with open(path) as file, pytest.raises((TypeError, UnicodeDecodeError)):
        mg.load(file)
    with pytest.raises(TypeError, match="open for text"):
        mg.load(io.StringIO("x"))
    with pytest.raises(TypeError, match="open for bytes"):
        mg.save(1, io.StringIO())


def test_wrong_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        mg.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere; make it first"):
        mg.save(1, tmp_path / "nowhere" / "x")
    with pytest.raises(IsADirectoryError):
        mg.save(1, tmp_path)
    for function in (lambda: mg.save(1, 3.5), lambda: mg.load(3.5)):
        with pytest.raises(TypeError, match="expected a path or a file open for bytes, got float"):
            function()


def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    mg.save(1, real)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(real.stat().st_mode) == 0o666 & ~umask
    real.chmod(0o640)
    link.symlink_to(real)
    mg.save(2, link)
    assert link.is_symlink()
    assert mg.load(real) == 2
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_device_is_written_to_and_not_replaced():
    mg.save(1, os.devnull)
    assert not os.path.isfile(os.devnull)


# ---- interruptions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()], ids=["full", "interrupted"])
def test_an_error_on_the_way_leaves_the_old_file_whole_and_nothing_else(monkeypatch, path, step, error):
    mg.save({"epoch": 1, "w": mg.ones(3)}, path)
    before = path.read_bytes()

    def fails(*arguments, **keywords):
        raise error

    monkeypatch.setattr(checkpoint.os, step, fails)
    with pytest.raises(type(error)):
        mg.save({"epoch": 2, "w": mg.zeros(3)}, path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert mg.load(path)["epoch"] == 1


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_killed_process_leaves_the_old_file_whole(path, step):
    mg.save({"epoch": 1, "w": mg.ones(3)}, path)
    code = (
        "import os, sys, signal, minigrad as mg\n"
        f"os.{step} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "mg.save({'epoch': 2, 'w': mg.zeros(100000)}, sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, path], env=ENVIRONMENT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert mg.load(path)["epoch"] == 1
    mg.save({"epoch": 3}, path)
    assert mg.load(path)["epoch"] == 3


def test_the_new_file_is_on_the_disk_before_it_has_the_name(monkeypatch, path):
    order = []
    for step in ("fsync", "replace"):
        real = getattr(os, step)
        monkeypatch.setattr(
            checkpoint.os, step, lambda *a, step=step, real=real: (order.append((step, path.exists())), real(*a))[1]
        )
    mg.save(1, path)
    assert order == [("fsync", False), ("replace", False), ("fsync", True)]


def test_nothing_is_written_where_something_cannot_be_stored(path):
    mg.save(1, path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        mg.save({"w": mg.ones(3), "f": lambda: 1}, path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


# ---- refusals ------------------------------------------------------------------------------------------------


class Holder:
    def __init__(self):
        self.x = 1


@pytest.mark.parametrize(("obj", "message"), [
    ({"net": nn.Linear(2, 2)}, r"obj\['net'\] is a whole module, Linear.*save\(model.state_dict\(\), f\)"),
    ([{"f": lambda x: x}], r"obj\[0\]\['f'\] is code, .*lambda.*leave it out"),
    (nn.Linear, "obj is code, Linear"),
    (optim.SGD(nn.Linear(1, 1).parameters()), r"obj is a SGD; save what it gives as state_dict\(\)"),
    (Holder(), r"a Holder; a file holds tensors.*dict\(vars\(x\)\)"),
    (namedtuple("Point", "x y")(1, 2), "a Point;"),
    (np.array(["a"]), r"NumPy's str32, of which there are no tensors.*\(strings\) to a list"),
    (np.array([{}], dtype=object), "NumPy's object"),
    ({"m": mg.Generator()}, r"obj\['m'\] is a Generator"),
])
def test_what_needs_code_is_refused_with_the_way_out(obj, message):
    with pytest.raises(TypeError, match=message):
        mg.save(obj, io.BytesIO())


def test_what_contains_itself_is_refused():
    inside = {"list": []}
    inside["list"].append(inside)
    with pytest.raises(ValueError, match=r"obj\['list'\]\[0\] contains itself"):
        mg.save(inside, io.BytesIO())
    shared = [1]
    assert again([shared, shared]) == [[1], [1]]


def small_file():
    file = io.BytesIO()
    mg.save(OrderedDict(w=mg.tensor([1.0, 2.0]), n=mg.tensor(3), lr=0.25), file)
    return file.getvalue()


def test_every_wrong_bit_is_found():
    data = small_file()
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            with pytest.raises(ValueError, match="damaged or cut off|unknown kind|empty|pickle"):
                mg.load(io.BytesIO(damaged))


def test_every_missing_or_added_end_is_found():
    data = small_file()
    for length in range(len(data)):
        with pytest.raises(ValueError, match="damaged or cut off|unknown kind|empty"):
            mg.load(io.BytesIO(data[:length]))
    with pytest.raises(ValueError, match="damaged or cut off"):
        mg.load(io.BytesIO(data + b"\0"))


@pytest.mark.parametrize(("data", "message"), [
    (b"", "x.pt is empty"),
    (b"\x80\x04]q.", "a pickle, or of PyTorch before 1.6"),
    (b"\x93NUMPY\1\0", "numpy.load"),
    (b"<!DOCTYPE html><html>", "unknown kind.*begins with the bytes 3c 21"),
])
def test_files_of_other_kinds_are_named(tmp_path, data, message):
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        mg.load(tmp_path / "x.pt")


def crafted(structure, arrays=None):
    """A file whose checksums are right and whose structure somebody made up."""
    import json
    import zlib

    from safetensors.numpy import save

    arrays = arrays or {}
    text = json.dumps({
        "version": 1, "object": structure, "crc32": {name: checkpoint._checksum(a) for name, a in arrays.items()}
    })  # fmt: skip
    return io.BytesIO(save(arrays, {"minigrad": text, "minigrad.crc32": f"{zlib.crc32(text.encode()):08x}"}))


@pytest.mark.parametrize("node", [
    {"unpack": 1}, {"__init__": {}}, {"__setattr__": 1}, {"base": "w"}, {"tensor": "v"}, {"tensor": ["w"]}, {},
    {"tensor": "w", "of": "w", "offset": 1, "stride": [1]}, {"tensor": "w", "of": "w", "offset": -1, "stride": [1]},
    {"dict": [[[1], 2]]}, {"float": "xyz"}, {"dtype": "object"}, {"dict": 3}, {"ordered": [], "attributes": 3},
    {"parameter": "i", "requires_grad": True},
], ids=str)  # fmt: skip
def test_a_structure_that_somebody_made_up_is_refused(node):
    with pytest.raises(ValueError, match="makes no sense"):
        mg.load(crafted(node, {"w": np.ones(2, np.float32), "i": np.ones(2, np.int64)}))


def test_a_newer_format_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    file = io.BytesIO()
    mg.save(1, file)
    monkeypatch.undo()
    file.seek(0)
    with pytest.raises(ValueError, match="newer minigrad"):
        mg.load(file)
