"""torch's question bank for modules, put to minigrad's: outputs, gradients of inputs and parameters, buffers."""

import copy

import pytest

import minigrad as mg
import needs

needs.torch_and_its_bank()

import torch  # noqa: E402

import exam  # noqa: E402
import shelf  # noqa: E402
from adapter import LAYOUTS, Declined, Ours, contiguous, flat  # noqa: E402

pytestmark = pytest.mark.oracle

MODULES = shelf.MODULES.split()
EXTRA = list(shelf.extra_modules(torch, torch.float32))


@pytest.fixture(scope="module")
def modules():
    with exam.quietly():
        from torch.testing._internal.common_modules import module_db
    return {info.module_cls.__name__: info for info in module_db}


def questions_of(modules, name, dtype, training):
    """The bank's questions about a module, or ours where it has none."""
    from torch.testing._internal.common_modules import FunctionInput, ModuleInput

    torch.manual_seed(0)
    if name in EXTRA:
        return [ModuleInput(FunctionInput(*args, **kwargs), FunctionInput(*inputs))
                for args, kwargs, inputs in shelf.extra_modules(torch, dtype)[name]]
    info = modules[name]
    return info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)


class Pair:
    """A module of torch's and minigrad's own, each called as a function of its inputs and parameters."""

    def __init__(self, name, question):
        self.args, self.kwargs = question.constructor_input.args, question.constructor_input.kwargs
        self.name = name
        torch.manual_seed(0)
        self.module = getattr(torch.nn, name)(*self.args, **self.kwargs)
        if name.startswith("Lazy"):     # its parameters have no shape before the first input
            self.module(*question.forward_input.args)
        self.names = [name for name, _ in self.module.named_parameters()]

    def theirs(self, inputs, parameters, training, **kwargs):
        module = copy.deepcopy(self.module).train(training)
        if parameters:
            module = module.to(parameters[0].dtype)
        torch.manual_seed(7)
        result = torch.func.functional_call(module, dict(zip(self.names, parameters, strict=True)), inputs, kwargs)
        return [*flat(result), *module.buffers()]

    def ours(self, inputs, parameters, training, **kwargs):
        adapt = Ours()
        module = getattr(mg.nn, self.name)(*adapt(self.args), **adapt(self.kwargs)).train(training)
        if self.name.startswith("Lazy"):
            module(*inputs)
        assert repr(module) == repr(self.module)
        wanted = [(n, tuple(p.shape)) for n, p in self.module.named_parameters()]
        found = [(n, tuple(p.shape)) for n, p in module.named_parameters()]
        if found != wanted:
            raise AssertionError(f"its parameters are {found}, torch's {wanted}")
        if [n for n, _ in module.named_buffers()] != [n for n, _ in self.module.named_buffers()]:
            raise AssertionError("its buffers have other names than torch's")
        if parameters:
            module = module.to(parameters[0].dtype)
        for name, parameter in zip(self.names, parameters, strict=True):
            module._parameters[name] = parameter
        mg.manual_seed(7)
        return [*flat(module(*inputs, **kwargs)), *module.buffers()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*MODULES, *EXTRA])
def test_module_is_torchs(modules, ledger, name, dtype):
    from torch.testing._internal.opinfo.core import SampleInput

    record = ledger.setdefault(f"nn.{name}", exam.Record(f"nn.{name}", "modules"))
    before = len(record.failures)
    dtype, label = getattr(torch, dtype), dtype
    with exam.quietly():
        for training in (True, False) if name in EXTRA or modules[name].train_and_eval_differ else (True,):
            questions = questions_of(modules, name, dtype, training)
            questions = exam.thinned(questions, exam.SAMPLES)
            for number, question in enumerate(questions):
                try:
                    torch.set_default_dtype(dtype)
                    mg.set_default_dtype(getattr(mg, label))
                    ask(record, SampleInput, Pair(name, question), question, number, len(questions), training, label)
                except Declined as reason:
                    record.declined[str(reason)] += 1
                finally:
                    torch.set_default_dtype(torch.float32)
                    mg.set_default_dtype(mg.float32)
    exam.settle(record, before)


def ask(record, sample_input, pair, question, number, count, training, dtype):
    inputs = question.forward_input
    sample = sample_input(tuple(inputs.args), args=(list(pair.module.parameters()), training),
                          kwargs=dict(inputs.kwargs))
    asked = exam.Question(pair.theirs, sample, number, True, False)
    where = f"{dtype}, {'training' if training else 'evaluating'}, {pair.args} {pair.kwargs} {question.desc}"
    allowed = shelf.LAYOUTS_OF.get(record.entry)
    layouts = [layout for layout in LAYOUTS if allowed is None or layout.__name__ in allowed]
    layouts = exam.turns(layouts, number, count)
    for layout in layouts:
        exam.compare(record, asked, pair.ours, layout, f"{layout.__name__} {where}")
    record.samples += 1
    record.layouts.update(layout.__name__ for layout in layouts)
    record.dtypes.add(dtype)
    record.gradients += asked.answer.gradients is not None


@pytest.mark.parametrize("name", MODULES)
def test_what_torch_refuses_is_refused(modules, ledger, name):
    info = modules[name]
    if info.module_error_inputs_func is None:
        pytest.skip("the bank has no errors of it")
    record = ledger.setdefault(f"nn.{name}", exam.Record(f"nn.{name}", "modules"))
    before = len(record.failures)
    with exam.quietly():
        for error in info.module_error_inputs_func(
                info, device="cpu", dtype=torch.float64, requires_grad=True, training=True):
            made, given = error.module_error_input.constructor_input, error.module_error_input.forward_input
            reason = next((r for r, test in shelf.ANSWERED_MODULES.get(name, ()) if test(made.kwargs)), None)
            if reason:
                record.declined[reason] += 1
                continue
            adapt = Ours(contiguous)
            try:
                arguments = adapt(made.args), adapt(made.kwargs)
                inputs = (adapt(given.args), adapt(given.kwargs)) if given else None
            except Declined as reason:
                record.declined[str(reason)] += 1
                continue
            record.errors += 1
            try:
                module = getattr(mg.nn, name)(*arguments[0], **arguments[1])
                if inputs:
                    module(*inputs[0], **inputs[1])
            except exam.ERRORS:
                continue
            except Exception as other:
                record.fail("error", f"{made.args} {made.kwargs}", f"raised {type(other).__name__}: {other}")
            else:
                record.fail("error", f"{made.args} {made.kwargs}", f"no error; torch's: {error.error_regex}")
    exam.settle(record, before)


def test_every_module_of_the_bank_is_asked_or_declined_by_name(modules):
    asked, declined = set(MODULES), set(shelf.DECLINED_MODULES)
    assert not asked & declined
    assert set(modules) == asked | declined


def test_every_module_of_minigrad_is_asked():
    own = {name for name in mg.nn.__all__ if isinstance(getattr(mg.nn, name), type)
           and issubclass(getattr(mg.nn, name), mg.nn.Module)}
    assert own == {*MODULES, *EXTRA, *shelf.NOT_ASKED}
