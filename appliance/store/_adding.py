"""Puts a finished check on the disk: its pictures, its side-car, its rows, its line in the journal, in this order.

Killed between any two of these the station has either the whole check or none of it: files without a row are swept
away at the next start, and a row without a line in the journal was never shown.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from appliance.errors import RecordsDamagedError, StorageError
from appliance.store._files import sync_folder, write_new
from appliance.store._records import CheckRecord, StoredCheck
from appliance.store._rows import add_photo, after_check, new_check, picture_row, picture_rows, stored
from appliance.store.journal import Shown, note_shown
from appliance.store.models import Check
from appliance.store.sidecar import digest_of, packed, sidecar_name

PICTURES_NAME = "pictures"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""SQLite's extended result codes carry the primary one in their lowest byte (sqlite.org/rescode.html)."""
log = logging.getLogger(__name__)
Transaction = Callable[[], AbstractContextManager[Session]]


def short(error: BaseException) -> str:
    """What an error of disk or database says, in one line."""
    cause = getattr(error, "orig", None) or error
    text = getattr(cause, "strerror", None) or str(cause)
    return str(text).splitlines()[0] if str(text) else type(cause).__name__


def is_damage(error: BaseException) -> bool:
    """Whether a database's error says that its file is not whole, and not merely that the disk refused something."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _DAMAGED


def refused(error: Exception, sentence: str) -> StorageError:
    """The error to tell: ``sentence``, or that the records are damaged where they are."""
    if is_damage(error):
        return RecordsDamagedError(
            f"The records are damaged ({short(error)}). The station puts them right as it starts again; what was being "
            "kept just now is not."
        )
    return StorageError(sentence)


def add_check(data_dir: Path, transaction: Transaction, record: CheckRecord) -> StoredCheck:
    """Store a finished check; see :meth:`appliance.store.Store.add_check`."""
    pictures = picture_rows(record)
    folder = data_dir / PICTURES_NAME
    made: list[Path] = []

    def keep(name: str, content: bytes) -> None:
        write_new(folder / name, content)
        made.append(folder / name)

    try:
        for row, content in pictures:
            keep(row.file_name, content)
        with transaction() as session:
            check = new_check(session, record)
            check.pictures.extend(row for row, _ in pictures)
            session.add(check)
            session.flush()
            after_check(session, check)
            if record.guide is not None:
                add_photo(session, record.guide, check)
            sidecar = packed(check, record.guide)
            keep(sidecar_name(record.uuid), sidecar)
            sync_folder(folder)
            kept = stored(check)
    except (OSError, DatabaseError) as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise refused(
            error,
            f"The check could not be stored in {data_dir} ({short(error)}). Free some space or repair the disk, then "
            "test again; this check is not counted.",
        ) from None
    try:
        note_shown(data_dir, Shown(kept.sequence, kept.uuid, kept.result.verdict.value, digest_of(sidecar)))
    except OSError as error:  # the check is kept whole; what it lacks is a second witness
        log.error("Check %d could not be noted in the journal (%s).", kept.sequence, short(error))
    return kept


def add_raw(
    data_dir: Path, transaction: Transaction, sequence: int, raw_png: bytes, raw_px: tuple[int, int]
) -> None:
    """Keep the raw photo of a stored check; see :meth:`appliance.store.Store.add_raw`."""
    folder = data_dir / PICTURES_NAME
    made: Path | None = None
    try:
        with transaction() as session:
            check = session.get(Check, sequence)
            if check is None:
                raise OSError(f"there is no check {sequence}")
            row = picture_row("raw", check.uuid, raw_png, raw_px)
            write_new(folder / row.file_name, raw_png)
            made = folder / row.file_name
            sync_folder(folder)
            check.pictures.append(row)
    except (OSError, DatabaseError) as error:
        if made is not None:
            made.unlink(missing_ok=True)
        raise refused(
            error,
            f"The raw photo of check {sequence} could not be stored in {data_dir} ({short(error)}). Free some space or "
            "repair the disk; the check itself is stored.",
        ) from None
