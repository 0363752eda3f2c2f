"""detect_anomaly names the line."""

import pytest

import minigrad as mg
from minigrad.autograd import detect_anomaly, set_detect_anomaly


def test_a_nan_in_the_forward_names_the_line():
    x = mg.tensor([-1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"Log gave a result with a NaN, here:\n.*test_anomaly.py(.|\n)*x.log\(\)"), \
            detect_anomaly():
        x.log()


def test_a_nan_in_the_backward_names_the_forward_line():
    x = mg.tensor([0.0], requires_grad=True)
    with detect_anomaly():
        y = x.sqrt() * 0            # the infinite slope at 0, times 0
        with pytest.raises(RuntimeError, match=r"SqrtBackward0 gave .* NaN for its input 0(.|\n)*y = x.sqrt\(\) \* 0"):
            y.sum().backward()


def test_a_change_through_numpy_is_found():
    x = mg.ones(3, requires_grad=True)
    with detect_anomaly(check_nan=False):
        y = x * 2
        z = y * y
        y.detach().numpy()[0] = 100
        with pytest.raises(RuntimeError, match=r"MulBackward0: saved tensor 0 of shape \(3,\) was changed"):
            z.sum().backward()


def test_it_can_be_switched_and_costs_nothing_afterwards():
    x = mg.tensor([-1.0], requires_grad=True)
    set_detect_anomaly(True)
    with pytest.raises(RuntimeError, match="Log gave"):
        x.log()
    set_detect_anomaly(False)
    y = x.log()
    assert y.grad_fn.note is None
    with set_detect_anomaly(True), pytest.raises(RuntimeError, match="Log gave"):
        x.log()
    x.log()
