"""Accelerators: none."""

import minigrad as mg


def test_the_usual_line_gives_the_cpu():
    device = mg.accelerator.current_accelerator().type if mg.accelerator.is_available() else "cpu"
    assert device == "cpu"
    assert mg.accelerator.current_accelerator() is None
    assert mg.accelerator.device_count() == 0
    assert mg.accelerator.synchronize() is None
