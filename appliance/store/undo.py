"""Takes a recovery or a restore back: the records that were set aside come back, those of now are set aside."""

from __future__ import annotations

from pathlib import Path

from appliance.store._files import copy_whole, move_into, sync_folder
from appliance.store.clock import now
from appliance.store.hold import sole_holder
from appliance.store.journal import read_journal
from appliance.store.recovery import ASIDE_NAME, DATABASE_FILES, complete, free_name
from appliance.store.report import Report, write_report


def newest_aside(data_dir: Path) -> str | None:
    """Folder name, below ``set-aside``, of the records set aside last; None if there are none."""
    folder = data_dir / ASIDE_NAME
    names = [entry.name for entry in folder.iterdir() if any(entry.iterdir())] if folder.is_dir() else []
    return max(names, default=None)


def put_back(data_dir: Path, aside: str) -> Report:
    """Put the records set aside in the place of those of now; checks made since then are added to them.

    Raises
    ------
    StorageError
        If another program does not let the records go, or those set aside cannot be opened; the next start puts that
        right.
    """
    journal = read_journal(data_dir)
    with sole_holder(data_dir):
        report = Report(
            now().wall.isoformat(),
            "Somebody took the last restore back",
            under_way=True,
            aside=free_name(data_dir),
        )
        write_report(data_dir, report)
        move_into(data_dir / ASIDE_NAME / report.aside, (data_dir / name for name in DATABASE_FILES))
        for name in reversed(
            DATABASE_FILES[:2]
        ):  # the log first: without it the database lacks its last commits
            source = data_dir / ASIDE_NAME / aside / name
            if source.exists():
                copy_whole(source, data_dir / name)
        sync_folder(data_dir)
        return complete(data_dir, report, journal)
