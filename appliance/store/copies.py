"""Takes everything that is kept to a USB stick or a network folder: what is not there yet, on from where it stopped.

In the folder lies, by the station's name: the copies of the records with their manifests and settings files, the
journal, whatever else lies beside the database (calibrations, reports), and ``pictures`` with the side-cars. A file is
written whole beside its name and then renamed, so that one that is there is whole; nothing is ever deleted there but
copies of the records that are no longer kept here.

The folder must have been prepared (:func:`prepare`): the mark in it tells a stick that is plugged in from an empty
mount point on the station's own card.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.errors import StorageError
from appliance.store._files import PARTIAL, copy_whole, replace_whole, sync_folder
from appliance.store.backups import FOLDER_NAME, Backup, backups_in, problem_of
from appliance.store.clock import now
from appliance.store.verify import DATABASE_NAME

MARK_NAME = "focuscheck-copies.json"
STATUS_NAME = "copies.json"
_NOT_COPIED = ("station.lock", "station.sock", "records.lock", "records.wanted", STATUS_NAME)


@dataclass(frozen=True)
class Copied:
    """How the last round went."""

    at: str
    boot_id: str
    monotonic_s: float
    files: int
    """How many files were taken in this round."""
    problem: str = ""
    """Why it could not be finished, in a sentence; empty if it was."""


def prepare(target: Path, station: str) -> None:
    """Mark a folder as one that copies may go to.

    Raises
    ------
    StorageError
        If it is not there or cannot be written.
    """
    try:
        if not target.is_dir():
            raise NotADirectoryError(0, "it is not there")
        replace_whole(target / MARK_NAME, json.dumps({"for": station}).encode())
    except OSError as error:
        raise StorageError(f"The folder {target} cannot be prepared for copies ({error.strerror}).") from None


def last_copied(data_dir: Path) -> Copied | None:
    """How the last round went; None if there was none."""
    try:
        return Copied(**json.loads((data_dir / STATUS_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def copy_out(data_dir: Path, target: Path, station: str) -> Copied:
    """Take what is not in ``target`` yet; a round cut short is gone on with by the next.

    Raises
    ------
    StorageError
        If the folder is not prepared, or refuses; what was taken stays, and why is kept for the page.
    """
    files, problem = 0, ""
    try:
        if not (target / MARK_NAME).is_file():
            raise StorageError(
                f"There is no mark in {target}: is the stick plugged in, the network folder mounted? To prepare a new "
                f"one: focuscheck backup --prepare {target}"
            )
        folder = target / _folder_name(station)
        for name in ("", FOLDER_NAME, "pictures"):
            (folder / name).mkdir(exist_ok=True)
            _clear_partials(folder / name)
        for source, goal in _missing(data_dir, folder):
            copy_whole(source, goal)
            files += 1
        for name in (FOLDER_NAME, "pictures", ""):
            sync_folder(folder / name)
        _prove(folder)
        _drop_old(data_dir, folder)
    except StorageError as error:
        problem = str(error)
    except OSError as error:
        problem = f"Copies to {target} stopped ({error.strerror}); they go on the next time."
    moment = now()
    done = Copied(
        moment.wall.isoformat(timespec="seconds"), moment.boot_id, moment.monotonic_s, files, problem
    )
    replace_whole(data_dir / STATUS_NAME, json.dumps(asdict(done)).encode())
    if problem:
        raise StorageError(problem)
    return done


def _folder_name(station: str) -> str:
    return re.sub(r"[^\w-]+", "-", station).strip("-") or "station"


def _clear_partials(folder: Path) -> None:
    for left in folder.glob(f"*{PARTIAL}"):
        left.unlink()


def _missing(data_dir: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """What is to be taken, and where to: copies of the records first, then what is small, then pictures."""
    for source in sorted((data_dir / FOLDER_NAME).glob("focuscheck-*"), reverse=True):
        if not source.name.endswith(PARTIAL):
            yield from _if_new(source, folder / FOLDER_NAME / source.name)
    for source in sorted(data_dir.iterdir()):
        ours = source.name in _NOT_COPIED or source.name.startswith(DATABASE_NAME)
        if source.is_file() and not ours and not source.name.endswith(PARTIAL):
            yield from _if_new(source, folder / source.name)
    pictures = data_dir / "pictures"
    there = {file.name: file.stat().st_size for file in (folder / "pictures").iterdir()}
    for source in sorted(pictures.iterdir()):
        whole = source.is_file() and not source.name.endswith(PARTIAL)
        if whole and there.get(source.name) != source.stat().st_size:  # a picture never changes
            yield source, folder / "pictures" / source.name


def _if_new(source: Path, goal: Path) -> Iterator[tuple[Path, Path]]:
    """The pair, unless what is there has the same size and is not older."""
    try:
        there, here = goal.stat(), source.stat()
    except FileNotFoundError:
        yield source, goal
        return
    if there.st_size != here.st_size or int(there.st_mtime) != int(here.st_mtime):
        yield source, goal


def _prove(folder: Path) -> None:
    """Open and count the newest copy of the records where it lies now; one that is not good is taken anew next time."""
    kept = backups_in(folder / FOLDER_NAME)
    if not kept:
        return
    problem = problem_of(kept[-1])
    if problem:
        kept[-1].file.unlink(missing_ok=True)
        raise StorageError(
            f"The copy in {folder} is not good ({problem}). If that happens again, use another stick."
        )


def _drop_old(data_dir: Path, folder: Path) -> None:
    here = {backup.file.name for backup in backups_in(data_dir / FOLDER_NAME)}
    for old in [backup for backup in backups_in(folder / FOLDER_NAME) if backup.file.name not in here]:
        _drop(old)


def _drop(backup: Backup) -> None:
    for ending in (".sqlite3", ".json", ".toml"):
        backup.file.with_suffix(ending).unlink(missing_ok=True)
