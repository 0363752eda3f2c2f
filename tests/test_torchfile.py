"""What torch.save wrote is read to the bit, and nothing in it is run."""

import io
import os
import pickle
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

DTYPES = "float32 float64 float16 bool uint8 int8 int16 int32 int64".split()


# ---- real files ------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch, the oracle, is not installed")


def from_torch(torch, obj):
    """obj, saved there and loaded here."""
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return mg.load(file, map_location="cpu", weights_only=True)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0), (3, 4)], ids=str)
@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_shape_is_read(torch, name, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(name)
    got = from_torch(torch, torch.from_numpy(array.copy()))
    assert str(got.dtype) == f"minigrad.{name}"
    assert (tuple(got.shape), got.numpy().tobytes()) == (shape, array.tobytes())


@pytest.mark.oracle
def test_bits_of_nan_and_minus_zero_are_kept(torch):
    array = np.array([0x7FC00001, 0xFFC12345, 0x7F800001, 0x80000000], np.uint32).view(np.float32)
    assert from_torch(torch, torch.from_numpy(array)).numpy().tobytes() == array.tobytes()
    half = torch.tensor([1.5, -0.0, float("inf"), 3e38], dtype=torch.bfloat16)
    got = from_torch(torch, half)
    assert got.dtype is mg.float32
    assert got.numpy().tobytes() == half.float().numpy().tobytes()


@pytest.mark.oracle
def test_a_training_states_dicts_are_read_and_training_goes_on(torch, tmp_path):
    path = tmp_path / "state.pt"
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    their_optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01, betas=(0.8, 0.9))
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)

    def step(t, model, optimizer):
        loss = (model(t.tensor(x)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    step(torch, theirs, their_optimizer)
    torch.save({"model": theirs.state_dict(), "optimizer": their_optimizer.state_dict(), "epoch": 7, "best": 0.5}, path)
    state = mg.load(path)
    assert (state["epoch"], state["best"]) == (7, 0.5)
    assert type(state["model"]) is OrderedDict
    assert state["model"]._metadata["1"] == {"version": 2}
    ours = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    ours.load_state_dict(state["model"])
    optimizer = mg.optim.Adam(ours.parameters())
    optimizer.load_state_dict(state["optimizer"])
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)
    for _ in range(3):
        assert step(mg, ours, optimizer) == pytest.approx(step(torch, theirs, their_optimizer), rel=1e-5)


@pytest.mark.oracle
def test_values_of_every_kind_are_read(torch):
    obj = {
        "none": None, "bools": [True, False], "ints": (0, -1, 255, 65536, -(2**31), 2**70), "float": 0.1, "text": "ä\0",
        "bytes": b"\0\xff", "complex": 1 + 2j, "set": {1, 2}, "empty": [(), {}, []], 3: "int key", (1, 2): "tuple key",
        "counter": Counter({5: 2}), "ordered": OrderedDict(b=1, a=2), "nested": [[1], {"x": (2,)}],
    }  # fmt: skip
    assert from_torch(torch, obj) == obj
    got = from_torch(torch, [torch.Size([2, 3]), torch.float16, torch.device("cpu"), torch.device("cuda:1")])
    assert got == [mg.Size([2, 3]), mg.float16, mg.device("cpu"), mg.device("cpu")]


@pytest.mark.oracle
def test_views_share_memory_as_they_did(torch):
    memory = torch.arange(12.0).reshape(3, 4)
    whole, row, turned, again = from_torch(torch, [memory, memory[1], memory.t(), memory])
    assert again is whole
    assert turned.tolist() == memory.t().tolist()
    whole[1, 2] = -1.0
    assert (row[2].item(), turned[2, 1].item()) == (-1, -1)
    assert from_torch(torch, memory[:, ::2]).tolist() == memory[:, ::2].tolist()
    assert from_torch(torch, torch.ones(1).expand(3, 4)).tolist() == [[1] * 4] * 3


@pytest.mark.oracle
def test_parameters_and_leaves_come_as_such(torch):
    p, q, x = from_torch(torch, [
        torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2), False), torch.ones(2, requires_grad=True)
    ])  # fmt: skip
    assert [type(t).__name__ for t in (p, q, x)] == ["Parameter", "Parameter", "Tensor"]
    assert [t.requires_grad for t in (p, q, x)] == [True, False, True]


@pytest.mark.oracle
def test_pickles_of_every_protocol_are_read(torch):
    obj = {"w": torch.arange(3.0), "text": "x" * 300, "t": (1, 2, 3, 4), "set": {1}, "f": frozenset({2}), "b": b"x"}
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        file = io.BytesIO()
        torch.save(obj, file, pickle_protocol=protocol)
        file.seek(0)
        got = mg.load(file)
        assert got.pop("w").tolist() == [0, 1, 2]
        assert got == {key: value for key, value in obj.items() if key != "w"}


@pytest.mark.oracle
def test_whole_modules_and_other_code_are_refused_with_the_way_out(torch, tmp_path):
    path = tmp_path / "net.pt"
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match=r"net.pt holds a whole module .*linear.Linear.*torch.save\(model.state_dict"):
        mg.load(path, weights_only=False)
    torch.save({"best": np.float64(0.5)}, path)
    with pytest.raises(ValueError, match="without running code"):
        mg.load(path)
    torch.save(torch.zeros(2, dtype=torch.complex64), path)
    with pytest.raises(ValueError, match="ComplexFloatStorage"):
        mg.load(path)
    torch.save([1], path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"before 1\.6"):
        mg.load(path)


@pytest.mark.oracle
def test_a_cut_off_or_changed_file_is_refused(torch):
    file = io.BytesIO()
    torch.save({"w": torch.arange(4.0)}, file)
    data = file.getvalue()
    for length in range(4, len(data), 7):
        with pytest.raises(ValueError, match="damaged or cut off"):
            mg.load(io.BytesIO(data[:length]))
    for needle in (np.arange(4, dtype=np.float32).tobytes(), b"_rebuild_tensor_v2"):
        damaged = bytearray(data)
        damaged[data.index(needle) + 5] ^= 1
        with pytest.raises(ValueError, match="damaged or cut off"):
            mg.load(io.BytesIO(damaged))


# ---- files that somebody made up ---------------------------------------------------------------------


def archive(program, **members):
    """A file like torch.save's around a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", program)
        for name, data in {"version": b"3\n", "byteorder": b"little", **members}.items():
            made.writestr(f"archive/{name}", data)
    file.seek(0)
    return file


class Bomb:
    def __init__(self, function, *arguments):
        self.pair = function, arguments

    def __reduce__(self):
        return self.pair


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
@pytest.mark.parametrize("function", [os.system, eval, getattr, __import__, pickle.loads, np.load, dict.fromkeys])
def test_no_function_is_called(tmp_path, monkeypatch, function, protocol):
    monkeypatch.chdir(tmp_path)
    program = pickle.dumps([Bomb(function, "touch executed")], protocol)
    with pytest.raises(ValueError, match="holds a|uses the instruction|makes no sense"):
        mg.load(archive(program))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("program", [
    b"cos\nsystem\n(S'true'\ntR.",                          # the classic
    b"\x80\x02cos\nsystem\nq\x00X\x04\x00\x00\x00true\x85R.",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    b"(S'true'\nios\nsystem\n.",                             # INST
    b"(cos\nsystem\nS'true'\no.",                            # OBJ
    b"\x80\x02ccollections\nOrderedDict\n)\x81.",            # NEWOBJ
    b"\x80\x02\x82\x01.",                                    # EXT1
    b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00items\x88sb.",     # attributes over methods
    b"\x80\x02ccollections\nOrderedDict\n}b.",               # attributes for the function itself
    b"\x80\x02]cbuiltins\nset\na.", b"\x80\x02}K\1cbuiltins\nset\ns.",      # names as values
    b"\x80\x02cbuiltins\nset\n.", b"\x80\x02ctorch\nFloatStorage\n)R.",
    b"\x80\x02ccollections\nOrderedDict.fromkeys\n]\x85R.",
    b".", b"\x80\x02", b"\x80\x02}(s.", b"\x80\x02h\x07.", b"\x80\x02K", b"\x80\x02]}s.", b"\x80\x02N}a.",
    b"\x80\x02Q.", b"\x80\x02(X\x07\x00\x00\x00storageX\x01\x00\x00\x000X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ.",
    b"\xff" * 20, b"",
])  # fmt: skip
def test_programs_for_pickle_that_do_anything_else_are_refused(program):
    with pytest.raises(ValueError, match=r"holds \w+|uses the instruction|makes no sense|attributes"):
        mg.load(archive(program))


def tensor_program(offset, size, stride, kind="FloatStorage", count=4):
    """The pickle of one tensor over the storage "0"."""

    def pack(value):
        if isinstance(value, tuple):
            return b"(" + b"".join(map(pack, value)) + b"t"
        if isinstance(value, bool):
            return b"\x88" if value else b"\x89"
        if isinstance(value, str):
            return b"X" + len(value).to_bytes(4, "little") + value.encode()
        return b"\x8a\x08" + int(value).to_bytes(8, "little", signed=True)

    storage = b"(" + pack("storage") + b"ctorch\n%b\n" % kind.encode() + pack("0") + pack("cpu") + pack(count) + b"tQ"
    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pack(offset) + pack(size) + pack(stride)
        + b"\x89}tR."
    )  # fmt: skip


def test_a_tensor_stays_inside_its_storage():
    data = {"data/0": np.arange(4, dtype=np.float32).tobytes()}
    assert mg.load(archive(tensor_program(1, (3,), (1,)), **data)).tolist() == [1, 2, 3]
    for offset, size, stride in [
        (2, (3,), (1,)), (0, (2, 3), (2, 1)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (-1,), (1,)),
        (0, (2, 2), (2**62, 1)), (5, (), ()),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="makes no sense"):
            mg.load(archive(tensor_program(offset, size, stride), **data))
    with pytest.raises(ValueError, match="makes no sense"):
        mg.load(archive(tensor_program(0, (4,), (1,), count=5), **data))
    with pytest.raises(ValueError, match="makes no sense"):
        mg.load(archive(tensor_program(0, (4,), (1,))))     # no data/0
    with pytest.raises(ValueError, match="QInt8Storage"):
        mg.load(archive(tensor_program(0, (4,), (1,), kind="QInt8Storage"), **data))


def test_another_machines_byte_order_is_read():
    data = {"data/0": np.arange(4, dtype=">f4").tobytes(), "byteorder": b"big"}
    assert mg.load(archive(tensor_program(0, (4,), (1,)), **data)).tolist() == [0, 1, 2, 3]


def test_other_archives_are_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.ones(2))
    with pytest.raises(ValueError, match="numpy.load"):
        mg.load(path)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"zip archive of readme.txt and not torch.save's"):
        mg.load(path)
    with pytest.raises(ValueError, match=r"torch.jit.load\(path\).state_dict\(\)"):
        mg.load(archive(b"\x80\x02}.", **{"constants.pkl": b""}))
