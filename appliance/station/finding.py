"""What ``focuscheck doctor`` finds, and what it finds of the records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.errors import FocuscheckError
from appliance.store.backups import newest_backup
from appliance.store.clock import now
from appliance.store.journal import read_journal
from appliance.store.recovery import unknown_problem
from appliance.store.report import read_report
from appliance.store.verify import examine

OLD_BACKUP_DAYS = 3
"""A backup is made every day; one that is older than this means that none can be made."""


@dataclass(frozen=True)
class Finding:
    """One part examined: ``ok``, ``note`` (worth knowing) or ``bad``, and what to do in words."""

    part: str
    state: Literal["ok", "note", "bad"]
    text: str


def look_at_records(data_dir: Path) -> Iterator[Finding]:
    """The records themselves, what is missing from them, and how old the newest backup is."""
    try:
        condition = examine(data_dir, read_journal(data_dir))
        problem = unknown_problem(data_dir, condition)
        if problem:
            yield Finding("records", "bad", f"{problem}. The station puts that right when it starts.")
        else:
            yield Finding("records", "ok", "Whole, and every check that was shown is in them.")
    except FocuscheckError as error:
        yield Finding("records", "bad", str(error))
    except (OSError, sqlite3.Error) as error:
        yield Finding("records", "bad", f"They cannot be read ({error}). Repair the disk.")
    report = read_report(data_dir)
    if report is not None and not report.seen:
        said = "When you have read this: focuscheck restore --seen"
        yield Finding("restored", "bad" if report.missing else "note", f"{report.sentence} {said}")
    yield _backup(data_dir)


def _backup(data_dir: Path) -> Finding:
    newest = newest_backup(data_dir)
    if newest is None:
        return Finding(
            "backup", "note", "There is none yet: the station makes one a day; or run: focuscheck backup"
        )
    age_s = newest.age_s(now())
    if age_s is None:
        return Finding("backup", "note", f"{newest.file.name}; how old it is no clock tells.")
    days = age_s / 86_400
    text = (
        f"The newest is {days:.1f} days old." if days >= 1 else f"The newest is {age_s / 3600:.0f} hours old."
    )
    return Finding("backup", "note" if days > OLD_BACKUP_DAYS else "ok", text)
