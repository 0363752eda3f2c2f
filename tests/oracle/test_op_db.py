"""torch's question bank for operations, put to minigrad."""

import numpy as np
import pytest

import minigrad as mg
import needs

needs.torch_and_its_bank()

import torch  # noqa: E402

import exam  # noqa: E402
import shelf  # noqa: E402
from adapter import contiguous  # noqa: E402

pytestmark = pytest.mark.oracle

ASKED = [pytest.param(room, entry, id=entry) for room, entry in shelf.entries() + shelf.beside()]


@pytest.fixture
def question(bank, ledger, room, entry):
    """The entry's place in op_db, minigrad's function and the record; skips where there is nothing to ask."""
    if entry in shelf.DECLINED:
        pytest.skip(f"declined: {shelf.DECLINED[entry]}")
    record = ledger.setdefault(entry, exam.Record(entry, room))
    ours = shelf.ours(mg, entry)
    record.here = ours is not None
    if ours is None:
        if shelf.COMPLETE and room != "beside the shelf":
            pytest.fail(f"minigrad has no {entry}")
        pytest.skip("not here yet")
    return bank[entry], ours, record


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("room, entry", ASKED)
def test_values_and_gradients_are_torchs(question, dtype):
    op, ours, record = question
    dtype = getattr(torch, dtype)
    if not op.supports_dtype(dtype, "cpu"):
        pytest.skip(f"torch has no {dtype} here")
    before = len(record.failures)
    # what nobody asked for is asked fewer questions
    exam.examine(record, op, ours, dtype, most=exam.SAMPLES if record.room != "beside the shelf" else 15)
    exam.settle(record, before)


@pytest.mark.parametrize("dtype", ["int64", "bool"])
@pytest.mark.parametrize("room, entry", ASKED)
def test_integers_and_bools_are_torchs(question, dtype):
    op, ours, record = question
    dtype = getattr(torch, dtype)
    if not op.supports_dtype(dtype, "cpu"):
        pytest.skip(f"torch has no {dtype} here")
    before = len(record.failures)
    exam.examine(record, op, ours, dtype, layouts=[contiguous], most=12)
    exam.settle(record, before)


@pytest.mark.parametrize("room, entry", ASKED)
def test_what_torch_refuses_is_refused(question):
    op, ours, record = question
    before = len(record.failures)
    exam.examine_errors(record, op, ours)
    exam.settle(record, before)


@pytest.mark.parametrize("room, entry", ASKED)
def test_method_is_the_function(question):
    """Where PyTorch has it as a method, minigrad does, and it answers alike."""
    op, _, record = question
    method = op.method_variant
    name = getattr(method, "__name__", "<lambda>")
    if method is None or name == "<lambda>" or entry_is_special(record.entry):
        pytest.skip("no method of PyTorch's")
    if not hasattr(mg.Tensor, name) and (record.entry in shelf.SPECIAL or not shelf.COMPLETE):
        pytest.skip(f"Tensor.{name} is not here yet")
    if not hasattr(mg.Tensor, name):
        pytest.fail(f"Tensor.{name} is missing", pytrace=False)
    before = len(record.failures)
    exam.examine(record, op, lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs), torch.float64,
                 layouts=[contiguous], most=4, theirs=method, labels="as a method, ")
    exam.settle(record, before)


@pytest.mark.parametrize("room, entry", ASKED)
def test_in_place_form_is_the_function(question):
    """Where PyTorch has it in place, minigrad does, and its gradient passes through."""
    op, _, record = question
    method = op.inplace_variant
    name = getattr(method, "__name__", "<lambda>")
    if method is None or not name.endswith("_") or name.startswith("__") or entry_is_special(record.entry):
        pytest.skip("no form in place of PyTorch's")
    if not hasattr(torch.Tensor, name):
        pytest.skip("a function in place, no method")
    if not hasattr(mg.Tensor, name) and (record.entry in shelf.SPECIAL or not shelf.COMPLETE):
        pytest.skip(f"Tensor.{name} is not here yet")
    if not hasattr(mg.Tensor, name):
        pytest.fail(f"Tensor.{name} is missing", pytrace=False)

    def theirs(x, *args, **kwargs):
        return method(x.clone(), *args, **kwargs)

    def ours(x, *args, **kwargs):
        x = x.clone()
        y = getattr(x, name)(*args, **kwargs)
        if y is not x:
            raise TypeError(f"{name} gave another tensor than it changed")
        return y

    before = len(record.failures)
    exam.examine(record, op, ours, torch.float64, layouts=[contiguous], most=4, theirs=theirs, labels="in place, ")
    exam.settle(record, before)


def entry_is_special(entry):
    return entry.startswith("__") or 0 in shelf.WRITES.get(entry, ())


def test_every_name_of_the_shelf_is_in_the_bank(bank):
    named = [entry for _, entry in shelf.entries() + shelf.beside()]
    assert len(named) == len(set(named))
    assert not set(named) - set(bank)


def test_every_variant_of_a_name_is_asked_or_declined(bank):
    asked = {entry for _, entry in shelf.entries()} | set(shelf.DECLINED)
    names = {entry.split("/")[0] for entry in asked}
    assert {entry for entry in bank if entry.split("/")[0] in names} - asked == set()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unaligned_elements_are_refused_or_converted(dtype):
    values = np.arange(5, dtype=dtype)
    unaligned = np.frombuffer(b"\0" + values.tobytes(), np.uint8)[1:].view(dtype)
    if unaligned.flags.aligned:
        pytest.skip("this NumPy aligned it")
    with pytest.raises(ValueError, match="aligned"):
        mg.from_numpy(unaligned)
    assert mg.tensor(unaligned).tolist() == values.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_swapped_bytes_are_refused_or_converted(dtype):
    values = np.arange(5, dtype=dtype)
    swapped = values.astype(values.dtype.newbyteorder())
    with pytest.raises(ValueError, match="byte order"):
        mg.from_numpy(swapped)
    assert mg.tensor(swapped).tolist() == values.tolist()
