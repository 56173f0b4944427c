"""What going back to a backup would change, told before it is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from appliance.errors import NewerRecordsError
from appliance.store.backups import Backup, rows_in
from appliance.store.hold import connect
from appliance.store.journal import read_journal
from appliance.store.sidecar import sidecar_name
from appliance.store.verify import DATABASE_NAME, check_file

TABLES = {
    "lenses": "lenses",
    "bodies": "camera bodies",
    "visits": "visits",
    "adjustments": "adjustments",
    "baselines": "baselines",
    "print_readings": "chart readings",
    "operators": "people",
    "access": "paired phones and tokens",
    "webhooks": "webhooks",
    "guide_runs": "guided checks",
}
_UNSEEN = ("id", "used_at", "cursor", "delivered_at", "failures", "last_error")
"""Columns that a station changes by itself."""
_SHOWN = 5


def plan_of(data_dir: Path, backup: Backup) -> Iterator[str]:
    """What would change, a line each: checks first, then the house's records, then the settings file."""
    with closing(sqlite3.connect(f"file:{backup.file}?mode=ro&immutable=1", uri=True)) as copy:
        kept = {uuid: number for uuid, number in copy.execute("select uuid, sequence from checks")}
        yield from _checks(data_dir, kept)
        file = data_dir / DATABASE_NAME
        try:
            if not file.exists():
                raise sqlite3.DatabaseError("it is gone")
            with closing(connect(file)) as database:
                problem = check_file(database, thorough=False)
                if problem:
                    raise sqlite3.DatabaseError(problem)
                yield from _tables(database, copy)
        except sqlite3.DatabaseError as error:
            yield f"The records of now cannot be compared with it ({error}); they are set aside whole."
        except NewerRecordsError:
            yield "The records of now are of a newer version of focuscheck; they are set aside whole."
    yield from _settings(backup)


def _checks(data_dir: Path, kept: dict[str, int]) -> Iterator[str]:
    journal = read_journal(data_dir)
    since = [shown for shown in (journal.checks.values() if journal else ()) if shown.uuid not in kept]
    here = [s for s in since if (data_dir / "pictures" / sidecar_name(s.uuid)).is_file()]
    gone = sorted(s.sequence for s in since if s not in here)
    yield f"{len(kept)} checks are in the backup."
    if here:
        yield f"{len(here)} checks made since then stay: they are made again from what lies beside their photos."
    if gone:
        named = ", ".join(str(number) for number in gone[:20])
        yield f"{len(gone)} checks would be MISSING: {named}{' …' if len(gone) > 20 else ''}"


def _tables(now: sqlite3.Connection, then: sqlite3.Connection) -> Iterator[str]:
    there, here = rows_in(then), rows_in(now)
    for table, words in TABLES.items():
        if table not in there or table not in here:
            continue
        shared = [c for c in _columns(now, table) if c in _columns(then, table)]
        old, new = _rows(then, table, shared), _rows(now, table, shared)
        added = [number for number in new if number not in old]
        back = [number for number in new if number in old and new[number] != old[number]]
        again = [number for number in old if number not in new]
        parts = [
            f"{len(rows)} {what}"
            for rows, what in (
                (added, "since then (kept where they can be)"),
                (back, "as they were"),
                (again, "back"),
            )
            if rows
        ]
        if parts:
            yield f"{words}: {', '.join(parts)}{_names(now, table, back)}"


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"pragma table_info({table})") if row[1] not in _UNSEEN]


def _rows(database: sqlite3.Connection, table: str, columns: list[str]) -> dict[int, tuple[object, ...]]:
    names = ", ".join(f'"{name}"' for name in columns)
    return {row[0]: row[1:] for row in database.execute(f"select id, {names} from {table}")}


def _names(database: sqlite3.Connection, table: str, numbers: list[int]) -> str:
    """Which lenses or bodies are meant, by their tags."""
    if table not in ("lenses", "bodies") or not numbers:
        return ""
    tags = [
        database.execute(f"select tag from {table} where id = ?", (number,)).fetchone()[0]
        for number in numbers[:_SHOWN]
    ]
    return f" ({', '.join(tags)}{' …' if len(numbers) > _SHOWN else ''})"


def _settings(backup: Backup) -> Iterator[str]:
    file = backup.file.with_suffix(".toml")
    if file.exists():
        yield f"The settings file as it was then lies in {file}; it is not put back by itself."
