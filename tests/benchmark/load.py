"""Table ``load``: the page's time and size with everything a large house ever did in its records."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmark.report import Row, Table
from tests.benchmark.trials import Options

NAME = "load"
FULL = 100_000
CHECKS_PER_LENS = 33


def table(options: Options) -> Table:
    """Fill a house with checks and ask each page for itself."""
    load = importlib.import_module("tests.web.load")
    checks = options.number(FULL)
    lenses = max(checks // CHECKS_PER_LENS, 10)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary) / f"house-{checks}"
        if not (folder / "focuscheck.sqlite3").exists():
            sys.stderr.write(f"{NAME}: filling a house with {checks} checks\n")
            load.fill(folder, checks, lenses).close()
        filled = time.perf_counter()
        found = load.rows(folder)
    rows = [
        Row(
            f"{row['page']}: {row['path']}",
            f"≤ {load.AIM_MS:g} ms, ≤ {load.AIM_KB:g} kB",
            f"{row['p95_ms']:.1f} ms (median {row['p50_ms']:.1f} ms), {row['kb']:.1f} kB",
            row["p95_ms"] <= load.AIM_MS and row["kb"] <= load.AIM_KB,
            aim=True,
        )
        for row in found
    ]
    scans = [f"{row['page']}: {step}" for row in found for step in row["scans"]]
    rows.append(
        Row("queries that walk through or sort a large table", "none", "; ".join(scans) or "none", not scans)
    )
    notes = [
        f"Time at the 95th percentile of {load.REPEATS} requests inside the process, without network; "
        f"{os.uname().machine}.",
        "Size of the page itself, not packed; pictures, styles and scripts are kept by the browser.",
    ]
    seconds = {"filling": filled - start, "asking": time.perf_counter() - filled}
    title = f"{checks:,} checks of {lenses:,} lenses in the records"
    return Table(NAME, title, rows, notes, seconds, found)
