"""torch's question bank for operations, put to minigrad."""

import pytest

import minigrad as mg
import needs

needs.torch_and_its_bank()

import torch  # noqa: E402

import exam  # noqa: E402
import shelf  # noqa: E402
from adapter import LAYOUTS, Declined, contiguous  # noqa: E402

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
                 layouts=[contiguous], most=exam.BRIEF, theirs=method, labels="as a method, ")
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
        y = method(x.clone(), *args, **kwargs)
        if y.shape != x.shape:
            raise Declined("a form in place that stretches its tensor")
        return y

    def ours(x, *args, **kwargs):
        x = x.clone()
        y = getattr(x, name)(*args, **kwargs)
        if y is not x:
            raise TypeError(f"{name} gave another tensor than it changed")
        return y

    before = len(record.failures)
    exam.examine(record, op, ours, torch.float64, layouts=[contiguous], most=exam.BRIEF, theirs=theirs,
                 labels="in place, ")
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


def test_the_exam_is_whole(request, ledger):
    """Where all of it was asked in this run: how much that was, and in what."""
    asked = {item.callspec.params["entry"] for item in request.session.items
             if item.path == request.path and item.originalname == "test_values_and_gradients_are_torchs"}
    if asked != {entry for _, entry in shelf.entries() + shelf.beside()}:
        pytest.skip("only a part of the exam was asked for")
    walked = {entry: record for entry, record in ledger.items() if record.samples and record.entry in asked}
    assert len(walked) >= 300
    of_the_issue = {entry for _, entry in shelf.entries()} - set(shelf.DECLINED)
    assert len(of_the_issue) >= 230 and of_the_issue <= set(walked)
    assert sum(record.layouts == {layout.__name__ for layout in LAYOUTS} for record in walked.values()) >= 250
    assert sum(record.gradients > 0 for record in walked.values()) >= 200
    assert sum(record.seconds > 0 for record in walked.values()) >= 180
