"""Table ``sfr``: the slanted edge, on edges of exactly known response."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

from tests.benchmark.report import Row, Table
from tests.benchmark.trials import Options

NAME = "sfr"
FULL = 1000


def table(options: Options) -> Table:
    """Take the rows from the tests of the slanted edge."""
    start = time.perf_counter()
    folder = str(Path(__file__).resolve().parents[1] / "sfr")
    if folder not in sys.path:
        sys.path.insert(0, folder)  # its modules import one another by their bare names, as pytest lets them
    accuracy = importlib.import_module("tests.sfr.accuracy")
    found = accuracy.rows(options.number(FULL))
    real = [r for r in found if r.case.startswith("real edge")]
    # a rate depends on the machine: worth reaching, no promise
    rows = [Row(r.case, r.required, r.reached, r.holds, aim="one core" in r.case) for r in found]
    if not real:
        rows.append(Row("real edges", "≤ 2 % off the references' mean", "their pictures are not here"))
    seconds = {"edges": time.perf_counter() - start}
    return Table(NAME, f"slanted edge, {options.number(FULL)} edges a case", rows, (), seconds)
