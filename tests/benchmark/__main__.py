"""Prints every table: ``python -m tests.benchmark --help``."""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # one core per process; read when numpy is first imported

import argparse  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

from tests.benchmark.report import Row, Table  # noqa: E402
from tests.benchmark.trials import Options  # noqa: E402

NAMES = (
    "setups",
    "focus",
    "frames",
    "lenses",
    "alarms",
    "adversarial",
    "crb",
    "sfr",
    "speed",
    "press",
    "locate",
    "load",
    "guide_aperture_series",
    "guide_photos_aperture_series",
    "guide_temperature",
    "guide_breathing",
    "guide_photos_breathing",
    "guide_autofocus",
    "guide_tilt",
    "guide_photos_tilt",
    "guide_golden",
    "guide_photos_golden",
    "guide_body_or_lens",
    "guide_photos_body_or_lens",
    "guide_photos_autofocus",
    "guide_photos_focus_lock",
    "guide_photos_return_to_mark",
    "guide_gauge",
    "guide_photos_gauge",
    "guide_back_focus",
    "guide_photos_back_focus",
    "guide_focus_lock",
    "guide_return_to_mark",
    "guide_witness_marks",
    "guide_photos_witness_marks",
)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark",
        description="Prints every required figure beside the figure reached. Exit status 0 if all hold, 1 if one does "
        "not (a missed aim does not count), 2 for wrong usage.",
    )
    parser.add_argument("--only", metavar="NAME[,NAME]", help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--count", type=int, metavar="N", help="at most N trials a table, to look around")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=1, help="processes (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write tables and trials there too")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn (default 1)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep photos there, and use those that are there"
    )
    parser.add_argument(
        "--trial", type=int, metavar="N", help="only trial N of the one table given with --only, told in full"
    )
    given = parser.parse_args(arguments)
    given.names = given.only.split(",") if given.only else list(NAMES)
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    if given.count is not None and given.count < 1:
        parser.error("--count must be at least 1")
    if given.trial is not None and (not given.only or len(given.names) != 1):
        parser.error("--trial needs --only with one table")
    return given


def _make(name: str, options: Options) -> Table:
    """One table; what goes wrong in one must not cost the others."""
    start = time.perf_counter()
    try:
        made: Table = importlib.import_module(f"tests.benchmark.{name}").table(options)
    except Exception as error:  # noqa: BLE001 - told in full on stderr and as a row that does not hold
        traceback.print_exc()
        row = Row("the table itself", "can be made", f"{type(error).__name__}: {error}", False)
        made = Table(name, "not made", [row])
    return replace(made, seconds={**made.seconds, "table": time.perf_counter() - start})


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, print and save the tables."""
    given = _arguments(arguments)
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    options = Options(given.jobs, given.count, given.seed, given.keep, given.trial)
    header = (
        f"focuscheck benchmark; Python {platform.python_version()}, {platform.machine()}, seed {given.seed}"
    )
    if given.count is not None:
        header += f"; ONLY {given.count} trials a table, so that its figures are no evidence"
    print(f"# {header}\n", flush=True)
    tables = []
    for name in given.names:
        tables.append(_make(name, options))
        print(tables[-1].text(), flush=True)
        print(flush=True)
    failing = [f"{t.name}: {row.case}" for t in tables for row in t.rows if row.fails]
    if given.trial is not None:
        print(json.dumps([t.trials for t in tables], indent=1))
    print(
        "All figures hold." if not failing else "These do not hold:\n" + "\n".join(f"  {f}" for f in failing)
    )
    if given.json:
        data = {"header": header, "holds": not failing, "tables": [t.to_dict() for t in tables]}
        given.json.write_text(json.dumps(data, indent=1))
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
