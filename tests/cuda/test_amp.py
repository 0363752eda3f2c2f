"""Mixed precision is refused, with what to write instead."""

import pytest

from minigrad.cuda import amp


def test_it_is_refused():
    with pytest.raises(RuntimeError, match="autocast: minigrad computes in float32.*run what is inside"):
        amp.autocast(enabled=True)
    with pytest.raises(RuntimeError, match=r"GradScaler: .*loss.backward\(\)"):
        amp.GradScaler()
