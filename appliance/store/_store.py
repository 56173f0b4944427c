"""The store: add a finished check, read the history."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.orm import Session, defer, selectinload

from appliance.config import SOFTWARE_VERSION
from appliance.errors import StorageError
from appliance.focus.result import Result, Setup
from appliance.store._engine import is_current, make_engine, migrate
from appliance.store._records import CheckRecord, StoredCheck
from appliance.store.models import Check, Lens, Picture

DATABASE_NAME = "focuscheck.sqlite3"
PICTURES_NAME = "pictures"


def open_store(data_dir: Path) -> Store:
    """Open the records in ``data_dir`` for writing, made or brought up to date as needed.

    Raises
    ------
    StorageError
        If the folder cannot be made or written, or the database in it is damaged or of a newer version.
    """
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
    file = data_dir / DATABASE_NAME
    try:
        engine = make_engine(file)
        migrate(engine)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StorageError(
            f"The records in {file} cannot be opened ({_short(error)}). Restore the last backup, or move the file "
            "away to start a new history."
        ) from None
    return Store(data_dir, engine)


def open_history(data_dir: Path) -> Store | None:
    """Open the records in ``data_dir`` for reading; None while no station has yet made them."""
    file = data_dir / DATABASE_NAME
    if not file.exists():
        return None
    try:
        engine = make_engine(file)
        return Store(data_dir, engine) if is_current(engine) else None
    except (SQLAlchemyError, sqlite3.Error):
        return None


def _short(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0]


class Store:
    """Records of one station. Safe to use from several threads; every call is its own transaction."""

    def __init__(self, data_dir: Path, engine: Engine) -> None:
        self.data_dir = data_dir
        self._engine = engine

    def close(self) -> None:
        """Close the database file."""
        self._engine.dispose()

    def add_check(self, record: CheckRecord) -> StoredCheck:
        """Store a finished check; when this returns it is on the disk.

        Raises
        ------
        StorageError
            If disk or database refuse it; nothing of the check is then kept.
        """
        picture = self.data_dir / PICTURES_NAME / f"{record.uuid}.jpg"
        try:
            if record.preview_jpeg is not None:
                _write_durably(picture, record.preview_jpeg)
            with Session(self._engine) as session, session.begin():
                check = _check_row(record, _lens(session, record))
                if record.preview_jpeg is not None:
                    width, height = record.preview_px
                    size = len(record.preview_jpeg)
                    row = Picture(
                        kind="preview",
                        file_name=picture.name,
                        width_px=width,
                        height_px=height,
                        size_bytes=size,
                    )
                    check.pictures.append(row)
                session.add(check)
                session.flush()
                return _stored(check)
        except (OSError, DatabaseError) as error:
            picture.unlink(missing_ok=True)
            raise StorageError(
                f"The check could not be stored in {self.data_dir} ({_short(error)}). Free some space or repair the "
                "disk, then test again; this check is not counted."
            ) from None

    def latest(self, lens_tag: str | None = None) -> StoredCheck | None:
        """Newest check, of one lens if ``lens_tag`` is given."""
        query = select(Check).order_by(Check.sequence.desc()).limit(1)
        if lens_tag is not None:
            query = query.join(Lens).where(Lens.tag == lens_tag)
        with Session(self._engine) as session:
            check = session.scalars(query).first()
            return _stored(check) if check else None

    def get(self, sequence: int) -> StoredCheck | None:
        """Check number ``sequence``, None if there is none."""
        with Session(self._engine) as session:
            check = session.get(Check, sequence)
            return _stored(check) if check else None

    def newest_first(self, limit: int, before: int | None = None) -> Sequence[StoredCheck]:
        """Up to ``limit`` checks, newest first, all older than number ``before``; without edges and curve."""
        query = select(Check).order_by(Check.sequence.desc()).limit(limit)
        query = query.options(selectinload(Check.pictures), defer(Check.result), defer(Check.camera))
        if before is not None:
            query = query.where(Check.sequence < before)
        with Session(self._engine) as session:
            return [_stored(check, whole=False) for check in session.scalars(query)]

    def count(self) -> int:
        """How many checks there are."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(Check)) or 0

    def picture(self, file_name: str) -> Path | None:
        """Path of a picture of a check; None for a name that no check has."""
        if not re.fullmatch(r"[0-9a-f-]{36}\.jpg", file_name):
            return None
        file = self.data_dir / PICTURES_NAME / file_name
        return file if file.is_file() else None


def _write_durably(file: Path, content: bytes) -> None:
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    descriptor = os.open(file.parent, os.O_RDONLY)  # the name itself must reach the disk too
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lens(session: Session, record: CheckRecord) -> Lens | None:
    if record.lens_tag is None:
        return None
    lens = session.scalars(select(Lens).where(Lens.tag == record.lens_tag)).first()
    return lens or Lens(tag=record.lens_tag, created_at=record.moment.wall)


def _check_row(record: CheckRecord, lens: Lens | None) -> Check:
    result, moment = record.result, record.moment
    return Check(
        uuid=record.uuid,
        lens=lens,
        boot_id=moment.boot_id,
        monotonic_s=moment.monotonic_s,
        taken_at=moment.wall,
        clock_synced=moment.clock_synced,
        verdict=result.verdict.value,
        focus_error_mm=result.focus_error_mm,
        focus_error_mm_u95=result.focus_error_mm_u95,
        focus_error_mm_at_least=result.focus_error_mm_at_least,
        image_shift_um=result.image_shift_um,
        image_shift_um_u95=result.image_shift_um_u95,
        tolerance_um=result.tolerance_um,
        reasons=[asdict(reason) for reason in result.reasons],
        result=result.to_dict(edges=True),
        setup=asdict(record.setup),
        camera=dict(record.camera),
        software_version=SOFTWARE_VERSION,
        chart=result.chart,
    )


_SUMMARY = (
    "verdict",
    "reasons",
    "focus_error_mm",
    "focus_error_mm_u95",
    "focus_error_mm_at_least",
    "image_shift_um",
    "image_shift_um_u95",
    "tolerance_um",
)


def _stored(check: Check, whole: bool = True) -> StoredCheck:
    preview = next((picture for picture in check.pictures if picture.kind == "preview"), None)
    summary = {name: getattr(check, name) for name in _SUMMARY}
    return StoredCheck(
        sequence=check.sequence,
        uuid=check.uuid,
        lens_tag=check.lens.tag if check.lens else None,
        taken_at=check.taken_at.replace(tzinfo=UTC),
        clock_synced=check.clock_synced,
        setup=Setup(**check.setup),
        result=Result.from_dict(check.result if whole else summary),
        camera=check.camera if whole else {},
        software_version=check.software_version,
        preview_file=preview.file_name if preview else None,
        preview_px=(preview.width_px, preview.height_px) if preview else None,
    )
