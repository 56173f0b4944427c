"""``focuscheck backup``: a copy of the records that is whole, while the station goes on working."""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.commands.settings_options import add_settings_options, settings_of
from appliance.errors import StorageError

KEPT = 14
DATABASE = "focuscheck.sqlite3"


def add_parsers(commands: Any) -> None:
    """Add ``backup``."""
    parser = commands.add_parser(
        "backup", help=f"copy the records to data_dir/backups; {KEPT} copies are kept", allow_abbrev=False
    )
    add_settings_options(parser, ("data_dir",))
    parser.set_defaults(run=_backup)


def _backup(options: argparse.Namespace) -> int:
    data_dir = settings_of(options).data_dir
    if not (data_dir / DATABASE).exists():
        print(f"There are no records in {data_dir} yet; nothing to copy.")
        return 0
    copy = make_backup(data_dir, datetime.now(UTC))
    print(f"The records were copied to {copy}.")
    return 0


def make_backup(data_dir: Path, moment: datetime) -> Path:
    """Copy the database by SQLite's own online backup, prove the copy, keep the newest.

    Raises
    ------
    StorageError
        If the copy cannot be made or is not whole; older copies then stay.
    """
    folder = data_dir / "backups"
    target = folder / f"focuscheck-{moment:%Y%m%d-%H%M%S}.sqlite3"
    partial = target.with_suffix(".partial")
    try:
        folder.mkdir(exist_ok=True)
        partial.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(f"file:{data_dir / DATABASE}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            answer = copy.execute("pragma integrity_check").fetchone()[0]
        if answer != "ok":
            raise StorageError(f"The copy of the records is not whole ({answer}); older copies were kept.")
        partial.replace(target)
        for old in sorted(folder.glob("focuscheck-*.sqlite3"))[:-KEPT]:
            old.unlink()
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"The records could not be copied to {folder} ({error}).") from None
    return target
