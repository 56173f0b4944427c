"""Copies of the records: made while the station works, proved by opening and counting, the newest kept.

Beside each copy ``focuscheck-NUMBER-TIME.sqlite3`` lies a manifest (``.json``) that says what must be in it, and the
settings file as it was (``.toml``). Copies are in order of their number: the station has no clock battery, so that
times can run backwards. Pictures and side-cars need no second copy on the same card; :mod:`appliance.store.copies`
takes them elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from appliance.config import SOFTWARE_VERSION
from appliance.errors import NewerRecordsError, StorageError
from appliance.store._files import PARTIAL, copy_whole, replace_whole, sync_folder
from appliance.store.clock import Moment, now
from appliance.store.hold import connect
from appliance.store.verify import DATABASE_NAME, check_file, revision_in

FOLDER_NAME = "backups"
Reason = Literal["daily", "asked for", "before an upgrade", "before a migration", "before a restore"]
KEPT, KEPT_BEFORE = 14, 4
"""How many copies are kept: two weeks of daily ones, and some from before upgrades, migrations and restores."""
_NAME = re.compile(r"focuscheck-(?:(\d{6})-)?(\d{8}-\d{6})\.sqlite3")


@dataclass(frozen=True)
class Manifest:
    """What a copy must hold."""

    number: int
    reason: str
    made_at: str
    """Wall time, ISO 8601 with zone; only as good as ``clock_synced`` says."""
    clock_synced: bool | None
    boot_id: str
    monotonic_s: float
    version: str
    """Of the software that made it."""
    revision: str
    """Step of the migrations."""
    newest_check: int
    rows: dict[str, int]
    """How many rows each table has."""
    sha256: str


@dataclass(frozen=True)
class Backup:
    """One copy; without a manifest if it is from before there were any."""

    file: Path
    number: int
    manifest: Manifest | None = None

    def age_s(self, at: Moment) -> float | None:
        """Its age in s, by the clock that cannot jump where that is the same boot's; None if no clock tells."""
        if self.manifest is None:
            return None
        if self.manifest.boot_id == at.boot_id:
            return max(at.monotonic_s - self.manifest.monotonic_s, 0.0)
        age = (at.wall - datetime.fromisoformat(self.manifest.made_at)).total_seconds()
        return age if age >= 0 else None


def backups_in(folder: Path) -> list[Backup]:
    """The copies in a folder, oldest first; not looked into."""
    found = []
    for file in folder.glob("focuscheck-*.sqlite3"):
        match = _NAME.fullmatch(file.name)
        if match:
            found.append((int(match[1] or 0), match[2], file))
    return [Backup(file, number, _manifest(file)) for number, _, file in sorted(found)]


def newest_backup(data_dir: Path) -> Backup | None:
    """The newest copy; None if there is none."""
    return next(reversed(backups_in(data_dir / FOLDER_NAME)), None)


def _manifest(file: Path) -> Manifest | None:
    try:
        return Manifest(**json.loads(file.with_suffix(".json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def make_backup(
    data_dir: Path, reason: Reason, settings_file: Path | None = None, moment: Moment | None = None
) -> Backup:
    """Copy the database by SQLite's own online backup, prove the copy, keep the newest.

    Parameters
    ----------
    data_dir:
        Folder of the records.
    reason:
        Why; copies from before something are kept apart from the daily ones.
    settings_file:
        The settings file, which is copied too if it is there.
    moment:
        Stands in for this moment in tests.

    Raises
    ------
    StorageError
        If the copy cannot be made or is not whole; older copies then stay.
    """
    folder, moment = data_dir / FOLDER_NAME, moment or now()
    number = max((kept.number for kept in backups_in(folder)), default=0) + 1
    target = folder / f"focuscheck-{number:06d}-{moment.wall:%Y%m%d-%H%M%S}.sqlite3"
    partial = target.with_name(target.name + PARTIAL)
    try:
        folder.mkdir(exist_ok=True)
        for left in folder.glob(f"*{PARTIAL}*"):
            left.unlink()
        with (
            closing(connect(data_dir / DATABASE_NAME)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            least = rows_in(source)
            source.backup(copy)
            copy.execute("pragma journal_mode = delete")  # the copy is one file
            manifest = _proved(copy, least, number, reason, moment, partial)
        with partial.open("rb") as stream:
            manifest = Manifest(**{**asdict(manifest), "sha256": _sha256(stream)})
        replace_whole(target.with_suffix(".json"), json.dumps(asdict(manifest), indent=1).encode())
        if settings_file is not None and settings_file.is_file():
            copy_whole(settings_file, target.with_suffix(".toml"))
        partial.replace(target)
        sync_folder(folder)
        _thin_out(folder)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"The records could not be copied to {folder} ({error}).") from None
    return Backup(target, number, manifest)


def rows_in(database: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = database.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    )
    return {
        name: database.execute(f'select count(*) from "{name}"').fetchone()[0] for (name,) in names.fetchall()
    }


def _proved(
    copy: sqlite3.Connection, least: dict[str, int], number: int, reason: str, moment: Moment, file: Path
) -> Manifest:
    problem = check_file(copy, thorough=True)
    rows = rows_in(copy)
    short = [name for name, count in least.items() if rows.get(name, 0) < count and name == "checks"]
    if problem or short:
        file.unlink(missing_ok=True)
        raise StorageError(
            f"The copy of the records is not whole ({problem or 'checks are missing'}); older copies were kept."
        )
    newest = copy.execute("select max(sequence) from checks").fetchone()[0] if "checks" in rows else 0
    return Manifest(
        number, reason, moment.wall.isoformat(timespec="seconds"), moment.clock_synced, moment.boot_id,
        moment.monotonic_s, SOFTWARE_VERSION, revision_in(copy) or "", newest or 0, rows, "",
    )  # fmt: skip


def _sha256(stream: object) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def _thin_out(folder: Path) -> None:
    kept = backups_in(folder)
    before = [b for b in kept if b.manifest is not None and b.manifest.reason.startswith("before")]
    others = [b for b in kept if b not in before]
    for old in others[:-KEPT] + before[:-KEPT_BEFORE]:
        for ending in (".sqlite3", ".json", ".toml"):
            old.file.with_suffix(ending).unlink(missing_ok=True)
    for beside in (*folder.glob("focuscheck-*.json"), *folder.glob("focuscheck-*.toml")):
        if not beside.with_suffix(".sqlite3").exists():  # a power cut came before its copy
            beside.unlink()


def problem_of(backup: Backup) -> str:
    """What is wrong with a copy, in words; empty if it is good: whole, of a version that is known, nothing missing."""
    try:
        with backup.file.open("rb") as stream:
            if backup.manifest is not None and _sha256(stream) != backup.manifest.sha256:
                return "it is not the file that was written"
        with closing(sqlite3.connect(f"file:{backup.file}?mode=ro&immutable=1", uri=True)) as database:
            problem = check_file(database, thorough=True)
            if problem:
                return problem
            rows = rows_in(database)
        if backup.manifest is not None and rows != backup.manifest.rows:
            return "rows are missing"
        return "" if "checks" in rows else "it holds no records"
    except NewerRecordsError:
        return "a newer version of focuscheck made it"
    except (OSError, sqlite3.Error) as error:
        return str(error)


def newest_good_backup(data_dir: Path) -> Backup | None:
    """The newest copy that is whole; None if there is none."""
    for backup in reversed(backups_in(data_dir / FOLDER_NAME)):
        if not problem_of(backup):
            return backup
    return None
