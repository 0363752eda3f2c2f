"""The operations' table: one row each, a file of rows for each room of minigrad/ops/.

tests/ops/test_table.py puts every row to the same tests.
"""

import importlib
import pkgutil

import rows

ROOMS = [importlib.import_module(f"rows.{room.name}") for room in pkgutil.iter_modules(rows.__path__)]
OPS = [row for room in ROOMS for row in room.TABLE]
