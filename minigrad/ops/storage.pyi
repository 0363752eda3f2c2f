# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
