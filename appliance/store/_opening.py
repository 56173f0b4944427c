"""Opens the records: for writing, made or brought up to date as needed, or for reading."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from appliance.errors import RecordsDamagedError, StorageError
from appliance.store._adding import PICTURES_NAME, is_damage, short
from appliance.store._engine import is_current, known_revisions, make_engine, migrate, revision_of
from appliance.store._store import Store
from appliance.store.backups import make_backup
from appliance.store.verify import DATABASE_NAME, newer_records


def open_store(data_dir: Path) -> Store:
    """Open the records in ``data_dir`` for writing, made or brought up to date as needed.

    Records of an older version are copied to the backups before they are brought up to date.

    Raises
    ------
    StorageError
        If the folder cannot be made or written, or the database in it is damaged (RecordsDamagedError) or of a newer
        version (NewerRecordsError); it is left as it is.
    """
    probe_folders(data_dir)
    file = data_dir / DATABASE_NAME
    engine = make_engine(file)
    try:
        bring_up_to_date(data_dir, engine)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        kind = RecordsDamagedError if is_damage(error) else StorageError
        raise kind(
            f"The records in {file} cannot be opened ({short(error)}). The station puts damaged records right when it "
            "starts; to go back to a backup by hand: focuscheck restore"
        ) from None
    except StorageError:
        engine.dispose()
        raise
    return Store(data_dir, engine)


def probe_folders(data_dir: Path) -> None:
    """Make the folders, and prove that they can be written; raises StorageError if not."""
    try:
        pictures = data_dir / PICTURES_NAME
        pictures.mkdir(parents=True, exist_ok=True)
        for folder in (data_dir, pictures):
            probe = folder / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise StorageError(
            f"The data folder {data_dir} cannot be written ({error.strerror}). Give the station's user the right "
            "to write there, or choose another folder with --data-dir."
        ) from None


def bring_up_to_date(data_dir: Path, engine: Engine) -> None:
    """Migrate the database to this version's tables, after a backup if it holds records.

    Raises
    ------
    NewerRecordsError
        If it is of a newer version.
    StorageError
        If the backup cannot be made; nothing is migrated then.
    """
    revision, known = revision_of(engine), known_revisions()
    if revision == known[-1]:
        return
    if revision is not None and revision not in known:
        raise newer_records(revision)
    if revision is not None:
        make_backup(data_dir, "before a migration")
    migrate(engine)


def open_history(data_dir: Path) -> Store | None:
    """Open the records in ``data_dir`` for reading; None while no station of this version has made them.

    Never raises: a damaged file is as good as none to a reader, and the station names it.
    """
    file = data_dir / DATABASE_NAME
    if not file.exists():
        return None
    engine = make_engine(file)
    try:
        if is_current(engine):
            return Store(data_dir, engine)
    except (SQLAlchemyError, sqlite3.Error, OSError):
        pass
    engine.dispose()
    return None
