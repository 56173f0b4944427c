"""The store: add a finished check, read the history."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from appliance.focus.result import Setup
from appliance.guides.case import LensFacts
from appliance.store._adding import PICTURES_NAME, add_check, add_raw, refused, short
from appliance.store._engine import WRITES
from appliance.store._facts import lens_facts
from appliance.store._records import CheckRecord, StoredCheck
from appliance.store._rows import SUMMARY_ONLY, stored
from appliance.store.bench_state import remount_kept_um
from appliance.store.models import Body, Check, Lens
from appliance.store.prints import prints_kept
from appliance.store.retention import Rules, prune
from appliance.store.search import LARGEST_NUMBER


class Store:
    """Records of one station. Safe to use from several threads; every call is its own transaction."""

    def __init__(self, data_dir: Path, engine: Engine) -> None:
        self.data_dir = data_dir
        self._engine = engine

    def close(self) -> None:
        """Close the database file."""
        self._engine.dispose()

    def add_check(self, record: CheckRecord) -> StoredCheck:
        """Store a finished check; when this returns it is on the disk, its side-car and its line in the journal too.

        Raises
        ------
        StorageError
            If disk or database refuse it; nothing of the check is then kept. RecordsDamagedError if the database
            is not whole.
        """
        return add_check(self.data_dir, self.transaction, record)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """As :meth:`session`, with the database's own exceptions."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={WRITES: True})
            yield session

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that writes: committed at the end of the block, undone by an exception.

        What was read stays readable after it, but for what was not loaded.

        Raises
        ------
        StorageError
            If disk or database refuse what is to be written.
        """
        try:
            with self.transaction() as session:
                yield session
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise refused(
                error,
                f"The records in {self.data_dir} cannot be written ({short(error)}). Free some space or repair the "
                "disk, then try again; nothing was changed.",
            ) from None

    def reading(self) -> Session:
        """A session for reading, to be closed by the caller; what was read stays readable after it."""
        return Session(self._engine, expire_on_commit=False)

    def latest(self, lens_tag: str | None = None) -> StoredCheck | None:
        """Newest check, of one lens if ``lens_tag`` is given."""
        query = select(Check).order_by(Check.sequence.desc()).limit(1)
        if lens_tag is not None:
            query = query.join(Lens, Check.lens_id == Lens.id).where(Lens.tag == lens_tag)
        with Session(self._engine) as session:
            check = session.scalars(query).first()
            return stored(check) if check else None

    def get(self, sequence: int) -> StoredCheck | None:
        """Check number ``sequence``, None if there is none."""
        with Session(self._engine) as session:
            check = session.get(Check, sequence) if 0 < sequence < LARGEST_NUMBER else None
            return stored(check) if check else None

    def newest_first(self, limit: int, before: int | None = None) -> Sequence[StoredCheck]:
        """Up to ``limit`` checks, newest first, all older than number ``before``; without edges and curve."""
        query = select(Check).order_by(Check.sequence.desc()).limit(limit).options(*SUMMARY_ONLY)
        if before is not None:
            query = query.where(Check.sequence < before)
        with Session(self._engine) as session:
            return [stored(check, whole=False) for check in session.scalars(query)]

    def count(self) -> int:
        """How many checks there are."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(Check)) or 0

    def setup_for(
        self, lens_tag: str | None, setup: Setup, body_tag: str | None = None, as_marked: bool = False
    ) -> Setup:
        """The set-up that a check of this lens, on this body, is judged by.

        Parameters
        ----------
        lens_tag, body_tag:
            Asset tags; None, or one that is not known, changes nothing.
        setup:
            What the station's settings say; stays where the records say nothing.
        as_marked:
            Whether the lens's focal length (of a prime; a zoom may stand anywhere) and largest aperture are to be
            taken from the records too. Not on a simulated bench, whose lens is the one in the settings.

        Returns
        -------
        Setup
            Its circle of confusion (µm) is the body's own, else the lens's own; its tolerance (± µm) the lens's own. It
            knows all that was measured of the printed charts, and of how much mounting scatters.
        """
        with self.reading() as session:
            lens = session.scalars(select(Lens).where(Lens.tag == lens_tag)).first() if lens_tag else None
            body = session.scalars(select(Body).where(Body.tag == body_tag)).first() if body_tag else None
            prints, remount_um = prints_kept(session), remount_kept_um(session)
        coc_um = (body and body.coc_um) or (lens and lens.coc_um) or setup.coc_um
        # a setting stands where it is the larger: somebody may know of more than a study saw
        remount_um = max(remount_um, setup.remount_u_um)
        setup = replace(setup, coc_um=coc_um, remount_u_um=remount_um, prints={**setup.prints, **prints})
        if lens is None:
            return setup
        setup = replace(setup, tolerance_um=lens.tolerance_um or setup.tolerance_um)
        if not as_marked:
            return setup
        focal_mm = lens.focal_min_mm if lens.prime else None
        return replace(
            setup,
            focal_length_mm=focal_mm or setup.focal_length_mm,
            f_number=lens.max_aperture or setup.f_number,
        )

    def lens_facts(self, tag: str | None) -> LensFacts:
        """What the records say of a lens; nothing of one that they do not know."""
        with self.reading() as session:
            lens = session.scalars(select(Lens).where(Lens.tag == tag)).first() if tag else None
        return lens_facts(lens)

    def is_body(self, tag: str) -> bool:
        """Whether a tag is a camera body's, and no lens's."""
        with self.reading() as session:
            body = session.scalars(select(Body.id).where(Body.tag == tag)).first()
            lens = session.scalars(select(Lens.id).where(Lens.tag == tag)).first()
            return body is not None and lens is None

    def add_raw(self, sequence: int, raw_png: bytes, raw_px: tuple[int, int]) -> None:
        """Keep the raw photo of a check that is stored already; its verdict need not wait for so large a file.

        Parameters
        ----------
        sequence:
            Number of the check.
        raw_png:
            The photo as the sensor gave it, 16-bit PNG.
        raw_px:
            Its width and height.

        Raises
        ------
        StorageError
            If disk or database refuse it; the check itself stays whole.
        """
        add_raw(self.data_dir, self.transaction, sequence, raw_png, raw_px)

    def prune(self, rules: Rules, now: datetime, old: int | None = None) -> int:
        """Take away the pictures that ``rules`` no longer keep; returns how many.

        ``old`` is the number of the newest check that is older than ``raw_days`` (see
        :mod:`appliance.store.trusted_clock`); None goes by the checks' own times.

        Raises
        ------
        StorageError
            If the records cannot be written; then no picture is gone.
        """
        with self.session() as session:
            going = prune(session, self.data_dir / PICTURES_NAME, rules, now, old)
        for file in going:  # a power cut before this leaves files nobody refers to, never the other way round
            file.unlink(missing_ok=True)
        return len(going)

    def picture(self, file_name: str) -> Path | None:
        """Path of a picture of a check; None for a name that no check has."""
        if not re.fullmatch(r"[0-9a-f-]{36}\.(jpg|png)", file_name):
            return None
        file = self.data_dir / PICTURES_NAME / file_name
        return file if file.is_file() else None
