"""Puts damaged or incomplete records right, and goes back to a backup when somebody asks for it.

The same steps either way, each of which may be cut short by a power cut and is then done again at the next start:

1. ``recovery.json`` says that it is under way, and where the database is set aside.
2. The database is moved there whole, its write-ahead log with it.
3. The backup takes its place, or nothing if there is no good one, and is brought up to this version's tables.
4. The house's rows that are newer than the backup are taken from the database set aside, as far as it can be read.
5. Every check that was shown and is not in the backup is made anew from its side-car.
6. What could not be is named in ``recovery.json``, until somebody has seen it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from appliance.store._adding import PICTURES_NAME
from appliance.store._engine import make_engine
from appliance.store._files import copy_whole, move_into, sync_folder
from appliance.store._opening import bring_up_to_date, probe_folders
from appliance.store._salvage import drop_dangling, salvage
from appliance.store._store import Store
from appliance.store.backups import Backup, newest_good_backup
from appliance.store.clock import now
from appliance.store.hold import sole_holder
from appliance.store.journal import Journal, Shown, read_journal, write_journal
from appliance.store.models import Check, Picture
from appliance.store.report import Report, read_report, write_report
from appliance.store.sidecar import ENDING, digest_of, rebuild, unpacked
from appliance.store.verify import DATABASE_NAME, Condition, examine

ASIDE_NAME = "set-aside"
DATABASE_FILES = (DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm")
AT_ONCE = 100
log = logging.getLogger(__name__)


def mended(data_dir: Path) -> Report | None:
    """Look at the records, and put them right if they are not; returns what was done, None if nothing was.

    Called by the station before it opens them.

    Raises
    ------
    StorageError
        If the folder cannot be written, another program does not let the records go, or a newer version made them.
    sqlite3.Error, OSError
        If the disk refuses.
    """
    probe_folders(data_dir)
    journal = read_journal(data_dir)
    if not _to_mend(data_dir, examine(data_dir, journal), journal):
        return None
    with sole_holder(data_dir):
        condition = examine(data_dir, journal)
        before = read_report(data_dir)
        going_on = before is not None and before.under_way
        report = (
            before if going_on and before is not None else Report(now().wall.isoformat(), condition.problem)
        )
        if not condition.whole:
            report = _exchange(data_dir, replace(report, under_way=True), newest_good_backup(data_dir))
        done = complete(data_dir, report, journal)
    log.warning("%s", done.sentence)
    return done


def unknown_problem(data_dir: Path, condition: Condition) -> str:
    """What is wrong with the records that nobody has been told of yet; empty if nothing."""
    report = read_report(data_dir)
    if report is not None and report.under_way:
        return report.problem or condition.problem or "The records were being put right"
    known = {number for number, _ in report.missing} if report else set()
    if not condition.whole or any(shown.sequence not in known for shown in condition.lost):
        return condition.problem
    return ""


def _to_mend(data_dir: Path, condition: Condition, journal: Journal | None) -> bool:
    """Whether there is anything to do; what the journal lacks it is given here."""
    if unknown_problem(data_dir, condition):
        return True
    if condition.unnoted or (journal is not None and journal.torn):
        checks = {**(journal.checks if journal else {}), **{s.sequence: s for s in condition.unnoted}}
        write_journal(data_dir, (checks[number] for number in sorted(checks)))
    return False


def replaced_by(data_dir: Path, backup: Backup, problem: str) -> Report:
    """Put ``backup`` in the place of the records, and every check since then with it.

    Raises
    ------
    StorageError
        If another program does not let the records go.
    OSError, sqlite3.Error
        If the disk refuses; the next start goes on from there.
    """
    journal = read_journal(data_dir)
    with sole_holder(data_dir):
        report = _exchange(data_dir, Report(now().wall.isoformat(), problem, under_way=True), backup)
        return complete(data_dir, report, journal)


def _exchange(data_dir: Path, report: Report, backup: Backup | None) -> Report:
    """Set the database aside and put the backup in its place."""
    aside = report.aside or free_name(data_dir)
    report = replace(
        report,
        aside=aside,
        backup=backup.file.name if backup else "",
        backup_at=backup.manifest.made_at if backup and backup.manifest else "",
    )
    write_report(data_dir, report)
    move_into(data_dir / ASIDE_NAME / aside, (data_dir / name for name in DATABASE_FILES))
    if backup is not None:
        copy_whole(backup.file, data_dir / DATABASE_NAME)
        sync_folder(data_dir)
    return report


def free_name(data_dir: Path) -> str:
    """A name for what is set aside next."""
    folder = data_dir / ASIDE_NAME
    taken = [int(entry.name.split("-")[0]) for entry in folder.glob("[0-9]*-*")] if folder.is_dir() else []
    return f"{max(taken, default=0) + 1:04d}-{now().wall:%Y%m%d-%H%M%S}"


def complete(data_dir: Path, report: Report, journal: Journal | None) -> Report:
    """Bring the database that is in place up to date, and add what it lacks."""
    file = data_dir / DATABASE_NAME
    engine = make_engine(file)
    try:
        bring_up_to_date(data_dir, engine)
        taken = salvage(data_dir / ASIDE_NAME / report.aside / DATABASE_NAME, file) if report.aside else {}
        store = Store(data_dir, engine)
        rebuilt = rebuild_lost(store, journal)
        drop_dangling(file)
        lost = _lost(store, journal)
        _settle(store, max(journal.last if journal else 0, *(s.sequence for s in lost), 0))
    finally:
        engine.dispose()
    write_journal(data_dir, _all_shown(data_dir, journal))
    done = replace(
        report,
        under_way=False,
        seen=False,
        rebuilt=tuple(sorted({*report.rebuilt, *rebuilt})),
        missing=tuple((shown.sequence, shown.verdict) for shown in lost),
        taken={**report.taken, **taken},
    )
    write_report(data_dir, done)
    return done


def _all_shown(data_dir: Path, journal: Journal | None) -> Iterable[Shown]:
    checks = dict(journal.checks) if journal else {}
    for shown in examine(data_dir, journal).unnoted:
        checks[shown.sequence] = shown
    return (checks[number] for number in sorted(checks))


def rebuild_lost(store: Store, journal: Journal | None) -> list[int]:
    """Make every check anew that has a side-car and no rows; returns their numbers.

    The journal decides where two side-cars claim one number: one that was cut short before its rows were written does
    not count. What cannot be read is logged and left.
    """
    folder = store.data_dir / PICTURES_NAME
    with store.reading() as session:
        uuids, numbers = (
            set(session.scalars(select(Check.uuid))),
            set(session.scalars(select(Check.sequence))),
        )
    digests = {shown.uuid: shown.digest for shown in journal.checks.values()} if journal else {}
    found: dict[int, dict[str, Any]] = {}
    for file in sorted(folder.glob("*" + ENDING)):
        uuid = file.name.removesuffix(ENDING)
        if uuid in uuids:
            continue
        content = file.read_bytes()
        try:
            data = unpacked(content)
        except ValueError as error:
            log.warning("%s: %s", file.name, error)
            continue
        number = data["check"]["sequence"]
        shown = journal.checks.get(number) if journal else None
        if number in numbers or (shown is not None and shown.uuid != uuid):
            continue
        if shown is not None and digests.get(uuid) not in ("-", digest_of(content)):
            log.warning("%s is not the side-car that was written with check %d.", file.name, number)
            continue
        found[number] = data
    made = sorted(found)
    for start in range(0, len(made), AT_ONCE):
        with store.session() as session:
            for number in made[start : start + AT_ONCE]:
                rebuild(session, found[number], folder)
    return made


def _lost(store: Store, journal: Journal | None) -> list[Shown]:
    if journal is None:
        return []
    with store.reading() as session:
        kept = {number: uuid for number, uuid in session.execute(select(Check.sequence, Check.uuid))}
    return [shown for number, shown in sorted(journal.checks.items()) if kept.get(number) != shown.uuid]


def _settle(store: Store, newest: int) -> None:
    """No number is given twice, and no row names a picture that is gone."""
    folder = store.data_dir / PICTURES_NAME
    with store.session() as session:
        _never_again(session, newest)
        there = {file.name for file in folder.iterdir()}
        for picture in session.scalars(select(Picture).where(Picture.removed_at.is_(None))):
            if picture.file_name not in there:
                picture.removed_at = now().wall


def _never_again(session: Session, newest: int) -> None:
    row = session.execute(text("select seq from sqlite_sequence where name = 'checks'")).first()
    if row is None:
        session.execute(text("insert into sqlite_sequence (name, seq) values ('checks', :n)"), {"n": newest})
    elif row[0] < newest:
        session.execute(text("update sqlite_sequence set seq = :n where name = 'checks'"), {"n": newest})
