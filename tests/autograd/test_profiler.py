"""The profiler's table: which operations ran, how often, and about how long."""

import time

import pytest

import minigrad as mg
from minigrad.autograd import engine
from minigrad.autograd.profiler import profile


def test_operations_and_their_backward_are_counted():
    x = mg.ones(3, requires_grad=True)
    with profile() as prof:
        for _ in range(4):
            y = x * x
        y.sin().sum().backward()
    counts = {row.key: row.count for row in prof.key_averages()}
    assert counts["mul"] == 4
    assert counts["sin"] == counts["sum"] == counts["SinBackward0"] == counts["MulBackward0"] == 1
    assert prof.total_average().count == sum(counts.values())


def test_time_is_told_in_microseconds():
    x = mg.ones(1, requires_grad=True)
    with profile() as prof:
        time.sleep(0.02)
        x * 2
    row, = prof.key_averages()
    assert row.self_cpu_time_total == row.cpu_time == row.cpu_time_total >= 20000
    assert prof.self_cpu_time_total == row.self_cpu_time_total


def test_the_table_is_in_the_order_asked_for():
    x = mg.ones(1, requires_grad=True)
    with profile(use_device=None, record_shapes=True) as prof:
        x + 1
        for _ in range(3):
            x.exp()
    lines = prof.key_averages().table(sort_by="count").splitlines()
    assert [line.split()[0] for line in lines] == ["Name", "exp", "add", "Self"]
    assert len(prof.table(row_limit=1).splitlines()) == 3
    assert str(prof) == prof.table()
    assert "3 calls" in repr(prof.key_averages()[1])
    with pytest.raises(ValueError, match="cannot sort by 'cuda_time'"):
        prof.table(sort_by="cuda_time")


def test_nothing_is_watched_before_after_or_when_it_is_off():
    x = mg.ones(1, requires_grad=True)
    with profile(enabled=False) as off:
        x * 2
    with profile() as prof, mg.no_grad():
        x * 2
    x * 2
    assert off.key_averages() == prof.key_averages() == []
    assert engine._watch(None) is None
    assert "total: 0.000 ms" in prof.table()
