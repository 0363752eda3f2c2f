"""Each name of TorchScript says what to do instead."""

import pytest

from minigrad import jit, nn


@pytest.mark.parametrize(("name", "mend"), [
    ("script", r"model\(x\)"), ("trace", r"model\(x\)"), ("freeze", r"model.eval\(\)"),
    ("optimize_for_inference", r"model.eval\(\)"), ("save", r"model.state_dict\(\)"), ("load", "load_state_dict"),
])  # fmt: skip
def test_it_is_refused_with_the_way_out(name, mend):
    arguments = (nn.Linear(1, 1), None) if name in ("trace", "save") else (nn.Linear(1, 1),)
    with pytest.raises(RuntimeError, match=rf"jit.{name}: minigrad runs eagerly and has no TorchScript; .*{mend}"):
        getattr(jit, name)(*arguments)


def test_all_of_them_are_tried():
    assert len(jit.__all__) == 6
