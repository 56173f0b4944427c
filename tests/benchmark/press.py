"""Table ``press``: from the TEST button to the verdict on the display, by the clock, stage by stage."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmark.report import Row, Table
from tests.benchmark.trials import Options

NAME = "press"
VERDICT_S = 2.0
PRESSES = 5


def table(options: Options) -> Table:
    """Time presses of a station in a process of its own."""
    count = min(PRESSES, options.count or PRESSES)
    sys.stderr.write(f"{NAME}: {count} presses in a process of their own\n")
    command = [sys.executable, "-m", "tests.benchmark.press_child", str(count), str(options.seed)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    presses: list[dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    stages = list(dict.fromkeys(stage for press in presses for stage in press))
    whole = [sum(press.values()) for press in presses]
    middle = statistics.median(whole)
    rows = [
        Row(
            f"button let go to verdict on the display, median of {count}",
            f"≤ {VERDICT_S:g} s",
            f"{middle:.2f} s ({min(whole):.2f} to {max(whole):.2f} s)",
            middle <= VERDICT_S,
            aim=True,
        )
    ]
    for stage in stages:
        spent = statistics.median(press.get(stage, 0.0) for press in presses)
        rows.append(Row(f"stage: {stage}", "–", f"{spent:.3f} s"))
    notes = [
        f"By the clock, on {os.cpu_count()} cores of {os.uname().machine}, whatever else they were doing.",
        "Mock pins, simulated display, records on this machine's disk. The camera stands in for the HQ camera at full "
        "size: it gives a frame of the simulated bench at the second frame boundary after it is asked, 10 a second.",
    ]
    return Table(NAME, "press to verdict", rows, notes)
