"""What the exam's tests share, and the table by op at the end.

It needs torch and expecttest: `pip install --group oracle` is how one opts in, and
`pytest -m "not oracle"` leaves it out again.
"""

import warnings
from collections import Counter

import pytest

LEDGER = pytest.StashKey()


def pytest_configure(config):
    config.stash[LEDGER] = {}


@pytest.fixture(scope="session")
def ledger(pytestconfig):
    """Every entry's record, for the table at the end."""
    return pytestconfig.stash[LEDGER]


@pytest.fixture(scope="session")
def bank():
    """op_db by name and variant; importing it takes seconds, so only who needs it does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return {op.name + (f"/{op.variant_test_name}" if op.variant_test_name else ""): op for op in op_db}


def pytest_terminal_summary(terminalreporter, config):
    ledger = config.stash.get(LEDGER, None)
    if not ledger:
        return
    write = terminalreporter.write_line
    terminalreporter.section("the exam, by op")
    records = list(ledger.values())
    here = [record for record in records if record.here]
    room = None
    heading = (f"{'op':48} {'samples':>7} {'layouts':>7} {'dtypes':14} {'gradients':>9} {'second':>6} "
               f"{'errors':>6} declined")
    short = {"float32": "f32", "float64": "f64", "int64": "i64", "bool": "b"}
    for record in here:
        if record.room != room:
            room = record.room
            write("")
            write(f"{room}")
            write(heading)
        dtypes = " ".join(short.get(name, name) for name in sorted(record.dtypes))
        declined = "; ".join(f"{count}x {reason}" for reason, count in record.declined.items())
        failed = "  FAILED" if record.failures else ""
        write(f"{record.entry:48} {record.samples:7} {len(record.layouts):7} {dtypes:14} {record.gradients:9} "
              f"{record.seconds:6} {record.errors:6} {declined}{failed}")
    write("")
    absent = [record.entry for record in records if not record.here and record.room != "beside the shelf"]
    walked = [record for record in here if record.samples]
    write(f"{len(walked)} entries walked, {sum(not r.failures for r in walked)} of them without a failure; "
          f"{sum(r.samples for r in here)} samples, {sum(r.gradients for r in here)} with gradients, "
          f"{sum(r.errors for r in here)} errors")
    if absent:
        write(f"not here yet ({len(absent)}): {' '.join(absent)}")
    reasons = Counter()
    for record in here:
        reasons.update(record.declined)
    for reason, count in reasons.most_common():
        write(f"declined {count:5} x {reason}")
