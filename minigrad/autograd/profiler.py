"""Where does the time go? A table of the recorded operations, how often they ran and how long.

    with minigrad.autograd.profiler.profile() as profile:
        loss_of(model, x, y).backward()
    print(profile.key_averages().table(sort_by="self_cpu_time_total"))

What is not recorded (under no_grad(), or on tensors that require no grad) is not seen.
"""

from time import perf_counter_ns

from minigrad.autograd import engine

__all__ = ["profile"]


class Average:
    """One line of the table: key, the operation's name; count, how often; self_cpu_time_total, microseconds."""

    def __init__(self, key):
        self.key = key
        self.count = 0
        self.self_cpu_time_total = 0.0

    @property
    def cpu_time_total(self):
        return self.self_cpu_time_total

    @property
    def cpu_time(self):
        """Microseconds a call."""
        return self.self_cpu_time_total / self.count if self.count else 0.0

    def __repr__(self):
        return f"<{self.key}: {self.count} calls, {self.self_cpu_time_total:.1f} us>"


class Averages(list):
    """The lines, which table() puts in an order."""

    def table(self, sort_by=None, row_limit=100, **options):
        """The lines as text; sort_by: "self_cpu_time_total", "cpu_time_total", "cpu_time" or "count",
        the largest first."""
        rows = list(self)
        if sort_by is not None:
            if sort_by not in ("self_cpu_time_total", "cpu_time_total", "cpu_time", "count"):
                raise ValueError(
                    f"table: cannot sort by {sort_by!r}; it is 'self_cpu_time_total', 'cpu_time' or 'count'"
                )
            rows.sort(key=lambda row: -getattr(row, sort_by))
        total = sum([row.self_cpu_time_total for row in rows])
        width = max([len(row.key) for row in rows], default=4)
        lines = [f"{'Name':{width}}  {'Self CPU %':>10}  {'Self CPU us':>12}  {'us a call':>10}  {'# of Calls':>10}"]
        lines += [
            f"{row.key:{width}}  {100 * row.self_cpu_time_total / (total or 1):>9.2f}%  "
            f"{row.self_cpu_time_total:>12.1f}  {row.cpu_time:>10.2f}  {row.count:>10}"
            for row in (rows if row_limit < 0 else rows[:row_limit])
        ]
        return "\n".join([*lines, f"Self CPU time total: {total / 1000:.3f} ms", ""])


class profile:
    """A context that times what is recorded in it, and the backward of that.

    A forward's time is counted from the end of the operation before it: Python's share between
    the two belongs to it. A backward's is its own.
    enabled: False measures nothing. The other arguments are PyTorch's, accepted and ignored.
    """

    def __init__(self, enabled=True, **options):
        self.enabled = enabled
        self._rows = {}

    def __enter__(self):
        if self.enabled:
            self._before = engine._watch(self._made)
            self._since = perf_counter_ns()
        return self

    def __exit__(self, *exception):
        if self.enabled:
            engine._watch(self._before)

    def _made(self, op, y):
        name = op.name()
        self._count(name.partition("Backward")[0].lower())
        return _Backward(self, name)

    def _count(self, name):
        now = perf_counter_ns()
        row = self._rows.setdefault(name, Average(name))
        row.count += 1
        row.self_cpu_time_total += (now - self._since) / 1000
        self._since = perf_counter_ns()

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """A line an operation."""
        return Averages(self._rows.values())

    def total_average(self):
        """All operations as one line."""
        total = Average("Total")
        for row in self._rows.values():
            total.count += row.count
            total.self_cpu_time_total += row.self_cpu_time_total
        return total

    @property
    def self_cpu_time_total(self):
        """Microseconds of all operations."""
        return self.total_average().self_cpu_time_total

    def table(self, sort_by=None, **options):
        """key_averages().table()"""
        return self.key_averages().table(sort_by, **options)

    def __str__(self):
        return self.table()


class _Backward:
    """What is remembered of one operation, to time its backward."""

    __slots__ = ("name", "profile")

    def __init__(self, profile, name):
        self.profile = profile
        self.name = name

    def before(self, op, dy):
        self.profile._since = perf_counter_ns()

    def after(self, op, gradients):
        self.profile._count(self.name)
