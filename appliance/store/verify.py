"""Whether the records are whole: SQLite's own check of the file, and every check that was shown against the journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import NewerRecordsError
from appliance.store._engine import known_revisions
from appliance.store.hold import connect
from appliance.store.journal import Journal, Shown
from appliance.store.sidecar import ENDING

DATABASE_NAME = "focuscheck.sqlite3"
WHOLE_CHECK_BYTES = 64_000_000
"""Up to this size the indexes' content is looked at too (``integrity_check``): about a second on a memory card that
reads 40 MB/s; a larger file gets ``quick_check``, which skips that, at a start, and the whole check once a day."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


@dataclass(frozen=True)
class Condition:
    """How the records are."""

    problem: str = ""
    """What is wrong, as the start of a sentence; empty if all is well."""
    whole: bool = True
    """Whether the file itself is sound; if not, it must be set aside."""
    lost: tuple[Shown, ...] = ()
    """Checks that were shown and are not in the database, oldest first."""
    unnoted: tuple[Shown, ...] = ()
    """Checks in the database that the journal does not name."""


def examine(data_dir: Path, journal: Journal | None, whole: bool = False) -> Condition:
    """Look at the records in ``data_dir``; ``whole`` looks at the content of indexes whatever the size.

    Raises
    ------
    NewerRecordsError
        If a newer version of this program made them.
    sqlite3.Error, OSError
        If the disk refuses to let them be read; that says nothing of the file.
    """
    file = data_dir / DATABASE_NAME
    empty = _empty(file, bool(journal and journal.checks) or _traces(data_dir))
    if empty is not None:
        lost = tuple(journal.checks.values()) if journal and empty.problem else ()
        return Condition(empty.problem, empty.whole, lost)
    try:
        with closing(connect(file)) as database:
            thorough = whole or file.stat().st_size <= WHOLE_CHECK_BYTES
            problem = check_file(database, thorough)
            if problem:
                return Condition(f"The database is damaged ({problem})", whole=False)
            return _against(database, journal)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF in _DAMAGE:
            return Condition(f"The database is damaged ({error})", whole=False)
        if code in _UNREADABLE:
            return Condition(f"The database cannot be read ({error})", whole=False)
        raise


def check_file(database: sqlite3.Connection, thorough: bool) -> str:
    """What SQLite finds wrong with a database, in its words; empty if nothing.

    Raises
    ------
    NewerRecordsError
        If a newer version of this program made it.
    sqlite3.Error
        If it cannot be read at all.
    """
    answer = str(
        database.execute(f"pragma {'integrity_check' if thorough else 'quick_check'}(1)").fetchone()[0]
    )
    if answer != "ok":
        return answer.splitlines()[-1][:100]
    revision = revision_in(database)
    if revision is not None and revision not in known_revisions():
        raise newer_records(revision)
    return ""


def newer_records(revision: str) -> NewerRecordsError:
    """What to say of records that are at a step that this version does not know."""
    return NewerRecordsError(
        f"These records were made by a newer version of focuscheck: they are at step {revision}, and this version "
        f"knows steps up to {known_revisions()[-1]}. Install the newer version again, or go back to a backup from "
        "before it: focuscheck restore --list"
    )


def revision_in(database: sqlite3.Connection) -> str | None:
    """The step of the migrations that a database is at; None for one without records."""
    if not database.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone():
        return None
    row = database.execute("select version_num from alembic_version").fetchone()
    return None if row is None else str(row[0])


def _empty(file: Path, traces: bool) -> Condition | None:
    """The condition of a database without tables; None if it has some."""
    if not file.exists():
        return Condition("The database is gone", whole=False) if traces else Condition()
    with file.open("rb") as stream:
        begun = bool(stream.read(1))
    if not begun and not file.with_name(file.name + "-wal").exists():
        return Condition("The database is empty", whole=False) if traces else Condition()
    try:
        with closing(connect(file)) as database:
            if database.execute("select 1 from sqlite_master where name = 'checks'").fetchone():
                return None
    except sqlite3.DatabaseError:
        return None  # what is wrong with it is found out next
    return Condition("The database is empty", whole=False) if traces else Condition()


def _traces(data_dir: Path) -> bool:
    """Whether side-cars or backups tell of checks."""
    sidecars = (data_dir / "pictures").glob("*" + ENDING)
    backups = (data_dir / "backups").glob("focuscheck-*.sqlite3")
    return next(sidecars, None) is not None or next(backups, None) is not None


def _against(database: sqlite3.Connection, journal: Journal | None) -> Condition:
    kept = {sequence: uuid for uuid, sequence in database.execute("select uuid, sequence from checks")}
    shown = journal.checks if journal else {}
    lost = tuple(check for number, check in sorted(shown.items()) if kept.get(number) != check.uuid)
    extra = [number for number in sorted(kept) if number not in shown]
    unnoted = []
    for number in extra:
        (verdict,) = database.execute("select verdict from checks where sequence = ?", (number,)).fetchone()
        unnoted.append(Shown(number, kept[number], verdict))
    problem = f"{len(lost)} checks that were shown are not in the records" if lost else ""
    return Condition(problem, True, lost, tuple(unnoted))
