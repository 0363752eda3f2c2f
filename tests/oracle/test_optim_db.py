"""torch's question bank for optimizers, put to minigrad's: every parameter after each of six steps."""

import numpy as np
import pytest

import minigrad as mg
import needs

needs.torch_and_its_bank()

import torch  # noqa: E402

import exam  # noqa: E402
import shelf  # noqa: E402
from adapter import LAYOUTS, Declined, Ours, contiguous  # noqa: E402

pytestmark = pytest.mark.oracle

OPTIMIZERS = shelf.OPTIMIZERS.split()
SHAPES = {"Muon": [(6, 5), (3, 3)]}
# each step's loss is scaled: where a gradient fades, amsgrad differs from Adam
SCALES = [1, 1, 0.001, 1, 0.01, 1]


@pytest.fixture(scope="module")
def optimizers():
    with exam.quietly():
        from torch.testing._internal.common_optimizers import optim_db
    before = torch.get_num_threads()
    torch.set_num_threads(1)        # the tensors are small
    yield {info.optim_cls.__name__: info for info in optim_db}
    torch.set_num_threads(before)


def test_every_optimizer_of_the_bank_is_asked_for_or_declined_by_name(optimizers):
    assert not set(OPTIMIZERS) & set(shelf.DECLINED_OPTIMIZERS)
    assert set(optimizers) == {*OPTIMIZERS, *shelf.DECLINED_OPTIMIZERS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_is_torchs(optimizers, ledger, name, dtype):
    record = ledger.setdefault(f"optim.{name}", exam.Record(f"optim.{name}", "optimizers"))
    before = len(record.failures)
    kind = getattr(torch, dtype)
    with exam.quietly():
        questions = optimizers[name].optim_inputs_func(device="cpu", dtype=kind)
        for number, question in enumerate(questions):
            layouts = exam.turns(LAYOUTS[:-1], number, len(questions))      # a read-only parameter cannot be trained
            for layout in layouts:
                try:
                    walk(record, name, question, layout, dtype)
                except Declined as reason:
                    record.declined[str(reason)] += 1
                    break
            else:
                record.samples += 1
                record.dtypes.add(dtype)
                record.layouts.update(layout.__name__ for layout in layouts)
    exam.settle(record, before)


def walk(record, name, question, layout, dtype):
    """The loss is a quartic bowl, so that the gradient changes on the way; the second group has its own lr."""
    rng = np.random.default_rng(5)
    starts = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES.get(name, [(10, 5), (10,), ()])]
    aims = [rng.standard_normal(start.shape).astype(dtype) for start in starts]
    label = f"{layout.__name__} {dtype}, {question.desc} {question.kwargs}"
    kwargs = Ours()(question.kwargs)

    def groups(parameters):
        if name == "LBFGS":     # has but one
            return parameters
        return [dict(params=parameters[:1]), dict(params=parameters[1:], lr=0.02)]

    theirs = [torch.tensor(start, requires_grad=True) for start in starts]
    ours = [mg.from_numpy(layout(np.asarray(start))[0]).requires_grad_() for start in starts]
    torchs = getattr(torch.optim, name)(groups(theirs), **question.kwargs)
    try:
        minigrads = getattr(mg.optim, name)(groups(ours), **kwargs)
    except Exception as error:
        return record.fail("refused", label, f"{type(error).__name__}: {error}")
    for step, scale in enumerate(SCALES):
        def closure(optimizer=torchs, parameters=theirs, make=torch.from_numpy, scale=scale):
            optimizer.zero_grad()
            loss = sum((((p - make(aim)) ** 4).sum() for p, aim in zip(parameters, aims, strict=True))) * scale
            loss.backward()
            return loss

        torchs.step(closure)
        try:
            minigrads.step(lambda: closure(minigrads, ours, mg.from_numpy))
        except Exception as error:
            return record.fail("refused", label, f"step {step}: {type(error).__name__}: {error}")
        for i, (mine, his) in enumerate(zip(ours, theirs, strict=True)):
            text = exam.difference(record.entry, mine.detach().numpy(), his.detach().numpy())
            if text:
                return record.fail("value", label, f"parameter {i} after step {step + 1}: {text}")
    return None


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_torch_refuses_is_refused(optimizers, ledger, name):
    info = optimizers[name]
    record = ledger.setdefault(f"optim.{name}", exam.Record(f"optim.{name}", "optimizers"))
    before = len(record.failures)
    with exam.quietly():
        for error in info.optim_error_inputs_func(device="cpu", dtype=torch.float64):
            question = error.optimizer_error_input
            label = f"{question.desc} {question.kwargs}"
            adapt = Ours(contiguous)
            try:
                params, kwargs = adapt(question.params), adapt(question.kwargs)
            except Declined as reason:
                record.declined[str(reason)] += 1
                continue
            record.errors += 1
            try:        # also where torch itself only warns
                getattr(mg.optim, name)(params, **kwargs)
            except exam.ERRORS:
                continue
            except Exception as other:
                record.fail("error", label, f"raised {type(other).__name__}: {other}")
            else:
                record.fail("error", label, f"no error; torch's: {error.error_regex}")
    exam.settle(record, before)


PLANTED = {
    "decay is forgotten": ("SGD", lambda kwargs: {**kwargs, "weight_decay": 0}),
    "dampening is forgotten": ("SGD", lambda kwargs: {**kwargs, "dampening": 0}),
    "nesterov is forgotten": ("SGD", lambda kwargs: {**kwargs, "nesterov": False}),
    "it goes uphill": ("Adam", lambda kwargs: {**kwargs, "maximize": not kwargs.get("maximize", False)}),
    "amsgrad is forgotten": ("Adam", lambda kwargs: {**kwargs, "amsgrad": False}),
    "eps is too large": ("AdamW", lambda kwargs: {**kwargs, "eps": 1e-6}),
    "the mean is not taken off": ("RMSprop", lambda kwargs: {**kwargs, "centered": False}),
    "momentum is forgotten": ("RMSprop", lambda kwargs: {**kwargs, "momentum": 0}),
    "the sum begins at 0": ("Adagrad", lambda kwargs: {**kwargs, "initial_accumulator_value": 0}),
    "lr does not fall": ("Adagrad", lambda kwargs: {**kwargs, "lr_decay": 0}),
    "it does not look ahead": ("NAdam", lambda kwargs: {**kwargs, "momentum_decay": 0}),
    "decay is coupled": ("RAdam", lambda kwargs: {**kwargs, "decoupled_weight_decay": False}),
    "steps grow at another rate": ("Rprop", lambda kwargs: {**kwargs, "etas": (0.5, 1.1)}),
    "lr falls too fast": ("ASGD", lambda kwargs: {**kwargs, "lambd": 1e-3}),
    "steps are not clipped": ("Adafactor", lambda kwargs: {**kwargs, "d": 1e9}),
    "it does not look ahead along b": ("Muon", lambda kwargs: {**kwargs, "nesterov": False}),
    "all but the last step is forgotten": ("LBFGS", lambda kwargs: {**kwargs, "history_size": 1}),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(optimizers, monkeypatch, bug):
    name, change = PLANTED[bug]
    right = getattr(mg.optim, name)
    record = exam.Record(name)

    def all_questions():
        with exam.quietly():
            for question in optimizers[name].optim_inputs_func(device="cpu", dtype=torch.float64):
                walk(record, name, question, contiguous, "float64")

    all_questions()
    assert not record.failures
    monkeypatch.setattr(mg.optim, name, lambda params, **kwargs: right(params, **change(kwargs)))
    all_questions()
    assert record.kinds() == {"value"}
