"""The time by which old photos go: a clock that jumps neither way, whatever the wall clock does.

A station has no clock battery: it may start in 1970, or be set years ahead by mistake, and no photo must go for that.
Trusted time follows the wall clock backwards at once, which only keeps photos longer, but forwards no faster than the
clock that cannot jump, and by a day at most for the time the station was off. A wall clock that was set from the
network and has run steadily for a day is believed. How old a check is, is told by marks: which number was the newest at
which trusted time; the checks' own times are not asked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.store._files import replace_whole
from appliance.store.clock import Moment

FILE_NAME = "trusted-clock.json"
DAY = timedelta(days=1)
STEADY_WITHIN = timedelta(hours=1)
"""Further than this a wall clock does not drift or get corrected in a day: that is a jump."""
MOST_MARKS = 4000


@dataclass(frozen=True)
class Trusted:
    """Trusted time as it was last told, and how the clocks stood then."""

    at: datetime
    """Trusted time."""
    boot_id: str
    monotonic_s: float
    steady_wall: datetime
    steady_monotonic_s: float
    """Since when, on both clocks, the wall clock has run steadily."""


def first(moment: Moment) -> Trusted:
    """Trusted time at the first look: the wall clock's, for want of better."""
    return Trusted(moment.wall, moment.boot_id, moment.monotonic_s, moment.wall, moment.monotonic_s)


def onward(before: Trusted, moment: Moment) -> Trusted:
    """Trusted time at ``moment``."""
    same_boot = moment.boot_id == before.boot_id
    elapsed = timedelta(seconds=max(moment.monotonic_s - before.monotonic_s, 0.0)) if same_boot else DAY
    steady_wall, steady_monotonic_s = before.steady_wall, before.steady_monotonic_s
    steady_for = timedelta(seconds=moment.monotonic_s - steady_monotonic_s)
    if not same_boot or abs(moment.wall - steady_wall - steady_for) > STEADY_WITHIN:
        steady_wall, steady_monotonic_s, steady_for = moment.wall, moment.monotonic_s, timedelta(0)
    at = min(moment.wall, before.at + elapsed)
    if moment.clock_synced and steady_for >= DAY:
        at = moment.wall
    return Trusted(at, moment.boot_id, moment.monotonic_s, steady_wall, steady_monotonic_s)


def older_than(data_dir: Path, moment: Moment, newest: int, days: float) -> int:
    """Number of the newest check that is surely older than so many days; 0 if none is.

    Parameters
    ----------
    data_dir:
        Where trusted time and the marks are kept.
    moment:
        This moment.
    newest:
        Number of the newest check there is.
    days:
        Age asked for.

    Raises
    ------
    OSError
        If the disk refuses to keep them.
    """
    before, marks = _read(data_dir)
    now = onward(before, moment) if before else first(moment)
    if not marks or (newest > marks[-1][1] and now.at - marks[-1][0] >= DAY / 2):
        marks = [*marks, (now.at, newest)][-MOST_MARKS:]
    data = {
        "clock": {**asdict(now), "at": now.at.isoformat(), "steady_wall": now.steady_wall.isoformat()},
        "marks": [(at.isoformat(), number) for at, number in marks],
    }
    replace_whole(data_dir / FILE_NAME, json.dumps(data).encode())
    return max((number for at, number in marks if now.at - at >= timedelta(days=days)), default=0)


def _read(data_dir: Path) -> tuple[Trusted | None, Sequence[tuple[datetime, int]]]:
    try:
        data = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        clock = dict(data["clock"])
        for name in ("at", "steady_wall"):
            clock[name] = datetime.fromisoformat(clock[name])
        return Trusted(**clock), [(datetime.fromisoformat(at), int(number)) for at, number in data["marks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None, []
