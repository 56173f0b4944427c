"""``focuscheck backup`` and ``focuscheck restore``: copies of the records, and the way back to one of them."""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.commands.settings_options import add_settings_options, settings_of
from appliance.config import settings_file
from appliance.errors import StorageError, UsageError
from appliance.store.backups import (
    FOLDER_NAME,
    KEPT,
    Backup,
    backups_in,
    make_backup,
    newest_good_backup,
    problem_of,
)
from appliance.store.copies import copy_out, prepare
from appliance.store.verify import DATABASE_NAME

_REASONS = {"daily": "daily", "asked": "asked for", "upgrade": "before an upgrade"}


def add_parsers(commands: Any) -> None:
    """Add ``backup`` and ``restore``."""
    backup = commands.add_parser(
        "backup", help=f"copy the records to data_dir/backups; {KEPT} copies are kept", allow_abbrev=False
    )
    backup.add_argument(
        "--reason",
        choices=sorted(_REASONS),
        default="asked",
        help="why; copies before upgrades are kept apart",
    )
    backup.add_argument(
        "--prepare",
        type=Path,
        metavar="FOLDER",
        help="mark a stick or network folder, so that copies may go there",
    )
    add_settings_options(backup, ("data_dir", "copies_folder"))
    backup.set_defaults(run=_backup)
    text = "go back to a backup: first says what would change, and does it with --sure"
    restore = commands.add_parser(
        "restore", help=text, description=text.capitalize() + ".", allow_abbrev=False
    )
    restore.add_argument(
        "backup",
        nargs="?",
        metavar="BACKUP",
        help="number or file of the backup; the newest good one if left out",
    )
    how = restore.add_mutually_exclusive_group()
    how.add_argument(
        "--list", action="store_true", help="list the backups, each proved by opening and counting"
    )
    how.add_argument("--undo", action="store_true", help="put back the records that were set aside last")
    how.add_argument("--seen", action="store_true", help="say that what is missing has been read")
    restore.add_argument("--sure", action="store_true", help="do it")
    add_settings_options(restore, ("data_dir",))
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    data_dir = settings.data_dir
    if options.prepare is not None:
        prepare(options.prepare, settings.station_name)
        print(f"Copies may go to {options.prepare}. Set it: copies_folder = {str(options.prepare)!r}")
        return 0
    if not (data_dir / DATABASE_NAME).exists():
        print(f"There are no records in {data_dir} yet; nothing to copy.")
        return 0
    copy = make_backup(data_dir, _REASONS[options.reason], settings_file(options.config))  # type: ignore[arg-type]
    checks = copy.manifest.rows.get("checks", 0) if copy.manifest else 0
    print(f"The records were copied to {copy.file}: {checks} checks, opened and counted.")
    if settings.copies_folder is not None:
        done = copy_out(data_dir, settings.copies_folder, settings.station_name)
        print(f"{done.files} new files were copied to {settings.copies_folder}; the rest was there already.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from appliance.store.report import note_seen

    data_dir = settings_of(options).data_dir
    if options.list:
        return _list(data_dir)
    if options.seen:
        note_seen(data_dir)
        return 0
    return _undo(data_dir, options.sure) if options.undo else _go_back(data_dir, options.backup, options.sure)


def _list(data_dir: Path) -> int:
    found = backups_in(data_dir / FOLDER_NAME)
    if not found:
        print(f"There are no backups in {data_dir / FOLDER_NAME}. Make one: focuscheck backup")
    for backup in reversed(found):
        problem = problem_of(backup)
        print(f"{backup.number:6d}  {_words(backup)}  {'good' if not problem else 'NOT GOOD: ' + problem}")
    return 0


def _words(backup: Backup) -> str:
    if backup.manifest is None:
        return f"{backup.file.name} (from before copies had a manifest)"
    made = datetime.fromisoformat(backup.manifest.made_at).astimezone()
    checks = backup.manifest.rows.get("checks", 0)
    return f"{made:%Y-%m-%d %H:%M}  {backup.manifest.reason:18} {checks:6d} checks"


def _chosen(data_dir: Path, name: str | None) -> Backup:
    """The backup of that number or file name.

    Raises
    ------
    UsageError
        If there is none.
    StorageError
        If it is not good.
    """
    found = backups_in(data_dir / FOLDER_NAME)
    if name is None:
        good = newest_good_backup(data_dir)
        if good is None:
            raise StorageError(f"There is no good backup in {data_dir / FOLDER_NAME}.")
        return good
    file = Path(name)
    by_name = [b for b in found if name in (str(b.number), b.file.name)]
    elsewhere = [b for b in backups_in(file.parent) if b.file.name == file.name]
    if not (by_name or elsewhere):
        raise UsageError(f"There is no backup '{name}'. See them all: focuscheck restore --list")
    chosen = (by_name or elsewhere)[0]
    problem = problem_of(chosen)
    if problem:
        raise StorageError(f"The backup {chosen.file.name} is not good: {problem}. Choose another one.")
    return chosen


def _go_back(data_dir: Path, name: str | None, sure: bool) -> int:
    from appliance.station.service import sole_station
    from appliance.store.plan import plan_of
    from appliance.store.recovery import replaced_by

    with sole_station(data_dir) if sure else nullcontext():
        chosen = _chosen(data_dir, name)
        print(f"Backup {chosen.number}: {_words(chosen)}")
        for line in plan_of(data_dir, chosen):
            print(f"  {line}")
        if not sure:
            print("Nothing was changed. To do it, stop the station and give the same command with --sure.")
            return 0
        try:
            report = replaced_by(data_dir, chosen, "Somebody went back to a backup")
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"The backup could not be put in place ({error}). Nothing is lost: the station goes on from there when "
                "it starts, or give the command again."
            ) from None
    print(report.sentence)
    print("To take it back: focuscheck restore --undo --sure")
    return 0


def _undo(data_dir: Path, sure: bool) -> int:
    from appliance.station.service import sole_station
    from appliance.store.undo import newest_aside, put_back

    aside = newest_aside(data_dir)
    if aside is None:
        raise UsageError("Nothing was set aside, so there is nothing to take back.")
    print(f"The records that were set aside in {aside} come back; those of now are set aside in their place.")
    if not sure:
        print("Nothing was changed. To do it, stop the station and give the same command with --sure.")
        return 0
    with sole_station(data_dir):
        report = put_back(data_dir, aside)
    print(report.sentence)
    return 0
