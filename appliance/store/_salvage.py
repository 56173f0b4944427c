"""Takes from a database that was set aside what can still be read of it and is newer than the backup: the house's rows.

Only rows that the backup lacks are taken, each as it is read; what was changed in rows that the backup has stays as it
was then, as nobody can tell a change from damage.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from appliance.store.hold import connect

TABLES = (
    "operators", "stations", "bodies", "lenses", "visits", "adjustments", "baselines", "access", "webhooks", "audit",
    "print_readings", "guide_runs", "guide_events",
)  # fmt: skip
"""Checks, shots and pictures are not among them: those come from their side-cars."""


def salvage(damaged: Path, file: Path) -> dict[str, int]:
    """Add to the database ``file`` the rows of ``damaged`` that it lacks; returns how many by table.

    A row that cannot be read, or that contradicts one that is there, is left. The damaged file is opened as a copy
    that is never written to.
    """
    if not damaged.exists():
        return {}
    taken: dict[str, int] = {}
    with closing(connect(file)) as database:
        try:
            with closing(sqlite3.connect(f"file:{damaged}?mode=ro", uri=True)) as source:
                for table in TABLES:
                    count = _take(source, database, table)
                    if count:
                        taken[table] = count
        except sqlite3.Error:  # it is set aside because it cannot be read
            pass
        database.commit()
    return taken


def _take(source: sqlite3.Connection, database: sqlite3.Connection, table: str) -> int:
    columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
    there = {row[1] for row in source.execute(f"pragma table_info({table})")}
    shared = [name for name in columns if name in there]
    if "id" not in shared:
        return 0
    (newest,) = database.execute(f"select coalesce(max(id), 0) from {table}").fetchone()
    names, marks = ", ".join(f'"{name}"' for name in shared), ", ".join("?" * len(shared))
    count = 0
    try:
        rows = source.execute(f"select {names} from {table} where id > ? order by id", (newest,))
        for row in rows:
            done = database.execute(f"insert or ignore into {table} ({names}) values ({marks})", row)
            count += done.rowcount
    except sqlite3.DatabaseError:  # the readable part of the table ends here
        return count
    return count


def drop_dangling(file: Path) -> None:
    """Empty every reference to a row that is not there, or drop the row that cannot be without it."""
    with closing(connect(file)) as database:
        for table, row, _, number in database.execute("pragma foreign_key_check").fetchall():
            keys = {key[0]: key[3] for key in database.execute(f"pragma foreign_key_list({table})")}
            required = {c[1] for c in database.execute(f"pragma table_info({table})") if c[3]}
            if keys[number] in required:
                database.execute(f"delete from {table} where rowid = ?", (row,))
            else:
                database.execute(f"update {table} set {keys[number]} = null where rowid = ?", (row,))
        database.commit()
